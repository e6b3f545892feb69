"""Every client as its users connect an event source with it."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import niquests
import pytest
import requests
import urllib3

from sse_stream import AsyncEventSource, Attempt, EventSource

from .clients import entered, run_in_asyncio, run_in_trio, run_without_loop

Connect = Callable[[Attempt], Any]

# Seconds: a server that is silent for so long is taken for dead where the client sees to that.
READ_TIMEOUT = 5.0


@dataclass(frozen=True)
class EventClient:
    """One client.

    Attributes:
        name: The library, and what runs it.
        session: Given a URL and a read timeout, opens a session whose value is what an event source takes.
        make: What reads the events.
        run: Runs a test body.
        has_socket: Whether a blocked read can be ended from another thread.
    """

    name: str
    session: Callable[[str, float], Any]
    make: Callable[..., Any]
    run: Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]
    has_socket: bool = True

    @property
    def is_async(self) -> bool:
        return self.make is AsyncEventSource

    @asynccontextmanager
    async def source(self, url: str, *, read_timeout: float = READ_TIMEOUT, **options: Any) -> AsyncIterator[Any]:
        """An event source over this client."""
        async with (
            entered(self.session(url, read_timeout)) as connect,
            entered(self.make(connect, **options)) as source,
        ):
            yield source


def _httpx(library: Any) -> Callable[[str, float], Any]:
    @contextmanager
    def session(url: str, read_timeout: float) -> Iterator[Connect]:
        timeout = library.Timeout(5, read=read_timeout)
        with library.Client(trust_env=False, verify=False, timeout=timeout, follow_redirects=True) as client:
            yield lambda attempt: client.stream("GET", url, headers=attempt.headers)

    return session


def _async_httpx(library: Any) -> Callable[[str, float], Any]:
    @asynccontextmanager
    async def session(url: str, read_timeout: float) -> AsyncIterator[Connect]:
        timeout = library.Timeout(5, read=read_timeout)
        async with library.AsyncClient(trust_env=False, verify=False, timeout=timeout, follow_redirects=True) as client:
            yield lambda attempt: client.stream("GET", url, headers=attempt.headers)

    return session


def _awaited_httpx(url: str, read_timeout: float) -> Any:
    """An `async def` that gives a response, with no context manager about it."""

    @asynccontextmanager
    async def session() -> AsyncIterator[Connect]:
        timeout = httpx.Timeout(5, read=read_timeout)
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=timeout, follow_redirects=True) as client:

            async def connect(attempt: Attempt) -> httpx.Response:
                return await client.send(client.build_request("GET", url, headers=attempt.headers), stream=True)

            yield connect

    return session()


def _requests(library: Any) -> Callable[[str, float], Any]:
    @contextmanager
    def session(url: str, read_timeout: float) -> Iterator[Connect]:
        with library.Session() as client:
            client.trust_env = False
            yield lambda attempt: client.get(url, headers=attempt.headers, stream=True, timeout=(5, read_timeout))

    return session


@asynccontextmanager
async def _async_niquests(url: str, read_timeout: float) -> AsyncIterator[Connect]:
    async with niquests.AsyncSession() as client:
        client.trust_env = False
        yield lambda attempt: client.get(url, headers=attempt.headers, stream=True, timeout=(5, read_timeout))


@contextmanager
def _urllib3(url: str, read_timeout: float) -> Iterator[Connect]:
    with urllib3.PoolManager(timeout=urllib3.Timeout(5, read=read_timeout), retries=False) as pool:
        yield lambda attempt: pool.request(
            "GET",
            url,
            headers=attempt.headers,
            preload_content=False,
            redirect=True,
            retries=urllib3.Retry(0, redirect=9),
        )


@contextmanager
def _http_client(url: str, read_timeout: float) -> Iterator[Connect]:
    parts = urlsplit(url)

    @contextmanager
    def connect(attempt: Attempt) -> Iterator[Any]:
        connection = http.client.HTTPConnection(parts.netloc, timeout=read_timeout)
        try:
            connection.request("GET", parts.path, headers=attempt.headers)
            yield connection.getresponse()
        finally:
            connection.close()

    yield connect


@contextmanager
def _urllib_request(url: str, read_timeout: float) -> Iterator[Connect]:
    def connect(attempt: Attempt) -> Any:
        try:
            return urllib.request.urlopen(urllib.request.Request(url, headers=attempt.headers), timeout=read_timeout)
        except HTTPError as error:
            return error

    yield connect


@asynccontextmanager
async def _aiohttp(url: str, read_timeout: float) -> AsyncIterator[Connect]:
    timeout = aiohttp.ClientTimeout(total=None, sock_read=read_timeout)
    async with aiohttp.ClientSession(timeout=timeout) as client:
        yield lambda attempt: client.get(url, headers=attempt.headers)


EVENT_CLIENTS = [
    EventClient("httpx", _httpx(httpx), EventSource, run_without_loop),
    EventClient("httpx2", _httpx(httpx2), EventSource, run_without_loop),
    EventClient("requests", _requests(requests), EventSource, run_without_loop),
    EventClient("niquests", _requests(niquests), EventSource, run_without_loop),
    EventClient("urllib3", _urllib3, EventSource, run_without_loop),
    EventClient("http.client", _http_client, EventSource, run_without_loop),
    EventClient("urllib.request", _urllib_request, EventSource, run_without_loop),
    EventClient("httpx-asyncio", _async_httpx(httpx), AsyncEventSource, run_in_asyncio),
    EventClient("httpx-trio", _async_httpx(httpx), AsyncEventSource, run_in_trio),
    EventClient("httpx-send", _awaited_httpx, AsyncEventSource, run_in_asyncio),
    EventClient("httpx2-asyncio", _async_httpx(httpx2), AsyncEventSource, run_in_asyncio),
    EventClient("httpx2-trio", _async_httpx(httpx2), AsyncEventSource, run_in_trio),
    EventClient("aiohttp", _aiohttp, AsyncEventSource, run_in_asyncio),
    EventClient("niquests-asyncio", _async_niquests, AsyncEventSource, run_in_asyncio),
]


# One of each kind of code: what is the same for all clients is tested with these.
FEW = ("httpx", "requests", "httpx-trio", "aiohttp")


def event_clients(choose: Callable[[EventClient], object] = lambda _: True) -> pytest.MarkDecorator:
    """Run a test with each of these clients."""
    chosen = [client for client in EVENT_CLIENTS if choose(client)]
    return pytest.mark.parametrize("client", chosen, ids=lambda client: client.name)


few_event_clients = event_clients(lambda client: client.name in FEW)
