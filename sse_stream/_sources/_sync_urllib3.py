"""Adapters for urllib3 and clients built on it: requests, niquests and botocore."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ._attributes import attribute, has
from ._interrupting import BOTH_WAYS
from ._source import BLOCK, HTTP_VERSIONS, SyncSource, lower_case_headers, requests_head
from ._sync import sync_in_memory


def sync_requests(response: Any) -> SyncSource:
    head = requests_head(response)
    raw = response.raw
    if raw is None or not has(raw, "read") or not has(raw, "headers") or attribute(raw, "closed"):
        # The body has been read, or a test double replaces the connection.
        return SyncSource(**head, pieces=response.iter_content(None), close=response.close)
    return _over_urllib3(raw, head, response.close)


def sync_urllib3(response: Any) -> SyncSource:
    head = {
        "response": response,
        "status": response.status,
        "headers": lower_case_headers(response.headers),
        "http_version": HTTP_VERSIONS.get(attribute(response, "version", 11), ""),
    }
    if response.closed and response.data:
        return sync_in_memory(**head, pieces=iter([response.data]))

    def close() -> None:
        # A body read to its end has released its connection; any other connection cannot be reused.
        response.close()
        response.release_conn()

    return _over_urllib3(response, head, close)


def _over_urllib3(raw: Any, head: dict[str, Any], close: Callable[[], object]) -> SyncSource:
    """Read from urllib3, with control over its socket."""
    pieces = _pieces(raw)
    socket: Any = attribute(attribute(raw, "connection"), "sock")
    is_shared = head["http_version"] not in ("HTTP/1.0", "HTTP/1.1")
    return SyncSource(
        **head,
        pieces=pieces,
        close=close,
        read_soon=partial(_read_by_timeout, pieces, socket) if has(socket, "settimeout") else None,
        interrupt=partial(socket.shutdown, BOTH_WAYS) if has(socket, "shutdown") and not is_shared else None,
    )


def _pieces(raw: Any) -> Iterator[bytes]:
    # Stand-ins for urllib3, such as vcrpy's responses, have a `read1` that does not decode content.
    if has(raw, "read1") and has(raw, "decode_content"):
        return _pieces_by_read1(raw)
    return _pieces_without_read1(raw)


def _pieces_by_read1(raw: Any) -> Iterator[bytes]:
    encoded = "content-encoding" in raw.headers
    while True:
        data: bytes = raw.read1(BLOCK, decode_content=True)
        # A decompressor may have no output yet, so an encoded body ends only when it is closed.
        if not data and (not encoded or raw.closed):
            return
        yield data


def _pieces_without_read1(raw: Any) -> Iterator[bytes]:
    """Read with urllib3 before 2.2: `stream` is prompt for chunked bodies only, so read others from the file below."""
    below = attribute(raw, "_fp")
    if not attribute(raw, "chunked") and "content-encoding" not in raw.headers and has(below, "read1"):
        while data := below.read1(BLOCK):
            yield data
        raw.release_conn()
    else:
        yield from raw.stream(BLOCK, decode_content=True)


def _read_by_timeout(pieces: Iterator[object], socket: Any, seconds: float) -> object:
    """Return the next bytes if they arrive in time, using the socket's timeout."""
    before = socket.gettimeout()
    socket.settimeout(seconds)
    try:
        return next(pieces)
    finally:
        if socket.fileno() != -1:
            socket.settimeout(before)
