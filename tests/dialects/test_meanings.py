"""Further quirks of servers, one row per kind with several variants: their meaning as a whole.

Each row is read whole, byte by byte, event by event, and with every split in two, always with the same outcome; and the
joined deltas always equal the completion's text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from sse_stream import (
    ChatCompletion,
    ChatDecoder,
    ChatEvent,
    ChunkDecodeError,
    ProviderError,
    ReasoningDelta,
    RefusalDelta,
    SSEStreamError,
    StreamDone,
    TextDelta,
    ToolCallDelta,
    ToolCallDone,
    Usage,
)
from sse_stream.dialects import OpenAIChat
from sse_stream.testing import bytewise, every_cut

DONE = b"data: [DONE]\n\n"


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def choice(**fields: Any) -> bytes:
    return event({"choices": [{"index": 0, **fields}]})


def d(finish: str | None = None, **delta: Any) -> bytes:
    """A delta of the first choice."""
    return choice(delta=delta, **({} if finish is None else {"finish_reason": finish}))


def t(arguments: str | None = None, name: str | None = None, id: str | None = None, **fields: Any) -> bytes:
    """A delta with one piece of a tool call, of index 0 unless it says otherwise."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    call = {"index": 0, **({} if id is None else {"id": id}), "function": function, **fields}
    return d(tool_calls=[{key: value for key, value in call.items() if value is not ...}])


HI = d(content="Hi")
STOP = d("stop")
CALLED = d("tool_calls")
END = STOP + DONE


class Row(NamedTuple):
    body: bytes
    content: str | None = None
    reasoning: str | None = None
    calls: tuple[str, ...] = ()  # of each its id, name and arguments
    finish: str | None = "stop"
    usage: tuple[int | None, ...] | None = None
    odd: tuple[str, ...] = ()
    error: str | None = None  # a part of its text
    ending: str = "complete"
    extra: dict[str, Any] = {}  # noqa: RUF012  # of the message; only read


def called(body: bytes, *calls: str, odd: tuple[str, ...] = (), **fields: Any) -> Row:
    return Row(body + CALLED + DONE, calls=calls, finish="tool_calls", odd=odd, **fields)


def failed(body: bytes, error: str, content: str | None = "Hi", **fields: Any) -> Row:
    return Row(HI + body, content, finish=fields.pop("finish", None), error=error, ending="provider_error", **fields)


