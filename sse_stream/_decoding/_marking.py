"""Applying the items by which a dialect marks parts."""

from __future__ import annotations

from .._chat._builder import CompletionBuilder
from .._chat._events import ChatEvent
from ..dialects._base import PartEnd, PartItem, PartPiece, PartStart


def mark_part(builder: CompletionBuilder, item: PartItem) -> list[ChatEvent]:
    """Start or end a part, or add data to it. Returns the events.

    Raises:
        OutputTooLargeError: The output exceeds the limit.
    """
    events: list[ChatEvent] = []
    match item:
        case PartStart(choice, index, kind, native):
            events = builder.choice(choice).start_part(index, kind, native)
        case PartPiece(choice, index, piece):
            builder.choice(choice).add_to_part(index, piece)
            builder.tally.pieces += 1
        case PartEnd(choice, index, native, complete, annotations):
            events = builder.choice(choice).end_part(index, native, complete, annotations)
    builder.tally.check()
    return events
