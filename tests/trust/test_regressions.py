"""Regression tests: one for each bug found, in its original form."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

import sse_stream
from sse_stream import (
    ChatAccumulator,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    ReasoningDelta,
    SSEDecoder,
    SSEStreamError,
    TextDelta,
    UsageReported,
)
from sse_stream.testing import bytewise


def event(chunk: str) -> bytes:
    return b"data: " + chunk.encode() + b"\n\n"


def said(text: str) -> bytes:
    return event(f'{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}')


def chunk_of(value: dict[str, Any]) -> ChatCompletionChunk:
    return ChatCompletionChunk.from_dict(value)


# Reading.


def test_a_text_moves_to_another_field_beside_a_list() -> None:
    thought = event('{"choices":[{"index":0,"delta":{"reasoning":"a","annotations":[],"name":"x"}}]}')
    spoken = thought.replace(b'"reasoning":"a"', b'"content":"b"')
    events = list(ChatStream([thought, thought, spoken], on_truncated="return"))
    assert events == [ReasoningDelta("a"), ReasoningDelta("a"), TextDelta("b")]


@pytest.mark.parametrize("beside", ["", ',"error":{"message":"no"}'])
def test_an_error_after_the_end_mark_takes_nothing_away_from_what_follows(beside: str) -> None:
    done = b"data: [DONE]\n\n"
    late = event(f'{{"choices":[{{"index":0,"delta":{{"content":"a"}}{beside}}}]}}')
    stop = event('{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}')
    readings = []
    for pieces in ([done + late + stop], [done, late + stop], [done + late, stop], bytewise(done + late + stop)):
        decoder = ChatDecoder()
        events = [found for piece in pieces for found in decoder.feed(piece)] + list(decoder.close())
        readings.append((events, decoder.completion, decoder.anomalies))
        assert [found.type for found in events] == ["text_delta", "choice_finished", "stream_done"]
    assert all(reading == readings[0] for reading in readings)


@pytest.mark.parametrize("before", [b"", said("a"), said("a") + b": c\n\n"])
def test_an_error_in_a_field_counts_no_event_that_comes_after_it(before: bytes) -> None:
    body = before + b"error: no\n\n" + said("b")
    counters = set()
    for pieces in ([body], [before, b"error: no\n\n", said("b")], bytewise(body)):
        stream = ChatStream([piece for piece in pieces if piece])
        with pytest.raises(SSEStreamError):
            stream.until_done()
        timings = stream.timings
        counters.add((timings.events, timings.chunks, timings.deltas, timings.keepalives))
    assert len(counters) == 1


BOM = b"\xef\xbb\xbf"


def read_to_the_end(pieces: list[bytes]) -> tuple[object, ...]:
    stream = ChatStream(pieces)
    events: list[ChatEvent] = []
    error = None
    try:
        for found in stream:
            events.append(found)
    except SSEStreamError as caught:
        error = type(caught), str(caught)
    return events, error, stream.ending


@pytest.mark.parametrize("begin", [b"\n", b"\r", b"\r\n", b"\n\n", BOM, BOM + b"\n", BOM + b"\r\n", b" \n", b":\n"])
@pytest.mark.parametrize("then", [b"", BOM, BOM + BOM, b"\r" + BOM, b"\n"])
def test_how_a_body_begins_does_not_depend_on_the_cut(begin: bytes, then: bytes) -> None:
    body = begin + then + said("a") + said("b") + b"data: [DONE]\n\n"
    whole = read_to_the_end([body])
    assert read_to_the_end(bytewise(body)) == whole
    for place in range(1, len(begin + then) + 8):
        assert read_to_the_end([body[:place], body[place:]]) == whole, body[:place]


# Ends.


class ClosesIt:
    """A source that closes the stream which reads it, and then fails."""

    def __init__(self) -> None:
        self.stream: ChatStream | None = None
        self.pieces = [said("a")]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.pieces:
            return self.pieces.pop()
        assert self.stream is not None
        self.stream.close()
        raise OSError("the connection is gone")


def test_a_stream_that_was_closed_stays_closed() -> None:
    source = ClosesIt()
    source.stream = stream = ChatStream(source)
    assert next(stream) == TextDelta("a")
    with pytest.raises(SSEStreamError) as caught:
        next(stream)
    assert stream.ending == "closed"
    assert caught.value.completion == stream.completion
    assert stream.completion.text == "a"


# Values.

REPORT = '{"choices":[],"usage":{"prompt_tokens":7,"cost":{"total":1}},"p":{"q":[1]}}'


def test_usage_that_was_handed_out_cannot_be_set() -> None:
    reports = []
    stream = ChatStream([event(REPORT)] * 5 + [b"data: [DONE]\n\n"])
    for found in stream:
        if isinstance(found, UsageReported):
            with pytest.raises(AttributeError):
                found.usage.prompt_tokens = 0  # type: ignore[misc,unused-ignore]  # what is tested
            reports.append(found.usage.prompt_tokens)
    assert reports == [7] * 5
    assert stream.completion.usage is not None
    assert stream.completion.usage.prompt_tokens == 7


def test_all_that_is_handed_out_is_frozen() -> None:
    structs = [
        item for item in vars(sse_stream).values() if isinstance(item, type) and issubclass(item, msgspec.Struct)
    ]
    assert len(structs) >= 30
    assert [struct.__name__ for struct in structs if not struct.__struct_config__.frozen] == []


RICH = [
    event(
        '{"id":"c","model":"m","created":1,"p":{"q":[1]},"choices":[{"index":0,"x":[[]],"delta":{"role":"assistant",'
        '"content":"a","reasoning":"r","y":{"z":[1]},"reasoning_details":[{"index":0,"text":"r"}],"tool_calls":'
        '[{"index":0,"id":"t","function":{"name":"f","arguments":"{"},"e":{"s":["t"]}}]},'
        '"logprobs":{"content":[{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-2}]}]}}]}'
    ),
    event(REPORT),
    event(REPORT),
    event(
        '{"choices":[{"index":0,"delta":{"audio":{"data":"QQ==","w":[1]},"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}}]}'
    ),
    event('{"choices":[{"index":0,"delta":{"refusal":"no"},"finish_reason":"stop"}],"moderation":{"a":[1]}}'),
    b"data: [DONE]\n\n",
]


def containers(value: object) -> Iterator[object]:
    """The dicts and lists in a value that can be changed."""
    if isinstance(value, (dict, list)):
        if not value:
            try:
                value.clear()
                if isinstance(value, dict):
                    value["x"] = 1
                    del value["x"]
            except TypeError:
                return  # nobody can put anything into it
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if not name.startswith("_"):
                yield from containers(getattr(value, name))


def test_no_two_things_that_are_handed_out_share_what_can_be_changed() -> None:
    decoder = ChatDecoder()
    given: list[object] = []
    for piece in RICH:
        for found in decoder.feed(piece):
            given += [found, decoder.completion]
    given += [*decoder.close(), decoder.completion, decoder.completion]
    owners: dict[int, int] = {}
    for place, value in enumerate(given):
        for container in containers(value):
            assert owners.setdefault(id(container), place) == place, f"{container!r} of {value!r} is another's too"


def spoil(value: object) -> None:
    """Empty all that can be emptied."""
    for container in list(containers(value)):
        assert isinstance(container, (dict, list))
        container.clear()


def test_a_chunk_belongs_to_who_reads_it() -> None:
    expected = ChatStream(RICH).until_done()
    stream = ChatStream(RICH)
    for chunk in stream.iter_chunks():
        spoil(chunk)
    assert stream.completion == expected


def test_a_chunk_that_was_added_stays_the_callers() -> None:
    values = [json.loads(piece[6:]) for piece in RICH[:-1]]
    expected, accumulator = ChatAccumulator(), ChatAccumulator()
    for value in values:
        expected.add(chunk_of(value))
        chunk = chunk_of(copy.deepcopy(value))
        before = copy.deepcopy(chunk)
        accumulator.add(chunk)
        assert chunk == before
        spoil(chunk)
    assert accumulator.completion == expected.completion


def test_a_chunk_encodes_what_it_says_once() -> None:
    value = {"choices": [{"index": 0, "delta": {"content": "needle"}}], "provider": "thread"}
    encoded = msgspec.json.encode(chunk_of(value))
    assert encoded.count(b"needle") == encoded.count(b"thread") == 1
    assert not [name for name in msgspec.json.decode(encoded) if name.startswith("_")]


def test_events_and_completions_decode_from_what_they_encode_to() -> None:
    decoder = ChatDecoder()
    events = [found for piece in RICH for found in decoder.feed(piece)]
    events.extend(decoder.close())
    for found in events:
        assert msgspec.json.decode(msgspec.json.encode(found), type=ChatEvent) == found
    completion = decoder.completion
    assert msgspec.json.decode(msgspec.json.encode(completion), type=ChatCompletion) == completion


# Copies.


def filled_accumulator() -> ChatAccumulator:
    accumulator = ChatAccumulator()
    for piece in RICH[:-1]:
        accumulator.add(chunk_of(json.loads(piece[6:])))
    return accumulator


def filled_decoder() -> ChatDecoder:
    decoder = ChatDecoder()
    for piece in RICH[:-1]:
        list(decoder.feed(piece))
    return decoder


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize("make", [SSEDecoder, filled_accumulator, filled_decoder])
def test_what_holds_the_state_of_a_stream_is_not_copied(
    copied: Callable[[object], object], make: Callable[[], object]
) -> None:
    with pytest.raises(TypeError, match="holds the state of a stream and cannot be copied or pickled"):
        copied(make())


# Cost.


def seconds(count: int) -> float:
    """What so many reports of usage cost, each with a field of its own."""
    reports = [event(f'{{"choices":[],"usage":{{"k{number}":1}}}}') for number in range(count)]
    decoder = ChatDecoder()
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        for report in reports:
            for _ in decoder.feed(report):
                pass
        return time.process_time() - began
    finally:
        gc.enable()


def test_twice_the_usage_costs_twice_the_time() -> None:
    few = many = float("inf")
    for _ in range(12):
        few, many = min(few, seconds(2_000)), min(many, seconds(4_000))
        if many <= 2.2 * few or many > 1:
            break
    assert many <= 2.2 * few
