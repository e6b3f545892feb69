"""Recorded streams decode as an independent, slow reader decodes them, however they are split."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai.types.chat
import pydantic

from sse_stream import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    Ending,
    IncompleteStreamError,
    ProviderError,
    ReasoningDelta,
    SSEDecoder,
    SSEStreamError,
    StreamDone,
    TextDelta,
    ToolCallDelta,
)
from sse_stream.testing import bytewise

from ..trust.comparing import so_far

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
LARGE = 60_000  # bytes from which on a recording is sampled rather than cut in every way


@dataclass(frozen=True)
class Outcome:
    events: list[ChatEvent]
    completion: ChatCompletion
    ending: Ending
    error: SSEStreamError | None


def read(pieces: Iterable[bytes]) -> Outcome:
    decoder = ChatDecoder()
    events: list[ChatEvent] = []
    error = None
    try:
        for piece in pieces:
            events.extend(decoder.feed(piece))
        events.extend(decoder.close())
    except SSEStreamError as failure:
        error = failure
    return Outcome(events, decoder.completion, decoder.ending, error)


def reading(outcome: Outcome) -> dict[str, Any]:
    """An outcome in the form of the slow reading beside each recording."""
    completion = outcome.completion
    choices = {
        str(choice.index): {
            "text": choice.message.content or "",
            "reasoning": choice.message.reasoning or "",
            "refusal": choice.message.refusal or "",
            "finish_reason": choice.finish_reason,
            "tool_calls": [
                {"id": call.id, "name": call.name, "arguments": call.arguments} for call in choice.message.tool_calls
            ],
        }
        for choice in completion.choices
    }
    usage = None if completion.usage is None else {name: getattr(completion.usage, name) for name in COUNTS}
    error = outcome.error.message if isinstance(outcome.error, ProviderError) else None
    ending = "error" if outcome.ending == "provider_error" else outcome.ending
    return {"choices": choices, "usage": usage, "error": error, "ending": ending}


def expected(recording: Path) -> dict[str, Any]:
    said = json.loads(recording.with_suffix(".json").read_text(encoding="utf-8"))
    return {name: said[name] for name in ("choices", "usage", "error", "ending")}


def chunks_of(body: bytes) -> list[ChatCompletionChunk]:
    decoder = ChatDecoder()
    chunks: list[ChatCompletionChunk] = []
    try:
        chunks.extend(decoder.feed_chunks(body))
        chunks.extend(decoder.close_chunks())
    except ProviderError:
        pass
    return chunks


def eventwise(body: bytes) -> list[bytes]:
    return re.split(rb"(?<=\n\n)", body)


def random_cuts(body: bytes, seed: str, pieces: int = 20) -> Iterator[list[bytes]]:
    source = random.Random(seed)
    for _ in range(3):
        places = sorted(source.randrange(len(body)) for _ in range(pieces))
        yield [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def test_a_recording_says_what_it_says(recording: Path) -> None:
    body = recording.read_bytes()
    assert reading(read(eventwise(body))) == expected(recording)
    whole = reading(read([body]))
    if whole["ending"] == "error":
        del whole["usage"]  # what comes behind the error, and in the same read
    assert whole == {name: said for name, said in expected(recording).items() if name in whole}


def test_cutting_a_recording_changes_nothing(recording: Path) -> None:
    body = recording.read_bytes()
    whole = read([body])
    for pieces in (bytewise(body), eventwise(body), *random_cuts(body, recording.stem)):
        cut = read(pieces)
        assert cut.events == whole.events
        assert so_far(cut.completion, cut.ending) == so_far(whole.completion, whole.ending)
        assert str(cut.error) == str(whole.error)


def test_the_events_add_up_to_the_completion(recording: Path) -> None:
    outcome = read([recording.read_bytes()])
    for choice in outcome.completion.choices:
        mine = [event for event in outcome.events if getattr(event, "choice", None) == choice.index]
        text = "".join(event.text for event in mine if isinstance(event, TextDelta))
        reasoning = "".join(event.text for event in mine if isinstance(event, ReasoningDelta))
        arguments = ["" for _ in choice.message.tool_calls]
        for event in mine:
            if isinstance(event, ToolCallDelta):
                arguments[event.index] += event.arguments
        assert text == (choice.message.content or "")
        assert reasoning == (choice.message.reasoning or "")
        assert arguments == [call.arguments for call in choice.message.tool_calls]
    assert [event for event in outcome.events if isinstance(event, StreamDone)] == (
        [StreamDone(outcome.completion)] if outcome.ending == "complete" else []
    )


def leaves(value: Any, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from leaves(item, (*path, place))
    else:
        yield (*path, repr(value))


def test_each_leaf_of_the_json_is_in_raw(recording: Path) -> None:
    body = recording.read_bytes()
    received = []
    for event in SSEDecoder().feed(body):
        value = json.loads(event.data) if event.data.strip().startswith("{") else {}
        if value and (not value.get("error") or value.get("choices")):
            received.append(value)
        if value.get("error"):
            break
    chunks = chunks_of(body)
    assert len(chunks) == len(received)
    for chunk, value in zip(chunks, received, strict=True):
        assert list(leaves(chunk.raw)) == list(leaves(value))


def test_each_field_of_a_delta_is_in_the_completion(recording: Path) -> None:
    """By name: content and the rest have their own places, what the model does not name is in `extra`."""
    body = recording.read_bytes()
    completion = read([body]).completion
    for chunk in chunks_of(body):
        assert chunk.extra.keys() <= completion.extra.keys()
        for choice in chunk.choices:
            (whole,) = (one for one in completion.choices if one.index == choice.index)
            assert choice.extra.keys() <= whole.extra.keys()
            assert choice.delta.extra.keys() <= whole.message.extra.keys()
            if choice.delta.reasoning_details:
                assert whole.message.extra["reasoning_details"]


def test_a_complete_recording_is_valid_in_openais_own_model(recording: Path) -> None:
    outcome = read([recording.read_bytes()])
    if outcome.ending != "complete":
        assert outcome.error is not None
        return
    unfinished = {
        ("choices", place, "finish_reason")
        for place, choice in enumerate(outcome.completion.choices)
        if choice.finish_reason is None
    }
    said = outcome.completion.to_dict()
    failing: set[tuple[int | str, ...]] = set()
    try:
        openai.types.chat.ChatCompletion.model_validate(json.loads(json.dumps(said)))
    except pydantic.ValidationError as error:
        failing = {fault["loc"] for fault in error.errors()}
    assert failing == unfinished


def test_a_message_is_ready_for_the_next_request(recording: Path) -> None:
    for choice in read([recording.read_bytes()]).completion.choices:
        message = choice.message
        said = json.loads(json.dumps(message.to_dict()))
        assert said["role"] == "assistant"
        calls_tools = bool(message.tool_calls)
        if calls_tools and message.reasoning_field == "content":
            assert {"type": "text", "text": message.content} in said["content"] or not message.content
        else:
            assert said["content"] == message.content or (said["content"], message.content) == ("", None)
        assert [call["id"] for call in said.get("tool_calls", [])] == [call.id for call in message.tool_calls]
        assert said.keys() <= {
            "role",
            "content",
            "refusal",
            "tool_calls",
            "audio",
            "function_call",
            "reasoning_details",
            "thinking_blocks",
            "extra_content",
            *([message.reasoning_field] if calls_tools else []),
        }
        if calls_tools and message.reasoning:
            assert message.reasoning_field in said or "reasoning_details" in said


def test_a_recording_cut_off_is_truncated_unless_all_had_finished(recording: Path) -> None:
    body = recording.read_bytes()
    source = random.Random(recording.stem)
    ends = source.sample(range(len(body)), min(len(body), 40 if len(body) < LARGE else 4))
    tail = range(max(0, len(body) - 60), len(body)) if len(body) < LARGE else ()
    for end in {*ends, *tail}:
        outcome = read([body[:end]])
        had_finished = outcome.completion.choices and all(choice.finish_reason for choice in outcome.completion.choices)
        if outcome.ending == "complete":
            assert had_finished or body[:end].rstrip().endswith(b"[DONE]")
        elif outcome.ending == "truncated":
            assert isinstance(outcome.error, IncompleteStreamError)
            assert outcome.error.completion == outcome.completion
            texts = [event.text for event in outcome.events if isinstance(event, TextDelta) and event.choice == 0]
            assert outcome.completion.text == "".join(texts)
        else:
            assert outcome.ending == "provider_error"
            assert expected(recording)["ending"] == "error"
