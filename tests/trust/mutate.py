"""Mutation testing: is every small change to the core noticed by a test?

    python -m tests.trust.mutate [MODULE …] [--jobs 2] [--line N …] [--sample N]

A MODULE is a file of the package without its ending, as `_sse` or `dialects/_quirks`; by default all of the
core. Each mutant is run against the module's own tests in a copy of the project, where the first failure kills
it. Prints the survivors, those that `survivors.py` explains apart from the others; the exit status is 1 if any
is not explained, or an explanation is of nothing. Needs `fork`.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from .mutants import Mutant, mutants
from .survivors import of_nothing, reason

PROJECT = Path(__file__).resolve().parents[2]

Fate: TypeAlias = Literal["killed", "timeout", "survived"]

_QUIRKS = "tests/dialects/test_quirks.py"
_MEANINGS = "tests/dialects/test_meanings.py"
_DIALECT = ["tests/dialects/test_openai_chat.py", _QUIRKS, _MEANINGS, "tests/decoding/test_arbitrary_json.py"]
_CHUNKS = "tests/chat/test_chunks.py"
_VALUES = "tests/chat/test_values.py"
_COMPLETION = "tests/chat/test_completion.py"
_WRITING = "tests/json/test_writing.py"
_EVENTS = "tests/chat/test_events.py"
_PARTS = "tests/chat/test_parts.py"
_MESSAGE = "tests/chat/test_message.py"
_ACCUMULATOR = "tests/chat/test_accumulator.py"
_USAGE = "tests/chat/test_usage.py"
_MERGING = "tests/chat/test_merging.py"
_CALLS = "tests/chat/test_tool_calls.py"
_ANY_JSON = "tests/decoding/test_arbitrary_json.py"
_DECODER = "tests/decoding/test_decoder.py"
_OWN_PARTS = "tests/decoding/test_parts.py"
_STANDARD = ["tests/sse/test_decoder.py", "tests/sse/test_properties.py"]
_CURSOR = "tests/sse/test_cursor.py"
_WAYS = "tests/trust/test_ways.py"
_TURNS = "tests/trust/test_turns.py"
_FOUND = "tests/trust/test_regressions.py"
_SHORTCUT = "tests/decoding/test_shortcut.py"
_SEARCH = "tests/trust/test_shortcut.py"
_MEMORY = "tests/trust/test_memory.py"
_LATE = "tests/trust/test_survivors.py"
_PARTIAL = "tests/json/test_partial.py"
TESTS: Mapping[str, Sequence[str]] = {
    "_errors": ["tests/test_errors.py", _QUIRKS],
    "_json/_depth": _DIALECT,
    "_json/_lenient": _DIALECT,
    "_json/_reading": ["tests/json/test_reading.py", _WRITING, _QUIRKS, _ANY_JSON],
    "_json/_writing": [_WRITING, _CHUNKS],
    "_json/_brackets": [_CALLS, _MEANINGS],
    "_json/_copying": ["tests/json/test_copying.py", _VALUES],
    "_json/_partial": [_PARTIAL],
    "_json/_partial_changes": [_PARTIAL],
    "_json/_partial_machine": [_PARTIAL],
    "_json/_partial_numbers": [_PARTIAL],
    "_json/_partial_steps": [_PARTIAL],
    "_json/_partial_strings": [_PARTIAL],
    "_json/_partial_tree": [_PARTIAL],
    "_sse/_input": [*_STANDARD, _WAYS],
    "_sse/_parser": [*_STANDARD, _WAYS, _CURSOR],
    "_sse/_decoder": [*_STANDARD, _FOUND],
    "_sse/_event": ["tests/sse/test_event.py", "tests/sse/test_properties.py"],
    "_sse/_reconnect": ["tests/sse/test_reconnect.py"],
    "_sse/_cursor": [_CURSOR],
    "_chat/_model": [_CHUNKS, _VALUES, "tests/dialects/test_openai_chat.py"],
    "_chat/_reports": [_CHUNKS, _VALUES],
    "_chat/_chunks": [_CHUNKS, _VALUES],
    "_chat/_tagged": [_EVENTS, _PARTS],
    "_chat/_parsing": ["tests/chat/test_parsing.py"],
    "_chat/_tool_call": ["tests/chat/test_parsing.py", _COMPLETION, _PARTS],
    "_chat/_turns": [_MESSAGE],
    "_chat/_message": [_MESSAGE, _COMPLETION, _ANY_JSON],
    "_chat/_completion": [_COMPLETION, "tests/chat/test_parsing.py", _QUIRKS, _ANY_JSON],
    "_chat/_schema": [_COMPLETION, _QUIRKS, _ANY_JSON],
    "_chat/_anomalies": [_DECODER, _QUIRKS],
    "_chat/_endings": [_DECODER, _WAYS, _MEANINGS, _QUIRKS],
    "_chat/_copies": [_VALUES, _FOUND],
    "_chat/_memory": [_MERGING, _ACCUMULATOR, _MEMORY],
    "_chat/_merging": [_MERGING, _ACCUMULATOR, _QUIRKS, _MEMORY],
    "_chat/_usage": [_USAGE, _QUIRKS, _FOUND],
    "_chat/_shapes": [_CHUNKS, _VALUES, _MEANINGS],
    "_chat/_reasoning": [_ACCUMULATOR, _MEANINGS, _QUIRKS],
    "_chat/_whole_message": [_MEANINGS, _ACCUMULATOR, _QUIRKS],
    "_chat/_tool_calls": [_CALLS, _MEANINGS, _QUIRKS],
    "_chat/_slot": [_CALLS, _MEANINGS, _QUIRKS, _MEMORY],
    "_chat/_call_states": [_CALLS, _ACCUMULATOR, _MEANINGS, _QUIRKS, _MEMORY],
    "_chat/_spoken": [_ACCUMULATOR, _WAYS, _QUIRKS, _MEMORY],
    "_chat/_text_channel": [_ACCUMULATOR, _WAYS],
    "_chat/_part_state": [_ACCUMULATOR, _OWN_PARTS, _WAYS],
    "_chat/_choice_state": [_ACCUMULATOR, _OWN_PARTS, _WAYS, _USAGE, _MEANINGS, _QUIRKS, _DECODER, _MEMORY],
    "_chat/_builder": [_ACCUMULATOR, _OWN_PARTS, _WAYS, _USAGE, _MEANINGS, _QUIRKS, _DECODER, _MEMORY],
    "_chat/_written": ["tests/chat/test_written.py"],
    "_chat/_accumulator": [_ACCUMULATOR, _FOUND],
    "dialects/_base": _DIALECT,
    "dialects/_openai_chat": _DIALECT,
    "dialects/_extras": _DIALECT,
    "dialects/_quirks": _DIALECT,
    "dialects/_provider_errors": _DIALECT,
    "dialects/_framing": _DIALECT,
    "dialects/_think_tags": [_MEANINGS, _MESSAGE],
    "_decoding/_halves": [_MEANINGS, _QUIRKS, _DECODER],
    "_decoding/_unframed": [_MEANINGS, _DECODER],
    "_decoding/_queue": [_DECODER, _MEANINGS, _TURNS],
    "_decoding/_items": [_DECODER, _OWN_PARTS, _TURNS, _WAYS, _MEANINGS, _QUIRKS],
    "_decoding/_verdict": [_DECODER, _MEANINGS, _QUIRKS],
    "_decoding/_chat_state": [_DECODER, _OWN_PARTS, _TURNS, _WAYS, _MEANINGS, _QUIRKS],
    "_decoding/_states": [_DECODER, _TURNS, _WAYS, _QUIRKS],
    "_decoding/_reader": [_DECODER, _OWN_PARTS, _TURNS, _WAYS, _QUIRKS],
    "_decoding/_decoder": [_DECODER, _TURNS, _FOUND],
    "_decoding/_shortcut": [_SHORTCUT, _WAYS, _SEARCH],
}
"""The core, and the tests of each of its files."""

# What takes long to import and is the same for every mutant: imported once, before the first fork.
_PRELOADED = ("pytest", "hypothesis", "hypothesis.strategies", "msgspec", "pydantic", "openai.types.chat")

_HYPOTHESIS_PROFILE = "mutants"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant."""

    mutant: Mutant
    fate: Fate
    seconds: float


