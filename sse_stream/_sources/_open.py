"""How bytes come out of each kind of response, found by its structure: nothing is imported, no class is named.

A source gives the next bytes as soon as they have arrived, however few; none waits to fill a block. What
is sync gives them to `ChatStream`, what is async to `AsyncChatStream`; the wrong one is told so.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NoReturn

from ._async import (
    async_aiohttp,
    async_httpx,
    async_iterable,
    async_requests,
    javascript_reader,
    javascript_response,
    sync_iterable_awaited,
)
from ._source import BLOCK, AsyncSource, SyncSource, close_nothing, is_coroutine_function
from ._sync import is_in_memory, sync_httpx, sync_in_memory, sync_iterable, sync_readable, sync_requests


def open_source(source: Any) -> SyncSource:
    """Find out how bytes come out of a sync source.

    Raises:
        TypeError: It is none; the message says what to pass instead.
        ValueError: It is a response that has been read or closed already.
    """
    if is_in_memory(source):
        return sync_in_memory(response=source, pieces=iter(source))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return sync_in_memory(response=source, pieces=iter([bytes(source)]))
    if hasattr(source, "iter_bytes") and hasattr(source, "aiter_bytes"):
        if not hasattr(getattr(source, "stream", None), "__iter__"):
            _refuse_async(source)
        return sync_httpx(source)
    if hasattr(source, "iter_content") and hasattr(source, "raw"):
        if is_coroutine_function(source.iter_content):
            _refuse_async(source)
        return sync_requests(source)
    if _is_async(source):
        _refuse_async(source)
    if hasattr(source, "read1") or (hasattr(source, "read") and not hasattr(source, "encoding")):
        return sync_readable(source)
    if hasattr(source, "encoding") and hasattr(source, "read"):
        raise TypeError("this file is open as text: open it with mode 'rb', or pass its .buffer")
    if hasattr(source, "__iter__") and not isinstance(source, (str, dict)):
        return sync_iterable(source)
    raise _refusal(source)


def open_async_source(source: Any) -> AsyncSource:
    """Find out how bytes come out of an async source.

    Raises:
        TypeError: It is none; the message says what to pass instead.
        ValueError: It is a response that has been read or closed already.
    """
    source = getattr(source, "js_response", source)
    if hasattr(source, "aiter_bytes") and hasattr(source, "iter_bytes"):
        if not hasattr(getattr(source, "stream", None), "__aiter__"):
            _refuse_sync(source)
        return async_httpx(source)
    if hasattr(source, "iter_content") and hasattr(source, "raw"):
        if not is_coroutine_function(source.iter_content):
            _refuse_sync(source)
        return async_requests(source)
    if hasattr(getattr(source, "content", None), "readany"):
        return async_aiohttp(source)
    if hasattr(source, "arrayBuffer"):
        return javascript_response(source)
    if hasattr(source, "getReader"):
        return javascript_reader(source.getReader())
    if hasattr(source, "releaseLock") and hasattr(source, "read"):
        return javascript_reader(source)
    read = getattr(source, "readany", None)
    if read is None and is_coroutine_function(getattr(source, "read", None)):
        read = partial(source.read, BLOCK)
    if read is not None:
        return AsyncSource(response=source, read=read, ends_empty=True, close=close_nothing, read_soon=False)
    if hasattr(source, "__aiter__"):
        return async_iterable(source, source.__aiter__())
    if isinstance(source, (bytes, bytearray, memoryview)):
        source = [bytes(source)]
    if hasattr(source, "read") or hasattr(source, "status"):
        _refuse_sync(source)
    if hasattr(source, "__iter__") and not isinstance(source, (str, dict)):
        return sync_iterable_awaited(source)
    raise _refusal(source)


def _is_async(source: Any) -> bool:
    return (
        hasattr(getattr(source, "content", None), "readany")
        or any(hasattr(source, name) for name in ("readany", "js_response", "arrayBuffer", "getReader", "releaseLock"))
        or is_coroutine_function(getattr(source, "read", None))
        or (hasattr(source, "__aiter__") and not hasattr(source, "__iter__"))
    )


def _refuse_async(source: Any) -> NoReturn:
    raise TypeError(f"this {type(source).__name__} is async: use AsyncChatStream and `async for`, or aiter_sse")


def _refuse_sync(source: Any) -> NoReturn:
    raise TypeError(f"this {type(source).__name__} is sync: use ChatStream and `for`, or iter_sse")


def _refusal(source: Any) -> TypeError:
    """What to pass instead of what is no source."""
    if isinstance(source, str):
        return TypeError("a str is no source: pass the response itself, or its bytes before they are decoded")
    if isinstance(source, dict):
        return TypeError("a dict is no source: pass the response itself, or use ChatAccumulator for decoded chunks")
    if hasattr(source, "cr_frame"):
        source.close()  # for Python warns of one that was never awaited
        return TypeError(
            "this is a coroutine that nobody has awaited: pass what it returns, as in `await client.send(…)`"
        )
    if hasattr(source, "__enter__") or hasattr(source, "__aenter__"):
        keyword = "async with" if hasattr(source, "__aenter__") else "with"
        return TypeError(
            f"this {type(source).__name__} is a context manager that nobody has entered: "
            f"pass the response that `{keyword} … as response` gives"
        )
    return TypeError(
        f"{type(source).__name__} is no source: pass a response of httpx, requests, aiohttp or another client, "
        "a binary file, or an iterable of bytes"
    )
