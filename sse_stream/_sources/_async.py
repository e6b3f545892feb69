"""Adapters for async sources; bytes are passed on as soon as they arrive, never held back to fill a block."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from types import AsyncGeneratorType
from typing import Any

from ._attributes import attribute, has
from ._source import (
    BLOCK,
    AsyncSource,
    close_nothing,
    curl_head,
    do_nothing,
    httpcore_head,
    httpx_head,
    is_coroutine_function,
    lower_case_headers,
    requests_head,
)
from ._sync import is_in_memory


def async_httpx(response: Any) -> AsyncSource:
    head = httpx_head(response)
    pieces = response.aiter_bytes()
    return AsyncSource(**head, read=_read_of(pieces), close=response.aclose, generator=pieces)


def async_httpcore(response: Any) -> AsyncSource:
    pieces = response.aiter_stream()
    return AsyncSource(**httpcore_head(response), read=_read_of(pieces), close=response.aclose, generator=pieces)


def async_curl(response: Any) -> AsyncSource:
    """Read from curl_cffi, whose own task reads the body into a queue."""
    head = curl_head(response)
    if response.queue is None:
        memory = sync_iterable_awaited([response.content])
        return AsyncSource(**head, read=memory.read, close=close_nothing)
    pieces = response.aiter_content()

    async def close() -> None:
        # Its `aclose` waits until the server has sent everything, or raises because its task was cancelled.
        # curl_cffi runs on asyncio only, so that module has been imported.
        task, response.astream_task = response.astream_task, None
        task.cancel()
        await sys.modules["asyncio"].wait((task,))

    return AsyncSource(**head, read=_read_of(pieces), close=close, generator=pieces)


def async_requests(response: Any) -> AsyncSource:
    """Read from niquests, whose async responses are built on an async urllib3."""
    raw = response.raw
    encoded = "content-encoding" in raw.headers

    async def read() -> bytes:
        data: bytes = await raw.read1(BLOCK, decode_content=True)
        if data or (encoded and not raw.closed):
            return data
        raise StopAsyncIteration

    async def close() -> None:
        # Same as its `close`, which does not await in older versions.
        await raw.close()
        released: Any = attribute(raw, "release_conn", do_nothing)()
        if hasattr(released, "__await__"):
            await released

    return AsyncSource(**requests_head(response), read=read, close=close if has(raw, "close") else response.close)


def async_aiohttp(response: Any) -> AsyncSource:
    version = attribute(response, "version")

    async def close() -> None:
        response.close()

    return AsyncSource(
        response=response,
        status=response.status,
        headers=lower_case_headers(response.headers),
        http_version="" if version is None else f"HTTP/{version.major}.{version.minor}",
        read=response.content.readany,
        ends_empty=True,
        close=close,
    )


def javascript_response(response: Any) -> AsyncSource:
    """Read a `Response` of `fetch` under Pyodide, which exposes neither the HTTP version nor the connection."""
    headers = {str(name).lower(): str(value) for name, value in response.headers.entries()}
    if not hasattr(response.body, "getReader"):  # null for a response without a body
        source = sync_iterable_awaited([])
    else:
        source = javascript_reader(response.body.getReader())
    return AsyncSource(response=response, status=response.status, headers=headers, read=source.read, close=source.close)


def javascript_reader(reader: Any) -> AsyncSource:
    """Read from the reader of a JavaScript stream of `Uint8Array`s."""

    async def read() -> bytes:
        result = await reader.read()
        if result.done:
            raise StopAsyncIteration
        data: bytes = result.value.to_bytes()
        return data

    async def close() -> None:
        await reader.cancel()

    return AsyncSource(response=reader, read=read, close=close, read_soon=False)


def async_iterable(source: Any, pieces: AsyncIterator[object]) -> AsyncSource:
    async def close() -> None:
        closers = (attribute(owner, name) for owner in (source, pieces) for name in ("aclose", "close"))
        done: Any = next(filter(None, closers), do_nothing)()
        if hasattr(done, "__await__"):
            await done

    return AsyncSource(response=source, read=_read_of(pieces), close=close)


def _read_of(pieces: Any) -> Callable[[], Coroutine[Any, Any, object]]:
    """Return the iterator's `__anext__`, wrapped in a coroutine only if it returns another awaitable."""
    read: Callable[[], Coroutine[Any, Any, object]] = pieces.__anext__
    if isinstance(pieces, AsyncGeneratorType) or is_coroutine_function(read):
        return read

    async def read_awaitable() -> object:
        return await read()

    return read_awaitable


def sync_iterable_awaited(source: Any) -> AsyncSource:
    pieces = iter(source)

    async def read() -> object:
        for piece in pieces:
            return piece
        raise StopAsyncIteration

    async def close() -> None:
        attribute(pieces, "close", do_nothing)()

    return AsyncSource(response=source, read=read, close=close, read_soon=is_in_memory(source))
