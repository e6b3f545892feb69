"""Merging of fields that arrive in pieces, and of fields that are repeated."""

from __future__ import annotations

import copy
import sys
from typing import Any

import pytest

from sse_stream import Usage
from sse_stream._chat._memory import ENTRY, POINTER, weight
from sse_stream._chat._merging import PLACE_WEIGHT, JoinedFields, JoinedList, LatestFields, value_of

OPAQUE = object()  # whoever makes chunks by hand may put anything into them

D, B = "reasoning_details", "thinking_blocks"  # lists that are known to come in pieces


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([{"a": "x"}, {"a": "y"}, {"a": "z"}], {"a": "xyz"}),
        ([{"a": "x"}, {"a": None}, {"b": None}], {"a": "x", "b": None}),
        ([{"a": None}, {"a": "x"}], {"a": "x"}),
        ([{"a": 1}, {"a": 2}], {"a": 2}),
        ([{"a": "x"}, {"a": 2}, {"a": "y"}], {"a": "y"}),
        ([{"a": [1]}, {"a": [2, 2]}], {"a": [1, 2, 2]}),
        ([{"a": [1]}, {"a": "x"}], {"a": "x"}),
        ([{"a": {"b": "x"}}, {"a": {"b": "y", "c": 1}}], {"a": {"b": "xy", "c": 1}}),
        ([{"a": {"b": "x"}}, {"a": 1}], {"a": 1}),
        ([{"type": "t", "id": "i", "role": "r"}] * 2, {"type": "t", "id": "i", "role": "r"}),
        ([{"type": "t"}, {"type": 2}], {"type": 2}),
        # A value equal to the whole that is kept is a repetition, and 1 is not True.
        ([{"a": "x"}, {"a": "x"}, {"a": "y"}, {"a": "xy"}, {"a": "x"}], {"a": "xyx"}),
        ([{"a": [1]}, {"a": [1]}, {"a": [True]}, {"a": [1, True]}, {"a": [2]}], {"a": [1, True, 2]}),
        ([{"a": {"b": "x"}}, {"a": {"b": "x"}}], {"a": {"b": "x"}}),
        # Names that are known to be statements take the last value.
        *(
            ([{name: "x"}, {name: "x"}, {name: "y"}], {name: "y"})
            for name in (
                *("index", "type", "id", "format", "role", "name", "channel", "recipient"),
                *("phase", "status", "model", "object", "provider_specific_fields"),
            )
        ),
        ([{"f": {"name": "g"}}, {"f": {"name": "h"}}], {"f": {"name": "h"}}),
        (
            [{"provider_specific_fields": {"a": "x", "b": 1}}, {"provider_specific_fields": {"a": "y"}}],
            {"provider_specific_fields": {"a": "y", "b": 1}},
        ),
        # A list item that is whole is not merged into another of the same index.
        (
            [{"a": [{"index": 0, "t": "x"}]}, {"a": [{"index": 0, "t": "y"}]}],
            {"a": [{"index": 0, "t": "x"}, {"index": 0, "t": "y"}]},
        ),
        # What is known to come in pieces is put together, and may well repeat itself.
        *(
            row
            for name in ("arguments", "reasoning", "reasoning_content", "reasoning_text")
            for row in (
                ([{name: "x"}, {name: "x"}], {name: "xx"}),
                ([{name: {"text": "x"}}, {name: {"text": "x"}}], {name: {"text": "xx"}}),
            )
        ),
        *(([{name: [{"t": "x"}]}, {name: [{"t": "x"}]}], {name: [{"t": "xx"}]}) for name in (D, B, "tool_calls")),
        (
            [{D: [{"type": "t", "text": "x"}]}, {D: [{"type": "t", "text": "x"}]}, {D: [{"type": "u", "text": "x"}]}],
            {D: [{"type": "t", "text": "xx"}, {"type": "u", "text": "x"}]},
        ),
        (
            [
                {B: [{"type": "t", "thinking": "x"}]},
                {B: [{"type": "t", "thinking": "y"}]},
                {B: [{"type": "t", "thinking": "xy", "signature": "s"}]},
                {B: [{"type": "t", "thinking": "z"}]},
            ],
            {B: [{"type": "t", "thinking": "xy", "signature": "s"}, {"type": "t", "thinking": "z"}]},
        ),
        (
            [{B: [{"type": "t", "thinking": "x"}]}, {B: [{"type": "t", "thinking": "", "signature": "s"}]}],
            {B: [{"type": "t", "thinking": "x", "signature": "s"}]},
        ),
        # What comes with a signature may repeat the whole text, and is the end of its item.
        *(
            (
                [{D: [{text: "x"}]}, {D: [{text: "x", signature: "s"}]}, {D: [{text: "x"}]}],
                {D: [{text: "x", signature: "s"}, {text: "x"}]},
            )
            for text in ("thinking", "text", "summary")
            for signature in ("signature", "data")
        ),
        ([{D: [{"t": "x"}]}, {D: [{"t": "x", "data": "s"}]}], {D: [{"t": "xx", "data": "s"}]}),
        ([{D: [{"text": "x"}]}, {D: [{"text": "y", "data": "s"}]}], {D: [{"text": "xy", "data": "s"}]}),
        ([{D: ["x"]}, {D: ["y", {"t": "a"}]}, {D: [{"t": "b"}]}], {D: ["x", "y", {"t": "ab"}]}),
        ([{D: [{"index": 0, "t": "x"}]}, {D: [{"index": 0, "t": "y"}]}], {D: [{"index": 0, "t": "xy"}]}),
        (
            [{D: [{"index": 1, "t": "x"}, {"index": 0, "t": "a"}]}, {D: [{"index": 1, "t": "y"}]}],
            {D: [{"index": 1, "t": "xy"}, {"index": 0, "t": "a"}]},
        ),
        (
            [{D: [{"index": 0, "type": "s", "t": "x"}]}, {D: [{"index": 0, "type": "e", "t": "y"}]}],
            {D: [{"index": 0, "type": "s", "t": "x"}, {"index": 0, "type": "e", "t": "y"}]},
        ),
        ([{D: [{"index": True}]}, {D: [{"index": True}]}], {D: [{"index": True}, {"index": True}]}),
        (
            [{D: [{"index": 0, "type": ["t"]}]}, {D: [{"index": 0, "b": 1}]}],
            {D: [{"index": 0, "type": ["t"], "b": 1}]},
        ),
    ],
)
def test_pieces(pieces: list[dict[str, Any]], whole: dict[str, Any]) -> None:
    merged = JoinedFields()
    for piece in pieces:
        merged.add(copied(piece))
    assert merged.snapshot() == whole


