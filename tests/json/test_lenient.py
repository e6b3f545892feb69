"""JSON in which some strings are pieces of a longer text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sse_stream import JSONValue
from sse_stream._json._lenient import loads_pieces


@pytest.mark.parametrize(
    ("text", "path", "value", "loose"),
    [
        (r'"\ud83d"', [], "\ud83d", False),
        (r'{"a":"\ud83d"}', ["a"], {"a": "\ud83d"}, False),
        (r'{"a":["x\ud83d"]}', ["a"], {"a": ["x\ud83d"]}, False),
        (r'{"a":[{"b":"\ude00"}]}', ["a", "b"], {"a": [{"b": "\ude00"}]}, False),
        # Elsewhere, half a pair is replaced, and told.
        (r'{"a":"\ud83d","b":"\ud83d"}', ["a"], {"a": "\ud83d", "b": "\ufffd"}, True),
        (r'{"a":{"b":"\ud83d"}}', ["a"], {"a": {"b": "\ufffd"}}, True),
        (r'{"a":"b\ud83d"}', ["a", "b"], {"a": "b\ufffd"}, True),
        (r'{"b":"\ud83d"}', ["a"], {"b": "\ufffd"}, True),
        # So is everything else that is no strict JSON.
        (r'{"a":"\ud83d","b":Infinity}', ["a"], {"a": "\ud83d", "b": float("inf")}, True),
        ('{"a":"x","b":1e999}', ["a"], {"a": "x", "b": float("inf")}, True),
        ('{"a":"x","b":1}', ["a"], {"a": "x", "b": 1}, False),
    ],
)
def test_half_a_pair_is_kept_where_a_piece_stands(
    text: str, path: Sequence[str], value: JSONValue, *, loose: bool
) -> None:
    assert loads_pieces(text, [path]) == (value, loose)
