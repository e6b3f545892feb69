"""The chunk model: a `chat.completion.chunk` with OpenAI's field names.

The fields are those of https://platform.openai.com/docs/api-reference/chat-streaming, plus the reasoning fields that
other providers have added. All other fields are in `extra`, at the level where they came. A field that was absent or
null is `None`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

import msgspec
from msgspec.structs import force_setattr

from .._json._copying import copied
from .._json._depth import JSONValue
from .._json._lenient import loads
from .._json._reading import ignore, read_struct
from .._json._writing import encode_json
from .._sse._event import ServerSentEvent
from ._model import NOTHING, Extra, Model, Piece
from ._reports import ChoiceLogprobs, Usage
from ._shapes import Places, in_shape

Source: TypeAlias = Mapping[str, JSONValue] | bytes | str
"""The source of a chunk: the JSON object, or its text."""

SOURCE = "_source"
"""The name of the slot that holds the source of a chunk, for hot paths that cannot afford to call `with_source`."""

SPELLING = "_spelling"
"""The name of the slot that maps the index of a choice to the place of reasoning inside its content: see
`Message.reasoning_field`."""

if TYPE_CHECKING:
    Detail: TypeAlias = JSONValue
    Moderation: TypeAlias = JSONValue
else:
    # The strict path accepts only flat values here: nested ones take the tolerant path, which limits their depth.
    Detail = dict[str, str | int | float | bool | None]
    Moderation = None


class ChoiceDeltaFunctionCall(Piece, frozen=True):
    """A piece of a function call: of a tool call's `function`, or the legacy `function_call`.

    Attributes:
        name: The function's name.
        arguments: A piece of its arguments, JSON once all pieces are joined.
        extra: Fields that are not in the model.
    """

    name: str | None = None
    arguments: str | None = None


class ChoiceDeltaCustomCall(Piece, frozen=True):
    """A piece of a call of a custom tool, whose input is free text.

    Attributes:
        name: The tool's name.
        input: A piece of its input.
        extra: Fields that are not in the model.
    """

    name: str | None = None
    input: str | None = None


class ChoiceDeltaToolCall(Piece, frozen=True):
    """A piece of a tool call.

    Attributes:
        index: The index of the call in its choice, from 0. Not every server sends it.
        id: The call's id, in its first piece.
        type: `"function"`, or `"custom"`.
        function: A piece of the name and arguments.
        custom: A piece of the name and input of a custom tool.
        extra: Fields that are not in the model.
    """

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: ChoiceDeltaFunctionCall | None = None
    custom: ChoiceDeltaCustomCall | None = None


class ChoiceDeltaAudio(Piece, frozen=True):
    """A piece of spoken output.

    Attributes:
        id: The audio's id, in its first piece.
        data: A piece of the audio, base64.
        transcript: A piece of the transcript.
        expires_at: When the id expires, in seconds since 1970.
        extra: Fields that are not in the model.
    """

    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None


class ChoiceDelta(Piece, frozen=True):
    """What one chunk adds to the message of one choice.

    Attributes:
        role: The role of the author, in the first chunk.
        content: A piece of the text.
        refusal: A piece of the refusal.
        tool_calls: Pieces of tool calls.
        function_call: A piece of the legacy function call.
        audio: A piece of spoken output.
        reasoning_content: A piece of the reasoning, in the field that DeepSeek and many others use.
        reasoning: The same, in the field that OpenRouter, Groq and others use; some servers send both.
        reasoning_text: The same, in the field that Copilot uses.
        reasoning_details: The reasoning in structured pieces (OpenRouter), unchanged.
        thinking_blocks: The reasoning in structured pieces (LiteLLM), with signatures.
        extra: Fields that are not in the model.
    """

    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ChoiceDeltaToolCall] | None = None
    function_call: ChoiceDeltaFunctionCall | None = None
    audio: ChoiceDeltaAudio | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_text: str | None = None
    reasoning_details: list[Detail] | None = None
    thinking_blocks: list[Detail] | None = None


class ChunkChoice(Piece, frozen=True):
    """An addition to one choice.

    Attributes:
        index: The index of the choice, from 0.
        delta: The addition.
        finish_reason: Why the choice ended, in its last chunk.
        logprobs: The log probabilities of this piece.
        message: The whole message so far, if the server repeats it or sends it in place of a delta.
        extra: Fields that are not in the model.
    """

    index: Annotated[int, msgspec.Meta(ge=0)]
    delta: ChoiceDelta = msgspec.field(default_factory=ChoiceDelta)
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None
    message: ChoiceDelta | None = None

    # The tolerant path gives these fields of a choice a meaning. Inside `extra`, they are ordinary data.
    reserved: ClassVar[frozenset[str]] = frozenset({"usage", "text"})


class _Received:
    """Keeps the source of a chunk, and where its reasoning came from. Slots are not fields: they are neither encoded
    nor compared."""

    __slots__ = (SOURCE, SPELLING)


class ChatCompletionChunk(_Received, Model, frozen=True):
    """One chunk of a streamed chat completion.

    Create one with keyword arguments or with `from_dict`. Chunks are compared by their fields, not by the JSON that
    they were decoded from.

    Attributes:
        id: The id of the completion, with most servers the same in each chunk.
        object: `"chat.completion.chunk"`, or another name used by the server.
        created: When the completion was created, in seconds since 1970.
        model: The name of the model.
        choices: The additions to each choice; empty in a chunk that only carries usage.
        usage: The token counts, in the last chunk or in each, depending on the provider.
        service_tier: The tier that served the request.
        system_fingerprint: The provider's name for the backend's configuration.
        moderation: Moderation results, if they were requested.
        obfuscation: Random padding against traffic analysis.
        extra: Fields that are not in the model.

    >>> chunk = ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"content": "Hi"}}], "p": "ab"})
    >>> chunk.choices[0].delta.content, chunk.extra
    ('Hi', {'p': 'ab'})
    """

    id: str | None = None
    object: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[ChunkChoice] = msgspec.field(default_factory=list)
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    moderation: Moderation = None
    obfuscation: str | None = None
    extra: Extra = NOTHING

    @classmethod
    def from_dict(cls, value: Mapping[str, JSONValue]) -> ChatCompletionChunk:
        """Create a chunk from a JSON object, tolerating any values.

        Quirks of servers are handled as in a stream, so `from_dict(chunk.raw)` equals the chunk unless its meaning
        depends on earlier chunks.

        Args:
            value: The object, with OpenAI's field names. Unknown fields, and values that do not fit their field, are
                kept in `extra`. A choice without an index gets its position. The chunk shares nothing with the object.

        Raises:
            TypeError: `value` is not a mapping.
        """
        if not isinstance(value, Mapping):
            raise TypeError(
                f"ChatCompletionChunk.from_dict takes a dict, not {type(value).__name__}: decode the JSON first"
            )
        received = dict(value)
        shaped, places = in_shape(copied(received))
        return with_source(read_struct(cls, shaped, ignore), copied(received), places)

    @property
    def raw(self) -> dict[str, JSONValue]:
        """The JSON object as it was received, or `to_dict()` for a chunk that was not received.

        It belongs to the caller: each access creates a new one.
        """
        source: Source | None = getattr(self, SOURCE, None)
        if source is None:
            return self.to_dict()
        if isinstance(source, bytes):
            source = source.decode()
        value: dict[str, JSONValue] = loads(source)[0] if isinstance(source, str) else copied(dict(source))
        return value

    def encode(self) -> bytes:
        r"""Encode the chunk as a server-sent event, for relays.

        The data is that of `to_dict`. To relay exactly what was received, use `raw`.

        Raises:
            ValueError: JSON cannot represent a value, such as NaN, or it is nested too deeply to be decoded again.

        >>> ChatCompletionChunk(choices=[ChunkChoice(index=0, delta=ChoiceDelta(content="Hi"))]).encode()
        b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
        """
        return ServerSentEvent(encode_json(self.to_dict()).decode()).encode()

    def __copy__(self) -> ChatCompletionChunk:
        return _made_again(type(self), _fields_of(self), _slots_of(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (type(self), _fields_of(self), _slots_of(self))


def with_source(chunk: ChatCompletionChunk, source: Source | None, places: Places | None = None) -> ChatCompletionChunk:
    """Store the source of a new chunk in it, and the places of its reasoning. Returns the same chunk.

    Args:
        chunk: The chunk, which nothing else refers to yet.
        source: Its JSON object, not shared with anything else, or the JSON text; `None` for a chunk that was not
            received.
        places: Where its reasoning came from, if that is not a field of its own.
    """
    force_setattr(chunk, SOURCE, source)
    if places:
        force_setattr(chunk, SPELLING, places)
    return chunk


def with_origin(chunk: ChatCompletionChunk, origin: ChatCompletionChunk) -> ChatCompletionChunk:
    """Store in a new chunk the source of the chunk that it was made of, and the place of its reasoning.

    Returns the same chunk.
    """
    return _with_slots(chunk, _slots_of(origin))


def _with_slots(chunk: ChatCompletionChunk, slots: Mapping[str, Any]) -> ChatCompletionChunk:
    for name, value in slots.items():
        force_setattr(chunk, name, value)
    return chunk


def _slots_of(chunk: ChatCompletionChunk) -> dict[str, Any]:
    return {name: getattr(chunk, name) for name in _Received.__slots__ if hasattr(chunk, name)}


def _fields_of(chunk: ChatCompletionChunk) -> dict[str, Any]:
    return {name: getattr(chunk, name) for name in chunk.__struct_fields__}


def _made_again(cls: type[ChatCompletionChunk], fields: dict[str, Any], slots: dict[str, Any]) -> ChatCompletionChunk:
    return _with_slots(cls(**fields), slots)
