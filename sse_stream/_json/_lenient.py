"""Decoding the almost-JSON that some servers send."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NoReturn

import msgspec

from .._errors import ChunkDecodeError
from ._depth import MAX_DEPTH, JSONValue, is_deep

LONE = "\ufffd"
"""What takes the place of an unpaired surrogate."""


def loads(text: str, *, keep_surrogates: bool = False) -> tuple[JSONValue, bool]:
    """Decode a JSON text.

    Args:
        text: The text.
        keep_surrogates: Whether to leave unpaired surrogates in the value, so that the caller can pair them.

    Returns:
        The value, and whether the text needed the lenient decoder. That accepts `NaN` and `Infinity`, raw control
        characters in strings, and unpaired surrogates, which it replaces with U+FFFD unless they are kept.

    Raises:
        ChunkDecodeError: The text is not JSON even then, or it is nested deeper than `MAX_DEPTH`.
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
    whole = without_surrogates(value)
    return (value, whole == value or not _is_strict(text)) if keep_surrogates else (whole, True)


def loads_pieces(text: str, paths: Iterable[Sequence[str]]) -> tuple[JSONValue, bool]:
    """Decode a JSON text in which some strings are pieces of a longer text, and may begin or end inside a character.

    Args:
        text: The text.
        paths: Where these strings are: the names of the objects' keys. A list on the way stands for all its items.

    Returns:
        The value, in which unpaired surrogates are kept in these strings and replaced with U+FFFD everywhere else; and
        whether the text needed the lenient decoder for any other reason.

    Raises:
        ChunkDecodeError: As with `loads`.
    """
    value, loose = loads(text)
    if not loose:
        return value, False
    sent, loose = loads(text, keep_surrogates=True)
    for path in paths:
        value = _as_sent(value, sent, path)
    return value, loose or value != sent


def _as_sent(value: JSONValue, sent: JSONValue, path: Sequence[str]) -> JSONValue:
    """Return the value with the strings at a path as they were sent."""
    if isinstance(value, list):
        return [_as_sent(item, other, path) for item, other in zip(value, sent, strict=True)]
    if path and isinstance(value, dict) and path[0] in value:
        return {**value, path[0]: _as_sent(value[path[0]], sent[path[0]], path[1:])}
    return sent if isinstance(value, str) and not path else value


def _is_strict(text: str) -> bool:
    """Whether strict JSON allows a text that the lenient decoder accepted, unpaired surrogates aside."""
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def without_surrogates(value: JSONValue) -> JSONValue:
    """Return the value with U+FFFD in place of each unpaired surrogate."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {without_surrogates(name): without_surrogates(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    return value


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
