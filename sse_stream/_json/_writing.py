"""Converting structs to JSON objects, the inverse of `read_struct`, and encoding JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec
from msgspec.structs import asdict

from ._copying import copied
from ._depth import MAX_DEPTH, JSONValue, is_deep
from ._reading import PROVIDER_FIELDS, is_set_aside


def object_of(struct: msgspec.Struct) -> dict[str, JSONValue]:
    """Return the JSON object that `read_struct` converts to an equal struct. It shares nothing with the struct.

    Fields that are `None` are omitted, and the contents of `extra` are merged in. An extra field goes under
    `provider_fields`, as in OpenAI's schema of a completion, if it shares a name with a field or would be
    misinterpreted.

    Args:
        struct: A struct with an `extra` field, whose other fields hold JSON values and structs like it. The `reserved`
            attribute of its class may name the extra fields that a reader would misinterpret.
    """
    fields = asdict(struct)
    extra: Mapping[str, JSONValue] = fields.pop("extra")
    said = {name: _written(value) for name, value in fields.items() if value is not None}
    if extra:
        reserved: AbstractSet[str] = getattr(struct, "reserved", frozenset())
        said.update(_beside(extra, fields.keys(), reserved))
    return said


def _written(value: JSONValue) -> JSONValue:
    if isinstance(value, (str, int)):  # the common case
        return value
    if isinstance(value, msgspec.Struct):
        return object_of(value)
    return [_written(item) for item in value] if isinstance(value, list) else copied(value)


def _beside(
    extra: Mapping[str, JSONValue], fields: AbstractSet[str], reserved: AbstractSet[str]
) -> dict[str, JSONValue]:
    beside: dict[str, JSONValue] = copied(dict(extra))
    names = fields | reserved
    aside = {name: beside.pop(name) for name in extra if name in names}
    if PROVIDER_FIELDS in beside and (aside or is_set_aside(beside[PROVIDER_FIELDS], names)):
        aside[PROVIDER_FIELDS] = beside[PROVIDER_FIELDS]
    return {**beside, PROVIDER_FIELDS: aside} if aside else beside


def encode_json(value: JSONValue) -> bytes:
    """Encode a value as JSON, without line breaks.

    Raises:
        ValueError: JSON cannot represent it (NaN, lone surrogates, objects of other types), or it is nested deeper than
            `MAX_DEPTH`.
    """
    try:
        text = msgspec.json.encode(value)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"not a JSON value: {error}") from error
    if is_deep(text.decode()):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if b"null" in text and not _is_finite(value):  # msgspec encodes NaN as null
        raise ValueError("JSON cannot represent NaN or Infinity")
    return text


def _is_finite(value: JSONValue) -> bool:
    rest = [value]
    for item in rest:  # grows during iteration
        if isinstance(item, float):
            if not math.isfinite(item):
                return False
        elif isinstance(item, dict):
            rest.extend(item.values())
        elif isinstance(item, list):
            rest.extend(item)
    return True
