"""The tool call in a completion."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, overload

import msgspec

from .._json._depth import JSONValue
from ._parsing import JSONAdapter, parsed
from ._schema import completed

T = TypeVar("T")


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A tool call that the model requests.

    Attributes:
        id: The id to send back with the tool's result; `""` if the server sent none.
        name: The name of the tool.
        arguments: The arguments as the model wrote them, normally JSON. For a custom tool, its input, which is free
            text.
        extra: Other fields of the call, such as Gemini's `extra_content`.
        kind: `"function"`, or `"custom"` for a tool whose input is not JSON.
    """

    id: str
    name: str
    arguments: str
    extra: dict[str, JSONValue] = {}
    kind: Literal["function", "custom"] = "function"

    @overload
    def parse(self) -> JSONValue: ...
    @overload
    def parse(self, type: type[T]) -> T: ...
    @overload
    def parse(self, type: JSONAdapter[T]) -> T: ...
    @overload
    def parse(self, type: object) -> JSONValue: ...
    def parse(self, type: object = Any) -> JSONValue:
        """Decode the arguments.

        Args:
            type: The type to decode them into: a `msgspec.Struct`, a dataclass, a `TypedDict`, a pydantic model or
                `TypeAdapter`, a union, or any other type that msgspec or pydantic supports; plain JSON types by
                default, usually a dict.

        Returns:
            The arguments. Blank ones, which models write for a tool without parameters, count as `{}`.

        Raises:
            OutputParseError: The arguments are not JSON or do not fit the type. The message says where.
            TypeError: `type` is not supported.

        >>> ToolCall(id="c1", name="add", arguments='{"a": 1, "b": 2}').parse(dict[str, int])
        {'a': 1, 'b': 2}
        """
        text = self.arguments if self.arguments.strip() else "{}"
        return parsed(text, type, f"the arguments for {self.name!r}", self.arguments)

    def to_dict(self) -> dict[str, JSONValue]:
        """The call in OpenAI's format, ready for JSON."""
        said: dict[str, JSONValue] = {"id": self.id, "type": self.kind}
        if self.kind == "custom":
            said["custom"] = {"name": self.name, "input": self.arguments}
        else:
            said["function"] = {"name": self.name, "arguments": self.arguments}
        return completed(said, self.extra)
