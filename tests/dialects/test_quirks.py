"""Quirks of servers, one row each: the bytes, and their expected outcome.

Each row is read whole, byte by byte, event by event, and with every split in two, always with the same outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sse_stream import (
    Audio,
    AudioDelta,
    ChatCompletion,
    ChatDecoder,
    ChatEvent,
    Choice,
    ChoiceFinished,
    ChoiceLogprobs,
    ChunkDecodeError,
    CompletionTokensDetails,
    Ending,
    IncompleteStreamError,
    KeepAlive,
    Message,
    PromptTokensDetails,
    ProviderError,
    ReasoningDelta,
    RefusalDelta,
    SSEStreamError,
    StreamDone,
    TextDelta,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
    TopLogprob,
    Usage,
    UsageReported,
)
from sse_stream.testing import bytewise, every_cut

HI = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
CALLED = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n'
DONE = b"data: [DONE]\n\n"

TEXT: list[ChatEvent] = [TextDelta("Hi")]
FINISH: list[ChatEvent] = [ChoiceFinished("stop")]


@dataclass(frozen=True)
class Error:
    """The error that is expected: its class, and what its attributes are."""

    type: type[SSEStreamError]
    attributes: Mapping[str, object]


@dataclass(frozen=True)
class Row:
    name: str
    body: bytes
    events: list[ChatEvent]
    completion: ChatCompletion
    ending: Ending = "complete"
    error: Error | None = None
    anomalies: dict[str, int] = field(default_factory=dict)


def said(
    content: str | None = None,
    finish: str | None = "stop",
    *,
    usage: Usage | None = None,
    beside: dict[str, Any] | None = None,
    around: dict[str, Any] | None = None,
    logprobs: ChoiceLogprobs | None = None,
    **message: Any,
) -> ChatCompletion:
    """A completion of one choice, and what came beside its message and around the choice."""
    choice = Choice(0, Message(content=content, **message), finish, logprobs, beside or {})
    return ChatCompletion(choices=[choice], usage=usage, extra=around or {})


def call(index: int, id: str, name: str, *pieces: str, extra: dict[str, Any] | None = None) -> list[ChatEvent]:
    """The events of a tool call that nothing interrupts."""
    whole = ToolCall(id, name, "".join(pieces), extra or {})
    return [
        ToolCallStarted(index, id, name),
        *(ToolCallDelta(index, piece) for piece in pieces),
        ToolCallDone(index, whole),
    ]


def called(*calls: ToolCall, content: str | None = None) -> ChatCompletion:
    return said(content, "tool_calls", tool_calls=list(calls))


def provider(message: str, type: str | None = None, code: str | int | None = None, *, body: object) -> Error:
    return Error(ProviderError, {"message": message, "type": type, "code": code, "body": body})


def tool_row(name: str, deltas: Iterable[bytes], events: list[ChatEvent], *calls: ToolCall, **odd: int) -> Row:
    """A row about `tool_calls`: each delta's list is one chunk."""
    body = b"".join(b'data: {"choices":[{"index":0,"delta":{"tool_calls":%b}}]}\n\n' % delta for delta in deltas)
    return Row(name, body + CALLED + DONE, [*events, ChoiceFinished("tool_calls")], called(*calls), anomalies=odd)


NOTHING = ChatCompletion()
UNFINISHED = said("Hi", None)

