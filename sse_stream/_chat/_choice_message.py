"""Assembling the message of one choice from its parts."""

from __future__ import annotations

from .._json._depth import JSONValue
from ._merging import value_of
from ._message import Audio, Message
from ._parts import Part, ReasoningPart, RefusalPart, TextPart, ToolCallPart


def message_of(
    parts: list[Part],
    fields: dict[str, JSONValue],
    *,
    role: str,
    audio: Audio | None,
    dialect: str,
    reasoning_field: str,
) -> Message:
    """Assemble a message from its parts.

    Args:
        parts: The parts, in order. Annotations without a part of their own are added to the first text part.
        fields: The other fields of the message.
        role: The role of the author.
        audio: The spoken output.
        dialect: The name of the wire format.
        reasoning_field: The field that carried the reasoning.
    """
    annotations = fields.get("annotations")
    texts = [part for part in parts if isinstance(part, TextPart)]
    if texts and isinstance(annotations, list):
        texts[0].annotations.extend(value_of(annotations))
    return Message(
        role=role,
        content="".join(part.text for part in texts) or None,
        reasoning="".join(part.text for part in parts if isinstance(part, ReasoningPart)) or None,
        refusal="".join(part.text for part in parts if isinstance(part, RefusalPart)) or None,
        tool_calls=[part.tool_call for part in parts if isinstance(part, ToolCallPart)],
        audio=audio,
        extra=fields,
        parts=parts,
        dialect=dialect,
        reasoning_field=reasoning_field,
    )
