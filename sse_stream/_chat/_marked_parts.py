"""The parts of a choice whose start and end the dialect marks, with the provider's own objects."""

from __future__ import annotations

from .._json._depth import JSONValue
from ._memory import Tally
from ._part_state import MARK_WEIGHT, Complete, PartMarks, PartState


class MarkedParts:
    """The marked parts of one choice, by the index that the dialect gives them.

    Args:
        tally: Counts the memory that is kept.
    """

    __slots__ = ("_parts", "_tally")

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._parts: dict[int, PartState] = {}

    def resumed(self, index: int, kind: str) -> PartState | None:
        """Return the part with this index if it has this kind and is not complete; otherwise `None`."""
        part = self._parts.get(index)
        return part if part is not None and part.kind == kind and not part.is_complete else None

    def begin(self, index: int, part: PartState, native: JSONValue) -> None:
        """Start a part. An earlier part with the same index keeps its state."""
        self._parts[index] = part
        part.marks = PartMarks(native)
        self._tally.begin(MARK_WEIGHT)
        self._tally.size += part.marks.weight()

    def add(self, index: int, piece: JSONValue) -> None:
        """Add data to a part that is not carried by a chunk."""
        part = self._parts.get(index)
        marks = None if part is None else part.marks
        if marks is not None and not marks.is_complete:
            self._tally.size += marks.add(piece)

    def get(self, index: int) -> PartState | None:
        """Return the latest part with this index."""
        return self._parts.get(index)

    def end(self, part: PartState, native: JSONValue, complete: Complete | None, annotations: str) -> None:
        """Complete a part, given the provider's own object or a function that makes it."""
        assert part.marks is not None  # noqa: S101  # for type checkers
        self._tally.size += part.marks.end(part.text(), native, complete, annotations)
