"""JSON outside the frame: lines that are no fields, put together."""

from __future__ import annotations

from .._json._brackets import Brackets


class UnframedJSON:
    """Collects the lines of a JSON object or array that came without `data:`, as some servers write their errors.

    Args:
        limit: How many characters may wait for its end; what is longer is passed over.
    """

    __slots__ = ("_brackets", "_limit", "_lines", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[str] = []
        self._brackets = Brackets()
        self._size = 0

    def add(self, line: str) -> str:
        """Add a line that is no field.

        Returns:
            The text of the object or array that it ends; `""` if it ends none.
        """
        if line.startswith(("{", "[")):  # what is inside of one is indented
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
