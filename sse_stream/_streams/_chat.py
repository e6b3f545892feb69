"""The shells: the only code that touches a response. Sync blocks, async awaits; all else is the session's."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .._chat._anomalies import Anomaly
from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._endings import Ending
from .._chat._events import ChatEvent, TextDelta
from .._chat._limits import Limits
from .._sources._open import open_async_source, open_source
from .._sources._source import AsyncSource, Opened, SyncSource
from ..dialects import Dialect
from ._concurrency import Expired, Slices, end_generators, shielded, within
from ._state import OnTruncated, Session
from ._timings import StreamTimings, Timeouts

T = TypeVar("T")
S = TypeVar("S", bound=Opened)

# How long giving a connection back may take.
_CLOSING_SECONDS = 1.0


class _Stream(Generic[S]):
    """What the two shells share: their options, and what a stream tells about itself."""

    _released = True  # until there is something to close

    def __init__(
        self,
        source: object,
        *,
        strict: bool = False,
        limits: Limits = Limits(),
        timeouts: Timeouts | None = None,
        keepalives: bool = False,
        on_truncated: OnTruncated = "raise",
        dialect: Dialect | None = None,
        request_started: float | None = None,
    ) -> None:
        self._source = self._open(source)
        self._session = Session(
            self._source,
            dialect=dialect,
            strict=strict,
            limits=limits,
            timeouts=timeouts,
            keepalives=keepalives,
            on_truncated=on_truncated,
            request_started=request_started,
        )
        self._released = False

    @abstractmethod
    def _open(self, source: object) -> S: ...

    @property
    def response(self) -> Any:  # whatever the caller gave
        """The source, as it was given: its status and headers are there before the first event."""
        return self._source.response

    @property
    def completion(self) -> ChatCompletion:
        """What has arrived so far, at any moment, as a snapshot."""
        return self._session.completion

    @property
    def ending(self) -> Ending:
        """How the stream ended; `"open"` while it has not."""
        return self._session.ending

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The tolerated deviations so far, one item a kind."""
        return self._session.anomalies

    @property
    def timings(self) -> StreamTimings:
        """When things came so far, and how many."""
        return self._session.timings

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ending}>"


