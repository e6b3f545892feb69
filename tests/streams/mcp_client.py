"""A small client of the Model Context Protocol's Streamable HTTP transport, just enough to resume a stream.

    npx @modelcontextprotocol/conformance client --command "python -m tests.streams.mcp_client" --scenario sse-retry

The server answers a POST with a stream; if it breaks, the client resumes with a GET and `Last-Event-ID`.
"""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from itertools import count
from typing import Any

import anyio
import httpx

from sse_stream import AsyncEventSource, Attempt, ReconnectPolicy, ServerSentEvent


class MCPClient:
    """Sends requests, and listens.

    Args:
        client: Which HTTP client.
        url: The endpoint.
        policy: How it connects again.
    """

    def __init__(
        self, client: httpx.AsyncClient, url: str, policy: ReconnectPolicy = ReconnectPolicy(jitter=0, attempts=5)
    ) -> None:
        self._client = client
        self._url = url
        self._policy = policy
        self._ids = count(1)

    async def request(self, method: str, parameters: dict[str, Any]) -> Any:
        """The result of a request: the server answers with JSON, or with a stream that may need more than one try."""
        message = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": parameters}
        headers = {"Accept": "application/json, text/event-stream"}
        posted = await self._client.send(
            self._client.build_request("POST", self._url, headers=headers, json=message), stream=True
        )
        if posted.headers["content-type"].startswith("application/json"):
            await posted.aread()
            return posted.json()["result"]

        def connect(attempt: Attempt) -> httpx.Response | AbstractAsyncContextManager[httpx.Response]:
            if attempt.number == 1:
                return posted
            return self._client.stream("GET", self._url, headers=attempt.headers)

        def is_answer(event: ServerSentEvent) -> bool:
            return bool(event.data) and event.json().get("id") == message["id"]

        async with AsyncEventSource(connect, policy=self._policy, until=is_answer) as source:
            events = [event async for event in source]
        return events[-1].json()["result"]

    async def notify(self, method: str) -> None:
        """Send a notification."""
        answer = await self._client.post(self._url, json={"jsonrpc": "2.0", "method": method})
        answer.raise_for_status()


async def main(url: str) -> None:
    """Begin a session, and call the tool whose answer comes over a second connection."""
    async with httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(10)) as client:
        session = MCPClient(client, url)
        about = {"name": "sse_stream", "version": "0"}
        await session.request("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about})
        await session.notify("notifications/initialized")
        print(await session.request("tools/call", {"name": "test_reconnection", "arguments": {}}))


if __name__ == "__main__":
    anyio.run(main, sys.argv[-1])
