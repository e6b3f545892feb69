"""The base classes of the chunk model: frozen structs that keep unknown fields in `extra`."""

from __future__ import annotations

import copy
from abc import ABC
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn, Self, TypeAlias

import msgspec

from .._json._depth import JSONValue
from .._json._writing import object_of

if TYPE_CHECKING:
    Extra: TypeAlias = Mapping[str, JSONValue]
    ReadableExtra: TypeAlias = Mapping[str, JSONValue]
    NOTHING: Extra = {}
else:
    # Two types that are custom types to msgspec. It encodes the dicts in such fields, and decodes only instances of the
    # type.

    class Extra:
        """The type of `extra` in chunks. No decoded value is an instance, so a server's own field named `extra` is not
        mistaken for it: it takes the tolerant path, which puts it inside `extra` under its name."""

    class ReadableExtra(ABC):  # noqa: B024  # dict is registered with it; nothing derives from it
        """The type of `extra` in structs that events and completions hold, which can be decoded again."""

    ReadableExtra.register(dict)

    class _Nothing(dict):
        """The empty `extra` that all structs without extra fields share."""

        def _refuse(self, *_: object, **__: object) -> NoReturn:
            raise TypeError(
                "this empty `extra` is shared and cannot be changed: create the struct with its own `extra`"
            )

        __setitem__ = __ior__ = setdefault = update = _refuse

        def __reduce__(self) -> str:
            return "NOTHING"  # pickled and copied by name, so it stays the same object

    NOTHING = _Nothing()


def refuse_extra(type: type, _: object) -> NoReturn:
    """Reject a server's own field named `extra`: the `dec_hook` for decoding chunks.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"a field named extra, which is not {type.__name__}")


class Model(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True, repr_omit_defaults=True
):
    """A struct of the chunk model. Each has an `extra` field."""

    def to_dict(self) -> dict[str, JSONValue]:
        """The fields as a JSON object, with OpenAI's field names.

        Fields that are `None` are omitted. The contents of `extra` are merged in, or go under `provider_fields` if they
        share a name with a field. The object shares nothing with the struct.
        """
        return object_of(self)


class Piece(Model, frozen=True, kw_only=True):
    """A struct that occurs only in chunks."""

    extra: Extra = NOTHING


class Report(Model, frozen=True, kw_only=True):
    """A struct that occurs in chunks, events and completions."""

    extra: ReadableExtra = NOTHING

    def copied(self) -> Self:
        """Return an equal struct that shares no mutable object with this one."""
        try:
            # Takes a fifth of the time of a loop over the fields, and half the time of JSON.
            return msgspec.msgpack.decode(msgspec.msgpack.encode(self), type=type(self))
        except (TypeError, ValueError, OverflowError):  # a caller has put in objects that are not JSON
            return copy.deepcopy(self)
