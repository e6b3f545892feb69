"""Which call a piece of a tool call belongs to: one rule for every variant on the wire.

The number of slots is the number of calls that were meant, and slots keep the order in which they began. Let *c* be
the call at the piece's index, if that is a whole number of 0 or more; else the call with its id; else the last call.
*Closed* means that the arguments of *c* are whole JSON. The first row that fits decides:

| the piece | it belongs to |
|---|---|
| there is no *c* | the call with its id, or else a new one |
| has an id other than *c*'s, known already | the call with that id |
| has an id other than *c*'s, and a name | a new call; but *c* goes on if the name is *c*'s, *c* is open, and the arguments are neither blank nor begin with `{` |
| has an id other than *c*'s, no name | *c* goes on under its first id; if *c* is closed, arguments begin a new call, and a bare id waits for the piece that begins one |
| has another name than *c*'s, and no index | a new call |
| has another name than *c*'s | a new call if *c* is closed; otherwise *c* keeps its name |
| has *c*'s name, neither has an id, *c* is closed, the arguments are not blank | a new call: such a server counts nothing |
| has a name, no index and no id | a new call if *c* is closed or had a piece in the same delta |
| anything else | *c* goes on |

A new id on each fragment and two calls that share an index look alike at first. What tells them apart is whether
the call before is closed, and whether the piece could be the beginning of a JSON object. A call that began without
an id takes the first that comes with a piece of it, unless it is closed and the piece names a call.

Undecidable, and decided so: a new id *and* name on each fragment are several calls; two calls without arguments under
one id are one; `{"a":` and then `{"a":1}` with the name repeated is the same call sent again, not an object in it.
"""  # a table

from __future__ import annotations

from ._anomalies import OnAnomaly
from ._chunks import ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from ._slot import Slot

_NO_FUNCTION = ChoiceDeltaFunctionCall()


def function_of(piece: ChoiceDeltaToolCall) -> ChoiceDeltaFunctionCall:
    """What a piece says of its call: a custom tool's name and input are name and arguments."""
    custom = piece.custom
    if custom is not None:
        return ChoiceDeltaFunctionCall(name=custom.name, arguments=custom.input, extra=custom.extra)
    return _NO_FUNCTION if piece.function is None else piece.function


