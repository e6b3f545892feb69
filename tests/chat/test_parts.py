"""The parts of a message: a closed union of frozen classes, told apart by class and `type`, and encodable as JSON."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, get_args

import msgspec
import pytest

from sse_stream import Part, ProviderPart, ReasoningPart, RefusalPart, TextPart, ToolCall, ToolCallPart

from .test_chunks import containers

NATIVE = {"type": "thinking", "signature": "c2ln", "more": [1]}
CITATION = {"type": "citation", "url": "u"}

PARTS: list[tuple[Part, dict[str, Any]]] = [
    (TextPart("Hi"), {"type": "text", "text": "Hi", "annotations": [], "native": None}),
    (
        TextPart("Hi", [CITATION], NATIVE),
        {"type": "text", "text": "Hi", "annotations": [CITATION], "native": NATIVE},
    ),
    (ReasoningPart("hm"), {"type": "reasoning", "text": "hm", "kind": "full", "native": None}),
    (
        ReasoningPart("", "redacted", NATIVE),
        {"type": "reasoning", "text": "", "kind": "redacted", "native": NATIVE},
    ),
    (RefusalPart("no"), {"type": "refusal", "text": "no", "native": None}),
    (
        ToolCallPart(ToolCall("c1", "f", "{}"), NATIVE),
        {
            "type": "tool_call",
            "tool_call": {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            "native": NATIVE,
        },
    ),
    (
        ToolCallPart(ToolCall("c1", "f", "x = 1", kind="custom")),
        {
            "type": "tool_call",
            "tool_call": {"id": "c1", "type": "custom", "custom": {"name": "f", "input": "x = 1"}},
            "native": None,
        },
    ),
    (ProviderPart("web_search", NATIVE), {"type": "provider", "kind": "web_search", "native": NATIVE}),
]


def test_every_part_is_in_the_table() -> None:
    assert list(dict.fromkeys(type(part) for part, _ in PARTS)) == list(get_args(Part))
    assert len({part.type for part, _ in PARTS}) == len(get_args(Part))


@pytest.mark.parametrize(("part", "said"), PARTS, ids=lambda value: getattr(value, "type", ""))
def test_a_part_as_a_dict(part: Part, said: dict[str, Any]) -> None:
    assert part.to_dict() == said
    assert said["type"] == part.type
    assert json.loads(json.dumps(said)) == said
    assert {id(one) for one in containers(part.to_dict())}.isdisjoint({id(one) for one in containers(part)})


@pytest.mark.parametrize(("part", "said"), PARTS, ids=lambda value: getattr(value, "type", ""))
def test_a_part_is_decoded_from_what_it_encodes_to(part: Part, said: dict[str, Any]) -> None:
    encoded = msgspec.json.encode(part)
    assert msgspec.json.decode(encoded).keys() == said.keys()
    assert msgspec.json.decode(encoded, type=Part) == part


@pytest.mark.parametrize(("part", "said"), PARTS, ids=lambda value: getattr(value, "type", ""))
def test_a_part_is_frozen_and_can_be_copied(part: Part, said: dict[str, Any]) -> None:
    for name in (*part.__struct_fields__, "type"):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(part, name, None)
    assert copy.copy(part) == copy.deepcopy(part) == pickle.loads(pickle.dumps(part)) == part


def test_two_parts_share_no_annotations() -> None:
    assert TextPart("a").annotations is not TextPart("b").annotations
