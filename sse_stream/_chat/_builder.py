"""Building events and a completion from chunks. Knows OpenAI's field names, but no provider."""

from __future__ import annotations

from collections.abc import Mapping
from sys import getsizeof

from .._errors import OutputTooLargeError
from .._json._depth import JSONValue
from ._anomalies import AnomalyKind, OnAnomaly
from ._choice_state import ChoiceState
from ._chunks import SPELLING, ChatCompletionChunk, ChoiceDelta, ChunkChoice
from ._completion import ChatCompletion
from ._endings import says_failure
from ._events import (
    AudioDelta,
    ChatEvent,
    ChoiceFinished,
    ReasoningDelta,
    RefusalDelta,
    StreamDone,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from ._limits import Limits
from ._memory import Tally, weight
from ._merging import LatestFields
from ._reasoning import REASONING_FIELDS
from ._reports import Usage
from ._text_channel import TextChannel
from ._usage import UsageState
from ._written import WrittenText

_TEXT_FIELDS = ("content", "refusal", *REASONING_FIELDS)
_CONTENT = (ReasoningDelta, TextDelta, RefusalDelta, AudioDelta, ToolCallStarted, ToolCallDelta)


def _ignore(kind: AnomalyKind, sample: str) -> None: ...


class CompletionBuilder:
    """Accumulates chunks: turns each into events, and all of them into a completion.

    The cost of `add` depends only on the size of the chunk, and the cost of a snapshot only on its own size. The
    builder keeps parts of the chunks that it is given, so a chunk that is used elsewhere must be copied first.

    Args:
        limits: How much may be kept.
        on_anomaly: Called with the kind and an excerpt of each anomaly that shows only across chunks.
        dialect: The name of the wire format.

    Attributes:
        dialect: That name.
        tally: Counts what has been kept, and the generated pieces.
    """

    __slots__ = (
        "_choices",
        "_created",
        "_extra",
        "_fields",
        "_id",
        "_last_id",
        "_last_model",
        "_limits",
        "_model",
        "_note",
        "_usage",
        "dialect",
        "tally",
    )

    def __init__(self, limits: Limits, on_anomaly: OnAnomaly | None, dialect: str) -> None:
        self._limits = limits
        self._note = _ignore if on_anomaly is None else on_anomaly
        self.dialect = dialect
        self._id: str | None = None
        self._model: str | None = None
        self._created: int | None = None
        self._last_id: str | None = None  # of the previous chunk
        self._last_model: str | None = None
        self._choices: dict[int, ChoiceState] = {}
        self._usage: UsageState | None = None
        self._fields: dict[str, str] = {}
        self._extra: LatestFields | None = None  # fields that are not in the chunk model
        self.tally = Tally(limits.output_size)

    @property
    def usage(self) -> Usage | None:
        """The last value of each count so far; `None` if none was reported."""
        return None if self._usage is None else self._usage.snapshot()

    @property
    def unfinished(self) -> list[int]:
        """The indices of the choices that have no finish reason yet."""
        return sorted(index for index, state in self._choices.items() if state.finish_reason is None)

    @property
    def begun(self) -> bool:
        """Whether any choice has started."""
        return bool(self._choices)

    @property
    def is_settled(self) -> bool:
        """Whether the answer is complete: each choice has finished and did not continue, and no call is open."""
        return bool(self._choices) and all(state.is_settled for state in self._choices.values())

    @property
    def failure(self) -> str | None:
        """The first finish reason that reports a failure of the provider; `None` if none does."""
        for _, state in sorted(self._choices.items()):
            if state.finish_reason and says_failure(state.finish_reason):
                return state.finish_reason
        return None

    def snapshot(self) -> ChatCompletion:
        """Return the completion so far, which later chunks do not change."""
        return ChatCompletion(
            id=self._id,
            model=self._model,
            created=self._created,
            choices=[self._choices[index].snapshot(self.dialect) for index in sorted(self._choices)],
            usage=self.usage,
            extra={**self._fields, **({} if self._extra is None else self._extra.snapshot())},
            dialect=self.dialect,
        )

    def written(self, choice: int, tool_call: int | None) -> WrittenText:
        """Return a reader for the content of a choice, or for the arguments of one of its calls, as it grows."""
        return WrittenText(self._choices, choice, tool_call)

    def add(self, chunk: ChatCompletionChunk) -> list[ChatEvent]:
        """Add one chunk.

        Returns:
            Its events, choice by choice: reasoning, text, refusal, audio, tool calls, finish; then usage. An empty list
            if the chunk adds nothing.

        Raises:
            OutputTooLargeError: The output exceeds one of the limits.
        """
        events: list[ChatEvent] = []
        # Measured as "text of Anthropic": most chunks name nothing new.
        if (
            (chunk.id and chunk.id != self._last_id)
            or (chunk.model and chunk.model != self._last_model)
            or (chunk.created and not self._created)
        ):
            self._name(chunk)
        for choice in chunk.choices:
            state = self._choices.get(choice.index) or self._begin_choice(choice.index)
            before = len(events)
            field = state.reasoning_field
            state.add_delta(choice.delta, events)
            if choice.message is not None:
                self._add_message(state, choice.message, events, before)
            if state.reasoning_field is not field:  # the first reasoning of the choice; the dialect may know its place
                state.reasoning_field = getattr(chunk, SPELLING, {}).get(choice.index, state.reasoning_field)
            if state.finish_reason is not None:
                self._go_on(state, choice, events[before:])
            if choice.finish_reason is not None:
                self._finish(state, choice.finish_reason, events)
            if choice.logprobs is not None:
                state.add_logprobs(choice.logprobs)
            if choice.extra:
                state.add_extra(choice.extra)
        self._add_beside(chunk, events)
        if self.tally.size > self.tally.limit:
            self.tally.check()
        return events

    def choice(self, index: int) -> ChoiceState:
        """Return the choice, starting it if necessary."""
        return self._choices.get(index) or self._begin_choice(index)

    def close(self) -> list[ChatEvent]:
        """End a complete stream. Returns the last events: `ToolCallDone` for each open call, then `StreamDone`."""
        events: list[ChatEvent] = []
        for index in sorted(self._choices):
            events.extend(self._choices[index].finish_calls(at_end=True))
        events.append(StreamDone(self.snapshot()))
        return events

    def repeating(self, chunk: ChatCompletionChunk) -> TextChannel | None:
        """Find out whether the chunk just added, repeated with another text, would only append that text.

        Returns:
            The channel that would receive the text; `None` if the chunk would change anything else.
        """
        if len(chunk.choices) != 1 or chunk.usage is not None or chunk.moderation is not None:
            return None
        (choice,) = chunk.choices
        delta = choice.delta
        state = self._choices[choice.index]
        if state.finish_reason is not None or choice.logprobs is not None or choice.message is not None:
            return None
        if delta.extra or delta.tool_calls or delta.audio is not None or delta.function_call is not None:
            return None
        if delta.reasoning_details or delta.thinking_blocks:
            return None
        fields = [field for field in _TEXT_FIELDS if getattr(delta, field)]
        return state.channel(fields[0]) if len(fields) == 1 else None

    def _name(self, chunk: ChatCompletionChunk) -> None:
        """Take id, model and creation time. The first nonempty value counts, and a different one is an anomaly."""
        before = self._id, self._model
        if chunk.id and chunk.id != self._last_id:
            if self._last_id:
                self._note("id_changed", f"{chunk.id!r} after {self._last_id!r}")
            self._last_id = chunk.id
        if chunk.model and chunk.model != self._last_model:
            if self._last_model:
                self._note("model_changed", f"{chunk.model!r} after {self._last_model!r}")
            self._last_model = chunk.model
        self._id = self._id or chunk.id or None
        self._model = self._model or chunk.model or None
        self._created = self._created or chunk.created or None
        self.tally.size += weight(self._id, self._model) - weight(*before)

    def _begin_choice(self, index: int) -> ChoiceState:
        allowed = self._limits.choices
        if len(self._choices) >= allowed:
            raise OutputTooLargeError(
                f"the stream has more than {allowed} choices, the limit set by Limits.choices", limit="choices"
            )
        state = self._choices[index] = ChoiceState(index, self.tally, self._limits.tool_calls, self._note)
        return state

    def _add_beside(self, chunk: ChatCompletionChunk, events: list[ChatEvent]) -> None:
        """Add the fields beside the choices."""
        fields = self._fields
        if chunk.system_fingerprint is not None and chunk.system_fingerprint != fields.get("system_fingerprint"):
            self.set_field("system_fingerprint", chunk.system_fingerprint)
        if chunk.service_tier is not None and chunk.service_tier != fields.get("service_tier"):
            self.set_field("service_tier", chunk.service_tier)
        if chunk.obfuscation is not None:
            self.set_field("obfuscation", chunk.obfuscation)
        if chunk.moderation is not None:
            self._add_extra({"moderation": chunk.moderation})
        if chunk.extra:
            self._add_extra(chunk.extra)
        if chunk.usage is not None:
            if self._usage is None:
                self._usage = UsageState(self._note)
            usage, growth = self._usage.add(chunk.usage)
            self.tally.size += growth
            if usage is not None:
                events.append(UsageReported(usage))

    def set_field(self, name: str, value: str) -> None:
        """Set a field of the chunk model beside the choices. The last value counts."""
        before = self._fields.get(name)
        self.tally.size += getsizeof(value) - (0 if before is None else getsizeof(before))
        self._fields[name] = value

    def _add_extra(self, fields: Mapping[str, JSONValue]) -> None:
        if self._extra is None:
            self._extra = LatestFields()
        self.tally.size += self._extra.add(fields)

    def _add_message(self, state: ChoiceState, message: ChoiceDelta, events: list[ChatEvent], before: int) -> None:
        """Add a whole message that replaces a delta. Beside a delta, it is an anomaly and the delta counts."""
        if len(events) > before:
            self._note("message_beside_delta", message.content or "")
            if message.extra:
                state.add_extra({"message": dict(message.extra)})
            return
        has_begun = state.has_begun
        state.add_message(message, events)
        is_piece = state.in_messages and len(events) > before
        if has_begun and not is_piece:
            self._note("message_repeated", message.content or "")

    def _go_on(self, state: ChoiceState, choice: ChunkChoice, said: list[ChatEvent]) -> None:
        """Note that a finished choice has continued."""
        if any(isinstance(event, _CONTENT) for event in said):
            state.went_on = True
            self._note("content_after_finish", repr(choice.delta))

    def _finish(self, state: ChoiceState, reason: str, events: list[ChatEvent]) -> None:
        before = state.finish_reason
        if not reason:
            if not state.reported_empty_finish:  # once per choice, because some servers send it with every chunk
                state.reported_empty_finish = True
                self._note("empty_finish_reason", f"choice {state.index}")
            return
        if before is not None and reason != before:
            self._note("finish_repeated", f"{reason!r} after {before!r}")
        self.tally.size += weight(reason) - weight(before)
        state.finish_reason = reason
        events.extend(state.finish_calls(at_end=False))
        if before is None:
            events.append(ChoiceFinished(reason, state.index))
