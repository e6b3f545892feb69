"""Text that repeats all but itself: read by comparing, not by decoding.

Nine chunks of ten are the one before with another piece of text. Once adding a chunk did nothing but append one
text, that text is looked for in the chunk's JSON, and one trial decode, with another text in its place, must give
the same chunk with that text. Then what stands before the text and what stands behind it are known, and an event
that is head, one JSON string and tail says nothing but that string. OpenAI's padding may change with it, and so may
the spaces that Anthropic pads with.

Why this is exact: a JSON string that is replaced by another one leaves the rest of the JSON as it was, the trial
shows that it is a value, and of which field, and what the completion is made of has not changed since. No line ends in
a JSON string, so what is compared has the lines of the event before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from .._chat._builder import CompletionBuilder
from .._chat._chunks import ChatCompletionChunk
from .._chat._events import ChatEvent, ReasoningDelta, RefusalDelta, TextDelta
from .._chat._reasoning import REASONING_FIELDS
from .._chat._text_channel import SpokenDelta, TextChannel
from .._sse._parser import PLAIN_END, PLAIN_NAME, PLAIN_START
from ..dialects._base import Dialect

Decode: TypeAlias = Callable[[bytes, str], ChatCompletionChunk | None]
"""Makes a chunk of an event's data and name, a new and equal one each time; `None` if it is none, or not well-formed."""


def _decode_alike(dialect: Dialect) -> Decode | None:
    """What reads its chunks, if it says that it makes the same of the same; `None` if nothing may be compared."""
    says_so = "decodes_alike" in vars(type(dialect)) and getattr(dialect, "decodes_alike", False)
    return dialect.decode_plain if says_so else None


_SPOKEN = {TextDelta: ("content",), ReasoningDelta: REASONING_FIELDS, RefusalDelta: ("refusal",)}

# So often in a row it is tried in vain, or for less than this many events; then never again.
_TRIES = 16
_USEFUL = 8

# What is larger is decoded each time: to compare it is not worth keeping a copy.
_LARGEST = 64 * 1024

_SPACED_END = b"}" + PLAIN_END

_encode = msgspec.json.Encoder().encode
_decode_text = msgspec.json.Decoder(str).decode


