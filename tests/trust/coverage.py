"""Branch coverage of each file of the core by its own tests.

    python -m tests.trust.coverage [MODULE …]

A MODULE is a file of the package without its ending. Prints a row a file, and of each that is not covered whole
the lines and branches that are missing; the exit status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

_SSE = ("sse/test_decoder.py", "sse/test_properties.py")
_DIALECT = ("dialects/test_openai_chat.py", "dialects/test_quirks.py")
TESTS: Mapping[str, Sequence[str]] = {
    "_sse/_decoder": _SSE,
    "_sse/_event": ("sse/test_event.py",),
    "_chat/_model": ("chat/test_chunks.py", "chat/test_values.py"),
    "_chat/_reports": ("chat/test_chunks.py", "chat/test_values.py"),
    "_chat/_chunks": ("chat/test_chunks.py", "chat/test_values.py"),
    "_chat/_tagged": ("chat/test_events.py", "chat/test_parts.py"),
    "_chat/_events": ("chat/test_events.py", "chat/test_parts.py"),
    "_chat/_parts": ("chat/test_events.py", "chat/test_parts.py"),
    "_chat/_parsing": ("chat/test_parsing.py",),
    "_chat/_tool_call": ("chat/test_parsing.py", "chat/test_parts.py"),
    "_chat/_turns": ("chat/test_message.py", "chat/test_completion.py"),
    "_chat/_message": ("chat/test_message.py", "chat/test_completion.py"),
    "_chat/_completion": ("chat/test_completion.py", "chat/test_parsing.py"),
    "_chat/_schema": ("chat/test_message.py", "chat/test_completion.py"),
    "_chat/_accumulator": ("chat/test_accumulator.py", "trust/test_ways.py"),
    "_chat/_choice_state": ("chat/test_accumulator.py", "trust/test_ways.py"),
    "_chat/_tool_calls": ("chat/test_tool_calls.py",),
    "_chat/_merging": ("chat/test_merging.py",),
    "_chat/_usage": ("chat/test_usage.py",),
    "_json/_reading": ("json/test_reading.py",),
    "_json/_writing": ("json/test_writing.py",),
    "_json/_copying": ("json/test_copying.py",),
    "_json/_depth": _DIALECT,
    "dialects/_base": _DIALECT,
    "dialects/_openai_chat": _DIALECT,
    "dialects/_extras": _DIALECT,
    "dialects/_quirks": _DIALECT,
    "_json/_lenient": _DIALECT,
    "dialects/_provider_errors": _DIALECT,
    "_decoding/_decoder": ("decoding/test_decoder.py",),
    "_decoding/_pipeline": ("decoding/test_decoder.py",),
    "_chat/_endings": ("decoding/test_decoder.py",),
    "_chat/_anomalies": ("decoding/test_decoder.py",),
    "_chat/_limits": ("decoding/test_decoder.py",),
    "_errors": ("test_errors.py", "decoding/test_decoder.py", "sources", "streams"),
    "_streams/_coalesce": ("streams/test_coalesce.py",),
    "_sources/_open": ("sources", "streams"),
    "_sources/_source": ("sources", "streams"),
    "_sources/_sync": ("sources", "streams"),
    "_sources/_async": ("sources", "streams"),
    "_streams/_sse": ("sources", "streams"),
    "_streams/_responses": ("sources", "streams"),
    "_streams/_state": ("sources", "streams"),
    "_streams/_chat": ("sources", "streams"),
    "_streams/_timings": ("sources", "streams"),
    "_streams/_concurrency": ("sources", "streams"),
}
"""The files of the core, and the tests of each."""


@dataclass(frozen=True)
class Coverage:
    """How much of a file its tests reach."""

    module: str
    statements: int
    branches: int
    missing_lines: list[int]
    missing_branches: list[list[int]]

    @property
    def percent(self) -> float:
        total = self.statements + self.branches
        missing = len(self.missing_lines) + len(self.missing_branches)
        return 100 * (total - missing) / total if total else 100.0


def measured(tests: Sequence[str], modules: Sequence[str]) -> list[Coverage]:
    """Run some tests once, and see what they reach of some files."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        report = Path(folder) / "report.json"
        environment = {**os.environ, "COVERAGE_FILE": str(data)}
        environment.pop("SSE_STREAM_CORPUS", None)
        present = [f"tests/{name}" for name in tests if (PROJECT / "tests" / name).exists()]
        command = [sys.executable, "-m", "coverage", "run", "--branch"]
        tested = subprocess.run(
            [*command, "-m", "pytest", "-q", *present],
            cwd=PROJECT,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if tested.returncode:
            # Measuring slows tests down, of which some are about time; what they reached counts all the same.
            print(f"{', '.join(present)}: {tested.stdout.strip().splitlines()[-1]}")
        subprocess.run(
            [sys.executable, "-m", "coverage", "json", "-q", "-o", str(report)],
            cwd=PROJECT,
            env=environment,
            check=True,
        )
        files = json.loads(report.read_text())["files"]
    found = []
    for module in modules:
        (own,) = (file for name, file in files.items() if Path(name).as_posix().endswith(f"sse_stream/{module}.py"))
        summary = own["summary"]
        found.append(
            Coverage(
                module,
                summary["num_statements"],
                summary["num_branches"],
                own["missing_lines"],
                own["missing_branches"],
            )
        )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.coverage", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", metavar="MODULE", nargs="*", help=", ".join(TESTS))
    present = [module for module in TESTS if (PROJECT / "sse_stream" / f"{module}.py").exists()]
    chosen = parser.parse_args(arguments).modules or present
    by_tests: dict[tuple[str, ...], list[str]] = {}
    for module in chosen:
        by_tests.setdefault(tuple(TESTS[module]), []).append(module)
    found = {one.module: one for tests, modules in by_tests.items() for one in measured(tests, modules)}
    print(f"{'file':28}{'statements':>11}{'branches':>10}{'covered':>9}  by")
    for module in chosen:
        one = found[module]
        print(f"{module:28}{one.statements:11,}{one.branches:10,}{one.percent:8.1f}%  {', '.join(TESTS[module])}")
    partial = [one for one in found.values() if one.missing_lines or one.missing_branches]
    for one in partial:
        branches = ", ".join(f"{begin} to {'the end' if end < 0 else end}" for begin, end in one.missing_branches)
        lines = ", ".join(map(str, one.missing_lines))
        print(f"\n{one.module}: lines {lines or 'none'}; branches {branches or 'none'}")
    return 1 if partial else 0


if __name__ == "__main__":
    sys.exit(main())
