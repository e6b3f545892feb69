"""Split every body in two in every way, and short ones in three: the split must not change the result.

    python -m tests.trust.cuts [--three 150]

The bodies are the habits of `sse_stream.testing`, and the recordings beside the project, if any; recordings above
4,000 bytes are split at 300 random places. Prints the number of splits and bytes.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence

from sse_stream import ChatDecoder
from sse_stream.testing import (
    ANTHROPIC_HABITS,
    GEMINI_HABITS,
    HABITS,
    RESPONSES_HABITS,
    assert_cutting_changes_nothing,
    bytewise,
    every_cut,
)

from ..conftest import recordings
from ..dialects.recordings import recordings_of

CATALOGS = (HABITS, ANTHROPIC_HABITS, RESPONSES_HABITS, GEMINI_HABITS)

_LARGE = 4_000
_SAMPLE = 300


def parse(pieces: Sequence[bytes]) -> Iterator[object]:
    """What a reader sees of a stream: its events, then its error or what is left at the end."""
    decoder = ChatDecoder(keepalives=True)
    for piece in pieces:
        yield from decoder.feed(piece)
    yield from decoder.close()
    yield decoder.ending, decoder.completion, decoder.anomalies


def ways(body: bytes, three: int) -> Iterator[list[bytes]]:
    """The cuts to try."""
    yield bytewise(body)
    if len(body) > _LARGE:
        source = random.Random(len(body))
        for place in (source.randrange(1, len(body)) for _ in range(_SAMPLE)):
            yield [body[:place], body[place:]]
        return
    yield from every_cut(body)
    if len(body) <= three:
        yield from every_cut(body, pieces=3)


class Counter:
    """Counts what passes."""

    def __init__(self) -> None:
        self.cuts = 0
        self.bytes = 0

    def __call__(self, cuts: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
        for pieces in cuts:
            self.cuts += 1
            self.bytes += sum(map(len, pieces))
            yield pieces


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.cuts", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--three", type=int, default=150, help="split bodies up to this many bytes in three (default: 150)"
    )
    options = parser.parse_args(arguments)
    groups = {
        "habits": [habit.body for catalog in CATALOGS for habit in catalog.values()],
        "chat recordings": [path.read_bytes() for path in recordings()],
    }
    for folder in ("anthropic", "responses", "gemini"):
        groups[f"{folder} recordings"] = [path.read_bytes() for path in recordings_of(folder)]
    for name, bodies in groups.items():
        counter = Counter()
        began = time.monotonic()
        for body in bodies:
            assert_cutting_changes_nothing(parse, body, cuts=counter(ways(body, options.three)))
        print(
            f"{name}: {len(bodies)} bodies, {counter.cuts:,} cuts, {counter.bytes:,} bytes, "
            f"none of which changed anything, in {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
