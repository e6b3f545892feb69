"""Anthropic's content blocks: how one is put together, and which of a message go back to the endpoint.

The blocks are those of https://platform.claude.com/docs/en/api/messages. What is in one is never interpreted here
beyond what its deltas change: signatures, citations and encrypted results go back as they came.
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
"""What parts blocks are. Those of all other types are the provider's own, under the type as it came."""

TEXT_FIELDS: Mapping[str, str] = {"text": "text", "thinking": "thinking"}
"""The field of a block in which its text is, by the type of the block."""

KEPT_DELTAS = frozenset({"signature_delta", "citations_delta", "compaction_delta"})
"""The deltas that change a block and say nothing to the reader of a stream."""


def whole_block(began: JSONValue, text: str, deltas: list[JSONValue]) -> JSONValue:
    """The block, as the endpoint takes it back.

    Args:
        began: The block as `content_block_start` has it.
        text: The text of its deltas: what it says, or the JSON of its input.
        deltas: The other deltas.

    Returns:
        The block; `None` if it cannot be told, because a tool's input was cut off, or a delta is unknown.
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
    """What goes into `messages` of the next request: the blocks in their order, as they came.

    Left out are blocks that the stream did not finish, except for the text that came of them, and texts that are
    empty: the endpoint refuses both.
    """
    blocks = map(_block_of, message.parts)
    return {"role": message.role, "content": [block for block in blocks if block is not None]}


def _block_of(part: Part) -> JSONValue:
    native = part.native
    if not isinstance(native, dict):
        return {"type": "text", "text": part.text} if isinstance(part, TextPart) and part.text else None
    if isinstance(part, TextPart) and not part.text and not native.get("citations"):
        return None
    if isinstance(native.get("input"), str):  # which was cut off
        return None
    return copied(native)