# Section 3: what servers do.
SHAPES = [
    Row("the smallest complete stream", HI + DONE, TEXT, said("Hi", None), anomalies={"missing_finish_reason": 1}),
    Row(
        "an ordinary stream",
        b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
        b'"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
        b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
        b'"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
        b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
        b'"delta":{},"finish_reason":"stop"}]}\n\n'
        b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
        b'"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}\n\n' + DONE,
        [
            *TEXT,
            *FINISH,
            UsageReported(Usage(prompt_tokens=5, completion_tokens=1, total_tokens=6)),
        ],
        ChatCompletion(
            "c1",
            "m",
            1,
            [Choice(0, Message(content="Hi"), "stop")],
            Usage(prompt_tokens=5, completion_tokens=1, total_tokens=6),
        ),
    ),
    Row(
        "no choices first, empty strings for id and model",
        b'data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}'
        b'\n\ndata: {"choices":[{"index":0,"delta":{"content":"Hi"}}],"created":7,"id":"c9","model":"m9"}\n\n'
        + STOP
        + DONE,
        TEXT + FINISH,
        ChatCompletion(
            "c9",
            "m9",
            7,
            [Choice(0, Message(content="Hi"), "stop")],
            extra={"prompt_filter_results": [{"prompt_index": 0}]},
        ),
    ),
    Row(
        "choices null",
        b'data: {"choices":null}\n\n' + HI + STOP + DONE,
        TEXT + FINISH,
        said("Hi"),
        anomalies={"missing_choices": 1},
    ),
    Row(
        "choices absent",
        HI + STOP + b'data: {"id":""}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi"),
        anomalies={"missing_choices": 1},
    ),
    Row(
        "delta null",
        HI + b'data: {"choices":[{"index":0,"delta":null,"finish_reason":"stop"}]}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "delta absent",
        HI + b'data: {"choices":[{"index":0,"finish_reason":"stop"}]}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "content null or empty",
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":""}}]}\n\n' + HI + STOP + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "a choice without index",
        b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\ndata: {"choices":[{"finish_reason":"stop"}]}\n\n',
        TEXT + FINISH,
        said("Hi"),
        anomalies={"missing_index": 2, "missing_done": 1},
    ),
    Row(
        "two choices without index take their places",
        b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"},'
        b'{"index":null,"delta":{"content":"b"},"finish_reason":"length"}]}\n\n',
        [
            TextDelta("a", 0),
            ChoiceFinished("stop", 0),
            TextDelta("b", 1),
            ChoiceFinished("length", 1),
        ],
        ChatCompletion(choices=[Choice(0, Message(content="a"), "stop"), Choice(1, Message(content="b"), "length")]),
        anomalies={"missing_index": 2, "missing_done": 1},
    ),
    Row(
        "an index below 0",
        b'data: {"choices":[{"index":-1,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n',
        TEXT + FINISH,
        said("Hi", beside={"index": -1}),
        anomalies={"missing_index": 1, "missing_done": 1},
    ),
    Row(
        "an index that is no number",
        b'data: {"choices":[{"index":"first","delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n',
        TEXT + FINISH,
        said("Hi", beside={"index": "first"}),
        anomalies={"missing_index": 1, "missing_done": 1},
    ),
    Row(
        "several choices, interleaved, the second one first",
        b'data: {"choices":[{"index":1,"delta":{"content":"b1"}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"a1"}}]}\n\n'
        b'data: {"choices":[{"index":1,"delta":{"content":"b2"}},{"index":0,"delta":{"content":"a2"}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        b'data: {"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}\n\n' + DONE,
        [
            TextDelta("b1", 1),
            TextDelta("a1", 0),
            TextDelta("b2", 1),
            TextDelta("a2", 0),
            ChoiceFinished("stop", 0),
            ChoiceFinished("length", 1),
        ],
        ChatCompletion(
            choices=[Choice(0, Message(content="a1a2"), "stop"), Choice(1, Message(content="b1b2"), "length")]
        ),
    ),
    Row(
        "content in parts",
        b'data: {"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]}}]}'
        b"\n\n" + STOP + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "thinking parts are reasoning",
        b'data: {"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":'
        b'[{"type":"text","text":"h"},{"type":"text","text":"m"}]}]}}]}\n\n' + HI + STOP + DONE,
        [ReasoningDelta("hm"), *TEXT, *FINISH],
        said("Hi", reasoning="hm"),
    ),
    Row(
        "thinking as plain text, beside a text part",
        b'data: {"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":"hm"},'
        b'{"type":"text","text":"Hi"}]}}]}\n\n' + STOP + DONE,
        [ReasoningDelta("hm"), *TEXT, *FINISH],
        said("Hi", reasoning="hm"),
    ),
    Row(
        "thinking parts that repeat the reasoning beside them",
        b'data: {"choices":[{"index":0,"delta":{"reasoning":"hm","content":[{"type":"thinking","thinking":"hm"}]}}]}'
        b"\n\n" + HI + STOP + DONE,
        [ReasoningDelta("hm"), *TEXT, *FINISH],
        said("Hi", reasoning="hm"),
    ),
    Row(
        "thinking parts that differ from the reasoning beside them",
        b'data: {"choices":[{"index":0,"delta":{"reasoning":"hm","content":[{"type":"thinking","thinking":"so"}]}}]}'
        b"\n\n" + HI + STOP + DONE,
        [ReasoningDelta("hm"), *TEXT, *FINISH],
        said("Hi", reasoning="hm", extra={"content": [{"type": "thinking", "thinking": "so"}]}),
    ),
    Row(
        "other parts stay what they are",
        b'data: {"choices":[{"index":0,"delta":{"content":["H",{"type":"text","text":"i"},'
        b'{"type":"reference","reference_ids":[1]}]}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":[{"type":"reference","reference_ids":[2]}]}}]}\n\n'
        + STOP
        + DONE,
        TEXT + FINISH,
        said(
            "Hi",
            extra={
                "content": [{"type": "reference", "reference_ids": [1]}, {"type": "reference", "reference_ids": [2]}]
            },
        ),
    ),
    Row(
        "one part without its list, and what it has beside its text",
        b'data: {"choices":[{"index":0,"delta":{"content":{"type":"text","text":"Hi","signature":"s"}}}]}\n\n'
        + STOP
        + DONE,
        TEXT + FINISH,
        said("Hi", extra={"content": [{"type": "text", "signature": "s"}]}),
    ),
    Row(
        "content that is an object without text",
        b'data: {"choices":[{"index":0,"delta":{"content":{"a":1}}}]}\n\n' + STOP + DONE,
        FINISH,
        said(None, extra={"content": [{"a": 1}]}),
        anomalies={"odd_type": 1},
    ),
    *(
        Row(
            f"reasoning as {name}",
            b'data: {"choices":[{"index":0,"delta":{%b}}]}\n\n' % delta + HI + STOP + DONE,
            [ReasoningDelta("hm"), *TEXT, *FINISH],
            said("Hi", reasoning="hm", extra=extra),
        )
        for name, delta, extra in [
            ("reasoning_content", b'"reasoning_content":"hm"', {}),
            ("reasoning", b'"reasoning":"hm","content":""', {}),
            ("two spellings of the same", b'"reasoning":"hm","reasoning_content":"hm"', {}),
            (
                "reasoning_details with text",
                b'"reasoning_details":[{"type":"reasoning.text","text":"hm","index":0}]',
                {"reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}]},
            ),
            (
                "reasoning_details with a summary",
                b'"reasoning_details":[{"type":"reasoning.summary","summary":"hm"}]',
                {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]},
            ),
            (
                "all three spellings of the same",
                b'"reasoning":"hm","reasoning_content":"hm","reasoning_details":[{"text":"hm"}]',
                {"reasoning_details": [{"text": "hm"}]},
            ),
            (
                "two spellings that differ: neither is lost",
                b'"reasoning_content":"hm","reasoning":"so"',
                {"reasoning": "so"},
            ),
        ]
    ),
    Row(
        "reasoning_details are put together by index",
        b'data: {"choices":[{"index":0,"delta":{"reasoning":"h","reasoning_details":'
        b'[{"type":"reasoning.text","text":"h","format":"f","index":0}]}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"reasoning":"m","reasoning_details":'
        b'[{"type":"reasoning.text","text":"m","format":"f","index":0}]}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"reasoning_details":'
        b'[{"type":"reasoning.encrypted","data":"x=","index":0}]}}]}\n\n' + STOP + DONE,
        [ReasoningDelta("h"), ReasoningDelta("m"), *FINISH],
        said(
            reasoning="hm",
            extra={
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "hm", "format": "f", "index": 0},
                    {"type": "reasoning.encrypted", "data": "x=", "index": 0},
                ]
            },
        ),
    ),
    Row(
        "an empty finish reason on each chunk",
        b'data: {"choices":[{"index":0,"delta":{"content":"H"},"finish_reason":""}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"i"},"finish_reason":""}]}\n\n' + STOP,
        [TextDelta("H"), TextDelta("i"), *FINISH],
        said("Hi"),
        anomalies={"empty_finish_reason": 1, "missing_done": 1},
    ),
    *(
        Row(
            f"the finish reason {reason}",
            HI + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"%b"}]}\n\n' % reason.encode() + DONE,
            [*TEXT, ChoiceFinished(reason)],
            said("Hi", reason),
        )
        for reason in ("eos", "eos_token", "end_turn")
    ),
    Row(
        "content in the chunk that finishes",
        b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "a finish reason given twice",
        HI + STOP + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi", "length"),
        anomalies={"finish_repeated": 1},
    ),
    Row(
        "content after the finish reason",
        HI + STOP + b'data: {"choices":[{"index":0,"delta":{"content":"!"}}]}\n\n' + DONE,
        [*TEXT, *FINISH, TextDelta("!")],
        said("Hi!"),
        anomalies={"content_after_finish": 1},
    ),
    Row(
        "the finish reason on every chunk",
        b'data: {"choices":[{"index":0,"delta":{"content":"H"},"finish_reason":"stop"}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"i"},"finish_reason":"stop"}]}\n\n' + DONE,
        [TextDelta("H"), *FINISH, TextDelta("i")],
        said("Hi"),
        anomalies={"content_after_finish": 1},
    ),
    Row(
        "a message beside the delta",
        b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"H"},'
        b'"message":{"role":"assistant","content":"H"},"finish_reason":null}]}\n\n'
        b'data: {"object":"chat.completion.done","choices":[{"index":0,"delta":{"content":"i"},'
        b'"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}\n\n',
        [TextDelta("H"), TextDelta("i"), *FINISH],
        said("Hi"),
        anomalies={"message_beside_delta": 2, "missing_done": 1},
    ),
    Row(
        "a message beside the delta that says more",
        b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"message":{"content":"Hi","mood":"glad"},'
        b'"finish_reason":"stop"}]}\n\n',
        TEXT + FINISH,
        said("Hi", beside={"message": {"mood": "glad"}}),
        anomalies={"message_beside_delta": 1, "missing_done": 1},
    ),
    Row(
        "a message and no delta",
        b'data: {"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}\n\n',
        TEXT + FINISH,
        said("Hi"),
        anomalies={"missing_done": 1},
    ),
    Row(
        "text and no delta",
        b'data: {"choices":[{"index":0,"text":"Hi","finish_reason":"stop"}]}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "a delta that is its text",
        b'data: {"choices":[{"index":0,"delta":"Hi","finish_reason":"stop"}]}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi"),
        anomalies={"odd_type": 1},
    ),
    Row(
        "no space after data:",
        (HI + STOP + DONE).replace(b"data: ", b"data:"),
        TEXT + FINISH,
        said("Hi"),
    ),
    Row("[DONE] with a space after it", HI + STOP + b"data: [DONE] \n\n", TEXT + FINISH, said("Hi")),
    Row("[DONE] twice", HI + STOP + DONE + DONE, TEXT + FINISH, said("Hi")),
    Row(
        "usage after [DONE]",
        HI + STOP + DONE + b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n',
        [*TEXT, *FINISH, UsageReported(Usage(prompt_tokens=1))],
        said("Hi", usage=Usage(prompt_tokens=1)),
    ),
    Row(
        "something else after [DONE]",
        HI + STOP + DONE + b"data: bye\n\n",
        TEXT + FINISH,
        said("Hi"),
        anomalies={"data_after_done": 1},
    ),
    Row(
        "comments before and between",
        b": OPENROUTER PROCESSING\n\n" + HI + b": ping - 2026-01-01\n\n" + STOP + DONE,
        [KeepAlive("OPENROUTER PROCESSING"), *TEXT, KeepAlive("ping - 2026-01-01"), *FINISH],
        said("Hi"),
    ),
    Row(
        "a comment inside an event comes first",
        HI + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n: ping\n\n' + DONE,
        [*TEXT, KeepAlive("ping"), *FINISH],
        said("Hi"),
    ),
    Row(
        "empty data as a keep-alive",
        b"data:\n\n" + HI + b"data: \n\n" + STOP + DONE,
        [KeepAlive(""), *TEXT, KeepAlive(""), *FINISH],
        said("Hi"),
        anomalies={"keepalive_as_data": 2},
    ),
    Row(
        "a comment wrapped as data",
        b"data: : keepalive\n\n" + HI + STOP + DONE,
        [KeepAlive("keepalive"), *TEXT, *FINISH],
        said("Hi"),
        anomalies={"keepalive_as_data": 1},
    ),
    Row(
        "an event named ping",
        b'event: ping\ndata: {"type":"ping"}\n\n' + HI + b'data: {"type":"ping"}\n\n' + STOP + DONE,
        [KeepAlive('{"type":"ping"}'), *TEXT, KeepAlive('{"type":"ping"}'), *FINISH],
        said("Hi"),
        anomalies={"keepalive_as_data": 2},
    ),
    Row("CRLF throughout", (HI + STOP + DONE).replace(b"\n", b"\r\n"), TEXT + FINISH, said("Hi")),
    Row("CR throughout", (HI + STOP + DONE).replace(b"\n", b"\r"), TEXT + FINISH, said("Hi")),
    Row("a byte order mark", b"\xef\xbb\xbf" + HI + STOP + DONE, TEXT + FINISH, said("Hi")),
    Row(
        "each event with a name",
        b"event: completion\n" + HI + b"event: completion\n" + STOP + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "events parted by a single newline",
        (HI + STOP + DONE).replace(b"\n\n", b"\n") + b"\n",
        TEXT + FINISH,
        said("Hi"),
        anomalies={"events_run_together": 2},
    ),
    Row(
        "JSON over several data lines is one chunk",
        b'data: {"choices":[\ndata: {"index":0,"delta":{"content":"Hi"},\ndata: "finish_reason":"stop"}]}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "the last event without its blank line",
        HI + STOP[:-1],
        TEXT + FINISH,
        said("Hi"),
        anomalies={"unterminated_event": 1, "missing_done": 1},
    ),
    Row(
        "the last event without any line end",
        HI + STOP[:-2],
        TEXT + FINISH,
        said("Hi"),
        anomalies={"unterminated_event": 1, "missing_done": 1},
    ),
    Row(
        "[DONE] without its blank line",
        HI + STOP + DONE[:-1],
        TEXT + FINISH,
        said("Hi"),
        anomalies={"unterminated_event": 1},
    ),
    Row(
        "[DONE] without any line end",
        HI + STOP + DONE[:-2],
        TEXT + FINISH,
        said("Hi"),
        anomalies={"unterminated_event": 1},
    ),
    *(
        Row(
            f"data that is no chunk: {data.decode()}",
            HI + b": ping\n\ndata: " + data + b"\n\n" + STOP,
            [*TEXT, KeepAlive("ping")],
            UNFINISHED,
            "invalid",
            Error(ChunkDecodeError, {"data": data.decode()}),
        )
        for data in (b"42", b'"Hi"', b"[]", b"null", b"true", b'{"choices":', b"<html>", b"[DONE")
    ),
    Row(
        "JSON that only a lenient reader accepts",
        b'data: {"choices":[{"index":0,"delta":{"content":"H\ti"},"score":Infinity}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"},"finish_reason":"stop"}]}\n\n',
        [TextDelta("H\ti"), TextDelta("\N{REPLACEMENT CHARACTER}"), *FINISH],
        said("H\ti\N{REPLACEMENT CHARACTER}", beside={"score": float("inf")}),
        anomalies={"loose_json": 1, "lone_surrogate": 1, "missing_done": 1},
    ),
    Row(
        "fields that the model does not name",
        b'data: {"provider":"P","citations":["u1"],"x_groq":{"id":"r"},"choices":[{"index":0,'
        b'"native_finish_reason":null,"delta":{"content":"Hi","annotations":[{"n":1}],"images":[{"index":0,"url":"a"}]}}],'
        b'"timings":{"ms":1}}\n\n'
        b'data: {"citations":["u1","u2"],"x_groq":{"more":1},"timings":{"ms":2},"choices":[{"index":0,'
        b'"native_finish_reason":"STOP","delta":{"annotations":[{"n":2}],"images":[{"index":0,"url":"b"}]},'
        b'"finish_reason":"stop"}]}\n\n' + DONE,
        TEXT + FINISH,
        ChatCompletion(
            choices=[
                Choice(
                    0,
                    Message(
                        content="Hi",
                        extra={
                            "annotations": [{"n": 1}, {"n": 2}],
                            "images": [{"index": 0, "url": "a"}, {"index": 0, "url": "b"}],
                        },
                    ),
                    "stop",
                    extra={"native_finish_reason": "STOP"},
                )
            ],
            extra={
                "provider": "P",
                "citations": ["u1", "u2"],
                "x_groq": {"id": "r", "more": 1},
                "timings": {"ms": 2},
            },
        ),
    ),
    Row(
        "known fields with an odd type",
        b'data: {"id":"c1","created":1731829466.5,"model":7,"choices":[{"index":"0","delta":{"content":42},'
        b'"finish_reason":"stop"}],"usage":{"prompt_tokens":"5","completion_tokens":1.0,"total_tokens":[6]}}\n\n',
        [
            TextDelta("42"),
            *FINISH,
            UsageReported(Usage(prompt_tokens=5, completion_tokens=1, extra={"total_tokens": [6]})),
        ],
        ChatCompletion(
            "c1",
            "7",
            1731829466,
            [Choice(0, Message(content="42"), "stop")],
            Usage(prompt_tokens=5, completion_tokens=1, extra={"total_tokens": [6]}),
        ),
        anomalies={"odd_type": 7, "missing_done": 1},
    ),
    Row(
        "known fields that cannot be read are kept",
        HI + b'data: {"system_fingerprint":{"a":1},"choices":[{"index":0,"delta":{"refusal":[1],"role":true},'
        b'"finish_reason":"stop","logprobs":"none"}]}\n\n' + DONE,
        TEXT + FINISH,
        said(
            "Hi",
            around={"system_fingerprint": {"a": 1}},
            beside={"logprobs": "none"},
            extra={"refusal": [1], "role": True},
        ),
        anomalies={"odd_type": 4},
    ),
    Row(
        "a choice that is none, beside one that is",
        b'data: {"choices":[null,{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n',
        TEXT + FINISH,
        said("Hi", around={"choices": [None]}),
        anomalies={"odd_type": 1, "missing_done": 1},
    ),
    Row(
        "one choice without its list",
        b'data: {"choices":{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}}\n\n',
        TEXT + FINISH,
        said("Hi"),
        anomalies={"odd_type": 1, "missing_done": 1},
    ),
    Row(
        "log probabilities",
        b'data: {"choices":[{"index":0,"delta":{"content":"H"},"logprobs":{"content":[{"token":"H","logprob":-0.5,'
        b'"bytes":[72],"top_logprobs":[{"token":"H","logprob":-0.5,"bytes":[72]}]}],"refusal":null}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"i"},"logprobs":{"content":[{"token":"i","logprob":-1.0,'
        b'"bytes":[105],"top_logprobs":[]}],"refusal":null}}]}\n\n' + STOP + DONE,
        [TextDelta("H"), TextDelta("i"), *FINISH],
        said(
            "Hi",
            logprobs=ChoiceLogprobs(
                content=[
                    TokenLogprob(
                        token="H",
                        logprob=-0.5,
                        bytes=[72],
                        top_logprobs=[TopLogprob(token="H", logprob=-0.5, bytes=[72])],
                    ),
                    TokenLogprob(token="i", logprob=-1.0, bytes=[105], top_logprobs=[]),
                ]
            ),
        ),
    ),
    Row(
        "audio",
        b'data: {"choices":[{"index":0,"delta":{"audio":{"id":"a1","transcript":"H"}}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"audio":{"transcript":"i"}}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"audio":{"data":"QUJD"}}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"audio":{"data":"REVG","expires_at":9}}}]}\n\n' + DONE,
        [
            AudioDelta(id="a1", transcript="H"),
            AudioDelta(transcript="i"),
            AudioDelta(data="QUJD"),
            AudioDelta(data="REVG", expires_at=9),
        ],
        said(finish=None, audio=Audio("a1", "QUJDREVG", "Hi", 9)),
        anomalies={"missing_finish_reason": 1},
    ),
    Row(
        "a refusal",
        b'data: {"choices":[{"index":0,"delta":{"refusal":"I"}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"refusal":" will not"}}]}\n\n' + STOP + DONE,
        [RefusalDelta("I"), RefusalDelta(" will not"), *FINISH],
        said(refusal="I will not"),
    ),
    Row(
        "a legacy function call",
        b'data: {"choices":[{"index":0,"delta":{"function_call":{"name":"f","arguments":""}}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"function_call":{"arguments":"{\\"a\\""}}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"function_call":{"arguments":":1}"}}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"function_call"}]}\n\n' + DONE,
        [ChoiceFinished("function_call")],
        said(finish="function_call", extra={"function_call": {"name": "f", "arguments": '{"a":1}'}}),
    ),
    Row(
        "id, time and model change",
        b'data: {"id":"c1","created":1,"model":"m1","choices":[{"index":0,"delta":{"content":"H"}}]}\n\n'
        b'data: {"id":"c2","created":2,"model":"m2","choices":[{"index":0,"delta":{"content":"i"},'
        b'"finish_reason":"stop"}]}\n\n' + DONE,
        [TextDelta("H"), TextDelta("i"), *FINISH],
        ChatCompletion("c1", "m1", 1, [Choice(0, Message(content="Hi"), "stop")]),
        anomalies={"id_changed": 1, "model_changed": 1},
    ),
]

