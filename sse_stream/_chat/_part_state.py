"""The state of one part of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from .._json._depth import JSONValue
from .._json._lenient import without_surrogates
from ._events import ReasoningDelta, RefusalDelta, TextDelta
from ._memory import POINTER, text_of, utf8, weight
from ._merging import value_of
from ._parts import Part, ProviderPart, ReasoningPart, RefusalPart, TextPart, ToolCallPart
from ._slot import Slot
from ._text_channel import TextChannel, TextEvent

# The kinds of part that have text, and the events for their pieces.
TEXT_EVENTS: Mapping[str, type[TextEvent]] = {
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


Complete: TypeAlias = Callable[[JSONValue, str, list[JSONValue]], JSONValue]
"""Makes the native object of a part from its initial object, its text, and its other pieces."""

# The extra memory that an empty marked part takes.
MARK_WEIGHT = 600


class PartMarks:
    """What a dialect has marked of a part.

    Attributes:
        native: The provider's own object, once the part is complete.
        is_complete: Whether the part is complete.
    """

    __slots__ = ("_annotations", "_began", "_data", "_names", "_pieces", "_size", "is_complete", "native")

    def __init__(self, began: JSONValue) -> None:
        self.native: JSONValue = None
        self.is_complete = False
        self._began = began  # the initial state of the provider's object
        self._data: bytearray | None = None  # text that is not delivered to the caller
        self._pieces: list[JSONValue] | None = None  # other pieces
        self._names: set[str] | None = None  # the keys in those pieces, each counted once
        self._annotations = ""  # the field of the native object with annotations
        self._size = weight(began)

    def weight(self) -> int:
        """Return the memory it takes, in bytes."""
        return self._size

    def add(self, piece: JSONValue) -> int:
        """Keep a piece until the part is complete. Returns the growth in bytes."""
        if isinstance(piece, str):
            data = utf8(piece)
            if self._data is None:
                self._data = bytearray()
            self._data += data
            growth = len(data)
        else:
            if self._pieces is None or self._names is None:
                self._pieces, self._names = [], set()
            self._pieces.append(piece)
            growth = POINTER + weight(piece, names=self._names)
        self._size += growth
        return growth

    def end(self, text: str | None, native: JSONValue, complete: Complete | None, annotations: str) -> int:
        """Complete the part. Returns the growth in bytes.

        Args:
            text: The text that came in chunks; `None` for a part without text.
            native: The provider's own object.
            complete: Makes that object, if given.
            annotations: The field of the object that has annotations of the text.
        """
        before = self._size
        if complete is not None:
            said: str = without_surrogates(text_of(self._data or b"")) if text is None else text
            native = complete(self._began, said, self._pieces or [])
        self.native = native
        self.is_complete = True
        self._annotations = annotations
        self._began = self._data = self._pieces = self._names = None
        self._size = weight(native)
        return self._size - before

    def annotations(self) -> list[JSONValue]:
        """Return the annotations in the native object."""
        if not self._annotations or not isinstance(self.native, dict):
            return []
        found = self.native.get(self._annotations)
        return value_of(found) if isinstance(found, list) else []


class PartState:
    """A part: text, a tool call, or a kind specific to the provider.

    Attributes:
        kind: A key of `TEXT_EVENTS`, `"tool_call"`, or the provider's name for the kind.
        channel: The channel of its text, if it has text.
        slot: Its tool call, once that has started.
        marks: What the dialect has marked; `None` if the dialect does not mark parts.
    """

    __slots__ = ("_annotations", "channel", "kind", "marks", "slot")

    def __init__(self, kind: str, *, channel: TextChannel | None = None, slot: Slot | None = None) -> None:
        self.kind = kind
        self.channel = channel
        self.slot = slot
        self.marks: PartMarks | None = None
        self._annotations: list[JSONValue] = []

    def annotate(self, annotations: list[JSONValue]) -> int:
        """Add annotations of the text. Returns the growth in bytes."""
        self._annotations += annotations
        return weight(*annotations) + POINTER * len(annotations)

    @property
    def is_complete(self) -> bool:
        """Whether the dialect has marked its end."""
        return self.marks is not None and self.marks.is_complete

    def text(self) -> str | None:
        """Return the text that came in chunks; `None` for a part without text."""
        if self.channel is not None:
            return self.channel.text()
        return None if self.slot is None else self.slot.snapshot().arguments

    def snapshot(self) -> Part:
        """Return the part so far."""
        marks = self.marks
        native = None if marks is None else value_of(marks.native)
        if self.slot is not None:
            return ToolCallPart(self.slot.snapshot(), native)
        if self.channel is None:
            return ProviderPart(self.kind, native)
        text = self.channel.text()
        if self.kind == "text":
            said = [] if marks is None else marks.annotations()
            return TextPart(text, [*said, *value_of(self._annotations)], native)
        if self.kind == "refusal":
            return RefusalPart(text, native)
        return ReasoningPart(text, _REASONING_KINDS[self.kind], native)
