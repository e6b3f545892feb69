"""Every client as its users call it, so that one test body can run with each.

A test body is a coroutine. With a blocking client it never waits, and is driven without an event loop; with an async
client it runs under asyncio or trio.
"""

from __future__ import annotations

import asyncio
import http.client
import sys
import urllib.request
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Generic, Literal, Self, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import niquests
import pytest
import requests
import trio
import urllib3

from sse_stream import AsyncChatStream, ChatStream

T = TypeVar("T")

Encoding = Literal["gzip", "br", "zstd"]
Response = Any  # of whatever client
Stream = Any  # a ChatStream or an AsyncChatStream: the same names, awaited or not
Post = Callable[[str], AbstractContextManager[Response] | AbstractAsyncContextManager[Response]]
Session = Callable[[float | None], AbstractContextManager[Post] | AbstractAsyncContextManager[Post]]


class Each(Generic[T]):
    """The items of an iterable, sync or async."""

    def __init__(self, items: Iterable[T] | AsyncIterable[T]) -> None:
        self._items = aiter(items) if isinstance(items, AsyncIterable) else iter(items)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if isinstance(self._items, AsyncIterator):
            return await anext(self._items)
        for item in self._items:
            return item
        raise StopAsyncIteration


async def settled(value: Any) -> Any:
    """What a call gives, sync or async."""
    return await value if isinstance(value, Awaitable) else value


async def read_to_the_end(stream: Stream) -> None:
    await settled(stream.until_done())


async def closed(stream: Stream) -> None:
    await settled(stream.aclose() if isinstance(stream, AsyncChatStream) else stream.close())


async def break_and_close(stream: Stream) -> None:
    async for _ in Each(stream):
        break
    await closed(stream)


def set_clock(monkeypatch: pytest.MonkeyPatch, monotonic: Callable[[], float]) -> None:
    """Let the streams read this clock."""
    for module in ("_clocks", "_sync", "_async", "_reads", "_partial"):
        monkeypatch.setattr(f"sse_stream._streams.{module}.monotonic", monotonic)


@asynccontextmanager
async def entered(manager: Any) -> AsyncIterator[Any]:
    """A context manager, sync or async, entered."""
    if hasattr(manager, "__aenter__"):
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value


