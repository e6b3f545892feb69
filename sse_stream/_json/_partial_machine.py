"""The machine that reads a JSON text in pieces, and looks at each character once."""

from __future__ import annotations

from typing import NoReturn

from .._errors import PartialJSONError
from ._partial_changes import JSONChange, StringDelta
from ._partial_steps import PartialSteps
from ._partial_strings import inner


class PartialMachine(PartialSteps):
    """Reads one JSON text.

    Args:
        max_size: How many characters it may have.
    """

    __slots__ = ("_closed", "_max_size", "_room")

    def __init__(self, max_size: int) -> None:
        super().__init__()
        self._max_size = max_size
        self._room = max_size  # how many characters may still come
        self._closed = False

    def feed(self, text: str) -> list[JSONChange]:
        """Take the next piece.

        Raises:
            PartialJSONError: The text is no JSON, or too large; after that, and after `close`, at each call.
        """
        size = len(text)
        buffer = self.buffer
        if buffer is not None and 0 < size <= self._room and self.error is None:
            # Measured as "code-like string": most pieces are a part of a string, and nothing else.
            piece = inner(self.unsure + text) if self.unsure else inner(text)
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
        excess = size - self._room
        if excess > 0:
            text = text[:-excess]
            size = self._room
        self._room -= size
        at = 0
        end = len(text)
        while at < end:
            at = self.step(self, text, at)
        if excess > 0:
            self.refuse(end, f"the text has more than {self._max_size} characters")
        return self.changes

    def _fail_again(self) -> NoReturn:
        """The text has failed or was closed before."""
        if self.error is not None:
            raise PartialJSONError(str(self.error), position=self.error.position)
        raise PartialJSONError("this text has been closed before", position=self._max_size - self._room)

    def close(self) -> list[JSONChange]:
        """No more will come. After an error, or when it is called again, this does nothing.

        Raises:
            PartialJSONError: The value is not complete.
        """
        self.changes = []
        if self._closed or self.error is not None:
            return []
        self._closed = True
        self.base = self._max_size - self._room
        self.end_text()
        if not self.complete:
            self.refuse(0, "the text ends, and its value is not complete")
        return self.changes
