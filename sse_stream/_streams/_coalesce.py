"""Fewer, larger pieces of text, for user interfaces that draw more slowly than a model speaks."""

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
    r"""Merge neighbouring pieces of a choice's text, and of its reasoning, that come within a short time.

    All other events come at once, and the order is kept. Whatever the stream raises comes after all
    that came before it. Closing this closes the stream.

    An async stream's text is never held longer than `seconds`, even if nothing more arrives, under
    asyncio and trio. For that a read may be under way while a loop's body runs: leave the loop by
    `break` only within `async with coalesce(…)`, or call `aclose`. A sync stream is looked at whenever
    something arrives: text is held until then.

    Args:
        stream: A `ChatStream`, an `AsyncChatStream`, or any iterable or async iterable of events.
        seconds: For how long text is held back, at most.

    Returns:
        An iterator of events for a sync stream, an async iterator for an async one. Each is a context
        manager, and has `close` or `aclose`.

    Raises:
        TypeError: `stream` is neither.
        ValueError: `seconds` is below 0.

    >>> from sse_stream import ChoiceFinished
    >>> list(coalesce([TextDelta("Good "), TextDelta("evening"), ChoiceFinished("stop")]))
    [TextDelta(text='Good evening', choice=0), ChoiceFinished(reason='stop', choice=0)]
    """
    if not seconds >= 0:
        raise ValueError(f"coalesce(…, seconds=…) takes a number of seconds, 0 or more, not {seconds!r}")
    if isinstance(stream, AsyncIterable):
        return AsyncCoalescedEvents(stream, seconds)
    if isinstance(stream, Iterable):
        return CoalescedEvents(stream, seconds)
    raise TypeError(f"coalesce takes a ChatStream or an AsyncChatStream, not {type(stream).__name__}")


class _Merging:
    """Events in, fewer events out. It has no clock but the one that it reads."""

    __slots__ = ("_choice", "_kind", "_pieces", "_seconds", "due", "ready")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kind: type[TextDelta | ReasoningDelta] = TextDelta
        self._choice = 0
        self._pieces: list[str] = []
        self.due: float | None = None  # when the text that is held must be given away; None if none is held
        self.ready: deque[ChatEvent] = deque()  # what can be given away now

    def add(self, event: ChatEvent) -> None:
        """Take an event, and see what is ready now."""
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
        """Give away the text that is held, if it has been for long enough."""
        if self.due is not None and monotonic() >= self.due:
            self.release()

    def release(self) -> None:
        """Give away the text that is held."""
        if self.due is not None:
            self.ready.append(self._kind("".join(self._pieces), self._choice))
            self._pieces.clear()
            self.due = None


class CoalescedEvents:
    """The events of a sync stream, neighbouring text merged: what `coalesce` returns.

    Args:
        stream: The stream.
        seconds: How long a piece waits for others at most.
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
            except Exception as error:  # noqa: BLE001  # it is raised when all before it has been given away
                self._end(error)
        return merging.ready.popleft()

    def _end(self, error: Exception | None) -> None:
        self._events = None
        self._error = error
        self._merging.release()

    def close(self) -> None:
        """Stop, and close the stream. Again, it does nothing."""
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
    """The events of an async stream, neighbouring text merged: what `coalesce` returns.

    Args:
        stream: The stream.
        seconds: How long a piece waits for others at most.

    A timer must not cancel a read, for that would break the stream. So reads are made by a task of their
    own, which lives no longer than it takes until there is something to say to whoever waits: text has
    begun to be held, or something is ready. Between two calls there is no task, unless the timer was first.
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
            except BaseException:  # cancelled: so is the read, as it would be without coalescing
                await self._cancel()
                raise

    async def aclose(self) -> None:
        """Stop, end the read that is under way, and close the stream. Again, it does nothing."""
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
    """What the task that reads shares with whoever waits for it, who may be gone before it."""

    def __init__(self, events: AsyncIterator[ChatEvent], merging: _Merging) -> None:
        self._events = events
        self.merging = merging
        self.over = False
        self.error: Exception | None = None

    async def until_news(self) -> None:
        """Read until something is ready, or text has begun to be held, or it is over."""
        held = self.merging.due
        while not (self.over or self.merging.ready or self.merging.due != held):
            try:
                self.merging.add(await self._events.__anext__())
            except StopAsyncIteration:
                self.end(None)
            except Exception as error:  # noqa: BLE001  # it is raised when all before it has been given away
                self.end(error)
            except BaseException:
                self.end(None)  # cancelled: nobody will ask again
                raise

    def end(self, error: Exception | None) -> None:
        """Nothing more will be read."""
        if not self.over:
            self.over = True
            self.error = error
            self.merging.release()
