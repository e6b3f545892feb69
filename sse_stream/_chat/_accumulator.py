"""Chunks in, events and a completion out. No provider is known here, only OpenAI's field names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from .._errors import OutputTooLargeError
from .._json._depth import JSONValue
from ._anomalies import OnAnomaly
from ._choice_state import AudioState, ChoiceState, LogprobsState, Speech, SpokenField, Voice
from ._chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChoiceDeltaAudio,
    ChoiceDeltaToolCall,
    ChunkChoice,
)
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
    ToolCallDone,
    ToolCallStarted,
    UsageReported,
)
from ._limits import Limits
from ._merging import Pieces, Statements, weight
from ._reports import ChoiceLogprobs, TokenLogprob, TopLogprob, Usage
from ._tool_calls import Slot
from ._usage import extras_weight, merged_usage

# About what one token with its log probability takes in memory, in characters, besides its text.
_LOGPROB_WEIGHT = 100


class ChatAccumulator:
    """Adds chunks up: tells what each says, and what all have said so far.

    Adding costs what the chunk holds, a snapshot costs what it returns, however much has passed.

    Args:
        limits: How much may be accumulated.
        on_anomaly: Told each deviation that shows only over several chunks, with an excerpt: a finish
            reason given twice, content after it.

    >>> accumulator = ChatAccumulator()
    >>> accumulator.add(ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"content": "Hi"}}]}))
    [TextDelta(text='Hi', choice=0)]
    >>> accumulator.completion.text
    'Hi'
    """

    __slots__ = (
        "_calls",
        "_choices",
        "_created",
        "_extra",
        "_id",
        "_limits",
        "_max_size",
        "_model",
        "_on_anomaly",
        "_size",
        "_stated",
        "_unnamed",
        "_usage",
        "pieces",
    )

    def __init__(self, *, limits: Limits = Limits(), on_anomaly: OnAnomaly | None = None) -> None:
        self._limits = limits
        self._max_size = limits.output_size
        self._on_anomaly = on_anomaly
        self._id: str | None = None
        self._model: str | None = None
        self._created: int | None = None
        self._choices: dict[int, ChoiceState] = {}
        self._usage: Usage | None = None
        self._stated: dict[str, JSONValue] = {}  # what the model names beside the choices: last values
        self._extra = Statements()  # and what it does not name
        self._unnamed = True  # whether id, model or time are still to come
        self._size = 0
        self._calls = 0
        self.pieces = 0  # generated pieces of any channel, for whoever measures time to the first

    @property
    def completion(self) -> ChatCompletion:
        """What has arrived so far, as a snapshot: later chunks do not change it."""
        return ChatCompletion(
            id=self._id,
            model=self._model,
            created=self._created,
            choices=[self._choices[index].snapshot() for index in sorted(self._choices)],
            usage=self.usage,
            extra={**self._stated, **self._extra.snapshot()},
        )

    @property
    def usage(self) -> Usage | None:
        """The last value of each count so far; `None` where none came."""
        return None if self._usage is None else self._usage.copied()

    @property
    def unfinished(self) -> list[int]:
        """The choices seen that have given no finish reason, by index."""
        return sorted(index for index, state in self._choices.items() if state.finish_reason is None)

    @property
    def begun(self) -> bool:
        """Whether any choice has been seen."""
        return bool(self._choices)

    def add(self, chunk: ChatCompletionChunk) -> list[ChatEvent]:
        """Add one chunk.

        Returns:
            What it says, choice by choice: reasoning, text, refusal, audio, tool calls, finish; then the
            usage. An empty list if it says nothing.

        Raises:
            OutputTooLargeError: It would take more than `limits` allows.
        """
        events: list[ChatEvent] = []
        if self._unnamed:
            self._id = self._id or chunk.id or None
            self._model = self._model or chunk.model or None
            self._created = self._created or chunk.created or None
            self._unnamed = not (self._id and self._model and self._created)
        for choice in chunk.choices:
            index = choice.index
            state = self._choices.get(index)
            if state is None:
                state = self._begin_choice(index)
            delta = choice.delta
            before = len(events)
            # The measured path: nine chunks of ten carry a piece of text or reasoning, and nothing else.
            reasoning = delta.reasoning_content or delta.reasoning
            if reasoning or delta.reasoning_details:
                self._add_reasoning(state, delta, reasoning, events)
            content = delta.content
            if content:
                state.add_text(content)
                self._size += len(content)
                self.pieces += 1
                events.append(TextDelta(content, index))
            if delta.refusal:
                state.refusal.write(delta.refusal)
                self._size += len(delta.refusal)
                self.pieces += 1
                events.append(RefusalDelta(delta.refusal, choice.index))
            if delta.audio is not None:
                self._add_audio(state, delta.audio, events)
            if delta.tool_calls:
                self._add_tool_calls(state, delta.tool_calls, events)
            if delta.function_call is not None or delta.extra:
                self._add_fields(state, delta)
            if state.role is None and delta.role:
                state.role = delta.role
                self._size += len(delta.role)
            if state.finish_reason is not None:
                self._go_on(state, choice, events[before:])
            if choice.finish_reason:
                self._finish(state, choice.finish_reason, events)
            if choice.logprobs is not None:
                self._add_logprobs(state, choice.logprobs)
            if choice.extra:
                self._size += state.extra.add(choice.extra)
        if chunk.service_tier is not None:
            self._stated["service_tier"] = chunk.service_tier
        if chunk.system_fingerprint is not None:
            self._stated["system_fingerprint"] = chunk.system_fingerprint
        if chunk.obfuscation is not None:
            self._stated["obfuscation"] = chunk.obfuscation
        if chunk.moderation is not None:
            self._size += self._extra.add({"moderation": chunk.moderation})
        if chunk.extra:
            self._size += self._extra.add(chunk.extra)
        if chunk.usage is not None:
            self._add_usage(chunk.usage, events)
        if self._size > self._max_size:
            self._refuse("output_size", self._max_size, "characters of output")
        return events

    def _voice(self, chunk: ChatCompletionChunk) -> Voice | None:
        """What the chunk that was just added would do, if it came again with another text.

        Returns:
            Where that text goes, if it were all that is new; `None` if anything else would change.
        """
        if len(chunk.choices) != 1 or chunk.usage is not None or chunk.moderation is not None:
            return None
        choice = chunk.choices[0]
        delta = choice.delta
        state = self._choices[choice.index]
        if state.finish_reason is not None or choice.logprobs is not None:
            return None
        if delta.extra or delta.tool_calls or delta.reasoning_details:
            return None
        if delta.audio is not None or delta.function_call is not None:
            return None
        spoken: list[SpokenField] = [field for field in _SPOKEN if getattr(delta, field)]
        return state.voice(spoken[0]) if len(spoken) == 1 else None

    def _say(self, voice: Voice, text: str) -> Speech | None:
        """What `add` does for a chunk that says nothing but a text; `None`, and nothing, if it is empty or too long."""
        size = self._size + len(text)
        if not text or size > self._max_size:
            return None
        self._size = size
        self.pieces += 1
        voice.write(text)
        return voice.event(text, voice.index)

    def close(self) -> list[ChatEvent]:
        """The events of a stream that ended well: the tool calls still open are done, and so is the stream."""
        events: list[ChatEvent] = []
        for index in sorted(self._choices):
            state = self._choices[index]
            events.extend(self._done(state, state.slots.take_open()))
        events.append(StreamDone(self.completion))
        return events

    def _begin_choice(self, index: int) -> ChoiceState:
        if len(self._choices) >= self._limits.choices:
            self._refuse("choices", self._limits.choices, "choices")
        state = self._choices[index] = ChoiceState(index)
        return state

    def _refuse(self, limit: str, allowed: int, what: str) -> NoReturn:
        raise OutputTooLargeError(
            f"the stream holds more than {allowed} {what}, the limit of Limits.{limit}", limit=limit
        )

    def _add_reasoning(self, state: ChoiceState, delta: ChoiceDelta, text: str | None, events: list[ChatEvent]) -> None:
        if delta.reasoning_details:
            self._size += state.fields.add({"reasoning_details": delta.reasoning_details})
            if not text:
                text = "".join(_texts(delta.reasoning_details))
        if not text:
            return
        state.reasoning.write(text)
        self._size += len(text)
        self.pieces += 1
        events.append(ReasoningDelta(text, state.index))
        if delta.reasoning and delta.reasoning != text:
            # Two spellings that differ: one is delivered, the other is not lost.
            self._size += state.fields.add({"reasoning": delta.reasoning})

    def _add_audio(self, state: ChoiceState, piece: ChoiceDeltaAudio, events: list[ChatEvent]) -> None:
        audio = state.audio
        if audio is None:
            audio = state.audio = AudioState()
        if piece.id and not audio.id:
            audio.id = piece.id
            self._size += len(piece.id)
        if piece.data:
            audio.data.write(piece.data)
            self._size += len(piece.data)
        if piece.transcript:
            audio.transcript.write(piece.transcript)
            self._size += len(piece.transcript)
        if piece.expires_at is not None:
            audio.expires_at = piece.expires_at
        if piece.extra:
            self._size += audio.extra.add(piece.extra)
        event = AudioDelta(
            piece.id or None, piece.data or None, piece.transcript or None, piece.expires_at, state.index
        )
        if event != AudioDelta(choice=state.index):
            self.pieces += 1
            events.append(event)

    def _add_tool_calls(
        self, state: ChoiceState, pieces: Iterable[ChoiceDeltaToolCall], events: list[ChatEvent]
    ) -> None:
        slots = state.slots
        slots.begin_delta()
        for piece in pieces:
            function = piece.function
            name = arguments = None
            if function is not None:
                name, arguments = function.name, function.arguments
            if not (piece.id or name or arguments or piece.extra or (function is not None and function.extra)):
                continue  # says nothing, so no call is meant
            known = len(slots.all)
            slot = slots.find(piece)
            if name and not slot.name:
                slot.name = name
            self._size += len(piece.id or "") + len(name or "")
            if len(slots.all) > known:
                events.extend(self._done(state, slots.take_preceding()))
                self._calls += 1
                if self._calls > self._limits.tool_calls:
                    self._refuse("tool_calls", self._limits.tool_calls, "tool calls")
                self.pieces += 1
                events.append(ToolCallStarted(slot.index, slot.id, slot.name, state.index))
            if arguments:
                slot.add_arguments(arguments)
                self._size += len(arguments)
                self.pieces += 1
                events.append(ToolCallDelta(slot.index, arguments, state.index))
            if piece.extra:
                self._add_call_extra(slot, piece.extra)
            if function is not None and function.extra:
                self._add_call_extra(slot, {"function": dict(function.extra)})

    def _add_call_extra(self, slot: Slot, extra: JSONValue) -> None:
        if slot.extra is None:
            slot.extra = Pieces()
        self._size += slot.extra.add(extra)

    def _done(self, state: ChoiceState, slots: Iterable[Slot]) -> list[ChatEvent]:
        return [ToolCallDone(slot.index, slot.snapshot(), state.index) for slot in slots]

    def _add_fields(self, state: ChoiceState, delta: ChoiceDelta) -> None:
        call = delta.function_call
        if call is not None:
            said = {"name": call.name, "arguments": call.arguments, **call.extra}
            self._size += state.fields.add({"function_call": said})
        if delta.extra:
            self._size += state.fields.add(delta.extra)

    def _go_on(self, state: ChoiceState, choice: ChunkChoice, said: Iterable[ChatEvent]) -> None:
        """A choice that has finished comes again: with nothing new, or with what should not have come."""
        if self._on_anomaly is None:
            return
        if choice.finish_reason:
            self._on_anomaly("finish_repeated", f"{choice.finish_reason!r} after {state.finish_reason!r}")
        if any(isinstance(event, _CONTENT) for event in said):
            self._on_anomaly("content_after_finish", repr(choice.delta))

    def _finish(self, state: ChoiceState, reason: str, events: list[ChatEvent]) -> None:
        first = state.finish_reason is None
        state.finish_reason = reason
        self._size += len(reason)
        events.extend(self._done(state, state.slots.take_open()))
        if first:
            events.append(ChoiceFinished(reason, state.index))

    def _add_logprobs(self, state: ChoiceState, piece: ChoiceLogprobs) -> None:
        logprobs = state.logprobs
        if logprobs is None:
            logprobs = state.logprobs = LogprobsState()
        for name in ("content", "refusal"):
            tokens: list[TokenLogprob] | None = getattr(piece.copied(), name)
            if tokens is not None:
                kept = getattr(logprobs, name)
                if kept is None:
                    setattr(logprobs, name, list(tokens))
                else:
                    kept.extend(tokens)
                for token in tokens:
                    self._size += _logprob_weight(token) + sum(map(_logprob_weight, token.top_logprobs or ()))
        if piece.extra:
            self._size += logprobs.extra.add(piece.extra)

    def _add_usage(self, usage: Usage, events: list[ChatEvent]) -> None:
        merged = merged_usage(self._usage, usage)
        if merged is not None:
            self._usage = merged = merged.copied()
            # Each report holds all that is known so far, so what it holds counts each time.
            self._size += extras_weight(merged)
            events.append(UsageReported(merged.copied()))


_SPOKEN: tuple[SpokenField, ...] = ("content", "refusal", "reasoning_content", "reasoning")
_CONTENT = (ReasoningDelta, TextDelta, RefusalDelta, AudioDelta, ToolCallStarted, ToolCallDelta)


def _logprob_weight(token: TokenLogprob | TopLogprob) -> int:
    return _LOGPROB_WEIGHT + len(token.token) + len(token.bytes or ()) + (weight(token.extra) if token.extra else 0)


def _texts(details: Iterable[JSONValue]) -> Iterable[str]:
    """What reasoning in structured pieces says: the `text` of each, or its `summary`."""
    for detail in details:
        if isinstance(detail, dict):
            said = detail.get("text") or detail.get("summary")
            if isinstance(said, str):
                yield said
