"""The span and the metrics of one stream, from the request to the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from time import monotonic, time_ns
from types import TracebackType
from typing import Self

from opentelemetry.metrics import Meter
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, use_span
from opentelemetry.util.types import AttributeValue

from .._streams._async import AsyncChatStream
from .._streams._sync import ChatStream
from ._attributes import Facts, facts_of_stream, named
from ._conventions import DEFAULT, Convention
from ._instruments import Instruments, default_meter, default_tracer, instruments


def record(
    *,
    provider: str,
    request_model: str | None = None,
    operation: str = "chat",
    server_address: str | None = None,
    server_port: int | None = None,
    span_attributes: Mapping[str, AttributeValue] | None = None,
    tracer: Tracer | None = None,
    meter: Meter | None = None,
    span: Span | None = None,
    request_started: float | None = None,
    convention: Convention = DEFAULT,
) -> Recording:
    r"""Start the span of one chat stream. The result is the stream's `on_end`: it ends the span and records the metrics.

    However the stream ends (read to the end, left early, cancelled, truncated, failed), the span gets the attributes that
    `attributes` returns, and the status `ERROR` if the stream failed. Leaving a stream is not a failure: its
    `sse_stream.ending` is `"closed"`. No content is captured: no prompt, no text, no error message. Without an SDK,
    nothing is recorded.

    Call it once per stream, before you send the request. Use the result as a context manager to make its span the
    current one: spans of the HTTP client become its children, and it also ends if the request fails before there is a
    stream. Give the stream `keep_gaps=True` to record the time of each output chunk; without it, one value is recorded
    per stream, the mean.

    Args:
        provider: The provider, by its name in the conventions: `"openai"`, `"anthropic"`, `"gcp.gemini"` and others.
        request_model: The model that you request.
        operation: The operation, by its name in the conventions, such as `"chat"` or `"generate_content"`.
        server_address: The server's host name.
        server_port: The server's port.
        span_attributes: More attributes for the span, such as `gen_ai.request.temperature`.
        tracer: Starts the span; `None` for a tracer of the global provider.
        meter: Creates the instruments; `None` for a meter of the global provider.
        span: A span to use instead of starting one. It gets attributes and status; you end it.
        request_started: `time.monotonic()` when the request was sent, if that was earlier. Give the stream the same.
        convention: The version of the GenAI semantic conventions whose names are used.

    Raises:
        TypeError: Both `span` and `tracer` are given.
        ValueError: `convention` is not a known version.

    >>> from sse_stream import ChatStream
    >>> with ChatStream([b"data: [DONE]\n\n"], on_end=record(provider="openai", request_model="m")) as stream:
    ...     for event in stream:
    ...         print(event.type)
    stream_done
    """
    if span is not None and tracer is not None:
        raise TypeError("record() takes either a span, or a tracer that starts one")
    facts: Facts = {
        "operation": operation,
        "provider": provider,
        "request_model": request_model,
        "request_stream": True,
        "server_address": server_address,
        "server_port": server_port,
    }
    at_start = {**(span_attributes or {}), **named(facts, convention)}
    started = monotonic() if request_started is None else request_started
    made = instruments(default_meter(convention) if meter is None else meter, convention)
    if span is None:
        used = (default_tracer(convention) if tracer is None else tracer).start_span(
            operation if request_model is None else f"{operation} {request_model}",
            kind=SpanKind.CLIENT,
            attributes=at_start,
            start_time=time_ns() - round((monotonic() - started) * 1e9),
        )
    else:
        used = span
        used.set_attributes(at_start)
    return Recording(used, Operation(facts, started, convention, made, ends_span=span is None))


class Operation:
    """What one request is, and how its end is recorded.

    Args:
        facts: What is known when it starts.
        started: When it started, by `time.monotonic()`.
        convention: The version whose names are used.
        instruments: The instruments of that version.
        ends_span: Whether to end the span.

    Attributes:
        convention: The version whose names are used.
    """

    def __init__(
        self, facts: Facts, started: float, convention: Convention, instruments: Instruments, *, ends_span: bool
    ) -> None:
        self.convention: Convention = convention
        self._facts = facts
        self._started = started
        self._instruments = instruments
        self._ends_span = ends_span

    def finish(self, span: Span, facts: Facts, measured: Mapping[str, Sequence[float]]) -> None:
        """Record the end.

        Args:
            span: The span.
            facts: What is known at the end.
            measured: Times in seconds, by metric.
        """
        duration = monotonic() - self._started
        try:
            self._instruments.record({**self._facts, **facts}, {"duration": (duration,), **measured})
        finally:
            span.set_attributes(named(facts, self.convention))
            if facts.get("error_type") is not None:
                span.set_status(StatusCode.ERROR)
            if self._ends_span:
                span.end()


class Recording:
    """The span and the metrics of one stream; `record` returns it, and the stream calls it at its end.

    As a context manager, it makes its span the current one. If an exception leaves the block before the stream has
    ended, it ends the span.

    Attributes:
        span: The span.
    """

    def __init__(self, span: Span, _operation: Operation) -> None:
        self.span: Span = span
        self._operation = _operation
        self._has_stream = False
        self._is_over = False
        self._current: AbstractContextManager[Span] | None = None

    def __call__(self, stream: ChatStream | AsyncChatStream) -> None:
        """Record how a stream ended. Streams call this as their `on_end`.

        Args:
            stream: The stream, at its end.

        Raises:
            RuntimeError: The recording was used for another stream before. If a stream calls it, the error is reported to
                `sys.unraisablehook`, as for any `on_end`.
        """
        if self._has_stream:
            raise RuntimeError("this recording belongs to another stream: call record() once per stream")
        self._has_stream = True
        timings = stream.timings
        gaps = timings.gaps or (() if timings.mean_gap is None else (timings.mean_gap,))
        self._finish(facts_of_stream(stream, self._operation.convention), {"time_per_output_chunk": gaps})

    def __enter__(self) -> Self:
        self._current = use_span(self.span)
        self._current.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._current is not None:
            current, self._current = self._current, None
            # The exception is not passed on, because OpenTelemetry would record its message.
            current.__exit__(None, None, None)
        if error is not None:
            self._finish({"error_type": _name_of(error) if isinstance(error, Exception) else None}, {})

    def _finish(self, facts: Facts, measured: Mapping[str, Sequence[float]]) -> None:
        """Record the end, once."""
        if not self._is_over:
            self._is_over = True
            self._operation.finish(self.span, facts, measured)


def _name_of(error: Exception) -> str:
    """The name of an exception's class, with its module unless it is a built-in."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
