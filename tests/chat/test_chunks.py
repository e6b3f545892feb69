"""The chunk model: OpenAI's fields, unknown fields, and the raw data."""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import json
import pathlib
import pickle
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import (
    ChatCompletionChunk,
    ChatDecoder,
    ChoiceDelta,
    ChoiceDeltaAudio,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
    ChoiceLogprobs,
    ChunkChoice,
    ChunkDecodeError,
    CompletionTokensDetails,
    PromptTokensDetails,
    ServerSentEvent,
    SSEStreamError,
    TokenLogprob,
    TopLogprob,
    Usage,
)
from sse_stream._chat._chunks import with_source
from sse_stream._chat._model import NOTHING, refuse_extra
from sse_stream.dialects import OpenAIChat

from ..decoding.test_arbitrary_json import ANYTHING, NAMES, WHOLE, Path, places, replaced
from ..dialects.test_quirks import ROWS, Row
from ..json.test_writing import has_no_word

HI: dict[str, Any] = {"id": "c1", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}


def decoded(value: object) -> ChatCompletionChunk:
    text = msgspec.json.encode(value).decode()
    chunk = OpenAIChat().decode_plain(text) or OpenAIChat().decode(ServerSentEvent(text))[-1]
    assert isinstance(chunk, ChatCompletionChunk)
    return chunk


