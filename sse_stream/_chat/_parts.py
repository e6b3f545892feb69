"""The parts of a message, in the order in which the model made them."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec

from .._json._depth import JSONValue
from ._tagged import Tagged
from ._tool_call import ToolCall


class TextPart(Tagged, frozen=True, tag="text"):
    """Text of the answer.

    Attributes:
        text: The text.
        annotations: What the provider says about places in it, such as citations, as it was sent.
        native: The provider's own JSON object for this part; `None` where it has none.
    """

    type: ClassVar[Literal["text"]] = "text"
    text: str
    annotations: list[JSONValue] = msgspec.field(default_factory=list)
    native: JSONValue | None = None


class ReasoningPart(Tagged, frozen=True, tag="reasoning"):
    """Reasoning.

    Attributes:
        text: What can be read of it; `""` where it is redacted.
        kind: `"full"`, `"summary"`, or `"redacted"`: what came is encrypted, and in `native`.
        native: The provider's own JSON object for this part, with its signature; `None` where it has none.
    """

    type: ClassVar[Literal["reasoning"]] = "reasoning"
    text: str
    kind: Literal["full", "summary", "redacted"] = "full"
    native: JSONValue | None = None


class RefusalPart(Tagged, frozen=True, tag="refusal"):
    """A refusal to answer.

    Attributes:
        text: The refusal.
        native: The provider's own JSON object for this part; `None` where it has none.
    """

    type: ClassVar[Literal["refusal"]] = "refusal"
    text: str
    native: JSONValue | None = None


class ToolCallPart(Tagged, frozen=True, tag="tool_call"):
    """A call of a tool that the caller is to make.

    Attributes:
        tool_call: The call.
        native: The provider's own JSON object for this part; `None` where it has none.
    """

    type: ClassVar[Literal["tool_call"]] = "tool_call"
    tool_call: ToolCall
    native: JSONValue | None = None


class ProviderPart(Tagged, frozen=True, tag="provider"):
    """What only its provider understands: calls that the server makes itself and their results, images, and whatever is new.

    Attributes:
        kind: The provider's name for it.
        native: The provider's own JSON object.
    """

    type: ClassVar[Literal["provider"]] = "provider"
    kind: str
    native: JSONValue


Part: TypeAlias = TextPart | ReasoningPart | RefusalPart | ToolCallPart | ProviderPart
"""What a message is made of."""
