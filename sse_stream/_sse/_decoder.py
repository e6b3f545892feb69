"""Server-sent events from bytes, exactly as the WHATWG HTML standard has them.

The rules are those of https://html.spec.whatwg.org/multipage/server-sent-events.html, sections 9.2.5
("Parsing an event stream") and 9.2.6 ("Interpreting an event stream"); comments quote it. No JSON is
looked into here, and no provider is known.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator

from .._errors import EventTooLargeError, SSEStreamError
from ._event import MAX_RETRY_DIGITS, ServerSentEvent

DEFAULT_MAX_EVENT_SIZE = 32 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_EXCERPT = 80


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

    >>> decoder = SSEDecoder()
    >>> list(decoder.feed(b"data: Hi\n\ndata: the"))
    [ServerSentEvent(data='Hi', event='message', id='', retry=None)]
    >>> list(decoder.feed(b"re\n\n"))
    [ServerSentEvent(data='there', event='message', id='', retry=None)]
    """

    __slots__ = (
        "_buffer",
        "_closed",
        "_data",
        "_data_lines",
        "_dispatch_incomplete",
        "_event_type",
        "_failure",
        "_fresh",
        "_head",
        "_id",
        "_last_event_id",
        "_limit",
        "_on_comment",
        "_on_unknown_field",
        "_part_events",
        "_partial",
        "_plain",
        "_position",
        "_queue",
        "_reconnection_time",
        "_retry",
        "_room",
        "_skip_lf",
    )

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
        self._limit = sys.maxsize if max_event_size is None else max_event_size
        self._on_comment = on_comment
        self._on_unknown_field = on_unknown_field
        self._part_events = part_events
        # What the next piece has to be looked at for; `_plain` if it is nothing.
        self._plain = False
        self._head: bytes | None = b""  # the first bytes while they may be a BOM; None ever after
        self._skip_lf = False  # the last byte was a CR, which ended its line: an LF now belongs to it
        self._closed = False
        self._failure = ""  # what the error said; the error itself would keep the frames it came through
        # What was fed and is not read yet: a piece, how far it is read, and further pieces. Only
        # `_buffer` is ever empty, and only if nothing is left to read.
        self._buffer = b""
        self._position = 0
        self._queue: deque[bytes] | None = None  # made when it is needed: most streams are read as they come
        # The line that is being read, if a piece ended inside it, and the standard's buffers. While
        # `_fresh`, as it is after a blank line, nothing is in them.
        self._fresh = True
        self._partial = bytearray()
        self._data: bytes | bytearray = b""
        self._data_lines = 0
        self._room = self._limit  # how long a line may be beside the data
        self._event_type = ""
        self._retry: int | None = None
        self._id = ""
        self._last_event_id = ""
        self._reconnection_time: int | None = None
        self._dispatch_incomplete = False

    @property
    def last_event_id(self) -> str:
        """The last event ID string: what a client sends as `Last-Event-ID` when it connects again."""
        return self._last_event_id

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds, as last set by the server; `None` if it never was."""
        return self._reconnection_time

    @property
    def within_event(self) -> bool:
        """Whether an event has begun in what was read that no blank line has ended."""
        if self._partial and not self._partial.startswith(b":"):
            return True
        return self._data_lines > 0 or self._event_type != "" or bool(self._head)

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
        if type(data) is not bytes:
            data = _copied(data)
        if not self._plain:
            data = self._continued(data)
        if 13 in data:
            # A CR ends its line wherever it stands, at the end of a piece too: "prompt" means not to
            # wait for the LF that may follow.
            if data[-1] == 13:
                self._skip_lf = True
                self._plain = False
            data = data.replace(b"\r\n", b"\n")
            if 13 in data:
                data = data.replace(b"\r", b"\n")
        if self._buffer:
            if data:
                if self._queue is None:
                    self._queue = deque()
                self._queue.append(data)
        elif 10 in data:
            self._buffer = data
        else:
            # Measured as "one byte a read": nothing ends here, so nothing is to be decoded.
            self._fresh = False
            self._partial += data
            if len(self._partial) <= self._room:
                return NOTHING
        return self._decode()

    # What follows is for who decodes what a simple event holds from its bytes, and spares it the way through
    # `feed`. A block is simple if it is one line, `data` with a space, and the blank line after it, by LF.

    @property
    def _is_between_events(self) -> bool:
        """Whether the next bytes that are fed begin an event, whatever they are: nothing waits before them."""
        return self._plain and self._fresh and not self._buffer

    def _simple_data(self, block: bytes) -> bytes | None:
        """The data of a simple block; `None` of any other, and of one that is too large."""
        if (
            block[-2:] == b"\n\n"
            and block[:6] == b"data: "
            and 10 not in (line := block[6:-2])
            and 13 not in line
            and len(block) - 2 <= self._limit
        ):
            return line
        return None

    def _next_block(self) -> bytes | None:
        """The next line that was fed, with the blank line after it; `None` if none follows, or a line has been begun."""
        if self._fresh:
            buffer = self._buffer
            end = buffer.find(b"\n", self._position) + 1  # several times as fast as to find two bytes
            if end and buffer.startswith(b"\n", end):
                return buffer[self._position : end + 1]
        return None

    def _pass_over(self, size: int) -> None:
        """Go on behind a simple block of this size, as if it had been read."""
        self._position += size
        if self._position == len(self._buffer):
            self._position = 0
            self._buffer = self._queue.popleft() if self._queue else b""

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
        if not self._closed:
            self._closed = True
            self._plain = False
            self._dispatch_incomplete = dispatch_incomplete
            if self._head:
                # Less than three bytes came in all: the beginning of a BOM is no BOM.
                self._fresh = False
                self._partial += self._head
                self._head = None
        return self._decode()

    def _continued(self, data: bytes) -> bytes:
        """The piece without what the bytes before it have decided: a BOM, the LF of a CRLF."""
        if self._closed:
            reason = f"has failed: {self._failure}" if self._failure else "was closed"
            raise SSEStreamError(f"this decoder takes no more bytes, for it {reason}. Make a new one for each stream")
        if self._head is not None:
            # "One leading U+FEFF BYTE ORDER MARK character must be ignored if any are present."
            data = self._head + data
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._head = data
                return b""
            self._head = None
            data = data.removeprefix(_BOM)
        elif self._skip_lf and data:
            self._skip_lf = False
            data = data.removeprefix(b"\n")
        self._plain = not self._skip_lf
        return data

    def _decode(self) -> Iterator[ServerSentEvent]:
        """Read on from where the decoder stands. All state is in the decoder whenever this yields."""
        # Measured as "one event a read", which is what servers send: 0.39 µs where the loop takes 0.68. Such
        # a piece is not half read, for the decoder would not be fresh after its only line.
        buffer = self._buffer
        if (
            self._fresh
            and buffer[-2:] == b"\n\n"
            and buffer[:6] == b"data: "
            and 10 not in (data := buffer[6:-2])
            and len(buffer) - 2 <= self._room
        ):
            self._buffer = self._queue.popleft() if self._queue else b""
            try:
                text = data.decode()
            except UnicodeDecodeError:  # rare, and to allow for it at once costs 0.03 µs
                text = data.decode("utf-8", "replace")
            yield ServerSentEvent(text, "message", self._last_event_id)
        while buffer := self._buffer:
            position = self._position
            end = buffer.find(b"\n", position)
            # Measured as "64 KiB reads": most blocks are one `data` line. What they need is written out,
            # for a call would cost as much again.
            whole = (
                self._fresh
                and buffer[end + 1 : end + 2] == b"\n"
                and buffer.startswith(b"data:", position)
                and 0 <= end - position <= self._room
            )
            after = end + 2 if whole else end + 1 if end >= 0 else len(buffer)
            if after < len(buffer):
                self._position = after
            else:
                self._position = 0
                self._buffer = self._queue.popleft() if self._queue else b""
            if whole:
                position += 6 if buffer[position + 5] == 32 else 5
                yield ServerSentEvent(buffer[position:end].decode("utf-8", "replace"), "message", self._last_event_id)
                continue
            if end < 0:
                self._fresh = False
                self._partial += buffer[position:]
                continue
            if (
                self._data_lines > 1
                and not self._partial
                and buffer.startswith(b"data: ", position)
                and end - position <= self._room
            ):
                # Measured as "one event of 32,000 data lines": 0.39 µs a line, 0.54 by way of `_interpret`.
                self._data += b"\n" + buffer[position + 6 : end]
                self._data_lines += 1
                self._room = self._limit - len(self._data)
                continue
            line: bytes | bytearray = buffer[position:end]
            if self._partial:
                self._partial += line
                line = self._partial
                self._partial = bytearray()
            if len(line) > self._room:
                raise self._too_large(line)
            event = self._interpret(line)
            if event is not None:
                yield event
        if self._fresh:
            return
        if len(self._partial) > self._room:
            raise self._too_large(self._partial)
        if self._closed:
            yield from self._end()

    def _too_large(self, line: bytes | bytearray) -> EventTooLargeError:
        """The error, after which nothing will be decoded and so nothing is kept."""
        size = min(self._limit, _EXCERPT)
        excerpt = bytes(self._data[:size] + line[:size])[:size]
        self._failure = f"an event is larger than max_event_size, {self._limit} bytes; it begins with {excerpt!r}"
        self._closed = True
        self._plain = False
        self._buffer = b""
        self._position = 0
        self._queue = None
        self._discard()
        return EventTooLargeError(self._failure, limit=self._limit, excerpt=excerpt)

    def _interpret(self, line: bytes | bytearray) -> ServerSentEvent | None:
        """One line, without its end: the event that it completes, if any."""
        if not line:
            return self._dispatch()
        self._fresh = False
        if line[0] == 58:  # a colon
            if self._on_comment is not None:
                self._on_comment(line[1:].removeprefix(b" ").decode("utf-8", "replace"))
            return None
        if line.startswith(b"data:"):
            # Measured as "one event of 32,000 data lines" and "one 8 MiB line": told apart from the other
            # fields first, and where the line was pieced together, without another copy of it.
            start = 6 if line[5:6] == b" " else 5
            if isinstance(line, bytes):
                return self._add_data(line[start:])
            del line[:start]
            return self._add_data(line)
        name, _, value = line.partition(b":")
        # "If value starts with a U+0020 SPACE character, remove it from value." One, and only that.
        value = value.removeprefix(b" ")
        if name == b"data":
            return self._add_data(value)
        if name == b"event":
            self._event_type = value.decode("utf-8", "replace")
        elif name == b"id":
            # "If the field value does not contain U+0000 NULL … Otherwise, ignore the field."
            if 0 not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry":
            # "If the field value consists of only ASCII digits": bytes.isdigit knows no others.
            if value.isdigit() and len(digits := value.lstrip(b"0")) <= MAX_RETRY_DIGITS:
                self._retry = self._reconnection_time = int(digits or b"0")
        elif self._on_unknown_field is not None:
            self._on_unknown_field(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
        return None

    def _add_data(self, value: bytes | bytearray) -> ServerSentEvent | None:
        event = None
        if self._data_lines == 1 and self._part_events is not None and value:
            first = self._data.decode("utf-8", "replace")
            if self._part_events(first):
                event = ServerSentEvent(first, self._event_type or "message", self._id, self._retry)
                self._data_lines = 0
        if self._data_lines == 0:
            self._data = value
        else:
            if isinstance(self._data, bytes):
                self._data = bytearray(self._data)  # bytes would be copied whole by each line to come
            self._data += b"\n"
            self._data += value
        self._data_lines += 1
        self._room = self._limit - len(self._data)
        return event

    def _dispatch(self) -> ServerSentEvent | None:
        """A blank line: what stands in the buffers becomes an event, if there is data."""
        # "Set the last event ID string of the event source to the value of the last event ID buffer":
        # this comes before the test for data, and so holds even when nothing is dispatched.
        self._last_event_id = self._id
        event = None
        if self._data_lines:
            data = self._data.decode("utf-8", "replace")
            event = ServerSentEvent(data, self._event_type or "message", self._id, self._retry)
            self._data = b""
            self._data_lines = 0
            self._room = self._limit
        self._event_type = ""
        self._retry = None
        self._fresh = True
        return event

    def _end(self) -> Iterator[ServerSentEvent]:
        """Nothing is left to read, and the block that no blank line has ended is dealt with."""
        if not self._dispatch_incomplete:
            self._discard()
            return
        line, self._partial = self._partial, bytearray()
        event = self._interpret(line)  # a `data` line may part the event before it from its own
        if event is not None:
            yield event
        event = self._dispatch()
        if event is not None:
            yield event

    def _discard(self) -> None:
        self._partial = bytearray()
        self._data = b""
        self._data_lines = 0
        self._room = self._limit
        self._event_type = ""
        self._retry = None
        self._fresh = True


# Every call to `feed` that completes no event returns this: it is exhausted, and stays so.
NOTHING: Iterator[ServerSentEvent] = iter(())


def _copied(data: object) -> bytes:
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    if isinstance(data, str):
        raise TypeError("feed takes bytes, not str: pass the response's raw bytes, before they are decoded")
    raise TypeError(f"feed takes bytes, bytearray or memoryview, not {type(data).__name__}")
