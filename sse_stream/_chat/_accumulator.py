"""Adding up chunks that somebody else has decoded."""

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

    __slots__ = ("_builder",)

    def __init__(self, *, limits: Limits = Limits(), on_anomaly: OnAnomaly | None = None) -> None:
        self._builder = CompletionBuilder(limits, on_anomaly, "openai_chat")

    @property
    def completion(self) -> ChatCompletion:
        """What has arrived so far, as a snapshot: later chunks do not change it."""
        return self._builder.snapshot()

    def add(self, chunk: ChatCompletionChunk) -> list[ChatEvent]:
        """Add one chunk. It stays the caller's: what is kept of it is copied.

        Returns:
            What it says, choice by choice: reasoning, text, refusal, audio, tool calls, finish; then the
            usage. An empty list if it says nothing.

        Raises:
            OutputTooLargeError: It would take more than `limits` allows.
        """
        return self._builder.add(chunk_to_keep(chunk))

    def close(self) -> list[ChatEvent]:
        """The events of a stream that ended well: the tool calls still open are done, and so is the stream."""
        return self._builder.close()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise refusal_to_copy(self)
