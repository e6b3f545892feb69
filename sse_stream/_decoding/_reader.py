"""The reading machine: bytes in, typed events or chunks out, in order, and how it ended.

What was decoded and not handed out is in one queue. One method makes the next event, one the next chunk; whoever
reads holds nothing, so any number of readers may take turns.
"""

from __future__ import annotations

from .._chat._anomalies import Anomaly, AnomalyLog
from .._chat._builder import CompletionBuilder
from .._chat._chunks import SOURCE, ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._copies import chunk_to_keep
from .._chat._endings import Ending, ending_of
from .._chat._events import ChatEvent, KeepAlive
from .._chat._limits import Limits
from .._chat._reports import Usage
from .._chat._turns import register_turn
from .._errors import EventTooLargeError, IncompleteStreamError, OutputTooLargeError, SSEStreamError
from ..dialects._base import AnomalyFound, Beside, Dialect, Done, Failure, Item, PartEnd, PartStart, Ping
from ._items import ItemDecoder
from ._states import Lifecycle, what_is_missing
from ._typed import shortcut_for


class EventReader(Lifecycle):
    """Takes the bytes of a chat stream, and gives its events, or its chunks, when asked.

    Args:
        dialect: The wire format.
        strict: Whether the first anomaly is an error.
        limits: Bounds on memory.
        keepalives: Whether keep-alives give an event.

    Raises:
        TypeError: `dialect` is none.

    Attributes:
        take: Keeps the next bytes of the stream, which are decoded as they are read; raises an `SSEStreamError` if
            the stream has ended, or no more bytes were to come.
        take_document: Takes a body that is no stream but one whole completion; returns whether it is one.
        dialect: The wire format.
        tally: How much has come: `pieces` is how many generated pieces there have been.
        keepalives_seen: Comments, and keep-alives in the form of data.
    """

    def __init__(self, dialect: Dialect, *, strict: bool, limits: Limits, keepalives: bool) -> None:
        super().__init__()
        self._items = ItemDecoder(dialect, limits.event_size)
        self._queue = self._items.queue
        self._parser = self._items.parser
        register_turn(dialect.name, dialect.turn)
        self.dialect = dialect
        self._keepalives = keepalives
        self.take = self._parser.take
        self.take_document = self._items.fetch_document
        self._log = AnomalyLog(strict=strict)
        self._builder = CompletionBuilder(limits, self._log.note, dialect.name)
        self.tally = self._builder.tally
        self._shortcut = shortcut_for(dialect, self._builder, limits.event_size)
        self._chunks_seen = 0
        self.keepalives_seen = 0

    @property
    def completion(self) -> ChatCompletion:
        """What has been decoded so far, as a snapshot."""
        return self._builder.snapshot()

    @property
    def usage(self) -> Usage | None:
        """What usage has been reported so far."""
        return self._builder.usage

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The tolerated deviations so far, one item a kind."""
        return self._log.found()

    @property
    def events_seen(self) -> int:
        """How many server-sent events there have been."""
        return self._items.events_seen + self._shortcut.seen

    @property
    def chunks_seen(self) -> int:
        """How many chunks there have been."""
        return self._chunks_seen + self._shortcut.seen

    def end(self) -> None:
        """No more bytes will come."""
        self._parser.close()

    def fail(self, error: SSEStreamError, ending: Ending) -> SSEStreamError:
        """Take a failure, which ends the stream: one of the bytes, or one from outside, as a broken connection.

        Args:
            error: The failure.
            ending: What `ending` says from here on, if the stream had not ended before.

        Returns:
            The error, with what had arrived.
        """
        error.completion = self.completion
        if self.stop(ending, error):
            self._drop(str(error))
        return error

    def abandon(self) -> None:
        """The caller stops: nothing more is handed out."""
        self.stop("complete" if self.state == "done" else "closed")
        self._drop()

    def _drop(self, failure: str = "") -> None:
        """Nothing is handed out any more, whoever still reads, and whatever waits."""
        self._shortcut.forget()
        self._queue.clear()
        self._parser.stop(failure)

    def next_event(self, data: bytes = b"") -> ChatEvent | None:
        """The next event of what was taken; `None` if that holds no more.

        Args:
            data: Bytes to be taken first, for who reads one piece after another.

        Raises:
            SSEStreamError: The stream fails here: after every event before it, and once.
        """
        queue, parser = self._queue, self._parser
        shortcut = self._shortcut
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
                if not parser.buffer and not parser.closed and self._log.violation is None:
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
                if self._log.violation is not None:
                    self._check_strictness()
                entry: Item | ChatEvent | None = self._items.next_plain_chunk()
                if entry is None:
                    if not queue and not self._fetch():
                        return None
                    continue
            else:
                entry = queue.popleft()
            if isinstance(entry, ChatCompletionChunk):
                events = self._add(entry)
                if shortcut.tries and len(events) == 1:
                    shortcut.learn(getattr(entry, SOURCE, None), entry, events[0])
            elif isinstance(entry, Beside):
                events = self._apply(entry)
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
            self._parser.take(data)
        queue = self._queue
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
                self._add(chunk_to_keep(entry))
                return entry
            if isinstance(entry, Beside):
                self._apply(entry)

    def _fetch(self) -> bool:
        """Queue what comes next; whether there was anything."""
        if self._log.violation is not None:
            self._check_strictness()
        items = self._items
        if items.fetch():
            return True
        if not items.parser.closed or self.state == "ended":
            return False
        if not items.fetch_end():
            self._finish()
        return True

    def _add(self, chunk: ChatCompletionChunk) -> list[ChatEvent]:
        """Add a chunk up; the events that it gives.

        Raises:
            SSEStreamError: The stream fails here.
        """
        if self._log.violation is not None:
            self._check_strictness()
        if self._shortcut.channel is not None:
            self._shortcut.forget()
        self._chunks_seen += 1
        try:
            return self._builder.add(chunk)
        except OutputTooLargeError as error:
            raise self.fail(error, "invalid") from None

    def _apply(self, item: Beside) -> list[ChatEvent]:
        """What an item changes that is no chunk; the events that say so.

        Raises:
            SSEStreamError: The stream fails here.
        """
        self._check_strictness()
        try:
            match item:
                case PartStart(choice, index, kind):
                    self._shortcut.forget()
                    return self._builder.start_part(choice, index, kind)
                case PartEnd(choice, index, native):
                    self._shortcut.forget()
                    return self._builder.end_part(choice, index, native)
                case Ping(comment):
                    self.keepalives_seen += 1
                    return [KeepAlive(comment)] if self._keepalives else []
                case AnomalyFound(kind, sample):
                    self._log.note(kind, sample)
                    if self._log.violation is not None:
                        self._shortcut.forget()  # nothing may pass it
                case Done():
                    self.mark()
                case Failure(error):
                    # What is too large cannot be passed over, whenever it comes.
                    if self.state != "done" or isinstance(error, EventTooLargeError):
                        raise error
                    self._log.note("data_after_done", str(error))
        except SSEStreamError as error:
            self.fail(error, ending_of(error))
            raise
        return []

    def _check_strictness(self) -> None:
        """Raise the error for the first anomaly, in strict mode: what came before it was handed out."""
        if self._log.violation is not None and self.state != "ended":
            raise self.fail(self._log.violation, "invalid")

    def _finish(self) -> None:
        """Nothing is left: how did it end?"""
        unfinished = self._builder.unfinished
        if self.state == "done":
            if not self.chunks_seen:
                self._log.note("empty_stream", self.dialect.end_mark)
            for index in unfinished:
                self._log.note("missing_finish_reason", f"choice {index}")
        elif self._items.cut_off or unfinished or not self._builder.begun:
            missing = what_is_missing(
                self.dialect.end_mark,
                unfinished,
                cut_off=self._items.cut_off,
                begun=self.chunks_seen > 0,
                so_far=self.completion.text,
            )
            raise self.fail(IncompleteStreamError(missing), "truncated")
        self._check_strictness()
        self.stop("complete")
        self._queue.extend(self._builder.close())
