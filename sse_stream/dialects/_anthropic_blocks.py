"""Assembling Anthropic's content blocks, and sending them back to the endpoint.

The blocks are documented at https://platform.claude.com/docs/en/api/messages. Only the fields that deltas change are
interpreted; signatures, citations and encrypted results go back unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._chat._message import Message
from .._chat._parts import Part, TextPart
from .._json._copying import copied
from .._json._depth import JSONValue, decode_json

KINDS: Mapping[str, str] = {
    "text": "text",
    "thinking": "reasoning",
    "redacted_thinking": "redacted_reasoning",
    "tool_use": "tool_call",
}
"""The kind of part for each type of block. Blocks of other types are provider parts, whose kind is the type."""

TEXT_FIELDS: Mapping[str, str] = {"text": "text", "thinking": "thinking"}
"""The field with the text of a block, by the type of the block."""

KEPT_DELTAS = frozenset({"signature_delta", "citations_delta", "compaction_delta"})
"""The deltas that change a block without giving an event."""


def whole_block(began: JSONValue, text: str, deltas: list[JSONValue]) -> JSONValue:
    """Assemble a block as the endpoint accepts it in the next request.

    Args:
        began: The block in `content_block_start`.
        text: The joined text of its deltas: its text, or the JSON of its input.
        deltas: The other deltas.

    Returns:
        The block; `None` if it cannot be assembled, because a tool's input was truncated, or a delta is unknown.
    """
    block: dict[str, JSONValue] = dict(began)
    kind = block.get("type")
    field = TEXT_FIELDS.get(kind) if isinstance(kind, str) else None
    if field is not None:
        block[field] = text
    elif text.strip():
        try:
            block["input"] = decode_json(text)
        except (ValueError, RecursionError):
            if kind == "tool_use":
                return None
            block["input"] = text
    citations: list[JSONValue] = []
    for delta in deltas:
        match delta.get("type"):
            case "signature_delta":
                block["signature"] = delta.get("signature")
            case "citations_delta":
                citations.append(delta.get("citation"))
            case "compaction_delta":
                block |= {"content": None, "encrypted_content": None, **delta, "type": kind}
            case _:
                return None
    if citations:
        before = block.get("citations")
        block["citations"] = [*before, *citations] if isinstance(before, list) else citations
    return block


def anthropic_turn(message: Message) -> dict[str, JSONValue]:
    """Convert a message for `messages` of the next request: its blocks in order, unchanged.

    The endpoint rejects unfinished blocks and empty texts, so they are omitted, but not the text of an
    unfinished block.
    """
    blocks = map(_block_of, message.parts)
    return {"role": message.role, "content": [block for block in blocks if block is not None]}


def _block_of(part: Part) -> JSONValue:
    native = part.native
    if not isinstance(native, dict):
        return {"type": "text", "text": part.text} if isinstance(part, TextPart) and part.text else None
    if isinstance(part, TextPart) and not part.text and not native.get("citations"):
        return None
    if isinstance(native.get("input"), str):  # truncated JSON
        return None
    return copied(native)
