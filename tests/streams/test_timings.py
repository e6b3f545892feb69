"""Timings and counts, on a simulated clock."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from sse_stream import AsyncChatStream, ChatStream, StreamTimings, Timeouts

from .bodies import DONE, EVENTS, KEEPALIVE, STOP, USAGE, text
from .clients import Each, run_in_asyncio, run_without_loop, set_clock, settled

ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
TOOL = (
    b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f"}}]}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}\n\n'
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def pieces(self, *timed: tuple[float, bytes]) -> Iterator[bytes]:
        for seconds, piece in timed:
            self.now += seconds
            yield piece

    async def awaited(self, *timed: tuple[float, bytes]) -> AsyncIterator[bytes]:
        for piece in self.pieces(*timed):
            yield piece


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    set_clock(monkeypatch, lambda: moved.now)
    return moved


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_each_figure_is_what_the_field_calls_by_its_name(clock: Clock, kind: str) -> None:
    timed = (
        (1.0, KEEPALIVE),
        (1.0, ROLE),  # which is no token
        (2.0, EVENTS[0]),
        (0.5, EVENTS[1]),
        (1.5, EVENTS[2][:9]),
        (1.0, EVENTS[2][9:] + EVENTS[3]),  # two pieces, one arrival
        (0.25, STOP + USAGE),
        (0.75, DONE),
    )
    shell: Any = ChatStream if kind == "sync" else AsyncChatStream
    source: Any = clock.pieces(*timed) if kind == "sync" else clock.awaited(*timed)

    async def body() -> StreamTimings:
        stream = shell(source, request_started=990.0)
        await settled(stream.until_done())
        timings: StreamTimings = stream.timings
        return timings

    timings = (run_without_loop if kind == "sync" else run_in_asyncio)(body)
    assert timings == StreamTimings(
        basis="request",
        time_to_first_byte=11.0,
        time_to_first_token=14.0,
        duration=18.0,
        time_per_output_token=2.0,  # (18 - 14) / (3 - 1)
        mean_gap=1.5,  # 0.5 and 2.5
        longest_gap=2.5,
        output_tokens=3,
        bytes=sum(len(piece) for _, piece in timed),
        events=8,
        keepalives=1,
        chunks=7,
        deltas=4,
    )
    assert timings.tokens_per_second == 0.5


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("options", [{}, {"timeouts": Timeouts(total=60)}], ids=["plain", "with deadlines"])
def test_each_gap_is_kept_where_that_was_asked_for(clock: Clock, kind: str, options: Any) -> None:
    timed = (
        (1.0, ROLE),
        (2.0, EVENTS[0]),
        (0.5, EVENTS[1]),
        (1.0, KEEPALIVE),
        (1.5, EVENTS[2] + EVENTS[3]),  # two pieces, one arrival
        (0.25, STOP + DONE),
    )
    shell: Any = ChatStream if kind == "sync" else AsyncChatStream
    source: Any = clock.pieces(*timed) if kind == "sync" else clock.awaited(*timed)
    seen: list[Any] = []

    async def body() -> None:
        stream = shell(source, keep_gaps=True, **options)
        async for event in Each[Any](stream):
            if event.type == "text_delta":
                seen.append(stream.timings.gaps)
        seen.append(stream.timings)

    (run_without_loop if kind == "sync" else run_in_asyncio)(body)
    *during, timings = seen
    assert during == [(), (0.5,), (0.5, 2.5), (0.5, 2.5)]
    assert (timings.gaps, timings.mean_gap, timings.longest_gap) == ((0.5, 2.5), 1.5, 2.5)


def test_without_the_requests_start_times_count_from_the_stream(clock: Clock) -> None:
    stream = ChatStream(clock.pieces((3.0, EVENTS[0]), (1.0, STOP + DONE)))
    clock.now += 2.0
    stream.until_done()
    timings = stream.timings
    assert (timings.basis, timings.time_to_first_byte, timings.time_to_first_token) == ("stream", 5.0, 5.0)
    assert (timings.duration, timings.output_tokens) == (6.0, None)
    assert (timings.time_per_output_token, timings.tokens_per_second) == (None, None)
    assert (timings.mean_gap, timings.longest_gap) == (None, None)


def test_before_anything_came_there_is_nothing_to_tell(clock: Clock) -> None:
    timings = ChatStream(clock.pieces()).timings
    assert (timings.time_to_first_byte, timings.time_to_first_token, timings.duration) == (None, None, None)
    assert (timings.bytes, timings.events, timings.chunks, timings.deltas) == (0, 0, 0, 0)


def test_in_the_middle_of_a_stream_they_tell_what_came_so_far(clock: Clock) -> None:
    stream = ChatStream(clock.pieces((1.0, EVENTS[0]), (2.0, EVENTS[1]), (1.0, STOP + DONE)))
    texts = stream.iter_text()
    next(texts)
    assert (stream.timings.time_to_first_token, stream.timings.deltas) == (1.0, 1)
    next(texts)
    assert (stream.timings.longest_gap, stream.timings.deltas) == (2.0, 2)
    assert stream.timings == stream.timings


def test_the_first_token_is_of_any_channel(clock: Clock) -> None:
    stream = ChatStream(clock.pieces((1.0, ROLE), (1.0, TOOL), (1.0, STOP + DONE)))
    stream.until_done()
    assert (stream.timings.time_to_first_token, stream.timings.deltas) == (2.0, 2)


@pytest.mark.parametrize("tokens", [0, 1])
def test_time_per_token_needs_two_tokens(clock: Clock, tokens: int) -> None:
    usage = b'data: {"choices":[],"usage":{"completion_tokens":%d}}\n\n' % tokens
    stream = ChatStream(clock.pieces((1.0, EVENTS[0]), (1.0, STOP + usage + DONE)))
    stream.until_done()
    assert (stream.timings.output_tokens, stream.timings.time_per_output_token) == (tokens, None)


def test_what_comes_at_one_instant_has_no_gap(clock: Clock) -> None:
    stream = ChatStream(clock.pieces((1.0, EVENTS[0]), (0.0, EVENTS[1]), (0.0, STOP + DONE)))
    stream.until_done()
    assert (stream.timings.deltas, stream.timings.mean_gap, stream.timings.longest_gap) == (2, None, None)


def test_asking_at_that_instant_makes_no_gap_either(clock: Clock) -> None:
    stream = ChatStream(clock.pieces((1.0, EVENTS[0]), (0.0, EVENTS[1])))
    texts = stream.iter_text()
    for _ in range(2):
        next(texts)
        assert stream.timings.longest_gap is None
    stream.close()


def test_keeping_time_takes_no_memory(clock: Clock) -> None:
    def size(stream: ChatStream) -> int:
        watch = stream._state.watch
        return sum(sys.getsizeof(getattr(watch, name)) for name in watch.__slots__)

    def pieces() -> Iterator[bytes]:
        for _ in range(5000):
            clock.now += 0.001
            yield text("x")

    stream = ChatStream(pieces())
    texts = stream.iter_text()
    for _ in range(10):
        next(texts)
    before = size(stream)
    for _ in range(4000):
        next(texts)
    assert size(stream) <= before + 32  # integers grow
    stream.close()


def test_keep_alives_are_counted_in_both_forms(clock: Clock) -> None:
    async def body() -> int:
        stream = ChatStream(clock.pieces((1.0, KEEPALIVE + b"event: ping\ndata: {}\n\n" + EVENTS[0] + STOP + DONE)))
        _ = [event async for event in Each(stream)]
        return stream.timings.keepalives

    assert run_without_loop(body) == 2
