"""What the changes of `PartialJSON` amount to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sse_stream import JSONChange, JSONPath, StringDelta, ValueDone, ValueStarted


def merged(changes: Iterable[JSONChange]) -> list[JSONChange]:
    """The changes, with the pieces of a string put together."""
    found: list[JSONChange] = []
    for change in changes:
        last = found[-1] if found else None
        if isinstance(change, StringDelta) and isinstance(last, StringDelta) and last.path == change.path:
            found[-1] = StringDelta(change.path, last.text + change.text)
        else:
            found.append(change)
    return found


class Replica:
    """A value that is kept up to date by changes alone, as a user interface does it."""

    def __init__(self) -> None:
        self.top: list[Any] = []

    def apply(self, changes: Iterable[JSONChange]) -> None:
        for change in changes:
            match change:
                case ValueStarted(path, kind):
                    self._remove(path)
                    if kind in ("object", "array", "string"):
                        self._set(path, {"object": {}, "array": [], "string": ""}[kind])
                case StringDelta(path, text):
                    self._set(path, self._get(path) + text)
                case ValueDone(path, value):
                    self._set(path, value)

    def _place(self, path: JSONPath) -> tuple[Any, Any]:
        within: Any = self.top
        *before, last = (0, *path)
        for key in before:
            within = within[key]
        return within, last

    def _get(self, path: JSONPath) -> Any:
        within, key = self._place(path)
        return within[key]

    def _set(self, path: JSONPath, value: Any) -> None:
        within, key = self._place(path)
        if isinstance(within, list) and key == len(within):
            within.append(value)
        else:
            within[key] = value

    def _remove(self, path: JSONPath) -> None:
        within, key = self._place(path)
        if isinstance(within, dict):
            within.pop(key, None)
