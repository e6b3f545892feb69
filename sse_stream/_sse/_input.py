"""Buffering the bytes of an event stream: normalizes line endings and removes the byte order mark."""

from __future__ import annotations

from collections import deque

from .._errors import SSEStreamError

_BOM = b"\xef\xbb\xbf"


class StreamInput:
    """Buffers bytes that arrive in pieces split anywhere, and cuts them into lines.

    Args:
        room: The maximum length of a line.

    Attributes:
        buffer: The piece that is being read, in which every line ends in LF; empty if nothing is left to read.
        position: The position in `buffer` up to which it has been read.
        later: The pieces after it.
        takes_as_is: Whether the next piece starts neither with a possible BOM nor with the LF of a split CRLF.
        partial: The beginning of a line that has not ended.
        room: The maximum length of a line: what the limit leaves beside the data of the event.
        between_events: Whether no line of an event has begun since the last blank line.
        closed: Whether no more bytes will come.
    """

    __slots__ = (
        "_failure",
        "_head",
        "_skip_lf",
        "between_events",
        "buffer",
        "closed",
        "later",
        "partial",
        "position",
        "room",
        "takes_as_is",
    )

    def __init__(self, room: int) -> None:
        self.buffer = b""
        self.position = 0
        self.later: deque[bytes] = deque()
        self.partial = bytearray()
        self.room = room
        self.between_events = True
        self.takes_as_is = False
        self._head: bytes | None = b""  # the first bytes, while they may be a BOM; then None
        self._skip_lf = False  # the last byte was a CR, so a following LF belongs to the same line end
        self.closed = False
        self._failure = ""  # the message only: keeping the exception would keep its stack frames alive

    @property
    def holds_back(self) -> bool:
        """Whether the first bytes are held back because they may be a BOM."""
        return bool(self._head)

    def take(self, data: bytes) -> None:
        """Add the next bytes of the stream.

        Raises:
            SSEStreamError: The parser has failed or was closed.
        """
        if not self.takes_as_is:
            data = self._continued(data)
        if 13 in data:
            # A CR ends its line even at the end of a piece: waiting for an LF that may follow would delay the event.
            if data[-1] == 13:
                self._skip_lf = True
                self.takes_as_is = False
            data = data.replace(b"\r\n", b"\n")
            if 13 in data:
                data = data.replace(b"\r", b"\n")
        if self.buffer:
            if data:
                self.later.append(data)
        elif 10 in data or len(self.partial) + len(data) > self.room:
            self.buffer = data
        elif data:
            # Measured as "one byte per read": bytes that end no line have nothing in them to be read.
            self.partial += data
            self.between_events = False

    def close(self) -> None:
        """End the input. After an error, or when called again, this changes nothing."""
        if not self.closed:
            self.closed = True
            self.takes_as_is = False
            if self._head:
                # Fewer than three bytes arrived in total: an incomplete BOM is data.
                self.buffer = self._head
                self._head = None

    def stop(self, failure: str) -> None:
        """Discard all input, because nothing more will be decoded.

        Args:
            failure: The error message; `""` if nothing failed.
        """
        self.closed = True
        self._failure = failure
        self.takes_as_is = False
        self._head = None
        self.buffer = b""
        self.position = 0
        self.later.clear()

    def _continued(self, data: bytes) -> bytes:
        """Return the piece without a BOM or the LF of a split CRLF."""
        if self.closed:
            reason = f"has failed: {self._failure}" if self._failure else "was closed"
            raise SSEStreamError(
                f"this decoder accepts no more bytes because it {reason}. Create a new decoder for each stream"
            )
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
        self.takes_as_is = not self._skip_lf
        return data

    def pass_over(self, end: int) -> None:
        """Continue at this position of the buffer, as if everything before it had been read."""
        if end < len(self.buffer):
            self.position = end
        else:
            self.position = 0
            self.buffer = self.later.popleft() if self.later else b""

    def next_line(self) -> bytes | bytearray | None:
        """Return the next line without its line ending; `None` if it is incomplete, which then is `partial`."""
        while buffer := self.buffer:
            start = self.position
            end = buffer.find(b"\n", start)
            if end >= 0:
                line = buffer[start:end]
                end += 1
                if end < len(buffer):  # `pass_over`, written out because each line comes here
                    self.position = end
                else:
                    self.pass_over(end)
                if not self.partial:
                    return line
                joined, self.partial = self.partial, bytearray()
                joined += line
                return joined
            self.partial += buffer[start:]
            self.between_events = False
            self.pass_over(len(buffer))
        return None
