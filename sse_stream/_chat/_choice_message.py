"""The message of one choice, made of its parts."""

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
    """The message that consists of these parts.

    Args:
        parts: The parts, in order. Annotations that belong to none of them go to the first text.
        fields: What else came with it.
        role: Who speaks.
        audio: The spoken output.
        dialect: The name of the wire format.
        reasoning_field: The field in which the reasoning came.
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
