"""Putting together what comes in pieces and has no name in the model.

Two rules. In a delta, a field is a piece: text is appended, lists are merged by their items' `index` where
they have one and appended otherwise, objects key by key, and of all else the last value counts. Beside the
deltas, a field is a statement: the last value counts, objects key by key. `null` says nothing.

Adding costs what is added, a snapshot costs what it returns. Both return how much memory was added, in
characters, so that it can be bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any, TypeAlias

import msgspec

from .._json._copying import copied
from .._json._depth import JSONValue

Node: TypeAlias = Any
"""A JSON value in pieces: str, number, bool or None as they are, `StringIO`, dict or `_Items`."""

_encode = msgspec.json.Encoder().encode

# About what any value takes besides its characters.
_WEIGHT = 8

# Keys that say which thing a piece belongs to, not what it adds: repeated, not continued.
_NAMING = frozenset({"index", "type", "id", "format", "role"})


class _Items:
    """A list in pieces."""

    __slots__ = ("items", "places")

    def __init__(self) -> None:
        self.items: list[Node] = []
        self.places: dict[tuple[object, object], int] = {}

    def add(self, item: JSONValue) -> None:
        if isinstance(item, dict) and type(index := item.get("index")) is int:
            kind = item.get("type")
            # Two items of different types may carry the same index: a summary and its encrypted form do.
            key = (index, kind if isinstance(kind, str) else None)
            place = self.places.get(key)
            if place is not None:
                self.items[place] = _merged(self.items[place], item)
                return
            self.places[key] = len(self.items)
        self.items.append(_node(item))


class Pieces:
    """An object whose fields come in pieces."""

    __slots__ = ("_fields",)

    def __init__(self) -> None:
        self._fields: dict[str, Node] = {}

    def add(self, piece: Mapping[str, JSONValue]) -> int:
        """Add a piece of each field that it names; how much it weighs."""
        _merge_into(self._fields, piece)
        return weight(piece)

    def snapshot(self) -> dict[str, JSONValue]:
        """The fields as far as they have come; later pieces do not change it."""
        return {name: _value(node) for name, node in self._fields.items()}


class Statements:
    """An object whose fields are stated anew, not continued."""

    __slots__ = ("_fields", "_last")

    def __init__(self) -> None:
        self._fields: dict[str, JSONValue] = {}
        self._last: Mapping[str, JSONValue] = {}

    def add(self, fields: Mapping[str, JSONValue]) -> int:
        """Take what is stated; by how much what is kept has grown."""
        last, self._last = self._last, copied(dict(fields))
        # Most say what the one before said: a provider's name, a filter that found nothing.
        if _is_same(fields, last):
            return 0
        return _overlay(self._fields, fields)

    def snapshot(self) -> dict[str, JSONValue]:
        """The fields as last stated; later statements do not change it."""
        return {name: _value(value) for name, value in self._fields.items()}


def weight(value: JSONValue) -> int:
    """About how many characters of memory a JSON value takes."""
    kind = type(value)
    if kind is str:
        return len(value) + _WEIGHT
    if kind is not dict and kind is not list:
        return _WEIGHT
    total = 0
    rest = [value]
    for item in rest:  # which grows meanwhile
        kind = type(item)
        if kind is str:
            total += len(item)
        elif kind is dict:
            rest.extend(item)
            rest.extend(item.values())
        elif kind is list:
            rest.extend(item)
    return total + _WEIGHT * len(rest)


def _merge_into(fields: dict[str, Node], piece: Mapping[str, JSONValue]) -> None:
    for name, value in piece.items():
        old = fields.get(name)
        if old is None:
            fields[name] = _node(value)
        elif value is not None:
            fields[name] = value if name in _NAMING and isinstance(value, str) else _merged(old, value)


def _merged(old: Node, new: JSONValue) -> Node:
    if isinstance(new, str):
        if isinstance(old, StringIO):
            old.write(new)
            return old
        if isinstance(old, str):
            text = StringIO()
            text.write(old)
            text.write(new)
            return text
    elif isinstance(new, dict) and isinstance(old, dict):
        _merge_into(old, new)
        return old
    elif isinstance(new, list) and isinstance(old, _Items):
        for item in new:
            old.add(item)
        return old
    return _node(new)


def _node(value: JSONValue) -> Node:
    if isinstance(value, dict):
        return {name: _node(item) for name, item in value.items()}
    if isinstance(value, list):
        items = _Items()
        for item in value:
            items.add(item)
        return items
    return value


def _value(node: Node) -> JSONValue:
    if isinstance(node, StringIO):
        return node.getvalue()
    if isinstance(node, dict):
        return {name: _value(item) for name, item in node.items()}
    if isinstance(node, _Items):
        return [_value(item) for item in node.items]
    if isinstance(node, list):
        return [_value(item) for item in node]
    return node


def _overlay(kept: dict[str, JSONValue], fields: Mapping[str, JSONValue]) -> int:
    growth = 0
    for name, value in fields.items():
        if name in kept:
            old = kept[name]
            if value is None or value is old:
                continue
            if isinstance(old, dict) and isinstance(value, dict):
                growth += _overlay(old, value)
                continue
            growth -= weight(old)
        else:
            growth += weight(name)
        growth += weight(value)
        kept[name] = copied(value)
    return growth


def _is_same(one: JSONValue, other: JSONValue) -> bool:
    """Whether two values are written alike, which those need not be that are equal: to Python, 1 is `True`.

    `False` as well of what cannot be written: half a surrogate pair, what a caller has put in.
    """
    try:
        return one == other and _encode(one) == _encode(other)
    except (TypeError, ValueError):
        return False
