"""Estimating and limiting the memory that accumulated values take."""

from __future__ import annotations

from sys import getsizeof
from typing import Any, TypeAlias

import msgspec

from .._errors import OutputTooLargeError
from ._model import NOTHING

Node: TypeAlias = Any
"""A JSON value that may still grow, with text in a `bytearray` and lists in a `JoinedList`."""

# A dict entry, including spare capacity: from 36 to 104 bytes, depending on how full the dict is.
ENTRY = 64
POINTER = 8

# The number of choices, parts and calls whose base size is not counted.
_FREE = 8

# The integers that CPython caches.
_SHARED_INTEGERS = range(-5, 257)


class Tally:
    """Counts the memory that a stream takes.

    Attributes:
        size: The bytes of memory that are kept.
        limit: The maximum of `size`.
        pieces: The number of generated pieces of any kind.
        calls: The number of tool calls.
    """

    __slots__ = ("_begun", "calls", "limit", "pieces", "size")

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.limit = limit
        self.pieces = 0
        self.calls = 0
        self._begun = 0

    def begin(self, weight: int) -> None:
        """Count the base size of a new object. The first few are free, because every stream has some."""
        self._begun += 1
        if self._begun > _FREE:
            self.size += weight

    def check(self) -> None:
        """Check the limit.

        Raises:
            OutputTooLargeError: More memory is kept than the limit allows.
        """
        if self.size > self.limit:
            raise OutputTooLargeError(
                f"the stream has more than {self.limit} bytes of output, the limit set by Limits.output_size",
                limit="output_size",
            )


def utf8(text: str) -> bytes:
    """Encode text as UTF-8. Keeps lone surrogates, which only chunks made by the caller can have."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def text_of(data: bytes | bytearray) -> str:
    """Decode text that `utf8` has encoded."""
    return data.decode("utf-8", "surrogatepass")


def weight(*values: Node, names: set[str] | None = None) -> int:
    """Estimate the memory in bytes that JSON values take, including everything in them.

    Dicts, lists, text and numbers count as CPython reports them. Objects that CPython shares count nothing, and neither
    do repeated keys, which a decoder caches.

    Args:
        *values: The values.
        names: The keys counted so far. New ones are added.
    """
    if len(values) == 1 and type(number := values[0]) is int:  # measured as "Gemini: text", whose counts change
        return 0 if number in _SHARED_INTEGERS else getsizeof(number)
    total = 0
    names = set() if names is None else names
    rest: list[Node] = list(values)
    for value in rest:  # grows during iteration
        kind = type(value)
        if kind is str:
            total += getsizeof(value) if value else 0
        elif kind is list:
            total += getsizeof(value)
            rest.extend(value)
        elif kind is dict:
            total += getsizeof(value)
            if fresh := value.keys() - names:
                names |= fresh
                total += sum(map(getsizeof, fresh))
            rest.extend(value.values())
        elif kind is int:
            total += 0 if value in _SHARED_INTEGERS else getsizeof(value)
        elif isinstance(value, msgspec.Struct):
            total += getsizeof(value)
            rest.extend(getattr(value, name) for name in value.__struct_fields__)
        elif value is not None and kind is not bool and value is not NOTHING:
            total += value.weight() if hasattr(value, "weight") else getsizeof(value)
    return total
