"""JSON as servers write it, which is not always JSON."""

from __future__ import annotations

import json
from typing import NoReturn

import msgspec

from .._errors import ChunkDecodeError
from ._depth import MAX_DEPTH, JSONValue, is_deep


def loads(text: str, *, keep_halves: bool = False) -> tuple[JSONValue, bool]:
    """Decode a JSON text.

    Args:
        text: The text.
        keep_halves: Whether halves of surrogate pairs are left in the value, for who puts them together.

    Returns:
        The value, and whether it took a lenient reader: `NaN` and `Infinity`, raw control characters in
        strings, and halves of surrogate pairs, which become U+FFFD unless they are kept, are read all the same.

    Raises:
        ChunkDecodeError: It is not JSON even so, or nested deeper than `MAX_DEPTH`.
    """
    if is_deep(text):
        raise ChunkDecodeError(f"nested deeper than {MAX_DEPTH} levels: {_excerpt(text)}", data=text)
    try:
        return msgspec.json.decode(text), False
    except (ValueError, RecursionError) as error:
        reason = error
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise ChunkDecodeError(f"not JSON: {reason}: {_excerpt(text)}", data=text) from None
    whole = without_halves(value)
    return (value, whole == value or not _is_strict(text)) if keep_halves else (whole, True)


def _is_strict(text: str) -> bool:
    """Whether a text that is JSON to the lenient reader is JSON to a strict one, halves of surrogate pairs aside."""
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def without_halves(value: JSONValue) -> JSONValue:
    """The value with U+FFFD for each half of a surrogate pair."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {without_halves(name): without_halves(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_halves(item) for item in value]
    return value


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
