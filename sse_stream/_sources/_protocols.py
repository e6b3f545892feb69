"""What a source is, as type checkers see it: by its structure, so that no client need be there.

They refuse text, numbers, paths and dicts, and most async sources in sync code. What they cannot tell apart, as a
response of httpx from a sync client and one from an async one, is told when the stream is made.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
"""Bytes of a body."""


class HttpxResponse(Protocol):
    """A response of httpx or httpx2, from a sync client or an async one."""

    @property
    def headers(self) -> Mapping[str, str]: ...
    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]: ...
    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]: ...


class BinaryReader(Protocol):
    """What is read like a file, and gives what there is: `http.client`, and what is like it."""

    def read1(self, size: int, /) -> bytes: ...


class AnyReader(Protocol):
    """The body of an aiohttp response."""

    def readany(self) -> Awaitable[bytes]: ...


class AiohttpResponse(Protocol):
    """A response of aiohttp."""

    @property
    def content(self) -> AnyReader: ...


class FetchResponse(Protocol):
    """What `pyodide.http.pyfetch` returns."""

    @property
    def js_response(self) -> Any: ...  # a JavaScript object


class JavaScriptResponse(Protocol):
    """A `Response` of JavaScript's `fetch`, under Pyodide."""

    @property
    def body(self) -> Any: ...  # a JavaScript object
    def arrayBuffer(self) -> Any: ...  # noqa: N802  # JavaScript's own name


class JavaScriptStream(Protocol):
    """A `ReadableStream` of JavaScript's, under Pyodide."""

    def getReader(self) -> Any: ...  # noqa: N802  # JavaScript's own name


class JavaScriptReader(Protocol):
    """A `ReadableStreamDefaultReader` of JavaScript's, under Pyodide."""

    def read(self) -> Awaitable[Any]: ...
    def releaseLock(self) -> Any: ...  # noqa: N802  # JavaScript's own name


ByteSource: TypeAlias = Buffer | Iterable[Buffer] | HttpxResponse | BinaryReader
"""What `ChatStream` and `iter_sse` read: a response of httpx, httpx2, requests, urllib3, niquests or `http.client`,
a binary file, an iterable of bytes, or bytes."""

AsyncByteSource: TypeAlias = (
    Buffer
    | AsyncIterable[Buffer]
    | Iterable[Buffer]
    | HttpxResponse
    | AiohttpResponse
    | AnyReader
    | FetchResponse
    | JavaScriptResponse
    | JavaScriptStream
    | JavaScriptReader
)
"""What `AsyncChatStream` and `aiter_sse` read: a response of httpx, httpx2, aiohttp or niquests, what Pyodide gives of
`fetch`, an async iterable of bytes, an iterable of bytes that are there already, or bytes."""
