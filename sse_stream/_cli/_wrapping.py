"""Word wrapping for terminals, by display width."""

from __future__ import annotations

import os
from typing import TextIO
from unicodedata import combining, east_asian_width

_DEFAULT_SIZE = os.terminal_size((80, 24))


def terminal_size(out: TextIO) -> os.terminal_size:
    """Return the size of the terminal `out`, or 80 columns by 24 lines if it is unknown."""
    try:
        size = os.get_terminal_size(out.fileno())
    except (OSError, ValueError):
        return _DEFAULT_SIZE
    return size if size.lines and size.columns else _DEFAULT_SIZE


class WordWrap:
    """Wraps text that arrives in pieces; a word is held back until it is complete.

    Args:
        width: The maximum width of a line, in columns.
        indent: The prefix of each line.
        first: The prefix of the first line (default: `indent`).
    """

    def __init__(self, width: int, *, indent: str = "", first: str | None = None) -> None:
        self._width = width
        self._indent = indent
        self._begin = indent if first is None else first  # the prefix of the next line
        self._column = 0  # 0 at the start of a line
        self._spaces = ""
        self._word = ""

    def add(self, text: str) -> str:
        """Add text, and return the output that is ready."""
        written = ""
        for character in text:
            if character == "\n":
                written += self.end() + "\n"
                self._column, self._spaces = 0, ""
            elif character in " \t":
                written += self.end()
                self._spaces += " "
            elif east_asian_width(character) in "WF":  # scripts without spaces break anywhere
                written += self.end()
                self._word = character
                written += self.end()
            else:
                self._word += character
        return written

    def end(self) -> str:
        """Return the word that was held back."""
        if not self._word:
            return ""
        word, self._word = self._word, ""
        spaces, self._spaces = self._spaces, ""
        written = ""
        if self._column + len(spaces) + columns(word) > self._width and self._column:
            written, self._column, spaces = "\n", 0, ""
        for character in spaces + word:
            # Reached only by a word wider than a line.
            if self._column and self._column + columns(character) > self._width:
                written += "\n"
                self._column = 0
            if not self._column:
                written += self._begin
                self._column = columns(self._begin)
                self._begin = self._indent
            written += character
            self._column += columns(character)
        return written


def columns(text: str) -> int:
    """Return the width of a text in terminal columns."""
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)


def wrapped(text: str, width: int, *, indent: str = "", first: str | None = None) -> str:
    """Wrap a whole text."""
    wrap = WordWrap(width, indent=indent, first=first)
    return wrap.add(text) + wrap.end()