def run_without_loop(body: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine that never waits."""
    coroutine = body()
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a body that blocks has awaited something")


def run_in_asyncio(body: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(body())


def run_in_trio(body: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return trio.run(body)


@dataclass(frozen=True)
class Client:
    """One client.

    Attributes:
        name: The library, and what runs it.
        session: Given the read timeout, opens a session, whose value posts to a URL and gives the response.
        run: Runs a test body.
        shell: What wraps the response.
        decodes: The content encodings that it undoes.
        keeps_connections: Whether it uses a connection again.
        packages: Where the exceptions come from that it raises.
    """

    name: str
    session: Session
    run: Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]
    shell: Callable[..., Stream]
    packages: tuple[str, ...]
    decodes: tuple[Encoding, ...] = ("gzip", "br", "zstd")
    keeps_connections: bool = True

    @property
    def is_async(self) -> bool:
        return self.shell is AsyncChatStream

    @asynccontextmanager
    async def posting(self, *, read_timeout: float | None = 5) -> AsyncIterator[Callable[[str], Any]]:
        """A session, as a function that posts to a URL; an async context manager of the response."""
        async with entered(self.session(read_timeout)) as post:
            yield lambda url: entered(post(url))

    @asynccontextmanager
    async def streaming(self, url: str, *, read_timeout: float | None = 5, **options: Any) -> AsyncIterator[Stream]:
        """A stream over the response to one request."""
        async with self.posting(read_timeout=read_timeout) as post, post(url) as response:
            async with entered(self.shell(response, **options)) as stream:
                yield stream


def _httpx(library: Any) -> Session:
    @contextmanager
    def session(read_timeout: float | None) -> Iterator[Post]:
        with library.Client(timeout=library.Timeout(5, read=read_timeout), verify=False) as client:
            yield lambda url: client.stream("POST", url)

    return session


def _async_httpx(library: Any) -> Session:
    @asynccontextmanager
    async def session(read_timeout: float | None) -> AsyncIterator[Post]:
        async with library.AsyncClient(timeout=library.Timeout(5, read=read_timeout), verify=False) as client:
            yield lambda url: client.stream("POST", url)

    return session


def _requests(library: Any) -> Session:
    @contextmanager
    def session(read_timeout: float | None) -> Iterator[Post]:
        with library.Session() as client:
            client.trust_env = False

            @contextmanager
            def post(url: str) -> Iterator[Response]:
                with client.post(url, stream=True, timeout=(5, read_timeout)) as response:
                    yield response

            yield post

    return session


@asynccontextmanager
async def _async_niquests(read_timeout: float | None) -> AsyncIterator[Post]:
    async with niquests.AsyncSession() as client:
        client.trust_env = False

        @asynccontextmanager
        async def post(url: str) -> AsyncIterator[Response]:
            async with await client.post(url, stream=True, timeout=(5, read_timeout)) as response:
                yield response

        yield post


@contextmanager
def _urllib3(read_timeout: float | None) -> Iterator[Post]:
    with urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=read_timeout), retries=False) as pool:
        headers = {"Accept-Encoding": "gzip, br, zstd"}

        @contextmanager
        def post(url: str) -> Iterator[Response]:
            yield pool.request("POST", url, headers=headers, preload_content=False)

        yield post


@asynccontextmanager
async def _aiohttp(read_timeout: float | None) -> AsyncIterator[Post]:
    timeout = aiohttp.ClientTimeout(total=None, sock_read=read_timeout)
    headers = {"Accept-Encoding": "gzip, br, zstd"}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as client:
        yield client.post


@contextmanager
def _http_client(read_timeout: float | None) -> Iterator[Post]:
    @contextmanager
    def post(url: str) -> Iterator[Response]:
        parts = urlsplit(url)
        with closing(http.client.HTTPConnection(parts.netloc, timeout=read_timeout)) as connection:
            connection.request("POST", parts.path)
            yield connection.getresponse()

    yield post


@contextmanager
def _urllib_request(read_timeout: float | None) -> Iterator[Post]:
    @contextmanager
    def post(url: str) -> Iterator[Response]:
        try:
            response = urllib.request.urlopen(url, data=b"{}", timeout=read_timeout)
        except HTTPError as error:
            response = error
        with response:
            yield response

    yield post


# What httpx2 and aiohttp undo zstd with is the standard library, or what brings it to older Pythons.
_HAS_ZSTD = sys.version_info >= (3, 14) or (find_spec("backports") and find_spec("backports.zstd"))
_BY_STANDARD_LIBRARY: tuple[Encoding, ...] = ("gzip", "br", "zstd") if _HAS_ZSTD else ("gzip", "br")

_BY_URLLIB3: tuple[Encoding, ...] = tuple(
    name for name in ("gzip", "br", "zstd") if name in urllib3.HTTPResponse.CONTENT_DECODERS
)

CLIENTS = [
    Client("httpx", _httpx(httpx), run_without_loop, ChatStream, ("httpx",)),
    Client("httpx2", _httpx(httpx2), run_without_loop, ChatStream, ("httpx2",), _BY_STANDARD_LIBRARY),
    Client("requests", _requests(requests), run_without_loop, ChatStream, ("urllib3",), _BY_URLLIB3),
    Client("niquests", _requests(niquests), run_without_loop, ChatStream, ("urllib3", "urllib3_future")),
    Client("urllib3", _urllib3, run_without_loop, ChatStream, ("urllib3",), _BY_URLLIB3),
    Client(
        "http.client",
        _http_client,
        run_without_loop,
        ChatStream,
        ("http", "builtins"),
        decodes=(),
        keeps_connections=False,
    ),
    Client(
        "urllib.request",
        _urllib_request,
        run_without_loop,
        ChatStream,
        ("http", "builtins"),
        decodes=(),
        keeps_connections=False,
    ),
    Client("httpx-asyncio", _async_httpx(httpx), run_in_asyncio, AsyncChatStream, ("httpx",)),
    Client("httpx-trio", _async_httpx(httpx), run_in_trio, AsyncChatStream, ("httpx",)),
    Client("httpx2-asyncio", _async_httpx(httpx2), run_in_asyncio, AsyncChatStream, ("httpx2",), _BY_STANDARD_LIBRARY),
    Client("httpx2-trio", _async_httpx(httpx2), run_in_trio, AsyncChatStream, ("httpx2",), _BY_STANDARD_LIBRARY),
    Client("aiohttp", _aiohttp, run_in_asyncio, AsyncChatStream, ("aiohttp", "builtins"), _BY_STANDARD_LIBRARY),
    Client("niquests-asyncio", _async_niquests, run_in_asyncio, AsyncChatStream, ("urllib3", "urllib3_future")),
]


def clients(choose: Callable[[Client], object] = lambda _: True) -> pytest.MarkDecorator:
    """Run a test with each of these clients."""
    chosen = [client for client in CLIENTS if choose(client)]
    return pytest.mark.parametrize("client", chosen, ids=lambda client: client.name)
