"""Time measurement and deadlines of one stream."""

from __future__ import annotations

from time import monotonic

from .._errors import StreamTimeoutError
from ._timings import NEVER, Deadline, Deadlines, GapStopwatch, Stopwatch, Timeouts, late

# How much is read after the end mark, and for how long, so that the connection can be reused.
DRAIN_SIZE = 4096
DRAIN_SECONDS = 0.03

# How long to wait for the body of an error: reporting the error matters more than its whole body.
_ERROR_BODY_SECONDS = 5.0


class Clocks:
    """The clocks of one stream.

    Args:
        timeouts: The stream's timeouts; `None` for none.
        request_started: When the request was sent, if the caller passed it.
        keep_gaps: Whether to keep each gap between generated pieces.

    Raises:
        TypeError: `timeouts` is not a `Timeouts`.

    Attributes:
        watch: Records arrivals.
        has_deadlines: Whether any timeout was set.
    """

    _due: Deadline = NEVER  # deadline of the current read
    _body_due = 0.0  # deadline for the body of an error
    _done_at: float | None = None
    _size_when_done = 0

    def __init__(self, timeouts: Timeouts | None, request_started: float | None, *, keep_gaps: bool = False) -> None:
        if timeouts is not None and not isinstance(timeouts, Timeouts):
            raise TypeError(f"timeouts must be a Timeouts, such as Timeouts(total=60), not {timeouts!r}")
        self._timeouts = timeouts
        self._stopwatch_type = GapStopwatch if keep_gaps else Stopwatch
        self.has_deadlines = timeouts is not None
        self._start(monotonic(), request_started)

    def _start(self, now: float, request_started: float | None) -> None:
        self._request_started = request_started
        self.watch: Stopwatch = self._stopwatch_type(now, request_started)
        started = now if request_started is None else request_started
        self._deadlines = None if self._timeouts is None else Deadlines(self._timeouts, now, started)

    def begin_request(self) -> None:
        """Start the clocks, as the request is about to be sent, unless the caller passed its start."""
        now = monotonic()
        self._start(now, now if self._request_started is None else self._request_started)

    def begin_read(self, pieces: int, *, is_refused: bool) -> float | None:
        """Start a read.

        Args:
            pieces: How many generated pieces have arrived so far.
            is_refused: Whether the body is not a stream.

        Returns:
            How many seconds the read may take, 0 if a deadline has passed; `None` for no limit.
        """
        if self._deadlines is None and not is_refused:
            return None
        now = monotonic()
        self._due = NEVER if self._deadlines is None else self._deadlines.begin(now, pieces)
        if is_refused:
            self._body_due = self._body_due or now + _ERROR_BODY_SECONDS
            self._due = min(self._due, (self._body_due, "total"))
        return None if self._due is NEVER else max(0.0, self._due[0] - now)

    def arrive(self, size: int, pieces: int) -> None:
        """Record that a read returned `size` bytes, after `pieces` generated pieces."""
        now = monotonic()
        if self._deadlines is not None:
            self._deadlines.end(now, size)
        if size:
            self.watch.arrive(now, size, pieces)

    @property
    def is_late(self) -> bool:
        """Whether the deadline of the last read has passed."""
        return self._due[0] < monotonic()

    def lateness(self) -> StreamTimeoutError:
        """Return the error for the deadline of the last read."""
        return late(self._timeouts or Timeouts(), self._due[1])

    def drain_time(self) -> float:
        """Return how many more seconds to wait for the end of the body of a complete stream; 0 to stop."""
        now = monotonic()
        if self._done_at is None:
            self._done_at = now
            self._size_when_done = self.watch.bytes
        if self.watch.bytes - self._size_when_done > DRAIN_SIZE:
            return 0
        return max(0.0, self._done_at + DRAIN_SECONDS - now)
