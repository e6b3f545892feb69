"""Which call a piece belongs to, piece by piece. Whole streams of servers are in `tests/dialects/test_quirks.py`."""

from __future__ import annotations

import string

import pytest

from sse_stream import AnomalyKind, ChatEvent, ToolCall, ToolCallDone
from sse_stream._chat._anomalies import OnAnomaly
from sse_stream._chat._call_states import CallStates
from sse_stream._chat._chunks import ChoiceDeltaCustomCall, ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from sse_stream._chat._memory import Tally
from sse_stream._chat._slot import Slot
from sse_stream._chat._tool_calls import Slots, function_of

Piece = tuple[int | None, str | None, str | None, str | None]
"""Index, id, name, arguments."""


def slots_of(*deltas: list[Piece], note: OnAnomaly = lambda kind, sample: None) -> list[int]:
    """The slot that each piece went to, in order."""
    slots = Slots(note)
    found = []
    for delta in deltas:
        slots.begin_delta()
        for index, call_id, name, arguments in delta:
            function = ChoiceDeltaFunctionCall(name=name, arguments=arguments)
            slot = slots.find(ChoiceDeltaToolCall(index=index, id=call_id, function=function), function)
            slot.name = slot.name or name or ""
            if arguments:
                slot.add_arguments(arguments)
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
        ([[(-1, "a", "f", "{")], [(0, "b", "g", "{")], [(-1, None, None, "}")]], [0, 1, 1]),
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
        # A new id on each fragment: one call. Two calls that share an index: two.
        ([[(0, "a", "f", "")], [(0, "b", None, '{"')], [(0, "c", None, 'n":1}')]], [0, 0, 0]),
        ([[(0, "a", "f", "{")], [(0, "b", "f", '"n":1}')], [(0, "c", "f", "{")]], [0, 0, 1]),
        ([[(0, "a", "f", "{")], [(0, "b", "f", "")]], [0, 1]),
        ([[(0, "a", "f", "{")], [(0, "b", "f", " {")]], [0, 1]),
        ([[(0, "a", "f", "{}")], [(0, "b", "f", '"n"')]], [0, 1]),
        ([[(0, "a", "f", "{")], [(0, "b", "g", '"n"')]], [0, 1]),
        ([[(0, "a", "f", "{}")], [(0, "b", None, "{}")]], [0, 1]),
        ([[(0, "a", "f", "{}")], [(0, "b", None, "")], [(0, None, "f", "{}")]], [0, 0, 1]),
        ([[(0, "a", "f", "{}")], [(0, "b", None, None)], [(0, None, None, "{}")], [(0, "b", None, " ")]], [0, 0, 1, 1]),
        ([[(0, "a", "f", "{")], [(0, "b", None, None)], [(0, None, None, "}")]], [0, 0, 0]),
        ([[(None, "a", "f", "{")], [(None, "b", None, "}")]], [0, 0]),
        ([[(None, "a", "f", "{}")], [(None, "b", None, "{}")], [(None, "a", None, " ")]], [0, 1, 0]),
        # The same id, or none, and another name: another call if the first is closed.
        ([[(0, "a", "f", "{}")], [(0, "a", "g", "{}")]], [0, 1]),
        ([[(0, "a", "f", "{}")], [(0, None, "g", "{}")]], [0, 1]),
        ([[(0, "a", "f", "{")], [(0, "a", "g", "}")]], [0, 0]),
        ([[(0, None, "f", "{")], [(0, None, "g", "}")]], [0, 0]),
        # A name without index and id, behind a call that has one; a known id that comes with another name.
        ([[(None, "a", "f", "{}")], [(None, None, "f", "{}")]], [0, 1]),
        ([[(None, "a", "f", "{}")], [(None, "b", "g", "{")], [(None, "a", "h", "{}")]], [0, 1, 2]),
        ([[(None, "a", "f", "{}")], [(None, "a", "f", " ")]], [0, 0]),
        ([[(0, None, "f", "{")], [(0, "a", "f", "}")]], [0, 0]),
        # What continues a call at its index is the last piece, and one of this delta.
        (
            [[(0, "a", "f", "{")], [(1, "b", "g", "{")], [(0, None, None, '"a":1')], [(None, None, None, "}")]],
            [0, 1, 0, 0],
        ),
        ([[(0, None, "f", "{")], [(0, None, None, '"a":1'), (None, None, "f", "{")]], [0, 0, 1]),
        # A known id says which call is meant, whatever the name; of two with that id, the last piece's.
        ([[(0, "a", "f", "{}")], [(1, "b", "g", "{}")], [(1, "a", "h", "{}")]], [0, 1, 0]),
        ([[(0, "a", "f", "{}")], [(1, "a", "g", "{")], [(0, None, None, " ")], [(None, "a", None, " ")]], [0, 1, 0, 0]),
        # An id alone is that of the call that a name begins next, and of no other.
        ([[(0, "a", "f", "{}")], [(0, "b", None, None)], [(0, None, "g", None)], [(5, "b", None, "{}")]], [0, 0, 1, 1]),
        (
            [
                [(0, "a", "f", "{}")],
                [(0, "b", None, None)],
                [(0, None, "g", "{}")],
                [(None, "a", None, " ")],
                [(None, None, "h", "{}")],
            ],
            [0, 0, 1, 0, 2],
        ),
        # An empty name is none.
        ([[(None, None, "", "[]")], [(None, None, "", "[]")]], [0, 0]),
        # An index that counts the pieces: the id says which call is meant.
        ([[(0, "a", "f", "{")], [(1, "a", None, "}")]], [0, 0]),
    ],
)
def test_the_slot_of_a_piece(deltas: list[list[Piece]], expected: list[int]) -> None:
    assert slots_of(*deltas) == expected


