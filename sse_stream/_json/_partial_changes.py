"""The changes that `PartialJSON` reports: a value starts, a string grows, a value is complete."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec

from ._copying import copied
from ._depth import JSONValue

JSONPath: TypeAlias = tuple[str | int, ...]
"""The location of a value in a JSON text: the keys and indices that lead to it, `()` for the whole."""

JSONKind: TypeAlias = Literal["object", "array", "string", "number", "boolean", "null"]
"""The type of a JSON value, known from its first character."""


class ValueStarted(msgspec.Struct, frozen=True, gc=False):
    """A value started. It replaces an earlier value with the same path, which a repeated key allows.

    Attributes:
        path: The path of the value.
        kind: The type of the value. Objects, arrays and strings are visible from now on, all others when they are
            complete.
    """

    path: JSONPath
    kind: JSONKind


class StringDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of a string value, with escapes decoded. Keys are not reported.

    Attributes:
        path: The path of the string.
        text: The piece, never empty. The pieces joined are the string.
    """

    path: JSONPath
    text: str


class ValueDone:
    """A value is complete. Only a repeated key can replace it.

    Args:
        path: The path of the value.
        value: The complete value.

    Attributes:
        path: The path of the value.
        value: The complete value. It belongs to the caller: an object or array is copied on first access, so unused
            values cost nothing.
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

    __hash__: ClassVar[None]  # type: ignore[assignment]  # its value may be mutable; Python sets this because of `__eq__`

    def __repr__(self) -> str:
        return f"ValueDone(path={self._path!r}, value={self._value!r})"


JSONChange: TypeAlias = ValueStarted | StringDelta | ValueDone
"""What `PartialJSON` reports."""
