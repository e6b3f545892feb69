"""What both shells share: a response's beginning, its events, its end, its clocks. No byte is read here."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import Literal, NoReturn, TypeAlias

from .._chat._endings import Ending
from .._chat._limits import Limits
from .._decoding._reader import EventReader
from .._errors import ProviderError, SSEStreamError, StatusError, StreamTimeoutError
from .._sources._kinds import is_success, kind_of
from .._sources._source import Source, checked
from ..dialects import Dialect
from ._body import Body
from ._client_errors import raise_broken
from ._timings import NEVER, Deadlines, Stopwatch, StreamTimings, Timeouts, late

OnTruncated: TypeAlias = Literal["raise", "return"]
"""What a stream that ends before it was done does: raise an `IncompleteStreamError`, or stop."""

Step: TypeAlias = Literal["read", "drain", "end", "over"]
"""What a stream does next, when all that has come of it has been given out: read on; read what still comes at once,
its end mark having been read; tell the decoder that the body has ended; or nothing any more."""

# After the end mark: how much more is read, and for how long, so that the connection can be used again.
DRAIN_SIZE = 4096
DRAIN_SECONDS = 0.03

# How long the body of an error is waited for: what it says is worth less than that it came.
_ERROR_BODY_SECONDS = 5.0


class StreamState:
    """One stream, from the first byte of its response to the last. The shells read; this says what it means.

    Attributes:
        reader: What makes events of bytes, and holds those that nobody has asked for yet.
        watch: When things came.
        plain: Whether the next bytes can be read and passed to the reader without another look at them.
        over: Whether nothing more is to be read, whatever the reason.
        exhausted: Whether the source has nothing more to give.
    """

    # These change in few streams, or late. Those that stay as they are cost nothing to make.
    plain = False
    over = False
    exhausted = False
    _is_stream = False  # until that is known
    _body: Body | None = None  # what has come of it, where that is no stream so far
    _timeouts = Timeouts()
    _deadlines: Deadlines | None = None
    _due = NEVER  # until when the read under way may take
    _body_due = 0.0  # until when the body of an error is waited for
    _done_at: float | None = None
    _size_when_done = 0

    def __init__(
        self,
        source: Source,
        *,
        dialect: Dialect | None,
        strict: bool,
        limits: Limits,
        timeouts: Timeouts | None,
        keepalives: bool,
        on_truncated: OnTruncated,
        request_started: float | None,
    ) -> None:
        if on_truncated not in ("raise", "return"):
            raise ValueError(f"on_truncated is 'raise' or 'return', not {on_truncated!r}")
        now = monotonic()
        self.reader = EventReader(dialect, strict=strict, limits=limits, keepalives=keepalives)
        self.watch = Stopwatch(now, request_started)
        self._source = source
        self._on_truncated = on_truncated
        self._limits = limits
        if not is_success(source.status):
            self._body = Body(source, limits)
        if timeouts is not None:
            if not isinstance(timeouts, Timeouts):
                raise TypeError(f"timeouts is a Timeouts, as in Timeouts(total=60), not {timeouts!r}")
            self._timeouts = timeouts
            self._deadlines = Deadlines(timeouts, now, now if request_started is None else request_started)

    @property
    def timings(self) -> StreamTimings:
        reader = self.reader
        usage = reader.usage
        self.watch.settle(reader.tally.pieces)
        return self.watch.read(
            output_tokens=None if usage is None else usage.completion_tokens,
            events=reader.events_seen,
            keepalives=reader.keepalives_seen,
            chunks=reader.chunks_seen,
        )

    # ---------------------------------------------------------------- what to do next

    def step(self) -> Step:
        """What to do next, when all that has come has been given out.

        Raises:
            SSEStreamError: Nothing, for the stream was closed before it was done, or has failed before.
        """
        if self.over:
            self.check()
            return "over"
        if self.exhausted or (self._body is not None and not self._body.wants_more):
            return "end"
        return "drain" if self.reader.ending == "complete" else "read"

    def begin_read(self) -> float | None:
        """A read begins.

        Returns:
            How many seconds it may take; `None` for as many as it likes.

        Raises:
            SSEStreamError: A deadline has passed already.
        """
        is_refused = self._body is not None and self._body.is_refused
        if self._deadlines is None and not is_refused:
            return None
        now = monotonic()
        self._due = NEVER if self._deadlines is None else self._deadlines.begin(now, self.reader.tally.pieces)
        if is_refused:
            self._body_due = self._body_due or now + _ERROR_BODY_SECONDS
            self._due = min(self._due, (self._body_due, "total"))
        if self._due[0] <= now:
            self.timed_out()
        return None if self._due is NEVER else self._due[0] - now

    def drain_time(self) -> float:
        """How many seconds more to wait for the end of a body whose stream is done; 0 for no more."""
        now = monotonic()
        if self._done_at is None:
            self._done_at = now
            self._size_when_done = self.watch.bytes
        if self.watch.bytes - self._size_when_done > DRAIN_SIZE or not self._source.keeps_connection:
            return 0
        return max(0.0, self._done_at + DRAIN_SECONDS - now)

    # ---------------------------------------------------------------- what arrives

    def arrive(self, piece: object) -> bytes:
        """Something has come; it is given to `take` later, whole or in slices.

        Returns:
            It, as bytes.

        Raises:
            PieceError: It is not bytes.
        """
        data = piece if type(piece) is bytes else checked(piece)
        now = monotonic()
        if self._deadlines is not None:
            self._deadlines.end(now, len(data))
        if data:
            self.watch.arrive(now, len(data), self.reader.tally.pieces)
        return data

    def take(self, data: bytes) -> None:
        """Make what has come readable.

        Raises:
            SSEStreamError: The stream was closed meanwhile.
        """
        if self.over:
            self.check()
            return
        if not self._is_stream:
            data = self._begin(data)
        if data:
            self.reader.take(data)

    def _begin(self, data: bytes, *, at_end: bool = False) -> bytes:
        """See what the body is: all that has come of it, once it is known to be a stream; nothing otherwise."""
        body = self._body
        source = self._source
        if body is None and kind_of(source.status, source.headers, data, at_end=at_end) != "stream":
            body = self._body = Body(source, self._limits)
        if body is not None:
            data = body.add(data, at_end=at_end)
        if body is None or body.kind == "stream":
            self._is_stream = True
            self._body = None
            self.plain = self._deadlines is None
        return data

    def check_time(self) -> None:
        """See whether what has come has come in time, where nobody has stopped waiting for it.

        Raises:
            SSEStreamError: It has not. It counts, though it is not given out any more.
        """
        if not self.over and self._due[0] < monotonic():
            with suppress(SSEStreamError):  # the deadline passed first, and is what is reported
                while self.reader.next_event() is not None:
                    pass
            self.timed_out()

    def end(self) -> None:
        """The body has ended, or more than enough of it has come.

        Raises:
            SSEStreamError: It is no stream.
        """
        if self.over:
            return
        self.over = True
        self.plain = False
        if not self._is_stream:
            data = self._begin(b"", at_end=True)
            self.plain = False
            if data:
                self.reader.take(data)
        body = self._body
        if body is not None and (body.document is None or not self.reader.take_document(body.document)):
            raise self._refusal(body)
        self.reader.end()

    def close(self) -> None:
        """The caller stops: nothing more is given out."""
        self.stop()
        self.reader.abandon()

    def stop(self) -> None:
        """The caller stops, while another thread may be at work in here: that one finds it out, and closes."""
        self.over = True
        self.plain = False

    # ---------------------------------------------------------------- what goes wrong

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
            so_far = reader.completion.text[-80:]
            raise self._with_completion(f"the stream was closed before it was done; so far: {so_far!r}")
        if reader.error is not None and not self.is_truncation_tolerated:
            raise self._with_completion(f"this stream has failed before: {reader.error}")

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
        elif self._body is not None and self._body.is_refused:
            # What the response said already tells more than how its body broke off.
            raise self._refusal(self._body) from cause
        else:
            self._broken(cause)

    def _broken(self, cause: Exception) -> NoReturn:
        try:
            raise_broken(cause, has_begun=self.watch.bytes > 0)
        except SSEStreamError as error:
            self._fail(error, "timeout" if isinstance(error, StreamTimeoutError) else "transport_error")
            raise

    def timed_out(self) -> NoReturn:
        """Raise the error for the deadline that has passed."""
        if self._body is not None and self._body.is_refused:
            raise self._refusal(self._body)
        raise self._fail(late(self._timeouts, self._due[1]), "timeout")

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
