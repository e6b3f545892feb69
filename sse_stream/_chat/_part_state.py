"""One part of an answer, as far as it has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from .._json._depth import JSONValue
from ._events import ReasoningDelta, RefusalDelta, TextDelta
from ._memory import POINTER, weight
from ._merging import value_of
from ._parts import Part, ProviderPart, ReasoningPart, RefusalPart, TextPart, ToolCallPart
from ._text_channel import SpokenDelta, TextChannel
from ._tool_calls import Slot

# The kinds of part that are text, and the events that their pieces give.
TEXT_EVENTS: Mapping[str, type[SpokenDelta]] = {
    "text": TextDelta,
    "reasoning": ReasoningDelta,
    "reasoning_summary": ReasoningDelta,
    "redacted_reasoning": ReasoningDelta,
    "refusal": RefusalDelta,
}

_ReasoningKind: TypeAlias = Literal["full", "summary", "redacted"]
_REASONING_KINDS: Mapping[str, _ReasoningKind] = {
    "reasoning": "full",
    "reasoning_summary": "summary",
    "redacted_reasoning": "redacted",
}


class PartState:
    """A part: of text, a tool call, or something that only its provider knows.

    Attributes:
        kind: A key of `TEXT_EVENTS`, `"tool_call"`, or the provider's own word.
        index: What the dialect calls it; `None` where it does not mark parts.
        channel: Where its text goes, if it has text.
        slot: Its tool call, once that has begun.
        native: The provider's own object, once the part is complete.
        ended: Whether it is complete.
    """

    __slots__ = ("_annotations", "channel", "ended", "index", "kind", "native", "slot")

    def __init__(self, kind: str, *, channel: TextChannel | None = None, slot: Slot | None = None) -> None:
        self.kind = kind
        self.index: int | None = None
        self.channel = channel
        self.slot = slot
        self.native: JSONValue = None
        self.ended = False
        self._annotations: list[JSONValue] = []

    def annotate(self, annotations: list[JSONValue]) -> int:
        """Add what the provider says about places in the text; how many bytes that takes."""
        self._annotations += annotations
        return weight(*annotations) + POINTER * len(annotations)

    def end(self, native: JSONValue) -> int:
        """The part is complete, and this is the provider's own object for it; how many bytes more that takes."""
        growth = weight(native) - weight(self.native)
        self.native = native
        self.ended = True
        return growth

    def snapshot(self) -> Part:
        """The part so far."""
        native = value_of(self.native)
        if self.slot is not None:
            return ToolCallPart(self.slot.snapshot(), native)
        if self.channel is None:
            return ProviderPart(self.kind, native)
        text = self.channel.text()
        if self.kind == "text":
            return TextPart(text, value_of(self._annotations), native)
        if self.kind == "refusal":
            return RefusalPart(text, native)
        return ReasoningPart(text, _REASONING_KINDS[self.kind], native)
