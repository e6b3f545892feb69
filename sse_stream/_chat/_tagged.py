"""The base class of tagged unions: events, and the parts of a message."""

from __future__ import annotations

import msgspec

from .._json._copying import copied
from .._json._depth import JSONValue


class Tagged(msgspec.Struct, frozen=True, gc=False, tag_field="type"):
    """A struct that is tagged with its `type`."""

    def to_dict(self) -> dict[str, JSONValue]:
        """The `type` and all fields as a JSON object, with nested models converted by their own `to_dict`."""
        said: dict[str, JSONValue] = {"type": self.__struct_config__.tag}
        for name in self.__struct_fields__:
            value = getattr(self, name)
            said[name] = value.to_dict() if hasattr(value, "to_dict") else copied(value)
        return said
