"""Reducing a whole message, sent in place of a delta, to what is new in it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from .._json._depth import JSONValue
from ._chunks import ChoiceDelta


def rest_of_message(
    message: ChoiceDelta,
    so_far: Mapping[str, str],
    fields: Mapping[str, JSONValue],
    *,
    has_audio: bool,
    in_pieces: bool,
) -> ChoiceDelta:
    """Return a delta with what is new in a message, except for tool calls.

    Of a text that begins with the text so far, the rest is new. A text that does not is the next piece if everything
    came in messages. Otherwise it is a different text and is ignored, because what was delivered cannot be taken back.

    Args:
        message: The message.
        so_far: The text so far in each field. All reasoning fields have the same text.
        fields: The other fields so far.
        has_audio: Whether any audio has come.
        in_pieces: Whether everything came in whole messages.
    """
    texts = {name: getattr(message, name) for name in so_far}
    rest: dict[str, JSONValue] = {
        name: text[len(so_far[name]) :] if text.startswith(so_far[name]) else text if in_pieces else ""
        for name, text in texts.items()
        if text
    }
    if has_audio:
        rest["audio"] = None
    if "function_call" in fields:
        rest["function_call"] = None
    if "reasoning" in so_far:
        rest |= {"reasoning_details": None, "thinking_blocks": None}
    news = {name: value for name, value in message.extra.items() if name not in fields}
    return replace(message, tool_calls=None, extra=news, **rest)
