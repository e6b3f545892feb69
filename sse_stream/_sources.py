"""How bytes come out of each kind of response, found by its structure: nothing is imported, no class is named.

A source gives the next bytes as soon as they have arrived, however few; none waits to fill a block. What
is sync gives them to `ChatStream`, what is async to `AsyncChatStream`; the wrong one is told so.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import msgspec

_BLOCK = 65536


class Opened(msgspec.Struct, kw_only=True):
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


class SyncSource(Opened):
    """A source that blocks.

    Attributes:
        read: The next bytes, none if there is no telling yet; `None` at the end.
        close: Gives the connection back, or closes it if it cannot be used again.
        read_soon: The next bytes if they come within so many seconds; raises if not, and then nothing
            more can be read. `None` where no public interface of the client can promise that.
    """

    read: Callable[[], bytes | None]
    close: Callable[[], object]
    read_soon: Callable[[float], bytes | None] | None = None


class AsyncSource(Opened):
    """A source that is awaited.

    Attributes:
        read: The next bytes, none if there is no telling yet; `None` at the end.
        close: Gives the connection back, or closes it if it cannot be used again.
        read_soon: Whether reading on after the end of the stream can do any good.
        generator: What `read` reads, if that is a generator of the client's, which has to be ended too.
    """

    read: Callable[[], Awaitable[bytes | None]]
    close: Callable[[], Awaitable[object]]
    read_soon: bool = True
    generator: AsyncGenerator[bytes, None] | None = None


def open_source(source: Any) -> SyncSource:
    """Find out how bytes come out of a sync source.

    Raises:
        TypeError: It is none; the message says what to pass instead.
        ValueError: It is a response that has been read or closed already.
    """
    _refuse_what_is_no_source(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _sync_iterable(source, iter([bytes(source)]), in_memory=True)
    if hasattr(source, "iter_bytes") and hasattr(source, "aiter_bytes"):
        if not hasattr(getattr(source, "stream", None), "__iter__"):
            _refuse_async(source)
        return _sync_httpx(source)
    if hasattr(source, "iter_content") and hasattr(source, "raw"):
        if _is_coroutine_function(source.iter_content):
            _refuse_async(source)
        return _sync_requests(source)
    if _is_async(source):
        _refuse_async(source)
    if hasattr(source, "read1") or (hasattr(source, "read") and not hasattr(source, "encoding")):
        return _sync_readable(source)
    if hasattr(source, "encoding") and hasattr(source, "read"):
        raise TypeError("this file is open as text: open it with mode 'rb', or pass its .buffer")
    if hasattr(source, "__iter__"):
        return _sync_iterable(source, iter(source), in_memory=_is_in_memory(source))
    raise _refusal(source)


def open_async_source(source: Any) -> AsyncSource:
    """Find out how bytes come out of an async source.

    Raises:
        TypeError: It is none; the message says what to pass instead.
        ValueError: It is a response that has been read or closed already.
    """
    _refuse_what_is_no_source(source)
    source = getattr(source, "js_response", source)
    if hasattr(source, "aiter_bytes") and hasattr(source, "iter_bytes"):
        if not hasattr(getattr(source, "stream", None), "__aiter__"):
            _refuse_sync(source)
        return _async_httpx(source)
    if hasattr(source, "iter_content") and hasattr(source, "raw"):
        if not _is_coroutine_function(source.iter_content):
            _refuse_sync(source)
        return _async_requests(source)
    if hasattr(getattr(source, "content", None), "readany"):
        return _async_aiohttp(source)
    if hasattr(source, "arrayBuffer"):
        return _javascript_response(source)
    if hasattr(source, "getReader"):
        return _javascript_reader(source.getReader())
    if hasattr(source, "releaseLock") and hasattr(source, "read"):
        return _javascript_reader(source)
    if hasattr(source, "readany"):
        return AsyncSource(response=source, read=_until_empty(source.readany), close=_nothing, read_soon=False)
    if _is_coroutine_function(getattr(source, "read", None)):
        return AsyncSource(
            response=source, read=_until_empty(lambda: source.read(_BLOCK)), close=_nothing, read_soon=False
        )
    if hasattr(source, "__aiter__"):
        return _async_iterable(source, source.__aiter__())
    if isinstance(source, (bytes, bytearray, memoryview)):
        source = [bytes(source)]
    if hasattr(source, "read") or hasattr(source, "status"):
        _refuse_sync(source)
    if hasattr(source, "__iter__"):
        return _sync_iterable_awaited(source)
    raise _refusal(source)


# ---------------------------------------------------------------------------------------------- sync


def _sync_httpx(response: Any) -> SyncSource:
    opened = _httpx_opened(response)
    pieces = response.iter_bytes()
    network = response.extensions.get("network_stream")
    socket = None if network is None else network.get_extra_info("socket")

    def read() -> bytes | None:
        return next(pieces, None)

    # httpx fixes the read timeout when the body is begun, so the wait is bounded from outside.
    read_soon = None if socket is None else lambda seconds: _read_in_thread(read, lambda: socket.shutdown(2), seconds)
    return SyncSource(**opened, read=read, close=response.close, read_soon=read_soon)


def _read_in_thread(read: Callable[[], bytes | None], shut_down: Callable[[], object], seconds: float) -> bytes | None:
    """The next bytes, if they come soon. If not, the connection is shut down, which ends the read.

    Raises:
        TimeoutError: They did not come, and none will any more.
        RuntimeError: There are no threads here, as under Pyodide.
    """
    # Imported here: most programs never come to this, and start-up stays cheap.
    from threading import Thread

    outcome: list[bytes | None] = []

    def read_once() -> None:
        with suppress(Exception):  # the stream is done: that its connection broke is no news
            outcome.append(read())

    thread = Thread(target=read_once, name="sse_stream drain", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        with suppress(OSError):  # it may be gone by itself
            shut_down()
        thread.join(seconds)
    if not outcome:
        raise TimeoutError
    return outcome[0]


def _sync_requests(response: Any) -> SyncSource:
    opened = _requests_opened(response)
    raw = response.raw
    if raw is None or not hasattr(raw, "read1") or getattr(raw, "closed", False):
        # The body was read before, or a test stands in for the connection.
        pieces = response.iter_content(None)
        return SyncSource(**opened, read=partial(next, pieces, None), close=response.close)
    return SyncSource(**opened, read=_read_raw(raw), close=response.close, read_soon=_socket_bounded(raw))


def _sync_readable(source: Any) -> SyncSource:
    """urllib3, `http.client`, `urllib.request`, and binary files."""
    status = getattr(source, "status", None)
    if not isinstance(status, int):
        return _sync_file(source)
    opened = {
        "response": source,
        "status": status,
        "headers": _headers(source.headers),
        "http_version": _VERSIONS.get(getattr(source, "version", 11), ""),
    }
    return _sync_urllib3(source, opened) if hasattr(source, "release_conn") else _sync_http_client(source, opened)


def _sync_file(source: Any) -> SyncSource:
    read_some = source.read1 if hasattr(source, "read1") else source.read

    def read() -> bytes | None:
        data: bytes | None = read_some(_BLOCK)
        if data is None:
            raise BlockingIOError("nothing to read yet: this file is in non-blocking mode, and cannot be waited for")
        return data or None

    # What has a buffer to get is all in memory.
    return SyncSource(
        response=source,
        read=read,
        close=source.close,
        read_soon=(lambda _: read()) if hasattr(source, "getbuffer") else None,
    )


def _sync_urllib3(response: Any, opened: dict[str, Any]) -> SyncSource:
    if response.closed and response.data:
        return _sync_iterable(response, iter([response.data]), in_memory=True, **opened)

    def close() -> None:
        # A body read to its end has given the connection back already; any other cannot be used again.
        response.close()
        response.release_conn()

    return SyncSource(**opened, read=_read_raw(response), close=close, read_soon=_socket_bounded(response))


def _read_raw(raw: Any) -> Callable[[], bytes | None]:
    """For urllib3 and what is built on it."""
    encoded = "content-encoding" in raw.headers

    def read() -> bytes | None:
        data: bytes = raw.read1(_BLOCK, decode_content=True)
        # Compressed bytes may come to nothing yet: then only a closed body is at its end.
        return data if data or (encoded and not raw.closed) else None

    return read


def _socket_bounded(raw: Any) -> Callable[[float], bytes | None] | None:
    """For urllib3 and what is built on it: its connection has a socket whose timeout can be set."""
    socket: Any = getattr(getattr(raw, "connection", None), "sock", None)
    if not hasattr(socket, "settimeout"):
        return None
    read = _read_raw(raw)

    def read_soon(seconds: float) -> bytes | None:
        before = socket.gettimeout()
        socket.settimeout(seconds)
        try:
            return read()
        finally:
            if socket.fileno() != -1:
                socket.settimeout(before)

    return read_soon


def _sync_http_client(response: Any, opened: dict[str, Any]) -> SyncSource:
    """`http.client` and `urllib.request`."""
    left: int | None = getattr(response, "length", None)

    def read() -> bytes | None:
        nonlocal left
        data: bytes = response.read1(_BLOCK)
        if left is not None:
            left -= len(data)
            if left > 0 and not data:  # of which `read` complains, but not `read1`
                from http.client import IncompleteRead

                raise IncompleteRead(b"", left)
        return data or None

    def shut_down() -> None:
        import os
        from socket import socket

        with socket(fileno=os.dup(response.fileno())) as connection:
            connection.shutdown(2)

    return SyncSource(
        **opened,
        read=read,
        close=response.close,
        read_soon=lambda seconds: _read_in_thread(read, shut_down, seconds),
    )


def _is_in_memory(source: Any) -> bool:
    """Whether reading on never blocks."""
    return isinstance(source, (list, tuple)) or type(source) in _MEMORY_ITERATORS


_MEMORY_ITERATORS: tuple[type, ...] = (type(iter([])), type(iter(())))


def _sync_iterable(source: Any, pieces: Iterator[bytes], *, in_memory: bool, **opened: Any) -> SyncSource:
    opened.setdefault("response", source)
    read = _next_or_none(pieces)
    return SyncSource(
        **opened,
        read=read,
        close=getattr(source, "close", getattr(pieces, "close", _do_nothing)),
        read_soon=(lambda _: read()) if in_memory else None,
    )


def _next_or_none(pieces: Iterator[bytes | None]) -> Callable[[], bytes | None]:
    def read() -> bytes | None:
        for piece in pieces:
            return piece if piece is not None else _none_is_no_piece()
        return None

    return read


# --------------------------------------------------------------------------------------------- async


def _async_httpx(response: Any) -> AsyncSource:
    opened = _httpx_opened(response)
    pieces = response.aiter_bytes()
    return AsyncSource(**opened, read=_anext_or_none(pieces), close=response.aclose, generator=pieces)


def _async_requests(response: Any) -> AsyncSource:
    """niquests, whose async responses stand on an async urllib3."""
    raw = response.raw
    encoded = "content-encoding" in raw.headers

    async def read() -> bytes | None:
        data: bytes = await raw.read1(_BLOCK, decode_content=True)
        return data if data or (encoded and not raw.closed) else None

    return AsyncSource(**_requests_opened(response), read=read, close=response.close)


def _async_aiohttp(response: Any) -> AsyncSource:
    version = getattr(response, "version", None)

    async def close() -> None:
        response.close()

    return AsyncSource(
        response=response,
        status=response.status,
        headers=_headers(response.headers),
        http_version="" if version is None else f"HTTP/{version.major}.{version.minor}",
        read=_until_empty(response.content.readany),
        close=close,
    )


def _javascript_response(response: Any) -> AsyncSource:
    """A `Response` of `fetch` under Pyodide. It does not tell the HTTP version, nor whose the connection is."""
    headers = {str(name).lower(): str(value) for name, value in response.headers.entries()}
    if not hasattr(response.body, "getReader"):  # null: a response that can have no body
        source = _sync_iterable_awaited([])
    else:
        source = _javascript_reader(response.body.getReader())
    return AsyncSource(response=response, status=response.status, headers=headers, read=source.read, close=source.close)


def _javascript_reader(reader: Any) -> AsyncSource:
    """The reader of a JavaScript stream of `Uint8Array`s."""

    async def read() -> bytes | None:
        result = await reader.read()
        if result.done:
            return None
        data: bytes = result.value.to_bytes()
        return data

    async def close() -> None:
        await reader.cancel()

    return AsyncSource(response=reader, read=read, close=close, read_soon=False)


def _async_iterable(source: Any, pieces: AsyncIterator[bytes]) -> AsyncSource:
    async def close() -> None:
        closers = (getattr(owner, name, None) for owner in (source, pieces) for name in ("aclose", "close"))
        done: Any = next(filter(None, closers), _do_nothing)()
        if hasattr(done, "__await__"):
            await done

    return AsyncSource(response=source, read=_anext_or_none(pieces), close=close)


def _sync_iterable_awaited(source: Any) -> AsyncSource:
    pieces = iter(source)
    read_now = _next_or_none(pieces)

    async def read() -> bytes | None:
        return read_now()

    async def close() -> None:
        getattr(pieces, "close", _do_nothing)()

    return AsyncSource(response=source, read=read, close=close, read_soon=_is_in_memory(source))


def _anext_or_none(pieces: AsyncIterator[bytes | None]) -> Callable[[], Awaitable[bytes | None]]:
    advance = pieces.__anext__

    async def read() -> bytes | None:
        try:
            piece = await advance()
        except StopAsyncIteration:
            return None
        return piece if piece is not None else _none_is_no_piece()

    return read


def _until_empty(read_some: Callable[[], Awaitable[bytes]]) -> Callable[[], Awaitable[bytes | None]]:
    async def read() -> bytes | None:
        return await read_some() or None

    return read


# -------------------------------------------------------------------------------------------- shared


class PieceError(TypeError):
    """An iterable gave something other than bytes."""


def checked(piece: object) -> bytes:
    """The piece as bytes.

    Raises:
        PieceError: It is none; the message says what to pass instead.
    """
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, (bytearray, memoryview)):
        return bytes(piece)
    hint = ": pass what gives bytes, as iter_bytes() does, not lines or text" if isinstance(piece, str) else ""
    raise PieceError(f"this source gave {type(piece).__name__}, not bytes{hint}")


def _none_is_no_piece() -> NoReturn:
    raise PieceError("this source gave None, not bytes: an iterable says that it is at its end by ending")


def _is_coroutine_function(function: object) -> bool:
    # Imported here: asked once a stream, and start-up stays cheap.
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function)


def _httpx_opened(response: Any) -> dict[str, Any]:
    if response.is_stream_consumed or response.is_closed:
        try:
            _ = response.content
        except RuntimeError:
            state = "read" if response.is_stream_consumed else "closed"
            raise ValueError(
                f"this response has been {state} already: wrap it before it is read, inside the client's `with`"
            ) from None
    return {
        "response": response,
        "status": response.status_code,
        "headers": _headers(response.headers),
        "http_version": response.http_version,
    }


def _requests_opened(response: Any) -> dict[str, Any]:
    return {
        "response": response,
        "status": response.status_code,
        "headers": _headers(response.headers),
        "http_version": _VERSIONS.get(getattr(response.raw, "version", 11), ""),
    }


# As `http.client` and those after it number them.
_VERSIONS = {10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2", 30: "HTTP/3"}


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _do_nothing() -> None:
    """There is nothing to close."""


async def _nothing() -> None:
    """There is nothing to close."""


def _is_async(source: Any) -> bool:
    return (
        hasattr(getattr(source, "content", None), "readany")
        or any(hasattr(source, name) for name in ("readany", "js_response", "arrayBuffer", "getReader", "releaseLock"))
        or _is_coroutine_function(getattr(source, "read", None))
        or (hasattr(source, "__aiter__") and not hasattr(source, "__iter__"))
    )


def _refuse_what_is_no_source(source: Any) -> None:
    if isinstance(source, str):
        raise TypeError("a str is no source: pass the response itself, or its bytes before they are decoded")
    if isinstance(source, dict):
        raise TypeError("a dict is no source: pass the response itself, or use ChatAccumulator for decoded chunks")
    if hasattr(source, "cr_frame"):
        source.close()  # for Python warns of one that was never awaited
        raise TypeError(
            "this is a coroutine that nobody has awaited: pass what it returns, as in `await client.send(…)`"
        )
    if source is None or isinstance(source, (int, float)):
        raise _refusal(source)
    if not hasattr(source, "__iter__") and (hasattr(source, "__enter__") or hasattr(source, "__aenter__")):
        entered = any(hasattr(source, name) for name in ("read", "iter_bytes", "iter_content", "content", "__aiter__"))
        if not entered:
            keyword = "async with" if hasattr(source, "__aenter__") else "with"
            raise TypeError(
                f"this {type(source).__name__} is a context manager that nobody has entered: "
                f"pass the response that `{keyword} … as response` gives"
            )


def _refuse_async(source: Any) -> NoReturn:
    raise TypeError(f"this {type(source).__name__} is async: use AsyncChatStream and `async for`, or aiter_sse")


def _refuse_sync(source: Any) -> NoReturn:
    raise TypeError(f"this {type(source).__name__} is sync: use ChatStream and `for`, or iter_sse")


def _refusal(source: Any) -> TypeError:
    return TypeError(
        f"{type(source).__name__} is no source: pass a response of httpx, requests, aiohttp or another client, "
        "a binary file, or an iterable of bytes"
    )
