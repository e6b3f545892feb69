"""What the dialect of Anthropic's Messages makes of each event by itself: its anomalies, chunks and parts."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from sse_stream import (
    ChatCompletionChunk,
    ChatDecoder,
    ChunkDecodeError,
    KeepAlive,
    PromptTokensDetails,
    ProviderError,
    ServerSentEvent,
)
from sse_stream._chat._model import NOTHING
from sse_stream.dialects import AnomalyFound, AnthropicMessages, Failure, Item, PartPiece, PartStart
from sse_stream.dialects._anthropic_events import delta_decoder
from sse_stream.testing import bytewise

Event = dict[str, Any]

START: Event = {"type": "message_start", "message": {"id": "m", "role": "assistant", "model": "claude", "content": []}}
STOP: Event = {"type": "message_stop"}
TOOL = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
THINKING = {"type": "thinking", "thinking": ""}
TEXT = {"type": "text", "text": ""}


def start(block: Any, index: int = 0) -> Event:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(kind: Any, **fields: Any) -> Event:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **fields}}


def stop(index: int = 0) -> Event:
    return {"type": "content_block_stop", "index": index}


def framed(*events: Event) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def items_of(*events: Event) -> list[Item]:
    """What the tolerant path makes of the last of these events."""
    dialect = AnthropicMessages()
    return [list(dialect.decode(ServerSentEvent(json.dumps(event)))) for event in events][-1]


def chunk_of(*events: Event) -> ChatCompletionChunk:
    (chunk,) = (item for item in items_of(*events) if isinstance(item, ChatCompletionChunk))
    return chunk


def without_index(event: Event) -> Event:
    return {name: value for name, value in event.items() if name != "index"}


# Events, and the anomalies of the last one. A sample of `None` is the event.
ANOMALIES: dict[str, tuple[list[Event], list[tuple[str, str | None]]]] = {
    "a message's delta that is no object": (
        [START, {"type": "message_delta", "delta": "end"}],
        [("odd_type", "delta: 'end'")],
    ),
    "usage that is no object": (
        [{"type": "message_start", "message": {"id": "m", "usage": 7}}],
        [("odd_type", "usage: 7")],
    ),
    "usage that is no object, at the end": (
        [START, {"type": "message_delta", "delta": {}, "usage": 7}],
        [("odd_type", "usage: 7")],
    ),
    "an event after the end": ([START, STOP, stop()], [("data_after_done", None)]),
    "an event after a whole message": ([{"type": "message"}, stop()], [("data_after_done", None)]),
    "a block that is no object": ([START, start("text")], [("odd_type", "content_block: 'text'")]),
    "a block's delta that is no object": (
        [START, start(TEXT), {**delta("text_delta"), "delta": "a"}],
        [("odd_type", "delta: 'a'")],
    ),
    "a type of a block that is no text": ([START, start({"type": 7})], [("odd_type", "type: 7")]),
    "a type of a delta that is no text, and no block": (
        [START, delta(["text_delta"], text="a")],
        [("unannounced_part", None)],
    ),
    "a text that is a list": ([START, start(TEXT), delta("text_delta", text=["a"])], [("odd_type", "text: ['a']")]),
    "a text that is null": ([START, start({"type": "text", "text": None})], []),
    "an input that is an object": (
        [START, start(TOOL), delta("input_json_delta", partial_json={"a": 1})],
        [("odd_type", "partial_json: {'a': 1}")],
    ),
    "an input for a text": (
        [START, start(TEXT), delta("input_json_delta", partial_json="{}")],
        [("unknown_delta", None)],
    ),
    "a start without an index": ([START, without_index(start(TEXT))], [("missing_index", None)]),
    "a delta without an index": (
        [START, start(TEXT), without_index(delta("text_delta", text="a"))],
        [("missing_index", None)],
    ),
    "a stop without an index": ([START, start(TEXT), without_index(stop())], [("missing_index", None)]),
    "an index below 0": ([START, start(TEXT), stop(-1)], [("missing_index", None)]),
    "an index that is a boolean": ([START, start(TEXT), stop(False)], [("missing_index", None)]),
    "a start where another block is open": ([START, start(TEXT), start(TOOL)], [("unclosed_part", None)]),
    "the start of a block that is open": ([START, start(TEXT), start(TEXT)], [("start_repeated", None)]),
    "a message that starts twice, at first without an id": (
        [{"type": "message_start", "message": {}}, START],
        [("start_repeated", None)],
    ),
}


@pytest.mark.parametrize("name", ANOMALIES)
def test_what_is_odd_about_an_event(name: str) -> None:
    events, anomalies = ANOMALIES[name]
    found = [(item.kind, item.sample) for item in items_of(*events) if isinstance(item, AnomalyFound)]
    assert found == [(kind, json.dumps(events[-1]) if sample is None else sample) for kind, sample in anomalies]


@pytest.mark.parametrize(
    "events",
    [
        [START],
        [START, start({"type": "text", "text": "a"})],
        [START, start({"type": "thinking", "thinking": "a"})],
        [START, start({**TOOL, "input": {}})],
        [START, start(TEXT), delta("text_delta", text="a", novel=None)],
        [START, start(THINKING), delta("thinking_delta", thinking="a", novel=None)],
        [START, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}],
    ],
    ids=lambda events: f"{len(events)} {events[-1]['type']}",
)
def test_a_chunk_is_of_its_event_and_has_nothing_beside_its_model(events: list[Event]) -> None:
    chunk = chunk_of(*events)
    assert (chunk.object, chunk.raw) == ("chat.completion.chunk", events[-1])
    (choice,) = chunk.choices
    assert [chunk.extra is NOTHING, choice.extra is NOTHING, choice.delta.extra is NOTHING] == [True] * 3


@pytest.mark.parametrize("block", [TEXT, THINKING], ids=["text", "thinking"])
def test_fields_beside_a_piece_are_its_own(block: Event) -> None:
    kind = block["type"]
    chunk = chunk_of(START, start(block), delta(f"{kind}_delta", **{kind: ""}, novel=1))
    assert chunk.choices[0].delta.extra == {"novel": 1}


def test_a_call_that_ends_with_its_message_has_no_source_but_itself() -> None:
    chunk = chunk_of(START, start(TOOL), STOP)
    assert chunk.raw == chunk.to_dict()
    assert chunk.choices[0].delta.tool_calls is not None


def test_how_a_message_ends_is_no_extra_of_its_start() -> None:
    ending = {"stop_reason": "stop_sequence", "stop_sequence": "x", "stop_details": {"type": "y"}}
    begun, ended = (
        item
        for item in items_of({**START, "message": {**START["message"], **ending}})
        if isinstance(item, ChatCompletionChunk)
    )
    assert (begun.extra, begun.choices[0].extra) == ({}, {})
    assert ended.choices[0].finish_reason == "stop_sequence"
    assert ended.choices[0].extra == {"stop_sequence": "x", "stop_details": {"type": "y"}}


def test_a_whole_message_ends_once_with_all_that_says_how() -> None:
    ending = {"stop_reason": "stop_sequence", "stop_sequence": "x", "stop_details": {"type": "y"}}
    chunks = [
        item
        for item in items_of({**START["message"], "type": "message", **ending, "usage": {"output_tokens": 1}})
        if isinstance(item, ChatCompletionChunk)
    ]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, "stop_sequence"]
    assert chunks[1].choices[0].extra == {"stop_sequence": "x", "stop_details": {"type": "y"}}
    assert [chunk.usage is None for chunk in chunks] == [True, False]


@pytest.mark.parametrize("block", [TEXT, THINKING], ids=["text", "thinking"])
def test_a_part_is_resumed_where_its_block_takes_turns_and_only_there(block: Event) -> None:
    kind = block["type"]
    events = [START, start(block), start({**block, "novel": 1}, 1)]
    piece = delta(f"{kind}_delta", **{kind: "a"})
    assert [type(item) for item in items_of(*events, piece)] == [PartStart, ChatCompletionChunk]
    assert [type(item) for item in items_of(*events, piece, piece)] == [ChatCompletionChunk]


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        (TEXT, "text"),
        (THINKING, "reasoning"),
        ({"type": "redacted_thinking", "data": "x"}, "redacted_reasoning"),
        (TOOL, "tool_call"),
        ({"type": "poem"}, "poem"),
    ],
)
def test_the_kind_of_a_part_is_that_of_its_block(block: Event, kind: str) -> None:
    starts = [item for item in items_of(START, start(block)) if isinstance(item, PartStart)]
    assert starts == [PartStart(0, 0, kind, block)]


def test_redacted_thinking_takes_the_turn_of_the_thinking_before_it() -> None:
    events = [START, start(THINKING), start({"type": "redacted_thinking", "data": "x"}, 1)]
    resumed, _ = items_of(*events, delta("thinking_delta", thinking="a"))
    assert resumed == PartStart(0, 0, "reasoning")


@pytest.mark.parametrize(
    ("kind", "field", "block"),
    [
        ("text_delta", "text", TEXT),
        ("thinking_delta", "thinking", THINKING),
        ("input_json_delta", "partial_json", {"type": "tool_use", "id": "", "name": "", "input": {}}),
    ],
)
def test_a_block_that_did_not_start_starts_empty(kind: str, field: str, block: Event) -> None:
    begun = next(item for item in items_of(START, delta(kind, **{field: "a"})) if isinstance(item, PartStart))
    assert begun.native == block


def test_a_delta_without_an_index_before_any_block_is_of_the_first() -> None:
    nowhere = without_index(delta("text_delta", text="a"))
    assert [type(item) for item in items_of(START, nowhere, delta("text_delta", text="b"))] == [ChatCompletionChunk]


def test_an_unknown_delta_is_kept_for_its_block() -> None:
    assert items_of(START, start(TEXT), delta("input_json_delta", partial_json="{"))[1:] == [
        PartPiece(0, 0, {"type": "input_json_delta", "partial_json": "{"})
    ]


@pytest.mark.parametrize(
    ("block", "pieces", "arguments"),
    [
        (TOOL, [""], '{"a":1}'),
        (TOOL, ['{"a":', "2}"], '{"a":2}'),
        (TOOL, ['{"a":2}', ""], '{"a":2}'),
        ({"type": "tool_use", "id": "t1", "name": "f"}, [], "{}"),
        ({"type": "tool_use", "id": "t1", "name": "f", "input": None}, [""], "{}"),
    ],
)
@pytest.mark.parametrize("field", [{}, {"novel": None}], ids=["exact", "tolerant"])
def test_the_arguments_of_a_call(block: Event, pieces: list[str], arguments: str, field: Event) -> None:
    deltas = [{**delta("input_json_delta", partial_json=piece), **field} for piece in pieces]
    body = framed(
        START, start(block), *deltas, stop(), {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}, STOP
    )
    for feed in ([body], bytewise(body)):
        decoder = ChatDecoder(dialect=AnthropicMessages())
        chunks = [chunk for piece in feed for chunk in decoder.feed_chunks(piece)]
        (call,) = decoder.completion.message.tool_calls
        assert call.arguments == arguments
        said = [call.function for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
        assert "".join(function.arguments or "" for function in said if function) == arguments


def test_usage_that_follows_the_stop_reason_does_not_take_it_back() -> None:
    decoder = ChatDecoder(dialect=AnthropicMessages())
    usage: Event = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 1}}
    ended: Event = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    list(decoder.feed(framed(START, start({"type": "text", "text": "a"}), ended, usage)))
    list(decoder.close())
    assert [anomaly.kind for anomaly in decoder.anomalies] == ["unclosed_part", "missing_done"]
    assert decoder.completion.message.to_native() == {"role": "assistant", "content": [{"type": "text", "text": "a"}]}


@pytest.mark.parametrize(
    ("sent", "details"),
    [
        ({}, None),
        ({"cache_read_input_tokens": 2}, PromptTokensDetails(cached_tokens=2)),
        ({"cache_creation_input_tokens": 3}, PromptTokensDetails(cache_write_tokens=3)),
    ],
    ids=["no cache", "read", "written"],
)
def test_what_is_known_of_the_cache(sent: Event, details: PromptTokensDetails | None) -> None:
    chunk = chunk_of(START, {"type": "message_delta", "delta": {}, "usage": sent})
    assert chunk.usage is not None
    assert chunk.usage.prompt_tokens_details == details


def test_an_answer_that_is_spliced_in_does_not_change_the_usage() -> None:
    decoder = ChatDecoder(dialect=AnthropicMessages())
    report: Event = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 1}}
    other = {**START, "message": {**START["message"], "id": "other"}}
    with pytest.raises(ProviderError, match="another message_start"):
        list(decoder.feed(framed(START, report, other, {**report, "usage": {"output_tokens": 99}})))
    assert decoder.completion.usage is not None
    assert decoder.completion.usage.completion_tokens == 1


@pytest.mark.parametrize(("data", "comment"), [("", ""), (":", ""), (": keep-alive", "keep-alive"), (":: X", "X")])
def test_a_keep_alive_in_data_is_its_text(data: str, comment: str) -> None:
    decoder = ChatDecoder(dialect=AnthropicMessages(), keepalives=True)
    assert list(decoder.feed(f"data: {data}\n\n".encode())) == [KeepAlive(comment)]
    assert [anomaly.kind for anomaly in decoder.anomalies] == ["keepalive_as_data"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('{"type": "ping"}', True),
        (' {"type": "ping"} ', True),
        (" [DONE]", True),
        ("{", False),
        ("[]", False),
        ("hello", False),
        ("", False),
    ],
)
def test_what_is_whole_by_itself(data: str, expected: bool) -> None:
    assert AnthropicMessages().is_whole(data) is expected


def test_done_means_nothing_where_the_answer_goes_on() -> None:
    assert AnthropicMessages().decode(ServerSentEvent(" [DONE] ")) == ()


def test_an_event_named_error_is_one_whatever_its_type() -> None:
    event = ServerSentEvent('{"type": "overloaded_error", "message": "no"}', "error")
    (failure,) = AnthropicMessages().decode(event)
    assert isinstance(failure, Failure)


def test_loose_json_is_an_anomaly() -> None:
    data = json.dumps(delta("text_delta", text="a\tb")).replace("\\t", "\t")
    found = AnthropicMessages().decode(ServerSentEvent(data))
    assert found[0] == AnomalyFound("loose_json", data)


DEEP = '{"type":"content_block_delta","index":0,"delta":{"novel":' + "[" * 100_000 + "]" * 100_000
DEEP += ',"type":"text_delta","text":"a"}}'


def test_json_that_is_too_deep_is_refused_on_every_path() -> None:
    body = framed(START, start(TEXT)) + f"data: {DEEP}\n\n".encode()
    with pytest.raises(ChunkDecodeError, match="nested deeper than 128 levels"):
        list(ChatDecoder(dialect=AnthropicMessages()).feed(body))


def test_where_deep_json_crashes_the_fast_path_looks_at_the_depth_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    decode = delta_decoder()
    monkeypatch.undo()
    data = json.dumps(delta("text_delta", text="Hi"))
    assert decode(data.encode()) == decode(data) == delta_decoder()(data)
    for deep in (DEEP, DEEP.encode()):
        with pytest.raises(ValueError, match="nested deeper than 128 levels"):
            decode(deep)
