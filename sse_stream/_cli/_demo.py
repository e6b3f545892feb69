"""The answer that `sse-stream demo` streams."""

from __future__ import annotations

from collections.abc import Iterator

from ..testing import Reply

_REASONING = "The user wants to see a stream. I will write short lines in several scripts, then call a tool."

_TEXT = """\
This text is streamed over HTTP, on the loopback interface,
from a server on this machine.

  English   Good evening
  Français  Bonne soirée
  Ελληνικά  Καλησπέρα
  हिन्दी      शुभ संध्या
  中文       晚上好
  日本語     こんばんは
  עברית     ערב טוב
  Emoji     🌆 👩🏽‍🚀 🥨

Nothing is lost between chunks: not a line, not an accent.
"""

_ARGUMENTS = '{"title": "Good evening, in many languages", "tags": ["demo", "städte"]}'

_PIECE = 9  # characters, about two tokens


def _pieces(text: str) -> Iterator[str]:
    """Split the text into token-sized pieces, at word boundaries where possible."""
    piece = ""
    for character in text:
        piece += character
        if len(piece) >= _PIECE or character in " \n":
            yield piece
            piece = ""
    if piece:
        yield piece


def answer() -> Reply:
    """Return the sample answer: reasoning, text and a tool call."""
    usage = {
        "prompt_tokens": 21,
        "completion_tokens": 158,
        "total_tokens": 179,
        "completion_tokens_details": {"reasoning_tokens": 24},
    }
    call = Reply.tool_call("save_note", [*_pieces(_ARGUMENTS)], usage=usage, pace=0.018)
    return Reply.reasoning(*_pieces(_REASONING)) + Reply.text(*_pieces(_TEXT)) + call
