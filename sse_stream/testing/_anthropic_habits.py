"""A catalogue of what servers of Anthropic's Messages API send."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .._chat._tool_call import ToolCall
from ._recordings import Habit


def _framed(*payloads: bytes) -> bytes:
    """Frame payloads as Anthropic does, with the type as the event's name."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (payload.split(b'"')[3], payload) for payload in payloads)


_START = (
    b'{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],'
    b'"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}'
)
_OTHER_START = _START.replace(b"msg_1", b"msg_2")
_TEXT = b'{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}'
_HEL = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}'
_LO = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}'
_STOP = b'{"type":"content_block_stop","index":0}'
_END = b'{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}'
_CALLED = _END.replace(b"end_turn", b"tool_use")
_DONE = b'{"type":"message_stop"}'
_PING = b'{"type": "ping"}'
_HELLO = (_TEXT, _HEL, _LO, _STOP)
_TOOL = b'{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}}'
_INPUT = b'{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"%s"}}'
_THINKING = b'{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}'
_HMM = b'{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hmm"}}'
_SIGNED = b'{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}'
_HINT = b'{"type":"content_block_delta","index":0,"delta":{"type":"hint_delta","hint":"x"}}'


def _second(payload: bytes) -> bytes:
    return payload.replace(b'"index":0', b'"index":1')


_SECOND = tuple(map(_second, _HELLO))
_CALL = (ToolCall("t1", "f", '{"a": 1}'),)

ANTHROPIC_HABITS: Mapping[str, Habit] = MappingProxyType(
    {
        "plain": Habit(
            about="Anthropic's own form: a message with one text, padding and a ping.",
            body=_framed(_START, _TEXT, _PING, _HEL[:-1] + b"   }", _LO[:-1] + b"         }", _STOP, _END, _DONE),
            finish_reason="end_turn",
        ),
        "without-names": Habit(
            about="Events without names, which some proxies strip.",
            body=b"".join(b"data: " + data + b"\n\n" for data in (_START, *_HELLO, _END, _DONE)),
            finish_reason="end_turn",
        ),
        "thinking": Habit(
            about="Thinking with its signature, then the text.",
            body=_framed(_START, _THINKING, _HMM, _SIGNED, _STOP, *_SECOND, _END, _DONE),
            finish_reason="end_turn",
            reasoning="Hmm",
        ),
        "thinking-unsigned": Habit(
            about="Thinking without a signature (Ollama, DeepSeek).",
            body=_framed(_START, _THINKING, _HMM, _STOP, *_SECOND, _END, _DONE),
            finish_reason="end_turn",
            reasoning="Hmm",
        ),
        "calls-in-pieces": Habit(
            about="A tool call with its input in pieces, the first of which is empty.",
            body=_framed(
                _START,
                _TOOL,
                _INPUT % b"",
                _INPUT % b'{\\"a\\": ',
                _INPUT % b"1}",
                _STOP,
                *_SECOND,
                _CALLED,
                _DONE,
            ),
            finish_reason="tool_use",
            tool_calls=_CALL,
        ),
        "calls-whole-at-the-start": Habit(
            about="A tool call with its whole input in the start event, without pieces.",
            body=_framed(_START, _TOOL.replace(b'"input":{}', b'"input":{"a":1}'), _STOP, *_SECOND, _CALLED, _DONE),
            finish_reason="tool_use",
            tool_calls=(ToolCall("t1", "f", '{"a":1}'),),
        ),
        "calls-without-arguments": Habit(
            about="A tool call without arguments.",
            body=_framed(_START, _TOOL, _INPUT % b"", _STOP, *_SECOND, _CALLED, _DONE),
            finish_reason="tool_use",
            tool_calls=(ToolCall("t1", "f", "{}"),),
        ),
        "start-repeated": Habit(
            about="The same message_start several times (Kimi).",
            body=_framed(_START, _START, *_HELLO, _START, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"start_repeated"}),
        ),
        "start-late": Habit(
            about="A message_start that is sent only once usage is known (SGLang).",
            body=_framed(*_HELLO, _START, _END, _DONE),
            finish_reason="end_turn",
        ),
        "end-without-stop": Habit(
            about="A stop reason without message_stop.",
            body=_framed(_START, *_HELLO, _END),
            finish_reason="end_turn",
            anomalies=frozenset({"missing_done"}),
        ),
        "end-with-done": Habit(
            about="An OpenAI-style [DONE] after message_stop.",
            body=_framed(_START, *_HELLO, _END, _DONE) + b"data: [DONE]\n\n",
            finish_reason="end_turn",
        ),
        "unknown-event": Habit(
            about="An event of an unknown type.",
            body=_framed(_START, b'{"type":"hint","x":1}', *_HELLO, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"unknown_event"}),
        ),
        "unknown-delta": Habit(
            about="A delta of an unknown type.",
            body=_framed(_START, _TEXT, _HEL, _HINT, _LO, _STOP, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"unknown_delta"}),
        ),
        "block-not-opened": Habit(
            about="Deltas of a block without a start event.",
            body=_framed(_START, _HEL, _LO, _STOP, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"unannounced_part"}),
        ),
        "block-not-closed": Habit(
            about="A block that is still open when the message ends.",
            body=_framed(_START, _TEXT, _HEL, _LO, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"unclosed_part"}),
        ),
        "usage-zero-input": Habit(
            about="A last usage report with 0 input tokens (gateways).",
            body=_framed(_START, *_HELLO, _END.replace(b'{"output', b'{"input_tokens":0,"output'), _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"usage_fell"}),
        ),
        "cut-in-a-block": Habit(
            about="The connection ends inside a block.",
            body=_framed(_START, _TEXT, _HEL),
            texts=("Hel",),
            finish_reason=None,
            ending="truncated",
        ),
        "cut-before-the-reason": Habit(
            about="The connection ends after the last block, before the stop reason.",
            body=_framed(_START, *_HELLO),
            finish_reason=None,
            ending="truncated",
        ),
        "error-overloaded": Habit(
            about="An error in mid-stream, because the server is overloaded.",
            body=_framed(_START, _TEXT, _HEL)
            + b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
            texts=("Hel",),
            finish_reason=None,
            ending="provider_error",
            error="Overloaded",
        ),
        "error-spliced": Habit(
            about="Another message that starts while one is open, because a gateway spliced two answers.",
            body=_framed(_START, _TEXT, _HEL, _OTHER_START, *_HELLO, _END, _DONE),
            texts=("Hel",),
            finish_reason=None,
            ending="provider_error",
            error="another message_start before message_stop",
        ),
    }
)
"""Quirks of Anthropic's Messages API by name, each a short stream with its meaning.

Streams named `cut-…` are truncated, streams named `error-…` end in an error, and all others are complete.
"""
