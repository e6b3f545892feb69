"""What servers do with bytes, lines and events, before any chunk is looked into; and how streams end."""

from __future__ import annotations

from collections.abc import Mapping

from ._recordings import Habit, framed

_HEL = b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}'
_LO = b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}'
_LO_OPEN = b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}'
_DONE = b"[DONE]"
_ERROR = b'{"error":{"message":"overloaded","type":"server_error","code":503}}'

FRAMING: Mapping[str, Habit] = {
    "plain": Habit(
        about="OpenAI's own form: one event a chunk, the finish reason, [DONE].",
        body=framed(_HEL, _LO, _DONE),
    ),
    "no-space": Habit(
        about="No space after the colon of data.",
        body=b"data:" + _HEL + b"\n\ndata:" + _LO + b"\n\ndata:[DONE]\n\n",
    ),
    "two-spaces": Habit(
        about="Two spaces after the colon, of which one belongs to the data, and a space after [DONE].",
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
        about="A byte order mark before the first event, which many clients lose.",
        body=b"\xef\xbb\xbf" + framed(_HEL, _LO, _DONE),
    ),
    "unicode-line-separators": Habit(
        about="U+2028 and U+0085 unescaped in the text: no line ends in an event stream.",
        body=framed(
            '{"choices":[{"index":0,"delta":{"content":"a\u2028b\u0085c"},"finish_reason":"stop"}]}'.encode(), _DONE
        ),
        texts=("a\u2028b\u0085c",),
    ),
    "malformed-utf-8": Habit(
        about="A byte that is not UTF-8: it becomes U+FFFD, and nothing else is lost.",
        body=framed(b'{"choices":[{"index":0,"delta":{"content":"a\xffb"},"finish_reason":"stop"}]}', _DONE),
        texts=("a\ufffdb",),
    ),
    "data-over-lines": Habit(
        about="One chunk over several data lines, as the standard allows.",
        body=b'data: {"choices":\ndata: [{"index":0,"delta":{"content":"Hello"},\n'
        b'data: "finish_reason":"stop"}]}\n\n' + framed(_DONE),
    ),
    "events-run-together": Habit(
        about="Events parted by one newline instead of two, so that all of them are one event to the standard.",
        body=b"data: " + _HEL + b"\ndata: " + _LO + b"\ndata: [DONE]\n\n",
        anomalies=frozenset({"events_run_together"}),
    ),
    "comments": Habit(
        about="Comments as keep-alives, before the first chunk and between chunks (OpenRouter).",
        body=b": PROCESSING\n\n: PROCESSING\n\n" + framed(_HEL) + b": ping\n\n" + framed(_LO, _DONE),
    ),
    "fields-without-data": Habit(
        about="Blocks that set only an id or a reconnection time dispatch nothing.",
        body=b"id: 1\n\nretry: 3000\n\n" + framed(_HEL) + b"retry: soon\n\n" + framed(_LO, _DONE),
    ),
    "other-fields": Habit(
        about="An id, a type of event and an unknown field beside the data.",
        body=b"id: 7\nevent: completion\nx-trace: ab\ndata: " + _HEL + b"\n\n" + framed(_LO, _DONE),
    ),
    "empty-data": Habit(
        about="A keep-alive that is an event with empty data.",
        body=b"data:\n\ndata: \n\n" + framed(_HEL, _LO, _DONE),
        anomalies=frozenset({"keepalive_as_data"}),
    ),
    "comment-as-data": Habit(
        about="A keep-alive that is a comment wrapped as data.",
        body=framed(b": keepalive", _HEL, _LO, _DONE),
        anomalies=frozenset({"keepalive_as_data"}),
    ),
    "ping-event": Habit(
        about="A keep-alive that is an event of type ping.",
        body=b'event: ping\ndata: {"type":"ping"}\n\n' + framed(_HEL, _LO, _DONE),
        anomalies=frozenset({"keepalive_as_data"}),
    ),
    "loose-json": Habit(
        about="NaN, which no JSON has.",
        body=framed(b'{"choices":[{"index":0,"delta":{"content":"Hel"}}],"score":NaN}', _LO, _DONE),
        anomalies=frozenset({"loose_json"}),
    ),
}

