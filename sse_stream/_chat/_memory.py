"""What is kept costs memory: how much, in bytes, and how much may be kept."""

from __future__ import annotations

from sys import getsizeof
from typing import Any, TypeAlias

import msgspec

from .._errors import OutputTooLargeError
from ._model import NOTHING

Node: TypeAlias = Any
"""A JSON value that may still grow: as it came, but for text in a `bytearray` and lists in a `JoinedList`."""

# An entry of a dict, its slack included: from 36 to 104 bytes, as the dict has just grown or is about to.
ENTRY = 64
POINTER = 8

# So many choices, parts and calls are not counted by themselves.
_FREE = 8

# Whole numbers that CPython makes once.
_SHARED_INTEGERS = range(-5, 257)


class Tally:
    """What a stream has cost so far.

    Attributes:
        size: Bytes of memory that are kept of it.
        limit: How many may be.
        pieces: How many generated pieces of any channel there have been.
        calls: How many tool calls.
    """

    __slots__ = ("_begun", "calls", "limit", "pieces", "size")

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.limit = limit
        self.pieces = 0
        self.calls = 0
        self._begun = 0

    def begin(self, weight: int) -> None:
        """Something is kept that takes memory before anything is in it. The first few are what any stream takes."""
        self._begun += 1
        if self._begun > _FREE:
            self.size += weight

    def check(self) -> None:
        """Raise the error for what is too much.

        Raises:
            OutputTooLargeError: More is kept than may be.
        """
        if self.size > self.limit:
            raise OutputTooLargeError(
                f"the stream holds more than {self.limit} bytes of output, the limit of Limits.output_size",
                limit="output_size",
            )


def utf8(text: str) -> bytes:
    """How text is kept: half a surrogate pair, which only a caller's own chunk can hold, survives."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def text_of(data: bytes | bytearray) -> str:
    """The text that is kept as UTF-8."""
    return data.decode("utf-8", "surrogatepass")


def weight(*values: Node, names: set[str] | None = None) -> int:
    """How many bytes of memory JSON values take, with all that is in them.

    Dicts, lists, text and numbers as CPython counts them; what it makes only once weighs nothing, and so does a name
    that has been met before, which a decoder makes once.

    Args:
        *values: The values.
        names: The names that have been met; those that are met here are added.
    """
    total = 0
    names = set() if names is None else names
    rest: list[Node] = list(values)
    for value in rest:  # which grows meanwhile
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
