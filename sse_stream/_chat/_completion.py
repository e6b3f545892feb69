"""What a stream adds up to: one completion, as far as it has come."""

from __future__ import annotations

from typing import Any, TypeVar, overload

import msgspec

from .._errors import ToolArgumentsError
from .._json._depth import JSONValue, decode_json
from ._chunks import ChoiceLogprobs, Usage
from ._schema import (
    COMPLETION_TYPES,
    MESSAGE_TYPES,
    OPENAI_FINISH_REASONS,
    completed,
    logprobs_fit,
    schema_json,
    usage_fits,
)

T = TypeVar("T")

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
            return decode_json(arguments, type)
        except (ValueError, RecursionError) as error:
            raise ToolArgumentsError(
                f"the arguments for {self.name!r} cannot be read: {error}: {_excerpt(self.arguments)}",
                arguments=self.arguments,
            ) from error

    def to_dict(self) -> dict[str, JSONValue]:
        """The call in OpenAI's form, ready for JSON."""
        function = {"name": self.name, "arguments": self.arguments}
        return completed({"id": self.id, "type": "function", "function": function}, self.extra)


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
        return completed(own, self.extra)


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
        extra = self.extra if self.role == "assistant" else {**self.extra, "role": self.role}
        return completed(said, extra, MESSAGE_TYPES)


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
            "logprobs": None,
        }
        extra = dict(self.extra)
        translated = OPENAI_FINISH_REASONS.get(self.finish_reason or "")
        if translated is not None:
            said["finish_reason"] = translated
            extra["native_finish_reason"] = self.finish_reason
        if self.logprobs is not None:
            fitting = said if logprobs_fit(self.logprobs) else extra
            fitting["logprobs"] = schema_json(self.logprobs)
        return completed(said, extra)


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
        What OpenAI's schema types otherwise than the server does is put under `provider_fields`, and so are
        usage without all three counts and tokens without their probabilities. A choice that no finish reason
        reached keeps `null`, and a reason that has no translation stays as it is, though the schema knows
        neither: none is made up.
        """
        said: dict[str, JSONValue] = {
            "id": self.id or "",
            "object": "chat.completion",
            "created": self.created or 0,
            "model": self.model or "",
            "choices": [choice.to_dict() for choice in self.choices],
        }
        extra = self.extra
        if self.usage is not None and usage_fits(self.usage):
            said["usage"] = schema_json(self.usage)
        elif self.usage is not None:
            extra = {**extra, "usage": schema_json(self.usage)}
        return completed(said, extra, COMPLETION_TYPES)


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:200] + "…")
