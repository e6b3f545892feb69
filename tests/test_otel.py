"""Spans and metrics of streams: one of each for every ending, named as each convention requires, without content."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

import sse_stream
from sse_stream import AsyncChatStream, ChatCompletion, ChatStream, SSEStreamError, Timeouts
from sse_stream.otel import Convention, Recording, attributes, record
from sse_stream.testing import FakeResponse

from .streams.clients import (
    Each,
    break_and_close,
    closed,
    read_to_the_end,
    run_in_asyncio,
    run_in_trio,
    run_without_loop,
    set_clock,
)

SECRET = "xyzzy"
BEGINNING = (
    b'data: {"id":"chatcmpl-1","model":"gpt-5-mini-2026","choices":[{"index":0,"delta":{"role":"assistant",'
    b'"content":"the word is xyzzy"}}]}\n\n'
)
MORE = b'data: {"id":"chatcmpl-1","model":"gpt-5-mini-2026","choices":[{"index":0,"delta":{"content":" xyzzy"}}]}\n\n'
STOP = b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = (
    b'data: {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":14,"completion_tokens":9,"total_tokens":23,'
    b'"prompt_tokens_details":{"cached_tokens":8,"cache_write_tokens":2,"audio_tokens":4},'
    b'"completion_tokens_details":{"reasoning_tokens":3,"text_tokens":6,"audio_tokens":1}}}\n\n'
)
DONE = b"data: [DONE]\n\n"
WHOLE = BEGINNING + MORE + STOP + USAGE + DONE
TOO_MANY = b'{"error":{"message":"the prompt xyzzy is too long","type":"requests","code":"rate_limited"}}'

SHELLS = pytest.mark.parametrize(
    ("shell", "run"),
    [
        pytest.param(ChatStream, run_without_loop, id="sync"),
        pytest.param(AsyncChatStream, run_in_asyncio, id="asyncio"),
        pytest.param(AsyncChatStream, run_in_trio, id="trio"),
    ],
)
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)


class Telemetry:
    """An SDK of its own, that keeps what it would export."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.tracer = tracers.get_tracer("tests")
        self.meter = self.meters.get_meter("tests")

    def record(self, **options: Any) -> Recording:
        given = {"provider": "openai", "request_model": "gpt-5-mini", "meter": self.meter, **options}
        return record(**given if "span" in given else {"tracer": self.tracer, **given})

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    @property
    def span(self) -> ReadableSpan:
        (span,) = self.spans
        return span

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics by their names."""
        data = self._reader.get_metrics_data()
        scopes = [] if data is None else [scope for part in data.resource_metrics for scope in part.scope_metrics]
        return {metric.name: metric for scope in scopes for metric in scope.metrics}

    def points(self, name: str) -> list[HistogramDataPoint | NumberDataPoint]:
        metric = self.metrics.get(name)
        return [] if metric is None else list(metric.data.data_points)

    def sums(self, name: str) -> list[float]:
        return [point.sum if isinstance(point, HistogramDataPoint) else point.value for point in self.points(name)]

    @property
    def exported(self) -> str:
        """All that leaves the process, as text."""
        data = self._reader.get_metrics_data()
        return "\n".join([*(span.to_json() for span in self.spans), "" if data is None else data.to_json()])


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    made = Telemetry()
    yield made
    made.meters.shutdown()


def pieces(*given: bytes | Exception) -> Iterator[bytes]:
    for piece in given:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def raise_in_the_block(stream: Any) -> None:
    async for _ in Each(stream):
        await closed(stream)
        raise LookupError("of the caller")


# ------------------------------------------------------------------------------------------ every way out

ENDINGS = pytest.mark.parametrize(
    ("source", "options", "way", "ending", "error_type"),
    [
        pytest.param(lambda: pieces(WHOLE), {}, read_to_the_end, "complete", None, id="complete"),
        pytest.param(lambda: pieces(WHOLE), {}, break_and_close, "closed", None, id="break"),
        pytest.param(lambda: pieces(WHOLE), {}, closed, "closed", None, id="never-read"),
        pytest.param(lambda: pieces(WHOLE), {}, raise_in_the_block, "closed", None, id="raise"),
        pytest.param(lambda: pieces(BEGINNING), {}, read_to_the_end, "truncated", "truncated", id="truncated"),
        pytest.param(
            lambda: pieces(BEGINNING),
            {"on_truncated": "return"},
            read_to_the_end,
            "truncated",
            None,
            id="truncated-and-tolerated",
        ),
        pytest.param(
            lambda: pieces(BEGINNING, TimeoutError(SECRET)), {}, read_to_the_end, "timeout", "timeout", id="timeout"
        ),
        pytest.param(
            lambda: pieces(BEGINNING, ConnectionResetError(SECRET)),
            {},
            read_to_the_end,
            "transport_error",
            "transport_error",
            id="cut",
        ),
        pytest.param(
            lambda: pieces(BEGINNING, b'data: {"error":{"message":"xyzzy","code":"overloaded"}}\n\n'),
            {},
            read_to_the_end,
            "provider_error",
            "overloaded",
            id="provider-error-with-a-code",
        ),
        pytest.param(
            lambda: pieces(BEGINNING, b'data: {"error":{"message":"xyzzy","code":null,"type":"server_error"}}\n\n'),
            {},
            read_to_the_end,
            "provider_error",
            "server_error",
            id="provider-error-with-a-type",
        ),
        pytest.param(
            lambda: pieces(BEGINNING, b'data: {"error":{"message":"no","code":"said xyzzy to me"}}\n\n'),
            {},
            read_to_the_end,
            "provider_error",
            "provider_error",
            id="provider-error-with-a-sentence-for-a-code",
        ),
        pytest.param(
            lambda: FakeResponse(TOO_MANY, status=429), {}, read_to_the_end, "provider_error", "429", id="status"
        ),
        pytest.param(
            lambda: pieces(BEGINNING, b"data: {xyzzy\n\n"), {}, read_to_the_end, "invalid", "invalid", id="invalid"
        ),
        pytest.param(
            lambda: pieces(b"<html>xyzzy</html>"), {}, read_to_the_end, "invalid", "invalid", id="no-stream-at-all"
        ),
    ],
)


@SHELLS
@ENDINGS
def test_every_way_out_ends_one_span_and_records_one_operation(
    telemetry: Telemetry,
    shell: Any,
    run: Any,
    source: Callable[[], Any],
    options: Mapping[str, Any],
    way: Callable[[Any], Any],
    ending: str,
    error_type: str | None,
) -> None:
    async def body() -> None:
        try:
            await way(shell(source(), on_end=telemetry.record(), **options))
        except (SSEStreamError, LookupError):
            pass

    run(body)
    span = telemetry.span
    assert (span.name, span.kind) == ("chat gpt-5-mini", SpanKind.CLIENT)
    said = dict(span.attributes or {})
    assert (said["sse_stream.ending"], said.get("error.type")) == (ending, error_type)
    assert (span.status.status_code, span.status.description) == (
        StatusCode.UNSET if error_type is None else StatusCode.ERROR,
        None,
    )
    (duration,) = telemetry.points("gen_ai.client.operation.duration")
    assert isinstance(duration, HistogramDataPoint)
    assert (duration.count, (duration.attributes or {}).get("error.type")) == (1, error_type)
    assert SECRET not in telemetry.exported


def test_a_task_that_is_cancelled_ends_the_span_and_has_not_failed(telemetry: Telemetry) -> None:
    async def source(reached: asyncio.Event) -> AsyncIterator[bytes]:
        yield BEGINNING
        reached.set()
        await asyncio.Event().wait()

    async def read(reached: asyncio.Event) -> None:
        async with AsyncChatStream(source(reached), on_end=telemetry.record()) as stream:
            await stream.until_done()

    async def body() -> None:
        reached = asyncio.Event()
        task = asyncio.create_task(read(reached))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(body())
    span = telemetry.span
    assert (span.attributes or {})["sse_stream.ending"] == "closed"
    assert (span.status.status_code, (span.attributes or {}).get("error.type")) == (StatusCode.UNSET, None)


@pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])
def test_a_deadline_of_the_stream_is_a_timeout(telemetry: Telemetry, run: Any) -> None:
    from anyio import sleep_forever

    async def source() -> AsyncIterator[bytes]:
        yield BEGINNING
        await sleep_forever()

    async def body() -> None:
        stream = AsyncChatStream(source(), timeouts=Timeouts(idle=0.02), on_end=telemetry.record())
        with pytest.raises(TimeoutError):
            await stream.until_done()

    run(body)
    assert (telemetry.span.attributes or {})["error.type"] == "timeout"


def test_a_stream_that_is_dropped_open_ends_its_span(telemetry: Telemetry) -> None:
    stream = ChatStream(pieces(WHOLE), on_end=telemetry.record())
    with pytest.warns(ResourceWarning, match="was not closed"):
        del stream
        gc.collect()
    assert (telemetry.span.attributes or {})["sse_stream.ending"] == "closed"


# ------------------------------------------------------------------------------- the names, by convention

REQUEST = {"gen_ai.operation.name": "chat", "server.address": "api.example.com", "server.port": 443}
OLD_RESPONSE = {
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.model": "gpt-5-mini-2026",
    "gen_ai.response.finish_reasons": ("stop",),
    "sse_stream.ending": "complete",
}
RESPONSE = {**REQUEST, **OLD_RESPONSE, "gen_ai.usage.input_tokens": 14, "gen_ai.usage.output_tokens": 9}
STREAMED = {"gen_ai.request.stream": True, "gen_ai.response.time_to_first_chunk": 2.0}
SPANS: dict[Convention, dict[str, Any]] = {
    "1.26": {
        **OLD_RESPONSE,
        "gen_ai.system": "openai",
        "gen_ai.usage.prompt_tokens": 14,
        "gen_ai.usage.completion_tokens": 9,
    },
    "1.27": {**RESPONSE, "gen_ai.system": "openai"},
    "1.37": {**RESPONSE, "gen_ai.provider.name": "openai"},
    "1.40": {
        **RESPONSE,
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.cache_creation.input_tokens": 2,
    },
    "1.41": {
        **RESPONSE,
        **STREAMED,
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.cache_creation.input_tokens": 2,
        "gen_ai.usage.reasoning.output_tokens": 3,
    },
    "genai-0.1": {
        **RESPONSE,
        **STREAMED,
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.cache_write.input_tokens": 2,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "gen_ai.usage.audio.input_tokens": 4,
        "gen_ai.usage.text.output_tokens": 6,
        "gen_ai.usage.audio.output_tokens": 1,
    },
}

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = tuple(float(4**power) for power in range(14))

# By metric: its unit, its boundaries, and its points, as what they add up to and what tells them apart.
OPERATION = {
    "gen_ai.client.operation.duration": ("s", SECONDS, [(7.0, {})]),
    "gen_ai.client.token.usage": (
        "{token}",
        TOKENS,
        [(14, {"gen_ai.token.type": "input"}), (9, {"gen_ai.token.type": "output"})],
    ),
}
METRICS: dict[Convention, dict[str, Any]] = {
    "1.26": {},
    "1.27": OPERATION,
    "1.37": OPERATION,
    "1.40": OPERATION,
    "1.41": {
        **OPERATION,
        "gen_ai.client.operation.time_to_first_chunk": ("s", SECONDS, [(2.0, {})]),
        "gen_ai.client.operation.time_per_output_chunk": ("s", SECONDS, [(0.5, {})]),
    },
    "genai-0.1": {
        "gen_ai.client.inference.duration": ("s", SECONDS, [(7.0, {})]),
        "gen_ai.client.inference.time_to_first_chunk": ("s", SECONDS, [(2.0, {})]),
        "gen_ai.client.inference.time_per_output_chunk": ("s", SECONDS, [(0.5, {})]),
        "gen_ai.client.inference.operation.input_tokens": ("{token}", TOKENS, [(14, {})]),
        "gen_ai.client.inference.operation.output_tokens": ("{token}", TOKENS, [(9, {})]),
        "gen_ai.client.inference.usage.input_tokens": (
            "{token}",
            None,
            [(4, {"gen_ai.token.modality": "audio"}), (10, {"gen_ai.token.modality": "unknown"})],
        ),
        "gen_ai.client.inference.usage.output_tokens": (
            "{token}",
            None,
            [
                (6, {"gen_ai.token.modality": "text"}),
                (1, {"gen_ai.token.modality": "audio"}),
                (2, {"gen_ai.token.modality": "unknown"}),
            ],
        ),
        "gen_ai.client.inference.usage.cache_read.input_tokens": (
            "{token}",
            None,
            [(8, {"gen_ai.token.modality": "unknown"})],
        ),
        "gen_ai.client.inference.usage.cache_write.input_tokens": (
            "{token}",
            None,
            [(2, {"gen_ai.token.modality": "unknown"})],
        ),
        "gen_ai.client.inference.usage.reasoning.output_tokens": (
            "{token}",
            None,
            [(3, {"gen_ai.token.modality": "unknown"})],
        ),
    },
}
DIMENSIONS = {
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.response.model": "gpt-5-mini-2026",
    "server.address": "api.example.com",
    "server.port": 443,
    "gen_ai.operation.name": "chat",
}


class Clock:
    """A clock that the source moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        set_clock(monkeypatch, lambda: self.now)
        monkeypatch.setattr("sse_stream.otel._recording.monotonic", lambda: self.now)

    def timed(self, *given: tuple[float, bytes]) -> Iterator[bytes]:
        for seconds, piece in given:
            self.now += seconds
            yield piece


