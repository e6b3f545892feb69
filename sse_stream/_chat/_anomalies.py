"""Tolerated deviations: what a server did that its format does not say, and that was read all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from .._errors import ChunkDecodeError

AnomalyKind: TypeAlias = Literal[
    "missing_index",
    "odd_type",
    "loose_json",
    "finish_repeated",
    "content_after_finish",
    "missing_finish_reason",
    "empty_stream",
    "keepalive_as_data",
    "events_run_together",
    "unterminated_event",
    "data_after_done",
    "not_streamed",
    "odd_content_type",
]
"""The kinds of anomaly, a closed set:

- `missing_index`: a choice came without its index, or with one below 0; its position in the list was taken.
- `odd_type`: a known field held a value of another type. What could be read was read, the rest is in `extra`.
- `loose_json`: JSON that only a lenient reader accepts: `NaN`, raw control characters, half a surrogate pair.
- `finish_repeated`: a choice gave a finish reason a second time.
- `content_after_finish`: a choice went on after its finish reason.
- `missing_finish_reason`: `[DONE]` came though a choice had given no finish reason.
- `empty_stream`: `[DONE]` came without any chunk before it.
- `keepalive_as_data`: a keep-alive came as an event with data instead of as a comment.
- `events_run_together`: events were parted by a single newline, not by a blank line.
- `unterminated_event`: the last event's blank line never came.
- `data_after_done`: something other than a chunk came after `[DONE]`, and was passed over.
- `not_streamed`: the server ignored `"stream": true` and sent the completion in one piece.
- `odd_content_type`: the response was an event stream, but labelled as something else than `text/event-stream`.
"""

OnAnomaly: TypeAlias = Callable[[AnomalyKind, str], object]

SAMPLE_SIZE = 200


class Anomaly(msgspec.Struct, frozen=True):
    """One kind of anomaly in one stream.

    Attributes:
        kind: Which kind.
        count: How often it was met.
        sample: The first one: an excerpt of what was received, at most 200 characters.
    """

    kind: AnomalyKind
    count: int
    sample: str


class AnomalyLog:
    """Counts anomalies by kind, in the order in which the kinds were first met.

    Args:
        strict: Whether the first of all is an error.

    Attributes:
        violation: That error, once it is there, for whoever raises it.
    """

    __slots__ = ("_found", "_strict", "violation")

    def __init__(self, *, strict: bool) -> None:
        self._found: dict[AnomalyKind, Anomaly] = {}
        self._strict = strict
        self.violation: ChunkDecodeError | None = None

    def note(self, kind: AnomalyKind, sample: str) -> None:
        """Count one, and keep its sample if it is the first of its kind."""
        before = self._found.get(kind)
        found = (
            Anomaly(kind, 1, sample[:SAMPLE_SIZE]) if before is None else Anomaly(kind, before.count + 1, before.sample)
        )
        self._found[kind] = found
        if self._strict and self.violation is None:
            self.violation = ChunkDecodeError(
                f"{kind}, which strict mode does not tolerate: {found.sample!r}", data=sample
            )

    def found(self) -> tuple[Anomaly, ...]:
        """What was met so far."""
        return tuple(self._found.values())
