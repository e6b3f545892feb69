"""Reconnection as the Model Context Protocol requires it (SEP-1699) and its conformance tests check it."""

from __future__ import annotations

import json
from time import monotonic

import httpx
import pytest

from sse_stream import ReconnectPolicy
from sse_stream.testing import ReplayServer, Reply, Request

from .clients import run_in_asyncio, run_in_trio
from .mcp_client import MCPClient

RETRY = 0.3


class Server:
    """Answers a call by a stream that it closes after a first event without data, and by another that is asked for."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, request: Request) -> Reply:
        self.moments.append(monotonic())
        self.asked.append((request.method, request.headers.get("last-event-id")))
        if request.method == "POST":
            return Reply(b"id: event-1\nretry: %d\ndata: \n\n" % (RETRY * 1000))
        answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"content": []}}).encode()
        return Reply(b"id: event-2\ndata: \n\nevent: message\nid: event-3\ndata: %b\n\n" % answer)


@pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])
@pytest.mark.parametrize("policy", [ReconnectPolicy(), ReconnectPolicy(jitter=0)], ids=["default", "without jitter"])
def test_it_goes_on_no_earlier_than_retry_and_no_later_than_twice_of_it(run: object, policy: ReconnectPolicy) -> None:
    answer = Server()
    with ReplayServer(script=answer) as server:

        async def body() -> None:
            async with httpx.AsyncClient(trust_env=False) as client:
                session = MCPClient(client, server.chat_url, policy)
                assert await session.request("tools/call", {"name": "test"}) == {"content": []}

        assert callable(run)
        run(body)
    assert answer.asked == [("POST", None), ("GET", "event-1")]
    wait = answer.moments[1] - answer.moments[0]
    assert RETRY - 0.05 <= wait <= 2 * RETRY
