"""Branch coverage of each core file by its own tests.

    python -m tests.trust.coverage [MODULE …]

A MODULE is a file of the package without its extension. Prints a row per file, with the uncovered lines and branches;
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
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

_SSE = ("sse/test_decoder.py", "sse/test_properties.py")
_DIALECT = ("dialects/test_openai_chat.py", "dialects/test_quirks.py")
_VALUES = ("chat/test_chunks.py", "chat/test_values.py")
_PARTS = ("chat/test_events.py", "chat/test_parts.py")
_COMPLETION = ("chat/test_message.py", "chat/test_completion.py")
_BUILDER = ("chat/test_accumulator.py", "decoding/test_parts.py", "trust/test_ways.py")
_READER = ("decoding/test_decoder.py", "decoding/test_parts.py", "trust/test_turns.py")
_STREAMS = ("sources", "streams")
_MEANINGS = (*_DIALECT, "dialects/test_meanings.py")
_ANTHROPIC = (
    "dialects/test_anthropic.py",
    "dialects/test_anthropic_arbitrary_json.py",
    "dialects/test_anthropic_shortcut.py",
)
_RESPONSES = ("dialects/test_responses.py", "dialects/test_responses_properties.py")
_GEMINI = ("dialects/test_gemini.py",)
_EVENT_SOURCES = (
    "streams/test_event_source.py",
    "streams/test_event_source_closing.py",
    "streams/test_connect_errors.py",
)
TESTS: Mapping[str, Sequence[str]] = {
    "_errors": ("test_errors.py", "decoding/test_decoder.py", *_STREAMS),
    "_json/_depth": _DIALECT,
    "_json/_lenient": _DIALECT,
    "_json/_reading": ("json/test_reading.py",),
    "_json/_writing": ("json/test_writing.py",),
    "_json/_copying": ("json/test_copying.py",),
    "_json/_brackets": ("json/test_brackets.py",),
    **dict.fromkeys(
        (
            *("_json/_partial", "_json/_partial_changes", "_json/_partial_machine", "_json/_partial_numbers"),
            *("_json/_partial_steps", "_json/_partial_strings", "_json/_partial_tree"),
        ),
        ("json/test_partial.py",),
    ),
    "_sse/_input": _SSE,
    "_sse/_parser": _SSE,
    "_sse/_decoder": _SSE,
    "_sse/_event": ("sse/test_event.py",),
    "_sse/_reconnect": ("sse/test_reconnect.py",),
    "_sse/_cursor": ("sse/test_cursor.py",),
    "_chat/_model": _VALUES,
    "_chat/_reports": _VALUES,
    "_chat/_chunks": _VALUES,
    "_chat/_copies": (*_VALUES, "trust/test_regressions.py"),
    "_chat/_tagged": _PARTS,
    "_chat/_events": _PARTS,
    "_chat/_parts": _PARTS,
    "_chat/_parsing": ("chat/test_parsing.py",),
    "_chat/_tool_call": ("chat/test_parsing.py", "chat/test_parts.py"),
    "_chat/_turns": _COMPLETION,
    "_chat/_message": _COMPLETION,
    "_chat/_completion": ("chat/test_completion.py", "chat/test_parsing.py"),
    "_chat/_schema": _COMPLETION,
    "_chat/_anomalies": ("decoding/test_decoder.py",),
    "_chat/_endings": ("decoding/test_decoder.py",),
    "_chat/_limits": ("decoding/test_decoder.py",),
    "_chat/_memory": (*_BUILDER, "chat/test_merging.py"),
    "_chat/_merging": ("chat/test_merging.py",),
    "_chat/_usage": ("chat/test_usage.py",),
    "_chat/_shapes": _VALUES,
    "_chat/_written": ("chat/test_written.py",),
    "_chat/_tool_calls": ("chat/test_tool_calls.py",),
    "_chat/_slot": ("chat/test_tool_calls.py",),
    "_chat/_call_states": ("chat/test_tool_calls.py", "dialects/test_meanings.py"),
    "_chat/_whole_message": ("chat/test_accumulator.py", "dialects/test_meanings.py"),
    "_chat/_choice_message": _BUILDER,
    "_chat/_marked_parts": _BUILDER,
    "_chat/_reasoning": _BUILDER,
    "_chat/_audio_and_logprobs": _BUILDER,
    "_chat/_text_channel": _BUILDER,
    "_chat/_part_state": _BUILDER,
    "_chat/_choice_state": _BUILDER,
    "_chat/_builder": _BUILDER,
    "_chat/_accumulator": _BUILDER,
    "dialects/_base": (*_DIALECT, "dialects/test_base.py", "decoding/test_parts.py"),
    "dialects/_openai_chat": _DIALECT,
    "dialects/_extras": _DIALECT,
    "dialects/_quirks": _DIALECT,
    "dialects/_provider_errors": _DIALECT,
    "dialects/_framing": _MEANINGS,
    "dialects/_think_tags": _MEANINGS,
    "dialects/_formats": ("dialects/test_detection.py",),
    "dialects/_detect": ("dialects/test_detection.py",),
    **dict.fromkeys(
        (
            *("dialects/_anthropic", "dialects/_anthropic_blocks", "dialects/_anthropic_chunks"),
            *("dialects/_anthropic_events", "dialects/_anthropic_state", "dialects/_anthropic_usage"),
        ),
        _ANTHROPIC,
    ),
    **dict.fromkeys(
        (
            *("dialects/_responses", "dialects/_responses_channels", "dialects/_responses_events"),
            *("dialects/_responses_output", "dialects/_responses_parts", "dialects/_responses_reports"),
            *("dialects/_responses_turn", "dialects/_responses_writer"),
        ),
        _RESPONSES,
    ),
    **dict.fromkeys(
        (
            *("dialects/_gemini", "dialects/_gemini_answer", "dialects/_gemini_arguments"),
            *("dialects/_gemini_candidate", "dialects/_gemini_plain", "dialects/_gemini_reports"),
        ),
        _GEMINI,
    ),
    "_decoding/_items": _READER,
    "_decoding/_states": _READER,
    "_decoding/_reader": _READER,
    "_decoding/_decoder": _READER,
    "_decoding/_chat_state": _READER,
    "_decoding/_marking": _READER,
    "_decoding/_queue": _READER,
    "_decoding/_verdict": (*_READER, "dialects/test_meanings.py"),
    "_decoding/_surrogates": ("decoding/test_surrogates.py", "dialects/test_meanings.py"),
    "_decoding/_unframed": ("decoding/test_unframed.py", "dialects/test_meanings.py"),
    "_decoding/_text_shortcut": _RESPONSES,
    "_decoding/_shortcut": ("decoding/test_shortcut.py", "trust/test_ways.py"),
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
