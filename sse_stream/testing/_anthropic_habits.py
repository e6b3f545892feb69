"""What servers of Anthropic's Messages do, each in one short stream."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .._chat._tool_call import ToolCall
from ._recordings import Habit


def _framed(*payloads: bytes) -> bytes:
    """Payloads as Anthropic frames them: each with its type as the event's name."""
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
            about="Anthropic's own form: a message of one text, padded, with a ping.",
            body=_framed(_START, _TEXT, _PING, _HEL[:-1] + b"   }", _LO[:-1] + b"         }", _STOP, _END, _DONE),
            finish_reason="end_turn",
        ),
        "without-names": Habit(
            about="The events' names are stripped, as by some proxies.",
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
            about="A tool call whose input comes in pieces, the first of them empty.",
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
            about="A tool call whose input is whole in its start, and no piece of it comes.",
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
            about="The same message_start over and over (Kimi).",
            body=_framed(_START, _START, *_HELLO, _START, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"start_repeated"}),
        ),
        "start-late": Habit(
            about="A message_start that comes once usage is known (SGLang).",
            body=_framed(*_HELLO, _START, _END, _DONE),
            finish_reason="end_turn",
        ),
        "end-without-stop": Habit(
            about="A stop reason, and then the end without message_stop.",
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
            about="An event of a type that is new.",
            body=_framed(_START, b'{"type":"hint","x":1}', *_HELLO, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"unknown_event"}),
        ),
        "unknown-delta": Habit(
            about="A delta of a type that is new.",
            body=_framed(_START, _TEXT, _HEL, _HINT, _LO, _STOP, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"unknown_delta"}),
        ),
        "block-not-opened": Habit(
            about="Deltas of a block that has not begun.",
            body=_framed(_START, _HEL, _LO, _STOP, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"unannounced_part"}),
        ),
        "block-not-closed": Habit(
            about="A block that does not end before the message does.",
            body=_framed(_START, _TEXT, _HEL, _LO, _END, _DONE),
            finish_reason="end_turn",
            anomalies=frozenset({"unclosed_part"}),
        ),
        "usage-zero-input": Habit(
            about="A last report of usage whose input is 0 (gateways).",
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
            about="The server is overloaded in the middle of the answer.",
            body=_framed(_START, _TEXT, _HEL)
            + b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
            texts=("Hel",),
            finish_reason=None,
            ending="provider_error",
            error="Overloaded",
        ),
        "error-spliced": Habit(
            about="Another message begins while one is open: a gateway spliced two answers.",
            body=_framed(_START, _TEXT, _HEL, _OTHER_START, *_HELLO, _END, _DONE),
            texts=("Hel",),
            finish_reason=None,
            ending="provider_error",
            error="a second message_start with another id came before message_stop",
        ),
    }
)
"""What servers of Anthropic's Messages do, by name: each a short stream with what it means.

Names that begin with `cut-` are truncated, those with `error-` end in an error; all others are complete.
"""
