"""Types of sources, as protocols, so that type checking requires no client.

A type checker rejects text, numbers, paths and dicts, and most async sources in sync code. Sources whose type is the
same in both, such as httpx responses of sync and async clients, are checked when the stream is created.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
"""A bytes-like piece of a body."""


class HttpxResponse(Protocol):
    """A response of httpx or httpx2, from a sync or an async client."""

    @property
    def headers(self) -> Mapping[str, str]: ...
    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]: ...
    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]: ...


class BinaryReader(Protocol):
    """A binary file, or a response of `http.client` or `urllib.request`; `read1` returns the bytes available."""

    def read1(self, size: int, /) -> bytes: ...


class AnyReader(Protocol):
    """The body of an aiohttp response."""

    def readany(self) -> Awaitable[bytes]: ...


class AiohttpResponse(Protocol):
    """A response of aiohttp."""

    @property
    def content(self) -> AnyReader: ...


class FetchResponse(Protocol):
    """A response of `pyodide.http.pyfetch`."""

    @property
    def js_response(self) -> Any: ...  # a JavaScript object


class JavaScriptResponse(Protocol):
    """A JavaScript `Response`, as `fetch` returns it under Pyodide."""

    @property
    def body(self) -> Any: ...  # a JavaScript object
    def arrayBuffer(self) -> Any: ...  # noqa: N802  # JavaScript's own name


class JavaScriptStream(Protocol):
    """A JavaScript `ReadableStream`, under Pyodide."""

    def getReader(self) -> Any: ...  # noqa: N802  # JavaScript's own name


class JavaScriptReader(Protocol):
    """A JavaScript `ReadableStreamDefaultReader`, under Pyodide."""

    def read(self) -> Awaitable[Any]: ...
    def releaseLock(self) -> Any: ...  # noqa: N802  # JavaScript's own name


class HttpcoreResponse(Protocol):
    """A response of httpcore, from a sync or an async connection pool."""

    def iter_stream(self) -> Iterator[bytes]: ...
    def aiter_stream(self) -> AsyncIterator[bytes]: ...


class CurlResponse(Protocol):
    """A response of curl_cffi, from a sync or an async session."""

    def iter_content(self) -> Iterator[bytes]: ...
    def aiter_content(self) -> AsyncIterator[bytes]: ...


class RawResponse(Protocol):
    """A response from `with_raw_response` or `with_streaming_response` of the OpenAI and Anthropic SDKs."""

    @property
    def http_response(self) -> HttpxResponse: ...


class ResponseStream(Protocol):
    """A stream that the OpenAI and Anthropic SDKs return for `stream=True`."""

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
"""A source that `iter_sse` accepts: a response of httpx, httpx2, requests, urllib3, niquests, `http.client` and others, an
SDK's wrapper around one, a binary file, an iterable of bytes, or bytes."""

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
"""A source that `aiter_sse` accepts: a response of httpx, httpx2, aiohttp, niquests and others, an SDK's wrapper around
one, a response of `fetch` under Pyodide, an async iterable of bytes, a non-blocking iterable of bytes, or bytes."""


class SourceManager(Protocol):
    """A context manager that returns a source."""

    def __enter__(self) -> ByteSource: ...


class AsyncSourceManager(Protocol):
    """An async context manager that returns a source."""

    def __aenter__(self) -> Awaitable[AsyncByteSource]: ...


StreamSource: TypeAlias = ByteSource | SourceManager
"""A source that `ChatStream` accepts: any that `iter_sse` accepts, or a context manager that returns one, such as
`client.stream(…)`."""

AsyncStreamSource: TypeAlias = (
    AsyncByteSource | AsyncSourceManager | Awaitable[AsyncByteSource] | Awaitable[AsyncSourceManager]
)
"""A source that `AsyncChatStream` accepts: any that `aiter_sse` accepts, or an async context manager or an awaitable that
returns one, such as `client.stream(…)`, `session.post(…)` or `client.chat.completions.create(…, stream=True)`."""
