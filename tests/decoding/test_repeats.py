"""Reads that are like the one before: that nothing of what a stream says depends on how it is found out."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import (
    ChatAccumulator,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    Limits,
    SSEStreamError,
    TextDelta,
)
from sse_stream._decoding import _pipeline, _repeats
from sse_stream._decoding._patterns import Pattern
from sse_stream._decoding._repeats import Repeats
from sse_stream.dialects import OpenAIChat
from sse_stream.testing import HABITS, bytewise
from tests.decoding.test_patterns import chunk, chunks, framed, strict, texts
from tests.trust.invariants import Forgetful


def outcome(pieces: Iterable[bytes], *, alike: bool = True, **options: Any) -> tuple[Any, ...]:
    """All that a decoder tells of a stream."""
    decoder = ChatDecoder(dialect=OpenAIChat() if alike else Forgetful(), **options)
    events: list[ChatEvent] = []
    failure = ""
    try:
        for piece in pieces:
            events.extend(decoder.feed(piece))
        events.extend(decoder.close())
    except SSEStreamError as error:
        failure = f"{type(error).__name__}: {error}; {error.completion!r}"
    counts = (decoder.chunks_seen, decoder.events_seen, decoder.pieces_seen, decoder.keepalives_seen)
    return events, failure, decoder.ending, decoder.anomalies, decoder.completion, counts


def repeats_seen(pieces: Iterable[bytes]) -> int:
    decoder = ChatDecoder()
    for piece in pieces:
        for _ in decoder.feed(piece):
            pass
    return decoder._repeats.seen


def said(*texts: str, **fields: Any) -> list[bytes]:
    return [framed(chunk({"content": text}, **fields)) for text in texts]


def reasoned(*texts: str) -> list[bytes]:
    return [framed(chunk({"reasoning_content": text})) for text in texts]


STOP = framed(chunk({}, beside={"finish_reason": "stop"}))
DONE = b"data: [DONE]\n\n"
LETTERS = "abcdefghij"

STREAMS: dict[str, list[bytes]] = {
    "text": [*said(*LETTERS), STOP, DONE],
    "text by CRLF": [event.replace(b"\n", b"\r\n") for event in (*said(*LETTERS), STOP, DONE)],
    "text by CR": [event.replace(b"\n", b"\r") for event in (*said(*LETTERS), STOP, DONE)],
    "reasoning, then text": [*reasoned(*LETTERS), *said(*LETTERS), STOP, DONE],
    "a comment between": [*said(*"abcd"), b": ping\n\n", *said(*"efgh"), b": ping\n", *said(*"ij"), STOP, DONE],
    "an id between": [*said(*"abcd"), b"id: 1\n\n", *said(*"efgh"), STOP, DONE],
    "a type between": [*said(*"abcd"), b"event: ping\n", *said(*"efgh"), *said(*"ij"), STOP, DONE],
    "an empty text between": [*said(*"abcd"), *said("", "ddttddppdddccccccc"), *said(*"efgh"), STOP, DONE],
    "content after the finish": [*said(*"abcd"), STOP, *said(*"efgh"), DONE],
    "content after [DONE]": [*said(*"abcd"), STOP, DONE, *said(*"efgh")],
    "an error between": [*said(*"abcd"), framed('{"error":{"message":"no"}}'), *said(*"efgh")],
    "no JSON between": [*said(*"abcd"), framed("{"), *said(*"efgh")],
    "the text is cut off": [*said(*"abcd"), said("e")[0][:-1]],
    "the text is cut off within": [*said(*"abcd"), said("efgh")[0][:-8]],
    "two events in a read": [said("a")[0], *(b"".join(said(*pair)) for pair in ("bc", "de", "fg")), STOP + DONE],
    "two choices": [
        *(framed(json.dumps({"choices": [{"index": n % 2, "delta": {"content": "a" * n}}], "p": 1})) for n in range(1, 12)),
        DONE,
    ],
    "statements that change": [
        *said(*"abcd", tier=1),
        *said(*"efgh", tier=2),
        framed(chunk({}, tier=3)),
        *said(*"ij", tier=2),
        STOP,
        DONE,
    ],
    "obfuscation": [*(said(text, obfuscation=text * 3)[0] for text in LETTERS), STOP, DONE],
    "padding of any kind": [
        *(
            said(text, obfuscation=padding)[0]
            for text, padding in zip(
                ["a", "b", "c", "", "d", '"', "e", '"}], "obfuscation": "', "f", "g", "h", "i", "j"],
                ["x", "y", "z", "x", "", '"', '"}', "z", "\\", None, "x", "é😀", "z"],
                strict=True,
            )
        ),
        STOP,
        DONE,
    ],
    "padding that is cut off": [*(said(t, obfuscation=t)[0] for t in LETTERS), said("k", obfuscation="kk")[0][:-6]],
    "padding, and an end that is none": [
        *(said(t, obfuscation=t)[0] for t in LETTERS),
        said("k", obfuscation="k")[0].replace(b'"}\n\n', b'" \n\n'),
    ],
    "padding that goes on without": [*(said(t, obfuscation=t)[0] for t in LETTERS), *said(*LETTERS), STOP, DONE],
    "padding, and the finish": [
        *(said(t, obfuscation=t)[0] for t in "abcd"),
        framed(chunk({}, beside={"finish_reason": "stop"}, obfuscation="x")),
        *(said(t, obfuscation=t)[0] for t in "efgh"),
        DONE,
    ],
    "usage on each": [
        *(
            said(text, usage={"prompt_tokens": 2, "completion_tokens": n, "total_tokens": n + 2, "cost": {"a": 1}})[0]
            for n, text in enumerate(LETTERS)
        ),
        STOP,
        DONE,
    ],
    "arguments": [
        *(
            framed(chunk({"tool_calls": [{"index": 0, **begin, "function": {"arguments": text}}]}))
            for text, begin in zip(['{"', "a", '":', "1", "}"], [{"id": "c", "type": "function"}, *[{}] * 4], strict=True)
        ),
        STOP,
        DONE,
    ],
    "calls of their own": [
        *(framed(chunk({"tool_calls": [{"index": n, "id": f"c{n}", "function": {"name": "f"}}]})) for n in range(6)),
        STOP,
        DONE,
    ],
    "escaped and plain": [framed(f'{{"choices":[{{"index":0,"delta":{{"content":"{t}"}}}}]}}') for t in (*"abc", r"\"", r"\\", r"é", r"\u00e9", "\\ud800", "\x01", "d", "e")],
    "a beginning without id": [*said(*"abc"), *said(*"def", id="c", model="m", created=1), *said(*"ghi", id="d"), STOP],
    "roles": [*(framed(chunk({"role": role, "content": "a"})) for role in ("a", "b", "c", "d")), STOP],
    "ids that change after some": [*(said("a" * n, id=f"c{n // 5}")[0] for n in range(1, 30)), STOP, DONE],
}  # fmt: skip


@pytest.fixture
def ways_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """How each of some reads was read, a letter a chunk: decoded, chunk, text, or padded text."""
    ways: list[str] = []

    class Watched(Repeats):
        __slots__ = ()

        def read(self, data: bytes) -> Any:
            found = super().read(data)
            if found is not None:
                ways.append("t" if self._voice is not None else "p")
            return found

        def read_chunk(self, pattern: Pattern, data: bytes) -> Any:
            found = super().read_chunk(pattern, data)
            if found is not None:
                ways.append("c")
            return found

        def learn(self, data: bytes, chunk: ChatCompletionChunk) -> None:
            ways.append("d")
            super().learn(data, chunk)

    def ways_of(pieces: Iterable[bytes], **options: Any) -> str:
        ways.clear()
        decoder = ChatDecoder(**options)
        for piece in pieces:
            list(decoder.feed(piece))
        return "".join(ways)

    monkeypatch.setattr(_pipeline, "Repeats", Watched)
    return ways_of


def plainly(*texts: str, **fields: Any) -> list[bytes]:
    return [framed(strict({"content": text}, **fields)) for text in texts]


def padded(*texts: str) -> list[bytes]:
    return [plainly(text, obfuscation=text)[0] for text in texts]


def numbered(*texts: str) -> list[bytes]:
    return [said(text, number=place)[0] for place, text in enumerate(texts, 1)]


WAYS = [
    (plainly(*LETTERS), "ddtttttttt"),
    (padded(*LETTERS), "ddpppppppp"),
    (numbered(*LETTERS[:9]), "ddccccccc"),
    ([*plainly(*"abcdef"), *padded(*LETTERS)], "ddttttddpppppppp"),
    ([*plainly(*"abcde"), *padded(*LETTERS)], "ddtttddpppppppp"),
    ([*plainly(*"abcd"), *padded(*"abcd"), *numbered(*LETTERS)], "ddttddppdddccccccc"),
    ([*padded(*"abcdef"), b": ping\n\n", *padded(*"ghij")], "ddppppdcpp"),
    ([*plainly(*"abcdef"), *plainly(""), *plainly(*"ghij")], "ddttttccttt"),
    ([*plainly(*"abcdef"), STOP, *plainly(*"ghij")], "ddttttdcccc"),
    ([*padded(*"abcdef"), STOP, *padded(*"ghij")], "ddppppdcccc"),
    ([*padded(*"abcdef"), *plainly(*"ghij"), *padded(*"abcdef")], "ddppppddttddpppp"),
    ([*plainly(*"abcde"), *padded(*"ab"), *numbered(*"abcdef")], "ddtttdddddccc"),
    ([*plainly(*"abcdef"), *padded(*"ab"), *numbered(*"abcdef")], "ddttttddddcccc"),
    ([*plainly(*"abcdef", created=1), *plainly(*"abcd", created=2)], "ddttttddtt"),
    ([*plainly(*"abcdef"), STOP, *plainly("g"), b": ping\n\n", *plainly("h")], "ddttttdcd"),
    ([b"data: " + piece[6:].replace(b": ", b":").replace(b", ", b",") for piece in padded(*"abcd")], "ddpp"),
]


@pytest.mark.parametrize(("pieces", "ways"), WAYS)
def test_the_ways_that_are_taken(pieces: list[bytes], ways: str, ways_of: Callable[..., str]) -> None:
    assert ways_of(pieces) == ways


@pytest.mark.parametrize(("make", "way"), [(plainly, "t"), (padded, "p"), (numbered, "c")])
def test_the_ways_that_are_taken_up_to_the_limit(
    make: Callable[..., list[bytes]], way: str, ways_of: Callable[..., str]
) -> None:
    pieces = make(*LETTERS[:9])
    size = len(pieces[0]) - 2
    assert ways_of(pieces, limits=Limits(event_size=size)) == "dd" + 7 * way
    if way != "c":  # whose other fields count as well
        assert ways_of(pieces, limits=Limits(output_size=9)) == "dd" + 7 * way


def test_what_never_repeats_is_looked_at_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[tuple[bytes, bytes]] = []

    def found(before: bytes, data: bytes, *_: object) -> None:
        looked.append((before, data))

    monkeypatch.setattr(_repeats, "find_pattern", found)
    repeats = Repeats(ChatAccumulator(), OpenAIChat().decode_plain, 1_000)
    for number in range(5_000):
        repeats.learn(b"%d" % number, ChatCompletionChunk())
    places = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3072, 4096]
    assert looked == [(b"%d" % (place - 1), b"%d" % place) for place in places]


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("options", [{}, {"strict": True}, {"keepalives": True}], ids=["", "strict", "keepalives"])
def test_a_stream_says_the_same(name: str, options: dict[str, Any]) -> None:
    pieces = STREAMS[name]
    wanted = outcome(pieces, alike=False, **options)
    assert outcome(pieces, **options) == wanted
    assert outcome([b"".join(pieces)], **options) == wanted
    assert outcome(bytewise(b"".join(pieces)), **options) == wanted
    for size in range(2, 9):
        together = [b"".join(pieces[start : start + size]) for start in range(0, len(pieces), size)]
        assert outcome(together, **options) == wanted


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_repeated_says_the_same(name: str) -> None:
    blocks = [block + b"\n\n" for block in HABITS[name].body.replace(b"\r\n", b"\n").split(b"\n\n")]
    pieces = [block for block in blocks for _ in range(4)]
    assert outcome(pieces) == outcome(pieces, alike=False)


@pytest.mark.parametrize("limits", [Limits(output_size=n) for n in (1, 5, 9, 10, 11, 100)])
@pytest.mark.parametrize(
    "name", ["text", "obfuscation", "usage on each", "two events in a read", "reasoning, then text"]
)
def test_a_limit_on_output_is_the_same(name: str, limits: Limits) -> None:
    assert outcome(STREAMS[name], limits=limits) == outcome(STREAMS[name], alike=False, limits=limits)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("room", range(-2, 3))
@pytest.mark.parametrize("fields", [{}, {"p": "a"}, {"obfuscation": "a"}], ids=["one value", "two", "padding"])
def test_a_limit_on_an_event_is_the_same(end: bytes, room: int, fields: dict[str, Any]) -> None:
    pieces = [said(text, **dict.fromkeys(fields, text))[0] for text in (*LETTERS, "a" * 80)]
    limits = Limits(event_size=len(pieces[-1]) - 2 + room)
    pieces = [piece.replace(b"\n\n", end) for piece in pieces]
    wanted = outcome(pieces, alike=False, limits=limits)
    assert outcome(pieces, limits=limits) == outcome([b"".join(pieces)], limits=limits) == wanted
    assert bool(wanted[1].startswith("EventTooLarge")) == (room < 0)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("text", 8),
        ("text by CRLF", 8),
        ("text by CR", 0),
        ("reasoning, then text", 8 + 8),
        ("obfuscation", 8),
        ("usage on each", 8),
        ("two events in a read", 5),
        ("two choices", 9),
    ],
)
def test_what_repeats_is_found(name: str, seen: int) -> None:
    assert repeats_seen(STREAMS[name]) == seen


class Inheriting(OpenAIChat):
    pass


class Overriding(OpenAIChat):
    def decode_plain(self, data: bytes | str) -> Any:
        return super().decode_plain(data)


class Affirming(Overriding):
    decodes_alike = True


class AffirmingItself(OpenAIChat):
    decodes_alike = True

    def decode_plain(self, data: bytes | str) -> Any:
        return super().decode_plain(data)


class Unrelated:
    """A dialect that says nothing of itself."""

    def __init__(self) -> None:
        openai = OpenAIChat()
        self.decode, self.decode_field, self.is_whole = openai.decode, openai.decode_field, openai.is_whole
        self.decode_plain = openai.decode_plain


@pytest.mark.parametrize(
    ("dialect", "seen"),
    [
        (OpenAIChat, 8),
        (Inheriting, 8),
        (Affirming, 8),
        (AffirmingItself, 8),
        (Overriding, 0),
        (Forgetful, 0),
        (Unrelated, 0),
    ],
)
def test_only_of_a_dialect_that_allows_it_chunks_are_compared(dialect: type[OpenAIChat], seen: int) -> None:
    decoder = ChatDecoder(dialect=dialect())
    assert [event for piece in said(*LETTERS) for event in decoder.feed(piece)] == [TextDelta(text) for text in LETTERS]
    assert decoder._repeats.seen == seen


def test_a_new_pattern_is_sought_less_and_less_often_in_vain() -> None:
    sought: list[int] = []

    class Counting(OpenAIChat):
        decodes_alike = True

        def decode_plain(self, data: bytes | str) -> Any:
            found = super().decode_plain(data)
            sought[-1] += 1
            return found

    decoder = ChatDecoder(dialect=Counting())
    for number in range(400):
        sought.append(0)
        # Two of these are alike, the next two otherwise: a pattern is found each time, and never of use.
        fields = {f"x{number // 2}": 1}
        list(decoder.feed(said(str(number), **fields)[0]))
    places = [number for number, count in enumerate(sought) if count > 1]
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert gaps == sorted(gaps)
    assert 5 <= len(places) <= 12
    assert gaps[-1] >= 64


def test_a_new_pattern_is_sought_at_once_where_the_last_was_of_use() -> None:
    pieces = [piece for number in range(40) for piece in said(*LETTERS, **{f"x{number}": 1})]
    assert repeats_seen(pieces) == 40 * 8


def test_what_was_not_read_of_a_call_comes_first() -> None:
    decoder = ChatDecoder()
    for piece in said(*"abcd"):
        list(decoder.feed(piece))
    decoder.feed(said("e")[0])
    unread = decoder.feed(said("f")[0])
    assert list(unread) == [TextDelta("e"), TextDelta("f")]
    first = decoder.feed(said("g")[0] + said("h")[0] + said("i")[0])
    assert next(first) == TextDelta("g")
    assert list(decoder.feed(said("j")[0])) == [TextDelta(text) for text in "hij"]
    assert list(first) == []
    decoder.feed(said("k")[0] + said("l")[0])
    assert list(decoder.feed(said("m")[0])) == [TextDelta(text) for text in "klm"]
    decoder.feed(said("n")[0] + b": ping")
    assert list(decoder.feed(b"\n\n" + said("o")[0])) == [TextDelta(text) for text in "no"]


@pytest.mark.parametrize(("size", "seen"), [(64 * 1024, 3), (64 * 1024 + 1, 0)])
def test_what_is_large_is_decoded_each_time(size: int, seen: int) -> None:
    room = size - len(chunk({"content": ""}))
    pieces = said(*(letter * room for letter in "abcde"))
    assert repeats_seen(pieces) == seen
    assert outcome(pieces) == outcome(pieces, alike=False)


def test_chunks_are_each_their_own() -> None:
    decoder = ChatDecoder()
    found = [found for piece in said(*LETTERS) for found in decoder.feed_chunks(piece)]
    assert [found.choices[0].delta.content for found in found] == list(LETTERS)
    assert [found.raw["choices"][0]["delta"]["content"] for found in found] == list(LETTERS)


def test_events_and_chunks_in_turns() -> None:
    decoder = ChatDecoder()
    for start in range(0, 400, 10):
        texts = [str(number) for number in range(start, start + 10)]
        for text, piece in zip(texts, said(*texts), strict=True):
            if start % 20:
                assert [found.choices[0].delta.content for found in decoder.feed_chunks(piece)] == [text]
            else:
                assert list(decoder.feed(piece)) == [TextDelta(text)]
    assert decoder.completion.text == "".join(map(str, range(400)))


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_of_other_kinds(kind: type) -> None:
    pieces = STREAMS["text"]
    assert outcome([kind(piece) for piece in pieces]) == outcome(pieces)


@st.composite
def streams_that_repeat(draw: st.DrawFn) -> list[bytes]:
    """Events, most of them like the one before, cut into reads of whole events or anywhere."""
    events: list[bytes] = []
    for _ in range(draw(st.integers(1, 3))):
        form = draw(chunks)
        for _ in range(draw(st.integers(1, 6))):
            events.append(framed(form))
            pieces = form.split(b'"')
            place = draw(st.integers(0, len(pieces) - 1))
            if place % 2:
                pieces[place] = json.dumps(draw(texts)).encode()[1:-1]
            form = b'"'.join(pieces)
        if draw(st.booleans()):
            events.append(draw(st.sampled_from([b": ping\n\n", STOP, DONE, b"\n", b"id: 1\n", b"data: {\n\n"])))
    if draw(st.booleans()):
        end = draw(st.sampled_from([b"\r\n", b"\r"]))
        events = [event.replace(b"\n", end) for event in events]
    if draw(st.booleans()):
        return events
    body = b"".join(events)
    places = sorted(draw(st.lists(st.integers(0, len(body)), max_size=6)))
    return [body[start:end] for start, end in itertools.pairwise([0, *places, len(body)])]


@given(streams_that_repeat(), st.booleans())
def test_any_stream_that_repeats_says_the_same(pieces: list[bytes], strict: bool) -> None:
    assert outcome(pieces, strict=strict) == outcome(pieces, alike=False, strict=strict)
