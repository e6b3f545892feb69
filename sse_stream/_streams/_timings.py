"""Timeouts and measurements of a stream, for arrivals of bytes and of content."""

from __future__ import annotations

from array import array
from typing import Literal, TypeAlias

import msgspec

from .._errors import StreamTimeoutError, TimeoutKind

Basis: TypeAlias = Literal["request", "stream"]


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Timeouts in seconds; `None` for no limit.

    An `AsyncChatStream` enforces them exactly. A `ChatStream` checks them whenever bytes arrive, because it cannot
    interrupt a blocked read: also set the client's own read timeout, which limits each read, as in
    `httpx.Client(timeout=httpx.Timeout(5, read=30))` or `requests.post(…, timeout=(5, 30))`.

    The first three count only the time spent waiting for the server, not the time your code takes between two events;
    `total` counts both.

    Attributes:
        first_token: From the start of the request to the first generated piece of any kind.
        content: Between two generated pieces, and before the first. Keep-alives do not reset it.
        idle: Between two arrivals of any bytes, keep-alives included.
        total: From the start of the request to the end.

    Raises:
        ValueError: A timeout is not a positive number.
    """

    first_token: float | None = None
    content: float | None = None
    idle: float | None = None
    total: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and not (isinstance(value, (int, float)) and value > 0):
                raise ValueError(f"Timeouts({name}=…) must be a number of seconds above 0, or None, not {value!r}")


class StreamTimings(msgspec.Struct, frozen=True, kw_only=True):
    """Timings and counts of a stream, in seconds on a monotonic clock.

    A generated piece is a non-empty delta of any kind: text, reasoning, refusal, audio, the start of a tool call, or its
    arguments. Pieces are not tokens: gaps are measured between arrivals of pieces.

    Attributes:
        basis: The start of the times: `"request"` if the start of the request was passed in or the stream sent the
            request itself, otherwise `"stream"`, when the stream was created.
        time_to_first_byte: Time to the first bytes of the body; `None` if none arrived.
        time_to_first_token: Time to the first generated piece (TTFT); OpenTelemetry's
            `gen_ai.client.operation.time_to_first_chunk`. `None` if none arrived.
        duration: Time to the last bytes (end-to-end latency); `None` if none arrived. OpenTelemetry's
            `gen_ai.client.operation.duration` also includes the time in which the caller consumes the stream.
        time_per_output_token: (duration - time to first token) / (completion tokens - 1), also called TPOT; `None` if
            usage reports fewer than two completion tokens, or none.
        mean_gap: The mean time between arrivals of generated pieces; OpenTelemetry's
            `gen_ai.client.operation.time_per_output_chunk`. `None` for fewer than two arrivals.
        longest_gap: The longest time between such arrivals; `None` for fewer than two arrivals.
        output_tokens: The number of completion tokens that usage reports, and that these figures use.
        bytes: The number of body bytes read, after content decoding.
        events: The number of server-sent events.
        keepalives: The number of comments, and of keep-alives sent as data.
        chunks: The number of chunks.
        deltas: The number of generated pieces.
        gaps: The times between consecutive arrivals of generated pieces, in order; `None` without `keep_gaps=True`.
    """

    basis: Basis
    time_to_first_byte: float | None
    time_to_first_token: float | None
    duration: float | None
    time_per_output_token: float | None
    mean_gap: float | None
    longest_gap: float | None
    output_tokens: int | None
    bytes: int
    events: int
    keepalives: int
    chunks: int
    deltas: int
    gaps: tuple[float, ...] | None = None

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens per second after the first; `None` if `time_per_output_token` is `None` or 0."""
        return 1 / self.time_per_output_token if self.time_per_output_token else None


Deadline: TypeAlias = tuple[float, TimeoutKind]
"""When a timeout expires, and which one."""

NEVER: Deadline = (float("inf"), "total")


_LATE: dict[TimeoutKind, str] = {
    "first_token": "nothing was generated within {:g} s of the start",
    "content": "nothing was generated for {:g} s",
    "idle": "no bytes arrived for {:g} s",
    "total": "the stream did not finish within {:g} s of the start",
}


def late(timeouts: Timeouts, kind: TimeoutKind) -> StreamTimeoutError:
    """Return the error for a timeout that expired."""
    return StreamTimeoutError(_LATE[kind].format(getattr(timeouts, kind)), kind=kind)


