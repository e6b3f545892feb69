"""The async chat stream, under asyncio and trio; any task may close it."""

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
    """A chat stream over an async source; iterate it with `async for` to get typed events.

    The source is a response of httpx, httpx2, aiohttp, niquests and others, or a wrapper of the openai and anthropic
    SDKs around one; an async context manager or an awaitable that returns a response, such as `client.stream(…)` or
    aiohttp's `session.post(…)`; a `Response` of JavaScript's `fetch` under Pyodide; or an async iterable of bytes.

    Use the stream with `async with`, which also enters and exits a context manager passed as the source; `until_done`
    does so too. The stream owns its source and closes it exactly once: at the end, on an error, when a read is
    cancelled, on `aclose`, or at the end of `async with`. Timeouts are exact, under asyncio and trio.

    Args:
        source: The response, or another source of bytes.
        dialect: The wire format; `None` to detect it from the first event.
        strict: Whether to raise a `ChunkDecodeError` at the first deviation; see `ChatStream`.
        limits: Bounds on memory.
        timeouts: Timeouts in seconds; `None` for none.
        keepalives: Whether to yield a `KeepAlive` event for each keep-alive.
        on_truncated: `"raise"` to raise an `IncompleteStreamError` if the stream is truncated; `"return"` to stop
            without `StreamDone`. Either way, `ending` is `"truncated"`.
        request_started: When the request was sent, from `time.monotonic()`, for timings and timeouts. If `None`, they
            start when the stream is created, or when it enters its source.
        keep_gaps: Whether to keep every gap between arrivals of generated pieces, 8 bytes each, in `timings.gaps`.
        tee: Called with the bytes of each read, before they are decoded. An exception from it closes the stream and
            propagates.
        on_end: Called once with the stream, after it has ended and released its source, however it ended: also if it
            was never opened, was left early or cancelled, and on a best-effort basis if it is garbage-collected while
            open. It is not awaited. An exception from it goes to `sys.unraisablehook`.
        **unknown: Any other keyword raises a `TypeError` that names it.

    Raises:
        TypeError: `source` is not an async source; the message says what to pass instead.
        ValueError: An option has an invalid value, or the body has already been read.
    """

    def __aiter__(self) -> AsyncIterator[ChatEvent]:
        """Iterate over the events, from where the last iteration stopped.

        Several iterators may be read in any order: each event goes to the one that asks first.

        Raises:
            SSEStreamError: The stream failed; raised after all events that arrived before the failure.
            RuntimeError: Another task is reading this stream.
        """
        return View(partial(AsyncChatStream._next, self, self._state.reader.next_event))

    def __anext__(self) -> Awaitable[ChatEvent]:
        return self._next(self._state.reader.next_event)

    def iter_text(self, choice: int = 0) -> AsyncIterator[str]:
        """Iterate over the text deltas of one choice, which are never empty.

        Args:
            choice: The index of the choice.
        """
        return View(partial(AsyncChatStream._next, self, self._state.reader.next_event, choice))

    def iter_chunks(self) -> AsyncIterator[ChatCompletionChunk]:
        """Iterate over the chunks, with OpenAI's field names, from where the last iteration stopped."""
        return View(partial(AsyncChatStream._next, self, self._state.reader.next_chunk))

    def iter_partial(
        self, *, every: float = 0.0, choice: int = 0, tool_call: int | None = None
    ) -> AsyncIterator[JSONValue]:
        """Iterate over snapshots of the JSON content or of tool call arguments; see `ChatStream.iter_partial`.

        Args:
            every: The minimum number of seconds between two values.
            choice: The index of the choice.
            tool_call: The index of the tool call, as in `ToolCallStarted`; `None` for the content.

        Raises:
            PartialJSONError: The text is not JSON, or is incomplete; raised after the last value.
            SSEStreamError: The stream failed; raised after the last value.
            ValueError: `every` or `tool_call` is negative.
        """
        reading = PartialReading(self._state.reader, every=every, choice=choice, tool_call=tool_call)
        return AsyncPartialValues(aiter(self), reading)

    async def until_done(self) -> ChatCompletion:
        """Read to the end.

        Returns:
            The completion; with `on_truncated="return"` possibly a partial one.
        """
        if self._is_unopened:
            async with self:
                return await self.until_done()
        async for _ in self:
            pass
        return self.completion

    async def _next(self, next_item: Callable[[bytes], object], choice: int | None = None) -> Any:  # as the views say
        """Return the next item, or the next text delta of a choice. All iterators call this and hold no state."""
        state = self._state
        reader = state.reader
        reads = self._reads
        try:
            data = b""
            while True:
                item = next_item(data)
                data = b""
                if item is None:
                    if state.plain and reads.idle and reader.state == "open":  # measured as "one event per read"
                        try:
                            piece: Any = next(reads.pump)
                            if type(piece) is not bytes:
                                piece = await reads.wait(piece)
                        except Exception as error:  # noqa: BLE001  # clients may raise anything
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
        except (GeneratorExit, StopAsyncIteration):  # cannot await during GeneratorExit; nothing to close at the end
            raise
        except BaseException as error:  # a failure, or this task was cancelled during a read
            if reads.busy or self._is_unopened:  # another task is reading, or the stream can still be entered
                raise
            await self.aclose()
            if isinstance(error, IncompleteStreamError) and state.is_truncation_tolerated:
                raise StopAsyncIteration from None
            raise

    async def _advance(self) -> bool:
        """Do the next step if it is not just a read; return whether more may follow."""
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
                    "there is no response yet: read this stream inside `async with AsyncChatStream(…) as stream`, or "
                    "with `await stream.until_done()`"
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
                except Exception as error:  # noqa: BLE001  # clients may raise anything
                    state.failed(error)
                else:
                    self._arrive(data)
        return True

    async def _release_alone(self) -> None:
        """Release the connection before reporting the end; no other task may read meanwhile."""
        with self._reads.reserved():
            await self._release()

    async def _drain(self) -> None:
        """Read what arrives right after the end of the stream, so that the connection can be reused."""
        reads = self._reads
        seconds = self._state.drain_time()
        source = self._opening.source
        if seconds and source is not None and source.read_soon:
            with suppress(Exception):  # the stream is complete, so a failed read is not an error
                data = reads.begin()
                self._arrive(data if type(data) is bytes else await reads.wait(data, seconds))
                return
        self._state.exhausted = True

    def _arrive(self, data: bytes) -> None:
        """Pass data on for decoding, or keep it if other tasks should run before all of it is decoded."""
        data = self._state.arrive(data)
        if self._reads.fits(data):
            self._state.take(data)
        else:
            self._reads.keep(data)


class View(Generic[T]):
    """An async iterator whose `__anext__` is the given function.

    The function is stored in a slot named `__anext__`, which saves one call per item compared to a method.
    """

    __slots__ = ("__anext__",)

    def __init__(self, next_item: Callable[[], Awaitable[T]]) -> None:
        object.__setattr__(self, "__anext__", next_item)  # type checkers see a method

    def __aiter__(self) -> Self:
        return self

    if TYPE_CHECKING:

        def __anext__(self) -> Awaitable[T]: ...
