"""Deadlines, and what was measured: WIRE's two clocks, and the field's terms for what they show."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Basis: TypeAlias = Literal["request", "stream"]


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines in seconds; `None` for none.

    An `AsyncChatStream` keeps them to the moment. A `ChatStream` checks them whenever bytes arrive, for a
    blocked read cannot be interrupted: set the client's own read timeout as well, which bounds each read.

    Attributes:
        first_token: From the request's start to the first generated piece of any channel.
        content: Between two generated pieces, and before the first. Keep-alives do not reset it.
        idle: Between two arrivals of any bytes, keep-alives included.
        total: From the request's start to the end.

    Raises:
        ValueError: A deadline is not a positive number.
    """

    first_token: float | None = None
    content: float | None = None
    idle: float | None = None
    total: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and not (isinstance(value, (int, float)) and value > 0):
                raise ValueError(f"Timeouts({name}=…) takes a number of seconds above 0, or None, not {value!r}")


class StreamTimings(msgspec.Struct, frozen=True, kw_only=True):
    """When things came, and how many. All times are in seconds, on a monotonic clock.

    A generated piece is a non-empty delta of any channel: text, reasoning, refusal, audio, a tool call's
    beginning or arguments. It is not a token: gaps are gaps between arrivals of pieces.

    Attributes:
        basis: What times are counted from: `"request"`, if the request's start was passed in, or
            `"stream"`, the moment at which the stream was made.
        time_to_first_byte: To the first bytes of the body; `None` if none came.
        time_to_first_token: To the first generated piece, also called TTFT; OpenTelemetry's
            `gen_ai.client.operation.time_to_first_chunk`. `None` if none came.
        duration: To the last bytes, also called end to end; OpenTelemetry's
            `gen_ai.client.operation.duration`. `None` if none came.
        time_per_output_token: (duration - time to first token) / (completion tokens - 1), also called TPOT;
            `None` where usage tells no tokens, or fewer than two.
        mean_gap: The mean time between arrivals of generated pieces; OpenTelemetry's
            `gen_ai.client.operation.time_per_output_chunk`. `None` below two arrivals.
        longest_gap: The longest such time; `None` below two arrivals.
        output_tokens: The completion tokens that the figures are based on, as usage tells them.
        bytes: Bytes of the body that were read, content coding undone.
        events: Server-sent events.
        keepalives: Comments, and keep-alives in the form of data.
        chunks: Chunks.
        deltas: Generated pieces.
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

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens a second after the first; `None` where `time_per_output_token` is, or is 0."""
        return 1 / self.time_per_output_token if self.time_per_output_token else None


class Stopwatch:
    """Notes arrivals, in constant memory.

    What an arrival brought is known only once it has been decoded, and that is done as it is read; so an
    arrival is settled when the next one comes, or when somebody asks.
    """

    __slots__ = (
        "_basis",
        "_first_byte",
        "_first_piece",
        "_last_piece",
        "_longest",
        "_pieces",
        "_spans",
        "arrived",
        "bytes",
        "started",
    )

    def __init__(self, now: float, started: float | None) -> None:
        self._basis: Basis = "stream" if started is None else "request"
        self.started = now if started is None else started
        self.arrived: float | None = None  # when the last bytes came
        self.bytes = 0
        self._first_byte: float | None = None
        self._first_piece: float | None = None
        self._last_piece: float | None = None
        self._longest = 0.0
        self._spans = 0
        self._pieces = 0

    def arrive(self, now: float, size: int, pieces: int) -> None:
        """Bytes came; `pieces` is how many generated pieces there had been before them."""
        self.settle(pieces)
        if self._first_byte is None:
            self._first_byte = now
        self.arrived = now
        self.bytes += size

    def settle(self, pieces: int) -> None:
        """Take note of the pieces that the last arrival brought."""
        if pieces == self._pieces or self.arrived is None:
            return
        self._pieces = pieces
        if self._last_piece is None:
            self._first_piece = self.arrived
        elif self.arrived > self._last_piece:
            self._longest = max(self._longest, self.arrived - self._last_piece)
            self._spans += 1
        self._last_piece = self.arrived

    @property
    def body_seconds(self) -> float:
        """From the first bytes to the last ones."""
        return 0.0 if self._first_byte is None or self.arrived is None else self.arrived - self._first_byte

    @property
    def first_piece(self) -> float | None:
        """When the first generated piece came."""
        return self._first_piece

    @property
    def last_piece(self) -> float | None:
        """When the last generated piece came."""
        return self._last_piece

    def read(self, *, output_tokens: int | None, events: int, keepalives: int, chunks: int) -> StreamTimings:
        """The figures so far."""
        first, last, arrived = self._first_piece, self._last_piece, self.arrived
        per_token = None
        if first is not None and arrived is not None and output_tokens is not None and output_tokens > 1:
            per_token = (arrived - first) / (output_tokens - 1)
        spanned = first is not None and last is not None and self._spans > 0
        return StreamTimings(
            basis=self._basis,
            time_to_first_byte=self._since_start(self._first_byte),
            time_to_first_token=self._since_start(first),
            duration=self._since_start(arrived),
            time_per_output_token=per_token,
            mean_gap=(last - first) / self._spans if spanned and first is not None and last is not None else None,
            longest_gap=self._longest if spanned else None,
            output_tokens=output_tokens,
            bytes=self.bytes,
            events=events,
            keepalives=keepalives,
            chunks=chunks,
            deltas=self._pieces,
        )

    def _since_start(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self.started
