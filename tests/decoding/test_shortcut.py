"""Chunks that differ only in their text are compared instead of decoded, with the same result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from sse_stream import (
    ChatCompletionChunk,
    ChatEvent,
    Limits,
    OutputTooLargeError,
    ServerSentEvent,
    SSEStreamError,
    TextDelta,
)
from sse_stream._decoding._reader import EventReader
from sse_stream.dialects import DialectFound, Item, OpenAIChat


class Watched(OpenAIChat):
    """Counts what it decodes."""

    __slots__ = ("decoded",)
    decodes_alike = True

    def __init__(self) -> None:
        super().__init__()
        self.decoded = 0

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        self.decoded += 1
        return super().decode_plain(data, event)


class Silent(OpenAIChat):
    """Says nothing of whether it decodes alike: what its base says does not hold for it."""


def reader(dialect: OpenAIChat | None = None, **limits: int) -> EventReader:
    dialect = OpenAIChat() if dialect is None else dialect
    return EventReader(dialect, strict=False, limits=Limits(**limits), keepalives=True)


def framed(data: str | dict[str, Any]) -> bytes:
    return b"data: " + (data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)).encode() + b"\n\n"


def chunk(delta: dict[str, Any], **fields: Any) -> bytes:
    return framed({"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}], **fields})


def read(found: EventReader, events: Sequence[bytes]) -> list[ChatEvent]:
    said: list[ChatEvent] = []
    for event in events:
        found.take(event)
        said.extend(iter(found.next_event, None))
    return said


WORDS = [f"word{number}" for number in range(20)]

COMPARED: dict[str, list[bytes]] = {
    "text": [chunk({"content": word}) for word in WORDS],
    "reasoning": [chunk({"reasoning": word}) for word in WORDS],
    "reasoning_content": [chunk({"reasoning_content": word}) for word in WORDS],
    "refusal": [chunk({"refusal": word}) for word in WORDS],
    "a role on each chunk": [chunk({"role": "assistant", "content": word}) for word in WORDS],
    "another choice": [framed({"choices": [{"index": 3, "delta": {"content": word}}]}) for word in WORDS],
    "fields that the model does not name": [chunk({"content": word}, provider="x", x={"a": [1]}) for word in WORDS],
    "the same to the letter": [chunk({"content": "word"})] * 20,
    "what JSON escapes": [chunk({"content": f'"{word}\\ \n\t😀é'}) for word in WORDS],
    "padding that changes": [chunk({"content": word}, obfuscation="x" * (n + 1)) for n, word in enumerate(WORDS)],
    "padding that changes, in compact JSON": [
        framed(f'{{"choices":[{{"index":0,"delta":{{"content":"{word}"}}}}],"obfuscation":"{word[::-1]}"}}')
        for word in WORDS
    ],
    "padding that does not": [chunk({"content": word}, obfuscation="xyz") for word in WORDS],
    "carriage returns": [chunk({"content": word}).replace(b"\n", b"\r\n") for word in WORDS],
    "comments between events": [piece for word in WORDS for piece in (b": c\n\n", chunk({"content": word}))],
    "ids between": [piece for word in WORDS for piece in (b"id: 1\n\n", chunk({"content": word}))],
}


@pytest.mark.parametrize("name", COMPARED)
def test_text_that_repeats_is_compared(name: str) -> None:
    events = COMPARED[name]
    dialect = Watched()
    compared, decoded = reader(dialect), reader(Silent())
    assert read(compared, events) == read(decoded, events)
    assert compared.completion == decoded.completion
    assert (compared.chunks_seen, compared.tally.pieces) == (20, 20)
    assert compared.events_seen == decoded.events_seen
    assert dialect.decoded <= 5  # the first, and what was tried


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("name", COMPARED)
def test_however_many_events_come_in_a_read(name: str, size: int) -> None:
    events = COMPARED[name]
    pieces = [b"".join(events[start : start + size]) for start in range(0, len(events), size)]
    dialect = Watched()
    compared, decoded = reader(dialect), reader(Silent())
    assert read(compared, pieces) == read(decoded, events)
    assert compared.completion == decoded.completion
    if "between" not in name:  # what comes in one read with a comment before it is not compared
        assert dialect.decoded <= 5


@pytest.mark.parametrize("name", COMPARED)
def test_a_read_is_taken_and_read_in_one(name: str) -> None:
    one, two = reader(), reader()
    for event in COMPARED[name]:
        one_by_one = [one.next_event(event), *iter(one.next_event, None)]
        two.take(event)
        assert [said for said in one_by_one if said is not None] == list(iter(two.next_event, None))
    assert one.completion == two.completion
    assert (one.events_seen, one.chunks_seen) == (two.events_seen, two.chunks_seen)


def test_what_is_behind_the_first_event_of_a_read_is_not_lost() -> None:
    found = reader()
    read(found, COMPARED["text"][:5])
    assert found.next_event(chunk({"content": "a"}) + chunk({"content": "b"}) + b"data: {") == TextDelta("a")
    assert found.next_event(b'"choices":[]}\n\n' + chunk({"content": "c"})) == TextDelta("b")
    assert list(iter(found.next_event, None)) == [TextDelta("c")]


def learned(dialect: OpenAIChat | None = None, **limits: int) -> EventReader:
    """A reader that compares texts."""
    found = reader(dialect, **limits)
    read(found, [b"\n", *COMPARED["text"][:3]])
    return found


def test_a_read_of_one_event_like_the_last_is_not_buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = learned()
    monkeypatch.setattr(type(found.parser), "take", None)
    assert found.next_event(chunk({"content": "a"})) == TextDelta("a")


def test_an_event_like_the_last_waits_for_what_was_added_before() -> None:
    found = learned()
    found.take(chunk({"content": "a"}))
    assert found.next_event(chunk({"content": "b"})) == TextDelta("a")
    assert found.next_event() == TextDelta("b")


@pytest.mark.parametrize("begun", [b"data: {\n", b"event: error\n", b"data: {"])
def test_an_event_like_the_last_is_not_compared_within_another(begun: bytes) -> None:
    found, decoded = learned(), learned(Silent())
    for one in (found, decoded):
        assert one.next_event(begun) is None
        with suppress(SSEStreamError):
            assert one.next_event(chunk({"content": "a"})) is None
    assert (found.completion, found.ending, found.anomalies) == (decoded.completion, decoded.ending, decoded.anomalies)


def test_an_event_like_the_last_is_refused_after_the_end() -> None:
    found = learned()
    found.end()
    with pytest.raises(SSEStreamError, match="accepts no more bytes"):
        found.next_event(chunk({"content": "a"}))


@pytest.mark.parametrize("before", [b"", b": comment\n\n"])
def test_an_event_like_the_last_may_exceed_a_limit(before: bytes) -> None:
    found = learned(output_size=2_000)
    with pytest.raises(OutputTooLargeError):
        while found.next_event(before + chunk({"content": "a" * 100})) is not None:
            assert len(found.completion.text) < 2_000
    assert (found.ending, found.error is not None) == ("invalid", True)


DECODED: dict[str, list[bytes]] = {
    "two texts": [chunk({"content": word, "reasoning": word + "x"}) for word in WORDS],
    "one text in two fields": [chunk({"reasoning_content": word, "reasoning": word}) for word in WORDS],
    "a text that is an id as well": [
        framed({"id": word, "choices": [{"index": 0, "delta": {"content": word}}]}) for word in WORDS
    ],
    "a text that is a key": [chunk({"content": "content"})] * 20,
    "usage": [chunk({"content": word}, usage={"prompt_tokens": 1}) for word in WORDS],
    "fields of the delta": [chunk({"content": word, "odd": "x"}) for word in WORDS],
    "a finish reason": [
        framed({"choices": [{"index": 0, "delta": {"content": w}, "finish_reason": "x"}]}) for w in WORDS
    ],
    "tool calls": [chunk({"tool_calls": [{"index": 0, "function": {"arguments": word}}]}) for word in WORDS],
    "nothing": [chunk({})] * 20,
}


@pytest.mark.parametrize("name", DECODED)
def test_what_does_anything_else_is_decoded_each_time(name: str) -> None:
    events = DECODED[name]
    dialect = Watched()
    found, decoded = reader(dialect), reader(Silent())
    assert read(found, events) == read(decoded, events)
    assert found.completion == decoded.completion
    assert dialect.decoded == 20


@pytest.mark.parametrize("says", [None, False, True])
def test_a_dialect_is_compared_only_if_it_says_itself_that_it_decodes_alike(says: bool | None) -> None:
    class Counting(Watched):
        if says is not None:
            decodes_alike = says

    dialect = Counting()
    read(reader(dialect), COMPARED["text"])
    assert (dialect.decoded == 20) is not says


def test_a_dialect_that_is_found_is_compared_from_its_first_text_on() -> None:
    class Handing(OpenAIChat):
        def decode(self, event: ServerSentEvent) -> Sequence[Item]:
            return (DialectFound(dialect),)

    dialect = Watched()
    read(reader(Handing()), [framed({"type": "marker"}) + b"".join(COMPARED["text"])])
    assert dialect.decoded == 2  # one text, and what was tried


def test_what_is_no_text_costs_no_attempt() -> None:
    calls = [chunk({"tool_calls": [{"index": 0, "function": {"arguments": word}}]}) for word in WORDS]
    dialect = Watched()
    read(reader(dialect), calls + COMPARED["text"])
    assert dialect.decoded == 20 + 2


@pytest.mark.parametrize(("size", "decoded"), [(64 * 1024, 2), (64 * 1024 + 1, 3)])
def test_only_events_up_to_64_KiB_are_remembered(size: int, decoded: int) -> None:
    frame = len(chunk({"content": ""})) - len(b"data: \n\n")
    dialect = Watched()
    read(reader(dialect), [chunk({"content": letter * (size - frame)}) for letter in "abc"])
    assert dialect.decoded == decoded  # the first and what was tried, or each


def test_a_string_that_happens_to_be_the_text_is_not_taken_for_it() -> None:
    events = [
        framed(f'{{"id": "{name}", "choices": [{{"index": 0, "delta": {{"content": "\\u00e9"}}}}]}}') for name in "éöü"
    ]
    assert read(reader(), events) == [TextDelta("é")] * 3


def test_nothing_is_like_the_last_before_there_is_one() -> None:
    assert reader().shortcut.match(chunk({"content": "a"})) is None


def test_looking_stops_where_it_is_in_vain() -> None:
    """Each chunk could be compared with the next, but none is like it: choices in turn."""
    events = [
        framed({"choices": [{"index": number % 2, "delta": {"content": f"word{number}"}}]}) for number in range(200)
    ]
    dialect = Watched()
    read(reader(dialect), events)
    assert dialect.decoded == 200 + 16


@pytest.mark.parametrize(("words", "goes_on"), [(12, True), (9, True), (8, False)])
def test_looking_goes_on_where_it_was_of_use(words: int, goes_on: bool) -> None:
    events = []
    for turn in range(50):
        events += [chunk({"content": f"word{number}"}) for number in range(words)]
        events += [chunk({"tool_calls": [{"index": turn, "id": str(turn), "function": {"name": "f"}}]})]
    dialect = Watched()
    found = reader(dialect)
    read(found, events)
    assert found.chunks_seen == len(events)
    # The first of each turn, what was tried, and the call; or all, but for the first turns.
    assert dialect.decoded == (50 * 3 if goes_on else 16 * 3 + 34 * 9)


@pytest.mark.parametrize(
    "odd",
    [
        chunk({"content": ""}),
        framed('{"id": "c1", "choices": [{"index": 0, "delta": {"content": "a\tb"}, "finish_reason": null}]}'),
        framed('{"id": "c1", "choices": [{"index": 0, "delta": {"content": 5}, "finish_reason": null}]}'),
        framed(
            '{"id": "c1", "choices": [{"index": 0, "delta": {"content": "a", "content": "b"}, "finish_reason": null}]}'
        ),
        framed('{"id": "c1", "choices": [{"index": 0, "delta": {"content": "\\ud800"}, "finish_reason": null}]}'),
        framed('{"id": "c1", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": null}]} '),
        b'data: {"id": "c1", "choices": [{"index": 0, "delta": {"content": "\xff"}, "finish_reason": null}]}\n\n',
        b"event: x\n" + chunk({"content": "a"}),
        chunk({"content": "a"})[:-1] + b"id: 1\n\n",
        chunk({"content": "a"})[:-1] + chunk({"content": "b"}),
        chunk({"content": "a"}).replace(b'"a"', b'"a\nb"'),
        chunk({"content": "a"}).replace(b'"a"', b'\ndata: "a"\ndata: '),
        b"data: [DONE]\n\n",
    ],
)
def test_what_looks_like_it_and_is_not_is_read_as_ever(odd: bytes) -> None:
    events = [*COMPARED["text"], odd, *COMPARED["text"]]
    compared, decoded = reader(), reader(Silent())

    def outcome(found: EventReader) -> tuple[list[ChatEvent], str]:
        try:
            return read(found, events), ""
        except SSEStreamError as error:
            return [], str(error)

    assert outcome(compared) == outcome(decoded)
    assert (compared.completion, compared.anomalies) == (decoded.completion, decoded.anomalies)


@pytest.mark.parametrize("name", ["text", "padding that changes"])
def test_limits_are_where_they_are(name: str) -> None:
    events = COMPARED[name]
    for size in range(40, 130, 7):
        outcomes = []
        for dialect in (OpenAIChat(), Silent()):
            found = reader(dialect, output_size=size)
            said: list[ChatEvent] = []
            with pytest.raises(OutputTooLargeError) as error:
                for event in events:
                    said += read(found, [event])
            outcomes.append((said, str(error.value), found.completion, found.ending, found.chunks_seen))
        assert outcomes[0] == outcomes[1]


def test_an_event_that_is_too_large_is_not_compared() -> None:
    events = COMPARED["text"]
    limit = len(events[-1]) - 2
    dialect = Watched()
    found = reader(dialect, event_size=limit)
    read(found, events)
    assert dialect.decoded == 2  # the largest are as large as they may be
    with pytest.raises(SSEStreamError, match=r"the limit set by max_event_size or Limits\.event_size"):
        read(found, [chunk({"content": "word10x"})])


def test_what_came_between_is_not_forgotten() -> None:
    """A field that another chunk states anew is stated anew again by the one that repeats."""
    texts = [chunk({"content": word}, provider="x") for word in WORDS]
    other = chunk({"content": "o"}, provider="y")
    found = reader()
    read(found, [*texts, other])
    assert found.completion.extra == {"provider": "y"}
    read(found, texts[:1])
    assert found.completion.extra == {"provider": "x"}
