"""Accumulating chunks that were decoded elsewhere."""

from __future__ import annotations

from typing import NoReturn, SupportsIndex

from .._json._copying import refusal_to_copy
from ._anomalies import OnAnomaly
from ._builder import CompletionBuilder
from ._chunks import ChatCompletionChunk
from ._completion import ChatCompletion
from ._copies import chunk_to_keep
from ._events import ChatEvent
from ._limits import Limits


class ChatAccumulator:
    """Accumulates chunks: turns each into events, and all of them into a completion.

    The cost of `add` depends only on the size of the chunk, and the cost of a snapshot only on its own size.

    Args:
        limits: How much may be accumulated.
        on_anomaly: Called with the kind and an excerpt of each anomaly that shows only across chunks, such as a second
            finish reason, or content after one.

    >>> accumulator = ChatAccumulator()
    >>> accumulator.add(ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"content": "Hi"}}]}))
    [TextDelta(text='Hi', choice=0)]
    >>> accumulator.completion.text
    'Hi'
    """

    __slots__ = ("_builder",)

    def __init__(self, *, limits: Limits = Limits(), on_anomaly: OnAnomaly | None = None) -> None:
        self._builder = CompletionBuilder(limits, on_anomaly, "openai_chat")

    @property
    def completion(self) -> ChatCompletion:
        """A snapshot of the completion so far, which later chunks do not change."""
        return self._builder.snapshot()

    def add(self, chunk: ChatCompletionChunk) -> list[ChatEvent]:
        """Add one chunk. It still belongs to the caller: whatever is kept of it is copied.

        Returns:
            Its events, choice by choice: reasoning, text, refusal, audio, tool calls, finish; then usage. An empty list
            if the chunk adds nothing.

        Raises:
            OutputTooLargeError: The output exceeds one of the limits.
        """
        return self._builder.add(chunk_to_keep(chunk))

    def close(self) -> list[ChatEvent]:
        """End a complete stream. Returns the last events: `ToolCallDone` for each open call, then `StreamDone`."""
        return self._builder.close()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise refusal_to_copy(self)
