"""The chunk model: a `chat.completion.chunk` in OpenAI's own field names.

The fields are those of https://platform.openai.com/docs/api-reference/chat-streaming, and the spellings
of reasoning that other providers have added. What the model does not name is in `extra`, at the level
where it came. A field that was absent or null is `None`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeAlias

import msgspec

from .._json._depth import JSONValue
from .._json._reading import ignore, read_struct

if TYPE_CHECKING:
    Extra: TypeAlias = Mapping[str, JSONValue]
    Detail: TypeAlias = JSONValue
    Moderation: TypeAlias = JSONValue
    Source: TypeAlias = Mapping[str, JSONValue] | bytes | str | None
    NOTHING: Extra = {}
else:
    # Types that msgspec encodes but never decodes: a server's own field named "extra" cannot slip in here,
    # it takes the tolerant path and ends up inside `extra`, under its name.
    class Extra(dict):
        """The one empty `extra` that all structs without extras share."""

        def _refuse(self, *_: object, **__: object) -> NoReturn:
            raise TypeError("this `extra` is shared and empty: make a struct with an `extra` of its own")

        __setitem__ = __ior__ = setdefault = update = _refuse

        def __reduce__(self) -> tuple[type, tuple[dict]]:
            return Extra, (dict(self),)

    # What may hold anything is narrow on the strict path: what nests is left to the tolerant one, which
    # looks how deep.
    Detail = dict[str, str | int | float | bool | None]
    Moderation = None

    class Source:
        """What a chunk was decoded from."""

    NOTHING = Extra()


class _Part(
    msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True, repr_omit_defaults=True, kw_only=True
):
    """What all the structs here share."""

    extra: Extra = NOTHING


class TopLogprob(_Part):
    """One of the most likely tokens at a position.

    Attributes:
        token: The token as text.
        logprob: The natural logarithm of its probability.
        bytes: The token's UTF-8 bytes.
        extra: What the model does not name.
    """

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None


class TokenLogprob(_Part):
    """The chosen token at a position, with the ones that it was chosen from.

    Attributes:
        token: The token as text.
        logprob: The natural logarithm of its probability.
        bytes: The token's UTF-8 bytes.
        top_logprobs: The most likely tokens at this position.
        extra: What the model does not name.
    """

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None
    top_logprobs: list[TopLogprob] | None = None


class ChoiceLogprobs(_Part):
    """Log probabilities of a piece of a choice.

    Attributes:
        content: One item a token of the text.
        refusal: One item a token of the refusal.
        extra: What the model does not name.
    """

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


class ChoiceDeltaFunctionCall(_Part):
    """A piece of a function call: of a tool call's `function`, or the legacy `function_call`.

    Attributes:
        name: The function's name.
        arguments: A piece of its arguments, JSON once all pieces are joined.
        extra: What the model does not name.
    """

    name: str | None = None
    arguments: str | None = None


class ChoiceDeltaToolCall(_Part):
    """A piece of a tool call.

    Attributes:
        index: Which call of the choice it belongs to, from 0. Not every server sends it.
        id: The call's id, in its first piece.
        type: `"function"`.
        function: A piece of name and arguments.
        extra: What the model does not name.
    """

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: ChoiceDeltaFunctionCall | None = None


class ChoiceDeltaAudio(_Part):
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


class ChoiceDelta(_Part):
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
        reasoning_details: The reasoning in structured pieces (OpenRouter), kept as they came.
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
    reasoning_details: list[Detail] | None = None


class ChunkChoice(_Part):
    """One of the answers that the chunk adds to.

    Attributes:
        index: Which answer, from 0.
        delta: What is added.
        finish_reason: Why it ended, in its last chunk.
        logprobs: Log probabilities of this piece.
        extra: What the model does not name.
    """

    index: Annotated[int, msgspec.Meta(ge=0)]
    delta: ChoiceDelta = msgspec.field(default_factory=ChoiceDelta)
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None


class PromptTokensDetails(_Part):
    """What the prompt's tokens were.

    Attributes:
        audio_tokens: Tokens of sound.
        cache_write_tokens: Tokens that were written to the provider's cache.
        cached_tokens: Tokens that were found in the provider's cache.
        image_tokens: Tokens of pictures.
        text_tokens: Tokens of text.
        extra: What the model does not name.
    """

    audio_tokens: int | None = None
    cache_write_tokens: int | None = None
    cached_tokens: int | None = None
    image_tokens: int | None = None
    text_tokens: int | None = None


class CompletionTokensDetails(_Part):
    """What the completion's tokens were.

    Attributes:
        accepted_prediction_tokens: Predicted tokens that appeared in the completion.
        audio_tokens: Tokens of sound.
        reasoning_tokens: Tokens of reasoning.
        rejected_prediction_tokens: Predicted tokens that did not appear.
        text_tokens: Tokens of text.
        extra: What the model does not name.
    """

    accepted_prediction_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    text_tokens: int | None = None


class Usage(_Part):
    """What the request cost, in tokens, as the provider counts them.

    Attributes:
        prompt_tokens: Tokens that went in.
        completion_tokens: Tokens that came out.
        total_tokens: The provider's total; it need not be the sum.
        prompt_tokens_details: What the prompt's tokens were.
        completion_tokens_details: What the completion's tokens were.
        extra: What the model does not name: costs, times, the cache counters of some providers.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None


