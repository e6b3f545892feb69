"""How each HTTP client opens and closes a stream, sync and async."""

from __future__ import annotations

import http.client
import importlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from unittest.mock import patch
from urllib.parse import urlsplit

Headers: TypeAlias = Mapping[str, str]

# How long a client waits to connect, and as a rule for the next bytes.
SECONDS = 30.0


@dataclass(frozen=True)
class SyncClient:
    """A client of a thread's own: `open` sends a request whose read timeout is so many seconds."""

    open: Callable[[str, Headers, float], Any]
    close: Callable[[], object]


@dataclass(frozen=True)
class AsyncClient:
    """The same, awaited."""

    open: Callable[[str, Headers, float], Awaitable[Any]]
    close: Callable[[], Awaitable[object]]


def _httpx(name: str) -> SyncClient:
    module = importlib.import_module(name)
    client = module.Client(trust_env=False)

    def send(url: str, headers: Headers, seconds: float) -> Any:
        timeout = module.Timeout(SECONDS, read=seconds)
        return client.send(client.build_request("POST", url, headers=headers, timeout=timeout), stream=True)

    return SyncClient(send, client.close)


def _requests(name: str) -> SyncClient:
    session = importlib.import_module(name).Session()
    session.trust_env = False

    def send(url: str, headers: Headers, seconds: float) -> Any:
        return session.post(url, headers=headers, stream=True, timeout=(SECONDS, seconds))

    return SyncClient(send, session.close)


def _urllib3() -> SyncClient:
    urllib3 = importlib.import_module("urllib3")
    pool = urllib3.PoolManager(headers=urllib3.make_headers(accept_encoding=True))

    def send(url: str, headers: Headers, seconds: float) -> Any:
        timeout = urllib3.Timeout(connect=SECONDS, read=seconds)
        headers = {**pool.headers, **headers}
        return pool.request("POST", url, headers=headers, preload_content=False, timeout=timeout, retries=False)

    return SyncClient(send, pool.clear)


def _http_client() -> SyncClient:
    last: list[http.client.HTTPConnection] = []

    def close() -> None:
        while last:
            last.pop().close()

    def send(url: str, headers: Headers, seconds: float) -> Any:
        close()
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=seconds)
        last.append(connection)
        connection.request("POST", urlsplit(url).path, headers={"Content-Length": "0", **headers})
        return connection.getresponse()

    return SyncClient(send, close)


def _async_httpx(name: str) -> AsyncClient:
    module = importlib.import_module(name)
    client = module.AsyncClient(trust_env=False)

    async def send(url: str, headers: Headers, seconds: float) -> Any:
        timeout = module.Timeout(SECONDS, read=seconds)
        return await client.send(client.build_request("POST", url, headers=headers, timeout=timeout), stream=True)

    return AsyncClient(send, client.aclose)


def _aiohttp() -> AsyncClient:
    aiohttp = importlib.import_module("aiohttp")
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))

    async def send(url: str, headers: Headers, seconds: float) -> Any:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=seconds)
        return await session.post(url, headers=headers, timeout=timeout)

    return AsyncClient(send, session.close)


@contextmanager
def sockets_given_up() -> Iterator[Callable[[], int]]:
    """Note the sockets that a client detaches within this block.

    urllib3-future, which niquests uses, detaches the asyncio socket of a connection that was reset, and does not always
    close its descriptor, whoever reads it.

    Yields:
        Closes those that are still open, and returns how many they were.
    """
    detach = socket.socket.detach
    given_up: set[tuple[int, int]] = set()

    def noting(one: socket.socket) -> int:
        descriptor = detach(one)
        with suppress(OSError):
            given_up.add((descriptor, os.fstat(descriptor).st_ino))
        return descriptor

    def close() -> int:
        left = 0
        for descriptor, inode in given_up:
            with suppress(OSError):
                if os.fstat(descriptor).st_ino == inode:
                    os.close(descriptor)
                    left += 1
        return left

    with patch.object(socket.socket, "detach", noting):
        yield close


def _async_niquests() -> AsyncClient:
    session = importlib.import_module("niquests").AsyncSession()
    session.trust_env = False

    async def send(url: str, headers: Headers, seconds: float) -> Any:
        return await session.post(url, headers=headers, stream=True, timeout=(SECONDS, seconds))

    return AsyncClient(send, session.close)


SYNC: Mapping[str, Callable[[], SyncClient]] = {
    "httpx": lambda: _httpx("httpx"),
    "httpx2": lambda: _httpx("httpx2"),
    "requests": lambda: _requests("requests"),
    "niquests": lambda: _requests("niquests"),
    "urllib3": _urllib3,
    "http.client": _http_client,
}
ASYNC: Mapping[str, Callable[[], AsyncClient]] = {
    "httpx": lambda: _async_httpx("httpx"),
    "httpx2": lambda: _async_httpx("httpx2"),
    "aiohttp": _aiohttp,
    "niquests": _async_niquests,
}
TRIO: Mapping[str, Callable[[], AsyncClient]] = {name: ASYNC[name] for name in ("httpx", "httpx2")}
