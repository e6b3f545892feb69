"""Lines that fit a terminal: broken between words, by the columns that characters take."""

from __future__ import annotations

import os
from typing import TextIO
from unicodedata import combining, east_asian_width

_DEFAULT_SIZE = os.terminal_size((80, 24))


def terminal_size(out: TextIO) -> os.terminal_size:
    """The size of the terminal behind a stream; 80 columns and 24 lines where it does not tell."""
    try:
        size = os.get_terminal_size(out.fileno())
    except (OSError, ValueError):
        return _DEFAULT_SIZE
    return size if size.lines and size.columns else _DEFAULT_SIZE


class WordWrap:
    """Breaks a text that comes in pieces into lines; a word is held back until it is known to be whole.

    Args:
        width: How many columns a line has at most.
        indent: What each line begins with.
        first: What the first line begins with, if that differs.
    """

    def __init__(self, width: int, *, indent: str = "", first: str | None = None) -> None:
        self._width = width
        self._indent = indent
        self._begin = indent if first is None else first  # what the next line begins with
        self._column = 0  # 0: nothing of the line has been written
        self._spaces = ""
        self._word = ""

    def add(self, text: str) -> str:
        """What can be written, now that this has come."""
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
        """What was held back."""
        if not self._word:
            return ""
        word, self._word = self._word, ""
        spaces, self._spaces = self._spaces, ""
        written = ""
        if self._column + len(spaces) + columns(word) > self._width and self._column:
            written, self._column, spaces = "\n", 0, ""
        for character in spaces + word:
            # Only a word that is wider than a line comes to its end.
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
    """How many columns of a terminal a text takes."""
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)


def wrapped(text: str, width: int, *, indent: str = "", first: str | None = None) -> str:
    """The text in lines of that width."""
    wrap = WordWrap(width, indent=indent, first=first)
    return wrap.add(text) + wrap.end()
