"""Decoding the JSON that a model wrote, tool arguments or content, into a type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, get_args

from .._errors import OutputParseError
from .._json._depth import MAX_DEPTH, JSONValue, decode_json, is_deep

T_co = TypeVar("T_co", covariant=True)


class JSONAdapter(Protocol[T_co]):
    """An object that decodes JSON, such as a pydantic `TypeAdapter`."""

    def validate_json(self, data: str, /) -> T_co:
        """Decode a JSON text.

        Args:
            data: The text.

        Raises:
            ValueError: The text is not JSON, or not valid for this adapter.
        """
        ...


def parsed(text: str, type: object, what: str, written: str | None = None) -> JSONValue:
    """Decode a JSON text into a type.

    Args:
        text: The text.
        type: Any type that msgspec or pydantic supports, including unions, or a `JSONAdapter`. Pydantic decodes types
            that contain a pydantic model.
        what: A description of the text, for the error message.
        written: The original output of the model, if it differs from the text.

    Raises:
        OutputParseError: The text is not JSON, or does not fit the type.
        TypeError: `type` is not supported.
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
        raise OutputParseError(f"cannot decode {what}: {error}: {_excerpt(written)}", text=written) from error


def _reader_of(type: Any) -> Callable[[str], JSONValue] | None:
    """Return the decoder of an adapter or a pydantic type; `None` for all other types."""
    reader: Callable[[str], JSONValue] | None = getattr(type, "validate_json", None)
    reader = reader or getattr(type, "model_validate_json", None)
    if reader is not None or not _is_pydantics(type):
        return reader
    pydantic = sys.modules["pydantic"]  # imported already, because the type uses it
    try:
        reader = pydantic.TypeAdapter(type).validate_json
    except pydantic.PydanticUserError as error:
        raise TypeError(f"pydantic cannot decode into {type!r}: {error}") from error
    return reader


def _is_pydantics(type: Any) -> bool:
    """Whether a type contains a pydantic model or dataclass, like a list or a union of models."""
    return hasattr(type, "__pydantic_validator__") or any(map(_is_pydantics, get_args(type)))


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
