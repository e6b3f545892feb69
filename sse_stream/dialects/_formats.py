"""Recognizing wire formats by the `type` or the keys of the first event.

No dialect is imported here, so unused ones cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .._json._depth import JSONValue

OPENAI_CHAT = "openai_chat"
ANTHROPIC_MESSAGES = "anthropic_messages"
OPENAI_RESPONSES = "openai_responses"
GEMINI_CONTENT = "gemini_content"


class Reader(NamedTuple):
    """The dialect for a format: a class in a module of this package."""

    module: str
    dialect: str


READERS: Mapping[str, Reader] = {
    OPENAI_CHAT: Reader("_openai_chat", "OpenAIChat"),
    ANTHROPIC_MESSAGES: Reader("_anthropic", "AnthropicMessages"),
    OPENAI_RESPONSES: Reader("_responses", "OpenAIResponses"),
    GEMINI_CONTENT: Reader("_gemini", "GeminiContent"),
}

TITLES: Mapping[str, str] = {
    OPENAI_CHAT: "OpenAI's chat completions",
    ANTHROPIC_MESSAGES: "Anthropic's Messages",
    OPENAI_RESPONSES: "OpenAI's Responses",
    GEMINI_CONTENT: "Gemini's generateContent",
    "cohere_chat": "Cohere's chat",
    "google_interactions": "Google's Interactions",
    "mistral_conversations": "Mistral's conversations",
    "openai_assistants": "OpenAI's Assistants",
    "anthropic_completions": "Anthropic's text completions",
    "tgi_generate": "text-generation-inference's generate_stream",
}
"""The names of all recognized formats, for error messages. Not all are supported."""

_BY_TYPE: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ),
        ANTHROPIC_MESSAGES,
    ),
    **dict.fromkeys(
        (
            "message-start",
            "content-start",
            "content-delta",
            "content-end",
            "tool-plan-delta",
            "tool-call-start",
            "tool-call-delta",
            "tool-call-end",
            "citation-start",
            "citation-end",
            "message-end",
            "stream-start",
            "text-generation",
            "stream-end",
        ),
        "cohere_chat",
    ),
    "completion": "anthropic_completions",
}

_BY_PREFIX: Mapping[str, str] = {
    "response.": OPENAI_RESPONSES,
    "conversation.response.": "mistral_conversations",
    "message.output.": "mistral_conversations",
    "interaction.": "google_interactions",
    "step.": "google_interactions",
}

_BY_OBJECT: Mapping[str, str] = {"response": OPENAI_RESPONSES}

_GEMINI = frozenset({"candidates", "promptFeedback", "usageMetadata"})
_NOT_GEMINI = frozenset({"choices", "object", "type"})
_ANTHROPIC_ERROR = frozenset({"type", "error", "request_id"})


def format_of(value: JSONValue, event: str = "message") -> str | None:
    """Recognize the format of an event's data, or of a whole document.

    Args:
        value: The JSON value.
        event: The event's name, which counts only if the data has no `type`.

    Returns:
        A key of `TITLES`; `None` if several formats are possible, or none.
    """
    if isinstance(value, list) and value:  # Gemini without `alt=sse`
        value = value[0]
        return GEMINI_CONTENT if isinstance(value, dict) and _is_gemini(value) else None
    if not isinstance(value, dict):
        return None
    if "choices" in value:
        return OPENAI_CHAT
    kind = value.get("type", value.get("event_type"))
    if not isinstance(kind, str):
        kind = event
    if kind == "message":
        return ANTHROPIC_MESSAGES if "content" in value and "type" in value else _by_keys(value)
    if kind == "error":
        return _of_error(value)
    if kind == "keepalive" and "sequence_number" in value:
        return OPENAI_RESPONSES
    return _BY_TYPE.get(kind) or _by_prefix(kind) or _by_keys(value)


def _of_error(value: Mapping[str, JSONValue]) -> str | None:
    if not isinstance(value.get("error"), dict) or "type" not in value:
        return OPENAI_RESPONSES if "sequence_number" in value else None
    if "sequence_number" in value:
        return OPENAI_RESPONSES
    return ANTHROPIC_MESSAGES if value.keys() <= _ANTHROPIC_ERROR else None


def _by_prefix(kind: str) -> str | None:
    return next((name for prefix, name in _BY_PREFIX.items() if kind.startswith(prefix)), None)


def _by_keys(value: Mapping[str, JSONValue]) -> str | None:
    if _is_gemini(value):
        return GEMINI_CONTENT
    wrapped = value.get("response")
    kind = value.get("object", wrapped.get("object") if isinstance(wrapped, dict) else None)
    if isinstance(kind, str):
        return "openai_assistants" if kind.startswith("thread.") else _BY_OBJECT.get(kind)
    return "tgi_generate" if isinstance(value.get("token"), dict) and "generated_text" in value else None


def _is_gemini(value: Mapping[str, JSONValue]) -> bool:
    """Whether this is a Gemini response, possibly wrapped as by Code Assist."""
    wrapped = value.get("response")
    return any(
        not _GEMINI.isdisjoint(one) and _NOT_GEMINI.isdisjoint(one) for one in (value, wrapped) if isinstance(one, dict)
    )
