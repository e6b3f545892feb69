"""A catalogue of what servers of OpenAI's Responses API send, to test clients against."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .._chat._tool_call import ToolCall
from ._recordings import Habit


def _framed(*payloads: bytes) -> bytes:
    """Frame payloads as OpenAI does, with the type as the event's name."""
    return b"".join(b"event: " + payload.split(b'"', 4)[3] + b"\ndata: " + payload + b"\n\n" for payload in payloads)


def _event(kind: bytes, fields: bytes) -> bytes:
    return b'{"type":"' + kind + b'",' + fields + b"}"


def _added(place: bytes, item: bytes) -> bytes:
    return _event(b"response.output_item.added", b'"output_index":' + place + b',"item":' + item)


def _done(place: bytes, item: bytes) -> bytes:
    return _event(b"response.output_item.done", b'"output_index":' + place + b',"item":' + item)


def _text(delta: bytes, beside: bytes = b"") -> bytes:
    fields = b'"output_index":0,"content_index":0,"delta":"' + delta + b'"' + beside
    return _event(b"response.output_text.delta", fields)


def _arguments(delta: bytes) -> bytes:
    return _event(b"response.function_call_arguments.delta", b'"output_index":0,"delta":"' + delta + b'"')


def _end(status: bytes, beside: bytes = b"") -> bytes:
    return _event(b"response." + status, b'"response":{"id":"resp_1","status":"' + status + b'"' + beside + b"}")


_CREATED = _event(b"response.created", b'"response":{"id":"resp_1","object":"response","model":"m","created_at":1}')
_EMPTY = b'{"type":"message","id":"msg_1","role":"assistant","content":[]}'
_MESSAGE = b'{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}'
_HELLO = (_added(b"0", _EMPTY), _text(b"Hel"), _text(b"lo"), _done(b"0", _MESSAGE))
_COMPLETED = _end(b"completed")
_USED = _end(
    b"completed",
    b',"usage":{"input_tokens":3,"output_tokens":2,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":5}',
)
_ONE_CALL = b'{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}'
_WHOLE_CALL = _ONE_CALL.replace(b'"arguments":""', rb'"arguments":"{\"a\":1}"')
_A_CALL = ToolCall("call_1", "f", '{"a":1}')
_THOUGHT = (
    b'{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"gAAA"}'
)


def _summary(delta: bytes) -> bytes:
    fields = b'"output_index":0,"summary_index":0,"delta":"' + delta + b'"'
    return _event(b"response.reasoning_summary_text.delta", fields)


def _numbered(*payloads: bytes, numbers: range) -> tuple[bytes, ...]:
    return tuple(
        payload[:-1] + b',"sequence_number":%d}' % number for payload, number in zip(payloads, numbers, strict=True)
    )


