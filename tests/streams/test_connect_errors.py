"""Clients' exceptions while connecting: connection failures, error statuses, and the caller's own errors."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from email.message import Message
from urllib.error import HTTPError, URLError

import aiohttp
import anyio
import httpx
import httpx2
import niquests
import pytest
import requests
import trio
import urllib3
from yarl import URL

from sse_stream import AsyncChatStream, ChunkDecodeError, StatusError, StreamTimeoutError, TransportError
from sse_stream._streams._connect_errors import connect_error

from .server import Peer, ScriptedServer

AWAY = [
    ConnectionRefusedError("refused"),
    ConnectionResetError("reset"),
    BrokenPipeError(),
    OSError(113, "No route to host"),
    OSError("Multiple exceptions: refused, refused"),
    socket.gaierror(-2, "Name or service not known"),
    ssl.SSLError("handshake"),
    ssl.SSLCertVerificationError("certificate"),
    EOFError(),
    http.client.RemoteDisconnected("closed"),
    http.client.BadStatusLine("x"),
    http.client.IncompleteRead(b""),
    URLError(ConnectionRefusedError()),
    httpx.ConnectError("refused"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("half a head"),
    httpx.ProxyError("no proxy"),
    httpx2.ConnectError("refused"),
    httpx2.RemoteProtocolError("half a head"),
    requests.ConnectionError("refused"),
    requests.exceptions.SSLError("certificate"),
    requests.exceptions.ProxyError("no proxy"),
    requests.exceptions.ChunkedEncodingError("half a chunk"),
    requests.exceptions.RetryError("too many"),
    niquests.ConnectionError("refused"),
    urllib3.exceptions.ProtocolError("broken"),
    urllib3.exceptions.MaxRetryError(urllib3.HTTPConnectionPool("127.0.0.1"), "/"),
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientOSError("refused"),
    aiohttp.ClientPayloadError("half a body"),
    aiohttp.ClientConnectionError("closed"),
    trio.BrokenResourceError("broken"),
    anyio.EndOfStream("closed"),
]

LATE = [
    TimeoutError(),
    httpx.ConnectTimeout("late"),
    httpx.ReadTimeout("late"),
    httpx.PoolTimeout("late"),
    httpx2.ConnectTimeout("late"),
    requests.ConnectTimeout("late"),
    requests.ReadTimeout("late"),
    niquests.ConnectTimeout("late"),
    urllib3.exceptions.ConnectTimeoutError("late"),
    urllib3.exceptions.ReadTimeoutError(urllib3.HTTPConnectionPool("127.0.0.1"), "/", "late"),
    aiohttp.ServerTimeoutError("late"),
    aiohttp.ConnectionTimeoutError("late"),
    trio.TooSlowError("late"),
]

MISTAKES = [
    TypeError("not this"),
    AttributeError("no such method"),
    ValueError("bad"),
    KeyError("token"),
    RuntimeError("the client is closed"),
    LookupError("forgotten"),
    FileNotFoundError("token.txt"),
    PermissionError("token.txt"),
    IsADirectoryError("token.txt"),
    httpx.UnsupportedProtocol("no http://"),
    httpx.InvalidURL("no URL"),
    httpx.LocalProtocolError("Illegal header value"),
    httpx.TooManyRedirects("in circles"),
    requests.exceptions.MissingSchema("no http://"),
    requests.exceptions.InvalidSchema("ftp://"),
    requests.exceptions.InvalidURL("no URL"),
    requests.exceptions.InvalidHeader("bad"),
    requests.exceptions.TooManyRedirects("in circles"),
    niquests.exceptions.InvalidSchema("ftp://"),
    http.client.InvalidURL("no URL"),
    aiohttp.InvalidURL("no URL"),
]


@pytest.mark.parametrize("error", AWAY, ids=repr)
def test_a_failure_of_the_connection(error: Exception) -> None:
    cause = connect_error(error)
    assert type(cause) is TransportError
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    assert str(cause) == f"connecting failed: {said}"


@pytest.mark.parametrize("error", LATE, ids=repr)
def test_a_timeout(error: Exception) -> None:
    cause = connect_error(error)
    assert type(cause) is StreamTimeoutError
    assert cause.kind == "read"
    assert str(cause).startswith("the client timed out before there was a response: ")


@pytest.mark.parametrize("error", MISTAKES, ids=repr)
def test_what_is_the_callers_own(error: Exception) -> None:
    assert connect_error(error) is None


@pytest.mark.parametrize(
    "error", [TransportError("broken"), StatusError("HTTP 503"), ChunkDecodeError("bad")], ids=repr
)
def test_what_is_ours_already(error: Exception) -> None:
    assert connect_error(error) is error


def status_errors(status: int) -> list[Exception]:
    """What clients make of this status, with `Retry-After: 7`."""
    headers = {"Retry-After": "7"}
    answer = requests.Response()
    answer.status_code = status
    answer.headers.update(headers)
    message = Message()
    message["Retry-After"] = "7"
    request = httpx.Request("GET", "http://127.0.0.1/")
    about = aiohttp.RequestInfo(URL("http://127.0.0.1/"), "GET", {}, URL("http://127.0.0.1/"))  # type: ignore[arg-type]  # headers are not looked at
    return [
        httpx.HTTPStatusError("refused", request=request, response=httpx.Response(status, headers=headers)),
        requests.HTTPError("refused", response=answer),
        aiohttp.ClientResponseError(about, (), status=status, headers=headers),  # type: ignore[arg-type]  # as any mapping
        HTTPError("http://127.0.0.1/", status, "refused", message, None),
    ]


def test_what_is_no_http_is_no_status() -> None:
    """aiohttp gives its error for that the status 400, and its own error as the cause."""
    error = status_errors(400)[2]
    assert connect_error(error) is None
    error.__cause__ = aiohttp.http_exceptions.BadHttpMessage("Data after `Connection: close`")
    assert type(connect_error(error)) is TransportError


@pytest.mark.parametrize("error", status_errors(503), ids=repr)
def test_a_status_that_passes(error: Exception) -> None:
    cause = connect_error(error)
    assert isinstance(cause, StatusError)
    assert (cause.status_code, cause.retry_after) == (503, 7)
    assert str(cause).startswith("HTTP 503: ")


@pytest.mark.parametrize("error", [*status_errors(410), *status_errors(401)], ids=repr)
def test_a_status_that_does_not(error: Exception) -> None:
    assert connect_error(error) is None


@pytest.mark.parametrize("head", [b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_has_no_status(head: bytes) -> None:
    """aiohttp gives its error for that the status 400, which no server has sent."""

    def script(peer: Peer) -> None:
        peer.write(head)

    async def ask(url: str) -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientResponseError) as caught:
                await session.get(url)
            assert caught.value.status == 400
            assert type(connect_error(caught.value)) is TransportError
            with pytest.raises(TransportError, match="the request failed with ClientResponseError"):
                async with AsyncChatStream(session.get(url)):
                    pass

    with ScriptedServer(script) as server:
        asyncio.run(ask(server.chat_url))
