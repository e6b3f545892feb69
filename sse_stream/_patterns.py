"""What the JSON of a chunk looks like but for a few values, so that a chunk like it is read by comparing.

Most chunks of most streams differ from the one before in very few values: the text, a count, a random padding.
A pattern is what stays the same between two chunks, with a hole for each value that does not.

Nothing is guessed. A hole is one whole JSON string or one whole number: what stands in it has to be one by
itself, from its first byte to its last. Where its value goes was tried, by decoding the chunk with another
value there: exactly that one place of the chunk had to change, or nothing at all, as with what a dialect drops.
What does not fit is none of the pattern's business, and is decoded as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import msgspec

from ._chunks import ChatCompletionChunk, ChoiceDelta
from .dialects._extras import has_extras

Decode: TypeAlias = Callable[[bytes], ChatCompletionChunk | None]
"""Makes a chunk of its JSON, the same each time; `None` if it is none, or not well-formed."""

# More values than this do not change in one chunk after another; a chunk that differs in more is another chunk.
_MOST_HOLES = 6

# How much of what follows a value is looked for, to find its end.
_NEEDLE = 16

# As the bytes of an event begin and end whose data is one line.
_BEGIN = b"data: "
_END = b"\n\n"

_ONE_NUMBER = re.compile(rb"\D*(\d+)\D*")
_MOST_DIGITS = 15  # whatever reads a number reads this one alike

_NO_FIELD = ""

decode_text = msgspec.json.Decoder(str).decode
_decode_number = msgspec.json.Decoder(int).decode


class Hole(NamedTuple):
    """A value that changes.

    Attributes:
        is_text: Whether it is a string; otherwise it is a whole number.
        put: Sets it where it belongs in the pattern's own chunk.
        field: The field of the delta that it is, or `"obfuscation"`; `""` if it is elsewhere.
    """

    is_text: bool
    put: Callable[[Any], object]
    field: str


class Pattern:
    """The bytes of an event whose data is a chunk, but for a few values.

    Attributes:
        literals: What stands before the first hole, between two and after the last one. The quotes of strings
            are in it, and so is the framing of the event.
        chunk: The chunk that was last read. It is the pattern's own, and changes with the next one.
        spoken: The field of a delta that is all that changes, or all but the padding after it; `""` otherwise.
    """

    __slots__ = ("_holes", "chunk", "literals", "spoken")

    def __init__(self, literals: Sequence[bytes], holes: Sequence[Hole], chunk: ChatCompletionChunk) -> None:
        self.literals = literals
        # What is looked for is the beginning of the literal after the hole: to find a long one takes longer.
        self._holes = [
            (hole.is_text, hole.put, literal, literal[:_NEEDLE])
            for hole, literal in zip(holes, literals[1:], strict=True)
        ]
        first, *others = (hole.field for hole in holes)
        self.spoken = first if first != "obfuscation" and others in ([], ["obfuscation"]) else ""
        self.chunk = chunk
        chunk._source = None  # nobody asks this one what it was decoded from

    def read(self, data: bytes) -> ChatCompletionChunk | None:
        """The chunk that an event holds, if it fits: the same object each time."""
        head, tail = self.literals[0], self.literals[-1]
        if not data.startswith(head) or not data.endswith(tail):
            return None
        begin = len(head)
        last = len(data) - len(tail)
        values = []
        try:
            for is_text, put, literal, needle in self._holes:
                end = last if literal is tail else data.find(needle, begin, last)
                if end < begin or not data.startswith(literal, end):
                    return None
                values.append((put, decode_text(data[begin - 1 : end + 1]) if is_text else _number(data[begin:end])))
                begin = end + len(literal)
        except ValueError:
            return None
        for put, value in values:
            put(value)
        return self.chunk


def find_pattern(before: bytes, data: bytes, decode: Decode) -> Pattern | None:
    """What two chunks have in common, if they differ in few values; `None` if they do not.

    It is `None` as well where comparing would take longer than decoding does: where the chunk has nothing that the
    model does not name, and more changes than a piece of its text and the padding.

    Args:
        before: The JSON of one chunk.
        data: That of another one, later.
        decode: What reads them.
    """
    # Cut at the quotes, every other piece is a string. Where quotes are escaped it may not be: trying tells.
    old, new = before.split(b'"'), data.split(b'"')
    if len(old) != len(new):
        return None
    changed = [place for place, piece in enumerate(new) if piece != old[place]]
    if not 0 < len(changed) <= _MOST_HOLES:
        return None
    chunk = decode(data)
    if chunk is None:
        return None
    is_quick = not has_extras(chunk)
    if is_quick and len(changed) > 2:
        return None
    literals = []
    holes = []
    begin = 0
    for place in changed:
        start = sum(map(len, new[:place])) + place
        end = start + len(new[place])
        is_text = place % 2 == 1
        if not is_text:
            number = _ONE_NUMBER.fullmatch(new[place])
            if number is None:
                return None
            start, end = start + number.start(1), start + number.end(1)
        hole = _tried(data, start, end, chunk, decode, is_text=is_text)
        if hole is None or (is_quick and not hole.field):
            return None
        literals.append(data[begin:start])
        holes.append(hole)
        begin = end
    literals.append(data[begin:])
    literals[0] = _BEGIN + literals[0]
    literals[-1] += _END
    pattern = Pattern(literals, holes, chunk)
    return None if is_quick and not pattern.spoken else pattern


def _tried(
    data: bytes, start: int, end: int, chunk: ChatCompletionChunk, decode: Decode, *, is_text: bool
) -> Hole | None:
    """The hole between two places of a chunk's JSON; `None` if it is not known where its value goes."""
    original: str | int
    tried: str | int
    try:
        if is_text:
            original = decode_text(data[start - 1 : end + 1])
            tried = original + "."
            other = decode(data[:end] + b"." + data[end:])
        else:
            original = _number(data[start:end])
            tried = original + 1
            other = decode(data[:start] + b"%d" % tried + data[end:])
    except ValueError:
        return None
    if other is None:
        return None
    for put, was, field in _places(chunk, original):
        put(tried)
        is_there = chunk == other
        put(was)
        if is_there:
            return Hole(is_text, put, field)
    # A text that is dropped may be any. A number may be part of one, and is left alone, and so is a name.
    is_name = data[end + 1 :].lstrip().startswith(b":")
    return Hole(is_text, _drop, _NO_FIELD) if is_text and not is_name and chunk == other else None


