"""OpenAI's Responses API on generated streams: their meaning, every way of reading them, and damaged copies."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import (
    ChatCompletionChunk,
    ChatDecoder,
    ChatStream,
    EventTooLargeError,
    Limits,
    OutputTooLargeError,
    PartStarted,
    SSEStreamError,
    TextDelta,
)
from sse_stream.dialects import OpenAIResponses
from sse_stream.testing import ChatRecording, bytewise, chunkings, mutations, responses_streams

from .responses_bodies import (
    Object,
    added,
    body,
    call,
    created,
    done,
    ended,
    framed,
    message,
    numbered,
    part,
    piece,
    read,
    said,
    summary,
    text,
    whole,
)
from .slow import without_fast_paths


def outcome(decoder: ChatDecoder, pieces: Iterable[bytes]) -> tuple[Any, ...]:
    """All that a reader sees."""
    events: list[object] = []
    error = None
    try:
        for piece in pieces:
            events.extend(decoder.feed(piece))
        events.extend(decoder.close())
    except SSEStreamError as failure:
        error = repr(failure)
    reader = decoder._reader
    return events, decoder.completion, decoder.ending, error, decoder.anomalies, reader.chunks_seen, reader.events_seen


@given(responses_streams(), st.data())
def test_a_stream_means_what_it_was_made_of_however_it_is_cut(stream: ChatRecording, data: st.DataObject) -> None:
    for pieces in ([stream.body], data.draw(chunkings(stream.body))):
        said = read(pieces)
        assert said.completion == stream.completion
        assert (said.ending, said.anomalies) == ("complete", ())


@given(responses_streams())
def test_the_items_go_back_as_they_were_said(stream: ChatRecording) -> None:
    texts = {"output_text", "refusal", "summary_text", "reasoning_text"}
    natives: list[Any] = [part.native for part in stream.completion.message.parts]
    items = [native for native in natives if native["type"] not in texts]
    assert read([stream.body]).message.to_native() == items


@given(responses_streams(), st.data())
def test_the_fast_paths_change_nothing_whatever_the_bytes(stream: ChatRecording, data: st.DataObject) -> None:
    damaged = data.draw(st.just(stream.body) | mutations(stream.body))
    pieces = data.draw(chunkings(damaged))
    fast = outcome(ChatDecoder(dialect=OpenAIResponses()), pieces)
    assert fast == outcome(ChatDecoder(dialect=without_fast_paths(OpenAIResponses())), pieces)
    assert fast == outcome(ChatDecoder(dialect=OpenAIResponses()), [damaged])


# ---------------------------------------------------------------- text that streams


PIECES = ["Good", " ", "day", "\u2028", '"', "\\", "\U0001f600", ", ", "sir", "."] * 3
LONG: dict[str, list[Object]] = {
    "text": [text(piece, logprobs=[], obfuscation="x" * len(piece)) for piece in PIECES],
    "summary": [summary(piece) for piece in PIECES],
    "text and summary in turns": [
        event for piece in PIECES for event in (text(piece), text(piece), summary(piece, 1), summary(piece, 1))
    ],
    "two texts in turns": [
        event for piece in PIECES for event in (text(piece), text(piece), text(piece, 1), text(piece, 1))
    ],
    "text with pings": [event for piece in PIECES for event in (text(piece), {"type": "keepalive"})],
    "text with gaps": [
        {**text(piece), "sequence_number": 3 + number // 4 * 5 + number % 4} for number, piece in enumerate(PIECES)
    ],
    "text with what is odd": [
        event for piece in PIECES for event in (text(piece), text(piece), {"type": "response.sketch"})
    ],
}


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "as it is"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", LONG)
def test_text_is_the_same_by_each_path(name: str, line_end: bytes, *, named: bool, escaped: bool) -> None:
    events = numbered(created(), added(0, message()), *LONG[name], ended())
    blocks = [framed(event, named=named, escaped=escaped).replace(b"\n", line_end) for event in events]
    slow = outcome(ChatDecoder(dialect=without_fast_paths(OpenAIResponses()), keepalives=True), blocks)
    data = b"".join(blocks)
    halves = [data[start : start + 333] for start in range(0, len(data), 333)]
    for pieces in (blocks, [data], bytewise(data), halves):
        assert outcome(ChatDecoder(dialect=OpenAIResponses(), keepalives=True), pieces) == slow


@pytest.mark.parametrize(
    "block",
    [
        b"id: 1\ndata: %s\n\n",
        b"data:%s\n\n",
        b"data: %s\ndata: \n\n",
        b": hi\ndata: %s\n\n",
        b"event: x\nevent: y\ndata: %s\n\n",
        b"data: %s\n\n\n",
        b"data: %s \n\n",
        b"retry: 1\ndata: %s\n\n",
        b"event: response.output_text.delta\nid: 1\ndata: %s\n\n",
        b"event: response.output_text.delta\ndate: %s\n\n",
        b"error: no\ndata: %s\n\n",
        b"%s\n\n",
        b" %s\n\n",
    ],
)
def test_text_in_other_frames_is_the_same(block: bytes) -> None:
    first = numbered(created(), added(0, message()), *map(text, "abcd"))
    blocks = [framed(event) for event in first]
    for number, event in enumerate(numbered(*map(text, "efgh"), first=len(first))):
        data = framed(event, named=False).strip().removeprefix(b"data: ")
        blocks.append(block % data if number % 2 else framed(event))
    slow = outcome(ChatDecoder(dialect=without_fast_paths(OpenAIResponses())), blocks)
    for pieces in (blocks, [b"".join(blocks)], bytewise(b"".join(blocks))):
        assert outcome(ChatDecoder(dialect=OpenAIResponses()), pieces) == slow


def test_text_in_an_event_of_two_lines_is_the_same() -> None:
    blocks = [framed(event, named=False) for event in numbered(created(), added(0, message()), *map(text, "abcdef"))]
    blocks[-2] = blocks[-2].replace(b", ", b",\n", 1)
    slow = outcome(ChatDecoder(dialect=without_fast_paths(OpenAIResponses())), blocks)
    for pieces in (blocks, [b"".join(blocks)], bytewise(b"".join(blocks))):
        assert outcome(ChatDecoder(dialect=OpenAIResponses()), pieces) == slow


def test_a_read_may_end_within_the_line_after_a_text() -> None:
    events = numbered(created(), added(0, message()), *map(text, "abcdef"), ended())
    blocks = [framed(event, named=False) for event in events]
    for place in range(5, len(blocks)):
        before, after = blocks[place - 1], blocks[place]
        pieces = [*blocks[: place - 1], before[:-1] + after[:1], after[1:], *blocks[place + 1 :]]
        stream = ChatStream(pieces, dialect=OpenAIResponses())
        assert stream.until_done().text == "abcdef"
        assert [anomaly.kind for anomaly in stream.anomalies] == ["events_run_together"]


def test_strict_mode_raises_before_more_of_the_same_text() -> None:
    odd = {"type": "response.output_item.added", "output_index": "x"}
    events = numbered(created(), added(0, message()), *map(text, "abcd"), odd, *map(text, "ef"))
    blocks = [framed(event) for event in events]
    for pieces in (blocks, [b"".join(blocks)], bytewise(b"".join(blocks))):
        said, _, ending, error, anomalies, *_ = outcome(ChatDecoder(dialect=OpenAIResponses(), strict=True), pieces)
        assert [event.text for event in said if isinstance(event, TextDelta)] == [*"abcd"]
        assert (ending, [anomaly.kind for anomaly in anomalies]) == ("invalid", ["missing_index"])
        assert "missing_index" in str(error)


def test_views_of_chunks_and_of_events_may_take_turns() -> None:
    events = numbered(created(), added(0, message()), *map(text, "abcdefgh"), ended())
    decoder = ChatDecoder(dialect=OpenAIResponses())
    said = ""
    for number, event in enumerate(events):
        if number % 3:
            said += "".join(one.text for one in decoder.feed(framed(event)) if isinstance(one, TextDelta))
        else:
            chunks = decoder.feed_chunks(framed(event))
            said += "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert said == decoder.completion.text == "abcdefgh"


@pytest.mark.parametrize("size", [50, 100, 400])
def test_limits_hold_on_each_path(size: int) -> None:
    events = [created(), added(0, message()), *(text("x" * 10) for _ in range(100))]
    data = body(*events)
    fast = ChatDecoder(dialect=OpenAIResponses(), limits=Limits(output_size=500 + size))
    slow = ChatDecoder(dialect=without_fast_paths(OpenAIResponses()), limits=Limits(output_size=500 + size))
    blocks = [framed(event) for event in numbered(*events)]
    assert outcome(fast, blocks) == outcome(slow, [data])
    assert isinstance(fast.error, OutputTooLargeError)


class Watched(OpenAIResponses):
    """Counts the events that are not read by the fast path for text."""

    __slots__ = ("decoded",)

    def __init__(self) -> None:
        super().__init__()
        self.decoded = 0

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        self.decoded += 1
        return super().decode_plain(data, event)


def decoded(blocks: Sequence[bytes], size: int = 1, **limits: int) -> int:
    """How many events are not read by the fast path, with so many events a read."""
    dialect = Watched()
    decoder = ChatDecoder(dialect=dialect, limits=Limits(**limits))
    for start in range(0, len(blocks), size):
        list(decoder.feed(b"".join(blocks[start : start + size])))
    reader = decoder._reader
    assert reader.events_seen == len(blocks)
    assert reader.tally.pieces == sum(b".delta" in block for block in blocks)
    return dialect.decoded


@pytest.mark.parametrize("size", [1, 2, 5, 50])
@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_text_that_goes_on_is_read_without_chunks(size: int, *, named: bool) -> None:
    events = numbered(created(), added(0, message()), *LONG["text"], ended())
    blocks = [framed(event, named=named) for event in events]
    assert decoded(blocks, size) == 5  # the first four, and the last


@pytest.mark.parametrize(("run", "goes_on"), [(20, True), (10, True), (9, False)])
def test_the_fast_path_is_given_up_where_it_is_of_no_use(run: int, goes_on: bool) -> None:
    texts = [text("a", content=turn % 2) for turn in range(40) for _ in range(run)]
    blocks = [framed(event) for event in numbered(created(), added(0, message()), *texts)]
    # The first two of each run; or of the first runs only, and all others.
    assert decoded(blocks) == 2 + (40 * 2 if goes_on else 16 * 2 + 24 * run)


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_an_event_may_be_as_large_as_the_limit_on_each_path(*, named: bool) -> None:
    events = numbered(created(), added(0, message()), *map(text, "abc"), text("x" * 300))
    blocks = [framed(event, named=named) for event in events]
    limit = len(blocks[-1].splitlines()[-2])
    assert decoded(blocks, event_size=limit) == 4
    for size in range(limit - 8, limit + 1):
        fast = ChatDecoder(dialect=OpenAIResponses(), limits=Limits(event_size=size))
        slow = ChatDecoder(dialect=without_fast_paths(OpenAIResponses()), limits=Limits(event_size=size))
        assert outcome(fast, blocks) == outcome(slow, blocks)
        assert isinstance(fast.error, EventTooLargeError) is (size < limit)


def test_the_name_of_an_event_may_be_too_large_on_each_path() -> None:
    events = numbered(created(), added(0, message()), *map(text, "abcd"))
    blocks = [framed(event) for event in events]
    blocks[-1] = blocks[-1].replace(b"event: ", b"event: " + b"x" * 500)
    limits = Limits(event_size=400)
    slow = outcome(ChatDecoder(dialect=without_fast_paths(OpenAIResponses()), limits=limits), blocks)
    assert outcome(ChatDecoder(dialect=OpenAIResponses(), limits=limits), blocks) == slow


def test_an_event_that_is_too_large_is_so_on_each_path() -> None:
    events = numbered(created(), added(0, message()), text("a"), text("b"), text("c" * 1000))
    blocks = [framed(event) for event in events]
    limits = Limits(event_size=500)
    fast = outcome(ChatDecoder(dialect=OpenAIResponses(), limits=limits), blocks)
    assert fast == outcome(ChatDecoder(dialect=without_fast_paths(OpenAIResponses()), limits=limits), blocks)
    assert "EventTooLargeError" in str(fast)


# ---------------------------------------------------------------- whatever JSON a server sends


LOGPROBS = [{"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": [{"token": "a"}]}]
EVERYTHING: list[Object] = [
    created(),
    {"type": "response.in_progress", "response": {"id": "resp_1", "created_at": 1}},
    {"type": "response.rate_limits.updated", "rate_limits": []},
    added(0, {"type": "reasoning", "id": "rs_1", "summary": []}),
    {
        "type": "response.reasoning_summary_part.added",
        "output_index": 0,
        "summary_index": 0,
        "part": {"type": "summary_text"},
    },
    summary("a"),
    whole("reasoning_summary_text", "ab", summary_index=0),
    done(0, {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "abc"}]}),
    added(1, message()),
    part("added", said(""), 1),
    text("a", 1, logprobs=LOGPROBS),
    {
        "type": "response.output_text.annotation.added",
        "output_index": 1,
        "content_index": 0,
        "annotation": {"index": 1},
    },
    whole("output_text", "ab", 1, content_index=0, logprobs=LOGPROBS),
    part("done", said("ab", annotations=[{"index": 1}, {"index": 2}]), 1),
    done(1, message(said("ab"))),
    added(2, call()),
    piece("function_call_arguments", "{", 2),
    whole("function_call_arguments", "{}", 2, field="arguments", name="f"),
    done(2, call("{}")),
    {"type": "response.audio.delta", "delta": "UklG"},
    ended(
        output=[message(said("x"))], usage={"input_tokens": 1, "input_tokens_details": {"cached_tokens": 1}}, error=None
    ),
]
ODD: list[Any] = [None, True, -1, 1.5, 10**400, "", "error", [], {}, [[1]], {"a": [1]}, "reasoning", "message"]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value but its root."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*path, name)
        yield from places(item, (*path, name))


def replaced(event: Object, path: tuple[str | int, ...], value: Any) -> Object:
    whole = copy.deepcopy(event)
    parent: Any = whole
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return whole


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("number", range(len(EVERYTHING)))
def test_odd_values_anywhere_raise_nothing_but_our_errors(number: int, odd: Any) -> None:
    events = numbered(*EVERYTHING)
    before = b"".join(map(framed, events[:number]))
    after = b"".join(map(framed, events[number + 1 :]))
    for path in places(events[number]):
        if odd == 10**400 and "sequence_number" in path:
            continue  # which json cannot say in a message
        outcome = read([before + framed(replaced(events[number], path, odd)) + after])
        assert outcome.ending in {"complete", "provider_error", "truncated"}
        outcome.message.to_native()
        outcome.completion.to_dict()
        assert len(outcome.message.parts) == sum(isinstance(event, PartStarted) for event in outcome.events)
