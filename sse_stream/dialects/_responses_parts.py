"""The state of the output items of a response and their parts."""

from __future__ import annotations

from hashlib import blake2b

from .._chat._chunks import ChatCompletionChunk, ChoiceDelta, ChunkChoice, Source, with_source
from .._json._depth import JSONValue
from .._json._lenient import LONE, without_surrogates
from ._responses_channels import Channel, Piece

Object = dict[str, JSONValue]

# The digest of all parts without text. It is shared because a digest takes more memory than the rest of such a part.
_NOTHING = blake2b(digest_size=16)


class Part:
    """A part of the answer: one text of an item, or a whole item without text.

    The text itself is not kept. Its length and digest tell whether another text begins with it.

    Args:
        item: The item.
        index: The index of the part in the answer.
        kind: The kind of part.
        channel: The channel of its text; `None` if it has none.
        place: The index of the text in the item and channel.
        call: The index of the tool call; `None` if it is not one.

    Attributes:
        piece: The struct of its pieces on the fast path.
        length: The number of characters so far.
        digest: The digest of these characters.
        half: Half a surrogate pair at the end of the text, which is not among them.
        annotations: The number of annotations so far.
        contradicted: Whether a contradicting whole text has been reported.
        call_id: The id to send back with the tool's result; `""` until it is known.
        name: The name of the tool; `""` until it is known.
    """

    __slots__ = (
        "annotations",
        "call",
        "call_id",
        "channel",
        "contradicted",
        "digest",
        "half",
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
        channel: Channel | None,
        place: int,
        call: int | None,
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
        self.half = ""
        self.annotations = 0
        self.contradicted = False
        self.call_id = ""
        self.name = ""

    def add(self, text: str) -> None:
        """Add a piece. Half a surrogate pair at its end counts once the other half has come."""
        text = self.half + text
        self.half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        whole: str = without_surrogates(text.removesuffix(self.half))
        self.length += len(whole)
        self.digest.update(whole.encode())

    def rest_of(self, whole: str) -> str | None:
        """Return the rest of the whole text that has not come; `None` if the texts contradict."""
        if self.item.joined_late and (self.length or self.call is None) and self._is(whole[len(whole) - self.length :]):
            return ""  # the beginning of the text came in another stream
        return self._beyond_half(whole[self.length :]) if self._is(whole[: self.length]) else None

    def _beyond_half(self, rest: str) -> str | None:
        """Return the rest of a text without the half of its first character that has come."""
        if not self.half or not rest:
            return rest
        first = rest[0].encode("utf-16-le")
        half, other = first[:2].decode("utf-16-le", "surrogatepass"), first[2:].decode("utf-16-le", "surrogatepass")
        return other + rest[1:] if half in (self.half, LONE) else None

    def _is(self, text: str) -> bool:
        return blake2b(text.encode(), digest_size=16).digest() == self.digest.digest()


class OutputItem:
    """An item of the output.

    Args:
        place: Its position in the output.
        type: Its type.
        joined_late: Whether the stream starts inside it, so that the beginning of its text came in another stream.

    Attributes:
        identity: Its id at the start, or `""`; `None` until the server has sent its start.
        native: The JSON object so far of a call that is not done.
        parts: Its parts, by kind and position.
        whole: Whether `native` is complete.
        done: Whether the server has sent its end.
    """

    __slots__ = ("done", "identity", "joined_late", "native", "parts", "place", "type", "whole")

    def __init__(self, place: int, type: str, *, joined_late: bool) -> None:
        self.place = place
        self.type = type
        self.identity: str | None = None
        self.native: Object | None = None
        self.joined_late = joined_late
        self.parts: dict[tuple[str, int], Part] = {}
        self.whole = False
        self.done = False


class ChunkMaker:
    """Makes the chunks of one response.

    Attributes:
        id: The id of the response.
        model: The name of the model.
        created: When the response was created, in seconds since 1970.
        source: The source of the current event.
    """

    __slots__ = ("created", "id", "model", "source")

    def __init__(self) -> None:
        self.id: str | None = None
        self.model: str | None = None
        self.created: int | None = None
        self.source: Source | None = None

    def of(self, delta: ChoiceDelta, **choice: JSONValue) -> ChatCompletionChunk:
        """Make a chunk with a delta.

        Args:
            delta: The delta.
            **choice: Other fields of the choice.
        """
        return self.beside([ChunkChoice(index=0, delta=delta, **choice)])

    def beside(self, choices: list[ChunkChoice], **fields: JSONValue) -> ChatCompletionChunk:
        """Make a chunk.

        Args:
            choices: The choices.
            **fields: Other fields of the chunk.
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
