"""Reading events across reconnections, and tracking which have been handled."""

from __future__ import annotations

from collections import OrderedDict

from ._event import ServerSentEvent
from ._parser import EventParser

# A longer id is remembered by its digest, to bound the memory of the window.
_LONG_ID = 64


class EventCursor:
    """Reads the events of a source over any number of connections.

    Asking for the next event acknowledges the current one. Only then does `last_event_id` advance to it.

    Args:
        last_event_id: The last event ID string to resume from, `""` for none.
        dedupe: How many recent ids to remember. An event whose id is among them is dropped.
        max_event_size: The maximum size of one event in bytes, `None` for no limit.

    Attributes:
        last_event_id: The id of the last event that was handled, or the one that the server has set since.
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
        """Start a new stream on a new connection, discarding an incomplete event of the previous one.

        An event without an `id` field keeps the last id, even if that came over an earlier connection.
        """
        self._parser = EventParser(self._max_event_size, last_event_id=self.last_event_id)

    @property
    def retry(self) -> int | None:
        """The reconnection time set on this connection, in milliseconds; `None` if none was."""
        return self._parser.retry

    def take(self, data: bytes) -> None:
        """Add bytes received on the connection."""
        self._parser.take(data)

    def acknowledge(self) -> None:
        """Mark the current event as handled."""
        if self._in_hand is not None:
            self.last_event_id = self._in_hand.id
            self._in_hand = None

    def hand_out(self, event: ServerSentEvent) -> None:
        """Make this the current event, which is being handled."""
        self._in_hand = event

    def next_event(self) -> ServerSentEvent | None:
        """Return the next event that is not a repetition; `None` if the bytes so far hold no more.

        Raises:
            EventTooLargeError: The event exceeds the limit.
        """
        parser = self._parser
        while True:
            before, identified = parser.last_event_id, parser.identified
            event = parser.next_event()
            if event is None:
                if parser.last_event_id != before:
                    # An event block without data sets the last event ID string too.
                    self.last_event_id = parser.last_event_id
                return None
            if parser.identified == identified or not self._is_repeated(event.id):
                return event

    def _is_repeated(self, id: str) -> bool:
        """Whether this id is among the remembered ones. Remembers it if not."""
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
    """Return a fixed-size digest of a long id."""
    # Imported here, because long ids are rare and start-up should stay cheap.
    from hashlib import blake2b

    return blake2b(id.encode(), digest_size=_LONG_ID // 2).digest()
