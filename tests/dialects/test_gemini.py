"""Gemini's format, one row per rule: the events, and their expected outcome.

Each row is read whole, byte by byte, and with every split in two, with CRLF and with LF, always with the same outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import (
    AudioDelta,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    ChoiceFinished,
    ChunkDecodeError,
    Ending,
    IncompleteStreamError,
    JSONValue,
    Message,
    Part,
    PartDone,
    PartStarted,
    ProviderError,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    ServerSentEvent,
    SSEStreamError,
    StreamDone,
    TextDelta,
    TextPart,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallPart,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from sse_stream.dialects import AnomalyFound, Dialect, Done, Failure, GeminiContent, Item, OpenAIChat, PartStart, Ping
from sse_stream.dialects._formats import format_of
from sse_stream.dialects._gemini_arguments import ArgumentsText, steps_of
from sse_stream.testing import ChatRecording, ReplayServer, bytewise, chunkings, every_cut, gemini_streams, mutations


def framed(*responses: JSONValue, end: str = "\r\n") -> bytes:
    return "".join(f"data: {json.dumps(response)}{end}{end}" for response in responses).encode()


def parts(*said: dict[str, Any], **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(said), "role": "model"}, **candidate}]}


def finish(reason: str = "STOP", **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"finishReason": reason, **candidate}]}


@dataclass(frozen=True)
class Outcome:
    events: list[ChatEvent]
    completion: ChatCompletion
    ending: Ending
    error: str
    anomalies: dict[str, int]


def read(pieces: Iterable[bytes]) -> Outcome:
    decoder = ChatDecoder(dialect=GeminiContent())
    events: list[ChatEvent] = []
    error = ""
    try:
        for piece in pieces:
            events.extend(decoder.feed(piece))
        events.extend(decoder.close())
    except SSEStreamError as failure:
        assert failure.completion == decoder.completion
        error = f"{type(failure).__name__}: {failure}"
    anomalies: dict[str, int] = {anomaly.kind: anomaly.count for anomaly in decoder.anomalies}
    return Outcome(events, decoder.completion, decoder.ending, error, anomalies)


def chunks_of(*responses: JSONValue) -> list[ChatCompletionChunk]:
    decoder = ChatDecoder(dialect=GeminiContent())
    return [*decoder.feed_chunks(framed(*responses)), *decoder.close_chunks()]


@dataclass(frozen=True)
class Row:
    """A rule: responses, and what comes of them.

    Attributes:
        name: What it shows.
        responses: The events' data.
        events: The events, without `StreamDone`.
        parts: The parts of the first candidate.
        native: What goes back to the server; by default the native objects of the parts.
        finish: The first candidate's finish reason.
        ending: How the stream ends.
        anomalies: How many of each kind.
    """

    name: str
    responses: Sequence[JSONValue]
    events: Sequence[ChatEvent]
    parts: Sequence[Part] = ()
    native: Sequence[JSONValue] | None = None
    finish: str | None = "STOP"
    ending: Ending = "complete"
    anomalies: dict[str, int] = field(default_factory=dict)


def text_events(text: str, index: int = 0, native: JSONValue = None) -> list[ChatEvent]:
    native = {"text": text} if native is None else native
    return [PartStarted(index, "text"), TextDelta(text), PartDone(index, TextPart(text, [], native))]


def call_events(number: int, part: int, call: ToolCall, native: JSONValue) -> list[ChatEvent]:
    return [
        PartStarted(part, "tool_call"),
        ToolCallStarted(number, call.id, call.name),
        ToolCallDelta(number, call.arguments),
        ToolCallDone(number, call),
        PartDone(part, ToolCallPart(call, native)),
    ]


STOPPED: list[ChatEvent] = [ChoiceFinished("STOP")]
HI: list[ChatEvent] = text_events("Hi")
TEXT_HI = [TextPart("Hi", [], {"text": "Hi"})]
SIGNED = {"text": "", "thoughtSignature": "c2ln"}
LOOKUP = {"functionCall": {"name": "lookup", "args": {"city": "Zürich", "n": [1, 2.5]}}, "thoughtSignature": "c2ln"}
LOOKED_UP = ToolCall("", "lookup", '{"city":"Zürich","n":[1,2.5]}')
NOW = {"functionCall": {"name": "now", "id": "f1"}}
AGAIN = {"functionCall": {"name": "now", "args": {}}}
CODE = {"executableCode": {"language": "PYTHON", "code": "print(1)"}, "thoughtSignature": "c2ln"}
RESULT = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}}
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "aVZC"}}
SOUND = {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "AAAA"}}


def partial(*values: dict[str, Any], goes_on: bool = True, **call: Any) -> dict[str, Any]:
    said: dict[str, Any] = {**call, **({"partialArgs": list(values)} if values else {})}
    return parts({"functionCall": {**said, "willContinue": True} if goes_on else said})


def value(path: str, item: JSONValue, *, goes_on: bool = False) -> dict[str, Any]:
    kind = {str: "stringValue", bool: "boolValue", type(None): "nullValue"}.get(type(item), "numberValue")
    return {"jsonPath": path, kind: item, **({"willContinue": True} if goes_on else {})}


def streamed(name: str, arguments: Sequence[str], native: dict[str, Any], part: int = 0) -> list[ChatEvent]:
    """The events of a call whose arguments come in pieces."""
    call = ToolCall("", name, "".join(arguments))
    return [
        PartStarted(part, "tool_call"),
        ToolCallStarted(0, "", name),
        *(ToolCallDelta(0, text) for text in arguments),
        ToolCallDone(0, call),
        PartDone(part, ToolCallPart(call, native)),
    ]


ROWS = [
    Row("text", [parts({"text": "Hi"}, finishReason="STOP")], [*HI, *STOPPED], TEXT_HI),
    Row(
        "text in pieces is one part",
        [parts({"text": "H"}), parts({"text": "i"}), finish()],
        [PartStarted(0, "text"), TextDelta("H"), TextDelta("i"), HI[-1], *STOPPED],
        TEXT_HI,
    ),
    Row(
        "pieces of text in one event",
        [parts({"text": "H"}, {"text": ""}, {"text": "i", "thought": False}, finishReason="STOP")],
        [PartStarted(0, "text"), TextDelta("H"), TextDelta("i"), HI[-1], *STOPPED],
        TEXT_HI,
    ),
    Row(
        "a thought",
        [
            parts({"text": "Hm", "thought": True}),
            parts({"text": ".", "thought": True}),
            parts({"text": "Hi"}),
            finish(),
        ],
        [
            PartStarted(0, "reasoning"),
            ReasoningDelta("Hm"),
            ReasoningDelta("."),
            PartDone(0, ReasoningPart("Hm.", "full", {"text": "Hm.", "thought": True})),
            *text_events("Hi", 1),
            *STOPPED,
        ],
        [ReasoningPart("Hm.", "full", {"text": "Hm.", "thought": True}), *TEXT_HI],
    ),
    Row(
        "a signature on empty text",
        [parts({"text": "Hi"}), parts(SIGNED, finishReason="STOP")],
        [*HI, PartStarted(1, "text"), PartDone(1, TextPart("", [], SIGNED)), *STOPPED],
        [*TEXT_HI, TextPart("", [], SIGNED)],
    ),
    Row(
        "a signature on text keeps it a part of its own",
        [
            parts({"text": "H"}),
            parts({"text": "i", "thoughtSignature": "c2ln"}),
            parts({"text": "!"}, finishReason="STOP"),
        ],
        [
            *text_events("H"),
            *text_events("i", 1, {"text": "i", "thoughtSignature": "c2ln"}),
            *text_events("!", 2),
            *STOPPED,
        ],
        [
            TextPart("H", [], {"text": "H"}),
            TextPart("i", [], {"text": "i", "thoughtSignature": "c2ln"}),
            TextPart("!", [], {"text": "!"}),
        ],
    ),
    Row(
        "a signature without anything else",
        [parts({"thoughtSignature": "c2ln"}, finishReason="STOP")],
        [PartStarted(0, "text"), PartDone(0, TextPart("", [], {"thoughtSignature": "c2ln"})), *STOPPED],
        [TextPart("", [], {"thoughtSignature": "c2ln"})],
    ),
    Row(
        "a signed thought",
        [parts({"text": "Hm", "thought": True, "thoughtSignature": "c2ln"}, finishReason="STOP")],
        [
            PartStarted(0, "reasoning"),
            ReasoningDelta("Hm"),
            PartDone(0, ReasoningPart("Hm", "full", {"text": "Hm", "thought": True, "thoughtSignature": "c2ln"})),
            *STOPPED,
        ],
        [ReasoningPart("Hm", "full", {"text": "Hm", "thought": True, "thoughtSignature": "c2ln"})],
    ),
    Row(
        "empty parts say nothing",
        [parts({"text": ""}), parts({}), parts({"thought": True}), parts({"text": None}), finish()],
        STOPPED,
    ),
    Row(
        "content without parts, and none at all",
        [{"candidates": [{"content": {}}]}, {"candidates": [{"content": {"role": "model"}}]}, finish()],
        STOPPED,
    ),
    Row(
        "parallel calls, of which the first is signed",
        [parts(LOOKUP, NOW, finishReason="STOP")],
        [*call_events(0, 0, LOOKED_UP, LOOKUP), *call_events(1, 1, ToolCall("f1", "now", "{}"), NOW), *STOPPED],
        [ToolCallPart(LOOKED_UP, LOOKUP), ToolCallPart(ToolCall("f1", "now", "{}"), NOW)],
    ),
    Row(
        "the same call twice, without an id",
        [parts(AGAIN), parts(AGAIN), finish()],
        [
            *call_events(0, 0, ToolCall("", "now", "{}"), AGAIN),
            *call_events(1, 1, ToolCall("", "now", "{}"), AGAIN),
            *STOPPED,
        ],
        [ToolCallPart(ToolCall("", "now", "{}"), AGAIN)] * 2,
    ),
    Row(
        "arguments value by value, closed by an empty call",
        [
            parts({"functionCall": {"name": "f", "willContinue": True}, "thoughtSignature": "c2ln"}),
            partial(value("$.city", "Os", goes_on=True)),
            partial(value("$.city", 'lo "', goes_on=True), value("$.city", "")),
            partial(value("$.n[0]", 1), value("$.n[1]", 2.5), value("$.on.it", True), value("$.on.not", None)),
            partial(goes_on=False),
            finish(),
        ],
        [
            *streamed(
                "f",
                ['{"city":"Os', 'lo \\""', ',"n":[1,2.5],"on":{"it":true,"not":null', "}}"],
                {
                    "functionCall": {
                        "name": "f",
                        "args": {"city": 'Oslo "', "n": [1, 2.5], "on": {"it": True, "not": None}},
                    },
                    "thoughtSignature": "c2ln",
                },
            ),
            *STOPPED,
        ],
        [
            ToolCallPart(
                ToolCall("", "f", '{"city":"Oslo \\"","n":[1,2.5],"on":{"it":true,"not":null}}'),
                {
                    "functionCall": {
                        "name": "f",
                        "args": {"city": 'Oslo "', "n": [1, 2.5], "on": {"it": True, "not": None}},
                    },
                    "thoughtSignature": "c2ln",
                },
            )
        ],
    ),
    Row(
        "arguments value by value, closed by the finish",
        [partial(name="f"), partial(value("$.a", "b", goes_on=True)), finish()],
        [*streamed("f", ['{"a":"b', '"}'], {"functionCall": {"name": "f", "args": {"a": "b"}}}), *STOPPED],
        [ToolCallPart(ToolCall("", "f", '{"a":"b"}'), {"functionCall": {"name": "f", "args": {"a": "b"}}})],
    ),
    Row(
        "arguments value by value, closed by text",
        [partial(value("$.a", 1), name="f"), parts({"text": "Hi"}, finishReason="STOP")],
        [
            *streamed("f", ['{"a":1', "}"], {"functionCall": {"name": "f", "args": {"a": 1}}}),
            *text_events("Hi", 1),
            *STOPPED,
        ],
        [ToolCallPart(ToolCall("", "f", '{"a":1}'), {"functionCall": {"name": "f", "args": {"a": 1}}}), *TEXT_HI],
    ),
    Row(
        "arguments value by value, all at once",
        [partial(value("$.a", 1), name="f", goes_on=False), partial(goes_on=False), finish()],
        [*streamed("f", ['{"a":1', "}"], {"functionCall": {"name": "f", "args": {"a": 1}}}), *STOPPED],
        [ToolCallPart(ToolCall("", "f", '{"a":1}'), {"functionCall": {"name": "f", "args": {"a": 1}}})],
    ),
    Row(
        "a call that goes on without arguments",
        [partial(name="f"), partial(goes_on=False), finish()],
        [*streamed("f", ["{}"], {"functionCall": {"name": "f", "args": {}}}), *STOPPED],
        [ToolCallPart(ToolCall("", "f", "{}"), {"functionCall": {"name": "f", "args": {}}})],
    ),
    Row(
        "arguments that contradict those that came",
        [
            partial(value("$.a.b", 1), value("$.c", 2), value("$.a.d", 3), {"jsonPath": "$..x"}, name="f"),
            partial(goes_on=False),
            finish(),
        ],
        [
            *streamed(
                "f", ['{"a":{"b":1},"c":2', "}"], {"functionCall": {"name": "f", "args": {"a": {"b": 1}, "c": 2}}}
            ),
            *STOPPED,
        ],
        [
            ToolCallPart(
                ToolCall("", "f", '{"a":{"b":1},"c":2}'),
                {"functionCall": {"name": "f", "args": {"a": {"b": 1}, "c": 2}}},
            )
        ],
        anomalies={"text_contradicts": 1, "odd_type": 1},
    ),
    *(
        Row(
            f"an argument that cannot follow: {name}",
            [partial(*values, name="f", args={"a": "x"}), partial(goes_on=False), finish()],
            [*streamed("f", [text, "}"], {"functionCall": {"name": "f", "args": args}}), *STOPPED],
            [ToolCallPart(ToolCall("", "f", text + "}"), {"functionCall": {"name": "f", "args": args}})],
            anomalies=anomalies,
        )
        for name, values, text, args, anomalies in (
            ("more of a string that has ended", [value("$.a", "y")], '{"a":"x"', {"a": "x"}, {"text_contradicts": 1}),
            (
                "a number where a string is open",
                [value("$.b", "y", goes_on=True), value("$.b", 123), value("$.b", "z")],
                '{"a":"x","b":"yz"',
                {"a": "x", "b": "yz"},
                {"text_contradicts": 1},
            ),
            (
                "more of a number",
                [value("$.b", 123, goes_on=True), value("$.b", 4)],
                '{"a":"x","b":123',
                {"a": "x", "b": 123},
                {"text_contradicts": 1},
            ),
            ("no object", [5, "$.b", None], '{"a":"x"', {"a": "x"}, {"odd_type": 3}),
            (
                "a list or an object as the value, however deep",
                [value("$.b", [1]), {"jsonPath": "$.c", "stringValue": {"d": 1}}],
                '{"a":"x"',
                {"a": "x"},
                {"odd_type": 2},
            ),
        )
    ),
    Row(
        "a call that begins without a name, and whose first piece is signed",
        [
            parts({"functionCall": {"willContinue": True}, "thoughtSignature": "c2ln"}),
            partial(value("$.a", 1)),
            partial(goes_on=False),
            finish(),
        ],
        [
            *streamed("", ['{"a":1', "}"], {"functionCall": {"args": {"a": 1}}, "thoughtSignature": "c2ln"}),
            *STOPPED,
        ],
        [ToolCallPart(ToolCall("", "", '{"a":1}'), {"functionCall": {"args": {"a": 1}}, "thoughtSignature": "c2ln"})],
    ),
    Row(
        "a call whose name and id are no strings",
        [parts({"functionCall": {"name": 5, "id": 7}}, finishReason="STOP")],
        [*call_events(0, 0, ToolCall("", "", "{}"), {"functionCall": {"name": 5, "id": 7}}), *STOPPED],
        [ToolCallPart(ToolCall("", "", "{}"), {"functionCall": {"name": 5, "id": 7}})],
    ),
    Row(
        "a call that the token limit has cut off does not become whole",
        [parts({"text": "Hi"}), partial(name="f"), partial(value("$.a", "b", goes_on=True)), finish("MAX_TOKENS")],
        [
            *HI,
            PartStarted(1, "tool_call"),
            ToolCallStarted(0, "", "f"),
            ToolCallDelta(0, '{"a":"b'),
            ChoiceFinished("MAX_TOKENS"),
            ToolCallDone(0, ToolCall("", "f", '{"a":"b')),
        ],
        [*TEXT_HI, ToolCallPart(ToolCall("", "f", '{"a":"b'))],
        native=[{"text": "Hi"}],
        finish="MAX_TOKENS",
    ),
    Row(
        "code that the server runs",
        [parts(CODE), parts(RESULT), parts({"text": "Hi"}, finishReason="STOP")],
        [
            PartStarted(0, "executableCode"),
            PartDone(0, ProviderPart("executableCode", CODE)),
            PartStarted(1, "codeExecutionResult"),
            PartDone(1, ProviderPart("codeExecutionResult", RESULT)),
            *text_events("Hi", 2),
            *STOPPED,
        ],
        [ProviderPart("executableCode", CODE), ProviderPart("codeExecutionResult", RESULT), *TEXT_HI],
    ),
    Row(
        "an image",
        [parts(IMAGE, finishReason="STOP")],
        [PartStarted(0, "inlineData"), PartDone(0, ProviderPart("inlineData", IMAGE)), *STOPPED],
        [ProviderPart("inlineData", IMAGE)],
    ),
    Row(
        "sound",
        [parts(SOUND), parts(SOUND, finishReason="STOP")],
        [
            PartStarted(0, "inlineData"),
            AudioDelta(data="AAAA"),
            PartDone(0, ProviderPart("inlineData", SOUND)),
            PartStarted(1, "inlineData"),
            AudioDelta(data="AAAA"),
            PartDone(1, ProviderPart("inlineData", SOUND)),
            *STOPPED,
        ],
        [ProviderPart("inlineData", SOUND)] * 2,
    ),
    *(
        Row(
            f"a blob that is no sound: {blob}",
            [parts({"inlineData": blob}, finishReason="STOP")],
            [PartStarted(0, "inlineData"), PartDone(0, ProviderPart("inlineData", {"inlineData": blob})), *STOPPED],
            [ProviderPart("inlineData", {"inlineData": blob})],
        )
        for blob in (
            {"data": "AAAA"},
            {"mimeType": 5, "data": "AAAA"},
            {"mimeType": "audio/wav"},
            {"mimeType": "audio/wav", "data": 5},
        )
    ),
    Row(
        "a part of a kind that nobody knows",
        [parts({"partMetadata": {}, "novel": [1]}, finishReason="STOP")],
        [
            PartStarted(0, "novel"),
            PartDone(0, ProviderPart("novel", {"partMetadata": {}, "novel": [1]})),
            *STOPPED,
        ],
        [ProviderPart("novel", {"partMetadata": {}, "novel": [1]})],
    ),
    Row(
        "a finish reason is final at the end of the body",
        [
            parts({"text": "H"}, finishReason="STOP"),
            parts({"text": "i"}, finishReason="STOP"),
            finish("RECITATION"),
        ],
        [PartStarted(0, "text"), TextDelta("H"), TextDelta("i"), HI[-1], ChoiceFinished("RECITATION")],
        TEXT_HI,
        finish="RECITATION",
        anomalies={"early_finish": 1},
    ),
    Row(
        "code after a finish reason",
        [parts(CODE, finishReason="STOP"), parts(RESULT), finish()],
        [
            PartStarted(0, "executableCode"),
            PartDone(0, ProviderPart("executableCode", CODE)),
            PartStarted(1, "codeExecutionResult"),
            PartDone(1, ProviderPart("codeExecutionResult", RESULT)),
            *STOPPED,
        ],
        [ProviderPart("executableCode", CODE), ProviderPart("codeExecutionResult", RESULT)],
        anomalies={"early_finish": 1},
    ),
    Row(
        "a finish reason that says nothing",
        [parts({"text": "Hi"}, finishReason="FINISH_REASON_UNSPECIFIED"), finish("")],
        HI[:-1],
        [TextPart("Hi")],
        native=[{"text": "Hi"}],
        finish=None,
        ending="truncated",
    ),
    Row(
        "a finish reason that nobody knows",
        [parts({"text": "Hi"}, finishReason="FAKE")],
        [*HI, ChoiceFinished("FAKE")],
        TEXT_HI,
        finish="FAKE",
    ),
    Row(
        "a stream that ends without a finish reason",
        [parts({"text": "Hm", "thought": True}), parts({"text": "Hi"})],
        [
            PartStarted(0, "reasoning"),
            ReasoningDelta("Hm"),
            PartDone(0, ReasoningPart("Hm", "full", {"text": "Hm", "thought": True})),
            PartStarted(1, "text"),
            TextDelta("Hi"),
        ],
        [ReasoningPart("Hm", "full", {"text": "Hm", "thought": True}), TextPart("Hi")],
        native=[{"text": "Hm", "thought": True}, {"text": "Hi"}],
        finish=None,
        ending="truncated",
    ),
    Row(
        "a prompt that was blocked",
        [{"promptFeedback": {"blockReason": "SAFETY"}}],
        [ChoiceFinished("SAFETY")],
        finish="SAFETY",
    ),
    Row(
        "a prompt that was blocked when an answer had begun",
        [parts({"text": "Hi"}), {"promptFeedback": {"blockReason": "OTHER"}}],
        [*HI, ChoiceFinished("OTHER")],
        TEXT_HI,
        finish="OTHER",
    ),
    Row(
        "a prompt's ratings block nothing",
        [{**parts({"text": "Hi"}, finishReason="STOP"), "promptFeedback": {"safetyRatings": []}}],
        [*HI, *STOPPED],
        TEXT_HI,
    ),
    Row(
        "an error, after which nothing counts",
        [
            parts({"text": "Hi"}, finishReason="STOP"),
            {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}},
            parts({"text": "!"}),
        ],
        [*HI, *STOPPED],
        TEXT_HI,
        ending="provider_error",
    ),
    Row(
        "a response beside an error",
        [{**parts({"text": "Hi"}), "error": {"message": "no"}}],
        HI[:-1],
        [TextPart("Hi")],
        native=[{"text": "Hi"}],
        finish=None,
        ending="provider_error",
    ),
    Row(
        "Code Assist's wrapping",
        [{"response": parts({"text": "Hi"}), "traceId": "t"}, {"response": finish()}],
        [*HI[:-1], HI[-1], *STOPPED],
        TEXT_HI,
    ),
    Row(
        "a response with a field named response",
        [{**parts({"text": "Hi"}, finishReason="STOP"), "response": {"candidates": []}}],
        [*HI, *STOPPED],
        TEXT_HI,
    ),
    Row(
        "an end mark of a proxy",
        [parts({"text": "Hi"}, finishReason="STOP"), "[DONE]"],
        [*HI, *STOPPED],
        TEXT_HI,
    ),
    Row(
        "objects that are no response",
        [parts({"text": "Hi"}), {"novel": 1}, {}, finish()],
        [*HI, *STOPPED],
        TEXT_HI,
        anomalies={"not_a_chunk": 2},
    ),
    Row(
        "values of other types",
        [
            {"candidates": [{"index": "0", "content": {"parts": ["x", {"text": "Hi"}]}}, 5]},
            {
                "candidates": {
                    "content": {"parts": {"functionCall": {"name": "now", "args": "x"}}},
                    "finishReason": "STOP",
                }
            },
            {"usageMetadata": 5},
        ],
        [*HI, *call_events(0, 1, ToolCall("", "now", '"x"'), {"functionCall": {"name": "now", "args": "x"}}), *STOPPED],
        [*TEXT_HI, ToolCallPart(ToolCall("", "now", '"x"'), {"functionCall": {"name": "now", "args": "x"}})],
        anomalies={"odd_type": 5},
    ),
]


def body_of(row: Row, end: str) -> bytes:
    return framed(*row.responses, end=end).replace(b'"[DONE]"', b"[DONE]")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_rule_of_the_format(row: Row) -> None:
    outcome = read([body_of(row, "\r\n")])
    done = [StreamDone(outcome.completion)] if row.ending == "complete" else []
    assert outcome.events == [*row.events, *done]
    assert (outcome.ending, outcome.anomalies) == (row.ending, row.anomalies)
    assert outcome.completion.dialect == "gemini_content"
    assert outcome.completion.finish_reason == row.finish
    message = outcome.completion.message
    assert message.parts == list(row.parts)
    native = [part.native for part in row.parts] if row.native is None else list(row.native)
    assert message.to_native() == {"role": "model", "parts": native}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_cutting_changes_nothing(row: Row) -> None:
    whole = read([body_of(row, "\r\n")])
    for end in ("\r\n", "\n"):
        body = body_of(row, end)
        for pieces in (bytewise(body), *every_cut(body)):
            assert read(pieces) == whole


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_cut_off_is_never_complete(row: Row) -> None:
    """But for where an event has ended with which all candidates had a finish reason."""
    body = body_of(row, "\r\n")
    for size in range(len(body)):
        outcome = read([body[:size]])
        if outcome.ending == "complete":
            assert body[:size].rstrip(b"\r\n").endswith((b"}", b"[DONE]"))
        elif outcome.ending == "truncated":
            assert outcome.completion.finish_reason is None


def test_each_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_an_event_that_is_cut_off_after_a_finish_reason_shows_that_more_was_to_come() -> None:
    first = framed(parts({"text": "Hi"}, finishReason="STOP"))
    outcome = read([first + framed(parts({"text": " there"}))[:-12]])
    assert (outcome.ending, outcome.completion.text, outcome.completion.finish_reason) == ("truncated", "Hi", None)
    assert "the last event was cut off" in outcome.error


@pytest.mark.parametrize("nothing", ["", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED", None, 5, ["x"]])
def test_a_block_reason_that_says_nothing_blocks_nothing(nothing: JSONValue) -> None:
    outcome = read([framed({"promptFeedback": {"blockReason": nothing}}, parts({"text": "Hi"}), finish())])
    assert (outcome.completion.finish_reason, outcome.anomalies) == ("STOP", {})


def test_text_after_a_block_is_of_the_candidate_that_it_finished() -> None:
    outcome = read([framed({"promptFeedback": {"blockReason": "SAFETY"}}, parts({"text": "Hi"}))])
    assert [choice.finish_reason for choice in outcome.completion.choices] == ["SAFETY"]
    assert outcome.anomalies == {"early_finish": 1, "content_after_finish": 1}


@pytest.mark.parametrize("nothing", ["", "FINISH_REASON_UNSPECIFIED", None, 5])
def test_a_finish_reason_that_says_nothing_leaves_the_one_before(nothing: JSONValue) -> None:
    outcome = read([framed(parts({"text": "Hi"}, finishReason="STOP"), {"candidates": [{"finishReason": nothing}]})])
    assert (outcome.ending, outcome.completion.finish_reason) == ("complete", "STOP")


# ---------------------------------------------------------------- several candidates


@pytest.mark.parametrize(
    ("index", "place", "anomalies"),
    [
        (0, 0, {}),
        (None, 0, {}),
        (2, 2, {}),
        ("2", 2, {"odd_type": 1}),
        (2.0, 2, {"odd_type": 1}),
        (-1, 0, {"odd_type": 1}),
        ("x", 0, {"odd_type": 1}),
        (True, 0, {"odd_type": 1}),
    ],
)
def test_the_index_of_a_candidate(index: JSONValue, place: int, anomalies: dict[str, int]) -> None:
    outcome = read([framed(parts({"text": "Hi"}, index=index, finishReason="STOP"))])
    assert [event.choice for event in outcome.events if isinstance(event, TextDelta)] == [place]
    assert outcome.anomalies == anomalies


def test_candidates_are_told_apart_by_their_index_which_is_0_where_it_is_missing() -> None:
    body = framed(
        {"candidates": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": [{"text": "b"}]}, "index": 1}]},
        {"candidates": [{"content": {"parts": [{"text": "B"}]}, "index": 1, "finishReason": "MAX_TOKENS"}]},
        {"candidates": [{"content": {"parts": [{"text": "A"}]}, "index": 0}]},
        {"candidates": [{"finishReason": "STOP"}]},
    )
    whole = read([body])
    assert whole.ending == "complete"
    assert [(one.message.content, one.finish_reason) for one in whole.completion.choices] == [
        ("aA", "STOP"),
        ("bB", "MAX_TOKENS"),
    ]
    assert [one.message.to_native() for one in whole.completion.choices] == [
        {"role": "model", "parts": [{"text": "aA"}]},
        {"role": "model", "parts": [{"text": "bB"}]},
    ]
    assert [event for event in whole.events if isinstance(event, TextDelta)] == [
        TextDelta("a", 0),
        TextDelta("b", 1),
        TextDelta("B", 1),
        TextDelta("A", 0),
    ]
    for pieces in (bytewise(body), *every_cut(body)):
        assert read(pieces) == whole


def test_a_stream_is_truncated_if_one_of_several_candidates_is_not_finished() -> None:
    outcome = read([framed(parts({"text": "a"}, finishReason="STOP"), parts({"text": "b"}, index=1))])
    assert outcome.ending == "truncated"
    assert "no final finishReason came" in outcome.error
    assert [one.finish_reason for one in outcome.completion.choices] == ["STOP", None]


# ---------------------------------------------------------------- what stands beside the parts


def test_what_names_the_answer() -> None:
    response = {"responseId": "r1", "modelVersion": "gemini-3", "createTime": "2026-04-02T17:03:50.399550Z"}
    completion = read([framed({**parts({"text": "Hi"}), **response}, {**finish(), **response})]).completion
    assert (completion.id, completion.model, completion.created) == ("r1", "gemini-3", 1775149430)
    assert completion.extra == {"createTime": response["createTime"]}


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("nothing", ["", None, 5, ["c"]])
def test_a_name_that_says_nothing_leaves_the_one_before(nothing: JSONValue, plain: bool) -> None:
    dialect = GeminiContent()
    names = []
    for name in ("a", nothing, "b", nothing):
        text = json.dumps({**parts({"text": "x"}), "responseId": name, "modelVersion": name})
        chunk = dialect.decode_plain(text) if plain else None
        said = chunk or dialect.decode(ServerSentEvent(text))[-1]
        assert isinstance(said, ChatCompletionChunk)
        names.append((said.id, said.model))
    assert names == [("a", "a"), ("a", "a"), ("b", "b"), ("b", "b")]


def test_a_time_that_is_none_leaves_the_one_before() -> None:
    times = ["2026-04-02T17:03:50Z", "yesterday", 5, None, "2026-04-02T17:03:51Z"]
    dialect = GeminiContent()
    chunks = [
        dialect.decode(ServerSentEvent(json.dumps({**parts({"text": "x"}), "createTime": time})))[-1] for time in times
    ]
    created = [chunk.created for chunk in chunks if isinstance(chunk, ChatCompletionChunk)]
    assert created == [1775149430, 1775149430, 1775149430, 1775149430, 1775149431]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("2026-04-02T17:03:50.9Z", 1775149430),
        ("2026-04-02T19:03:50+02:00", 1775149430),
        ("2026-04-02T17:03:50", 1775149430),
        ("0001-01-01T00:00:00", -62135596800),
        ("9999-12-31T23:59:59-23:59", 253402387139),
        ("0000-01-01T00:00:00Z", None),
    ],
)
def test_a_time_is_of_utc_unless_it_names_another_zone(time: str, seconds: int | None) -> None:
    assert read([framed({**finish(), "createTime": time})]).completion.created == seconds


@pytest.mark.parametrize("time", ["yesterday", "9999-99-99T00:00:00Z", 5])
def test_a_time_that_is_none_is_kept_as_it_is(time: JSONValue) -> None:
    completion = read([framed({**parts({"text": "Hi"}, finishReason="STOP"), "createTime": time})]).completion
    assert (completion.created, completion.extra) == (None, {"createTime": time})


@pytest.mark.parametrize(
    "field",
    [
        {"candidates": []},
        {"promptFeedback": {}},
        {"usageMetadata": {}},
        {"modelVersion": "m"},
        {"responseId": "r"},
        {"createTime": "2026-04-02T17:03:50Z"},
        {"modelStatus": {"modelStage": "STABLE"}},
    ],
    ids=lambda field: next(iter(field)),
)
def test_a_response_may_have_any_single_field(field: dict[str, Any]) -> None:
    assert read([framed(field, parts({"text": "Hi"}), finish())]).anomalies == {}


def test_usage_and_other_fields_may_come_without_a_candidate() -> None:
    usage, status = {"totalTokenCount": 3}, {"modelStage": "STABLE"}
    body = framed(parts({"text": "Hi"}, finishReason="STOP"), {"usageMetadata": usage}, {"modelStatus": status})
    completion = read([body]).completion
    assert completion.usage == Usage(total_tokens=3, extra=usage)
    assert completion.extra == {"modelStatus": status}


def test_a_response_with_only_its_names_has_no_chunk() -> None:
    first, *_ = chunks_of({"responseId": "r", "modelVersion": "m"}, parts({"text": "Hi"}), finish())
    assert (first.id, first.model, first.choices[0].delta.content) == ("r", "m", "Hi")


@pytest.mark.parametrize(
    ("reason", "response", "kind"),
    [
        ("", {"usageMetadata": 5}, "odd_type"),
        ("", {"usageMetadata": {"promptTokenCount": "5"}}, "odd_type"),
        ("STOP", {}, "early_finish"),
    ],
    ids=["usage", "a count", "more text"],
)
def test_an_anomaly_is_told_before_the_items_of_its_response(reason: str, response: dict[str, Any], kind: str) -> None:
    dialect = GeminiContent()
    dialect.decode(ServerSentEvent(json.dumps(parts({"text": "Hi"}, finishReason=reason))))
    anomaly, chunk = dialect.decode(ServerSentEvent(json.dumps({**parts({"text": "!"}), **response})))
    assert isinstance(anomaly, AnomalyFound)
    assert anomaly.kind == kind
    assert isinstance(chunk, ChatCompletionChunk)


def usage_of(*reports: JSONValue) -> tuple[list[Usage], Usage | None]:
    outcome = read([framed(*({**parts({"text": "a"}), "usageMetadata": report} for report in reports), finish())])
    reported = [event.usage for event in outcome.events if isinstance(event, UsageReported)]
    assert outcome.ending == "complete"
    return reported, outcome.completion.usage


def test_the_last_value_of_each_count_stands_though_it_falls() -> None:
    first = {"promptTokenCount": 50, "totalTokenCount": 50, "trafficType": "ON_DEMAND"}
    second = {"promptTokenCount": 46, "candidatesTokenCount": 9, "thoughtsTokenCount": 5, "totalTokenCount": 60}
    third = {"candidatesTokenCount": 8, "toolUsePromptTokenCount": 100, "cachedContentTokenCount": 7}
    reported, usage = usage_of(first, second, third)
    counts = [(one.prompt_tokens, one.completion_tokens, one.total_tokens) for one in reported]
    assert counts == [(50, None, 50), (46, 14, 60), (146, 13, 60)]
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (146, 13, 60)
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 5
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 7
    assert usage.extra == {**first, **second, **third}


def test_usage_with_each_response_is_the_same_on_the_short_way_and_on_the_long_one() -> None:
    details = [{"modality": "TEXT", "tokenCount": 46}]
    reports = [
        {"promptTokenCount": 46, "promptTokensDetails": details, "candidatesTokenCount": count, "thoughtsTokenCount": 3}
        for count in range(5)
    ]
    reported, usage = usage_of(*reports)
    assert [one.completion_tokens for one in reported] == [3, 4, 5, 6, 7]
    assert [one.extra for one in reported] == reports
    assert usage == reported[-1]
    reported[-1].extra["promptTokensDetails"].clear()
    assert usage.extra["promptTokensDetails"] == details


def test_counts_of_another_type_are_read_or_left_out() -> None:
    reported, usage = usage_of({"promptTokenCount": 5}, {"promptTokenCount": "6", "totalTokenCount": [1]})
    assert [one.prompt_tokens for one in reported] == [5, 6]
    assert usage == Usage(prompt_tokens=6, extra={"promptTokenCount": 6})


@pytest.mark.parametrize(
    ("count", "tokens"),
    [
        ("promptTokenCount", (6, None, None)),
        ("toolUsePromptTokenCount", (6, None, None)),
        ("candidatesTokenCount", (None, 6, None)),
        ("thoughtsTokenCount", (None, 6, None)),
        ("cachedContentTokenCount", (None, None, None)),
        ("totalTokenCount", (None, None, 6)),
    ],
)
def test_each_count_may_come_alone_and_as_text(count: str, tokens: tuple[int | None, ...]) -> None:
    for said, anomalies in ((6, {}), ("6", {"odd_type": 1})):
        outcome = read([framed({**parts({"text": "a"}), "usageMetadata": {count: said}}, finish())])
        usage = outcome.completion.usage
        assert usage is not None
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == tokens
        assert (usage.extra, outcome.anomalies) == ({count: 6}, anomalies)


def test_a_count_of_null_says_nothing() -> None:
    _, usage = usage_of({"promptTokenCount": 5}, {"promptTokenCount": None, "totalTokenCount": [1]})
    assert usage is not None
    assert usage.prompt_tokens == 5


def test_grounding_ratings_and_the_message_of_the_finish_stand_beside_the_message() -> None:
    grounding = {"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": [{"segment": {"endIndex": 2}}]}
    outcome = read(
        [
            framed(
                parts({"text": "Hi"}, groundingMetadata={}, safetyRatings=[{"category": "C"}]),
                finish(groundingMetadata=grounding, finishMessage="Done.", safetyRatings=[{"category": "D"}]),
            )
        ]
    )
    (choice,) = outcome.completion.choices
    assert choice.extra == {
        "groundingMetadata": grounding,
        "safetyRatings": [{"category": "D"}],
        "finishMessage": "Done.",
    }


@pytest.mark.parametrize("field", ["citations", "citationSources"])
def test_citations_of_each_response_are_annotations_of_the_text(field: str) -> None:
    first, second = {"startIndex": 0, "uri": "a"}, {"startIndex": 1, "uri": "b"}
    outcome = read(
        [
            framed(
                parts({"text": "H"}, citationMetadata={field: [first]}),
                parts({"text": "i"}, citationMetadata={field: [second]}, finishReason="STOP"),
            )
        ]
    )
    (part,) = outcome.completion.message.parts
    assert isinstance(part, TextPart)
    assert part.annotations == [first, second]
    assert outcome.completion.choices[0].extra == {"citationMetadata": {field: [second]}}


def test_log_probabilities() -> None:
    result = {
        "chosenCandidates": [{"token": "Hi", "logProbability": -0.5, "tokenId": 7}],
        "topCandidates": [{"candidates": [{"token": "Ho", "logProbability": -1}]}],
    }
    body = framed(parts({"text": "Hi"}, logprobsResult=result), parts({"text": "!"}, logprobsResult=result), finish())
    logprobs = read([body]).completion.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert [(one.token, one.logprob, one.extra) for one in logprobs.content] == [("Hi", -0.5, {"tokenId": 7})] * 2
    top = logprobs.content[0].top_logprobs
    assert top is not None
    assert [(one.token, one.logprob) for one in top] == [("Ho", -1.0)]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({"token": "Hi"}, TokenLogprob("Hi")),
        ({"logProbability": -1}, TokenLogprob("", -1.0)),
        ({"token": 5, "logProbability": "x"}, TokenLogprob("")),
    ],
)
def test_log_probabilities_may_lack_the_alternatives_the_number_and_the_text(
    token: JSONValue, expected: TokenLogprob
) -> None:
    result = {"chosenCandidates": [token]}
    body = framed(parts({"text": "Hi"}, logprobsResult=result, finishReason="STOP"))
    logprobs = read([body]).completion.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content == [expected]


@pytest.mark.parametrize("result", [5, {}, {"chosenCandidates": [5]}, {"chosenCandidates": 5}])
def test_log_probabilities_that_cannot_be_read_are_kept_as_they_are(result: JSONValue) -> None:
    (choice,) = read([framed(parts({"text": "Hi"}, logprobsResult=result, finishReason="STOP"))]).completion.choices
    assert (choice.logprobs, choice.extra) == (None, {"logprobsResult": result})


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (
            '{"error": {"code": 499, "message": "cancelled", "status": "CANCELLED"}}',
            "message",
            ("cancelled", "CANCELLED", 499),
        ),
        ('{\n  "error": {\n    "message": "no"\n  }\n}', "message", ("no", None, None)),
        ('[{"error": {"code": 400, "message": "bad", "status": "INVALID"}}]', "message", ("bad", "INVALID", 400)),
        ('{"response": {"error": {"message": "no"}}}', "message", ("no", None, None)),
        ('{"error": {"message": "no", "status": 5}}', "message", ("no", None, 5)),
        ('{"error": {"message": "no", "type": "t", "status": "S"}}', "message", ("no", "t", "S")),
        ('{"message": "no"}', "error", ("no", None, None)),
        ("no", "error", ("no", None, None)),
    ],
)
def test_errors(data: str, name: str, expected: tuple[str, str | None, int | str | None]) -> None:
    failures = [item for item in GeminiContent().decode(ServerSentEvent(data, name)) if isinstance(item, Failure)]
    error = failures[0].error
    assert isinstance(error, ProviderError)
    assert (error.message, error.type, error.code) == expected


def test_an_error_outside_the_frame_comes_after_the_finish_that_came_before_it() -> None:
    dialect = GeminiContent()
    dialect.decode(ServerSentEvent(json.dumps(parts({"text": "Hi"}, finishReason="STOP"))))
    end, chunk, failure = dialect.decode(ServerSentEvent('{\n  "error": {\n    "message": "no"\n  }\n}'))
    assert end.__class__.__name__ == "PartEnd"
    assert isinstance(chunk, ChatCompletionChunk)
    assert chunk.choices[0].finish_reason == "STOP"
    assert isinstance(failure, Failure)


@pytest.mark.parametrize("data", ["5", "[", "[,]", "[5", "[5 6]", '["a', "{", "nonsense"])
def test_what_is_no_response_is_an_error(data: str) -> None:
    assert "not" in read([f"data: {data}\n\n".encode()]).error


# ---------------------------------------------------------------- whole documents


def answered(pieces: Iterable[bytes]) -> httpx.Response:
    """A response of a server that was not asked for events."""
    return httpx.Response(200, headers={"content-type": "application/json; charset=UTF-8"}, content=iter(pieces))


ANSWER = [parts({"text": "H"}), {**parts({"text": "i"}, finishReason="STOP"), "usageMetadata": {"totalTokenCount": 3}}]
ARRAY = json.dumps(ANSWER, indent=1).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    "body", [ARRAY, b" \r\n" + ARRAY, json.dumps(ANSWER).encode()], ids=["as sent", "space", "dense"]
)
def test_a_server_that_is_asked_without_alt_sse_sends_an_array(body: bytes) -> None:
    for pieces in ([body], bytewise(body), *every_cut(body)):
        stream = ChatStream(answered(pieces), dialect=GeminiContent())
        assert list(stream.iter_text()) == ["H", "i"]
        assert (stream.ending, stream.completion.finish_reason) == ("complete", "STOP")
        assert [anomaly.kind for anomaly in stream.anomalies] == ["not_streamed"]
        assert stream.completion.message.to_native() == {"role": "model", "parts": [{"text": "Hi"}]}


def test_a_recorded_array_needs_no_label() -> None:
    for pieces in (*every_cut(ARRAY), bytewise(ARRAY), bytewise(b"[ " + ARRAY[1:])):
        stream = ChatStream(pieces, dialect=GeminiContent())
        assert stream.until_done().text == "Hi"


def test_an_array_that_is_cut_off_is_truncated() -> None:
    first = ARRAY.index(b"\r\n },") + len(b"\r\n }")
    for size in range(first, len(ARRAY) - 1):
        stream = ChatStream(answered([ARRAY[:size]]), dialect=GeminiContent())
        with pytest.raises(IncompleteStreamError, match="the array of responses is incomplete: it was truncated: "):
            stream.until_done()
        assert stream.ending == "truncated"
        assert stream.completion.text in ("H", "Hi")


@pytest.mark.parametrize(
    ("loose", "text"),
    [
        (json.dumps([{**ANSWER[1], "avgLogprobs": float("nan")}]), "i"),
        (json.dumps([parts({"text": "a\nb"}, finishReason="STOP")]).replace("\\n", "\n"), "a\nb"),
    ],
    ids=["NaN", "a raw line break"],
)
def test_an_array_may_hold_loose_json(loose: str, text: str) -> None:
    stream = ChatStream(answered([loose.encode()]), dialect=GeminiContent())
    assert stream.until_done().text == text
    assert {anomaly.kind for anomaly in stream.anomalies} == {"loose_json", "not_streamed"}


def test_what_is_no_response_in_an_array_is_passed_over() -> None:
    items = GeminiContent().decode(ServerSentEvent(json.dumps([ANSWER[0], 5, [], ANSWER[1]])))
    assert [item for item in items if isinstance(item, AnomalyFound)] == [
        AnomalyFound("odd_type", "response: 5"),
        AnomalyFound("odd_type", "response: []"),
    ]
    texts = [item.choices[0].delta.content for item in items if isinstance(item, ChatCompletionChunk)]
    assert texts == ["H", "i", None]


def test_an_array_that_is_too_deep_is_refused() -> None:
    deep = "[" + '{"candidates":' + "[" * 200 + "]" * 200 + "}]"
    with pytest.raises(ChunkDecodeError, match="nested deeper than 128 levels"):
        GeminiContent().decode(ServerSentEvent(deep))


def test_an_array_without_a_finish_reason_is_truncated() -> None:
    stream = ChatStream(answered([json.dumps([ANSWER[0]]).encode()]), dialect=GeminiContent())
    with pytest.raises(IncompleteStreamError, match="a candidate has no finish reason: "):
        stream.until_done()


@pytest.mark.parametrize("answer", [ANSWER[1], {"promptFeedback": {"blockReason": "SAFETY"}}, {"response": ANSWER[1]}])
def test_a_whole_response_is_an_answer(answer: dict[str, Any]) -> None:
    stream = ChatStream(answered([json.dumps(answer).encode()]), dialect=GeminiContent())
    assert stream.until_done().finish_reason in ("STOP", "SAFETY")
    assert stream.ending == "complete"


def test_an_array_that_holds_an_error() -> None:
    stream = ChatStream(answered([b'[{"error": {"code": 400, "message": "bad key"}}]']), dialect=GeminiContent())
    with pytest.raises(ProviderError, match="bad key"):
        stream.until_done()


# ---------------------------------------------------------------- the short way


PLAIN = [
    parts({"text": "a"}),
    {**parts({"text": "ü"}), "modelVersion": "m", "responseId": "r"},
    {**parts({"text": "b"}), "usageMetadata": {"promptTokenCount": 1, "promptTokensDetails": [{"modality": "TEXT"}]}},
    parts({"text": "c"}, index=0),
    {"candidates": [{"content": {"parts": [{"text": "d"}]}}]},
    parts({"text": "e"}, finishReason="STOP"),
]


def items_of(dialect: Dialect, responses: Iterable[JSONValue], *, short: bool) -> tuple[list[Item], int]:
    items: list[Item] = []
    taken = 0
    for response in responses:
        data = json.dumps(response)
        chunk = dialect.decode_plain(data.encode()) if short else None
        if chunk is None:
            items.extend(dialect.decode(ServerSentEvent(data)))
        else:
            taken += 1
            items.append(chunk)
    return [*items, *dialect.end()], taken


@pytest.mark.parametrize("thought", [False, True])
def test_more_of_the_same_text_takes_the_short_way(thought: bool) -> None:
    responses = json.loads(json.dumps(PLAIN))
    for response in responses:
        response["candidates"][0]["content"]["parts"][0]["thought"] = thought
    long, none = items_of(GeminiContent(), responses, short=False)
    short, taken = items_of(GeminiContent(), responses, short=True)
    assert short == long
    assert (taken, none) == (len(PLAIN) - 1, 0)
    chunks = [item for item in short if isinstance(item, ChatCompletionChunk)]
    assert [chunk.raw for chunk in chunks[:-1]] == responses


@pytest.mark.parametrize(
    "responses",
    [
        [{"candidates": [{"content": {"parts": [{"text": text}]}}]} for text in "abc"],
        [
            {**parts({"text": "a"}), **time}
            for time in ({"createTime": "2026-04-02T17:03:50Z"}, {}, {"createTime": "2026-04-02T17:03:50Z"}, {})
        ],
    ],
    ids=["without a role", "with the same time again, or none"],
)
def test_so_does_more_text(responses: list[dict[str, Any]]) -> None:
    long, _ = items_of(GeminiContent(), responses, short=False)
    assert items_of(GeminiContent(), responses, short=True) == (long, len(responses) - 1)


@pytest.mark.parametrize(
    "response",
    [
        parts({"text": ""}),
        parts({"text": "a", "thought": True}),
        parts({"text": "a", "thoughtSignature": "s"}),
        parts({"text": "a"}, {"text": "b"}),
        parts({"text": "a"}, index=1),
        parts({"text": "a"}, safetyRatings=[]),
        {**parts({"text": "a"}), "novel": 1},
        {**parts({"text": "a"}), "createTime": "2026-04-02T17:03:50Z"},
        {**parts({"text": "a"}), "usageMetadata": {"promptTokenCount": "5"}},
        {**parts({"text": "a"}), "usageMetadata": {"novel": {"deep": []}}},
        {"response": parts({"text": "a"})},
    ],
)
def test_anything_else_takes_the_long_way(response: dict[str, Any]) -> None:
    dialect = GeminiContent()
    dialect.decode(ServerSentEvent(json.dumps(parts({"text": "Hi"}))))
    data = json.dumps(response)
    assert dialect.decode_plain(data) is None
    assert dialect.decode_plain(json.dumps(parts({"text": "a"})), "novel") is None
    assert dialect.decode(ServerSentEvent(data))


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$.a", ["a"]),
        ("$.a.b[0]", ["a", "b", 0]),
        ("$[0][12].x-y z", [0, 12, "x-y z"]),
        ("$['a.b']", ["a.b"]),
        ('$["a\\"]"].c', ['a"]', "c"]),
        ("$", None),
        ("", None),
        ("a", None),
        ("a.b", None),
        ("$['']", [""]),
        ("$.", None),
        ("$.a[", None),
        ("$[-1]", None),
        ("$" + ".a" * 120, ["a"] * 120),
        ("$" + ".a" * 121, None),
        (5, None),
    ],
)
def test_the_steps_of_a_path(path: JSONValue, steps: list[str | int] | None) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "{}"),
        ([("$.a", 1)], '{"a":1}'),
        ([("$.a.b", 1), ("$.a.c", 2), ("$.d", 3)], '{"a":{"b":1,"c":2},"d":3}'),
        ([("$.a[0].b", 1), ("$.a[0].c", 2), ("$.a[1].b", 3)], '{"a":[{"b":1,"c":2},{"b":3}]}'),
        ([("$.a[0][0]", 1), ("$.a[1][0]", 2)], '{"a":[[1],[2]]}'),
        ([("$.a[5]", 1), ("$.a[999999999]", 2)], '{"a":[1,2]}'),
        ([("$[0]", 1), ("$[1]", "x")], '[1,"x"]'),
        ([("$.ü", 'quote " and \n line')], '{"ü":"quote \\" and \\n line"}'),
    ],
)
def test_values_make_a_text(values: list[tuple[str, JSONValue]], text: str) -> None:
    arguments = ArgumentsText()
    said = [arguments.add(steps_of(path) or [], item) for path, item in values]
    assert "".join(piece or "" for piece in [*said, arguments.close()]) == text
    assert arguments.value() == json.loads(text)


@pytest.mark.parametrize(
    ("values", "last"),
    [
        (["$.a"], "$.a"),
        (["$.a"], "$.a.b"),
        (["$.a.b"], "$.a"),
        (["$.a.b"], "$[0]"),
        (["$.a.b"], "$.a[0]"),
        (["$[0]"], "$.a"),
        (["$.a[1]"], "$.a[1]"),
        (["$.a[1]"], "$.a[0]"),
        (["$.a[1]"], "$.a.b"),
        (["$.a.b", "$.c"], "$.a.d"),
    ],
)
def test_what_was_written_cannot_be_changed(values: list[str], last: str) -> None:
    arguments = ArgumentsText()
    for path in values:
        arguments.add(steps_of(path) or [], 1)
    assert arguments.add(steps_of(last) or [], 2) is None
    arguments.close()
    json.dumps(arguments.value())


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_streamed_number_that_json_does_not_have_is_null(number: str) -> None:
    called = json.dumps(partial({"jsonPath": "$.a", "numberValue": 0}, name="f")).replace("0", number)
    outcome = read([b"data: " + called.encode() + b"\n\n", framed(partial(goes_on=False), finish())])
    assert outcome.completion.tool_calls == [ToolCall("", "f", '{"a":null}')]
    assert outcome.ending == "complete"


def test_of_an_object_with_very_many_names_not_all_are_remembered() -> None:
    arguments = ArgumentsText()
    for number in range(5_000):
        arguments.add([f"n{number}"], number)
    assert arguments.add(["n0"], 1) is None
    assert arguments.add(["n4095"], 1) is None
    assert arguments.add(["n4096"], 1) == ',"n4096":1'
    arguments.close()
    assert len(arguments.value()) == 5_000


def test_a_string_may_end_in_a_piece_without_a_value() -> None:
    def value(**said: Any) -> dict[str, Any]:
        return {"functionCall": {"partialArgs": [{"jsonPath": "$.a", **said}], "willContinue": True}}

    begin = {"functionCall": {"name": "f", "willContinue": True}}
    pieces = [begin, value(stringValue="x", willContinue=True), value(), value(), {"functionCall": {}}]
    outcome = read([framed(*map(parts, pieces), finish())])
    assert outcome.completion.tool_calls == [ToolCall("", "f", '{"a":"x"}')]
    assert outcome.anomalies == {"odd_type": 1}


# ---------------------------------------------------------------- sending back, and passing on


def test_a_message_that_was_made_by_hand_can_be_sent() -> None:
    read([framed(finish())])
    message = Message(content="Hi", reasoning="Hm", dialect="gemini_content")
    assert message.to_native() == {"role": "model", "parts": [{"text": "Hi"}]}


def test_empty_text_that_was_made_by_hand_does_not_go_back() -> None:
    message = Message(parts=[TextPart(""), TextPart("Hi")], dialect="gemini_content")
    assert message.to_native() == {"role": "model", "parts": [{"text": "Hi"}]}


def test_what_goes_back_belongs_to_the_caller() -> None:
    message = read([framed(parts(LOOKUP, finishReason="STOP"))]).completion.message
    native = message.to_native()
    native["parts"][0]["functionCall"]["args"].clear()
    assert message.to_native() == {"role": "model", "parts": [LOOKUP]}


def test_only_the_first_chunk_of_a_candidate_names_the_role() -> None:
    said = (parts({"text": text}, index=index) for text, index in (("H", 0), ("i", 0), ("A", 1)))
    chunks = chunks_of(*said, finish(), finish(index=1))
    roles = [chunk.choices[0].delta.role for chunk in chunks if chunk.choices[0].delta.content]
    assert roles == ["assistant", None, "assistant"]


@pytest.mark.parametrize(
    ("role", "expected"), [("model", "assistant"), ("user", "user"), (5, None), (None, None)], ids=repr
)
def test_the_role_is_translated_and_stands_beside_other_fields(role: JSONValue, expected: str | None) -> None:
    said = {"content": {"parts": [{"text": "Hi"}], "role": role}, "safetyRatings": [1]}
    chunk, *_ = chunks_of({"candidates": [said]}, finish())
    assert chunk.choices[0].delta.role == expected
    assert chunk.choices[0].extra == {"safetyRatings": [1]}


def test_the_role_may_come_late() -> None:
    chunks = chunks_of({"candidates": [{"content": {"parts": [{"text": "H"}]}}]}, parts({"text": "i"}), finish())
    assert [chunk.choices[0].delta.role for chunk in chunks[:2]] == [None, "assistant"]


def test_a_chunk_is_encoded_without_what_it_lacks() -> None:
    logprobs = {"chosenCandidates": [{"token": "Hi", "logProbability": -0.5}]}
    plain, probable, *_ = chunks_of(parts({"text": "Hi"}), parts({"text": "!"}, logprobsResult=logprobs), finish())
    assert b"extra" not in msgspec.json.encode(plain)
    assert b"extra" not in msgspec.json.encode(probable.choices[0].logprobs)


def test_the_chunks_of_calls_number_them_from_0() -> None:
    chunks = chunks_of(parts(NOW, LOOKUP), partial(value("$.a", 1), name="f"), partial(goes_on=False), finish())
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert [call.index for call in calls] == [0, 1, 2, 2, 2]


@pytest.mark.parametrize(
    "responses",
    [
        [{"promptFeedback": {"blockReason": "SAFETY"}}],
        [{"promptFeedback": {"blockReason": "SAFETY"}}, {"promptFeedback": {"blockReason": "SAFETY"}}],
        [parts({"text": "Hi"}), finish("SAFETY")],
    ],
    ids=["blocked", "blocked, twice", "finished"],
)
def test_one_chunk_has_the_finish_reason(responses: list[dict[str, Any]]) -> None:
    reasons = [choice.finish_reason for chunk in chunks_of(*responses) for choice in chunk.choices]
    assert [reason for reason in reasons if reason is not None] == ["SAFETY"]


def test_a_finish_reason_is_not_repeated_after_an_end_mark() -> None:
    dialect = GeminiContent()
    dialect.decode(ServerSentEvent(json.dumps(finish())))
    finished, done = dialect.decode(ServerSentEvent("[DONE]"))
    assert (finished.__class__, done, dialect.end()) == (ChatCompletionChunk, Done(), (Done(),))


def test_no_part_ends_before_one_has_begun() -> None:
    begun, chunk = GeminiContent().decode(ServerSentEvent(json.dumps(parts({"text": "Hi"}))))
    assert (begun, chunk.__class__) == (PartStart(0, 0, "text"), ChatCompletionChunk)


@pytest.mark.parametrize("row", [row for row in ROWS if row.ending == "complete"], ids=lambda row: row.name)
def test_its_chunks_are_those_of_a_chat(row: Row) -> None:
    decoder = ChatDecoder(dialect=GeminiContent())
    chunks = [*decoder.feed_chunks(body_of(row, "\r\n")), *decoder.close_chunks()]
    relayed = ChatDecoder(dialect=OpenAIChat())
    for chunk in chunks:
        list(relayed.feed(chunk.encode()))
    list(relayed.feed(b"data: [DONE]\n\n"))
    list(relayed.close())
    ours, theirs = decoder.completion, relayed.completion
    assert (theirs.text, theirs.message.reasoning) == (ours.text, ours.message.reasoning)
    assert theirs.tool_calls == ours.tool_calls
    assert (theirs.finish_reason, theirs.usage, theirs.id) == (ours.finish_reason, ours.usage, ours.id)


def test_the_openai_sdk_reads_its_chunks() -> None:
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}
    body = framed(
        {**parts({"text": "Hm", "thought": True}), "responseId": "r1", "modelVersion": "m"},
        parts({"text": "Hi"}),
        parts(NOW),
        {**finish(), "usageMetadata": usage},
    )
    decoder = ChatDecoder(dialect=GeminiContent())
    chunks = [*decoder.feed_chunks(body), *decoder.close_chunks()]
    relayed = [*(chunk.encode() for chunk in chunks), b"data: [DONE]\n\n"]
    with ReplayServer(relayed) as server:
        http = openai.DefaultHttpxClient(trust_env=False)
        client = openai.OpenAI(base_url=server.base_url, api_key="none", http_client=http)
        with client:
            read_there = list(
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}], stream=True)
            )
    deltas = [choice.delta for chunk in read_there for choice in chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Hi"
    (call,) = [call for delta in deltas for call in delta.tool_calls or ()]
    assert call.function is not None
    assert (call.id, call.type, call.function.name, call.function.arguments) == ("f1", "function", "now", "{}")
    assert str(read_there[-1].choices[0].finish_reason) == "STOP"
    assert [chunk.usage.total_tokens for chunk in read_there if chunk.usage is not None] == [7]
    assert {(chunk.id, chunk.model, chunk.object) for chunk in read_there} == {("r1", "m", "chat.completion.chunk")}


# ---------------------------------------------------------------- finding the format


@pytest.mark.parametrize(
    ("first", "is_ours"),
    [
        (parts({"text": "Hi"}), True),
        ({"promptFeedback": {}}, True),
        ({"usageMetadata": {}, "modelVersion": "m"}, True),
        ({"response": finish()}, True),
        ({"choices": [], "usage": {}}, False),
        ({"type": "response.created", "response": {"id": "r"}}, False),
        ({"type": "message_start", "message": {}}, False),
        ({"object": "thing", "usageMetadata": {}}, False),
        ({"error": {}}, False),
        ({}, False),
    ],
)
def test_the_first_event_tells(first: dict[str, Any], is_ours: bool) -> None:
    assert (format_of(first) == "gemini_content") is is_ours


@pytest.mark.parametrize(
    ("data", "whole"), [("{}", True), ("[DONE]", True), (": x", True), ("{", False), ("[]", False), ("5", False)]
)
def test_what_means_something_by_itself(data: str, whole: bool) -> None:
    assert GeminiContent().is_whole(data) is whole


def test_fields_and_keepalives() -> None:
    dialect: Dialect = GeminiContent()
    assert dialect.decode_field("error", "x") == ()
    anomaly, ping = dialect.decode(ServerSentEvent(": X"))
    assert (anomaly, ping) == (AnomalyFound("keepalive_as_data", ": X"), Ping("X"))
    assert dialect.decode(ServerSentEvent(" :: alive ")) == (
        AnomalyFound("keepalive_as_data", " :: alive "),
        Ping("alive"),
    )
    assert dialect.decode(ServerSentEvent(" ")) == (AnomalyFound("keepalive_as_data", " "), Ping(""))
    assert dialect.decode(ServerSentEvent("[DONE]")) == (Done(),)
    loose, *_ = dialect.decode(ServerSentEvent('{"candidates": [{"avgLogprobs": NaN}]}'))
    assert loose == AnomalyFound("loose_json", '{"candidates": [{"avgLogprobs": NaN}]}')


def test_events_that_run_together_are_told_apart() -> None:
    body = b"data: " + json.dumps(parts({"text": "H"})).encode() + b"\r\n" + framed(parts({"text": "i"}), finish())
    outcome = read([body])
    assert (outcome.completion.text, outcome.anomalies) == ("Hi", {"events_run_together": 1})


# ---------------------------------------------------------------- any stream


@given(st.data(), gemini_streams())
def test_a_stream_says_what_it_was_made_of_however_it_is_cut(data: st.DataObject, stream: ChatRecording) -> None:
    outcome = read(data.draw(chunkings(stream.body)))
    assert outcome.ending == "complete"
    assert outcome.completion == stream.completion
    for choice in stream.completion.choices:
        mine = [event for event in outcome.events if getattr(event, "choice", None) == choice.index]
        assert "".join(event.text for event in mine if isinstance(event, TextDelta)) == (choice.message.content or "")
        done = [event.tool_call for event in mine if isinstance(event, ToolCallDone)]
        assert done == choice.message.tool_calls
        assert [event.part for event in mine if isinstance(event, PartDone)] == choice.message.parts


@given(st.data(), gemini_streams())
def test_damage_raises_nothing_but_the_errors_of_the_tree(data: st.DataObject, stream: ChatRecording) -> None:
    body = data.draw(mutations(stream.body))
    whole = read([body])
    assert read(bytewise(body)) == whole


@given(st.data(), gemini_streams())
def test_a_stream_that_is_cut_off_is_complete_only_where_an_event_ends(
    data: st.DataObject, stream: ChatRecording
) -> None:
    size = data.draw(st.integers(0, len(stream.body) - 1))
    outcome = read([stream.body[:size]])
    assert outcome.ending in ("complete", "truncated")
    if outcome.ending == "complete":
        assert stream.body[:size].rstrip(b"\r\n").endswith(b"}")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "candidates",
                        "content",
                        "parts",
                        "text",
                        "thought",
                        "functionCall",
                        "name",
                        "args",
                        "id",
                        "partialArgs",
                        "jsonPath",
                        "stringValue",
                        "willContinue",
                        "usageMetadata",
                        "promptTokenCount",
                        "finishReason",
                        "index",
                        "promptFeedback",
                        "blockReason",
                        "logprobsResult",
                        "chosenCandidates",
                        "topCandidates",
                        "error",
                        "response",
                        "inlineData",
                        "citationMetadata",
                        "citations",
                        "createTime",
                        "responseId",
                    ]
                ),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused(value: JSONValue) -> None:
    body = framed(parts({"text": "Hi"}), value)
    assert read(bytewise(body)) == read([body])


def test_a_signature_may_come_with_a_later_piece_of_a_call() -> None:
    signed = {"functionCall": {"id": "f1", "willContinue": False}, "thoughtSignature": "c2ln"}
    body = framed(partial(value("$.a", 1), name="f"), parts(signed), finish())
    (part,) = read([body]).completion.message.parts
    native = {"functionCall": {"name": "f", "id": "f1", "args": {"a": 1}}, "thoughtSignature": "c2ln"}
    assert part == ToolCallPart(ToolCall("f1", "f", '{"a":1}'), native)


@pytest.mark.parametrize("end", [{}, {"willContinue": False}])
def test_the_end_of_a_call_that_has_ended_may_carry_a_signature(end: dict[str, Any]) -> None:
    signed = {"functionCall": end, "thoughtSignature": "c2ln"}
    message = read([framed(parts(NOW), parts({"functionCall": end}), parts(signed), finish())]).completion.message
    assert message.to_native() == {"role": "model", "parts": [NOW, signed]}
    assert len(message.tool_calls) == 1
    assert message.parts[1] == ProviderPart("functionCall", signed)


def test_a_call_whose_pieces_all_have_its_name_and_id_is_one() -> None:
    body = framed(
        partial(value("$.a", 1), name="f", id="f1"),
        partial(value("$.b", 2), name="f", id="f1"),
        partial(value("$.a", 3), name="f", id="f2", goes_on=False),
        finish(),
    )
    calls = read([body]).completion.tool_calls
    assert [(call.id, call.arguments) for call in calls] == [("f1", '{"a":1,"b":2}'), ("f2", '{"a":3}')]


@pytest.mark.parametrize("said", [{}, {"id": ""}])
def test_a_name_without_an_id_begins_another_call(said: dict[str, Any]) -> None:
    body = framed(partial(value("$.a", 1), name="f", **said), partial(value("$.b", 2), name="f", **said), finish())
    assert [call.arguments for call in read([body]).completion.tool_calls] == ['{"a":1}', '{"b":2}']


@pytest.mark.parametrize("identifier", [5, "", None])
def test_what_is_no_id_is_not_the_id_of_a_call(identifier: JSONValue) -> None:
    body = framed(partial(name="f"), partial(value("$.a", 1), id=identifier), partial(goes_on=False), finish())
    (part,) = read([body]).completion.message.parts
    assert part == ToolCallPart(ToolCall("", "f", '{"a":1}'), {"functionCall": {"name": "f", "args": {"a": 1}}})


def test_a_call_keeps_the_id_that_it_has() -> None:
    body = framed(
        partial(value("$.a", 1), name="f"),
        *(partial(value(f"$.{name}", 2), id=name) for name in ("f1", "f2", "f1")),
        partial(id="f3", goes_on=False),
        finish(),
    )
    (part,) = read([body]).completion.message.parts
    args = {"a": 1, "f1": 2, "f2": 2}
    assert part == ToolCallPart(
        ToolCall("f1", "f", '{"a":1,"f1":2,"f2":2}'), {"functionCall": {"name": "f", "id": "f1", "args": args}}
    )


@pytest.mark.parametrize("beside", ["thought", "thoughtSignature", "partMetadata", "videoMetadata", "mediaResolution"])
def test_the_kind_of_a_part_is_its_first_field_that_holds_data(beside: str) -> None:
    said = {beside: "x", "other": None, "fileData": {"fileUri": "u"}, "later": 1}
    (part,) = read([framed(parts(said), finish())]).completion.message.parts
    assert part == ProviderPart("fileData", said)
    alone = read([framed(parts({beside: "x"}), finish())]).completion.message.parts
    assert alone == ([] if beside == "thought" else [TextPart("", [], {beside: "x"})])


def test_arguments_may_begin_as_an_object_and_go_on_value_by_value() -> None:
    body = framed(partial(value("$.b", 2), name="f", args={"a": [1]}), partial(goes_on=False), finish())
    (call,) = read([body]).completion.tool_calls
    assert call.arguments == '{"a":[1],"b":2}'


@pytest.mark.parametrize(
    ("reason", "translated"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("JAILBREAK", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
    ],
)
def test_finish_reasons_are_translated_for_openai(reason: str, translated: str) -> None:
    completion = read([framed(parts({"text": "Hi"}, finishReason=reason))]).completion
    assert (completion.finish_reason, completion.to_dict()["choices"][0]["finish_reason"]) == (reason, translated)