def judge(found: Sequence[Mutant], jobs: int) -> list[Verdict]:
    """Run the tests against each mutant, some at a time."""
    for name in _PRELOADED:
        importlib.import_module(name)
    from hypothesis import HealthCheck, Phase, settings

    # A failure is enough: what it shrinks to, nobody reads.
    settings.register_profile(
        _HYPOTHESIS_PROFILE,
        max_examples=60,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        workers = []
        for number in range(jobs):
            worker = os.fork()
            if worker == 0:
                _work(workspace / str(number), found, range(number, len(found), jobs))
            workers.append(worker)
        for worker in workers:
            _, status = os.waitpid(worker, 0)
            if status:
                raise RuntimeError("a worker failed; what it said stands above")
        lines = [line for number in range(jobs) for line in (workspace / f"{number}.jsonl").read_text().splitlines()]
    verdicts = []
    for place, fate, seconds in sorted(map(json.loads, lines)):
        verdicts.append(Verdict(found[place], fate, seconds))
    return verdicts


def _work(copy: Path, found: Sequence[Mutant], places: range) -> None:
    """A worker: a copy of the project, and one mutant after another in it."""
    status = 1
    try:
        for name in ("sse_stream", "tests", "pyproject.toml"):
            original = PROJECT / name
            if original.is_dir():
                shutil.copytree(original, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(original, copy / name)
        compileall.compile_dir(copy, quiet=1)
        with copy.with_suffix(".jsonl").open("w") as results:
            allowed: dict[str, list[float]] = {}
            for place in places:
                mutant = found[place]
                module = mutant.module
                file = copy / "sse_stream" / f"{module}.py"
                if module not in allowed:
                    allowed[module] = []
                    for tests in (*TESTS[module], _LATE):
                        fate, seconds = _run(copy, tests, 300)
                        if fate != "survived":
                            said = copy.with_suffix(".log").read_text()
                            raise RuntimeError(f"{tests} fails before anything is changed: {said[-3000:]}")
                        allowed[module].append(5 + 4 * seconds)
                    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
                        compiled.unlink()
                original_source = file.read_text()
                file.write_text(mutant.source)
                began = time.monotonic()
                # One file at a time, the quickest first: most mutants do not live to see the second.
                for tests, limit in zip((*TESTS[module], _LATE), allowed[module], strict=True):
                    fate, _ = _run(copy, tests, limit)
                    if fate != "survived":
                        break
                file.write_text(original_source)
                results.write(json.dumps([place, fate, time.monotonic() - began]) + "\n")
                results.flush()
                print({"killed": ".", "timeout": "t", "survived": "S"}[fate], end="", flush=True)
        status = 0
    except BaseException as error:
        print(f"\n{error}", flush=True)
    finally:
        os._exit(status)


def _run(copy: Path, tests: str, allowed: float) -> tuple[Fate, float]:
    """Run a file of tests in a process of their own; what became of the mutant, after how many seconds."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _test(copy, tests)
    while time.monotonic() - began < allowed:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return ("survived" if status == 0 else "killed"), time.monotonic() - began
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout", time.monotonic() - began


def _test(copy: Path, tests: str) -> None:
    status = 1
    try:
        said = os.open(copy.with_suffix(".log"), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for descriptor in (1, 2):
            os.dup2(said, descriptor)
        os.environ["HYPOTHESIS_PROFILE"] = _HYPOTHESIS_PROFILE
        os.environ.pop("SSE_STREAM_CORPUS", None)
        sys.dont_write_bytecode = True
        os.chdir(copy)
        # This package was imported from the project; the copy's is another.
        for name in [name for name in sys.modules if name.partition(".")[0] in ("sse_stream", "tests")]:
            del sys.modules[name]
        sys.path[:] = [str(copy), *(path for path in sys.path if path not in ("", str(PROJECT)))]
        import pytest

        status = int(pytest.main(["-x", "-q", "-p", "no:xdist", "--assert=plain", tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def core(names: Sequence[str], lines: Collection[int] | None = None) -> Iterator[Mutant]:
    """The mutants of these modules, or of these lines of them."""
    for name in names:
        source = (PROJECT / "sse_stream" / f"{name}.py").read_text(encoding="utf-8")
        yield from (mutant for mutant in mutants(name, source) if lines is None or mutant.line in lines)


def _sample(found: Sequence[Mutant], name: str, size: int) -> list[Mutant]:
    """So many of a module's mutants, the same ones each time."""
    own = [mutant for mutant in found if mutant.module == name]
    return random.Random(name).sample(own, min(size, len(own)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.mutate", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", metavar="MODULE", nargs="*", help=", ".join(TESTS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--line", type=int, action="append", help="only the mutants of this line; may be repeated")
    parser.add_argument("--sample", type=int, help="only so many mutants of each module, drawn with a fixed seed")
    options = parser.parse_args(arguments)
    unknown = set(options.modules) - TESTS.keys()
    if unknown:
        parser.error(f"not of the core: {', '.join(unknown)}")
    names = options.modules or list(TESTS)
    began = time.monotonic()
    found = list(core(names, options.line))
    if options.sample is not None:
        found = [mutant for name in names for mutant in _sample(found, name, options.sample)]
    verdicts = judge(found, options.jobs)
    print(
        f"\n\n{'module':28}{'mutants':>8}{'killed':>8}{'of these by time':>18}{'survived':>10}{'explained':>11}{'killed':>9}"
    )
    unexplained: list[Mutant] = []
    explained: list[tuple[Mutant, str]] = []
    for name in names:
        own = [verdict for verdict in verdicts if verdict.mutant.module == name]
        fates = Counter(verdict.fate for verdict in own)
        survivors = [verdict.mutant for verdict in own if verdict.fate == "survived"]
        told = [(mutant, why) for mutant in survivors if (why := reason(mutant)) is not None]
        explained.extend(told)
        unexplained.extend(mutant for mutant in survivors if reason(mutant) is None)
        killed = fates["killed"] + fates["timeout"]
        share = 100 * killed / len(own) if own else 100.0
        print(
            f"{name:28}{len(own):8,}{killed:8,}{fates['timeout']:18,}{fates['survived']:10,}{len(told):11,}{share:8.1f}%"
        )
    print(f"{time.monotonic() - began:.0f} s")
    for mutant, why in explained:
        print(f"\nexplained: {mutant}\n    {why}")
    for mutant in unexplained:
        print(f"\nSURVIVED: {mutant}\n    {mutant.context}")
    outdated = [] if options.line or options.sample else of_nothing([verdict.mutant for verdict in verdicts])
    for explanation in outdated:
        print(f"\nEXPLAINS NOTHING: {explanation.module}: {explanation.line}  →  {explanation.new}")
    return 1 if unexplained or outdated else 0


if __name__ == "__main__":
    sys.exit(main())