class Shortcut:
    """Reads events that are new in their text alone. To be told to `forget` when anything else is added.

    Args:
        builder: What the texts are added to.
        dialect: What reads a chunk that is like none before.
        limit: How many bytes an event may have.

    Attributes:
        channel: Where the text goes; `None` while events are not compared.
        tries: How often more a text is looked for in vain.
    """

    __slots__ = (
        "_between",
        "_builder",
        "_decode",
        "_found_at",
        "_head",
        "_limit",
        "_padding",
        "_room",
        "_seen",
        "_squeezed",
        "_start",
        "_stop",
        "_tail",
        "channel",
        "tries",
    )

    def __init__(self, builder: CompletionBuilder, dialect: Dialect, limit: int) -> None:
        self._builder = builder
        self._decode = _decode_alike(dialect)
        self._limit = limit
        self._room = 0  # how many bytes the event may have
        self.tries = 0 if self._decode is None else _TRIES
        self.channel: TextChannel | None = None
        self._head = self._between = self._tail = b""  # what stands around it, quotes included
        self._squeezed = b""  # the tail without its spaces, if nothing else may be in it
        self._start = self._stop = 0
        self._padding: str | None = None  # of the chunk that was looked at last
        self._seen = 0  # before this text was found
        self._found_at = 0  # how many pieces there had been then

    def match(self, block: bytes) -> SpokenDelta | None:
        """What an event says, if it is the one before with another text; `None` of any other.

        Args:
            block: The bytes of one event, or of anything else.

        Raises:
            OutputTooLargeError: With it more is kept than may be.
        """
        # Measured as "plain text": to compare takes less than half of what to decode and to add take.
        if not block.startswith(self._head) or not block.endswith(self._tail) or len(block) > self._room:
            return self._match_spaced(block) if self._squeezed else None
        channel = self.channel
        try:
            if self._between:
                return self._match_padded(block)
            text = _decode_text(block[self._start : self._stop])
        except ValueError:
            return None
        if not text or channel is None:
            return None
        # `TextChannel.append`, written out: a call costs a tenth of all this.
        data = text.encode()
        channel.data += data
        tally = channel.tally
        tally.pieces += 1
        size = tally.size = tally.size + len(data)
        if size > tally.limit:
            tally.check()
        return channel.event(text, channel.choice)

    def _match_padded(self, block: bytes) -> SpokenDelta | None:
        """What `match` does, where there is padding behind the text.

        Raises:
            ValueError: This is no such event.
        """
        middle = block[self._start : self._stop]
        cut = middle.find(self._between)
        padding = _decode_text(middle[cut + len(self._between) - 1 :])
        text = _decode_text(middle[: cut + 1])
        if not text or self.channel is None:
            return None
        delta = self.channel.append(text)
        self._builder.state("obfuscation", padding)
        self._builder.tally.check()
        return delta

    def _match_spaced(self, block: bytes) -> SpokenDelta | None:
        """What `match` does, where the tail is closing braces with another number of spaces between them."""
        stop = block.rfind(b'"') + 1
        if (
            self.channel is None
            or block[stop:].replace(b" ", b"") != self._squeezed
            or not block.startswith(self._head)
            or not block.endswith(_SPACED_END)
            or len(block) > self._room
        ):
            return None
        try:
            text = _decode_text(block[self._start : stop])
        except ValueError:
            return None
        return self.channel.append(text) if text else None

    @property
    def seen(self) -> int:
        """Chunks that were read here."""
        return self._seen + self._used

    @property
    def _used(self) -> int:
        """How many of them since this text was found: each was a piece, and nothing else can have been one."""
        return 0 if self.channel is None else self._builder.tally.pieces - self._found_at

    def forget(self) -> None:
        """Something else is about to be added."""
        used = self._used
        if used >= _USEFUL:
            self.tries = _TRIES
        self._seen += used
        self.channel = None

    def learn(self, data: object, name: str, chunk: ChatCompletionChunk, event: ChatEvent) -> None:
        """A chunk was decoded from the data of an event of this name, and added, and gave this event and no other."""
        if type(event) not in _SPOKEN or type(data) is not bytes:
            return
        self.tries -= 1
        channel = self._builder.repeating(chunk)
        if channel is None or len(data) > _LARGEST:
            return
        assert isinstance(event, SpokenDelta)  # noqa: S101  # for type checkers
        delta = chunk.choices[0].delta
        (field,) = (name for name in _SPOKEN[type(event)] if getattr(delta, name) == event.text)
        holes = [event.text]
        if chunk.obfuscation is not None and self._padding not in (None, chunk.obfuscation):
            holes.append(chunk.obfuscation)  # which changes too
        self._padding = chunk.obfuscation
        pieces = self._proven(data, name, chunk, field, holes)
        if pieces is not None:
            before, self._between, after = pieces
            named = b"" if name == "message" else PLAIN_NAME + name.encode() + b"\n"
            self._head = named + PLAIN_START + before
            self._tail = after + PLAIN_END
            self._squeezed = b"" if after.strip(b'"} ') else (after[1:] + PLAIN_END).replace(b" ", b"")
            self._room = len(named) + self._limit + len(PLAIN_END)
            self._start = len(self._head) - 1  # the text begins and ends with its quotes
            self._stop = 1 - len(self._tail)
            self._found_at = self._builder.tally.pieces
            self.channel = channel

    def _proven(
        self, data: bytes, name: str, chunk: ChatCompletionChunk, field: str, holes: list[str]
    ) -> tuple[bytes, bytes, bytes] | None:
        """What stands before the text, between it and the padding, and behind; `None` if that cannot be shown."""
        pieces = []
        rest = data
        for hole in holes:
            before, found, rest = rest.partition(_encode(hole))
            if not found or found in rest:
                return None  # not there, or there twice
            pieces.append(before)
        others = [hole + "~" for hole in holes]
        other = b"".join(before + _encode(hole) for before, hole in zip(pieces, others, strict=True)) + rest
        tried = None if self._decode is None else self._decode(other, name)
        if tried is None or len(tried.choices) != 1:
            return None
        (choice,) = tried.choices
        if getattr(choice.delta, field) != others[0] or (len(others) > 1 and tried.obfuscation != others[1]):
            return None
        restored = replace(choice, delta=replace(choice.delta, **{field: holes[0]}))
        padding = chunk.obfuscation if len(holes) > 1 else tried.obfuscation
        if replace(tried, choices=[restored], obfuscation=padding) != chunk:
            return None
        between = b'"' + pieces[1] + b'"' if len(pieces) > 1 else b""
        return pieces[0] + b'"', between, b'"' + rest
