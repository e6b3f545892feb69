"""Run one target under libFuzzer, for `tests.trust.fuzz`: `python -m tests.trust.fuzz_target TARGET [OPTION …]`."""

from __future__ import annotations

import importlib
import sys

atheris = importlib.import_module("atheris")


def main() -> None:
    name, *options = sys.argv[1:]
    # What is imported in here tells libFuzzer which branches are taken.
    with atheris.instrument_imports(include=["sse_stream"]):
        from .invariants import CHECKS
    atheris.Setup([name, *options], CHECKS[name])
    atheris.Fuzz()


main()