RESPONSES_HABITS: Mapping[str, Habit] = MappingProxyType(
    {
        "plain": Habit(
            about="A message in two pieces, repeated in its done events, and the response's last event.",
            body=_framed(*_numbered(_CREATED, *_HELLO, _COMPLETED, numbers=range(6))),
            finish_reason="completed",
        ),
        "names-absent": Habit(
            about="Events without names (OpenRouter, and proxies that strip them).",
            body=b"".join(b"data: " + payload + b"\n\n" for payload in (_CREATED, *_HELLO, _COMPLETED)),
            finish_reason="completed",
        ),
        "usage": Habit(
            about="Usage in the last event, with reasoning tokens among the output tokens.",
            body=_framed(_CREATED, *_HELLO, _USED),
            finish_reason="completed",
            total_tokens=5,
        ),
        "incomplete": Habit(
            about="The output token limit was reached: a complete stream with a different last event.",
            body=_framed(
                _CREATED, *_HELLO, _end(b"incomplete", b',"incomplete_details":{"reason":"max_output_tokens"}')
            ),
            finish_reason="max_output_tokens",
        ),
        "incomplete-without-a-word": Habit(
            about="The output token limit was reached while reasoning: an answer without text.",
            body=_framed(
                _CREATED,
                _added(b"0", b'{"type":"reasoning","id":"rs_1","summary":[]}'),
                _done(b"0", b'{"type":"reasoning","id":"rs_1","summary":[]}'),
                _end(b"incomplete", b',"incomplete_details":{"reason":"max_output_tokens"}'),
            ),
            texts=("",),
            finish_reason="max_output_tokens",
        ),
        "done-at-the-end": Habit(
            about="[DONE] after the last event, and comments while waiting for the model (OpenRouter).",
            body=b": OPENROUTER PROCESSING\n\n" + _framed(_CREATED, *_HELLO, _COMPLETED) + b"data: [DONE]\n\n",
            finish_reason="completed",
        ),
        "keepalive": Habit(
            about="A keep-alive sent as an event.",
            body=_framed(_CREATED, b'{"type":"keepalive","sequence_number":1}', *_HELLO, _COMPLETED),
            finish_reason="completed",
        ),
        "summary": Habit(
            about="A reasoning summary in pieces, and encrypted reasoning to send back.",
            body=_framed(_CREATED, _summary(b"H"), _summary(b"m."), _done(b"0", _THOUGHT), _COMPLETED),
            texts=("",),
            finish_reason="completed",
            reasoning="Hm.",
        ),
        "summary-only-when-done": Habit(
            about="A reasoning summary in the done item only, without deltas (OpenAI, sometimes).",
            body=_framed(_CREATED, _done(b"0", _THOUGHT), _COMPLETED),
            texts=("",),
            finish_reason="completed",
            reasoning="Hm.",
        ),
        "call": Habit(
            about="A call in pieces; its result must refer to call_id, not to the item's id.",
            body=_framed(
                _CREATED,
                _added(b"0", _ONE_CALL),
                _arguments(rb"{\"a\""),
                _arguments(b":1}"),
                _done(b"0", _WHOLE_CALL),
                _COMPLETED,
            ),
            texts=("",),
            finish_reason="completed",
            tool_calls=(_A_CALL,),
        ),
        "call-without-deltas": Habit(
            about="Arguments sent as a whole, without deltas (LM Studio).",
            body=_framed(
                _CREATED,
                _added(b"0", _ONE_CALL),
                _event(b"response.function_call_arguments.done", rb'"output_index":0,"arguments":"{\"a\":1}"'),
                _done(b"0", _WHOLE_CALL),
                _COMPLETED,
            ),
            texts=("",),
            finish_reason="completed",
            tool_calls=(_A_CALL,),
        ),
        "call-of-a-custom-tool": Habit(
            about="A custom tool, whose input is any text.",
            body=_framed(
                _CREATED,
                _added(b"0", b'{"type":"custom_tool_call","call_id":"call_1","name":"sh","input":""}'),
                _event(b"response.custom_tool_call_input.delta", b'"output_index":0,"delta":"ls"'),
                _done(b"0", b'{"type":"custom_tool_call","call_id":"call_1","name":"sh","input":"ls"}'),
                _COMPLETED,
            ),
            texts=("",),
            finish_reason="completed",
            tool_calls=(ToolCall("call_1", "sh", "ls", {}, "custom"),),
        ),
        "server-side-call": Habit(
            about="A search that the server makes itself, before the text.",
            body=_framed(
                _CREATED,
                _added(b"1", b'{"type":"web_search_call","id":"ws_1"}'),
                _event(b"response.web_search_call.searching", b'"output_index":1'),
                _done(b"1", b'{"type":"web_search_call","id":"ws_1","action":{"type":"search","query":"x"}}'),
                *_HELLO,
                _COMPLETED,
            ),
            finish_reason="completed",
        ),
        "ids-rotate": Habit(
            about="A different id in each event, even for the response itself (GitHub Copilot).",
            body=_framed(
                _CREATED,
                _added(b"0", _EMPTY.replace(b"msg_1", b"msg_2")),
                _text(b"Hel", b',"item_id":"msg_3"'),
                _text(b"lo", b',"item_id":"msg_4"'),
                _done(b"0", _MESSAGE.replace(b"msg_1", b"msg_5")),
                _COMPLETED.replace(b"resp_1", b"resp_2"),
            ),
            finish_reason="completed",
            anomalies=frozenset({"id_changed"}),
        ),
        "content-index-counts-on": Habit(
            about="The index of the only text is 1, because reasoning had 0 (Bedrock).",
            body=_framed(_CREATED, *_HELLO, _COMPLETED).replace(b'"content_index":0', b'"content_index":1'),
            finish_reason="completed",
        ),
        "output-empty-at-the-end": Habit(
            about="An empty output in the last event, although there was one (ChatGPT's backend).",
            body=_framed(_CREATED, *_HELLO, _end(b"completed", b',"output":[]')),
            finish_reason="completed",
        ),
        "output-only-at-the-end": Habit(
            about="The whole output in the last event only.",
            body=_framed(_CREATED, _end(b"completed", b',"output":[' + _MESSAGE + b"]")),
            finish_reason="completed",
        ),
        "output-index-absent": Habit(
            about="A done event that identifies its item by id only.",
            body=_framed(
                _CREATED, *_HELLO[:-1], _event(b"response.output_item.done", b'"item":' + _MESSAGE), _COMPLETED
            ),
            finish_reason="completed",
            anomalies=frozenset({"missing_index"}),
        ),
        "deltas-announced-by-nothing": Habit(
            about="Deltas of an item without added and done events.",
            body=_framed(_CREATED, _text(b"Hel"), _text(b"lo"), _COMPLETED),
            finish_reason="completed",
        ),
        "text-goes-on-when-done": Habit(
            about="A done text that is longer than its deltas; the rest is added.",
            body=_framed(_CREATED, _text(b"Hel"), _done(b"0", _MESSAGE), _COMPLETED),
            finish_reason="completed",
        ),
        "text-is-another-when-done": Habit(
            about="A done text that differs from its deltas; the deltas, already delivered, are kept.",
            body=_framed(_CREATED, _text(b"Hello"), _done(b"0", _MESSAGE.replace(b"Hello", b"Goodbye")), _COMPLETED),
            finish_reason="completed",
            anomalies=frozenset({"text_contradicts"}),
        ),
        "resumed": Habit(
            about="The rest of a response, resumed inside a text with GET …?stream=true&starting_after=6.",
            body=_framed(*_numbered(*_HELLO[1:], _COMPLETED, numbers=range(7, 11))).replace(
                b'"text":"Hello"', b'"text":"Oh, Hello"'
            ),
            finish_reason="completed",
        ),
        "numbers-with-a-gap": Habit(
            about="A missing event, visible from the sequence numbers.",
            body=_framed(*_numbered(_CREATED, *_HELLO[:2], numbers=range(3)))
            + _framed(*_numbered(*_HELLO[2:], _COMPLETED, numbers=range(5, 8))),
            finish_reason="completed",
            anomalies=frozenset({"sequence_gap"}),
        ),
        "cut-before-the-last-event": Habit(
            about="The stream is truncated after every item is done, before the response is.",
            body=_framed(_CREATED, *_HELLO),
            finish_reason=None,
            ending="truncated",
        ),
        "cut-inside-a-call": Habit(
            about="The stream ends inside the arguments of a call.",
            body=_framed(_CREATED, _added(b"0", _ONE_CALL), _arguments(rb"{\"a\"")),
            texts=("",),
            finish_reason=None,
            ending="truncated",
            tool_calls=(ToolCall("call_1", "f", '{"a"'),),
        ),
        "error-event": Habit(
            about="An error event, followed by the failed response.",
            body=_framed(
                _CREATED,
                *_HELLO,
                _event(b"error", b'"error":{"type":"server_error","code":"server_error","message":"overloaded"}'),
                _end(b"failed", b',"error":{"code":"server_error","message":"overloaded"}'),
            ),
            finish_reason=None,
            ending="provider_error",
            error="overloaded",
        ),
        "error-flat": Habit(
            about="An error with its fields in the event itself, as OpenAI documents it.",
            body=_framed(_CREATED, _event(b"error", b'"code":"server_error","message":"overloaded","param":null')),
            texts=("",),
            finish_reason=None,
            ending="provider_error",
            error="overloaded",
        ),
        "error-response-failed": Habit(
            about="A failed response without an error event before it.",
            body=_framed(
                _CREATED, *_HELLO, _end(b"failed", b',"error":{"code":"server_error","message":"overloaded"}')
            ),
            finish_reason=None,
            ending="provider_error",
            error="overloaded",
        ),
    }
)
"""Quirks of OpenAI's Responses API by name, each a short stream with its meaning.

Streams named `cut-…` are truncated, streams named `error-…` end in an error, and all others are complete.
"""
