"""The output items of a response and the parts in them, as far as they have come."""

from __future__ import annotations

from hashlib import blake2b

from .._chat._chunks import ChatCompletionChunk, ChoiceDelta, ChunkChoice, Source, with_source
from .._json._depth import JSONValue
from ._responses_channels import Channel, Piece

Object = dict[str, JSONValue]

# The digest of parts that never have text, which they share: each of its own would take more than all else of them.
_NOTHING = blake2b(digest_size=16)


class Part:
    """A part of the answer: one text of an item, or all of an item that has none.

    Of its text no copy is kept, only what tells whether another text begins with it.

    Args:
        item: Its item.
        index: Which part of the answer.
        kind: What kind.
        channel: Where its text comes from; `None` if it has none.
        place: Which text of the item in that channel.
        call: The number of the call that it is; `None` if it is none.

    Attributes:
        piece: What its pieces are on the fast path.
        length: How many characters have come.
        digest: Of those.
        annotations: How many annotations have come.
        contradicted: Whether it was told already that the whole text is another.
        call_id: The id that the answer to the call must carry; `""` as long as it is not known.
        name: The name of the tool; likewise.
    """

    __slots__ = (
        "annotations",
        "call",
        "call_id",
        "channel",
        "contradicted",
        "digest",
        "index",
        "item",
        "kind",
        "length",
        "name",
        "piece",
        "place",
    )

    def __init__(
        self,
        item: OutputItem,
        index: int,
        kind: str,
        *,
        channel: Channel | None = None,
        place: int = 0,
        call: int | None = None,
    ) -> None:
        self.item = item
        self.index = index
        self.kind = kind
        self.channel = channel
        self.piece: type[Piece] | None = None if channel is None else channel.piece
        self.place = place
        self.call = call
        self.length = 0
        self.digest = _NOTHING if channel is None else blake2b(digest_size=16)
        self.annotations = 0
        self.contradicted = False
        self.call_id = ""
        self.name = ""

    def add(self, text: str) -> None:
        """A piece has come."""
        self.length += len(text)
        self.digest.update(text.encode("utf-8", "surrogatepass"))

    def rest_of(self, whole: str) -> str | None:
        """What of the whole text has not come; `None` if that text is another."""
        if self.item.joined_late and (self.length or self.call is None) and self._is(whole[len(whole) - self.length :]):
            return ""  # what is missing stands before what came, in another stream
        return whole[self.length :] if self._is(whole[: self.length]) else None

    def _is(self, text: str) -> bool:
        data = text.encode("utf-8", "surrogatepass")
        return len(text) == self.length and blake2b(data, digest_size=16).digest() == self.digest.digest()


class OutputItem:
    """An item of the output.

    Args:
        place: Its place there.
        type: Its type.
        joined_late: Whether the stream begins inside it, so that the beginning of its text came with another.

    Attributes:
        announced: Whether the server has said that it begins.
        identity: The id that it had then.
        native: The JSON object of a call that is not done, as far as it has been said.
        parts: Its parts, by their kind and place.
        whole: Whether `native` holds all of it.
        done: Whether the server has said that it is complete.
    """

    __slots__ = ("announced", "done", "identity", "joined_late", "native", "parts", "place", "type", "whole")

    def __init__(self, place: int, type: str, *, joined_late: bool = False) -> None:
        self.place = place
        self.type = type
        self.announced = False
        self.identity = ""
        self.native: Object | None = None
        self.joined_late = joined_late
        self.parts: dict[tuple[str, int], Part] = {}
        self.whole = False
        self.done = False


class ChunkMaker:
    """Makes the chunks of one response: each names it.

    Attributes:
        id: The response's id.
        model: The model.
        created: When it was begun, in seconds since 1970.
        source: What the event is decoded from that is being read.
    """

    __slots__ = ("created", "id", "model", "source")

    def __init__(self) -> None:
        self.id: str | None = None
        self.model: str | None = None
        self.created: int | None = None
        self.source: Source | None = None

    def of(self, delta: ChoiceDelta, **choice: JSONValue) -> ChatCompletionChunk:
        """A chunk that says a delta.

        Args:
            delta: The delta.
            **choice: Other fields of the choice.
        """
        return self.beside([ChunkChoice(index=0, delta=delta, **choice)])

    def beside(self, choices: list[ChunkChoice], **fields: JSONValue) -> ChatCompletionChunk:
        """A chunk.

        Args:
            choices: Its choices.
            **fields: Its other fields.
        """
        chunk = ChatCompletionChunk(
            id=self.id,
            object="chat.completion.chunk",
            created=self.created,
            model=self.model,
            choices=choices,
            **fields,
        )
        return with_source(chunk, self.source)
