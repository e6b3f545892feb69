"""Branch coverage of each core file by its own tests.

    python -m tests.trust.coverage [MODULE …] [--jobs 2]

A MODULE is a file of the package without its extension. The tests of a core file are those that have to notice its
mutants. Prints a row per file, with the uncovered lines and branches;
the exit status is 1 if there are any.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .mutate import LATE
from .mutate import TESTS as CORE

PROJECT = Path(__file__).resolve().parents[2]

_STREAMS = ("sources", "streams")
_EVENT_SOURCES = (
    "streams/test_event_source.py",
    "streams/test_event_source_closing.py",
    "streams/test_connect_errors.py",
)
# What memory takes is another matter when it is being measured how often each line runs.
_UNSUITABLE = ("tests/trust/test_memory.py",)
TESTS: Mapping[str, Sequence[str]] = {
    **{
        module: tuple(test.removeprefix("tests/") for test in (*tests, LATE) if test not in _UNSUITABLE)
        for module, tests in CORE.items()
    },
    "_errors": ("test_errors.py", "decoding/test_decoder.py", *_STREAMS),
    **dict.fromkeys(
        (
            *("_sources/_kinds", "_sources/_open", "_sources/_protocols", "_sources/_source"),
            *("_sources/_sync", "_sources/_async", "_sources/_sync_clients", "_sources/_sync_urllib3"),
            *("_sources/_attributes", "_sources/_entering", "_sources/_interrupting", "_sources/_refusals"),
            "_sources/_unwrapping",
            *("_streams/_body", "_streams/_client_errors", "_streams/_response_errors", "_streams/_reads"),
            *("_streams/_state", "_streams/_stream", "_streams/_sync", "_streams/_async", "_streams/_sse"),
            *("_streams/_timings", "_streams/_concurrency", "_streams/_clocks", "_streams/_outcome"),
            *("_streams/_sync_owner", "_streams/_async_owner", "_streams/_callbacks"),
        ),
        _STREAMS,
    ),
    "_streams/_coalesce": ("streams/test_coalesce.py",),
    "_streams/_tasks": ("streams/test_coalesce.py",),
    "_streams/_partial": ("streams/test_partial.py",),
    **dict.fromkeys(
        (
            *("_streams/_resuming", "_streams/_event_source", "_streams/_async_event_source"),
            *("_streams/_connection", "_streams/_connect_errors"),
        ),
        _EVENT_SOURCES,
    ),
    **dict.fromkeys(
        (
            *("checks/_answer", "checks/_answer_rules", "checks/_anthropic", "checks/_anthropic_rules"),
            *("checks/_blocks", "checks/_capture", "checks/_chat", "checks/_chat_rules", "checks/_check"),
            *("checks/_checker", "checks/_findings", "checks/_framing", "checks/_gemini", "checks/_gemini_rules"),
            *("checks/_github", "checks/_http_rules", "checks/_junit", "checks/_report", "checks/_response"),
            *("checks/_responses", "checks/_responses_rules", "checks/_rule", "checks/_rules"),
            *("checks/_sse_rules", "checks/_table", "checks/_text"),
        ),
        ("checks", "cli/test_check.py"),
    ),
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


def run(tests: str, folder: Path) -> Path:
    """Run a file or folder of tests under coverage. Returns where the data is."""
    data = folder / tests.replace("/", "-")
    environment = {**os.environ, "COVERAGE_FILE": str(data)}
    environment.pop("SSE_STREAM_CORPUS", None)
    command = [sys.executable, "-m", "coverage", "run", "--branch", "-m", "pytest", "-q", f"tests/{tests}"]
    tested = subprocess.run(command, cwd=PROJECT, env=environment, check=False, capture_output=True, text=True)
    if tested.returncode:
        # Measuring slows tests down, of which some are about time; what they reached counts all the same.
        print(f"{tests}: {tested.stdout.strip().splitlines()[-1]}", flush=True)
    return data


def measured(data: Sequence[Path], modules: Sequence[str], folder: Path) -> list[Coverage]:
    """What the tests with this data have reached of some files."""
    environment = {**os.environ, "COVERAGE_FILE": str(folder / "combined")}
    report = folder / "report.json"
    for command in (["combine", "-q", "--keep", *map(str, data)], ["json", "-q", "-o", str(report)]):
        subprocess.run([sys.executable, "-m", "coverage", *command], cwd=PROJECT, env=environment, check=True)
    files = json.loads(report.read_text())["files"]
    found = []
    for module in modules:
        (own,) = (file for name, file in files.items() if Path(name).as_posix().endswith(f"sse_stream/{module}.py"))
        counts = own["summary"]
        missing = own["missing_lines"], own["missing_branches"]
        found.append(Coverage(module, counts["num_statements"], counts["num_branches"], *missing))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.coverage", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", metavar="MODULE", nargs="*", help=", ".join(TESTS))
    present = [module for module in TESTS if (PROJECT / "sse_stream" / f"{module}.py").exists()]
    parser.add_argument("--jobs", type=int, default=1, help="files of tests that run at the same time (default: 1)")
    options = parser.parse_args(arguments)
    chosen = options.modules or present
    by_tests: dict[tuple[str, ...], list[str]] = {}
    for module in chosen:
        by_tests.setdefault(tuple(TESTS[module]), []).append(module)
    found: dict[str, Coverage] = {}
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.jobs) as pool:
        folder = Path(name)
        each = list(dict.fromkeys(test for tests in by_tests for test in tests))
        data = dict(zip(each, pool.map(lambda tests: run(tests, folder), each), strict=True))
        for tests, modules in by_tests.items():
            found.update((one.module, one) for one in measured([data[test] for test in tests], modules, folder))
    print(f"{'file':28}{'statements':>11}{'branches':>10}{'covered':>9}")
    for module in chosen:
        one = found[module]
        print(f"{module:28}{one.statements:11,}{one.branches:10,}{one.percent:8.1f}%")
    partial = [one for one in found.values() if one.missing_lines or one.missing_branches]
    for one in partial:
        branches = ", ".join(f"{begin} to {'the end' if end < 0 else end}" for begin, end in one.missing_branches)
        lines = ", ".join(map(str, one.missing_lines))
        print(f"\n{one.module}: lines {lines or 'none'}; branches {branches or 'none'}")
    return 1 if partial else 0


if __name__ == "__main__":
    sys.exit(main())