def copied(value: Any) -> Any:
    """As a list grows that is filled: it has room for more."""
    return copy.deepcopy(value)


TEXT = bytearray(b"xyzz")
ITEM = {"index": 0, "t": "xy"}


@pytest.mark.parametrize(
    ("pieces", "growths"),
    [
        ([{"ab": "xy"}, {"ab": "zz"}, {"ab": "é"}], [ENTRY + weight("ab", "xy"), weight(TEXT) - weight("xy"), 2]),
        ([{"ab": 1000}, {"ab": 2000}, {"ab": 0.5}], [ENTRY + weight("ab", 1000), 0, weight(0.5) - weight(1000)]),
        ([{"ab": None}, {"ab": 1000}, {"ab": None}], [ENTRY + weight("ab"), weight(1000), 0]),
        ([{"type": "xy"}, {"type": "xyz"}], [ENTRY + weight("type", "xy"), 1]),
        ([{"ab": {"c": 0.5}}, {"ab": {"d": 0.5}}], [ENTRY + weight("ab", {"c": 0.5}), ENTRY + weight("d", 0.5)]),
        (
            [{"ab": [0.5]}, {"ab": [1.5]}, {"ab": [0.5, 0.5]}, {"ab": [0.5, 1.5, 0.5, 0.5]}],
            [
                ENTRY + weight("ab", copied([0.5])),
                JoinedList([0.5], in_pieces=False).weight() - weight(copied([0.5])) + POINTER + weight(0.5),
                2 * (POINTER + weight(0.5)),
                0,
            ],
        ),
        (
            [{D: [ITEM]}, {D: [{"index": 0, "t": "zz"}]}, {D: [{"index": 1}]}],
            [
                ENTRY + weight(D, copied([ITEM])),
                JoinedList(copied([ITEM]), in_pieces=True).weight()
                - weight(copied([ITEM]))
                + weight(TEXT)
                - weight("xy"),
                POINTER + PLACE_WEIGHT + weight({"index": 1}, names={"index"}),
            ],
        ),
        ([{"ab": [0.5]}, {"ab": "xy"}], [ENTRY + weight("ab", copied([0.5])), weight("xy") - weight(copied([0.5]))]),
        *(
            (
                [{name: 0.5}, {"ab": 0.5, name: 1000}],
                [ENTRY + weight(name, 0.5), ENTRY + weight("ab", 0.5) + weight(1000) - weight(0.5)],
            )
            for name in ("type", "cd")
        ),
    ],
)
def test_by_how_much_pieces_grow(pieces: list[dict[str, Any]], growths: list[int]) -> None:
    merged = JoinedFields()
    assert [merged.add(copied(piece)) for piece in pieces] == growths


