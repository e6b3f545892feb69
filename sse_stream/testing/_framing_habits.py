"""Quirks of bytes, lines and events, and the ways in which streams end."""

from __future__ import annotations

from collections.abc import Mapping

from .._chat._tool_call import ToolCall
from ._recordings import Habit, framed

_HEL = b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}'
_LO = b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}'
_LO_OPEN = b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}'
_DONE = b"[DONE]"

FRAMING: Mapping[str, Habit] = {
    "plain": Habit(
        about="OpenAI's own form: one event per chunk, a finish reason, [DONE].",
        body=framed(_HEL, _LO, _DONE),
    ),
    "no-space": Habit(
        about="No space after the colon of data.",
        body=b"data:" + _HEL + b"\n\ndata:" + _LO + b"\n\ndata:[DONE]\n\n",
    ),
    "two-spaces": Habit(
        about="Two spaces after the colon, the second of which is data, and a space after [DONE].",
        body=b"data:  " + _HEL + b"\n\ndata: " + _LO + b" \n\ndata: [DONE] \n\n",
    ),
    "crlf": Habit(
        about="CRLF throughout (Perplexity, AI21, Gemini).",
        body=framed(_HEL, _LO, _DONE).replace(b"\n", b"\r\n"),
    ),
    "cr": Habit(
        about="CR alone, the third line end of the standard.",
        body=framed(_HEL, _LO, _DONE).replace(b"\n", b"\r"),
    ),
    "mixed-line-ends": Habit(
        about="LF, CR and CRLF in one stream.",
        body=b"data: " + _HEL + b"\r\n\rdata: " + _LO + b"\n\r\ndata: [DONE]\r\r",
    ),
    "byte-order-mark": Habit(
        about="A byte order mark before the first event; many clients lose that event.",
        body=b"\xef\xbb\xbf" + framed(_HEL, _LO, _DONE),
    ),
    "unicode-line-separators": Habit(
        about="U+2028 and U+0085 unescaped in the text, which are not line ends in an event stream.",
        body=framed(
            '{"choices":[{"index":0,"delta":{"content":"a\u2028b\u0085c"},"finish_reason":"stop"}]}'.encode(), _DONE
        ),
        texts=("a\u2028b\u0085c",),
    ),
    "malformed-utf-8": Habit(
        about="An invalid UTF-8 byte, which becomes U+FFFD without affecting other text.",
        body=framed(b'{"choices":[{"index":0,"delta":{"content":"a\xffb"},"finish_reason":"stop"}]}', _DONE),
        texts=("a\ufffdb",),
        anomalies=frozenset({"invalid_utf8"}),
    ),
    "data-over-lines": Habit(
        about="One chunk split over several data lines, as the standard allows.",
        body=b'data: {"choices":\ndata: [{"index":0,"delta":{"content":"Hello"},\n'
        b'data: "finish_reason":"stop"}]}\n\n' + framed(_DONE),
    ),
    "events-run-together": Habit(
        about="Events separated by one newline instead of two, which the standard treats as a single event.",
        body=b"data: " + _HEL + b"\ndata: " + _LO + b"\ndata: [DONE]\n\n",
        anomalies=frozenset({"events_run_together"}),
    ),
    "comments": Habit(
        about="Comments as keep-alives, before the first chunk and between chunks (OpenRouter).",
        body=b": PROCESSING\n\n: PROCESSING\n\n" + framed(_HEL) + b": ping\n\n" + framed(_LO, _DONE),
    ),
    "fields-without-data": Habit(
        about="Blocks with only an id or a reconnection time, which dispatch no event.",
        body=b"id: 1\n\nretry: 3000\n\n" + framed(_HEL) + b"retry: soon\n\n" + framed(_LO, _DONE),
    ),
    "other-fields": Habit(
        about="An id, an event type and an unknown field in addition to the data.",
        body=b"id: 7\nevent: completion\nx-trace: ab\ndata: " + _HEL + b"\n\n" + framed(_LO, _DONE),
    ),
    "empty-data": Habit(
        about="A keep-alive sent as an event with empty data.",
        body=b"data:\n\ndata: \n\n" + framed(_HEL, _LO, _DONE),
        anomalies=frozenset({"keepalive_as_data"}),
    ),
    "comment-as-data": Habit(
        about="A keep-alive comment wrapped in a data field.",
        body=framed(b": keepalive", _HEL, _LO, _DONE),
        anomalies=frozenset({"keepalive_as_data"}),
    ),
    "ping-event": Habit(
        about="A keep-alive sent as an event of type ping.",
        body=b'event: ping\ndata: {"type":"ping"}\n\n' + framed(_HEL, _LO, _DONE),
        anomalies=frozenset({"keepalive_as_data"}),
    ),
    "ping-event-with-text": Habit(
        about="Keep-alives sent as events of other types, with text, a time or JSON.",
        body=b"event: heartbeat\ndata: 12:30\n\n"
        + framed(_HEL)
        + b"event: keepalive\ndata: still here\n\n"
        + b'event: ping\ndata: {"at":5}\n\n'
        + framed(_LO, _DONE),
        anomalies=frozenset({"keepalive_as_data"}),
    ),
    "ping-as-json": Habit(
        about="An unnamed keep-alive event, identified by its JSON.",
        body=framed(_HEL, b'{"type":"keepalive"}', _LO, _DONE),
        anomalies=frozenset({"keepalive_as_data"}),
    ),
    "other-json-between": Habit(
        about="Server-specific JSON between chunks, without any field of a chunk.",
        body=framed(_HEL, b'{"queue":{"position":3}}', _LO, _DONE),
        anomalies=frozenset({"not_a_chunk"}),
    ),
    "loose-json": Habit(
        about="NaN, which is not valid JSON.",
        body=framed(b'{"choices":[{"index":0,"delta":{"content":"Hel"}}],"score":NaN}', _LO, _DONE),
        anomalies=frozenset({"loose_json"}),
    ),
}

