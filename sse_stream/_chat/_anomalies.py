"""Anomalies: tolerated deviations from a format, and notes on unusual but allowed behaviour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from .._errors import ChunkDecodeError

AnomalyLevel: TypeAlias = Literal["deviation", "note"]
"""The level of an anomaly: `deviation` if the format forbids it, `note` if it is allowed but worth knowing."""

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
"""The kinds of anomaly, a closed set. Those marked as notes are allowed; all others are deviations.

The event stream:

- `invalid_utf8`: bytes that are not UTF-8 were replaced with U+FFFD, as the standard requires.
- `keepalive_as_data`: a keep-alive was sent as an event with data instead of a comment.
- `events_run_together`: events were separated by a single newline instead of a blank line.
- `unterminated_event`: the blank line after the last event is missing.
- `interrupted_event`: an error was written into the middle of another event.
- `unframed_json`: a JSON object was sent without `data:` before it.
- `odd_content_type`: the response's content type is not `text/event-stream`.
- `odd_end_mark`: the end mark was misspelled: `data: DONE`.
- `data_after_done`: something other than a chunk came after `[DONE]`, and was ignored.
- `missing_done`: a note: every choice finished, but the stream ended without `[DONE]`.
- `broken_after_finish`: a note: after every choice had finished, the connection broke or the last event was cut off.
- `not_streamed`: the server ignored `"stream": true` and sent the completion in one piece.
- `empty_stream`: `[DONE]` came without any choice before it.

JSON:

- `loose_json`: JSON that only a lenient decoder accepts: `NaN`, raw control characters.
- `split_surrogate`: a note: a surrogate pair was split between two deltas, and was rejoined.
- `lone_surrogate`: an unpaired surrogate was replaced with U+FFFD.

Chunks:

- `not_a_chunk`: a JSON object with none of a chunk's fields.
- `missing_choices`: a chunk had no `choices`.
- `missing_index`: a choice had no index, or a negative one; its position in the list was used.
- `odd_type`: a known field had a value of another type. It was converted if possible, and is in `extra` otherwise.
- `message_beside_delta`: a note: a chunk had both a delta and the whole message so far.
- `message_repeated`: the whole message was sent again after its deltas.
- `id_changed`: a note: a chunk had another id than the one before it.
- `model_changed`: a note: a chunk had another model than the one before it.

Ends:

- `empty_finish_reason`: a finish reason was an empty string, and was treated as missing; counted once per choice.
- `finish_repeated`: a choice had a second, different finish reason.
- `content_after_finish`: a choice continued after its finish reason.
- `missing_finish_reason`: `[DONE]` came before a choice had a finish reason.

Tool calls:

- `missing_call_index`: a piece of a tool call had no index, or a negative one.
- `missing_call_id`: a tool call started without an id, or with an empty one.
- `call_id_changed`: a tool call continued under another id; it keeps its first.
- `call_name_changed`: a tool call continued under another name; it keeps its first.
- `arguments_repeated`: arguments were sent again, and were not added twice.

Usage:

- `usage_fell`: the counts fell back to zero; the last nonzero report is kept.
- `odd_total`: a note: the total is not the sum of prompt and completion tokens.

Other formats:

- `unknown_event`: a note: an event of an unknown type was ignored.
- `unknown_delta`: a note: a part received a delta of an unknown type. The part has no `native`.
- `sequence_gap`: the sequence number of an event does not follow the one before it.
- `text_contradicts`: a text that was sent whole does not begin with the pieces that had arrived. The pieces are kept.
- `start_repeated`: the start of the message or of a part was sent again, and was ignored.
- `unannounced_part`: a piece came for a part that had not been started.
- `unclosed_part`: a part was not closed before the next part with its index started, or before the message ended.
- `early_finish`: a note: a candidate continued after a finish reason; the last reason counts.
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
    """Return the level of a kind of anomaly.

    Args:
        kind: The kind.
    """
    return "note" if kind in _NOTES else "deviation"


OnAnomaly: TypeAlias = Callable[[AnomalyKind, str], object]

SAMPLE_SIZE = 200


class Anomaly(msgspec.Struct, frozen=True):
    """One kind of anomaly in one stream.

    Attributes:
        kind: The kind.
        level: `"deviation"` if the format forbids it, otherwise `"note"`.
        count: How many times it occurred.
        sample: An excerpt of what was received the first time, at most 200 characters.
    """

    kind: AnomalyKind
    level: AnomalyLevel
    count: int
    sample: str


class AnomalyLog:
    """Counts anomalies by kind, in the order in which the kinds first occurred.

    Args:
        strict: Whether the first deviation is an error.

    Attributes:
        violation: That error, for the caller to raise; `None` until there is one.
    """

    __slots__ = ("_found", "_strict", "violation")

    def __init__(self, *, strict: bool) -> None:
        self._found: dict[AnomalyKind, Anomaly] = {}
        self._strict = strict
        self.violation: ChunkDecodeError | None = None

    def note(self, kind: AnomalyKind, sample: str) -> None:
        """Count an anomaly, keeping the sample of the first of its kind."""
        before = self._found.get(kind)
        if before is None:
            found = Anomaly(kind, level_of(kind), 1, sample[:SAMPLE_SIZE])
        else:
            found = Anomaly(kind, before.level, before.count + 1, before.sample)
        self._found[kind] = found
        if self._strict and self.violation is None and found.level == "deviation":
            self.violation = ChunkDecodeError(f"{kind} is not allowed in strict mode: {found.sample!r}", data=sample)

    def found(self) -> tuple[Anomaly, ...]:
        """Return the anomalies so far."""
        return tuple(self._found.values())
