"""The chunk model: a `chat.completion.chunk` in OpenAI's own field names.

The fields are those of https://platform.openai.com/docs/api-reference/chat-streaming, and the spellings
of reasoning that other providers have added. What the model does not name is in `extra`, at the level
where it came. A field that was absent or null is `None`.
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
from ._shapes import in_shape

Source: TypeAlias = Mapping[str, JSONValue] | bytes | str
"""What a chunk was decoded from: a JSON object, or its text."""

SOURCE = "_source"
"""The slot that holds the source of a chunk, for a hot path that cannot afford to call `with_source`."""

SPELLING = "_spelling"
"""The slot that says where in the content reasoning was, by the index of the choice, if any was: see
`Message.reasoning_field`."""

if TYPE_CHECKING:
    Detail: TypeAlias = JSONValue
    Moderation: TypeAlias = JSONValue
else:
    # What may hold anything is narrow on the strict path: what nests is left to the tolerant one, which
    # looks how deep.
    Detail = dict[str, str | int | float | bool | None]
    Moderation = None


class ChoiceDeltaFunctionCall(Piece, frozen=True):
    """A piece of a function call: of a tool call's `function`, or the legacy `function_call`.

    Attributes:
        name: The function's name.
        arguments: A piece of its arguments, JSON once all pieces are joined.
        extra: What the model does not name.
    """

    name: str | None = None
    arguments: str | None = None


class ChoiceDeltaCustomCall(Piece, frozen=True):
    """A piece of a call of a custom tool, whose input is any text.

    Attributes:
        name: The tool's name.
        input: A piece of its input.
        extra: What the model does not name.
    """

    name: str | None = None
    input: str | None = None


class ChoiceDeltaToolCall(Piece, frozen=True):
    """A piece of a tool call.

    Attributes:
        index: Which call of the choice it belongs to, from 0. Not every server sends it.
        id: The call's id, in its first piece.
        type: `"function"`, or `"custom"`.
        function: A piece of name and arguments.
        custom: A piece of name and input, of a custom tool.
        extra: What the model does not name.
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
        data: A piece of the sound, base64.
        transcript: A piece of what is said.
        expires_at: When the id ceases to be valid, in seconds since 1970.
        extra: What the model does not name.
    """

    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None


class ChoiceDelta(Piece, frozen=True):
    """What one chunk adds to the message of one choice.

    Attributes:
        role: Who speaks, in the first chunk.
        content: A piece of the text.
        refusal: A piece of the refusal.
        tool_calls: Pieces of tool calls.
        function_call: A piece of the legacy function call.
        audio: A piece of spoken output.
        reasoning_content: A piece of the reasoning, as DeepSeek and many others spell it.
        reasoning: The same, as OpenRouter, Groq and others spell it; some servers send both.
        reasoning_text: The same, as Copilot spells it.
        reasoning_details: The reasoning in structured pieces (OpenRouter), kept as they came.
        thinking_blocks: The same, as LiteLLM has it, with signatures.
        extra: What the model does not name.
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
    """One of the answers that the chunk adds to.

    Attributes:
        index: Which answer, from 0.
        delta: What is added.
        finish_reason: Why it ended, in its last chunk.
        logprobs: Log probabilities of this piece.
        message: The whole message so far, from servers that repeat it, or send it in place of a delta.
        extra: What the model does not name.
    """

    index: Annotated[int, msgspec.Meta(ge=0)]
    delta: ChoiceDelta = msgspec.field(default_factory=ChoiceDelta)
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None
    message: ChoiceDelta | None = None

    # What servers say beside a delta in these, chunks have in their own fields: in `extra`, they mean nothing.
    speaking: ClassVar[frozenset[str]] = frozenset({"usage", "text"})


class _Received:
    """Keeps what a chunk was decoded from, and how it was spelled. A slot is no field: it is neither encoded nor
    compared."""

    __slots__ = (SOURCE, SPELLING)


class ChatCompletionChunk(_Received, Model, frozen=True):
    """One chunk of a streamed chat completion.

    Make one by hand with keywords, or with `from_dict`; compare two by what they say, whatever their
    spelling on the wire was.

    Attributes:
        id: The completion's id, the same in each chunk of most servers.
        object: `"chat.completion.chunk"`, or what the server calls it.
        created: When the completion was begun, in seconds since 1970.
        model: The model that answers.
        choices: What is added to which answer; empty in a chunk that only carries usage.
        usage: Token counts, in the last chunk or in each, as the provider does it.
        service_tier: The tier that served the request.
        system_fingerprint: The provider's name for the backend's configuration.
        moderation: Moderation results, where they were asked for.
        obfuscation: Random padding against traffic analysis.
        extra: What the model does not name.

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
        """Read a chunk from a JSON object, whatever its values are.

        It is read as a server's is, quirks and all: what `raw` gives says what the chunk says, where that depends on no
        chunk before it.

        Args:
            value: The object, in OpenAI's field names. Fields that the model does not name, and values
                that do not fit their field, are kept in `extra`. A choice without an index gets its position. The
                chunk shares nothing with it.

        Raises:
            TypeError: `value` is not a mapping.
        """
        if not isinstance(value, Mapping):
            raise TypeError(f"a chunk is read from a dict, not from {type(value).__name__}: decode its JSON first")
        received = dict(value)
        return with_source(read_struct(cls, in_shape(copied(received)), ignore), copied(received))

    @property
    def raw(self) -> dict[str, JSONValue]:
        """The JSON object as it was received; for a chunk made by hand, the object that says the same.

        It is yours: each call makes a new one.
        """
        source: Source | None = getattr(self, SOURCE, None)
        if source is None:
            return self.to_dict()
        if isinstance(source, bytes):
            source = source.decode()
        value: dict[str, JSONValue] = loads(source)[0] if isinstance(source, str) else copied(dict(source))
        return value

    def encode(self) -> bytes:
        r"""The server-sent event that says this chunk, for whoever passes chunks on.

        It says what `to_dict` does; what was received, to the letter, is `raw`.

        Raises:
            ValueError: JSON has no word for something in it, such as NaN, or nests too deep to be decoded again.

        >>> ChatCompletionChunk(choices=[ChunkChoice(index=0, delta=ChoiceDelta(content="Hi"))]).encode()
        b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
        """
        return ServerSentEvent(encode_json(self.to_dict()).decode()).encode()

    def __copy__(self) -> ChatCompletionChunk:
        return _made_again(type(self), _fields_of(self), getattr(self, SOURCE, None))

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (type(self), _fields_of(self), getattr(self, SOURCE, None))


def with_source(chunk: ChatCompletionChunk, source: Source | None) -> ChatCompletionChunk:
    """The same chunk, which remembers what it was decoded from; for whoever has just made it.

    Args:
        chunk: The chunk.
        source: Its JSON object, of which nobody else has a part, or the text of that; `None` for a chunk that was not
            received.
    """
    force_setattr(chunk, SOURCE, source)
    return chunk


def _fields_of(chunk: ChatCompletionChunk) -> dict[str, Any]:
    return {name: getattr(chunk, name) for name in chunk.__struct_fields__}


def _made_again(cls: type[ChatCompletionChunk], fields: dict[str, Any], source: Source | None) -> ChatCompletionChunk:
    return with_source(cls(**fields), source)
