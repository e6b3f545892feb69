"""The channels of OpenAI's Responses: the events that carry a text in pieces, and where they say it whole again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, TypeAlias

import msgspec

from .._chat._chunks import ChoiceDelta, ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from .._json._depth import MAX_DEPTH, JSONValue, is_deep

_Empty: TypeAlias = Annotated[list[None], msgspec.Meta(max_length=0)]


class Piece(msgspec.Struct, tag_field="type", gc=False):
    """A piece of text, and where it belongs: what a stream consists of, nearly all of it.

    Attributes:
        delta: The text.
        output_index: The place of its item in the output.
        sequence_number: The event's number.
    """

    delta: str
    output_index: int
    sequence_number: int | None = None


class TextPiece(Piece, tag="response.output_text.delta", gc=False):
    """A piece of the answer; one with log probabilities is none of these."""

    place: int = msgspec.field(name="content_index", default=0)
    logprobs: _Empty | None = None


class RefusalPiece(Piece, tag="response.refusal.delta", gc=False):
    """A piece of a refusal."""

    place: int = msgspec.field(name="content_index", default=0)


class ReasoningPiece(Piece, tag="response.reasoning_text.delta", gc=False):
    """A piece of reasoning."""

    place: int = msgspec.field(name="content_index", default=0)


class SummaryPiece(Piece, tag="response.reasoning_summary_text.delta", gc=False):
    """A piece of a summary of reasoning."""

    place: int = msgspec.field(name="summary_index", default=0)


class ArgumentsPiece(Piece, tag="response.function_call_arguments.delta", gc=False):
    """A piece of a function's arguments."""

    place: ClassVar[int] = 0  # a call has one text


class InputPiece(Piece, tag="response.custom_tool_call_input.delta", gc=False):
    """A piece of a custom tool's input."""

    place: ClassVar[int] = 0


AnyPiece: TypeAlias = TextPiece | RefusalPiece | ReasoningPiece | SummaryPiece | ArgumentsPiece | InputPiece
"""What the fast path reads."""


class Channel(msgspec.Struct, frozen=True, gc=False):
    """One kind of text.

    Attributes:
        kind: The kind of part that it makes.
        item: The type of item that it belongs to.
        piece: What its deltas are on the fast path.
        whole: Where the whole text stands: in the event that ends it, in the part of an item, in a call.
        place: What tells the texts of one item apart; `None` where there is one.
        entry: The type of what holds the text in an item; `""` where that is the item.
    """

    kind: str
    item: str
    piece: type[Piece]
    whole: str
    place: str | None = None
    entry: str = ""


TEXT = Channel("text", "message", TextPiece, "text", "content_index", "output_text")
REFUSAL = Channel("refusal", "message", RefusalPiece, "refusal", "content_index", "refusal")
REASONING = Channel("reasoning", "reasoning", ReasoningPiece, "text", "content_index", "reasoning_text")
SUMMARY = Channel("reasoning_summary", "reasoning", SummaryPiece, "text", "summary_index", "summary_text")
ARGUMENTS = Channel("tool_call", "function_call", ArgumentsPiece, "arguments")
INPUT = Channel("tool_call", "custom_tool_call", InputPiece, "input")

_STEMS = {
    "output_text": TEXT,
    "refusal": REFUSAL,
    "reasoning_text": REASONING,
    "reasoning_summary_text": SUMMARY,
    "function_call_arguments": ARGUMENTS,
    "custom_tool_call_input": INPUT,
}
DELTAS: Mapping[str, Channel] = {f"response.{stem}.delta": channel for stem, channel in _STEMS.items()}
"""The events that carry a piece."""
WHOLES: Mapping[str, Channel] = {f"response.{stem}.done": channel for stem, channel in _STEMS.items()}
"""The events that say a text again, whole."""

# What is in an item's `content` and `summary`, by its type.
_ENTRIES: Mapping[str, Channel] = {
    "text": TEXT,
    **{channel.entry: channel for channel in (TEXT, REFUSAL, REASONING, SUMMARY)},
}

CALLS: Mapping[str, Channel] = {channel.item: channel for channel in (ARGUMENTS, INPUT)}
"""The items that are calls of the caller's tools, by their type."""


def channel_of(entry: Mapping[str, JSONValue]) -> Channel | None:
    """The channel of what is in an item's `content` or `summary`; `None` if that is no text.

    Args:
        entry: What is in it.
    """
    kind = entry.get("type")
    return _ENTRIES.get(kind) if isinstance(kind, str) else None


def delta_of(kind: str, text: str, call: int) -> ChoiceDelta:
    """The delta that says a piece.

    Args:
        kind: The kind of its part.
        text: The piece.
        call: The number of the call, if it belongs to one.
    """
    if kind == "text":
        return ChoiceDelta(content=text)
    if kind == "tool_call":
        return ChoiceDelta(
            tool_calls=[ChoiceDeltaToolCall(index=call, function=ChoiceDeltaFunctionCall(arguments=text))]
        )
    return ChoiceDelta(refusal=text) if kind == "refusal" else ChoiceDelta(reasoning_content=text)


def piece_decoder() -> Callable[[bytes | str], AnyPiece]:
    """What decodes a piece from its JSON, and raises a `ValueError` or `RecursionError` for all else."""
    decode: Callable[[bytes | str], AnyPiece] = msgspec.json.Decoder(AnyPiece).decode
    return _shallow(decode) if sys.platform == "emscripten" else decode


def _shallow(decode: Callable[[bytes | str], AnyPiece]) -> Callable[[bytes | str], AnyPiece]:
    """The same decoder, which looks first how deep the JSON is nested: under WebAssembly deep JSON does not raise."""

    def decode_shallow(data: bytes | str) -> AnyPiece:
        if is_deep(data if isinstance(data, str) else data.decode()):
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        return decode(data)

    return decode_shallow
