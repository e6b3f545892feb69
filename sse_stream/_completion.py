"""What a stream adds up to: one completion, as far as it has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, overload

import msgspec

from ._chunks import ChoiceLogprobs, JSONValue, Usage, to_json
from ._errors import ToolArgumentsError

T = TypeVar("T")

# The finish reasons and service tiers of OpenAI's schema, which knows no others.
_FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_SERVICE_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})

# What other servers say for the same: text-generation-inference, Together, Anthropic, Gemini, Cohere.
_OPENAI_FINISH_REASONS: Mapping[str, str] = {
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "STOP": "stop",
    "COMPLETE": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "MAX_TOKENS": "length",
    "tool_use": "tool_calls",
    "TOOL_CALL": "tool_calls",
    "SAFETY": "content_filter",
}

# Fields outside the message model that a server wants to see again with the next request.
_SENT_BACK = ("function_call", "reasoning_details", "extra_content")


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A call of a tool, as the model wants it made.

    Attributes:
        id: The id that the tool's answer must carry; `""` where the server sent none.
        name: The tool's name.
        arguments: The arguments as the model wrote them: JSON, if it made no mistake.
        extra: What else came with the call, such as Gemini's `extra_content`.
    """

    id: str
    name: str
    arguments: str
    extra: dict[str, JSONValue] = {}

    @overload
    def parse(self) -> JSONValue: ...
    @overload
    def parse(self, type: type[T]) -> T: ...
    def parse(self, type: type[Any] | Any = Any) -> Any:
        """Decode the arguments.

        Args:
            type: What to decode them into: a `msgspec.Struct`, a dataclass, a `TypedDict`, a pydantic
                model, any type that msgspec knows; by default what JSON says, a dict as a rule.

        Returns:
            The arguments. Blank ones, which models write for a tool without parameters, count as `{}`.

        Raises:
            ToolArgumentsError: They are not JSON, or do not fit the type; it says where.
            TypeError: msgspec cannot decode into `type` at all.

        >>> ToolCall(id="c1", name="add", arguments='{"a": 1, "b": 2}').parse(dict[str, int])
        {'a': 1, 'b': 2}
        """
        arguments = self.arguments if self.arguments.strip() else "{}"
        try:
            if hasattr(type, "model_validate_json"):
                return type.model_validate_json(arguments)
            return msgspec.json.decode(arguments, type=type)
        except (ValueError, RecursionError) as error:
            raise ToolArgumentsError(
                f"the arguments for {self.name!r} cannot be read: {error}: {_excerpt(self.arguments)}",
                arguments=self.arguments,
            ) from error

    def to_dict(self) -> dict[str, JSONValue]:
        """The call in OpenAI's form, ready for JSON."""
        function = {"name": self.name, "arguments": self.arguments}
        return {
            "id": self.id,
            "type": "function",
            "function": function,
            **_beside(self.extra, "id", "type", "function"),
        }


class Audio(msgspec.Struct, frozen=True, gc=False):
    """Spoken output, put together.

    Attributes:
        id: The id by which a later request can refer to it.
        data: The sound, base64, as its pieces were sent one after another.
        transcript: What is said.
        expires_at: When the id ceases to be valid, in seconds since 1970.
        extra: What else came with it.
    """

    id: str = ""
    data: str = ""
    transcript: str = ""
    expires_at: int | None = None
    extra: dict[str, JSONValue] = {}

    def to_dict(self) -> dict[str, JSONValue]:
        """The audio in OpenAI's form, ready for JSON."""
        own = {"id": self.id, "data": self.data, "transcript": self.transcript, "expires_at": self.expires_at or 0}
        return {**own, **_beside(self.extra, *own)}


