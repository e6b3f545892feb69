"""For type checkers only: what streams accept and reject as a source.

An `ignore` states what a checker must reject, and is itself an error if nothing is wrong.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
# pyright: reportUnusedFunction=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import http.client
import io
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO

import aiohttp
import httpx
import httpx2
import niquests
import openai
import requests
import urllib3

from sse_stream import AsyncChatStream, ChatStream, aiter_sse, iter_sse


def responses(
    of_httpx: httpx.Response,
    of_httpx2: httpx2.Response,
    of_requests: requests.Response,
    of_niquests: niquests.Response,
    of_urllib3: urllib3.BaseHTTPResponse,
    of_http_client: http.client.HTTPResponse,
) -> None:
    ChatStream(of_httpx)
    ChatStream(of_httpx2)
    ChatStream(of_requests)
    ChatStream(of_niquests)
    ChatStream(of_urllib3)
    ChatStream(of_http_client)
    iter_sse(of_httpx)


def files(opened: BinaryIO, any_opened: IO[bytes], raw: io.FileIO, buffered: io.BufferedReader) -> None:
    ChatStream(opened)
    ChatStream(any_opened)
    ChatStream(raw)
    ChatStream(buffered)
    ChatStream(io.BytesIO(b""))


def iterables(
    iterable: Iterable[bytes],
    iterator: Iterator[bytes],
    generator: Generator[bytes, None, None],
    buffers: list[bytearray | memoryview],
    anything: Any,
) -> None:
    ChatStream(iterable)
    ChatStream(iterator)
    ChatStream(generator)
    ChatStream(buffers)
    ChatStream((b"", b""))
    ChatStream(b"")
    ChatStream(bytearray())
    ChatStream(memoryview(b""))
    ChatStream(anything)


def async_responses(
    of_httpx: httpx.Response,
    of_httpx2: httpx2.Response,
    of_aiohttp: aiohttp.ClientResponse,
    of_niquests: niquests.AsyncResponse,
    body: aiohttp.StreamReader,
    reader: asyncio.StreamReader,
) -> None:
    AsyncChatStream(of_httpx)
    AsyncChatStream(of_httpx2)
    AsyncChatStream(of_aiohttp)
    AsyncChatStream(of_niquests)
    AsyncChatStream(body)
    AsyncChatStream(reader)
    aiter_sse(of_aiohttp)


def async_iterables(
    iterator: AsyncIterator[bytes], generator: AsyncGenerator[bytearray, None], iterable: Iterable[bytes]
) -> None:
    AsyncChatStream(iterator)
    AsyncChatStream(generator)
    AsyncChatStream(iterable)
    AsyncChatStream([b""])
    AsyncChatStream(b"")


class Fetched:
    """What Pyodide gives of `fetch`, as far as a stream uses it."""

    js_response: Any


class Stream:
    def getReader(self) -> Any: ...


class Reader:
    async def read(self) -> Any: ...
    def releaseLock(self) -> None: ...


def javascript(fetched: Fetched, stream: Stream, reader: Reader) -> None:
    AsyncChatStream(fetched)
    AsyncChatStream(stream)
    AsyncChatStream(reader)


def not_entered(
    sync: AbstractContextManager[httpx.Response],
    asynchronous: AbstractAsyncContextManager[httpx.Response],
    coroutine: Coroutine[Any, Any, niquests.AsyncResponse],
    session: aiohttp.ClientSession,
) -> None:
    ChatStream(sync)
    AsyncChatStream(asynchronous)
    AsyncChatStream(coroutine)
    AsyncChatStream(session.post(""))
    ChatStream(asynchronous)  # type: ignore[arg-type]
    ChatStream(coroutine)  # type: ignore[arg-type]
    AsyncChatStream(sync)  # type: ignore[arg-type]
    iter_sse(sync)  # type: ignore[arg-type]
    aiter_sse(asynchronous)  # type: ignore[arg-type]
    aiter_sse(coroutine)  # type: ignore[arg-type]


def of_sdks(client: openai.OpenAI, asynchronous: openai.AsyncOpenAI) -> None:
    ChatStream(client.chat.completions.create(model="", messages=[], stream=True))
    ChatStream(client.chat.completions.with_raw_response.create(model="", messages=[], stream=True))
    ChatStream(client.chat.completions.with_streaming_response.create(model="", messages=[], stream=True))
    AsyncChatStream(asynchronous.chat.completions.create(model="", messages=[], stream=True))
    AsyncChatStream(asynchronous.chat.completions.with_streaming_response.create(model="", messages=[], stream=True))


def options(source: list[bytes], asynchronous: AsyncIterator[bytes]) -> None:
    def ended(stream: ChatStream) -> None: ...
    def ended_async(stream: AsyncChatStream) -> None: ...

    pieces: list[bytes] = []
    ChatStream(source, on_end=ended, tee=pieces.append)
    AsyncChatStream(asynchronous, on_end=ended_async, tee=pieces.append)
    ChatStream(source, on_end=ended_async)  # type: ignore[arg-type]
    ChatStream(source, timeout=3)  # type: ignore[arg-type]


def refused(
    text: str,
    number: int,
    path: Path,
    decoded: Mapping[str, object],
    texts: list[str],
    text_file: TextIO,
) -> None:
    ChatStream(text)  # type: ignore[arg-type]
    ChatStream(number)  # type: ignore[arg-type]
    ChatStream(path)  # type: ignore[arg-type]
    ChatStream(decoded)  # type: ignore[arg-type]
    ChatStream(texts)  # type: ignore[arg-type]
    ChatStream(text_file)  # type: ignore[arg-type]
    ChatStream(None)  # type: ignore[arg-type]
    iter_sse(text)  # type: ignore[arg-type]


def refused_by_the_async_one(
    text: str,
    number: float,
    path: Path,
    decoded: Mapping[str, object],
    texts: AsyncIterator[str],
    text_file: TextIO,
) -> None:
    AsyncChatStream(text)  # type: ignore[arg-type]
    AsyncChatStream(number)  # type: ignore[arg-type]
    AsyncChatStream(path)  # type: ignore[arg-type]
    AsyncChatStream(decoded)  # type: ignore[arg-type]
    AsyncChatStream(texts)  # type: ignore[arg-type]
    AsyncChatStream(text_file)  # type: ignore[arg-type]
    AsyncChatStream(None)  # type: ignore[arg-type]
    aiter_sse(text)  # type: ignore[arg-type]


def of_the_other_colour(
    of_aiohttp: aiohttp.ClientResponse,
    body: aiohttp.StreamReader,
    reader: asyncio.StreamReader,
    iterator: AsyncIterator[bytes],
    fetched: Fetched,
) -> None:
    ChatStream(of_aiohttp)  # type: ignore[arg-type]
    ChatStream(body)  # type: ignore[arg-type]
    ChatStream(reader)  # type: ignore[arg-type]
    ChatStream(iterator)  # type: ignore[arg-type]
    ChatStream(fetched)  # type: ignore[arg-type]
    iter_sse(of_aiohttp)  # type: ignore[arg-type]
