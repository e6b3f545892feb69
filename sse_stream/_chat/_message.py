"""The message: one answer, accumulated from its pieces."""

from __future__ import annotations

import msgspec
from msgspec.structs import force_setattr

from .._json._copying import copied
from .._json._depth import JSONValue
from ._parts import Part, ReasoningPart, RefusalPart, TextPart, ToolCallPart
from ._schema import MESSAGE_TYPES, completed
from ._tool_call import ToolCall
from ._turns import content_of, register_turn, turn_of

# Fields outside the model that servers expect back in the next request. `_BLOCKS` hold reasoning.
_SENT_BACK = ("function_call", "extra_content")
_BLOCKS = ("reasoning_details", "thinking_blocks")

OPENAI_CHAT = "openai_chat"
"""The name of the default dialect, OpenAI's chat completions."""


class Audio(msgspec.Struct, frozen=True, gc=False):
    """Spoken output, accumulated.

    Attributes:
        id: The id by which a later request can refer to it.
        data: The audio in base64, its pieces concatenated as they were sent.
        transcript: The transcript.
        expires_at: When the id expires, in seconds since 1970.
        extra: Other fields of the audio.
    """

    id: str = ""
    data: str = ""
    transcript: str = ""
    expires_at: int | None = None
    extra: dict[str, JSONValue] = {}

    def to_dict(self) -> dict[str, JSONValue]:
        """The audio in OpenAI's format, ready for JSON."""
        own = {"id": self.id, "data": self.data, "transcript": self.transcript, "expires_at": self.expires_at or 0}
        return completed(own, self.extra)


class Message(msgspec.Struct, frozen=True, gc=False):  # noqa: PLW1641  # unhashable anyway, because it has lists
    """The message of one choice.

    Attributes:
        role: The role of the author: `"assistant"` unless the server says otherwise.
        content: The text; `None` if none came.
        reasoning: The reasoning, whichever field carried it; `None` if none came.
        refusal: The refusal; `None` if none came.
        tool_calls: The tool calls, in the order in which they started.
        audio: Spoken output; `None` if none came.
        extra: Other fields, with their pieces joined: `reasoning_details`, `thinking_blocks`, the legacy
            `function_call`, and fields that are not in the chunk model.
        parts: The content of the message in order, each part with the provider's own object if there is one. `content`,
            `reasoning` and `refusal` are the joined text of their parts, and `tool_calls` are the calls in theirs. If
            omitted, parts are created from the other fields.
        dialect: The name of the stream's dialect.
        reasoning_field: The field that carried the reasoning: `"reasoning_content"`, `"reasoning"` or
            `"reasoning_text"`; `"content"` if it was a part of the content, as with Mistral; `"think_tags"` if it was
            between tags in the content; `""` if there was none, or only in `reasoning_details` or `thinking_blocks`. It
            is ignored when messages are compared.
    """

    role: str = "assistant"
    content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] = []
    audio: Audio | None = None
    extra: dict[str, JSONValue] = {}
    parts: list[Part] = []
    dialect: str = OPENAI_CHAT
    reasoning_field: str = ""

    def __post_init__(self) -> None:
        if not self.parts:
            force_setattr(self, "parts", _parts_of(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        compared = (name for name in self.__struct_fields__ if name != "reasoning_field")
        return all(getattr(self, name) == getattr(other, name) for name in compared)

    def to_dict(self, *, reasoning: bool | None = None) -> dict[str, JSONValue]:
        """The message to append to the `messages` of the next request to a server with OpenAI's chat completions.

        It has the fields that servers accept: role, content, refusal, tool calls with their extra fields, a reference
        to the audio, the legacy function call, and `extra_content`. If the message calls tools, it also has the
        reasoning, in the field that carried it, because DeepSeek, Kimi and Z.AI answer 400 without it. Otherwise plain
        reasoning is omitted, since no server needs it. Structured reasoning, `reasoning_details` and `thinking_blocks`,
        is always included with its signatures. Signatures of other formats are not included: use `to_native`.

        Args:
            reasoning: Whether to include the reasoning. By default, structured reasoning is always included, and plain
                reasoning only if the message calls tools.
        """
        said: dict[str, JSONValue] = {"role": self.role, "content": self.content}
        if self.refusal is not None:
            said["refusal"] = self.refusal
        if self.tool_calls:
            said["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        if self.audio is not None:
            said["audio"] = {"id": self.audio.id}
        said.update((name, copied(self.extra[name])) for name in _SENT_BACK if name in self.extra)
        if reasoning is not False:
            said.update((name, copied(self.extra[name])) for name in _BLOCKS if name in self.extra)
        if reasoning or (reasoning is None and (self.tool_calls or "function_call" in said)):
            self._add_reasoning(said)
        if len(said) == 2 and said["content"] is None:
            said["content"] = ""  # a message without any other field needs text, even if empty
        return said

    def _add_reasoning(self, said: dict[str, JSONValue]) -> None:
        """Put the reasoning into the field that carried it."""
        if self.reasoning is None or (not self.reasoning_field and not said.keys().isdisjoint(_BLOCKS)):
            return
        field = self.reasoning_field or "reasoning_content"
        content = content_of(field)
        if content is not None:
            said["content"] = content(self)
        else:
            structured = self.extra.get(field)
            said[field] = copied(structured) if isinstance(structured, (dict, list)) else self.reasoning

    def to_native(self) -> JSONValue:
        """The message as its own endpoint accepts it in the next request, with signatures, ready for JSON.

        For chat completions, this is `to_dict`.

        Raises:
            ValueError: The module that defines the message's dialect has not been imported.
        """
        return turn_of(self.dialect)(self)


def _parts_of(message: Message) -> list[Part]:
    """Create the parts of a message from its other fields, in the usual order."""
    parts: list[Part] = []
    if message.reasoning is not None:
        parts.append(ReasoningPart(message.reasoning))
    if message.content is not None:
        annotations = message.extra.get("annotations")
        parts.append(TextPart(message.content, copied(annotations) if isinstance(annotations, list) else []))
    if message.refusal is not None:
        parts.append(RefusalPart(message.refusal))
    return [*parts, *map(ToolCallPart, message.tool_calls)]


def completion_message(message: Message) -> dict[str, JSONValue]:
    """Return a message as it appears in OpenAI's `chat.completion`, with reasoning and extra fields."""
    said: dict[str, JSONValue] = {"role": "assistant", "content": message.content, "refusal": message.refusal}
    if message.reasoning is not None:
        said["reasoning"] = message.reasoning
    if message.tool_calls:
        said["tool_calls"] = [call.to_dict() for call in message.tool_calls]
    if message.audio is not None:
        said["audio"] = message.audio.to_dict()
    extra = message.extra if message.role == "assistant" else {**message.extra, "role": message.role}
    annotations = [note for part in message.parts if isinstance(part, TextPart) for note in part.annotations]
    if annotations and "annotations" not in extra:
        extra = {**extra, "annotations": annotations}
    return completed(said, extra, MESSAGE_TYPES)


register_turn(OPENAI_CHAT, Message.to_dict)
