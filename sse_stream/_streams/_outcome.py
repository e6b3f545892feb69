"""What becomes of a stream: it is closed, or fails; and what is said of it afterwards."""

from __future__ import annotations

from typing import Literal, NoReturn, TypeAlias

from .._chat._endings import Ending
from .._decoding._reader import EventReader
from .._errors import ProviderError, SSEStreamError, StatusError, StreamTimeoutError, TransportError
from ._body import Body
from ._client_errors import Doing, broken
from ._clocks import Clocks

OnTruncated: TypeAlias = Literal["raise", "return"]
"""What a stream that ends before it was done does: raise an `IncompleteStreamError`, or stop."""

# What a stream ends with when the client raises. A stream of ours below ends this one as its connection would.
_ENDINGS: dict[type[SSEStreamError], Ending] = {StreamTimeoutError: "timeout", StatusError: "provider_error"}


class Outcome:
    """How far a stream has come, and how it ends.

    Attributes:
        reader: What makes events of bytes.
        watch: When things came.
        plain: Whether the next bytes can be read and passed to the reader without another look at them.
        over: Whether nothing more is to be read, whatever the reason.
        exhausted: Whether the source has nothing more to give.
    """

    # These change in few streams, or late. Those that stay as they are cost nothing to make.
    plain = False
    over = False
    exhausted = False
    _body: Body | None = None  # what has come of it, where that is no stream so far

    def __init__(self, reader: EventReader, clocks: Clocks, on_truncated: OnTruncated) -> None:
        self.reader = reader
        self.watch = clocks.watch
        self._clocks = clocks
        self._on_truncated = on_truncated

    @property
    def is_refused(self) -> bool:
        """Whether the body is known to be no stream."""
        return self._body is not None and self._body.is_refused

    def close(self) -> None:
        """The caller stops: nothing more is given out."""
        self.stop()
        self.reader.abandon()

    def stop(self) -> None:
        """The caller stops, while another thread may be at work in here: that one finds it out, and closes."""
        self.over = True
        self.plain = False

    @property
    def is_truncation_tolerated(self) -> bool:
        """Whether the stream has ended before it was done, and that is no error."""
        return self._on_truncated == "return" and self.reader.ending == "truncated"

    def check(self) -> None:
        """Why there is nothing more, unless the stream was read to its end.

        Raises:
            SSEStreamError: It was closed before it was done, or has failed before.
        """
        reader = self.reader
        if reader.ending == "open":
            reader.abandon()  # see `stop`
        if reader.ending == "closed":
            raise self._with_completion("the stream was closed before it was done")
        if reader.error is not None and not self.is_truncation_tolerated:
            raise self._with_completion(f"this stream has failed before: {reader.error}")

    def check_over(self) -> None:
        """See whether the stream was closed meanwhile.

        Raises:
            SSEStreamError: It was.
        """
        if self.over:
            self.check()

    def failed(self, cause: Exception) -> None:
        """The client raised something while it read.

        Raises:
            SSEStreamError: What that means; but its end is no error here.
        """
        self.plain = False
        if self.over:
            self.check()
        elif isinstance(cause, (StopIteration, StopAsyncIteration)):
            self.exhausted = True
        elif self._body is not None and self.is_refused:
            # What the response said already tells more than how its body broke off.
            raise self._refusal(self._body) from cause
        elif self.reader.is_settled and isinstance(broken(cause, "read"), TransportError):
            # Nothing more was meant to come: to ask again would be billed again, for nothing.
            self.exhausted = self.reader.broken = True
        else:
            self._broken(cause, "read" if self.watch.bytes else "begin")

    def opening_failed(self, cause: Exception) -> NoReturn:
        """The client raised something instead of giving a response.

        Raises:
            SSEStreamError: What that means.
        """
        if self.over:
            self.check()
        self._broken(cause, "open")

    def closing_failed(self, cause: Exception) -> NoReturn:
        """The client raised something when its response was left. How the stream ended stays as it was.

        Raises:
            SSEStreamError: What that means.
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
        """Raise the error for the deadline that has passed."""
        if self._body is not None and self._body.is_refused:
            raise self._refusal(self._body)
        raise self._fail(self._clocks.lateness(), "timeout")

    def _refusal(self, body: Body) -> SSEStreamError:
        """The error for a response that is no stream, with what has come of its body."""
        error = body.error()
        return self._fail(error, "provider_error" if isinstance(error, (ProviderError, StatusError)) else "invalid")

    def _fail(self, error: SSEStreamError, ending: Ending) -> SSEStreamError:
        self.stop()
        return self.reader.fail(error, ending)

    def _with_completion(self, message: str) -> SSEStreamError:
        error = SSEStreamError(message)
        error.completion = self.reader.completion
        return error