ENDINGS: Mapping[str, Habit] = {
    "end-without-done": Habit(
        about="The finish reason and no [DONE] (Perplexity, Writer, text-generation-inference).",
        body=framed(_HEL, _LO),
    ),
    "end-without-finish-reason": Habit(
        about="[DONE] and no finish reason: complete all the same.",
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
        anomalies=frozenset({"unterminated_event"}),
    ),
    "end-prose-after-done": Habit(
        about="Something that is no chunk comes after [DONE].",
        body=framed(_HEL, _LO, _DONE, b"bye"),
        anomalies=frozenset({"data_after_done"}),
    ),
    "end-only-done": Habit(
        about="[DONE] and nothing before it: an empty answer.",
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
        about="The stream ends when one choice of two has finished.",
        body=framed(
            _HEL,
            b'{"choices":[{"index":1,"delta":{"content":"Bye"},"finish_reason":null}]}',
            _LO,
        ),
        texts=("Hello", "Bye"),
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
        about="Keep-alives, and then nothing.",
        body=b": PROCESSING\n\n: PROCESSING\n\n",
        texts=(),
        finish_reason=None,
        ending="truncated",
    ),
}

ERRORS: Mapping[str, Habit] = {
    "error-payload": Habit(
        about="An error payload instead of a chunk, and then the end.",
        body=framed(_HEL, _ERROR),
        texts=("Hel",),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-before-anything": Habit(
        about="An error payload as the first event.",
        body=framed(_ERROR),
        texts=(),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-then-done": Habit(
        about="An error payload, and [DONE] after it as if all were well.",
        body=framed(_HEL, _ERROR, _DONE),
        texts=("Hel",),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-beside-choices": Habit(
        about="An error beside a choice whose finish reason is error (OpenRouter).",
        body=framed(
            _HEL,
            b'{"error":{"message":"overloaded","code":502},'
            b'"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}',
        ),
        texts=("Hel",),
        finish_reason="error",
        ending="provider_error",
        error="overloaded",
    ),
    "error-as-text": Habit(
        about="An error that is a string.",
        body=framed(_HEL, b'{"error":"overloaded"}'),
        texts=("Hel",),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-event": Habit(
        about="An event of type error.",
        body=framed(_HEL) + b"event: error\ndata: " + _ERROR + b"\n\n",
        texts=("Hel",),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-event-without-key": Habit(
        about="An event of type error whose body has no key error.",
        body=framed(_HEL) + b'event: error\ndata: {"message":"overloaded","code":"busy"}\n\n',
        texts=("Hel",),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-event-prose": Habit(
        about="An event of type error whose data is prose.",
        body=framed(_HEL) + b"event: error\ndata: overloaded\n\n",
        texts=("Hel",),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-field": Habit(
        about="A field named error, which the standard says to ignore (llama.cpp).",
        body=framed(_HEL) + b'error: {"code":500,"message":"overloaded","type":"server_error"}\n\n',
        texts=("Hel",),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-object": Habit(
        about="An object that calls itself an error (vLLM and others).",
        body=framed(_HEL, b'{"object":"error","message":"overloaded","type":"BadRequestError","code":400}'),
        texts=("Hel",),
        finish_reason=None,
        ending="provider_error",
        error="overloaded",
    ),
    "error-no-json": Habit(
        about="An event whose data is prose.",
        body=framed(_HEL, b"upstream connect error"),
        texts=("Hel",),
        finish_reason=None,
        ending="invalid",
    ),
    "error-no-object": Habit(
        about="An event whose data is JSON, but no object.",
        body=framed(_HEL, b'["Hel","lo"]'),
        texts=("Hel",),
        finish_reason=None,
        ending="invalid",
    ),
}