ROWS = {
    # Tool calls
    "a new id on each fragment": called(t("", "view", "A") + t('{"', id="B") + t('n":1}', id="C"), 'A view {"n":1}', odd=("call_id_changed",)),
    "a new id on each fragment, without index": called(
        t("{", "f", "A", index=...) + t("}", id="B", index=...), "A f {}", odd=("missing_call_index", "call_id_changed")
    ),
    "a call without id that is complete, and another with an id, whose arguments come later": called(
        t("{}", "f") + t("", "f", "A") + t('{"a":1}', "f", "A"), " f {}", 'A f {"a":1}', odd=("missing_call_id",)
    ),
    "arguments that go on behind their end": Row(
        t("[]", "f", "A") + t('{"a":{}', id="A") + CALLED,
        calls=('A f []{"a":{}',),
        finish="tool_calls",
        error="no [DONE] came",
        ending="truncated",
    ),
    "an escape in arguments that is cut in two, and no end": Row(
        t('{"a":"}', "f", "A") + t("\\", "f", index=...) + t('"}', "f", index=...) + CALLED,
        calls=('A f {"a":"}\\"}',),
        finish="tool_calls",
        odd=("missing_call_index",),
        error="no [DONE] came",
        ending="truncated",
    ),
    "a new id and the same name on each fragment": called(
        t('{"a"', "f", "A") + t(":1", "f", "B") + t("}", "f", "C"), 'A f {"a":1}', odd=("call_id_changed",)
    ),
    "two calls that share an index": called(t('{"a":1}', "f", "A") + t('{"b":2}', "g", "B"), 'A f {"a":1}', 'B g {"b":2}'),
    "two calls that share an index, in pieces": called(
        t("", "f", "A") + t('{"a":1}') + t("", "f", "B") + t('{"b":2}'), 'A f {"a":1}', 'B f {"b":2}'
    ),
    "the same index and id, another name": called(
        t('{"a":1}', "read", "c0") + t('{"b":1}', "list", "c0"), 'c0 read {"a":1}', 'c0 list {"b":1}'
    ),
    "a bare id announces the next call": called(
        t('{"a":1}', "f", "A") + t(id="B") + t('{"b":1}', "g"), 'A f {"a":1}', 'B g {"b":1}'
    ),
    "arguments sent cumulatively": called(
        t('{"a"', "f", "A") + t('{"a":1', "f", "A") + t('{"a":1}', "f", "A"), 'A f {"a":1}', odd=("arguments_repeated",)
    ),
    "arguments sent cumulatively, with the name alone": called(
        t('{"a"', "f", "A") + t('{"a":1}', "f"), 'A f {"a":1}', odd=("arguments_repeated",)
    ),
    "arguments sent cumulatively, with the id alone": called(
        t('{"a"', "f", "A") + t('{"a":1}', id="A"), 'A f {"a":1}', odd=("arguments_repeated",)
    ),
    "the whole call again at the end": called(
        t("{", "f", "A") + t('"a":1}') + t('{"a":1}', "f", "A"), 'A f {"a":1}', odd=("arguments_repeated",)
    ),
    "the whole arguments again, spelled otherwise": called(
        t('{"a":1}', "f", "A") + t('{ "a": 1 }', id="A"), 'A f {"a":1}', odd=("arguments_repeated",)
    ),
    "a placeholder first": called(t("{}", "f", "A") + t('{"x"') + t(":1}"), 'A f {"x":1}', odd=("arguments_repeated",)),
    "a placeholder that is all": called(t("{}", "f", "A"), "A f {}"),
    "placeholders of two calls that take turns": called(
        t("{}", "f", "A") + t("{}", "g", "B", index=1) + t('{"a":1}') + t('{"b":2}', index=1),
        'A f {"a":1}',
        'B g {"b":2}',
        odd=("arguments_repeated",),
    ),
    "a placeholder of one call, and another call": called(t("{}", "f", "A") + t("{}", "g", "B", index=1), "A f {}", "B g {}"),
    "a finish reason on each piece of a call": Row(
        choice(delta={"tool_calls": [{"index": 0, "id": "A", "function": {"name": "f", "arguments": ""}}]}, finish_reason="tool_calls")
        + choice(delta={"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]}, finish_reason="tool_calls")
        + choice(delta={"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}, finish_reason="tool_calls")
        + DONE,
        calls=('A f {"a":1}',),
        finish="tool_calls",
        odd=("content_after_finish",),
    ),
    "a custom tool": called(
        d(tool_calls=[{"index": 0, "id": "A", "type": "custom", "custom": {"name": "sh", "input": "l"}}])
        + d(tool_calls=[{"index": 0, "custom": {"input": "s"}}]),
        "A sh ls custom",
    ),
    "a custom tool whose input begins like the input so far": called(
        d(tool_calls=[{"index": 0, "id": "A", "type": "custom", "custom": {"name": "sh", "input": "{}"}}])
        + d(tool_calls=[{"index": 0, "id": "A", "custom": {"input": "{}"}}]),
        "A sh {}{} custom",
    ),
    # Whole messages
    "a last chunk with the whole message": Row(
        HI + choice(message={"content": "Hi"}, finish_reason="stop") + DONE, "Hi", odd=("message_repeated",)
    ),
    "a last chunk with more than came": Row(
        HI + choice(message={"content": "Hi all"}, finish_reason="stop") + DONE, "Hi all", odd=("message_repeated",)
    ),
    "a last chunk with another text": Row(
        HI + choice(message={"content": "Ho"}, finish_reason="stop") + DONE, "Hi", odd=("message_repeated",)
    ),
    "an empty delta beside the only message": Row(
        choice(delta={}, message={"role": "assistant", "content": "Hi", "reasoning": "hm"}) + END, "Hi", "hm"
    ),
    "a message with calls in another order": called(
        t('{"a"', "f", "A")
        + t("", "g", "B", index=1)
        + choice(
            message={
                "tool_calls": [
                    {"id": "B", "type": "function", "function": {"name": "g", "arguments": '{"b":1}'}},
                    {"id": "A", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                ]
            }
        ),
        'A f {"a":1}', 'B g {"b":1}', odd=("message_repeated",),
    ),
    "a message with calls without ids": called(
        t('{"a":1}', "f", "A")
        + choice(message={"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]}),
        'A f {"a":1}', odd=("message_repeated",),
    ),
    "a message with a call that has come, and one that has not": called(
        t('{"a":', "f", "A")
        + choice(message={"tool_calls": [{"id": "A", "function": {"name": "f", "arguments": '{"a":1}'}}, {"id": "B", "function": {"name": "g", "arguments": "{}"}}]}),
        'A f {"a":1}',
        "B g {}",
        odd=("message_repeated",),
    ),
    "messages that are pieces": Row(choice(message={"content": "Hi"}) + choice(message={"content": "there"}) + END, "Hithere"),
    "messages that grow": Row(choice(message={"content": "Hi"}) + choice(message={"content": "Hi there"}) + END, "Hi there"),
    "a message that comes twice": Row(choice(message={"content": "Hi"}) * 2 + END, "Hi", odd=("message_repeated",)),
    # Reasoning
    "reasoning as reasoning_text": Row(d(reasoning_text="hm") + HI + END, "Hi", "hm"),
    "reasoning in an object": Row(
        d(reasoning_content={"text": "h"}) + d(reasoning_content={"text": "h"}) + HI + END,
        "Hi", "hh", extra={"reasoning_content": {"text": "hh"}},
    ),
    "thinking blocks alone": Row(
        d(thinking_blocks=[{"type": "thinking", "thinking": "h"}])
        + d(thinking_blocks=[{"type": "thinking", "thinking": "m"}])
        + d(thinking_blocks=[{"type": "thinking", "thinking": "", "signature": "s"}])
        + HI + END,
        "Hi", "hm", extra={"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
    ),
    "thinking blocks beside the same reasoning": Row(
        d(reasoning_content="hm", thinking_blocks=[{"type": "thinking", "thinking": "hm"}]) + HI + END,
        "Hi", "hm", extra={"thinking_blocks": [{"type": "thinking", "thinking": "hm"}]},
    ),
    # Usage
    "usage inside the choice": Row(HI + choice(delta={}, finish_reason="stop", usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}) + DONE, "Hi", usage=(1, 2, 3)),
    "usage that falls back to zeros": Row(
        HI + STOP
        + event({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})
        + event({"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}) + DONE,
        "Hi", usage=(1, 2, 3), odd=("usage_fell",),
    ),
    # Fields that are stated, and things that are whole
    "a channel on each delta": Row(
        d(content="H", channel="analysis") + d(content="i", channel="analysis") + d(channel="final") + END,
        "Hi", extra={"channel": "final"},
    ),
    "tools that were run, stated twice": Row(
        HI + d(executed_tools=[{"index": 0, "type": "search"}]) + d(executed_tools=[{"index": 0, "type": "search"}]) + END,
        "Hi", extra={"executed_tools": [{"index": 0, "type": "search"}]},
    ),
    "two images of the same index": Row(
        HI + d(images=[{"index": 0, "url": "a"}]) + d(images=[{"index": 0, "url": "b"}]) + END,
        "Hi", extra={"images": [{"index": 0, "url": "a"}, {"index": 0, "url": "b"}]},
    ),
    "a legacy call whose name is on each piece": Row(
        d(function_call={"name": "f", "arguments": "{"}) + d(function_call={"name": "f", "arguments": "}"}) + END,
        extra={"function_call": {"name": "f", "arguments": "{}"}},
    ),
    # Halves of surrogate pairs
    "halves in the text": Row(b'data: {"choices":[{"index":0,"delta":{"content":"A\\ud83d"}}]}\n\n: ping\n\n: ping\n\ndata: {"choices":[{"index":0,"delta":{"content":"\\ude00B"}}]}\n\n' + END, "A😀B", odd=("split_surrogate",)),
    "a half beside a message": Row(
        b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"},"message":{"content":"\\ud83d"}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"\\ude00"},"message":{"content":"\\ud83d\\ude00"}}]}\n\n' + END,
        "😀", odd=("split_surrogate", "message_beside_delta"),
    ),
    "a half alone": Row(b'data: {"choices":[{"index":0,"delta":{"content":"A\\ud83d"}}]}\n\n' + END, "A\ufffd", odd=("lone_surrogate",)),
    "a half alone, and no finish": Row(b'data: {"choices":[{"index":0,"delta":{"content":"A\\ud83d"}}]}\n\n' + DONE, "A\ufffd", finish=None, odd=("lone_surrogate", "missing_finish_reason")),
    "halves in the reasoning": Row(b'data: {"choices":[{"index":0,"delta":{"reasoning":"\\ud83d"}}]}\n\ndata: {"choices":[{"index":0,"delta":{"reasoning":"\\ude00"}}]}\n\n' + END, None, "😀", odd=("split_surrogate",)),
    "halves in two channels at once": Row(
        b'data: {"choices":[{"index":0,"delta":{"reasoning":"\\ud83d","content":"\\ud83d"}}]}\n\ndata: {"choices":[{"index":0,"delta":{"reasoning":"\\ude00","content":"\\ude01"}}]}\n\n' + END, "😁", "😀", odd=("split_surrogate",)
    ),
    "halves in the arguments": called(
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"A","function":{"name":"f","arguments":"[\\"\\ud83d"}}]}}]}\n\n: ping\n\n'
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\\ude00\\"]"}}]}}]}\n\n',
        'A f ["😀"]', odd=("split_surrogate",),
    ),
    "a half that another call follows": called(
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"A","function":{"name":"f","arguments":"\\ud83d"}}]}}]}\n\n' + t("{}", "g", "B"),
        "A f \ufffd", "B g {}", odd=("lone_surrogate",),
    ),
    # Errors
    "an error: a code and a message": failed(event({"code": 429, "message": "slow down"}), "slow down"),
    "an error: a code and msg": failed(event({"code": 500, "msg": "oops"}), "oops"),
    "an error: no success": failed(event({"success": False, "errors": [{"code": 7, "message": "oops"}]}), "oops"),
    "an error: a status and a message": failed(event({"status": "error", "message": "oops"}), "oops"),
    "an error: a base_resp": failed(event({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "slow"}}), "slow"),
    "an error: a base_resp in an event of its own": failed(
        b"event: error\n" + event({"base_resp": {"status_code": 1002, "status_msg": "slow"}}), "slow"
    ),
    "an error beside no choices: a base_resp": failed(event({"choices": [], "base_resp": {"status_code": 1002, "status_msg": "slow"}}), "slow"),
    "an error beside no choices: a code and a message": failed(event({"id": "c", "choices": [], "code": 429, "message": "slow"}), "slow"),
    "an error beside no choices: a list of errors": failed(event({"choices": [], "success": False, "errors": [{"message": "slow"}]}), "slow"),
    "an error beside no choices: an error code and its message": failed(event({"choices": [], "error_code": 17, "error_msg": "slow"}), "slow"),
    "an error beside no choices: a status and a message": failed(event({"choices": [], "status": "error", "message": "slow"}), "slow"),
    "an error after events with fields of their own, beside no choices": failed(
        event({"choices": [{"index": 0, "delta": {}}], "own": 1}) + event({"choices": [], "code": 429, "message": "slow"}), "slow"
    ),
    "an event named error written into a half-written event": failed(
        b'data: {"choices":[{"index":0,"del\nevent: error\ndata: {"message":"oops"}\n\n', "oops", odd=("interrupted_event",)
    ),
    "an event named error, with an error object, written into a half-written event": failed(
        b'data: {"choices":[{"index":0,"del\nevent: error\ndata: {"error":{"message":"oops"}}\n\n', "oops", odd=("interrupted_event",)
    ),
    "an event named error that is text": failed(b"event: error\ndata: it\ndata: broke\n\n", "it\nbroke"),
    "an error that quotes half a character": failed(b'data: {"error":{"me":"oad\\ud83ded"}}\n\n', "oad\ufffded"),
    "an error in a list": failed(event([{"error": {"message": "oops", "code": 503}}]), "oops"),
    "an error in x_groq": failed(event({"choices": [], "x_groq": {"error": "oops"}}), "oops"),
    "an error as text": failed(b"data: error: it broke\n\n", "it broke"),
    "an error as text that is JSON": failed(b'data: error: {"message":"it broke","code":500}\n\n', "it broke"),
    "an error outside the frame": failed(b'{\n  "error": {\n    "code": 503,\n    "message": "busy"\n  }\n}\n', "busy", odd=("unframed_json",)),
    "an error outside the frame, in a list, with blank lines": failed(b'[{\n\n  "error": {"message": "busy"}\n}\n]\n', "busy", odd=("unframed_json",)),
    "an error outside the frame, before the end mark": failed(b'{\n  "error": {"message": "busy"}\n}\n\n' + DONE, "busy", odd=("unframed_json",)),
    "an error written into a half-written event": failed(b'data: {"choices":[{"index":0,"del\ndata: {"error":{"message":"oops"}}\n\n', "oops", odd=("interrupted_event",)),
    "an error in a list, written into a half-written event": failed(b'data: {"choices":[{"index":0,"del\ndata: [{"error":{"message":"oops"}}]\n\n', "oops", odd=("interrupted_event",)),
    "an error written into a half-written line": failed(b'data: {"choices":[{"index":0,"deldata: {"error":{"message":"oops"}}\n\n', "oops", odd=("interrupted_event",)),
    "a finish reason that is an error": failed(d("error") + DONE, "the stream ended with finish reason 'error'", finish="error"),
    "a finish reason that is an error, and no end mark": failed(d("network_error"), "the stream ended with finish reason 'network_error'", finish="network_error"),
    "a finish reason that is an error, and then the error": failed(d("abort") + event({"error": "oops"}), "oops", finish="abort"),
    # What is no chunk
    "JSON of another API": Row(event({"response": "Hi"}) + DONE, None, finish=None, odd=("not_a_chunk",), error="the stream contains no chunk, only other JSON", ending="invalid"),
    "JSON of another API, and no end mark": Row(event({"response": "Hi"}), None, finish=None, odd=("not_a_chunk",), error="the stream contains no chunk, only other JSON", ending="invalid"),
    "JSON of another API, beside a chat": Row(HI + event({"response": "Hi"}) + END, "Hi", odd=("not_a_chunk",)),
    "a keep-alive with a name and text": Row(HI + b"event: ping\ndata: 12:30\n\n" + END, "Hi", odd=("keepalive_as_data",)),
    "a keep-alive with a name and JSON": Row(HI + b'event: heartbeat\ndata: {"ts":5}\n\n' + END, "Hi", odd=("keepalive_as_data",)),
    "a keep-alive whose name is no UTF-8": Row(
        HI + b'event: p\xffing\ndata: {"at":5}\n\n' + END, "Hi", odd=("invalid_utf8", "not_a_chunk")
    ),
    "a keep-alive by its type": Row(HI + event({"type": "keepalive"}) + END, "Hi", odd=("keepalive_as_data",)),
    "DONE without brackets": Row(HI + STOP + b"data: DONE\n\n", "Hi", odd=("odd_end_mark",)),
    "data: data:": Row(HI + b'data: data: {"choices":[]}\n\n' + END, "Hi", finish=None, error="not JSON", ending="invalid"),
    # Ends
    "the end mark cut in half": Row(HI + STOP + b"data: [DO", "Hi", odd=("broken_after_finish",)),
    "the usage cut in half": Row(HI + STOP + b'data: {"choices":[],"us', "Hi", odd=("broken_after_finish",)),
    "no end mark": Row(HI + STOP, "Hi", odd=("missing_done",)),
    "no end mark, and text after the finish": Row(HI + STOP + HI, "HiHi", odd=("content_after_finish",), error="no [DONE] came", ending="truncated"),
    "no end mark, and a call of a custom tool, which is never open": Row(
        d(tool_calls=[{"index": 0, "id": "A", "type": "custom", "custom": {"name": "sh", "input": "l"}}]) + CALLED,
        calls=("A sh l custom",), finish="tool_calls", odd=("missing_done",),
    ),
    "no end mark, and an open call": Row(
        t('{"a"', "f", "A") + CALLED, calls=('A f {"a"',), finish="tool_calls", error="no [DONE] came", ending="truncated"
    ),
    "the finish reason again, with an empty delta": Row(HI + STOP + d("stop", content="", role="assistant") + DONE, "Hi"),
    "an id that changes": Row(event({"id": "a", "choices": []}) + event({"id": "b", "choices": []}) + HI + event({"id": "b", "choices": []}) + END, "Hi", odd=("id_changed",)),
}  # fmt: skip


