"""What both shells share: a response's beginning, its events, its end, its clocks. No byte is read here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from typing import Literal, NoReturn, TypeAlias, TypeVar

from .._chat._anomalies import Anomaly
from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._endings import Ending
from .._chat._events import ChatEvent
from .._chat._limits import Limits
from .._decoding._decoder import ChatDecoder
from .._errors import (
    IncompleteStreamError,
    ProviderError,
    SSEStreamError,
    StreamTimeoutError,
    TimeoutKind,
    TransportError,
)
from .._sources._source import Opened, PieceError, checked
from ..dialects import Dialect
from ._responses import BLANK, BOM, REFUSED, Kind, document_error, foreign_error, kind_of, status_error
from ._timings import NEVER, Deadlines, Stopwatch, StreamTimings, Timeouts

OnTruncated: TypeAlias = Literal["raise", "return"]
"""What a stream that ends before it was done does: raise an `IncompleteStreamError`, or stop."""

T = TypeVar("T")

# So much of a body tells what it is.
_BEGINNING = 4096

# After `[DONE]`: how much more is read, and for how long, so that the connection can be used again.
DRAIN_SIZE = 4096
DRAIN_SECONDS = 0.03

# How long the body of an error is waited for: what it says is worth less than that it came.
_ERROR_BODY_SECONDS = 5.0

_DEADLINES: dict[TimeoutKind, str] = {
    "first_token": "nothing was generated within {:g} s of the start",
    "content": "nothing was generated for {:g} s",
    "idle": "no bytes came for {:g} s",
    "total": "the stream was not done within {:g} s of the start",
}


class Session:
    """One stream, from the first byte of its response to the last. The shells read, this says what it means."""

    def __init__(
        self,
        opened: Opened,
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
        if timeouts is not None and not isinstance(timeouts, Timeouts):
            raise TypeError(f"timeouts is a Timeouts, as in Timeouts(total=60), not {timeouts!r}")
        self._opened = opened
        self.decoder = self._decoder = ChatDecoder(dialect=dialect, strict=strict, limits=limits, keepalives=keepalives)
        self._accumulator = self._decoder.accumulator
        self._limits = limits
        self._on_truncated = on_truncated
        now = monotonic()
        self._watch = Stopwatch(now, request_started)
        self._timeouts = timeouts or Timeouts()
        self._deadlines: Deadlines | None = None
        if self._timeouts != Timeouts():
            self._deadlines = Deadlines(self._timeouts, now, now if request_started is None else request_started)
        self._due = NEVER  # until when the read under way may take
        self._kind: Kind = kind_of(opened.status, opened.headers, b"", at_end=False)
        self.is_watched = True  # until the body is known to be a stream, and always where a deadline is set
        self._body = bytearray()  # what has come of a body whose kind is not known, or that is no stream
        self._body_due = 0.0  # until when the body of an error is waited for
        self._drained = 0
        self._done_at: float | None = None
        self.over = False  # nothing more is to be read

    # ---------------------------------------------------------------- what came of it

    @property
    def completion(self) -> ChatCompletion:
        return self._decoder.completion

    @property
    def ending(self) -> Ending:
        return self._decoder.ending

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        return self._decoder.anomalies

    @property
    def timings(self) -> StreamTimings:
        decoder = self._decoder
        usage = decoder.usage
        self._watch.settle(decoder.pieces_seen)
        return self._watch.read(
            output_tokens=None if usage is None else usage.completion_tokens,
            events=decoder.events_seen,
            keepalives=decoder.keepalives_seen,
            chunks=decoder.chunks_seen,
        )

    def result(self) -> ChatCompletion:
        """The completion of a stream that was read to its end."""
        if self.ending == "closed":
            raise self._final(f"the stream was closed before it was done; so far: {self.completion.text[-80:]!r}")
        return self.completion

    # ---------------------------------------------------------------- what arrives

    @property
    def wants_more(self) -> bool:
        """Whether the next bytes are worth waiting for."""
        room = self._limits.error_body - 1 if self._kind in REFUSED else self._limits.event_size
        return not self.over and len(self._body) <= room

    @property
    def done(self) -> bool:
        """Whether the stream has said that it is done; what else arrives is a bonus."""
        return self._decoder.ending == "complete"

    def drain_time(self) -> float:
        """How many seconds more to wait for the end of a body whose stream is done; 0 for no more."""
        now = monotonic()
        if self._done_at is None:
            self._done_at = now
            self._drained = self._watch.bytes
        if self._watch.bytes - self._drained > DRAIN_SIZE or not self._opened.keeps_connection:
            return 0
        return max(0.0, self._done_at + DRAIN_SECONDS - now)

    def begin_read(self) -> float | None:
        """A read begins.

        Returns:
            How many seconds it may take; `None` for as many as it likes.

        Raises:
            SSEStreamError: A deadline has passed already.
        """
        is_refused = self._kind in REFUSED
        if self._deadlines is None and not is_refused:
            return None
        now = monotonic()
        self._due = NEVER if self._deadlines is None else self._deadlines.begin(now, self._decoder.pieces_seen)
        if is_refused:
            self._body_due = self._body_due or now + _ERROR_BODY_SECONDS
            self._due = min(self._due, (self._body_due, "total"))
        if self._due[0] <= now:
            self.timed_out()
        return None if self._due is NEVER else self._due[0] - now

    def repeat(self, data: bytes) -> ChatEvent | None:
        """The event in bytes that have come, if they are like those before them; of any other `None`, and nothing
        is taken."""
        return self._decoder.read_repeat(data)

    def arrived_repeat(self, piece: bytes) -> ChatEvent | None:
        """The event of what a blocking read has brought, if it is like the one before it; of any other `None`,
        and nothing is taken."""
        event = self._decoder.read_repeat(piece)
        if event is not None:
            self._watch.arrive(monotonic(), len(piece), self._accumulator.pieces - 1)
        return event

    def arrived_events(self, piece: object) -> Iterator[ChatEvent]:
        """The events in what a blocking read has brought."""
        if type(piece) is bytes and not self.is_watched:  # measured as "one event a read"
            self._watch.arrive(monotonic(), len(piece), self._accumulator.pieces)
            return self._decoder.feed(piece)
        return self.events(self.arrive_in_time(piece))

    def arrived_chunks(self, piece: object) -> Iterator[ChatCompletionChunk]:
        """The chunks in what a blocking read has brought."""
        return self.chunks(self.arrive_in_time(piece))

    def arrive(self, piece: object) -> bytes:
        """Something has come.

        Returns:
            It, as bytes.

        Raises:
            TypeError: It is not bytes.
        """
        data = piece if type(piece) is bytes else checked(piece)
        now = monotonic()
        if self._deadlines is not None:
            self._deadlines.end(now, len(data))
        if data:
            self._watch.arrive(now, len(data), self._accumulator.pieces)
        return data

    def arrive_in_time(self, piece: object) -> bytes:
        """What `arrive` does, for bytes that nobody stopped waiting for: they may have come after a deadline.

        Raises:
            SSEStreamError: They have. They are counted, though not delivered any more.
        """
        data = self.arrive(piece)
        if self._due[0] < monotonic():
            with suppress(SSEStreamError):  # the deadline passed first, and is what is reported
                for _ in self.events(data):
                    pass
            self.timed_out()
        return data

    def events(self, data: bytes) -> Iterator[ChatEvent]:
        """The events in bytes that have come."""
        if self._kind == "stream":
            return self._decoder.feed(data)
        return self._decoder.feed(self._begin(data))

    def chunks(self, data: bytes) -> Iterator[ChatCompletionChunk]:
        """The chunks in bytes that have come."""
        if self._kind == "stream":
            return self._decoder.feed_chunks(data)
        return self._decoder.feed_chunks(self._begin(data))

    def remaining_events(self) -> Iterator[ChatEvent]:
        """The events that have come and were not read."""
        self._check()
        return self._ending_events() if self.over else self._decoder.feed(b"")

    def remaining_chunks(self) -> Iterator[ChatCompletionChunk]:
        """The chunks that have come and were not read."""
        self._check()
        return self._ending_chunks() if self.over else self._decoder.feed_chunks(b"")

    def end_events(self) -> Iterator[ChatEvent]:
        """The events that the end of the body brings."""
        self._end()
        return self._ending_events()

    def end_chunks(self) -> Iterator[ChatCompletionChunk]:
        """The chunks that the end of the body brings."""
        self._end()
        return self._ending_chunks()

    def _ending_events(self) -> Iterator[ChatEvent]:
        return self._truncation_tolerated(self._decoder.close())

    def _ending_chunks(self) -> Iterator[ChatCompletionChunk]:
        return self._truncation_tolerated(self._decoder.close_chunks())

    def _truncation_tolerated(self, items: Iterator[T]) -> Iterator[T]:
        try:
            yield from items
        except IncompleteStreamError:
            if not self._tolerated:
                raise

    def _begin(self, data: bytes) -> bytes:
        """Bytes of a body that is not known to be a stream; those of a stream, once it is."""
        self._body += data
        if self._kind == "unknown":
            self._drop_blank_lines()
            beginning = bytes(self._body[:_BEGINNING])
            is_enough = self.over or len(beginning) == _BEGINNING
            self._kind = kind_of(self._opened.status, self._opened.headers, beginning, at_end=is_enough)
        if self._kind != "stream":
            return b""
        self.is_watched = self._deadlines is not None
        body = bytes(self._body)
        self._body.clear()
        return body

    def _drop_blank_lines(self) -> None:
        """Blank lines say nothing, before a stream as before a document: some servers send them to be seen alive."""
        end = len(self._body) - len(self._body.removeprefix(BOM).lstrip(BLANK))
        del self._body[: max(self._body.rfind(b"\n", 0, end), self._body.rfind(b"\r", 0, end)) + 1]

    def _end(self) -> None:
        """The body has ended, or more than enough of it has come."""
        if self.over:
            return
        self.over = True
        if self._kind == "stream":
            return
        self._decoder.feed(self._begin(b""))  # queued; the ending reads it first
        if self._kind in REFUSED:
            raise self._refusal()
        body = bytes(self._body)
        if self._kind == "document" and not self._decoder.take_document(body):
            error = document_error(self._opened.headers, body[: self._limits.error_body])
            raise self._fail(error, "provider_error" if isinstance(error, ProviderError) else "invalid")

    def _refusal(self) -> SSEStreamError:
        """The error for a response that is no stream, with what has come of its body."""
        headers = self._opened.headers
        body = bytes(self._body[: self._limits.error_body])
        if self._opened.status is not None and self._kind == "status":
            return self._fail(status_error(self._opened.status, headers, body), "provider_error")
        return self._fail(foreign_error(headers, body), "invalid")

    # ---------------------------------------------------------------- what goes wrong

    def broken(self, cause: Exception) -> NoReturn:
        """Raise the error for what the client raised while it read."""
        if self._kind in REFUSED:  # what the response said already tells more than how its body broke off
            raise self._refusal() from cause
        try:
            raise_broken(cause)
        except SSEStreamError as error:
            self._fail(error, "timeout" if isinstance(error, StreamTimeoutError) else "transport_error")
            raise

    def timed_out(self) -> NoReturn:
        """Raise the error for the deadline that has passed."""
        if self._kind in REFUSED:
            raise self._refusal()
        kind = self._due[1]
        message = _DEADLINES[kind].format(getattr(self._timeouts, kind))
        raise self._fail(StreamTimeoutError(message, kind=kind), "timeout")

    def abandon(self) -> None:
        """The caller stops."""
        self.over = True
        self._decoder.abandon()

    @property
    def _tolerated(self) -> bool:
        return self._on_truncated == "return" and self._decoder.ending == "truncated"

    def _check(self) -> None:
        if self._decoder.error is not None and not self._tolerated:
            raise self._final(f"this stream has failed before: {self._decoder.error}")

    def _fail(self, error: SSEStreamError, ending: Ending) -> SSEStreamError:
        self.over = True
        return self._decoder.fail(error, ending)

    def _final(self, message: str) -> SSEStreamError:
        error = SSEStreamError(message)
        error.completion = self.completion
        return error


def raise_broken(cause: Exception) -> NoReturn:
    """Raise the error for what a client raised while it read.

    Raises:
        StreamTimeoutError: It was a timeout of the client's.
        TransportError: It was something else.
        SSEStreamError: It was one of these already: the source reads a stream of ours.
        TypeError: It was not the client, but the caller, whose iterable gives no bytes.
    """
    if isinstance(cause, (SSEStreamError, PieceError)):
        raise cause
    said = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    if _is_timeout(cause):
        raise StreamTimeoutError(f"the client's read timeout passed: {said}", kind="read") from cause
    raise TransportError(f"the connection broke: {said}") from cause


def _is_timeout(cause: BaseException) -> bool:
    """Whether a client calls its exception a timeout, by class or by name."""
    if isinstance(cause, TimeoutError):
        return True
    if any("Timeout" in cls.__name__ or "TooSlow" in cls.__name__ for cls in type(cause).__mro__):
        return True
    # requests and niquests wrap the timeout of a read in a ConnectionError.
    return any(isinstance(inner, Exception) and _is_timeout(inner) for inner in cause.args)
