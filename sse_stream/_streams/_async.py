"""The async shell: it awaits where it reads, under asyncio and trio, and any task may close it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._events import ChatEvent, TextDelta
from .._errors import IncompleteStreamError
from .._json._depth import JSONValue
from ._async_owner import AsyncOwner, read_by_another
from ._concurrency import Expired
from ._partial import AsyncPartialValues, PartialReading
from ._reads import SLICE

T = TypeVar("T")


class AsyncChatStream(AsyncOwner):
    """A chat stream over an async source: iterate it with `async for` for typed events.

    The source is a response of httpx, httpx2, aiohttp, niquests and others, or what the openai and anthropic SDKs wrap
    around one; an async context manager or an awaitable that gives a response, as `client.stream(…)` and aiohttp's
    `session.post(…)` do; a `Response` of JavaScript's `fetch` under Pyodide, or an async iterable of bytes. The stream
    owns it, and closes it once: at the end, at an error, when a read is cancelled, at `aclose`, and at the end of
    `async with`, which is how to use it, and what enters and leaves a context manager; `until_done` does so too.
    Deadlines are kept to the moment, under asyncio and trio.

    Args:
        source: The response, or where else the bytes come from.
        dialect: The wire format; `None` to find it out from the first event.
        strict: Whether the first deviation, not a note, is a `ChunkDecodeError`; see `ChatStream`.
        limits: Bounds on memory.
        timeouts: Deadlines in seconds, kept to the moment; `None` for none.
        keepalives: Whether keep-alives give a `KeepAlive` event.
        on_truncated: `"raise"` for an `IncompleteStreamError` where the stream ends before it was done;
            `"return"` to simply stop, without `StreamDone`. Either way `ending` says so.
        request_started: When the request was sent, by `time.monotonic()`, for timings and deadlines; with
            `None` they count from the making of the stream, or from when it enters its source.
        keep_gaps: Whether `timings.gaps` lists every gap between arrivals of generated pieces, which takes 8 bytes of
            memory each.
        tee: Called with the bytes of each read, before they are decoded. What it raises closes the stream.
        on_end: Called once with the stream, when it is over and all is given back, however it ended: also where it
            was never opened, was left early or cancelled, and at best effort where it is dropped open. It is not
            awaited. What it raises goes to `sys.unraisablehook`.
        **unknown: Any other keyword is refused, with a `TypeError` that names it.

    Raises:
        TypeError: `source` is no source, or a sync one; the message says what to pass instead.
        ValueError: An option has a value that it cannot have, or the body was read before.
    """

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

    def iter_partial(
        self, *, every: float = 0.0, choice: int = 0, tool_call: int | None = None
    ) -> AsyncIterator[JSONValue]:
        """The JSON of the content, or of a call's arguments, while it is written: see `ChatStream.iter_partial`.

        Args:
            every: The least number of seconds between two values.
            choice: Which choice, by its index.
            tool_call: Which of its calls, by the index in `ToolCallStarted`; `None` for its content.

        Raises:
            PartialJSONError: What was written is not JSON, or not all of it; after the last value.
            SSEStreamError: The stream has failed; after the last value.
            ValueError: A number is below 0.
        """
        reading = PartialReading(self._state.reader, every=every, choice=choice, tool_call=tool_call)
        return AsyncPartialValues(aiter(self), reading)

    async def until_done(self) -> ChatCompletion:
        """Read to the end.

        Returns:
            The completion; with `on_truncated="return"`, what there is of it.
        """
        if self._is_unopened:
            async with self:
                return await self.until_done()
        async for _ in self:
            pass
        return self.completion

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
                        self._tell_end()
                        raise StopAsyncIteration
                elif choice is None:
                    return item
                elif type(item) is TextDelta and item.choice == choice:
                    return item.text
        except (GeneratorExit, StopAsyncIteration):  # nothing can be awaited any more; nothing is left
            raise
        except BaseException as error:  # a failure, or this task was cancelled in the middle of a read
            if reads.busy or self._is_unopened:  # with another task, which goes on; or it can still be entered
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
            raise read_by_another()
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
            case "read" if self._is_unopened:
                raise RuntimeError(
                    "there is no response yet: read this stream within `async with AsyncChatStream(…) as stream`, or "
                    "by `await stream.until_done()`"
                )
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
        with self._reads.reserved():
            await self._release()

    async def _drain(self) -> None:
        """After the stream is done: await what still comes at once, so that the connection can be used again."""
        reads = self._reads
        seconds = self._state.drain_time()
        source = self._opening.source
        if seconds and source is not None and source.read_soon:
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
