"""The public decoder of server-sent events, following the WHATWG HTML standard exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn, SupportsIndex

from .._json._copying import refusal_to_copy
from ._event import ServerSentEvent
from ._parser import DEFAULT_MAX_EVENT_SIZE, EventParser


class SSEDecoder:
    r"""Decodes bytes to server-sent events, exactly as the standard defines them.

    How the bytes are split does not matter: the events are the same, and an error is raised at the same place. Time is
    linear in the number of bytes; memory is bounded by `max_event_size`.

    Args:
        max_event_size: The maximum number of bytes to buffer for one event: its `data` so far and the current line.
            `None` for no limit.
        on_comment: Called with the text of each comment line, without the space after the colon.
        on_unknown_field: Called with the name and value of each field that the standard says to ignore.
        part_events: Called with a `data` line when another follows, to ask whether the first is an event by itself. For
            servers that separate events by a single newline; the standard never splits them, and neither does the
            default. It is asked about one line at most, so cost stays linear. If it returns true, the event is
            dispatched at once.

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
            raise ValueError(f"max_event_size takes a number of bytes, 1 or more, or None, not {max_event_size!r}")
        self._parser = EventParser(max_event_size, on_comment, on_unknown_field, part_events)
        # Dispatches or discards the event that no blank line ended; set by the first call of `close`.
        self._rest: Callable[[], ServerSentEvent | None] | None = None

    @property
    def last_event_id(self) -> str:
        """The last event ID string, which a client sends as `Last-Event-ID` when it reconnects."""
        return self._parser.last_event_id

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds, as last set by the server; `None` if it set none."""
        return self._parser.retry

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[ServerSentEvent]:
        """Add the next bytes of the stream.

        Args:
            data: Any number of bytes, split anywhere. Mutable buffers are copied.

        Returns:
            An iterator that decodes events as it is read. Unread events stay queued and come first with the next call.

        Raises:
            EventTooLargeError: Raised by the iterator, after all events that precede the one that is too large.
            SSEStreamError: The decoder has failed or was closed.
            TypeError: `data` is not bytes.
        """
        parser = self._parser
        parser.take(data if type(data) is bytes else as_bytes(data))
        return iter(parser.next_event, None)

    def close(self, *, dispatch_incomplete: bool = False) -> Iterator[ServerSentEvent]:
        """End the stream. After an error, or when called again, this changes nothing.

        Args:
            dispatch_incomplete: Also dispatch an event that no blank line ended. The standard discards it: "Once the
                end of the file is reached, any pending data must be discarded."

        Returns:
            An iterator over the events not read yet, with the incomplete one last if requested.

        Raises:
            EventTooLargeError: Raised by the iterator, as with `feed`.
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
    """Return the data as immutable bytes.

    Raises:
        TypeError: `data` is not bytes-like. The message says what to pass instead.
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    if isinstance(data, str):
        raise TypeError("feed takes bytes, not str: pass the raw bytes of the response, not decoded text")
    raise TypeError(f"feed takes bytes, bytearray or memoryview, not {type(data).__name__}")
