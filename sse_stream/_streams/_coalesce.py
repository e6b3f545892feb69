"""Merging of text deltas, for user interfaces that redraw more slowly than deltas arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from time import monotonic
from typing import Self, overload

from .._chat._events import ChatEvent, ReasoningDelta, TextDelta
from ._tasks import Task, start


@overload
def coalesce(stream: Iterable[ChatEvent], seconds: float = 0.05) -> CoalescedEvents: ...
@overload
def coalesce(stream: AsyncIterable[ChatEvent], seconds: float = 0.05) -> AsyncCoalescedEvents: ...
def coalesce(
    stream: Iterable[ChatEvent] | AsyncIterable[ChatEvent], seconds: float = 0.05
) -> CoalescedEvents | AsyncCoalescedEvents:
    r"""Merge consecutive text deltas of a choice, and consecutive reasoning deltas, that arrive within a short time.

    All other events pass through immediately, and the order is preserved. If the stream raises, the exception is
    raised after all events that arrived before it. Closing the result closes the stream.

    Text of an async stream is never held longer than `seconds`, even if nothing more arrives, under asyncio and trio.
    A read may therefore be in progress while the body of the loop runs: leave the loop with `break` only inside
    `async with coalesce(…)`, or call `aclose`. Text of a sync stream is held until the next event arrives.

    Args:
        stream: A `ChatStream`, an `AsyncChatStream`, or any iterable or async iterable of events.
        seconds: How long to hold text back, at most.

    Returns:
        An iterator of events for a sync stream, an async iterator for an async one. Both are context managers, and
        have `close` or `aclose`.

    Raises:
        TypeError: `stream` is not iterable.
        ValueError: `seconds` is negative.

    >>> from sse_stream import ChoiceFinished
    >>> list(coalesce([TextDelta("Good "), TextDelta("evening"), ChoiceFinished("stop")]))
    [TextDelta(text='Good evening', choice=0), ChoiceFinished(reason='stop', choice=0)]
    """
    if not seconds >= 0:
        raise ValueError(f"coalesce(seconds=…) must be a number of seconds, 0 or more, not {seconds!r}")
    if isinstance(stream, AsyncIterable):
        return AsyncCoalescedEvents(stream, seconds)
    if isinstance(stream, Iterable):
        return CoalescedEvents(stream, seconds)
    raise TypeError(f"coalesce takes a ChatStream or an AsyncChatStream, not {type(stream).__name__}")


class _Merging:
    """Merges events."""

    __slots__ = ("_choice", "_kind", "_pieces", "_seconds", "due", "ready")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kind: type[TextDelta | ReasoningDelta] = TextDelta
        self._choice = 0
        self._pieces: list[str] = []
        self.due: float | None = None  # when held text must be released; None if none is held
        self.ready: deque[ChatEvent] = deque()  # released events

    def add(self, event: ChatEvent) -> None:
        """Add an event: hold its text, or release it."""
        kind = type(event)
        if kind is TextDelta or kind is ReasoningDelta:
            assert isinstance(event, (TextDelta, ReasoningDelta))  # noqa: S101  # for type checkers
            if self.due is not None and (kind is not self._kind or event.choice != self._choice):
                self.release()
            if self.due is None:
                self._kind, self._choice, self.due = kind, event.choice, monotonic() + self._seconds
            self._pieces.append(event.text)
            self.release_if_due()
        else:
            self.release()
            self.ready.append(event)

    def release_if_due(self) -> None:
        """Release held text that is due."""
        if self.due is not None and monotonic() >= self.due:
            self.release()

    def release(self) -> None:
        """Release held text."""
        if self.due is not None:
            self.ready.append(self._kind("".join(self._pieces), self._choice))
            self._pieces.clear()
            self.due = None


class CoalescedEvents:
    """The events of a sync stream with consecutive text merged, as `coalesce` returns them.

    Args:
        stream: The stream.
        seconds: How long to hold text back, at most.
    """

    def __init__(self, stream: Iterable[ChatEvent], seconds: float) -> None:
        self._stream = stream
        self._events: Iterator[ChatEvent] | None = iter(stream)
        self._merging = _Merging(seconds)
        self._error: Exception | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ChatEvent:
        merging = self._merging
        while not merging.ready:
            if self._events is None:
                error, self._error = self._error, None
                raise error or StopIteration
            try:
                merging.add(next(self._events))
            except StopIteration:
                self._end(None)
            except Exception as error:  # noqa: BLE001  # raised again after the events before it
                self._end(error)
        return merging.ready.popleft()

    def _end(self, error: Exception | None) -> None:
        self._events = None
        self._error = error
        self._merging.release()

    def close(self) -> None:
        """Stop and close the stream. Idempotent."""
        self._events = self._error = None
        self._merging = _Merging(0)
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncCoalescedEvents:
    """The events of an async stream with consecutive text merged, as `coalesce` returns them.

    Args:
        stream: The stream.
        seconds: How long to hold text back, at most.

    A timer must not cancel a read, because that would break the stream. A separate task therefore reads until text is
    held or an event is ready, and then ends. Between two calls no task exists, unless the timer expired first.
    """

    def __init__(self, stream: AsyncIterable[ChatEvent], seconds: float) -> None:
        self._stream = stream
        self._reading = _Reading(stream.__aiter__(), _Merging(seconds))
        self._task: Task | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ChatEvent:
        reading = self._reading
        merging = reading.merging
        while True:
            merging.release_if_due()
            if merging.ready:
                return merging.ready.popleft()
            if reading.over:
                error, reading.error = reading.error, None
                raise error or StopAsyncIteration
            if self._task is None or self._task.done:
                self._task = start(reading.until_news)
            try:
                await self._task.wait(None if merging.due is None else max(0.0, merging.due - monotonic()))
            except BaseException:  # cancelled: cancel the read too, as without coalescing
                await self._cancel()
                raise

    async def aclose(self) -> None:
        """Stop, interrupt a read in progress, and close the stream. Idempotent."""
        self._reading.end(None)
        self._reading.merging = _Merging(0)
        await self._cancel()
        aclose = getattr(self._stream, "aclose", None)
        if aclose is not None:
            await aclose()

    async def _cancel(self) -> None:
        if self._task is not None:
            await self._task.cancel()
            self._task = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        task = getattr(self, "_task", None)
        if task is not None and not task.done:
            task.abandon()


class _Reading:
    """State shared by the reading task and the iterator that waits for it, which may be dropped first."""

    def __init__(self, events: AsyncIterator[ChatEvent], merging: _Merging) -> None:
        self._events = events
        self.merging = merging
        self.over = False
        self.error: Exception | None = None

    async def until_news(self) -> None:
        """Read until an event is ready, text is held, or the stream ends."""
        held = self.merging.due
        while not (self.over or self.merging.ready or self.merging.due != held):
            try:
                self.merging.add(await self._events.__anext__())
            except StopAsyncIteration:
                self.end(None)
            except Exception as error:  # noqa: BLE001  # raised again after the events before it
                self.end(error)
            except BaseException:
                self.end(None)  # cancelled: there is no further call
                raise

    def end(self, error: Exception | None) -> None:
        """Mark the stream as ended, and release held text."""
        if not self.over:
            self.over = True
            self.error = error
            self.merging.release()
