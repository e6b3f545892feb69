"""Reads that are like the one before: known by comparing, not by decoding.

Two ways. A read that fits the pattern of the chunks before it gives the chunk that it is. And where all that
changes is the text, and adding the chunk again would do nothing but add that text, the text is all that is read;
OpenAI's padding may change with it.
"""

from __future__ import annotations

from .._chat._accumulator import ChatAccumulator
from .._chat._choice_state import Speech, Voice
from .._chat._chunks import ChatCompletionChunk
from ._patterns import Decode, Pattern, decode_text, find_pattern

# A pattern that was of use less often than this was not worth finding: before the next is looked for, one chunk
# passes, then three, seven, and so on, this many at most.
_USEFUL = 4
_PATIENCE = 1023

# What is larger is decoded each time: to compare it is not worth keeping another copy.
_LARGEST = 64 * 1024


class Repeats:
    """Reads what is like the event before it. It has to be told to `forget` when anything else is read.

    Args:
        accumulator: Who is given the chunks, and here the texts.
        decode: What reads a chunk that is like none before: the same from the same bytes, each time.
        max_event_size: How many bytes an event may have, its blank line aside.
    """

    __slots__ = (
        "_accumulator",
        "_before",
        "_begin",
        "_between",
        "_decode",
        "_end",
        "_found_at",
        "_head",
        "_is_next",
        "_padded",
        "_patience",
        "_room",
        "_tail",
        "_voice",
        "_wait",
        "pattern",
        "seen",
    )

    _is_next: bool  # whether an event of one line may be the next thing to be read
    _voice: Voice | None  # where the text goes, if that is all that is new
    _padded: Voice | None  # the same, if padding is new as well
    # What stands around that text, between it and the padding, and where it stands, quotes included.
    _head: bytes
    _between: bytes
    _tail: bytes
    _begin: int
    _end: int

    def __init__(self, accumulator: ChatAccumulator, decode: Decode, max_event_size: int) -> None:
        self._accumulator = accumulator
        self._decode = decode
        self._room = max_event_size + 2
        self._before = b""  # the JSON of the chunk that was decoded before, if there may be a pattern to the two
        self.pattern: Pattern | None = None  # None until one was found: then there is nothing to compare with
        self.seen = 0  # chunks read here
        self._found_at = 0  # how many there were when the pattern was sought
        self._patience = 0
        self._wait = 0
        self.forget()

    def read(self, data: bytes) -> Speech | None:
        """The event of a read that is new only in its text; of any other `None`, and nothing is taken."""
        # Measured as "plain text": to compare takes less than half of what to decode and to add take.
        voice = self._voice
        if voice is not None and data.startswith(self._head) and data.endswith(self._tail) and len(data) <= self._room:
            try:
                text = decode_text(data[self._begin : self._end])
            except ValueError:
                return None
            # `ChatAccumulator._say`, written out: a call costs half as much again.
            accumulator = self._accumulator
            size = accumulator._size + len(text)
            if text and size <= accumulator._max_size:
                accumulator._size = size
                accumulator.pieces += 1
                self.seen += 1
                voice.write(text)
                return voice.event(text, voice.index)
        return None if self._padded is None else self._read_padded(data, self._padded)

    def _read_padded(self, data: bytes, voice: Voice) -> Speech | None:
        """What `read` does, where there is padding after the text."""
        if not data.startswith(self._head) or not data.endswith(self._tail) or len(data) > self._room:
            return None
        end = data.find(self._between, self._begin)
        try:
            text = decode_text(data[self._begin : end + 1])
            padding = decode_text(data[end + len(self._between) - 1 : self._end])
        except ValueError:
            return None
        event = self._accumulator._say(voice, text)
        if event is not None:
            self._accumulator._stated["obfuscation"] = padding
            self.seen += 1
        return event

    def read_chunk(self, pattern: Pattern, data: bytes) -> ChatCompletionChunk | None:
        """The chunk of a read that fits the pattern, to be added before the next is read; of any other `None`."""
        if not self._is_next or len(data) > self._room:
            return None
        chunk = pattern.read(data)
        if chunk is not None:
            self._voice = self._padded = None
            self.seen += 1
        return chunk

    def forget(self) -> None:
        """Something else is about to be read."""
        self._voice = self._padded = None
        self._is_next = False

    def added(self, pattern: Pattern) -> None:
        """The chunk of a pattern was added, by being read here or decoded."""
        if not pattern.spoken:
            return  # something else changes too
        voice = self._accumulator._voice(pattern.chunk)
        if voice is not None and voice.field == pattern.spoken:
            self._head, *between, self._tail = pattern.literals
            self._begin = len(self._head) - 1
            self._end = 1 - len(self._tail)
            if between:
                self._padded = voice
                self._between = between[0]
            else:
                self._voice = voice

    def learn(self, data: bytes, chunk: ChatCompletionChunk) -> None:
        """A chunk was decoded from this JSON and added, and nobody else has it."""
        self.forget()
        self._is_next = True
        if len(data) > _LARGEST:
            self._before = b""
            return
        before, self._before = self._before, data
        if not before:
            return
        if self.seen - self._found_at >= _USEFUL:
            self._patience = 0
        elif self._wait:
            self._wait -= 1
            return
        self._wait, self._patience = self._patience, min(2 * self._patience + 1, _PATIENCE)
        self._found_at = self.seen
        pattern = find_pattern(before, data, chunk, self._decode)
        if pattern is not None:
            self.pattern = pattern
            # Not to be compared with what comes after those that repeat it: once in a while a time changes too.
            self._before = b""
            self.added(pattern)
