"""A response for unit tests, without server, client or socket."""

from __future__ import annotations

import errno
import itertools
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeAlias, Unpack

from .._streams._concurrency import running_trio
from ._faults import Comments, Disconnect, EndAt, HalfClose, Reset, Stall, WrongLength
from ._http import BODILESS, headers_of, parted
from ._replies import Body, Reply, ReplyOptions

Step: TypeAlias = bytes | float | OSError
"""The next step of a body: bytes, a pause in seconds, or the error that ends it."""


class Headers(Mapping[str, str]):
    """Headers with case-insensitive names."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = {name.lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._headers[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def __repr__(self) -> str:
        return f"Headers({self._headers!r})"


class FakeResponse:
    """A fake response for unit tests, with the interface of an httpx response, for sync and async code.

    Return it from a mocked client: from `client.stream`, as it is its own context manager, or from `client.send`. Its
    body arrives in the pieces of the reply, `pace` seconds apart. Faults raise while the body is read:
    `ConnectionError` for a broken connection, `TimeoutError` for an endless `Stall`.

    Args:
        reply: The content: a `Reply`, or bytes, the path of a file or a list of pieces.
        **options: How it arrives: options of `Reply`, which override the reply's own.

    Raises:
        ValueError: An option has an invalid value, or sets a content `encoding`, which only a real client decodes.
        OSError: The recording's file cannot be read.

    >>> from sse_stream import ChatStream
    >>> response = FakeResponse(Reply.text("Hel", "lo"))
    >>> ChatStream(response).until_done().text, response.is_closed
    ('Hello', True)

    Attributes:
        status_code: The HTTP status.
        headers: The headers, with case-insensitive names.
        http_version: `"HTTP/1.1"`.
        extensions: An empty mapping, as there is no connection.
        is_closed: Whether the response was closed or read to its end.
        is_stream_consumed: Whether reading the body has started.
    """

    def __init__(self, reply: Reply | Body, **options: Unpack[ReplyOptions]) -> None:
        reply = replace(reply, **options) if isinstance(reply, Reply) else Reply(reply, **options)
        if reply.encoding != "identity":
            raise ValueError(f"FakeResponse does not support encoding={reply.encoding!r}: use ReplayServer")
        self._reply = reply
        self._content: bytes | None = None
        self.status_code: int = reply.status
        framing = "length" if isinstance(reply.fault, WrongLength) else reply.framing
        length = sum(map(len, reply.writes()))
        self.headers: Headers = Headers(headers_of(reply, framing, length, is_last=framing == "close"))
        self.http_version = "HTTP/1.1"
        self.extensions: Mapping[str, object] = {}
        self.is_closed: bool = False
        self.is_stream_consumed: bool = False

    @property
    def stream(self) -> _Stream:
        """The body, for `for` or `async for`."""
        return _Stream(self)

    @property
    def content(self) -> bytes:
        """The whole body, after `read` or `aread`.

        Raises:
            RuntimeError: The body has not been read.
        """
        if self._content is None:
            raise RuntimeError("the body has not been read: call read() or aread() first")
        return self._content

    def read(self) -> bytes:
        """Read the whole body."""
        if self._content is None:
            self._content = b"".join(self.iter_bytes())
        return self._content

    async def aread(self) -> bytes:
        """Read the whole body, in async code."""
        if self._content is None:
            self._content = b"".join([piece async for piece in self.aiter_bytes()])
        return self._content

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Iterate over the body.

        Args:
            chunk_size: The size of the pieces in bytes; `None` for the reply's own writes.

        Raises:
            RuntimeError: The response has already been read or closed.
            OSError: The reply's fault.
        """
        for step in self._steps(chunk_size):
            if isinstance(step, bytes):
                yield step
            else:
                time.sleep(step)

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Iterate over the body, in async code.

        Args:
            chunk_size: The size of the pieces in bytes; `None` for the reply's own writes.

        Raises:
            RuntimeError: The response has already been read or closed.
            OSError: The reply's fault.
        """
        for step in self._steps(chunk_size):
            if isinstance(step, bytes):
                yield step
            else:
                await (running_trio() or sys.modules["asyncio"]).sleep(step)

    iter_raw = iter_bytes
    aiter_raw = aiter_bytes

    def close(self) -> None:
        """Close the response; nothing more can be read."""
        self.is_closed = True

    async def aclose(self) -> None:
        """Close the response, in async code."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def _steps(self, chunk_size: int | None) -> Iterator[bytes | float]:
        if self._content is not None:
            yield from Reply(self._content, cut=chunk_size).writes()
            return
        if self.is_closed or self.is_stream_consumed:
            raise RuntimeError(f"this response has already been {'closed' if self.is_closed else 'read'}")
        self.is_stream_consumed = True
        for step in _steps_of(self._reply if chunk_size is None else replace(self._reply, cut=chunk_size)):
            if self.is_closed:
                raise RuntimeError("this response was closed while it was being read")
            if isinstance(step, OSError):
                self.is_closed = True
                raise step
            yield step
        self.is_closed = True


class _Stream:
    """A body like httpx's, for sync and async iteration."""

    def __init__(self, response: FakeResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_raw()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_raw()


def _steps_of(reply: Reply) -> Iterator[Step]:
    """Yield the steps of reading the body."""
    if reply.delay:
        yield float(reply.delay)
    if reply.status in BODILESS:
        return
    fault = reply.fault
    writes = reply.writes()
    at = min(0, fault.by) + sum(map(len, writes)) if isinstance(fault, WrongLength) else getattr(fault, "at", None)
    before, after = parted(writes, at)
    yield from _paced(before, reply.pace)
    match fault:
        case EndAt():
            return
        case Disconnect() | HalfClose():
            yield ConnectionError("the server closed the connection before the body was complete")
        case WrongLength(by):
            if by > 0:
                yield ConnectionError(f"the server closed the connection with {by} bytes still missing")
            return
        case Reset():
            yield ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        case Stall(seconds=None):
            yield TimeoutError("the server stopped sending, and the read timed out")
        case Stall(seconds=float() | int() as seconds):
            yield float(seconds)
        case Comments(interval=interval, comment=comment):
            yield from _paced(itertools.repeat(comment), interval)
    yield from _paced(after, reply.pace)


def _paced(pieces: Iterable[bytes], pace: float) -> Iterator[Step]:
    for number, piece in enumerate(pieces):
        if number and pace:
            yield float(pace)
        yield piece