class ChatStream(_Stream[SyncSource]):
    r"""A chat stream over a sync source: iterate it for typed events.

    The source is a response of httpx, httpx2, requests, niquests, urllib3, `http.client` or
    `urllib.request`, a binary file, or an iterable of bytes. The stream owns it, and closes it once: at the
    end, at an error, at `close`, at the end of `with`, and when the stream is dropped. Deadlines are
    checked whenever bytes arrive; a blocked read is bounded by the client's own read timeout.

    Args:
        source: The response, or where else the bytes come from.
        strict: Whether the first anomaly is an error, a `ChunkDecodeError`.
        limits: Bounds on memory.
        timeouts: Deadlines in seconds, checked whenever bytes arrive; `None` for none.
        keepalives: Whether keep-alives give a `KeepAlive` event.
        on_truncated: `"raise"` for an `IncompleteStreamError` where the stream ends before it was done;
            `"return"` to simply stop, without `StreamDone`. Either way `ending` says so.
        dialect: The wire format; `None` for OpenAI's chat completions and all that is compatible.
        request_started: `time.monotonic()` when the request was sent, for timings and deadlines; with
            `None` they count from the making of the stream.

    Raises:
        TypeError: `source` is no source, or an async one; the message says what to pass instead.
        ValueError: An option has a value that it cannot have, or the body was read before.

    >>> body = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    >>> with ChatStream([body]) as stream:
    ...     print("".join(stream.iter_text()), stream.ending)
    Hi complete
    """

    def _open(self, source: object) -> SyncSource:
        return open_source(source)

    def __iter__(self) -> Iterator[ChatEvent]:
        """The events, from where the last reading stopped.

        Raises:
            SSEStreamError: Any of its subclasses, after everything that came before it.
        """
        session = self._session
        return self._run(session.remaining_events, session.arrived_repeat, session.arrived_events, session.end_events)

    def __next__(self) -> ChatEvent:
        for event in self:
            return event
        raise StopIteration

    def iter_text(self, choice: int = 0) -> Iterator[str]:
        """The pieces of one choice's text, none of them empty.

        Args:
            choice: The choice's index.
        """
        for event in self:
            if type(event) is TextDelta and event.choice == choice:
                yield event.text

    def iter_chunks(self) -> Iterator[ChatCompletionChunk]:
        """The chunks, in OpenAI's own field names, from where the last reading stopped."""
        session = self._session
        return self._run(session.remaining_chunks, _never, session.arrived_chunks, session.end_chunks)

    def until_done(self) -> ChatCompletion:
        """Read to the end.

        Returns:
            The completion; with `on_truncated="return"`, what there is of it.
        """
        for _ in self:
            pass
        return self._session.result()

    def close(self) -> None:
        """Stop, and give the connection back. Again, it does nothing."""
        self._session.abandon()
        if not self._released:
            self._release()

    def _release(self) -> None:
        self._released = True
        with suppress(Exception):  # what cannot be closed is closed
            self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._released:
            self.close()

    def _run(
        self,
        remaining: Callable[[], Iterator[T]],
        repeat: Callable[[bytes], T | None],
        decode: Callable[[object], Iterator[T]],
        end: Callable[[], Iterator[T]],
    ) -> Iterator[T]:
        """Read and decode. A generator that is dropped half-way leaves everything where it stood."""
        session = self._session
        decoder = session.decoder
        read = self._source.read
        try:
            yield from remaining()
            while True:
                if decoder.live and not session.is_watched:  # measured as "one event a read"
                    try:
                        piece = read()
                    except Exception as error:  # noqa: BLE001  # whatever a client raises
                        session.broken(error)
                    repeated = repeat(piece) if type(piece) is bytes else None
                    if repeated is not None:
                        yield repeated
                        continue
                else:
                    piece = self._read_watched()
                if piece is None:
                    break
                yield from decode(piece)
            # Before the end is told: who stops reading at `StreamDone` has given the connection back.
            if not self._released:
                self._release()
            yield from end()
        except GeneratorExit:
            raise
        except BaseException:
            self.close()
            raise

    def _read_watched(self) -> bytes | None:
        """What comes next, if nothing forbids to wait for it; `None` if nothing does, or nothing that is wanted."""
        session = self._session
        if not session.wants_more:
            return None
        if session.done:
            return self._read_on()
        session.begin_read()
        try:
            return self._source.read()
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            session.broken(error)

    def _read_on(self) -> bytes | None:
        """After the stream is done: what still comes at once, so that the connection can be used again."""
        seconds = self._session.drain_time()
        if not seconds or self._source.read_soon is None:
            return None
        try:
            return self._source.read_soon(seconds)
        except Exception:  # noqa: BLE001  # the stream is done: that nothing more came is no error
            return None


