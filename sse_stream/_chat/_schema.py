"""What OpenAI's schema of a chat completion can carry, and where the rest goes.

The schema is that of https://platform.openai.com/docs/api-reference/chat/object. A field of a server's own is
welcome in it as long as it hides none of the schema's; what it types otherwise goes under `provider_fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from .._json._copying import copied
from .._json._depth import JSONValue
from .._json._reading import PROVIDER_FIELDS
from ._reports import ChoiceLogprobs, Usage

# What other servers say for OpenAI's five: text-generation-inference, Together, Anthropic, Gemini, Cohere, Z.AI.
OPENAI_FINISH_REASONS: Mapping[str, str] = {
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "STOP": "stop",
    "COMPLETE": "stop",
    "completed": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "MAX_TOKENS": "length",
    "tool_use": "tool_calls",
    "TOOL_CALL": "tool_calls",
    "model_context_window_exceeded": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "BLOCKLIST": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "JAILBREAK": "content_filter",
    "refusal": "content_filter",
    "sensitive": "content_filter",
}

# Reasons of formats that give the same one whether tools are to be called or not.
_WITH_OR_WITHOUT_CALLS = frozenset({"completed", "STOP"})


class _URLCitation(msgspec.Struct):
    start_index: int
    end_index: int
    title: str
    url: str


class _Annotation(msgspec.Struct, tag_field="type", tag="url_citation"):
    url_citation: _URLCitation


class _FunctionCall(msgspec.Struct):
    name: str
    arguments: str


class _ModerationResult(msgspec.Struct, tag_field="type", tag="moderation_result"):
    categories: dict[str, bool]
    category_applied_input_types: dict[str, list[Literal["text", "image"]]]
    category_scores: dict[str, float]
    flagged: bool
    model: str


class _ModerationResults(msgspec.Struct, tag_field="type", tag="moderation_results"):
    model: str
    results: list[_ModerationResult]


class _ModerationError(msgspec.Struct, tag_field="type", tag="error"):
    code: str
    message: str


class _Moderation(msgspec.Struct):
    input: _ModerationResults | _ModerationError
    output: _ModerationResults | _ModerationError


Types: TypeAlias = Mapping[str, Any]
"""The types that the schema gives to fields which come as a server sends them; `None` for one that is
said elsewhere, if at all."""

COMPLETION_TYPES: Types = {
    "metadata": dict[str, str] | None,
    "moderation": _Moderation | None,
    "service_tier": Literal["auto", "default", "flex", "scale", "priority", "fast"] | None,
    "system_fingerprint": str | None,
    "usage": None,
}
MESSAGE_TYPES: Types = {
    "annotations": list[_Annotation] | None,
    "function_call": _FunctionCall | None,
    "tool_calls": None,
    "audio": None,
}


def openai_finish_reason(reason: str | None, *, calls: bool) -> str | None:
    """What OpenAI says for another server's finish reason; `None` if that is its own, or has no translation.

    Args:
        reason: The reason as it was sent.
        calls: Whether tools are to be called.
    """
    if calls and reason in _WITH_OR_WITHOUT_CALLS:
        return "tool_calls"
    return OPENAI_FINISH_REASONS.get(reason or "")


def completed(said: dict[str, JSONValue], extra: Mapping[str, JSONValue], types: Types = {}) -> dict[str, JSONValue]:  # noqa: B006  # only read
    """An object of the schema, with a copy of what came beside it.

    Args:
        said: The schema's fields.
        extra: What else there is. What bears the name of a field, or is not of the type that `types`
            gives it, goes under `provider_fields`.
        types: The types of those extras that the schema knows.
    """
    beside: dict[str, JSONValue] = {}
    hidden: dict[str, JSONValue] = {}
    for name, value in copied(dict(extra)).items():
        if name in said or name == PROVIDER_FIELDS or (name in types and not _fits(value, types[name])):
            hidden[name] = value
        else:
            beside[name] = value
    return {**said, **beside, PROVIDER_FIELDS: hidden} if hidden else {**said, **beside}


def usage_fits(usage: Usage) -> bool:
    """Whether all three counts are there, without which the schema knows no usage."""
    return None not in (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)


def logprobs_fit(logprobs: ChoiceLogprobs) -> bool:
    """Whether each token has its probability, without which the schema knows no token."""
    tokens = [*(logprobs.content or ()), *(logprobs.refusal or ())]
    return all(
        token.logprob is not None and all(top.logprob is not None for top in token.top_logprobs or ())
        for token in tokens
    )


def logprobs_json(logprobs: ChoiceLogprobs) -> dict[str, JSONValue]:
    """Log probabilities as the schema has them: each token with a list of the most likely ones, if an empty one."""
    said = logprobs.to_dict()
    for token in (*said.get("content", ()), *said.get("refusal", ())):
        token.setdefault("top_logprobs", [])
    return said


def _fits(value: JSONValue, type: Any) -> bool:
    try:
        msgspec.convert(value, type)
    except ValueError:
        return False
    return True
