"""Server-sent events from bytes, exactly as the WHATWG HTML standard has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn, SupportsIndex

from .._json._copying import refusal_to_copy
from ._event import ServerSentEvent
from ._parser import DEFAULT_MAX_EVENT_SIZE, EventParser


class SSEDecoder:
    r"""Bytes in, events out: the standard's parser, to be fed in pieces of any size.

    However the bytes are cut, the events are the same, and the same error comes at the same place.
    Time is linear in the bytes, memory is bounded by `max_event_size`.

    Args:
        max_event_size: How many bytes of one event may wait for its end: its `data` so far and the line
            that is being read. `None` for no bound.
        on_comment: Called with the text of each comment line, the space after its colon dropped.
        on_unknown_field: Called with name and value of each field that the standard says to ignore.
        part_events: Asked, when a `data` line is followed by another, whether that first line is an
            event of its own. The standard always says no, and so does leaving this out; some servers
            part their events by a single newline. Asked of no more than one line, so that cost stays
            linear; what it says yes to is dispatched at once.

    Raises:
        ValueError: `max_event_size` is below 1.

    >>> decoder = SSEDecoder()
    >>> list(decoder.feed(b"data: Hi\n\ndata: the"))
    [ServerSentEvent(data='Hi', event='message', id='', retry=None)]
    >>> list(decoder.feed(b"re\n\n"))
    [ServerSentEvent(data='there', event='message', id='', retry=None)]
    """

    __slots__ = ("_parser", "_rest")

    def __init__(
        self,
        *,
        max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
        on_comment: Callable[[str], object] | None = None,
        on_unknown_field: Callable[[str, str], object] | None = None,
        part_events: Callable[[str], bool] | None = None,
    ) -> None:
        if max_event_size is not None and max_event_size < 1:
            raise ValueError(f"max_event_size is a number of bytes, 1 or more, or None: {max_event_size!r}")
        self._parser = EventParser(max_event_size, on_comment, on_unknown_field, part_events)
        # What becomes of the event that no blank line has closed; set by the first `close`.
        self._rest: Callable[[], ServerSentEvent | None] | None = None

    @property
    def last_event_id(self) -> str:
        """The last event ID string: what a client sends as `Last-Event-ID` when it connects again."""
        return self._parser.last_event_id

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds, as last set by the server; `None` if it never was."""
        return self._parser.retry

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[ServerSentEvent]:
        """Take the next bytes of the stream, all of them at once.

        Args:
            data: Any number of bytes, cut anywhere. They are copied if they can change.

        Returns:
            The events, decoded as they are read. What is left unread stays queued and comes first on
            the next call.

        Raises:
            EventTooLargeError: While the events are read, after every event before the one that is
                too large.
            SSEStreamError: The decoder has failed before, or was closed.
            TypeError: `data` is not bytes.
        """
        parser = self._parser
        parser.take(data if type(data) is bytes else as_bytes(data))
        return iter(parser.next_event, None)

    def close(self, *, dispatch_incomplete: bool = False) -> Iterator[ServerSentEvent]:
        """Say that no more bytes will come. After an error, or a second time, this changes nothing.

        Args:
            dispatch_incomplete: Dispatch also the event that no blank line has closed. The standard
                discards it: "Once the end of the file is reached, any pending data must be discarded."

        Returns:
            What was fed and not read yet, and the incomplete event if it was asked for.

        Raises:
            EventTooLargeError: As with `feed`, while the events are read.
        """
        parser = self._parser
        parser.close()
        if self._rest is None:
            self._rest = parser.next_incomplete if dispatch_incomplete else parser.discard
        rest = self._rest
        return iter(lambda: parser.next_event() or rest(), None)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise refusal_to_copy(self)


def as_bytes(data: object) -> bytes:
    """The bytes that were fed, as bytes that nobody can change.

    Raises:
        TypeError: They are none; the message says what to pass instead.
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    if isinstance(data, str):
        raise TypeError("feed takes bytes, not str: pass the response's raw bytes, before they are decoded")
    raise TypeError(f"feed takes bytes, bytearray or memoryview, not {type(data).__name__}")
