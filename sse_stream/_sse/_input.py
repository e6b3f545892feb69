"""The bytes of an event stream that are not read yet: line ends made one, a byte order mark taken away."""

from __future__ import annotations

from collections import deque

from .._errors import SSEStreamError

_BOM = b"\xef\xbb\xbf"


class StreamInput:
    """Takes bytes in pieces cut anywhere, and keeps them until they are read: LF is the only end of a line in them.

    Attributes:
        buffer: The piece that is being read; empty if nothing is left to read.
        position: How far it is read.
        later: Further pieces.
        takes_as_is: Whether the bytes before the next piece decide nothing about its beginning.
        closed: Whether no more bytes will come.
    """

    __slots__ = ("_failure", "_head", "_skip_lf", "buffer", "closed", "later", "position", "takes_as_is")

    def __init__(self) -> None:
        self.buffer = b""
        self.position = 0
        self.later: deque[bytes] = deque()
        self.takes_as_is = False
        self._head: bytes | None = b""  # the first bytes while they may be a BOM; None ever after
        self._skip_lf = False  # the last byte was a CR, which ended its line: an LF now belongs to it
        self.closed = False
        self._failure = ""  # what the error said; the error itself would keep the frames it came through

    @property
    def holds_back(self) -> bool:
        """Whether the first bytes are not to be read yet, as they may be a BOM."""
        return bool(self._head)

    def take(self, data: bytes) -> None:
        """Keep the next bytes of the stream.

        Raises:
            SSEStreamError: The parser has failed before, or was closed.
        """
        if not self.takes_as_is:
            data = self._continued(data)
        if 13 in data:
            # A CR ends its line wherever it stands, at the end of a piece too: "prompt" means not to
            # wait for the LF that may follow.
            if data[-1] == 13:
                self._skip_lf = True
                self.takes_as_is = False
            data = data.replace(b"\r\n", b"\n")
            if 13 in data:
                data = data.replace(b"\r", b"\n")
        if not self.buffer:
            self.buffer = data
        elif data:
            self.later.append(data)

    def close(self) -> None:
        """No more bytes will come. After an error, or a second time, this changes nothing."""
        if not self.closed:
            self.closed = True
            self.takes_as_is = False
            if self._head:
                # Less than three bytes came in all: the beginning of a BOM is no BOM.
                self.buffer = self._head
                self._head = None

    def stop(self, failure: str) -> None:
        """Nothing will be decoded any more, and so nothing is kept.

        Args:
            failure: What went wrong; `""` if nothing did.
        """
        self.closed = True
        self._failure = failure
        self.takes_as_is = False
        self._head = None
        self.buffer = b""
        self.position = 0
        self.later.clear()

    def _continued(self, data: bytes) -> bytes:
        """The piece without what the bytes before it have decided: a BOM, the LF of a CRLF."""
        if self.closed:
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
        self.takes_as_is = not self._skip_lf
        return data

    def pass_over(self, end: int) -> None:
        """Go on at this place of the buffer, as if all before it had been read."""
        if end < len(self.buffer):
            self.position = end
        else:
            self.position = 0
            self.buffer = self.later.popleft() if self.later else b""