# Section 4: tool calls, one slot rule for every variant.
ADD = call(0, "c1", "add", '{"a"', ":1}")
ADDED = ToolCall("c1", "add", '{"a":1}')
SUB = ToolCall("c2", "sub", '{"b":2}')
TWO = [*call(0, "c1", "add", '{"a":1}'), *call(1, "c2", "sub", '{"b":2}')]
TOOL_CALLS = [
    tool_row(
        "a well-formed call",
        [
            b'[{"index":0,"id":"c1","type":"function","function":{"name":"add","arguments":""}}]',
            b'[{"index":0,"function":{"arguments":"{\\"a\\""}}]',
            b'[{"index":0,"function":{"arguments":":1}"}}]',
        ],
        ADD,
        ADDED,
    ),
    *(
        tool_row(
            f"a call whose index is {name}",
            [
                b'[{%b"id":"c1","type":"function","function":{"name":"add","arguments":"{\\"a\\""}}]' % index,
                b'[{%b"function":{"arguments":":1}"}}]' % index,
            ],
            ADD,
            ADDED,
            **odd,
        )
        for name, index, odd in [
            ("null", b'"index":null,', {"missing_call_index": 2}),
            ("absent", b"", {"missing_call_index": 2}),
            ("below 0", b'"index":-1,', {"missing_call_index": 2}),
            ("above 0", b'"index":1,', {}),
        ]
    ),
    tool_row(
        "a call whose index is spelled as text",
        [
            b'[{"index":"0","id":"c1","function":{"name":"add","arguments":"{\\"a\\""}}]',
            b'[{"index":"0","function":{"arguments":":1}"}}]',
        ],
        ADD,
        ADDED,
        odd_type=2,
    ),
    tool_row(
        "id and name repeated in each piece",
        [
            b'[{"index":0,"id":"c1","function":{"name":"add","arguments":"{\\"a\\""}}]',
            b'[{"index":0,"id":"c1","function":{"name":"add","arguments":":1}"}}]',
        ],
        ADD,
        ADDED,
    ),
    *(
        tool_row(
            f"id {name} in later pieces",
            [
                b'[{"index":0,"id":"c1","function":{"name":"add","arguments":"{\\"a\\""}}]',
                b'[{"index":0,"id":%b,"function":{"name":%b,"arguments":":1}"}}]' % (empty, empty),
            ],
            ADD,
            ADDED,
        )
        for name, empty in [("empty", b'""'), ("null", b"null")]
    ),
    tool_row(
        "id repeated without index",
        [
            b'[{"id":"c1","function":{"name":"add","arguments":"{\\"a\\""}}]',
            b'[{"id":"c1","function":{"arguments":":1}"}}]',
        ],
        ADD,
        ADDED,
        missing_call_index=2,
    ),
    tool_row(
        "the whole call in one delta",
        [b'[{"index":0,"id":"c1","type":"function","function":{"name":"add","arguments":"{\\"a\\":1}"}}]'],
        call(0, "c1", "add", '{"a":1}'),
        ADDED,
    ),
    tool_row(
        "the id comes later",
        [
            b'[{"index":0,"function":{"name":"add","arguments":"{\\"a\\""}}]',
            b'[{"index":0,"id":"c1","function":{"arguments":":1}"}}]',
        ],
        [
            ToolCallStarted(0, "", "add"),
            ToolCallDelta(0, '{"a"'),
            ToolCallDelta(0, ":1}"),
            ToolCallDone(0, ADDED),
        ],
        ADDED,
        missing_call_id=1,
    ),
    tool_row(
        "two calls in one delta, with index",
        [
            (
                b'[{"index":0,"id":"c1","function":{"name":"add","arguments":"{\\"a\\":1}"}},'
                b'{"index":1,"id":"c2","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]'
            )
        ],
        TWO,
        ADDED,
        SUB,
    ),
    tool_row(
        "two calls in one delta, without index",
        [
            (
                b'[{"id":"c1","function":{"name":"add","arguments":"{\\"a\\":1}"}},'
                b'{"id":"c2","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]'
            )
        ],
        TWO,
        ADDED,
        SUB,
        missing_call_index=2,
    ),
    tool_row(
        "two calls, both with index 0, in one delta",
        [
            (
                b'[{"index":0,"id":"c1","function":{"name":"add","arguments":"{\\"a\\":1}"}},'
                b'{"index":0,"id":"c2","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]'
            )
        ],
        TWO,
        ADDED,
        SUB,
    ),
    tool_row(
        "two calls, both with index 0, in pieces",
        [
            b'[{"index":0,"id":"c1","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
            b'[{"index":0,"id":"c2","function":{"name":"sub","arguments":""}}]',
            b'[{"index":0,"function":{"arguments":"{\\"b\\":2}"}}]',
        ],
        TWO,
        ADDED,
        SUB,
    ),
    tool_row(
        "two calls with a sparse index",
        [
            b'[{"index":1,"id":"c1","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
            b'[{"index":7,"id":"c2","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        ],
        TWO,
        ADDED,
        SUB,
    ),
    tool_row(
        "two calls, interleaved",
        [
            b'[{"index":0,"id":"c1","function":{"name":"add"}},{"index":1,"id":"c2","function":{"name":"sub"}}]',
            b'[{"index":1,"function":{"arguments":"{\\"b\\":2}"}},{"index":0,"function":{"arguments":"{\\"a\\":1}"}}]',
        ],
        [
            ToolCallStarted(0, "c1", "add"),
            ToolCallStarted(1, "c2", "sub"),
            ToolCallDelta(1, '{"b":2}'),
            ToolCallDelta(0, '{"a":1}'),
            ToolCallDone(0, ADDED),
            ToolCallDone(1, SUB),
        ],
        ADDED,
        SUB,
    ),
    tool_row(
        "two calls that share index 0, told apart by their ids in every piece",
        [
            b'[{"index":0,"id":"c1","function":{"name":"add"}},{"index":0,"id":"c2","function":{"name":"sub"}}]',
            (
                b'[{"index":0,"id":"c1","function":{"arguments":"{\\"a\\":1}"}},'
                b'{"index":0,"id":"c2","function":{"arguments":"{\\"b\\":2}"}}]'
            ),
        ],
        [
            ToolCallStarted(0, "c1", "add"),
            ToolCallStarted(1, "c2", "sub"),
            ToolCallDelta(0, '{"a":1}'),
            ToolCallDelta(1, '{"b":2}'),
            ToolCallDone(0, ADDED),
            ToolCallDone(1, SUB),
        ],
        ADDED,
        SUB,
    ),
    tool_row(
        "two calls of one tool",
        [
            b'[{"index":0,"id":"c1","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
            b'[{"index":1,"id":"c2","function":{"name":"add","arguments":"{\\"a\\":2}"}}]',
        ],
        [*call(0, "c1", "add", '{"a":1}'), *call(1, "c2", "add", '{"a":2}')],
        ADDED,
        ToolCall("c2", "add", '{"a":2}'),
    ),
    tool_row(
        "two calls without id and index, in one delta",
        [
            b'[{"function":{"name":"add","arguments":"{\\"a\\":1}"}},{"function":{"name":"sub","arguments":"{\\"b\\":2}"}}]'
        ],
        [*call(0, "", "add", '{"a":1}'), *call(1, "", "sub", '{"b":2}')],
        ToolCall("", "add", '{"a":1}'),
        ToolCall("", "sub", '{"b":2}'),
        missing_call_index=2,
        missing_call_id=2,
    ),
    tool_row(
        "two calls without id and index, in pieces",
        [
            b'[{"function":{"name":"add","arguments":"{\\"a\\""}}]',
            b'[{"function":{"arguments":":1}"}}]',
            b'[{"function":{"name":"add","arguments":"{\\"a\\":2}"}}]',
        ],
        [*call(0, "", "add", '{"a"', ":1}"), *call(1, "", "add", '{"a":2}')],
        ToolCall("", "add", '{"a":1}'),
        ToolCall("", "add", '{"a":2}'),
        missing_call_index=3,
        missing_call_id=2,
    ),
    tool_row(
        "two calls without id, both with index 0",
        [
            b'[{"index":0,"function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
            b'[{"index":0,"function":{"name":"add","arguments":"{\\"a\\":2}"}}]',
        ],
        [*call(0, "", "add", '{"a":1}'), *call(1, "", "add", '{"a":2}')],
        ToolCall("", "add", '{"a":1}'),
        ToolCall("", "add", '{"a":2}'),
        missing_call_id=2,
    ),
    tool_row(
        "a name repeated without id continues a call that is not complete",
        [
            b'[{"function":{"name":"add","arguments":"{\\"a\\""}}]',
            b'[{"function":{"name":"add","arguments":":1}"}}]',
        ],
        call(0, "", "add", '{"a"', ":1}"),
        ToolCall("", "add", '{"a":1}'),
        missing_call_index=2,
        missing_call_id=1,
    ),
    tool_row(
        "arguments that are an object",
        [b'[{"index":0,"id":"c1","function":{"name":"add","arguments":{"a":1}}}]'],
        call(0, "c1", "add", '{"a":1}'),
        ADDED,
        odd_type=1,
    ),
    *(
        Row(
            f"arguments {name}: no JSON, so the call is done at the end",
            b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function",'
            b'"function":{"name":"now"%b}}]}}]}\n\n' % arguments + CALLED + DONE,
            [
                ToolCallStarted(0, "c1", "now"),
                ChoiceFinished("tool_calls"),
                ToolCallDone(0, ToolCall("c1", "now", "")),
            ],
            called(ToolCall("c1", "now", "")),
        )
        for name, arguments in [("null", b',"arguments":null'), ("absent", b""), ("empty", b',"arguments":""')]
    ),
    tool_row("a piece that says nothing is no call", [b'[{"index":0}]', b"[]", b'[{"function":{}}]'], []),
    tool_row(
        "one call without its list",
        [b'{"index":0,"id":"c1","function":{"name":"add","arguments":"{\\"a\\":1}"}}'],
        call(0, "c1", "add", '{"a":1}'),
        ADDED,
        odd_type=1,
    ),
    tool_row(
        "fields that the model does not name, of the call and of its function",
        [
            (
                b'[{"index":0,"id":"c1","extra_content":{"google":{"thought_signature":"x="}},'
                b'"function":{"name":"add","arguments":"{\\"a\\":1}","strict":true}}]'
            )
        ],
        call(
            0,
            "c1",
            "add",
            '{"a":1}',
            extra={"extra_content": {"google": {"thought_signature": "x="}}, "function": {"strict": True}},
        ),
        ToolCall(
            "c1",
            "add",
            '{"a":1}',
            {"extra_content": {"google": {"thought_signature": "x="}}, "function": {"strict": True}},
        ),
    ),
    tool_row(
        "an index that cannot be read",
        [b'[{"index":"first","id":"c1","function":{"name":"add","arguments":"{\\"a\\":1}"}}]'],
        call(0, "c1", "add", '{"a":1}', extra={"index": "first"}),
        ToolCall("c1", "add", '{"a":1}', {"index": "first"}),
        odd_type=1,
        missing_call_index=1,
    ),
    Row(
        "calls of two choices",
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"add"}}]}},'
        b'{"index":1,"delta":{"tool_calls":[{"index":0,"id":"c2","function":{"name":"sub"}}]}}]}\n\n' + DONE,
        [
            ToolCallStarted(0, "c1", "add", 0),
            ToolCallStarted(0, "c2", "sub", 1),
            ToolCallDone(0, ToolCall("c1", "add", ""), 0),
            ToolCallDone(0, ToolCall("c2", "sub", ""), 1),
        ],
        ChatCompletion(
            choices=[
                Choice(0, Message(tool_calls=[ToolCall("c1", "add", "")])),
                Choice(1, Message(tool_calls=[ToolCall("c2", "sub", "")])),
            ]
        ),
        anomalies={"missing_finish_reason": 2},
    ),
    Row(
        "text before a call",
        HI + b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":'
        b'{"name":"add","arguments":"{\\"a\\":1}"}}]},"finish_reason":"tool_calls"}]}\n\n' + DONE,
        [*TEXT, *call(0, "c1", "add", '{"a":1}'), ChoiceFinished("tool_calls")],
        called(ADDED, content="Hi"),
    ),
]

