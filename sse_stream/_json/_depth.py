"""The limit on the nesting depth of JSON.

JSON decoders recurse, and too much depth exhausts the stack: CPython raises `RecursionError`, but under WebAssembly
the whole interpreter crashes. So depth is checked before anything is decoded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")

JSONValue: TypeAlias = Any
"""Any JSON value. Only the caller knows its type, so type checkers do not check it."""

# No real payload nests this deep, and deeper values could exhaust the stack when merged or encoded again.
MAX_DEPTH = 128


def is_deep(text: str) -> bool:
    """Whether a JSON text is nested deeper than `MAX_DEPTH`."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    within = False
    for piece in text.split('"'):
        if within:  # a string: it may contain brackets, and quotes escaped by a backslash
            within = (len(piece) - len(piece.rstrip("\\"))) % 2 == 1
            continue
        within = True
        for character in piece:
            if character in ("{", "["):
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            elif character in ("}", "]"):
                depth -= 1
    return False


def shallow(decode: Callable[[bytes | str], T]) -> Callable[[bytes | str], T]:
    """Return a decoder that checks the depth first where too much of it crashes: under WebAssembly.

    Args:
        decode: Decodes JSON. Raises a `ValueError` or a `RecursionError` for any other data.

    Returns:
        A function that does the same, and raises a `ValueError` for what is nested too deeply; elsewhere, `decode`.
    """

    def decode_shallow(data: bytes | str) -> T:
        if is_deep(data if isinstance(data, str) else data.decode()):
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        return decode(data)

    return decode_shallow if sys.platform == "emscripten" else decode


def decode_json(text: str, type: Any = Any) -> Any:
    """Decode a JSON text.

    Args:
        text: The text.
        type: The type to decode it into, any that msgspec supports.

    Raises:
        ValueError: It is not JSON, does not fit the type, or is nested deeper than `MAX_DEPTH`.
        RecursionError: The caller's stack is nearly exhausted.
    """
    if is_deep(text):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return msgspec.json.decode(text, type=type)
