"""Reading a choice's output as it grows: each piece once, and all pieces together equal the completion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import ChatCompletionChunk, Limits
from sse_stream._chat._builder import CompletionBuilder
from sse_stream._chat._written import WrittenText

CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}


def new() -> CompletionBuilder:
    return CompletionBuilder(Limits(), None, "openai_chat")


def add(builder: CompletionBuilder, choice: int = 0, **delta: Any) -> None:
    add_delta(builder, choice, delta)


def add_delta(builder: CompletionBuilder, choice: int, delta: dict[str, Any]) -> None:
    builder.add(ChatCompletionChunk.from_dict({"choices": [{"index": choice, "delta": delta}]}))


def arguments(call: int, text: str) -> list[dict[str, Any]]:
    return [{"index": call, "function": {"arguments": text}}]


def test_content_is_read_once_and_as_far_as_it_has_come() -> None:
    builder = new()
    written = builder.written(0, None)
    assert written.read() == ""
    add(builder, role="assistant")
    assert written.read() == ""
    add(builder, content="Grü")
    add(builder, content="ße")
    assert [written.read(), written.read()] == ["Grüße", ""]
    add(builder, content="世\ud83d", reasoning="hm")
    assert [written.read(), written.read()] == ["世\ud83d", ""]
    assert not written.is_call


def test_whoever_asks_later_reads_all_of_it() -> None:
    builder = new()
    early = builder.written(0, None)
    add(builder, content="a")
    assert early.read() == "a"
    add(builder, content="b")
    assert [builder.written(0, None).read(), early.read()] == ["ab", "b"]


def test_each_choice_and_each_call_is_read_by_itself() -> None:
    builder = new()
    texts = {(choice, call): builder.written(choice, call) for choice in (0, 1) for call in (None, 0, 1)}
    add(builder, content="a", tool_calls=[CALL])
    add(builder, 1, content="b", tool_calls=[CALL])
    add(builder, 1, tool_calls=arguments(0, "c"))
    add(builder, tool_calls=[{**CALL, "index": 1, "id": "c2"}])
    add(builder, tool_calls=[*arguments(1, "d"), *arguments(0, "e")])
    assert {key: text.read() for key, text in texts.items()} == {
        (0, None): "a",
        (0, 0): "e",
        (0, 1): "d",
        (1, None): "b",
        (1, 0): "c",
        (1, 1): "",
    }
    assert [key for key, text in texts.items() if text.is_call] == [(0, 0), (0, 1), (1, 0)]


def test_a_call_may_begin_late() -> None:
    builder = new()
    written = builder.written(0, 0)
    assert (written.is_call, written.read()) == (False, "")
    add(builder, content="a")
    assert (written.is_call, written.read()) == (False, "")
    add(builder, tool_calls=[CALL])
    assert (written.is_call, written.read()) == (True, "")
    add(builder, tool_calls=arguments(0, '{"a":'))
    assert written.read() == '{"a":'
    add(builder, content="b", tool_calls=arguments(0, "1}"))
    assert [written.read(), written.read()] == ["1}", ""]


def test_the_texts_of_all_parts_are_the_content() -> None:
    builder = new()
    written = builder.written(0, None)
    for index, (kind, field, text) in enumerate(
        [("text", "content", "a"), ("reasoning", "reasoning", "b"), ("search", "", ""), ("text", "content", "c")]
    ):
        builder.choice(0).start_part(index, kind)
        if field:
            add_delta(builder, 0, {field: text})
    assert written.read() == "ac"
    add(builder, content="d")
    builder.choice(0).start_part(4, "tool_call")
    add(builder, content="e")
    builder.choice(0).start_part(5, "text")
    builder.choice(0).start_part(6, "text")
    add(builder, content="f")
    assert [written.read(), written.read()] == ["def", ""]
    assert builder.snapshot().text == "acdef"


PIECES = st.lists(
    st.tuples(st.sampled_from(["content", "reasoning", "part", "call", "other"]), st.text(min_size=1, max_size=3)),
    max_size=12,
)


@given(PIECES, st.data())
def test_whenever_it_is_read_it_is_all_there(pieces: list[tuple[str, str]], data: st.DataObject) -> None:
    builder = new()
    content, call = builder.written(0, None), builder.written(0, 0)
    read: dict[WrittenText, str] = {content: "", call: ""}
    for place, (what, text) in enumerate(pieces):
        match what:
            case "part":
                builder.choice(0).start_part(place, "text")
            case "call":
                add(builder, tool_calls=[CALL, *arguments(0, text)])
            case "other":
                add(builder, 1, content=text)
            case field:
                add_delta(builder, 0, {field: text})
        for written in data.draw(st.sets(st.sampled_from([content, call]))):
            read[written] += written.read()
    completion = builder.snapshot()
    mine = [choice.message for choice in completion.choices if choice.index == 0]
    assert read[content] + content.read() == "".join(message.content or "" for message in mine)
    assert read[call] + call.read() == "".join(
        message.tool_calls[0].arguments for message in mine if message.tool_calls
    )


@pytest.mark.parametrize("call", [None, 0])
def test_of_a_choice_that_never_comes_there_is_nothing(call: int | None) -> None:
    builder = new()
    written = builder.written(3, call)
    add(builder, content="a", tool_calls=[CALL, *arguments(0, "b")])
    assert (written.read(), written.is_call) == ("", False)
