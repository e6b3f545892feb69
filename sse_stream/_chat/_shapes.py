"""Normalizing the JSON object of a chunk to OpenAI's shape, with functions that the dialects register."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from .._json._depth import JSONValue

Places: TypeAlias = Mapping[int, str]
"""The place of the reasoning of a choice, by its index, if it has no field of its own: see `Message.reasoning_field`."""

Shape: TypeAlias = Callable[[dict[str, JSONValue]], tuple[dict[str, JSONValue], Places]]
"""Returns an equivalent object in OpenAI's shape, without changing the one it is given, and the places of reasoning."""

_shapes: list[Shape] = []


def register_shape(shape: Shape) -> None:
    """Register the function that normalizes the object of a chunk, replacing an earlier one.

    Args:
        shape: The function.
    """
    _shapes[:] = [shape]


def in_shape(value: dict[str, JSONValue]) -> tuple[dict[str, JSONValue], Places]:
    """Normalize an object to OpenAI's shape.

    Args:
        value: The object as it was received.

    Returns:
        The object, and the places of reasoning.
    """
    (shape,) = _shapes
    return shape(value)