def read_timed(clock: Clock, on_end: Recording, **options: Any) -> ChatStream:
    """A stream opened by its `with`: 2 s to the first chunk, 0.5 s to the next, 4.5 s to the end."""

    @contextmanager
    def opened() -> Iterator[Iterator[bytes]]:
        yield clock.timed((2.0, BEGINNING), (0.5, MORE), (3.5, STOP + USAGE), (1.0, DONE))

    with ChatStream(opened(), on_end=on_end, **options) as stream:
        stream.until_done()
    return stream


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def provider_name(convention: Convention) -> str:
    return "gen_ai.system" if convention in ("1.26", "1.27") else "gen_ai.provider.name"


@pytest.mark.parametrize("convention", CONVENTIONS)
class TestNames:
    def test_of_the_spans_attributes(self, telemetry: Telemetry, clock: Clock, convention: Convention) -> None:
        recording = telemetry.record(convention=convention, server_address="api.example.com", server_port=443)
        read_timed(clock, recording)
        assert dict(telemetry.span.attributes or {}) == SPANS[convention]

    def test_of_the_metrics(self, telemetry: Telemetry, clock: Clock, convention: Convention) -> None:
        recording = telemetry.record(convention=convention, server_address="api.example.com", server_port=443)
        read_timed(clock, recording)
        found = telemetry.metrics
        assert found.keys() == METRICS[convention].keys()
        for name, (unit, boundaries, points) in METRICS[convention].items():
            assert (name, found[name].unit) == (name, unit)
            dimensions = {**DIMENSIONS, provider_name(convention): "openai"}
            for point in found[name].data.data_points:
                total = point.value if boundaries is None else point.sum
                apart = {key: value for key, value in point.attributes.items() if key not in dimensions}
                assert (total, apart) in points
                assert point.attributes == dimensions | apart
                assert boundaries is None or tuple(point.explicit_bounds) == boundaries
            assert len(found[name].data.data_points) == len(points)

    def test_of_the_attributes_that_a_stream_has_by_itself(
        self, telemetry: Telemetry, clock: Clock, convention: Convention
    ) -> None:
        stream = read_timed(clock, telemetry.record(convention=convention))
        of_request = {*REQUEST, "gen_ai.request.model", provider_name(convention)}
        expected = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in SPANS[convention].items()
            if name not in of_request
        }
        assert attributes(stream, convention=convention) == expected
        of_stream = {"sse_stream.ending", "gen_ai.request.stream", "gen_ai.response.time_to_first_chunk"}
        assert attributes(stream.completion, convention=convention) == {
            name: value for name, value in expected.items() if name not in of_stream
        }

    def test_say_which_schema_they_are_of(self, convention: Convention) -> None:
        from sse_stream.otel._conventions import schema_url

        expected = None if convention == "genai-0.1" else f"https://opentelemetry.io/schemas/{convention}.0"
        assert schema_url(convention) == expected


