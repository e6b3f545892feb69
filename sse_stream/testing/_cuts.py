"""Ways to split a body into chunks, and an assertion that the split makes no difference."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

# How much of a body, and of a result, a failure message shows on each side of the relevant position.
_BYTES_SHOWN = 40
_CHARACTERS_SHOWN = 160
_CUTS_SHOWN = 3


def bytewise(body: bytes) -> list[bytes]:
    """Split a body into single bytes, the worst case of a network.

    >>> bytewise(b"abc")
    [b'a', b'b', b'c']
    """
    return [body[position : position + 1] for position in range(len(body))]


def every_cut(body: bytes, pieces: int = 2) -> Iterator[list[bytes]]:
    """Iterate over every way to split a body into the given number of non-empty pieces.

    Args:
        body: The bytes to split.
        pieces: The number of pieces, 1 or more. There are `len(body) - 1` ways for 2, and about
            `len(body) ** 2 / 2` for 3.

    Raises:
        ValueError: `pieces` is less than 1.

    >>> list(every_cut(b"abc"))
    [[b'a', b'bc'], [b'ab', b'c']]
    """
    if pieces < 1:
        raise ValueError(f"pieces must be 1 or more, not {pieces}")
    for places in itertools.combinations(range(1, len(body)), pieces - 1):
        edges = (0, *places, len(body))
        yield [body[start:end] for start, end in itertools.pairwise(edges)]


def assert_cutting_changes_nothing(
    parse: Callable[[list[bytes]], object],
    body: bytes,
    *,
    cuts: Iterable[Sequence[bytes]] | None = None,
) -> None:
    r"""Assert that a parser returns the same result however a body is split.

    Args:
        parse: A function that takes the body in pieces, parses them with a new parser, and returns the result. Results
            are compared with `==`; an iterator is read to its end. An exception counts as a result too, compared by its
            type and text, together with the items that the iterator yielded before it.
        body: The bytes.
        cuts: The ways to split the body (default: every split in two, and one byte per piece).

    Raises:
        AssertionError: A split body gives a different result. The message shows the cut, reduced to a minimum that still
            fails, both results, and their first difference.
        ValueError: One of `cuts` does not join to the body.

    >>> assert_cutting_changes_nothing(lambda pieces: b"".join(pieces).split(), b"a b")
    >>> assert_cutting_changes_nothing(lambda pieces: [piece.split() for piece in pieces], b"a b")
    Traceback (most recent call last):
        ...
    AssertionError: cutting changed the result
    the cut:  b'a' ✂ b' b'
    whole:    [[b'a', b'b']]
    cut:      [[b'a'], [b'b']]
    differs:  result[0]: 2 items when whole, 1 when cut
    """
    whole = _outcome(parse, [body])
    for way in (*every_cut(body), bytewise(body)) if cuts is None else cuts:
        pieces = list(way)
        if b"".join(pieces) != body:
            raise ValueError(f"these pieces do not join to the body: {pieces!r}")
        if _outcome(parse, pieces) != whole:
            pieces = _reduced(pieces, lambda fewer: _outcome(parse, fewer) != whole)
            raise AssertionError(_report(pieces, whole, _outcome(parse, pieces)))


@dataclass(frozen=True)
class _Raised:
    """A result that is an exception."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"raises {self.name}: {self.text}"


@dataclass(frozen=True)
class _Interrupted:
    """The items that an iterator yielded, and the exception that ended it."""

    items: list[object]
    error: _Raised

    def __repr__(self) -> str:
        return f"{self.items!r}, then {self.error!r}"


def _outcome(parse: Callable[[list[bytes]], object], pieces: list[bytes]) -> object:
    try:
        result = parse(pieces)
    except Exception as error:  # noqa: BLE001  # every exception is a result
        return _raised(error)
    if not isinstance(result, Iterator):
        return result
    items: list[object] = []
    try:
        for item in result:
            items.append(item)  # noqa: PERF402  # keep the items before an exception
    except Exception as error:  # noqa: BLE001
        return _Interrupted(items, _raised(error)) if items else _raised(error)
    return items


def _raised(error: Exception) -> _Raised:
    return _Raised(type(error).__qualname__, str(error))


def _reduced(pieces: list[bytes], fails: Callable[[list[bytes]], bool]) -> list[bytes]:
    """Remove every cut that is not needed to fail."""
    place = 1
    while place < len(pieces):
        fewer = [*pieces[: place - 1], pieces[place - 1] + pieces[place], *pieces[place + 1 :]]
        if fails(fewer):
            pieces = fewer
        else:
            place += 1
    return pieces


def _report(pieces: list[bytes], whole: object, cut: object) -> str:
    further = len(pieces) - 1 - _CUTS_SHOWN
    return "\n".join(
        [
            "cutting changed the result",
            f"the cut:  {_marked(pieces)}" + (f", and {further} more cuts" if further > 0 else ""),
            f"whole:    {_window(repr(whole), repr(cut))}",
            f"cut:      {_window(repr(cut), repr(whole))}",
            f"differs:  {_difference(whole, cut)}",
        ]
    )


def _marked(pieces: list[bytes]) -> str:
    """Show the bytes around each cut, with scissors for cuts."""
    shown = []
    last = min(len(pieces) - 1, _CUTS_SHOWN)
    for number, piece in enumerate(pieces[: last + 1]):
        if number == 0 and len(piece) > _BYTES_SHOWN:
            shown.append(f"…{piece[-_BYTES_SHOWN:]!r}")
        elif number == last and len(piece) > _BYTES_SHOWN:
            shown.append(f"{piece[:_BYTES_SHOWN]!r}…")
        elif len(piece) > 2 * _BYTES_SHOWN:
            shown.append(f"{piece[:_BYTES_SHOWN]!r}…{piece[-_BYTES_SHOWN:]!r}")
        else:
            shown.append(repr(piece))
    return " ✂ ".join(shown)


def _window(text: str, other: str) -> str:
    """Return the text; if it is long, only the part around its first difference from another."""
    start = max(0, _first_difference(text, other) - _CHARACTERS_SHOWN // 2)
    end = start + _CHARACTERS_SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _first_difference(one: Sequence[object], other: Sequence[object]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _difference(whole: object, cut: object, path: str = "result") -> str:
    """Describe the first difference between two values."""
    match whole, cut:
        case (str() | bytes() as one, str() | bytes() as other) if type(one) is type(other):
            place = _first_difference(one, other)
            path = f"{path}, from position {place} on"
            whole, cut = one[place:], other[place:]
        case (list() | tuple() as one, list() | tuple() as other) if type(one) is type(other):
            place = _first_difference(one, other)
            if place < min(len(one), len(other)):
                return _difference(one[place], other[place], f"{path}[{place}]")
            return f"{path}: {len(one)} items when whole, {len(other)} when cut"
        case (dict() as one, dict() as other):
            for name in (*one, *other):
                if name not in one or name not in other:
                    return f"{path}: the key {name!r} is present only when {'whole' if name in one else 'cut'}"
                if one[name] != other[name]:
                    return _difference(one[name], other[name], f"{path}[{name!r}]")
        case _:
            pass
    return f"{path}: {_window(repr(whole), repr(cut))} when whole, {_window(repr(cut), repr(whole))} when cut"