@pytest.mark.parametrize(
    ("deltas", "told"),
    [
        ([[(0, "a", "f", "{")], [(0, None, None, "}")], [(1, "b", "f", "{}")]], []),
        ([[(None, "a", "f", "{")], [(-1, None, None, "}")]], ["missing_call_index"] * 2),
        ([[(0, None, "f", "{")], [(0, "a", None, "}")]], []),
        ([[(0, "a", "f", "{")], [(0, "b", None, "}")]], ["call_id_changed"]),
        ([[(0, "a", "f", "{}")], [(0, "b", None, None)], [(0, None, "f", "{}")]], []),
        ([[(0, "a", "f", "{")], [(0, "a", "g", "}")]], ["call_name_changed"]),
        ([[(0, "a", "f", "{}")], [(0, "a", "g", "{}")]], []),
    ],
)
def test_what_is_odd_about_a_piece_is_told(deltas: list[list[Piece]], told: list[AnomalyKind]) -> None:
    found: list[AnomalyKind] = []
    slots_of(*deltas, note=lambda kind, _: found.append(kind))
    assert found == told


@pytest.mark.parametrize("call_id", [None, ""])
@pytest.mark.parametrize("announced", [False, True])
def test_a_call_without_an_id_is_odd_unless_its_dialect_has_announced_it(call_id: str | None, announced: bool) -> None:
    found: list[AnomalyKind] = []
    calls = CallStates(0, Tally(10_000), 2, lambda kind, _: found.append(kind), lambda _: announced)
    function = ChoiceDeltaFunctionCall(name="f", arguments="{")
    calls.add([ChoiceDeltaToolCall(index=0, id=call_id, function=function)], [])
    calls.add([ChoiceDeltaToolCall(index=0, id="a", function=ChoiceDeltaFunctionCall(arguments="}"))], [])
    assert found == ([] if announced else ["missing_call_id"])
    assert [slot.id for slot in calls.all] == ["a"]


def test_one_call_is_finished_once() -> None:
    calls = CallStates(0, Tally(10_000), 2, ignore, lambda _: True)
    events: list[ChatEvent] = []
    for index in (0, 1):
        function = ChoiceDeltaFunctionCall(name="f", arguments="{")
        calls.add([ChoiceDeltaToolCall(index=index, id=str(index), function=function)], [])
    for _ in range(2):
        calls.finish_one(calls.all[0], events)
        assert events == [ToolCallDone(0, ToolCall("0", "f", "{"))]
    assert calls.finish(at_end=True) == [ToolCallDone(1, ToolCall("1", "f", "{"))]


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
        *(("[]" + end, True) for end in (" ", "\t", "\r", "\n", "\r\n\t ")),
        ("[]x", False),
        ("[] x", False),
        ("{}{", False),
    ],
)
def test_when_arguments_are_complete(arguments: str, complete: bool) -> None:
    for asked_at in range(len(arguments) + 1):
        slot = Slot(0)
        for place, character in enumerate(arguments):
            if place == asked_at:
                assert slot.complete in (True, False)
            slot.add_arguments(character)
        assert slot.complete == complete
        assert slot.snapshot().arguments == arguments
    whole = Slot(0)
    whole.add_arguments(arguments)
    assert whole.complete == complete