@pytest.mark.parametrize(
    ("statements", "last"),
    [
        ([{"a": "x"}, {"a": "y"}], {"a": "y"}),
        ([{"a": "x"}, {"a": None}, {"b": None}], {"a": "x", "b": None}),
        ([{"a": None}, {"a": 1}], {"a": 1}),
        ([{"a": 1}, {"a": 1}, {"a": 2}, {"a": 1}], {"a": 1}),
        ([{"a": 1}, {"a": True}], {"a": True}),
        ([{"a": [0, 1]}, {"a": [False, 1.0]}], {"a": [False, 1.0]}),
        ([{"a": {"b": 1}}, {"a": {"b": 1.0}}], {"a": {"b": 1.0}}),
        ([{"a": ["\ud800"], "b": 1}, {"a": ["\ud800"], "b": True}], {"a": ["\ud800"], "b": True}),
        ([{"a": OPAQUE, "b": 1}, {"a": OPAQUE, "b": True}], {"a": OPAQUE, "b": True}),
        ([{"a": None, "b": None}, {"a": None, "b": [1]}], {"a": None, "b": [1]}),
        ([{"a": [1]}, {"a": [2]}], {"a": [2]}),
        *(
            ([{name: [1]}, {name: [2]}, {name: again}], {name: [1, 2]})
            for name in ("annotations", "images")
            for again in ([2], [1, 2])
        ),
        *(
            row
            for name in ("annotations", "images")
            for row in (([{name: [1]}, {name: "x"}], {name: "x"}), ([{name: "x"}, {name: [1]}], {name: [1]}))
        ),
        ([{"a": {"b": 1}}, {"a": {"c": 2}}], {"a": {"b": 1, "c": 2}}),
        ([{"a": {"b": 1}}, {"a": 2}], {"a": 2}),
        ([{"a": 2}, {"a": {"b": 1}}], {"a": {"b": 1}}),
    ],
)
def test_statements(statements: list[dict[str, Any]], last: dict[str, Any]) -> None:
    kept = LatestFields()
    for statement in statements:
        kept.add(value_of(statement))
    assert kept.snapshot() == last
    assert repr(kept.snapshot()) == repr(last)  # 1 is not True


