"""Checks the responses of Gemini's generateContent."""

from __future__ import annotations

from .._json._depth import JSONValue
from ._blocks import SeenEvent
from ._findings import Findings, Place

_FINISH_REASONS = frozenset(
    {
        "FINISH_REASON_UNSPECIFIED",
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_OTHER",
        "NO_IMAGE",
        "MODEL_ARMOR",
        "ESCALATION",
        "CONTINUATION",
        "PUP_LIMITED_DISABLED",
    }
)


class GeminiInspector:
    """Finds broken rules in Gemini's responses, in addition to the decoder's anomalies.

    Args:
        findings: Collects the findings.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._has_usage = False

    def event(self, seen: SeenEvent, place: Place) -> None:
        """Check an event."""
        self._has_usage = self._has_usage or '"usageMetadata"' in seen.data
        candidates = seen.value.get("candidates") if isinstance(seen.value, dict) else None
        for candidate in candidates if isinstance(candidates, list) else ():
            if isinstance(candidate, dict):
                self._texts(candidate.get("content"), place)
                self._reason(candidate.get("finishReason"), seen, place)

    def _texts(self, content: JSONValue, place: Place) -> None:
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else ():
            text = part.get("text") if isinstance(part, dict) else None
            if text is not None and not isinstance(text, str):
                self._findings.odd_type("text", text, place)

    def _reason(self, reason: JSONValue, seen: SeenEvent, place: Place) -> None:
        if isinstance(reason, str) and reason not in _FINISH_REASONS:
            self._findings.add("unknown_finish_reason", place, seen.data, detail=reason)

    def end(self, place: Place) -> None:
        """Check what is known at the end of the stream."""
        if not self._has_usage:
            self._findings.add("missing_usage", place)
