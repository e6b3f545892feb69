"""How bytes come out of what is awaited: each as soon as it has arrived, none held back to fill a block."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ._source import (
    BLOCK,
    AsyncSource,
    do_nothing,
    httpx_opened,
    lower_case_headers,
    none_is_no_piece,
    requests_opened,
)
from ._sync import is_in_memory, next_or_none


def async_httpx(response: Any) -> AsyncSource:
    opened = httpx_opened(response)
    pieces = response.aiter_bytes()
    return AsyncSource(**opened, read=_anext_or_none(pieces), close=response.aclose, generator=pieces)


def async_requests(response: Any) -> AsyncSource:
    """niquests, whose async responses stand on an async urllib3."""
    raw = response.raw
    encoded = "content-encoding" in raw.headers

    async def read() -> bytes | None:
        data: bytes = await raw.read1(BLOCK, decode_content=True)
        return data if data or (encoded and not raw.closed) else None

    return AsyncSource(**requests_opened(response), read=read, close=response.close)


def async_aiohttp(response: Any) -> AsyncSource:
    version = getattr(response, "version", None)

    async def close() -> None:
        response.close()

    return AsyncSource(
        response=response,
        status=response.status,
        headers=lower_case_headers(response.headers),
        http_version="" if version is None else f"HTTP/{version.major}.{version.minor}",
        read=until_empty(response.content.readany),
        close=close,
    )


def javascript_response(response: Any) -> AsyncSource:
    """A `Response` of `fetch` under Pyodide. It does not tell the HTTP version, nor whose the connection is."""
    headers = {str(name).lower(): str(value) for name, value in response.headers.entries()}
    if not hasattr(response.body, "getReader"):  # null: a response that can have no body
        source = sync_iterable_awaited([])
    else:
        source = javascript_reader(response.body.getReader())
    return AsyncSource(response=response, status=response.status, headers=headers, read=source.read, close=source.close)


def javascript_reader(reader: Any) -> AsyncSource:
    """The reader of a JavaScript stream of `Uint8Array`s."""

    async def read() -> bytes | None:
        result = await reader.read()
        if result.done:
            return None
        data: bytes = result.value.to_bytes()
        return data

    async def close() -> None:
        await reader.cancel()

    return AsyncSource(response=reader, read=read, close=close, read_soon=False)


def async_iterable(source: Any, pieces: AsyncIterator[bytes]) -> AsyncSource:
    async def close() -> None:
        closers = (getattr(owner, name, None) for owner in (source, pieces) for name in ("aclose", "close"))
        done: Any = next(filter(None, closers), do_nothing)()
        if hasattr(done, "__await__"):
            await done

    return AsyncSource(response=source, read=_anext_or_none(pieces), close=close)


def sync_iterable_awaited(source: Any) -> AsyncSource:
    pieces = iter(source)
    read_now = next_or_none(pieces)

    async def read() -> bytes | None:
        return read_now()

    async def close() -> None:
        getattr(pieces, "close", do_nothing)()

    return AsyncSource(response=source, read=read, close=close, read_soon=is_in_memory(source))


def _anext_or_none(pieces: AsyncIterator[bytes | None]) -> Callable[[], Awaitable[bytes | None]]:
    advance = pieces.__anext__

    async def read() -> bytes | None:
        try:
            piece = await advance()
        except StopAsyncIteration:
            return None
        return piece if piece is not None else none_is_no_piece()

    return read


def until_empty(read_some: Callable[[], Awaitable[bytes]]) -> Callable[[], Awaitable[bytes | None]]:
    async def read() -> bytes | None:
        return await read_some() or None

    return read