@pytest.mark.parametrize("ask", [partial(record, provider="openai"), partial(attributes, ChatCompletion())])
def test_a_convention_that_is_none_is_told(ask: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match=r"convention is one of '1\.26', .*, not '1\.36'; each holds until the next"):
        ask(convention="1.36")


# ------------------------------------------------------------------------------------- attributes, any time


def test_attributes_tell_what_has_come_so_far() -> None:
    with ChatStream(pieces(BEGINNING, MORE, STOP + USAGE + DONE)) as stream:
        assert attributes(stream) == {"gen_ai.request.stream": True, "sse_stream.ending": "open"}
        next(stream)
        assert attributes(stream)["gen_ai.response.id"] == "chatcmpl-1"
        assert "gen_ai.response.finish_reasons" not in attributes(stream)
        stream.until_done()
        assert attributes(stream)["gen_ai.usage.input_tokens"] == 14


def test_there_is_a_time_to_the_first_chunk_only_from_the_request(clock: Clock, telemetry: Telemetry) -> None:
    for started, expected in ((None, None), (990.0, 13.0)):
        clock.now = 1000.0
        recording = telemetry.record(request_started=started)
        stream = ChatStream(clock.timed((3.0, WHOLE)), request_started=started, on_end=recording)
        stream.until_done()
        assert attributes(stream).get("gen_ai.response.time_to_first_chunk") == expected
    (point,) = telemetry.points("gen_ai.client.operation.time_to_first_chunk")
    assert isinstance(point, HistogramDataPoint)
    assert (point.count, point.sum) == (1, 13.0)


