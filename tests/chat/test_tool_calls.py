"""Which call a piece belongs to, piece by piece. What servers send in whole streams is among the quirks."""

from __future__ import annotations

import pytest

from sse_stream._chat._chunks import ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from sse_stream._chat._tool_calls import Slots

Piece = tuple[int | None, str | None, str | None, str | None]
"""Index, id, name, arguments."""


def slots_of(*deltas: list[Piece]) -> list[int]:
    """The slot that each piece went to, in order."""
    slots = Slots()
    found = []
    for delta in deltas:
        slots.begin_delta()
        for index, call_id, name, arguments in delta:
            function = ChoiceDeltaFunctionCall(name=name, arguments=arguments) if name or arguments else None
            slot = slots.find(ChoiceDeltaToolCall(index=index, id=call_id, function=function))
            slot.name = slot.name or name or ""
            slot.add_arguments(arguments or "")
            found.append(slot.index)
    return found


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        ([[(0, "a", "f", None)], [(0, None, None, "{")], [(0, None, None, "}")]], [0, 0, 0]),
        ([[(0, "a", "f", "{}")], [(1, "b", "g", "{}")], [(0, None, None, " ")]], [0, 1, 0]),
        ([[(5, "a", "f", "{}")], [(3, "b", "g", "{}")], [(5, None, None, " ")]], [0, 1, 0]),
        # Another id than the slot's begins a call, whatever the index, and the index follows it.
        ([[(0, "a", "f", "{}")], [(0, "b", "f", "{")], [(0, None, None, "}")]], [0, 1, 1]),
        ([[(0, "a", "f", "{")], [(0, "b", "f", "{")], [(0, "a", None, "}")], [(0, "b", None, "}")]], [0, 1, 0, 1]),
        # An id that comes late names the call that began without one, unless a second whole call brings it.
        ([[(0, None, "f", "{")], [(0, "a", None, "}")]], [0, 0]),
        ([[(0, None, "f", "{}")], [(0, "a", None, None)]], [0, 0]),
        ([[(0, None, "f", "{}")], [(0, "a", "f", "{}")]], [0, 1]),
        # Without an index, ids decide; what has neither continues the last call.
        ([[(None, "a", "f", "{")], [(None, None, None, "}")]], [0, 0]),
        ([[(None, "a", "f", "{")], [(None, "a", None, "}")]], [0, 0]),
        ([[(None, "a", "f", "{")], [(None, "b", "f", "{")], [(None, "a", None, "}")]], [0, 1, 0]),
        ([[(-1, "a", "f", "{")], [(-1, "", None, "}")]], [0, 0]),
        # Without either, a name begins a call where the last one cannot go on.
        ([[(None, None, "f", "{}")], [(None, None, "f", "{}")]], [0, 1]),
        ([[(None, None, "f", "{")], [(None, None, "f", "}")]], [0, 0]),
        ([[(None, None, "f", "{")], [(None, None, "g", "{")]], [0, 1]),
        ([[(None, None, "f", None), (None, None, "f", None)]], [0, 1]),
        ([[(None, None, "f", None)], [(None, None, "f", "{")], [(None, None, None, "}")]], [0, 0, 0]),
        ([[(None, None, None, "{")], [(None, None, "f", "}")]], [0, 0]),
        # An index of servers that count nothing: a whole call again is another call.
        ([[(0, None, "f", "{}")], [(0, None, "f", "{}")]], [0, 1]),
        ([[(0, None, "f", "{}")], [(0, None, "f", " ")]], [0, 0]),
        ([[(0, None, "f", "{}")], [(0, None, "f", None)]], [0, 0]),
        ([[(0, None, "f", "{")], [(0, None, "f", "}")]], [0, 0]),
        ([[(0, "a", "f", "{}")], [(0, None, "f", "{}")]], [0, 0]),
        ([[(0, None, None, "{}")], [(0, None, "f", "{}")]], [0, 0]),
    ],
)
def test_the_slot_of_a_piece(deltas: list[list[Piece]], expected: list[int]) -> None:
    assert slots_of(*deltas) == expected


@pytest.mark.parametrize(
    ("arguments", "complete"),
    [
        ("", False),
        ("{", False),
        ("{}", True),
        ('{"a":[1,{"b":"}"}]}', True),
        ('{"a":[1,{"b":"}"}]', False),
        ('{"a":"\\"}', False),
        ('{"a":"\\"}"}', True),
        ('{"a":"\\\\"}', True),
        ("[]", True),
        ("3", False),
        ('"{}"', False),
        ("{} ", True),
        ("{}{", False),
    ],
)
def test_when_arguments_are_complete(arguments: str, complete: bool) -> None:
    for asked_at in range(len(arguments) + 1):
        slots = Slots()
        slot = slots.find(ChoiceDeltaToolCall(index=0))
        for place, character in enumerate(arguments):
            if place == asked_at:
                assert slot.complete in (True, False)
            slot.add_arguments(character)
        assert slot.complete == complete
        assert slot.snapshot().arguments == arguments


def test_calls_are_done_once() -> None:
    slots = Slots()
    first = slots.find(ChoiceDeltaToolCall(index=0))
    assert slots.take_preceding() == []
    first.add_arguments("{}")
    second = slots.find(ChoiceDeltaToolCall(index=1))
    assert slots.take_preceding() == [first]
    assert slots.take_preceding() == []
    third = slots.find(ChoiceDeltaToolCall(index=2))
    assert slots.take_preceding() == []
    assert slots.take_open() == [second, third]
    assert slots.take_open() == []
    assert slots.all == [first, second, third]
