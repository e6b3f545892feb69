"""The events of one connection after another, and how far they have been handled."""

from __future__ import annotations

from collections import OrderedDict

from ._event import ServerSentEvent
from ._parser import EventParser

# An id longer than this is remembered by its digest, so that a window's memory has a bound.
_LONG_ID = 64


class EventCursor:
    """Reads the events of a source that is connected to again and again.

    Whoever asks for the next event has handled the one in hand: only then does `last_event_id` move to it.

    Args:
        last_event_id: Where to begin: the last event ID string, `""` for none.
        dedupe: How many ids are remembered, so that an event that comes again with one of them is dropped.
        max_event_size: How many bytes of one event may wait for its end, `None` for no bound.

    Attributes:
        last_event_id: The id of the last event that was handled, or what the server has set it to since.
    """

    __slots__ = ("_in_hand", "_max_event_size", "_parser", "_seen", "_window", "last_event_id")

    def __init__(self, last_event_id: str, dedupe: int, max_event_size: int | None) -> None:
        self.last_event_id: str = last_event_id
        self._in_hand: ServerSentEvent | None = None
        self._max_event_size = max_event_size
        self._seen: OrderedDict[str | bytes, None] = OrderedDict()
        self._window = dedupe
        self.connect()

    def connect(self) -> None:
        """A new connection begins, and with it a new stream: what was incomplete of the one before is discarded.

        An event without an id of its own has the last id that came before it, over an earlier connection too.
        """
        self._parser = EventParser(self._max_event_size, last_event_id=self.last_event_id)

    @property
    def retry(self) -> int | None:
        """The reconnection time that this connection has set, in milliseconds; `None` if it has not."""
        return self._parser.retry

    def take(self, data: bytes) -> None:
        """Make the next bytes of the connection readable."""
        self._parser.take(data)

    def acknowledge(self) -> None:
        """The event in hand has been handled."""
        if self._in_hand is not None:
            self.last_event_id = self._in_hand.id
            self._in_hand = None

    def hand_out(self, event: ServerSentEvent) -> None:
        """The event is in hand from now on."""
        self._in_hand = event

    def next_event(self) -> ServerSentEvent | None:
        """The next event, which is then handed out; `None` if the bytes so far hold no more.

        Raises:
            EventTooLargeError: It outgrows its limit.
        """
        parser = self._parser
        while True:
            before, identified = parser.last_event_id, parser.identified
            event = parser.next_event()
            if event is None:
                if parser.last_event_id != before:
                    # "The last event ID string" is set by a block without data too.
                    self.last_event_id = parser.last_event_id
                return None
            if parser.identified == identified or not self._is_repeated(event.id):
                return event

    def _is_repeated(self, id: str) -> bool:
        """Whether an event with this id was given out, not too many ids ago."""
        if not self._window or not id:
            return False
        key = id if len(id) <= _LONG_ID else _digest(id)
        if key in self._seen:
            self._seen.move_to_end(key)
            return True
        self._seen[key] = None
        if len(self._seen) > self._window:
            self._seen.popitem(last=False)
        return False


def _digest(id: str) -> bytes:
    """What stands for a long id."""
    # Imported here: ids are short, and start-up stays cheap.
    from hashlib import blake2b

    return blake2b(id.encode(), digest_size=_LONG_ID // 2).digest()
