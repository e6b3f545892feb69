"""Mutation testing: does a test notice every small change to the core?

    python -m tests.trust.mutate [MODULE …] [--jobs 2] [--line N …] [--sample N] [--budget N]

A MODULE is a file of the package without its extension, such as `_sse/_parser` or `dialects/_quirks` (default: the
whole core). Each mutant runs against the module's own tests until one fails. Prints a row per module, with its
surviving mutants and their explanations from `survivors.py`; the exit status is 1 if a survivor has no explanation,
or an explanation has no survivor. Requires `fork`.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from .judging import Judge
from .mutants import Mutant, mutants
from .survivors import of_nothing, reason

PROJECT = Path(__file__).resolve().parents[2]

_QUIRKS = "tests/dialects/test_quirks.py"
_MEANINGS = "tests/dialects/test_meanings.py"
_SINGLE_EVENTS = "tests/dialects/test_chat_items.py"
_DIALECT = [
    _SINGLE_EVENTS,
    "tests/dialects/test_openai_chat.py",
    _QUIRKS,
    _MEANINGS,
    "tests/decoding/test_arbitrary_json.py",
]
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
LATE = "tests/trust/test_survivors.py"
_PARTIAL = "tests/json/test_partial.py"
_VIEWS = "tests/streams/test_partial.py"
_GOING_BACK = "tests/dialects/test_going_back.py"
_DETECTION = "tests/dialects/test_detection.py"
_TYPED = "tests/dialects/test_anthropic_shortcut.py"
_ANTHROPIC = [
    "tests/dialects/test_anthropic_items.py",
    "tests/dialects/test_anthropic.py",
    _TYPED,
    "tests/dialects/test_anthropic_arbitrary_json.py",
]
_RESPONSES = [
    "tests/dialects/test_responses_items.py",
    "tests/dialects/test_responses.py",
    "tests/dialects/test_responses_properties.py",
]
_GEMINI = ["tests/dialects/test_gemini.py"]
_PAIRS = "tests/dialects/test_split_pairs.py"
_MALFORMED = "tests/dialects/test_malformed.py"
TESTS: Mapping[str, Sequence[str]] = {
    "_errors": ["tests/test_errors.py", "tests/test_retryable.py", _QUIRKS],
    "_json/_depth": _DIALECT,
    "_json/_lenient": ["tests/json/test_lenient.py", *_DIALECT, _PAIRS],
    "_json/_reading": ["tests/json/test_reading.py", _WRITING, _QUIRKS, _ANY_JSON],
    "_json/_writing": [_WRITING, _CHUNKS],
    "_json/_brackets": ["tests/json/test_brackets.py"],
    "_json/_copying": ["tests/json/test_copying.py", _VALUES],
    "_json/_partial": [_PARTIAL],
    "_json/_partial_changes": [_PARTIAL],
    "_json/_partial_machine": [_PARTIAL],
    "_json/_partial_numbers": [_PARTIAL],
    "_json/_partial_steps": [_PARTIAL],
    "_json/_partial_strings": [_PARTIAL],
    "_json/_partial_tree": [_PARTIAL],
    "_sse/_input": [*_STANDARD, _WAYS, _DECODER],
    "_sse/_parser": [*_STANDARD, _WAYS, _CURSOR, _DECODER, _MEANINGS, _MALFORMED],
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
    "_chat/_turns": [_MESSAGE, _GOING_BACK],
    "_chat/_message": [_GOING_BACK, _MESSAGE, _COMPLETION, _ANY_JSON],
    "_chat/_completion": [
        "tests/test_retryable.py",
        "tests/decoding/test_never_empty.py",
        _COMPLETION,
        "tests/chat/test_parsing.py",
        _QUIRKS,
        _ANY_JSON,
    ],
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
    "_chat/_tool_calls": [_CALLS, _ACCUMULATOR, _MEANINGS, _QUIRKS],
    "_chat/_slot": [_CALLS, _MEANINGS, _QUIRKS, _MEMORY],
    "_chat/_call_states": [_CALLS, _ACCUMULATOR, _MEANINGS, _QUIRKS, _MEMORY],
    "_chat/_audio_and_logprobs": [_ACCUMULATOR, _WAYS, _QUIRKS, _MEMORY],
    "_chat/_text_channel": [_ACCUMULATOR, _WAYS],
    "_chat/_part_state": [_ACCUMULATOR, _OWN_PARTS, _WAYS],
    "_chat/_choice_state": [_ACCUMULATOR, _OWN_PARTS, _WAYS, _USAGE, _MEANINGS, _QUIRKS, _DECODER, _MEMORY],
    "_chat/_builder": [_ACCUMULATOR, _OWN_PARTS, _WAYS, _USAGE, _MEANINGS, _QUIRKS, _DECODER, _MEMORY, _VIEWS],
    "_chat/_choice_message": [_ACCUMULATOR, _MESSAGE, _COMPLETION, _MEANINGS, _OWN_PARTS],
    "_chat/_marked_parts": [_OWN_PARTS, *_ANTHROPIC],
    "_chat/_events": [_EVENTS],
    "_chat/_parts": [_PARTS, _MESSAGE],
    "_chat/_limits": [_DECODER],
    "_chat/_written": ["tests/chat/test_written.py"],
    "_chat/_accumulator": [_ACCUMULATOR, _FOUND],
    "dialects/_base": ["tests/dialects/test_base.py"],
    "dialects/_openai_chat": [*_DIALECT, _GOING_BACK],
    "dialects/_extras": _DIALECT,
    "dialects/_quirks": [*_DIALECT, _GOING_BACK],
    "dialects/_provider_errors": _DIALECT,
    "dialects/_framing": _DIALECT,
    "dialects/_think_tags": [_SINGLE_EVENTS, _MEANINGS, _MESSAGE, _GOING_BACK],
    "_decoding/_surrogates": ["tests/decoding/test_surrogates.py", _PAIRS, _MEANINGS, _QUIRKS, _DECODER],
    "_decoding/_unframed": ["tests/decoding/test_unframed.py", _MEANINGS, _DECODER],
    "_decoding/_queue": ["tests/decoding/test_surrogates.py", _PAIRS, _DECODER, _MEANINGS, _TURNS],
    "_decoding/_items": [
        _DECODER,
        _DETECTION,
        *_GEMINI,
        *_ANTHROPIC,
        _OWN_PARTS,
        _TURNS,
        _WAYS,
        _MEANINGS,
        _QUIRKS,
        _MALFORMED,
    ],
    "_decoding/_verdict": [_DECODER, _MEANINGS, _QUIRKS],
    "_decoding/_chat_state": [
        _DECODER,
        _OWN_PARTS,
        _TURNS,
        _WAYS,
        _MEANINGS,
        _QUIRKS,
        _DETECTION,
        _VIEWS,
        *_RESPONSES,
        _SHORTCUT,
    ],
    "_decoding/_states": [_DECODER, _TURNS, _WAYS, _QUIRKS],
    "_decoding/_reader": [_DECODER, _SHORTCUT, _OWN_PARTS, _TURNS, _WAYS, _QUIRKS],
    "_decoding/_decoder": [_DECODER, _TURNS, _FOUND],
    "_decoding/_shortcut": [_SHORTCUT, _TYPED, _WAYS, _SEARCH],
    "_decoding/_text_shortcut": [*_RESPONSES, *_GEMINI, _MALFORMED],
    "_decoding/_marking": [_OWN_PARTS, *_ANTHROPIC],
    "dialects/_formats": [_DETECTION],
    "dialects/_detect": [_DETECTION],
    "dialects/_anthropic": [*_ANTHROPIC, _PAIRS],
    "dialects/_anthropic_blocks": [*_ANTHROPIC, _GOING_BACK],
    "dialects/_anthropic_chunks": _ANTHROPIC,
    "dialects/_anthropic_events": _ANTHROPIC,
    "dialects/_anthropic_state": _ANTHROPIC,
    "dialects/_anthropic_usage": _ANTHROPIC,
    "dialects/_responses": _RESPONSES,
    "dialects/_responses_channels": _RESPONSES,
    "dialects/_responses_events": _RESPONSES,
    "dialects/_responses_output": _RESPONSES,
    "dialects/_responses_parts": [*_RESPONSES, _PAIRS],
    "dialects/_responses_reports": _RESPONSES,
    "dialects/_responses_turn": [*_RESPONSES, _GOING_BACK],
    "dialects/_responses_writer": _RESPONSES,
    "dialects/_gemini": [*_GEMINI, _GOING_BACK, _PAIRS],
    "dialects/_gemini_answer": _GEMINI,
    "dialects/_gemini_arguments": [*_GEMINI, _PAIRS],
    "dialects/_gemini_candidate": _GEMINI,
    "dialects/_gemini_plain": _GEMINI,
    "dialects/_gemini_reports": _GEMINI,
}
"""The core, and the tests of each of its files."""


def _of_module(name: str, lines: Collection[int] | None) -> Iterator[Mutant]:
    """The mutants of a module, or of these lines of it."""
    source = (PROJECT / "sse_stream" / f"{name}.py").read_text(encoding="utf-8")
    return (mutant for mutant in mutants(name, source) if lines is None or mutant.line in lines)


def _sample(found: Sequence[Mutant], name: str, size: int) -> list[Mutant]:
    """So many of a module's mutants, the same ones each time."""
    return random.Random(name).sample(found, min(size, len(found)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.mutate", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", metavar="MODULE", nargs="*", help=", ".join(TESTS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--line", type=int, action="append", help="only mutants of this line; repeatable")
    parser.add_argument(
        "--sample", type=int, help="only N mutants of each module, drawn with a fixed seed", metavar="N"
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=math.inf,
        help="run only the quickest tests of each mutant, for so many seconds: the rest may kill a survivor",
        metavar="SECONDS",
    )
    options = parser.parse_args(arguments)
    unknown = set(options.modules) - TESTS.keys()
    if unknown:
        parser.error(f"not of the core: {', '.join(unknown)}")
    names = options.modules or list(TESTS)
    began = time.monotonic()
    chosen = {name: list(_of_module(name, options.line)) for name in names}
    if options.sample is not None:
        chosen = {name: _sample(found, name, options.sample) for name, found in chosen.items()}
    print(
        f"{'module':28}{'mutants':>8}{'killed':>8}{'of these by time':>18}{'survived':>10}{'explained':>11}{'killed':>9}",
        flush=True,
    )
    unexplained = 0
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(PROJECT, Path(folder), options.jobs, options.budget)
        for name, found in chosen.items():
            results = judge.results(found, [*TESTS[name], LATE])
            fates = Counter(fate for fate, _ in results)
            survivors = [mutant for mutant, (fate, _) in zip(found, results, strict=True) if fate == "survived"]
            reasons = [reason(mutant) for mutant in survivors]
            unexplained += reasons.count(None)
            killed = len(found) - len(survivors)
            share = 100 * killed / len(found) if found else 100.0
            print(
                f"{name:28}{len(found):8,}{killed:8,}{fates['timeout']:18,}{len(survivors):10,}"
                f"{len(survivors) - reasons.count(None):11,}{share:8.1f}%"
            )
            for mutant, why in zip(survivors, reasons, strict=True):
                print(f"    {'SURVIVED' if why is None else 'explained'}: {mutant}\n        {why or mutant.context}")
            sys.stdout.flush()
    print(f"{time.monotonic() - began:.0f} s")
    whole = options.line is None and options.sample is None and options.budget == math.inf
    outdated = of_nothing([mutant for found in chosen.values() for mutant in found]) if whole else []
    for explanation in outdated:
        print(f"EXPLAINS NOTHING: {explanation.module}: {explanation.line}  →  {explanation.new}")
    return 1 if unexplained or outdated else 0


if __name__ == "__main__":
    sys.exit(main())
