"""Error reports in mid-stream, and data that is not a chunk."""

from __future__ import annotations

from collections.abc import Mapping

from .._chat._anomalies import AnomalyKind
from .._chat._endings import Ending
from ._recordings import Habit, framed

_HEL = b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}'
_DONE = b"[DONE]"
_ERROR = b'{"error":{"message":"overloaded","type":"server_error","code":503}}'


def _failed(
    about: str,
    body: bytes,
    *,
    texts: tuple[str, ...] = ("Hel",),
    finish_reason: str | None = None,
    ending: Ending = "provider_error",
    error: str | None = "overloaded",
    anomalies: frozenset[AnomalyKind] = frozenset(),
) -> Habit:
    """Create a stream that fails after some text."""
    return Habit(
        about=about,
        body=body,
        texts=texts,
        finish_reason=finish_reason,
        ending=ending,
        error=error if ending == "provider_error" else None,
        anomalies=anomalies,
    )


ERRORS: Mapping[str, Habit] = {
    "error-payload": _failed("An error payload instead of a chunk, and then the end.", framed(_HEL, _ERROR)),
    "error-before-anything": _failed("An error payload as the first event.", framed(_ERROR), texts=()),
    "error-then-done": _failed("An error payload, followed by [DONE].", framed(_HEL, _ERROR, _DONE)),
    "error-beside-choices": _failed(
        "An error beside a choice whose finish reason is error (OpenRouter).",
        framed(
            _HEL,
            b'{"error":{"message":"overloaded","code":502},'
            b'"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}',
        ),
        finish_reason="error",
    ),
    "error-as-text": _failed("An error that is a string.", framed(_HEL, b'{"error":"overloaded"}')),
    "error-event": _failed("An event of type error.", framed(_HEL) + b"event: error\ndata: " + _ERROR + b"\n\n"),
    "error-event-without-key": _failed(
        "An event of type error whose JSON has no error key.",
        framed(_HEL) + b'event: error\ndata: {"message":"overloaded","code":"busy"}\n\n',
    ),
    "error-event-prose": _failed(
        "An event of type error whose data is prose.", framed(_HEL) + b"event: error\ndata: overloaded\n\n"
    ),
    "error-field": _failed(
        "A field named error, which the standard says to ignore (llama.cpp).",
        framed(_HEL) + b'error: {"code":500,"message":"overloaded","type":"server_error"}\n\n',
    ),
    "error-object": _failed(
        "An object whose object field is error (vLLM and others).",
        framed(_HEL, b'{"object":"error","message":"overloaded","type":"BadRequestError","code":400}'),
    ),
    "error-no-json": _failed(
        "An event whose data is prose.", framed(_HEL, b"upstream connect error"), ending="invalid"
    ),
    "error-no-object": _failed(
        "An event whose data is JSON, but not an object.", framed(_HEL, b'["Hel","lo"]'), ending="invalid"
    ),
    "error-with-a-code": _failed(
        "A flat object with a code and a message.", framed(_HEL, b'{"code":429,"message":"overloaded"}')
    ),
    "error-with-msg": _failed(
        "A flat object with its message in msg.", framed(_HEL, b'{"code":500,"msg":"overloaded"}')
    ),
    "error-no-success": _failed(
        "A flat object with success false and a list of errors (Cloudflare).",
        framed(_HEL, b'{"success":false,"errors":[{"code":7,"message":"overloaded"}]}'),
    ),
    "error-status": _failed(
        "A flat object whose status is error.", framed(_HEL, b'{"status":"error","message":"overloaded"}')
    ),
    "error-base-resp": _failed(
        "A status in base_resp beside choices that are null (MiniMax).",
        framed(_HEL, b'{"choices":null,"base_resp":{"status_code":1002,"status_msg":"overloaded"}}'),
    ),
    "error-in-a-list": _failed(
        "An error payload in a list (Google).", framed(_HEL, b'[{"error":{"message":"overloaded","code":503}}]')
    ),
    "error-in-x-groq": _failed(
        "An error inside x_groq (Groq).", framed(_HEL, b'{"choices":[],"x_groq":{"error":"overloaded"}}')
    ),
    "error-as-prose": _failed(
        "An event whose data is the word error followed by prose.", framed(_HEL, b"error: overloaded")
    ),
    "error-outside-frame": _failed(
        "An error as indented JSON outside any data line (Gemini, Vertex).",
        framed(_HEL) + b'{\n  "error": {\n    "message": "overloaded"\n  }\n}\n',
        anomalies=frozenset({"unframed_json"}),
    ),
    "error-outside-frame-then-done": _failed(
        "An error as JSON in a list outside any data line, followed by [DONE].",
        framed(_HEL) + b'[{\n  "error": {"message": "overloaded"}\n}]\n\n' + framed(_DONE),
        anomalies=frozenset({"unframed_json"}),
    ),
    "error-inside-an-event": _failed(
        "An error written into an incomplete event.",
        framed(_HEL) + b'data: {"choices":[{"index":0,"del\n' + framed(_ERROR),
        anomalies=frozenset({"interrupted_event"}),
    ),
    "error-inside-a-line": _failed(
        "An error written into an incomplete line.",
        framed(_HEL) + b'data: {"choices":[{"index":0,"del' + framed(_ERROR),
        anomalies=frozenset({"interrupted_event"}),
    ),
    "error-as-finish-reason": _failed(
        "The finish reason error without an error object, and [DONE].",
        framed(_HEL, b'{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}', _DONE),
        finish_reason="error",
        error="the stream ended with finish reason 'error'",
    ),
    "error-as-finish-reason-alone": _failed(
        "A finish reason that names the failure, with nothing after it.",
        framed(_HEL, b'{"choices":[{"index":0,"delta":{},"finish_reason":"network_error"}]}'),
        finish_reason="network_error",
        error="the stream ended with finish reason 'network_error'",
    ),
    "error-after-its-finish-reason": _failed(
        "A finish reason that reports a failure, then the error.",
        framed(_HEL, b'{"choices":[{"index":0,"delta":{},"finish_reason":"abort"}]}', _ERROR),
        finish_reason="abort",
    ),
    "error-of-another-format": _failed(
        "JSON of another API and [DONE], which is not an answer.",
        framed(b'{"response":"Hello"}', _DONE),
        texts=(),
        ending="invalid",
        anomalies=frozenset({"not_a_chunk"}),
    ),
    "error-data-twice": _failed(
        "The field name twice, from gateways that frame a framed stream again.",
        framed(_HEL, b"data: " + _HEL),
        ending="invalid",
    ),
}