# Section 5: usage.
FIVE = Usage(prompt_tokens=5, completion_tokens=1, total_tokens=6)
USAGE = [
    Row(
        "usage with the finish",
        HI + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}\n\n' + DONE,
        [*TEXT, *FINISH, UsageReported(FIVE)],
        said("Hi", usage=FIVE),
    ),
    Row(
        "usage on every chunk: the last counts, nothing is summed",
        b'data: {"choices":[{"index":0,"delta":{"content":"H"}}],"usage":{"prompt_tokens":5,"completion_tokens":1,'
        b'"total_tokens":6}}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"i"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,'
        b'"completion_tokens":2,"total_tokens":7}}\n\n' + DONE,
        [
            TextDelta("H"),
            UsageReported(FIVE),
            TextDelta("i"),
            *FINISH,
            UsageReported(Usage(prompt_tokens=5, completion_tokens=2, total_tokens=7)),
        ],
        said("Hi", usage=Usage(prompt_tokens=5, completion_tokens=2, total_tokens=7)),
    ),
    Row(
        "a count that is null leaves the one before",
        HI
        + STOP
        + b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}\n\n'
        + b'data: {"choices":[],"usage":{"prompt_tokens":null,"completion_tokens":2}}\n\n'
        + DONE,
        [
            *TEXT,
            *FINISH,
            UsageReported(FIVE),
            UsageReported(Usage(prompt_tokens=5, completion_tokens=2, total_tokens=6)),
        ],
        said("Hi", usage=Usage(prompt_tokens=5, completion_tokens=2, total_tokens=6)),
    ),
    Row(
        "usage in x_groq",
        HI + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],'
        b'"x_groq":{"id":"r","usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}}\n\n' + DONE,
        [*TEXT, *FINISH, UsageReported(FIVE)],
        said(
            "Hi",
            usage=FIVE,
            around={"x_groq": {"id": "r", "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}}},
        ),
    ),
    Row(
        "usage asked for, and not sent",
        b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":null}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{}}\n\n' + DONE,
        TEXT + FINISH,
        said("Hi"),
    ),
    Row(
        "a total that is not the sum",
        HI
        + STOP
        + b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":40}}\n\n'
        + DONE,
        [*TEXT, *FINISH, UsageReported(Usage(prompt_tokens=5, completion_tokens=1, total_tokens=40))],
        said("Hi", usage=Usage(prompt_tokens=5, completion_tokens=1, total_tokens=40)),
        anomalies={"odd_total": 1},
    ),
    Row(
        "details and costs are kept",
        HI + STOP + b'data: {"choices":[],"usage":{"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":3},'
        b'"completion_tokens_details":{"reasoning_tokens":7,"tool_tokens":1},"cost":0.5,"cost_details":{"up":0.4}}}\n\n'
        + DONE,
        [
            *TEXT,
            *FINISH,
            UsageReported(
                Usage(
                    completion_tokens=9,
                    prompt_tokens_details=PromptTokensDetails(cached_tokens=3),
                    completion_tokens_details=CompletionTokensDetails(reasoning_tokens=7, extra={"tool_tokens": 1}),
                    extra={"cost": 0.5, "cost_details": {"up": 0.4}},
                )
            ),
        ],
        said(
            "Hi",
            usage=Usage(
                completion_tokens=9,
                prompt_tokens_details=PromptTokensDetails(cached_tokens=3),
                completion_tokens_details=CompletionTokensDetails(reasoning_tokens=7, extra={"tool_tokens": 1}),
                extra={"cost": 0.5, "cost_details": {"up": 0.4}},
            ),
        ),
    ),
]