class ChatCompletionChunk(_Part, eq=False):
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
    choices: list[ChunkChoice] = []
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    moderation: Moderation = None
    obfuscation: str | None = None
    _source: Source = None

    @classmethod
    def from_dict(cls, value: Mapping[str, JSONValue]) -> ChatCompletionChunk:
        """Read a chunk from a JSON object, whatever its values are.

        Args:
            value: The object, in OpenAI's field names. Fields that the model does not name, and values
                that do not fit their field, are kept in `extra`. A choice without an index gets 0.

        Raises:
            TypeError: `value` is not a mapping.
        """
        if not isinstance(value, Mapping):
            raise TypeError(f"a chunk is read from a dict, not from {type(value).__name__}: decode its JSON first")
        chunk = read_struct(cls, value, ignore)
        chunk._source = value
        return chunk

    @property
    def raw(self) -> dict[str, JSONValue]:
        """The JSON object as it was received; for a chunk made by hand, the object that says the same."""
        source = self._source
        if isinstance(source, (bytes, str)):
            source = self._source = msgspec.json.decode(source)
        if source is None:
            return _object_of(self)
        return dict(source)

    def __eq__(self, other: Any) -> bool:  # noqa: PYI032  # `object` is a field here
        if not isinstance(other, ChatCompletionChunk):
            return NotImplemented
        return _fields(self) == _fields(other)

    def __ne__(self, other: Any) -> bool:  # noqa: PYI032  # as above; without it, msgspec compares identities
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # mutable, like every other struct here

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in _fields(self).items() if value not in (None, [], {}))
        return f"ChatCompletionChunk({said})"


def _fields(chunk: ChatCompletionChunk) -> dict[str, JSONValue]:
    return {name: getattr(chunk, name) for name in chunk.__struct_fields__ if name != "_source"}


def _json_of(value: JSONValue) -> JSONValue:
    """The JSON value that says what a struct of this module says: what is `None` left out, `extra` put back."""
    if isinstance(value, list):
        return [_json_of(item) for item in value]
    return _object_of(value) if isinstance(value, msgspec.Struct) else value


def _object_of(struct: msgspec.Struct) -> dict[str, JSONValue]:
    said = {
        name: _json_of(value)
        for name in struct.__struct_fields__
        if name not in ("extra", "_source") and (value := getattr(struct, name)) is not None
    }
    return {**said, **getattr(struct, "extra", NOTHING)}
