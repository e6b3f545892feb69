"""What servers write into chunks: other shapes for the same text, reasoning, finish reason and usage."""

from __future__ import annotations

from collections.abc import Mapping

from ._recordings import Habit, framed

_HEL = b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}'
_LO = b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}'
_DONE = b"[DONE]"

CHUNKS: Mapping[str, Habit] = {
    "minimal-chunks": Habit(
        about="Chunks with neither id nor model nor finish reason; [DONE] ends them.",
        body=framed(b'{"choices":[{"delta":{"content":"Hel"},"index":0}]}')
        + framed(b'{"choices":[{"delta":{"content":"lo"},"index":0}]}', _DONE),
        finish_reason=None,
        anomalies=frozenset({"missing_finish_reason"}),
    ),
    "azure-first-chunk": Habit(
        about="A first chunk without choices, its id and model empty (Azure).",
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
        about="Content that is null or empty says nothing.",
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
        about="Two choices that take turns, the second one first.",
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
        about="Content that is a list of parts, thinking among them (Mistral).",
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
        about="Reasoning as reasoning_content (DeepSeek and many others), null where there is none.",
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
        about="The same reasoning in two fields of one delta, and in structured pieces as well.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":"","reasoning":"Hmm","reasoning_content":"Hmm",'
            b'"reasoning_details":[{"type":"reasoning.text","text":"Hmm","index":0}]}}]}',
            _HEL,
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
    ),
    "reasoning-details-only": Habit(
        about="Reasoning in structured pieces alone, a summary among them.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"reasoning_details":'
            b'[{"type":"reasoning.summary","summary":"Hmm","index":0}]}}]}',
            _HEL,
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
    ),
    "finish-reason-empty": Habit(
        about="A finish reason that is an empty string until the last chunk.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":""}]}',
            b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":""}]}',
            b'{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}',
            _DONE,
        ),
    ),
    "finish-reason-unknown": Habit(
        about="A finish reason that OpenAI does not have.",
        body=framed(_HEL, b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"eos_token"}]}', _DONE),
        finish_reason="eos_token",
    ),
    "finish-reason-twice": Habit(
        about="The finish reason twice.",
        body=framed(_HEL, _LO, b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', _DONE),
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
    ),
    "message-without-delta": Habit(
        about="A message where the delta should be.",
        body=framed(
            b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}', _DONE
        ),
    ),
    "unknown-fields": Habit(
        about="Fields that no model names, at every level.",
        body=framed(
            b'{"provider":"x","choices":[{"index":0,"native_finish_reason":null,"delta":{"content":"Hel","p":"ab"}}]}',
            _LO,
            _DONE,
        ),
    ),
    "odd-types": Habit(
        about="Known fields of another type: a time that is a fraction, an index that is a string.",
        body=framed(
            b'{"created":1700000000.5,"choices":[{"index":"0","delta":{"content":"Hel"}}]}',
            _LO,
            _DONE,
        ),
        anomalies=frozenset({"odd_type"}),
    ),
    "id-and-model-change": Habit(
        about="Another id, time and model in each chunk.",
        body=framed(
            b'{"id":"c1","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hel"}}]}',
            b'{"id":"c2","created":2,"model":"m-1","choices":'
            b'[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}',
            _DONE,
        ),
    ),
}

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
        about="Usage in every chunk, cumulative: the last one counts, and nothing is summed.",
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
        about="A total that is not the sum, reasoning being counted elsewhere (xAI).",
        body=framed(
            _HEL,
            _LO,
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":40,'
            b'"completion_tokens_details":{"reasoning_tokens":33}}}',
            _DONE,
        ),
        total_tokens=40,
    ),
    "usage-nulls-after-counts": Habit(
        about="Counts that are null in a later report: the last that was not null counts.",
        body=framed(
            _HEL,
            _LO,
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}',
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":null,"total_tokens":null}}',
            _DONE,
        ),
        total_tokens=7,
    ),
}