def _places(chunk: ChatCompletionChunk, value: str | int) -> Iterator[tuple[Callable[[Any], object], Any, str]]:
    """Where a chunk has a value: how to set it there, what it is exactly, and which field of `Hole` that is."""
    owners: list[Any] = [chunk]
    for choice in chunk.choices:
        owners += choice, choice.delta
        for call in choice.delta.tool_calls or ():
            owners += call, call.function
        for place, detail in enumerate(choice.delta.reasoning_details or ()):
            for name, was in detail.items():
                if was == value:
                    yield partial(_put_detail, choice.delta, place, name), was, _NO_FIELD
    for owner in owners:
        if owner is None:
            continue
        for name in owner.__struct_fields__:
            if (was := getattr(owner, name)) == value:
                is_field = isinstance(owner, ChoiceDelta) or name == "obfuscation"
                yield partial(setattr, owner, name), was, name if is_field else _NO_FIELD
        for name, was in owner.extra.items():
            if was == value:
                yield partial(_put_extra, owner, name), was, _NO_FIELD
    if chunk.usage is not None:
        for name in chunk.usage.__struct_fields__:
            if (was := getattr(chunk.usage, name)) == value:
                yield partial(_put_usage, chunk, name), was, _NO_FIELD


# What is read of these is kept by who reads it: it is replaced, not changed.


def _put_extra(owner: Any, name: str, value: str | int) -> None:
    owner.extra = {**owner.extra, name: value}


def _put_detail(delta: ChoiceDelta, place: int, name: str, value: str | int) -> None:
    details = list(delta.reasoning_details or ())
    details[place] = {**details[place], name: value}
    delta.reasoning_details = details


def _put_usage(chunk: Any, name: str, value: int) -> None:
    usage = chunk.usage = chunk.usage.__copy__()  # as `copy.copy` would, at a fifth of its price
    setattr(usage, name, value)


def _drop(_: str) -> None:
    """What the dialect passes over."""


def _number(digits: bytes) -> int:
    """The number that these digits are.

    Raises:
        ValueError: They are no digits, too many, or not what JSON calls a number.
    """
    if not digits.isdigit() or len(digits) > _MOST_DIGITS:
        raise ValueError
    return _decode_number(digits)