ENDINGS: Mapping[str, Habit] = {
    "end-without-done": Habit(
        about="A finish reason without [DONE] (Perplexity, Writer, text-generation-inference).",
        body=framed(_HEL, _LO),
        anomalies=frozenset({"missing_done"}),
    ),
    "end-without-finish-reason": Habit(
        about="[DONE] without a finish reason, which is a complete stream.",
        body=framed(_HEL, _LO_OPEN, _DONE),
        finish_reason=None,
        anomalies=frozenset({"missing_finish_reason"}),
    ),
    "end-done-twice": Habit(
        about="[DONE] twice.",
        body=framed(_HEL, _LO, _DONE, _DONE),
    ),
    "end-done-without-blank-line": Habit(
        about="The blank line after [DONE] is missing.",
        body=framed(_HEL, _LO) + b"data: [DONE]\n",
        anomalies=frozenset({"unterminated_event"}),
    ),
    "end-done-without-newline": Habit(
        about="The stream ends with the last byte of [DONE].",
        body=framed(_HEL, _LO) + b"data: [DONE]",
        anomalies=frozenset({"unterminated_event"}),
    ),
    "end-chunk-without-blank-line": Habit(
        about="The stream ends with the last byte of a whole chunk.",
        body=framed(_HEL) + b"data: " + _LO,
        anomalies=frozenset({"unterminated_event", "missing_done"}),
    ),
    "end-done-misspelled": Habit(
        about="The end mark without its brackets.",
        body=framed(_HEL, _LO, b"DONE"),
        anomalies=frozenset({"odd_end_mark"}),
    ),
    "end-done-cut-in-half": Habit(
        about="The stream ends inside [DONE] after every choice has finished; it is complete.",
        body=framed(_HEL, _LO) + b"data: [DO",
        anomalies=frozenset({"broken_after_finish"}),
    ),
    "end-usage-cut-in-half": Habit(
        about="The stream ends inside the usage after every choice has finished.",
        body=framed(_HEL, _LO) + b'data: {"choices":[],"usage":{"prompt_tok',
        anomalies=frozenset({"broken_after_finish"}),
    ),
    "end-prose-after-done": Habit(
        about="Data other than a chunk after [DONE].",
        body=framed(_HEL, _LO, _DONE, b"bye"),
        anomalies=frozenset({"data_after_done"}),
    ),
    "end-only-done": Habit(
        about="Only [DONE]: an empty answer.",
        body=framed(_DONE),
        texts=(),
        finish_reason=None,
        anomalies=frozenset({"empty_stream"}),
    ),
    "cut-between-events": Habit(
        about="The stream ends between two events, before the finish reason.",
        body=framed(_HEL, _LO_OPEN),
        finish_reason=None,
        ending="truncated",
    ),
    "cut-inside-an-event": Habit(
        about="The stream ends inside an event.",
        body=framed(_HEL) + b"data: " + _LO[:-20],
        texts=("Hel",),
        finish_reason=None,
        ending="truncated",
    ),
    "cut-inside-a-choice": Habit(
        about="The stream ends after only one of two choices has finished.",
        body=framed(
            _HEL,
            b'{"choices":[{"index":1,"delta":{"content":"Bye"},"finish_reason":null}]}',
            _LO,
        ),
        texts=("Hello", "Bye"),
        ending="truncated",
    ),
    "cut-after-late-content": Habit(
        about="Content after the finish reason and no [DONE], so the finish reason does not mark the end.",
        body=framed(_LO.replace(b"lo", b"Hel"), _LO_OPEN),
        ending="truncated",
        anomalies=frozenset({"content_after_finish"}),
    ),
    "cut-inside-a-call": Habit(
        about="A finish reason without [DONE], while the arguments of a call are incomplete.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function",'
            b'"function":{"name":"add","arguments":"{\\"a\\""}}]}}]}',
            b'{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}',
        ),
        texts=("",),
        finish_reason="tool_calls",
        tool_calls=(ToolCall("call_a", "add", '{"a"'),),
        ending="truncated",
    ),
    "cut-before-anything": Habit(
        about="An empty body.",
        body=b"",
        texts=(),
        finish_reason=None,
        ending="truncated",
    ),
    "cut-after-comments": Habit(
        about="Only keep-alives.",
        body=b": PROCESSING\n\n: PROCESSING\n\n",
        texts=(),
        finish_reason=None,
        ending="truncated",
    ),
}
