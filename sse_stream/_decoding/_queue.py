"""The queue of what was decoded and not handed out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import ChatCompletionChunk
from .._chat._events import ChatEvent
from ..dialects._base import AnomalyFound, Done, Item, PartEnd
from ._surrogates import Surrogates

Entries: TypeAlias = deque[Item | ChatEvent]
"""Items of decoded events, preceded by the remaining events of the current chunk."""


class ItemQueue:
    """Queues items, rejoining surrogate pairs in their text.

    Attributes:
        entries: The queue.
        surrogates: Rejoins split surrogate pairs.
    """

    __slots__ = ("entries", "surrogates")

    def __init__(self) -> None:
        self.entries: Entries = deque()
        self.surrogates = Surrogates()

    def put(self, items: Iterable[Item]) -> None:
        """Queue items."""
        for item in items:
            if isinstance(item, ChatCompletionChunk):
                item = self.mended(item)  # noqa: PLW2901  # the same chunk, with valid text
            elif isinstance(item, Done):
                self.end()
            elif isinstance(item, PartEnd):
                self.end(item.choice)
            self.entries.append(item)

    def end(self, choice: int | None = None) -> None:
        """Queue the text that is still held back, because a part of this choice ends, or the stream."""
        if self.surrogates.waiting:
            self.entries.extend(self.surrogates.rest(self.note, choice))

    def mended(self, chunk: ChatCompletionChunk) -> ChatCompletionChunk:
        """Return the chunk without lone surrogates. Anomalies about them are queued first."""
        return self.surrogates.mend(chunk, self.note)

    def note(self, kind: AnomalyKind, sample: str) -> None:
        """Queue an anomaly."""
        self.entries.append(AnomalyFound(kind, sample))
