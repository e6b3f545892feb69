"""What has come of one choice: its parts in order, its tool calls, audio, log probabilities, and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._errors import OutputTooLargeError
from .._json._depth import JSONValue
from ._chunks import ChoiceDelta, ChoiceDeltaAudio, ChoiceDeltaToolCall
from ._completion import Choice
from ._events import (
    AudioDelta,
    ChatEvent,
    PartDone,
    PartStarted,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
)
from ._memory import Tally, utf8, weight
from ._merging import JoinedFields, LatestFields, value_of
from ._message import Message
from ._part_state import TEXT_EVENTS, PartState
from ._parts import ReasoningPart, RefusalPart, TextPart, ToolCallPart
from ._reports import ChoiceLogprobs
from ._spoken import AudioState, LogprobsState
from ._text_channel import TextChannel
from ._tool_calls import SLOT_WEIGHT, Slot, Slots

# What a choice takes before anything is in it.
CHOICE_WEIGHT = 256


class ChoiceState:
    """One choice, as far as it has come.

    Attributes:
        index: Which.
        role: Who speaks; `None` until it is said.
        text: Where pieces of the text go; `None` until the first.
        finish_reason: The last that came.
    """

    __slots__ = (
        "_audio",
        "_calls",
        "_extra",
        "_fields",
        "_logprobs",
        "_parts",
        "_reasoning",
        "_refusal",
        "_tally",
        "finish_reason",
        "index",
        "role",
        "text",
    )

    def __init__(self, index: int, tally: Tally) -> None:
        self.index = index
        self.role: str | None = None
        self.finish_reason: str | None = None
        self._tally = tally
        tally.begin(CHOICE_WEIGHT)
        self._parts: list[PartState] = []
        # Where the pieces of a kind go: to the part that began last.
        self.text: TextChannel | None = None
        self._reasoning: TextChannel | None = None
        self._refusal: TextChannel | None = None
        self._calls: Slots | None = None
        self._audio: AudioState | None = None
        self._logprobs: LogprobsState | None = None
        self._fields: JoinedFields | None = None  # of the delta
        self._extra: LatestFields | None = None  # beside the delta

    # ---------------------------------------------------------------- parts

    def begin_text(self) -> TextChannel:
        """The channel of a text that begins without its part having been announced."""
        self.text = self._open("text")
        return self.text

    def channel(self, field: str) -> TextChannel | None:
        """Where the pieces of a delta's field go, if it is one of text that has begun."""
        if field == "content":
            return self.text
        return self._refusal if field == "refusal" else self._reasoning

    def _open(self, kind: str) -> TextChannel:
        channel = TextChannel(TEXT_EVENTS[kind], self.index, self._tally)
        self._parts.append(PartState(kind, channel=channel))
        return channel

    def start_part(self, index: int, kind: str) -> PartStarted:
        """A part begins: pieces of its kind belong to it until the next one does."""
        if kind in TEXT_EVENTS:
            channel = self._open(kind)
            if kind == "text":
                self.text = channel
            elif kind == "refusal":
                self._refusal = channel
            else:
                self._reasoning = channel
        else:
            self._parts.append(PartState(kind))
        self._parts[-1].index = index
        return PartStarted(index, kind, self.index)

    def end_part(self, index: int, native: JSONValue) -> Iterable[ToolCallDone | PartDone]:
        """A part is complete, and with it its tool call; this is the provider's own object for it."""
        for part in reversed(self._parts):
            if part.index == index:
                part.native = native
                self._tally.size += weight(native)
                if part.slot is not None and self._calls is not None and self._calls.take(part.slot):
                    yield ToolCallDone(part.slot.index, part.slot.snapshot(), self.index)
                yield PartDone(index, part.snapshot(), self.index)
                return

    # ---------------------------------------------------------------- what a delta says

    def add_reasoning(self, delta: ChoiceDelta, events: list[ChatEvent]) -> None:
        """The reasoning, in however many spellings: once."""
        text = delta.reasoning_content or delta.reasoning
        if delta.reasoning_details:
            self.add_fields({"reasoning_details": delta.reasoning_details})
            if not text:
                text = "".join(_texts(delta.reasoning_details))
        if not text:
            return
        if self._reasoning is None:
            self._reasoning = self._open("reasoning")
        events.append(self._reasoning.append(text))
        if delta.reasoning and delta.reasoning != text:
            # Two spellings that differ: one is delivered, the other is not lost.
            self.add_fields({"reasoning": delta.reasoning})

    def add_refusal(self, text: str, events: list[ChatEvent]) -> None:
        """A piece of the refusal."""
        if self._refusal is None:
            self._refusal = self._open("refusal")
        events.append(self._refusal.append(text))

    def add_audio(self, piece: ChoiceDeltaAudio, events: list[ChatEvent]) -> None:
        """A piece of spoken output."""
        if self._audio is None:
            self._audio = AudioState()
        self._tally.size += self._audio.add(piece)
        event = AudioDelta(piece.id or None, piece.data or None, piece.transcript or None, piece.expires_at, self.index)
        if event != AudioDelta(choice=self.index):
            self._tally.pieces += 1
            events.append(event)

    def add_tool_calls(self, pieces: Iterable[ChoiceDeltaToolCall], allowed: int, events: list[ChatEvent]) -> None:
        """Pieces of tool calls.

        Raises:
            OutputTooLargeError: There are more calls than are allowed.
        """
        if self._calls is None:
            self._calls = Slots()
        self._calls.begin_delta()
        for piece in pieces:
            function = piece.function
            says_something = (
                piece.id
                or piece.extra
                or (function is not None and (function.name or function.arguments or function.extra))
            )
            if says_something:  # otherwise no call is meant
                self._add_call(self._calls, piece, allowed, events)

    def _add_call(self, calls: Slots, piece: ChoiceDeltaToolCall, allowed: int, events: list[ChatEvent]) -> None:
        tally = self._tally
        known = len(calls.all)
        slot = calls.find(piece)
        function = piece.function
        name = None if function is None else function.name
        if name and not slot.name:
            slot.name = name
            tally.size += len(utf8(name))
        if len(calls.all) > known:
            events.extend(self._done(calls.take_preceding()))
            tally.calls += 1
            tally.begin(SLOT_WEIGHT)
            tally.size += len(utf8(slot.id))
            if tally.calls > allowed:
                raise OutputTooLargeError(
                    f"the stream holds more than {allowed} tool calls, the limit of Limits.tool_calls",
                    limit="tool_calls",
                )
            self._place(slot)
            tally.pieces += 1
            events.append(ToolCallStarted(slot.index, slot.id, slot.name, self.index))
        if function is not None:
            if function.arguments:
                tally.size += slot.add_arguments(function.arguments)
                tally.pieces += 1
                events.append(ToolCallDelta(slot.index, function.arguments, self.index))
            if function.extra:
                tally.size += slot.add_extra({"function": dict(function.extra)})
        if piece.extra:
            tally.size += slot.add_extra(piece.extra)

    def _place(self, slot: Slot) -> None:
        """Give a call its part: the one that was announced for it, or else a new one."""
        last = self._parts[-1] if self._parts else None
        if last is not None and last.kind == "tool_call" and last.slot is None:
            last.slot = slot
        else:
            self._parts.append(PartState("tool_call", slot=slot))

    def _done(self, slots: Iterable[Slot]) -> list[ChatEvent]:
        return [ToolCallDone(slot.index, slot.snapshot(), self.index) for slot in slots]

    def finish_calls(self) -> list[ChatEvent]:
        """The tool calls that were not done so far: they are now."""
        return [] if self._calls is None else self._done(self._calls.take_open())

    def add_fields(self, fields: Mapping[str, JSONValue]) -> None:
        """Pieces of fields of the delta that the model does not name, or that go with the message."""
        if self._fields is None:
            self._fields = JoinedFields()
        self._tally.size += self._fields.add(fields)

    # ---------------------------------------------------------------- what stands beside a delta

    def add_extra(self, fields: Mapping[str, JSONValue]) -> None:
        """Fields beside the delta that the model does not name."""
        if self._extra is None:
            self._extra = LatestFields()
        self._tally.size += self._extra.add(fields)

    def add_logprobs(self, piece: ChoiceLogprobs) -> None:
        """The log probabilities of a piece."""
        if self._logprobs is None:
            self._logprobs = LogprobsState()
        self._tally.size += self._logprobs.add(piece)

    def snapshot(self, dialect: str) -> Choice:
        """The choice as far as it has come; what comes later does not change it."""
        fields = {} if self._fields is None else self._fields.snapshot()
        annotations = fields.get("annotations")
        parts = [part.snapshot() for part in self._parts]
        texts = [part for part in parts if isinstance(part, TextPart)]
        if texts and isinstance(annotations, list):
            texts[0].annotations.extend(value_of(annotations))
        message = Message(
            role=self.role or "assistant",
            content="".join(part.text for part in texts) or None,
            reasoning="".join(part.text for part in parts if isinstance(part, ReasoningPart)) or None,
            refusal="".join(part.text for part in parts if isinstance(part, RefusalPart)) or None,
            tool_calls=[part.tool_call for part in parts if isinstance(part, ToolCallPart)],
            audio=None if self._audio is None else self._audio.snapshot(),
            extra=fields,
            parts=parts,
            dialect=dialect,
        )
        logprobs = None if self._logprobs is None else self._logprobs.snapshot()
        extra = {} if self._extra is None else self._extra.snapshot()
        return Choice(self.index, message, self.finish_reason, logprobs, extra)


def _texts(details: Iterable[JSONValue]) -> Iterable[str]:
    """What reasoning in structured pieces says: the `text` of each, or its `summary`."""
    for detail in details:
        if isinstance(detail, dict):
            said = detail.get("text") or detail.get("summary")
            if isinstance(said, str):
                yield said
