"""The recording that `sse-stream demo` plays, in the shape in which OpenAI-compatible servers send one."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

_REASONING = "The reader wants to see a stream. Short lines, then, in several scripts, and a tool call at the end."

_TEXT = """\
This text arrives piece by piece over HTTP, on the loopback
interface, from a server that replays a recording.

  English   Good evening
  Français  Bonne soirée
  Ελληνικά  Καλησπέρα
  हिन्दी      शुभ संध्या
  中文       晚上好
  日本語     こんばんは
  עברית     ערב טוב
  Emoji     🌆 👩🏽‍🚀 🥨

Nothing is lost between the pieces: not a line, not an accent.
"""

_ARGUMENTS = '{"title": "Good evening, in many languages", "tags": ["demo", "städte"]}'

_PIECE = 9  # characters, about two tokens


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that end where words do, as tokens do."""
    piece = ""
    for character in text:
        piece += character
        if len(piece) >= _PIECE or character in " \n":
            yield piece
            piece = ""
    if piece:
        yield piece


def _event(choices: list[object], **more: object) -> bytes:
    chunk = {
        "id": "chatcmpl-demo",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "replay-1",
        "choices": choices,
        **more,
    }
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


def _delta(delta: dict[str, object], finish_reason: str | None = None) -> bytes:
    return _event([{"index": 0, "delta": delta, "finish_reason": finish_reason}])


def _call(call: dict[str, object]) -> bytes:
    return _delta({"tool_calls": [{"index": 0, **call}]})


def recording() -> list[bytes]:
    """The server's writes, one after another."""
    begun: dict[str, object] = {"id": "call_1", "type": "function", "function": {"name": "save_note", "arguments": ""}}
    usage = {
        "prompt_tokens": 21,
        "completion_tokens": 158,
        "total_tokens": 179,
        "completion_tokens_details": {"reasoning_tokens": 24},
    }
    return [
        _delta({"role": "assistant", "content": ""}),
        *(_delta({"reasoning_content": piece}) for piece in _pieces(_REASONING)),
        b": keep-alive\n\n",
        *(_delta({"content": piece}) for piece in _pieces(_TEXT)),
        _call(begun),
        *(_call({"function": {"arguments": piece}}) for piece in _pieces(_ARGUMENTS)),
        _delta({}, "tool_calls"),
        _event([], usage=usage),
        b"data: [DONE]\n\n",
    ]
