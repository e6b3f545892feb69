"""What the JSON of a chunk looks like but for a few values, so that a chunk like it is read by comparing.

Most chunks of most streams differ from the one before in very few values: the text, a count, a random padding.
A pattern is what stays the same between two chunks, with a hole for each value that does not.

Nothing is guessed. A hole is one whole JSON string or one whole number: what stands in it has to be one by
itself, from its first byte to its last. Where the values go was tried, by decoding the chunk with others: each had
to change exactly one place of the chunk, or none at all, as what a dialect drops. What does not fit is none of the
pattern's business, and is decoded as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import asdict

from .._chat._chunks import ChatCompletionChunk, ChoiceDelta
from ..dialects._extras import has_extras

Put: TypeAlias = Callable[[Any], object]

Decode: TypeAlias = Callable[[bytes], ChatCompletionChunk | None]
"""Makes a chunk of its JSON, a new and equal one each time; `None` if it is none, or not well-formed."""

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
_SCALARS = (str, int)  # what a hole can hold

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
    put: Put
    field: str


class Pattern:
    """The bytes of an event whose data is a chunk, but for a few values.

    Attributes:
        literals: What stands before the first hole, between two and after the last one. The quotes of strings
            are in it, and so is the framing of the event.
        chunk: The chunk that was last read; before, like it. It is the pattern's own, and changes with the next one.
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


class _Value(NamedTuple):
    """A value that two chunks do not share: where it stands in the JSON of the later one, and what is tried there."""

    start: int
    end: int
    is_text: bool
    original: str | int
    tried: str | int
    written: bytes


def find_pattern(before: bytes, data: bytes, chunk: ChatCompletionChunk, decode: Decode) -> Pattern | None:
    """What two chunks have in common, if they differ in few values; `None` if they do not.

    It is `None` as well where comparing would take longer than decoding does: where the chunk has nothing that the
    model does not name, and more changes than a piece of its text and the padding.

    Args:
        before: The JSON of one chunk.
        data: That of another one, later.
        chunk: The later one, which is changed.
        decode: What reads them.
    """
    is_quick = not has_extras(chunk)
    values = _changed(before, data, 2 if is_quick else _MOST_HOLES)
    if not values:
        return None
    begin = 0
    literals = []
    other = b""
    for value in values:
        literals.append(data[begin : value.start])
        other += literals[-1] + value.written
        begin = value.end
    literals.append(data[begin:])
    tried = decode(other + literals[-1])
    holes = None if tried is None else _holes(values, literals, chunk, tried)
    if holes is None:
        return None
    literals[0] = _BEGIN + literals[0]
    literals[-1] += _END
    pattern = Pattern(literals, holes, chunk)
    return None if is_quick and not pattern.spoken else pattern


def _changed(before: bytes, data: bytes, most: int) -> Sequence[_Value]:
    """The values in which two chunks differ; none if those are too many, or anything else is different."""
    # Cut at the quotes, every other piece is a string. Where quotes are escaped it may not be: trying tells.
    old, new = before.split(b'"'), data.split(b'"')
    if len(old) != len(new):
        return ()
    changed = [place for place, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]
    if len(changed) > most:
        return ()
    values: list[_Value] = []
    start = passed = 0
    try:
        for nth, place in enumerate(changed, 1):
            start += sum(map(len, new[passed:place])) + place - passed
            passed = place
            values.append(_text(new[place], start, nth) if place % 2 else _whole_number(new[place], start, nth))
    except ValueError:
        return ()
    return values


# Each value is tried with something else: so it is told which of them is where.


def _text(piece: bytes, start: int, nth: int) -> _Value:
    text = decode_text(b'"' + piece + b'"')
    return _Value(start, start + len(piece), True, text, text + "." * nth, piece + b"." * nth)


def _whole_number(piece: bytes, start: int, nth: int) -> _Value:
    found = _ONE_NUMBER.fullmatch(piece)
    if found is None:
        raise ValueError
    number = _number(found[1])
    return _Value(start + found.start(1), start + found.end(1), False, number, number + nth, b"%d" % (number + nth))


def _holes(
    values: Sequence[_Value], literals: Sequence[bytes], chunk: ChatCompletionChunk, tried: ChatCompletionChunk
) -> list[Hole] | None:
    """Where the values of a chunk go, given the chunk that has what was tried; `None` if that is not known of each."""
    wanted = {(value.original, value.tried) for value in values}
    found: dict[tuple[str | int, str | int], tuple[Put, str]] = {}
    for was, now, put, field in _places(chunk, tried):
        if (was, now) in wanted:
            found[was, now] = put, field
            if len(found) == len(wanted):
                break
    holes = []
    for value, after in zip(values, literals[1:], strict=True):
        place = found.get((value.original, value.tried))
        if place is not None:
            holes.append(Hole(value.is_text, *place))
        elif value.is_text and not after[1:].lstrip().startswith(b":"):
            # A text that is dropped may be any. A number may be part of one, and is left alone, and so is a name.
            holes.append(Hole(True, _drop, _NO_FIELD))
        else:
            return None
    for hole, value in zip(holes, values, strict=True):
        hole.put(value.tried)
    return holes if chunk == tried else None  # it is not where a value goes to two places, or elsewhere


def _places(chunk: ChatCompletionChunk, other: ChatCompletionChunk) -> Iterator[tuple[str | int, str | int, Put, str]]:
    """Where two chunks differ that are alike: what each has there, how to set it, and which field of `Hole` that is."""
    owners: list[tuple[Any, Any]] = []
    for choice, choice_of_other in zip(chunk.choices, other.choices, strict=False):
        delta, delta_of_other = choice.delta, choice_of_other.delta
        owners += (delta, delta_of_other), (choice, choice_of_other)
        for call, call_of_other in zip(delta.tool_calls or (), delta_of_other.tool_calls or (), strict=False):
            owners += (call, call_of_other), (call.function, call_of_other.function)
        details = zip(delta.reasoning_details or (), delta_of_other.reasoning_details or (), strict=False)
        for place, (detail, detail_of_other) in enumerate(details):
            for name, was, now in _differences(detail, detail_of_other):
                yield was, now, partial(_put_detail, delta, place, name), _NO_FIELD
    for owner, owner_of_other in (*owners, (chunk, other)):
        if owner is None or owner_of_other is None:
            continue
        for name, was, now in _differences(asdict(owner), asdict(owner_of_other)):
            is_field = isinstance(owner, ChoiceDelta) or name == "obfuscation"
            yield was, now, partial(setattr, owner, name), name if is_field else _NO_FIELD
        for name, was, now in _differences(owner.extra, owner_of_other.extra):
            yield was, now, partial(_put_extra, owner, name), _NO_FIELD
    if chunk.usage is not None and other.usage is not None:
        for name, was, now in _differences(asdict(chunk.usage), asdict(other.usage)):
            yield was, now, partial(_put_usage, chunk, name), _NO_FIELD


def _differences(fields: Mapping[str, Any], others: Mapping[str, Any]) -> list[tuple[str, str | int, str | int]]:
    # Of the same names in the same order, or what is made of this is seen not to hold.
    pairs = zip(fields.items(), others.values(), strict=False)
    return [(name, was, now) for (name, was), now in pairs if type(was) in _SCALARS and was != now]


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
