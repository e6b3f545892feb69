"""How deep JSON may nest.

Decoders of JSON recurse, and each has a depth at which it gives up: CPython raises `RecursionError`, under
WebAssembly the whole interpreter dies. So depth is looked at before anything is decoded.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

JSONValue: TypeAlias = Any
"""What JSON can hold. Only the caller can know which it is, so a type checker leaves it alone."""

# No honest payload nests like this, and reading, merging and writing again would run out of stack.
MAX_DEPTH = 128


def is_deep(text: str) -> bool:
    """Whether a JSON text is nested deeper than `MAX_DEPTH`."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    within = False
    for piece in text.split('"'):
        if within:  # a string, which may hold brackets, and quotes that a backslash escapes
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


def decode_json(text: str, type: Any = Any) -> Any:
    """Decode a JSON text.

    Args:
        text: The text.
        type: What to decode it into: any type that msgspec knows.

    Raises:
        ValueError: It is not JSON, does not fit the type, or is nested deeper than `MAX_DEPTH`.
        RecursionError: The caller's own stack is nearly used up.
    """
    if is_deep(text):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return msgspec.json.decode(text, type=type)
