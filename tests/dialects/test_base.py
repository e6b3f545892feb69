"""What a dialect has to have, and what is said where it is missing."""

from __future__ import annotations

import functools
import inspect
import re
from typing import Any

import pytest

from sse_stream.dialects import (
    AnthropicMessages,
    Dialect,
    GeminiContent,
    OpenAIChat,
    OpenAIResponses,
    PartEnd,
    PartStart,
)
from sse_stream.dialects._base import check_dialect

MEMBERS = {
    "name": 'name = "my_format"',
    "end_mark": 'end_mark = "[DONE]"',
    "decode": "def decode(self, event): …",
    "decode_plain": 'def decode_plain(self, data, event="message"): return None',
    "decode_field": "def decode_field(self, name, value): return ()",
    "is_whole": "def is_whole(self, data): …",
    "end": "def end(self): return ()",
    "turn": "@staticmethod def turn(message): return message.to_dict()",
}


def dialect_of(**members: Any) -> object:
    """An object of a class with these members."""
    return type("Mine", (), members)()


def whole(**members: Any) -> dict[str, Any]:
    return {**{name: getattr(OpenAIChat, name) for name in MEMBERS}, **members}


@pytest.mark.parametrize("dialect", [OpenAIChat, AnthropicMessages, OpenAIResponses, GeminiContent])
def test_ours_are_dialects(dialect: type[Dialect]) -> None:
    check_dialect(dialect())


@pytest.mark.parametrize("missing", MEMBERS)
def test_a_member_that_is_missing_is_named_as_it_is_to_be_written(missing: str) -> None:
    members = whole()
    del members[missing]
    message = f"Mine is not a dialect: add {MEMBERS[missing]}. See sse_stream.dialects.Dialect"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        check_dialect(dialect_of(**members))


def test_all_that_are_missing_are_named() -> None:
    with pytest.raises(TypeError, match=re.escape("; ".join(MEMBERS.values()))):
        check_dialect(object())


def test_decode_plain_is_called_with_the_name_of_the_event() -> None:
    message = (
        "Mine.decode_plain has no parameter for the event's name: declare it as"
        ' def decode_plain(self, data, event="message")'
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        check_dialect(dialect_of(**whole(decode_plain=lambda self, data: None)))
    for takes_it in (
        lambda self, data, event: None,
        lambda self, data, event="message", more=None: None,
        lambda self, *both: None,
        lambda *all: None,
        functools.partial(print, "data"),
    ):
        check_dialect(dialect_of(**whole(decode_plain=takes_it)))


def test_an_event_without_a_name_is_called_message_in_every_dialect() -> None:
    for dialect in (Dialect, OpenAIChat, AnthropicMessages, OpenAIResponses, GeminiContent):
        assert inspect.signature(dialect.decode_plain).parameters["event"].default == "message"


def test_what_an_item_of_a_part_need_not_say() -> None:
    assert PartStart(0, 1, "text") == PartStart(0, 1, "text", None)
    assert PartEnd(0, 1) == PartEnd(0, 1, None, None, "")
