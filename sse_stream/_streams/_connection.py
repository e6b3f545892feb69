"""One response of an event source: whether it is a stream, what it says if it is none, how long it has been silent."""

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

# For so many seconds the body of an error is waited for: what it says is worth less than that it came.
_ERROR_BODY_SECONDS = 5.0

_NEVER = float("inf")


class Connection:
    """What has come of one response. No byte is read here.

    Args:
        source: How it is read.
        idle: For how many seconds no bytes may come, `None` for any number.

    Attributes:
        source: How it is read.
        answer: What it is, by its status and headers.
        has_ended: Whether nothing more is to be read of it.
    """

    def __init__(self, source: Source, idle: float | None) -> None:
        self.source = source
        self.answer = answer_of(source.status, source.headers)
        self.has_ended = False
        self._idle = idle
        self._has_begun = False
        self._silent = 0.0  # for how long has been waited since the last bytes
        self._began = 0.0  # when the read under way did
        self._due = _NEVER  # until when it may take
        self._refusal = bytearray()  # what has come of a body that is no stream
        self._refusal_due = 0.0
        # The client may not have undone a content coding, and the rest would be a stream without events.
        self._unsure = Body(source, _LIMITS) if self.answer == "stream" and content_coding(source.headers) else None

    def begin_read(self) -> float | None:
        """A read begins.

        Returns:
            How many seconds it may take; `None` for as many as it likes.
        """
        self._began = now = monotonic()
        self._due = _NEVER
        if self.answer == "refused":
            self._refusal_due = self._due = self._refusal_due or now + _ERROR_BODY_SECONDS
        elif self._idle is not None:
            self._due = now + self._idle - self._silent
        return None if self._due == _NEVER else max(0.0, self._due - now)

    def arrive(self, piece: object) -> bytes:
        """Something has come; it is given to `accept` later, whole or in slices.

        Returns:
            It, as bytes.

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
        """See what has come.

        Returns:
            What of it belongs to the stream.

        Raises:
            SSEStreamError: This is no stream, and enough has come to say why.
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
        """The body has ended.

        Raises:
            SSEStreamError: It was no stream.
        """
        if self.answer == "refused":
            raise self._refused()
        if self._unsure is not None:
            self._unsure.add(b"", at_end=True)
            if self._unsure.kind != "stream":
                raise self._unsure.error()

    def fail(self, error: Exception) -> None:
        """The client raised something while it read.

        Raises:
            SSEStreamError: What that means. What a refusal has said already tells more than how its body broke off.
            TypeError: It was not the client, but the caller, whose source cannot be read or gives no bytes.
        """
        if self.answer == "refused":
            raise self._refused() from error
        raise_broken(error, "read" if self._has_begun else "begin")

    def expire(self) -> None:
        """The read under way has taken too long, and was ended.

        Raises:
            SSEStreamError: What that means.
        """
        if self.answer == "refused":
            raise self._refused()
        raise StreamTimeoutError(f"no bytes came for {self._idle:g} s", kind="idle")

    def _refused(self) -> SSEStreamError:
        """The error for a response that is no stream, with what has come of its body."""
        status, headers = self.source.status, self.source.headers
        body = bytes(self._refusal[: _LIMITS.error_body])
        if status in (None, 200):
            return foreign_error(headers, body, None if status is None else headers.get("content-type", ""))
        return status_error(status, headers, body)
