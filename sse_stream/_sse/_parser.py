"""The event stream parser of the HTML standard: bytes in, server-sent events out, one at a time.

It implements https://html.spec.whatwg.org/multipage/server-sent-events.html, sections 9.2.5 ("Parsing an event stream")
and 9.2.6 ("Interpreting an event stream"), which the comments quote. It knows no JSON and no provider.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sized

from .._errors import EventTooLargeError
from ._event import MAX_RETRY_DIGITS, ServerSentEvent
from ._input import StreamInput

DEFAULT_MAX_EVENT_SIZE = 32 * 1024 * 1024

# Nearly all events are plain: one `data` line and a blank line. If events are named, an `event` line precedes them.
PLAIN_START = b"data: "
PLAIN_END = b"\n\n"
PLAIN_NAME = b"event: "

_EXCERPT = 80


class EventParser(StreamInput):
    """Parses events on demand; decoded events are never buffered.

    Args:
        max_event_size: The maximum number of bytes to buffer for one event, `None` for no limit.
        on_comment: Called with the text of each comment line.
        on_unknown_field: Called with the name and value of each field that the standard says to ignore.
        on_unknown_line: Called before that, with the whole line.
        on_malformed: Called with text that was not valid UTF-8, before the event that contains it.
        part_events: Called with the first `data` line when another follows, to ask whether it is an event by itself.
        last_event_id: The initial last event ID string, from an earlier connection.

    Attributes:
        plain_name: The name of the event that `next_plain` last returned.
        last_event_id: The last event ID string.
        retry: The reconnection time in milliseconds, `None` if none was sent.
        identified: How many events had an `id` field of their own.
    """

    __slots__ = (
        "_data",
        "_data_lines",
        "_event_type",
        "_first_fields",
        "_has_id",
        "_id",
        "_limit",
        "_on_comment",
        "_on_malformed",
        "_on_unknown_field",
        "_on_unknown_line",
        "_part_events",
        "_retry",
        "identified",
        "last_event_id",
        "plain_name",
        "retry",
    )

    def __init__(
        self,
        max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
        on_comment: Callable[[str], object] | None = None,
        on_unknown_field: Callable[[str, str], object] | None = None,
        part_events: Callable[[str], bool] | None = None,
        *,
        last_event_id: str = "",
        on_unknown_line: Callable[[str], object] | None = None,
        on_malformed: Callable[[str], object] | None = None,
    ) -> None:
        self._limit = sys.maxsize if max_event_size is None else max_event_size
        self._on_comment = on_comment
        self._on_unknown_field = on_unknown_field
        self._part_events = part_events
        self._on_unknown_line = on_unknown_line
        self._on_malformed = on_malformed
        super().__init__(self._limit)
        # The buffers that the standard defines.
        self._data: bytes | bytearray = b""
        self._data_lines = 0
        self._event_type = ""
        self._retry: int | None = None
        # The name, id and retry of an event that ends with its first data line: a later line is about the next event.
        self._first_fields: tuple[str, str, int | None]
        self._id = self.last_event_id = last_event_id
        self._has_id = False
        self.identified = 0
        self.retry: int | None = None
        self.plain_name = "message"  # until there is one

    @property
    def within_event(self) -> bool:
        """Whether what was read ends inside an event, without a blank line."""
        if self.partial and not self.partial.startswith(b":"):
            return True
        return self._data_lines > 0 or self._event_type != "" or self.holds_back

    def stop(self, failure: str) -> None:
        """Discard all input, because nothing more will be decoded.

        Args:
            failure: The error message; `""` if nothing failed.
        """
        super().stop(failure)
        self.discard()

    def next_block(self) -> bytes:
        """Return the bytes up to and including the next blank line; empty if there is none, or inside an event.

        They may be any event, or no event at all: the caller compares them with what it expects, without parsing them.
        """
        buffer, start = self.buffer, self.position
        if not self.between_events:
            return b""
        # Measured as "plain text, 16 KiB per read": most events have one line, and finding one byte is faster than two.
        # If there is none, the search for two begins at the last byte, where they do not fit.
        end = buffer.find(PLAIN_END, buffer.find(b"\n", start))
        return buffer[start : end + len(PLAIN_END)] if end >= 0 else b""

    def next_plain(self) -> bytes | None:
        """Return the data of the next event if it is plain and complete in the buffer. Its name is `plain_name`."""
        buffer, start = self.buffer, self.position
        if not self.between_events:
            return None
        if not start and buffer[:6] == PLAIN_START and buffer[-2:] == PLAIN_END and 10 not in (data := buffer[6:-2]):
            # Measured as "one event per read": the end of the only event need not be searched for.
            if len(buffer) - len(PLAIN_END) > self._limit:
                return None
            self.buffer = self.later.popleft() if self.later else b""
            self.plain_name = "message"
            return data
        end = buffer.find(b"\n", start)
        name = b""
        if not buffer.startswith(PLAIN_START, start):
            if not buffer.startswith(PLAIN_NAME, start) or not 0 <= end - start <= self._limit:
                return None
            name = buffer[start + len(PLAIN_NAME) : end]
            start = end + 1
            end = buffer.find(b"\n", start)
            if not buffer.startswith(PLAIN_START, start):
                return None
        if not buffer.startswith(PLAIN_END, end) or not 0 <= end - start <= self._limit:
            return None
        self.pass_over(end + len(PLAIN_END))
        self.plain_name = self.decoded(name) if name else "message"
        return buffer[start + len(PLAIN_START) : end]

    def next_event(self, beside: Sized = ()) -> ServerSentEvent | None:
        """Return the next event; `None` if the bytes so far hold no more.

        Args:
            beside: A collection that the callbacks for comments and unknown fields add to. As soon as it grows, `None`
                is returned, so that the caller can handle these items in order.

        Raises:
            EventTooLargeError: An event exceeds the limit. Nothing more will be parsed.
        """
        before = len(beside)
        while self.buffer:
            if self.between_events and (data := self.next_plain()) is not None:
                return ServerSentEvent(self.decoded(data), self.plain_name, self.last_event_id)
            line = self.next_line()
            begun = self.partial if line is None else line
            if len(begun) > self.room:
                raise self._too_large(begun)
            if line is None:
                break
            event = self._interpret(line)
            if event is not None or len(beside) > before:
                return event
        return None

    def next_incomplete(self) -> ServerSentEvent | None:
        """Return the event at the end of the input that no blank line ended."""
        self._on_malformed = None  # truncation inside a character is not an encoding error
        line, self.partial = self.partial, bytearray()
        # A `data` line may complete the event before it (`part_events`); its own event comes with the next call.
        return self._interpret(line) or self._dispatch()

    def decoded(self, data: bytes | bytearray) -> str:
        """Decode as UTF-8, with U+FFFD for malformed bytes."""
        try:
            return data.decode()
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            if self._on_malformed is not None:
                self._on_malformed(text)
            return text

    def discard(self) -> None:
        """Discard the pending event. "Once the end of the file is reached, any pending data must be discarded." """
        self.partial = bytearray()
        self._data = b""
        self._data_lines = 0
        self.room = self._limit
        self._event_type = ""
        self._retry = None
        self._has_id = False
        self.between_events = True

    def _too_large(self, line: bytes | bytearray) -> EventTooLargeError:
        """Stop decoding, and return the error to raise."""
        size = min(self._limit, _EXCERPT)
        excerpt = bytes(self._data[:size] + line[:size])[:size]
        limit = f"{self._limit} bytes, the limit set by max_event_size or Limits.event_size"
        failure = f"an event is larger than {limit}; it begins with {excerpt!r}"
        self.stop(failure)
        return EventTooLargeError(failure, limit=self._limit, excerpt=excerpt)

    def _interpret(self, line: bytes | bytearray) -> ServerSentEvent | None:
        """Interpret one line without its line ending. Returns the event that it completes, if any."""
        if not line:
            return self._dispatch()
        self.between_events = False
        # Measured as "one event of 32,000 data lines", "one line of 8 MiB" and "comments between events": these two are
        # tested first, and a line joined from pieces is not copied again.
        if line[:5] == b"data:":
            start = 6 if line[5:6] == b" " else 5
            if isinstance(line, bytes):
                return self._add_data(line[start:])
            del line[:start]
            return self._add_data(line)
        if line[0] == 58:
            if self._on_comment is not None:
                self._on_comment(self.decoded(line[2 if line[1:2] == b" " else 1 :]))
            return None
        name, _, value = line.partition(b":")
        # "If value starts with a U+0020 SPACE character, remove it from value." Only one is removed.
        value = value.removeprefix(b" ")
        match bytes(name):
            case b"data":
                return self._add_data(value)
            case b"event":
                self._event_type = self.decoded(value)
            case b"id":
                # "If the field value does not contain U+0000 NULL … Otherwise, ignore the field."
                if 0 not in value:
                    self._id = self.decoded(value)
                    self._has_id = True
            case b"retry":
                # "If the field value consists of only ASCII digits": `bytes.isdigit` accepts no others.
                if value.isdigit() and len(digits := value.lstrip(b"0")) <= MAX_RETRY_DIGITS:
                    self._retry = self.retry = int(digits or b"0")
            case _:
                if self._on_unknown_line is not None:
                    self._on_unknown_line(line.decode("utf-8", "replace"))
                if self._on_unknown_field is not None:
                    self._on_unknown_field(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
        return None

    def _add_data(self, value: bytes | bytearray) -> ServerSentEvent | None:
        event = None
        if self._data_lines == 1 and self._part_events is not None and value:
            first = self._data.decode("utf-8", "replace")
            if self._part_events(first):
                event = ServerSentEvent(self.decoded(self._data), *self._first_fields)
                self._data_lines = 0
        if self._data_lines == 0:
            self._data = value
            if self._part_events is not None:
                self._first_fields = (self._event_type or "message", self._id, self._retry)
        else:
            if isinstance(self._data, bytes):
                self._data = bytearray(self._data)  # appending to bytes would copy all of them for each line
            self._data += b"\n"
            self._data += value
        self._data_lines += 1
        self.room = self._limit - len(self._data)
        return event

    def _dispatch(self) -> ServerSentEvent | None:
        """Handle a blank line: dispatch the buffers as an event, if there is data."""
        # "Set the last event ID string of the event source to the value of the last event ID buffer":
        # the standard does this before the test for data, so it applies even if nothing is dispatched.
        self.last_event_id = self._id
        event = None
        if self._data_lines:
            data = self.decoded(self._data)
            event = ServerSentEvent(data, self._event_type or "message", self._id, self._retry)
            self.identified += self._has_id
        self.discard()
        return event