class Slots:
    """The tool calls of one choice.

    Args:
        note: Told each anomaly.

    Attributes:
        all: The calls, in the order in which they began.
    """

    __slots__ = ("_by_id", "_by_index", "_delta", "_last", "_note", "_open", "all")

    def __init__(self, note: OnAnomaly) -> None:
        self._note = note
        self.all: list[Slot] = []
        self._open: list[Slot] = []  # those not yet said to be done
        self._by_index: dict[int, Slot] = {}
        self._by_id: dict[str, Slot] = {}
        self._last: Slot | None = None
        self._delta = 0  # how many deltas there have been

    @property
    def is_one_open(self) -> bool:
        """Whether the arguments of a call are not whole, though they should be JSON."""
        return any(slot.kind == "function" and not slot.complete for slot in self._open)

    def begin_delta(self) -> None:
        """A new delta: its pieces may continue what the one before has left."""
        self._delta += 1

    def find(self, piece: ChoiceDeltaToolCall, function: ChoiceDeltaFunctionCall) -> Slot:
        """The slot that a piece belongs to: a new one, at the end of `all`, if it begins a call.

        Args:
            piece: The piece.
            function: What it says of its call: `function_of(piece)`.
        """
        index = piece.index if piece.index is not None and piece.index >= 0 else None
        if index is not None and not piece.id and not function.name:
            # Measured as "50 tool calls": nearly all pieces are of this kind, and go on with the call at their index.
            slot = self._by_index.get(index)
            if slot is not None and not slot.next_id:
                self._last = slot
                slot.touched = self._delta
                if piece.type == "custom":
                    slot.kind = "custom"
                return slot
        if index is None:
            self._note("missing_call_index", f"index: {piece.index!r}")
        current = self._last if index is None else self._by_index.get(index)
        if piece.id and (current is None or (index is None and piece.id != current.id)):
            current = self._by_id.get(piece.id, current)
        begins = bool(function.name) or _is_said(function.arguments)
        call_id = piece.id or (current.next_id if current is not None and begins else "")
        slot = None if current is None else self._continued(current, index, call_id, function)
        if slot is None:
            slot = self._begin(call_id)
        elif call_id and not slot.id:
            self._name(slot, call_id)
        if current is not None and begins:
            current.next_id = ""
        if index is not None:
            self._by_index[index] = slot
        if piece.custom is not None or piece.type == "custom":
            slot.kind = "custom"
        self._last = slot
        slot.touched = self._delta
        return slot

    def of_message(self, place: int, piece: ChoiceDeltaToolCall) -> Slot:
        """The slot of a whole call in a message: that with its id, or else at its place; a new one if there is none."""
        slot = self._by_id.get(piece.id or "") or (self.all[place] if place < len(self.all) else None)
        if slot is None:
            slot = self._begin(piece.id or "")
        if piece.custom is not None or piece.type == "custom":
            slot.kind = "custom"
        self._last = slot
        return slot

    def take_preceding(self) -> list[Slot]:
        """The call before the one that has just begun, if it is complete: it is done.

        Not if it is but an empty object: where calls take turns, all of them may begin with a placeholder.
        """
        preceding = self._open[-2:-1]
        if not preceding or not preceding[0].complete or preceding[0].waits:
            return []
        del self._open[-2]
        return preceding

    def take_complete(self) -> list[Slot]:
        """All calls with whole arguments that were not done so far: they are now."""
        taken = [slot for slot in self._open if slot.complete]
        self._open = [slot for slot in self._open if not slot.complete]
        return taken

    def take(self, slot: Slot) -> bool:
        """Whether a call was not done so far: it is now."""
        if slot not in self._open:
            return False
        self._open.remove(slot)
        return True

    def take_open(self) -> list[Slot]:
        """All calls that were not done so far: they are now."""
        taken, self._open = self._open, []
        return taken

    def _begin(self, call_id: str) -> Slot:
        slot = Slot(len(self.all))
        self.all.append(slot)
        self._open.append(slot)
        if call_id:
            self._name(slot, call_id)
        return slot

    def _name(self, slot: Slot, call_id: str) -> None:
        slot.id = call_id
        self._by_id[call_id] = slot

    def _continued(self, call: Slot, index: int | None, call_id: str, function: ChoiceDeltaFunctionCall) -> Slot | None:
        """The call that a piece goes on with, if it does; `call` is the one that it would."""
        name, arguments = function.name, function.arguments
        is_other = bool(name and call.name and name != call.name)
        if call_id and call_id != call.id:
            known = self._by_id.get(call_id)
            if known is not None:
                return known
            if call.id:
                return self._under_another_id(call, call_id, function)
            if name and call.name and call.complete:
                return None
        if is_other:
            if index is None or call.complete:
                return None
            self._note("call_name_changed", f"{name!r} after {call.name!r}")
        elif name and name == call.name:
            if not call_id and not call.id and call.complete and _is_said(arguments):
                return None
            if not call_id and index is None and (call.complete or call.touched == self._delta):
                return None
        return call

    def _under_another_id(self, call: Slot, call_id: str, function: ChoiceDeltaFunctionCall) -> Slot | None:
        said = _is_said(function.arguments)
        if function.name:
            begins = not said or (function.arguments or "").lstrip().startswith("{")
            if function.name != call.name or call.complete or begins:
                return None
        elif call.complete:
            if said:
                return None
            call.next_id = call_id
            return call
        self._note("call_id_changed", f"{call_id!r} after {call.id!r}")
        return call


def _is_said(arguments: str | None) -> bool:
    return bool(arguments and not arguments.isspace())
