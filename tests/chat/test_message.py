"""Converting a message for the next request, to any server or in the form of the server that it came from."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest

from sse_stream import Audio, Message, Part, ReasoningPart, RefusalPart, TextPart, ToolCall, ToolCallPart
from sse_stream._chat._choice_message import message_of
from sse_stream._chat._turns import register_turn, turn_of


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message(content="Hi"), {"role": "assistant", "content": "Hi"}),
        (Message(), {"role": "assistant", "content": ""}),
        (Message(content="Hi", reasoning="hm", extra={"odd": 1}), {"role": "assistant", "content": "Hi"}),
        (Message(refusal="no"), {"role": "assistant", "content": None, "refusal": "no"}),
        (Message(audio=Audio("a1", "QUJD")), {"role": "assistant", "content": None, "audio": {"id": "a1"}}),
        (
            Message(tool_calls=[ToolCall("c1", "f", "{}", {"extra_content": {"a": 1}})]),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "extra_content": {"a": 1},
                    }
                ],
            },
        ),
        (
            Message(content="Hi", extra={"reasoning_details": [1], "extra_content": 2, "function_call": {}}),
            {"role": "assistant", "content": "Hi", "function_call": {}, "reasoning_details": [1], "extra_content": 2},
        ),
        (
            Message(reasoning="hm", extra={"function_call": {"name": "f", "arguments": "{}"}}),
            {
                "role": "assistant",
                "content": None,
                "function_call": {"name": "f", "arguments": "{}"},
                "reasoning_content": "hm",
            },
        ),
        # Details do not take the place of reasoning that came in a field of its own.
        *(
            (
                Message(
                    reasoning="hm",
                    reasoning_field=field,
                    extra={"function_call": {"name": "f"}, "reasoning_details": [1]},
                ),
                {
                    "role": "assistant",
                    "content": None,
                    "function_call": {"name": "f"},
                    "reasoning_details": [1],
                    **beside,
                },
            )
            for field, beside in (("", {}), ("reasoning", {"reasoning": "hm"}))
        ),
    ],
)
def test_a_message_for_the_next_request(message: Message, said: dict[str, Any]) -> None:
    assert message.to_dict() == said


def test_what_a_message_is_compared_with_may_say_whether_they_are_equal() -> None:
    assert Message(content="Hi") == ANY
    assert (Message(content="Hi") == "Hi") is False


NOTE = {"type": "url_citation"}


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (Message(), []),
        (Message(content="Hi"), [TextPart("Hi")]),
        (Message(content="Hi", extra={"annotations": [NOTE]}), [TextPart("Hi", [NOTE])]),
        (Message(content="Hi", extra={"annotations": None}), [TextPart("Hi")]),
        (Message(extra={"annotations": [NOTE]}), []),
        (
            Message(content="Hi", reasoning="hm", refusal="no", tool_calls=[ToolCall("c1", "f", "{}")]),
            [ReasoningPart("hm"), TextPart("Hi"), RefusalPart("no"), ToolCallPart(ToolCall("c1", "f", "{}"))],
        ),
        (Message(content="Hi", parts=[TextPart("H"), TextPart("i")]), [TextPart("H"), TextPart("i")]),
    ],
)
def test_a_message_made_by_hand_has_parts_in_the_usual_order(message: Message, parts: list[Part]) -> None:
    assert message.parts == parts


def test_the_texts_of_a_message_are_those_of_its_parts_together() -> None:
    call = ToolCall("c1", "f", "{}")
    parts: list[Part] = [
        *(ReasoningPart("a"), TextPart("b"), RefusalPart("c"), ToolCallPart(call)),
        *(TextPart("d"), RefusalPart("e"), ReasoningPart("f")),
    ]
    message = message_of(parts, {"x": 1}, role="tool", audio=None, dialect="openai_chat", reasoning_field="reasoning")
    assert message == Message("tool", "bd", "af", "ce", [call], extra={"x": 1}, parts=parts)
    assert message.reasoning_field == "reasoning"


@pytest.mark.parametrize("parts", [[], [TextPart(""), ReasoningPart(""), RefusalPart("")]])
def test_a_text_that_never_came_is_none(parts: list[Part]) -> None:
    message = message_of(parts, {}, role="assistant", audio=None, dialect="openai_chat", reasoning_field="")
    assert (message.content, message.reasoning, message.refusal) == (None, None, None)


def test_what_goes_back_to_chat_completions_is_the_same_for_all() -> None:
    message = Message(content="Hi", tool_calls=[ToolCall("c1", "f", "{}")], parts=[TextPart("Hi", native={"a": 1})])
    assert message.to_native() == message.to_dict()


def test_what_goes_back_is_what_the_dialect_says() -> None:
    def turn(message: Message) -> list[Any]:
        return [part.native for part in message.parts if isinstance(part, TextPart)]

    for name, own in (("first", turn), ("second", Message.to_dict), ("second", turn)):
        register_turn(name, own)
    message = Message(content="Hi", parts=[TextPart("Hi", native={"a": 1})], dialect="second")
    assert message.to_native() == [{"a": 1}]
    assert turn_of("first") is turn


@pytest.mark.parametrize("name", ["nobody", "", "OPENAI_CHAT"])
def test_a_dialect_that_was_not_imported_is_named(name: str) -> None:
    register_turn("one", Message.to_dict)
    with pytest.raises(
        ValueError,
        match=f"^cannot convert the message, because no dialect named '{name}' has been imported: import the module",
    ) as error:
        Message(dialect=name).to_native()
    known = str(error.value).partition("(known dialects: ")[2].removesuffix(")").split(", ")
    assert known == sorted(known)
    assert {"openai_chat", "one"} <= set(known)
    assert not isinstance(error.value, LookupError)