class Message(msgspec.Struct, frozen=True, gc=False):
    """One answer.

    Attributes:
        role: Who speaks: `"assistant"` unless the server says otherwise.
        content: The text; `None` where none came.
        reasoning: The reasoning, whatever its spelling; `None` where none came.
        refusal: The refusal; `None` where none came.
        tool_calls: The tool calls, in the order in which they began.
        audio: Spoken output; `None` where none came.
        extra: What else came: fields that the chunk model does not name, `reasoning_details`, and the
            legacy `function_call`, each with its pieces put together.
    """

    role: str = "assistant"
    content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] = []
    audio: Audio | None = None
    extra: dict[str, JSONValue] = {}

    def to_dict(self) -> dict[str, JSONValue]:
        """The message to append to the next request's `messages`.

        It holds what a server takes back: role, content, refusal, tool calls with all that came with
        them, a reference to the audio, the legacy function call, `reasoning_details` and
        `extra_content`. Plain reasoning is left out: some servers refuse it.
        """
        said: dict[str, JSONValue] = {"role": self.role, "content": self.content}
        if self.refusal is not None:
            said["refusal"] = self.refusal
        if self.tool_calls:
            said["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        if self.audio is not None:
            said["audio"] = {"id": self.audio.id}
        said.update((name, self.extra[name]) for name in _SENT_BACK if name in self.extra)
        if len(said) == 2 and self.content is None:
            said["content"] = ""  # a message that says nothing else needs a text, if an empty one
        return said

    def _to_completion_dict(self) -> dict[str, JSONValue]:
        said: dict[str, JSONValue] = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        if self.reasoning is not None:
            said["reasoning"] = self.reasoning
        if self.tool_calls:
            said["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        if self.audio is not None:
            said["audio"] = self.audio.to_dict()
        extra = dict(self.extra)
        misfits = {
            name: extra.pop(name) for name, fits in _MESSAGE_EXTRAS.items() if name in extra and not fits(extra[name])
        }
        if self.role != "assistant":
            misfits["role"] = self.role
        return {
            **said,
            **_beside(extra, "role", "content", "refusal", "reasoning", "tool_calls", "audio", misfits=misfits),
        }


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One of the answers.

    Attributes:
        index: Which, from 0.
        message: The answer.
        finish_reason: Why it ended, the last that was sent, as it was sent; `None` where none came.
        logprobs: Log probabilities of its tokens; `None` where none came.
        extra: What else came with the choice.
    """

    index: int
    message: Message
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None
    extra: dict[str, JSONValue] = {}

    def to_dict(self) -> dict[str, JSONValue]:
        """The choice in OpenAI's form, ready for JSON."""
        said: dict[str, JSONValue] = {
            "index": self.index,
            "message": self.message._to_completion_dict(),
            "finish_reason": self.finish_reason,
            "logprobs": None if self.logprobs is None else to_json(self.logprobs),
        }
        translated = _OPENAI_FINISH_REASONS.get(self.finish_reason or "")
        if translated is not None:
            said["finish_reason"] = translated
            said["native_finish_reason"] = self.finish_reason
        return {**said, **_beside(self.extra, "index", "message", "finish_reason", "logprobs")}


class ChatCompletion(msgspec.Struct, frozen=True, gc=False):
    """All that has arrived, put together.

    Attributes:
        id: The first id that was not empty; `None` where none came.
        model: The first model name that was not empty; `None` where none came.
        created: The first time that was not 0, in seconds since 1970; `None` where none came.
        choices: The answers, sorted by their index.
        usage: The last value of each count; `None` where none came.
        extra: What else came beside the choices: the last value of each field, objects key by key.
    """

    id: str | None = None
    model: str | None = None
    created: int | None = None
    choices: list[Choice] = []
    usage: Usage | None = None
    extra: dict[str, JSONValue] = {}

    @property
    def text(self) -> str:
        """The first choice's content, `""` where there is none."""
        return (self.choices[0].message.content or "") if self.choices else ""

    def to_dict(self) -> dict[str, JSONValue]:
        """The completion as OpenAI's `chat.completion`, ready for JSON.

        A finish reason of another server is translated, with the original as `native_finish_reason`.
        What OpenAI's schema types otherwise than the server does is put under `provider_fields`. A choice
        that no finish reason reached keeps `null`, though the schema has no word for it: none is made up.
        """
        said: dict[str, JSONValue] = {
            "id": self.id or "",
            "object": "chat.completion",
            "created": self.created or 0,
            "model": self.model or "",
            "choices": [choice.to_dict() for choice in self.choices],
        }
        if self.usage is not None:
            said["usage"] = to_json(self.usage)
        extra = dict(self.extra)
        misfits = {}
        if "service_tier" in extra and extra["service_tier"] not in _SERVICE_TIERS:
            misfits["service_tier"] = extra.pop("service_tier")
        return {**said, **_beside(extra, *said, "usage", "provider_fields", misfits=misfits)}


def _beside(
    extra: Mapping[str, JSONValue], *own: str, misfits: Mapping[str, JSONValue] | None = None
) -> dict[str, JSONValue]:
    """The extras, with those that would hide a field of ours under `provider_fields`."""
    beside = {name: value for name, value in extra.items() if name not in own}
    hidden = {**{name: value for name, value in extra.items() if name in own}, **(misfits or {})}
    return {**beside, "provider_fields": hidden} if hidden else beside


def _is_annotation(value: JSONValue) -> bool:
    if not isinstance(value, dict) or value.get("type") != "url_citation":
        return False
    citation = value.get("url_citation")
    return (
        isinstance(citation, dict)
        and all(isinstance(citation.get(name), int) for name in ("start_index", "end_index"))
        and all(isinstance(citation.get(name), str) for name in ("title", "url"))
    )


def _is_function_call(value: JSONValue) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("name", "arguments"))


_MESSAGE_EXTRAS = {
    "annotations": lambda value: isinstance(value, list) and all(map(_is_annotation, value)),
    "function_call": _is_function_call,
}


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
