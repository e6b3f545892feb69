"""The chunk model: OpenAI's names, what it does not name, and what was received."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sse_stream import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChoiceDeltaToolCall,
    ChunkChoice,
    ServerSentEvent,
    TokenLogprob,
    Usage,
)
from sse_stream._chat._chunks import NOTHING
from sse_stream.dialects import OpenAIChat

HI: dict[str, Any] = {"id": "c1", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}


def decoded(value: object) -> ChatCompletionChunk:
    text = msgspec.json.encode(value).decode()
    chunk = OpenAIChat().decode_plain(text) or OpenAIChat().decode(ServerSentEvent(text))[-1]
    assert isinstance(chunk, ChatCompletionChunk)
    return chunk


def test_a_chunk_is_read_in_openais_names() -> None:
    chunk = decoded(HI)
    assert chunk.id == "c1"
    assert chunk.choices[0].index == 0
    assert chunk.choices[0].delta.content == "Hi"
    assert chunk.choices[0].finish_reason is None
    assert chunk.usage is None
    assert chunk.extra == {}


def test_what_the_model_does_not_name_is_kept_where_it_came() -> None:
    chunk = decoded(
        {"p": 1, "choices": [{"index": 0, "p": 2, "delta": {"p": 3, "tool_calls": [{"p": 4}]}}], "usage": {"p": 5}}
    )
    (choice,) = chunk.choices
    assert (chunk.extra, choice.extra, choice.delta.extra) == ({"p": 1}, {"p": 2}, {"p": 3})
    assert choice.delta.tool_calls == [ChoiceDeltaToolCall(extra={"p": 4})]
    assert chunk.usage == Usage(extra={"p": 5})


@pytest.mark.parametrize("value", [HI, {**HI, "odd": 1}, {"choices": [{"delta": {"extra": {"a": 1}}}]}, {}])
def test_raw_is_what_was_received(value: dict[str, Any]) -> None:
    assert decoded(value).raw == value
    assert decoded(value).raw == value
    assert ChatCompletionChunk.from_dict(value).raw == value


def test_raw_of_a_chunk_made_by_hand_says_the_same() -> None:
    chunk = ChatCompletionChunk(
        id="c1",
        choices=[
            ChunkChoice(
                index=0,
                delta=ChoiceDelta(content="Hi", reasoning_details=[{"a": 1}], extra={"odd": 1}),
                finish_reason="stop",
            )
        ],
        usage=Usage(prompt_tokens=1),
    )
    assert chunk.raw == {
        "id": "c1",
        "choices": [
            {
                "index": 0,
                "delta": {"content": "Hi", "reasoning_details": [{"a": 1}], "odd": 1},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1},
    }
    assert ChatCompletionChunk.from_dict(chunk.raw) == chunk


def test_chunks_are_compared_by_what_they_say() -> None:
    assert decoded(HI) == ChatCompletionChunk.from_dict(HI) == decoded({**HI, "usage": None})
    assert decoded(HI) != decoded({**HI, "odd": 1})
    assert not decoded(HI) != decoded(HI)
    assert not decoded(HI) == HI
    with pytest.raises(TypeError, match="unhashable"):
        hash(decoded(HI))


def test_a_chunk_shows_what_it_says() -> None:
    assert repr(decoded({**HI, "odd": 1})) == (
        "ChatCompletionChunk(id='c1', choices=[ChunkChoice(index=0, delta=ChoiceDelta(content='Hi'))], extra={'odd': 1})"
    )
    assert repr(TokenLogprob(token="a")) == "TokenLogprob(token='a')"


@pytest.mark.parametrize("value", ["{}", b"{}", [], None, 1])
def test_a_chunk_is_read_from_a_dict_only(value: Any) -> None:
    with pytest.raises(TypeError, match="decode its JSON first"):
        ChatCompletionChunk.from_dict(value)


CHANGES: dict[str, Callable[[Any], object]] = {
    "update": lambda extra: extra.update(a=1),
    "setdefault": lambda extra: extra.setdefault("a", 1),
    "setting an item": lambda extra: extra.__setitem__("a", 1),
    "|=": lambda extra: extra.__ior__({"a": 1}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_empty_extra_is_shared_and_cannot_be_changed(change: Callable[[Any], object]) -> None:
    extra = decoded(HI).extra
    assert extra is NOTHING
    with pytest.raises(TypeError, match="shared and empty"):
        change(extra)
    assert NOTHING == {}


def test_a_chunk_can_be_copied_and_pickled() -> None:
    for chunk in (decoded(HI), decoded({**HI, "odd": 1})):
        assert copy.deepcopy(chunk) == copy.copy(chunk) == chunk
        assert pickle.loads(pickle.dumps(chunk)) == chunk
        assert pickle.loads(pickle.dumps(chunk)).raw == chunk.raw
