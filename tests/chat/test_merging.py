"""Putting together what comes in pieces, and what is stated anew."""

from __future__ import annotations

from typing import Any

import pytest

from sse_stream._chat._merging import Pieces, Statements, weight

OPAQUE = object()  # whoever makes chunks by hand may put anything into them


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
        ([{"a": [{"index": 0, "t": "x"}]}, {"a": [{"index": 0, "t": "y"}]}], {"a": [{"index": 0, "t": "xy"}]}),
        (
            [{"a": [{"index": 1, "t": "x"}, {"index": 0, "t": "a"}]}, {"a": [{"index": 1, "t": "y"}]}],
            {"a": [{"index": 1, "t": "xy"}, {"index": 0, "t": "a"}]},
        ),
        (
            [{"a": [{"index": 0, "type": "s", "t": "x"}]}, {"a": [{"index": 0, "type": "e", "t": "y"}]}],
            {"a": [{"index": 0, "type": "s", "t": "x"}, {"index": 0, "type": "e", "t": "y"}]},
        ),
        ([{"a": [{"index": True}]}, {"a": [{"index": True}]}], {"a": [{"index": True}, {"index": True}]}),
        (
            [{"a": [{"index": 0, "type": ["t"]}]}, {"a": [{"index": 0, "b": 1}]}],
            {"a": [{"index": 0, "type": ["t"], "b": 1}]},
        ),
    ],
)
def test_pieces(pieces: list[dict[str, Any]], whole: dict[str, Any]) -> None:
    merged = Pieces()
    for piece in pieces:
        assert merged.add(piece) == weight(piece)
    assert merged.snapshot() == whole


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
        ([{"a": {"b": 1}}, {"a": {"c": 2}}], {"a": {"b": 1, "c": 2}}),
        ([{"a": {"b": 1}}, {"a": 2}], {"a": 2}),
        ([{"a": 2}, {"a": {"b": 1}}], {"a": {"b": 1}}),
    ],
)
def test_statements(statements: list[dict[str, Any]], last: dict[str, Any]) -> None:
    kept = Statements()
    growth = sum(kept.add(statement) for statement in statements)
    assert kept.snapshot() == last
    assert repr(kept.snapshot()) == repr(last)  # 1 is not True
    assert growth == weight(last) - weight({})


def test_a_snapshot_does_not_change_and_nothing_received_is_changed() -> None:
    received = {"a": {"b": ["x"]}, "c": "x"}
    pieces, statements = Pieces(), Statements()
    for kept in (pieces, statements):
        kept.add(received)
        before = kept.snapshot()
        kept.add({"a": {"b": ["y"], "d": 1}, "c": "y"})
        assert before == received == {"a": {"b": ["x"]}, "c": "x"}
        before["a"]["b"].append("z")
        assert "z" not in kept.snapshot()["a"]["b"]


def test_weight_counts_characters_and_values() -> None:
    assert weight("abc") == 11
    assert weight({"a": ["b", 1]}) == 8 + 9 + 8 + 9 + 8
    assert weight(None) == 8
