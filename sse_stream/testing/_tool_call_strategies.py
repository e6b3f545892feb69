"""Hypothesis strategies for tool calls as servers tell them, well-formed and otherwise."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._chat._tool_call import ToolCall

Piece: TypeAlias = dict[str, Any]  # an item of a delta's `tool_calls`

Indexing: TypeAlias = Literal["from 0", "from 1", "sparse", "always 0", "null", "absent", "negative"]
"""How a server numbers its calls."""

Naming: TypeAlias = Literal["once", "then empty", "then null", "in each piece"]
"""Which pieces carry the call's id and name."""

Grouping: TypeAlias = Literal["in pieces", "in turns", "whole", "all in one delta", "as objects"]
"""How calls are parted into deltas: in pieces one call after another, in pieces by turns, a whole call a
delta, all of them in one, or a whole call a delta with arguments that are an object."""


@dataclass(frozen=True)
class Telling:
    """Tool calls, and the `tool_calls` of the deltas that tell them."""

    calls: list[ToolCall]
    deltas: list[list[Piece]]


@dataclass(frozen=True)
class _Call:
    """A tool call, its arguments as an object and as text in pieces."""

    id: str
    name: str
    arguments: dict[str, Any]
    pieces: list[str]

    def meant(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.pieces))


def _call(number: int, name: str, arguments: dict[str, Any], cuts: list[int]) -> _Call:
    text = msgspec.json.encode(arguments).decode()
    places = sorted({place % len(text) for place in cuts} | {0})
    pieces = [text[start:end] for start, end in itertools.pairwise([*places, len(text)])]
    return _Call(f"call_{number}", name, arguments, pieces)


@functools.cache
def tellings(*, well_formed: bool) -> SearchStrategy[Telling]:
    """Up to three tool calls, and the deltas that tell them; shrinks towards none, and towards OpenAI's form.

    Args:
        well_formed: Whether all of them are told as OpenAI does it.
    """
    values = st.one_of(st.integers(-9, 9), st.text(max_size=4), st.none())
    calls = st.lists(
        st.tuples(
            st.sampled_from(["add", "look_up"]),
            st.dictionaries(st.text(max_size=3), values, max_size=2),
            st.lists(st.integers(0, 30), max_size=3),
        ),
        max_size=3,
    ).map(lambda drawn: [_call(number, *call) for number, call in enumerate(drawn)])
    if well_formed:
        return calls.map(_told)
    return st.builds(
        _told,
        calls,
        indexing=st.sampled_from(["from 0", "from 1", "sparse", "always 0", "null", "absent", "negative"]),
        naming=st.sampled_from(["once", "then empty", "then null", "in each piece"]),
        grouping=st.sampled_from(["in pieces", "in turns", "whole", "all in one delta", "as objects"]),
        opening=st.sampled_from([{"arguments": ""}, {"arguments": None}, {}]),
        identified=st.sampled_from([True, False]),
    )


_OPENING: Piece = {"arguments": ""}


def _told(
    calls: list[_Call],
    *,
    indexing: Indexing = "from 0",
    naming: Naming = "once",
    grouping: Grouping = "in pieces",
    opening: Piece = _OPENING,
    identified: bool = True,
) -> Telling:
    counted = indexing in ("from 0", "from 1", "sparse")
    # Where neither index nor id tells calls apart, nobody could: such drawings get ids, or keep calls whole.
    identified = identified or indexing == "always 0"
    if grouping == "in turns" and not counted and not (identified and naming == "in each piece"):
        grouping = "in pieces"
    if not identified:
        calls = [_Call("", call.name, call.arguments, call.pieces) for call in calls]

    def told(number: int, call: _Call) -> list[Piece]:
        numbered = _index(indexing, number)
        first: Piece = {**numbered, **({"id": call.id} if identified else {}), "type": "function"}
        if grouping in ("whole", "all in one delta", "as objects"):
            arguments = call.arguments if grouping == "as objects" else "".join(call.pieces)
            return [{**first, "function": {"name": call.name, "arguments": arguments}}]
        pieces: list[Piece] = [{**first, "function": {"name": call.name, **opening}}]
        for text in call.pieces:
            match naming:
                case "once":
                    pieces.append({**numbered, "function": {"arguments": text}})
                case "in each piece":
                    pieces.append({**first, "function": {"name": call.name, "arguments": text}})
                case "then empty" | "then null":
                    blank = "" if naming == "then empty" else None
                    pieces.append({**numbered, "id": blank, "function": {"name": blank, "arguments": text}})
        return pieces

    each = [told(number, call) for number, call in enumerate(calls)]
    if grouping == "in turns":
        order = [piece for turn in itertools.zip_longest(*each) for piece in turn if piece is not None]
    else:
        order = [piece for pieces in each for piece in pieces]
    deltas = [order] if grouping == "all in one delta" and order else [[piece] for piece in order]
    return Telling([call.meant() for call in calls], deltas)


def _index(indexing: Indexing, number: int) -> Piece:
    match indexing:
        case "from 0":
            return {"index": number}
        case "from 1":
            return {"index": number + 1}
        case "sparse":
            return {"index": 3 * number}
        case "always 0":
            return {"index": 0}
        case "negative":
            return {"index": -1}
        case "null":
            return {"index": None}
        case "absent":
            return {}
