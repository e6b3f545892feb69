"""Structs for the most frequent events of Anthropic's streams: pieces of text, thinking and tool input.

Events that do not fit these structs exactly take the tolerant path, so fields added by a server are not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from .._json._depth import JSONValue, shallow


class _Delta(msgspec.Struct, tag_field="type", forbid_unknown_fields=True, frozen=True, gc=False):
    """An addition to a block."""


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


def delta_decoder() -> Callable[[bytes | str], BlockDelta]:
    """Create the decoder of such events, which raises a `ValueError` or a `RecursionError` for any other JSON."""
    return shallow(msgspec.json.Decoder(BlockDelta).decode)


decode_delta = delta_decoder()
"""Decodes such an event."""


class OpenBlock:
    """A block that has started and not ended.

    Attributes:
        part: The index of its part in the message.
        type: Its type.
        call: The index of its tool call; `None` if the caller has no tool to run.
        has_input: Whether pieces of a tool's input have come.
        began: The block in `content_block_start`.
    """

    __slots__ = ("began", "call", "has_input", "part", "type")

    def __init__(self, part: int, type: str, call: int | None, began: Mapping[str, JSONValue]) -> None:
        self.part = part
        self.type = type
        self.call = call
        self.has_input = False
        self.began = began
