"""How deep JSON may nest.

Decoders of JSON recurse, and each has a depth at which it gives up: CPython raises `RecursionError`, under
WebAssembly the whole interpreter dies. So depth is looked at before anything is decoded.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

# No honest payload nests like this, and reading, merging and writing again would run out of stack.
MAX_DEPTH = 128

# A bracket, or a string, which may hold brackets. A string without end reaches to the end of the text.
_BRACKET_OR_STRING = re.compile(r'[{}\[\]]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def is_deep(text: str) -> bool:
    """Whether a JSON text is nested deeper than `MAX_DEPTH`."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    for mark in _BRACKET_OR_STRING.finditer(text):
        if mark[0] in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif mark[0] in "}]":
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
