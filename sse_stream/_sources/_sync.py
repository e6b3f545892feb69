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
    httpx_head,
    lower_case_headers,
    requests_head,
)

# What `socket` calls `SHUT_RDWR`; importing that module is not free.
_BOTH_WAYS = 2


def sync_httpx(response: Any) -> SyncSource:
    head = httpx_head(response)
    pieces = response.iter_bytes()
    network = response.extensions.get("network_stream")
    socket = None if network is None else network.get_extra_info("socket")
    if socket is None or head["http_version"] == "HTTP/2":
        return SyncSource(**head, pieces=pieces, close=response.close)
    shut_down = partial(socket.shutdown, _BOTH_WAYS)
    return SyncSource(
        **head,
        pieces=pieces,
        close=response.close,
        # httpx fixes the read timeout when the body is begun, so the wait is bounded from outside.
        read_soon=partial(_read_in_thread, pieces, shut_down),
        interrupt=shut_down,
    )


def _read_in_thread(pieces: Iterator[object], shut_down: Callable[[], object], seconds: float) -> object:
    """The next bytes, if they come soon. If not, the connection is shut down, which ends the read.

    Raises:
        TimeoutError: They did not come, and none will any more.
        RuntimeError: There are no threads here, as under Pyodide.
    """
    # Imported here: most programs never come to this, and start-up stays cheap.
    from threading import Thread

    outcome: list[object] = []

    def read_once() -> None:
        with suppress(Exception):  # the stream is done: that its connection broke is no news
            outcome.append(next(pieces))

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
    head = requests_head(response)
    raw = response.raw
    if raw is None or not hasattr(raw, "read1") or getattr(raw, "closed", False):
        # The body was read before, or a test stands in for the connection.
        return SyncSource(**head, pieces=response.iter_content(None), close=response.close)
    return _over_urllib3(raw, head, response.close)


def sync_readable(source: Any) -> SyncSource:
    """urllib3, `http.client`, `urllib.request`, and binary files."""
    status = getattr(source, "status", None)
    if not isinstance(status, int):
        return _sync_file(source)
    head = {
        "response": source,
        "status": status,
        "headers": lower_case_headers(source.headers),
        "http_version": HTTP_VERSIONS.get(getattr(source, "version", 11), ""),
    }
    return _sync_urllib3(source, head) if hasattr(source, "release_conn") else _sync_http_client(source, head)


def _sync_file(source: Any) -> SyncSource:
    pieces = _pieces_of_file(source)
    # What has a buffer to get is all in memory.
    read_soon = (lambda _: next(pieces)) if hasattr(source, "getbuffer") else None
    return SyncSource(response=source, pieces=pieces, close=source.close, read_soon=read_soon)


def _pieces_of_file(source: Any) -> Iterator[bytes]:
    read_some: Callable[[int], bytes | None] = source.read1 if hasattr(source, "read1") else source.read
    while data := read_some(BLOCK):
        yield data
    if data is None:
        raise BlockingIOError("nothing to read yet: this file is in non-blocking mode, and cannot be waited for")


def _sync_urllib3(response: Any, head: dict[str, Any]) -> SyncSource:
    if response.closed and response.data:
        return sync_in_memory(**head, pieces=iter([response.data]))

    def close() -> None:
        # A body read to its end has given the connection back already; any other cannot be used again.
        response.close()
        response.release_conn()

    return _over_urllib3(response, head, close)


def _over_urllib3(raw: Any, head: dict[str, Any], close: Callable[[], object]) -> SyncSource:
    """For urllib3 and what is built on it: its connection has a socket."""
    pieces = _pieces_of_urllib3(raw)
    socket: Any = getattr(getattr(raw, "connection", None), "sock", None)
    is_shared = head["http_version"] not in ("HTTP/1.0", "HTTP/1.1")
    return SyncSource(
        **head,
        pieces=pieces,
        close=close,
        read_soon=partial(_read_by_timeout, pieces, socket) if hasattr(socket, "settimeout") else None,
        interrupt=partial(socket.shutdown, _BOTH_WAYS) if hasattr(socket, "shutdown") and not is_shared else None,
    )


def _pieces_of_urllib3(raw: Any) -> Iterator[bytes]:
    encoded = "content-encoding" in raw.headers
    while True:
        data: bytes = raw.read1(BLOCK, decode_content=True)
        # Compressed bytes may come to nothing yet: then only a closed body is at its end.
        if not data and (not encoded or raw.closed):
            return
        yield data


def _read_by_timeout(pieces: Iterator[object], socket: Any, seconds: float) -> object:
    """The next bytes, if they come soon."""
    before = socket.gettimeout()
    socket.settimeout(seconds)
    try:
        return next(pieces)
    finally:
        if socket.fileno() != -1:
            socket.settimeout(before)


def _sync_http_client(response: Any, head: dict[str, Any]) -> SyncSource:
    """`http.client` and `urllib.request`."""
    pieces = _pieces_of_http_client(response)

    def shut_down() -> None:
        import os
        from socket import socket

        with socket(fileno=os.dup(response.fileno())) as connection:
            connection.shutdown(_BOTH_WAYS)

    return SyncSource(
        **head,
        pieces=pieces,
        close=response.close,
        read_soon=partial(_read_in_thread, pieces, shut_down),
        interrupt=shut_down,
    )


def _pieces_of_http_client(response: Any) -> Iterator[bytes]:
    left: int | None = getattr(response, "length", None)
    while data := response.read1(BLOCK):
        if left is not None:
            left -= len(data)
        yield data
    if left:  # of which `read` complains, but not `read1`
        from http.client import IncompleteRead

        raise IncompleteRead(b"", left)


def is_in_memory(source: Any) -> bool:
    """Whether reading on never blocks."""
    return isinstance(source, (list, tuple)) or type(source) in _MEMORY_ITERATORS


_MEMORY_ITERATORS: tuple[type, ...] = (type(iter([])), type(iter(())))


def sync_in_memory(pieces: Iterator[object], **head: Any) -> SyncSource:
    return SyncSource(**head, pieces=pieces, close=do_nothing, read_soon=lambda _: next(pieces))


def sync_iterable(source: Any) -> SyncSource:
    pieces = iter(source)
    return SyncSource(
        response=source, pieces=pieces, close=getattr(source, "close", getattr(pieces, "close", do_nothing))
    )
