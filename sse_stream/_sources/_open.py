"""Selection of the adapter for a source, by duck typing: no client is imported.

Every adapter passes bytes on as soon as they arrive, and never waits to fill a block. `ChatStream` reads sync sources,
`AsyncChatStream` async ones; passing the wrong kind raises a `TypeError` that names the right class.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ._async import (
    async_aiohttp,
    async_curl,
    async_httpcore,
    async_httpx,
    async_iterable,
    async_requests,
    javascript_reader,
    javascript_response,
    sync_iterable_awaited,
)
from ._attributes import attribute, has, has_any, names
from ._refusals import refusal, refuse_async, refuse_sync
from ._source import BLOCK, AsyncSource, SyncSource, close_nothing, is_coroutine_function
from ._sync import is_in_memory, sync_in_memory, sync_iterable, sync_readable
from ._sync_clients import sync_curl, sync_httpcore, sync_httpx
from ._sync_urllib3 import sync_requests, sync_urllib3


def open_source(source: Any) -> SyncSource:
    """Return the adapter for a sync source.

    Raises:
        TypeError: It is not a sync source; the message says what to pass instead.
        UsedResponseError: The response has already been read or closed.
    """
    if is_in_memory(source):
        return sync_in_memory(response=source, pieces=iter(source))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return sync_in_memory(response=source, pieces=iter([bytes(source)]))
    if has(source, "iter_bytes", "aiter_bytes"):
        if not has(attribute(source, "stream"), "__iter__"):
            refuse_async(source)
        return sync_httpx(source)
    if has(source, "iter_content", "aiter_content"):
        if _is_async_curl(source):
            refuse_async(source)
        return sync_curl(source)
    if has(source, "iter_content") and names(source, "raw"):
        if is_coroutine_function(source.iter_content):
            refuse_async(source)
        return sync_requests(source)
    if has(source, "iter_stream", "aiter_stream"):
        if not has(source.stream, "__iter__"):
            refuse_async(source)
        return sync_httpcore(source)
    if _is_async(source):
        refuse_async(source)
    if has(source, "release_conn", "status", "read"):
        return sync_urllib3(source)
    if has(source, "read1") or (has(source, "read") and not names(source, "encoding")):
        return sync_readable(source)
    if names(source, "encoding") and has(source, "read"):
        raise TypeError("this file is open in text mode: open it with mode 'rb', or pass its .buffer")
    if has(source, "__iter__") and not isinstance(source, (str, dict)):
        return sync_iterable(source)
    raise refusal(source)


def open_async_source(source: Any) -> AsyncSource:
    """Return the adapter for an async source.

    Raises:
        TypeError: It is not an async source; the message says what to pass instead.
        UsedResponseError: The response has already been read or closed.
    """
    source = attribute(source, "js_response", source)
    if has(source, "aiter_bytes", "iter_bytes"):
        if not has(attribute(source, "stream"), "__aiter__"):
            refuse_sync(source)
        return async_httpx(source)
    if has(source, "iter_content", "aiter_content"):
        if not _is_async_curl(source):
            refuse_sync(source)
        return async_curl(source)
    if has(source, "iter_content") and names(source, "raw"):
        if not is_coroutine_function(source.iter_content):
            refuse_sync(source)
        return async_requests(source)
    if has(attribute(source, "content"), "readany"):
        return async_aiohttp(source)
    if has(source, "iter_stream", "aiter_stream"):
        if not has(source.stream, "__aiter__"):
            refuse_sync(source)
        return async_httpcore(source)
    if has(source, "arrayBuffer"):
        return javascript_response(source)
    if has(source, "getReader"):
        return javascript_reader(source.getReader())
    if has(source, "releaseLock", "read"):
        return javascript_reader(source)
    read = attribute(source, "readany")
    if read is None and is_coroutine_function(attribute(source, "read")):
        read = partial(source.read, BLOCK)
    if read is not None:
        return AsyncSource(response=source, read=read, ends_empty=True, close=close_nothing, read_soon=False)
    if has(source, "__aiter__"):
        return async_iterable(source, source.__aiter__())
    if isinstance(source, (bytes, bytearray, memoryview)):
        source = [bytes(source)]
    if has_any(source, "read", "status"):
        refuse_sync(source)
    if has(source, "__iter__") and not isinstance(source, (str, dict)):
        return sync_iterable_awaited(source)
    raise refusal(source)


def _is_async(source: Any) -> bool:
    return (
        has(attribute(source, "content"), "readany")
        or has_any(source, "readany", "js_response", "arrayBuffer", "getReader", "releaseLock")
        or is_coroutine_function(attribute(source, "read"))
        or (has(source, "__aiter__") and not has(source, "__iter__"))
    )


def _is_async_curl(response: Any) -> bool:
    """Whether a response is from an async session of curl_cffi, which has one response class for both."""
    queue = attribute(response, "queue")
    return attribute(response, "astream_task") is not None or is_coroutine_function(attribute(queue, "get"))
