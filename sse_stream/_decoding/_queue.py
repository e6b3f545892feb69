"""The one queue: what was decoded, and not handed out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import ChatCompletionChunk
from .._chat._events import ChatEvent
from ..dialects._base import AnomalyFound, Done, Item
from ._halves import Halves

Entries: TypeAlias = deque[Item | ChatEvent]
"""What an event means, and before it what a chunk said that is being read."""


class ItemQueue:
    """Takes what events mean, and sees to it that text in it is text.

    Attributes:
        entries: The queue.
        halves: The halves of surrogate pairs that wait for the others.
    """

    __slots__ = ("entries", "halves")

    def __init__(self) -> None:
        self.entries: Entries = deque()
        self.halves = Halves()

    def put(self, items: Iterable[Item]) -> None:
        """Queue what an event means."""
        for item in items:
            if isinstance(item, ChatCompletionChunk):
                item = self.mended(item)  # noqa: PLW2901  # the same, as text
            elif isinstance(item, Done):
                self.end()
            self.entries.append(item)

    def end(self) -> None:
        """The stream ends: nothing is waited for any more."""
        if self.halves.waiting:
            self.entries.extend(self.halves.rest(self.note))

    def mended(self, chunk: ChatCompletionChunk) -> ChatCompletionChunk:
        """The chunk without halves of surrogate pairs; before it, what was odd about them is queued."""
        return self.halves.mend(chunk, self.note)

    def note(self, kind: AnomalyKind, sample: str) -> None:
        """Queue an anomaly."""
        self.entries.append(AnomalyFound(kind, sample))
