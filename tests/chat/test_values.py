"""Everything that a stream returns is a value: it shares no mutable state, and survives a round trip through JSON."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sse_stream import (
    ChatAccumulator,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChoiceDelta,
    ChunkChoice,
    PromptTokensDetails,
    SSEStreamError,
    StreamDone,
    TextDelta,
    Usage,
    UsageReported,
)
from sse_stream.testing import HABITS

from ..dialects.test_quirks import ROWS
from .test_chunks import containers

BODIES: dict[str, bytes] = {
    **{f"habit {name}": habit.body for name, habit in HABITS.items()},
    **{f"quirk {row.name}": row.body for row in ROWS},
}


def read(body: bytes) -> Iterator[ChatEvent]:
    decoder = ChatDecoder(keepalives=True)
    try:
        yield from decoder.feed(body)
        yield from decoder.close()
    except SSEStreamError as error:
        # What had arrived is the same that a complete stream gives.
        yield StreamDone(error.completion)


def decoded_again(value: Any, type: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value), type=type)


def assert_said_in_json(events: Iterator[ChatEvent]) -> None:
    for event in events:
        said = json.dumps(event.to_dict())
        if "NaN" in said or "Infinity" in said:  # of which JSON says nothing
            continue
        assert decoded_again(event, ChatEvent) == event
        if isinstance(event, StreamDone):
            assert decoded_again(event.completion, ChatCompletion) == event.completion


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_events_and_completions_are_decoded_from_what_they_encode_to(body: bytes) -> None:
    assert_said_in_json(read(body))


def test_those_of_recordings_too(recording: Path) -> None:
    assert_said_in_json(read(recording.read_bytes()))


COPIES: dict[str, Callable[[Any], Any]] = {
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    "pickled": lambda value: pickle.loads(pickle.dumps(value)),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_are_equal(copied: Callable[[Any], Any]) -> None:
    for body in BODIES.values():
        for event in read(body):
            assert copied(event) == event or "nan" in repr(event)


def handed_out(body: bytes) -> Iterator[object]:
    """All that a stream gives, one event per read, and what is there beside it after each."""
    decoder = ChatDecoder(keepalives=True)
    try:
        for piece in body.splitlines(keepends=True):
            for event in decoder.feed(piece):
                yield event
                yield decoder.completion
                yield decoder.usage
        yield from decoder.close()
    except SSEStreamError as error:
        yield error.completion
    yield decoder.completion
    yield decoder.completion


def handed_out_as_chunks(body: bytes) -> Iterator[object]:
    decoder = ChatDecoder()
    try:
        for piece in body.splitlines(keepends=True):
            for chunk in decoder.feed_chunks(piece):
                yield from (chunk.raw, chunk.raw, chunk.to_dict(), chunk, decoder.completion)
        yield from decoder.close_chunks()
    except SSEStreamError as error:
        yield error.completion
    yield decoder.completion


@pytest.mark.parametrize("given", [handed_out, handed_out_as_chunks])
def test_no_two_values_share_what_can_be_changed(given: Callable[[bytes], Iterator[object]]) -> None:
    for name, body in BODIES.items():
        kept = list(given(body))  # all of them, so that no identity is used twice
        seen: set[int] = set()
        for value in kept:
            own = [id(one) for one in containers(value)]
            assert seen.isdisjoint(own), (name, value)
            seen.update(own)


@pytest.mark.parametrize("given", [handed_out, handed_out_as_chunks])
def test_what_a_caller_does_to_a_value_changes_no_other(given: Callable[[bytes], Iterator[object]]) -> None:
    for name, body in BODIES.items():
        expected = list(map(repr, given(body)))
        found = []
        for value in given(body):
            found.append(repr(value))
            for one in list(containers(value)):
                one.clear()
        assert found == expected, name


def usage_chunk(count: int) -> ChatCompletionChunk:
    return ChatCompletionChunk.from_dict({"choices": [], "usage": {"prompt_tokens": count, "cost": {"a": [count]}}})


def test_usage_that_was_reported_cannot_be_set() -> None:
    accumulator = ChatAccumulator()
    for _ in range(5):
        (event,) = accumulator.add(usage_chunk(7))
        assert isinstance(event, UsageReported)
        assert event.usage.prompt_tokens == 7
        with pytest.raises(AttributeError, match="immutable"):
            event.usage.prompt_tokens = 0  # type: ignore[misc]
    chunk = usage_chunk(7)
    accumulator.add(chunk)
    assert chunk.usage is not None
    with pytest.raises(AttributeError, match="immutable"):
        chunk.usage.prompt_tokens = 0  # type: ignore[misc]
    assert accumulator.completion.usage == usage_chunk(7).usage


def test_usage_is_shared_where_nothing_in_it_can_be_changed() -> None:
    plain = ChatCompletionChunk.from_dict(
        {"usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}, "completion_tokens_details": {}}}
    ).usage
    assert plain is not None
    assert plain.copied() is plain
    counts = Usage(prompt_tokens=1)
    assert counts.copied() is counts
    for odd in (
        {"cost": 1},
        {"prompt_tokens_details": {"odd": [1]}},
        {"completion_tokens_details": {"odd": [1]}},
        {"cost": object()},
    ):
        usage = ChatCompletionChunk.from_dict({"usage": odd}).usage
        assert usage is not None
        again = usage.copied()
        assert {id(one) for one in containers(again)}.isdisjoint({id(one) for one in containers(usage)})
        assert again == usage or (type(again) is Usage and again.extra.keys() == usage.extra.keys() == {"cost"})


@pytest.mark.parametrize("details", [None, PromptTokensDetails(cached_tokens=1)])
def test_usage_on_each_chunk_is_not_copied_either(details: PromptTokensDetails | None) -> None:
    """The event has the chunk's own, as the chunk holds nothing that can be changed."""
    counts = Usage(prompt_tokens=1, completion_tokens=1, total_tokens=2, prompt_tokens_details=details)
    accumulator = ChatAccumulator()
    for text in "ab":
        chunk = ChatCompletionChunk(choices=[ChunkChoice(index=0, delta=ChoiceDelta(content=text))], usage=counts)
        events = accumulator.add(chunk)
    assert events == [TextDelta("b"), UsageReported(counts)]
    assert isinstance(events[1], UsageReported)
    assert events[1].usage is counts


