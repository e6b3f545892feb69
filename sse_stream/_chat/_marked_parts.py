"""The parts of a choice that its dialect marks: where they begin and end, and what they are to the provider."""

from __future__ import annotations

from .._json._depth import JSONValue
from ._memory import Tally
from ._part_state import MARK_WEIGHT, Complete, PartMarks, PartState


class MarkedParts:
    """The marked parts of one choice, by what the dialect calls them.

    Args:
        tally: Where what is kept is counted.
    """

    __slots__ = ("_parts", "_tally")

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._parts: dict[int, PartState] = {}

    def resumed(self, index: int, kind: str) -> PartState | None:
        """The part of this index, if it is of this kind and has not ended: it goes on."""
        part = self._parts.get(index)
        return part if part is not None and part.kind == kind and not part.is_complete else None

    def begin(self, index: int, part: PartState, native: JSONValue) -> None:
        """A part begins; one that had its index before is left as it is."""
        self._parts[index] = part
        part.marks = PartMarks(native)
        self._tally.begin(MARK_WEIGHT)
        self._tally.size += part.marks.weight()

    def add(self, index: int, piece: JSONValue) -> None:
        """Something came for a part that no chunk carries."""
        part = self._parts.get(index)
        if part is not None and part.marks is not None and not part.is_complete:
            self._tally.size += part.marks.add(piece)

    def get(self, index: int) -> PartState | None:
        """The part that began last with this index."""
        return self._parts.get(index)

    def end(self, part: PartState, native: JSONValue, complete: Complete | None, annotations: str) -> None:
        """A part is complete: what the provider's own object for it is, or makes it."""
        if part.marks is not None:
            self._tally.size += part.marks.end(part.text(), native, complete, annotations)
