"""Anthropic's events that differ only in their text are compared instead of decoded, with the same result."""

from __future__ import annotations

import json
import random

import pytest

from sse_stream import ChatCompletionChunk, ChatEvent, Limits, OutputTooLargeError, SSEStreamError
from sse_stream._decoding._reader import EventReader
from sse_stream.dialects import AnthropicMessages
from sse_stream.dialects._anthropic_events import decode_delta
from sse_stream.testing import bytewise
from tests.dialects.recordings import read, same


class Watched(AnthropicMessages):
    """Counts what it decodes."""

    __slots__ = ("decoded",)
    decodes_alike = True

    def __init__(self) -> None:
        super().__init__()
        self.decoded = 0

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        self.decoded += 1
        return super().decode_plain(data, event)


class Silent(AnthropicMessages):
    """Says nothing of whether it decodes alike, and so is never compared."""

    __slots__ = ()


BEGIN = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","role":"assistant","content":[]}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"%s","%s":""}}\n\n'
)
TEXT = BEGIN % (b"text", b"text")
THINKING = BEGIN % (b"thinking", b"thinking")
WORDS = ["word", " ", 'a "quoted" \\ one', "line\nend", "é😀", "}", "}}", "x" * 300] * 4


def piece(text: str, spaces: int = 0, kind: str = "text", *, ascii_only: bool = False) -> bytes:
    said = json.dumps(text, ensure_ascii=ascii_only)
    return (
        f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":0,'
        f'"delta":{{"type":"{kind}_delta","{kind}":{said}}}{" " * spaces}}}\n\n'
    ).encode()


def padded(kind: str = "text") -> list[bytes]:
    source = random.Random(1)
    return [piece(word, source.randrange(15), kind) for word in WORDS]


STREAMS: dict[str, list[bytes]] = {
    "text": [TEXT, *map(piece, WORDS)],
    "text, all in ASCII": [TEXT, *(piece(word, ascii_only=True) for word in WORDS)],
    "text that is padded": [TEXT, *padded()],
    "thinking": [THINKING, *(piece(word, kind="thinking") for word in WORDS)],
    "thinking that is padded": [THINKING, *padded("thinking")],
    "without names": [TEXT, *(event.partition(b"\n")[2] for event in map(piece, WORDS))],
    "pings between": [TEXT, *(event + b'event: ping\ndata: {"type": "ping"}\n\n' for event in map(piece, WORDS))],
}


@pytest.mark.parametrize("name", STREAMS)
def test_text_that_repeats_is_compared(name: str) -> None:
    events = STREAMS[name]
    watched = Watched()
    compared, decoded = read(events, watched), read(events, Silent())
    assert same(compared, decoded)
    spared = len(events) - 8
    assert watched.decoded < len(events) * (2 if "pings" in name else 1) - spared


