"""The fields of a delta that carry reasoning, as text or in structured pieces."""

from __future__ import annotations

from collections.abc import Iterable

from .._json._depth import JSONValue

REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_text")
"""The fields that carry reasoning as text. If a delta has several, the first is delivered."""


def texts_of(details: Iterable[JSONValue]) -> Iterable[str]:
    """Yield the text of each structured piece of reasoning: its `text`, `summary` or `thinking`."""
    for detail in details:
        if isinstance(detail, dict):
            said = detail.get("text") or detail.get("summary") or detail.get("thinking")
            if isinstance(said, str):
                yield said
