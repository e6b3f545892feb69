"""Merging fields that are not in the chunk model.

Inside a delta, a field is a piece to be joined: text is appended, lists are extended, objects are merged key by key,
and of any other value the last counts. There are three exceptions: a value equal to the whole so far is a repetition;
for some known names the last value counts; and list items are merged, by their `index` or with the item before, only in
lists that are known to come in pieces.

Beside the delta, the last value of a field counts. Objects are merged key by key, and a few known lists are extended.
`null` never changes anything.

The cost of adding depends only on what is added, and that of a snapshot only on its size. Adding returns by how many
bytes the memory has grown, so that it can be limited. Added values are kept, so they must not be shared.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .._json._depth import JSONValue
from ._memory import ENTRY, POINTER, Node, text_of, utf8, weight

_encode = msgspec.json.Encoder().encode

# Fields whose last value counts: which item a piece belongs to, its role, its status.
_LATEST = frozenset(
    {"index", "type", "id", "format", "role", "name", "channel", "recipient", "phase", "status", "model", "object"}
    | {"provider_specific_fields"}
)

# Fields that are known to come in pieces, so a piece equal to everything before it is not a repetition.
_IN_PIECES = frozenset(
    {"tool_calls", "reasoning_details", "thinking_blocks", "reasoning", "reasoning_content", "reasoning_text"}
    | {"arguments"}
)

# Lists beside the delta that are extended.
_ADDED_TO = frozenset({"annotations", "images"})

# The fields that mark a list item as complete, and those with its text, which may be repeated with them.
_SIGNATURES = ("signature", "data")
_TEXTS = ("thinking", "text", "summary")

# The memory for remembering the place of an item by its index: a tuple and a dict entry.
PLACE_WEIGHT = 160

# Larger fields are not kept for comparison with the next ones, which would be a second copy.
_LARGEST_COMPARED = 64 * 1024


class JoinedList:
    """A list whose items come whole or in pieces.

    Args:
        items: The initial items.
        in_pieces: Whether items are pieces: of the item with the same `index` and type or, without an index, of the
            item before.
    """

    __slots__ = ("_in_pieces", "_names", "_places", "items")

    def __init__(self, items: list[JSONValue], *, in_pieces: bool) -> None:
        self.items: list[Node] = []
        self._in_pieces = in_pieces
        self._names: set[str] = set()
        self._places: dict[tuple[object, object], int] = {}
        for item in items:
            self.add(item)

    def add(self, item: JSONValue) -> int:
        """Add an item or a piece of one. Returns the growth in bytes."""
        growth = POINTER
        if self._in_pieces and isinstance(item, dict):
            kind = item.get("type")
            index = item.get("index")
            last = self.items[-1] if self.items else None
            if type(index) is int:
                # Items of different types may have the same index, such as a summary and its encrypted form.
                key = (index, kind if isinstance(kind, str) else None)
                place = self._places.get(key)
                if place is not None:
                    return _merge_item(self.items[place], item)
                self._places[key] = len(self.items)
                growth += PLACE_WEIGHT
            elif isinstance(last, dict) and "index" not in last and last.get("type") == kind and not _is_signed(last):
                return _merge_item(last, item)
        self.items.append(item)
        return growth + weight(item, names=self._names)

    def weight(self) -> int:
        """Return the memory it takes, in bytes."""
        return PLACE_WEIGHT * len(self._places) + weight(self.items)


def _is_signed(item: Mapping[str, Node]) -> bool:
    return any(item.get(name) for name in _SIGNATURES)


def _merge_item(kept: dict[str, Node], piece: dict[str, JSONValue]) -> int:
    """Merge a piece into an item. Some servers repeat the whole text along with the signature."""
    if _is_signed(piece):
        piece = {
            name: value for name, value in piece.items() if name not in _TEXTS or not _repeats(kept.get(name), value)
        }
    return _merge(kept, piece, in_pieces=True)


class JoinedFields:
    """An object whose fields come in pieces, which are joined."""

    __slots__ = ("_fields",)

    def __init__(self) -> None:
        self._fields: dict[str, Node] = {}

    def add(self, piece: Mapping[str, JSONValue]) -> int:
        """Add a piece of each field in it. Returns the growth in bytes."""
        return _merge(self._fields, piece, in_pieces=False)

    def snapshot(self) -> dict[str, JSONValue]:
        """Return the fields so far, which later pieces do not change."""
        return {name: value_of(node) for name, node in self._fields.items()}


class LatestFields:
    """An object of which the last value of each field counts."""

    __slots__ = ("_fields", "_last")

    def __init__(self) -> None:
        self._fields: dict[str, JSONValue] = {}
        self._last: Mapping[str, JSONValue] = {}

    def add(self, fields: Mapping[str, JSONValue]) -> int:
        """Update the fields. Returns the growth in bytes."""
        # Most chunks repeat the same values: a provider's name, a filter without findings.
        if is_same(fields, self._last):
            return 0
        growth = _overlay(self._fields, fields)
        self._last = fields if abs(growth) < _LARGEST_COMPARED else {}
        return growth

    def snapshot(self) -> dict[str, JSONValue]:
        """Return the fields so far, which later values do not change."""
        return {name: value_of(value) for name, value in self._fields.items()}


def value_of(node: Node) -> JSONValue:
    """Return a deep copy of what is kept, as a JSON value or a struct of the chunk model."""
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
    """Whether two values have the same JSON. Comparing them is not enough: to Python, 1 equals `True`.

    `False` as well if they cannot be encoded, such as lone surrogates, or objects that a caller has put in.
    """
    try:
        return one == other and _encode(one) == _encode(other)
    except (TypeError, ValueError):
        return False


def _repeats(kept: Node, value: JSONValue) -> bool:
    """Whether a value repeats everything that is kept."""
    match kept, value:
        case bytearray(), str():
            return len(kept) >= len(value) and kept == utf8(value)
        case JoinedList(), list():
            return is_same(kept.items, value)
        case list(), list():
            return is_same(kept, value)
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
            if name in _LATEST:
                growth += _overlay(fields, {name: value})
            else:
                growth += _merge_value(fields, name, old, value, in_pieces=in_pieces or name in _IN_PIECES)
    return growth


def _merge_value(fields: dict[str, Node], name: str, old: Node, new: JSONValue, *, in_pieces: bool) -> int:
    """Merge a piece into a field. Returns the growth in bytes."""
    if not in_pieces and _repeats(old, new):
        return 0
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
        elif not is_same(old, value):
            growth += weight(value) - weight(old)
        kept[name] = value
    return growth
