"""Snapshots of JSON that a stream is still writing, shared by sync and async streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Self

from .._chat._events import ChatEvent
from .._decoding._reader import EventReader
from .._errors import PartialJSONError, SSEStreamError
from .._json._depth import JSONValue
from .._json._partial import MAX_SIZE
from .._json._partial_machine import PartialMachine

# Long text is parsed in slices, because the parser lists the changes of each slice.
_SLICE = 16 * 1024


class PartialReading:
    """Parses the output of a choice, and tells when a new value is ready.

    The text comes from the accumulated output rather than from events, so it does not matter who reads the events.

    Args:
        reader: The reader of the stream.
        every: The minimum number of seconds between two values.
        choice: The index of the choice.
        tool_call: The index of the tool call whose arguments to parse; `None` for the content.

    Raises:
        ValueError: `every` or `tool_call` is negative.
    """

    __slots__ = ("_due", "_ended", "_error", "_every", "_is_blank", "_machine", "_reader", "_written")

    def __init__(self, reader: EventReader, *, every: float, choice: int, tool_call: int | None) -> None:
        if not every >= 0:
            raise ValueError(f"iter_partial(every=…) must be a number of seconds, 0 or more, not {every!r}")
        if tool_call is not None and tool_call < 0:
            raise ValueError(
                f"iter_partial(tool_call=…) must be the index of a call, 0 or more, or None, not {tool_call!r}"
            )
        self._reader = reader
        self._written = reader.written(choice, tool_call)
        self._machine = PartialMachine(MAX_SIZE)
        self._every = every
        self._due = 0.0
        self._is_blank = True
        self._error: PartialJSONError | SSEStreamError | None = None
        self._ended = False

    @property
    def is_ready(self) -> bool:
        """Whether a value, an error or the end is ready, without reading another event."""
        if self._error is None:
            self._parse()
        return self._error is not None or self._ended or (self._machine.changed and monotonic() >= self._due)

    @property
    def is_over(self) -> bool:
        """Whether everything has been yielded."""
        return self._ended and self._error is None and not self._machine.changed

    def take(self) -> JSONValue:
        """Return the new value, or raise the error after the last one.

        Raises:
            PartialJSONError: The text is not JSON, or is incomplete.
            SSEStreamError: The stream failed.
        """
        machine = self._machine
        if machine.changed:
            machine.changed = False
            self._due = monotonic() + self._every
            return machine.value()
        error, self._error = self._error, None
        assert error is not None  # noqa: S101  # for type checkers
        raise error

    def end(self, error: SSEStreamError | None = None) -> None:
        """Handle the end of the stream, with or without an error."""
        self._parse()
        if error is not None:
            self._error = error
        else:
            self._ended = True
            if self._error is None and self._reader.ending != "truncated":
                self._finish()

    def _parse(self) -> None:
        """Parse new text, unless the stream was closed; a text that failed to parse fails again."""
        if self._reader.ending == "closed":
            self._machine.changed = False
            return
        text = self._written.read()
        if text or self._machine.error is not None:
            self._is_blank = self._is_blank and not text.strip()
            try:
                for at in range(0, len(text) or 1, _SLICE):
                    self._machine.feed(text[at : at + _SLICE])
            except PartialJSONError as error:
                self._error = error

    def _finish(self) -> None:
        """Finish parsing. Blank text is ignored as content; as arguments it means `{}`."""
        try:
            if not self._is_blank:
                self._machine.close()
            elif self._written.is_call:
                self._machine.feed("{}")
        except PartialJSONError as error:
            self._error = error


class PartialValues:
    """The snapshots of a sync stream."""

    __slots__ = ("_events", "_reading")

    def __init__(self, events: Iterator[ChatEvent], reading: PartialReading) -> None:
        self._events = events
        self._reading = reading

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> JSONValue:
        reading = self._reading
        while not reading.is_ready:
            try:
                next(self._events)
            except StopIteration:
                reading.end()
            except SSEStreamError as error:
                reading.end(error)
        if reading.is_over:
            raise StopIteration
        return reading.take()


class AsyncPartialValues:
    """The snapshots of an async stream."""

    __slots__ = ("_events", "_reading")

    def __init__(self, events: AsyncIterator[ChatEvent], reading: PartialReading) -> None:
        self._events = events
        self._reading = reading

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> JSONValue:
        reading = self._reading
        while not reading.is_ready:
            try:
                await self._events.__anext__()
            except StopAsyncIteration:
                reading.end()
            except SSEStreamError as error:
                reading.end(error)
        if reading.is_over:
            raise StopAsyncIteration
        return reading.take()