def test_a_repetition_does_not_change_what_is_complete() -> None:
    slot = Slot(0)
    for piece in ('{"a":', '"\\'):
        slot.add_arguments(piece)
    assert slot.add_arguments('{"a":"\\', is_named=True) == ("", True)
    slot.add_arguments('"}')
    assert not slot.complete
    slot.add_arguments('"}')
    assert slot.complete


def test_calls_are_done_once() -> None:
    slots = Slots(ignore)
    first = find(slots, 0)
    assert slots.take_preceding() == []
    first.add_arguments('{"a":1}')
    second = find(slots, 1)
    assert slots.take_preceding() == [first]
    assert slots.take_preceding() == []
    third = find(slots, 2)
    assert slots.take_preceding() == []
    third.add_arguments("[]")
    assert slots.take_complete() == [third]
    assert slots.take_complete() == []
    assert not slots.take(third)
    fourth = find(slots, 3)
    assert slots.take(fourth)
    assert not slots.take(fourth)
    assert slots.take_open() == [second]
    assert slots.take_open() == []
    assert slots.all == [first, second, third, fourth]


def test_a_call_of_a_whole_message_goes_on_in_a_delta() -> None:
    slots = Slots(ignore)
    call = slots.of_message(0, ChoiceDeltaToolCall())
    call.name = "f"
    slots.begin_delta()
    piece = ChoiceDeltaToolCall(function=ChoiceDeltaFunctionCall(name="f", arguments="{"))
    assert slots.find(piece, function_of(piece)) is call


def test_an_empty_object_may_be_a_placeholder_and_is_no_call_that_is_done() -> None:
    slots = Slots(ignore)
    first = find(slots, 0)
    first.add_arguments("{}")
    find(slots, 1)
    assert slots.take_preceding() == []
    assert slots.take_complete() == [first]


def find(slots: Slots, index: int) -> Slot:
    piece = ChoiceDeltaToolCall(index=index)
    return slots.find(piece, function_of(piece))


def ignore(kind: AnomalyKind, sample: str) -> None: ...


@pytest.mark.parametrize(
    ("pieces", "said", "repeats"),
    [
        # Pieces, what of each is new, and which are told. A `!` before a piece: it names its call again.
        (["{", '"a":1}'], ["{", '"a":1}'], []),
        (["!{", '!"a":1}'], ["{", '"a":1}'], []),
        (['!{"a"', '!{"a":1', '!{"a":1}', '!{"a":1}'], ['{"a"', ":1", "}", ""], [1, 2, 3]),
        (['{"a":1', "}", '{"a":1}'], ['{"a":1', "}", ""], [2]),
        (['{"a":1}', '!{"a": 1}'], ['{"a":1}', ""], [1]),
        (['{"a":1}', '!{"a":2}'], ['{"a":1}', '{"a":2}'], []),
        *(([whole := '{"a":1}', space + whole], [whole, ""], [1]) for space in (" ", "\t", "\r", "\n", "")),
        (["[1]", "[1]"], ["[1]", ""], [1]),
        (['{"a":', '{"a":1}}'], ['{"a":', '{"a":1}}'], []),
        (['{"a":', '!{"a":1}'], ['{"a":', "1}"], [1]),
        (['{"a":', "{}", "}"], ['{"a":', "{}", "}"], []),
        # What begins otherwise than an object or an array repeats nothing.
        *(([odd := begin + "{}", odd], [odd, odd], []) for begin in string.ascii_letters),
        # Spelled otherwise it is told by its value, if it is an object or an array, and at least half as long.
        (['{"a":       1}', '!{"a":1}'], ['{"a":       1}', ""], [1]),
        (['{"a":        1}', '!{"a":1}'], ['{"a":        1}', '{"a":1}'], []),
        (['"x"', '!"\\u0078"'], ['"x"', '"\\u0078"'], []),
        (['{"a":1}', '!{"a":1'], ['{"a":1}', '{"a":1'], []),
        # A placeholder waits for what comes next: an object takes its place.
        (["{}", '{"a":1}'], ["", '{"a":1}'], [1]),
        (["{ }", " ", '{"a"', ":1}"], ["", "", '{"a"', ":1}"], [2]),
        (["{}", "!{}", '!{"a":1}'], ["", "", '{"a":1}'], [1, 2]),
        (["{}", " ", "x"], ["", "", "{} x"], []),
        (["{", "}"], ["{", "}"], []),
    ],
)
def test_what_of_a_piece_of_arguments_is_new(pieces: list[str], said: list[str], repeats: list[int]) -> None:
    slot = Slot(0)
    found = [
        slot.add_arguments(piece[1:], is_named=True) if piece.startswith("!") else slot.add_arguments(piece)
        for piece in pieces
    ]
    assert [text for text, _ in found] == said
    assert [place for place, (_, repeated) in enumerate(found) if repeated] == repeats
    released = slot.release()
    assert slot.snapshot().arguments == "".join(said) + released


