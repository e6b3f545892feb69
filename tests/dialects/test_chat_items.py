"""What the dialect of OpenAI's chats makes of single events, on its fast path and on its tolerant one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sse_stream import (
    ChatCompletionChunk,
    ChatDecoder,
    ChunkDecodeError,
    IncompleteStreamError,
    JSONValue,
    ServerSentEvent,
    TextDelta,
    Usage,
)
from sse_stream._chat._chunks import ChoiceDelta, ChunkChoice
from sse_stream.dialects import Failure, OpenAIChat
from sse_stream.dialects._provider_errors import find_error, provider_error


def chunk(delta: dict[str, Any], **choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, **choice}]}


def event(value: JSONValue, name: str = "message") -> ServerSentEvent:
    return ServerSentEvent(value if isinstance(value, str) else json.dumps(value), name)


WITHOUT_TAGS: list[dict[str, Any]] = [
    chunk({}),
    chunk({"role": "assistant"}),
    chunk({"content": None}),
    chunk({"content": ""}),
    chunk({"content": "a"}),
    chunk({"content": " a<"}),
    chunk({"reasoning_content": ""}),
    chunk({"reasoning_content": "a"}, finish_reason="stop"),
    chunk({"reasoning": "a", "content": ""}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}),
    chunk({}, message={"content": "a", "reasoning_content": ""}),
    chunk({}, message={"role": "assistant", "tool_calls": []}),
    {"choices": [], "usage": {"prompt_tokens": 1}},
]


@pytest.mark.parametrize("value", WITHOUT_TAGS, ids=json.dumps)
def test_looking_for_tags_leaves_other_chunks_as_they_are(value: dict[str, Any]) -> None:
    data = json.dumps(value)
    assert OpenAIChat(think_tags=True).decode_plain(data) == OpenAIChat().decode_plain(data)
    assert [*OpenAIChat(think_tags=True).decode(event(value))] == [*OpenAIChat().decode(event(value))]


@pytest.mark.parametrize("index", [{"index": 0}, {}], ids=["plain", "odd"])
def test_tags_are_found_on_each_path(index: dict[str, Any]) -> None:
    value = {"choices": [{**index, "delta": {"content": "<think>hm</think>Hi"}}]}
    decoder = ChatDecoder(dialect=OpenAIChat(think_tags=True))
    list(decoder.feed(f"data: {json.dumps(value)}\n\n".encode()))
    assert (decoder.completion.message.reasoning, decoder.completion.text) == ("hm", "Hi")


def test_reasoning_in_tags_comes_after_that_in_a_field() -> None:
    value = chunk({"reasoning_content": "a", "content": "<think>b</think>c"})
    found = OpenAIChat(think_tags=True).decode_plain(json.dumps(value))
    assert found is not None
    assert found.choices[0].delta == ChoiceDelta(content="c", reasoning_content="ab")


def test_text_inside_of_tags_waits_only_if_it_may_be_a_tag() -> None:
    dialect = OpenAIChat(think_tags=True)
    said = []
    for text in ("<think>a", "b", "<", "c", "</think>d", "e"):
        found = dialect.decode_plain(json.dumps(chunk({"content": text})))
        assert found is not None
        said.append((found.choices[0].delta.reasoning_content, found.choices[0].delta.content))
    assert said == [("a", ""), ("b", ""), (None, ""), ("<c", ""), (None, "d"), (None, "e")]


WAITING = b'data: {"choices":[{"index":0,"delta":{"content":"<th"}}]}\n\n'


def test_text_that_waits_comes_before_the_end_mark() -> None:
    decoder = ChatDecoder(dialect=OpenAIChat(think_tags=True))
    assert [*decoder.feed(WAITING + b"data: [DONE]\n\n")] == [TextDelta("<th")]


def test_text_that_waits_comes_before_the_error_of_a_stream_that_was_cut_off() -> None:
    decoder = ChatDecoder(dialect=OpenAIChat(think_tags=True))
    assert [*decoder.feed(WAITING)] == []
    with pytest.raises(IncompleteStreamError) as raised:
        list(decoder.close())
    assert raised.value.completion is not None
    assert raised.value.completion.text == "<th"


def test_a_list_without_an_error_is_no_error() -> None:
    with pytest.raises(ChunkDecodeError, match="must be a JSON object"):
        OpenAIChat().decode(event([{"a": 1}]))


def test_a_message_without_extra_fields_has_none_if_the_chunk_has_some() -> None:
    found = OpenAIChat().decode_plain(json.dumps(chunk({}, message={"content": "a"}, beside=1)))
    assert found is not None
    assert found.choices[0].message is not None
    assert (found.choices[0].extra, found.choices[0].message.extra) == ({"beside": 1}, {})


USAGE = {"usage": {"prompt_tokens": 1}}
ODD: dict[str, tuple[dict[str, Any], ChatCompletionChunk]] = {
    "a choice that is a number": ({"choices": [5]}, ChatCompletionChunk(extra={"choices": [5]})),
    "text beside a delta": (
        {"choices": [{"delta": {"content": "a"}, "text": "b"}]},
        ChatCompletionChunk(choices=[ChunkChoice(index=0, delta=ChoiceDelta(content="a"), extra={"text": "b"})]),
    ),
    "usage in two places": (
        {"choices": [{"delta": {}}], **USAGE, "x_groq": {"usage": {"prompt_tokens": 2}}},
        ChatCompletionChunk(
            choices=[ChunkChoice(index=0)],
            usage=Usage(prompt_tokens=1),
            extra={"x_groq": {"usage": {"prompt_tokens": 2}}},
        ),
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_odd_chunks_mean(name: str) -> None:
    value, expected = ODD[name]
    *_, found = OpenAIChat().decode(event(value))
    assert found == expected
    assert ChatCompletionChunk.from_dict(value) == expected


@pytest.mark.parametrize(
    ("value", "is_error"),
    [
        ({"error": ""}, True),
        ({"error": {}}, True),
        ({"error": None}, False),
        ({"error": "", "choices": []}, False),
        ({"detail": "no"}, True),
        ({"detail": "no", "choices": []}, False),
        ({"detail": "no", "id": "c1"}, False),
        ({"msg": "no"}, False),
        ({"error_message": "no"}, False),
        ({"message": "no", "code": "X5"}, True),
        ({"message": "no", "code": "-5"}, True),
        ({"message": "no", "code": "200"}, False),
    ],
)
def test_what_is_an_error(value: dict[str, Any], *, is_error: bool) -> None:
    assert (find_error(value) is not None) is is_error


@pytest.mark.parametrize(
    ("data", "message", "kinds"),
    [
        ("[]", "[]", []),
        ("oops\n5", "oops\n5", []),
        ('oops\n{"message":"no"}', "no", ["interrupted_event"]),
    ],
)
def test_an_event_of_the_name_error_is_one(data: str, message: str, kinds: list[str]) -> None:
    *before, failure = OpenAIChat().decode(event(data, "error"))
    assert isinstance(failure, Failure)
    assert str(failure.error) == message
    assert [getattr(item, "kind", "") for item in before] == kinds


def test_an_error_is_what_carries_it() -> None:
    body: dict[str, JSONValue] = {"error": {"message": "a"}, "x_groq": {"error": {"message": "b"}}}
    assert str(provider_error(body)) == str(provider_error(body, find_error(body))) == "a"
