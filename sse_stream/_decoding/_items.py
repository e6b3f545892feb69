"""From server-sent events to what they mean, one event after another, in one queue."""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from .._chat._chunks import ChatCompletionChunk
from .._chat._events import ChatEvent
from .._errors import ChunkDecodeError, EventTooLargeError
from .._sse._event import ServerSentEvent
from .._sse._parser import EventParser
from ..dialects._base import AnomalyFound, Dialect, Done, Failure, Item, Ping, check_dialect

Queue: TypeAlias = deque[Item | ChatEvent]
"""What was decoded and not handed out: what an event means, and before it what a chunk said that is being read."""


class ItemDecoder:
    """Decodes the next server-sent event when asked, and queues what it means.

    Args:
        dialect: The wire format.
        max_event_size: How many bytes of one event may wait for its end.

    Raises:
        TypeError: `dialect` is none.

    Attributes:
        queue: The queue.
        parser: Takes the bytes, and keeps them until they are decoded.
        events_seen: How many server-sent events were decoded here.
        cut_off: Whether the body ended inside an event.
    """

    __slots__ = ("_asked_at_end", "_decode_plain", "_dialect", "cut_off", "events_seen", "parser", "queue")

    def __init__(self, dialect: Dialect, max_event_size: int) -> None:
        check_dialect(dialect)
        self._dialect = dialect
        self._decode_plain = dialect.decode_plain
        self.queue: Queue = deque()
        self.parser = _parser(dialect, max_event_size, self.queue)
        self.events_seen = 0
        self.cut_off = False
        self._asked_at_end = False  # whether the dialect was asked what the end of the body means

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
            text = data.decode("utf-8", "replace")
            self._decode(ServerSentEvent(text, parser.plain_name, parser.last_event_id))
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
            self.queue.append(chunk)
        return True

    def fetch_end(self) -> bool:
        """All events were fetched, and no more bytes will come: queue what that means, a step at a time.

        Returns:
            Whether there was a step: the event that no blank line has closed, then what the dialect says.
        """
        if self.parser.within_event:
            event = self.parser.next_incomplete()
            self.cut_off = event is None or not self._dialect.is_whole(event.data)
            if event is not None and not self.cut_off:
                self.events_seen += 1
                self.queue.append(AnomalyFound("unterminated_event", event.data))
                self._decode(event)
            return True
        if self._asked_at_end or self.cut_off:
            return False
        self._asked_at_end = True
        self.queue.extend(self._dialect.end())
        return True

    def fetch_document(self, body: bytes) -> bool:
        """Queue a body that is one whole completion, as a server sends that ignores `"stream": true`.

        Returns:
            Whether it is one.
        """
        event = ServerSentEvent(body.decode("utf-8", "replace"))
        try:
            items = self._dialect.decode(event)
        except ChunkDecodeError:
            return False
        if not any(isinstance(item, ChatCompletionChunk) and item.choices for item in items):
            return False
        self.queue.extend((AnomalyFound("not_streamed", event.data), *items, Done()))
        return True

    def _decode(self, event: ServerSentEvent) -> None:
        """Queue what an event means that is no plain chunk."""
        try:
            self.queue.extend(self._dialect.decode(event))
        except ChunkDecodeError as error:
            self.queue.append(Failure(error))


def _parser(dialect: Dialect, max_event_size: int, queue: Queue) -> EventParser:
    """The parser of server-sent events; what it finds beside them is queued.

    It knows nothing of who reads them: no reference leads back, and a stream that is dropped is gone at once.
    """

    def part_events(data: str) -> bool:
        whole = dialect.is_whole(data)
        if whole:
            queue.append(AnomalyFound("events_run_together", data))
        return whole

    return EventParser(
        max_event_size,
        on_comment=lambda text: queue.append(Ping(text)),
        on_unknown_field=lambda name, value: queue.extend(dialect.decode_field(name, value)),
        part_events=part_events,
    )
