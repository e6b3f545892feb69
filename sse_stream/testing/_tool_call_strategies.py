"""Hypothesis strategies for tool calls as servers stream them, well-formed and otherwise."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._chat._tool_call import ToolCall

Piece: TypeAlias = dict[str, Any]  # an item of a delta's `tool_calls`

Indexing: TypeAlias = Literal["from 0", "from 1", "sparse", "always 0", "null", "absent", "negative"]
"""How a server numbers its calls."""

Naming: TypeAlias = Literal["once", "then empty", "then null", "in each piece", "new id", "new id and name"]
"""Which pieces contain the call's id and name, and whether later pieces have a different id."""

Grouping: TypeAlias = Literal["in pieces", "in turns", "whole", "all in one delta", "as objects"]
"""How calls are split into deltas: in pieces, one call after another; in pieces, interleaved; one whole call per delta;
all in one delta; or one whole call per delta, with arguments as an object."""

Repeating: TypeAlias = Literal["nothing", "all so far", "all at the end"]
"""Which arguments are repeated: none, all so far in each piece, or all of them after the last piece."""


@dataclass(frozen=True)
class CallDeltas:
    """Tool calls, and the `tool_calls` of the deltas that send them.

    Attributes:
        calls: The calls.
        deltas: The `tool_calls` of each delta.
        whole: The same calls as in a complete message.
        waits: Whether a delta is incomplete without the next: half a surrogate pair, or a placeholder.
    """

    calls: list[ToolCall]
    deltas: list[list[Piece]]
    whole: list[Piece] = field(default_factory=list)
    waits: bool = False


@dataclass(frozen=True)
class _Call:
    """A tool call, with its arguments as an object and as pieces of text."""

    id: str
    name: str
    kind: Literal["function", "custom"]
    arguments: dict[str, Any]
    pieces: list[str]

    def meant(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.pieces), kind=self.kind)

    def said(self, **fields: Any) -> Piece:
        """Return the fields of a piece: the call's name, its arguments or both."""
        if self.kind == "custom":
            fields = {"input" if name == "arguments" else name: value for name, value in fields.items()}
        return {self.kind: fields}


def _call(number: int, name: str, arguments: dict[str, Any], cuts: list[int], custom: bool) -> _Call:
    text = msgspec.json.encode(arguments).decode()
    places = sorted({place % len(text) for place in cuts} | {0})
    pieces = [text[start:end] for start, end in itertools.pairwise([*places, len(text)])]
    return _Call(f"call_{number}", name, "custom" if custom else "function", arguments, pieces)


@functools.cache
def call_deltas(*, well_formed: bool) -> SearchStrategy[CallDeltas]:
    """Generate up to three tool calls and their deltas; shrinks towards none, and towards OpenAI's form.

    Args:
        well_formed: Whether to stream them all as OpenAI does.
    """
    values = st.one_of(st.integers(-9, 9), st.text(max_size=4), st.none(), st.just("\N{SLIGHTLY SMILING FACE}"))
    calls = st.lists(
        st.tuples(
            st.sampled_from(["add", "look_up"]),
            st.dictionaries(st.text(max_size=3), values, max_size=2),
            st.lists(st.integers(0, 30), max_size=3),
            st.booleans(),
        ),
        max_size=3,
    ).map(lambda drawn: [_call(number, *call) for number, call in enumerate(drawn)])
    if well_formed:
        return calls.map(_told)
    return st.builds(
        _told,
        calls,
        indexing=st.sampled_from(["from 0", "from 1", "sparse", "always 0", "null", "absent", "negative"]),
        naming=st.sampled_from(["once", "then empty", "then null", "in each piece", "new id", "new id and name"]),
        grouping=st.sampled_from(["in pieces", "in turns", "whole", "all in one delta", "as objects"]),
        opening=st.sampled_from([{"arguments": ""}, {"arguments": None}, {}, _PLACEHOLDER]),
        repeating=st.sampled_from(["nothing", "all so far", "all at the end"]),
        identified=st.sampled_from([True, False]),
        shares_id=st.booleans(),
        halves=st.booleans(),
    )


_OPENING: Piece = {"arguments": ""}
_PLACEHOLDER: Piece = {"arguments": "{}"}


