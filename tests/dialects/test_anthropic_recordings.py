"""Recordings of Anthropic's Messages API decode as an independent, slow reader decodes them, however they are split."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sse_stream import (
    Message,
    PartDone,
    PartStarted,
    ProviderError,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    SSEDecoder,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolCallDone,
    ToolCallPart,
)
from sse_stream.dialects import AnthropicMessages, OpenAIChat
from tests.dialects.recordings import Outcome, read, recordings_of, same, transcoded, ways_of_cutting

RECORDINGS = recordings_of("anthropic")
each_recording = pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)

# What the reading beside each recording says that a completion says too.
FIELDS = (
    *("id", "model", "text", "reasoning", "tool_calls", "blocks", "finish_reason"),
    *("stop_sequence", "stop_details", "usage", "error", "ending"),
)

# What is odd about a recording; about all others nothing is.
ANOMALIES = {
    "anthropic-duplicate-message-start-chunks": {"start_repeated": 1},
    "anthropic-fallback-credit-response": {"unterminated_event": 1},
    "anthropic-fallback-response": {"unterminated_event": 1},
}


def block_of(part: object) -> dict[str, Any]:
    """A part in the form of the slow reading."""
    native = getattr(part, "native", None) or {}
    match part:
        case TextPart(text, annotations):
            return {"type": "text", "text": text, "citations": len(annotations)}
        case ReasoningPart("", "redacted"):
            return {"type": "redacted_thinking", "data": len(native["data"])}
        case ReasoningPart(text):
            return {"type": "thinking", "thinking": text, "signature": len(native.get("signature", ""))}
        case ToolCallPart(call):
            said = {"type": "tool_use", "id": call.id, "name": call.name, "arguments": call.arguments}
            return said if native else {**said, "open": True}
        case ProviderPart(kind) if "input" in native:
            made = {"type": kind, "id": native["id"], "name": native["name"]}
            return {**made, "arguments": json.dumps(native["input"])}
        case ProviderPart(kind):
            return {"type": kind, "id": native["tool_use_id"]} if "tool_use_id" in native else {"type": kind}
    raise AssertionError(part)


def flat(usage: Any, path: str = "") -> Iterator[tuple[str, int]]:
    for name, value in usage.items():
        if isinstance(value, dict):
            yield from flat(value, f"{path}{name}.")
        elif type(value) is int:
            yield f"{path}{name}", value


def reading(outcome: Outcome) -> dict[str, Any]:
    completion = outcome.completion
    message = completion.message
    (choice,) = completion.choices
    assert completion.usage is not None
    return {
        "id": completion.id,
        "model": completion.model,
        "text": message.content or "",
        "reasoning": message.reasoning or "",
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls],
        "blocks": [block_of(part) for part in message.parts],
        "finish_reason": choice.finish_reason,
        "stop_sequence": choice.extra.get("stop_sequence"),
        "stop_details": choice.extra.get("stop_details"),
        "usage": dict(flat(completion.usage.extra)),
        "error": outcome.error.message if isinstance(outcome.error, ProviderError) else None,
        "ending": "error" if outcome.ending == "provider_error" else outcome.ending,
    }


def expected(path: Path) -> dict[str, Any]:
    said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return {name: said[name] for name in FIELDS}


def with_parsed_input(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a server runs itself has its input as JSON, not as it was written."""
    return [
        {**block, "arguments": json.loads(block["arguments"])} if block["type"].endswith("_tool_use") else block
        for block in blocks
    ]


@each_recording
def test_a_recording_says_what_it_says(path: Path) -> None:
    outcome = read([path.read_bytes()])
    found, wanted = reading(outcome), expected(path)
    found["blocks"] = with_parsed_input(found["blocks"])
    wanted["blocks"] = with_parsed_input(wanted["blocks"])
    assert found == wanted
    assert outcome.completion.dialect == outcome.completion.message.dialect == "anthropic_messages"


@each_recording
def test_only_what_is_odd_is_an_anomaly(path: Path) -> None:
    assert read([path.read_bytes()]).anomalies == ANOMALIES.get(path.stem, {})


@each_recording
def test_cutting_a_recording_changes_nothing(path: Path) -> None:
    body = path.read_bytes()
    whole = read([body])
    for pieces in ways_of_cutting(body, path.stem):
        assert same(read(pieces), whole)


