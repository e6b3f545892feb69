"""The channels of OpenAI's Responses: which events carry a text in pieces, and which repeat it whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, TypeAlias

import msgspec

from .._chat._chunks import ChoiceDelta, ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from .._json._depth import JSONValue, shallow

_Empty: TypeAlias = Annotated[list[None], msgspec.Meta(max_length=0)]


class Piece(msgspec.Struct, tag_field="type", gc=False):
    """A piece of text with its position, the most frequent kind of event.

    Attributes:
        delta: The text.
        output_index: The position of its item in the output.
        sequence_number: The number of the event.
    """

    delta: str
    output_index: int
    sequence_number: int | None = None


class TextPiece(Piece, tag="response.output_text.delta", gc=False):
    """A piece of the answer without log probabilities."""

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

    place: ClassVar[int] = 0  # a call has only one text


class InputPiece(Piece, tag="response.custom_tool_call_input.delta", gc=False):
    """A piece of a custom tool's input."""

    place: ClassVar[int] = 0


AnyPiece: TypeAlias = TextPiece | RefusalPiece | ReasoningPiece | SummaryPiece | ArgumentsPiece | InputPiece
"""Any event that the fast path decodes."""


class Channel(msgspec.Struct, frozen=True, gc=False):
    """One kind of text.

    Attributes:
        kind: The kind of its part.
        item: The type of its item.
        piece: The struct of its deltas on the fast path.
        whole: The field with the whole text, in the event that ends it, in an entry of an item, or in a call.
        place: The field that distinguishes the texts of one item; `None` if there is only one.
        entry: The type of the entry with the text in an item; `""` if it is in the item itself.
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
"""The events that carry a piece, by type."""
WHOLES: Mapping[str, Channel] = {f"response.{stem}.done": channel for stem, channel in _STEMS.items()}
"""The events that repeat a text whole, by type."""

# The channels of entries in an item's `content` and `summary`, by type.
_ENTRIES: Mapping[str, Channel] = {
    "text": TEXT,
    **{channel.entry: channel for channel in (TEXT, REFUSAL, REASONING, SUMMARY)},
}

CALLS: Mapping[str, Channel] = {channel.item: channel for channel in (ARGUMENTS, INPUT)}
"""The channels of items that are calls of the caller's tools, by type."""


def channel_of(entry: Mapping[str, JSONValue]) -> Channel | None:
    """Return the channel of an entry in an item's `content` or `summary`; `None` if the entry is not text.

    Args:
        entry: The entry.
    """
    kind = entry.get("type")
    return _ENTRIES.get(kind) if isinstance(kind, str) else None


def delta_of(kind: str, text: str, call: int | None) -> ChoiceDelta:
    """Make the delta for a piece of text.

    Args:
        kind: The kind of its part.
        text: The piece.
        call: The index of the call; `None` if it belongs to none.
    """
    if kind == "text":
        return ChoiceDelta(content=text)
    if kind == "tool_call":
        return ChoiceDelta(
            tool_calls=[ChoiceDeltaToolCall(index=call, function=ChoiceDeltaFunctionCall(arguments=text))]
        )
    return ChoiceDelta(refusal=text) if kind == "refusal" else ChoiceDelta(reasoning_content=text)


def piece_decoder() -> Callable[[bytes | str], AnyPiece]:
    """Create the decoder of pieces, which raises a `ValueError` or a `RecursionError` for any other JSON."""
    return shallow(msgspec.json.Decoder(AnyPiece).decode)
