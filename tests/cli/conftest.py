"""The command line, run in this process."""

from __future__ import annotations

import io
import os
import sys

import pytest

from .running import Cli, Ran, left_with


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs the command line in this process, without the environment variables that it reads."""
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL", "_MODEL", "_PROXY", "_proxy"))]:
        monkeypatch.delenv(name)

    def run(
        *arguments: object,
        stdin: bytes | io.BufferedReader | None = b"",
        out: io.TextIOBase | None = None,
        err: io.TextIOBase | None = None,
    ) -> Ran:
        raw = io.BufferedReader(io.BytesIO(stdin)) if isinstance(stdin, bytes) else stdin
        monkeypatch.setattr(sys, "stdin", None if raw is None else io.TextIOWrapper(raw))
        with monkeypatch.context() as patched:
            # Not in a fixture, because pytest replaces the streams again before the test.
            if out is not None:
                patched.setattr(sys, "stdout", out)
            if err is not None:
                patched.setattr(sys, "stderr", err)
            code = left_with(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run
