"""One response of an event source: whether it is a stream, its error if not, and how long it has been silent."""

from __future__ import annotations

from time import monotonic

from .._chat._limits import Limits
from .._errors import SSEStreamError, StreamTimeoutError
from .._sources._kinds import content_coding
from .._sources._source import Source, checked
from .._sse._reconnect import answer_of
from ._body import Body
from ._client_errors import raise_broken
from ._response_errors import foreign_error, status_error

_LIMITS = Limits()

# How long to wait for the body of an error: reporting the error matters more than its whole body.
_ERROR_BODY_SECONDS = 5.0

_NEVER = float("inf")


class Connection:
    """The state of one response; performs no IO.

    Args:
        source: The adapter that reads it.
        idle: The maximum number of seconds without bytes; `None` for no limit.

    Attributes:
        source: The adapter that reads it.
        answer: What the response is, according to its status and headers.
        has_ended: Whether to read no more of it.
    """

    def __init__(self, source: Source, idle: float | None) -> None:
        self.source = source
        self.answer = answer_of(source.status, source.headers)
        self.has_ended = False
        self._idle = idle
        self._has_begun = False
        self._silent = 0.0  # time waited since the last bytes
        self._began = 0.0  # start of the current read
        self._due = _NEVER  # deadline of the current read
        self._refusal = bytearray()  # body of an error so far
        self._refusal_due = 0.0
        # The client may not have decoded the content coding; the body would then look like a stream without events.
        self._unsure = Body(source, _LIMITS) if self.answer == "stream" and content_coding(source.headers) else None

    def begin_read(self) -> float | None:
        """Start a read.

        Returns:
            How many seconds it may take; `None` for no limit.
        """
        self._began = now = monotonic()
        self._due = _NEVER
        if self.answer == "refused":
            self._refusal_due = self._due = self._refusal_due or now + _ERROR_BODY_SECONDS
        elif self._idle is not None:
            self._due = now + self._idle - self._silent
        return None if self._due == _NEVER else max(0.0, self._due - now)

    def arrive(self, piece: object) -> bytes:
        """Record the result of a read, which is passed to `accept` later, whole or in slices.

        Returns:
            The result as bytes.

        Raises:
            PieceError: It is not bytes.
        """
        data = checked(piece)
        if data:
            self._has_begun = True
            self._silent = 0.0
        else:
            self._silent += monotonic() - self._began
        return data

    def accept(self, data: bytes) -> bytes:
        """Classify bytes.

        Returns:
            The bytes that belong to the stream.

        Raises:
            SSEStreamError: The response is not a stream, and enough has arrived for the error.
        """
        if self.answer == "refused":
            self._refusal += data
            if len(self._refusal) >= _LIMITS.error_body or monotonic() >= self._due:
                raise self._refused()
            return b""
        if self._unsure is not None:
            data = self._unsure.add(data)
            if self._unsure.is_refused or self._unsure.kind == "document":
                raise self._unsure.error()
            if data:
                self._unsure = None
        return data

    def end(self) -> None:
        """Handle the end of the body.

        Raises:
            SSEStreamError: The response is not a stream.
        """
        if self.answer == "refused":
            raise self._refused()
        if self._unsure is not None:
            self._unsure.add(b"", at_end=True)
            if self._unsure.kind != "stream":
                raise self._unsure.error()

    def fail(self, error: Exception) -> None:
        """Handle an exception of the client during a read.

        Raises:
            SSEStreamError: The translated exception; or the error response, if its body broke off.
            TypeError: The caller's source cannot be read, or yields something other than bytes.
        """
        if self.answer == "refused":
            raise self._refused() from error
        raise_broken(error, "read" if self._has_begun else "begin")

    def expire(self) -> None:
        """Handle a read that was interrupted at its deadline.

        Raises:
            SSEStreamError: The timeout; or the error response, if the read was of its body.
        """
        if self.answer == "refused":
            raise self._refused()
        raise StreamTimeoutError(f"no bytes arrived for {self._idle:g} s", kind="idle")

    def _refused(self) -> SSEStreamError:
        """Return the error for a response that is not a stream, with its body so far."""
        status, headers = self.source.status, self.source.headers
        body = bytes(self._refusal[: _LIMITS.error_body])
        if status in (None, 200):
            return foreign_error(headers, body, None if status is None else headers.get("content-type", ""))
        return status_error(status, headers, body)
