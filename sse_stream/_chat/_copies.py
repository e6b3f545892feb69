"""Copying chunks before they are kept."""

from __future__ import annotations

from msgspec.structs import force_setattr

from ._chunks import SPELLING, ChatCompletionChunk, ChunkChoice
from ._merging import value_of
from ._reports import Usage


def chunk_to_keep(chunk: ChatCompletionChunk) -> ChatCompletionChunk:
    """Return the chunk, or a copy if it has mutable containers that an accumulator keeps."""
    has_containers = (
        chunk.extra
        or chunk.moderation is not None
        or (chunk.usage is not None and _has_containers(chunk.usage))
        or any(map(_choice_has_containers, chunk.choices))
    )
    if not has_containers:
        return chunk
    kept: ChatCompletionChunk = value_of(chunk)
    if hasattr(chunk, SPELLING):
        force_setattr(kept, SPELLING, getattr(chunk, SPELLING))
    return kept


def _has_containers(usage: Usage) -> bool:
    details = usage.prompt_tokens_details, usage.completion_tokens_details
    return bool(usage.extra) or any(part is not None and part.extra for part in details)


def _choice_has_containers(choice: ChunkChoice) -> bool:
    delta = choice.delta
    return bool(
        choice.extra
        or choice.logprobs is not None
        or delta.extra
        or delta.reasoning_details
        or delta.thinking_blocks
        or choice.message is not None
        or delta.tool_calls
        or delta.audio is not None
        or delta.function_call is not None
    )
