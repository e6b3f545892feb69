"""Converting a message to input items of the next request to the Responses endpoint."""

from __future__ import annotations

from .._chat._message import Message
from .._chat._parts import TextPart
from .._json._copying import copied
from .._json._depth import JSONValue
from ._responses_channels import channel_of


def input_items(message: Message) -> list[JSONValue]:
    """Return the items of a message, unchanged.

    The first part of an item has the item as its `native`; other parts have their entry in it. Of an incomplete item,
    only text is returned, as a message, because the server rejects truncated calls and reasoning.

    Args:
        message: The message.
    """
    items: list[JSONValue] = []
    for part in message.parts:
        native = part.native
        if isinstance(native, dict):
            if channel_of(native) is None:
                items.append(copied(native))
        elif isinstance(part, TextPart) and part.text:
            items.append({"type": "message", "role": "assistant", "content": part.text})
    return items