def containers(value: Any) -> Iterator[Any]:
    """Every dict and list in a value, also in its structs."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from containers(getattr(value, name))
    elif isinstance(value, (dict, list)) and value is not NOTHING:
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def pickled(protocol: int, chunk: ChatCompletionChunk) -> ChatCompletionChunk:
    again = pickle.loads(pickle.dumps(chunk, protocol))
    assert isinstance(again, ChatCompletionChunk)
    return again


def test_a_chunk_is_read_in_openais_names() -> None:
    chunk = decoded(HI)
    assert chunk.id == "c1"
    assert chunk.choices[0].index == 0
    assert chunk.choices[0].delta.content == "Hi"
    assert chunk.choices[0].finish_reason is None
    assert chunk.usage is None
    assert chunk.extra == {}


def test_what_the_model_does_not_name_is_kept_where_it_came() -> None:
    chunk = decoded(
        {"p": 1, "choices": [{"index": 0, "p": 2, "delta": {"p": 3, "tool_calls": [{"p": 4}]}}], "usage": {"p": 5}}
    )
    (choice,) = chunk.choices
    assert (chunk.extra, choice.extra, choice.delta.extra) == ({"p": 1}, {"p": 2}, {"p": 3})
    assert choice.delta.tool_calls == [ChoiceDeltaToolCall(extra={"p": 4})]
    assert chunk.usage == Usage(extra={"p": 5})


@pytest.mark.parametrize("value", [HI, {**HI, "odd": 1}, {"choices": [{"delta": {"extra": {"a": 1}}}]}, {}])
def test_raw_is_what_was_received(value: dict[str, Any]) -> None:
    assert decoded(value).raw == value
    assert decoded(value).raw == value
    assert ChatCompletionChunk.from_dict(value).raw == value


def test_raw_is_the_callers_own() -> None:
    """Changing it changes neither the chunk nor what comes the next time, and neither does changing what was read."""
    value: dict[str, Any] = {"odd": {"a": [1]}, "choices": [{"index": 0, "delta": {"odd": [2]}}]}
    before = copy.deepcopy(value)
    for chunk in (decoded(value), decoded({**value, "model": 5}), ChatCompletionChunk.from_dict(value)):
        said = chunk.to_dict()
        raw = chunk.raw
        shared = {id(one) for one in containers(raw)} & {id(one) for one in containers(chunk.raw)}
        shared |= {id(one) for one in containers(raw)} & {id(one) for one in containers(chunk)}
        assert not shared
        raw["odd"]["a"].append("new")
        raw["choices"].clear()
        assert chunk.to_dict() == said
        assert chunk.raw["odd"] == {"a": [1]}
        assert chunk.raw["choices"] == before["choices"]
    value["odd"]["a"].append("new")
    value["choices"].clear()
    assert chunk.to_dict() == said
    assert chunk.raw == before


def test_raw_does_not_change_with_what_the_chunk_holds() -> None:
    value: dict[str, Any] = {"odd": {"a": [1]}, "choices": [{"index": "x", "delta": {}}]}
    for chunk in (decoded(value), ChatCompletionChunk.from_dict(value)):
        chunk.choices.clear()
        chunk.extra["odd"]["a"].append("new")
        assert chunk.raw == value


def test_raw_of_loose_json_is_what_was_read_of_it() -> None:
    (*_, chunk) = OpenAIChat().decode(ServerSentEvent('\u2003{"id":"c1","odd":"a\nb","half":"\\ud83d","choices":[]} '))
    assert isinstance(chunk, ChatCompletionChunk)
    assert chunk.raw == {"id": "c1", "odd": "a\nb", "half": "\N{REPLACEMENT CHARACTER}", "choices": []}


def test_a_mapping_need_not_be_a_dict() -> None:
    chunk = ChatCompletionChunk.from_dict(MappingProxyType({"id": "c1", "odd": 1}))
    assert chunk.raw == {"id": "c1", "odd": 1}
    assert chunk.extra == {"odd": 1}


@pytest.mark.parametrize(
    "choices",
    [
        [{"delta": {"content": "Hi"}}],
        {"index": 0, "delta": {"content": "Hi"}},
        [{"index": 0, "delta": "Hi"}],
        [{"index": 0, "text": "Hi"}],
        [{"index": 0, "delta": {"content": [{"type": "text", "text": "Hi"}]}}],
    ],
)
def test_an_object_is_read_with_all_the_quirks_of_a_stream(choices: Any) -> None:
    value = {"choices": choices, "x_groq": {"usage": {"prompt_tokens": 1}}}
    chunk = ChatCompletionChunk.from_dict(value)
    assert chunk == decoded(value)
    assert (chunk.choices[0].index, chunk.choices[0].delta.content) == (0, "Hi")
    assert chunk.usage == Usage(prompt_tokens=1)
    assert chunk.raw == value


def test_the_payload_is_encoded_once() -> None:
    for value in (HI, {**HI, "odd": 1}, {**HI, "created": "1"}):
        for chunk in (decoded(value), ChatCompletionChunk.from_dict(value)):
            encoded = msgspec.json.encode(chunk)
            assert encoded.count(b"Hi") == 1
            assert b"source" not in encoded
            assert msgspec.to_builtins(chunk).keys() <= {"id", "created", "choices", "extra"}


def test_raw_of_a_chunk_made_by_hand_says_the_same() -> None:
    chunk = ChatCompletionChunk(
        id="c1",
        choices=[
            ChunkChoice(
                index=0,
                delta=ChoiceDelta(content="Hi", reasoning_details=[{"a": 1}], extra={"odd": 1}),
                finish_reason="stop",
            )
        ],
        usage=Usage(prompt_tokens=1),
    )
    assert chunk.raw == {
        "id": "c1",
        "choices": [
            {
                "index": 0,
                "delta": {"content": "Hi", "reasoning_details": [{"a": 1}], "odd": 1},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1},
    }
    assert ChatCompletionChunk.from_dict(chunk.raw) == chunk


def test_chunks_are_compared_by_what_they_say() -> None:
    assert decoded(HI) == ChatCompletionChunk.from_dict(HI) == decoded({**HI, "usage": None})
    assert decoded(HI) != decoded({**HI, "odd": 1})
    assert not decoded(HI) != decoded(HI)
    assert decoded(HI).__eq__(HI) is NotImplemented
    with pytest.raises(TypeError, match="unhashable"):
        hash(decoded(HI))


def test_a_chunk_shows_what_it_says() -> None:
    assert repr(decoded({**HI, "odd": 1})) == (
        "ChatCompletionChunk(id='c1', choices=[ChunkChoice(index=0, delta=ChoiceDelta(content='Hi'))], extra={'odd': 1})"
    )
    assert repr(TokenLogprob(token="a")) == "TokenLogprob(token='a')"


@pytest.mark.parametrize("value", ["{}", b"{}", [], None, 1])
def test_a_chunk_is_read_from_a_dict_only(value: Any) -> None:
    with pytest.raises(TypeError, match="decode the JSON first"):
        ChatCompletionChunk.from_dict(value)


CHANGES: dict[str, Callable[[Any], object]] = {
    "update": lambda extra: extra.update(a=1),
    "setdefault": lambda extra: extra.setdefault("a", 1),
    "setting an item": lambda extra: extra.__setitem__("a", 1),
    "|=": lambda extra: extra.__ior__({"a": 1}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_empty_extra_is_shared_and_cannot_be_changed(change: Callable[[Any], object]) -> None:
    extra = decoded(HI).extra
    assert extra is NOTHING
    with pytest.raises(TypeError, match="this empty `extra` is shared and cannot be changed"):
        change(extra)
    assert NOTHING == {}


CHUNKS = [
    decoded(HI),
    decoded({**HI, "odd": [1]}),
    decoded({**HI, "created": "1"}),
    ChatCompletionChunk.from_dict({**HI, "odd": [1]}),
    ChatCompletionChunk(id="c1", extra={"id": 1}),
]
COPIES: dict[str, Callable[[ChatCompletionChunk], ChatCompletionChunk]] = {
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    **{f"pickled by protocol {number}": functools.partial(pickled, number) for number in range(6)},
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_copy_of_a_chunk_says_the_same_and_has_the_same_raw(
    chunk: ChatCompletionChunk, copied: Callable[[ChatCompletionChunk], ChatCompletionChunk]
) -> None:
    copy_of_it = copied(chunk)
    assert copy_of_it == chunk
    assert copy_of_it.raw == chunk.raw
    assert repr(copy_of_it) == repr(chunk)
    assert copy_of_it is not chunk


def test_a_deep_copy_shares_nothing() -> None:
    for chunk in CHUNKS:
        copied = copy.deepcopy(chunk)
        assert {id(one) for one in containers(copied)}.isdisjoint({id(one) for one in containers(chunk)})
    assert copy.deepcopy(NOTHING) is copy.copy(NOTHING) is pickle.loads(pickle.dumps(NOTHING)) is NOTHING


def test_what_servers_send_holds_no_extra_of_ours() -> None:
    """Of what the library itself encodes, msgspec decodes it again; a decoder of what servers send is told not to."""
    encoded = msgspec.json.encode(Usage(extra={"a": 1}))
    assert msgspec.json.decode(encoded, type=Usage) == Usage(extra={"a": 1})
    with pytest.raises(
        msgspec.ValidationError, match=r"a field named extra, which is not ReadableExtra - at `\$.extra`"
    ):
        msgspec.json.decode(encoded, type=Usage, dec_hook=refuse_extra)
    with pytest.raises(msgspec.ValidationError, match=r"`\$.extra`"):
        msgspec.json.decode(b'{"extra":{"a":1}}', type=ChoiceDelta)


def test_what_is_changed_has_another_raw() -> None:
    chunk = msgspec.structs.replace(decoded({**HI, "odd": 1}), id="c2")
    assert chunk.raw == chunk.to_dict() == {**HI, "id": "c2", "odd": 1}


def test_the_source_may_be_an_object_or_its_text() -> None:
    for source in (b'{"a":1}', '{"a":1}', {"a": 1}):
        chunk = ChatCompletionChunk(id="c1")
        assert with_source(chunk, source) is chunk
        assert chunk.raw == {"a": 1}
        assert chunk == ChatCompletionChunk(id="c1")


# What a chunk says, as an object and as an event.


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (ChatCompletionChunk(), {"choices": []}),
        (decoded({**HI, "usage": None, "odd": None}), {**HI, "odd": None}),
        (decoded({"choices": [{"delta": {"content": "Hi"}}]}), HI | {"id": None}),
        (
            ChatCompletionChunk(choices=[ChunkChoice(index=0)], extra={"choices": "x", "odd": 1}),
            {"choices": [{"index": 0, "delta": {}}], "odd": 1, "provider_fields": {"choices": "x"}},
        ),
        (
            decoded({"choices": [], "model": ["m"], "usage": {"prompt_tokens": {}}}),
            {
                "choices": [],
                "usage": {"provider_fields": {"prompt_tokens": {}}},
                "provider_fields": {"model": ["m"]},
            },
        ),
        (
            decoded({"choices": [{"index": 0, "delta": {"content": [{"text": "Hi"}, {"type": "image"}]}}]}),
            {
                "choices": [
                    {
                        "index": 0,
                        "delta": {
                            "content": "Hi",
                            "reasoning_content": "",
                            "provider_fields": {"content": [{"type": "image"}]},
                        },
                    }
                ]
            },
        ),
    ],
)
def test_a_chunk_as_a_dict(chunk: ChatCompletionChunk, said: dict[str, Any]) -> None:
    said = {name: value for name, value in said.items() if value is not None or name in chunk.extra}
    assert chunk.to_dict() == said
    assert chunk.encode() == ServerSentEvent(msgspec.json.encode(said).decode()).encode()


def test_a_token_that_is_not_there_is_empty() -> None:
    assert (TokenLogprob().token, TopLogprob().token) == ("", "")
    assert ChoiceLogprobs(content=[TokenLogprob(logprob=-0.5)]).to_dict() == {
        "content": [{"token": "", "logprob": -0.5}]
    }


def test_each_struct_of_a_chunk_has_its_own_dict() -> None:
    value = {
        "index": 1,
        "delta": {"tool_calls": [{"index": 0, "function": {"name": "f", "odd": 1}}], "audio": {"id": "a"}},
        "logprobs": {"content": [{"token": "H", "bytes": [72], "top_logprobs": [{"token": "h", "odd": [2]}]}]},
    }
    (choice,) = decoded({"choices": [value]}).choices
    assert choice.to_dict() == value
    assert choice.delta.to_dict() == value["delta"]
    assert choice.logprobs is not None
    assert choice.logprobs.to_dict() == value["logprobs"]


@given(st.sampled_from(list(places(WHOLE))), ANYTHING)
def test_whatever_was_read_is_read_again_from_what_it_says(path: Path, value: Any) -> None:
    event = ServerSentEvent(json.dumps(replaced(path, value)))
    try:
        items = OpenAIChat().decode(event)
    except ChunkDecodeError:
        return
    for chunk in (item for item in items if isinstance(item, ChatCompletionChunk)):
        assert_read_again(chunk)


@given(st.dictionaries(NAMES, ANYTHING, max_size=5))
def test_whatever_dict_was_read_is_read_again_from_what_it_says(value: dict[str, Any]) -> None:
    assert_read_again(ChatCompletionChunk.from_dict(value))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_chunks_of_every_quirk_are_read_again(row: Row) -> None:
    decoder = ChatDecoder()
    with contextlib.suppress(SSEStreamError):
        for chunk in (*decoder.feed_chunks(row.body), *decoder.close_chunks()):
            assert_read_again(chunk)


def test_the_chunks_of_recordings_are_read_again(recording: pathlib.Path) -> None:
    decoder = ChatDecoder()
    with contextlib.suppress(SSEStreamError):
        for chunk in (*decoder.feed_chunks(recording.read_bytes()), *decoder.close_chunks()):
            assert_read_again(chunk)


EXTRAS = st.dictionaries(
    NAMES | st.just("provider_fields"),
    ANYTHING | st.dictionaries(NAMES | st.just("provider_fields"), ANYTHING, min_size=1, max_size=2),
    max_size=3,
)
MADE_BY_HAND = st.builds(
    ChatCompletionChunk,
    id=st.none() | st.text(max_size=3),
    created=st.none() | st.integers(),
    choices=st.lists(
        st.builds(
            ChunkChoice,
            index=st.integers(0, 3),
            delta=st.builds(
                ChoiceDelta,
                content=st.none() | st.text(max_size=3),
                tool_calls=st.none() | st.lists(st.builds(ChoiceDeltaToolCall, extra=EXTRAS), max_size=2),
                reasoning_details=st.none() | st.lists(ANYTHING, max_size=2),
                extra=EXTRAS,
            ),
            logprobs=st.none() | st.builds(ChoiceLogprobs, st.none(), st.none(), extra=EXTRAS),
            extra=EXTRAS,
        ),
        max_size=2,
    ),
    usage=st.none() | st.builds(Usage, prompt_tokens=st.none() | st.integers(), extra=EXTRAS),
    moderation=ANYTHING,
    extra=EXTRAS,
)


@given(MADE_BY_HAND)
def test_whatever_was_made_by_hand_is_read_again(chunk: ChatCompletionChunk) -> None:
    assert_read_again(chunk)


def assert_read_again(chunk: ChatCompletionChunk) -> None:
    """From what it says, as a dict and as the event of a relay."""
    said = chunk.to_dict()
    again = ChatCompletionChunk.from_dict(said)
    assert again == chunk or "nan" in repr(chunk)
    assert json.dumps(again.to_dict(), sort_keys=True) == json.dumps(said, sort_keys=True)  # 1 is not True
    assert {id(one) for one in containers(said)}.isdisjoint({id(one) for one in containers(chunk)})
    try:
        event = chunk.encode()
    except ValueError:
        assert has_no_word(said)
        return
    assert event.startswith(b"data: {")
    assert event.endswith(b"}\n\n")
    assert event.count(b"\n") == 2
    assert ChatCompletionChunk.from_dict(json.loads(event[6:])) == chunk


def test_what_json_has_no_word_for_is_not_encoded() -> None:
    for extra in ({"odd": float("nan")}, {"odd": ["\ud83d"]}, {"odd": object()}):
        with pytest.raises(ValueError):  # whatever the word is that is missing
            ChatCompletionChunk(extra=extra).encode()


def test_a_relay_passes_on_what_another_reads() -> None:
    chunk = decoded({**HI, "model": 5, "odd": {"a": [1]}, "usage": {"prompt_tokens": [1]}})
    relayed = b"".join(chunk.encode() for _ in range(2))
    assert list(ChatDecoder().feed_chunks(relayed)) == [chunk, chunk]


MODELS: list[msgspec.Struct] = [
    decoded(HI),
    ChunkChoice(index=0),
    ChoiceDelta(),
    ChoiceDeltaToolCall(),
    ChoiceDeltaFunctionCall(),
    ChoiceDeltaAudio(),
    ChoiceLogprobs(),
    TokenLogprob(token="a"),
    TopLogprob(token="a"),
    Usage(prompt_tokens=1),
    PromptTokensDetails(),
    CompletionTokensDetails(),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_no_field_can_be_set(model: msgspec.Struct) -> None:
    before = repr(model)
    for name in (*model.__struct_fields__, "_source", "news"):
        with pytest.raises(AttributeError):
            setattr(model, name, None)
    assert repr(model) == before


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_every_model_is_copied_pickled_and_said(model: Any) -> None:
    assert copy.deepcopy(model) == copy.copy(model) == pickle.loads(pickle.dumps(model)) == model
    json.dumps(model.to_dict())
    assert not gc.is_tracked(model)


@pytest.mark.parametrize("extra", [{"usage": {"total_tokens": 1}}, {"text": "a"}], ids=repr)
def test_extra_fields_of_a_choice_that_a_provider_gives_a_meaning_stay_extra(extra: dict[str, Any]) -> None:
    chunk = ChatCompletionChunk(choices=[ChunkChoice(index=0, extra=extra)])
    assert extra.items().isdisjoint(chunk.to_dict()["choices"][0].items())
    assert ChatCompletionChunk.from_dict(chunk.to_dict()) == chunk
