"""The state of the tool calls of one choice: pieces in, events out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .._errors import OutputTooLargeError
from ._anomalies import OnAnomaly
from ._chunks import ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from ._events import ChatEvent, ToolCallDelta, ToolCallDone, ToolCallStarted
from ._memory import Tally, utf8
from ._slot import SLOT_WEIGHT, Slot
from ._tool_calls import Slots, function_of


class CallStates:
    """The tool calls of one choice.

    Args:
        choice: The index of the choice.
        tally: Counts the memory that is kept.
        allowed: How many calls the stream may have.
        note: Called with each anomaly.
        place: Assigns a new call to its part; returns whether the dialect has announced that part.
    """

    __slots__ = ("_allowed", "_choice", "_note", "_place", "_slots", "_tally")

    def __init__(self, choice: int, tally: Tally, allowed: int, note: OnAnomaly, place: Callable[[Slot], bool]) -> None:
        self._choice = choice
        self._tally = tally
        self._allowed = allowed
        self._note = note
        self._place = place
        self._slots = Slots(note)

    @property
    def all(self) -> Sequence[Slot]:
        """The calls so far, in the order in which they started."""
        return self._slots.all

    @property
    def has_open_call(self) -> bool:
        """Whether the JSON arguments of a call are still incomplete."""
        return self._slots.has_open_call

    def add(self, pieces: Iterable[ChoiceDeltaToolCall], events: list[ChatEvent]) -> None:
        """Add the pieces of calls in a delta.

        Raises:
            OutputTooLargeError: There are too many calls.
        """
        slots = self._slots
        slots.begin_delta()
        for piece in pieces:
            function = function_of(piece)
            if not (piece.id or piece.extra or function.name or function.arguments or function.extra):
                continue  # an empty piece starts no call
            known = len(slots.all)
            slot = slots.find(piece, function)
            self._name(slot, function)
            if len(slots.all) > known:
                self._begin(slot, events)
            if function.arguments:
                is_named = bool(piece.id and piece.id == slot.id) or bool(function.name and function.name == slot.name)
                new, repeated = slot.add_arguments(function.arguments, is_named=is_named)
                if repeated:
                    self._note("arguments_repeated", function.arguments)
                self._emit(slot, new, events)
            self._add_extra(slot, piece, function)

    def add_whole(self, calls: Iterable[ChoiceDeltaToolCall], events: list[ChatEvent]) -> None:
        """Add whatever is new in the calls of a whole message.

        Raises:
            OutputTooLargeError: There are too many calls.
        """
        slots = self._slots
        for place, piece in enumerate(calls):
            function = function_of(piece)
            known = len(slots.all)
            slot = slots.of_message(place, piece)
            self._name(slot, function)
            if len(slots.all) > known:
                self._begin(slot, events)
                self._add_extra(slot, piece, function)
            rest = slot.rest_of(function.arguments or "")
            if rest:
                new, _ = slot.add_arguments(rest)
                self._emit(slot, new, events)

    def finish(self, *, at_end: bool) -> list[ChatEvent]:
        """Finish open calls: those with complete arguments, or all of them at the end of the stream."""
        return self._done(self._slots.take_open() if at_end else self._slots.take_complete())

    def finish_one(self, slot: Slot, events: list[ChatEvent]) -> None:
        """Finish this call unless it is already done."""
        if self._slots.take(slot):
            events.extend(self._done((slot,)))

    def _name(self, slot: Slot, function: ChoiceDeltaFunctionCall) -> None:
        if function.name and not slot.name:
            slot.name = function.name
            self._tally.size += len(utf8(function.name))

    def _begin(self, slot: Slot, events: list[ChatEvent]) -> None:
        tally = self._tally
        events.extend(self._done(self._slots.take_preceding()))
        tally.calls += 1
        tally.begin(SLOT_WEIGHT)
        tally.size += len(utf8(slot.id))
        if tally.calls > self._allowed:
            raise OutputTooLargeError(
                f"the stream has more than {self._allowed} tool calls, the limit set by Limits.tool_calls",
                limit="tool_calls",
            )
        is_announced = self._place(slot)
        if not slot.id and not is_announced:  # a dialect that announces its calls checks their ids itself
            self._note("missing_call_id", f"call {slot.index}")
        tally.pieces += 1
        events.append(ToolCallStarted(slot.index, slot.id, slot.name, self._choice))

    def _emit(self, slot: Slot, piece: str, events: list[ChatEvent]) -> None:
        """Count and report a piece of the arguments, unless it is empty."""
        if piece:
            self._tally.size += len(utf8(piece))
            self._tally.pieces += 1
            events.append(ToolCallDelta(slot.index, piece, self._choice))

    def _add_extra(self, slot: Slot, piece: ChoiceDeltaToolCall, function: ChoiceDeltaFunctionCall) -> None:
        if function.extra:
            self._tally.size += slot.add_extra({slot.kind: dict(function.extra)})
        if piece.extra:
            self._tally.size += slot.add_extra(piece.extra)

    def _done(self, slots: Iterable[Slot]) -> list[ChatEvent]:
        events: list[ChatEvent] = []
        for slot in slots:
            self._emit(slot, slot.release(), events)  # a held empty object was not a placeholder
            events.append(ToolCallDone(slot.index, slot.snapshot(), self._choice))
        return events