@pytest.mark.parametrize(("dialect", "compares"), [(AnthropicMessages, True), (Watched, True), (Silent, False)])
def test_the_dialect_itself_is_compared(
    dialect: type[AnthropicMessages], compares: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []

    def counting(data: bytes | str) -> object:
        decoded.append(data)
        return decode_delta(data)

    monkeypatch.setattr("sse_stream.dialects._anthropic.decode_delta", counting)
    read(STREAMS["text"], dialect())
    assert (len(decoded) < 8) is compares


@pytest.mark.parametrize("size", [2, 5, 100])
@pytest.mark.parametrize("name", STREAMS)
def test_however_many_events_come_in_a_read(name: str, size: int) -> None:
    events = STREAMS[name]
    pieces = [b"".join(events[start : start + size]) for start in range(0, len(events), size)]
    assert same(read(pieces, AnthropicMessages()), read(events, Silent()))
    assert same(read(bytewise(b"".join(events)), AnthropicMessages()), read(events, Silent()))


# What comes after text that was compared.
ODD = [
    piece("a").replace(b"}}\n\n", b"} \n }\n\n"),
    piece("a").replace(b"}}\n\n", b'},"x":1}\n\n'),
    piece("a").replace(b"}}\n\n", b"}\n\n"),
    piece("a").replace(b"}}\n\n", b"}}}\n\n"),
    piece("a").replace(b"}}\n\n", b"}}\n"),
    piece("a").replace(b"}}\n\n", b"}}\n \n"),
    piece("a").replace(b"}}\n\n", b"}} \n\n"),
    piece("a").replace(b"}}\n\n", b"} }\n \n\n"),
    piece("a").replace(b'"a"', b'"a" "b"'),
    piece("a").replace(b'"a"', b'"a","text":"b"'),
    piece("a").replace(b'"a"', b'"\\ud83d"'),
    piece("a").replace(b'"a"', b'""'),
    piece("a").replace(b'"a"', b"null"),
    piece("a").replace(b'"index":0', b'"index":1'),
    piece("a").replace(b"text_delta", b"thinking_delta"),
    piece("a").replace(b"event: content_block_delta", b"event: error"),
    piece("a").replace(b"event: content_block_delta\n", b"event: content_block_delta\nid: 7\n"),
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n' + piece("a"),
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n' + piece("a"),
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n' + piece("a"),
    b'event: content_block_start\ndata: {"type":"content_block_start","index":1,'
    b'"content_block":{"type":"text","text":""}}\n\n' + piece("a"),
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_what_looks_like_it_and_is_not_is_read_as_ever(number: int) -> None:
    for spaces in (0, 3):
        events = [TEXT, *(piece(word, spaces) for word in WORDS), ODD[number], piece("b", 1), piece("c")]
        decoded = read(events, Silent())
        assert same(read(events, AnthropicMessages()), decoded)
        assert same(read([b"".join(events)], AnthropicMessages()), decoded)
        assert one_by_one(events, AnthropicMessages()) == one_by_one(events, Silent())


def one_by_one(events: list[bytes], dialect: AnthropicMessages) -> tuple[list[ChatEvent | None], object]:
    """What the reads of single events give, and the completion or the error in the end."""
    reader = EventReader(dialect, strict=False, limits=Limits(), keepalives=True)
    said: list[ChatEvent | None] = []
    try:
        for event in events:
            said.append(reader.next_event(event))
            said.extend(iter(reader.next_event, None))
    except SSEStreamError as error:
        return said, str(error)
    return said, reader.completion


def event_reader(**limits: int) -> EventReader:
    return EventReader(AnthropicMessages(), strict=False, limits=Limits(**limits), keepalives=True)


@pytest.mark.parametrize("spaces", [0, 3])
def test_limits_are_where_they_are(spaces: int) -> None:
    def pieces_until(dialect: AnthropicMessages) -> int:
        reader = EventReader(dialect, strict=False, limits=Limits(output_size=2000), keepalives=False)
        said: list[ChatEvent] = []
        with pytest.raises(OutputTooLargeError):
            for event in [TEXT, *(piece("x" * 100, spaces * (number % 2)) for number in range(50))]:
                reader.take(event)
                said.extend(iter(reader.next_event, None))
        return len(said)

    assert pieces_until(AnthropicMessages()) == pieces_until(Silent())


@pytest.mark.parametrize("spaces", [0, 3])
def test_an_event_that_is_too_large_is_not_compared(spaces: int) -> None:
    events = [TEXT, *(piece("word", spaces * (number % 2)) for number in range(20))]
    watched = Watched()
    limit = len(piece("", spaces).partition(b"\n")[2].strip()) + 200
    at_the_limit = EventReader(watched, strict=False, limits=Limits(event_size=limit), keepalives=False)
    for event in [*events, piece("x" * 200, spaces)]:
        at_the_limit.take(event)
        assert list(iter(at_the_limit.next_event, None))
    assert watched.decoded == 4  # the first two, a text, and what was tried
    found = event_reader(event_size=300)
    for event in events:
        found.take(event)
        assert list(iter(found.next_event, None))
    found.take(piece("x" * 300, spaces))
    with pytest.raises(
        Exception, match=r"larger than 300 bytes, the limit set by max_event_size or Limits\.event_size"
    ):
        list(iter(found.next_event, None))
