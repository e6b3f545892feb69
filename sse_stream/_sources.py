"""How bytes come out of each kind of response, found by its structure: nothing is imported, no class is named.

A source gives the next bytes as soon as they have arrived, however few; none waits to fill a block. What
is sync gives them to `ChatStream`, what is async to `AsyncChatStream`; the wrong one is told so.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
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
        read: The next bytes; `None` at the end.
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
        read: The next bytes; `None` at the end.
        close: Gives the connection back, or closes it if it cannot be used again.
        read_soon: Whether reading on after the end of the stream can do any good.
    """

    read: Callable[[], Awaitable[bytes | None]]
    close: Callable[[], Awaitable[object]]
    read_soon: bool = True


def open_source(source: Any) -> SyncSource:
    """Find out how bytes come out of a sync source.

    Raises:
        TypeError: It is none; the message says what to pass instead.
    """
    _refuse_what_is_no_source(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _sync_iterable(source, iter([bytes(source)]), in_memory=True)
    if hasattr(source, "iter_bytes") and hasattr(source, "aiter_bytes"):
        if not hasattr(getattr(source, "stream", None), "__iter__"):
            _refuse_async(source)
        return _sync_httpx(source)
    if hasattr(source, "iter_content") and hasattr(source, "raw"):
        if inspect.iscoroutinefunction(source.iter_content):
            _refuse_async(source)
        return _sync_requests(source)
    if _is_async(source):
        _refuse_async(source)
    if hasattr(source, "read1") or (hasattr(source, "read") and not hasattr(source, "encoding")):
        return _sync_readable(source)
    if hasattr(source, "encoding") and hasattr(source, "read"):
        raise TypeError("this file is open as text: open it with mode 'rb', or pass its .buffer")
    if hasattr(source, "__iter__"):
        in_memory = isinstance(source, (list, tuple)) or type(source) in _MEMORY_ITERATORS
        return _sync_iterable(source, iter(source), in_memory=in_memory)
    raise _refusal(source)


def open_async_source(source: Any) -> AsyncSource:
    """Find out how bytes come out of an async source.

    Raises:
        TypeError: It is none; the message says what to pass instead.
    """
    _refuse_what_is_no_source(source)
    source = getattr(source, "js_response", source)
    if hasattr(source, "aiter_bytes") and hasattr(source, "iter_bytes"):
        if not hasattr(getattr(source, "stream", None), "__aiter__"):
            _refuse_sync(source)
        return _async_httpx(source)
    if hasattr(source, "iter_content") and hasattr(source, "raw"):
        if not inspect.iscoroutinefunction(source.iter_content):
            _refuse_sync(source)
        return _async_requests(source)
    if hasattr(getattr(source, "content", None), "readany"):
        return _async_aiohttp(source)
    if hasattr(getattr(source, "body", None), "getReader"):
        return _javascript(source, source.body.getReader())
    if hasattr(source, "getReader"):
        return _javascript(None, source.getReader())
    if hasattr(source, "releaseLock") and hasattr(source, "read"):
        return _javascript(None, source)
    if hasattr(source, "readany"):
        return AsyncSource(response=source, read=_until_empty(source.readany), close=_nothing, read_soon=False)
    if inspect.iscoroutinefunction(getattr(source, "read", None)):
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
    pieces = response.iter_bytes()
    opened = _httpx_opened(response)
    network = response.extensions.get("network_stream")
    socket = network.get_extra_info("socket") if network is not None else None
    return SyncSource(
        **opened,
        read=lambda: next(pieces, None),
        close=response.close,
        # httpx fixes the read timeout when the body is begun, so the wait is bounded from outside.
        read_soon=None if socket is None else lambda seconds: _next_in_thread(pieces, socket, seconds),
    )


def _next_in_thread(pieces: Iterator[bytes], socket: Any, seconds: float) -> bytes | None:
    """The next bytes, if they come soon. If not, the connection is shut down, which ends the read."""
    outcome: list[bytes | None] = []

    def read() -> None:
        with suppress(Exception):  # the stream is done; that its connection broke is no news
            outcome.append(next(pieces, None))

    thread = threading.Thread(target=read, name="sse_stream drain", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        socket.shutdown(2)  # both ways: the blocked read returns at once
        thread.join()
    if not outcome:
        raise TimeoutError
    return outcome[0]


def _sync_requests(response: Any) -> SyncSource:
    opened = _requests_opened(response)
    raw = response.raw
    if raw is None or not hasattr(raw, "read1") or getattr(raw, "closed", False):
        # The body was read before, or a test stands in for the connection.
        pieces = response.iter_content(None)
        return SyncSource(**opened, read=lambda: next(pieces, None), close=response.close)
    return SyncSource(
        **opened,
        read=lambda: raw.read1(decode_content=True) or None,
        close=response.close,
        read_soon=_socket_bounded(raw),
    )


def _sync_readable(source: Any) -> SyncSource:
    """urllib3, `http.client`, `urllib.request`, and binary files."""
    status = getattr(source, "status", None)
    if not isinstance(status, int):
        read1 = source.read1 if hasattr(source, "read1") else source.read
        read_soon = (lambda _: read1(_BLOCK) or None) if hasattr(source, "getbuffer") else None
        return SyncSource(response=source, read=lambda: read1(_BLOCK) or None, close=source.close, read_soon=read_soon)
    version = {10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2"}.get(getattr(source, "version", 11), "")
    opened = {"response": source, "status": status, "headers": _headers(source.headers), "http_version": version}
    if not hasattr(source, "release_conn"):  # http.client: it decodes nothing, and tells no public socket
        return SyncSource(**opened, read=lambda: source.read1(_BLOCK) or None, close=source.close)
    if source.closed and source.data:
        return _sync_iterable(source, iter([source.data]), in_memory=True, **opened)

    def close() -> None:
        # A body read to its end has given the connection back already; any other cannot be used again.
        source.close()
        source.release_conn()

    return SyncSource(
        **opened,
        read=lambda: source.read1(decode_content=True) or None,
        close=close,
        read_soon=_socket_bounded(source),
    )


def _socket_bounded(raw: Any) -> Callable[[float], bytes | None] | None:
    """For urllib3 and what is built on it: its connection has a socket whose timeout can be set."""
    socket: Any = getattr(getattr(raw, "connection", None), "sock", None)
    if not hasattr(socket, "settimeout"):
        return None

    def read_soon(seconds: float) -> bytes | None:
        before = socket.gettimeout()
        socket.settimeout(seconds)
        try:
            data: bytes = raw.read1(decode_content=True)
        finally:
            if socket.fileno() != -1:
                socket.settimeout(before)
        return data or None

    return read_soon


# Iterators of what is in memory already: reading on never blocks.
_MEMORY_ITERATORS: tuple[type, ...] = (type(iter([])), type(iter(())))


def _sync_iterable(source: Any, pieces: Iterator[bytes], *, in_memory: bool, **opened: Any) -> SyncSource:
    opened.setdefault("response", source)
    return SyncSource(
        **opened,
        read=lambda: next(pieces, None),
        close=getattr(source, "close", getattr(pieces, "close", _do_nothing)),
        read_soon=(lambda _: next(pieces, None)) if in_memory else None,
    )


# --------------------------------------------------------------------------------------------- async


def _async_httpx(response: Any) -> AsyncSource:
    return AsyncSource(**_httpx_opened(response), read=_anext_or_none(response.aiter_bytes()), close=response.aclose)


def _async_requests(response: Any) -> AsyncSource:
    """niquests, whose async responses stand on an async urllib3."""
    raw = response.raw
    return AsyncSource(
        **_requests_opened(response),
        read=_until_empty(lambda: raw.read1(decode_content=True)),
        close=response.close,
    )


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


def _javascript(response: Any, reader: Any) -> AsyncSource:
    """A `Response` of `fetch` under Pyodide, its body, or a reader of that: all give `Uint8Array`s."""

    async def read() -> bytes | None:
        result = await reader.read()
        if result.done:
            return None
        data: bytes = result.value.to_bytes()
        return data

    async def close() -> None:
        await reader.cancel()

    if response is None:
        return AsyncSource(response=reader, read=read, close=close, read_soon=False)
    headers = {str(name).lower(): str(value) for name, value in response.headers.entries()}
    return AsyncSource(response=response, status=response.status, headers=headers, read=read, close=close)


def _async_iterable(source: Any, pieces: AsyncIterator[bytes]) -> AsyncSource:
    async def close() -> None:
        for owner in (source, pieces):
            for name in ("aclose", "close"):
                method = getattr(owner, name, None)
                if method is not None:
                    done = method()
                    if inspect.isawaitable(done):
                        await done
                    return

    return AsyncSource(response=source, read=_anext_or_none(pieces), close=close)


def _sync_iterable_awaited(source: Iterable[bytes]) -> AsyncSource:
    pieces = iter(source)

    async def read() -> bytes | None:
        return next(pieces, None)

    async def close() -> None:
        getattr(pieces, "close", _do_nothing)()

    in_memory = isinstance(source, (list, tuple)) or type(source) in _MEMORY_ITERATORS
    return AsyncSource(response=source, read=read, close=close, read_soon=in_memory)


def _anext_or_none(pieces: AsyncIterator[bytes]) -> Callable[[], Awaitable[bytes | None]]:
    advance = pieces.__anext__

    async def read() -> bytes | None:
        try:
            return await advance()
        except StopAsyncIteration:
            return None

    return read


def _until_empty(read_some: Callable[[], Awaitable[bytes]]) -> Callable[[], Awaitable[bytes | None]]:
    async def read() -> bytes | None:
        return await read_some() or None

    return read


# -------------------------------------------------------------------------------------------- shared


def _httpx_opened(response: Any) -> dict[str, Any]:
    if response.is_stream_consumed and not hasattr(response, "_content"):
        raise ValueError("the body of this response has been read already: wrap the response before reading it")
    return {
        "response": response,
        "status": response.status_code,
        "headers": _headers(response.headers),
        "http_version": response.http_version,
    }


def _requests_opened(response: Any) -> dict[str, Any]:
    version = {10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2", 30: "HTTP/3"}.get(getattr(response.raw, "version", 11), "")
    return {
        "response": response,
        "status": response.status_code,
        "headers": _headers(response.headers),
        "http_version": version,
    }


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _do_nothing() -> None:
    """There is nothing to close."""


async def _nothing() -> None:
    """There is nothing to close."""


def _is_async(source: Any) -> bool:
    return (
        hasattr(getattr(source, "content", None), "readany")
        or hasattr(getattr(source, "body", None), "getReader")
        or hasattr(source, "js_response")
        or hasattr(source, "getReader")
        or (hasattr(source, "__aiter__") and not hasattr(source, "__iter__"))
    )


def _refuse_what_is_no_source(source: Any) -> None:
    if isinstance(source, str):
        raise TypeError("a str is no source: pass the response itself, or its bytes before they are decoded")
    if isinstance(source, dict):
        raise TypeError("a dict is no source: pass the response itself, or use ChatAccumulator for decoded chunks")
    if inspect.iscoroutine(source):
        source.close()
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
