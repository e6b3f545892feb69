"""Reading a chat stream: bytes in, typed events or chunks out, in order.

Everything decoded and not handed out is in one queue. One method returns the next event, another the next chunk.
Readers hold no state, so any number of them may take turns.
"""

from __future__ import annotations

from .._chat._chunks import SOURCE, ChatCompletionChunk
from .._chat._copies import chunk_to_keep
from .._chat._events import ChatEvent
from .._chat._limits import Limits
from .._errors import OutputTooLargeError
from ..dialects._base import ControlItem, Dialect, Item
from ._chat_state import ChatState


class EventReader(ChatState):
    """Decodes the bytes of a chat stream to events or chunks, on demand.

    Args:
        dialect: The wire format; `None` to detect it.
        strict: Whether the first deviation is an error.
        limits: Limits on memory.
        keepalives: Whether keep-alives give an event.

    Raises:
        TypeError: `dialect` is not a dialect.

    Attributes:
        take: Adds the next bytes of the stream, which are decoded when read. Raises an `SSEStreamError` if the stream
            has ended or was closed.
        take_document: Takes a body that is one whole completion instead of a stream. Returns whether it is one.
        note: Counts an anomaly that was found outside, with its kind and an excerpt.
    """

    def __init__(self, dialect: Dialect | None, *, strict: bool, limits: Limits, keepalives: bool) -> None:
        super().__init__(dialect, strict=strict, limits=limits, keepalives=keepalives)
        self.take = self.parser.take
        self.take_document = self.items.fetch_document
        self.note = self.log.note

    @property
    def is_settled(self) -> bool:
        """Whether the answer is complete before the stream ends: each choice has finished, and no call is open."""
        return self.state == "open" and self.builder.is_settled

    def end(self) -> None:
        """End the input."""
        self.parser.close()

    def next_event(self, data: bytes = b"") -> ChatEvent | None:
        """Return the next event; `None` if the bytes so far hold no more.

        Args:
            data: Bytes to add first.

        Raises:
            SSEStreamError: The stream fails here, after all events that precede the error. Raised once.
        """
        queue, parser = self.queue, self.parser
        shortcut = self.shortcut
        if data:
            # Measured as "one event per read": an event that the shortcut reads need not be buffered.
            if (
                shortcut.channel is not None
                and parser.takes_as_is
                and parser.between_events
                and not parser.buffer
                and not queue
            ):
                try:
                    delta = shortcut.match(data)
                except OutputTooLargeError as error:
                    raise self.fail(error, "invalid") from None
                if delta is not None:
                    return delta
            parser.take(data)
        while True:
            if not queue:
                if not parser.buffer and not parser.closed and self.log.violation is None:
                    return None  # measured as "one event per read": half of all calls end here
                if shortcut.channel is not None:
                    block = parser.next_block()
                    try:
                        delta = shortcut.match(block)
                    except OutputTooLargeError as error:
                        raise self.fail(error, "invalid") from None
                    if delta is not None:
                        parser.pass_over(parser.position + len(block))
                        return delta
                if self.log.violation is not None:
                    self.check_strictness()
                entry: Item | ChatEvent | None = self.items.next_plain_chunk()
                if entry is None:
                    if not queue and not self._fetch():
                        return None
                    continue
            else:
                entry = queue.popleft()
            if isinstance(entry, ChatCompletionChunk):
                events = self.add(entry)
                if shortcut.tries and len(events) == 1 and self.log.violation is None:
                    shortcut.learn(getattr(entry, SOURCE, None), parser.plain_name, entry, events[0])
            elif isinstance(entry, ControlItem):
                events = self.apply(entry)
                shortcut = self.shortcut  # finding a dialect replaces the shortcut
            else:
                return entry
            if events:
                if len(events) > 1:
                    queue.extendleft(events[:0:-1])
                return events[0]

    def next_chunk(self, data: bytes = b"") -> ChatCompletionChunk | None:
        """Return the next chunk; `None` if the bytes so far hold no more.

        The events of the chunk are skipped. The remaining events of a chunk that is already being read as events stay
        queued for readers of events.

        Args:
            data: Bytes to add first.

        Raises:
            SSEStreamError: As with `next_event`.
        """
        if data:
            self.parser.take(data)
        queue = self.queue
        place = 0  # the position after the events that stay queued
        while True:
            if place == len(queue):
                if not self._fetch():
                    return None
                continue
            entry = queue[place]
            if isinstance(entry, ChatCompletionChunk):
                del queue[place]
                self.add(chunk_to_keep(entry))
                return entry
            if isinstance(entry, ControlItem):
                del queue[place]
                self.apply(entry)
            else:
                place += 1

    def _fetch(self) -> bool:
        """Queue what comes next. Returns whether there was anything."""
        if self.log.violation is not None:
            self.check_strictness()
        items = self.items
        if items.fetch():
            return True
        if not items.parser.closed or self.state == "ended":
            return False
        if not items.fetch_end():
            self.finish()
        return True