def test_a_placeholder_that_nothing_follows_is_the_arguments() -> None:
    slot = Slot(0)
    assert slot.add_arguments("{}") == ("", False)
    assert slot.complete
    assert slot.snapshot().arguments == ""
    assert slot.data == b""
    assert slot.release() == "{}"
    assert slot.data == b"{}"
    assert slot.release() == ""
    assert slot.snapshot().arguments == "{}"


SHELL = ChoiceDeltaCustomCall(name="sh", input="l")
F = ChoiceDeltaFunctionCall(name="f", arguments="{")


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ([ChoiceDeltaToolCall(index=0, function=F)], "function"),
        ([ChoiceDeltaToolCall(index=0, type="function", function=F)], "function"),
        ([ChoiceDeltaToolCall(index=0, custom=SHELL)], "custom"),
        ([ChoiceDeltaToolCall(index=0, type="custom")], "custom"),
        ([ChoiceDeltaToolCall(index=0, type="custom", custom=SHELL)], "custom"),
        ([ChoiceDeltaToolCall(index=0, type="custom"), ChoiceDeltaToolCall(index=0)], "custom"),
        ([ChoiceDeltaToolCall(index=0), ChoiceDeltaToolCall(index=0, type="custom")], "custom"),
        ([ChoiceDeltaToolCall(index=0), ChoiceDeltaToolCall(index=0, custom=SHELL)], "custom"),
        (
            [ChoiceDeltaToolCall(index=0), ChoiceDeltaToolCall(index=0, custom=ChoiceDeltaCustomCall(input="l"))],
            "custom",
        ),
    ],
)
def test_a_call_is_of_a_custom_tool_once_a_piece_says_so(pieces: list[ChoiceDeltaToolCall], kind: str) -> None:
    in_deltas, in_messages = Slots(ignore), Slots(ignore)
    for piece in pieces:
        assert in_deltas.find(piece, function_of(piece)).index == 0
        assert in_messages.of_message(0, piece).index == 0
    assert [slot.kind for slot in (*in_deltas.all, *in_messages.all)] == [kind, kind]


def test_a_call_is_open_until_its_arguments_are_complete() -> None:
    slots = Slots(ignore)
    found = [slots.has_open_call]
    slot = find(slots, 0)
    found.append(slots.has_open_call)
    slot.add_arguments("[1]")
    found.append(slots.has_open_call)
    find(slots, 1).kind = "custom"
    found.append(slots.has_open_call)
    assert found == [False, True, False, False]


def test_the_input_of_a_custom_tool_is_any_text() -> None:
    slot = Slot(0)
    slot.kind = "custom"
    for piece in ("{}", "{}", "ls", "ls"):
        assert slot.add_arguments(piece, is_named=True) == (piece, False)
        assert slot.complete is False
    assert slot.snapshot().arguments == "{}{}lsls"
