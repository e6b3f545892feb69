"""Tracking the open content blocks of a stream, to which deltas are added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from .._chat._chunks import ChoiceDelta
from .._chat._model import NOTHING
from .._json._depth import JSONValue
from ._anthropic_blocks import KEPT_DELTAS, KINDS, TEXT_FIELDS, whole_block
from ._anthropic_chunks import Chunks
from ._anthropic_events import OpenBlock
from ._base import AnomalyFound, Item, PartEnd, PartPiece, PartStart

Object: TypeAlias = Mapping[str, JSONValue]

# Encodes NaN, which the lenient decoder accepts, as null.
_encode = msgspec.json.Encoder().encode

# The initial block for a delta whose block was never started.
_UNANNOUNCED: Mapping[str, Object] = {
    "text_delta": {"type": "text", "text": ""},
    "thinking_delta": {"type": "thinking", "thinking": ""},
    "input_json_delta": {"type": "tool_use", "id": "", "name": "", "input": {}},
}


class OpenBlocks:
    """The open blocks, by their index in the deltas.

    Attributes:
        open: The blocks. Servers may open several at once, although none is known to do so.
        text: The block whose part currently receives text.
        thinking: The block whose part currently receives reasoning.
    """

    __slots__ = ("_calls", "_chunks", "_last", "_parts", "open", "text", "thinking")

    def __init__(self, chunks: Chunks) -> None:
        self.open: dict[int, OpenBlock] = {}
        self.text: OpenBlock | None = None
        self.thinking: OpenBlock | None = None
        self._chunks = chunks
        self._parts = 0  # the number of blocks so far
        self._calls = 0  # the number of tool calls among them
        self._last = 0  # the index of the block that started last

    def whole(self, content: Iterable[JSONValue], text: str) -> Iterable[Item]:
        """Read complete blocks in the content of a message."""
        for block in content:
            if isinstance(block, dict):
                yield from self._begin(self._parts, block, text)
                yield from self._end(self._last, text)
            else:
                yield AnomalyFound("odd_type", f"content: {block!r}")

    def start(self, index: JSONValue, block: Object, text: str) -> Iterable[Item]:
        """Start a block."""
        if not _is_index(index):
            yield AnomalyFound("missing_index", text)
            index = self._parts
        before = self.open.get(index)
        if before is not None and before.began == block:
            yield AnomalyFound("start_repeated", text)
            return
        if before is not None:
            yield AnomalyFound("unclosed_part", text)
            yield from self._end(index, text)
        yield from self._begin(index, block, text)

    def add(self, index: JSONValue, delta: Object, text: str) -> Iterable[Item]:
        """Add a delta to a block."""
        if not _is_index(index):
            yield AnomalyFound("missing_index", text)
            index = self._last
        kind = delta.get("type")
        if index not in self.open:
            yield AnomalyFound("unannounced_part", text)
            block = _UNANNOUNCED.get(kind) if isinstance(kind, str) else None
            if block is None:
                return
            yield from self._begin(index, block, text)
        yield from self._add(self.open[index], kind, delta, text)

    def stop(self, index: JSONValue, text: str) -> Iterable[Item]:
        """End a block, unless it has ended before."""
        if not _is_index(index):
            yield AnomalyFound("missing_index", text)
            index = self._last
        yield from self._end(index, text)

    def end_all(self) -> Iterable[Item]:
        """End all open blocks at the end of the message."""
        for index in list(self.open):
            yield AnomalyFound("unclosed_part", f"content block {index}")
            yield from self._end(index, "")

    def _begin(self, index: int, block: Object, text: str) -> Iterable[Item]:
        kind = block.get("type")
        if not isinstance(kind, str):
            yield AnomalyFound("odd_type", f"type: {kind!r}")
            kind = "unknown"
        is_call = KINDS.get(kind) == "tool_call"
        opened = OpenBlock(self._parts, kind, self._calls if is_call else None, block)
        self.open[index] = opened
        self._parts += 1
        self._last = index
        yield PartStart(0, opened.part, KINDS.get(kind, kind), block)
        if kind == "text":
            self.text = opened
        elif kind in ("thinking", "redacted_thinking"):  # both receive reasoning
            self.thinking = opened
        if is_call:
            if not block.get("id"):
                yield AnomalyFound("missing_call_id", text)
            self._calls += 1
            yield self._chunks.of(self._chunks.call(self._calls - 1, block), text)
        elif kind in TEXT_FIELDS:
            yield from self._deliver(opened, {TEXT_FIELDS[kind]: block.get(TEXT_FIELDS[kind])}, text)

    def _end(self, index: int, text: str) -> Iterable[Item]:
        block = self.open.pop(index, None)
        if block is None:
            return
        if block.call is not None and not block.has_input:
            # The input came with the start of the block, or it is empty.
            sent = block.began.get("input")
            arguments = "{}" if sent is None else _encode(sent).decode()
            yield self._chunks.of(self._chunks.arguments(block.call, arguments), text)
        yield PartEnd(0, block.part, complete=whole_block, annotations="citations")

    def _add(self, block: OpenBlock, kind: JSONValue, delta: Object, text: str) -> Iterable[Item]:
        if (kind, block.type) in (("text_delta", "text"), ("thinking_delta", "thinking")):
            yield from self._deliver(block, delta, text)
        elif kind == "input_json_delta" and block.type not in TEXT_FIELDS:
            piece = delta.get("partial_json")
            if not isinstance(piece, str):
                yield AnomalyFound("odd_type", f"partial_json: {piece!r}")
            elif block.call is None:
                yield PartPiece(0, block.part, piece)
            else:
                block.has_input = block.has_input or piece != ""
                yield self._chunks.of(self._chunks.arguments(block.call, piece), text)
        else:
            if not isinstance(kind, str) or kind not in KEPT_DELTAS:
                yield AnomalyFound("unknown_delta", text)
            yield PartPiece(0, block.part, delta)

    def _deliver(self, block: OpenBlock, delta: Object, text: str) -> Iterable[Item]:
        """Deliver a piece of text or thinking."""
        field = TEXT_FIELDS[block.type]
        said = delta.get(field)
        if said is not None and not isinstance(said, str):
            yield AnomalyFound("odd_type", f"{field}: {said!r}")
            said = None
        if block is not (self.text if block.type == "text" else self.thinking):
            yield PartStart(0, block.part, KINDS[block.type])
            if block.type == "text":
                self.text = block
            else:
                self.thinking = block
        extra = {name: item for name, item in delta.items() if name not in ("type", field) and item is not None}
        if not said and not extra:
            return
        if block.type == "text":
            yield self._chunks.of(ChoiceDelta(content=said, extra=extra or NOTHING), text)
        else:
            yield self._chunks.of(ChoiceDelta(reasoning_content=said, extra=extra or NOTHING), text)


def _is_index(index: JSONValue) -> bool:
    return type(index) is int and index >= 0
