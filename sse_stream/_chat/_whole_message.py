"""A whole message where a delta is expected: it counts only for what has not come."""

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
    """The delta that says what of a message has not come, its tool calls left out.

    A text that begins with what has come gives the rest of it. One that does not is the next piece, where all pieces
    come as messages; otherwise it is another text, and gives nothing: what was delivered stands.

    Args:
        message: The message.
        so_far: What has come of each text, by its field; of reasoning, in each of its spellings.
        fields: The fields that have come besides.
        has_audio: Whether any audio has come.
        in_pieces: Whether nothing has come in any other way than as messages.
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
