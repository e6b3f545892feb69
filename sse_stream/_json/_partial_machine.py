"""Feeding and closing an incremental JSON parser, with the limit on its size."""

from __future__ import annotations

from typing import NoReturn

from .._errors import PartialJSONError
from ._partial_changes import JSONChange, StringDelta
from ._partial_steps import PartialSteps
from ._partial_strings import inner


class PartialMachine(PartialSteps):
    """Parses one JSON text in pieces.

    Args:
        max_size: The maximum number of characters.
    """

    __slots__ = ("_closed", "_max_size", "_room")

    def __init__(self, max_size: int) -> None:
        super().__init__()
        self._max_size = max_size
        self._room = max_size  # how many more characters are allowed
        self._closed = False

    def feed(self, text: str) -> list[JSONChange]:
        """Parse the next piece.

        Raises:
            PartialJSONError: The text is not JSON, or it is too large. Raised again by every later call, and by a call
                after `close`.
        """
        size = len(text)
        buffer = self.buffer
        if buffer is not None and 0 < size <= self._room and self.error is None:
            # Measured as "code-like string": most pieces lie inside one string.
            piece = inner(self.unsure + text)
            if piece is not None:
                self.unsure = ""
                self._room -= size
                buffer.write(piece)
                self.changed = True
                return [StringDelta(self.path, piece)]
        if self.error is not None or self._closed:
            self._fail_again()
        self.changes = []
        self.base = self._max_size - self._room
        if self.unsure:
            self.base -= len(self.unsure)
            text = self.unsure + text
            self.unsure = ""
        self._room -= size
        excess = -self._room
        if excess > 0:
            text = text[:-excess]
        at = 0
        end = len(text)
        while at < end:
            at = self.step(self, text, at)
        if excess > 0:
            self.refuse(end, f"the text is longer than max_size, {self._max_size} characters")
        return self.changes

    def _fail_again(self) -> NoReturn:
        """Raise the error for a call after a failure or after `close`."""
        if self.error is not None:
            raise PartialJSONError(str(self.error), position=self.error.position)
        raise PartialJSONError("feed was called after close", position=self._max_size - self._room)

    def close(self) -> list[JSONChange]:
        """End the text. After an error, or when called again, this does nothing.

        Raises:
            PartialJSONError: The value is not complete.
        """
        self.changes = []
        if self.error is not None:
            return []
        self._closed = True
        self.base = self._max_size - self._room
        self.end_text()
        if not self.complete:
            self.refuse(0, "the text ended before its value was complete")
        return self.changes
