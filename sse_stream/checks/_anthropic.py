"""Checks the events of Anthropic's Messages."""

from __future__ import annotations

from .._json._depth import JSONValue
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


class AnthropicInspector:
    """Finds broken rules in Anthropic's events, in addition to the decoder's anomalies.

    Args:
        findings: Collects the findings.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._has_begun = False
        self._blocks = 0

    def event(self, seen: SeenEvent, place: Place) -> None:
        """Check an event."""
        value = seen.value
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(kind, str):
            return
        inspect_name(seen, kind, place, self._findings)
        if not self._has_begun and kind not in _BESIDE:
            self._has_begun = True
            if kind not in ("message_start", "message"):
                self._findings.add("missing_message_start", place, seen.data)
        match kind:
            case "message_start":
                message = value.get("message")
                stated = message if isinstance(message, dict) else {}
                content = stated.get("content")
                # A message may begin with blocks; one that begins again keeps those that it has.
                self._blocks = max(self._blocks, len(content) if isinstance(content, list) else 0)
                self._usage(stated, seen, place)
            case "message_delta":
                self._usage(value, seen, place)
                self._reason(value.get("delta"), seen, place)
            case "content_block_start":
                self._block(value.get("index"), seen, place)

    def _block(self, index: JSONValue, seen: SeenEvent, place: Place) -> None:
        if not is_count(index):
            return
        if index > self._blocks:
            self._findings.add("index_gap", place, seen.data, detail=f"{index} where {self._blocks} was due")
        self._blocks = max(self._blocks, index + 1)

    def _reason(self, delta: JSONValue, seen: SeenEvent, place: Place) -> None:
        reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        if isinstance(reason, str) and reason not in _STOP_REASONS:
            self._findings.add("unknown_finish_reason", place, seen.data, detail=reason)

    def _usage(self, holder: dict[str, JSONValue], seen: SeenEvent, place: Place) -> None:
        if not isinstance(holder.get("usage"), dict):
            self._findings.add("missing_usage", place, seen.data)

    def end(self, place: Place) -> None:
        """Check what is known at the end of the stream."""


def inspect_name(seen: SeenEvent, kind: str, place: Place, findings: Findings) -> None:
    """Compare an event's name with the type in its data."""
    if not seen.name:
        if kind == "ping":
            return  # nothing is lost
        findings.add("missing_event_name", place, seen.data)
    elif seen.name != kind:
        findings.add("wrong_event_name", place, seen.data, detail=f"{seen.name} for {kind}")
