"""Closing and failing of a stream, and the errors raised afterwards."""

from __future__ import annotations

from typing import Literal, NoReturn, TypeAlias

from .._chat._endings import Ending
from .._decoding._reader import EventReader
from .._errors import ProviderError, SSEStreamError, StatusError, StreamTimeoutError, TransportError
from ._body import Body
from ._client_errors import Doing, broken
from ._clocks import Clocks

OnTruncated: TypeAlias = Literal["raise", "return"]
"""What happens when a stream is truncated: `"raise"` an `IncompleteStreamError`, or `"return"` and stop."""

# The ending for each error of the client. Errors of a stream that serves as the source count as well.
_ENDINGS: dict[type[SSEStreamError], Ending] = {StreamTimeoutError: "timeout", StatusError: "provider_error"}


class Outcome:
    """The state of a stream, and how it ends.

    Attributes:
        reader: Decodes bytes to events.
        watch: Records arrivals.
        plain: Whether the next bytes can go straight to the reader, without checks.
        over: Whether to read no more, whatever the reason.
        exhausted: Whether the source is at its end.
    """

    # Class attributes, because most streams never change them, and unchanged ones cost nothing.
    plain = False
    over = False
    exhausted = False
    _body: Body | None = None  # the body so far, while it is not known to be a stream

    def __init__(self, reader: EventReader, clocks: Clocks, on_truncated: OnTruncated) -> None:
        self.reader = reader
        self.watch = clocks.watch
        self._clocks = clocks
        self._on_truncated = on_truncated

    @property
    def is_refused(self) -> bool:
        """Whether the body is known not to be a stream."""
        return self._body is not None and self._body.is_refused

    def close(self) -> None:
        """Close the stream: no more events are yielded."""
        self.stop()
        self.reader.abandon()

    def stop(self) -> None:
        """Mark the stream as over. Another thread may be using this object; it notices, and closes."""
        self.over = True
        self.plain = False

    @property
    def is_truncation_tolerated(self) -> bool:
        """Whether the stream was truncated and `on_truncated` is `"return"`."""
        return self._on_truncated == "return" and self.reader.ending == "truncated"

    def check(self) -> None:
        """Check that the stream was read to its end.

        Raises:
            SSEStreamError: It was closed early, or has already failed.
        """
        reader = self.reader
        if reader.ending == "open":
            reader.abandon()  # see `stop`
        if reader.ending == "closed":
            raise self._with_completion("the stream was closed before it was done")
        if reader.error is not None and not self.is_truncation_tolerated:
            raise self._with_completion(f"this stream has already failed: {reader.error}")

    def check_over(self) -> None:
        """Check whether the stream was closed meanwhile.

        Raises:
            SSEStreamError: It was closed early.
        """
        if self.over:
            self.check()

    def failed(self, cause: Exception) -> None:
        """Handle an exception of the client during a read; the end of the body is not an error here.

        Raises:
            SSEStreamError: The translated exception.
        """
        self.plain = False
        if self.over:
            self.check()
        elif isinstance(cause, (StopIteration, StopAsyncIteration)):
            self.exhausted = True
        elif self._body is not None and self.is_refused:
            # The error response matters more than the failure to read its whole body.
            raise self._refusal(self._body) from cause
        elif self.reader.is_settled and isinstance(broken(cause, "read"), TransportError):
            # The answer is complete; an error would make the caller repeat, and pay for, the request.
            self.exhausted = self.reader.broken = True
        else:
            self._broken(cause, "read" if self.watch.bytes else "begin")

    def opening_failed(self, cause: Exception) -> NoReturn:
        """Handle an exception of the client while opening the response.

        Raises:
            SSEStreamError: The translated exception.
        """
        if self.over:
            self.check()
        self._broken(cause, "open")

    def closing_failed(self, cause: Exception) -> NoReturn:
        """Handle an exception of the client while closing the response, which does not change the stream's ending.

        Raises:
            SSEStreamError: The translated exception.
        """
        error = broken(cause, "close")
        if error is cause:
            raise error
        if isinstance(error, SSEStreamError):
            error.completion = self.reader.completion
        raise error from cause

    def _broken(self, cause: Exception, doing: Doing) -> NoReturn:
        error = broken(cause, doing)
        if isinstance(error, SSEStreamError):
            self._fail(error, _ENDINGS.get(type(error), "transport_error"))
        if error is cause:
            raise error
        raise error from cause

    def timed_out(self) -> NoReturn:
        """Raise the error for the timeout that expired."""
        if self._body is not None and self._body.is_refused:
            raise self._refusal(self._body)
        raise self._fail(self._clocks.lateness(), "timeout")

    def _refusal(self, body: Body) -> SSEStreamError:
        """Return the error for a response that is not a stream, with its body so far."""
        error = body.error()
        return self._fail(error, "provider_error" if isinstance(error, (ProviderError, StatusError)) else "invalid")

    def _fail(self, error: SSEStreamError, ending: Ending) -> SSEStreamError:
        self.stop()
        return self.reader.fail(error, ending)

    def _with_completion(self, message: str) -> SSEStreamError:
        error = SSEStreamError(message)
        error.completion = self.reader.completion
        return error
