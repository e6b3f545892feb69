"""Assigning the pieces of tool calls to calls: one set of rules for all variants on the wire.

There is one slot per intended call, in the order in which the calls started. Let *c* be the call at the piece's index,
if that is an integer of 0 or more; otherwise the call with its id; otherwise the last call. *c* is *closed* if its
arguments are complete JSON. The first row that matches applies:

| the piece | it belongs to |
|---|---|
| there is no *c* | the call with its id, otherwise a new call |
| has an id other than *c*'s, known already | the call with that id |
| has an id other than *c*'s, and a name | a new call; but *c* continues if the name is *c*'s, *c* is open, and the arguments are not blank and do not begin with `{` |
| has an id other than *c*'s, no name | *c* continues under its first id; if *c* is closed, arguments start a new call, and an id alone applies to the next call that starts |
| has another name than *c*'s, and no index | a new call |
| has another name than *c*'s | a new call if *c* is closed; otherwise *c* continues under its first name |
| has *c*'s name, neither has an id, *c* is closed, the arguments are not blank | a new call, from a server that numbers all calls alike |
| has a name, no index and no id | a new call if *c* is closed or had a piece in the same delta |
| anything else | *c* continues |

A new id on each fragment and two calls with the same index look alike at first. They are told apart by whether the call
before is closed, and whether the piece could start a JSON object. A call that started without an id takes the first id
that comes with one of its pieces, unless it is closed and the piece names a call.

Some cases are ambiguous and are decided by convention: a new id *and* name on each fragment mean several calls; two
calls without arguments under one id are one call; `{"a":` and then `{"a":1}` with the name repeated is the same call
sent again, not an object inside it.
"""  # a table

from __future__ import annotations

from ._anomalies import OnAnomaly
from ._chunks import ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from ._slot import Slot

_NO_FUNCTION = ChoiceDeltaFunctionCall()


def function_of(piece: ChoiceDeltaToolCall) -> ChoiceDeltaFunctionCall:
    """Return the name and arguments in a piece. For a custom tool, these are its name and input."""
    custom = piece.custom
    if custom is not None:
        return ChoiceDeltaFunctionCall(name=custom.name, arguments=custom.input, extra=custom.extra)
    return _NO_FUNCTION if piece.function is None else piece.function


class Slots:
    """The tool calls of one choice.

    Args:
        note: Called with each anomaly.

    Attributes:
        all: The calls, in the order in which they started.
    """

    __slots__ = ("_by_id", "_by_index", "_delta", "_last", "_note", "_open", "all")

    def __init__(self, note: OnAnomaly) -> None:
        self._note = note
        self.all: list[Slot] = []
        self._open: list[Slot] = []  # calls that are not done yet
        self._by_index: dict[int, Slot] = {}
        self._by_id: dict[str, Slot] = {}
        self._last: Slot | None = None
        self._delta = 0  # the number of deltas so far

    @property
    def has_open_call(self) -> bool:
        """Whether the JSON arguments of a call are still incomplete."""
        return any(slot.kind == "function" and not slot.complete for slot in self._open)

    def begin_delta(self) -> None:
        """Start a new delta, whose pieces may continue earlier calls."""
        self._delta += 1

    def find(self, piece: ChoiceDeltaToolCall, function: ChoiceDeltaFunctionCall) -> Slot:
        """Return the slot that a piece belongs to. If the piece starts a call, this is a new one at the end of `all`.

        Args:
            piece: The piece.
            function: Its name and arguments: `function_of(piece)`.
        """
        index = piece.index if piece.index is not None and piece.index >= 0 else None
        if index is not None and not piece.id and not function.name:
            # Measured as "50 tool calls": nearly all pieces just continue the call at their index.
            slot = self._by_index.get(index)
            if slot is not None and not slot.next_id:
                self._last = slot
                slot.touched = self._delta
                if _is_custom(piece):
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
        if _is_custom(piece):
            slot.kind = "custom"
        self._last = slot
        slot.touched = self._delta
        return slot

    def of_message(self, place: int, piece: ChoiceDeltaToolCall) -> Slot:
        """Return the slot of a call in a whole message: the one with its id, or at its position, or a new one."""
        call_id = piece.id or ""
        slot = self._by_id.get(call_id) or (self.all[place] if place < len(self.all) else None)
        if slot is None:
            slot = self._begin(call_id)
        if _is_custom(piece):
            slot.kind = "custom"
        self._last = slot
        return slot

    def take_preceding(self) -> list[Slot]:
        """Remove and return the call before the one that just started, if its arguments are complete.

        It stays if they may be a placeholder, because interleaved calls may all start with one.
        """
        preceding = self._open[-2:-1]
        if not preceding or not preceding[0].complete or preceding[0].waits:
            return []
        del self._open[-2]
        return preceding

    def take_complete(self) -> list[Slot]:
        """Remove and return the open calls whose arguments are complete."""
        taken = [slot for slot in self._open if slot.complete]
        self._open = [slot for slot in self._open if not slot.complete]
        return taken

    def take(self, slot: Slot) -> bool:
        """Remove a call from the open ones. Returns whether it was open."""
        if slot not in self._open:
            return False
        self._open.remove(slot)
        return True

    def take_open(self) -> list[Slot]:
        """Remove and return all open calls."""
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
        """Return the call that a piece continues, `call` or the one with its id; `None` if it starts a new one."""
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
            if not call.id and call.complete and _is_said(arguments):
                return None
            if not call_id and index is None and (call.complete or call.touched == self._delta):
                return None
        return call

    def _under_another_id(self, call: Slot, call_id: str, function: ChoiceDeltaFunctionCall) -> Slot | None:
        arguments = (function.arguments or "").lstrip()
        if function.name:
            begins = not arguments or arguments.startswith("{")
            if function.name != call.name or call.complete or begins:
                return None
        elif call.complete:
            if arguments:
                return None
            call.next_id = call_id
            return call
        self._note("call_id_changed", f"{call_id!r} after {call.id!r}")
        return call


def _is_custom(piece: ChoiceDeltaToolCall) -> bool:
    return piece.custom is not None or piece.type == "custom"


def _is_said(arguments: str | None) -> bool:
    return bool(arguments and not arguments.isspace())
