"""What both shells share: a response's beginning, its events, its end, its clocks. No byte is read here."""

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
"""What a stream does next, when all that has come of it has been given out: read on; read what still comes at once,
its end mark having been read; tell the decoder that the body has ended; or nothing any more."""

# What is known of a response before it is there.
_NOT_OPEN = Source(response=None)


class StreamState(Outcome):
    """One stream, from the first byte of its response to the last. The shells read; this says what it means.

    Attributes:
        reader: What makes events of bytes, and holds those that nobody has asked for yet.
        watch: When things came.
        plain: Whether the next bytes can be read and passed to the reader without another look at them.
        over: Whether nothing more is to be read, whatever the reason.
        exhausted: Whether the source has nothing more to give.
    """

    _is_stream = False  # until that is known

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
            raise ValueError(f"on_truncated is 'raise' or 'return', not {on_truncated!r}")
        reader = EventReader(dialect, strict=strict, limits=limits, keepalives=keepalives)
        super().__init__(reader, Clocks(timeouts, request_started, keep_gaps=keep_gaps), on_truncated)
        self._limits = limits
        self._tee = tee
        self._source = _NOT_OPEN
        if source is not None:
            self.opened(source)

    def begin_request(self) -> None:
        """The response is about to be asked for: the clocks start here."""
        self._clocks.begin_request()
        self.watch = self._clocks.watch

    def opened(self, source: Source) -> None:
        """The response is there."""
        self._source = source
        if not is_success(source.status):
            self._body = Body(source, self._limits)

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
        if not (self._clocks.has_deadlines or self.is_refused):
            return None
        seconds = self._clocks.begin_read(self.reader.tally.pieces, is_refused=self.is_refused)
        if seconds == 0:
            self.timed_out()
        return seconds

    def drain_time(self) -> float:
        """How many seconds more to wait for the end of a body whose stream is done; 0 for no more."""
        return self._clocks.drain_time() if self._source.keeps_connection else 0

    # ---------------------------------------------------------------- what arrives

    def arrive(self, piece: object) -> bytes:
        """Something has come; it is given to `take` later, whole or in slices.

        Returns:
            It, as bytes.

        Raises:
            PieceError: It is not bytes.
        """
        data = piece if type(piece) is bytes else checked(piece)
        self._clocks.arrive(len(data), self.reader.tally.pieces)
        if self._tee is not None and data:
            self._tee(data)
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
            if is_odd_label(source.status, source.headers):
                self.reader.note("odd_content_type", source.headers["content-type"])
            self.plain = not self._clocks.has_deadlines and self._tee is None
        return data

    def check_time(self) -> None:
        """See whether what has come has come in time, where nobody has stopped waiting for it.

        Raises:
            SSEStreamError: It has not. It counts, though it is not given out any more.
        """
        if not self.over and self._clocks.is_late:
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
