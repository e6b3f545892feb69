"""Where the tests of whole streams split a body in two.

The byte decoder is always tested with every split, in `tests/sse`. The layers above get the same events however a
body is split, so their tests use the places where a split could matter, and one in eleven of the others, in a fifth
of the time. `HYPOTHESIS_PROFILE=long` makes it every place, as in `.ci/full`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .conftest import LONG

EACH = 11

# Ends of lines, what begins a line, escapes in JSON, characters of several bytes, the end mark.
DELICATE = re.compile(rb"[\r\n]+[^\r\n]{0,7}|^.{0,7}|\\u[0-9A-Fa-f]{4}|\\.|[\x80-\xff]+|\[DONE\]", re.DOTALL)


def places(body: bytes) -> list[int]:
    """Where to cut the body: around and inside what is delicate, and everywhere else now and then.

    >>> places(b"data: 12345678901234567890\\n\\n")
    [1, 2, 3, 4, 5, 6, 7, 11, 22, 26, 27]
    """
    if LONG:
        return list(range(1, len(body)))
    chosen = set(range(EACH, len(body), EACH))
    for found in DELICATE.finditer(body):
        chosen.update(range(max(1, found.start()), min(found.end() + 1, len(body))))
    return sorted(chosen)


def cuts_in_two(body: bytes) -> Iterator[list[bytes]]:
    """The body in two pieces, at one place after the other."""
    return ([body[:place], body[place:]] for place in places(body))
