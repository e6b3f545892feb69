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
    match item:
        case PartStart(choice, index, kind, native):
            return builder.start_part(choice, index, kind, native)
        case PartPiece(choice, index, piece):
            builder.add_to_part(choice, index, piece)
        case PartEnd(choice, index, native, complete, annotations):
            return builder.end_part(choice, index, native, complete, annotations)
    return []