def test_a_finish_reason_that_never_came_is_an_error_where_the_convention_says_so() -> None:
    two = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"},{"index":1,"delta":{"content":"b"}}]}\n\n'
    stream = ChatStream([two], on_truncated="return")
    next(stream)
    assert attributes(stream, convention="genai-0.1")["gen_ai.response.finish_reasons"] == ["stop"]
    stream.until_done()
    assert attributes(stream, convention="genai-0.1")["gen_ai.response.finish_reasons"] == ["stop", "error"]
    assert attributes(stream)["gen_ai.response.finish_reasons"] == ["stop"]


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, {"unknown": 14}),
        ({"audio_tokens": 0}, {"unknown": 14}),
        ({"text_tokens": 14, "audio_tokens": 0}, {"text": 14}),
        ({"text_tokens": 10, "image_tokens": 4}, {"text": 10, "image": 4}),
        ({"text_tokens": 10}, {"text": 10, "unknown": 4}),
        ({"text_tokens": 10, "audio_tokens": 10}, {"unknown": 14}),  # which cannot be
    ],
)
def test_tokens_by_modality_add_up_to_all(telemetry: Telemetry, details: Any, expected: dict[str, int]) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 14, "prompt_tokens_details": details}}
    body = BEGINNING + STOP + b"data: " + json.dumps(usage).encode() + b"\n\n" + DONE
    ChatStream([body], on_end=telemetry.record(convention="genai-0.1")).until_done()
    points = telemetry.points("gen_ai.client.inference.usage.input_tokens")
    found = {(point.attributes or {})["gen_ai.token.modality"]: getattr(point, "value", None) for point in points}
    assert found == expected
    assert telemetry.points("gen_ai.client.inference.usage.output_tokens") == []


