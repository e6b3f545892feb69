"""Converting Anthropic's events to chunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from .._chat._chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
    ChunkChoice,
    with_source,
)
from .._chat._model import NOTHING
from .._chat._reports import Usage
from .._json._depth import JSONValue
from ._anthropic_usage import UsageCounts
from ._base import AnomalyFound, Item

Object: TypeAlias = Mapping[str, JSONValue]

_MESSAGE_FIELDS = frozenset(
    {"id", "type", "role", "model", "content", "usage", "stop_reason", "stop_sequence", "stop_details"}
)


class Chunks:
    """Makes the chunks of one stream.

    Attributes:
        id: The id of the message, put into every chunk; `None` until it is known.
        model: The name of the model, likewise.
        object: OpenAI's name for a chunk.
    """

    __slots__ = ("_counts", "id", "model")

    object = "chat.completion.chunk"

    def __init__(self) -> None:
        self.id: str | None = None
        self.model: str | None = None
        self._counts = UsageCounts()

    def of(self, delta: ChoiceDelta, source: str) -> ChatCompletionChunk:
        """Make a chunk with this delta, decoded from this event."""
        return self._chunk([ChunkChoice(0, delta)], source)

    @staticmethod
    def arguments(call: int, text: str) -> ChoiceDelta:
        """Make the delta for a piece of a tool call's arguments."""
        function = ChoiceDeltaFunctionCall(None, text)
        return ChoiceDelta(tool_calls=[ChoiceDeltaToolCall(call, None, None, function)])

    @staticmethod
    def call(call: int, block: Object) -> ChoiceDelta:
        """Make the delta that starts a tool call."""
        function = ChoiceDeltaFunctionCall(_text(block.get("name")))
        return ChoiceDelta(tool_calls=[ChoiceDeltaToolCall(call, _text(block.get("id")), "function", function)])

    def start(self, message: Object, usage: JSONValue, source: str) -> Iterable[Item]:
        """Start the message."""
        self.id = _text(message.get("id"))
        self.model = _text(message.get("model"))
        report, *anomalies = self._report(usage)
        yield from anomalies
        delta = ChoiceDelta(role=_text(message.get("role")))
        yield self._chunk([ChunkChoice(0, delta)], source, report, _rest(message, _MESSAGE_FIELDS))

    def finish(self, delta: Object, beside: Object, source: str) -> Iterable[Item]:
        """Make the chunk of a stop reason, of usage, or of both.

        Args:
            delta: The object with the stop reason and related fields.
            beside: The object around it, with the usage and fields of the message.
            source: The event.
        """
        reason = delta.get("stop_reason")
        if reason == "":
            yield AnomalyFound("empty_finish_reason", "stop_reason: ''")
        elif reason is not None and not isinstance(reason, str):
            yield AnomalyFound("odd_type", f"stop_reason: {reason!r}")
        report, *anomalies = self._report(beside.get("usage"))
        yield from anomalies
        choice = ChunkChoice(0, finish_reason=_text(reason), extra=_rest(delta, {"stop_reason"}) or NOTHING)
        yield self._chunk([choice], source, report, _rest(beside, {"type", "delta", "usage"}))

    def beside(self, value: Object, known: AbstractSet[str], source: str) -> Iterable[Item]:
        """Make a chunk for the fields that a server has added to an event, if any."""
        extra = _rest(value, known)
        return (self._chunk([], source, None, extra),) if extra else ()

    def _report(self, usage: JSONValue) -> tuple[Usage | None, *tuple[AnomalyFound, ...]]:
        """Return the usage including a report, followed by the anomalies in it."""
        if usage is None:
            return (None,)
        if not isinstance(usage, dict):
            return None, AnomalyFound("odd_type", f"usage: {usage!r}")
        anomalies: list[AnomalyFound] = []
        report = self._counts.report(usage, lambda fall: anomalies.append(AnomalyFound("usage_fell", fall)))
        return report, *anomalies

    def _chunk(
        self, choices: list[ChunkChoice], source: str, usage: Usage | None = None, extra: Object = NOTHING
    ) -> ChatCompletionChunk:
        chunk = ChatCompletionChunk(self.id, self.object, None, self.model, choices, usage, extra=extra or NOTHING)
        return with_source(chunk, source or None)  # the end of the body is no event


def _text(value: JSONValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _rest(value: Object, known: AbstractSet[str]) -> Object:
    return {name: item for name, item in value.items() if name not in known and item is not None}
