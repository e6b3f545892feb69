"""How bytes come out of what blocks: each as soon as it has arrived, none held back to fill a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from ._source import (
    BLOCK,
    HTTP_VERSIONS,
    SyncSource,
    do_nothing,
    httpx_opened,
    lower_case_headers,
    none_is_no_piece,
    requests_opened,
)


def sync_httpx(response: Any) -> SyncSource:
    opened = httpx_opened(response)
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


def sync_requests(response: Any) -> SyncSource:
    opened = requests_opened(response)
    raw = response.raw
    if raw is None or not hasattr(raw, "read1") or getattr(raw, "closed", False):
        # The body was read before, or a test stands in for the connection.
        pieces = response.iter_content(None)
        return SyncSource(**opened, read=partial(next, pieces, None), close=response.close)
    return SyncSource(**opened, read=_read_raw(raw), close=response.close, read_soon=_socket_bounded(raw))


def sync_readable(source: Any) -> SyncSource:
    """urllib3, `http.client`, `urllib.request`, and binary files."""
    status = getattr(source, "status", None)
    if not isinstance(status, int):
        return _sync_file(source)
    opened = {
        "response": source,
        "status": status,
        "headers": lower_case_headers(source.headers),
        "http_version": HTTP_VERSIONS.get(getattr(source, "version", 11), ""),
    }
    return _sync_urllib3(source, opened) if hasattr(source, "release_conn") else _sync_http_client(source, opened)


def _sync_file(source: Any) -> SyncSource:
    read_some = source.read1 if hasattr(source, "read1") else source.read

    def read() -> bytes | None:
        data: bytes | None = read_some(BLOCK)
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
        return sync_iterable(response, iter([response.data]), in_memory=True, **opened)

    def close() -> None:
        # A body read to its end has given the connection back already; any other cannot be used again.
        response.close()
        response.release_conn()

    return SyncSource(**opened, read=_read_raw(response), close=close, read_soon=_socket_bounded(response))


def _read_raw(raw: Any) -> Callable[[], bytes | None]:
    """For urllib3 and what is built on it."""
    encoded = "content-encoding" in raw.headers

    def read() -> bytes | None:
        data: bytes = raw.read1(BLOCK, decode_content=True)
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
        data: bytes = response.read1(BLOCK)
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


def is_in_memory(source: Any) -> bool:
    """Whether reading on never blocks."""
    return isinstance(source, (list, tuple)) or type(source) in _MEMORY_ITERATORS


_MEMORY_ITERATORS: tuple[type, ...] = (type(iter([])), type(iter(())))


def sync_iterable(source: Any, pieces: Iterator[bytes], *, in_memory: bool, **opened: Any) -> SyncSource:
    opened.setdefault("response", source)
    read = next_or_none(pieces)
    return SyncSource(
        **opened,
        read=read,
        close=getattr(source, "close", getattr(pieces, "close", do_nothing)),
        read_soon=(lambda _: read()) if in_memory else None,
    )


def next_or_none(pieces: Iterator[bytes | None]) -> Callable[[], bytes | None]:
    def read() -> bytes | None:
        for piece in pieces:
            return piece if piece is not None else none_is_no_piece()
        return None

    return read