class Outcome(NamedTuple):
    events: list[ChatEvent]
    completion: ChatCompletion
    ending: str
    error: str
    odd: dict[str, int]


def read(pieces: Iterable[bytes], dialect: OpenAIChat | None = None) -> Outcome:
    decoder = ChatDecoder(dialect=dialect)
    events: list[ChatEvent] = []
    error = ""
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        events += decoder.close()
    except SSEStreamError as failure:
        error = f"{type(failure).__name__}: {failure}"
        assert failure.completion == decoder.completion
    odd: dict[str, int] = {anomaly.kind: anomaly.count for anomaly in decoder.anomalies}
    return Outcome(events, decoder.completion, decoder.ending, error, odd)


def check_joins(outcome: Outcome) -> None:
    """The joined deltas are what the completion holds, and each call that is done is done with all of its arguments."""

    def joined(kind: type[TextDelta | ReasoningDelta | RefusalDelta]) -> str:
        return "".join(event.text for event in outcome.events if isinstance(event, kind))

    message = outcome.completion.message
    assert joined(TextDelta) == (message.content or "")
    assert joined(ReasoningDelta) == (message.reasoning or "")
    assert joined(RefusalDelta) == (message.refusal or "")
    for index, call in enumerate(message.tool_calls):
        pieces = [event for event in outcome.events if isinstance(event, ToolCallDelta) and event.index == index]
        assert "".join(event.arguments for event in pieces) == call.arguments
    done = [event for event in outcome.events if isinstance(event, ToolCallDone)]
    assert all(event.tool_call == message.tool_calls[event.index] for event in done)
    if outcome.ending == "complete":
        assert [event.index for event in done] == sorted(
            range(len(message.tool_calls)), key=[e.index for e in done].index
        )
        assert isinstance(outcome.events[-1], StreamDone)


