"""What goes back to the Responses endpoint: the items of a message, as input of the next request."""

from __future__ import annotations

from .._chat._message import Message
from .._chat._parts import TextPart
from .._json._copying import copied
from .._json._depth import JSONValue
from ._responses_channels import channel_of


def input_items(message: Message) -> list[JSONValue]:
    """The items of a message, each as the server has said it.

    The first part of an item holds it; the others hold what they are in it. Of an item that was never complete the
    text is sent back as a message, and nothing else: half a call or half of some reasoning is refused.

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
