"""What an answer contributes to the next request, each item in the field in which it arrived."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sse_stream import ChatAccumulator, ChatCompletionChunk, ChatDecoder, Message
from sse_stream.dialects import OpenAIChat
from sse_stream.testing import bytewise

from .test_meanings import CALLED, DONE, HI, choice, d, event, t

CALL = t('{"a":1}', "f", "A")
SAID: dict[str, Any] = {
    "role": "assistant",
    "content": "Hi",
    "tool_calls": [{"id": "A", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
}
PARTS = d(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]) + d(
    content=[{"type": "thinking", "thinking": [{"type": "text", "text": "m"}], "signature": "s"}]
)
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "s"}
MESSAGE = choice(message={"content": [THINKING]})
DETAILS = [{"type": "reasoning.text", "text": "hm", "signature": "s", "index": 0}]
BLOCKS = [{"type": "thinking", "thinking": "hm", "signature": "s"}]

# How the reasoning comes; what goes back of it beside a call; and whether that goes back without one.
REASONING: dict[str, tuple[bytes, dict[str, Any], bool]] = {
    "reasoning_content": (d(reasoning_content="h") + d(reasoning_content="m"), {"reasoning_content": "hm"}, False),
    "reasoning": (d(reasoning="hm"), {"reasoning": "hm"}, False),
    "reasoning_text": (d(reasoning_text="hm"), {"reasoning_text": "hm"}, False),
    "both": (d(reasoning="hm", reasoning_content="hm"), {"reasoning_content": "hm"}, False),
    "an object": (d(reasoning_content={"text": "hm"}), {"reasoning_content": {"text": "hm"}}, False),
    "details": (d(reasoning_details=DETAILS), {"reasoning_details": DETAILS}, True),
    "blocks": (d(thinking_blocks=BLOCKS), {"thinking_blocks": BLOCKS}, True),
    "a whole message": (MESSAGE, {"content": [THINKING, {"type": "text", "text": "Hi"}]}, False),
    "parts of the content": (PARTS, {"content": [THINKING, {"type": "text", "text": "Hi"}]}, False),
}


def message_of(body: bytes, *, bytes_each: bool = False) -> Message:
    decoder = ChatDecoder()
    for piece in bytewise(body) if bytes_each else [body]:
        list(decoder.feed(piece))
    list(decoder.close())
    return decoder.completion.message


@pytest.mark.parametrize("name", REASONING)
def test_reasoning_goes_back_beside_a_call(name: str) -> None:
    body, back, _ = REASONING[name]
    body += HI + CALL + CALLED + DONE
    for message in (message_of(body), message_of(body, bytes_each=True)):
        assert message.reasoning == "hm"
        assert message.to_dict() == message.to_dict(reasoning=True) == message.to_native() == {**SAID, **back}
        assert message.to_dict(reasoning=False) == SAID
        stored = msgspec.json.decode(msgspec.json.encode(message), type=Message)
        assert stored == message
        assert stored.to_dict() == message.to_dict()


@pytest.mark.parametrize("name", REASONING)
def test_without_a_call_only_whole_pieces_go_back(name: str) -> None:
    body, back, is_whole = REASONING[name]
    message = message_of(body + HI + d("stop") + DONE)
    plain = {"role": "assistant", "content": "Hi"}
    assert message.to_dict() == ({**plain, **back} if is_whole else plain)
    assert message.to_dict(reasoning=True) == {**plain, **back}
    assert message.to_dict(reasoning=False) == plain


@pytest.mark.parametrize("name", REASONING)
def test_reasoning_goes_back_the_same_from_chunks_that_were_stored(name: str) -> None:
    body = REASONING[name][0] + HI + CALL + CALLED
    accumulator = ChatAccumulator()
    for chunk in ChatDecoder().feed_chunks(body):
        accumulator.add(ChatCompletionChunk.from_dict(chunk.raw))
    message = message_of(body + DONE)
    assert accumulator.completion.message.reasoning_field == message.reasoning_field
    assert accumulator.completion.message.to_dict() == message.to_dict()


@pytest.mark.parametrize("name", REASONING)
def test_reasoning_in_a_field_of_its_own_is_not_taken_for_what_is_in_tags(name: str) -> None:
    body = REASONING[name][0] + HI + d("stop") + DONE
    decoder = ChatDecoder(dialect=OpenAIChat(think_tags=True))
    list(decoder.feed(body))
    message = message_of(body)
    assert decoder.completion.message.reasoning_field == message.reasoning_field
    assert decoder.completion.message.to_dict(reasoning=True) == message.to_dict(reasoning=True)


def test_reasoning_without_text_goes_back_in_parts_too() -> None:
    assert message_of(PARTS + d("stop") + DONE).to_dict(reasoning=True)["content"] == [THINKING]
    body = d(content=[{"type": "image", "url": "u"}, {"type": "thinking", "thinking": "hm", "closed": True}, 5])
    assert message_of(body + d("stop") + DONE).to_dict(reasoning=True)["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True}
    ]
    unsigned = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    message = message_of(d(content=[unsigned]) + d("stop") + DONE)
    assert message.to_dict(reasoning=True)["content"] == [unsigned]


def test_reasoning_beside_content_in_parts_goes_back_beside_it() -> None:
    body = d(content=[{"type": "text", "text": "Hi"}], reasoning_content="hm") + d("stop") + DONE
    assert message_of(body).to_dict(reasoning=True) == {"role": "assistant", "content": "Hi", "reasoning_content": "hm"}


@pytest.mark.parametrize(("index", "read"), [(0, 0), (2, 2), ("2", 2), (2.0, 2), (None, 1), (-1, 1), ("a", 1)])
def test_reasoning_in_the_content_is_that_of_its_choice(index: object, read: int) -> None:
    choices = [{"index": 3, "delta": {"content": ["x"]}}, {"index": index, "delta": {"content": [THINKING]}}]
    decoder = ChatDecoder()
    list(decoder.feed(event({"choices": choices})))
    fields = {choice.index: choice.message.reasoning_field for choice in decoder.completion.choices}
    assert fields == {3: "", read: "content"}


def test_a_message_made_by_hand_sends_reasoning_as_most_servers_spell_it() -> None:
    assert Message(content="Hi", reasoning="hm").to_dict(reasoning=True)["reasoning_content"] == "hm"


def test_what_comes_with_a_call_goes_back_with_it() -> None:
    extra = {"google": {"thought_signature": "s"}}
    body = d(tool_calls=[{"index": 0, "id": "A", "extra_content": extra, "function": {"name": "f", "arguments": "{}"}}])
    assert message_of(body + CALLED + DONE).to_dict()["tool_calls"] == [
        {"id": "A", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": extra}
    ]


def test_a_custom_call_goes_back_as_it_was() -> None:
    body = d(tool_calls=[{"index": 0, "id": "A", "type": "custom", "custom": {"name": "sh", "input": "l"}}])
    body += d(tool_calls=[{"index": 0, "custom": {"input": "s"}}])
    assert message_of(body + CALLED + DONE).to_dict()["tool_calls"] == [
        {"id": "A", "type": "custom", "custom": {"name": "sh", "input": "ls"}}
    ]
