"""The composition: bytes to typed events, how a stream ended, what was odd about it, what it may cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from ._accumulator import ChatAccumulator
from ._anomalies import Anomaly, AnomalyLog
from ._chunks import ChatCompletionChunk, Usage
from ._completion import ChatCompletion
from ._errors import (
    ChunkDecodeError,
    EventTooLargeError,
    IncompleteStreamError,
    OutputTooLargeError,
    ProviderError,
    SSEStreamError,
)
from ._events import ChatEvent, KeepAlive
from ._limits import Limits
from ._server_sent_event import ServerSentEvent
from ._sse import NOTHING, SSEDecoder
from .dialects import Dialect, Done, Failure, Item, Oddity, OpenAIChat, Ping

Ending: TypeAlias = Literal[
    "open", "complete", "truncated", "provider_error", "invalid", "transport_error", "timeout", "closed"
]
"""How a stream ended:

- `open`: it has not.
- `complete`: `[DONE]` came, or every choice has given its finish reason.
- `truncated`: it ended before either, or inside an event.
- `provider_error`: the provider reported an error.
- `invalid`: a chunk could not be read, or a limit was reached.
- `transport_error`: the connection broke.
- `timeout`: a deadline passed.
- `closed`: the caller stopped.
"""


class ChatDecoder:
    r"""Bytes in, typed events out: a whole chat stream, without any input or output of its own.

    However the bytes are cut, the events are the same, and the same error comes at the same place.

    Args:
        dialect: The wire format; by default OpenAI's chat completions and all that is compatible.
        strict: Whether the first anomaly is an error.
        limits: Bounds on memory.
        keepalives: Whether comments and other keep-alives give a `KeepAlive` event.

    >>> decoder = ChatDecoder()
    >>> list(decoder.feed(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'))
    [TextDelta(text='Hi', choice=0), ChoiceFinished(reason='stop', choice=0)]
    >>> [event.type for event in decoder.close()], decoder.ending
    (['stream_done'], 'complete')
    """

    def __init__(
        self,
        *,
        dialect: Dialect | None = None,
        strict: bool = False,
        limits: Limits = Limits(),
        keepalives: bool = False,
    ) -> None:
        self._dialect = OpenAIChat() if dialect is None else dialect
        self._decode_plain = self._dialect.decode_plain
        self._keepalives = keepalives
        self._log = AnomalyLog(strict=strict)
        self.accumulator = ChatAccumulator(limits=limits, on_anomaly=self._log.note)
        self._accumulate = self.accumulator.add
        self._asides: list[Item] = []  # what comments and unknown fields mean
        self._sse = _framing(self._dialect, limits.event_size, self._asides)
        # What was decoded and is not delivered yet.
        self._given: Iterator[ChatEvent] = iter(())  # what the last `feed` returned, if that was events only
        self._events: deque[ChatEvent] = deque()
        self._items: deque[Item] = deque()
        self.live = True  # until it is done, has failed or was closed
        self._last_messages: Iterator[ServerSentEvent] | None = None  # set by `close`
        self._incomplete = False  # whether the end came inside an event
        self._done = False
        self._ending: Ending = "open"
        self._error: SSEStreamError | None = None
        self._finished = False
        self.keepalives_seen = 0
        self._plain_seen = 0  # events that were one chunk each and nothing else
        self._other_chunks_seen = 0
        self._other_events_seen = 0

    @property
    def completion(self) -> ChatCompletion:
        """What has arrived so far, as a snapshot."""
        return self.accumulator.completion

    @property
    def usage(self) -> Usage | None:
        """What usage has been reported so far."""
        return self.accumulator.usage

    @property
    def events_seen(self) -> int:
        """How many server-sent events there have been."""
        return self._plain_seen + self._other_events_seen

    @property
    def chunks_seen(self) -> int:
        """How many chunks there have been."""
        return self._plain_seen + self._other_chunks_seen

    @property
    def pieces_seen(self) -> int:
        """How many generated pieces of any channel there have been."""
        return self.accumulator.pieces

    @property
    def error(self) -> SSEStreamError | None:
        """The failure that ended the stream; `None` if none did."""
        return self._error

    @property
    def ending(self) -> Ending:
        """How the stream ended; `"complete"` as soon as `[DONE]` was read, `"open"` until something was."""
        return self._ending

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The tolerated deviations so far, one item a kind."""
        return self._log.found()

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[ChatEvent]:
        """Take the next bytes of the stream, all of them at once.

        Args:
            data: Any number of bytes, cut anywhere.

        Returns:
            The events, decoded as they are read. What is left unread stays queued and comes first on
            the next call.

        Raises:
            SSEStreamError: While the events are read, after every event before it: a `ProviderError`, a
                `ChunkDecodeError`, an `EventTooLargeError` or an `OutputTooLargeError`. At once, if the
                decoder has failed before or was closed.
            TypeError: `data` is not bytes.
        """
        left = next(self._given, None)
        if left is not None:  # what was not read of the last call comes first
            self._events.extend((left, *self._given))
        elif self.live and not (self._events or self._items or self._asides):
            # Measured as "one event a read", which is what servers send: a read that is one well-formed
            # chunk, with nothing waiting before it, costs little more than the decoding of its JSON.
            line = self._sse.whole_event(data)
            chunk = None if line is None else self._decode_plain(line)
            if chunk is not None:
                self._plain_seen += 1
                try:
                    events = self._accumulate(chunk)
                except OutputTooLargeError as error:
                    self._items.append(Failure(error))  # raised when it is read, as every error is
                else:
                    if self._log.violation is None:
                        self._given = iter(events)
                        return self._given
                    self._events.extend(events)
                data = b""
        messages = self._accept(data)
        if messages is NOTHING and not (self._events or self._items or self._asides or self._log.violation):
            return iter(())  # measured as "one byte a read": nothing has ended, so nothing is to be decoded
        return self._deliver(self._read(messages))

    def feed_chunks(self, data: bytes | bytearray | memoryview) -> Iterator[ChatCompletionChunk]:
        """Like `feed`, but gives the chunks; events of chunks already passed are passed over too.

        Args:
            data: Any number of bytes, cut anywhere.

        Returns:
            The chunks, decoded as they are read.

        Raises:
            SSEStreamError: As with `feed`.
            TypeError: `data` is not bytes.
        """
        self._given = iter(())
        return self._only_chunks(self._read(self._accept(data)))

    def close(self) -> Iterator[ChatEvent]:
        """Say that no more bytes will come. After an error this does nothing.

        Returns:
            The events not read yet, and those of the end: at last `StreamDone`, if it ended well.

        Raises:
            IncompleteStreamError: While the events are read: the stream ended before it was done.
            SSEStreamError: As with `feed`, while the events are read.
        """
        self.live = False
        self._events.extend(self._given)
        return self._deliver(self._read_to_end())

    def close_chunks(self) -> Iterator[ChatCompletionChunk]:
        """Like `close`, but gives the chunks.

        Returns:
            The chunks not read yet, and that of an event which the end has cut off, if it is whole.

        Raises:
            SSEStreamError: As with `close`.
        """
        self.live = False
        self._given = iter(())
        return self._only_chunks(self._read_to_end())

    def fail(self, error: SSEStreamError, ending: Ending) -> SSEStreamError:
        """Take a failure, which ends the stream: one of the bytes, or one from outside, as a broken connection.

        Args:
            error: The failure.
            ending: What `ending` says from here on.

        Returns:
            The error, with what had arrived.
        """
        error.completion = self.accumulator.completion
        self.live = False
        self._error = error
        self._ending = ending
        self._events.clear()
        self._items.clear()
        self._asides.clear()
        return error

    def abandon(self) -> None:
        """The caller stops: nothing more will be delivered."""
        if self._ending == "open":
            self._ending = "closed"
        self.live = False
        self._finished = True
        self._last_messages = iter(())
        self._events.clear()
        self._items.clear()

    def take_document(self, body: bytes) -> bool:
        """Read a body that is no stream but one whole completion, as a server sends that ignores `"stream": true`.

        Returns:
            Whether it is one. If so, closing gives its events.
        """
        event = ServerSentEvent(body.decode("utf-8", "replace"))
        try:
            items = self._dialect.decode(event)
        except ChunkDecodeError:
            return False
        if not any(isinstance(item, ChatCompletionChunk) and item.choices for item in items):
            return False
        self._items.extend((Oddity("not_streamed", event.data), *items, Done()))
        return True

    def _accept(self, data: bytes | bytearray | memoryview) -> Iterator[ServerSentEvent]:
        if self._error is not None or self._last_messages is not None:
            reason = "was closed" if self._error is None else f"has failed: {self._error}"
            error = SSEStreamError(f"this decoder takes no more bytes, for it {reason}")
            error.completion = self.accumulator.completion
            raise error
        return self._sse.feed(data)

    def _deliver(self, chunks: Iterator[ChatCompletionChunk | None]) -> Iterator[ChatEvent]:
        events = self._events
        while events:
            yield events.popleft()
        for _ in chunks:
            while events:
                yield events.popleft()

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
                    # The measured path: an event that is one well-formed chunk, and nothing beside it.
                    if not self._asides and message.event == "message":
                        chunk = decode_plain(message.data)
                        if chunk is not None:
                            self._plain_seen += 1
                            self._events.extend(self._accumulate(chunk))
                            yield chunk
                            if self._log.violation is not None:
                                raise self._log.violation
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
            self.fail(error, _ENDINGS.get(type(error), "invalid"))
            raise

    def _read_to_end(self) -> Iterator[ChatCompletionChunk | None]:
        if self._error is not None or self._finished:
            return
        if self._last_messages is None:
            self._last_messages = self._rest()
        yield from self._read(self._last_messages)
        self._finish()
        yield None

    def _rest(self) -> Iterator[ServerSentEvent]:
        """The messages not read yet, then the one that the end has cut off, if it means something all the same."""
        yield from self._sse.feed(b"")
        self._incomplete = self._sse.within_event
        for message in self._sse.close(dispatch_incomplete=True):
            self._incomplete = not self._dialect.is_whole(message.data)
            if not self._incomplete:
                self._asides.append(Oddity("unterminated_event", message.data))
                yield message

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
        while self._log.violation is None and self._items:
            item = self._items.popleft()
            if isinstance(item, ChatCompletionChunk):
                self._other_chunks_seen += 1
                self._events.extend(self._accumulate(item))
                yield item
                continue
            self._take(item)
            if self._events:
                yield None
        if self._log.violation is not None:
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

    def _finish(self) -> None:
        """No more will come: how did it end?"""
        self._finished = True
        unfinished = self.accumulator.unfinished
        try:
            if self._done:
                if not self.chunks_seen:
                    self._log.note("empty_stream", "[DONE]")
                for index in unfinished:
                    self._log.note("missing_finish_reason", f"choice {index}")
            elif self._incomplete or unfinished or not self.accumulator.begun:
                raise IncompleteStreamError(self._what_is_missing(unfinished))
            if self._log.violation is not None:
                raise self._log.violation
        except SSEStreamError as error:
            self.fail(error, _ENDINGS.get(type(error), "invalid"))
            raise
        self._ending = "complete"
        self._events.extend(self.accumulator.close())

    def _what_is_missing(self, unfinished: list[int]) -> str:
        if not self.chunks_seen and not self._incomplete:
            return "the stream ended before it began: no chunk came"
        reasons = ["no [DONE] came"]
        if self._incomplete:
            reasons.append("the last event was cut off")
        if unfinished:
            reasons.append(f"no finish reason for choice {', '.join(map(str, unfinished))}")
        return f"the stream ended before it was done: {', '.join(reasons)}; so far: {self.completion.text[-80:]!r}"


_ENDINGS: dict[type[SSEStreamError], Ending] = {
    ProviderError: "provider_error",
    IncompleteStreamError: "truncated",
}


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
