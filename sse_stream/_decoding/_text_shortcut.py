"""The shortcut for formats whose events are numbered, and so never repeat: it reads text without making chunks.

The dialect of such a format has a `decode_text`, which returns the text of an event that continues the text of the one
before. No chunk is needed, because the effect of adding it is known from the chunk before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .._chat._builder import CompletionBuilder
from .._chat._chunks import ChatCompletionChunk
from .._chat._events import ChatEvent, ReasoningDelta, RefusalDelta, TextDelta
from .._chat._text_channel import TextChannel, TextEvent
from .._sse._parser import PLAIN_END, PLAIN_NAME, PLAIN_START
from ..dialects._base import Dialect
from ._shortcut import TRIES, USEFUL, Shortcut

DecodeText: TypeAlias = Callable[[bytes], str | None]
"""Returns the text of an event's data if it continues the current text; otherwise `None`."""

_TEXT_EVENTS = (TextDelta, ReasoningDelta, RefusalDelta)


class TextShortcut:
    """Reads events that continue one text. `forget` must be called before anything else is added.

    Args:
        builder: Accumulates the text.
        decode: Returns the text of an event.
        limit: The maximum size of an event in bytes.

    Attributes:
        channel: The channel that receives the text; `None` while the shortcut is not in use.
        tries: How many unsuccessful attempts are left.
        seen: The number of chunks that were read here.
    """

    __slots__ = ("_builder", "_decode", "_found_at", "_head", "_limit", "_start", "channel", "seen", "tries")

    def __init__(self, builder: CompletionBuilder, decode: DecodeText, limit: int) -> None:
        self._builder = builder
        self._decode = decode
        self._limit = limit - len(PLAIN_START)  # the maximum size of the data
        self._head = PLAIN_START  # the bytes before the data
        self._start = len(PLAIN_START)
        self._found_at = 0  # the value of `seen` when the channel was found
        self.tries = TRIES
        self.channel: TextChannel | None = None
        self.seen = 0

    def match(self, block: bytes) -> TextEvent | None:
        """Read an event that continues the text. Returns its delta; `None` for any other event.

        Args:
            block: The bytes of one event, or any other bytes.

        Raises:
            OutputTooLargeError: The output exceeds the limit.
        """
        # Measured as "text of Responses": without a chunk, an event takes less than half the time.
        channel = self.channel
        start = self._start
        if not block.startswith(self._head):
            start = _data_begins(block)
            if not start or start > self._limit:
                return None
            self._head = block[:start]
            self._start = start
        end = len(block) - len(PLAIN_END)
        if (
            channel is None
            or block.find(b"\n", start) != end
            or not block.endswith(PLAIN_END)
            or end - start > self._limit
            or not (block.isascii() or _is_utf8(block))  # the decoder does not look into the strings that it skips
            or (text := self._decode(block[start:end])) is None
        ):
            return None
        self.seen += 1
        # `TextChannel.append`, inlined: the call would add a twentieth to the time.
        data = text.encode()
        channel.data += data
        tally = channel.tally
        tally.pieces += 1
        size = tally.size = tally.size + len(data)
        if size > tally.limit:
            tally.check()
        return channel.event(text, channel.choice)

    def forget(self) -> None:
        """Stop using the shortcut, because something else is about to be added."""
        if self.channel is not None and self.seen - self._found_at >= USEFUL:
            self.tries = TRIES
        self.channel = None

    def learn(self, data: object, name: str, chunk: ChatCompletionChunk, event: ChatEvent) -> None:  # noqa: ARG002  # the signature of `Shortcut`
        """Learn from a chunk that was decoded from this data, and gave only this event when added."""
        if isinstance(event, _TEXT_EVENTS) and type(data) is bytes:
            self.tries -= 1
            self.channel = self._builder.repeating(chunk)
            self._found_at = self.seen


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _data_begins(block: bytes) -> int:
    """Return where the data of a plain event begins, after its name if it has one; 0 for other events."""
    if block.startswith(PLAIN_START):
        return len(PLAIN_START)
    line = block.find(b"\n") + 1
    if block.startswith(PLAIN_NAME) and block.startswith(PLAIN_START, line):
        return line + len(PLAIN_START)
    return 0


def shortcut_for(dialect: Dialect, builder: CompletionBuilder, limit: int) -> Shortcut | TextShortcut:
    """Create the shortcut for a dialect.

    Args:
        dialect: The dialect.
        builder: Accumulates the text.
        limit: The maximum size of an event in bytes.
    """
    decode: DecodeText | None = getattr(dialect, "decode_text", None)
    if decode is not None:
        return TextShortcut(builder, decode, limit)
    return Shortcut(builder, dialect, limit)
