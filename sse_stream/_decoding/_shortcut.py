"""The shortcut for repetitive chunks: it compares bytes instead of decoding them.

Nine out of ten chunks differ from the one before only in a piece of text. When adding a chunk has only appended a text,
the text is located in the JSON of the chunk, and a trial decode with another text in its place must give the same chunk
with that text. This determines the head and the tail of the event. Any later event that consists of this head, one JSON
string and this tail only appends that string. OpenAI's padding may vary as well, and so may the spaces that Anthropic
pads with.

This is exact. Replacing a JSON string leaves the rest of the JSON unchanged, the trial proves that the string is the
value of that field, and the state of the completion has not changed since. A JSON string contains no newline, so a
matching event has the same lines.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from .._chat._builder import CompletionBuilder
from .._chat._chunks import ChatCompletionChunk
from .._chat._events import ChatEvent, ReasoningDelta, RefusalDelta, TextDelta
from .._chat._reasoning import REASONING_FIELDS
from .._chat._text_channel import TextChannel, TextEvent
from .._sse._parser import PLAIN_END, PLAIN_NAME, PLAIN_START
from ..dialects._base import Dialect


def _decodes_alike(dialect: Dialect) -> bool:
    """Whether a dialect sets `decodes_alike` itself, so that its chunks may be compared."""
    return "decodes_alike" in vars(type(dialect)) and getattr(dialect, "decodes_alike", False)


_TEXT_FIELDS = {TextDelta: ("content",), ReasoningDelta: REASONING_FIELDS, RefusalDelta: ("refusal",)}

# After this many attempts in a row that failed, or helped with fewer than `USEFUL` events, the shortcut is given up.
TRIES = 16
USEFUL = 8

# Larger events are always decoded: comparing them is not worth keeping a copy.
_LARGEST = 64 * 1024

_encode = msgspec.json.Encoder().encode
_decode_text = msgspec.json.Decoder(str).decode


class Shortcut:
    """Reads events that differ only in their text. `forget` must be called before anything else is added.

    Args:
        builder: Accumulates the text.
        dialect: Decodes the chunks to learn from.
        limit: The maximum size of an event in bytes.

    Attributes:
        channel: The channel that receives the text; `None` while the shortcut is not in use.
        tries: How many unsuccessful attempts are left.
    """

    __slots__ = (
        "_between",
        "_builder",
        "_decode",
        "_found_at",
        "_head",
        "_limit",
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
        self._decode = dialect.decode_plain
        self._limit = limit
        self._room = 0  # the maximum size of a matching event
        self.tries = TRIES if _decodes_alike(dialect) else 0
        self.channel: TextChannel | None = None
        self._head = self._between = self._tail = b""  # the bytes around the text, including quotes
        self._squeezed = b""  # the tail without spaces, if the spaces in it may vary
        self._start = self._stop = 0
        self._seen = 0  # the number of chunks read before this text was found
        self._found_at = 0  # the number of pieces at that time

    def match(self, block: bytes) -> TextEvent | None:
        """Read an event that differs from the learned one only in its text. Returns its delta; otherwise `None`.

        Args:
            block: The bytes of one event, or any other bytes.

        Raises:
            OutputTooLargeError: The output exceeds the limit.
        """
        # Measured as "plain text": comparing takes less than half the time of decoding and adding.
        channel = self.channel
        if channel is None:
            return None
        if not block.startswith(self._head) or not block.endswith(self._tail) or len(block) > self._room:
            return self._match_spaced(block, channel)
        try:
            if self._between:
                return self._match_padded(block, channel)
            text = _decode_text(block[self._start : self._stop])
        except ValueError:
            return None
        if not text:
            return None
        # `TextChannel.append`, inlined: the call would add a tenth to the time.
        data = text.encode()
        channel.data += data
        tally = channel.tally
        tally.pieces += 1
        size = tally.size = tally.size + len(data)
        if size > tally.limit:
            tally.check()
        return channel.event(text, channel.choice)

    def _match_padded(self, block: bytes, channel: TextChannel) -> TextEvent | None:
        """Do the same as `match` for an event with padding after the text.

        Raises:
            ValueError: The event does not match.
        """
        middle = block[self._start : self._stop]
        cut = middle.find(self._between)
        padding = _decode_text(middle[cut + len(self._between) - 1 :])
        text = _decode_text(middle[: cut + 1])
        if not text:
            return None
        delta = channel.append(text)
        self._builder.set_field("obfuscation", padding)
        self._builder.tally.check()
        return delta

    def _match_spaced(self, block: bytes, channel: TextChannel) -> TextEvent | None:
        """Do the same as `match` for a tail of closing braces with a varying number of spaces."""
        stop = block.rfind(b'"') + 1
        if (
            block[stop:].replace(b" ", b"") != self._squeezed
            or not block.startswith(self._head)
            or not block.endswith(PLAIN_END)
            or len(block) > self._room
        ):
            return None
        try:
            text = _decode_text(block[self._start : stop])
        except ValueError:
            return None
        return channel.append(text) if text else None

    @property
    def seen(self) -> int:
        """The number of chunks that were read here."""
        return self._seen + self._used

    @property
    def _used(self) -> int:
        """How many of them were read since this text was found. Every piece since then was one of them."""
        return 0 if self.channel is None else self._builder.tally.pieces - self._found_at

    def forget(self) -> None:
        """Stop using the shortcut, because something else is about to be added."""
        used = self._used
        if used >= USEFUL:
            self.tries = TRIES
        self._seen += used
        self.channel = None

    def learn(self, data: object, name: str, chunk: ChatCompletionChunk, event: ChatEvent) -> None:
        """Learn from a chunk that was decoded from this data and name, and gave only this event when added."""
        if type(event) not in _TEXT_FIELDS or type(data) is not bytes:
            return
        self.tries -= 1
        channel = self._builder.repeating(chunk)
        if channel is None or len(data) > _LARGEST:
            return
        assert isinstance(event, TextEvent)  # noqa: S101  # for type checkers
        delta = chunk.choices[0].delta
        (field,) = (name for name in _TEXT_FIELDS[type(event)] if getattr(delta, name) == event.text)
        pieces = self._proven(data, name, chunk, field)
        if pieces is not None:
            before, self._between, after = pieces
            named = b"" if name == "message" else PLAIN_NAME + name.encode() + b"\n"
            self._head = named + PLAIN_START + before
            self._tail = after + PLAIN_END
            self._squeezed = b"" if after.strip(b'"} ') else (after[1:] + PLAIN_END).replace(b" ", b"")
            self._room = len(named) + self._limit + len(PLAIN_END)
            self._start = len(self._head) - 1  # the text, including its quotes
            self._stop = 1 - len(self._tail)
            self._found_at = self._builder.tally.pieces
            self.channel = channel

    def _proven(
        self, data: bytes, name: str, chunk: ChatCompletionChunk, field: str
    ) -> tuple[bytes, bytes, bytes] | None:
        """Return the bytes before the text, between it and the padding, and after; `None` if the trial decode fails."""
        (choice,) = chunk.choices
        text, padding = getattr(choice.delta, field), chunk.obfuscation
        pieces = []
        other, rest = b"", data
        for string in (text,) if padding is None else (text, padding):
            before, found, rest = rest.partition(_encode(string))
            if found in rest:
                return None  # ambiguous, or missing: then `found` is empty
            pieces.append(before)
            other += before + _encode(string + "~")
        changed = replace(choice, delta=replace(choice.delta, **{field: text + "~"}))
        expected = replace(chunk, choices=[changed], obfuscation=None if padding is None else padding + "~")
        if self._decode(other + rest, name) != expected:
            return None
        between = b"" if padding is None else b'"' + pieces[1] + b'"'
        return pieces[0] + b'"', between, b'"' + rest