def _told(
    calls: list[_Call],
    *,
    indexing: Indexing = "from 0",
    naming: Naming = "once",
    grouping: Grouping = "in pieces",
    opening: Piece = _OPENING,
    repeating: Repeating = "nothing",
    identified: bool = True,
    shares_id: bool = False,
    halves: bool = False,
) -> CallDeltas:
    counted = indexing in ("from 0", "from 1", "sparse")
    # Without index and id, calls cannot be told apart: such examples get ids, or keep calls whole.
    identified = identified or indexing == "always 0" or any(call.kind == "custom" for call in calls)
    shares_id = shares_id and identified and _can_share_an_id(calls)
    if shares_id:
        calls = [replace(call, id="call_0") for call in calls]
        indexing, counted = "always 0", False
    naming = _possible(naming, calls, identified=identified)
    repeats = repeating if identified and naming in ("once", "in each piece") else "nothing"
    if shares_id or not (counted or (identified and naming == "in each piece")):
        grouping = "in pieces" if grouping == "in turns" else grouping
    if not identified:
        calls = [replace(call, id="") for call in calls]
    if opening == _PLACEHOLDER and (not identified or naming in ("new id", "new id and name")):
        opening = _OPENING
    halves = halves and repeats == "nothing" and naming == "once" and grouping == "in pieces"
    if halves:
        calls = [replace(call, pieces=halved(call.pieces)) for call in calls]

    def told(number: int, call: _Call) -> list[Piece]:
        numbered = _index(indexing, number)
        first: Piece = {**numbered, **({"id": call.id} if identified else {}), "type": call.kind}
        text = whole_text(call.pieces)
        if grouping in ("whole", "all in one delta", "as objects"):
            arguments = call.arguments if grouping == "as objects" else text
            return [{**first, **call.said(name=call.name, arguments=arguments)}]
        begins = {} if call.kind == "custom" and opening == _PLACEHOLDER else opening
        pieces: list[Piece] = [{**first, **call.said(name=call.name, **begins)}]
        if repeats == "all so far" and call.kind == "function":
            so_far = itertools.accumulate(call.pieces)
            return pieces + [{**first, **call.said(name=call.name, arguments=text)} for text in so_far]
        for place, piece in enumerate(call.pieces):
            match naming:
                case "once":
                    pieces.append({**numbered, **call.said(arguments=piece)})
                case "in each piece":
                    pieces.append({**first, **call.said(name=call.name, arguments=piece)})
                case "then empty" | "then null":
                    blank = "" if naming == "then empty" else None
                    pieces.append({**numbered, "id": blank, **call.said(name=blank, arguments=piece)})
                case "new id":
                    pieces.append({**numbered, "id": f"{call.id}_{place}", **call.said(arguments=piece)})
                case "new id and name" if place == 0:
                    pieces = [{**first, **call.said(name=call.name, arguments=piece)}]
                case "new id and name":
                    renamed = {**first, "id": f"{call.id}_{place}"}
                    pieces.append({**renamed, **call.said(name=call.name, arguments=piece)})
        if repeats == "all at the end" and call.kind == "function":
            pieces.append({**first, **call.said(name=call.name, arguments=text)})
        return pieces

    each = [told(number, call) for number, call in enumerate(calls)]
    if grouping == "in turns":
        order = [piece for turn in itertools.zip_longest(*each) for piece in turn if piece is not None]
    else:
        order = [piece for pieces in each for piece in pieces]
    deltas = [order] if grouping == "all in one delta" and order else [[piece] for piece in order]
    meant = [replace(call, pieces=[whole_text(call.pieces)]) for call in calls]
    whole = [
        {"id": call.id, "type": call.kind, **call.said(name=call.name, arguments=call.pieces[0])} for call in meant
    ]
    return CallDeltas(
        [call.meant() for call in meant], deltas, [] if shares_id else whole, halves or opening == _PLACEHOLDER
    )


def _can_share_an_id(calls: list[_Call]) -> bool:
    """Whether calls can be told apart without index and id, by their names and complete arguments."""
    named_anew = all(one.name != other.name for one, other in itertools.pairwise(calls))
    return named_anew and all(call.kind == "function" for call in calls)


def _possible(naming: Naming, calls: list[_Call], *, identified: bool) -> Naming:
    """Return the naming, or another one if it would be ambiguous.

    A piece that names its call, and looks like the start of the arguments or like all of them so far, could be another
    call or a repetition.
    """
    if naming in ("new id", "new id and name") and not identified:
        return "once"
    if naming in ("in each piece", "new id and name"):
        for call in calls:
            before = itertools.accumulate(call.pieces)
            for so_far, piece in zip(before, call.pieces[1:], strict=False):
                begins = not piece.strip() or piece.lstrip().startswith("{")
                if piece.startswith(so_far) or (begins and naming == "new id and name"):
                    return "once"
    return naming


def halved(pieces: list[str]) -> list[str]:
    """Also split one surrogate pair in each piece into halves, which JSON can encode."""
    parted: list[str] = []
    for piece in pieces:
        place = next((place for place, character in enumerate(piece) if character > "\uffff"), None)
        if place is None:
            parted.append(piece)
            continue
        pair = piece[place].encode("utf-16-be")
        high, low = (pair[start : start + 2].decode("utf-16-be", "surrogatepass") for start in (0, 2))
        parted += [piece[:place] + high, low + piece[place + 1 :]]
    return parted


def whole_text(pieces: list[str]) -> str:
    """Join pieces, combining halves of surrogate pairs; an unpaired half at the end becomes U+FFFD."""
    return "".join(pieces).encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


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
