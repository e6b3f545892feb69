"""Fitting completions into OpenAI's schema of a chat completion.

The schema is that of https://platform.openai.com/docs/api-reference/chat/object. Extra fields of other servers are
added to the object, unless they share a name with a field of the schema and do not fit it: those go under
`provider_fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from .._json._copying import copied
from .._json._depth import JSONValue
from .._json._reading import PROVIDER_FIELDS
from ._reports import ChoiceLogprobs, Usage

# OpenAI's equivalents of finish reasons from text-generation-inference, Together, Anthropic, Gemini, Cohere, Z.AI.
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

# Reasons of formats that use the same one whether or not tools are called.
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
"""The types that the schema gives to extra fields, by name. `None` for a field that is never copied from `extra`."""

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
    """Translate another server's finish reason to OpenAI's; `None` if it is OpenAI's already, or has no equivalent.

    Args:
        reason: The reason as it was sent.
        calls: Whether the message calls tools.
    """
    if calls and reason in _WITH_OR_WITHOUT_CALLS:
        return "tool_calls"
    return OPENAI_FINISH_REASONS.get(reason or "")


def completed(said: dict[str, JSONValue], extra: Mapping[str, JSONValue], types: Types = {}) -> dict[str, JSONValue]:  # noqa: B006  # only read
    """Return an object of the schema, with a copy of the extra fields.

    Args:
        said: The schema's fields.
        extra: The extra fields. Those that share a name with a field, or do not have their type in `types`, go under
            `provider_fields`.
        types: The types of extra fields that the schema defines.
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
    """Whether usage has all three counts, which the schema requires."""
    return None not in (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)


def logprobs_fit(logprobs: ChoiceLogprobs) -> bool:
    """Whether each token has a log probability, which the schema requires."""
    tokens = [*(logprobs.content or ()), *(logprobs.refusal or ())]
    return all(
        token.logprob is not None and all(top.logprob is not None for top in token.top_logprobs or ())
        for token in tokens
    )


def logprobs_json(logprobs: ChoiceLogprobs) -> dict[str, JSONValue]:
    """Return log probabilities as the schema requires them: each token with `top_logprobs`, even if empty."""
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
