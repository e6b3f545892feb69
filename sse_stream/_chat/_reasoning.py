"""Where reasoning stands in a delta: in one of its spellings, or in structured pieces."""

from __future__ import annotations

from collections.abc import Iterable

from .._json._depth import JSONValue

REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_text")
"""The spellings of the reasoning: where several come in one delta, the first one is delivered."""


def texts_of(details: Iterable[JSONValue]) -> Iterable[str]:
    """What reasoning in structured pieces says: the `text` of each, or its `summary`."""
    for detail in details:
        if isinstance(detail, dict):
            said = detail.get("text") or detail.get("summary") or detail.get("thinking")
            if isinstance(said, str):
                yield said
