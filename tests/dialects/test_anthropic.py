"""Anthropic's Messages API: each rule as a row, with every split."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec
import pytest

from sse_stream import (
    AnomalyKind,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
    ChoiceFinished,
    ChunkDecodeError,
    IncompleteStreamError,
    KeepAlive,
    Limits,
    Message,
    OutputTooLargeError,
    PartDone,
    PartStarted,
    ProviderError,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    ServerSentEvent,
    StreamDone,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallPart,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from sse_stream._chat._parts import Part
from sse_stream.dialects import AnomalyFound, AnthropicMessages, Done, Failure, Item, PartEnd, PartStart
from sse_stream.dialects._anthropic_blocks import anthropic_turn, whole_block
from sse_stream.testing import bytewise, every_cut
from tests.dialects.recordings import read, same

Event = dict[str, Any]


def framed(*events: Event | str) -> bytes:
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        if isinstance(event, dict)
        else f"{event}\n\n".encode()
        for event in events
    )


def message_start(id: str = "m", content: list[Any] | None = None, **fields: Any) -> Event:
    message = {"id": id, "type": "message", "role": "assistant", "model": "claude", "content": content or [], **fields}
    return {"type": "message_start", "message": message}


def start(index: int, type: str, **fields: Any) -> Event:
    return {"type": "content_block_start", "index": index, "content_block": {"type": type, **fields}}


def delta(index: int, type: str, **fields: Any) -> Event:
    return {"type": "content_block_delta", "index": index, "delta": {"type": type, **fields}}


def stop(index: int) -> Event:
    return {"type": "content_block_stop", "index": index}


def message_delta(reason: str | None = "end_turn", usage: Event | None = None, **fields: Any) -> Event:
    said: Event = {"type": "message_delta", "delta": {"stop_reason": reason, **fields}}
    return said if usage is None else {**said, "usage": usage}


def text(index: int, *pieces: str) -> list[Event]:
    return [start(index, "text", text=""), *(delta(index, "text_delta", text=piece) for piece in pieces), stop(index)]


END: list[Event | str] = [message_delta(), {"type": "message_stop"}]
SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web_search"}
CITATION = {"type": "char_location", "cited_text": "a", "document_index": 0}


@dataclass(frozen=True)
class Case:
    """What a stream says: one row.

    Attributes:
        events: The events, between the start of the message and its end.
        parts: The parts of the message.
        anomalies: The kinds that are found.
        begin: What comes before them.
        end: What comes after them.
        reason: The finish reason.
        native: What goes back; `None` for the natives of the parts.
    """

    events: list[Event | str]
    parts: list[Part]
    anomalies: set[AnomalyKind] = field(default_factory=set)
    begin: list[Event | str] = field(default_factory=lambda: [message_start()])
    end: list[Event | str] = field(default_factory=lambda: END)
    reason: str = "end_turn"
    native: list[Any] | None = None


def said(text: str, **fields: Any) -> TextPart:
    return TextPart(text, fields.get("citations", []), {"type": "text", "text": text, **fields})


def call(arguments: str, id: str = "t1", **fields: Any) -> ToolCallPart:
    native = {"type": "tool_use", "id": id, "name": "f", "input": json.loads(arguments), **fields}
    return ToolCallPart(ToolCall(id, "f", arguments), native)


CASES: dict[str, Case] = {
    "a text": Case([*text(0, "Hel", "lo")], [said("Hello")]),
    "texts, which are joined with nothing": Case([*text(0, "a"), *text(1, "b")], [said("a"), said("b")]),
    "a text that begins with its block": Case(
        [start(0, "text", text="Hel"), delta(0, "text_delta", text="lo"), stop(0)], [said("Hello")]
    ),
    "an empty text, which is not sent back": Case(
        [*text(0, "a"), *text(1)], [said("a"), said("")], native=[{"type": "text", "text": "a"}]
    ),
    "padding, other spacing, no event names": Case(
        [
            'data: {"type": "content_block_start", "index": 0, "content_block": {"type":"text","text":""}  }',
            'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}     }',
            'data:{"index":0,"type":"content_block_stop" }',
        ],
        [said("Hi")],
    ),
    "an event name where the data has no type": Case(
        [
            'event: content_block_start\ndata: {"index":0,"content_block":{"type":"text","text":""}}',
            'event: content_block_delta\ndata: {"index":0,"delta":{"type":"text_delta","text":"Hi"}}',
            'event: content_block_stop\ndata: {"index":0}',
        ],
        [said("Hi")],
    ),
    "citations, which belong to their text": Case(
        [
            start(0, "text", text="", citations=[]),
            delta(0, "citations_delta", citation=CITATION),
            delta(0, "text_delta", text="a"),
            delta(0, "citations_delta", citation={**CITATION, "document_index": 1}),
            stop(0),
            *text(1, "b"),
        ],
        [said("a", citations=[CITATION, {**CITATION, "document_index": 1}]), said("b")],
    ),
    "citations where none were announced": Case(
        [
            start(0, "text", text=""),
            delta(0, "citations_delta", citation=CITATION),
            delta(0, "text_delta", text="a"),
            stop(0),
        ],
        [said("a", citations=[CITATION])],
    ),
    "thinking with its signature": Case(
        [
            start(0, "thinking", thinking="", signature=""),
            delta(0, "thinking_delta", thinking="Hm"),
            delta(0, "thinking_delta", thinking="m"),
            delta(0, "signature_delta", signature="sig"),
            stop(0),
            *text(1, "a"),
        ],
        [ReasoningPart("Hmm", "full", {"type": "thinking", "thinking": "Hmm", "signature": "sig"}), said("a")],
    ),
    "thinking that is not shown": Case(
        [start(0, "thinking", thinking=""), delta(0, "signature_delta", signature="sig"), stop(0)],
        [ReasoningPart("", "full", {"type": "thinking", "thinking": "", "signature": "sig"})],
    ),
    "thinking that is not signed": Case(
        [start(0, "thinking", thinking=""), delta(0, "thinking_delta", thinking="Hm"), stop(0)],
        [ReasoningPart("Hm", "full", {"type": "thinking", "thinking": "Hm"})],
    ),
    "a signature that comes again, which replaces the one before": Case(
        [
            start(0, "thinking", thinking="Hm", signature="s"),
            delta(0, "signature_delta", signature="si"),
            delta(0, "signature_delta", signature="sig"),
            stop(0),
        ],
        [ReasoningPart("Hm", "full", {"type": "thinking", "thinking": "Hm", "signature": "sig"})],
    ),
    "several thoughts, each with its own signature": Case(
        [
            event
            for index, thought in enumerate("ab")
            for event in (
                start(index, "thinking", thinking=thought),
                delta(index, "signature_delta", signature=thought * 2),
                stop(index),
            )
        ],
        [
            ReasoningPart("a", "full", {"type": "thinking", "thinking": "a", "signature": "aa"}),
            ReasoningPart("b", "full", {"type": "thinking", "thinking": "b", "signature": "bb"}),
        ],
    ),
    "redacted thinking": Case(
        [start(0, "redacted_thinking", data="x"), stop(0), *text(1, "a")],
        [ReasoningPart("", "redacted", {"type": "redacted_thinking", "data": "x"}), said("a")],
    ),
    "a tool call": Case(
        [
            start(0, "tool_use", id="t1", name="f", input={}, caller={"type": "direct"}),
            delta(0, "input_json_delta", partial_json=""),
            delta(0, "input_json_delta", partial_json='{"a": '),
            delta(0, "input_json_delta", partial_json="1}"),
            stop(0),
        ],
        [call('{"a": 1}', caller={"type": "direct"})],
    ),
    "a tool without arguments": Case(
        [
            start(0, "tool_use", id="t1", name="f", input={}),
            delta(0, "input_json_delta", partial_json=""),
            stop(0),
            start(1, "tool_use", id="t2", name="f", input={}),
            stop(1),
        ],
        [call("{}"), call("{}", "t2")],
    ),
    "an input that is whole at the start": Case(
        [start(0, "tool_use", id="t1", name="f", input={"a": [1]}), stop(0)], [call('{"a":[1]}')]
    ),
    "an input that comes again in pieces": Case(
        [
            start(0, "tool_use", id="t1", name="f", input={"a": 1}),
            delta(0, "input_json_delta", partial_json='{"a":1}'),
            stop(0),
        ],
        [call('{"a":1}')],
    ),
    "an input that was cut off, which is not sent back": Case(
        [
            start(0, "tool_use", id="t1", name="f", input={}),
            delta(0, "input_json_delta", partial_json='{"a'),
            stop(0),
        ],
        [ToolCallPart(ToolCall("t1", "f", '{"a'))],
        native=[],
    ),
    "a text, a call, a text": Case(
        [*text(0, "a"), start(1, "tool_use", id="t1", name="f", input={}), stop(1), *text(2, "b")],
        [said("a"), call("{}"), said("b")],
    ),
    "what the server runs itself, and what it gave": Case(
        [
            start(0, "server_tool_use", id="s1", name="web_search", input={}),
            delta(0, "input_json_delta", partial_json='{"query":'),
            delta(0, "input_json_delta", partial_json=' "x"}'),
            stop(0),
            start(1, "web_search_tool_result", tool_use_id="s1", content=[{"encrypted_content": "e"}]),
            stop(1),
        ],
        [
            ProviderPart("server_tool_use", {**SEARCH, "input": {"query": "x"}}),
            ProviderPart(
                "web_search_tool_result",
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"encrypted_content": "e"}]},
            ),
        ],
    ),
    "a server's call that was cut off, which is not sent back": Case(
        [
            start(0, "server_tool_use", id="s1", name="web_search", input={}),
            delta(0, "input_json_delta", partial_json='{"q'),
            stop(0),
        ],
        [ProviderPart("server_tool_use", {**SEARCH, "input": '{"q'})],
        native=[],
    ),
    "a compaction": Case(
        [
            start(0, "compaction", content=None),
            delta(0, "compaction_delta", content="So far", encrypted_content="e"),
            stop(0),
        ],
        [ProviderPart("compaction", {"type": "compaction", "content": "So far", "encrypted_content": "e"})],
    ),
    "another model goes on": Case(
        [start(0, "fallback", **{"from": {"model": "a"}, "to": {"model": "b"}}), stop(0), *text(1, "Hi")],
        [ProviderPart("fallback", {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}), said("Hi")],
    ),
    "blocks that take turns": Case(
        [
            start(0, "text", text=""),
            start(1, "text", text=""),
            delta(0, "text_delta", text="a"),
            delta(1, "text_delta", text="x"),
            delta(0, "text_delta", text="b"),
            stop(1),
            delta(0, "text_delta", text="c"),
            stop(0),
        ],
        [said("abc"), said("x")],
    ),
    "thoughts that take turns": Case(
        [
            start(0, "thinking", thinking=""),
            start(1, "redacted_thinking", data="x"),
            stop(1),
            delta(0, "thinking_delta", thinking="a"),
            stop(0),
        ],
        [
            ReasoningPart("a", "full", {"type": "thinking", "thinking": "a"}),
            ReasoningPart("", "redacted", {"type": "redacted_thinking", "data": "x"}),
        ],
    ),
    "calls that take turns": Case(
        [
            start(0, "tool_use", id="t1", name="f", input={}),
            start(1, "tool_use", id="t2", name="f", input={}),
            delta(0, "input_json_delta", partial_json="[1"),
            delta(1, "input_json_delta", partial_json="[2"),
            delta(0, "input_json_delta", partial_json="]"),
            delta(1, "input_json_delta", partial_json="]"),
            stop(0),
            stop(1),
        ],
        [call("[1]"), call("[2]", "t2")],
    ),
    "all in message_start, when code has called a tool": Case(
        [],
        [call('{"a":1}')],
        begin=[
            message_start(
                content=[{"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}], stop_reason="tool_use"
            )
        ],
        end=[{"type": "message_stop"}],
        reason="tool_use",
    ),
    "no block at all": Case([], [], end=[message_delta("stop_sequence"), END[1]], reason="stop_sequence"),
    "message_start comes late": Case([message_start()], [said("a")], begin=[*text(0, "a")]),
    "message_start comes again": Case(
        [message_start(), *text(0, "a"), message_start()], [said("a")], anomalies={"start_repeated"}
    ),
    "a block's start comes again": Case(
        [
            start(0, "text", text=""),
            delta(0, "text_delta", text="a"),
            start(0, "text", text=""),
            delta(0, "text_delta", text="b"),
            stop(0),
        ],
        [said("ab")],
        anomalies={"start_repeated"},
    ),
    "one index for all blocks": Case([*text(0, "a"), *text(0, "b")], [said("a"), said("b")]),
    "blocks that are not closed": Case(
        [
            start(0, "text", text=""),
            delta(0, "text_delta", text="a"),
            start(0, "tool_use", id="t1", name="f", input={}),
            delta(0, "input_json_delta", partial_json="[1]"),
        ],
        [said("a"), call("[1]")],
        anomalies={"unclosed_part"},
    ),
    "blocks that are not opened": Case(
        [
            delta(0, "text_delta", text="a"),
            delta(0, "text_delta", text="b"),
            stop(0),
            delta(1, "thinking_delta", thinking="Hm"),
            stop(1),
            delta(2, "signature_delta", signature="s"),
            stop(2),
        ],
        [said("ab"), ReasoningPart("Hm", "full", {"type": "thinking", "thinking": "Hm"})],
        anomalies={"unannounced_part"},
    ),
    "a call that is not opened": Case(
        [delta(0, "input_json_delta", partial_json="[1]"), stop(0)],
        [ToolCallPart(ToolCall("", "", "[1]"), {"type": "tool_use", "id": "", "name": "", "input": [1]})],
        anomalies={"unannounced_part", "missing_call_id"},
    ),
    "no index": Case(
        [
            {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}},
            {"type": "content_block_stop"},
        ],
        [said("a")],
        anomalies={"missing_index"},
    ),
    "an unknown event": Case([{"type": "citation_hint", "x": 1}, *text(0, "a")], [said("a")], {"unknown_event"}),
    "an unknown delta, with which its block is not whole": Case(
        [start(0, "text", text=""), delta(0, "text_delta", text="a"), delta(0, "style_delta", style="x"), stop(0)],
        [TextPart("a")],
        anomalies={"unknown_delta"},
        native=[{"type": "text", "text": "a"}],
    ),
    "a delta in a block of another type": Case(
        [start(0, "thinking", thinking="Hm"), delta(0, "text_delta", text="a"), stop(0)],
        [ReasoningPart("Hm")],
        anomalies={"unknown_delta"},
        native=[],
    ),
    "an unknown block": Case(
        [start(0, "poem", verses=["a"]), stop(0)], [ProviderPart("poem", {"type": "poem", "verses": ["a"]})]
    ),
    "values of other types": Case(
        [
            {"type": "content_block_start", "index": 0, "content_block": "text"},
            {"type": "content_block_delta", "index": 0, "delta": "a"},
            start(0, "text", text=None),
            delta(0, "text_delta", text=["a"]),
            delta(0, "text_delta", text="b"),
            stop(0),
            start(1, "tool_use", id=1, name="f", input={}),
            delta(1, "input_json_delta", partial_json={"a": 1}),
            stop(1),
            {"type": "content_block_start", "index": 2, "content_block": {"type": 7}},
            stop(2),
        ],
        [
            said("b"),
            ToolCallPart(ToolCall("", "f", "{}"), {"type": "tool_use", "id": 1, "name": "f", "input": {}}),
            ProviderPart("unknown", {"type": 7}),
        ],
        anomalies={"odd_type"},
    ),
    "JSON that is not quite JSON": Case(
        ['data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a\tb"}}', stop(0)],
        [said("a\tb")],
        anomalies={"loose_json"},
    ),
    "a keep-alive as data": Case(["data:", *text(0, "a")], [said("a")], anomalies={"keepalive_as_data"}),
    "pings anywhere": Case(
        [
            'event: ping\ndata: {"type": "ping"}',
            start(0, "text", text=""),
            'event: ping\ndata: {"type": "ping"}',
            delta(0, "text_delta", text="a"),
            stop(0),
            'event: ping\ndata: {"type": "ping"}',
        ],
        [said("a")],
    ),
    "[DONE] after the end": Case([*text(0, "a")], [said("a")], end=[*END, "data: [DONE]"]),
    "[DONE] instead of the end": Case(
        [*text(0, "a")], [said("a")], {"missing_done"}, end=[message_delta(), "data: [DONE]"]
    ),
    "no message_stop": Case([*text(0, "a")], [said("a")], {"missing_done"}, end=[message_delta()]),
    "no message_stop, and an open block": Case(
        [start(0, "text", text="a")], [said("a")], {"missing_done", "unclosed_part"}, end=[message_delta()]
    ),
    "more after the end": Case(
        [*text(0, "a")], [said("a")], {"data_after_done"}, end=[*END, message_start("other"), *text(0, "b"), *END]
    ),
    "an error after the end": Case(
        [*text(0, "a")], [said("a")], {"data_after_done"}, end=[*END, {"type": "error", "error": {"message": "no"}}]
    ),
    "two stop reasons": Case(
        [*text(0, "a")], [said("a")], {"finish_repeated"}, end=[message_delta("max_tokens"), *END]
    ),
    "an empty stop reason, then another": Case(
        [*text(0, "a")], [said("a")], {"empty_finish_reason"}, end=[message_delta(""), *END]
    ),
    "odd ends": Case(
        [*text(0, "a")],
        [said("a")],
        {"odd_type"},
        end=[
            {"type": "message_delta", "delta": "end", "usage": 7},
            message_delta(["end_turn"]),  # type: ignore[arg-type]  # as no server should
            *END,
        ],
    ),
    "the whole message again": Case(
        [*text(0, "a"), {"type": "message", "content": [{"type": "text", "text": "a"}]}],
        [said("a")],
        {"message_repeated"},
    ),
    "odd content in message_start": Case(
        [], [said("a")], {"odd_type"}, begin=[message_start(content=["x", {"type": "text", "text": "a"}])]
    ),
    "a message_start without a message": Case(
        [*text(0, "a")], [said("a")], {"odd_type"}, begin=[{"type": "message_start"}]
    ),
}


def body_of(case: Case) -> bytes:
    return framed(*case.begin, *case.events, *case.end)


@pytest.mark.parametrize("name", CASES)
def test_a_rule(name: str) -> None:
    case = CASES[name]
    body = body_of(case)
    whole = read([body], AnthropicMessages())
    assert whole.error is None
    message = whole.completion.message
    assert message.parts == case.parts
    assert set(whole.anomalies) == case.anomalies
    assert whole.completion.finish_reason == case.reason
    natives = [part.native for part in case.parts] if case.native is None else case.native
    assert message.to_native() == {"role": "assistant", "content": natives}
    for pieces in (bytewise(body), *every_cut(body)):
        assert same(read(pieces, AnthropicMessages()), whole)


KINDS: set[AnomalyKind] = {"unknown_event", "unknown_delta", "start_repeated", "unannounced_part", "unclosed_part"}


def test_each_kind_of_anomaly_of_this_format_has_its_row() -> None:
    assert KINDS <= set(get_args(AnomalyKind))
    assert KINDS <= {kind for case in CASES.values() for kind in case.anomalies}


def test_the_events_of_a_turn() -> None:
    body = framed(
        message_start(usage={"input_tokens": 3, "output_tokens": 1}),
        start(0, "thinking", thinking=""),
        delta(0, "thinking_delta", thinking="Hm"),
        delta(0, "signature_delta", signature="sig"),
        stop(0),
        *text(1, "Hi"),
        start(2, "tool_use", id="t1", name="f", input={}),
        delta(2, "input_json_delta", partial_json="{}"),
        stop(2),
        message_delta("tool_use", {"output_tokens": 9}),
        {"type": "message_stop"},
    )
    outcome = read([body])
    thought = ReasoningPart("Hm", "full", {"type": "thinking", "thinking": "Hm", "signature": "sig"})
    expected: list[ChatEvent] = [
        UsageReported(Usage(3, 1, extra={"input_tokens": 3, "output_tokens": 1})),
        PartStarted(0, "reasoning"),
        ReasoningDelta("Hm"),
        PartDone(0, thought),
        PartStarted(1, "text"),
        TextDelta("Hi"),
        PartDone(1, said("Hi")),
        PartStarted(2, "tool_call"),
        ToolCallStarted(0, "t1", "f"),
        ToolCallDelta(0, "{}"),
        ToolCallDone(0, ToolCall("t1", "f", "{}")),
        PartDone(2, call("{}")),
        ChoiceFinished("tool_use"),
        UsageReported(Usage(3, 9, extra={"output_tokens": 9})),
        StreamDone(outcome.completion),
    ]
    assert outcome.events == expected
    assert outcome.completion.to_dict()["choices"][0]["finish_reason"] == "tool_calls"


# Usage: what message_start says, what each message_delta says, and what is known in the end.
USAGES: dict[str, tuple[Event | None, list[Event], dict[str, int | None], set[AnomalyKind]]] = {
    "counts are cumulative": (
        {"input_tokens": 10, "output_tokens": 1},
        [{"output_tokens": 5}, {"output_tokens": 9}],
        {"prompt_tokens": 10, "completion_tokens": 9},
        set(),
    ),
    "the prompt is a sum of three": (
        {"input_tokens": 1, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 300, "output_tokens": 1},
        [{"output_tokens": 2}],
        {"prompt_tokens": 321, "completion_tokens": 2},
        set(),
    ),
    "the input grows": (
        {"input_tokens": 10, "output_tokens": 1},
        [{"input_tokens": 200, "output_tokens": 5}],
        {"prompt_tokens": 200, "completion_tokens": 5},
        set(),
    ),
    "the cache is read once, and not again": (
        {"input_tokens": 10, "cache_read_input_tokens": 50},
        [{"input_tokens": 20, "cache_read_input_tokens": 0, "output_tokens": 5}],
        {"prompt_tokens": 20, "completion_tokens": 5},
        set(),
    ),
    "null says nothing": (
        {"input_tokens": 10, "cache_read_input_tokens": None},
        [{"input_tokens": None, "output_tokens": 5}],
        {"prompt_tokens": 10, "completion_tokens": 5},
        set(),
    ),
    "a gateway that knows no input writes 0": (
        {"input_tokens": 10, "output_tokens": 0},
        [{"input_tokens": 0, "output_tokens": 5}],
        {"prompt_tokens": 10, "completion_tokens": 5},
        {"usage_fell"},
    ),
    "nothing at the start": (None, [{"input_tokens": 7, "output_tokens": 5}], {"prompt_tokens": 7}, set()),
    "no usage in message_delta": ({"input_tokens": 7}, [], {"prompt_tokens": 7, "completion_tokens": None}, set()),
}


@pytest.mark.parametrize("name", USAGES)
def test_usage(name: str) -> None:
    begin, reports, counts, anomalies = USAGES[name]
    first = message_start() if begin is None else message_start(usage=begin)
    body = framed(first, *(message_delta(None, report) for report in reports), *END)
    for pieces in ([body], bytewise(body)):
        outcome = read(pieces)
        usage = outcome.completion.usage
        assert usage is not None
        assert usage.total_tokens is None
        assert {count: getattr(usage, count) for count in counts} == counts
        assert set(outcome.anomalies) == anomalies
        last = {
            name: value for report in (begin or {}, *reports) for name, value in report.items() if value is not None
        }
        assert {name: value for name, value in usage.extra.items() if value is not None} == last


def test_the_details_of_usage() -> None:
    sent = {
        "input_tokens": 1,
        "cache_read_input_tokens": 2,
        "cache_creation_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 3},
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 4},
        "server_tool_use": {"web_search_requests": 1},
        "iterations": [{"type": "message", "input_tokens": 1}],
    }
    usage = read([framed(message_start(), message_delta("end_turn", sent), END[1])]).completion.usage
    assert usage is not None
    assert usage.extra == sent
    assert usage.prompt_tokens_details is not None
    assert (usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens_details.cache_write_tokens) == (2, 3)
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 4


def test_what_is_not_named_is_kept_where_it_came() -> None:
    body = framed(
        {**message_start(context={"a": 1}, stop_sequence=None), "server": "s"},
        start(0, "thinking", thinking=""),
        delta(0, "thinking_delta", thinking="Hm", estimated_tokens=50),
        delta(0, "thinking_delta", thinking="m", estimated_tokens=None),
        {**delta(0, "thinking_delta", thinking="!"), "took": 7},
        {**stop(0), "seen": True},
        {
            **message_delta("stop_sequence", stop_sequence="is", stop_details={"type": "x"}, container={"id": "c"}),
            "context_management": {"applied_edits": []},
        },
        {"type": "message_stop", "metrics": {"latency": 3}},
    )
    for pieces in ([body], bytewise(body)):
        completion = read(pieces).completion
        assert completion.extra == {
            "context": {"a": 1},
            "server": "s",
            "took": 7,
            "seen": True,
            "context_management": {"applied_edits": []},
            "metrics": {"latency": 3},
        }
        (choice,) = completion.choices
        assert choice.extra == {"stop_sequence": "is", "stop_details": {"type": "x"}, "container": {"id": "c"}}
        assert choice.message.extra == {"estimated_tokens": 50}
        assert choice.message.to_native()["content"] == [{"type": "thinking", "thinking": "Hmm!"}]


def test_two_answers_spliced_into_one_are_an_error() -> None:
    body = framed(message_start("a"), *text(0, "Hel"), message_start("b"), *text(0, "Hello"), *END)
    for pieces in ([body], *every_cut(body)):
        outcome = read(pieces)
        assert isinstance(outcome.error, ProviderError)
        assert outcome.ending == "provider_error"
        assert outcome.error.message == "another message_start before message_stop"
        assert outcome.error.body == message_start("b")
        assert (outcome.completion.text, outcome.completion.id) == ("Hel", "a")


ERRORS: dict[str, tuple[str, str | None]] = {
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}': (
        "Overloaded",
        "overloaded_error",
    ),
    'data: {"type":"error","error":{"type":"api_error","message":"no"}}': ("no", "api_error"),
    'data: {"error":{"message":"no","code":500}}': ("no", None),
    'event: error\ndata: {"message":"no"}': ("no", None),
    'event: error\ndata: {"type":"overloaded_error","message":"no"}': ("no", "overloaded_error"),
    "event: error\ndata: no": ("no", None),
    'error: {"message":"no"}': ("no", None),
    "error: no": ("no", None),
}


@pytest.mark.parametrize("event", ERRORS)
def test_an_error_after_all_that_came_before_it(event: str) -> None:
    message, kind = ERRORS[event]
    body = framed(message_start(), *text(0, "Hi"), event)
    for pieces in ([body], *every_cut(body)):
        outcome = read(pieces)
        assert isinstance(outcome.error, ProviderError)
        assert (outcome.error.message, outcome.error.type) == (message, kind)
        assert outcome.error.completion.text == outcome.completion.text == "Hi"


@pytest.mark.parametrize(
    ("event", "failing"),
    [
        (message_start(), False),
        (start(0, "text", text=""), False),
        (delta(0, "text_delta", text="Hi"), False),
        (stop(0), False),
        (message_delta(), False),
        ({"type": "message_stop"}, False),
        ({"type": "ping"}, False),
        ({"type": "novel"}, True),
        ({"type": "message"}, True),
        ({"type": "error"}, True),
    ],
)
def test_an_error_beside_what_is_known_is_only_a_field(event: Event, failing: bool) -> None:
    items = AnthropicMessages().decode(ServerSentEvent(json.dumps({**event, "error": {"message": "no"}})))
    assert any(isinstance(item, Failure) for item in items) is failing


@pytest.mark.parametrize("data", ["[]", "7", '"a"', "{", "Hi"])
def test_what_is_no_event(data: str) -> None:
    outcome = read([framed(message_start(), *text(0, "Hi"), f"data: {data}")], AnthropicMessages())
    assert isinstance(outcome.error, ChunkDecodeError)
    assert outcome.completion.text == "Hi"


def test_pings_are_delivered_where_they_are_asked_for() -> None:
    decoder = ChatDecoder(dialect=AnthropicMessages(), keepalives=True)
    assert list(decoder.feed(framed('event: ping\ndata: {"type": "ping"}'))) == [KeepAlive('{"type": "ping"}')]


# What is sent back of a turn that was cut off: what the endpoint accepts.
CUT_OFF: list[tuple[list[Event], list[Any]]] = [
    ([start(0, "thinking", thinking=""), delta(0, "thinking_delta", thinking="Hm")], []),
    ([start(0, "thinking", thinking=""), delta(0, "signature_delta", signature="s")], []),
    ([start(0, "text", text=""), delta(0, "text_delta", text="Hel")], [{"type": "text", "text": "Hel"}]),
    ([*text(0, "Hi"), start(1, "text", text="")], [{"type": "text", "text": "Hi"}]),
    ([start(0, "tool_use", id="t1", name="f", input={}), delta(0, "input_json_delta", partial_json="{}")], []),
    ([start(0, "server_tool_use", id="s1", name="f", input={"a": 1})], []),
    ([start(0, "redacted_thinking", data="x")], []),
]


@pytest.mark.parametrize(("events", "native"), CUT_OFF)
def test_what_goes_back_of_a_turn_that_was_cut_off(events: list[Event], native: list[Any]) -> None:
    outcome = read([framed(message_start(), *events)])
    assert isinstance(outcome.error, IncompleteStreamError)
    assert "no message_stop came" in str(outcome.error)
    assert outcome.completion.message.to_native() == {"role": "assistant", "content": native}


def test_a_message_that_was_made_by_hand_goes_back_as_far_as_it_can() -> None:
    message = Message(content="Hi", reasoning="Hm", dialect="anthropic_messages")
    assert message.to_native() == {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}


def test_what_goes_back_is_the_callers_own() -> None:
    message = read([body_of(CASES["a tool call"])]).completion.message
    message.to_native()["content"][0]["input"].clear()
    assert message.to_native()["content"][0]["input"] == {"a": 1}


def items_of(*events: Event) -> list[Item]:
    """What the tolerant path makes of the last of these events."""
    dialect = AnthropicMessages()
    return [list(dialect.decode(ServerSentEvent(json.dumps(event)))) for event in events][-1]


def test_what_a_message_begins_with_and_the_model_has_is_not_extra() -> None:
    stops: Event = {"stop_reason": None, "stop_sequence": None, "stop_details": {"a": 1}}
    (begun,) = items_of(message_start(usage={"input_tokens": 1}, novel=2, nothing=None, **stops))
    assert isinstance(begun, ChatCompletionChunk)
    assert (begun.id, begun.model, begun.choices[0].delta.role) == ("m", "claude", "assistant")
    assert begun.extra == {"novel": 2}


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        (start(0, "text", text=""), [PartStart]),
        (stop(0), [PartEnd]),
        ({"type": "message_stop"}, [PartEnd, Done]),
    ],
)
def test_only_what_is_beside_an_event_makes_another_chunk(event: Event, kinds: list[type[Item]]) -> None:
    before = [message_start()] + ([start(0, "text", text="")] if event["type"] != "content_block_start" else [])
    found = items_of(*before, event)
    assert [type(item) for item in found if not isinstance(item, AnomalyFound)] == kinds
    found = items_of(*before, {**event, "novel": 1, "nothing": None})
    assert [item.extra for item in found if isinstance(item, ChatCompletionChunk)] == [{"novel": 1}]


def test_a_reason_that_is_empty_or_no_text_is_none() -> None:
    for reason, anomaly in (
        ("", AnomalyFound("empty_finish_reason", "stop_reason: ''")),
        (5, AnomalyFound("odd_type", "stop_reason: 5")),
    ):
        found, chunk = items_of(message_start(), {"type": "message_delta", "delta": {"stop_reason": reason}})
        assert found == anomaly
        assert isinstance(chunk, ChatCompletionChunk)
        assert chunk.choices[0].finish_reason is None


@pytest.mark.parametrize(
    ("pieces", "rest"), [([], '{"a":1}'), ([""], '{"a":1}'), (["", ""], '{"a":1}'), (["{}"], None), (["", "{}"], None)]
)
def test_the_input_that_a_call_begins_with_counts_if_no_piece_says_another(pieces: list[str], rest: str | None) -> None:
    found = items_of(
        message_start(),
        start(0, "tool_use", id="t1", name="f", input={"a": 1}),
        *(delta(0, "input_json_delta", partial_json=piece) for piece in pieces),
        stop(0),
    )
    calls = [call for item in found if isinstance(item, ChatCompletionChunk) for call in _calls(item)]
    assert [call.function.arguments for call in calls if call.function] == ([] if rest is None else [rest])


def test_a_call_begins_with_its_id_and_name() -> None:
    _, chunk = items_of(message_start(), start(0, "tool_use", id="t1", name="f", input={}))
    assert isinstance(chunk, ChatCompletionChunk)
    assert _calls(chunk) == [ChoiceDeltaToolCall(0, "t1", "function", ChoiceDeltaFunctionCall("f"))]


def _calls(chunk: ChatCompletionChunk) -> list[ChoiceDeltaToolCall]:
    return [call for choice in chunk.choices for call in choice.delta.tool_calls or []]


@pytest.mark.parametrize(
    ("sent", "prompt", "completion"),
    [
        ({}, None, None),
        ({"output_tokens": 3}, None, 3),
        ({"input_tokens": 0}, 0, None),
        ({"cache_read_input_tokens": 2}, 2, None),
        ({"input_tokens": 1, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 4}, 7, None),
    ],
)
def test_a_count_that_is_not_sent_is_not_known(sent: Event, prompt: int | None, completion: int | None) -> None:
    chunk = items_of(message_start(), message_delta(usage=sent))[-1]
    assert isinstance(chunk, ChatCompletionChunk)
    assert chunk.usage is not None
    assert (chunk.usage.prompt_tokens, chunk.usage.completion_tokens) == (prompt, completion)


TEXT_DELTA = {"type": "citations_delta", "citation": 2}


@pytest.mark.parametrize(
    ("began", "text", "deltas", "block"),
    [
        ({"type": "text"}, "Hi", [TEXT_DELTA], {"type": "text", "text": "Hi", "citations": [2]}),
        ({"type": "text", "citations": [1]}, "", [TEXT_DELTA], {"type": "text", "text": "", "citations": [1, 2]}),
        ({"type": "text", "citations": [1]}, "", [], {"type": "text", "text": "", "citations": [1]}),
        ({"type": "text", "citations": None}, "", [TEXT_DELTA], {"type": "text", "text": "", "citations": [2]}),
        (
            {"type": "thinking", "signature": ""},
            "Hm",
            [{"type": "signature_delta", "signature": "s"}],
            {"type": "thinking", "thinking": "Hm", "signature": "s"},
        ),
        ({"type": "tool_use", "input": {}}, ' {"a":1}', [], {"type": "tool_use", "input": {"a": 1}}),
        ({"type": "tool_use", "input": {"a": 1}}, " ", [], {"type": "tool_use", "input": {"a": 1}}),
        ({"type": "tool_use", "input": {}}, '{"a":', [], None),
        ({"type": "server_tool_use", "input": {}}, '{"a":', [], {"type": "server_tool_use", "input": '{"a":'}),
        (
            {"type": "compaction", "novel": 1},
            "",
            [{"type": "compaction_delta", "content": "x"}],
            {"type": "compaction", "novel": 1, "content": "x", "encrypted_content": None},
        ),
        ({"type": "text"}, "Hi", [{"type": "novel_delta"}], None),
        ({"type": 5}, "", [], {"type": 5}),
    ],
)
def test_a_block_is_made_of_how_it_begins_and_its_deltas(
    began: Event, text: str, deltas: list[Event], block: Event | None
) -> None:
    before = json.dumps(began)
    assert whole_block(began, text, deltas) == block
    assert json.dumps(began) == before


@pytest.mark.parametrize(
    ("part", "back"),
    [
        (TextPart("Hi", [], {"type": "text", "text": "Hi"}), [{"type": "text", "text": "Hi"}]),
        (TextPart("", [], {"type": "text", "text": ""}), []),
        (TextPart("", [], {"type": "text", "text": "", "citations": []}), []),
        (TextPart("", [], {"type": "text", "citations": [1]}), [{"type": "text", "citations": [1]}]),
        (TextPart("Hi"), [{"type": "text", "text": "Hi"}]),
        (TextPart(""), []),
        (ReasoningPart("Hm"), []),
        (ProviderPart("x", {"type": "x", "input": '{"a":'}), []),
        (ProviderPart("x", {"type": "x", "input": {"a": 1}}), [{"type": "x", "input": {"a": 1}}]),
        (ProviderPart("x", {"type": "x"}), [{"type": "x"}]),
    ],
)
def test_what_the_endpoint_would_refuse_does_not_go_back(part: Part, back: list[Event]) -> None:
    assert anthropic_turn(Message(parts=[part])) == {"role": "assistant", "content": back}


def test_a_whole_message_in_one_event() -> None:
    message = {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    outcome = read([framed(message)])
    completion = outcome.completion
    assert (completion.id, completion.model, completion.text) == ("m", "claude", "Hi")
    assert (completion.finish_reason, outcome.ending, outcome.anomalies) == ("tool_use", "complete", {})
    assert completion.usage == Usage(3, 4, extra={"input_tokens": 3, "output_tokens": 4})
    assert completion.message.to_native()["content"] == message["content"]


def test_what_only_the_server_reads_is_bounded() -> None:
    pieces = [
        framed(message_start(), start(0, "server_tool_use", id="s", name="f", input={})),
        *[framed(delta(0, "input_json_delta", partial_json="x" * 1000))] * 50,
    ]
    citations = [
        framed(message_start(), start(0, "text", text="")),
        *[framed(delta(0, "citations_delta", citation={"cited_text": "x" * 1000}))] * 50,
    ]
    blocks = [framed(message_start()), *(framed(start(index, "result", content="x" * 1000)) for index in range(50))]
    for stream in (pieces, citations, blocks):
        decoder = ChatDecoder(limits=Limits(output_size=20_000))
        with pytest.raises(OutputTooLargeError):
            for piece in stream:
                list(decoder.feed(piece))


def test_each_event_is_a_value_and_encodes() -> None:
    for case in CASES.values():
        for event in read([body_of(case)], AnthropicMessages()).events:
            assert msgspec.json.decode(msgspec.json.encode(event), type=ChatEvent) == event
