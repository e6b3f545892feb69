"""Open sources: how they are read and closed, and the metadata of their response."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any

import msgspec

from ._attributes import attribute

BLOCK = 65536


class Source(msgspec.Struct, kw_only=True):
    """A response whose body has not been read.

    Attributes:
        response: The object that the caller passed.
        status: The HTTP status; `None` if the source is only bytes.
        headers: The headers, with lower-case names; empty if there are none.
        http_version: The HTTP version, such as `"HTTP/1.1"`; `""` if the client does not expose it.
    """

    response: Any
    status: int | None = None
    headers: Mapping[str, str] = {}
    http_version: str = ""

    @property
    def keeps_connection(self) -> bool:
        """Whether the connection can be reused once the body has been read to its end."""
        return self.http_version in ("HTTP/1.1", "") and self.headers.get("connection", "").lower() != "close"


class SyncSource(Source):
    """A blocking source.

    Attributes:
        pieces: The body as the client yields it: bytes, empty while a decompressor has no output, or any other object
            that the caller's iterable yields.
        close: Releases the connection, or closes it if it cannot be reused.
        read_soon: Returns the next bytes if they arrive within the given number of seconds; otherwise raises, and
            nothing more can be read. `None` if the client's public interface does not allow it.
        interrupt: Ends a read that another thread is blocked in, together with the connection. `None` if the client
            exposes no socket, or shares it with other requests, as HTTP/2 does.
    """

    pieces: Iterator[object]
    close: Callable[[], object]
    read_soon: Callable[[float], object] | None = None
    interrupt: Callable[[], object] | None = None


class AsyncSource(Source):
    """An async source.

    Attributes:
        read: Reads the next piece of the body, as in `SyncSource`, or raises `StopAsyncIteration` at the end. It
            returns a coroutine, or an object that `yield from` accepts like one.
        close: Releases the connection, or closes it if it cannot be reused.
        ends_empty: Whether empty bytes mark the end of the body.
        read_soon: Whether reading on after the end of the stream can free the connection for reuse.
        generator: The client's generator behind `read`, if any; it has to be closed too.
    """

    read: Callable[[], Coroutine[Any, Any, object]]
    close: Callable[[], Awaitable[object]]
    ends_empty: bool = False
    read_soon: bool = True
    generator: AsyncGenerator[bytes, None] | None = None


class PieceError(TypeError):
    """An iterable yielded something other than bytes."""


class UsedResponseError(ValueError):
    """The response has already been read or closed."""


def checked(piece: object) -> bytes:
    """Convert a piece to bytes.

    Raises:
        PieceError: It is not bytes-like; the message says what to pass instead.
    """
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, (bytearray, memoryview)):
        return bytes(piece)
    if piece is None:
        raise PieceError("this source yielded None, not bytes: an iterable marks its end by stopping")
    hint = ": pass an iterable of bytes, such as iter_bytes(), not of lines or text" if isinstance(piece, str) else ""
    raise PieceError(f"this source yielded {type(piece).__name__}, not bytes{hint}")


def is_coroutine_function(function: object) -> bool:
    # Imported lazily to keep start-up fast.
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function)


def httpx_head(response: Any) -> dict[str, Any]:
    """Return the metadata of a response of httpx or httpx2.

    Raises:
        UsedResponseError: The response has already been read or closed.
    """
    if response.is_stream_consumed or response.is_closed:
        try:
            _ = response.content
        except RuntimeError:
            state = "read" if response.is_stream_consumed else "closed"
            raise UsedResponseError(
                f"this response has already been {state}: wrap it before it is read, inside the client's `with` block"
            ) from None
    return {
        "response": response,
        "status": response.status_code,
        "headers": lower_case_headers(response.headers),
        "http_version": response.http_version,
    }


def httpcore_head(response: Any) -> dict[str, Any]:
    """Return the metadata of a response of httpcore, which holds bytes."""
    version: bytes = (attribute(response, "extensions") or {}).get("http_version", b"")
    return {
        "response": response,
        "status": response.status,
        "headers": {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers},
        "http_version": version.decode("latin-1"),
    }


def curl_head(response: Any) -> dict[str, Any]:
    """Return the metadata of a response of curl_cffi, which uses libcurl's numbers for HTTP versions."""
    return {
        "response": response,
        "status": response.status_code,
        "headers": lower_case_headers(response.headers),
        "http_version": {1: "HTTP/1.0", 2: "HTTP/1.1"}.get(response.http_version, "HTTP/2"),
    }


def requests_head(response: Any) -> dict[str, Any]:
    """Return the metadata of a response of requests or niquests."""
    return {
        "response": response,
        "status": response.status_code,
        "headers": lower_case_headers(response.headers),
        "http_version": HTTP_VERSIONS.get(attribute(response.raw, "version", 11), ""),
    }


# Version numbers as in `http.client`, urllib3 and niquests.
HTTP_VERSIONS = {10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2", 30: "HTTP/3"}


def lower_case_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


def do_nothing() -> None:
    """Close a source that needs no closing."""


async def close_nothing() -> None:
    """Close a source that needs no closing."""
