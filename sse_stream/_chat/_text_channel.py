"""Text channels, which keep and count generated text and turn each piece into an event."""

from __future__ import annotations

from typing import TypeAlias

from ._events import ReasoningDelta, RefusalDelta, TextDelta
from ._memory import Tally, text_of, utf8

TextEvent: TypeAlias = TextDelta | ReasoningDelta | RefusalDelta
"""An event for a piece of generated text."""

# The memory that an empty channel and its part take.
CHANNEL_WEIGHT = 224


class TextChannel:
    """Accumulates the text of one part.

    Attributes:
        event: The event type for its pieces.
        choice: The index of the choice.
        data: The text as UTF-8.
        tally: Counts the memory that is kept.
    """

    __slots__ = ("choice", "data", "event", "tally")

    def __init__(self, event: type[TextEvent], choice: int, tally: Tally) -> None:
        self.event = event
        self.choice = choice
        self.data = bytearray()
        self.tally = tally
        tally.begin(CHANNEL_WEIGHT)

    def append(self, text: str) -> TextEvent:
        """Add a piece, which must not be empty.

        Returns:
            The event for the piece.

        Raises:
            OutputTooLargeError: The output exceeds the limit.
        """
        # Measured as "plain text": this runs once per event.
        try:
            data = text.encode()
        except UnicodeEncodeError:
            data = utf8(text)
        self.data += data
        tally = self.tally
        tally.pieces += 1
        tally.size += len(data)
        if tally.size > tally.limit:
            tally.check()
        return self.event(text, self.choice)

    def text(self) -> str:
        """Return the text so far."""
        return text_of(self.data)
