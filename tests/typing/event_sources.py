"""For type checkers only: what event sources accept and reject as `connect`.

An `ignore` states what a checker must reject, and is itself an error if nothing is wrong.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
# pyright: reportUnusedFunction=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import assert_type

import aiohttp
import httpx
import httpx2
import niquests
import requests
import urllib3

from sse_stream import AsyncEventSource, Attempt, EventSource, ServerSentEvent

URL = "https://127.0.0.1/"


def clients(
    of_httpx: httpx.Client,
    of_httpx2: httpx2.Client,
    of_requests: requests.Session,
    of_niquests: niquests.Session,
    of_urllib3: urllib3.PoolManager,
) -> None:
    EventSource(lambda attempt: of_httpx.stream("GET", URL, headers=attempt.headers))
    EventSource(lambda attempt: of_httpx.stream("GET", URL, headers=attempt.headers | {"Authorization": "Bearer x"}))
    EventSource(lambda attempt: of_httpx.send(of_httpx.build_request("GET", URL, headers=attempt.headers), stream=True))
    EventSource(lambda attempt: of_httpx2.stream("GET", URL, headers=attempt.headers))
    EventSource(lambda attempt: of_requests.get(URL, headers=attempt.headers, stream=True))
    EventSource(lambda attempt: of_niquests.get(URL, headers=attempt.headers, stream=True))
    EventSource(lambda attempt: of_urllib3.request("GET", URL, headers=attempt.headers, preload_content=False))
    EventSource(lambda _: [b"data: x\n\n"])


def functions() -> None:
    @contextmanager
    def manager(attempt: Attempt) -> Generator[httpx.Response, None, None]:
        with httpx.stream("GET", URL, headers=attempt.headers) as response:
            yield response

    def response(attempt: Attempt) -> requests.Response:
        return requests.get(URL, headers=attempt.headers, stream=True, timeout=5)

    EventSource(manager)
    EventSource(response)


def async_clients(
    of_httpx: httpx.AsyncClient, of_httpx2: httpx2.AsyncClient, of_aiohttp: aiohttp.ClientSession
) -> None:
    AsyncEventSource(lambda attempt: of_httpx.stream("GET", URL, headers=attempt.headers), idle=45)
    AsyncEventSource(lambda attempt: of_httpx2.stream("GET", URL, headers=attempt.headers))
    AsyncEventSource(lambda attempt: of_aiohttp.get(URL, headers=attempt.headers))


def async_functions(client: httpx.AsyncClient) -> None:
    @asynccontextmanager
    async def manager(attempt: Attempt) -> AsyncGenerator[httpx.Response, None]:
        async with client.stream("GET", URL, headers=attempt.headers) as response:
            yield response

    async def response(attempt: Attempt) -> httpx.Response:
        return await client.send(client.build_request("GET", URL, headers=attempt.headers), stream=True)

    AsyncEventSource(manager)
    AsyncEventSource(response)


async def events(source: EventSource, async_source: AsyncEventSource) -> None:
    for event in source:
        assert_type(event, ServerSentEvent)
    async for event in async_source:
        assert_type(event, ServerSentEvent)
    assert_type(next(source), ServerSentEvent)
    assert_type(await anext(async_source), ServerSentEvent)
    assert_type(source.last_event_id, str)


def refused(response: httpx.Response, client: httpx.AsyncClient, sync: httpx.Client) -> None:
    EventSource(response)  # type: ignore[arg-type]
    EventSource(URL)  # type: ignore[arg-type]
    EventSource(lambda _: URL)  # type: ignore[arg-type,return-value]
    EventSource(lambda _: client.stream("GET", URL))  # type: ignore[arg-type,return-value]
    EventSource(lambda _: [b""], idle=5)  # type: ignore[arg-type]
    AsyncEventSource(lambda _: sync.stream("GET", URL))  # type: ignore[arg-type,return-value]
