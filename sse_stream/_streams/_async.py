"""The async shell: it awaits where it reads, under asyncio and trio, and any task may close it."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._events import ChatEvent, TextDelta
from .._errors import IncompleteStreamError
from .._sources._open import open_async_source
from .._sources._protocols import AsyncByteSource
from .._sources._source import AsyncSource
from ._concurrency import CLOSING_SECONDS, Expired, end_generators, shielded
from ._reads import SLICE, AsyncReads
from ._stream import Stream

T = TypeVar("T")


class AsyncChatStream(Stream[AsyncByteSource, AsyncSource]):
    """A chat stream over an async source: iterate it with `async for` for typed events.

    The source is a response of httpx, httpx2, aiohttp or niquests, a `Response` of JavaScript's `fetch`
    under Pyodide, or an async iterable of bytes. The stream owns it, and closes it once: at the end, at an
    error, when a read is cancelled, at `aclose`, and at the end of `async with`, which is how to use it.
    Deadlines are kept to the moment, under asyncio and trio.

    Args:
        source: The response, or where else the bytes come from.
        dialect: The wire format; `None` to find it out from the first event.
        strict: Whether the first anomaly is an error, a `ChunkDecodeError`.
        limits: Bounds on memory.
        timeouts: Deadlines in seconds, kept to the moment; `None` for none.
        keepalives: Whether keep-alives give a `KeepAlive` event.
        on_truncated: `"raise"` for an `IncompleteStreamError` where the stream ends before it was done;
            `"return"` to simply stop, without `StreamDone`. Either way `ending` says so.
        request_started: When the request was sent, by `time.monotonic()`, for timings and deadlines; with
            `None` they count from the making of the stream.

    Raises:
        TypeError: `source` is no source, or a sync one; the message says what to pass instead.
        ValueError: An option has a value that it cannot have, or the body was read before.
    """

    _is_closing = False  # whether a task is in `aclose`, and gives the connection back

    def _open(self, source: AsyncByteSource) -> AsyncSource:
        opened = open_async_source(source)
        self._reads = AsyncReads(opened)
        return opened

    def __aiter__(self) -> AsyncIterator[ChatEvent]:
        """The events, from where the last reading stopped.

        Any number of iterators may be read in any order: each event goes to whoever asks first.

        Raises:
            SSEStreamError: Any of its subclasses, after everything that came before it.
            RuntimeError: Another task is in the middle of reading this stream.
        """
        return View(partial(AsyncChatStream._next, self, self._state.reader.next_event))

    def __anext__(self) -> Awaitable[ChatEvent]:
        return self._next(self._state.reader.next_event)

    def iter_text(self, choice: int = 0) -> AsyncIterator[str]:
        """The pieces of one choice's text, none of them empty.

        Args:
            choice: The choice's index.
        """
        return View(partial(AsyncChatStream._next, self, self._state.reader.next_event, choice))

    def iter_chunks(self) -> AsyncIterator[ChatCompletionChunk]:
        """The chunks, in OpenAI's own field names, from where the last reading stopped."""
        return View(partial(AsyncChatStream._next, self, self._state.reader.next_chunk))

    async def until_done(self) -> ChatCompletion:
        """Read to the end.

        Returns:
            The completion; with `on_truncated="return"`, what there is of it.
        """
        async for _ in self:
            pass
        return self.completion

    async def aclose(self) -> None:
        """Stop, and give the connection back. Again, it does nothing.

        From another task this ends a read that is under way at once. Whoever reads a closed stream gets an
        `SSEStreamError`, unless the stream was complete.
        """
        self._state.close()
        if self._released or self._is_closing:
            return
        self._is_closing = True
        try:
            await self._reads.interrupt()
        finally:
            await self._release()

    async def _release(self) -> None:
        self._released = True
        with suppress(Exception):  # what cannot be closed is closed
            await shielded(CLOSING_SECONDS, self._close_source)

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

    # ---------------------------------------------------------------- reading

    async def _next(self, next_item: Callable[[bytes], object], choice: int | None = None) -> Any:  # as the views say
        """The next item; with a choice, the next piece of its text. All views are views on this, and hold nothing."""
        state = self._state
        reader = state.reader
        reads = self._reads
        try:
            data = b""
            while True:
                item = next_item(data)
                data = b""
                if item is None:
                    if state.plain and reads.idle and reader.state == "open":  # measured as "one event a read"
                        try:
                            piece: Any = next(reads.pump)
                            if type(piece) is not bytes:
                                piece = await reads.wait(piece)
                        except Exception as error:  # noqa: BLE001  # whatever a client raises
                            state.failed(error)
                            continue
                        now = monotonic()
                        size = len(piece)
                        if 0 < size <= SLICE and now <= reads.turn_ends and state.plain:
                            state.watch.arrive(now, size, reader.tally.pieces)
                            data = piece
                        else:
                            self._arrive(piece)
                    elif not await self._advance():
                        raise StopAsyncIteration
                elif choice is None:
                    return item
                elif type(item) is TextDelta and item.choice == choice:
                    return item.text
        except (GeneratorExit, StopAsyncIteration):  # nothing can be awaited any more; nothing is left
            raise
        except BaseException as error:  # a failure, or this task was cancelled in the middle of a read
            if reads.busy:  # with another task, which goes on
                raise
            await self.aclose()
            if isinstance(error, IncompleteStreamError) and state.is_truncation_tolerated:
                raise StopAsyncIteration from None
            raise

    async def _advance(self) -> bool:
        """Do what is next where more than a plain read is to be done; whether there can be more after it."""
        state = self._state
        reads = self._reads
        if reads.busy:
            raise RuntimeError(
                "this stream is being read by another task: let one task read it, and hand the events on by a queue"
            )
        if reads.kept and not state.over:
            state.take(await reads.next_slice())
            return True
        match state.step():
            case "over":
                return False
            case "end":
                if not self._released:
                    await self._release_alone()
                state.end()
            case "drain":
                await self._drain()
            case "read":
                seconds = state.begin_read()
                try:
                    data = reads.begin()
                    if type(data) is not bytes:
                        data = await reads.wait(data, seconds)
                except Expired:
                    if not state.over:
                        state.timed_out()
                except Exception as error:  # noqa: BLE001  # whatever a client raises
                    state.failed(error)
                else:
                    self._arrive(data)
        return True

    async def _release_alone(self) -> None:
        """Give the connection back before the end is told, while no other task may read."""
        self._reads.busy = True
        try:
            await self._release()
        finally:
            self._reads.busy = False

    async def _drain(self) -> None:
        """After the stream is done: await what still comes at once, so that the connection can be used again."""
        reads = self._reads
        seconds = self._state.drain_time()
        if seconds and self._source.read_soon:
            with suppress(Exception):  # the stream is done: that nothing more came is no error
                data = reads.begin()
                self._arrive(data if type(data) is bytes else await reads.wait(data, seconds))
                return
        self._state.exhausted = True

    def _arrive(self, data: bytes) -> None:
        """Take what has come, or keep it, where others are to have their turn before all of it is decoded."""
        data = self._state.arrive(data)
        if self._reads.fits(data):
            self._state.take(data)
        else:
            self._reads.keep(data)


class View(Generic[T]):
    """An async iterator over a function that gives the next item, and no more than that.

    The function stands in a slot of the method's name, where it is called as it is. A method that called it would
    cost one more call for each item.
    """

    __slots__ = ("__anext__",)

    def __init__(self, next_item: Callable[[], Awaitable[T]]) -> None:
        object.__setattr__(self, "__anext__", next_item)  # for type checkers it is a method

    def __aiter__(self) -> Self:
        return self

    if TYPE_CHECKING:

        def __anext__(self) -> Awaitable[T]: ...
