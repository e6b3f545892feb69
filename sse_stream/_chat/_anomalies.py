"""What a server did that its format forbids or that is worth knowing, and that was read all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from .._errors import ChunkDecodeError

AnomalyLevel: TypeAlias = Literal["deviation", "note"]
"""How much an anomaly weighs: `deviation`, its format forbids it; `note`, it is allowed, and worth knowing."""

AnomalyKind: TypeAlias = Literal[
    "invalid_utf8",
    "keepalive_as_data",
    "events_run_together",
    "unterminated_event",
    "interrupted_event",
    "unframed_json",
    "odd_content_type",
    "odd_end_mark",
    "data_after_done",
    "missing_done",
    "broken_after_finish",
    "not_streamed",
    "empty_stream",
    "loose_json",
    "split_surrogate",
    "lone_surrogate",
    "not_a_chunk",
    "missing_choices",
    "missing_index",
    "odd_type",
    "message_beside_delta",
    "message_repeated",
    "id_changed",
    "model_changed",
    "empty_finish_reason",
    "finish_repeated",
    "content_after_finish",
    "missing_finish_reason",
    "missing_call_index",
    "missing_call_id",
    "call_id_changed",
    "call_name_changed",
    "arguments_repeated",
    "usage_fell",
    "odd_total",
    "unknown_event",
    "unknown_delta",
    "sequence_gap",
    "text_contradicts",
    "start_repeated",
    "unannounced_part",
    "unclosed_part",
    "early_finish",
]
"""The kinds of anomaly, a closed set. Notes say so; all others are deviations.

The event stream:

- `invalid_utf8`: bytes that are not UTF-8 were read as U+FFFD, as the standard wants.
- `keepalive_as_data`: a keep-alive came as an event with data instead of as a comment.
- `events_run_together`: events were parted by a single newline, not by a blank line.
- `unterminated_event`: the last event's blank line never came.
- `interrupted_event`: an error was written into an event that was half written.
- `unframed_json`: a JSON object came without `data:` before it.
- `odd_content_type`: the response's content type is not `text/event-stream`.
- `odd_end_mark`: the end mark was misspelled: `data: DONE`.
- `data_after_done`: something other than a chunk came after `[DONE]`, and was passed over.
- `missing_done`: a note: every choice finished, and then the stream ended without `[DONE]`.
- `broken_after_finish`: a note: every choice finished, and then the connection broke or the last event was cut off.
- `not_streamed`: the server ignored `"stream": true` and sent the completion in one piece.
- `empty_stream`: `[DONE]` came without any choice before it.

JSON:

- `loose_json`: JSON that only a lenient reader accepts: `NaN`, raw control characters.
- `split_surrogate`: a note: the halves of a surrogate pair came in two deltas. They were put together.
- `lone_surrogate`: half a surrogate pair came without its other half, and was read as U+FFFD.

Chunks:

- `not_a_chunk`: a JSON object with none of a chunk's fields.
- `missing_choices`: a chunk came without `choices`.
- `missing_index`: a choice came without its index, or with one below 0; its position in the list was taken.
- `odd_type`: a known field held a value of another type. What could be read was read, the rest is in `extra`.
- `message_beside_delta`: a note: the message so far came beside a delta.
- `message_repeated`: the whole message came again, after its deltas.
- `id_changed`: a note: a chunk has another id than the completion.
- `model_changed`: a note: a chunk has another model than the completion.

Ends:

- `empty_finish_reason`: a finish reason was an empty string, and was read as none; counted once a choice.
- `finish_repeated`: a choice gave a second finish reason that differs from its first.
- `content_after_finish`: a choice went on after its finish reason.
- `missing_finish_reason`: `[DONE]` came though a choice had given no finish reason.

Tool calls:

- `missing_call_index`: a piece of a tool call came without an index, or with one below 0.
- `missing_call_id`: a tool call began without an id, or with an empty one.
- `call_id_changed`: a tool call went on under another id; it keeps its first.
- `call_name_changed`: a tool call went on under another name; it keeps its first.
- `arguments_repeated`: arguments came again that had come already, and were not added again.

Usage:

- `usage_fell`: the counts fell back to zero; the last report that counts something stands.
- `odd_total`: a note: the total is not the sum of prompt and completion.

Other formats:

- `unknown_event`: a note: an event of a type that is not known here, which was passed over.
- `unknown_delta`: a note: a piece of a type that is not known here. Its part has no `native`.
- `sequence_gap`: an event's number does not follow that of the one before.
- `text_contradicts`: text that was sent whole, or sent again, does not go on with the pieces of it that came. The pieces
  stand.
- `start_repeated`: the beginning of the message, or of a part, came again, and was passed over.
- `unannounced_part`: a piece came for a part that had not begun.
- `unclosed_part`: a part was never closed, though the next one of its index began, or the message ended.
- `early_finish`: a note: a candidate went on after a finish reason; the last one counts.
"""

_NOTES: frozenset[AnomalyKind] = frozenset(
    {
        "missing_done",
        "broken_after_finish",
        "split_surrogate",
        "message_beside_delta",
        "id_changed",
        "model_changed",
        "odd_total",
        "unknown_event",
        "unknown_delta",
        "early_finish",
    }
)


def level_of(kind: AnomalyKind) -> AnomalyLevel:
    """What level a kind of anomaly has.

    Args:
        kind: The kind.
    """
    return "note" if kind in _NOTES else "deviation"


OnAnomaly: TypeAlias = Callable[[AnomalyKind, str], object]

SAMPLE_SIZE = 200


class Anomaly(msgspec.Struct, frozen=True):
    """One kind of anomaly in one stream.

    Attributes:
        kind: Which kind.
        level: Whether its format forbids it: `"deviation"`, or `"note"` where not.
        count: How often it was met.
        sample: The first one: an excerpt of what was received, at most 200 characters.
    """

    kind: AnomalyKind
    level: AnomalyLevel
    count: int
    sample: str


class AnomalyLog:
    """Counts anomalies by kind, in the order in which the kinds were first met.

    Args:
        strict: Whether the first deviation is an error.

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
        if before is None:
            found = Anomaly(kind, level_of(kind), 1, sample[:SAMPLE_SIZE])
        else:
            found = Anomaly(kind, before.level, before.count + 1, before.sample)
        self._found[kind] = found
        if self._strict and self.violation is None and found.level == "deviation":
            self.violation = ChunkDecodeError(
                f"{kind}, which strict mode does not tolerate: {found.sample!r}", data=sample
            )

    def found(self) -> tuple[Anomaly, ...]:
        """What was met so far."""
        return tuple(self._found.values())