@pytest.mark.parametrize("name", ROWS)
def test_what_a_stream_means(name: str) -> None:
    row = ROWS[name]
    outcome = read([row.body])
    message = outcome.completion.message
    assert (message.content, message.reasoning) == (row.content, row.reasoning)
    calls = [
        f"{call.id} {call.name} {call.arguments}{'' if call.kind == 'function' else ' custom'}"
        for call in message.tool_calls
    ]
    assert calls == list(row.calls)
    assert outcome.completion.finish_reason == row.finish
    usage = outcome.completion.usage
    assert (None if usage is None else (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)) == row.usage
    assert tuple(outcome.odd) == row.odd
    assert outcome.ending == row.ending
    assert (row.error or "") in outcome.error
    assert bool(row.error) == bool(outcome.error)
    assert message.extra == row.extra
    check_joins(outcome)


@pytest.mark.parametrize("name", ROWS)
def test_it_means_the_same_if_the_format_is_given(name: str) -> None:
    body = ROWS[name].body
    assert read([body], OpenAIChat()) == read([body])


@pytest.mark.parametrize("name", ROWS)
def test_cutting_changes_nothing(name: str) -> None:
    body = ROWS[name].body
    whole = read([body])
    for pieces in (bytewise(body), re.split(rb"(?<=\n\n)", body), *every_cut(body)):
        cut = read(pieces)
        assert cut == whole
        check_joins(cut)


