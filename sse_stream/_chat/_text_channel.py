"""Where generated text goes: the one place where a piece of it is kept, counted and made an event."""

from __future__ import annotations

from typing import TypeAlias

from ._events import ReasoningDelta, RefusalDelta, TextDelta
from ._memory import Tally, text_of, utf8

SpokenDelta: TypeAlias = TextDelta | ReasoningDelta | RefusalDelta
"""An event that is a piece of text and nothing else."""

# What a channel takes before anything is in it, its part included.
CHANNEL_WEIGHT = 224


class TextChannel:
    """The text of one part, as far as it has come.

    Attributes:
        event: What a piece of it gives.
        choice: The index of its choice.
        data: The text, as UTF-8.
        tally: Where it is counted.
    """

    __slots__ = ("choice", "data", "event", "tally")

    def __init__(self, event: type[SpokenDelta], choice: int, tally: Tally) -> None:
        self.event = event
        self.choice = choice
        self.data = bytearray()
        self.tally = tally
        tally.begin(CHANNEL_WEIGHT)

    def append(self, text: str) -> SpokenDelta:
        """Add a piece, which is not empty.

        Returns:
            The event that says it.

        Raises:
            OutputTooLargeError: With it more is kept than may be.
        """
        # Measured as "plain text": all of this happens once for each event.
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
        """All of it so far."""
        return text_of(self.data)
