"""Adapters for the sync clients httpx, httpcore and curl_cffi."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from ._attributes import attribute
from ._interrupting import BOTH_WAYS, read_in_thread, shut_down
from ._source import SyncSource, curl_head, httpcore_head, httpx_head
from ._sync import sync_in_memory

# libcurl's `CURLINFO_ACTIVESOCKET`.
_ACTIVE_SOCKET = 0x500000 + 44


def sync_httpx(response: Any) -> SyncSource:
    return _over_network_stream(httpx_head(response), response.iter_bytes(), response)


def sync_httpcore(response: Any) -> SyncSource:
    return _over_network_stream(httpcore_head(response), response.iter_stream(), response)


def _over_network_stream(head: dict[str, Any], pieces: Iterator[object], response: Any) -> SyncSource:
    network = (attribute(response, "extensions") or {}).get("network_stream")
    socket = None if network is None else network.get_extra_info("socket")
    interrupt: Callable[[], object] | None = None
    read_soon: Callable[[float], object] | None = None
    if socket is not None and head["http_version"] != "HTTP/2":
        interrupt = partial(socket.shutdown, BOTH_WAYS)
        # httpx sets the read timeout once, when the body starts, so a shorter wait needs a thread.
        read_soon = partial(read_in_thread, pieces, interrupt)
    return SyncSource(**head, pieces=pieces, close=response.close, read_soon=read_soon, interrupt=interrupt)


def sync_curl(response: Any) -> SyncSource:
    """Read from curl_cffi, whose own thread reads the body into a queue."""
    head = curl_head(response)
    if response.queue is None:
        return sync_in_memory(**head, pieces=iter([response.content]))
    pieces = response.iter_content()

    def end_connection() -> None:
        shut_down(response.curl.getinfo(_ACTIVE_SOCKET))

    def close() -> None:
        # Its `close` waits for the thread, which only checks `quit_now` when the server sends something.
        response.quit_now.set()
        if not response.stream_task.done():
            with suppress(Exception):  # the connection may have closed meanwhile
                end_connection()
        response.close()

    return SyncSource(
        **head,
        pieces=pieces,
        close=close,
        read_soon=partial(read_in_thread, pieces, end_connection),
        interrupt=end_connection,
    )
