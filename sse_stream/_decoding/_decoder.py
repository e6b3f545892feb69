"""The public decoder of chat streams, from bytes to events, without IO."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn, SupportsIndex

from .._chat._anomalies import Anomaly
from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._endings import Ending
from .._chat._events import ChatEvent
from .._chat._limits import Limits
from .._chat._reports import Usage
from .._errors import SSEStreamError
from .._json._copying import refusal_to_copy
from .._sse._decoder import as_bytes
from ..dialects import Dialect
from ._reader import EventReader


class ChatDecoder:
    r"""Decodes the bytes of a chat stream to typed events, without IO.

    How the bytes are split does not matter: the events are the same, and an error is raised at the same place. The
    iterators that `feed` and `close` return all read from one queue. Any number of them may be read in any order, and
    each event is delivered once, to the first reader that asks.

    Args:
        dialect: The wire format. By default, it is detected from the first event.
        strict: Whether the first deviation raises a `ChunkDecodeError`. Notes never do.
        limits: Limits on memory.
        keepalives: Whether comments and other keep-alives give a `KeepAlive` event.

    Raises:
        TypeError: `dialect` lacks a required member. The message says what to add.

    >>> decoder = ChatDecoder()
    >>> list(decoder.feed(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'))
    [TextDelta(text='Hi', choice=0), ChoiceFinished(reason='stop', choice=0)]
    >>> [event.type for event in decoder.close()], decoder.ending
    (['stream_done'], 'complete')
    """

    __slots__ = ("_reader",)

    def __init__(
        self,
        *,
        dialect: Dialect | None = None,
        strict: bool = False,
        limits: Limits = Limits(),
        keepalives: bool = False,
    ) -> None:
        self._reader = EventReader(dialect, strict=strict, limits=limits, keepalives=keepalives)

    @property
    def completion(self) -> ChatCompletion:
        """A snapshot of the completion so far: everything handed out, and at most the rest of the current chunk."""
        return self._reader.completion

    @property
    def usage(self) -> Usage | None:
        """The usage reported so far."""
        return self._reader.usage

    @property
    def error(self) -> SSEStreamError | None:
        """The error that ended the stream; `None` if none did."""
        return self._reader.error

    @property
    def ending(self) -> Ending:
        """How the stream ended: `"complete"` once `[DONE]` has been read, `"open"` until the stream ends."""
        return self._reader.ending

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The anomalies so far, one item per kind."""
        return self._reader.anomalies

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[ChatEvent]:
        """Add the next bytes of the stream.

        Args:
            data: Any number of bytes, split anywhere.

        Returns:
            An iterator that decodes events as it is read. Unread events stay queued and come first with the next call.

        Raises:
            SSEStreamError: Raised by the iterator, after all events that precede the error: a `ProviderError`, a
                `ChunkDecodeError`, an `EventTooLargeError` or an `OutputTooLargeError`. Raised by `feed` itself if the
                decoder has failed or was closed.
            TypeError: `data` is not bytes.
        """
        reader = self._reader
        try:
            reader.take(data if type(data) is bytes else as_bytes(data))
        except SSEStreamError as error:
            error.completion = reader.completion
            raise
        return iter(reader.next_event, None)

    def feed_chunks(self, data: bytes | bytearray | memoryview) -> Iterator[ChatCompletionChunk]:
        """Like `feed`, but returns chunks. The events of these chunks are skipped.

        Args:
            data: Any number of bytes, split anywhere.

        Returns:
            An iterator that decodes chunks as it is read. The chunks belong to the caller.

        Raises:
            SSEStreamError: As with `feed`.
            TypeError: `data` is not bytes.
        """
        self.feed(data)
        return iter(self._reader.next_chunk, None)

    def close(self) -> Iterator[ChatEvent]:
        """End the stream. After an error, this does nothing.

        Returns:
            An iterator over the events not read yet and the last ones. If the stream is complete, it ends with
            `StreamDone`.

        Raises:
            IncompleteStreamError: Raised by the iterator if the stream was truncated.
            SSEStreamError: Raised by the iterator, as with `feed`.
        """
        self._reader.end()
        return iter(self._reader.next_event, None)

    def close_chunks(self) -> Iterator[ChatCompletionChunk]:
        """Like `close`, but returns chunks.

        Returns:
            An iterator over the chunks not read yet. A last event without its blank line is included if its data is
            complete.

        Raises:
            SSEStreamError: As with `close`.
        """
        self._reader.end()
        return iter(self._reader.next_chunk, None)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise refusal_to_copy(self)
