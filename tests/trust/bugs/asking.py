"""Running tests on a copy of the project that has a bug."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from .bug import Bug

PROJECT = Path(__file__).resolve().parents[3]

_SECONDS = 300.0

# Each run is a process that has imported these already, and neither the project nor its tests.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["pytest", "hypothesis", "httpx", "trio", "aiohttp", "requests"])


@dataclass
class Answer:
    """What a run of tests says.

    Attributes:
        seconds: How long each test took.
        failed: The first test that failed; `None` if none did.
        broken: Why the tests do not run; `None` if they do.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    failed: str | None = None
    broken: str | None = None


class _Listener:
    """A plugin for pytest: the quickest tests first, as an earlier run has measured them."""

    def __init__(self, before: Mapping[str, float]) -> None:
        self.answer = Answer()
        self._before = before

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._before.get(item.nodeid, 0.0))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.answer.broken = str(report.longrepr)[-500:]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seconds = self.answer.seconds
        seconds[report.nodeid] = seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed and self.answer.failed is None:
            self.answer.failed = report.nodeid


def _run(copy: str, tests: Sequence[str], before: Mapping[str, float], result: Connection) -> None:
    os.chdir(copy)
    os.environ.pop("SSE_STREAM_CORPUS", None)
    sys.dont_write_bytecode = True
    sys.path.insert(0, copy)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "sse_stream")]:
        del sys.modules[name]
    output = os.open(os.devnull, os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    listener = _Listener(before)
    code = pytest.main(["-x", "-q", "--assert=plain", "--tb=short", "-p", "no:cacheprovider", *tests], [listener])
    if code and listener.answer.failed is None and listener.answer.broken is None:
        listener.answer.broken = f"pytest ended with {code!r}"
    result.send(asdict(listener.answer))  # its class is another one here, because `tests` is imported again
    os._exit(0)  # whatever threads a failed test has left behind


def asked(bug: Bug, tests: Sequence[str], before: Mapping[str, float]) -> Answer:
    """Ask tests about a bug, until one fails.

    Args:
        bug: The bug.
        tests: The files of tests.
        before: How long each test takes, as far as it is known.

    Raises:
        ValueError: The bug finds no place in the source, or the tests do not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve()
        shutil.copytree(PROJECT / "sse_stream", copy / "sse_stream")
        shutil.copytree(PROJECT / "tests", copy / "tests")
        shutil.copy(PROJECT / "pyproject.toml", copy)
        file = copy / "sse_stream" / bug.file
        source = file.read_text(encoding="utf-8")
        for old, new in bug.edits:
            if source.count(old) != 1:
                raise ValueError(f"{bug.file} does not hold {old!r} once")
            source = source.replace(old, new)
        if bug.edits:
            file.write_text(source, encoding="utf-8")
        receiver, sender = _context.Pipe(duplex=False)
        process = _context.Process(target=_run, args=(str(copy), tests, before, sender))
        process.start()
        sender.close()
        try:
            if not receiver.poll(_SECONDS):
                return Answer(failed="a test that does not end")
            answer = Answer(**receiver.recv())
        except EOFError:
            answer = Answer(broken="the process ended")
        finally:
            process.kill()
            process.join()
            receiver.close()
    if answer.broken is not None:
        raise ValueError(f"the tests do not run: {answer.broken}")
    return answer
