"""What both shells share: a response's beginning, its events, its end, its clocks. No byte is read here."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Literal, TypeAlias, TypeVar

from ._anomalies import Anomaly
from ._chunks import ChatCompletionChunk
from ._completion import ChatCompletion
from ._decoder import ChatDecoder, Ending
from ._errors import (
    IncompleteStreamError,
    ProviderError,
    SSEStreamError,
    StreamTimeoutError,
    TimeoutKind,
    TransportError,
)
from ._events import ChatEvent
from ._limits import Limits
from ._responses import Kind, document_error, foreign_error, kind_of, status_error
from ._sources import Opened
from ._timings import Stopwatch, StreamTimings, Timeouts
from .dialects import Dialect

OnTruncated: TypeAlias = Literal["raise", "return"]

T = TypeVar("T")

# After `[DONE]`: how much more is read, and for how long, so that the connection can be used again.
DRAIN_SIZE = 4096
DRAIN_SECONDS = 0.03

# How long the body of an error is waited for where no deadline says so.
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
        self._decoder = ChatDecoder(dialect=dialect, strict=strict, limits=limits, keepalives=keepalives)
        self._limits = limits
        self._on_truncated = on_truncated
        self._watch = Stopwatch(monotonic(), request_started)
        self._timeouts = timeouts if timeouts is not None and timeouts != Timeouts() else None
        self._content_type = None if opened.status is None else opened.headers.get("content-type", "")
        self._kind: Kind = "unknown"
        self._body = bytearray()  # what has come of a body whose kind is not known, or that is no stream
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
        if self._kind in ("status", "foreign"):
            in_time = self._watch.body_seconds < _ERROR_BODY_SECONDS or self._timeouts is not None
            return in_time and len(self._body) < self._limits.error_body
        return len(self._body) <= self._limits.event_size

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

    def arrive(self, size: int) -> None:
        """So many bytes have come."""
        self._watch.arrive(monotonic(), size, self._decoder.pieces_seen)

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
            self._kind = kind_of(self._opened.status, self._content_type, bytes(self._body[:4096]), at_end=self.over)
        if self._kind != "stream":
            return b""
        beginning = bytes(self._body)
        self._body.clear()
        return beginning

    def _end(self) -> None:
        """The body has ended, or more than enough of it has come."""
        if self.over:
            return
        self.over = True
        if self._kind == "stream":
            return
        rest = self._begin(b"")
        if rest:
            self._decoder.feed(rest)  # queued; the ending reads it first
        body = bytes(self._body)
        content_type = self._content_type or ""
        kind = self._kind
        if kind == "status":
            cut = body[: self._limits.error_body]
            raise self._fail(status_error(self._opened.status or 0, self._opened.headers, cut), "provider_error")
        if kind == "foreign":
            raise self._fail(foreign_error(content_type, body[: self._limits.error_body]), "invalid")
        if kind == "document" and not self._decoder.take_document(body):
            error = document_error(content_type, body[: self._limits.error_body])
            raise self._fail(error, "provider_error" if isinstance(error, ProviderError) else "invalid")

    # ---------------------------------------------------------------- what goes wrong

    def broken(self, cause: Exception) -> SSEStreamError:
        """The error for what the client raised while it read."""
        if isinstance(cause, SSEStreamError):  # a source that is a stream of ours
            return self._fail(cause, "transport_error")
        error = transport_error(cause)
        return self._fail(error, "timeout" if isinstance(error, StreamTimeoutError) else "transport_error")

    def timed_out(self, kind: TimeoutKind) -> SSEStreamError:
        """The error for a deadline that has passed."""
        seconds = getattr(self._timeouts, kind)
        return self._fail(StreamTimeoutError(_DEADLINES[kind].format(seconds), kind=kind), "timeout")

    def abandon(self) -> None:
        """The caller stops."""
        self.over = True
        self._decoder.abandon()

    def deadline(self) -> tuple[TimeoutKind, float] | None:
        """The deadline that comes next, and in how many seconds, below 0 if it has passed; `None` without any."""
        timeouts = self._timeouts
        if timeouts is None:
            return None
        watch = self._watch
        watch.settle(self._decoder.pieces_seen)
        moments: list[tuple[float, TimeoutKind]] = []
        if timeouts.first_token is not None and watch.first_piece is None:
            moments.append((watch.started + timeouts.first_token, "first_token"))
        if timeouts.content is not None:
            moments.append(((watch.last_piece or watch.started) + timeouts.content, "content"))
        if timeouts.idle is not None:
            moments.append(((watch.arrived or watch.started) + timeouts.idle, "idle"))
        if timeouts.total is not None:
            moments.append((watch.started + timeouts.total, "total"))
        if not moments:
            return None
        moment, kind = min(moments)
        return kind, moment - monotonic()

    def late(self, data: bytes) -> None:
        """Bytes that came after a deadline: they count, though they are not delivered any more."""
        self.arrive(len(data))
        try:
            for _ in self.events(data):
                pass
        except SSEStreamError:
            pass  # the deadline passed first, and is what is reported

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


def transport_error(cause: Exception) -> TransportError | StreamTimeoutError:
    """The error for what a client raised while it read."""
    said = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    if _is_timeout(cause):
        return StreamTimeoutError(f"the client's read timeout passed: {said}", kind="read")
    return TransportError(f"the connection broke: {said}")


def _is_timeout(cause: BaseException) -> bool:
    """Whether a client calls its exception a timeout, by class or by name."""
    if isinstance(cause, TimeoutError):
        return True
    if any("Timeout" in cls.__name__ or "TooSlow" in cls.__name__ for cls in type(cause).__mro__):
        return True
    # requests and niquests wrap the timeout of a read in a ConnectionError.
    return any(isinstance(inner, Exception) and _is_timeout(inner) for inner in cause.args)
