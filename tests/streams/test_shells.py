"""The two shells stay thin, and cost nothing until one is made."""

from __future__ import annotations

import inspect
import itertools
import subprocess
import sys
from collections.abc import Callable

import sse_stream
from sse_stream import AsyncChatStream, ChatStream
from sse_stream._sources import _async as _async_sources
from sse_stream._sources import _open as _sources
from sse_stream._sources import _source as _opened
from sse_stream._sources import _sync as _sync_sources
from sse_stream._streams import _sse as _sse_streams

SOURCES = [
    function
    for module in (_sources, _sync_sources, _async_sources, _opened)
    for _, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__
]
Half = Callable[..., object]
PAIRS: list[tuple[Half, Half]] = [
    (ChatStream, AsyncChatStream),
    (sse_stream.iter_sse, sse_stream.aiter_sse),
    (_sse_streams._sse_events, _sse_streams._AsyncSSE),
    *itertools.combinations(SOURCES, 2),
]


def runs(half: Half) -> set[tuple[str, ...]]:
    """Every six lines that follow one another, blank ones and indentation aside."""
    lines = [line.strip() for line in inspect.getsource(half).splitlines() if line.strip()]
    return {tuple(lines[at : at + 6]) for at in range(len(lines) - 5)}


def test_a_sync_and_an_async_half_share_no_run_of_six_lines() -> None:
    shared = {f"{one.__name__}, {other.__name__}": runs(one) & runs(other) for one, other in PAIRS}
    assert {names: found for names, found in shared.items() if found} == {}


def test_importing_the_library_imports_no_client_no_event_loop_and_no_threads() -> None:
    code = (
        "import sys, msgspec; before = set(sys.modules); import sse_stream;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    imported = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "sse_stream" in imported
    heavy = {"asyncio", "threading", "inspect", "socket", "ssl", "http", "urllib", "email", "concurrent", "dataclasses"}
    clients = {"httpx", "httpx2", "requests", "urllib3", "aiohttp", "niquests", "trio", "anyio"}
    assert set(imported) & (heavy | clients) == set()