class Deadlines:
    """Determines the next deadline, from the time spent waiting in reads."""

    __slots__ = ("_began", "_pieces", "_quiet", "_silent", "_started", "_timeouts")

    def __init__(self, timeouts: Timeouts, now: float, started: float) -> None:
        self._timeouts = timeouts
        self._started = started
        self._began = now
        self._pieces = 0
        self._quiet = now - started  # time waited since the last generated piece
        self._silent = 0.0  # time waited since the last bytes

    def begin(self, now: float, pieces: int) -> Deadline:
        """Start a read, after `pieces` generated pieces; return its deadline."""
        self._began = now
        if pieces != self._pieces:
            self._pieces = pieces
            self._quiet = 0.0
        timeouts = self._timeouts
        moments: list[Deadline] = []
        if timeouts.first_token is not None and not pieces:
            moments.append((now - self._quiet + timeouts.first_token, "first_token"))
        if timeouts.content is not None:
            moments.append((now - self._quiet + timeouts.content, "content"))
        if timeouts.idle is not None:
            moments.append((now - self._silent + timeouts.idle, "idle"))
        if timeouts.total is not None:
            moments.append((self._started + timeouts.total, "total"))
        return min(moments, default=NEVER)

    def end(self, now: float, size: int) -> None:
        """End a read that returned `size` bytes."""
        self._quiet += now - self._began
        self._silent = 0.0 if size else self._silent + now - self._began


class Stopwatch:
    """Records arrivals, in constant memory.

    Bytes are decoded only when their events are read, so the number of pieces in an arrival is known, and recorded, at
    the next arrival or when the timings are asked for.
    """

    __slots__ = (
        "_arrived",
        "_basis",
        "_first_byte",
        "_first_piece",
        "_last_piece",
        "_longest",
        "_pieces",
        "_spans",
        "_started",
        "bytes",
    )

    def __init__(self, now: float, started: float | None) -> None:
        self._basis: Basis = "stream" if started is None else "request"
        self._started = now if started is None else started
        self._arrived: float | None = None  # when the last bytes came
        self.bytes = 0
        self._first_byte: float | None = None
        self._first_piece: float | None = None
        self._last_piece = NEVER[0]
        self._longest = 0.0
        self._spans = 0
        self._pieces = 0

    def arrive(self, now: float, size: int, pieces: int) -> None:
        """Record the arrival of `size` bytes, after `pieces` generated pieces."""
        self.bytes += size
        arrived = self._arrived
        self._arrived = now
        if arrived is None:
            self._first_byte = now
        elif pieces != self._pieces:
            self._pieces = pieces
            gap = arrived - self._last_piece
            self._last_piece = arrived
            if gap > 0.0:
                self._spans += 1
                if gap > self._longest:  # noqa: PLR1730  # `max` costs twice as much as all the rest here
                    self._longest = gap
            elif self._first_piece is None:
                self._first_piece = arrived

    def settle(self, pieces: int) -> None:
        """Record the pieces of the last arrival."""
        if self._arrived is not None:
            self.arrive(self._arrived, 0, pieces)

    def read(self, *, output_tokens: int | None, events: int, keepalives: int, chunks: int) -> StreamTimings:
        """Return the timings so far."""
        first, last, arrived = self._first_piece, self._last_piece, self._arrived
        per_token = None
        if first is not None and arrived is not None and output_tokens is not None and output_tokens > 1:
            per_token = (arrived - first) / (output_tokens - 1)
        mean = None
        if first is not None and self._spans:
            mean = (last - first) / self._spans
        return StreamTimings(
            basis=self._basis,
            time_to_first_byte=self._since_start(self._first_byte),
            time_to_first_token=self._since_start(first),
            duration=self._since_start(arrived),
            time_per_output_token=per_token,
            mean_gap=mean,
            longest_gap=None if mean is None else self._longest,
            output_tokens=output_tokens,
            bytes=self.bytes,
            events=events,
            keepalives=keepalives,
            chunks=chunks,
            deltas=self._pieces,
            gaps=self._kept_gaps(),
        )

    def _kept_gaps(self) -> tuple[float, ...] | None:
        return None

    def _since_start(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self._started


class GapStopwatch(Stopwatch):
    """Also keeps each gap, at 8 bytes each."""

    __slots__ = ("_gaps",)

    def __init__(self, now: float, started: float | None) -> None:
        super().__init__(now, started)
        self._gaps = array("d")

    def arrive(self, now: float, size: int, pieces: int) -> None:
        before = self._last_piece
        super().arrive(now, size, pieces)
        gap = self._last_piece - before
        if gap > 0.0:
            self._gaps.append(gap)

    def _kept_gaps(self) -> tuple[float, ...] | None:
        return tuple(self._gaps)
