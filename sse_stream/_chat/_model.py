"""What the structs of the chunk model share: they are values, and keep what they do not name in `extra`."""

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
    # Two types that msgspec takes for nothing it knows. It encodes the dicts in them, and decodes what is an instance.

    class Extra:
        """What a struct does not name. Nothing that is decoded is one, so a server's own field called `extra` cannot
        slip in: it takes the tolerant path, and ends up inside `extra`, under its name."""

    class ReadableExtra(ABC):  # noqa: B024  # dicts are registered with it, nothing is derived from it
        """The same in structs that events and completions hold, which are decoded again from what they encode to."""

    ReadableExtra.register(dict)

    class _Nothing(dict):
        """The one empty `extra` that all structs without extras share."""

        def _refuse(self, *_: object, **__: object) -> NoReturn:
            raise TypeError("this `extra` is shared and empty: make a struct with an `extra` of its own")

        __setitem__ = __ior__ = setdefault = update = _refuse

        def __reduce__(self) -> str:
            return "NOTHING"  # pickled and copied by its name, so it is always the same one

    NOTHING = _Nothing()


def refuse_extra(type: type, _: object) -> NoReturn:
    """The `dec_hook` for decoding what servers send: to this no `extra` is readable.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"a server's own field, which is no {type.__name__}")


class Model(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True, repr_omit_defaults=True
):
    """A struct of the chunk model; each has an `extra`."""

    def to_dict(self) -> dict[str, JSONValue]:
        """The JSON object that says this, in OpenAI's field names, ready for JSON.

        What is `None` is left out, and what is in `extra` stands beside the other fields; under `provider_fields`, if
        it has the name of one of them. The object shares nothing with the struct.
        """
        return object_of(self)


class Piece(Model, frozen=True, kw_only=True):
    """A struct that only chunks hold."""

    extra: Extra = NOTHING


class Report(Model, frozen=True, kw_only=True):
    """A struct that events and completions hold as well as chunks."""

    extra: ReadableExtra = NOTHING

    def copied(self) -> Self:
        """A struct that says the same and shares nothing with this one that can be changed."""
        try:
            # A fifth of the time that a loop over the fields takes, and half of what JSON would.
            return msgspec.msgpack.decode(msgspec.msgpack.encode(self), type=type(self))
        except (TypeError, ValueError, OverflowError):  # a caller has put in what JSON has no word for
            return copy.deepcopy(self)
