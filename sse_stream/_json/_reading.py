"""Tolerant conversion of JSON objects to structs.

msgspec decodes objects that fit the model. All others are converted here, field by field: a value that can be converted
is, one that cannot is kept in the struct's `extra` under its own name, and each deviation is reported. No value raises
an error. Converting the output of `object_of` gives an equal struct.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from ._depth import JSONValue, decode_json

Report: TypeAlias = Callable[[str, object], object]
"""Called with the name and the value of each field of an unexpected type."""

Reader: TypeAlias = Callable[[Any, Report, str], Any]
"""Converts a JSON value to the type of a field, or returns `UNREADABLE`."""

S = TypeVar("S", bound=msgspec.Struct)

UNREADABLE = object()

LEFT_OVER: Any = object()
"""The key under which a caller passes a dict of further fields for `extra`, which it took out of fields of the model.
It is not a string, so no key on the wire can equal it."""

PROVIDER_FIELDS = "provider_fields"
"""The key for fields of a provider whose names are also names of fields in the schema."""


class _PartialList(msgspec.Struct, frozen=True):
    """A list of which only some items could be converted."""

    items: list[Any]
    left: list[Any]


class _Layout(msgspec.Struct, frozen=True):
    """How the fields of one struct are converted."""

    readers: Mapping[str, Reader]
    required: Mapping[str, object]
    names: AbstractSet[str]


def ignore(name: str, value: object) -> None:
    """A `Report` that does nothing."""


def read_struct(cls: type[S], value: Mapping[str, Any], report: Report = ignore) -> S:
    """Convert one JSON object to a struct.

    Args:
        cls: A struct with an `extra` field.
        value: The object. It is not changed, but the struct may share parts of it.
        report: Called with each field of an unexpected type.
    """
    layout = _layout(cls)
    fields: dict[str, Any] = dict(layout.required)
    extra: dict[str, Any] = {}
    for name, item in value.items():
        reader = layout.readers.get(name)
        if reader is None:
            extra.update(item if name is LEFT_OVER else {name: item})
        elif item is not None:
            read = reader(item, report, name)
            if isinstance(read, _PartialList):
                fields[name] = read.items
                extra[name] = read.left
            elif read is not UNREADABLE:
                fields[name] = read
            else:
                extra[name] = item
                report(name, item)
    if extra:
        fields["extra"] = extra if PROVIDER_FIELDS not in extra else put_back(extra, layout.names)
    return cls(**fields)


def is_set_aside(value: JSONValue, names: AbstractSet[str]) -> bool:
    """Whether the value of `provider_fields` is what `object_of` writes there: fields that share a name with a field of
    the model, or that a reader would misinterpret."""
    return isinstance(value, dict) and bool(value) and value.keys() <= names | {PROVIDER_FIELDS}


def put_back(extra: dict[str, JSONValue], names: AbstractSet[str]) -> dict[str, JSONValue]:
    """Return `extra` with the fields under `provider_fields` moved back into it.

    Args:
        extra: All fields that the model does not have, including `provider_fields`.
        names: The names of the model's fields.
    """
    aside = extra[PROVIDER_FIELDS]
    if not is_set_aside(aside, names) or not extra.keys().isdisjoint(aside.keys() - {PROVIDER_FIELDS}):
        return extra
    return {**{name: item for name, item in extra.items() if name != PROVIDER_FIELDS}, **aside}


@functools.cache
def _layout(cls: type[msgspec.Struct]) -> _Layout:
    hints = get_type_hints(cls)
    own = [field for field in msgspec.structs.fields(cls) if field.name != "extra"]
    return _Layout(
        names=frozenset(field.name for field in own) | getattr(cls, "reserved", frozenset()),
        readers={field.name: _reader_for(hints[field.name]) for field in own},
        required={field.name: hints[field.name]() for field in own if field.required},
    )


def _reader_for(hint: Any) -> Reader:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (member for member in get_args(hint) if member is not types.NoneType)
    if get_origin(hint) is list:
        (member,) = get_args(hint)
        return functools.partial(_read_list, _reader_for(member))
    if get_origin(hint) is dict or hint is types.NoneType:
        return _read_anything  # a field of this type accepts any value here, because the strict path accepts few
    if issubclass(hint, msgspec.Struct):
        return functools.partial(_read_object, hint)
    return _SCALARS[hint]


def _read_object(cls: type[msgspec.Struct], value: object, report: Report, _name: str) -> object:
    return read_struct(cls, value, report) if isinstance(value, dict) else UNREADABLE


def _read_list(reader: Reader, value: object, report: Report, name: str) -> object:
    if isinstance(value, dict):  # a single item that is not in a list
        report(name, value)
        value = [value]
    if not isinstance(value, list):
        return UNREADABLE
    items = []
    left = []
    for item in value:
        read = reader(item, report, name)
        if read is not UNREADABLE:
            items.append(read)
        else:
            left.append(item)
            report(name, item)
    return _PartialList(items, left) if left else items


def _read_text(value: object, report: Report, name: str) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return UNREADABLE
    try:
        text = str(value)
    except ValueError:  # an integer with more digits than Python converts
        return UNREADABLE
    report(name, value)
    return text


def _read_integer(value: object, report: Report, name: str) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = read_number(value)
    if number is None:
        return UNREADABLE
    report(name, value)
    return int(number)


def _read_float(value: object, report: Report, name: str) -> object:
    if isinstance(value, float):
        return value
    number = read_number(value)
    if number is None:
        return UNREADABLE
    if isinstance(value, str):
        report(name, value)
    try:
        return float(number)
    except OverflowError:
        return UNREADABLE


def read_number(value: object) -> int | float | None:
    """Return the value as a number, decoding a numeric string; `None` if it is neither, or not finite."""
    if isinstance(value, str):
        try:
            value = decode_json(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _read_anything(value: object, _report: Report, _name: str) -> object:
    return value


_SCALARS: Mapping[Any, Reader] = {
    str: _read_text,
    int: _read_integer,
    float: _read_float,
    Any: _read_anything,
}
