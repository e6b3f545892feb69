"""How bytes come out of urllib3 and what is built on it: requests, niquests, botocore."""

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
        # The body was read before, or a test stands in for the connection.
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
        # A body read to its end has given the connection back already; any other cannot be used again.
        response.close()
        response.release_conn()

    return _over_urllib3(response, head, close)


def _over_urllib3(raw: Any, head: dict[str, Any], close: Callable[[], object]) -> SyncSource:
    """Its connection has a socket."""
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
    # What stands in for urllib3, as vcrpy's responses do, has a `read1` that undoes no content coding.
    if has(raw, "read1") and has(raw, "decode_content"):
        return _pieces_by_read1(raw)
    return _pieces_without_read1(raw)


def _pieces_by_read1(raw: Any) -> Iterator[bytes]:
    encoded = "content-encoding" in raw.headers
    while True:
        data: bytes = raw.read1(BLOCK, decode_content=True)
        # Compressed bytes may come to nothing yet: then only a closed body is at its end.
        if not data and (not encoded or raw.closed):
            return
        yield data


def _pieces_without_read1(raw: Any) -> Iterator[bytes]:
    """urllib3 below 2.2: a chunked body comes chunk by chunk; any other fills its blocks, so it is read below."""
    below = attribute(raw, "_fp")
    if not attribute(raw, "chunked") and "content-encoding" not in raw.headers and has(below, "read1"):
        while data := below.read1(BLOCK):
            yield data
        raw.release_conn()
    else:
        yield from raw.stream(BLOCK, decode_content=True)


def _read_by_timeout(pieces: Iterator[object], socket: Any, seconds: float) -> object:
    """The next bytes, if they come soon."""
    before = socket.gettimeout()
    socket.settimeout(seconds)
    try:
        return next(pieces)
    finally:
        if socket.fileno() != -1:
            socket.settimeout(before)
