"""Normalizing the JSON object of a chunk to OpenAI's shape, with functions that the dialects register."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .._json._depth import JSONValue

Shape: TypeAlias = Callable[[dict[str, JSONValue]], dict[str, JSONValue]]
"""Returns an equivalent object in OpenAI's shape, without changing the one it is given."""

_shapes: list[Shape] = []


def register_shape(shape: Shape) -> None:
    """Register the function that normalizes the object of a chunk, replacing an earlier one.

    Args:
        shape: The function.
    """
    _shapes[:] = [shape]


def in_shape(value: dict[str, JSONValue]) -> dict[str, JSONValue]:
    """Normalize an object to OpenAI's shape.

    Args:
        value: The object as it was received.
    """
    for shape in _shapes:
        value = shape(value)
    return value
