"""Text of formats whose events are numbered, and so never repeat: read as text, without a chunk in between.

Such a dialect has a `decode_text`, which gives the text of an event that is one more piece of the text that the event
before was a piece of. It takes the place of the chunk: what adding that would do is known from the chunk before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .._chat._builder import CompletionBuilder
from .._chat._chunks import ChatCompletionChunk
from .._chat._events import ChatEvent, ReasoningDelta, RefusalDelta, TextDelta
from .._chat._text_channel import SpokenDelta, TextChannel
from .._sse._parser import PLAIN_END, PLAIN_NAME, PLAIN_START
from ..dialects._base import Dialect
from ._shortcut import Shortcut

DecodeText: TypeAlias = Callable[[bytes], str | None]
"""Gives the text of an event's data, if that is one more piece of the text that is being streamed; `None` if not."""

_SPOKEN = (TextDelta, ReasoningDelta, RefusalDelta)

# So often in a row it is learned for less than this many events; then never again.
_TRIES = 16
_USEFUL = 8


class TypedShortcut:
    """Reads events that are pieces of one text. To be told to `forget` when anything else is added.

    Args:
        builder: What the texts are added to.
        decode: What gives the text of an event.
        limit: How many bytes an event may have.

    Attributes:
        channel: Where the text goes; `None` while events are not read so.
        tries: How often more it is learned in vain.
        seen: How many chunks events were that were read here.
    """

    __slots__ = ("_builder", "_decode", "_found_at", "_head", "_limit", "_start", "channel", "seen", "tries")

    def __init__(self, builder: CompletionBuilder, decode: DecodeText, limit: int) -> None:
        self._builder = builder
        self._decode = decode
        self._limit = limit
        self._head = PLAIN_START  # what stands before the data
        self._start = len(PLAIN_START)
        self._found_at = 0  # how many were seen when the channel was found
        self.tries = _TRIES
        self.channel: TextChannel | None = None
        self.seen = 0

    def match(self, block: bytes) -> SpokenDelta | None:
        """What an event says, if it is one more piece of the text; `None` of any other.

        Args:
            block: The bytes of one event, or of anything else.

        Raises:
            OutputTooLargeError: With it more is kept than may be.
        """
        # Measured as "text of Responses": without a chunk an event takes less than half of the time.
        channel = self.channel
        start = self._start
        if not block.startswith(self._head):
            start = _data_begins(block)
            if not start:
                return None
            self._head = block[:start]
            self._start = start
        end = len(block) - len(PLAIN_END)
        if (
            channel is None
            or block.find(b"\n", start) != end
            or not block.endswith(PLAIN_END)
            or end - start > self._limit
            or (text := self._decode(block[start:end])) is None
        ):
            return None
        self.seen += 1
        # `TextChannel.append`, written out: a call costs a twentieth of all this.
        data = text.encode()
        channel.data += data
        tally = channel.tally
        tally.pieces += 1
        size = tally.size = tally.size + len(data)
        if size > tally.limit:
            tally.check()
        return channel.event(text, channel.choice)

    def forget(self) -> None:
        """Something else is about to be added."""
        if self.channel is not None and self.seen - self._found_at >= _USEFUL:
            self.tries = _TRIES
        self.channel = None

    def learn(self, data: object, name: str, chunk: ChatCompletionChunk, event: ChatEvent) -> None:  # noqa: ARG002  # as `Shortcut`
        """A chunk was added, and gave this event and no other."""
        if isinstance(event, _SPOKEN):
            self.tries -= 1
            self.channel = self._builder.repeating(chunk)
            self._found_at = self.seen


def _data_begins(block: bytes) -> int:
    """Where the data of an event of one line begins, that may have a name before it; 0 if it is no such event."""
    if block.startswith(PLAIN_START):
        return len(PLAIN_START)
    line = block.find(b"\n") + 1
    if line and block.startswith(PLAIN_NAME) and block.startswith(PLAIN_START, line):
        return line + len(PLAIN_START)
    return 0


def shortcut_for(dialect: Dialect, builder: CompletionBuilder, limit: int) -> Shortcut | TypedShortcut:
    """What reads the text of a dialect.

    Args:
        dialect: The dialect.
        builder: What the texts are added to.
        limit: How many bytes an event may have.
    """
    decode: DecodeText | None = getattr(dialect, "decode_text", None)
    if decode is not None:
        return TypedShortcut(builder, decode, limit)
    return Shortcut(builder, dialect, limit)
