"""Every supported way to get a source, written as in applications.

Clients are imported only when used, so that the tests also run with the oldest supported version of one client in an
environment without the others.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from sse_stream import AsyncChatStream, ChatStream

Stream = Any  # a ChatStream or an AsyncChatStream
Ask = Callable[[str], Any]
"""Requests a URL, and returns what is passed to the stream."""
Session = Callable[[float], AbstractContextManager[Ask] | AbstractAsyncContextManager[Ask]]
"""Opens a client with a read timeout in seconds."""

MESSAGES: Any = [{"role": "user", "content": "Hello"}]


@dataclass(frozen=True)
class Way:
    """One way to get a source.

    Attributes:
        name: The client, and how it is used.
        needs: The required packages.
        shell: The class that reads the source.
        session: Opens a client.
        runs: The event loop: `"asyncio"`, `"trio"`, or `""` for none.
        decodes: Whether the client decodes gzip.
        connections: How many connections three requests use.
        raises: Whether the client itself raises for an error status, before there is a source.
    """

    name: str
    needs: tuple[str, ...]
    shell: Any
    session: Session
    runs: str = ""
    decodes: bool = True
    connections: int = 1
    raises: bool = False

    @property
    def is_installed(self) -> bool:
        return all(find_spec(package) for package in self.needs)

    def run(self, body: Callable[[], Any]) -> Any:
        if self.runs == "asyncio":
            return asyncio.run(body())
        if self.runs == "trio":
            return importlib.import_module("trio").run(body)
        coroutine = body()  # which never waits
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        raise AssertionError("a body that blocks has awaited something")

    @asynccontextmanager
    async def asking(self, read_timeout: float = 5.0) -> AsyncIterator[Callable[..., Any]]:
        """Open a client; yield a function that requests a URL and enters a stream over the response."""
        session: Any = self.session(read_timeout)

        @asynccontextmanager
        async def stream(url: str, **options: Any) -> AsyncIterator[Stream]:
            if self.shell is ChatStream:
                with ChatStream(ask(url), **options) as sync:
                    yield sync
            else:
                async with AsyncChatStream(ask(url), **options) as awaited:
                    yield awaited

        if hasattr(session, "__aenter__"):
            async with session as ask:
                yield stream
        else:
            with session as ask:
                yield stream


def httpx_client(library: str) -> Session:
    @contextmanager
    def session(read_timeout: float) -> Iterator[Ask]:
        module: Any = importlib.import_module(library)
        with module.Client(timeout=module.Timeout(5, read=read_timeout), verify=False) as client:
            yield lambda url: client.stream("POST", url)

    return session


def async_httpx_client(library: str, *, is_sent: bool = False) -> Session:
    @asynccontextmanager
    async def session(read_timeout: float) -> AsyncIterator[Ask]:
        module: Any = importlib.import_module(library)
        async with module.AsyncClient(timeout=module.Timeout(5, read=read_timeout), verify=False) as client:
            if is_sent:
                yield lambda url: client.send(client.build_request("POST", url), stream=True)
            else:
                yield lambda url: client.stream("POST", url)

    return session


def requests_session(library: str) -> Session:
    @contextmanager
    def session(read_timeout: float) -> Iterator[Ask]:
        module: Any = importlib.import_module(library)
        with module.Session() as client:
            client.trust_env = False
            yield lambda url: client.post(url, stream=True, timeout=(5, read_timeout))

    return session


@asynccontextmanager
async def niquests_async_session(read_timeout: float) -> AsyncIterator[Ask]:
    module: Any = importlib.import_module("niquests")
    async with module.AsyncSession() as client:
        client.trust_env = False
        yield lambda url: client.post(url, stream=True, timeout=(5, read_timeout))


@contextmanager
def urllib3_pool(read_timeout: float) -> Iterator[Ask]:
    module: Any = importlib.import_module("urllib3")
    timeout = module.Timeout(connect=5, read=read_timeout)
    with module.PoolManager(timeout=timeout, retries=False, headers={"Accept-Encoding": "gzip"}) as pool:
        yield lambda url: pool.request("POST", url, preload_content=False)


@contextmanager
def botocore_body(read_timeout: float) -> Iterator[Ask]:
    """The response body that `boto3` returns, without a service."""
    body: Any = importlib.import_module("botocore.response").StreamingBody
    with urllib3_pool(read_timeout) as ask:
        yield lambda url: body(ask(url), None)


@asynccontextmanager
async def aiohttp_session(read_timeout: float) -> AsyncIterator[Ask]:
    module: Any = importlib.import_module("aiohttp")
    async with module.ClientSession(timeout=module.ClientTimeout(total=None, sock_read=read_timeout)) as client:
        yield client.post


@contextmanager
def http_client(read_timeout: float) -> Iterator[Ask]:
    from http.client import HTTPConnection

    connections: list[HTTPConnection] = []

    def ask(url: str) -> Any:
        parts = urlsplit(url)
        connections.append(HTTPConnection(parts.netloc, timeout=read_timeout))
        connections[-1].request("POST", parts.path)
        return connections[-1].getresponse()

    try:
        yield ask
    finally:
        for connection in connections:
            connection.close()


@contextmanager
def urllib_request(read_timeout: float) -> Iterator[Ask]:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    def ask(url: str) -> Any:
        try:
            return urlopen(url, data=b"{}", timeout=read_timeout)
        except HTTPError as error:
            return error

    yield ask


@contextmanager
def httpcore_pool(read_timeout: float) -> Iterator[Ask]:
    module: Any = importlib.import_module("httpcore")
    with module.ConnectionPool() as pool:
        extensions = {"timeout": {"connect": 5, "read": read_timeout}}
        yield lambda url: pool.stream("POST", url, headers={"Content-Length": "0"}, extensions=extensions)


@asynccontextmanager
async def async_httpcore_pool(read_timeout: float) -> AsyncIterator[Ask]:
    module: Any = importlib.import_module("httpcore")
    async with module.AsyncConnectionPool() as pool:
        extensions = {"timeout": {"connect": 5, "read": read_timeout}}
        yield lambda url: pool.stream("POST", url, headers={"Content-Length": "0"}, extensions=extensions)


@contextmanager
def curl_session(read_timeout: float) -> Iterator[Ask]:
    module: Any = importlib.import_module("curl_cffi")
    # Its one timeout is for the whole of a streamed response.
    with module.Session(trust_env=False) as client:
        yield lambda url: client.stream("POST", url, timeout=max(1.0, read_timeout))


@asynccontextmanager
async def async_curl_session(read_timeout: float) -> AsyncIterator[Ask]:
    module: Any = importlib.import_module("curl_cffi")
    async with module.AsyncSession(trust_env=False) as client:
        yield lambda url: client.stream("POST", url, timeout=max(1.0, read_timeout))


def openai_client(use: Callable[[Any], Callable[..., Any]]) -> Session:
    """An OpenAI SDK client; `use` selects the method of its completions to call."""

    @contextmanager
    def session(read_timeout: float) -> Iterator[Ask]:
        module: Any = importlib.import_module("openai")

        def ask(url: str) -> Any:
            client.base_url = url.removesuffix("/chat/completions")
            return use(client.chat.completions)(model="m", messages=MESSAGES, stream=True)

        with module.OpenAI(base_url="http://unused", api_key="k", max_retries=0, timeout=read_timeout) as client:
            yield ask

    return session


def async_openai_client(use: Callable[[Any], Callable[..., Any]]) -> Session:
    @asynccontextmanager
    async def session(read_timeout: float) -> AsyncIterator[Ask]:
        module: Any = importlib.import_module("openai")

        def ask(url: str) -> Any:
            client.base_url = url.removesuffix("/chat/completions")
            return use(client.chat.completions)(model="m", messages=MESSAGES, stream=True)

        async with module.AsyncOpenAI(
            base_url="http://unused", api_key="k", max_retries=0, timeout=read_timeout
        ) as client:
            yield ask

    return session


def created(completions: Any) -> Any:
    return completions.create


def streamed(completions: Any) -> Any:
    return completions.with_streaming_response.create


def raw(completions: Any) -> Any:
    return completions.with_raw_response.create


WAYS = [
    Way("httpx", ("httpx",), ChatStream, httpx_client("httpx")),
    Way("httpx-asyncio", ("httpx",), AsyncChatStream, async_httpx_client("httpx"), "asyncio"),
    Way("httpx-trio", ("httpx", "trio"), AsyncChatStream, async_httpx_client("httpx"), "trio"),
    Way("httpx-send", ("httpx",), AsyncChatStream, async_httpx_client("httpx", is_sent=True), "asyncio"),
    Way("httpx2", ("httpx2",), ChatStream, httpx_client("httpx2")),
    Way("httpx2-asyncio", ("httpx2",), AsyncChatStream, async_httpx_client("httpx2"), "asyncio"),
    Way("httpx2-trio", ("httpx2", "trio"), AsyncChatStream, async_httpx_client("httpx2"), "trio"),
    Way("requests", ("requests",), ChatStream, requests_session("requests")),
    Way("niquests", ("niquests",), ChatStream, requests_session("niquests")),
    Way("niquests-asyncio", ("niquests",), AsyncChatStream, niquests_async_session, "asyncio"),
    Way("urllib3", ("urllib3",), ChatStream, urllib3_pool),
    Way("botocore", ("botocore",), ChatStream, botocore_body),
    Way("aiohttp", ("aiohttp",), AsyncChatStream, aiohttp_session, "asyncio"),
    Way("http.client", (), ChatStream, http_client, decodes=False, connections=3),
    Way("urllib.request", (), ChatStream, urllib_request, decodes=False, connections=3),
    Way("httpcore", ("httpcore",), ChatStream, httpcore_pool, decodes=False),
    Way("httpcore-asyncio", ("httpcore",), AsyncChatStream, async_httpcore_pool, "asyncio", decodes=False),
    Way("httpcore-trio", ("httpcore", "trio"), AsyncChatStream, async_httpcore_pool, "trio", decodes=False),
    Way("curl_cffi", ("curl_cffi",), ChatStream, curl_session, connections=3),
    Way("curl_cffi-asyncio", ("curl_cffi",), AsyncChatStream, async_curl_session, "asyncio"),
    Way("openai", ("openai",), ChatStream, openai_client(created), raises=True),
    Way("openai-streaming", ("openai",), ChatStream, openai_client(streamed)),
    Way("openai-raw", ("openai",), ChatStream, openai_client(raw), raises=True),
    Way("openai-asyncio", ("openai",), AsyncChatStream, async_openai_client(created), "asyncio"),
    Way("openai-streaming-asyncio", ("openai",), AsyncChatStream, async_openai_client(streamed), "asyncio"),
    Way("openai-raw-asyncio", ("openai",), AsyncChatStream, async_openai_client(raw), "asyncio"),
]
