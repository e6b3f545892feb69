"""What changes while a JSON text is being written: a value begins, a string grows, a value is done."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec

from ._copying import copied
from ._depth import JSONValue

JSONPath: TypeAlias = tuple[str | int, ...]
"""Where a value is in a JSON text: the keys and indices that lead to it, `()` for the whole."""

JSONKind: TypeAlias = Literal["object", "array", "string", "number", "boolean", "null"]
"""What a JSON value is; its first character says so."""


class ValueStarted(msgspec.Struct, frozen=True, gc=False):
    """A value began. Whatever had the same path before, under a key that is repeated, does not count any more.

    Attributes:
        path: Where.
        kind: What it is. Objects, arrays and strings can be seen from here on, all others when they are done.
    """

    path: JSONPath
    kind: JSONKind


class StringDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of a string, its escapes resolved. Keys give none.

    Attributes:
        path: Where the string is.
        text: The piece, never empty. All pieces together are the string.
    """

    path: JSONPath
    text: str


class ValueDone:
    """A value is complete, and nothing can change it but a repetition of its key.

    Args:
        path: Where it is.
        value: All of it.

    Attributes:
        path: Where it is.
        value: All of it. It belongs to the caller: an object or an array is copied when it is first asked for, so
            one that nobody asks for costs nothing.
    """

    __slots__ = ("_is_copied", "_path", "_value")
    __match_args__ = ("path", "value")

    def __init__(self, path: JSONPath, value: JSONValue) -> None:
        self._path = path
        self._value = value
        self._is_copied = False

    @property
    def path(self) -> JSONPath:
        return self._path

    @property
    def value(self) -> JSONValue:
        if not self._is_copied:
            self._value = copied(self._value)
            self._is_copied = True
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValueDone):
            return NotImplemented
        return self._path == other.path and bool(self._value == other._value)

    __hash__: ClassVar[None]  # type: ignore[assignment]  # what it holds may change: Python sets it for `__eq__`

    def __repr__(self) -> str:
        return f"ValueDone(path={self._path!r}, value={self._value!r})"


JSONChange: TypeAlias = ValueStarted | StringDelta | ValueDone
"""What `PartialJSON` gives."""
