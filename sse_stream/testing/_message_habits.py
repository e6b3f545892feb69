"""Quirks of messages: whole messages, forms of reasoning, halves of surrogate pairs, other fields."""

from __future__ import annotations

from collections.abc import Mapping

from ._recordings import Habit, framed

_HEL = b'{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}'
_LO = b'{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}'
_STOP = b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
_DONE = b"[DONE]"


def _delta(fields: bytes) -> bytes:
    """Create a chunk with one choice, whose delta has these fields."""
    return b'{"choices":[{"index":0,"delta":{%b}}]}' % fields


_WHOLE: Mapping[str, Habit] = {
    "message-at-the-end": Habit(
        about="The whole message repeated at the end without a delta, which adds nothing.",
        body=framed(
            _HEL,
            _delta(b'"content":"lo"'),
            b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}',
            _DONE,
        ),
        anomalies=frozenset({"message_repeated"}),
    ),
    "message-with-more-at-the-end": Habit(
        about="A whole message at the end that contains more than the deltas; the rest is added.",
        body=framed(_HEL, b'{"choices":[{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}]}', _DONE),
        anomalies=frozenset({"message_repeated"}),
    ),
    "message-with-another-text": Habit(
        about="A whole message at the end with different text; the delivered text is kept.",
        body=framed(
            _HEL,
            _delta(b'"content":"lo"'),
            b'{"choices":[{"index":0,"message":{"content":"Hullo"},"finish_reason":"stop"}]}',
            _DONE,
        ),
        anomalies=frozenset({"message_repeated"}),
    ),
    "message-beside-an-empty-delta": Habit(
        about="An empty delta beside a complete message.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{},"message":{"content":"Hello","reasoning":"Hmm"},"finish_reason":"stop"}]}',
            _DONE,
        ),
        reasoning="Hmm",
    ),
}

