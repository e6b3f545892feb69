"""What a stream adds up to: one completion, as far as it has come."""

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
    """All that has arrived, put together.

    Attributes:
        id: The first id that was not empty; `None` where none came.
        model: The first model name that was not empty; `None` where none came.
        created: The first time that was not 0, in seconds since 1970; `None` where none came.
        choices: The answers, sorted by their index.
        usage: The last value of each count; `None` where none came.
        extra: What else came beside the choices: the last value of each field, objects key by key.
        dialect: The name of the dialect that it came in.
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
        """The first choice's content, `""` where there is none."""
        return self.message.content or ""

    @property
    def message(self) -> Message:
        """The first choice's message, an empty one where there is none."""
        return self.choices[0].message if self.choices else Message(dialect=self.dialect)

    @property
    def finish_reason(self) -> str | None:
        """Why the first choice ended; `None` where no reason came."""
        return self.choices[0].finish_reason if self.choices else None

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The first choice's tool calls."""
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
        """Decode the first choice's content, which a model writes as JSON when it was asked for structured output.

        Args:
            type: What to decode it into: a `msgspec.Struct`, a dataclass, a `TypedDict`, a pydantic model or
                `TypeAdapter`, a union, any type that msgspec or pydantic knows; by default what JSON says.

        Raises:
            OutputParseError: It is not JSON, or does not fit the type, as where no content came or it was cut off.
            TypeError: Nothing can be decoded into `type`.

        >>> ChatCompletion(choices=[Choice(0, Message(content='{"city": "Oslo"}'))]).parse(dict[str, str])
        {'city': 'Oslo'}
        """
        return parsed(self.text, type, "the content")

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
            said["usage"] = self.usage.to_dict()
        elif self.usage is not None:
            extra = {**extra, "usage": self.usage.to_dict()}
        return completed(said, extra, COMPLETION_TYPES)


def _has_output(completion: ChatCompletion) -> bool:
    """Whether the model has generated anything: text, reasoning, a refusal, a call, audio, a part of its own kind."""
    for message in (choice.message for choice in completion.choices):
        if message.audio is not None or any(message.extra.get(name) for name in ("function_call", "images")):
            return True
        if any(getattr(part, "text", True) for part in message.parts):
            return True
    return False


set_completion(ChatCompletion, _has_output)