# Section 6: how a stream ends.
TRUNCATED = Error(IncompleteStreamError, {})
ENDINGS = [
    Row("[DONE] after the finish", HI + STOP + DONE, TEXT + FINISH, said("Hi")),
    Row(
        "the end after the finish, without [DONE]", HI + STOP, TEXT + FINISH, said("Hi"), anomalies={"missing_done": 1}
    ),
    Row("[DONE] and no chunk", DONE, [], NOTHING, anomalies={"empty_stream": 1}),
    Row("the end before the finish", HI, TEXT, UNFINISHED, "truncated", TRUNCATED),
    Row(
        "the end before the second choice has finished",
        STOP + b'data: {"choices":[{"index":1,"delta":{"content":"b"}}]}\n\n',
        [*FINISH, TextDelta("b", 1)],
        ChatCompletion(choices=[Choice(0, Message(), "stop"), Choice(1, Message(content="b"))]),
        "truncated",
        TRUNCATED,
    ),
    Row("the end inside an event", HI + STOP[:40], TEXT, UNFINISHED, "truncated", TRUNCATED),
    Row(
        "the end inside an event, after the finish",
        HI + STOP + b'data: {"choices":[],"usa',
        TEXT + FINISH,
        said("Hi"),
        anomalies={"broken_after_finish": 1},
    ),
    Row(
        "the end inside a character",
        HI + b'data: {"choices":[{"index":0,"delta":{"content":"\xe2\x82',
        TEXT,
        UNFINISHED,
        "truncated",
        TRUNCATED,
    ),
    Row("the end inside [DONE]", HI + b"data: [DON", TEXT, UNFINISHED, "truncated", TRUNCATED),
    Row("the end inside a line's name", HI + b"da", TEXT, UNFINISHED, "truncated", TRUNCATED),
    Row("nothing at all", b"", [], NOTHING, "truncated", TRUNCATED),
    Row("a byte order mark, and nothing", b"\xef\xbb\xbf", [], NOTHING, "truncated", TRUNCATED),
    Row("nothing but comments", b": ping\n\n", [KeepAlive("ping")], NOTHING, "truncated", TRUNCATED),
    Row(
        "nothing but usage",
        b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n',
        [UsageReported(Usage(prompt_tokens=1))],
        ChatCompletion(usage=Usage(prompt_tokens=1)),
        "truncated",
        TRUNCATED,
    ),
    Row(
        "a role and no more",
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n',
        [],
        said(None, None),
        "truncated",
        TRUNCATED,
    ),
    Row(
        "a call that the end cuts off",
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"add",'
        b'"arguments":"{\\"a\\""}}]}}]}\n\n',
        [ToolCallStarted(0, "c1", "add"), ToolCallDelta(0, '{"a"')],
        said(finish=None, tool_calls=[ToolCall("c1", "add", '{"a"')]),
        "truncated",
        TRUNCATED,
    ),
    Row("a page instead of events", b"<html>\n<body>Bad gateway</body>\n", [], NOTHING, "truncated", TRUNCATED),
]

