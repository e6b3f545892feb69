"""Decoding what a model wrote into a type: a tool's arguments, or the content."""

from __future__ import annotations

import sys
from typing import Any, Protocol, TypeVar, get_args

from .._errors import OutputParseError
from .._json._depth import MAX_DEPTH, JSONValue, decode_json, is_deep

T_co = TypeVar("T_co", covariant=True)


class JSONAdapter(Protocol[T_co]):
    """What decodes JSON by itself, as a pydantic `TypeAdapter` does."""

    def validate_json(self, data: str, /) -> T_co:
        """Decode a JSON text."""
        ...


def parsed(text: str, type: object, what: str, written: str | None = None) -> JSONValue:
    """What a JSON text says, as a value of a type.

    Args:
        text: The text.
        type: Any type that msgspec or pydantic knows, unions too, or a `JSONAdapter`. What has a pydantic model in it
            is decoded by pydantic.
        what: What the text is, for the error's message.
        written: What the model wrote, if that is not the text.

    Raises:
        OutputParseError: It is not JSON, or does not fit the type.
        TypeError: Nothing can be decoded into `type`.
    """
    adapter = _adapter_of(type)
    try:
        if adapter is None:
            return decode_json(text, type)
        if is_deep(text):
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        return adapter.validate_json(text)
    except (ValueError, RecursionError) as error:
        written = text if written is None else written
        raise OutputParseError(f"{what} cannot be read: {error}: {_excerpt(written)}", text=written) from error


def _adapter_of(type: Any) -> JSONAdapter[JSONValue] | None:
    if hasattr(type, "validate_json"):
        adapter: JSONAdapter[JSONValue] = type
        return adapter
    if not _holds_model(type):
        return None
    pydantic = sys.modules["pydantic"]  # which has been imported by whoever has a model of it
    try:
        made: JSONAdapter[JSONValue] = pydantic.TypeAdapter(type)
    except pydantic.PydanticUserError as error:
        raise TypeError(f"pydantic cannot decode into {type!r}: {error}") from error
    return made


def _holds_model(type: Any) -> bool:
    """Whether a type is a pydantic model, or has one in it, as a list or a union of models has."""
    return hasattr(type, "model_validate_json") or any(map(_holds_model, get_args(type)))


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
