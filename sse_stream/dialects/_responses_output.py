"""Tracking the output items of a response, and finding the item and part that an event refers to.

Items are identified by their position in the output, never by id, because some servers send a new id with each event.
"""

from __future__ import annotations

from .._chat._chunks import ChoiceDelta, ChoiceDeltaAudio
from .._json._depth import JSONValue
from .._json._reading import read_number
from ._responses_channels import CALLS, SUMMARY, TEXT, Channel, channel_of
from ._responses_parts import ChunkMaker, Object, OutputItem, Part
from ._responses_writer import PartWriter, has_text

# Longer ids are not kept. They are needed only for events without a position.
_LONGEST_ID = 256


class Output(PartWriter):
    """The output of one response.

    Args:
        chunks: Makes the chunks.

    Attributes:
        resumed: Whether the body continues a response that started in another stream.
    """

    __slots__ = ("_all", "_by_id", "_first", "_last", "_latest", "_reused", "resumed")

    def __init__(self, chunks: ChunkMaker) -> None:
        super().__init__(chunks)
        self.resumed = False
        self._all: list[OutputItem] = []
        self._last: OutputItem | None = None
        self._latest: dict[tuple[int, str], OutputItem] = {}  # by position and type
        self._reused: set[tuple[int, str]] = set()  # positions and types with more than one item
        self._by_id: dict[str, int] = {}  # the positions of items that are not done
        self._first: int | None = None  # the lowest position so far

    # ---------------------------------------------------------------- what events say

    def begin_item(self, event: Object) -> None:
        """Start an item."""
        native = object_of(event, "item")
        item_type = type_of(native)
        place = self._place(event, native, 0 if self._last is None else self._last.place + 1)
        identity = _identity(native)
        item = self._latest.get((place, item_type))
        if item is None or item.done or item.identity not in (None, identity):
            item = self._begin(place, item_type)
        elif item.identity is not None:
            self.note("start_repeated", native)
            return
        item.identity = identity
        item.joined_late = False
        item_id = native.get("id")
        if isinstance(item_id, str) and len(item_id) <= _LONGEST_ID:
            self._by_id[item_id] = place
        if item_type in CALLS:
            item.native = native
            for part in item.parts.values():
                self.name_call(part, native)
            if not item.parts:
                self.begin_call(item, native)
        elif not has_text(item_type):
            self.open_empty(item)

    def add_piece(self, channel: Channel, event: Object) -> None:
        """Add a piece of text."""
        part = self._part(channel, event)
        text = self.text("delta", event.get("delta"))
        if text:
            self.deliver(part, text, event.get("logprobs") if channel is TEXT else None)

    def begin_part(self, event: Object) -> None:
        """Start a text."""
        channel = channel_of(object_of(event, "part"))
        if channel is not None:
            self._part(channel, event)

    def end_text(self, channel: Channel, event: Object) -> None:
        """End a text, which the event repeats whole."""
        part = self._part(channel, event, may_be_done=True)
        whole = event.get(channel.whole)
        item = part.item
        if part.call is not None:
            self.name_call(part, event)
            if item.native is not None:
                item.native = {**item.native, channel.whole: whole}
                item.whole = True
        self.complete(part, whole, event.get("logprobs") if channel is TEXT else None)

    def end_part(self, event: Object) -> None:
        """End a part, which the event repeats whole."""
        entry = object_of(event, "part")
        channel = channel_of(entry)
        if channel is not None:
            self.complete_entry(self._part(channel, event, may_be_done=True), channel, entry)

    def add_annotation(self, event: Object) -> None:
        """Add an annotation of a text."""
        annotation = event.get("annotation")
        self.annotate(self._part(TEXT, event), [] if annotation is None else [annotation])

    def add_sound(self, event: Object) -> None:
        """Add a piece of audio, which belongs to no item."""
        self._add_audio(ChoiceDeltaAudio(data=self.text("delta", event.get("delta"))))

    def add_transcript(self, event: Object) -> None:
        """Add a piece of the audio transcript."""
        self._add_audio(ChoiceDeltaAudio(transcript=self.text("delta", event.get("delta"))))

    def pass_over(self, event: Object) -> None:
        """Ignore the end of audio, which has no content."""

    def end_item(self, event: Object) -> None:
        """End an item."""
        native = object_of(event, "item")
        item_type = type_of(native)
        place = self._place(event, native, 0 if self._last is None else self._last.place)
        item = self._latest.get((place, item_type))
        if item is None or (item.done and not _is_same(item, native)):
            item = self._begin(place, item_type, joined_late=self.resumed)
        self.end(item, native)
        item_id = native.get("id")
        if isinstance(item_id, str):
            self._by_id.pop(item_id, None)

    def finish(self, output: JSONValue) -> None:
        """End the output, which the event repeats whole."""
        natives = [native for native in output if isinstance(native, dict)] if isinstance(output, list) else []
        first = self._first
        for place, (native, item) in enumerate(zip(natives, self._matched(natives), strict=True)):
            if item is not None:
                self.end(item, native)
            elif self.resumed and first is not None and place < first:
                self.close(self._begin(place, type_of(native)), native)  # it was delivered by another stream
            else:
                self.end(self._begin(place, type_of(native)), native)
        for item in self._all:
            if not item.done:
                self.close(item, item.native if item.whole else None)

    # ---------------------------------------------------------------- which item, which part

    def _add_audio(self, audio: ChoiceDeltaAudio) -> None:
        self.said.append(self._chunks.of(ChoiceDelta(audio=audio)))

    def _place(self, event: Object, native: Object, otherwise: int) -> int:
        place = read_number(event.get("output_index"))
        if place is not None:
            return int(place)
        self.note("missing_index", f"output_index: {event.get('output_index')!r}")
        item_id = native.get("id", event.get("item_id"))
        return self._by_id.get(item_id, otherwise) if isinstance(item_id, str) else otherwise

    def _begin(self, place: int, type: str, *, joined_late: bool = False) -> OutputItem:
        last = self._last
        if last is not None and not last.parts:
            self.open_empty(last)  # so that parts are in the order of the items
        if (place, type) in self._latest:
            self._reused.add((place, type))
            self.streaming = None  # its pieces would be taken for those of the item before
        item = self._last = self._latest[place, type] = OutputItem(place, type, joined_late=joined_late)
        self._all.append(item)
        self._first = place if self._first is None else min(place, self._first)
        return item

    def _part(self, channel: Channel, event: Object, *, may_be_done: bool = False) -> Part:
        """Return the part that an event refers to, starting it if necessary."""
        place = self._place(event, {}, 0 if self._last is None else self._last.place)
        item = self._latest.get((place, channel.item))
        if item is None and channel.kind == "reasoning":
            item = self._latest.get((place, TEXT.item))  # its content may include reasoning
        if item is None or (item.done and not may_be_done):
            item = self._begin(place, channel.item, joined_late=self.resumed)
        if channel.place is None:
            return item.parts.get((channel.kind, 0)) or self.begin_call(item, event)
        number = read_number(event.get(channel.place))
        at = 0 if number is None else int(number)
        return item.parts.get((channel.kind, at)) or self.open(item, channel.kind, channel, at)

    def _matched(self, natives: list[Object]) -> list[OutputItem | None]:
        """Match the whole output to known items: by type and position, or else the next item of the type."""
        keys = [(place, type_of(native)) for place, native in enumerate(natives)]
        found = [None if key in self._reused else self._latest.get(key) for key in keys]
        taken = set(map(id, found))
        left: dict[str, list[OutputItem]] = {}
        for item in reversed(self._all):
            if id(item) not in taken:
                left.setdefault(item.type, []).append(item)
        for place, item_type in keys:
            rest = left.get(item_type)
            if found[place] is None and rest and _is_same(rest[-1], natives[place]):
                found[place] = rest.pop()
        return found


def object_of(event: Object, name: str) -> Object:
    """Return a field that should be an object; an empty object if it is not."""
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def type_of(native: Object) -> str:
    """Return the type of an item, by default a message."""
    item_type = native.get("type")
    return item_type if isinstance(item_type, str) else TEXT.item


def _identity(native: Object) -> str:
    """Return the id that distinguishes items at the same position; `""` if there is none, or it is too long."""
    identity = native.get("call_id") or native.get("id")
    return identity if isinstance(identity, str) and len(identity) <= _LONGEST_ID else ""


def _is_same(item: OutputItem, native: Object) -> bool:
    """Whether an object may belong to an item, judging by the first part."""
    part = next(iter(item.parts.values()), None)
    if part is None or part.channel is None:
        return True
    if part.call is not None:
        return part.call_id == native.get("call_id")
    said = native.get("summary" if part.channel is SUMMARY else "content")
    entry = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else {}
    whole = entry.get(part.channel.whole)
    return not isinstance(whole, str) or part.rest_of(whole) is not None
