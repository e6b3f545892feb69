"""What has come of one choice, kept in buffers that grow in place and are joined when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Literal, TypeAlias

from ._completion import Choice
from ._events import ReasoningDelta, RefusalDelta, TextDelta
from ._merging import Pieces, Statements
from ._message import Audio, Message
from ._reports import ChoiceLogprobs, TokenLogprob
from ._tool_calls import Slots

Speech: TypeAlias = TextDelta | ReasoningDelta | RefusalDelta
"""An event that is a piece of text and nothing else."""

SpokenField: TypeAlias = Literal["content", "refusal", "reasoning_content", "reasoning"]
"""A field of a delta whose pieces are text."""


class Voice:
    """Where the text of one field goes, and what event it gives."""

    __slots__ = ("event", "field", "index", "write")

    def __init__(
        self, field: SpokenField, write: Callable[[str], object], event: Callable[[str, int], Speech], index: int
    ) -> None:
        self.field = field
        self.write = write
        self.event = event
        self.index = index


class AudioState:
    """The spoken output of one choice, as far as it has come."""

    __slots__ = ("data", "expires_at", "extra", "id", "transcript")

    def __init__(self) -> None:
        self.id = ""
        self.data = StringIO()
        self.transcript = StringIO()
        self.expires_at: int | None = None
        self.extra = Pieces()

    def snapshot(self) -> Audio:
        return Audio(self.id, self.data.getvalue(), self.transcript.getvalue(), self.expires_at, self.extra.snapshot())


class LogprobsState:
    """The log probabilities of one choice, as far as they have come."""

    __slots__ = ("content", "extra", "refusal")

    def __init__(self) -> None:
        self.content: list[TokenLogprob] | None = None
        self.refusal: list[TokenLogprob] | None = None
        self.extra = Pieces()

    def snapshot(self) -> ChoiceLogprobs:
        extra = self.extra.snapshot()
        if extra:
            return ChoiceLogprobs(self.content, self.refusal, extra=extra).copied()
        return ChoiceLogprobs(self.content, self.refusal).copied()


class ChoiceState:
    """One choice, as far as it has come. Text is kept in buffers that grow in place and joined when asked."""

    __slots__ = (
        "add_text",
        "audio",
        "extra",
        "fields",
        "finish_reason",
        "index",
        "logprobs",
        "reasoning",
        "refusal",
        "role",
        "slots",
        "text",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.role: str | None = None
        self.text = StringIO()
        self.add_text = self.text.write
        self.reasoning = StringIO()
        self.refusal = StringIO()
        self.slots = Slots()
        self.audio: AudioState | None = None
        self.logprobs: LogprobsState | None = None
        self.finish_reason: str | None = None
        self.fields = Pieces()  # of the delta
        self.extra = Statements()  # beside the delta

    def voice(self, field: SpokenField) -> Voice:
        """Where the pieces of a field go that come as text."""
        if field == "content":
            return Voice(field, self.add_text, TextDelta, self.index)
        if field == "refusal":
            return Voice(field, self.refusal.write, RefusalDelta, self.index)
        return Voice(field, self.reasoning.write, ReasoningDelta, self.index)

    def snapshot(self) -> Choice:
        message = Message(
            role=self.role or "assistant",
            content=self.text.getvalue() or None,
            reasoning=self.reasoning.getvalue() or None,
            refusal=self.refusal.getvalue() or None,
            tool_calls=[slot.snapshot() for slot in self.slots.all],
            audio=None if self.audio is None else self.audio.snapshot(),
            extra=self.fields.snapshot(),
        )
        logprobs = None if self.logprobs is None else self.logprobs.snapshot()
        return Choice(self.index, message, self.finish_reason, logprobs, self.extra.snapshot())
