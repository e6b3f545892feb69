"""Deliberate bugs in the rules of each part of the library: does a test fail for each?

    python -m tests.trust.bugs [PART OF A RULE …] [--subject SUBJECT …] [--jobs 2]

Puts each bug into a copy of the project, and runs the tests of the changed file there until one fails, the fastest
first. Prints that test. The exit status is 1 if a bug goes unnoticed, or its place is not found in the source.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from .anthropic import ANTHROPIC
from .asking import asked
from .bug import Bug
from .event_sources import EVENT_SOURCES
from .event_streams import EVENT_STREAMS
from .gemini import GEMINI
from .partial_json import PARTIAL_JSON
from .reading import READING
from .repeated_text import REPEATED_TEXT
from .responses import RESPONSES
from .tool_calls import TOOL_CALLS

SUBJECTS = {
    "event streams": EVENT_STREAMS,
    "tool calls": TOOL_CALLS,
    "reading": READING,
    "repeated text": REPEATED_TEXT,
    "Anthropic Messages": ANTHROPIC,
    "OpenAI Responses": RESPONSES,
    "Gemini": GEMINI,
    "event sources": EVENT_SOURCES,
    "partial JSON": PARTIAL_JSON,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.bugs", description=__doc__.partition("\n")[0])
    parser.add_argument("rules", metavar="PART OF A RULE", nargs="*")
    parser.add_argument("--subject", action="append", choices=SUBJECTS, help="(default: all)")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    chosen = {
        name: [
            bug for bug in SUBJECTS[name].bugs if not options.rules or any(said in bug.rule for said in options.rules)
        ]
        for name in options.subject or SUBJECTS
    }

    seconds: dict[tuple[str, ...], Mapping[str, float]] = {}

    def outcome(name: str, bug: Bug) -> tuple[bool, str]:
        tests = SUBJECTS[name].tests[bug.file]
        try:
            test = asked(bug, tests, seconds[tuple(tests)]).failed
        except ValueError as error:
            return False, f"ERROR: {error}"
        return test is not None, "NOT CAUGHT" if test is None else test.removeprefix("tests/")

    caught: Counter[str] = Counter()
    with ThreadPoolExecutor(options.jobs) as pool:
        for name, bugs in chosen.items():
            print(f"{name}:", flush=True)
            for tests, file in {tuple(SUBJECTS[name].tests[bug.file]): bug.file for bug in bugs}.items():
                if tests in seconds:
                    continue
                try:
                    unchanged = asked(Bug("", file, ()), tests, {})
                except ValueError as error:
                    print(f"ERROR before anything is changed: {error}")
                    return 1
                if unchanged.failed is not None:
                    print(f"{unchanged.failed} fails before anything is changed")
                    return 1
                seconds[tests] = unchanged.seconds
            for bug, (good, said) in zip(bugs, pool.map(functools.partial(outcome, name), bugs), strict=True):
                caught[name] += good
                print(f"  {bug.rule:82}  {said}", flush=True)
    for name, bugs in chosen.items():
        print(f"{name}: {caught[name]} of {len(bugs)} are caught")
    return 0 if caught.total() == sum(map(len, chosen.values())) else 1


if __name__ == "__main__":
    sys.exit(main())
