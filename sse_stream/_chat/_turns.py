"""What goes back to the endpoint that a message came from, in its own words: dialects register how each is written.

So a message can be sent back, though nothing here knows a provider.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from .._json._depth import JSONValue

if TYPE_CHECKING:  # the message's module imports this one
    from ._message import Message

Turn: TypeAlias = "Callable[[Message], JSONValue]"
"""Makes of a message what its endpoint takes back."""

_TURNS: dict[str, Turn] = {}


def register_turn(name: str, turn: Turn) -> None:
    """Say what the endpoint of a dialect takes back; the last to say so of a name counts.

    Args:
        name: The dialect's name, which the messages of its streams carry.
        turn: Makes of such a message what goes into the next request.
    """
    _TURNS[name] = turn


def turn_of(name: str) -> Turn:
    """What was registered for a dialect.

    Raises:
        ValueError: Nothing was.
    """
    turn = _TURNS.get(name)
    if turn is None:
        known = ", ".join(sorted(_TURNS))
        raise ValueError(
            f"no dialect named {name!r} has been imported, so nothing says what its endpoint takes back: import the"
            f" module that defines this dialect first (known so far: {known})"
        )
    return turn


Content: TypeAlias = "Callable[[Message], JSONValue]"
"""Makes of a message with reasoning the content that holds both."""

_CONTENTS: dict[str, Content] = {}


def register_content(field: str, content: Content) -> None:
    """Say how content is written that holds the reasoning too.

    Args:
        field: The place of the reasoning, as `Message.reasoning_field` has it.
        content: Makes of such a message its content.
    """
    _CONTENTS[field] = content


def content_of(field: str) -> Content | None:
    """What was registered for a place of the reasoning; `None` if that is a field of its own."""
    return _CONTENTS.get(field)
