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


class HttpcoreResponse(Protocol):
    """A response of httpcore, from a sync pool or an async one."""

    def iter_stream(self) -> Iterator[bytes]: ...
    def aiter_stream(self) -> AsyncIterator[bytes]: ...


class CurlResponse(Protocol):
    """A response of curl_cffi, from a sync session or an async one."""

    def iter_content(self) -> Iterator[bytes]: ...
    def aiter_content(self) -> AsyncIterator[bytes]: ...


class RawResponse(Protocol):
    """What the SDKs of OpenAI and Anthropic give of `with_raw_response` and `with_streaming_response`."""

    @property
    def http_response(self) -> HttpxResponse: ...


class ResponseStream(Protocol):
    """What the SDKs of OpenAI and Anthropic give of `stream=True`."""

    @property
    def response(self) -> HttpxResponse: ...


ByteSource: TypeAlias = (
    Buffer
    | Iterable[Buffer]
    | HttpxResponse
    | BinaryReader
    | HttpcoreResponse
    | CurlResponse
    | RawResponse
    | ResponseStream
)
"""What `iter_sse` reads: a response of httpx, httpx2, requests, urllib3, niquests, `http.client` and others, what the
SDKs wrap around one, a binary file, an iterable of bytes, or bytes."""

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
    | HttpcoreResponse
    | CurlResponse
    | RawResponse
    | ResponseStream
)
"""What `aiter_sse` reads: a response of httpx, httpx2, aiohttp, niquests and others, what the SDKs wrap around one, what
Pyodide gives of `fetch`, an async iterable of bytes, an iterable of bytes that are there already, or bytes."""


class SourceManager(Protocol):
    """A context manager of what can be read."""

    def __enter__(self) -> ByteSource: ...


class AsyncSourceManager(Protocol):
    """An async context manager of what can be read."""

    def __aenter__(self) -> Awaitable[AsyncByteSource]: ...


StreamSource: TypeAlias = ByteSource | SourceManager
"""What `ChatStream` reads: what `iter_sse` does, or a context manager that gives it, as `client.stream(…)` does."""

AsyncStreamSource: TypeAlias = (
    AsyncByteSource | AsyncSourceManager | Awaitable[AsyncByteSource] | Awaitable[AsyncSourceManager]
)
"""What `AsyncChatStream` reads: what `aiter_sse` does, or an async context manager or an awaitable that gives it, as
`client.stream(…)`, `session.post(…)` and `client.chat.completions.create(…, stream=True)` do."""
