"""Chunks in, events and a completion out. No provider is known here, only OpenAI's field names."""

from __future__ import annotations

from collections.abc import Mapping
from sys import getsizeof
from typing import NoReturn

from .._errors import OutputTooLargeError
from .._json._depth import JSONValue
from ._anomalies import OnAnomaly
from ._choice_state import ChoiceState
from ._chunks import ChatCompletionChunk, ChunkChoice
from ._completion import ChatCompletion
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
from ._reports import Usage
from ._text_channel import TextChannel
from ._usage import UsageState

_TEXT_FIELDS = ("content", "refusal", "reasoning_content", "reasoning")
_CONTENT = (ReasoningDelta, TextDelta, RefusalDelta, AudioDelta, ToolCallStarted, ToolCallDelta)


class CompletionBuilder:
    """Adds chunks up: tells what each says, and what all have said so far.

    Adding costs what the chunk holds, a snapshot costs what it returns, however much has passed. What is added is
    kept: a chunk that somebody else has too is to be copied first.

    Args:
        limits: How much may be kept.
        on_anomaly: Told each deviation that shows only over several chunks, with an excerpt.
        dialect: The name of the wire format, for the completion.

    Attributes:
        tally: What has been kept, and how many pieces there were.
    """

    __slots__ = (
        "_choices",
        "_created",
        "_dialect",
        "_extra",
        "_id",
        "_limits",
        "_model",
        "_on_anomaly",
        "_stated",
        "_unnamed",
        "_usage",
        "tally",
    )

    def __init__(self, limits: Limits, on_anomaly: OnAnomaly | None, dialect: str) -> None:
        self._limits = limits
        self._on_anomaly = on_anomaly
        self._dialect = dialect
        self._id: str | None = None
        self._model: str | None = None
        self._created: int | None = None
        self._unnamed = True  # whether id, model or time are still to come
        self._choices: dict[int, ChoiceState] = {}
        self._usage: UsageState | None = None
        self._stated: dict[str, str] = {}
        self._extra: LatestFields | None = None  # what the model does not name
        self.tally = Tally(limits.output_size)

    @property
    def usage(self) -> Usage | None:
        """The last value of each count so far; `None` where none came."""
        return None if self._usage is None else self._usage.snapshot()

    @property
    def unfinished(self) -> list[int]:
        """The choices seen that have given no finish reason, by index."""
        return sorted(index for index, state in self._choices.items() if state.finish_reason is None)

    @property
    def begun(self) -> bool:
        """Whether any choice has been seen."""
        return bool(self._choices)

    def snapshot(self) -> ChatCompletion:
        """What has arrived so far: later chunks do not change it."""
        return ChatCompletion(
            id=self._id,
            model=self._model,
            created=self._created,
            choices=[self._choices[index].snapshot(self._dialect) for index in sorted(self._choices)],
            usage=self.usage,
            extra={**self._stated, **({} if self._extra is None else self._extra.snapshot())},
            dialect=self._dialect,
        )

    def add(self, chunk: ChatCompletionChunk) -> list[ChatEvent]:
        """Add one chunk.

        Returns:
            What it says, choice by choice: reasoning, text, refusal, audio, tool calls, finish; then the
            usage. An empty list if it says nothing.

        Raises:
            OutputTooLargeError: It would take more than the limits allow.
        """
        events: list[ChatEvent] = []
        if self._unnamed and (chunk.id is not self._id or chunk.model is not self._model or chunk.created):
            self._name(chunk)
        for choice in chunk.choices:
            state = self._choices.get(choice.index) or self._begin_choice(choice.index)
            delta = choice.delta
            before = len(events)
            # The measured path: nine chunks of ten carry a piece of text or reasoning, and nothing else.
            if delta.reasoning_content or delta.reasoning or delta.reasoning_details:
                state.add_reasoning(delta, events)
            if delta.content:
                events.append((state.text or state.begin_text()).append(delta.content))
            if delta.refusal:
                state.add_refusal(delta.refusal, events)
            if delta.audio is not None:
                state.add_audio(delta.audio, events)
            if delta.tool_calls:
                state.add_tool_calls(delta.tool_calls, self._limits.tool_calls, events)
            if delta.function_call is not None:
                call = delta.function_call
                said = {"name": call.name, "arguments": call.arguments, **call.extra}
                state.add_fields({"function_call": said})
            if delta.extra:
                state.add_fields(delta.extra)
            if state.role is None and delta.role:
                state.role = delta.role
                self.tally.size += weight(delta.role)
            if state.finish_reason is not None:
                self._go_on(state, choice, events[before:])
            if choice.finish_reason:
                self._finish(state, choice.finish_reason, events)
            if choice.logprobs is not None:
                state.add_logprobs(choice.logprobs)
            if choice.extra:
                state.add_extra(choice.extra)
        self._add_beside(chunk, events)
        if self.tally.size > self.tally.limit:
            self.tally.check()
        return events

    def start_part(self, choice: int, index: int, kind: str) -> list[ChatEvent]:
        """A part of a choice begins."""
        state = self._choices.get(choice) or self._begin_choice(choice)
        return [state.start_part(index, kind)]

    def end_part(self, choice: int, index: int, native: JSONValue) -> list[ChatEvent]:
        """A part of a choice is complete."""
        state = self._choices.get(choice) or self._begin_choice(choice)
        events: list[ChatEvent] = [*state.end_part(index, native)]
        self.tally.check()
        return events

    def close(self) -> list[ChatEvent]:
        """The events of a stream that ended well: the tool calls still open are done, and so is the stream."""
        events: list[ChatEvent] = []
        for index in sorted(self._choices):
            events.extend(self._choices[index].finish_calls())
        events.append(StreamDone(self.snapshot()))
        return events

    def repeating(self, chunk: ChatCompletionChunk) -> TextChannel | None:
        """What the chunk that was just added would do, if it came again with another text.

        Returns:
            Where that text would go, if it were all that is new; `None` if anything else would change.
        """
        if len(chunk.choices) != 1 or chunk.usage is not None or chunk.moderation is not None:
            return None
        (choice,) = chunk.choices
        delta = choice.delta
        state = self._choices[choice.index]
        if state.finish_reason is not None or choice.logprobs is not None or delta.extra or delta.tool_calls:
            return None
        if delta.reasoning_details or delta.audio is not None or delta.function_call is not None:
            return None
        fields = [field for field in _TEXT_FIELDS if getattr(delta, field)]
        return state.channel(fields[0]) if len(fields) == 1 else None

    def _name(self, chunk: ChatCompletionChunk) -> None:
        before = self._id, self._model
        self._id = self._id or chunk.id or None
        self._model = self._model or chunk.model or None
        self._created = self._created or chunk.created or None
        self._unnamed = not (self._id and self._model and self._created)
        self.tally.size += weight(self._id, self._model) - weight(*before)

    def _begin_choice(self, index: int) -> ChoiceState:
        if len(self._choices) >= self._limits.choices:
            self._refuse_choice(self._limits.choices)
        state = self._choices[index] = ChoiceState(index, self.tally)
        return state

    def _refuse_choice(self, allowed: int) -> NoReturn:
        raise OutputTooLargeError(
            f"the stream holds more than {allowed} choices, the limit of Limits.choices", limit="choices"
        )

    def _add_beside(self, chunk: ChatCompletionChunk, events: list[ChatEvent]) -> None:
        """What stands beside the choices."""
        stated = self._stated
        if chunk.system_fingerprint is not None and chunk.system_fingerprint != stated.get("system_fingerprint"):
            self.state("system_fingerprint", chunk.system_fingerprint)
        if chunk.service_tier is not None and chunk.service_tier != stated.get("service_tier"):
            self.state("service_tier", chunk.service_tier)
        if chunk.obfuscation is not None:
            self.state("obfuscation", chunk.obfuscation)
        if chunk.moderation is not None:
            self._add_extra({"moderation": chunk.moderation})
        if chunk.extra:
            self._add_extra(chunk.extra)
        if chunk.usage is not None:
            if self._usage is None:
                self._usage = UsageState()
            usage, growth = self._usage.add(chunk.usage)
            self.tally.size += growth
            if usage is not None:
                events.append(UsageReported(usage))

    def state(self, name: str, value: str) -> None:
        """A field beside the choices that the model names: the last value counts."""
        before = self._stated.get(name)
        self.tally.size += getsizeof(value) - (0 if before is None else getsizeof(before))
        self._stated[name] = value

    def _add_extra(self, fields: Mapping[str, JSONValue]) -> None:
        if self._extra is None:
            self._extra = LatestFields()
        self.tally.size += self._extra.add(fields)

    def _go_on(self, state: ChoiceState, choice: ChunkChoice, said: list[ChatEvent]) -> None:
        """A choice that has finished comes again: with nothing new, or with what should not have come."""
        if self._on_anomaly is None:
            return
        if choice.finish_reason:
            self._on_anomaly("finish_repeated", f"{choice.finish_reason!r} after {state.finish_reason!r}")
        if any(isinstance(event, _CONTENT) for event in said):
            self._on_anomaly("content_after_finish", repr(choice.delta))

    def _finish(self, state: ChoiceState, reason: str, events: list[ChatEvent]) -> None:
        first = state.finish_reason is None
        self.tally.size += weight(reason) - weight(state.finish_reason)
        state.finish_reason = reason
        events.extend(state.finish_calls())
        if first:
            events.append(ChoiceFinished(reason, state.index))
