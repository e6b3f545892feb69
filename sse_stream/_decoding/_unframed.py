"""Collecting JSON that is sent without `data:`."""

from __future__ import annotations

from .._json._brackets import Brackets


class UnframedJSON:
    """Collects the lines of a JSON object or array without `data:`, in which some servers write errors.

    Args:
        limit: The maximum number of characters. Longer JSON is ignored.
    """

    __slots__ = ("_brackets", "_limit", "_lines", "_size")

    # Set by the first line of an object or array.
    _brackets: Brackets
    _size: int

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[str] = []

    def add(self, line: str) -> str:
        """Add a line that is not a field.

        Returns:
            The text of the object or array that this line completes; `""` if it completes none.
        """
        if line.startswith(("{", "[")):  # lines inside of one are indented
            self._lines.clear()
            self._brackets = Brackets()
            self._size = 0
        elif not self._lines:
            return ""
        self._lines.append(line)
        self._size += len(line)
        if self._size > self._limit:
            self._lines.clear()
            return ""
        self._brackets.feed(line)
        if not self._brackets.closed:
            return ""
        text = "\n".join(self._lines)
        self._lines.clear()
        return text