@pytest.mark.parametrize(("keep_gaps", "count", "total"), [(True, 2, 4.5), (False, 1, 2.25)])
def test_the_time_of_each_chunk_is_recorded_where_the_stream_keeps_them(
    telemetry: Telemetry, clock: Clock, keep_gaps: bool, count: int, total: float
) -> None:
    source = clock.timed((2.0, BEGINNING), (0.5, MORE), (4.0, MORE), (1.0, STOP + DONE))
    ChatStream(source, on_end=telemetry.record(), keep_gaps=keep_gaps).until_done()
    (point,) = telemetry.points("gen_ai.client.operation.time_per_output_chunk")
    assert isinstance(point, HistogramDataPoint)
    assert (point.count, point.sum) == (count, total)


def test_without_usage_no_tokens_are_recorded(telemetry: Telemetry) -> None:
    ChatStream([BEGINNING + STOP + DONE], on_end=telemetry.record()).until_done()
    assert "gen_ai.client.operation.duration" in telemetry.metrics
    assert "gen_ai.client.token.usage" not in telemetry.metrics


# ---------------------------------------------------------------------------------------------- the span


class TestSpan:
    def test_begins_when_the_request_was_sent(self, telemetry: Telemetry) -> None:
        from time import monotonic, time_ns

        before = time_ns()
        ChatStream([WHOLE], on_end=telemetry.record(request_started=monotonic() - 60)).until_done()
        span = telemetry.span
        assert span.start_time is not None
        assert span.end_time is not None
        assert -61e9 < span.start_time - before < -59e9
        assert telemetry.sums("gen_ai.client.operation.duration")[0] == pytest.approx(60, abs=5)
        assert (span.end_time - span.start_time) / 1e9 == pytest.approx(60, abs=5)

    def test_has_what_is_known_at_its_start_for_the_sampler(self, telemetry: Telemetry) -> None:
        recording = telemetry.record(span_attributes={"gen_ai.request.temperature": 0.5}, operation="generate_content")
        assert isinstance(recording.span, ReadableSpan)
        assert recording.span.name == "generate_content gpt-5-mini"
        assert dict(recording.span.attributes or {}) == {
            "gen_ai.request.temperature": 0.5,
            "gen_ai.operation.name": "generate_content",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-5-mini",
            "gen_ai.request.stream": True,
        }
        recording.span.end()

    def test_is_named_after_the_operation_where_no_model_is(self, telemetry: Telemetry) -> None:
        ChatStream([WHOLE], on_end=telemetry.record(request_model=None)).until_done()
        assert telemetry.span.name == "chat"

    def test_that_was_there_already_is_not_ended(self, telemetry: Telemetry) -> None:
        with telemetry.tracer.start_as_current_span("mine") as span:
            ChatStream([BEGINNING], on_truncated="return", on_end=telemetry.record(span=span)).until_done()
            assert telemetry.spans == []
            assert span.is_recording()
        assert telemetry.span.name == "mine"
        assert (telemetry.span.attributes or {})["gen_ai.response.id"] == "chatcmpl-1"
        assert (telemetry.span.attributes or {})["gen_ai.provider.name"] == "openai"

    def test_that_was_there_already_needs_no_tracer(self, telemetry: Telemetry) -> None:
        with (
            telemetry.tracer.start_as_current_span("mine") as span,
            pytest.raises(TypeError, match="either a span, or a tracer"),
        ):
            record(provider="openai", span=span, tracer=telemetry.tracer)

    def test_is_the_current_one_within_the_recording(self, telemetry: Telemetry) -> None:
        with telemetry.tracer.start_as_current_span("outer") as outer:
            with telemetry.record() as recording:
                assert get_current_span() is recording.span
                with telemetry.tracer.start_as_current_span("of the HTTP client"):
                    pass
                with ChatStream([WHOLE], on_end=recording) as stream:
                    stream.until_done()
            assert get_current_span() is outer
        client, chat, last = telemetry.spans
        assert client.parent is not None
        assert chat.parent is not None
        assert chat.context is not None
        assert (client.parent.span_id, chat.parent.span_id) == (chat.context.span_id, outer.get_span_context().span_id)
        assert (chat.name, last.name) == ("chat gpt-5-mini", "outer")

    def test_ends_with_what_the_request_raised_before_there_was_a_stream(self, telemetry: Telemetry) -> None:
        for error, error_type in (
            (OSError(SECRET), "OSError"),
            (SSEStreamError(SECRET), "sse_stream._errors.SSEStreamError"),
        ):
            with pytest.raises(type(error)), telemetry.record():
                raise error
            span = telemetry.spans[-1]
            assert (span.attributes or {})["error.type"] == error_type
            assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())
        assert SECRET not in telemetry.exported

    def test_ends_without_an_error_when_the_request_is_cancelled(self, telemetry: Telemetry) -> None:
        async def body() -> None:
            with telemetry.record():
                await asyncio.Event().wait()

        async def cancelling() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(body(), 0.01)

        asyncio.run(cancelling())
        assert telemetry.span.status.status_code is StatusCode.UNSET
        assert "error.type" not in (telemetry.span.attributes or {})

    def test_of_a_stream_that_outlives_the_recordings_block_ends_with_the_stream(self, telemetry: Telemetry) -> None:
        with telemetry.record() as recording:
            stream = ChatStream([WHOLE], on_end=recording)
        assert telemetry.spans == []
        stream.until_done()
        assert (telemetry.span.attributes or {})["sse_stream.ending"] == "complete"

    def test_is_ended_once_where_the_block_fails_before_its_stream_has_ended(self, telemetry: Telemetry) -> None:
        with pytest.raises(LookupError), telemetry.record() as recording:
            stream = ChatStream([WHOLE], on_end=recording)
            raise LookupError
        stream.until_done()
        assert (telemetry.span.attributes or {})["error.type"] == "LookupError"
        (duration,) = telemetry.points("gen_ai.client.operation.duration")
        assert isinstance(duration, HistogramDataPoint)
        assert duration.count == 1


