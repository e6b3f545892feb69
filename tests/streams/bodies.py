"""Bodies served by the tests of streams, with their content."""

from __future__ import annotations

import json

BLANK = b"\n\n"


def text(piece: str, *, finish: str | None = None) -> bytes:
    """One event of one chunk with a piece of text."""
    delta = {"content": piece} if piece else {}
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + BLANK


DONE = b"data: [DONE]\n\n"
STOP = text("", finish="stop")
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}\n\n'
KEEPALIVE = b": keep-alive\n\n"

PIECES = ("Grüße", ", ", "世界", " 👋")
TEXT = "".join(PIECES)
EVENTS = [text(piece) for piece in PIECES]

# A whole stream, with all that frames it: a comment, characters of two to four bytes, usage, `[DONE]`.
STREAM = KEEPALIVE + b"".join(EVENTS) + STOP + USAGE + DONE

# The same as far as the stream is not done.
UNDONE = KEEPALIVE + b"".join(EVENTS)

COMPLETION = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
}