class AsyncChatStream(_Stream[AsyncSource]):
    """A chat stream over an async source: iterate it with `async for` for typed events.

    The source is a response of httpx, httpx2, aiohttp or niquests, a `Response` of JavaScript's `fetch`
    under Pyodide, or an async iterable of bytes. The stream owns it, and closes it once: at the end, at an
    error, when a read is cancelled, at `aclose`, and at the end of `async with`, which is how to use it.
    Deadlines are kept to the moment, under asyncio and trio.

    Args:
        source: The response, or where else the bytes come from.
        strict: Whether the first anomaly is an error, a `ChunkDecodeError`.
        limits: Bounds on memory.
        timeouts: Deadlines in seconds, kept to the moment; `None` for none.
        keepalives: Whether keep-alives give a `KeepAlive` event.
        on_truncated: `"raise"` for an `IncompleteStreamError` where the stream ends before it was done;
            `"return"` to simply stop, without `StreamDone`. Either way `ending` says so.
        dialect: The wire format; `None` for OpenAI's chat completions and all that is compatible.
        request_started: When the request was sent, by `time.monotonic()`, for timings and deadlines; with
            `None` they count from the making of the stream.

    Raises:
        TypeError: `source` is no source, or a sync one; the message says what to pass instead.
        ValueError: An option has a value that it cannot have, or the body was read before.
    """

    def _open(self, source: object) -> AsyncSource:
        self._slices = Slices()
        return open_async_source(source)

    def __aiter__(self) -> AsyncIterator[ChatEvent]:
        """The events, from where the last reading stopped.

        Raises:
            SSEStreamError: Any of its subclasses, after everything that came before it.
        """
        session = self._session
        return _AsyncItems(self, session.remaining_events, session.repeat, session.events, session.end_events)

    def __anext__(self) -> Awaitable[ChatEvent]:
        return self.__aiter__().__anext__()

    def iter_text(self, choice: int = 0) -> AsyncIterator[str]:
        """The pieces of one choice's text, none of them empty.

        Args:
            choice: The choice's index.
        """
        return _AsyncText(self.__aiter__(), choice)

    def iter_chunks(self) -> AsyncIterator[ChatCompletionChunk]:
        """The chunks, in OpenAI's own field names, from where the last reading stopped."""
        session = self._session
        return _AsyncItems(self, session.remaining_chunks, _never, session.chunks, session.end_chunks)

    async def until_done(self) -> ChatCompletion:
        """Read to the end.

        Returns:
            The completion; with `on_truncated="return"`, what there is of it.
        """
        async for _ in self:
            pass
        return self._session.result()

    async def aclose(self) -> None:
        """Stop, and give the connection back. Again, it does nothing."""
        self._session.abandon()
        if not self._released:
            await self._arelease()

    async def _arelease(self) -> None:
        self._released = True
        with suppress(Exception):  # what cannot be closed is closed
            await shielded(_CLOSING_SECONDS, self._close_source)

    async def _close_source(self) -> None:
        await self._source.close()
        if self._source.generator is not None:
            await end_generators(self._source.generator)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if not self._released:
            warnings.warn(
                f"{self!r} was dropped open, and its connection with it: use `async with`, or call `aclose`",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    async def _read(self) -> bytes | None:
        session = self._session
        seconds = None
        if session.is_watched or not session.decoder.live:
            if not session.wants_more:
                return None
            if session.done:
                return await self._read_on()
            seconds = session.begin_read()
        try:
            data = await (self._source.read() if seconds is None else within(seconds, self._source.read))
        except Expired:
            session.timed_out()
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            session.broken(error)
        return None if data is None else session.arrive(data)

    async def _read_on(self) -> bytes | None:
        """After the stream is done: what still comes at once, so that the connection can be used again."""
        seconds = self._session.drain_time()
        if not seconds or not self._source.read_soon:
            return None
        try:
            data = await within(seconds, self._source.read)
            return None if data is None else self._session.arrive(data)
        except Exception:  # noqa: BLE001  # the stream is done: that nothing more came is no error
            return None


class _AsyncItems(Generic[T]):
    """The events or the chunks of an async stream. All state is in the stream, so that any other can go on."""

    __slots__ = ("_decode", "_end", "_items", "_remaining", "_repeat", "_stream")

    def __init__(
        self,
        stream: AsyncChatStream,
        remaining: Callable[[], Iterator[T]],
        repeat: Callable[[bytes], T | None],
        decode: Callable[[bytes], Iterator[T]],
        end: Callable[[], Iterator[T]],
    ) -> None:
        self._stream = stream
        self._remaining: Callable[[], Iterator[T]] | None = remaining
        self._repeat = repeat
        self._decode = decode
        self._end = end
        self._items: Iterator[T] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        stream = self._stream
        try:
            if self._remaining is not None:
                self._items = self._remaining()
                self._remaining = None
            while True:
                for item in self._items:
                    return item
                if stream._released:
                    raise StopAsyncIteration
                data = await stream._slices.next(stream._read)
                if data is not None:
                    repeated = self._repeat(data)
                    if repeated is not None:
                        return repeated
                    self._items = self._decode(data)
                    continue
                # Before the end is told: who stops reading at `StreamDone` has given the connection back.
                await stream._arelease()
                self._items = self._end()
        except (GeneratorExit, StopAsyncIteration):  # nothing can be awaited any more; nothing is left
            raise
        except BaseException:  # a failure, or this task was cancelled in the middle of a read
            await stream.aclose()
            raise


class _AsyncText:
    """The text of one choice of an async stream."""

    __slots__ = ("_choice", "_events")

    def __init__(self, events: AsyncIterator[ChatEvent], choice: int) -> None:
        self._events = events
        self._choice = choice

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        async for event in self._events:
            if type(event) is TextDelta and event.choice == self._choice:
                return event.text
        raise StopAsyncIteration


def _never(_: bytes) -> None:
    """Who asks for chunks gets each decoded: it is theirs."""
