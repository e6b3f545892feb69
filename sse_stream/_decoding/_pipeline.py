"""From bytes to events, in order: what arrived, what it means, what was odd about it. It knows no end of a stream."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from .._chat._accumulator import ChatAccumulator
from .._chat._anomalies import AnomalyLog
from .._chat._chunks import ChatCompletionChunk
from .._chat._endings import Ending, ending_of
from .._chat._events import ChatEvent, KeepAlive
from .._chat._limits import Limits
from .._errors import ChunkDecodeError, EventTooLargeError, SSEStreamError
from .._sse._decoder import SSEDecoder
from .._sse._event import ServerSentEvent
from ..dialects import Dialect, Done, Failure, Item, Oddity, Ping


class Pipeline:
    """What `ChatDecoder` is, but for being fed and for coming to an end."""

    def __init__(self, dialect: Dialect, strict: bool, limits: Limits, keepalives: bool) -> None:
        self._dialect = dialect
        self._decode_plain = dialect.decode_plain
        self._keepalives = keepalives
        self._log = AnomalyLog(strict=strict)
        self.accumulator = ChatAccumulator(limits=limits, on_anomaly=self._log.note)
        self._accumulate = self.accumulator.add
        self._asides: list[Item] = []  # what comments and unknown fields mean
        self._sse = _framing(dialect, limits.event_size, self._asides)
        # What was decoded and is not delivered yet.
        self._events: deque[ChatEvent] = deque()
        self._items: deque[Item] = deque()
        # The event of a read that repeats the one before it; no read is known to.
        self.read_repeat: Callable[[bytes], ChatEvent | None] = not_yet
        self.live = True  # until it is done, has failed or was closed
        self._done = False
        self._stopped = False  # by a failure or by the caller: nothing more is given out, whoever still reads
        self._ending: Ending = "open"
        self.keepalives_seen = 0
        self._plain_seen = 0  # events that were one chunk each and nothing else
        self._other_chunks_seen = 0
        self._other_events_seen = 0

    @abstractmethod
    def fail(self, error: SSEStreamError, ending: Ending) -> SSEStreamError:
        """Take a failure, which ends the stream."""

    def _deliver(self, chunks: Iterator[ChatCompletionChunk | None]) -> Iterator[ChatEvent]:
        """The events of chunks as they are read."""
        events = self._events
        while True:
            while events:
                yield events.popleft()
            try:
                next(chunks)
            except StopIteration:
                return

    def _only_chunks(self, chunks: Iterator[ChatCompletionChunk | None]) -> Iterator[ChatCompletionChunk]:
        for chunk in chunks:
            self._events.clear()
            if chunk is not None:
                yield chunk

    def _read(self, messages: Iterator[ServerSentEvent]) -> Iterator[ChatCompletionChunk | None]:
        """Read on; yields whenever there are events to deliver, with the chunk that gave them if one did.

        All state is in the decoder whenever this yields.
        """
        decode_plain = self._decode_plain
        try:
            yield from self._take_items()
            try:
                for message in messages:
                    if self._stopped:
                        return
                    if self._items or self._log.violation is not None:
                        yield from self._take_items()  # what went wrong with the event before it
                    # The measured path: an event that is one well-formed chunk, and nothing beside it.
                    if not self._asides and message.event == "message":
                        chunk = decode_plain(message.data)
                        if chunk is not None:
                            self._plain_seen += 1
                            self._events.extend(self._accumulate(chunk))
                            yield chunk
                            continue
                    self._other_events_seen += 1
                    self._items.extend(self._take_asides())
                    self._items.extend(self._decode(message))
                    yield from self._take_items()
            except EventTooLargeError as error:
                # Queued, so that comments before the event that is too large come before its error.
                self._items.extend((*self._take_asides(), Failure(error)))
            self._items.extend(self._take_asides())
            yield from self._take_items()
        except SSEStreamError as error:
            self.fail(error, ending_of(error))
            raise

    def _take_asides(self) -> Iterable[Item]:
        asides = self._asides.copy()
        self._asides.clear()
        return asides

    def _decode(self, message: ServerSentEvent) -> Iterable[Item]:
        try:
            return self._dialect.decode(message)
        except ChunkDecodeError as error:
            return (Failure(error),)

    def _take_items(self) -> Iterator[ChatCompletionChunk | None]:
        while self._log.violation is None and self._items and not self._stopped:
            item = self._items.popleft()
            if isinstance(item, ChatCompletionChunk):
                self._other_chunks_seen += 1
                self._events.extend(self._accumulate(item))
                yield item
                continue
            self._take(item)
            if self._events:
                yield None
        if self._log.violation is not None and not self._stopped:
            raise self._log.violation

    def _take(self, item: Done | Failure | Ping | Oddity) -> None:
        """What an item changes that is no chunk."""
        match item:
            case Ping(comment):
                self.keepalives_seen += 1
                if self._keepalives:
                    self._events.append(KeepAlive(comment))
            case Oddity(kind, sample):
                self._log.note(kind, sample)
            case Done():
                self._done = True
                self.live = False
                self._ending = "complete"
            case _:  # a failure; what is too large cannot be passed over, whenever it comes
                if not self._done or isinstance(item.error, EventTooLargeError):
                    raise item.error
                self._log.note("data_after_done", str(item.error))


def not_yet(_: bytes) -> None:
    """What a read repeats: nothing."""


def _framing(dialect: Dialect, max_event_size: int, asides: list[Item]) -> SSEDecoder:
    """The decoder of server-sent events; what it finds beside them is put into `asides`.

    It knows nothing of who reads them: no reference leads back, and a stream that is dropped is gone at once.
    """

    def part_events(data: str) -> bool:
        whole = dialect.is_whole(data)
        if whole:
            asides.append(Oddity("events_run_together", data))
        return whole

    return SSEDecoder(
        max_event_size=max_event_size,
        on_comment=lambda text: asides.append(Ping(text)),
        on_unknown_field=lambda name, value: asides.extend(dialect.decode_field(name, value)),
        part_events=part_events,
    )
