"""The state shared by both chat streams: the response, its events, its end and its clocks; without IO."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Literal, TypeAlias

from .._chat._limits import Limits
from .._decoding._reader import EventReader
from .._errors import SSEStreamError
from .._sources._kinds import is_odd_label, is_success, kind_of
from .._sources._source import Source, checked
from ..dialects import Dialect
from ._body import Body
from ._clocks import Clocks
from ._outcome import OnTruncated, Outcome
from ._timings import StreamTimings, Timeouts

Step: TypeAlias = Literal["read", "drain", "end", "over"]
"""The next step after all received events have been yielded: read; read what immediately follows the end mark; tell the
decoder that the body has ended; or stop."""

# Stands in for the response until it is opened.
_NOT_OPEN = Source(response=None)


class StreamState(Outcome):
    """The state of a stream. The streams do the IO; this class decides.

    Attributes:
        reader: Decodes bytes to events, and queues those not yet asked for.
        watch: Records arrivals.
        plain: Whether the next bytes can go straight to the reader, without checks.
        over: Whether to read no more, whatever the reason.
        exhausted: Whether the source is at its end.
    """

    _is_stream = False  # whether the body is known to be a stream

    def __init__(
        self,
        source: Source | None,
        *,
        dialect: Dialect | None,
        strict: bool,
        limits: Limits,
        timeouts: Timeouts | None,
        keepalives: bool,
        on_truncated: OnTruncated,
        request_started: float | None,
        keep_gaps: bool,
        tee: Callable[[bytes], object] | None,
    ) -> None:
        if on_truncated not in ("raise", "return"):
            raise ValueError(f"on_truncated must be 'raise' or 'return', not {on_truncated!r}")
        reader = EventReader(dialect, strict=strict, limits=limits, keepalives=keepalives)
        super().__init__(reader, Clocks(timeouts, request_started, keep_gaps=keep_gaps), on_truncated)
        self._limits = limits
        self._tee = tee
        self._source = _NOT_OPEN
        if source is not None:
            self.opened(source)

    def begin_request(self) -> None:
        """Start the clocks, as the request is about to be sent."""
        self._clocks.begin_request()
        self.watch = self._clocks.watch

    def opened(self, source: Source) -> None:
        """Handle the opened response."""
        self._source = source
        if not is_success(source.status):
            self._body = Body(source, self._limits)

    @property
    def timings(self) -> StreamTimings:
        """The timings so far."""
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
        """Return the next step after all received events have been yielded.

        Raises:
            SSEStreamError: The stream was closed early, or has already failed.
        """
        if self.over:
            self.check()
            return "over"
        if self.exhausted or (self._body is not None and not self._body.wants_more):
            return "end"
        return "drain" if self.reader.ending == "complete" else "read"

    def begin_read(self) -> float | None:
        """Start a read.

        Returns:
            How many seconds it may take; `None` for no limit.

        Raises:
            SSEStreamError: A timeout has already expired.
        """
        if not (self._clocks.has_deadlines or self.is_refused):
            return None
        seconds = self._clocks.begin_read(self.reader.tally.pieces, is_refused=self.is_refused)
        if seconds == 0:
            self.timed_out()
        return seconds

    def drain_time(self) -> float:
        """Return how many more seconds to wait for the end of the body of a complete stream; 0 to stop."""
        return self._clocks.drain_time() if self._source.keeps_connection else 0

    # ---------------------------------------------------------------- what arrives

    def arrive(self, piece: object) -> bytes:
        """Record the result of a read, which is passed to `take` later, whole or in slices.

        Returns:
            The result as bytes.

        Raises:
            PieceError: It is not bytes.
        """
        data = piece if type(piece) is bytes else checked(piece)
        self._clocks.arrive(len(data), self.reader.tally.pieces)
        if self._tee is not None and data:
            self._tee(data)
        return data

    def take(self, data: bytes) -> None:
        """Decode received bytes.

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
        """Classify the body; return all bytes so far once it is known to be a stream, otherwise none."""
        body = self._body
        source = self._source
        if body is None and kind_of(source.status, source.headers, data, at_end=at_end) != "stream":
            body = self._body = Body(source, self._limits)
        if body is not None:
            data = body.add(data, at_end=at_end)
        if body is None or body.kind == "stream":
            self._is_stream = True
            self._body = None
            if is_odd_label(source.status, source.headers):
                self.reader.note("odd_content_type", source.headers["content-type"])
            self.plain = not self._clocks.has_deadlines and self._tee is None
        return data

    def check_time(self) -> None:
        """Check the deadline of a read that could not be interrupted.

        Raises:
            SSEStreamError: The read took too long. Its bytes are accumulated, but their events are not yielded.
        """
        if not self.over and self._clocks.is_late:
            with suppress(SSEStreamError):  # the timeout came first, and is what is reported
                while self.reader.next_event() is not None:
                    pass
            self.timed_out()

    def end(self) -> None:
        """Handle the end of the body, or stop reading a body that is not a stream.

        Raises:
            SSEStreamError: The body is not a stream.
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
