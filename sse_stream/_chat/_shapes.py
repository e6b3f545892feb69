"""How the JSON object of a chunk is put into OpenAI's shape: the dialect that knows the quirks registers how."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .._json._depth import JSONValue

Shape: TypeAlias = Callable[[dict[str, JSONValue]], dict[str, JSONValue]]
"""Gives the object that says the same in OpenAI's shape; what it is given stays as it was."""

_shapes: list[Shape] = []


def register_shape(shape: Shape) -> None:
    """Say how a chunk's object is put into shape.

    Args:
        shape: Does it.
    """
    _shapes[:] = [shape]


def in_shape(value: dict[str, JSONValue]) -> dict[str, JSONValue]:
    """The object in OpenAI's shape.

    Args:
        value: The object as it was received.
    """
    for shape in _shapes:
        value = shape(value)
    return value
