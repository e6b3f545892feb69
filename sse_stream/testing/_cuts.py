"""Ways of cutting a body, and the assertion that they make no difference."""

from __future__ import annotations

import itertools
from collections.abc import Iterator


def bytewise(body: bytes) -> list[bytes]:
    """The body as a network delivers it at its worst: one byte a read.

    >>> bytewise(b"abc")
    [b'a', b'b', b'c']
    """
    return [body[position : position + 1] for position in range(len(body))]


def every_cut(body: bytes, pieces: int = 2) -> Iterator[list[bytes]]:
    """Every way of cutting the body into so many pieces, none of them empty.

    Args:
        body: The bytes to cut.
        pieces: How many pieces, 1 or more. There are `len(body) - 1` ways for 2, and about
            `len(body) ** 2 / 2` for 3.

    Raises:
        ValueError: `pieces` is below 1.

    >>> list(every_cut(b"abc"))
    [[b'a', b'bc'], [b'ab', b'c']]
    """
    if pieces < 1:
        raise ValueError(f"a body is cut into 1 piece or more, not {pieces}")
    for places in itertools.combinations(range(1, len(body)), pieces - 1):
        edges = (0, *places, len(body))
        yield [body[start:end] for start, end in itertools.pairwise(edges)]
