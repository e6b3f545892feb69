"""The output of a response: which item an event is about, and which part of it.

Items are known by their place in the output, never by their id: some servers send another id with each event.
"""

from __future__ import annotations

from .._chat._chunks import ChoiceDelta, ChoiceDeltaAudio
from .._json._depth import JSONValue
from .._json._reading import read_number
from ._responses_channels import CALLS, SUMMARY, TEXT, Channel, channel_of
from ._responses_parts import ChunkMaker, Object, OutputItem, Part
from ._responses_writer import PartWriter, has_text

# An id that is longer is not kept: only events without a place are looked up by it.
_LONGEST_ID = 256


class Output(PartWriter):
    """The output of one response, as its events say it.

    Args:
        chunks: What makes the chunks.

    Attributes:
        resumed: Whether the body is the rest of one that began in another stream.
    """

    __slots__ = ("_all", "_by_id", "_first", "_last", "_latest", "_reused", "resumed")

    def __init__(self, chunks: ChunkMaker) -> None:
        super().__init__(chunks)
        self.resumed = False
        self._all: list[OutputItem] = []
        self._last: OutputItem | None = None
        self._latest: dict[tuple[int, str], OutputItem] = {}  # by place and type
        self._reused: set[tuple[int, str]] = set()  # where there was more than one
        self._by_id: dict[str, int] = {}  # the places of items that are not done
        self._first: int | None = None  # the lowest place that has been seen

    # ---------------------------------------------------------------- what events say

    def begin_item(self, event: Object) -> None:
        """An item begins."""
        native = object_of(event, "item")
        item_type = type_of(native)
        place = self._place(event, native, 0 if self._last is None else self._last.place + 1)
        identity = _identity(native)
        item = self._latest.get((place, item_type))
        if item is None or item.done or (item.announced and item.identity != identity):
            item = self._begin(place, item_type)
        elif item.announced:
            self.note("start_repeated", native)
            return
        item.announced = True
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
        """A piece of a text."""
        part = self._part(channel, event)
        text = self.text("delta", event.get("delta"))
        if text:
            self.deliver(part, text, event.get("logprobs") if channel is TEXT else None)

    def begin_part(self, event: Object) -> None:
        """A text begins."""
        channel = channel_of(object_of(event, "part"))
        if channel is not None:
            self._part(channel, event)

    def end_text(self, channel: Channel, event: Object) -> None:
        """A text is whole, and said again."""
        part = self._part(channel, event, may_be_done=True)
        whole = event.get(channel.whole)
        item = part.item
        if part.call is not None:
            self.name_call(part, event)
            if item.native is not None and not item.done:
                item.native = {**item.native, channel.whole: whole}
                item.whole = True
        self.complete(part, whole, event.get("logprobs") if channel is TEXT else None)

    def end_part(self, event: Object) -> None:
        """A part is whole, and said again."""
        entry = object_of(event, "part")
        channel = channel_of(entry)
        if channel is not None:
            self.complete_entry(self._part(channel, event, may_be_done=True), entry)

    def add_annotation(self, event: Object) -> None:
        """A place in a text has a source."""
        annotation = event.get("annotation")
        self.annotate(self._part(TEXT, event), [] if annotation is None else [annotation])

    def add_sound(self, event: Object) -> None:
        """A piece of sound, which belongs to no item."""
        self._add_audio(ChoiceDeltaAudio(data=self.text("delta", event.get("delta"))))

    def add_transcript(self, event: Object) -> None:
        """A piece of what the sound says."""
        self._add_audio(ChoiceDeltaAudio(transcript=self.text("delta", event.get("delta"))))

    def pass_over(self, event: Object) -> None:
        """Sound is not said again, whole: its end says nothing."""

    def end_item(self, event: Object) -> None:
        """An item is complete."""
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
        """The response is complete, and its whole output is said again."""
        natives = [native for native in output if isinstance(native, dict)] if isinstance(output, list) else []
        first = self._first
        for place, (native, item) in enumerate(zip(natives, self._matched(natives), strict=True)):
            if item is not None:
                self.end(item, native)
            elif self.resumed and first is not None and place < first:
                self.close(self._begin(place, type_of(native)), native)  # another stream has said it
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
            self.open_empty(last)  # so that parts are in the order of their items
        if (place, type) in self._latest:
            self._reused.add((place, type))
        item = self._last = self._latest[place, type] = OutputItem(place, type, joined_late=joined_late)
        self._all.append(item)
        self._first = place if self._first is None else min(place, self._first)
        return item

    def _part(self, channel: Channel, event: Object, *, may_be_done: bool = False) -> Part:
        """The part that an event is about; a new one if there is none."""
        place = self._place(event, {}, 0 if self._last is None else self._last.place)
        item = self._latest.get((place, channel.item))
        if item is None and channel.kind == "reasoning":
            item = self._latest.get((place, TEXT.item))  # whose content may hold reasoning
        if item is None or (item.done and not may_be_done):
            item = self._begin(place, channel.item, joined_late=self.resumed)
        if channel.place is None:
            return item.parts.get((channel.kind, 0)) or self.begin_call(item, event)
        number = read_number(event.get(channel.place))
        at = 0 if number is None else int(number)
        return item.parts.get((channel.kind, at)) or self.open(item, channel.kind, channel, at)

    def _matched(self, natives: list[Object]) -> list[OutputItem | None]:
        """Which item each of the whole output is: that of its type at its place, or else the next of its type."""
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
    """A field that should be an object; an empty one if it is none."""
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def type_of(native: Object) -> str:
    """The type of an item; a message where it says none."""
    item_type = native.get("type")
    return item_type if isinstance(item_type, str) else TEXT.item


def _identity(native: Object) -> str:
    """What tells an item from another at its place: `""` where nothing short does."""
    identity = native.get("call_id") or native.get("id")
    return identity if isinstance(identity, str) and len(identity) <= _LONGEST_ID else ""


def _is_same(item: OutputItem, native: Object) -> bool:
    """Whether an object can be that of an item, as far as its first part tells."""
    part = next(iter(item.parts.values()), None)
    if part is None or part.channel is None:
        return True
    if part.call is not None:
        return part.call_id == native.get("call_id")
    said = native.get("summary" if part.channel is SUMMARY else "content")
    entry = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else {}
    whole = entry.get(part.channel.whole)
    return not isinstance(whole, str) or part.rest_of(whole) is not None
