"""Strings of a JSON text that comes in pieces: what is sure of them.

What an escape means may depend on what comes after it: half a surrogate pair is a character together with the other
half, and by itself the lone surrogate that `json.loads` makes of it. It is read as soon as that is sure, not before.
"""

from __future__ import annotations

import json
import re

import msgspec

# What ends a piece that means itself: a quote, a backslash, or what may not stand in a string.
_MARK = re.compile(r'["\\\x00-\x1f]')

_FIRST_HALF = r"[dD][89abAB][0-9a-fA-F]{2}"
_OTHER_HALF = r"[dD][c-fC-F][0-9a-fA-F]{2}"
_SOME_OF_THE_OTHER_HALF = r"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?\Z"

# Characters and escapes whose meaning cannot change any more; so many at a time, because `re` remembers each.
_SURE = re.compile(
    r'(?:[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]'
    rf"|u(?!{_FIRST_HALF})[0-9a-fA-F]{{4}}"
    rf"|u{_FIRST_HALF}(?:\\u{_OTHER_HALF}|(?!{_SOME_OF_THE_OTHER_HALF}))"
    r")){0,999}"
)

# An escape whose meaning depends on what comes after the text.
_UNSURE = re.compile(rf"\\(?:u(?:[0-9a-fA-F]{{0,3}}\Z|{_FIRST_HALF}{_SOME_OF_THE_OTHER_HALF})|\Z)")

# As much of an escape as is right.
_RIGHT = re.compile(r"\\(?:u[0-9a-fA-F]{0,4})?")

_decode = msgspec.json.Decoder(str).decode


def inner(text: str) -> str | None:
    """What a piece of a string says that lies within it, and of which all is sure; `None` where it does not, or may not.

    Args:
        text: The piece, which is not empty.
    """
    mark = _MARK.search(text)
    if mark is None:
        return text
    if text[mark.start()] != "\\" or text[-1] == "\\":
        return None
    try:
        return _decode(f'"{text}"')
    except ValueError:
        return None


def decode(text: str, at: int) -> tuple[str, int]:
    """What a string says from a position on.

    Returns:
        What it says, and where it ends: at the end of the text, at the closing quote, at a backslash of which
        `is_unsure` knows more, or at a character that may not stand there.
    """
    mark = _MARK.search(text, at)
    if mark is None:
        return text[at:], len(text)
    end = mark.start()
    if text[end] != "\\":
        return text[at:end], end
    while end < len(text) and text[end] != '"' and (sure := _SURE.match(text, end)) and sure.end() > end:
        end = sure.end()
    said = text[at:end]
    try:
        return _decode(f'"{said}"'), end
    except ValueError:  # lone surrogates, of which msgspec knows nothing
        return str(json.loads(f'"{said}"')), end


def is_unsure(text: str, at: int) -> bool:
    """Whether what stands here, where `decode` has stopped, is an escape that the text ends in the middle of."""
    return _UNSURE.match(text, at) is not None


def fault(text: str, at: int) -> int:
    """The first character that may not stand where it does, of what `decode` has stopped at."""
    right = _RIGHT.match(text, at)
    return at if right is None else right.end()
