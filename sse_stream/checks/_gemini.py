"""Looks at the responses of Gemini's generateContent."""

from __future__ import annotations

from ._blocks import SeenEvent
from ._findings import Findings, Place


class GeminiInspector:
    """Finds what is odd about Gemini's responses, beside what the decoder finds.

    Args:
        findings: Where findings go.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._has_usage = False

    def event(self, seen: SeenEvent, place: Place) -> None:  # noqa: ARG002  # as every inspector takes it
        """Look at an event."""
        self._has_usage = self._has_usage or '"usageMetadata"' in seen.data

    def end(self, place: Place) -> None:
        """The stream has ended."""
        if not self._has_usage:
            self._findings.add("missing_usage", place)
