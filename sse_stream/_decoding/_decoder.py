"""The composition: bytes to typed events, how a stream ended, what was odd about it, what it may cost."""

from __future__ import annotations

from collections.abc import Iterator

from .._chat._anomalies import Anomaly
from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._endings import Ending, ending_of
from .._chat._events import ChatEvent
from .._chat._limits import Limits
from .._chat._reports import Usage
from .._errors import ChunkDecodeError, IncompleteStreamError, SSEStreamError
from .._sse._event import ServerSentEvent
from ..dialects import Dialect, Done, Oddity, OpenAIChat
from ._pipeline import Pipeline


class ChatDecoder(Pipeline):
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
        super().__init__(OpenAIChat() if dialect is None else dialect, strict, limits, keepalives)
        self._last_messages: Iterator[ServerSentEvent] | None = None  # set by `close`
        self._incomplete = False  # whether the end came inside an event
        self._error: SSEStreamError | None = None
        self._finished = False

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
        return self._deliver(self._read(self._accept(data)))

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
        self._events.clear()
        return self._only_chunks(self._read(self._accept(data)))

    def close(self) -> Iterator[ChatEvent]:
        """Say that no more bytes will come. After an error this does nothing.

        Returns:
            The events not read yet, and those of the end: at last `StreamDone`, if it ended well.

        Raises:
            IncompleteStreamError: While the events are read: the stream ended before it was done.
            SSEStreamError: As with `feed`, while the events are read.
        """
        return self._deliver(self._last_chunks())

    def close_chunks(self) -> Iterator[ChatCompletionChunk]:
        """Like `close`, but gives the chunks.

        Returns:
            The chunks not read yet, and that of an event which the end has cut off, if it is whole.

        Raises:
            SSEStreamError: As with `close`.
        """
        self._events.clear()
        return self._only_chunks(self._last_chunks())

    def fail(self, error: SSEStreamError, ending: Ending) -> SSEStreamError:
        """Take a failure, which ends the stream: one of the bytes, or one from outside, as a broken connection.

        Args:
            error: The failure.
            ending: What `ending` says from here on.

        Returns:
            The error, with what had arrived.
        """
        error.completion = self.accumulator.completion
        self._error = error
        self._stop(ending)
        return error

    def abandon(self) -> None:
        """The caller stops: nothing more will be delivered."""
        self._last_messages = iter(())
        self._stop("closed" if self._ending == "open" else self._ending)

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

    def _stop(self, ending: Ending) -> None:
        """Nothing more is given out, whoever still reads, and whatever waits."""
        self.live = False
        self._stopped = True
        self._ending = ending
        self._events.clear()
        self._items.clear()
        self._asides.clear()

    def _accept(self, data: bytes | bytearray | memoryview) -> Iterator[ServerSentEvent]:
        if self._error is not None or self._last_messages is not None:
            reason = "was closed" if self._error is None else f"has failed: {self._error}"
            error = SSEStreamError(f"this decoder takes no more bytes, for it {reason}")
            error.completion = self.accumulator.completion
            raise error
        return self._sse.feed(data)

    def _last_chunks(self) -> Iterator[ChatCompletionChunk | None]:
        self.live = False
        if self._last_messages is None:
            self._last_messages = self._rest()
        return self._read_to_end(self._last_messages)

    def _read_to_end(self, messages: Iterator[ServerSentEvent]) -> Iterator[ChatCompletionChunk | None]:
        if self._stopped or self._finished:
            return
        yield from self._read(messages)
        if not self._stopped:
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
            self.fail(error, ending_of(error))
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
