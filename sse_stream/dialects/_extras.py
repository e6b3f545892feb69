"""Decoding well-formed chunks with extra fields: the path between the strict and the tolerant one.

Most providers add fields of their own, some of them to every chunk. These are moved to `extra`. The rest must fit the
strict model; otherwise the chunk takes the tolerant path.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import force_setattr

from .._chat._chunks import ChatCompletionChunk, ChoiceDelta, ChunkChoice
from .._chat._model import refuse_extra
from .._chat._reports import Usage
from .._json._depth import JSONValue, decode_json
from .._json._reading import PROVIDER_FIELDS

Object = dict[str, JSONValue]


def _names(cls: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(cls.__struct_fields__) - {"extra"}


_CHUNK = _names(ChatCompletionChunk)
_CHOICE = _names(ChunkChoice)
_DELTA = _names(ChoiceDelta)
_USAGE = _names(Usage)


# Fields with a special meaning, which only the tolerant path handles.
_SPECIAL = frozenset({"error", "type", "x_groq", PROVIDER_FIELDS})
_SPECIAL_IN_CHOICE = frozenset({"error", "usage", PROVIDER_FIELDS})


def decode_with_extras(data: bytes | str) -> ChatCompletionChunk | None:
    """Decode a chunk that is well-formed except for extra fields; `None` for any other."""
    try:
        return _chunk(decode_json(data if isinstance(data, str) else data.decode()))
    except (ValueError, RecursionError):
        return None


def has_extras(chunk: ChatCompletionChunk) -> bool:
    """Whether a chunk has extra fields, and so needs `decode_with_extras`."""
    usage = chunk.usage
    if chunk.extra or (usage is not None and usage.extra):
        return True
    return any(
        choice.extra or choice.delta.extra or (choice.message is not None and choice.message.extra)
        for choice in chunk.choices
    )


def _chunk(value: JSONValue) -> ChatCompletionChunk | None:
    if type(value) is not dict or not _SPECIAL.isdisjoint(value) or type(choices := value.get("choices")) is not list:
        return None
    # Extra fields are removed at each level, and put back once the rest is converted.
    extra = _taken_out(value, _CHUNK)
    extras = []
    usage = value.get("usage")
    reports = usage is not None
    for choice in choices:
        if type(choice) is not dict or not _SPECIAL_IN_CHOICE.isdisjoint(choice):
            return None
        if type(delta := choice.get("delta")) is not dict or PROVIDER_FIELDS in delta:
            return None
        message = choice.get("message")
        told = None
        if message is not None:
            if type(message) is not dict or PROVIDER_FIELDS in message:
                return None
            told = _taken_out(message, _DELTA)
        reports = reports or choice.get("logprobs") is not None
        extras.append((_taken_out(choice, _CHOICE), _taken_out(delta, _DELTA), told))
    if type(usage) is dict and PROVIDER_FIELDS in usage:
        return None
    usage_extra = _taken_out(usage, _USAGE) if type(usage) is dict else None
    if reports:
        chunk = msgspec.convert(value, ChatCompletionChunk, dec_hook=refuse_extra)
    else:  # no field can be read as `extra` here, and the hook would add half to the time
        chunk = msgspec.convert(value, ChatCompletionChunk)
    # The chunk is new, so changing it is safe.
    if extra is not None:
        force_setattr(chunk, "extra", extra)
    for choice, (beside, within, told) in zip(chunk.choices, extras, strict=True):
        if beside is not None:
            force_setattr(choice, "extra", beside)
        if within is not None:
            force_setattr(choice.delta, "extra", within)
        if told is not None and choice.message is not None:
            force_setattr(choice.message, "extra", told)
    if usage_extra is not None and chunk.usage is not None:
        force_setattr(chunk.usage, "extra", usage_extra)
    return chunk


def _taken_out(value: Object, known: frozenset[str]) -> Object | None:
    if known.issuperset(value):
        return None
    return {name: value.pop(name) for name in [name for name in value if name not in known]}
