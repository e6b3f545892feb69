"""How bytes come out of what blocks and is no client's own: `http.client`, files, iterables, what is in memory."""

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
    """`http.client`, `urllib.request`, and binary files."""
    status = attribute(source, "status")
    if not isinstance(status, int) or not has(source, "headers"):
        return _sync_file(source)
    return _sync_http_client(source)


def _sync_file(source: Any) -> SyncSource:
    pieces = _pieces_of_file(source)
    # What has a buffer to get is all in memory.
    read_soon = (lambda _: next(pieces)) if has(source, "getbuffer") else None
    return SyncSource(response=source, pieces=pieces, close=attribute(source, "close", do_nothing), read_soon=read_soon)


def _pieces_of_file(source: Any) -> Iterator[bytes]:
    read_some = _prompt_read(source)
    while data := read_some():
        yield data
    if data is None:
        raise BlockingIOError("nothing to read yet: this file is in non-blocking mode, and cannot be waited for")


def _prompt_read(source: Any) -> Callable[[], bytes | None]:
    """What gives the bytes that are there, and waits for no more.

    A `read` of anything but a raw file may wait until its block is full. A line is what an event ends with, so it is
    never longer in coming than that; where there are no lines either, it is bytes.
    """
    if has(source, "read1"):
        return partial(source.read1, BLOCK)
    if isinstance(source, RawIOBase):
        return partial(source.read, BLOCK)
    return partial(source.readline, BLOCK) if has(source, "readline") else partial(source.read, 1)


def _sync_http_client(response: Any) -> SyncSource:
    """`http.client` and `urllib.request`."""
    pieces = _pieces_of_http_client(response)

    def end_connection() -> None:
        shut_down(response.fileno())

    def close() -> None:
        # Its own `close` leaves the connection as it is, and the server goes on for nobody.
        if not response.isclosed():
            with suppress(Exception):  # it is gone, or no connection
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
    close = attribute(source, "close") or attribute(pieces, "close", do_nothing)
    return SyncSource(response=source, pieces=pieces, close=close)
