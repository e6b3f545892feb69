"""Making the items for the parts of a response, including text that only the whole versions have."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import ChoiceDelta, ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from .._chat._reports import ChoiceLogprobs
from .._json._depth import JSONValue
from .._json._reading import read_struct
from ._base import AnomalyFound, Item, PartEnd, PartStart
from ._responses_channels import CALLS, SUMMARY, TEXT, Channel, channel_of, delta_of
from ._responses_parts import ChunkMaker, Object, OutputItem, Part

# Kinds of part in the same family share one channel, which feeds the part that started or resumed last.
_FAMILIES = {"text": "text", "refusal": "refusal", "reasoning": "reasoning", "reasoning_summary": "reasoning"}

# The part for an item that could have text but has none.
_EMPTY: Mapping[str, tuple[str, Channel | None]] = {
    "message": ("text", TEXT),
    "reasoning": ("redacted_reasoning", None),
}

# The fields of a call that `ToolCall` has elsewhere, or that only the native object needs.
_HANDLED_ELSEWHERE = frozenset({"type", "id", "call_id", "name", "status", "arguments", "input"})


class PartWriter:
    """Starts, continues and ends parts.

    Args:
        chunks: Makes the chunks.

    Attributes:
        said: The items of the current event so far.
        streaming: The part that received the last piece, while the fast path may continue it.
    """

    __slots__ = ("_calls", "_chunks", "_current", "_parts", "said", "streaming")

    def __init__(self, chunks: ChunkMaker) -> None:
        self.said: list[Item] = []
        self.streaming: Part | None = None
        self._chunks = chunks
        self._current: dict[str, Part] = {}
        self._parts = 0
        self._calls = 0

    def note(self, kind: AnomalyKind, sample: object) -> None:
        """Report an anomaly."""
        self.said.append(AnomalyFound(kind, str(sample)))

    def text(self, name: str, value: JSONValue) -> str:
        """Return a field that should be text, as text."""
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        self.note("odd_type", f"{name}: {value!r}")
        return msgspec.json.encode(value).decode()

    # ---------------------------------------------------------------- parts

    def open(
        self, item: OutputItem, kind: str, channel: Channel | None = None, place: int = 0, *, call: int | None = None
    ) -> Part:
        """Start a part."""
        part = item.parts[kind, place] = Part(item, self._parts, kind, channel=channel, place=place, call=call)
        self._parts += 1
        self.said.append(PartStart(0, part.index, kind))
        self.streaming = None
        if kind in _FAMILIES:
            self._current[_FAMILIES[kind]] = part
        return part

    def open_empty(self, item: OutputItem) -> None:
        """Start the part of an item without text."""
        kind, channel = _EMPTY.get(item.type, (item.type, None))
        self.open(item, kind, channel)

    def deliver(self, part: Part, text: str, logprobs: JSONValue = None) -> None:
        """Deliver a piece of a part."""
        family = _FAMILIES.get(part.kind)
        if family is not None and self._current.get(family) is not part:
            self.said.append(PartStart(0, part.index, part.kind))  # resumes the part
            self._current[family] = part
        part.add(text)
        self.streaming = None if part.half else part
        delta = delta_of(part.kind, text, part.call)
        if logprobs:

            def report(name: str, value: object) -> None:
                self.note("odd_type", f"{name}: {value!r}")

            read = read_struct(ChoiceLogprobs, {"content": logprobs}, report)
            self.said.append(self._chunks.of(delta, logprobs=read))
        else:
            self.said.append(self._chunks.of(delta))

    def complete(self, part: Part, whole: JSONValue, logprobs: JSONValue = None, entry: Object | None = None) -> None:
        """Deliver the rest of a text that has been sent whole.

        Args:
            part: The part.
            whole: The whole text.
            logprobs: The log probabilities of the whole text.
            entry: The entry of the part in its item, if known.
        """
        if part.channel is None or whole is None:
            return
        text = self.text(part.channel.whole, whole)
        rest = part.rest_of(text)
        if rest is None or (rest and part.call is not None and part.item.done):
            if not part.contradicted:
                self.note("text_contradicts", text)
            part.contradicted = True
        elif rest and part.item.done:
            self._deliver_late(part, rest, entry or {"type": part.channel.entry, part.channel.whole: text})
        elif rest:
            self.deliver(part, rest, None if part.length else logprobs)

    def _deliver_late(self, part: Part, text: str, entry: Object) -> None:
        """Deliver text that came after its item was done, as a new part."""
        part.add(text)
        self.said.append(PartStart(0, self._parts, part.kind))
        self.said.append(self._chunks.of(delta_of(part.kind, text, part.call)))
        self.said.append(PartEnd(0, self._parts, entry))
        self._parts += 1
        self._current.pop(_FAMILIES[part.kind], None)

    def annotate(self, part: Part, annotations: list[JSONValue]) -> None:
        """Add annotations of the text of a part."""
        if not annotations:
            return
        if self._current.get("text") is not part:
            if part.item.done:
                return  # the item has them
            self.said.append(PartStart(0, part.index, part.kind))
            self._current["text"] = part
            self.streaming = None
        part.annotations += len(annotations)
        self.said.append(self._chunks.of(ChoiceDelta(extra={"annotations": annotations})))

    def complete_entry(self, part: Part, channel: Channel, entry: Object) -> None:
        """Complete a part from its entry in the `content` or `summary` of the item."""
        self.complete(part, entry.get(channel.whole), entry.get("logprobs"), entry)
        annotations = entry.get("annotations")
        if isinstance(annotations, list) and part.kind == "text":
            self.annotate(part, annotations[part.annotations :])

    # ---------------------------------------------------------------- calls

    def begin_call(self, item: OutputItem, said: Object) -> Part:
        """Start a call."""
        channel = CALLS[item.type]
        part = self.open(item, channel.kind, channel, call=self._calls)
        self._calls += 1
        self.name_call(part, said)
        return part

    def name_call(self, part: Part, said: Object) -> None:
        """Deliver the id or name of a call, unless they are known already."""
        call_id = said.get("call_id")
        name = said.get("name")
        if part.call_id and isinstance(call_id, str) and call_id not in ("", part.call_id):
            self.note("call_id_changed", f"{call_id!r} after {part.call_id!r}")
        if part.name and isinstance(name, str) and name not in ("", part.name):
            self.note("call_name_changed", f"{name!r} after {part.name!r}")
        fresh_id = call_id if isinstance(call_id, str) and not part.call_id else None
        fresh_name = name if isinstance(name, str) and not part.name else None
        if not fresh_id and not fresh_name:
            return
        part.call_id = fresh_id or part.call_id
        part.name = fresh_name or part.name
        extra = (
            {key: value for key, value in said.items() if key not in _HANDLED_ELSEWHERE}
            if said.get("type") == part.item.type
            else {}
        )
        call = ChoiceDeltaToolCall(
            index=part.call,
            id=fresh_id,
            type="custom" if part.item.type == "custom_tool_call" else "function",
            function=ChoiceDeltaFunctionCall(name=fresh_name),
            extra=extra,
        )
        self.said.append(self._chunks.of(ChoiceDelta(tool_calls=[call])))

    # ---------------------------------------------------------------- items

    def end(self, item: OutputItem, native: Object) -> None:
        """Complete an item from its whole object."""
        entries: dict[int, JSONValue] = {}
        channel = CALLS.get(item.type)
        if channel is not None:
            part = item.parts.get((channel.kind, 0)) or self.begin_call(item, native)
            self.name_call(part, native)
            self.complete(part, native.get(channel.whole))
        elif item.type in _EMPTY:
            for field in ("summary", "content"):
                entries.update(self._complete_entries(item, field, native.get(field)))
        self.close(item, native, entries)

    def close(self, item: OutputItem, native: Object | None, entries: Mapping[int, JSONValue] | None = None) -> None:
        """End the parts of an item. The first gets the item as its native object, the others get their entries."""
        if not item.parts:
            self.open_empty(item)
        first, *others = item.parts.values()
        self.said.append(PartEnd(0, first.index, native))
        self.said.extend(PartEnd(0, part.index, (entries or {}).get(part.index)) for part in others)
        item.done = True
        item.native = None
        self.streaming = None

    def _complete_entries(self, item: OutputItem, field: str, said: JSONValue) -> dict[int, JSONValue]:
        """Complete the texts in a field of an item. Returns the entry of each part, by the index of the part."""
        found = [entry for entry in said if isinstance(entry, dict)] if isinstance(said, list) else []
        known = [(entry, channel) for entry in found if (channel := channel_of(entry)) is not None]
        came = sorted(
            (part for part in item.parts.values() if part.channel is not None and _field_of(part.channel) == field),
            key=lambda part: part.place,
        )
        entries: dict[int, JSONValue] = {}
        for place, (entry, channel) in enumerate(known):
            # If the numbers agree, match by order, because some servers count the texts across items.
            part = came[place] if len(came) == len(known) else item.parts.get((channel.kind, place))
            if part is None or part.kind != channel.kind:
                part = self.open(item, channel.kind, channel, place)
            self.complete_entry(part, channel, entry)
            entries[part.index] = entry
        return entries


def has_text(type: str) -> bool:
    """Whether items of a type may have text, whose part starts with its first piece."""
    return type in _EMPTY


def _field_of(channel: Channel) -> str:
    return "summary" if channel is SUMMARY else "content"
