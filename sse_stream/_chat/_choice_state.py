"""The state of one choice: its parts in order, tool calls, audio, log probabilities and other fields."""

from __future__ import annotations

from collections.abc import Mapping

from .._json._depth import JSONValue
from ._anomalies import OnAnomaly
from ._audio_and_logprobs import AudioState, LogprobsState
from ._call_states import CallStates
from ._choice_message import message_of
from ._chunks import ChoiceDelta
from ._completion import Choice
from ._events import ChatEvent, PartDone, PartStarted
from ._marked_parts import MarkedParts
from ._memory import Tally, weight
from ._merging import JoinedFields, LatestFields
from ._part_state import TEXT_EVENTS, Complete, PartState
from ._reasoning import REASONING_FIELDS, texts_of
from ._reports import ChoiceLogprobs
from ._slot import Slot
from ._text_channel import TextChannel
from ._whole_message import rest_of_message

# The memory that an empty choice takes.
CHOICE_WEIGHT = 256
# The kind of a part with a tool call.
_CALL = "tool_call"


class ChoiceState:
    """Accumulates one choice.

    Args:
        index: The index of the choice.
        tally: Counts the memory that is kept.
        calls_allowed: How many tool calls the stream may have.
        note: Called with each anomaly.

    Attributes:
        index: The index of the choice.
        role: The role of the author; `None` until it is known.
        text: The channel that receives text; `None` until the first piece.
        parts: The parts, in order.
        calls: The tool calls; `None` until the first.
        finish_reason: The last finish reason; `None` until the first.
        reasoning_field: The first field that carried reasoning, `""` while none has.
        in_messages: Whether everything came in whole messages; `None` before the first message.
        went_on: Whether generated output came after a finish reason.
        reported_empty_finish: Whether an empty finish reason has been reported.
    """

    __slots__ = (
        "_audio",
        "_calls_allowed",
        "_extra",
        "_fields",
        "_logprobs",
        "_marked",
        "_note",
        "_reasoning",
        "_refusal",
        "_tally",
        "_text_part",
        "calls",
        "finish_reason",
        "in_messages",
        "index",
        "parts",
        "reasoning_field",
        "reported_empty_finish",
        "role",
        "text",
        "went_on",
    )

    def __init__(self, index: int, tally: Tally, calls_allowed: int, note: OnAnomaly) -> None:
        self.index = index
        self._calls_allowed = calls_allowed
        self._note = note
        self.went_on = False
        self.reported_empty_finish = False
        self.in_messages: bool | None = None
        self.reasoning_field = ""
        self.role: str | None = None
        self.finish_reason: str | None = None
        self._tally = tally
        tally.begin(CHOICE_WEIGHT)
        self.parts: list[PartState] = []
        self._marked: MarkedParts | None = None  # created for the first part that the dialect marks
        self._text_part: PartState | None = None  # the marked part that receives text
        # The channels of the latest part of each kind.
        self.text: TextChannel | None = None
        self._reasoning: TextChannel | None = None
        self._refusal: TextChannel | None = None
        self.calls: CallStates | None = None
        self._audio: AudioState | None = None
        self._logprobs: LogprobsState | None = None
        self._fields: JoinedFields | None = None  # in the delta
        self._extra: LatestFields | None = None  # beside the delta

    def begin_text(self) -> TextChannel:
        """Start a text part that the dialect has not announced. Returns its channel."""
        self.text = self._open("text")
        return self.text

    def channel(self, field: str) -> TextChannel | None:
        """Return the channel that receives a text field of a delta; `None` if that text has not started."""
        if field == "content":
            return self.text
        return self._refusal if field == "refusal" else self._reasoning

    def _open(self, kind: str) -> TextChannel:
        channel = TextChannel(TEXT_EVENTS[kind], self.index, self._tally)
        self.parts.append(PartState(kind, channel=channel))
        return channel

    def start_part(self, index: int, kind: str, native: JSONValue = None) -> list[ChatEvent]:
        """Start or resume a part, which then receives all pieces of its kind."""
        marked = self._marked = self._marked or MarkedParts(self._tally)
        events: list[ChatEvent] = []
        part = marked.resumed(index, kind)
        if part is None:
            if kind in TEXT_EVENTS:
                self._open(kind)
            else:
                self.parts.append(PartState(kind))
            part = self.parts[-1]
            marked.begin(index, part, native)
            events.append(PartStarted(index, kind, self.index))
        if kind == "text":
            self.text, self._text_part = part.channel, part
        elif kind == "refusal":
            self._refusal = part.channel
        elif kind in TEXT_EVENTS:
            self._reasoning = part.channel
        return events

    def add_to_part(self, index: int, piece: JSONValue) -> None:
        """Add data to a part that is not carried by a chunk."""
        if self._marked is not None:
            self._marked.add(index, piece)

    def end_part(self, index: int, native: JSONValue, complete: Complete | None, annotations: str) -> list[ChatEvent]:
        """Complete a part and its tool call; for a part that is already complete, replace its native object."""
        events: list[ChatEvent] = []
        if self._marked is None:
            return events
        part = self._marked.get(index)
        if part is not None:
            has_ended = part.is_complete
            if part.slot is not None:
                self._begun_calls().finish_one(part.slot, events)
            self._marked.end(part, native, complete, annotations)
            if not has_ended:
                events.append(PartDone(index, part.snapshot(), self.index))
        return events

    def add_delta(self, delta: ChoiceDelta, events: list[ChatEvent]) -> None:
        """Add a delta: reasoning, text, refusal, audio, tool calls and other fields.

        Raises:
            OutputTooLargeError: The output exceeds one of the limits.
        """
        # The hot path: nine out of ten chunks carry only a piece of text or reasoning.
        if (
            delta.reasoning_content
            or delta.reasoning
            or delta.reasoning_details
            or delta.reasoning_text
            or delta.thinking_blocks
        ):
            self._add_reasoning(delta, events)
        if delta.content:
            events.append((self.text or self.begin_text()).append(delta.content))
        if delta.refusal:
            if self._refusal is None:
                self._refusal = self._open("refusal")
            events.append(self._refusal.append(delta.refusal))
        if delta.audio is not None:
            if self._audio is None:
                self._audio = AudioState(self.index, self._tally)
            events.extend(self._audio.add(delta.audio))
        if delta.tool_calls:
            self._begun_calls().add(delta.tool_calls, events)
        if delta.function_call is not None:
            call = delta.function_call
            said = {"name": call.name, "arguments": call.arguments, **call.extra}
            self._add_fields({"function_call": said})
        if delta.extra:
            self._add_fields(delta.extra)
        if self.role is None and delta.role:
            self.role = delta.role
            self._tally.size += weight(delta.role)

    def add_message(self, message: ChoiceDelta, events: list[ChatEvent]) -> None:
        """Add whatever is new in a whole message that was sent in place of a delta.

        Raises:
            OutputTooLargeError: The output exceeds one of the limits.
        """
        channels = {"content": self.text, "refusal": self._refusal, **dict.fromkeys(REASONING_FIELDS, self._reasoning)}
        so_far = {name: channel.text() for name, channel in channels.items() if channel is not None}
        fields = {} if self._fields is None else self._fields.snapshot()
        if self.in_messages is None:
            self.in_messages = not self.has_begun
        has_audio, in_pieces = self._audio is not None, self.in_messages
        self.add_delta(rest_of_message(message, so_far, fields, has_audio=has_audio, in_pieces=in_pieces), events)
        if message.tool_calls:
            self._begun_calls().add_whole(message.tool_calls, events)

    def _add_reasoning(self, delta: ChoiceDelta, events: list[ChatEvent]) -> None:
        """Add reasoning once, even if several fields carry it."""
        text = delta.reasoning_content or delta.reasoning or delta.reasoning_text
        is_plain = bool(text)
        if delta.reasoning_details or delta.thinking_blocks:
            for name in ("reasoning_details", "thinking_blocks"):
                blocks = getattr(delta, name)
                if blocks:
                    self._add_fields({name: blocks})
                    text = text or "".join(texts_of(blocks))
        if not text:
            return
        if self._reasoning is None:
            self._reasoning = self._open("reasoning")
        if is_plain and not self.reasoning_field:
            self.reasoning_field = next(name for name in REASONING_FIELDS if getattr(delta, name))
        events.append(self._reasoning.append(text))
        # If the fields differ, one is delivered and the others are kept.
        if delta.reasoning and delta.reasoning != text:
            self._add_fields({"reasoning": delta.reasoning})
        if delta.reasoning_text and delta.reasoning_text != text:
            self._add_fields({"reasoning_text": delta.reasoning_text})

    def _begun_calls(self) -> CallStates:
        if self.calls is None:
            self.calls = CallStates(self.index, self._tally, self._calls_allowed, self._note, self._place)
        return self.calls

    def _place(self, slot: Slot) -> bool:
        """Assign a call to the announced part or to a new one. Returns whether the part was announced."""
        last = self.parts[-1] if self.parts else None
        is_announced = last is not None and last.kind == _CALL and last.slot is None
        if not is_announced:
            self.parts.append(PartState(_CALL))
        self.parts[-1].slot = slot
        return is_announced

    def finish_calls(self, *, at_end: bool) -> list[ChatEvent]:
        """Finish open calls: those with complete arguments, or all of them at the end of the stream."""
        return [] if self.calls is None else self.calls.finish(at_end=at_end)

    @property
    def has_begun(self) -> bool:
        """Whether any generated output has come."""
        return bool(self.parts) or self._audio is not None

    @property
    def is_settled(self) -> bool:
        """Whether the choice is complete: it has finished and did not continue, and no call is open."""
        has_open_call = self.calls is not None and self.calls.has_open_call
        return self.finish_reason is not None and not self.went_on and not has_open_call

    def _add_fields(self, fields: Mapping[str, JSONValue]) -> None:
        """Add fields of a delta that belong to the message as a whole or are not in the chunk model."""
        annotations = fields.get("annotations")
        if self._text_part is not None and isinstance(annotations, list):
            # Annotations belong to one part and are complete: they are not merged, even if their index is equal.
            self._tally.size += self._text_part.annotate(annotations)
            fields = {name: value for name, value in fields.items() if name != "annotations"}
        if self._fields is None:
            self._fields = JoinedFields()
        self._tally.size += self._fields.add(fields)

    def add_extra(self, fields: Mapping[str, JSONValue]) -> None:
        """Add fields beside the delta that are not in the chunk model."""
        if self._extra is None:
            self._extra = LatestFields()
        self._tally.size += self._extra.add(fields)

    def add_logprobs(self, piece: ChoiceLogprobs) -> None:
        """Add the log probabilities of a piece."""
        if self._logprobs is None:
            self._logprobs = LogprobsState()
        self._tally.size += self._logprobs.add(piece)

    def snapshot(self, dialect: str) -> Choice:
        """Return the choice so far, which later deltas do not change."""
        message = message_of(
            [part.snapshot() for part in self.parts],
            {} if self._fields is None else self._fields.snapshot(),
            role=self.role or "assistant",
            audio=None if self._audio is None else self._audio.snapshot(),
            dialect=dialect,
            reasoning_field=self.reasoning_field,
        )
        logprobs = None if self._logprobs is None else self._logprobs.snapshot()
        extra = {} if self._extra is None else self._extra.snapshot()
        return Choice(self.index, message, self.finish_reason, logprobs, extra)
