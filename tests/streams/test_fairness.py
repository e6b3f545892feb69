"""Decoding one large read does not block other tasks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from sse_stream import AsyncChatStream, aiter_sse

from .bodies import DONE, STOP, text
from .clients import run_in_asyncio, run_in_trio

# About 8 MiB in one read, of chunks of an ordinary size.
PIECE = "x" * 200
BODY = text(PIECE) * (8 * 1024 * 1024 // len(text(PIECE))) + STOP + DONE


async def at_once() -> AsyncIterator[bytes]:
    yield BODY


async def in_small_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(BODY), 4096):
        yield BODY[start : start + 4096]


async def worst_wait(read: Any) -> tuple[float, int]:
    """For how long at most others worked before a task that does nothing had its turn, and how often it had it.

    Counted in this thread's own processor time: what else the machine does delays everybody alike.
    """
    worst = 0.0
    turns = 0
    done = False

    async def tick() -> None:
        nonlocal worst, turns
        last = time.thread_time()
        while not done:
            await anyio.lowlevel.checkpoint()
            now = time.thread_time()
            worst = max(worst, now - last)
            last = now
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        await anyio.lowlevel.checkpoint()
        await read()
        done = True
    return worst, turns


@pytest.mark.parametrize("source", [at_once, in_small_pieces])
@pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])
class TestOthersRun:
    def test_while_a_chat_is_decoded(self, run: Any, source: Any) -> None:
        async def body() -> tuple[float, int]:
            async def read() -> None:
                async with AsyncChatStream(source()) as stream:
                    await stream.until_done()

            return await worst_wait(read)

        assert_fair(lambda: run(body))

    def test_while_bare_events_are_decoded(self, run: Any, source: Any) -> None:
        async def body() -> tuple[float, int]:
            async def read() -> None:
                async for _ in aiter_sse(source()):
                    pass

            return await worst_wait(read)

        assert_fair(lambda: run(body))


def assert_fair(measure: Any) -> None:
    # The best of a few: a collection of garbage may fall into one of them.
    waits = []
    for _ in range(3):
        worst, turns = measure()
        assert turns > 5
        waits.append(worst)
        if worst < 0.02:
            return
    raise AssertionError(f"others worked for {min(waits):.3f} s between two turns")