def test_usage_behind_an_error_in_the_same_read_is_taken() -> None:
    usage = event({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}})
    decoder = ChatDecoder()
    with pytest.raises(ProviderError) as raised:
        list(decoder.feed(HI + event({"id": "c1", "model": "m1", "error": "oops"}) + d(content="!") + usage))
    completion = raised.value.completion
    assert (completion.id, completion.model, completion.text) == ("c1", "m1", "Hi")
    assert completion.usage == Usage(prompt_tokens=1, completion_tokens=2)


def test_usage_in_an_odd_chunk_behind_an_error_is_taken() -> None:
    decoder = ChatDecoder()
    with pytest.raises(ProviderError) as raised:
        list(decoder.feed(HI + event({"error": "oops"}) + event({"usage": {"prompt_tokens": 1}})))
    assert raised.value.completion.usage == Usage(prompt_tokens=1)


def test_what_is_no_chunk_is_quoted_whole() -> None:
    decoder = ChatDecoder()
    with pytest.raises(ChunkDecodeError, match="another") as raised:
        list(decoder.feed(event({"response": "another"}) + DONE))
        list(decoder.close())
    assert json.loads(raised.value.data) == {"response": "another"}


TAGS = {
    "<think>hm</think>Hi": ("hm", "Hi"),
    "\n<think>\nhm\n</think>\n\nHi": ("\nhm\n", "\n\n\nHi"),
    "<think></think>Hi": (None, "Hi"),
    "<think>hm": ("hm", None),
    "<think>hm</thin": ("hm</thin", None),
    "<think></thin": ("</thin", None),
    "<think>a<b></c></think>Hi<think>x</think>": ("a<b></c>", "Hi<think>x</think>"),
    "<thin": (None, "<thin"),
    "Hi <think>hm</think>": (None, "Hi <think>hm</think>"),
    "<thinking>": (None, "<thinking>"),
    "": (None, None),
}


