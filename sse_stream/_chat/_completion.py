"""The completion: the accumulated result of a stream."""

from __future__ import annotations

from typing import Any, TypeVar, overload

import msgspec

from .._errors import set_completion
from .._json._depth import JSONValue
from ._message import OPENAI_CHAT, Message, completion_message
from ._parsing import JSONAdapter, parsed
from ._reports import ChoiceLogprobs, Usage
from ._schema import COMPLETION_TYPES, completed, logprobs_fit, logprobs_json, openai_finish_reason, usage_fits
from ._tool_call import ToolCall

T = TypeVar("T")


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One of the answers in a completion.

    Attributes:
        index: The index of the choice, from 0.
        message: The answer.
        finish_reason: Why it ended: the last finish reason, as it was sent; `None` if none came.
        logprobs: The log probabilities of its tokens; `None` if none came.
        extra: The other fields of the choice.
    """

    index: int
    message: Message
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None
    extra: dict[str, JSONValue] = {}

    def to_dict(self) -> dict[str, JSONValue]:
        """The choice in OpenAI's format, ready for JSON."""
        said: dict[str, JSONValue] = {
            "index": self.index,
            "message": completion_message(self.message),
            "finish_reason": self.finish_reason,
            "logprobs": None,
        }
        extra = dict(self.extra)
        translated = openai_finish_reason(self.finish_reason, calls=bool(self.message.tool_calls))
        if translated is not None:
            said["finish_reason"] = translated
            extra["native_finish_reason"] = self.finish_reason
        if self.logprobs is not None:
            fitting = said if logprobs_fit(self.logprobs) else extra
            fitting["logprobs"] = logprobs_json(self.logprobs)
        return completed(said, extra)


class ChatCompletion(msgspec.Struct, frozen=True, gc=False):
    """The accumulated result of a stream.

    Attributes:
        id: The first id that was not empty; `None` if none came.
        model: The first model name that was not empty; `None` if none came.
        created: The first creation time that was not 0, in seconds since 1970; `None` if none came.
        choices: The answers, sorted by index.
        usage: The last value of each count; `None` if none came.
        extra: The other fields beside the choices: the last value of each, with objects merged key by key.
        dialect: The name of the stream's dialect.
    """

    id: str | None = None
    model: str | None = None
    created: int | None = None
    choices: list[Choice] = []
    usage: Usage | None = None
    extra: dict[str, JSONValue] = {}
    dialect: str = OPENAI_CHAT

    @property
    def text(self) -> str:
        """The content of the first choice, `""` if there is none."""
        return self.message.content or ""

    @property
    def message(self) -> Message:
        """The message of the first choice; an empty one if there is none."""
        return self.choices[0].message if self.choices else Message(dialect=self.dialect)

    @property
    def finish_reason(self) -> str | None:
        """The finish reason of the first choice; `None` if none came."""
        return self.choices[0].finish_reason if self.choices else None

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls of the first choice."""
        return self.message.tool_calls

    @overload
    def parse(self) -> JSONValue: ...
    @overload
    def parse(self, type: type[T]) -> T: ...
    @overload
    def parse(self, type: JSONAdapter[T]) -> T: ...
    @overload
    def parse(self, type: object) -> JSONValue: ...
    def parse(self, type: object = Any) -> JSONValue:
        """Decode the content of the first choice, which is JSON if structured output was requested.

        Args:
            type: The type to decode it into: a `msgspec.Struct`, a dataclass, a `TypedDict`, a pydantic model or
                `TypeAdapter`, a union, or any other type that msgspec or pydantic supports; plain JSON types by
                default.

        Raises:
            OutputParseError: The content is not JSON or does not fit the type, for example because it is missing or
                truncated.
            TypeError: `type` is not supported.

        >>> ChatCompletion(choices=[Choice(0, Message(content='{"city": "Oslo"}'))]).parse(dict[str, str])
        {'city': 'Oslo'}
        """
        return parsed(self.text, type, "the content")

    def to_dict(self) -> dict[str, JSONValue]:
        """The completion as OpenAI's `chat.completion`, ready for JSON.

        Finish reasons of other providers are translated, with the original as `native_finish_reason`. Values that do
        not fit OpenAI's schema go under `provider_fields`, including usage without all three counts, and tokens without
        log probabilities. Nothing is made up: a missing finish reason stays `null`, and one without a translation is
        kept, although the schema allows neither.
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
            said["usage"] = self.usage.to_dict()
        elif self.usage is not None:
            extra = {**extra, "usage": self.usage.to_dict()}
        return completed(said, extra, COMPLETION_TYPES)


def _has_output(completion: ChatCompletion) -> bool:
    """Whether the model has generated anything: text, reasoning, a refusal, a call, audio or a provider part."""
    return any(_is_output(choice.message) for choice in completion.choices)


def _is_output(message: Message) -> bool:
    if any(getattr(part, "text", True) for part in message.parts):
        return True
    return message.audio is not None or any(message.extra.get(name) for name in ("function_call", "images"))


set_completion(ChatCompletion, _has_output)
