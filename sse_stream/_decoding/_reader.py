"""The reading machine: bytes in, typed events or chunks out, in order.

What was decoded and not handed out is in one queue. One method makes the next event, one the next chunk; whoever
reads holds nothing, so any number of readers may take turns.
"""

from __future__ import annotations

from .._chat._chunks import SOURCE, ChatCompletionChunk
from .._chat._copies import chunk_to_keep
from .._chat._events import ChatEvent
from .._chat._limits import Limits
from .._errors import OutputTooLargeError
from ..dialects._base import Beside, Dialect, Item
from ._chat_state import ChatState


class EventReader(ChatState):
    """Takes the bytes of a chat stream, and gives its events, or its chunks, when asked.

    Args:
        dialect: The wire format; `None` to find it out.
        strict: Whether the first deviation is an error.
        limits: Bounds on memory.
        keepalives: Whether keep-alives give an event.

    Raises:
        TypeError: `dialect` is none.

    Attributes:
        take: Keeps the next bytes of the stream, which are decoded as they are read; raises an `SSEStreamError` if
            the stream has ended, or no more bytes were to come.
        take_document: Takes a body that is no stream but one whole completion; returns whether it is one.
    """

    def __init__(self, dialect: Dialect | None, *, strict: bool, limits: Limits, keepalives: bool) -> None:
        super().__init__(dialect, strict=strict, limits=limits, keepalives=keepalives)
        self.take = self.parser.take
        self.take_document = self.items.fetch_document
        self.note = self.log.note

    @property
    def is_settled(self) -> bool:
        """Whether nothing more can be meant to come: every choice has finished and not gone on, no call is open."""
        return self.state == "open" and self.builder.is_settled

    def end(self) -> None:
        """No more bytes will come."""
        self.parser.close()

    def next_event(self, data: bytes = b"") -> ChatEvent | None:
        """The next event of what was taken; `None` if that holds no more.

        Args:
            data: Bytes to be taken first, for who reads one piece after another.

        Raises:
            SSEStreamError: The stream fails here: after every event before it, and once.
        """
        queue, parser = self.queue, self.parser
        shortcut = self.shortcut
        if data:
            # Measured as "one event a read": an event that is compared need not be kept first.
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
                    return None  # measured as "one event a read": half of all calls end here
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
            elif isinstance(entry, Beside):
                events = self.apply(entry)
                shortcut = self.shortcut  # it is another one where a dialect was found
            else:
                return entry
            if events:
                if len(events) > 1:
                    queue.extendleft(events[:0:-1])
                return events[0]

    def next_chunk(self, data: bytes = b"") -> ChatCompletionChunk | None:
        """The next chunk of what was taken; `None` if that holds no more.

        The events of a chunk that is handed out are passed over. Those of one that has begun to be read by its
        events are left to who reads events.

        Args:
            data: Bytes to be taken first, for who reads one piece after another.

        Raises:
            SSEStreamError: As with `next_event`.
        """
        if data:
            self.parser.take(data)
        queue = self.queue
        place = 0  # behind the events that are left
        while True:
            while place < len(queue) and not isinstance(queue[place], (ChatCompletionChunk, Beside)):
                place += 1
            if place == len(queue):
                if not self._fetch():
                    return None
                continue
            entry = queue[place]
            del queue[place]
            if isinstance(entry, ChatCompletionChunk):
                self.add(chunk_to_keep(entry))
                return entry
            if isinstance(entry, Beside):
                self.apply(entry)

    def _fetch(self) -> bool:
        """Queue what comes next; whether there was anything."""
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