def test_a_recording_is_of_one_stream(telemetry: Telemetry) -> None:
    recording = telemetry.record()
    stream = ChatStream([WHOLE], on_end=recording)
    stream.until_done()
    with pytest.raises(RuntimeError, match=r"call record\(\) once per stream"):
        recording(stream)
    assert len(telemetry.spans) == 1


def test_a_meter_that_fails_leaves_no_span_open(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: reported.append(unraisable.exc_value))
    failure = LookupError("of the meter")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("sse_stream.otel._instruments.Instruments.record", fail)
    ChatStream([WHOLE], on_end=telemetry.record()).until_done()
    assert reported == [failure]
    assert (telemetry.span.attributes or {})["sse_stream.ending"] == "complete"


# -------------------------------------------------------------------------------------- through real requests


def test_nothing_of_the_content_leaves(telemetry: Telemetry) -> None:
    """Prompt and answer, text, reasoning, tool calls and refusals, through a client and a server."""
    import httpx

    from sse_stream.testing import ReplayServer, Reply

    replies = [
        Reply.reasoning(f"{SECRET}?") + Reply.text(f"it is {SECRET}", " indeed"),
        Reply.tool_call(SECRET, [json.dumps({"word": SECRET})]),
        Reply.error(SECRET, status=400),
        Reply.text(SECRET, complete=False) + Reply.error(SECRET),
    ]
    for reply in replies:
        with ReplayServer(reply) as server, httpx.Client(timeout=5) as client:
            payload = {"model": "m", "messages": [{"role": "user", "content": SECRET}], "stream": True}
            with telemetry.record() as recording:
                source = client.stream("POST", server.chat_url, json=payload)
                try:
                    with ChatStream(source, on_end=recording) as stream:
                        stream.until_done()
                except SSEStreamError:
                    pass
    assert len(telemetry.spans) == len(replies)
    assert "gpt-5-mini" in telemetry.exported
    assert SECRET not in telemetry.exported


