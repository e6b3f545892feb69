"""Shared test configuration: the effort of searches, and the location of recordings, if any."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, find, settings, strategies

import sse_stream

# A shell starts what runs in the background deaf to Ctrl-C, and so would be the programs that tests start and stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def import_everything() -> None:
    """Import each module of the package, but for those that need an optional package that is absent.

    Hypothesis draws some of its values from the constants of the modules that are imported by then. Otherwise the
    examples of a test depend on which tests ran before it in the same process, which with several workers is chance.
    """
    for module in pkgutil.walk_packages(sse_stream.__path__, f"{sse_stream.__name__}."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as missing:
            if missing.name is None or missing.name.partition(".")[0] == sse_stream.__name__:
                raise


import_everything()

# `ci` is bounded and says the same thing every time; `long` is for a search by hand.
settings.register_profile(
    "ci", max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep the thousands of collected tests out of garbage collections, which many tests ask for."""
    # When it first searches, Hypothesis asks who refers to its random numbers, and frozen objects do not count.
    find(strategies.none(), lambda _: True)
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Leave the slow tests out of a run that selects no tests, by path, `-k` or `-m`."""
    if config.args_source != pytest.Config.ArgsSource.ARGS and not (config.option.keyword or config.option.markexpr):
        config.option.markexpr = "not slow"  # as if asked for, so that it holds in each worker


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.path.name != "test_pyodide.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a worker that has nothing left take over tests of another."""
    if config.getvalue("dist") != "load":
        return None
    return importlib.import_module("xdist.scheduler").WorkStealingScheduling(config, log)


CORPUS = Path(os.environ.get("SSE_STREAM_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus" / "chat")


def recordings() -> list[Path]:
    """The recorded streams beside the project, none where they are absent."""
    return sorted(CORPUS.glob("*.sse"))


@pytest.fixture(params=recordings(), ids=lambda path: path.stem)
def recording(request: pytest.FixtureRequest) -> Path:
    """One recorded stream; tests that ask for it are skipped where there is none."""
    path = request.param
    assert isinstance(path, Path)
    return path
