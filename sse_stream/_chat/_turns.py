"""Converting messages to the form that their endpoint accepts in the next request.

Dialects register the conversions, so that messages know no provider.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from .._json._depth import JSONValue

if TYPE_CHECKING:  # the message's module imports this one
    from ._message import Message

Turn: TypeAlias = "Callable[[Message], JSONValue]"
"""Converts a message to the form that its endpoint accepts."""

_TURNS: dict[str, Turn] = {}


def register_turn(name: str, turn: Turn) -> None:
    """Register the conversion for a dialect, replacing an earlier one.

    Args:
        name: The name of the dialect, which its messages have in `Message.dialect`.
        turn: The conversion.
    """
    _TURNS[name] = turn


def turn_of(name: str) -> Turn:
    """Return the conversion for a dialect.

    Raises:
        ValueError: None is registered.
    """
    turn = _TURNS.get(name)
    if turn is None:
        known = ", ".join(sorted(_TURNS))
        raise ValueError(
            f"cannot convert the message, because no dialect named {name!r} has been imported: import the module that"
            f" defines it first (known dialects: {known})"
        )
    return turn


Content: TypeAlias = "Callable[[Message], JSONValue]"
"""Makes the content of a message that includes its reasoning."""

_CONTENTS: dict[str, Content] = {}


def register_content(field: str, content: Content) -> None:
    """Register how to write content that includes the reasoning.

    Args:
        field: The place of the reasoning, as in `Message.reasoning_field`.
        content: Makes the content of such a message.
    """
    _CONTENTS[field] = content


def content_of(field: str) -> Content | None:
    """Return the function registered for a place of reasoning; `None` if reasoning has its own field."""
    return _CONTENTS.get(field)
