"""Checks the events of OpenAI's Responses."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .._json._depth import JSONValue
from .._json._reading import read_number
from ..dialects._responses_channels import DELTAS, WHOLES
from ..dialects._responses_events import BEGINNINGS, ENDS
from ..dialects._responses_output import object_of, type_of
from ._anthropic import inspect_name
from ._blocks import SeenEvent, is_count
from ._chat import inspect_details
from ._findings import Findings, Place

_CREATED = "response.created"
_ITEM_STARTS = "response.output_item.added"
_ITEM_ENDS = "response.output_item.done"
_PART_STARTS = "response.content_part.added"
_PARTS = ("content_part", "reasoning_part", "reasoning_summary_part")
_IN_PART = ("response.output_text.", "response.refusal.")
_HAS_PART = (*_IN_PART, "response.content_part.")
_DETAILS = ("input_tokens_details", "output_tokens_details")
_FINAL = frozenset({"response.completed", "response.incomplete"})

_OBJECTS: Mapping[str, str] = {
    **dict.fromkeys(BEGINNINGS | ENDS, "response"),
    **dict.fromkeys((_ITEM_STARTS, _ITEM_ENDS), "item"),
    **{f"response.{part}.{verb}": "part" for part in _PARTS for verb in ("added", "done")},
}
"""The field of an event that is an object, by type."""

_TEXTS: Mapping[str, str] = {
    **dict.fromkeys((*DELTAS, "response.audio.delta", "response.audio.transcript.delta"), "delta"),
    **{kind: channel.whole for kind, channel in WHOLES.items()},
}
"""The field of an event that is text, by type."""


class ResponsesInspector:
    """Finds broken rules in the events of Responses, in addition to the decoder's anomalies.

    Args:
        findings: Collects the findings.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._has_begun = False
        self._is_resumed = False  # the beginning is in an earlier body
        self._announced: set[int] = set()  # the indices of items that were announced
        self._open: dict[tuple[int, str], JSONValue] = {}  # the ids of items that are not done, by index and type
        self._parts: dict[int, set[int]] = {}  # the indices of parts, by item

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
            self._findings.odd_type("sequence_number", number, place)
        if not self._has_begun:
            self._has_begun = True
            self._is_resumed = is_count(number) and number > (kind in BEGINNINGS) and kind != _CREATED
            if kind not in (_CREATED, "response.queued", "error") and not self._is_resumed:
                self._findings.add("missing_created", place, seen.data)
        self._types(kind, value, place)
        self._order(kind, value, seen, place)
        response = value.get("response")
        if isinstance(response, dict):
            self._response(kind, response, seen, place)

    def _types(self, kind: str, value: dict[str, JSONValue], place: Place) -> None:
        held = _OBJECTS.get(kind)
        if held is not None and not isinstance(value.get(held), dict):
            self._findings.odd_type(held, value.get(held), place)
        text = _TEXTS.get(kind)
        if text is not None and value.get(text) is None:  # the decoder reports other types
            self._findings.odd_type(text, None, place)

    def _response(self, kind: str, response: dict[str, JSONValue], seen: SeenEvent, place: Place) -> None:
        usage, output = response.get("usage"), response.get("output")
        inspect_details(usage, seen, place, self._findings)
        missing = [name for name in _DETAILS if name not in usage] if isinstance(usage, dict) else []
        if missing:
            self._findings.add("missing_usage_details", place, json.dumps(usage), detail=", ".join(missing))
        if kind == _CREATED and isinstance(output, list):
            self._announced.update(range(len(output)))
        if kind in _FINAL and "output" in response and not output and (self._announced or self._parts):
            self._findings.add("empty_output", place, seen.data)

    def _order(self, kind: str, value: dict[str, JSONValue], seen: SeenEvent, place: Place) -> None:
        item, part = self._index("output_index", value, place), self._index("content_index", value, place)
        if item is None:
            return
        if kind == _ITEM_STARTS:
            self._start(item, value.get("item"), seen, place)
            return
        if kind == _ITEM_ENDS:
            self._open.pop((item, type_of(object_of(value, "item"))), None)
        if part is None and kind.startswith(_HAS_PART):
            self._findings.add("missing_index", place, seen.data, detail="content_index")
        if self._is_resumed:
            return
        if item not in self._announced and item not in self._parts:
            self._findings.add("unannounced_item", place, seen.data)
        parts = self._parts.setdefault(item, set())
        if part is None:
            return
        if kind.startswith(_IN_PART) and part not in parts:
            self._findings.add("unannounced_part", place, seen.data)
        if kind == _PART_STARTS and part > len(parts):
            self._findings.add("index_gap", place, seen.data, detail=f"{part} where {len(parts)} was due")
        if kind == _PART_STARTS or kind.startswith(_IN_PART):
            parts.add(part)

    def _start(self, index: int, item: JSONValue, seen: SeenEvent, place: Place) -> None:
        if not isinstance(item, dict):
            return
        key, identity = (index, type_of(item)), item.get("call_id") or item.get("id")
        is_again = key in self._open and self._open[key] == identity  # the decoder reports it
        if index in self._announced and not is_again:
            self._findings.add("start_repeated", place, seen.data, detail=f"output_index {index}")
        content = item.get("content")
        self._announced.add(index)
        self._open[key] = identity
        self._parts[index] = set(range(len(content) if isinstance(content, list) else 0))

    def _index(self, name: str, value: dict[str, JSONValue], place: Place) -> int | None:
        """Return an index as the decoder reads it; `None` if there is none."""
        index = value.get(name)
        if is_count(index):
            return index
        number = read_number(index)
        if number is None:
            return None
        self._findings.odd_type(name, index, place)
        return int(number)

    def end(self, place: Place) -> None:
        """Check what is known at the end of the stream."""
