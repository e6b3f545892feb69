"""Finding the end of a JSON object or array that arrives in pieces."""

from __future__ import annotations

import re

_OUTSIDE_STRINGS = re.compile(r'[{}\[\]"]')
_INSIDE_STRINGS = re.compile(r'["\\]')


class Brackets:
    """Detects the end of an object or array, looking at each character once.

    Attributes:
        closed: Whether the outermost bracket has been closed.
    """

    __slots__ = ("_depth", "_escaped", "_in_string", "closed")

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.closed = False

    def feed(self, text: str) -> None:
        """Scan the next piece."""
        position = 0
        if self._escaped and text:
            position = 1
            self._escaped = False
        while True:
            mark = (_INSIDE_STRINGS if self._in_string else _OUTSIDE_STRINGS).search(text, position)
            if mark is None:
                return
            position = mark.end()
            character = mark[0]
            if character == '"':
                self._in_string = not self._in_string
            elif character == "\\":
                self._escaped = position == len(text)
                position += 1
            else:
                self._depth += 1 if character in "{[" else -1
                self.closed = self._depth == 0