@pytest.mark.parametrize(
    ("statements", "growths"),
    [
        ([{"ab": "xy"}, {"ab": "xy"}, {"ab": "xyz"}], [ENTRY + weight("ab", "xy"), 0, 1]),
        ([{"ab": 0.5}, {"ab": None}, {"ab": 1000}], [ENTRY + weight("ab", 0.5), 0, weight(1000) - weight(0.5)]),
        ([{"ab": {"c": 0.5}}, {"ab": {"d": 0.5}}], [ENTRY + weight("ab", {"c": 0.5}), ENTRY + weight("d", 0.5)]),
        ([{"ab": [0.5]}, {"ab": []}], [ENTRY + weight("ab", copied([0.5])), weight([]) - weight(copied([0.5]))]),
        (
            [{"images": [0.5]}, {"ab": 0.5, "images": [1.5, 2.5]}, {"images": [2.5]}, {"images": [0.5, 1.5, 2.5, 2.5]}],
            [
                ENTRY + weight("images", copied([0.5])),
                ENTRY + weight("ab", 0.5) + 2 * (POINTER + weight(0.5)),
                POINTER + weight(0.5),
                0,
            ],
        ),
    ],
)
def test_by_how_much_statements_grow(statements: list[dict[str, Any]], growths: list[int]) -> None:
    kept = LatestFields()
    assert [kept.add(copy.deepcopy(statement)) for statement in statements] == growths


def test_a_large_statement_is_not_kept_twice() -> None:
    kept = LatestFields()
    large = {"ab": "x" * 100_000}
    assert kept.add(large) > 100_000
    assert kept._last == {}
    assert kept.add(dict(large)) == 0


def test_a_snapshot_does_not_change() -> None:
    pieces, statements = JoinedFields(), LatestFields()
    for kept in (pieces, statements):
        kept.add({"a": {"b": ["x"]}, "c": "x"})
        before = kept.snapshot()
        kept.add({"a": {"b": ["y"], "d": 1}, "c": "y"})
        assert before == {"a": {"b": ["x"]}, "c": "x"}
        before["a"]["b"].append("z")
        assert "z" not in kept.snapshot()["a"]["b"]


@pytest.mark.parametrize(
    ("value", "bytes"),
    [
        ("abc", sys.getsizeof("abc")),
        ("😀" * 9, sys.getsizeof("😀" * 9)),
        ("a", sys.getsizeof("a")),
        ("", 0),
        (None, 0),
        (True, 0),
        (-6, sys.getsizeof(-6)),
        (-5, 0),
        (256, 0),
        (257, sys.getsizeof(257)),
        (10**30, sys.getsizeof(10**30)),
        (0.5, sys.getsizeof(0.5)),
        ([], sys.getsizeof([])),
        ({}, sys.getsizeof({})),
        ([0.5, ["ab"]], sys.getsizeof([1, 2]) + 24 + sys.getsizeof([1]) + sys.getsizeof("ab")),
        ({"ab": {"cd": 0.5}}, 2 * sys.getsizeof({"ab": 1}) + 2 * sys.getsizeof("ab") + 24),
        (bytearray(b"abc"), sys.getsizeof(bytearray(b"abc"))),
        ([0.5, Usage(prompt_tokens=1000)], sys.getsizeof([1, 2]) + 24 + sys.getsizeof(Usage()) + sys.getsizeof(1000)),
        (
            [0.5, JoinedList([0.5], in_pieces=False)],
            sys.getsizeof([1, 2]) + 24 + JoinedList([0.5], in_pieces=False).weight(),
        ),
    ],
)
def test_weight_is_what_a_value_takes_in_memory(value: Any, bytes: int) -> None:
    assert weight(value) == bytes


def test_what_a_joined_list_weighs() -> None:
    """As much as the list, and the places of its items."""
    items = [{"index": 5, "t": 0.5}, {"index": 7}, 0.5]
    assert JoinedList(items, in_pieces=False).weight() == weight(copied(items))
    assert JoinedList(items, in_pieces=True).weight() == weight(copied(items)) + 2 * PLACE_WEIGHT


def test_a_name_weighs_once() -> None:
    one = {"ab": 0.5}
    assert weight(one, {"ab": 0.5}) == 2 * weight(one) - sys.getsizeof("ab")
    assert weight([one, {"ab": 0.5}], names={"ab"}) == weight([1, 2]) + 2 * (sys.getsizeof(one) + sys.getsizeof(0.5))
