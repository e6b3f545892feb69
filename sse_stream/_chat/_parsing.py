"""Decoding what a model wrote into a type: a tool's arguments, or the content."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, get_args

from .._errors import OutputParseError
from .._json._depth import MAX_DEPTH, JSONValue, decode_json, is_deep

T_co = TypeVar("T_co", covariant=True)


class JSONAdapter(Protocol[T_co]):
    """What decodes JSON by itself, as a pydantic `TypeAdapter` does."""

    def validate_json(self, data: str, /) -> T_co:
        """Decode a JSON text.

        Args:
            data: The text.

        Raises:
            ValueError: It is not JSON, or not what is wanted.
        """
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
    read = _reader_of(type)
    try:
        if read is None:
            return decode_json(text, type)
        if is_deep(text):
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        return read(text)
    except (ValueError, RecursionError) as error:
        written = text if written is None else written
        raise OutputParseError(f"{what} cannot be read: {error}: {_excerpt(written)}", text=written) from error


def _reader_of(type: Any) -> Callable[[str], JSONValue] | None:
    """What decodes JSON into a type that does so itself, or that pydantic knows; `None` for all others."""
    reader: Callable[[str], JSONValue] | None = getattr(type, "validate_json", None)
    reader = reader or getattr(type, "model_validate_json", None)
    if reader is not None or not _is_pydantics(type):
        return reader
    pydantic = sys.modules["pydantic"]  # it has been imported by whoever made a model of it
    try:
        reader = pydantic.TypeAdapter(type).validate_json
    except pydantic.PydanticUserError as error:
        raise TypeError(f"pydantic cannot decode into {type!r}: {error}") from error
    return reader


def _is_pydantics(type: Any) -> bool:
    """Whether a type has a model or a dataclass of pydantic in it, as a list or a union of models has."""
    return hasattr(type, "__pydantic_validator__") or any(map(_is_pydantics, get_args(type)))


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