def chunk_with(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, **choice}]}


CALL = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
CHANGEABLE: dict[str, dict[str, Any]] = {
    "a field of the chunk": {"choices": [], "provider": {"a": [1]}},
    "moderation": {"choices": [], "moderation": {"a": [1]}},
    "a field of the usage": {"choices": [], "usage": {"prompt_tokens": 1, "cost": {"a": [1]}}},
    "a field of the prompt's details": {"choices": [], "usage": {"prompt_tokens_details": {"odd": [1]}}},
    "a field of the completion's details": {"choices": [], "usage": {"completion_tokens_details": {"odd": [1]}}},
    "a field of the choice": chunk_with(delta={}, safety={"a": [1]}),
    "log probabilities": chunk_with(delta={}, logprobs={"content": [{"token": "a", "logprob": -1.0, "bytes": [97]}]}),
    "a field of the delta": chunk_with(delta={"odd": {"a": [1]}}),
    "reasoning details": chunk_with(delta={"reasoning_details": [{"text": "hm", "index": 0}]}),
    "thinking blocks": chunk_with(delta={"thinking_blocks": [{"thinking": "hm"}]}),
    "a whole message": chunk_with(message={"content": "Hi", "odd": {"a": [1]}}),
    "a call": chunk_with(delta={"tool_calls": [{**CALL, "extra_content": {"a": [1]}}]}),
    "audio": chunk_with(delta={"audio": {"id": "a1", "odd": {"a": [1]}}}),
    "a function call": chunk_with(delta={"function_call": {"name": "f", "arguments": "{}", "odd": {"a": [1]}}}),
}


@pytest.mark.parametrize("value", CHANGEABLE.values(), ids=CHANGEABLE)
def test_what_a_caller_does_to_a_chunk_changes_nothing_that_was_added(value: dict[str, Any]) -> None:
    expected, accumulator = ChatAccumulator(), ChatAccumulator()
    for _ in range(2):
        expected.add(ChatCompletionChunk.from_dict(value))
        chunk = ChatCompletionChunk.from_dict(value)
        accumulator.add(chunk)
        held = list(containers(chunk))
        assert held
        for one in held:
            one.clear()
        assert accumulator.completion == expected.completion


@pytest.mark.parametrize("passed", [lambda chunk: chunk, *COPIES.values()], ids=["itself", *COPIES])
def test_where_the_reasoning_of_a_chunk_came_from_is_known_of_its_copies(passed: Callable[[Any], Any]) -> None:
    thought = json.dumps([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}])
    accumulator = ChatAccumulator()
    body = f'data: {{"choices":[{{"index":0,"delta":{{"content":{thought}}}}}],"odd":[1]}}\n\n'.encode()
    for chunk in ChatDecoder().feed_chunks(body):
        accumulator.add(passed(chunk))
    assert accumulator.completion.message.reasoning == "hm"
    assert accumulator.completion.message.reasoning_field == "content"


def test_values_that_were_made_by_hand_are_copied_whatever_they_hold() -> None:
    odd: Any = "many"
    for usage in (Usage(prompt_tokens=odd, extra={"a": [1]}), Usage(extra={1: [1]})):  # type: ignore[dict-item]
        again = usage.copied()
        assert again == usage
        assert {id(one) for one in containers(again)}.isdisjoint({id(one) for one in containers(usage)})
