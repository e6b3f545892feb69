"""Repeated faults leave nothing behind: no descriptor, thread, task or warning.

Set `SSE_STREAM_ROUNDS=1000` for a long search.
"""

from __future__ import annotations

import asyncio
import gc
import operator
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from sse_stream import SSEStreamError, Timeouts
from sse_stream.testing import Comments, Disconnect, EndAt, HalfClose, ReplayServer, Reply, Reset, Stall, WrongLength

from .bodies import STREAM, UNDONE
from .clients import Client, Each, clients, entered, run_in_asyncio, settled

ROUNDS = int(os.environ.get("SSE_STREAM_ROUNDS", "100"))  # of all faults together

Read = Callable[[Any], Any]


async def to_its_end(stream: Any) -> None:
    await settled(stream.until_done())


async def and_leave(stream: Any) -> None:
    async for _ in Each(stream):
        break


# A fault a row. The rounds go through them in turn, on one session, as an application would.
ROWS: list[tuple[Reply, Read, dict[str, Any]]] = [
    (Reply(STREAM), to_its_end, {}),
    (Reply(UNDONE, fault=Disconnect()), to_its_end, {}),
    (Reply(UNDONE, fault=Disconnect(at=50)), to_its_end, {}),
    (Reply(UNDONE, fault=HalfClose(at=50)), to_its_end, {}),
    (Reply(UNDONE, fault=Reset(at=50)), to_its_end, {}),
    (Reply(UNDONE, fault=WrongLength(by=10)), to_its_end, {}),
    (Reply(STREAM, fault=EndAt(50)), to_its_end, {}),
    (Reply(b"data: <html>\n\n", fault=Stall()), to_its_end, {}),
    (Reply(b'{"error":"no"}', status=500), to_its_end, {}),
    (Reply(b"<html>", content_type="text/html", fault=Disconnect()), to_its_end, {}),
    (Reply(UNDONE, fault=Comments(interval=0.001)), to_its_end, {"timeouts": Timeouts(content=0.003)}),
    (Reply(UNDONE, fault=Stall()), and_leave, {}),
    (Reply(UNDONE + UNDONE, fault=Stall(at=len(UNDONE))), and_leave, {}),
]
CYCLES = max(2, ROUNDS // len(ROWS))


@pytest.fixture
def nothing_unraisable() -> Iterator[None]:
    """What is raised where nobody can catch it, warnings of collected objects above all, fails the test."""
    seen: list[Any] = []
    before = sys.unraisablehook
    sys.unraisablehook = seen.append
    yield
    gc.collect()
    sys.unraisablehook = before
    assert [str(unraisable.exc_value) for unraisable in seen] == []


def block() -> None:
    time.sleep(0.001)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells descriptors by /proc, as Linux does")
@pytest.mark.usefixtures("nothing_unraisable")
@clients()
def test_nothing_is_left_behind(client: Client) -> None:
    async def body() -> None:
        async with client.posting() as post:
            for cycle in range(CYCLES):
                for _, read, options in ROWS:
                    async with post(server.chat_url) as response, entered(client.shell(response, **options)) as stream:
                        try:
                            await read(stream)
                        except SSEStreamError:
                            assert stream.ending not in ("open", "closed", "complete")
                if cycle in (0, CYCLES - 1):  # after the first, the client has all that it keeps
                    counts.append(await settled(counts[0] if counts else None))

    def tasks() -> int:
        return len(asyncio.all_tasks()) if client.run is run_in_asyncio else 0

    def count() -> tuple[int, int, int]:
        gc.collect()
        return descriptors(), sum("sse_stream" in thread.name for thread in threading.enumerate()), tasks()

    async def settled(before: tuple[int, int, int] | None) -> tuple[int, int, int]:
        # The last row leaves in the middle of a body, which closes its connection. What this side has closed,
        # the server, which is in this process, closes a moment later, and a client's task ends as late. What
        # has leaked stays, however long one waits.
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            await anyio.sleep(0.001) if client.is_async else block()
            now = count()
            if server.open_connections == 0 and (
                tasks() <= 1 if before is None else all(map(operator.le, now, before))
            ):
                break
        return count()

    counts: list[tuple[int, int, int]] = []
    before = threading.active_count()
    with ReplayServer(script=[reply for reply, _, _ in ROWS * CYCLES]) as server:
        client.run(body)
    first, last = counts
    assert [after for after, at_first in zip(last, first, strict=True) if after > at_first] == [], (first, last)
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        block()  # a client's own thread may take a moment to end
    assert threading.active_count() <= before, threading.enumerate()
