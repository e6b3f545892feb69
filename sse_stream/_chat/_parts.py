"""The parts of a message."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec

from .._json._depth import JSONValue
from ._tagged import Tagged
from ._tool_call import ToolCall


class TextPart(Tagged, frozen=True, tag="text"):
    """A text part of a message.

    Attributes:
        text: The text.
        annotations: The provider's annotations of the text, such as citations, unchanged.
        native: The provider's own JSON object for this part; `None` if there is none.
    """

    type: ClassVar[Literal["text"]] = "text"
    text: str
    annotations: list[JSONValue] = msgspec.field(default_factory=list)
    native: JSONValue | None = None


class ReasoningPart(Tagged, frozen=True, tag="reasoning"):
    """A reasoning part of a message.

    Attributes:
        text: The readable text; `""` if it is redacted.
        kind: `"full"`, `"summary"`, or `"redacted"` for encrypted reasoning, which is in `native`.
        native: The provider's own JSON object for this part, with its signature; `None` if there is none.
    """

    type: ClassVar[Literal["reasoning"]] = "reasoning"
    text: str
    kind: Literal["full", "summary", "redacted"] = "full"
    native: JSONValue | None = None


class RefusalPart(Tagged, frozen=True, tag="refusal"):
    """A refusal to answer.

    Attributes:
        text: The refusal.
        native: The provider's own JSON object for this part; `None` if there is none.
    """

    type: ClassVar[Literal["refusal"]] = "refusal"
    text: str
    native: JSONValue | None = None


class ToolCallPart(Tagged, frozen=True, tag="tool_call"):
    """A call of a tool that the caller must run.

    Attributes:
        tool_call: The call.
        native: The provider's own JSON object for this part; `None` if there is none.
    """

    type: ClassVar[Literal["tool_call"]] = "tool_call"
    tool_call: ToolCall
    native: JSONValue | None = None


class ProviderPart(Tagged, frozen=True, tag="provider"):
    """A part that is specific to the provider: calls of server-side tools and their results, images, and unknown kinds.

    Attributes:
        kind: The provider's name for the kind.
        native: The provider's own JSON object.
    """

    type: ClassVar[Literal["provider"]] = "provider"
    kind: str
    native: JSONValue


Part: TypeAlias = TextPart | ReasoningPart | RefusalPart | ToolCallPart | ProviderPart
"""Any part of a message."""
