"""What is known of a source once it is open: how it is read and closed, and what its response says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any

import msgspec

from ._attributes import attribute

BLOCK = 65536


class Source(msgspec.Struct, kw_only=True):
    """What is known of a response before its body is read.

    Attributes:
        response: What the caller gave.
        status: The HTTP status; `None` where there is no response, only bytes.
        headers: The headers, names in lower case; empty where there are none.
        http_version: `"HTTP/1.1"` and so on, `""` where the client does not tell.
    """

    response: Any
    status: int | None = None
    headers: Mapping[str, str] = {}
    http_version: str = ""

    @property
    def keeps_connection(self) -> bool:
        """Whether reading to the very end lets the next request use the connection again."""
        return self.http_version in ("HTTP/1.1", "") and self.headers.get("connection", "").lower() != "close"


class SyncSource(Source):
    """A source that blocks.

    Attributes:
        pieces: The body as the client gives it: bytes, empty if there is no telling yet, or what is no bytes where
            the caller's iterable gives such.
        close: Gives the connection back, or closes it if it cannot be used again.
        read_soon: The next bytes if they come within so many seconds; raises if not, and then nothing
            more can be read. `None` where no public interface of the client can promise that.
        interrupt: Ends the read that another thread is blocked in, and with it the connection. `None` where the
            client has no socket to shut down, or shares it with other requests, as HTTP/2 does.
    """

    pieces: Iterator[object]
    close: Callable[[], object]
    read_soon: Callable[[float], object] | None = None
    interrupt: Callable[[], object] | None = None


class AsyncSource(Source):
    """A source that is awaited.

    Attributes:
        read: Gives the next piece of the body, as with `SyncSource`, or raises `StopAsyncIteration` at the end. It
            returns a coroutine, or what can stand in for one after `yield from`.
        close: Gives the connection back, or closes it if it cannot be used again.
        ends_empty: Whether empty bytes are the end.
        read_soon: Whether reading on after the end of the stream can do any good.
        generator: What `read` reads, if that is a generator of the client's, which has to be ended too.
    """

    read: Callable[[], Coroutine[Any, Any, object]]
    close: Callable[[], Awaitable[object]]
    ends_empty: bool = False
    read_soon: bool = True
    generator: AsyncGenerator[bytes, None] | None = None


class PieceError(TypeError):
    """An iterable gave something other than bytes."""


class UsedResponseError(ValueError):
    """A response whose body was read or closed already."""


def checked(piece: object) -> bytes:
    """The piece as bytes.

    Raises:
        PieceError: It is none; the message says what to pass instead.
    """
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, (bytearray, memoryview)):
        return bytes(piece)
    if piece is None:
        raise PieceError("this source gave None, not bytes: an iterable says that it is at its end by ending")
    hint = ": pass what gives bytes, as iter_bytes() does, not lines or text" if isinstance(piece, str) else ""
    raise PieceError(f"this source gave {type(piece).__name__}, not bytes{hint}")


def is_coroutine_function(function: object) -> bool:
    # Imported here: asked once a stream, and start-up stays cheap.
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function)


def httpx_head(response: Any) -> dict[str, Any]:
    """What a response of httpx or httpx2 says of itself.

    Raises:
        UsedResponseError: It has been read or closed already.
    """
    if response.is_stream_consumed or response.is_closed:
        try:
            _ = response.content
        except RuntimeError:
            state = "read" if response.is_stream_consumed else "closed"
            raise UsedResponseError(
                f"this response has been {state} already: wrap it before it is read, inside the client's `with`"
            ) from None
    return {
        "response": response,
        "status": response.status_code,
        "headers": lower_case_headers(response.headers),
        "http_version": response.http_version,
    }


def httpcore_head(response: Any) -> dict[str, Any]:
    """What a response of httpcore says of itself, in bytes."""
    version: bytes = (attribute(response, "extensions") or {}).get("http_version", b"")
    return {
        "response": response,
        "status": response.status,
        "headers": {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers},
        "http_version": version.decode("latin-1"),
    }


def curl_head(response: Any) -> dict[str, Any]:
    """What a response of curl_cffi says of itself; HTTP versions are libcurl's numbers."""
    return {
        "response": response,
        "status": response.status_code,
        "headers": lower_case_headers(response.headers),
        "http_version": {1: "HTTP/1.0", 2: "HTTP/1.1"}.get(response.http_version, "HTTP/2"),
    }


def requests_head(response: Any) -> dict[str, Any]:
    """What a response of requests or niquests says of itself."""
    return {
        "response": response,
        "status": response.status_code,
        "headers": lower_case_headers(response.headers),
        "http_version": HTTP_VERSIONS.get(attribute(response.raw, "version", 11), ""),
    }


# As `http.client` and those after it number them.
HTTP_VERSIONS = {10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2", 30: "HTTP/3"}


def lower_case_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


def do_nothing() -> None:
    """There is nothing to close."""


async def close_nothing() -> None:
    """There is nothing to close."""
