"""One answer, put together."""

from __future__ import annotations

import msgspec
from msgspec.structs import force_setattr

from .._json._copying import copied
from .._json._depth import JSONValue
from ._parts import Part, ReasoningPart, RefusalPart, TextPart, ToolCallPart
from ._schema import MESSAGE_TYPES, completed
from ._tool_call import ToolCall
from ._turns import content_of, register_turn, turn_of

# Fields outside the message model that a server wants to see again with the next request; the second line is reasoning.
_SENT_BACK = ("function_call", "extra_content")
_BLOCKS = ("reasoning_details", "thinking_blocks")

OPENAI_CHAT = "openai_chat"
"""The name of the dialect that needs no other: OpenAI's chat completions."""


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


class Message(msgspec.Struct, frozen=True, gc=False):  # noqa: PLW1641  # it holds lists, as always
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
        parts: All of it in order, each part with the provider's own object where it has one; where none are
            given, what the other fields say. `content`, `reasoning` and `refusal` are the text of their parts joined,
            `tool_calls` are the calls of theirs.
        dialect: The name of the dialect that it came in.
        reasoning_field: The field in which the reasoning came: `"reasoning_content"`, `"reasoning"`,
            `"reasoning_text"`; `"content"` if it was a part of the content, as Mistral has it; `"think_tags"` if it
            stood in the content between tags; `""` if it came in none, or only in the pieces of `reasoning_details` or `thinking_blocks`. How it was spelled is not
            what the message says: two that differ in nothing else are equal.
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
        """The message to append to the next request's `messages`, for any server with OpenAI's chat completions.

        It holds what a server takes back: role, content, refusal, tool calls with all that came with
        them, a reference to the audio, the legacy function call and `extra_content`; and the reasoning, in the
        field in which it came, if the message calls tools: DeepSeek, Kimi and Z.AI want to see again what led to a
        call, and answer 400 without it. Without calls plain reasoning is left out, which no server needs. Reasoning
        in structured pieces, `reasoning_details` and `thinking_blocks`, goes back whole, signatures and all.
        Signatures that other formats have are left out: see `to_native`.

        Args:
            reasoning: Whether to send the reasoning back; by default, whole pieces always, and plain reasoning if
                the message calls tools.
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
            said["content"] = ""  # a message that says nothing else needs a text, if an empty one
        return said

    def _add_reasoning(self, said: dict[str, JSONValue]) -> None:
        """Put the reasoning where it came from."""
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
        """What the endpoint takes back that this message came from, signatures and all, ready for JSON.

        For chat completions that is `to_dict`.

        Raises:
            ValueError: The module that defines the message's dialect has not been imported.
        """
        return turn_of(self.dialect)(self)


def _parts_of(message: Message) -> list[Part]:
    """The parts of a message that was made of their joins, in the order in which models make them."""
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
    """A message as it stands in OpenAI's `chat.completion`, with its reasoning and all that came beside."""
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
