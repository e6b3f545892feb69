"""Adapters for sync sources without an HTTP client: `http.client`, files, iterables and bytes in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from io import RawIOBase
from typing import Any

from ._attributes import attribute, has
from ._interrupting import read_in_thread, shut_down
from ._source import BLOCK, HTTP_VERSIONS, SyncSource, do_nothing, lower_case_headers


def sync_readable(source: Any) -> SyncSource:
    """Read from `http.client`, `urllib.request`, or a binary file."""
    status = attribute(source, "status")
    if not isinstance(status, int) or not has(source, "headers"):
        return _sync_file(source)
    return _sync_http_client(source)


def _sync_file(source: Any) -> SyncSource:
    pieces = _pieces_of_file(source)
    # `BytesIO` has `getbuffer`: reading from memory never blocks.
    read_soon = (lambda _: next(pieces)) if has(source, "getbuffer") else None
    return SyncSource(response=source, pieces=pieces, close=attribute(source, "close", do_nothing), read_soon=read_soon)


def _pieces_of_file(source: Any) -> Iterator[bytes]:
    read_some = _prompt_read(source)
    while data := read_some():
        yield data
    if data is None:
        raise BlockingIOError("no data yet: this file is in non-blocking mode; pass one in blocking mode")


def _prompt_read(source: Any) -> Callable[[], bytes | None]:
    """Return a function that reads available bytes without waiting to fill a block.

    `read` may wait for a full block unless the file is raw. `readline` does not wait longer than an event takes,
    because events end with a line. Without `readline`, read single bytes.
    """
    if has(source, "read1"):
        return partial(source.read1, BLOCK)
    if isinstance(source, RawIOBase):
        return partial(source.read, BLOCK)
    return partial(source.readline, BLOCK) if has(source, "readline") else partial(source.read, 1)


def _sync_http_client(response: Any) -> SyncSource:
    """Read from `http.client` or `urllib.request`."""
    pieces = _pieces_of_http_client(response)

    def end_connection() -> None:
        shut_down(response.fileno())

    def close() -> None:
        # Its `close` leaves the connection open, and the server would continue to generate.
        if not response.isclosed():
            with suppress(Exception):  # the connection is closed, or there is no socket
                end_connection()
        response.close()

    return SyncSource(
        response=response,
        status=response.status,
        headers=lower_case_headers(response.headers),
        http_version=HTTP_VERSIONS.get(attribute(response, "version", 11), ""),
        pieces=pieces,
        close=close if has(response, "isclosed") else response.close,
        read_soon=partial(read_in_thread, pieces, end_connection),
        interrupt=end_connection,
    )


def _pieces_of_http_client(response: Any) -> Iterator[bytes]:
    left: int | None = attribute(response, "length")
    while data := response.read1(BLOCK):
        if left is not None:
            left -= len(data)
        yield data
    if left:  # `read` raises for a short body, but `read1` does not
        from http.client import IncompleteRead

        raise IncompleteRead(b"", left)


def is_in_memory(source: Any) -> bool:
    """Whether the source is in memory, so that reading it never blocks."""
    return isinstance(source, (list, tuple)) or type(source) in _MEMORY_ITERATORS


_MEMORY_ITERATORS: tuple[type, ...] = (type(iter([])), type(iter(())))


def sync_in_memory(pieces: Iterator[object], **head: Any) -> SyncSource:
    return SyncSource(**head, pieces=pieces, close=do_nothing, read_soon=lambda _: next(pieces))


def sync_iterable(source: Any) -> SyncSource:
    pieces = iter(source)
    close = attribute(source, "close") or attribute(pieces, "close", do_nothing)
    return SyncSource(response=source, pieces=pieces, close=close)
