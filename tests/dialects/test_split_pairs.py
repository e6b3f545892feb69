"""Surrogate pairs that a server splits between pieces, in the formats other than OpenAI's chats.

JSON can express half a pair, `"\\ud83d"`. A proxy that cuts text by UTF-16 units, as JavaScript does, sends such halves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from sse_stream import ChatDecoder
from sse_stream.dialects import AnthropicMessages, Dialect, GeminiContent, OpenAIResponses
from sse_stream.testing import bytewise, every_cut

HIGH, LOW = "\ud83d", "\ude00"

Object = dict[str, Any]


def body(*events: Object) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


# ---------------------------------------------------------------- bodies with one text in these pieces


def anthropic(block: Object, kind: str, field: str) -> Callable[[Sequence[str], bool], bytes]:
    def made(pieces: Sequence[str], is_whole: bool) -> bytes:
        events: list[Object] = [
            {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": []}},
            {"type": "content_block_start", "index": 0, "content_block": block},
            *({"type": "content_block_delta", "index": 0, "delta": {"type": kind, field: piece}} for piece in pieces),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop"},
        ]
        return body(*events[: None if is_whole else 2 + len(pieces)])

    return made


def responses(stem: str, item: Object, done: Callable[[str], Object]) -> Callable[[Sequence[str], bool], bytes]:
    def made(pieces: Sequence[str], is_whole: bool) -> bytes:
        text = "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        events: list[Object] = [
            {"type": "response.created", "response": {"id": "r", "object": "response"}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            *({"type": f"response.{stem}.delta", "output_index": 0, "delta": piece} for piece in pieces),
            {"type": "response.output_item.done", "output_index": 0, "item": {**item, **done(text)}},
            {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}},
        ]
        return body(*events[: None if is_whole else 2 + len(pieces)])

    return made


def gemini(*, is_wrapped: bool = False, **fields: Any) -> Callable[[Sequence[str], bool], bytes]:
    def made(pieces: Sequence[str], is_whole: bool) -> bytes:
        texts = [{"candidates": [{"content": {"role": "model", "parts": [{"text": p, **fields}]}}]} for p in pieces]
        end = [{"candidates": [{"finishReason": "STOP"}]}] if is_whole else []
        said: list[dict[str, Any]] = [*texts, *end]
        return body(*([{"response": response} for response in said] if is_wrapped else said))

    return made


@dataclass(frozen=True)
class Text:
    """A kind of text in a format."""

    dialect: type[Dialect]
    made: Callable[[Sequence[str], bool], bytes]


TOOL = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
CALL = {"type": "function_call", "id": "i", "call_id": "c", "name": "f", "arguments": ""}
TEXTS = {
    "text of Anthropic": Text(AnthropicMessages, anthropic({"type": "text", "text": ""}, "text_delta", "text")),
    "thinking of Anthropic": Text(
        AnthropicMessages, anthropic({"type": "thinking", "thinking": ""}, "thinking_delta", "thinking")
    ),
    "input of Anthropic": Text(AnthropicMessages, anthropic(TOOL, "input_json_delta", "partial_json")),
    "text of Responses": Text(
        OpenAIResponses,
        responses(
            "output_text",
            {"type": "message", "id": "i", "role": "assistant"},
            lambda text: {"content": [{"type": "output_text", "text": text}]},
        ),
    ),
    "refusal of Responses": Text(
        OpenAIResponses,
        responses(
            "refusal",
            {"type": "message", "id": "i", "role": "assistant"},
            lambda text: {"content": [{"type": "refusal", "refusal": text}]},
        ),
    ),
    "summary of Responses": Text(
        OpenAIResponses,
        responses(
            "reasoning_summary_text",
            {"type": "reasoning", "id": "i"},
            lambda text: {"summary": [{"type": "summary_text", "text": text}]},
        ),
    ),
    "arguments of Responses": Text(
        OpenAIResponses, responses("function_call_arguments", CALL, lambda text: {"arguments": text})
    ),
    "text of Gemini": Text(GeminiContent, gemini()),
    "thoughts of Gemini": Text(GeminiContent, gemini(thought=True)),
    "text of Code Assist": Text(GeminiContent, gemini(is_wrapped=True)),
}


@dataclass(frozen=True)
class Outcome:
    """What came of a body."""

    text: str
    deltas: str
    native: str
    ending: str
    anomalies: frozenset[str]


def read(pieces: Sequence[bytes], dialect: type[Dialect] | None) -> Outcome:
    decoder = ChatDecoder(dialect=None if dialect is None else dialect())
    events = [event for data in pieces for event in decoder.feed(data)]
    try:
        events += decoder.close()
    except Exception:
        assert decoder.ending == "truncated"
    message = decoder.completion.message
    calls = "".join(call.arguments for call in message.tool_calls)
    deltas = "".join(
        getattr(event, "text", "") or getattr(event, "arguments", "")
        for event in events
        if "Delta" in type(event).__name__
    )
    return Outcome(
        (message.content or "") + (message.reasoning or "") + (message.refusal or "") + calls,
        deltas,
        json.dumps(message.to_native(), ensure_ascii=False),
        decoder.ending,
        frozenset(anomaly.kind for anomaly in decoder.anomalies),
    )


SPLIT, LONE = frozenset({"split_surrogate"}), frozenset({"lone_surrogate"})

# The pieces, the text that they are, and what is odd about them. All of them are texts in a JSON string.
ROWS: dict[str, tuple[list[str], str, frozenset[str]]] = {
    "in two pieces": (['"a' + HIGH, LOW + 'b"'], '"a😀b"', SPLIT),
    "a piece of its own each": (['"', HIGH, LOW, '"'], '"😀"', SPLIT),
    "two pairs, one after the other": (['"' + HIGH, LOW + HIGH, LOW + '"'], '"😀😀"', SPLIT),
    "after pieces that are alike": (['"', *["x"] * 9, HIGH, LOW, *["y"] * 9, '"'], '"xxxxxxxxx😀yyyyyyyyy"', SPLIT),
    "without its other half": (['"a' + HIGH, 'b"'], '"a\ufffdb"', LONE),
    "without its other half, in a piece of its own": (['"', *["x"] * 9, HIGH, *["y"] * 9, '"'], '"xxxxxxxxx\ufffdyyyyyyyyy"', LONE),
    "the second half alone": (['"a', LOW + 'b"'], '"a\ufffdb"', LONE),
    "the same half twice": (['"' + HIGH, HIGH, LOW + '"'], '"\ufffd😀"', SPLIT | LONE),
    "within one piece": (['"a' + HIGH + LOW, 'b"'], '"a😀b"', frozenset()),
    "half at the end": (['"a', "b" + HIGH], '"ab\ufffd', LONE),
}  # fmt: skip


@pytest.mark.parametrize("is_detected", [False, True], ids=["given", "detected"])
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", TEXTS)
def test_halves_are_rejoined_in_their_text(name: str, row: str, is_detected: bool) -> None:
    text = TEXTS[name]
    pieces, whole, kinds = ROWS[row]
    outcome = read([text.made(pieces, True)], None if is_detected else text.dialect)
    assert (outcome.text, outcome.deltas, outcome.ending) == (whole, whole, "complete")
    assert outcome.anomalies == kinds
    if name != "input of Anthropic":  # whose JSON has to be an object
        assert whole.strip('"') in outcome.native


@pytest.mark.slow
@pytest.mark.parametrize("row", ["in two pieces", "without its other half", "the same half twice"])
@pytest.mark.parametrize("name", TEXTS)
def test_cutting_changes_nothing(name: str, row: str) -> None:
    text = TEXTS[name]
    data = text.made(ROWS[row][0], True)
    expected = read([data], None)
    for pieces in (bytewise(data), *every_cut(data)):
        assert read(pieces, None) == expected


def streamed_arguments(pieces: Sequence[str], *, is_wrapped: bool) -> bytes:
    values: list[Object] = [{"jsonPath": "$.a", "stringValue": piece, "willContinue": True} for piece in pieces]
    calls: list[Object] = [
        {"name": "f", "willContinue": True},
        *({"partialArgs": [value], "willContinue": True} for value in values),
        {},
    ]
    said: list[Object] = [{"candidates": [{"content": {"parts": [{"functionCall": call}]}}]} for call in calls]
    said.append({"candidates": [{"finishReason": "STOP"}]})
    return body(*([{"response": response} for response in said] if is_wrapped else said))


@pytest.mark.parametrize("is_wrapped", [False, True])
@pytest.mark.parametrize("row", ROWS)
def test_halves_are_rejoined_in_arguments_that_gemini_streams(row: str, is_wrapped: bool) -> None:
    pieces, whole, kinds = ROWS[row]
    data = streamed_arguments(pieces, is_wrapped=is_wrapped)
    outcome = read([data], GeminiContent)
    assert outcome == read(bytewise(data), GeminiContent)
    assert outcome.text == outcome.deltas == json.dumps({"a": whole}, ensure_ascii=False, separators=(",", ":"))
    assert json.loads(outcome.native)["parts"] == [{"functionCall": {"name": "f", "args": {"a": whole}}}]
    assert (outcome.ending, outcome.anomalies) == ("complete", kinds)


@pytest.mark.parametrize("name", TEXTS)
def test_half_at_the_end_of_what_came_is_replaced(name: str) -> None:
    text = TEXTS[name]
    outcome = read([text.made(['"a', "b" + HIGH], False)], text.dialect)
    assert (outcome.text, outcome.deltas, outcome.ending) == ('"ab\ufffd', '"ab\ufffd', "truncated")
    assert outcome.anomalies >= LONE


def test_a_half_does_not_go_to_the_next_block() -> None:
    first, second = (
        {"type": "content_block_start", "index": n, "content_block": {"type": "text", "text": ""}} for n in (0, 1)
    )
    deltas = [
        {"type": "content_block_delta", "index": n, "delta": {"type": "text_delta", "text": text}}
        for n, text in ((0, "a" + HIGH), (1, LOW + "b"))
    ]  # fmt: skip
    start = {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": []}}
    stop = {"type": "content_block_stop", "index": 0}
    decoder = ChatDecoder(dialect=AnthropicMessages())
    list(decoder.feed(body(start, first, deltas[0], stop, second, deltas[1])))
    assert [part.text for part in decoder.completion.message.parts] == ["a\ufffd", "\ufffdb"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rest", "text"), [("\U0001f600b", "a😀b"), ("\ufffdb", "a\ufffdb"), ("\U0001d11eb", "a\ufffd")]
)
def test_a_whole_text_has_what_followed_a_half(rest: str, text: str) -> None:
    message = {"type": "message", "id": "i", "role": "assistant"}
    decoder = ChatDecoder(dialect=OpenAIResponses())
    events = body(
        {"type": "response.created", "response": {"id": "r", "object": "response"}},
        {"type": "response.output_item.added", "output_index": 0, "item": message},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "a" + HIGH},
        {"type": "response.output_text.done", "output_index": 0, "text": "a" + rest},
        {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}},
    )
    list(decoder.feed(events))
    assert decoder.completion.text == text


def test_halves_elsewhere_are_replaced() -> None:
    start = {"type": "message_start", "message": {"id": "m" + HIGH, "role": "assistant", "content": []}}
    decoder = ChatDecoder(dialect=AnthropicMessages())
    list(decoder.feed(body(start)))
    assert decoder.completion.id == "m\ufffd"
    assert [anomaly.kind for anomaly in decoder.anomalies] == ["loose_json"]


@pytest.mark.parametrize("tool", ["tool_use", "server_tool_use"])
def test_the_input_of_a_tool_goes_back_with_its_pairs(tool: str) -> None:
    made = anthropic({**TOOL, "type": tool}, "input_json_delta", "partial_json")
    outcome = read([made(['{"a": "' + HIGH, LOW + '"}'], True)], AnthropicMessages)
    assert '"input": {"a": "😀"}' in outcome.native
