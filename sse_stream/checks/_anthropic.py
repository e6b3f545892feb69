"""Checks the events of Anthropic's Messages."""

from __future__ import annotations

from collections.abc import Mapping

from .._json._depth import JSONValue
from ..dialects._anthropic_blocks import KEPT_DELTAS, TEXT_FIELDS
from ._blocks import SeenEvent, is_count
from ._findings import Findings, Place

_BESIDE = frozenset({"ping", "error"})
_STOP_REASONS = frozenset(
    {
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "tool_use",
        "pause_turn",
        "compaction",
        "refusal",
        "model_context_window_exceeded",
    }
)
_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_FIELDS = {"text_delta": "text", "thinking_delta": "thinking"}
_DELTAS = KEPT_DELTAS | {*_FIELDS, "input_json_delta"}


class AnthropicInspector:
    """Finds broken rules in Anthropic's events, in addition to the decoder's anomalies.

    Args:
        findings: Collects the findings.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._has_begun = False
        self._id: JSONValue = None  # the message's
        self._blocks = 0  # the index that the next block should have
        self._last = 0  # the index of the block that began last
        self._begun: dict[int, JSONValue] = {}  # the blocks, by index; `None` if only deltas came
        self._open: set[int] = set()

    def event(self, seen: SeenEvent, place: Place) -> None:
        """Check an event."""
        value = seen.value
        if not isinstance(value, dict):
            return
        stated = value.get("type")
        kind = stated if isinstance(stated, str) else seen.name
        if kind != stated and (kind in _BESIDE or "error" in value):
            return
        inspect_name(seen, kind, place, self._findings)
        if kind != stated:
            self._findings.add("missing_type", place, seen.data)
        if not kind:
            return
        if not self._has_begun and kind not in _BESIDE:
            self._has_begun = True
            if kind not in ("message_start", "message"):
                self._findings.add("missing_message_start", place, seen.data)
        match kind:
            case "message_start":
                message = value.get("message")
                if isinstance(message, dict):  # otherwise, the decoder reports it
                    self._message(message, seen, place)
            case "message_delta":
                self._usage(value, seen, place)
                self._reason(value.get("delta"), seen, place)
            case "content_block_start":
                self._block(value, seen, place)
            case "content_block_delta":
                self._delta(value, place)
            case "content_block_stop":
                self._stop(value.get("index"), seen, place)

    def _message(self, message: dict[str, JSONValue], seen: SeenEvent, place: Place) -> None:
        content, identity = message.get("content"), message.get("id")
        if identity != self._id:  # another message has begun, which counts its own blocks
            self._id = identity
            self._blocks = 0
            self._begun = {}
            self._open = set()
        if isinstance(content, list):
            # A message may begin with blocks; one that begins again keeps those that it has.
            self._blocks = max(self._blocks, len(content))
            self._begun = {**dict(enumerate(content)), **self._begun}
        else:
            self._findings.odd_type("content", content, place)
        self._usage(message, seen, place)

    def _block(self, value: dict[str, JSONValue], seen: SeenEvent, place: Place) -> None:
        block, index = value.get("content_block"), value.get("index")
        if not isinstance(block, dict):
            return  # the decoder reports it
        self._text(TEXT_FIELDS, block, place)
        if not is_count(index):
            index = self._blocks  # as the decoder reads it, which reports it
        elif index in self._open and self._begun[index] == block:
            return  # the decoder reports that it came again
        elif index != self._blocks:
            self._findings.add("index_gap", place, seen.data, detail=f"{index} where {self._blocks} was due")
        self._blocks = max(self._blocks, index + 1)
        self._last = index
        self._begun[index] = block
        self._open.add(index)

    def _delta(self, value: dict[str, JSONValue], place: Place) -> None:
        delta, index = value.get("delta"), value.get("index")
        if not isinstance(delta, dict):
            return  # the decoder reports it
        self._text(_FIELDS, delta, place)
        if not is_count(index):
            index = self._last
        if index not in self._open:  # the decoder reports it, and begins the block
            self._begun[index] = None
            self._open.add(index)
            return
        kind, block = delta.get("type"), self._begun[index]
        if isinstance(kind, str) and isinstance(block, dict) and not _fits(kind, block.get("type")):
            known = kind in _DELTAS
            self._findings.explain("unknown_delta", f"{kind} in a block of type {block.get('type')}" if known else kind)

    def _stop(self, index: JSONValue, seen: SeenEvent, place: Place) -> None:
        if is_count(index) and index not in self._begun:
            self._findings.add("unannounced_part", place, seen.data)
        self._open.discard(index if is_count(index) else self._last)

    def _reason(self, delta: JSONValue, seen: SeenEvent, place: Place) -> None:
        reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        if isinstance(reason, str) and reason not in _STOP_REASONS:
            self._findings.add("unknown_finish_reason", place, seen.data, detail=reason)

    def _usage(self, holder: dict[str, JSONValue], seen: SeenEvent, place: Place) -> None:
        usage = holder.get("usage")
        if not isinstance(usage, dict):
            self._findings.add("missing_usage", place, seen.data)
            return
        for name in _COUNTS:
            count = usage.get(name)
            if count is not None and not is_count(count):
                self._findings.odd_type(name, count, place)
        if usage and all(count is None for count in usage.values()):
            self._findings.odd_type("usage", usage, place)

    def _text(self, fields: Mapping[str, str], holder: dict[str, JSONValue], place: Place) -> None:
        """Check that a block or a delta has its text, in the field that goes with its type."""
        kind = holder.get("type")
        field = fields.get(kind) if isinstance(kind, str) else None
        if field is not None and holder.get(field) is None:
            self._findings.odd_type(field, None, place)

    def end(self, place: Place) -> None:
        """Check what is known at the end of the stream."""


def _fits(kind: str, block: object) -> bool:
    """Whether a block takes deltas of this type."""
    if kind in _FIELDS:
        return block == _FIELDS[kind]
    return kind in KEPT_DELTAS or (kind == "input_json_delta" and block not in TEXT_FIELDS.values())


def inspect_name(seen: SeenEvent, kind: str, place: Place, findings: Findings) -> None:
    """Compare an event's name with the type in its data."""
    if not seen.name:
        if kind == "ping":
            return  # nothing is lost
        findings.add("missing_event_name", place, seen.data)
    elif seen.name != kind:
        findings.add("wrong_event_name", place, seen.data, detail=f"{seen.name} for {kind}")
