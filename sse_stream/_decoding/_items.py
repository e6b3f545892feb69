"""Decoding server-sent events to items, one event at a time, into one queue."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from .._chat._chunks import ChatCompletionChunk
from .._chat._turns import register_turn
from .._errors import ChunkDecodeError, EventTooLargeError
from .._sse._event import ServerSentEvent
from .._sse._parser import EventParser
from ..dialects._base import AnomalyFound, Dialect, Done, Failure, Item, Ping, check_dialect
from ..dialects._detect import FormatDetector
from ._queue import ItemQueue
from ._unframed import UnframedJSON

_REPLACEMENT = "\ufffd"
"""Stands for bytes that are not UTF-8."""


class ItemDecoder:
    """Decodes server-sent events on demand, and queues their items.

    Args:
        dialect: The wire format; `None` to detect it.
        max_event_size: The maximum size of one event in bytes.

    Raises:
        TypeError: `dialect` is not a dialect.

    Attributes:
        queue: The queue.
        parser: Parses the bytes, and buffers them until they are decoded.
        events_seen: The number of server-sent events decoded here.
        cut_off: Whether the body ended inside an event.
    """

    __slots__ = (
        "_asked_at_end",
        "_current",
        "_decode_plain",
        "_items",
        "cut_off",
        "events_seen",
        "parser",
        "queue",
    )

    def __init__(self, dialect: Dialect | None, max_event_size: int) -> None:
        self._current = _CurrentDialect(dialect)
        self._decode_plain = self._current.dialect.decode_plain
        self._items = ItemQueue()
        self.queue = self._items.entries
        self.parser = _parser(self._current, max_event_size, self._items)
        self.events_seen = 0
        self.cut_off = False
        self._asked_at_end = False  # whether `end` of the dialect has been called

    @property
    def dialect(self) -> Dialect:
        """The wire format."""
        return self._current.dialect

    def use(self, dialect: Dialect) -> None:
        """Use this dialect from the next event on.

        Raises:
            TypeError: It is not a dialect.
        """
        self._current.use(dialect)
        self._decode_plain = dialect.decode_plain

    def fetch(self) -> bool:
        """Queue the items of the next event and of comments before it. Returns whether there were any."""
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
        """Return the chunk of the next event if both are plain. Other items of a plain event are queued."""
        parser = self.parser
        data = parser.next_plain()
        if data is None:
            return None
        self.events_seen += 1
        # A typed decoder does not look into the strings that it skips, where malformed text may be as well.
        text = None if data.isascii() else parser.decoded(data)
        chunk = self._decode_plain(data if text is None or _REPLACEMENT not in text else text, parser.plain_name)
        if chunk is None:
            self._decode(ServerSentEvent(text or data.decode(), parser.plain_name, parser.last_event_id))
        elif self.queue or self._current.detector is not None or self._items.surrogates.waiting:
            self._items.put((*self._current.settled(chunk), chunk))
            return None
        return chunk

    def _fetch_framed(self) -> bool:
        """Queue the items of an event that is not plain, or not complete in one piece. Returns whether there was one."""
        try:
            event = self.parser.next_event(self.queue)
        except EventTooLargeError as error:
            event = None
            self.queue.append(Failure(error))  # queued, so that it is raised after everything before it
        if event is not None:
            self.events_seen += 1
            chunk = self._decode_plain(event.data, event.event)
            if chunk is None:
                self._decode(event)
            else:
                self._items.put((*self._current.settled(chunk), chunk))
        return event is not None

    def fetch_end(self) -> bool:
        """Queue the next step of the end, once all events are fetched and no more bytes will come.

        Returns:
            Whether there was a step: first the event that no blank line ended, then the items of the dialect's `end`.
        """
        if self.parser.within_event:
            event = self.parser.next_incomplete()
            if event is not None and self.dialect.is_whole(event.data):
                self.events_seen += 1
                self._items.note("unterminated_event", event.data)
                self._decode(event)
            else:
                self.cut_off = True
            return True
        if self._asked_at_end:
            return False
        self._asked_at_end = True
        if not (self.cut_off and getattr(self.dialect, "ends_with_body", False)):
            self._items.put(self._current.end())
        self._items.end()
        return True

    def fetch_document(self, body: bytes) -> bool:
        """Queue a body that is one whole completion, from a server that ignores `"stream": true`.

        Returns:
            Whether the body is one.
        """
        event = ServerSentEvent(body.decode("utf-8", "replace"))
        try:
            items = self._current.decode(event)
        except ChunkDecodeError:
            return False
        if not any(isinstance(item, ChatCompletionChunk) and item.choices for item in items):
            return False
        self._items.put((AnomalyFound("not_streamed", event.data), *items, Done()))
        return True

    def _decode(self, event: ServerSentEvent) -> None:
        """Queue the items of an event that is not a plain chunk."""
        try:
            self._items.put(self._current.decode(event))
        except ChunkDecodeError as error:
            self._items.put(self._current.give_up())
            self.queue.append(Failure(error))


class _CurrentDialect:
    """The current dialect and its detection, shared by the decoder and the callbacks of the parser.

    Attributes:
        dialect: The dialect.
        detector: Detects whether another dialect is needed; `None` once that is known.
    """

    __slots__ = ("detector", "dialect")

    def __init__(self, dialect: Dialect | None) -> None:
        self.detector: FormatDetector | None = None
        if dialect is None:
            self.detector = FormatDetector()
            self.dialect: Dialect = self.detector.dialect
        else:
            self.use(dialect)

    def use(self, dialect: Dialect) -> None:
        """Use this dialect.

        Raises:
            TypeError: It is not a dialect.
        """
        check_dialect(dialect)
        register_turn(dialect.name, dialect.turn)
        self.dialect = dialect

    def settled(self, chunk: ChatCompletionChunk) -> Sequence[Item]:
        """Return the items to queue before a plain chunk. One with choices settles the detection."""
        detector = self.detector
        if detector is None or not chunk.choices:
            return ()
        self.detector = None
        return detector.settle()

    def give_up(self) -> Sequence[Item]:
        """Stop the detection at an event that cannot be decoded. Returns the items to queue before the failure."""
        detector, self.detector = self.detector, None
        return () if detector is None or detector.is_settled else detector.settle()

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """Return the items of an event.

        Raises:
            ChunkDecodeError: It cannot be decoded.
        """
        detector = self.detector
        items = (detector or self.dialect).decode(event)
        if detector is not None and detector.is_settled:
            self.detector = None
        return items

    def end(self) -> Sequence[Item]:
        """Return the items of the end of the body."""
        return (self.detector or self.dialect).end()


def _parser(current: _CurrentDialect, max_event_size: int, items: ItemQueue) -> EventParser:
    """Create the parser. Its callbacks queue comments, unknown fields and anomalies.

    The callbacks hold no reference to the decoder, so a dropped stream is freed at once, without a reference cycle.
    """

    def part_events(data: str) -> bool:
        whole = current.dialect.is_whole(data)
        if whole:
            items.note("events_run_together", data)
        return whole

    unframed: UnframedJSON | None = None  # created for the first line that is not a field, which few streams have

    def read_line(line: str) -> None:
        nonlocal unframed
        unframed = unframed or UnframedJSON(max_event_size)
        text = unframed.add(line)
        if text:
            with suppress(ChunkDecodeError):  # the text need not be a chunk
                meant = current.decode(ServerSentEvent(text))
                items.put((AnomalyFound("unframed_json", text), *meant))

    return EventParser(
        max_event_size,
        on_comment=lambda text: items.put((Ping(text),)),
        on_unknown_field=lambda name, value: items.put(current.dialect.decode_field(name, value)),
        part_events=part_events,
        on_unknown_line=read_line,
        on_malformed=lambda text: items.note("invalid_utf8", text),
    )
