"""The decoders compared with other implementations, on the same bytes.

`SSEDecoder` is compared with eventsource-parser, which most JavaScript programs use; where they differ, a literal
transcription of the standard's algorithm decides, and the difference is listed. `ChatDecoder` is compared with that
algorithm plus `json.loads`, which suffice for a chat stream without anomalies.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import ChatDecoder, SSEDecoder
from sse_stream._json._lenient import without_surrogates
from sse_stream.testing import ChatRecording, chat_streams, chunkings

from ..sse import standard as sse_standard
from .fetched import node, npm_package

VERSION = "4.1.3"

# How many random streams are read; more of them by hand.
STREAMS = int(os.environ.get("SSE_STREAM_PEER_STREAMS", "4000"))


@dataclass(frozen=True)
class Reading:
    """What a decoder makes of a stream: data, type and ID of each event, and what is left at the end."""

    events: tuple[tuple[str, str, str], ...]
    last_event_id: str = ""
    retry: float | None = None


def ours(pieces: Sequence[bytes]) -> Reading:
    decoder = SSEDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    events.extend(decoder.close())
    return Reading(tuple((event.data, event.event, event.id) for event in events), decoder.last_event_id, decoder.retry)


def the_standards(body: bytes) -> Reading:
    found = sse_standard.read(body)
    events = tuple((event.data, event.event, event.id) for event in found.events)
    return Reading(events, found.last_event_id, found.retry)


def theirs(streams: Sequence[Sequence[bytes]]) -> list[Reading]:
    """What eventsource-parser makes of each stream."""
    script = Path(__file__).with_name("eventsource_parser.mjs")
    package = npm_package("eventsource-parser", VERSION)
    asked = json.dumps([[b64encode(piece).decode() for piece in pieces] for pieces in streams])
    done = subprocess.run(
        [node(), str(script), str(package)], input=asked, capture_output=True, text=True, timeout=120, check=True
    )
    return [
        Reading(tuple(map(tuple, found["events"])), found["id"], found["retry"]) for found in json.loads(done.stdout)
    ]


NAMES = [*[b"data"] * 6, b"event", b"event", b"id", b"id", b"retry", b"retry", b"", b"", b"Data", b" data", b"x"]
SEPARATORS = [b": ", b": ", b":", b":  ", b":\t", b"", b" :"]
TEXTS = ["é", "\u2028", "\x85", "\ufeff", "日", "😀", "ï»¿"]
PARTS = [
    *[
        b"a",
        b"Hi",
        b" ",
        b":",
        b"0",
        b"12",
        b"-1",
        b"9007199254740993",
        b"data: b",
        b"{}",
        b"\0",
        b"\t",
        b"\x0b",
        b"\x0c",
    ],
    *[b"\xff", b"\xc3", b"\xe6\x97", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf"],
    *map(str.encode, TEXTS),
]
ENDS = [b"\n", b"\n", b"\n", b"\r\n", b"\r"]
BOM = b"\xef\xbb\xbf"
BOM_AS_TEXT = "ï»¿".encode()
BEGINNINGS = [*[b""] * 12, BOM, BOM, b"\xef\xbb", b"\xef", BOM + BOM, BOM_AS_TEXT, BOM + BOM_AS_TEXT]


def random_stream(source: random.Random) -> bytes:
    """A stream that is near to what is hard: few letters, every line end, malformed text."""
    ends = source.choices(ENDS, k=source.randint(1, 3))
    lines = [source.choice(BEGINNINGS)]
    for _ in range(source.randint(0, 14)):
        if source.random() < 0.3:
            lines.append(source.choice(ends))
            continue
        value = b"".join(source.choices(PARTS, k=source.randint(0, 3)))
        lines.append(source.choice(NAMES) + source.choice(SEPARATORS) + value + source.choice(ends))
    return b"".join(lines) + source.choice([b"", b"", b"\n", b"\n\n", b"data: cut"])


def random_pieces(body: bytes, source: random.Random) -> list[bytes]:
    if source.random() < 0.2:
        return [body[place : place + 1] for place in range(len(body))]
    places = sorted(source.randint(0, len(body)) for _ in range(source.randint(0, 4)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


@dataclass(frozen=True)
class Difference:
    """Where eventsource-parser does not do what the standard says.

    Attributes:
        why: What it does otherwise.
        body: The bytes that show it, read in one piece.
        standard: What they mean.
        peer: What eventsource-parser makes of them.
        concerns: Whether a body may be read otherwise for that reason.
    """

    why: str
    body: bytes
    standard: Reading
    peer: Reading
    concerns: Callable[[bytes], bool]


DIFFERENCES = [
    Difference(
        "a second BOM is removed as well: the TextDecoder before the parser removes one, the parser another",
        BOM + BOM + b"data: a\n\ndata: b\n\n",
        standard=Reading((("b", "message", ""),)),
        peer=Reading((("a", "message", ""), ("b", "message", ""))),
        concerns=lambda body: body.startswith(BOM + BOM),
    ),
    Difference(
        "the three characters that a BOM looks like in Latin-1 are removed as one",
        BOM_AS_TEXT + b"data: a\n\ndata: b\n\n",
        standard=Reading((("b", "message", ""),)),
        peer=Reading((("a", "message", ""), ("b", "message", ""))),
        concerns=lambda body: body.removeprefix(BOM).startswith(BOM_AS_TEXT),
    ),
    Difference(
        "a reconnection time above 2**53 is rounded, as every number of JavaScript is",
        b"retry: 9007199254740993\n",
        standard=Reading((), retry=9007199254740993),
        peer=Reading((), retry=9007199254740992),
        concerns=lambda body: b"9007199254740993" in body,
    ),
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.why)
def test_a_difference_is_what_it_is_said_to_be(difference: Difference) -> None:
    assert the_standards(difference.body) == ours([difference.body]) == difference.standard
    assert theirs([[difference.body]]) == [difference.peer]
    assert difference.concerns(difference.body)


def test_elsewhere_the_two_agree() -> None:
    source = random.Random(20260101)
    bodies = [random_stream(source) for _ in range(STREAMS)]
    streams = [random_pieces(body, source) for body in bodies]
    unexplained = []
    differ = 0
    for body, pieces, peer in zip(bodies, streams, theirs(streams), strict=True):
        mine = ours(pieces)
        assert mine == the_standards(body)
        differ += mine != peer
        if mine != peer and not any(difference.concerns(body) for difference in DIFFERENCES):
            unexplained.append((body, pieces, mine, peer))
    pieces_in_all, bytes_in_all = sum(map(len, streams)), sum(map(len, bodies))
    print(f"{STREAMS:,} streams, {pieces_in_all:,} pieces, {bytes_in_all:,} bytes; {differ:,} are read otherwise")
    assert not unexplained, "\n".join(map(repr, sorted(unexplained, key=lambda row: len(row[0]))[:5]))


@given(chat_streams(), st.data())
def test_the_chunks_of_a_chat_are_the_json_of_its_events(recording: ChatRecording, data: st.DataObject) -> None:
    decoder = ChatDecoder()
    chunks = [chunk.raw for piece in data.draw(chunkings(recording.body)) for chunk in decoder.feed_chunks(piece)]
    chunks.extend(chunk.raw for chunk in decoder.close_chunks())
    events = [event.data.strip() for event in sse_standard.read(recording.body).events if event.event == "message"]
    # Half a surrogate pair is no text: `raw` has U+FFFD in its place.
    objects = [without_surrogates(json.loads(said)) for said in events if said.startswith("{")]
    assert chunks == [found for found in objects if found != {"type": "keepalive"}]
