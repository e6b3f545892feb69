"""From server-sent events to what they mean, one event after another, in one queue."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from .._chat._chunks import ChatCompletionChunk
from .._chat._turns import register_turn
from .._errors import ChunkDecodeError, EventTooLargeError
from .._sse._event import ServerSentEvent
from .._sse._parser import EventParser
from ..dialects._base import AnomalyFound, Dialect, Done, Failure, Item, Ping, check_dialect
from ..dialects._detect import Detecting
from ._queue import ItemQueue
from ._unframed import UnframedJSON


class ItemDecoder:
    """Decodes the next server-sent event when asked, and queues what it means.

    Args:
        dialect: The wire format; `None` to find it out.
        max_event_size: How many bytes of one event may wait for its end.

    Raises:
        TypeError: `dialect` is none.

    Attributes:
        queue: The queue.
        parser: Takes the bytes, and keeps them until they are decoded.
        events_seen: How many server-sent events were decoded here.
        cut_off: Whether the body ended inside an event.
    """

    __slots__ = (
        "_asked_at_end",
        "_decode_plain",
        "_items",
        "_reading",
        "cut_off",
        "events_seen",
        "parser",
        "queue",
    )

    def __init__(self, dialect: Dialect | None, max_event_size: int) -> None:
        self._reading = _Reading(dialect)
        self._decode_plain = self._reading.dialect.decode_plain
        self._items = ItemQueue()
        self.queue = self._items.entries
        self.parser = _parser(self._reading, max_event_size, self._items)
        self.events_seen = 0
        self.cut_off = False
        self._asked_at_end = False  # whether the dialect was asked what the end of the body means

    @property
    def dialect(self) -> Dialect:
        """The wire format."""
        return self._reading.dialect

    def use(self, dialect: Dialect) -> None:
        """Read with this dialect from the next event on.

        Raises:
            TypeError: It is none.
        """
        self._reading.use(dialect)
        self._decode_plain = dialect.decode_plain

    def fetch(self) -> bool:
        """Queue what the next event means, and what stands before it; whether there was anything."""
        queue = self.queue
        before = len(queue)
        while len(queue) == before:
            chunk = self.next_plain_chunk()
            if chunk is not None:
                queue.append(chunk)
            elif len(queue) == before and not self._fetch_framed():
                return len(queue) > before
        return True

    def next_plain_chunk(self) -> ChatCompletionChunk | None:
        """The chunk that the next event is, if it is a plain one; what a plain event is else is queued."""
        parser = self.parser
        data = parser.next_plain()
        if data is None:
            return None
        self.events_seen += 1
        chunk = self._decode_plain(data, parser.plain_name)
        if chunk is None:
            self._decode(ServerSentEvent(parser.decoded(data), parser.plain_name, parser.last_event_id))
        elif self._reading.detecting is not None or self._items.halves.waiting:
            before = self._reading.settled(chunk)
            if before or self._items.halves.waiting:
                self._items.put((*before, chunk))
                return None
        return chunk

    def _fetch_framed(self) -> bool:
        """What `fetch` does, for an event that is not plain, or not whole in one piece."""
        try:
            event = self.parser.next_event(self.queue)
        except EventTooLargeError as error:
            self.queue.append(Failure(error))  # what stands before it comes before it
            return True
        if event is None:
            return False
        self.events_seen += 1
        chunk = self._decode_plain(event.data, event.event)
        if chunk is None:
            self._decode(event)
        else:
            self._items.put((*self._reading.settled(chunk), chunk))
        return True

    def fetch_end(self) -> bool:
        """All events were fetched, and no more bytes will come: queue what that means, a step at a time.

        Returns:
            Whether there was a step: the event that no blank line has closed, then what the dialect says.
        """
        if self.parser.within_event:
            event = self.parser.next_incomplete()
            self.cut_off = event is None or not self.dialect.is_whole(event.data)
            if event is not None and not self.cut_off:
                self.events_seen += 1
                self._items.note("unterminated_event", event.data)
                self._decode(event)
            return True
        if self._asked_at_end:
            return False
        self._asked_at_end = True
        if not (self.cut_off and getattr(self.dialect, "ends_with_body", False)):
            self._items.put(self._reading.end())
        self._items.end()
        return True

    def fetch_document(self, body: bytes) -> bool:
        """Queue a body that is one whole completion, as a server sends that ignores `"stream": true`.

        Returns:
            Whether it is one.
        """
        event = ServerSentEvent(body.decode("utf-8", "replace"))
        try:
            items = self._reading.decode(event)
        except ChunkDecodeError:
            return False
        if not any(isinstance(item, ChatCompletionChunk) and item.choices for item in items):
            return False
        self._items.put((AnomalyFound("not_streamed", event.data), *items, Done()))
        return True

    def _decode(self, event: ServerSentEvent) -> None:
        """Queue what an event means that is no plain chunk."""
        try:
            self._items.put(self._reading.decode(event))
        except ChunkDecodeError as error:
            self.queue.append(Failure(error))


class _Reading:
    """The dialect that reads, and what finds it until it is known: for whoever must not know who else reads.

    Attributes:
        dialect: The dialect.
        detecting: What finds out whether it is another one; `None` once that is known.
    """

    __slots__ = ("detecting", "dialect")

    def __init__(self, dialect: Dialect | None) -> None:
        self.detecting: Detecting | None = None
        if dialect is None:
            self.detecting = Detecting()
            self.dialect: Dialect = self.detecting.dialect
        else:
            self.use(dialect)

    def use(self, dialect: Dialect) -> None:
        """Read with this dialect.

        Raises:
            TypeError: It is none.
        """
        check_dialect(dialect)
        register_turn(dialect.name, dialect.turn)
        self.dialect = dialect
        self.detecting = None

    def settled(self, chunk: ChatCompletionChunk) -> Sequence[Item]:
        """What comes before a plain chunk: with choices, it shows that the stream is a chat."""
        detecting = self.detecting
        if detecting is None or not chunk.choices:
            return ()
        self.detecting = None
        return detecting.settle()

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """What an event means.

        Raises:
            ChunkDecodeError: It cannot be read.
        """
        detecting = self.detecting
        items = (detecting or self.dialect).decode(event)
        if detecting is not None and detecting.is_settled:
            self.detecting = None
        return items

    def end(self) -> Sequence[Item]:
        """What it means that the body has ended."""
        return (self.detecting or self.dialect).end()


def _parser(reading: _Reading, max_event_size: int, items: ItemQueue) -> EventParser:
    """The parser of server-sent events; what it finds beside them is queued.

    It knows nothing of who reads them: no reference leads back, and a stream that is dropped is gone at once.
    """

    def part_events(data: str) -> bool:
        whole = reading.dialect.is_whole(data)
        if whole:
            items.note("events_run_together", data)
        return whole

    unframed: UnframedJSON | None = None  # made for the first line that is no field: few streams have one

    def read_line(line: str) -> None:
        nonlocal unframed
        unframed = unframed or UnframedJSON(max_event_size)
        text = unframed.add(line)
        if text:
            with suppress(ChunkDecodeError):  # nobody has said that it is a chunk
                meant = reading.decode(ServerSentEvent(text))
                items.put((AnomalyFound("unframed_json", text), *meant))

    return EventParser(
        max_event_size,
        on_comment=lambda text: items.put((Ping(text),)),
        on_unknown_field=lambda name, value: items.put(reading.dialect.decode_field(name, value)),
        part_events=part_events,
        on_unknown_line=read_line,
        on_malformed=lambda text: items.note("invalid_utf8", text),
    )
