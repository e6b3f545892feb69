"""The events that nearly all of a stream of Anthropic's is made of, typed: pieces of text, of thinking, of a tool's input.

They fit these structs or are read by the tolerant path, so nothing that a server adds is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .._json._depth import JSONValue


class _Delta(msgspec.Struct, tag_field="type", forbid_unknown_fields=True, frozen=True, gc=False):
    """What one event adds to a block."""


class TextDelta(_Delta, tag="text_delta", frozen=True):
    """A piece of a text."""

    text: str


class ThinkingDelta(_Delta, tag="thinking_delta", frozen=True):
    """A piece of thinking."""

    thinking: str


class InputDelta(_Delta, tag="input_json_delta", frozen=True):
    """A piece of a tool's input."""

    partial_json: str


class BlockDelta(
    msgspec.Struct, tag_field="type", tag="content_block_delta", forbid_unknown_fields=True, frozen=True, gc=False
):
    """A piece of a block."""

    index: int
    delta: TextDelta | ThinkingDelta | InputDelta


decode_delta = msgspec.json.Decoder(BlockDelta).decode
"""Reads such an event; raises a `ValueError` for any other."""


class OpenBlock:
    """A block that has begun and not ended.

    Attributes:
        part: Which part of the message it is, from 0.
        type: Its type.
        call: Which tool call it is, from 0; `None` for what the caller is not to answer.
        has_input: Whether pieces of a tool's input have come.
        began: How it began.
    """

    __slots__ = ("began", "call", "has_input", "part", "type")

    def __init__(self, part: int, type: str, call: int | None, began: Mapping[str, JSONValue]) -> None:
        self.part = part
        self.type = type
        self.call = call
        self.has_input = False
        self.began = began