@each_recording
def test_the_events_add_up_to_the_completion(path: Path) -> None:
    outcome = read([path.read_bytes()])
    message = outcome.completion.message
    events = outcome.events
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == (message.content or "")
    assert "".join(event.text for event in events if isinstance(event, ReasoningDelta)) == (message.reasoning or "")
    arguments = ["" for _ in message.tool_calls]
    for event in events:
        if isinstance(event, ToolCallDelta):
            arguments[event.index] += event.arguments
    assert arguments == [call.arguments for call in message.tool_calls]
    assert [event.index for event in events if isinstance(event, PartStarted)] == list(range(len(message.parts)))
    if outcome.ending == "complete":
        assert [event.part for event in events if isinstance(event, PartDone)] == message.parts
        assert [event.tool_call for event in events if isinstance(event, ToolCallDone)] == message.tool_calls


def events_of(body: bytes) -> list[dict[str, Any]]:
    decoder = SSEDecoder()
    events = [*decoder.feed(body), *decoder.close(dispatch_incomplete=True)]
    return [json.loads(event.data) for event in events]


def sdk_message(body: bytes) -> dict[str, Any]:
    """What the official SDK puts together."""
    streaming = pytest.importorskip("anthropic.lib.streaming._beta_messages")
    types = pytest.importorskip("anthropic.types.beta")
    models = pytest.importorskip("anthropic._models")
    headers = pytest.importorskip("httpx2").Headers()
    snapshot = None
    buffers: dict[int, bytes] = {}
    seen = False
    for value in events_of(body):
        if value["type"] == "ping" or (value["type"] == "message_start" and seen):
            continue
        seen = seen or value["type"] == "message_start"
        event = models.construct_type(type_=types.BetaRawMessageStreamEvent, value=value)
        snapshot = streaming.accumulate_event(
            event=event, current_snapshot=snapshot, json_bufs=buffers, request_headers=headers
        )
    assert snapshot is not None
    return dict(snapshot.to_dict(mode="json"))


@each_recording
def test_what_goes_back_is_what_the_sdk_accumulates(path: Path) -> None:
    outcome = read([path.read_bytes()])
    if outcome.ending != "complete":
        return
    theirs = sdk_message(path.read_bytes())
    ours = outcome.completion.message.to_native()
    assert ours["role"] == theirs["role"]
    # The endpoint refuses a text that is empty, which the SDK keeps.
    assert ours["content"] == [block for block in theirs["content"] if block != {"type": "text", "text": ""}]


@each_recording
def test_a_message_that_was_stored_goes_back_as_well(path: Path) -> None:
    msgspec = pytest.importorskip("msgspec")
    message = read([path.read_bytes()]).completion.message
    stored = msgspec.json.decode(msgspec.json.encode(message), type=Message)
    assert stored.to_native() == message.to_native()


@each_recording
def test_its_chunks_are_the_same_stream_as_a_chat(path: Path) -> None:
    body = path.read_bytes()
    ours, theirs = read([body]).completion, read([transcoded(body, AnthropicMessages)], OpenAIChat()).completion
    assert (theirs.id, theirs.model, theirs.usage, theirs.finish_reason) == (
        ours.id,
        ours.model,
        ours.usage,
        ours.finish_reason,
    )
    for name in ("role", "content", "reasoning", "tool_calls"):
        assert getattr(theirs.message, name) == getattr(ours.message, name)


@each_recording
def test_a_recording_that_is_cut_off_is_truncated(path: Path) -> None:
    """After any of its events; but once it has given its stop reason, it is complete."""
    body = path.read_bytes()
    if path.stem == "anthropic-spliced-message-start-chunks":
        return
    finished = False
    sent = b""
    whole = reading(read([body]))
    for event in events_of(body):
        assert finished or read([sent]).ending == "truncated"
        sent += b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode())
        finished = finished or bool(event.get("delta", {}).get("stop_reason"))
        outcome = read([sent])
        if finished:
            assert outcome.ending == "complete"
            assert outcome.anomalies.keys() <= {"missing_done", "start_repeated"}
            assert ("missing_done" in outcome.anomalies) == (event["type"] != "message_stop")
    assert {**reading(outcome), "blocks": None} == {**whole, "blocks": None}
