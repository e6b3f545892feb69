"""Applying the items by which a dialect marks parts."""

from __future__ import annotations

from .._chat._builder import CompletionBuilder
from .._chat._events import ChatEvent
from ..dialects._base import PartMark, PartPiece, PartStart


def mark_part(builder: CompletionBuilder, item: PartMark) -> list[ChatEvent]:
    """Start or end a part, or add data to it. Returns the events.

    Raises:
        OutputTooLargeError: The output exceeds the limit.
    """
    events: list[ChatEvent] = []
    choice = builder.choice(item.choice)
    if isinstance(item, PartStart):
        events = choice.start_part(item.index, item.kind, item.native)
    elif isinstance(item, PartPiece):
        choice.add_to_part(item.index, item.piece)
        builder.tally.pieces += 1
    else:
        events = choice.end_part(item.index, item.native, item.complete, item.annotations)
    builder.tally.check()
    return events
