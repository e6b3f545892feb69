"""Hypothesis strategies for splitting and damaging any body."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ._cuts import bytewise

_Edit: TypeAlias = Callable[[bytes], bytes]


def chunkings(body: bytes, *, empty_pieces: bool = False) -> SearchStrategy[list[bytes]]:
    r"""Generate ways to split a body as a network might, from a single piece to one byte per piece.

    Splits where parsers tend to fail are more likely: inside a line end, a character or a blank line. Shrinks towards
    fewer and earlier cuts.

    Args:
        body: The bytes to split.
        empty_pieces: Whether pieces may be empty, like reads without data.

    Returns:
        A strategy of lists of pieces that join to the body.

    >>> from hypothesis import find
    >>> find(chunkings(b"ab\r\ncd"), lambda pieces: len(pieces) > 1)
    [b'a', b'b\r\ncd']
    """
    if not body:
        return st.lists(st.just(b""), max_size=2) if empty_pieces else st.just([])
    first = 0 if empty_pieces else 1
    last = len(body) if empty_pieces else len(body) - 1
    # One extra position stands for all of them; being the largest number, it shrinks away.
    everywhere = len(body) + 1
    # Positions inside CRLF, a blank line or a UTF-8 sequence.
    delicate = [place for place in range(1, len(body)) if body[place] in b"\r\n" or 0x80 <= body[place] < 0xC0]
    places = st.one_of(*([st.integers(first, last)] if first <= last else []), st.sampled_from([*delicate, everywhere]))

    def cut(chosen: list[int]) -> list[bytes]:
        if everywhere in chosen:
            return bytewise(body)
        edges = [0, *sorted(chosen), len(body)]
        return [body[start:end] for start, end in itertools.pairwise(edges)]

    return st.lists(places, unique=not empty_pieces).map(cut)


def mutations(body: bytes, *, max_edits: int = 4) -> SearchStrategy[bytes]:
    r"""Generate damaged copies of a body: bits flipped, bytes dropped, duplicated or inserted.

    Shrinks towards a single edit near the beginning.

    Args:
        body: The bytes to damage.
        max_edits: The maximum number of edits, 1 or more.

    Returns:
        A strategy of damaged bodies. Several edits may happen to cancel out.

    >>> from hypothesis import find
    >>> find(mutations(b"data: Hi"), lambda damaged: len(damaged) < 8)
    b'ata: Hi'
    """
    places = st.integers(0, max(0, len(body) - 1))
    sizes = st.integers(1, 16)
    edits = st.one_of(
        st.builds(_dropping, places, sizes),
        st.builds(_doubling, places, sizes),
        st.builds(_flipping, places, st.integers(0, 7)),
        st.builds(_inserting, places, st.one_of(st.sampled_from(_DELICATE), st.binary(min_size=1, max_size=4))),
    )
    return st.lists(edits, min_size=1, max_size=max_edits).map(lambda chosen: _edited(body, chosen))


# Bytes with a meaning in some layer between the bytes and the chat.
_DELICATE = [b"\n", b"\r", b"\n\n", b"\0", b":", b" ", b'"', b"{", b"}", b"\\", b"\xff", b"\xef\xbb\xbf", b"data: "]


def _edited(body: bytes, edits: list[_Edit]) -> bytes:
    for edit in edits:
        body = edit(body)
    return body


def _dropping(place: int, size: int) -> _Edit:
    return lambda body: body[:place] + body[place + size :]


def _doubling(place: int, size: int) -> _Edit:
    return lambda body: body[: place + size] + body[place:]


def _flipping(place: int, bit: int) -> _Edit:
    return lambda body: body[:place] + bytes(byte ^ 1 << bit for byte in body[place : place + 1]) + body[place + 1 :]


def _inserting(place: int, inserted: bytes) -> _Edit:
    return lambda body: body[:place] + inserted + body[place:]
