"""A catalogue of what servers of Gemini's API send, to test clients against."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .._chat._tool_call import ToolCall
from ._recordings import Habit


def _framed(*payloads: bytes) -> bytes:
    """Frame payloads as Google does, with CRLF."""
    return b"".join(b"data: " + payload + b"\r\n\r\n" for payload in payloads)


_HEL = b'{"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"},"index":0}]}'
_LO = b'{"candidates":[{"content":{"parts":[{"text":"lo"}],"role":"model"},"finishReason":"STOP","index":0}]}'
_STOP = b'{"candidates":[{"finishReason":"STOP"}]}'

GEMINI_HABITS: Mapping[str, Habit] = MappingProxyType(
    {
        "plain": Habit(
            about="Two pieces of text, the finish reason with the last, and no end mark.",
            body=_framed(_HEL, _LO),
            finish_reason="STOP",
        ),
        "events-with-lf": Habit(
            about="The same with LF line ends, as some proxies write it.",
            body=_framed(_HEL, _LO).replace(b"\r\n", b"\n"),
            finish_reason="STOP",
        ),
        "index-absent": Habit(
            about="Candidates without an index, which means 0.",
            body=_framed(_HEL, _LO).replace(b',"index":0', b""),
            finish_reason="STOP",
        ),
        "candidates-interleaved": Habit(
            about="Two interleaved candidates.",
            body=_framed(
                b'{"candidates":[{"content":{"parts":[{"text":"By"}]},"index":1}]}',
                _HEL,
                b'{"candidates":[{"content":{"parts":[{"text":"e"}]},"index":1,"finishReason":"MAX_TOKENS"}]}',
                _LO,
            ),
            texts=("Hello", "Bye"),
            finish_reason="STOP",
        ),
        "thought": Habit(
            about="A thought before the text.",
            body=_framed(
                b'{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true}],"role":"model"}}]}', _HEL, _LO
            ),
            reasoning="Hm.",
            finish_reason="STOP",
        ),
        "signature-on-empty-text": Habit(
            about="An empty text with a signature, which must be sent back (Gemini 3).",
            body=_framed(
                _HEL,
                b'{"candidates":[{"content":{"parts":[{"text":"lo"}]}}]}',
                b'{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"c2ln"}]},"finishReason":"STOP"}]}',
            ),
            finish_reason="STOP",
        ),
        "parts-absent": Habit(
            about="Candidates without content, with empty content, and with content without parts.",
            body=_framed(
                b'{"candidates":[{"index":0}]}',
                b'{"candidates":[{"content":{}}]}',
                _HEL,
                b'{"candidates":[{"content":{"role":"model"}}]}',
                _LO,
            ),
            finish_reason="STOP",
        ),
        "calls-parallel": Habit(
            about="Two function calls in one response, without ids, the first of which is signed.",
            body=_framed(
                b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a": 1}},'
                b'"thoughtSignature":"c2ln"},{"functionCall":{"name":"g"}}]},"finishReason":"STOP"}]}'
            ),
            texts=("",),
            tool_calls=(ToolCall("", "f", '{"a":1}'), ToolCall("", "g", "{}")),
            finish_reason="STOP",
        ),
        "calls-value-by-value": Habit(
            about="Arguments value by value, each with its path; an empty call closes them (Vertex AI).",
            body=_framed(
                b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","willContinue":true}}]}}]}',
                b'{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a",'
                b'"stringValue":"Os","willContinue":true}],"willContinue":true}}]}}]}',
                b'{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a",'
                b'"stringValue":"lo"}],"willContinue":true}}]}}]}',
                b'{"candidates":[{"content":{"parts":[{"functionCall":{}}]},"finishReason":"STOP"}]}',
            ),
            texts=("",),
            tool_calls=(ToolCall("", "f", '{"a":"Oslo"}'),),
            finish_reason="STOP",
        ),
        "code-execution": Habit(
            about="Code that the server runs, with a finish reason after it and another at the end.",
            body=_framed(
                b'{"candidates":[{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":"print(1)"}}]},'
                b'"finishReason":"STOP"}]}',
                b'{"candidates":[{"content":{"parts":[{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}}]}}]}',
                b'{"candidates":[{"content":{"parts":[{"text":"Hello"}]},"finishReason":"STOP"}]}',
            ),
            finish_reason="STOP",
            anomalies=frozenset({"early_finish"}),
        ),
        "finish-with-each": Habit(
            about="A finish reason with each piece; the last one counts.",
            body=_framed(
                b'{"candidates":[{"content":{"parts":[{"text":"Hel"}]},"finishReason":"STOP"}]}',
                b'{"candidates":[{"content":{"parts":[{"text":"lo"}]},"finishReason":"STOP"}]}',
                b'{"candidates":[{"finishReason":"RECITATION"}]}',
            ),
            finish_reason="RECITATION",
            anomalies=frozenset({"early_finish"}),
        ),
        "usage-falls": Habit(
            about="Usage in each response, with a count that decreases.",
            body=_framed(
                _HEL[:-1] + b',"usageMetadata":{"promptTokenCount":50,"totalTokenCount":50}}',
                _LO[:-1] + b',"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":7}}',
            ),
            total_tokens=7,
            finish_reason="STOP",
        ),
        "prompt-blocked": Habit(
            about="A blocked prompt: a complete answer without candidates.",
            body=_framed(b'{"promptFeedback":{"blockReason":"SAFETY"}}'),
            texts=("",),
            finish_reason="SAFETY",
        ),
        "wrapped": Habit(
            about="Each response wrapped in an object (Code Assist).",
            body=_framed(b'{"response":' + _HEL + b',"traceId":"t"}', b'{"response":' + _LO + b"}"),
            finish_reason="STOP",
        ),
        "last-line-end-absent": Habit(
            about="A last event without its blank line.",
            body=_framed(_HEL, _LO)[:-4],
            finish_reason="STOP",
            anomalies=frozenset({"unterminated_event"}),
        ),
        "cut-before-the-finish": Habit(
            about="The body ends between two events, before a finish reason.",
            body=_framed(_HEL),
            texts=("Hel",),
            finish_reason=None,
            ending="truncated",
        ),
        "cut-after-a-finish": Habit(
            about="The body ends inside an event, after a finish reason.",
            body=_framed(_HEL, _STOP) + b'data: {"candidates":[{"cont',
            texts=("Hel",),
            finish_reason=None,
            ending="truncated",
        ),
        "error-in-stream": Habit(
            about="An error after the first piece.",
            body=_framed(_HEL, b'{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}'),
            texts=("Hel",),
            finish_reason=None,
            ending="provider_error",
            error="overloaded",
        ),
    }
)
"""Quirks of Gemini's API by name, each a short stream with its meaning.

The prefixes of the names are those of `HABITS`.
"""
