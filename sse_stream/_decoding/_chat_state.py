"""The state of a chat stream: what each decoded item changes, and how the stream ended."""

from __future__ import annotations

from contextlib import suppress

from .._chat._anomalies import Anomaly, AnomalyLog
from .._chat._builder import CompletionBuilder
from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._endings import Ending, ending_of
from .._chat._events import ChatEvent, KeepAlive
from .._chat._limits import Limits
from .._chat._reports import Usage
from .._errors import ChunkDecodeError, EventTooLargeError, OutputTooLargeError, ProviderError, SSEStreamError
from ..dialects._base import AnomalyFound, Control, Dialect, DialectFound, Done, PartItem, Ping
from ._items import ItemDecoder
from ._marking import mark_part
from ._states import Lifecycle
from ._text_shortcut import shortcut_for
from ._verdict import anomalies_at_end, error_at_end, failed_finish


class ChatState(Lifecycle):
    """The state of a chat stream, and what each decoded item changes in it.

    Args:
        dialect: The wire format; `None` to detect it.
        strict: Whether the first deviation is an error.
        limits: Limits on memory.
        keepalives: Whether keep-alives give an event.

    Raises:
        TypeError: `dialect` is not a dialect.

    Attributes:
        dialect: The wire format.
        items: Decodes server-sent events to items.
        queue: What was decoded and not handed out.
        parser: Parses the bytes.
        log: The anomalies.
        builder: Accumulates chunks.
        written: Creates readers for the text of a choice as it grows.
        tally: Counts the memory, and the generated pieces.
        shortcut: Reads repetitive text events without decoding them.
        keepalives_seen: The number of keep-alives, as comments or as data.
        broken: Whether the connection broke after the answer was complete.
    """

    def __init__(self, dialect: Dialect | None, *, strict: bool, limits: Limits, keepalives: bool) -> None:
        super().__init__()
        self.items = ItemDecoder(dialect, limits.event_size)
        self.queue = self.items.queue
        self.parser = self.items.parser
        self.dialect = dialect = self.items.dialect
        self._keepalives = keepalives
        self.log = AnomalyLog(strict=strict)
        self.builder = CompletionBuilder(limits, self.log.note, dialect.name)
        self.tally = self.builder.tally
        self.written = self.builder.written
        self.shortcut = shortcut_for(dialect, self.builder, limits.event_size)
        self._event_size = limits.event_size
        self._chunks_seen = 0
        self._foreign: str | None = None  # the first JSON that was not a chunk
        self.keepalives_seen = 0
        self.broken = False

    @property
    def completion(self) -> ChatCompletion:
        """A snapshot of the completion decoded so far."""
        return self.builder.snapshot()

    @property
    def usage(self) -> Usage | None:
        """The usage reported so far."""
        return self.builder.usage

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The anomalies so far, one item per kind."""
        return self.log.found()

    @property
    def events_seen(self) -> int:
        """The number of server-sent events so far."""
        return self.items.events_seen + self.shortcut.seen

    @property
    def chunks_seen(self) -> int:
        """The number of chunks so far."""
        return self._chunks_seen + self.shortcut.seen

    def fail(self, error: SSEStreamError, ending: Ending) -> SSEStreamError:
        """End the stream with an error, found in its bytes or raised outside, such as a broken connection.

        Args:
            error: The error.
            ending: The new value of `ending`, unless the stream had ended before.

        Returns:
            The error, with the partial completion.
        """
        error.completion = self.completion
        if self.stop(ending, error):
            self._drop(str(error))
        return error

    def abandon(self) -> None:
        """Close the stream for the caller. Nothing more is handed out."""
        self.stop("complete" if self.state == "done" else "closed")
        self._drop()

    def _drop(self, failure: str = "") -> None:
        """Discard everything that has not been handed out."""
        self.queue.clear()
        self.parser.stop(failure)

    def add(self, chunk: ChatCompletionChunk) -> list[ChatEvent]:
        """Add a chunk. Returns its events.

        Raises:
            SSEStreamError: The stream fails here.
        """
        if self.log.violation is not None:
            self.check_strictness()
        if self.shortcut.channel is not None:
            self.shortcut.forget()
        self._chunks_seen += 1
        try:
            return self.builder.add(chunk)
        except OutputTooLargeError as error:
            raise self.fail(error, "invalid") from None

    def apply(self, item: Control) -> list[ChatEvent]:
        """Apply an item that is not a chunk. Returns its events.

        Raises:
            SSEStreamError: The stream fails here.
        """
        self.check_strictness()
        try:
            match item:
                case PartItem():
                    self.shortcut.forget()
                    return mark_part(self.builder, item)
                case Ping(comment):
                    self.keepalives_seen += 1
                    return [KeepAlive(comment)] if self._keepalives else []
                case AnomalyFound(kind, sample):
                    self.log.note(kind, sample)
                    if self.log.violation is not None:
                        self.shortcut.forget()  # the violation must be raised before any later event
                    if kind == "not_a_chunk" and self._foreign is None:
                        self._foreign = sample
                case Done():
                    failure = failed_finish(self.builder)
                    if failure is not None and self.state == "open":
                        raise failure
                    self.mark()
                case DialectFound(dialect):
                    self.items.use(dialect)
                    self.builder.dialect = dialect.name
                    self.shortcut = shortcut_for(dialect, self.builder, self._event_size)
                    self.dialect = dialect
                case _:  # a failure
                    # An event that is too large cannot be skipped, so it is an error even after the end mark.
                    if self.state != "done" or isinstance(item.error, EventTooLargeError):
                        if isinstance(item.error, ProviderError):
                            self._take_late_usage()
                        raise item.error
                    self.log.note("data_after_done", str(item.error))
        except SSEStreamError as error:
            self.fail(error, ending_of(error))
            raise
        return []

    def _take_late_usage(self) -> None:
        """Take the usage from events behind an error. Nothing else in them is used, and they are not counted."""
        items = self.items
        seen = items.events_seen
        while self.queue or items.fetch():
            entry = self.queue.popleft()
            if isinstance(entry, ChatCompletionChunk) and entry.usage is not None:
                with suppress(OutputTooLargeError):  # the error before it is the one to raise
                    self.builder.add(ChatCompletionChunk(usage=entry.usage))
        items.events_seen = seen

    def check_strictness(self) -> None:
        """In strict mode, raise the error for the first deviation, after everything before it was handed out."""
        if self.log.violation is not None and self.state != "ended":
            raise self.fail(self.log.violation, "invalid")

    def finish(self) -> None:
        """Judge how the stream ended, now that all bytes are decoded."""
        is_done = self.state == "done"
        cut_off = self.items.cut_off
        error = error_at_end(
            self.builder, self.dialect.end_mark, is_done=is_done, cut_off=cut_off, begun=self.chunks_seen > 0
        )
        if not self.builder.begun and self._foreign is not None:
            error = ChunkDecodeError(
                f"the stream contains no chunk, only other JSON: {self._foreign[:200]!r}", data=self._foreign
            )
        if error is not None:
            raise self.fail(error, ending_of(error))
        broken = self.broken or cut_off
        for kind, sample in anomalies_at_end(self.builder, self.dialect.end_mark, is_done=is_done, broken=broken):
            self.log.note(kind, sample)
        self.check_strictness()
        self.stop("complete")
        self.queue.extend(self.builder.close())
