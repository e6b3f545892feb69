"""Which call a piece of a tool call belongs to: one rule for every variant on the wire.

The number of slots is the number of calls that were meant, and slots keep the order in which they began.

- An index of 0 or more names a slot, unless the piece carries another id than that slot's: then the id
  decides, and an id not seen before begins a call.
- Without such an index, a known id names its slot, and an unknown one begins a call.
- With neither index nor id, a name begins a call when the last call cannot go on: its arguments are
  complete, its name is another, or it came in the same delta. What has no name continues the last call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._json._depth import JSONValue
from ._chunks import ChoiceDeltaToolCall
from ._memory import text_of, utf8
from ._merging import JoinedFields
from ._tool_call import ToolCall

# What a slot takes before anything is in it: itself, its buffer, and its entries in two dicts and two lists.
SLOT_WEIGHT = 512

_OUTSIDE_STRINGS = re.compile(r'[{}\[\]"]')
_INSIDE_STRINGS = re.compile(r'["\\]')


class _Brackets:
    """Watches for the end of a JSON object or array that comes in pieces; looks at each character once."""

    __slots__ = ("_depth", "_escaped", "_in_string", "closed")

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.closed = False

    def feed(self, text: str) -> None:
        position = 0
        if self._escaped and text:
            position = 1
            self._escaped = False
        while True:
            mark = (_INSIDE_STRINGS if self._in_string else _OUTSIDE_STRINGS).search(text, position)
            if mark is None:
                return
            position = mark.end()
            character = mark[0]
            if character == '"':
                self._in_string = not self._in_string
            elif character == "\\":
                self._escaped = position == len(text)
                position += 1
            else:
                self._depth += 1 if character in "{[" else -1
                self.closed = self._depth == 0


class Slot:
    """One tool call, as far as it has come."""

    __slots__ = ("_arguments", "_brackets", "_extra", "id", "index", "name")

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self._extra: JoinedFields | None = None
        self._arguments = bytearray()
        self._brackets: _Brackets | None = None  # made when somebody asks, and kept up to date from then on

    def add_arguments(self, text: str) -> int:
        """Append a piece of the arguments; how many bytes that takes."""
        data = utf8(text)
        self._arguments += data
        if self._brackets is not None:
            self._brackets.feed(text)
        return len(data)

    def add_extra(self, piece: Mapping[str, JSONValue]) -> int:
        """Add what else comes with the call; how many bytes that takes."""
        if self._extra is None:
            self._extra = JoinedFields()
        return self._extra.add(piece)

    @property
    def complete(self) -> bool:
        """Whether the arguments' outermost bracket has been closed."""
        if self._brackets is None:
            self._brackets = _Brackets()
            self._brackets.feed(text_of(self._arguments))
        return self._brackets.closed

    def snapshot(self) -> ToolCall:
        """The call so far."""
        extra = {} if self._extra is None else self._extra.snapshot()
        return ToolCall(self.id, self.name, text_of(self._arguments), extra)


class Slots:
    """The tool calls of one choice."""

    __slots__ = ("_by_id", "_by_index", "_last", "_open", "_touched", "all")

    def __init__(self) -> None:
        self.all: list[Slot] = []
        self._open: list[Slot] = []  # those not yet said to be done
        self._by_index: dict[int, Slot] = {}
        self._by_id: dict[str, Slot] = {}
        self._last: Slot | None = None
        self._touched = False  # whether the delta that is being read has added to the last call

    def begin_delta(self) -> None:
        """A new delta: its pieces may continue what the one before has left."""
        self._touched = False

    def find(self, piece: ChoiceDeltaToolCall) -> Slot:
        """The slot that a piece belongs to: a new one, at the end of `all`, if it begins a call."""
        index = piece.index if piece.index is not None and piece.index >= 0 else None
        slot = self._named_by(piece, index)
        if slot is None:
            slot = Slot(len(self.all))
            self.all.append(slot)
            self._open.append(slot)
        if index is not None:
            self._by_index[index] = slot
        if piece.id and not slot.id:
            slot.id = piece.id
            self._by_id[piece.id] = slot
        self._last = slot
        self._touched = True
        return slot

    def take_preceding(self) -> list[Slot]:
        """The call before the one that has just begun, if it is complete: it is done."""
        preceding = self._open[-2:-1]
        if not preceding or not preceding[0].complete:
            return []
        del self._open[-2]
        return preceding

    def take(self, slot: Slot) -> bool:
        """Take the call as done; whether it was not before."""
        if slot not in self._open:
            return False
        self._open.remove(slot)
        return True

    def take_open(self) -> list[Slot]:
        """All calls that were not done so far: they are now."""
        taken, self._open = self._open, []
        return taken

    def _named_by(self, piece: ChoiceDeltaToolCall, index: int | None) -> Slot | None:
        name = None if piece.function is None else piece.function.name
        if index is not None:
            slot = self._by_index.get(index)
            if slot is None or not piece.id or piece.id == slot.id:
                return None if slot is not None and name and _repeats_whole(piece, slot) else slot
            if not slot.id and not (name and slot.name and slot.complete):
                return slot  # the id of a call that began without one
        if piece.id:
            return self._by_id.get(piece.id)
        slot = self._last
        if name and slot is not None and slot.name and (self._touched or name != slot.name or slot.complete):
            return None
        return slot


def _repeats_whole(piece: ChoiceDeltaToolCall, slot: Slot) -> bool:
    """Whether an index without id comes again with a whole call, as servers do that count nothing."""
    arguments = None if piece.function is None else piece.function.arguments
    return bool(not slot.id and slot.name and arguments and not arguments.isspace() and slot.complete)
