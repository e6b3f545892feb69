"""The shortcut for repeated text gives the same result as decoding; `tests.trust.shortcut` searches longer."""

from __future__ import annotations

import math
import random

import pytest

from sse_stream import ChatCompletionChunk, ChatStream, SSEStreamError
from sse_stream.dialects import OpenAIChat

from .chunk_sequences import case
from .shortcut import read_decoder, search

SEQUENCES = 2_000  # `python -m tests.trust.shortcut` reads as many as one likes
BATCH = 200


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEQUENCES, BATCH))
def test_the_short_way_gives_what_decoding_gives(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_stream._streams._clocks.DRAIN_SECONDS", math.inf)  # as `wait_for_the_end` does
    found = search(range(first, first + BATCH))
    assert not found, str(found[0])


def test_the_sequences_end_in_every_way_that_bytes_can() -> None:
    cases = [case(random.Random(seed)) for seed in range(300)]
    endings = {read_decoder(given.events, given).ending for given in cases}
    assert endings == {"complete", "truncated", "provider_error", "invalid"}


def test_the_sequences_are_such_that_there_is_a_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without which nothing would be compared with anything."""
    decode = OpenAIChat.decode_plain
    decoded: list[object] = []

    def counted(dialect: OpenAIChat, *given: object) -> ChatCompletionChunk | None:
        decoded.append(given)
        return decode(dialect, *given)  # type: ignore[arg-type]  # whatever the decoder asks with

    monkeypatch.setattr(OpenAIChat, "decode_plain", counted)
    short = 0
    for seed in range(400):
        given = case(random.Random(seed))
        decoded.clear()
        stream = ChatStream(given.events, strict=given.strict, limits=given.limits)
        try:
            for _ in stream:
                pass
        except SSEStreamError:
            pass
        short += len(decoded) < stream.timings.chunks
    assert short >= 40
