"""Compare the shortcut for repeated text with decoding every chunk.

    python -m tests.trust.shortcut [--sequences 200000] [--seed 0] [--jobs 1]

Reads each sequence of chunks with a dialect without the shortcut, then with it: one event per read, several events
per read, cut at random, all at once, and every third sequence one byte per read. Events, error, ending, completion,
anomalies and the counters of `timings` must be equal, and only the library's errors may be raised. Prints the number
of differences for each way of reading, and the shortest sequence for each kind of difference. The exit status is 1 if
there are any.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace

from sse_stream import (
    Anomaly,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    Ending,
    Limits,
    ProviderError,
    SSEStreamError,
)
from sse_stream._streams import _clocks
from sse_stream.dialects import Dialect, OpenAIChat
from sse_stream.testing import bytewise

from .chunk_sequences import Case, case
from .comparing import so_far

# How many sequences one task of a worker reads.
_BATCH = 500

# This way takes as long as all the others together, so only each third sequence goes it.
_SLOWEST = "one byte per read"
_SELDOM = 3


class WithoutShortcut(OpenAIChat):
    """The same dialect without its fast path: each chunk is decoded, by the tolerant path."""

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        return None


@dataclass(frozen=True)
class Reading:
    """All that a reader sees of a stream."""

    events: Sequence[ChatEvent | ChatCompletionChunk]
    error: tuple[str, str, ChatCompletion | None] | None
    ending: Ending
    completion: ChatCompletion
    anomalies: tuple[Anomaly, ...]
    counters: Mapping[str, int]


def _told(error: Exception) -> tuple[str, str, ChatCompletion | None]:
    if not isinstance(error, SSEStreamError):
        return type(error).__name__, str(error), None
    completion, _ = so_far(error.completion, "provider_error" if isinstance(error, ProviderError) else "invalid")
    return type(error).__name__, str(error), completion


def read_stream(
    pieces: Sequence[bytes], given: Case, dialect: Dialect | None = None, *, chunks: bool = False
) -> Reading:
    """Read with a stream, one piece a read."""
    stream = ChatStream(pieces, dialect=dialect, strict=given.strict, limits=given.limits, keepalives=True)
    events: list[ChatEvent | ChatCompletionChunk] = []
    error = None
    try:
        for event in stream.iter_chunks() if chunks else stream:
            events.append(event)
    except Exception as caught:
        error = _told(caught)
    timings = stream.timings
    counters = {name: getattr(timings, name) for name in ("events", "chunks", "deltas", "keepalives")}
    return Reading(
        events, error, stream.ending, so_far(stream.completion, stream.ending)[0], stream.anomalies, counters
    )


def read_decoder(pieces: Sequence[bytes], given: Case, dialect: Dialect | None = None) -> Reading:
    """Read with a decoder, which takes what comes after `[DONE]`, too."""
    decoder = ChatDecoder(dialect=dialect, strict=given.strict, limits=given.limits, keepalives=True)
    events: list[ChatEvent | ChatCompletionChunk] = []
    error = None
    try:
        for piece in pieces:
            for event in decoder.feed(piece):
                events.append(event)
        for event in decoder.close():
            events.append(event)
    except Exception as caught:
        error = _told(caught)
    return Reading(events, error, decoder.ending, so_far(decoder.completion, decoder.ending)[0], decoder.anomalies, {})


def cut(body: bytes, source: random.Random) -> list[bytes]:
    """The body in pieces of any size, some of them empty."""
    places = sorted(source.randint(0, len(body)) for _ in range(source.randint(1, 12)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def grouped(events: Sequence[bytes], source: random.Random) -> list[bytes]:
    """Several events a read, and sometimes one."""
    pieces = []
    place = 0
    while place < len(events):
        size = source.choice([1, 1, 2, 3, 7])
        pieces.append(b"".join(events[place : place + size]))
        place += size
    return pieces


WAYS: Mapping[str, Callable[[Sequence[bytes], random.Random], Sequence[bytes]]] = {
    "an event a read": lambda events, _: events,
    "several events a read": grouped,
    "cut at random": lambda events, source: cut(b"".join(events), source),
    "one byte per read": lambda events, _: bytewise(b"".join(events)),
    "all in one read": lambda events, _: [b"".join(events)],
}
"""How the bytes are cut, by the name of the way."""


_CUT_WITHOUT = "cut at random, without the short way"
_CHUNKS = "an event a read, for its chunks"


@dataclass(frozen=True)
class Difference:
    """A sequence that is read in two ways.

    Attributes:
        way: How it was read.
        what: What differs: a field of `Reading`.
        case: The sequence.
        decoded: What there is when each chunk is decoded.
        found: What there was.
    """

    way: str
    what: str
    case: Case
    decoded: object
    found: object

    def __str__(self) -> str:
        events = "\n".join(f"    {event!r}" for event in self.case.events)
        options = ", strict" if self.case.strict else ""
        options += "" if self.case.limits == Limits() else f", {self.case.limits}"
        return (
            f"{self.what} differ, {self.way}{options}:\n{events}\n"
            f"  decoded: {self.decoded!r}\n  found:   {self.found!r}"
        )


def differences(given: Case, seed: int) -> Iterator[Difference]:
    """Where reading a sequence differs from decoding each of its chunks."""
    read = read_decoder if given.goes_on else read_stream
    decoded = read(given.events, given, WithoutShortcut())
    for way, cutting in WAYS.items():
        if way == _SLOWEST and seed % _SELDOM:
            continue
        found = read(cutting(given.events, random.Random(seed)), given, OpenAIChat())
        yield from _differing(way, given, decoded, found)
    found = read(cut(b"".join(given.events), random.Random(seed)), given, WithoutShortcut())
    yield from _differing(_CUT_WITHOUT, given, decoded, found)
    if not given.goes_on:
        decoded = read_stream(given.events, given, WithoutShortcut(), chunks=True)
        yield from _differing(_CHUNKS, given, decoded, read_stream(given.events, given, OpenAIChat(), chunks=True))


def _differing(way: str, given: Case, decoded: Reading, found: Reading) -> Iterator[Difference]:
    for reading in (decoded, found):
        if reading.error is not None and reading.error[2] is None:
            yield Difference(way, "exceptions outside the tree", given, decoded.error, found.error)
    for field in fields(Reading):
        one, other = getattr(decoded, field.name), getattr(found, field.name)
        # To Python, 1 is `True` and 1.0; how they are written tells them apart.
        if repr(one) != repr(other):
            yield Difference(way, field.name, given, one, other)


def shortest(difference: Difference, seed: int) -> Difference:
    """The same difference shown by as few events as possible."""
    place = 0
    while place < len(difference.case.events):
        events = [*difference.case.events[:place], *difference.case.events[place + 1 :]]
        fewer = replace(difference.case, events=events)
        still = (
            found for found in differences(fewer, seed) if (found.way, found.what) == (difference.way, difference.what)
        )
        shorter = next(still, None) if events else None
        if shorter is None:
            place += 1
        else:
            difference = shorter
    return difference


def wait_for_the_end() -> None:
    """Let streams of this process wait for the end of a body however long it takes, on a busy machine too."""
    _clocks.DRAIN_SECONDS = math.inf


def search(seeds: range) -> list[Difference]:
    """Read a sequence for each seed; the first difference of each, made short."""
    found = []
    for seed in seeds:
        difference = next(differences(case(random.Random(seed)), seed), None)
        if difference is not None:
            found.append(shortest(difference, seed))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.shortcut", description=__doc__.partition("\n")[0])
    parser.add_argument("--sequences", type=int, default=200_000)
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the first sequence; the others count up from it (default: 0)"
    )
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args(arguments)
    last = chosen.seed + chosen.sequences
    batches = [range(begin, min(begin + _BATCH, last)) for begin in range(chosen.seed, last, _BATCH)]
    found: list[Difference] = []
    began = told = time.monotonic()
    done = 0
    with ProcessPoolExecutor(chosen.jobs, initializer=wait_for_the_end) as pool:
        for batch, differing in zip(batches, pool.map(search, batches), strict=True):
            done += len(batch)
            found.extend(differing)
            if time.monotonic() - told > 5:
                told = time.monotonic()
                print(f"{done:9,} sequences, {told - began:5.0f} s, {len(found)} differ", flush=True)
    print(f"{done:,} sequences in {time.monotonic() - began:.0f} s, of which {len(found)} differ")
    kinds = Counter((difference.way, difference.what) for difference in found)
    for way in (*WAYS, _CUT_WITHOUT, _CHUNKS):
        seen = ", ".join(f"{what}: {count}" for (where, what), count in sorted(kinds.items()) if where == way)
        print(f"  {way:40}{seen or 'no difference'}")
    for difference in {(difference.way, difference.what): difference for difference in found}.values():
        print(f"\n{difference}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
