"""Recordings of OpenAI's Responses API decode as an independent, slow reader decodes them, however they are split."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from sse_stream import ChatDecoder, ProviderError, ReasoningPart, SSEDecoder, TextPart, Usage
from sse_stream.dialects import OpenAIChat, OpenAIResponses
from sse_stream.testing import bytewise

from ..conftest import CORPUS
from .responses_bodies import Object, Outcome, read

FOLDER = CORPUS.parent / "responses"
RECORDINGS = sorted(FOLDER.glob("*.sse"))
LARGE = 40_000  # bytes from which on a recording is not read byte by byte

# What is odd about a recording; all others have no anomaly.
ANOMALIES = {
    "openai-genstream-maxtokens": ["text_contradicts"],  # the summary was cut afterwards
    "openai-github-copilot-id-rotation-1-chunks": ["id_changed"],
    "openai-openai-shell-container-1-chunks": ["text_contradicts"],  # its recorder left out deltas
    "openai-stream-multiple-output-items-1": ["missing_index", "unterminated_event"],
}

# The slow reading adds the text of the final output once more, because that has it at another content index.
DOUBLED = {"bedrock-providers-bedrock-mantle-responses-chat-streams-through-the-re"}


@pytest.fixture(params=RECORDINGS, ids=lambda path: path.stem)
def responses_recording(request: pytest.FixtureRequest) -> Path:
    """One recorded stream; tests that ask for it are skipped where there is none."""
    path = request.param
    assert isinstance(path, Path)
    return path


def expected(recording: Path) -> Object:
    said: Object = json.loads(recording.with_suffix(".json").read_text(encoding="utf-8"))
    if recording.stem in DOUBLED:
        half = len(said["text"]) // 2
        assert said["text"][:half] == said["text"][half:]
        said["text"] = said["text"][:half]
    return said


def reading(outcome: Outcome) -> Object:
    """An outcome in the form of the slow reading beside each recording."""
    completion, message = outcome.completion, outcome.message
    thoughts = [part for part in message.parts if isinstance(part, ReasoningPart)]
    texts = [part for part in message.parts if isinstance(part, TextPart)]
    return {
        "id": completion.id,
        "model": completion.model,
        "text": completion.text,
        "reasoning": "".join(part.text for part in thoughts if part.kind == "full"),
        "reasoning_summary": [part.text for part in thoughts if part.kind == "summary"],
        "refusal": message.refusal or "",
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls],
        "annotations": sum(len(part.annotations) for part in texts),
        "usage": None if completion.usage is None else as_sent(completion.usage),
        "ending": "error" if outcome.ending == "provider_error" else outcome.ending,
    }


def as_sent(usage: Usage) -> Object:
    """The counts as they were sent."""
    sent = flattened({**usage.extra, "total_tokens": usage.total_tokens})
    return {name: count for name, count in sent if type(count) in (int, float)}


def flattened(value: Object, before: str = "") -> Iterable[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield from flattened(item, f"{before}{name}.")
        else:
            yield before + name, item


def events_of(body: bytes) -> list[Object]:
    decoder = SSEDecoder()
    events = [*decoder.feed(body), *decoder.close(dispatch_incomplete=True)]
    return [json.loads(event.data) for event in events if event.data != "[DONE]"]


def test_a_recording_says_what_it_says(responses_recording: Path) -> None:
    outcome = read([responses_recording.read_bytes()])
    said = expected(responses_recording)
    assert reading(outcome) == {name: said[name] for name in reading(outcome)}
    if said["error"] is None:
        assert outcome.error is None
        assert outcome.completion.finish_reason == said["finish_reason"]
    else:
        assert outcome.error == f"ProviderError: {said['error']}"
    assert outcome.kinds == ANOMALIES.get(responses_recording.stem, [])


def test_cutting_a_recording_changes_nothing(responses_recording: Path) -> None:
    body = responses_recording.read_bytes()
    whole = read([body])
    source = random.Random(responses_recording.stem)
    places = sorted(source.randrange(len(body)) for _ in range(20))
    at_random = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
    for pieces in (bytewise(body) if len(body) < LARGE else [], re.split(rb"(?<=\n\n)", body), at_random):
        assert not pieces or read(pieces) == whole


def test_the_final_output_goes_back(responses_recording: Path) -> None:
    body = responses_recording.read_bytes()
    last = events_of(body)[-1]
    output = last["response"]["output"] if "response" in last else None
    turn = read([body]).message.to_native()
    if output:
        assert turn == output
    else:
        ends = [event["item"] for event in events_of(body) if event["type"] == "response.output_item.done"]
        assert turn == ends


def test_a_recording_cut_off_is_truncated(responses_recording: Path) -> None:
    body = responses_recording.read_bytes()
    blocks = re.split(rb"(?<=\n\n)", body)
    said = expected(responses_recording)
    ends = [place for place, block in enumerate(blocks) if b'"error"' in block or b"response.completed" in block]
    ends += [place for place, block in enumerate(blocks) if b"response.incomplete" in block]
    last = max(ends) if said["ending"] == "complete" else len(blocks) - 3
    source = random.Random(responses_recording.stem)
    for place in sorted(source.sample(range(last + 1), min(last + 1, 20))):
        outcome = read(blocks[:place])
        assert outcome.ending == "truncated", place
        assert outcome.completion.finish_reason is None
    assert read([b"".join(blocks[:last]), blocks[last].rstrip()[:-1]]).ending == "truncated"


def test_the_chunks_of_a_recording_are_a_chat(responses_recording: Path) -> None:
    decoder = ChatDecoder(dialect=OpenAIResponses())
    chat = ChatDecoder(dialect=OpenAIChat())
    relayed = []
    try:
        for chunk in decoder.feed_chunks(responses_recording.read_bytes()):
            relayed.append(chunk.encode())
        for chunk in decoder.close_chunks():
            relayed.append(chunk.encode())
    except ProviderError:
        return
    list(chat.feed(b"".join(relayed) + b"data: [DONE]\n\n"))
    list(chat.close())
    said, heard = decoder.completion, chat.completion
    assert (heard.id, heard.text, heard.message.reasoning) == (said.id, said.text, said.message.reasoning)
    assert (heard.message.refusal, heard.tool_calls) == (said.message.refusal, said.tool_calls)
    assert (heard.finish_reason, heard.usage) == (said.finish_reason, said.usage)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # of tools that it does not know
def test_openais_own_client_says_the_same_where_it_can_read_a_recording(responses_recording: Path) -> None:
    """It cannot read responses that are incomplete, ids that rotate, and content that is not counted from 0."""
    body = responses_recording.read_bytes()

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body, headers={"content-type": "text/event-stream"})

    client = openai.OpenAI(
        api_key="x", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)), max_retries=0
    )
    try:
        with client.responses.stream(model="m", input="x") as stream:
            final = stream.get_final_response()
    except (RuntimeError, IndexError, openai.APIError):
        return
    outcome = read([body])
    assert outcome.ending == "complete"
    if not final.output:  # what chatgpt's own server says at the end
        return
    items: list[Object] = outcome.message.to_native()
    assert final.output_text == "".join(
        entry["text"]
        for item in items
        for entry in item.get("content") or []
        if item["type"] == "message" and entry["type"] == "output_text"
    )
    assert [(item.type, getattr(item, "id", None)) for item in final.output] == [
        (item["type"], item["id"]) for item in items
    ]


def test_most_recordings_can_be_read_by_openais_own_client() -> None:
    """Without which the comparison would show nothing."""
    if not RECORDINGS:
        pytest.skip("there are no recordings beside the project")
    readable = 0
    for recording in RECORDINGS:
        last = events_of(recording.read_bytes())[-1]
        readable += last["type"] == "response.completed" and bool(last["response"]["output"])
    assert readable > len(RECORDINGS) // 2