def test_async_streams_nest_under_the_recording(telemetry: Telemetry) -> None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        with telemetry.tracer.start_as_current_span("of the HTTP client"):
            yield FakeResponse(WHOLE)

    async def one() -> None:
        with telemetry.record() as recording:
            async with AsyncChatStream(opened(), on_end=recording) as stream:
                await stream.until_done()

    async def body() -> None:
        await asyncio.gather(*(one() for _ in range(5)))

    asyncio.run(body())
    chats = {span.context.span_id for span in telemetry.spans if span.context and span.name.startswith("chat")}
    parents = {span.parent.span_id for span in telemetry.spans if span.parent}
    assert len(chats) == 5
    assert parents == chats


# ------------------------------------------------------------------------------------------- without an SDK


def program(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(sse_stream.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_without_an_sdk_nothing_is_recorded_and_nothing_fails() -> None:
    said = program(
        f"""
from sse_stream import ChatStream
from sse_stream.otel import record
for convention in {CONVENTIONS!r}:
    with record(provider="openai", convention=convention) as recording:
        with ChatStream([{WHOLE!r}], on_end=recording) as stream:
            stream.until_done()
        print(recording.span.is_recording())
"""
    )
    assert said.split() == ["False"] * len(CONVENTIONS)


def test_the_global_providers_are_used_though_they_are_set_later() -> None:
    said = program(
        f"""
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from sse_stream import ChatStream
from sse_stream.otel import record
ChatStream([{WHOLE!r}], on_end=record(provider="openai")).until_done()
trace.set_tracer_provider(TracerProvider())
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
recording = record(provider="openai")
ChatStream([{WHOLE!r}], on_end=recording).until_done()
scope = reader.get_metrics_data().resource_metrics[0].scope_metrics[0]
duration = next(metric for metric in scope.metrics if metric.name == "gen_ai.client.operation.duration")
print(scope.scope.name, scope.scope.schema_url, duration.data.data_points[0].count)
print(recording.span.instrumentation_scope.name, recording.span.instrumentation_scope.schema_url)
"""
    )
    schema = "https://opentelemetry.io/schemas/1.41.0"
    assert said.splitlines() == [f"sse_stream {schema} 1", f"sse_stream {schema}"]


def test_where_opentelemetry_is_not_installed_the_error_says_what_to_install() -> None:
    said = program(
        """
import sys
sys.modules["opentelemetry"] = None
try:
    import sse_stream.otel
except ModuleNotFoundError as error:
    print(error)
"""
    )
    assert said.startswith("sse_stream.otel needs opentelemetry-api: pip install 'sse-stream[otel]'")
