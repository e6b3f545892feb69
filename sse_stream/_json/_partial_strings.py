"""Strings in a JSON text that arrives in pieces.

The meaning of an escape may depend on what follows: an escaped high surrogate forms a character with the low surrogate
after it, and is a lone surrogate without one, as with `json.loads`. It is decoded as soon as that is certain.
"""

from __future__ import annotations

import json
import re

import msgspec

# What ends a run of literal characters: a quote, a backslash, or a character not allowed in a string.
_MARK = re.compile(r'["\\\x00-\x1f]')

_FIRST_HALF = r"[dD][89abAB][0-9a-fA-F]{2}"
_SOME_OF_THE_OTHER_HALF = r"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?\Z"

# Characters and escapes whose meaning is certain; a limited number at a time, because `re` keeps state for each.
_SURE = re.compile(
    r'(?:[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]'
    rf"|u(?!{_FIRST_HALF})[0-9a-fA-F]{{4}}"
    rf"|u{_FIRST_HALF}(?!{_SOME_OF_THE_OTHER_HALF})"
    r")){0,999}"
)

# An escape whose meaning depends on what follows this piece.
_UNSURE = re.compile(rf"\\(?:u(?:[0-9a-fA-F]{{0,3}}\Z|{_FIRST_HALF}{_SOME_OF_THE_OTHER_HALF})|\Z)")

# The valid beginning of an escape.
_RIGHT = re.compile(r"\\(?:u[0-9a-fA-F]{0,4})?")

_decode = msgspec.json.Decoder(str).decode


def inner(text: str) -> str | None:
    """Decode a piece that lies entirely inside a string; `None` if it may not, or if its meaning is not certain yet.

    Args:
        text: The piece, not empty.
    """
    mark = _MARK.search(text)
    if mark is None:
        return text
    if text[mark.start()] != "\\":
        return None
    try:
        return _decode(f'"{text}"')
    except ValueError:
        return None


def decode(text: str, at: int) -> tuple[str, int]:
    """Decode a string from a position on.

    Returns:
        The decoded text, and where it stops: at the end of the piece, at the closing quote, at an invalid character, or
        at an escape that may be incomplete, which `is_unsure` tells.
    """
    mark = _MARK.search(text, at)
    if mark is None:
        return text[at:], len(text)
    end = mark.start()
    if text[end] != "\\":
        return text[at:end], end
    while (sure := _SURE.match(text, end)) and sure.end() > end:
        end = sure.end()
    said = text[at:end]
    try:
        return _decode(f'"{said}"'), end
    except ValueError:  # lone surrogates, which msgspec rejects
        return str(json.loads(f'"{said}"')), end


def is_unsure(text: str, at: int) -> bool:
    """Whether `decode` stopped at an escape that needs more text."""
    return _UNSURE.match(text, at) is not None


def fault(text: str, at: int) -> int:
    """Return the position of the first invalid character, from where `decode` stopped."""
    right = _RIGHT.match(text, at)
    return at if right is None else right.end()
