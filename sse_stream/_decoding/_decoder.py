"""The whole way from bytes to events, without any input or output of its own."""

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
    r"""Bytes in, typed events out: a whole chat stream, without any input or output of its own.

    However the bytes are cut, the events are the same, and the same error comes at the same place. What `feed`
    and `close` return is a view of one queue: any number of them may be read, in any order, and each event goes
    to whoever asks first.

    Args:
        dialect: The wire format; by default the first event tells which of the known ones it is.
        strict: Whether the first deviation is an error, a `ChunkDecodeError`. Notes are none.
        limits: Bounds on memory.
        keepalives: Whether comments and other keep-alives give a `KeepAlive` event.

    Raises:
        TypeError: `dialect` lacks something that a dialect must have; the message says what to add.

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
        """What has been decoded so far, as a snapshot: all that was handed out, and at most the rest of a chunk."""
        return self._reader.completion

    @property
    def usage(self) -> Usage | None:
        """What usage has been reported so far."""
        return self._reader.usage

    @property
    def error(self) -> SSEStreamError | None:
        """The failure that ended the stream; `None` if none did."""
        return self._reader.error

    @property
    def ending(self) -> Ending:
        """How the stream ended; `"complete"` as soon as `[DONE]` was read, `"open"` until something was."""
        return self._reader.ending

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The tolerated deviations so far, one item a kind."""
        return self._reader.anomalies

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[ChatEvent]:
        """Take the next bytes of the stream, all of them at once.

        Args:
            data: Any number of bytes, cut anywhere.

        Returns:
            The events, decoded as they are read. What is left unread stays queued, and comes first on the next
            call.

        Raises:
            SSEStreamError: While the events are read, after every event before it: a `ProviderError`, a
                `ChunkDecodeError`, an `EventTooLargeError` or an `OutputTooLargeError`. At once, if the
                decoder has failed before or was closed.
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
        """Like `feed`, but gives the chunks; the events of a chunk that is read so are passed over.

        Args:
            data: Any number of bytes, cut anywhere.

        Returns:
            The chunks, decoded as they are read. They belong to the caller.

        Raises:
            SSEStreamError: As with `feed`.
            TypeError: `data` is not bytes.
        """
        self.feed(data)
        return iter(self._reader.next_chunk, None)

    def close(self) -> Iterator[ChatEvent]:
        """Say that no more bytes will come. After an error this does nothing.

        Returns:
            The events not read yet, and those of the end: at last `StreamDone`, if it ended well.

        Raises:
            IncompleteStreamError: While the events are read: the stream ended before it was done.
            SSEStreamError: As with `feed`, while the events are read.
        """
        self._reader.end()
        return iter(self._reader.next_event, None)

    def close_chunks(self) -> Iterator[ChatCompletionChunk]:
        """Like `close`, but gives the chunks.

        Returns:
            The chunks not read yet, and that of an event which the end has cut off, if it is whole.

        Raises:
            SSEStreamError: As with `close`.
        """
        self._reader.end()
        return iter(self._reader.next_chunk, None)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise refusal_to_copy(self)
