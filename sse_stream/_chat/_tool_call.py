"""A tool call, as a completion holds it."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, overload

import msgspec

from .._json._depth import JSONValue
from ._parsing import JSONAdapter, parsed
from ._schema import completed

T = TypeVar("T")


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A call of a tool, as the model wants it made.

    Attributes:
        id: The id that the tool's answer must carry; `""` where the server sent none.
        name: The tool's name.
        arguments: The arguments as the model wrote them: JSON, if it made no mistake. Of a custom tool, its
            input, which is any text.
        extra: What else came with the call, such as Gemini's `extra_content`.
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
            type: What to decode them into: a `msgspec.Struct`, a dataclass, a `TypedDict`, a pydantic model or
                `TypeAdapter`, a union, any type that msgspec or pydantic knows; by default what JSON says, a dict as
                a rule.

        Returns:
            The arguments. Blank ones, which models write for a tool without parameters, count as `{}`.

        Raises:
            OutputParseError: They are not JSON, or do not fit the type; it says where.
            TypeError: Nothing can be decoded into `type`.

        >>> ToolCall(id="c1", name="add", arguments='{"a": 1, "b": 2}').parse(dict[str, int])
        {'a': 1, 'b': 2}
        """
        text = self.arguments if self.arguments.strip() else "{}"
        return parsed(text, type, f"the arguments for {self.name!r}", self.arguments)

    def to_dict(self) -> dict[str, JSONValue]:
        """The call in OpenAI's form, ready for JSON."""
        said: dict[str, JSONValue] = {"id": self.id, "type": self.kind}
        if self.kind == "custom":
            said["custom"] = {"name": self.name, "input": self.arguments}
        else:
            said["function"] = {"name": self.name, "arguments": self.arguments}
        return completed(said, self.extra)
