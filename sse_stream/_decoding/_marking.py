"""What a dialect says of parts, told to what adds the answer up."""

from __future__ import annotations

from .._chat._builder import CompletionBuilder
from .._chat._events import ChatEvent
from ..dialects._base import PartEnd, PartItem, PartPiece, PartStart


def mark_part(builder: CompletionBuilder, item: PartItem) -> list[ChatEvent]:
    """A part begins, ends, or something came for it; the events that say so.

    Raises:
        OutputTooLargeError: With it more is kept than may be.
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
