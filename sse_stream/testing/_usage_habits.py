"""Quirks of usage reports."""

from __future__ import annotations

from collections.abc import Mapping

from ._recordings import Habit, framed

_HEL = b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}'
_LO = b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}'
_DONE = b"[DONE]"

USAGE: Mapping[str, Habit] = {
    "usage-alone": Habit(
        about="Usage in a chunk of its own, without choices, before [DONE] (OpenAI).",
        body=framed(
            _HEL,
            _LO,
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}',
            _DONE,
        ),
        total_tokens=7,
    ),
    "usage-with-the-finish": Habit(
        about="Usage in the chunk of the finish reason.",
        body=framed(
            _HEL,
            b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}],'
            b'"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}',
            _DONE,
        ),
        total_tokens=7,
    ),
    "usage-in-every-chunk": Habit(
        about="Cumulative usage in every chunk; the last report counts, and reports are not summed.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":"Hel"}}],'
            b'"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}',
            b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}],'
            b'"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}',
            _DONE,
        ),
        total_tokens=7,
    ),
    "usage-nested": Habit(
        about="Usage inside x_groq (Groq).",
        body=framed(
            _HEL,
            b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}],'
            b'"x_groq":{"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}}',
            _DONE,
        ),
        total_tokens=7,
    ),
    "usage-after-done": Habit(
        about="Usage after [DONE].",
        body=framed(
            _HEL,
            _LO,
            _DONE,
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}',
        ),
        total_tokens=7,
    ),
    "usage-not-a-sum": Habit(
        about="A total that is not the sum, because reasoning is counted separately (xAI).",
        body=framed(
            _HEL,
            _LO,
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":40,'
            b'"completion_tokens_details":{"reasoning_tokens":33}}}',
            _DONE,
        ),
        total_tokens=40,
        anomalies=frozenset({"odd_total"}),
    ),
    "usage-nulls-after-counts": Habit(
        about="Counts that are null in a later report; the last non-null counts are kept.",
        body=framed(
            _HEL,
            _LO,
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}',
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":null,"total_tokens":null}}',
            _DONE,
        ),
        total_tokens=7,
    ),
    "usage-in-the-choice": Habit(
        about="Usage inside the choice (Moonshot).",
        body=framed(
            _HEL,
            b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop",'
            b'"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}]}',
            _DONE,
        ),
        extra={"usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}},
        total_tokens=7,
    ),
    "usage-falls-to-zero": Habit(
        about="A last report of zeros; the report before it counts.",
        body=framed(
            _HEL,
            b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}],'
            b'"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}',
            b'{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}',
            _DONE,
        ),
        total_tokens=7,
        anomalies=frozenset({"usage_fell"}),
    ),
}