@pytest.mark.parametrize("finish", [STOP, b""])
@pytest.mark.parametrize("text", TAGS)
def test_think_tags(text: str, finish: bytes) -> None:
    reasoning, content = TAGS[text]
    for size in (1, 2, 3, 5, 8, 100):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        outcome = read([b"".join(d(content=piece) for piece in pieces) + finish + DONE], OpenAIChat(think_tags=True))
        message = outcome.completion.message if outcome.completion.choices else None
        if message is not None:
            assert (message.reasoning, message.content) == (reasoning, content)
            check_joins(outcome)
            if reasoning:
                assert message.to_dict(reasoning=True)["content"] == f"<think>{reasoning}</think>{content or ''}"
        else:
            assert (reasoning, content) == (None, None)
    plain = read([d(content=text) + finish + DONE])
    assert plain.completion.text == text
    assert plain.completion.choices == [] or plain.completion.message.reasoning is None


@pytest.mark.parametrize("text", [text for text in TAGS if text])
def test_think_tags_in_a_whole_message(text: str) -> None:
    """Whether deltas have come before or not: a message states the whole text, and tags begin anew in it."""
    reasoning, content = TAGS[text]
    whole = choice(message={"content": text}, finish_reason="stop")
    for body in (whole, d(content=text[:3]) + d(content=text[3:]) + whole):
        outcome = read([body + DONE], OpenAIChat(think_tags=True))
        message = outcome.completion.message
        assert (message.reasoning, message.content or None) == (reasoning, content)
        if reasoning:
            assert message.to_dict(reasoning=True)["content"] == f"<think>{reasoning}</think>{content or ''}"


def test_no_more_text_waits_than_a_tag_can_be() -> None:
    decoder = ChatDecoder(dialect=OpenAIChat(think_tags=True))
    text = "<think>" + "a </thi b" * 20 + "</think>" + "c < d" * 20
    for position, character in enumerate(text):
        list(decoder.feed(d(content=character)))
        message = decoder.completion.message
        seen = len("<think>") * (position >= len("<think>")) + len((message.reasoning or "") + (message.content or ""))
        assert position + 1 - seen < len("<think></think>")
