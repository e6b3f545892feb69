"""JSON as servers write it, which is not always JSON."""

from __future__ import annotations

import json

import msgspec

from .._errors import ChunkDecodeError
from ._depth import MAX_DEPTH, JSONValue, is_deep


def loads(text: str) -> tuple[JSONValue, bool]:
    """Decode a JSON text.

    Returns:
        The value, and whether it took a lenient reader: `NaN` and `Infinity`, raw control characters in
        strings, and halves of surrogate pairs, which become U+FFFD, are read all the same.

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
        return _without_surrogates(json.loads(text, strict=False)), True
    except (ValueError, RecursionError):
        raise ChunkDecodeError(f"not JSON: {reason}: {_excerpt(text)}", data=text) from None


def _without_surrogates(value: JSONValue) -> JSONValue:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
