"""Many streams on one event loop, each with its own text."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import httpx2
import pytest

from sse_stream import AsyncChatStream
from sse_stream.testing import ReplayServer, Reply, Request, Seed

from .bodies import DONE, STOP, text
from .clients import run_in_asyncio, run_in_trio

STREAMS = 100


def words(stream: int) -> list[str]:
    return [f"{stream}-{number} " for number in range(50)]


def reply(request: Request) -> Reply:
    stream = int(request.path.partition("?")[2])
    return Reply(b"".join(map(text, words(stream))) + STOP + DONE, cut=Seed(stream))


@pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])
def test_a_hundred_streams_at_once_are_complete_and_their_own(run: Any) -> None:
    async def body() -> dict[int, str]:
        texts: dict[int, str] = {}

        async def read(number: int) -> None:
            async with AsyncChatStream(client.stream("POST", f"{server.chat_url}?{number}")) as stream:
                texts[number] = "".join([piece async for piece in stream.iter_text()])
                assert stream.ending == "complete"

        async with httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None), verify=False, timeout=30) as client:
            async with anyio.create_task_group() as tasks:
                for number in range(STREAMS):
                    tasks.start_soon(read, number)
            if run is run_in_asyncio:
                assert len(asyncio.all_tasks()) == 1
        return texts

    with ReplayServer(script=reply) as server:
        assert run(body) == {number: "".join(words(number)) for number in range(STREAMS)}