# Section 7: errors inside a 200.
BAD = {"message": "overloaded", "type": "server_error", "code": 529}


def failing(name: str, tail: bytes, error: Error, **odd: int) -> Row:
    """A row about an error that comes after some text."""
    return Row(name, HI + tail, TEXT, UNFINISHED, "provider_error", error, odd)


ERRORS = [
    Row(
        "an error and nothing else",
        b'data: {"error":{"message":"overloaded","type":"server_error","code":529}}\n\n',
        [],
        NOTHING,
        "provider_error",
        provider("overloaded", "server_error", 529, body={"error": BAD}),
    ),
    failing(
        "an error after text",
        b'data: {"error":{"message":"overloaded","type":"server_error","code":529}}\n\n',
        provider("overloaded", "server_error", 529, body={"error": BAD}),
    ),
    failing(
        "an error followed by [DONE]",
        b'data: {"error":{"message":"overloaded","code":"too_many"}}\n\n' + DONE,
        provider("overloaded", None, "too_many", body={"error": {"message": "overloaded", "code": "too_many"}}),
    ),
    Row(
        "an error beside a choice that finishes with it",
        HI + b'data: {"error":{"message":"overloaded","code":502},"choices":[{"index":0,"delta":{"content":"!"},'
        b'"finish_reason":"error"}]}\n\n' + DONE,
        [*TEXT, TextDelta("!"), ChoiceFinished("error")],
        said("Hi!", "error", around={"error": {"message": "overloaded", "code": 502}}),
        "provider_error",
        provider(
            "overloaded",
            None,
            502,
            body={
                "error": {"message": "overloaded", "code": 502},
                "choices": [{"index": 0, "delta": {"content": "!"}, "finish_reason": "error"}],
            },
        ),
    ),
    Row(
        "an error inside a choice",
        HI + b'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error",'
        b'"error":{"message":"overloaded","code":502}}]}\n\n' + DONE,
        [*TEXT, ChoiceFinished("error")],
        said("Hi", "error", beside={"error": {"message": "overloaded", "code": 502}}),
        "provider_error",
        provider(
            "overloaded",
            None,
            502,
            body={
                "choices": [
                    {
                        "index": 0,
                        "delta": {"content": ""},
                        "finish_reason": "error",
                        "error": {"message": "overloaded", "code": 502},
                    }
                ]
            },
        ),
    ),
    failing(
        "an error that is text",
        b'data: {"error":"overloaded"}\n\n',
        provider("overloaded", body={"error": "overloaded"}),
    ),
    failing(
        "an error with its detail beside it",
        b'data: {"error":{"code":7},"detail":"overloaded"}\n\n',
        provider("overloaded", None, 7, body={"error": {"code": 7}, "detail": "overloaded"}),
    ),
    failing(
        "an error that is a detail",
        b'data: {"detail":"overloaded"}\n\n',
        provider("overloaded", body={"detail": "overloaded"}),
    ),
    failing(
        "an event named error",
        b'event: error\ndata: {"error":{"message":"overloaded","type":"server_error","code":529}}\n\n',
        provider("overloaded", "server_error", 529, body={"error": BAD}),
    ),
    failing(
        "an event named error whose body has no such key",
        b'event: error\ndata: {"message":"overloaded","type":"server_error","code":529}\n\n',
        provider("overloaded", "server_error", 529, body=BAD),
    ),
    failing(
        "an event named error that is text",
        b"event: error\ndata: overloaded\n\n",
        provider("overloaded", body="overloaded"),
    ),
    failing(
        "a field named error",
        b'error: {"message":"overloaded","type":"server_error","code":529}\n\n',
        provider("overloaded", "server_error", 529, body=BAD),
    ),
    failing("a field named error that is text", b"error: overloaded\n\n", provider("overloaded", body="overloaded")),
    failing(
        "an object that calls itself an error",
        b'data: {"object":"error","message":"overloaded","type":"server_error","code":529}\n\n',
        provider("overloaded", "server_error", 529, body={"object": "error", **BAD}),
    ),
    failing(
        "a type that is error",
        b'data: {"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}\n\n',
        provider(
            "overloaded",
            "overloaded_error",
            body={"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}},
        ),
    ),
    failing("an error that says nothing", b'data: {"error":{}}\n\n', provider('{"error":{}}', body={"error": {}})),
    failing(
        "an error without its blank line",
        b'data: {"error":"overloaded"}',
        provider("overloaded", body={"error": "overloaded"}),
        unterminated_event=1,
    ),
    Row(
        "an error that is null is none",
        HI + b'data: {"error":null,"choices":[]}\n\n' + STOP,
        TEXT + FINISH,
        said("Hi", around={"error": None}),
        anomalies={"missing_done": 1},
    ),
    Row(
        "an error after [DONE] changes nothing",
        HI + STOP + DONE + b'data: {"error":"overloaded"}\n\n',
        TEXT + FINISH,
        said("Hi"),
        anomalies={"data_after_done": 1},
    ),
]

ROWS = [*SHAPES, *TOOL_CALLS, *USAGE, *ENDINGS, *ERRORS]


@dataclass(frozen=True)
class Outcome:
    """All that can be seen of a stream that was read to its end."""

    events: list[ChatEvent]
    completion: ChatCompletion
    ending: Ending
    error: SSEStreamError | None
    anomalies: dict[str, int]

    def error_attributes(self) -> tuple[object, ...]:
        return (type(self.error), str(self.error), getattr(self.error, "__dict__", None))


def read(pieces: Iterable[bytes]) -> Outcome:
    decoder = ChatDecoder(keepalives=True)
    events: list[ChatEvent] = []
    error = None
    try:
        for piece in pieces:
            events.extend(decoder.feed(piece))
        events.extend(decoder.close())
    except SSEStreamError as failure:
        error = failure
    anomalies: dict[str, int] = {anomaly.kind: anomaly.count for anomaly in decoder.anomalies}
    return Outcome(events, decoder.completion, decoder.ending, error, anomalies)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_quirk_is_read_as_it_is_meant(row: Row) -> None:
    outcome = read([row.body])
    assert outcome.events == [*row.events, *([StreamDone(row.completion)] if row.ending == "complete" else [])]
    assert outcome.completion == row.completion
    assert outcome.ending == row.ending
    assert outcome.anomalies == row.anomalies
    if row.error is None:
        assert outcome.error is None
    else:
        assert outcome.error is not None
        assert type(outcome.error) is row.error.type
        assert {name: getattr(outcome.error, name) for name in row.error.attributes} == row.error.attributes
        assert outcome.error.completion == row.completion


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_cutting_a_quirk_changes_nothing(row: Row) -> None:
    whole = read([row.body])
    eventwise = re.split(rb"(?<=\n\n)", row.body)
    for pieces in (bytewise(row.body), eventwise, *every_cut(row.body)):
        cut = read(pieces)
        assert cut == Outcome(whole.events, whole.completion, whole.ending, cut.error, whole.anomalies)
        assert cut.error_attributes() == whole.error_attributes()


def test_every_quirk_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
