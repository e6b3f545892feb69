"""Checks the events of OpenAI's Responses."""

from __future__ import annotations

import json

from .._json._depth import JSONValue
from ._anthropic import inspect_name
from ._blocks import SeenEvent, is_count
from ._chat import inspect_details
from ._findings import Findings, Place

_ITEM_STARTS = "response.output_item.added"
_PART_STARTS = "response.content_part.added"
_IN_PART = ("response.output_text.", "response.refusal.")
_DETAILS = ("input_tokens_details", "output_tokens_details")
_FINAL = frozenset({"response.completed", "response.incomplete"})


class ResponsesInspector:
    """Finds broken rules in the events of Responses, in addition to the decoder's anomalies.

    Args:
        findings: Collects the findings.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._has_begun = False
        self._is_resumed = False  # the beginning is in an earlier body
        self._items: set[int] = set()
        self._parts: set[tuple[int, int]] = set()

    def event(self, seen: SeenEvent, place: Place) -> None:
        """Check an event."""
        if seen.data.strip() == "[DONE]":
            self._findings.add("end_mark_of_chats", place, seen.data)
        value = seen.value
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(kind, str) or not kind.startswith(("response.", "error")):
            return
        inspect_name(seen, kind, place, self._findings)
        number = value.get("sequence_number")
        if number is None:
            self._findings.add("missing_sequence_number", place, seen.data)
        elif not is_count(number):
            self._findings.add("odd_type", place, f"sequence_number: {number!r}")
        if not self._has_begun:
            self._has_begun = True
            self._is_resumed = is_count(number) and number > 0
            if kind not in ("response.created", "response.queued", "error") and not self._is_resumed:
                self._findings.add("missing_created", place, seen.data)
        self._order(kind, value, seen, place)
        response = value.get("response")
        if isinstance(response, dict):
            usage = response.get("usage")
            inspect_details(usage, seen, place, self._findings)
            missing = [name for name in _DETAILS if name not in usage] if isinstance(usage, dict) else []
            if missing:
                self._findings.add("missing_usage_details", place, json.dumps(usage), detail=", ".join(missing))
            if kind in _FINAL and response.get("output") == [] and self._items:
                self._findings.add("empty_output", place, seen.data)

    def _order(self, kind: str, value: dict[str, JSONValue], seen: SeenEvent, place: Place) -> None:
        item, part = value.get("output_index"), value.get("content_index")
        if not is_count(item):
            return
        if kind == _ITEM_STARTS:
            self._items.add(item)
            return
        if self._is_resumed:
            return
        if item not in self._items:
            self._findings.add("unannounced_item", place, seen.data)
            self._items.add(item)
        if is_count(part):
            if kind.startswith(_IN_PART) and (item, part) not in self._parts:
                self._findings.add("unannounced_part", place, seen.data)
            if kind == _PART_STARTS or kind.startswith(_IN_PART):
                self._parts.add((item, part))

    def end(self, place: Place) -> None:
        """Check what is known at the end of the stream."""