_REASONING: Mapping[str, Habit] = {
    "reasoning-text": Habit(
        about="Reasoning as reasoning_text (Copilot).",
        body=framed(_delta(b'"reasoning_text":"Hm"'), _delta(b'"reasoning_text":"m"'), _HEL, _LO, _DONE),
        reasoning="Hmm",
    ),
    "reasoning-in-an-object": Habit(
        about="Reasoning in an object, which is also kept to be sent back.",
        body=framed(
            _delta(b'"reasoning_content":{"text":"Hm"}'),
            _delta(b'"reasoning_content":{"text":"m"}'),
            _HEL,
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
        extra={"reasoning_content": {"text": "Hmm"}},
    ),
    "reasoning-in-thinking-blocks": Habit(
        about="Reasoning only in thinking_blocks, with the signature last (LiteLLM).",
        body=framed(
            _delta(b'"thinking_blocks":[{"type":"thinking","thinking":"Hm"}]'),
            _delta(b'"thinking_blocks":[{"type":"thinking","thinking":"m"}]'),
            _delta(b'"thinking_blocks":[{"type":"thinking","thinking":"","signature":"c2ln"}]'),
            _HEL,
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
        extra={"thinking_blocks": [{"type": "thinking", "thinking": "Hmm", "signature": "c2ln"}]},
    ),
    "reasoning-beside-thinking-blocks": Habit(
        about="The same reasoning as text and in thinking_blocks.",
        body=framed(
            _delta(b'"reasoning_content":"Hmm","thinking_blocks":[{"type":"thinking","thinking":"Hmm"}]'),
            _HEL,
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
        extra={"thinking_blocks": [{"type": "thinking", "thinking": "Hmm"}]},
    ),
    "reasoning-in-tags": Habit(
        about="Reasoning between tags inside the content, which is text by default.",
        body=framed(_delta(b'"content":"<think>Hm"'), _delta(b'"content":"m</think>"'), _HEL, _LO, _DONE),
        texts=("<think>Hmm</think>Hello",),
    ),
}

_HALVES: Mapping[str, Habit] = {
    "half-characters": Habit(
        about="The halves of a surrogate pair in two deltas, with keep-alives between them.",
        body=framed(_delta(b'"content":"A\\ud83d"'))
        + b": ping\n\n: ping\n\n"
        + framed(_delta(b'"content":"\\ude00B"'), _STOP, _DONE),
        texts=("A\N{GRINNING FACE}B",),
        anomalies=frozenset({"split_surrogate"}),
    ),
    "half-characters-by-turns": Habit(
        about="Halves of surrogate pairs in the text and in the reasoning at once.",
        body=framed(
            _delta(b'"reasoning_content":"\\ud83d","content":"\\ud83d"'),
            _delta(b'"reasoning_content":"\\ude00","content":"\\ude01"'),
            _STOP,
            _DONE,
        ),
        texts=("\N{GRINNING FACE WITH SMILING EYES}",),
        reasoning="\N{GRINNING FACE}",
        anomalies=frozenset({"split_surrogate"}),
    ),
    "half-a-character": Habit(
        about="Half a surrogate pair whose other half never arrives.",
        body=framed(_delta(b'"content":"A\\ud83d"'), _STOP, _DONE),
        texts=("A\ufffd",),
        anomalies=frozenset({"lone_surrogate"}),
    ),
}

_FIELDS: Mapping[str, Habit] = {
    "fields-stated-each-time": Habit(
        about="A field repeated in each delta; the last value counts, and values are not concatenated (Groq).",
        body=framed(
            _delta(b'"channel":"analysis","reasoning":"Hm"'),
            _delta(b'"channel":"analysis","reasoning":"m"'),
            _delta(b'"channel":"final","content":"Hel"'),
            _LO,
            _DONE,
        ),
        reasoning="Hmm",
        extra={"channel": "final"},
    ),
    "fields-stated-twice": Habit(
        about="A list of complete items, sent twice (Groq).",
        body=framed(
            _HEL,
            _delta(b'"executed_tools":[{"index":0,"type":"search"}]'),
            _delta(b'"content":"lo","executed_tools":[{"index":0,"type":"search"}]'),
            _STOP,
            _DONE,
        ),
        extra={"executed_tools": [{"index": 0, "type": "search"}]},
    ),
    "images-of-one-index": Habit(
        about="Two images with the same index, which are not pieces of one.",
        body=framed(
            _HEL,
            _delta(b'"images":[{"index":0,"image_url":{"url":"data:,a"}}]'),
            _delta(b'"images":[{"index":0,"image_url":{"url":"data:,b"}}]'),
            _LO,
            _DONE,
        ),
        extra={
            "images": [
                {"index": 0, "image_url": {"url": "data:,a"}},
                {"index": 0, "image_url": {"url": "data:,b"}},
            ]
        },
    ),
    "annotations-beside-the-delta": Habit(
        about="Lists beside the delta in two chunks; the second is appended to the first.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"content":"Hel"},"annotations":[{"url":"a"}]}]}',
            b'{"choices":[{"index":0,"delta":{"content":"lo"},"annotations":[{"url":"b"}],"finish_reason":"stop"}]}',
            _DONE,
        ),
        extra={"annotations": [{"url": "a"}, {"url": "b"}]},
    ),
    "function-call-named-in-each-piece": Habit(
        about="A legacy function call with its name in each piece, which is not concatenated.",
        body=framed(
            _delta(b'"function_call":{"name":"add","arguments":"{\\"a\\":"}'),
            _delta(b'"function_call":{"name":"add","arguments":"1}"}'),
            b'{"choices":[{"index":0,"delta":{},"finish_reason":"function_call"}]}',
            _DONE,
        ),
        texts=("",),
        finish_reason="function_call",
        extra={"function_call": {"name": "add", "arguments": '{"a":1}'}},
    ),
}

MESSAGES: Mapping[str, Habit] = {**_WHOLE, **_REASONING, **_HALVES, **_FIELDS}
