"""Recorded streams of formats other than chat, and checks that hold for all of them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sse_stream import AnomalyKind, ChatCompletion, ChatCompletionChunk, ChatDecoder, ChatEvent, Ending, SSEStreamError
from sse_stream.dialects import Dialect
from sse_stream.testing import bytewise
from tests.conftest import CORPUS


def recordings_of(folder: str) -> list[Path]:
    """The recorded streams of a format, none where they are absent."""
    return sorted((CORPUS.parent / folder).glob("*.sse"))


@dataclass(frozen=True)
class Outcome:
    events: list[ChatEvent]
    completion: ChatCompletion
    ending: Ending
    error: SSEStreamError | None
    anomalies: dict[AnomalyKind, int]


def read(pieces: Iterable[bytes], dialect: Dialect | None = None, *, strict: bool = False) -> Outcome:
    decoder = ChatDecoder(dialect=dialect, strict=strict)
    events: list[ChatEvent] = []
    error = None
    try:
        for piece in pieces:
            events.extend(decoder.feed(piece))
        events.extend(decoder.close())
    except SSEStreamError as failure:
        error = failure
    anomalies = {anomaly.kind: anomaly.count for anomaly in decoder.anomalies}
    return Outcome(events, decoder.completion, decoder.ending, error, anomalies)


def same(one: Outcome, other: Outcome) -> bool:
    return (one.events, one.completion, one.ending, str(one.error), one.anomalies) == (
        other.events,
        other.completion,
        other.ending,
        str(other.error),
        other.anomalies,
    )


def ways_of_cutting(body: bytes, seed: str, pieces: int = 20) -> Iterator[list[bytes]]:
    """Byte by byte, event by event, and at random."""
    yield bytewise(body)
    yield [piece for piece in re.split(rb"(?<=\n\n)", body) if piece]
    source = random.Random(seed)
    for _ in range(3):
        places = sorted(source.randrange(len(body)) for _ in range(pieces))
        yield [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def transcoded(body: bytes, make: Callable[[], Dialect]) -> bytes:
    """The same stream as OpenAI's chunks, up to its error, if it has one."""
    decoder = ChatDecoder(dialect=make())
    chunks: list[ChatCompletionChunk] = []
    try:
        chunks.extend(decoder.feed_chunks(body))
        chunks.extend(decoder.close_chunks())
    except SSEStreamError:
        return b"".join(chunk.encode() for chunk in chunks)
    return b"".join(chunk.encode() for chunk in chunks) + b"data: [DONE]\n\n"
