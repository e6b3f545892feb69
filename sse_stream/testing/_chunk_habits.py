"""Quirks of chunks: other forms of text, reasoning and finish reason."""

from __future__ import annotations

from collections.abc import Mapping

from ._recordings import Habit, framed

_HEL = b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}'
_LO = b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}'
_DONE = b"[DONE]"

CHUNKS: Mapping[str, Habit] = {
    "minimal-chunks": Habit(
        about="Chunks without id, model and finish reason, ended by [DONE].",
        body=framed(b'{"choices":[{"delta":{"content":"Hel"},"index":0}]}')
        + framed(b'{"choices":[{"delta":{"content":"lo"},"index":0}]}', _DONE),
        finish_reason=None,
        anomalies=frozenset({"missing_finish_reason"}),
    ),
    "azure-first-chunk": Habit(
        about="A first chunk without choices, with empty id and model (Azure).",
        body=framed(
            b'{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}',
            _HEL,
            _LO,
            _DONE,
        ),
    ),
    "choices-null-or-absent": Habit(
        about="Chunks whose choices are null or absent.",
        body=framed(b'{"id":"c1","choices":null}', _HEL, b'{"id":"c1","model":"m"}', _LO, _DONE),
        anomalies=frozenset({"missing_choices"}),
    ),
    "delta-null-or-absent": Habit(
        about="Choices whose delta is empty, null or absent.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{}}]}',
            _HEL,
            b'{"choices":[{"index":0,"delta":null}]}',
            b'{"choices":[{"index":0,"delta":{"content":"lo"}}]}',
            b'{"choices":[{"index":0,"finish_reason":"stop"}]}',
            _DONE,
        ),
    ),
    "content-null-or-empty": Habit(
        about="Null or empty content, which adds nothing.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}',
            _HEL,
            b'{"choices":[{"index":0,"delta":{"content":""}}]}',
            _LO,
            _DONE,
        ),
    ),
    "choice-without-index": Habit(
        about="Choices without an index.",
        body=framed(
            b'{"choices":[{"delta":{"content":"Hel"}}]}',
            b'{"choices":[{"delta":{"content":"lo"},"finish_reason":"stop"}]}',
            _DONE,
        ),
        anomalies=frozenset({"missing_index"}),
    ),
    "choices-interleaved": Habit(
        about="Two interleaved choices, the second one first.",
        body=framed(
            b'{"choices":[{"index":1,"delta":{"content":"By"}}]}',
            _HEL,
            b'{"choices":[{"index":1,"delta":{"content":"e"},"finish_reason":"length"}]}',
            _LO,
            _DONE,
        ),
        texts=("Hello", "Bye"),
    ),
    "choices-in-one-chunk": Habit(
        about="Two choices in each chunk.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":"Hel"}},{"index":1,"delta":{"content":"By"}}]}',
            b'{"choices":[{"index":1,"delta":{"content":"e"},"finish_reason":"stop"},'
            b'{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}',
            _DONE,
        ),
        texts=("Hello", "Bye"),
    ),
    "content-in-parts": Habit(
        about="Content as a list of parts, including thinking (Mistral).",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":'
            b'[{"type":"thinking","thinking":[{"type":"text","text":"Hmm"}]}]}}]}',
            b'{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"Hel"}]}}]}',
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
    ),
    "reasoning-content": Habit(
        about="Reasoning as reasoning_content, null in chunks without any (DeepSeek and many others).",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":null,"reasoning_content":"Hm"}}]}',
            b'{"choices":[{"index":0,"delta":{"content":null,"reasoning_content":"m"}}]}',
            b'{"choices":[{"index":0,"delta":{"content":"Hel","reasoning_content":null}}]}',
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
    ),
    "reasoning-twice": Habit(
        about="The same reasoning in two fields of one delta, and also in structured form.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":"","reasoning":"Hmm","reasoning_content":"Hmm",'
            b'"reasoning_details":[{"type":"reasoning.text","text":"Hmm","index":0}]}}]}',
            _HEL,
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
        extra={"reasoning_details": [{"type": "reasoning.text", "text": "Hmm", "index": 0}]},
    ),
    "reasoning-details-only": Habit(
        about="Reasoning in structured form only, including a summary.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"reasoning_details":'
            b'[{"type":"reasoning.summary","summary":"Hmm","index":0}]}}]}',
            _HEL,
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
        extra={"reasoning_details": [{"type": "reasoning.summary", "summary": "Hmm", "index": 0}]},
    ),
    "finish-reason-empty": Habit(
        about="A finish reason that is an empty string until the last chunk.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":""}]}',
            b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":""}]}',
            b'{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}',
            _DONE,
        ),
        anomalies=frozenset({"empty_finish_reason"}),
    ),
    "finish-reason-unknown": Habit(
        about="A finish reason that OpenAI does not define.",
        body=framed(_HEL, b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"eos_token"}]}', _DONE),
        finish_reason="eos_token",
    ),
    "finish-reason-twice": Habit(
        about="The same finish reason twice, the second time with an empty delta, which adds nothing.",
        body=framed(_HEL, _LO, b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', _DONE),
    ),
    "finish-reason-changed": Habit(
        about="Two different finish reasons, of which the last counts.",
        body=framed(_HEL, _LO, b'{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}', _DONE),
        finish_reason="length",
        anomalies=frozenset({"finish_repeated"}),
    ),
    "content-after-finish": Habit(
        about="Content after the finish reason.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":"stop"}]}',
            b'{"choices":[{"index":0,"delta":{"content":"lo"}}]}',
            _DONE,
        ),
        anomalies=frozenset({"content_after_finish"}),
    ),
    "message-beside-delta": Habit(
        about="The whole message so far beside each delta (Perplexity).",
        body=framed(
            b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Hel"},"delta":{"content":"Hel"}}]}',
            b'{"object":"chat.completion.done","choices":[{"index":0,"finish_reason":"stop",'
            b'"message":{"role":"assistant","content":"Hello"},"delta":{"content":"lo"}}]}',
        ),
        anomalies=frozenset({"message_beside_delta", "missing_done"}),
    ),
    "message-without-delta": Habit(
        about="A message in place of the delta.",
        body=framed(
            b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}', _DONE
        ),
    ),
    "unknown-fields": Habit(
        about="Unknown fields at every level.",
        body=framed(
            b'{"provider":"x","choices":[{"index":0,"native_finish_reason":null,"delta":{"content":"Hel","p":"ab"}}]}',
            _LO,
            _DONE,
        ),
        extra={"p": "ab", "native_finish_reason": None},
    ),
    "odd-types": Habit(
        about="Known fields of the wrong type: a fractional time, an index as a string.",
        body=framed(
            b'{"created":1700000000.5,"choices":[{"index":"0","delta":{"content":"Hel"}}]}',
            _LO,
            _DONE,
        ),
        anomalies=frozenset({"odd_type"}),
    ),
    "id-and-model-change": Habit(
        about="A different id, time and model in each chunk.",
        body=framed(
            b'{"id":"c1","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hel"}}]}',
            b'{"id":"c2","created":2,"model":"m-1","choices":'
            b'[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}',
            _DONE,
        ),
        anomalies=frozenset({"id_changed", "model_changed"}),
    ),
}
