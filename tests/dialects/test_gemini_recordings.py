"""Recorded Gemini streams decode as an independent, slow reader decodes them, however they are split."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sse_stream import (
    ChatCompletion,
    ChatDecoder,
    ChatEvent,
    Ending,
    ProviderError,
    ReasoningDelta,
    SSEDecoder,
    SSEStreamError,
    TextDelta,
    ToolCallDelta,
)
from sse_stream.dialects import GeminiContent, OpenAIChat
from sse_stream.dialects._formats import format_of
from sse_stream.testing import bytewise

from ..conftest import CORPUS

RECORDINGS = sorted((CORPUS.parent / "gemini").glob("*.sse"))

# Its error is JSON that no `data:` frames: what reads that is below the dialect.
OUTSIDE_THE_FRAME = {"vertex-streaming-failure-error-mid-stream"}

# What each is worth knowing for; the others have no anomaly.
ANOMALIES = {
    "gemini-two-terminal-stream-agent-prompt-keeps-the-answer": {"early_finish": 3},
    "google-streaming-failure-prompt-blocked-safety": {"unterminated_event": 1},
    "unknown-streaming-failure-recitation-no-content": {"early_finish": 1},
    "unknown-streaming-unknown-enum": {"early_finish": 5},
    "vertex-streaming-failure-error-mid-stream": {"early_finish": 1, "unframed_json": 1},
}


@pytest.fixture(params=RECORDINGS, ids=lambda path: path.stem)
def recording(request: pytest.FixtureRequest) -> Path:
    path = request.param
    assert isinstance(path, Path)
    return path


class Outcome:
    """What a body says, in pieces."""

    def __init__(self, pieces: Iterable[bytes], dialect: type[GeminiContent | OpenAIChat] = GeminiContent) -> None:
        decoder = ChatDecoder(dialect=dialect())
        self.events: list[ChatEvent] = []
        self.error: SSEStreamError | None = None
        try:
            for piece in pieces:
                self.events.extend(decoder.feed(piece))
            self.events.extend(decoder.close())
        except SSEStreamError as failure:
            self.error = failure
        self.completion: ChatCompletion = decoder.completion
        self.ending: Ending = decoder.ending
        # Whether a total is the sum of the counts is a note about the server's figures, not about what it says.
        self.anomalies = {anomaly.kind: anomaly.count for anomaly in decoder.anomalies if anomaly.kind != "odd_total"}

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Outcome)
        mine, theirs = (
            (one.events, one.completion, one.ending, str(one.error), one.anomalies) for one in (self, other)
        )
        return mine == theirs

    __hash__ = None  # type: ignore[assignment]


def flat(usage: dict[str, Any]) -> dict[str, int]:
    """The counts, those of each modality under its name."""
    counts: dict[str, int] = {}
    for name, value in usage.items():
        if isinstance(value, int):
            counts[name] = value
        elif isinstance(value, list):
            counts.update((f"{name}.{one['modality']}", one["tokenCount"]) for one in value)
    return counts


def reading(outcome: Outcome) -> dict[str, Any]:
    """An outcome in the form of the slow reading beside each recording."""
    completion = outcome.completion
    candidates = {
        str(choice.index): {
            "text": choice.message.content or "",
            "reasoning": choice.message.reasoning or "",
            "finish_reason": choice.finish_reason,
            "finish_message": choice.extra.get("finishMessage"),
            "tool_calls": [
                {"id": call.id, "name": call.name, "arguments": call.arguments} for call in choice.message.tool_calls
            ],
        }
        for choice in completion.choices
    }
    error = outcome.error.message if isinstance(outcome.error, ProviderError) else None
    return {
        "id": completion.id,
        "model": completion.model,
        "candidates": candidates,
        "usage": None if completion.usage is None else flat(dict(completion.usage.extra)),
        "error": error,
        "ending": "error" if outcome.ending == "provider_error" else outcome.ending,
    }


def expected(recording: Path) -> dict[str, Any]:
    said = json.loads(recording.with_suffix(".json").read_text(encoding="utf-8"))
    names = ("text", "reasoning", "finish_reason", "finish_message", "tool_calls")
    candidates = {index: {name: one[name] for name in names} for index, one in said["candidates"].items()}
    if said["prompt_blocked"] is not None:
        # A prompt that was blocked is an answer whose finish reason is the reason.
        nothing: dict[str, Any] = {"text": "", "reasoning": "", "finish_message": None, "tool_calls": []}
        candidates["0"] = {**nothing, "finish_reason": said["prompt_blocked"]}
    return {**{name: said[name] for name in ("id", "model", "usage", "error", "ending")}, "candidates": candidates}


def values(body: bytes) -> Iterator[dict[str, Any]]:
    decoder = SSEDecoder()
    for event in (*decoder.feed(body), *decoder.close(dispatch_incomplete=True)):
        yield json.loads(event.data)


def sent_parts(body: bytes) -> list[dict[str, Any]]:
    """The parts as they were sent, those that go on with the one before joined, read the slow way."""
    joined: list[dict[str, Any]] = []
    for response in values(body):
        for candidate in response.get("candidates", ()):
            for part in candidate.get("content", {}).get("parts", ()):
                before = joined[-1] if joined else {}
                if part == {"functionCall": {}} or part in ({"text": ""}, {}):
                    continue
                if "functionCall" in before and "name" not in part.get("functionCall", {"name": 1}):
                    call = before["functionCall"]
                    call.pop("willContinue", None)
                    call.setdefault("args", {})
                    for value in part["functionCall"]["partialArgs"]:
                        name = value["jsonPath"].removeprefix("$.")
                        call["args"][name] = call["args"].get(name, "") + value["stringValue"]
                elif part.keys() <= {"text", "thought"} and before.keys() == part.keys():
                    before["text"] += part["text"]
                else:
                    joined.append(part)
    return joined


def test_a_recording_says_what_it_says(recording: Path) -> None:
    outcome = Outcome([recording.read_bytes()])
    if recording.stem in OUTSIDE_THE_FRAME and "unframed_json" not in outcome.anomalies:
        pytest.skip("what is outside the frame is not read")
    assert reading(outcome) == expected(recording)
    assert outcome.anomalies == ANOMALIES.get(recording.stem, {})


def test_what_goes_back_is_what_was_sent(recording: Path) -> None:
    body = recording.read_bytes()
    outcome = Outcome([body])
    parts = sent_parts(body) if recording.stem not in OUTSIDE_THE_FRAME else [{"text": outcome.completion.text}]
    assert outcome.completion.message.to_native() == {"role": "model", "parts": parts}


def test_cutting_a_recording_changes_nothing(recording: Path) -> None:
    body = recording.read_bytes()
    whole = Outcome([body])
    assert Outcome(bytewise(body)) == whole
    source = random.Random(recording.stem)
    for _ in range(10):
        places = sorted(source.randrange(len(body)) for _ in range(12))
        pieces = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
        assert Outcome(pieces) == whole


def test_the_events_add_up_to_the_completion(recording: Path) -> None:
    outcome = Outcome([recording.read_bytes()])
    for choice in outcome.completion.choices:
        mine = [event for event in outcome.events if getattr(event, "choice", None) == choice.index]
        text = "".join(event.text for event in mine if isinstance(event, TextDelta))
        reasoning = "".join(event.text for event in mine if isinstance(event, ReasoningDelta))
        arguments = ["" for _ in choice.message.tool_calls]
        for event in mine:
            if isinstance(event, ToolCallDelta):
                arguments[event.index] += event.arguments
        assert (text, reasoning) == (choice.message.content or "", choice.message.reasoning or "")
        assert arguments == [call.arguments for call in choice.message.tool_calls]


def test_a_recording_that_is_cut_off_is_never_complete(recording: Path) -> None:
    body = recording.read_bytes()
    ends = [place + 1 for place in range(len(body)) if body.startswith((b"\n\r\n", b"\n\n"), place)]
    source = random.Random(recording.stem)
    for end in {*ends, *(source.randrange(len(body)) for _ in range(30))}:
        outcome = Outcome([body[:end]])
        reasons = [choice.finish_reason for choice in outcome.completion.choices]
        if outcome.ending == "complete":
            assert reasons
            assert None not in reasons
            assert body[:end].rstrip().endswith(b"}")
        elif outcome.ending == "truncated":
            assert None in reasons or not reasons
        else:
            assert expected(recording)["ending"] == "error"


def test_its_chunks_say_the_same_to_who_reads_a_chat(recording: Path) -> None:
    decoder = ChatDecoder(dialect=GeminiContent())
    relayed = b""
    try:
        for chunk in decoder.feed_chunks(recording.read_bytes()):
            relayed += chunk.encode()
        for chunk in decoder.close_chunks():
            relayed += chunk.encode()
    except SSEStreamError:
        return
    outcome = Outcome([relayed + b"data: [DONE]\n\n"], OpenAIChat)
    ours, theirs = decoder.completion, outcome.completion
    assert (theirs.text, theirs.message.reasoning) == (ours.text, ours.message.reasoning)
    assert theirs.tool_calls == ours.tool_calls
    assert (theirs.finish_reason, theirs.usage, theirs.id) == (ours.finish_reason, ours.usage, ours.id)


def test_the_first_event_tells(recording: Path) -> None:
    assert format_of(next(values(recording.read_bytes()))) == "gemini_content"


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.sse")), ids=lambda path: path.stem)
def test_no_chat_is_taken_for_this_format(path: Path) -> None:
    data = [event.data for event in SSEDecoder().feed(path.read_bytes()) if event.data.startswith("{")]
    assert not any(format_of(json.loads(one)) == "gemini_content" for one in data[:3])
