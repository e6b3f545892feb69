"""Putting together what comes in pieces and has no name in the model.

In a delta, a field is a piece: text is appended, lists are extended, objects go key by key, and of all else the last
value counts. But a value equal to the whole that is kept is a repetition, names that are known to be statements take
the last value, and what is whole is never merged into something else: only the items of lists that are known to come
in pieces are, by their `index`, or one after another. Beside the deltas, a field is a statement: the last value counts,
objects key by key; only lists that are known to be added to are. `null` says nothing.

Adding costs what is added, a snapshot costs what it returns. Adding says by how many bytes of memory what is kept
has grown, so that it can be bounded. What is added is kept: it belongs to nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .._json._depth import JSONValue
from ._memory import ENTRY, POINTER, Node, text_of, utf8, weight

_encode = msgspec.json.Encoder().encode

# Fields that are stated, not continued: which thing a piece belongs to, who speaks, how it stands.
_STATED = frozenset(
    {"index", "type", "id", "format", "role", "name", "channel", "recipient", "phase", "status", "model", "object"}
    | {"provider_specific_fields"}
)

# Fields that are known to come in pieces, so that a piece may well be equal to all before it.
_IN_PIECES = frozenset(
    {"tool_calls", "reasoning_details", "thinking_blocks", "reasoning", "reasoning_content", "reasoning_text"}
    | {"arguments"}
)

# Lists beside the deltas that are added to.
_ADDED_TO = frozenset({"annotations", "images"})

# What says that an item of a list in pieces is whole, and its text, which may be repeated with it.
_SEALS = ("signature", "data")
_TEXTS = ("thinking", "text", "summary")

# What a place takes that is known by its index: a pair, and its entry.
PLACE_WEIGHT = 160

# A statement that is larger is not kept to be compared with the next one: that would be a second copy.
_LARGEST_COMPARED = 64 * 1024


class JoinedList:
    """A list whose items come in pieces, or whole.

    Args:
        items: Those that it begins with.
        in_pieces: Whether they are pieces: of the item with the same `index` and type, or, where they have none,
            of the one before.
    """

    __slots__ = ("_in_pieces", "_names", "_places", "items")

    def __init__(self, items: list[JSONValue], *, in_pieces: bool = False) -> None:
        self.items: list[Node] = []
        self._in_pieces = in_pieces
        self._names: set[str] = set()
        self._places: dict[tuple[object, object], int] = {}
        for item in items:
            self.add(item)

    def add(self, item: JSONValue) -> int:
        """Add an item, or a piece of one; how many bytes that takes."""
        growth = POINTER
        if self._in_pieces and isinstance(item, dict):
            kind = item.get("type")
            index = item.get("index")
            last = self.items[-1] if self.items else None
            if type(index) is int:
                # Two items of different types may carry the same index: a summary and its encrypted form do.
                key = (index, kind if isinstance(kind, str) else None)
                place = self._places.get(key)
                if place is not None:
                    return _merge_item(self.items[place], item)
                self._places[key] = len(self.items)
                growth += PLACE_WEIGHT
            elif isinstance(last, dict) and "index" not in last and last.get("type") == kind and not _is_sealed(last):
                return _merge_item(last, item)
        self.items.append(item)
        return growth + weight(item, names=self._names)

    def weight(self) -> int:
        """How many bytes of memory it takes."""
        return PLACE_WEIGHT * len(self._places) + weight(self.items)


def _is_sealed(item: Mapping[str, Node]) -> bool:
    return any(item.get(seal) for seal in _SEALS)


def _merge_item(kept: dict[str, Node], piece: dict[str, JSONValue]) -> int:
    """Merge a piece of an item; with its signature, some servers send its whole text again."""
    if _is_sealed(piece):
        piece = {
            name: value for name, value in piece.items() if name not in _TEXTS or not _repeats(kept.get(name), value)
        }
    return _merge(kept, piece, in_pieces=True)


class JoinedFields:
    """An object whose fields come in pieces."""

    __slots__ = ("_fields",)

    def __init__(self) -> None:
        self._fields: dict[str, Node] = {}

    def add(self, piece: Mapping[str, JSONValue]) -> int:
        """Add a piece of each field that it names; how many bytes that takes."""
        return _merge(self._fields, piece, in_pieces=False)

    def snapshot(self) -> dict[str, JSONValue]:
        """The fields as far as they have come; later pieces do not change it."""
        return {name: value_of(node) for name, node in self._fields.items()}


class LatestFields:
    """An object whose fields are stated anew, not continued."""

    __slots__ = ("_fields", "_last")

    def __init__(self) -> None:
        self._fields: dict[str, JSONValue] = {}
        self._last: Mapping[str, JSONValue] = {}

    def add(self, fields: Mapping[str, JSONValue]) -> int:
        """Take what is stated; by how many bytes what is kept has grown."""
        # Most say what the one before said: a provider's name, a filter that found nothing.
        if is_same(fields, self._last):
            return 0
        growth = _overlay(self._fields, fields)
        self._last = fields if abs(growth) < _LARGEST_COMPARED else {}
        return growth

    def snapshot(self) -> dict[str, JSONValue]:
        """The fields as last stated; later statements do not change it."""
        return {name: value_of(value) for name, value in self._fields.items()}


def value_of(node: Node) -> JSONValue:
    """What is kept, as a value that nobody else has: of JSON, or a struct of the model."""
    kind = type(node)
    if kind is dict:
        return {name: value_of(item) for name, item in node.items()}
    if kind is list:
        return [value_of(item) for item in node]
    if kind is bytearray:
        return text_of(node)
    if kind is JoinedList:
        return [value_of(item) for item in node.items]
    if isinstance(node, msgspec.Struct):
        return kind(**{name: value_of(getattr(node, name)) for name in node.__struct_fields__})
    return node


def is_same(one: JSONValue, other: JSONValue) -> bool:
    """Whether two values are written alike, which those need not be that are equal: to Python, 1 is `True`.

    `False` as well of what cannot be written: half a surrogate pair, what a caller has put in.
    """
    try:
        return one == other and _encode(one) == _encode(other)
    except (TypeError, ValueError):
        return False


def _repeats(kept: Node, value: JSONValue) -> bool:
    """Whether a value is all that is kept."""
    match kept, value:
        case bytearray(), str():
            return len(kept) >= len(value) and kept == utf8(value)
        case JoinedList(), list():
            return len(kept.items) == len(value) and is_same(kept.items, value)
        case list(), list():
            return len(kept) == len(value) and is_same(kept, value)
        case _:
            return type(kept) is str and kept == value


def _merge(fields: dict[str, Node], piece: Mapping[str, JSONValue], *, in_pieces: bool) -> int:
    growth = 0
    for name, value in piece.items():
        old = fields.get(name)
        if old is None:
            growth += weight(value) if name in fields else ENTRY + weight(name, value)
            fields[name] = value
        elif value is not None:
            if name in _STATED:
                growth += _overlay(fields, {name: value})
            else:
                growth += _merge_value(fields, name, old, value, in_pieces=in_pieces or name in _IN_PIECES)
    return growth


def _merge_value(fields: dict[str, Node], name: str, old: Node, new: JSONValue, *, in_pieces: bool) -> int:
    """Merge a field with a piece of it; how many bytes that takes."""
    if not in_pieces and _repeats(old, new):
        return 0
    growth = 0
    match old, new:
        case str(), str():
            fields[name] = text = bytearray(utf8(old) + utf8(new))
            growth = weight(text) - weight(old)
        case bytearray(), str():
            data = utf8(new)
            old.extend(data)
            growth = len(data)
        case dict(), dict():
            growth = _merge(old, new, in_pieces=in_pieces)
        case list(), list():
            fields[name] = joined = JoinedList(old, in_pieces=in_pieces)
            growth = joined.weight() - weight(old) + sum(map(joined.add, new))
        case JoinedList(), list():
            growth = sum(map(old.add, new))
        case _:
            fields[name] = new
            growth = weight(new) - weight(old)
    return growth


def _overlay(kept: dict[str, JSONValue], fields: Mapping[str, JSONValue]) -> int:
    growth = 0
    for name, value in fields.items():
        if name not in kept:
            growth += ENTRY + weight(name, value)
        elif value is None:
            continue
        elif type(old := kept[name]) is dict and type(value) is dict:
            growth += _overlay(old, value)
            continue
        elif name in _ADDED_TO and type(old) is list and type(value) is list:
            if not _repeats(old, value):
                old += value
                growth += POINTER * len(value) + weight(*value)
            continue
        else:
            growth += weight(value) - weight(old)
        kept[name] = value
    return growth
