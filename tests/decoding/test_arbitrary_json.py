"""Arbitrary JSON in any place raises only the library's own errors, and loses nothing."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import openai.types.chat
import pydantic
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sse_stream import (
    ChatAccumulator,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ServerSentEvent,
    SSEStreamError,
    StreamDone,
    TextDelta,
)
from sse_stream._json._depth import MAX_DEPTH
from sse_stream._json._lenient import loads
from sse_stream._json._reading import ignore, read_struct
from sse_stream.dialects import Dialect, OpenAIChat
from sse_stream.dialects._quirks import normalized

BEFORE = b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"before "}}]}\n\n'
AFTER = b'data: {"choices":[{"index":0,"delta":{"content":"after"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

WHOLE: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "service_tier": "default",
    "system_fingerprint": "fp",
    "moderation": {"input": {"type": "error", "code": "c", "message": "m"}},
    "obfuscation": "xx",
    "error": None,
    "provider": "P",
    "x_groq": {"id": "r", "usage": {"prompt_tokens": 1}},
    "choices": [
        {
            "index": 0,
            "delta": {
                "role": "assistant",
                "content": "Hi",
                "refusal": "no",
                "reasoning_content": "hm",
                "reasoning": "hm",
                "reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}],
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "add", "arguments": "{}", "strict": True},
                        "extra_content": {"a": "b"},
                    }
                ],
                "function_call": {"name": "add", "arguments": "{}"},
                "audio": {"id": "a1", "data": "QUJD", "transcript": "Hi", "expires_at": 9},
                "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
            },
            "message": {"content": "Hi", "mood": "glad"},
            "text": "Hi",
            "finish_reason": "stop",
            "logprobs": {
                "content": [
                    {
                        "token": "Hi",
                        "logprob": -0.5,
                        "bytes": [72, 105],
                        "top_logprobs": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105]}],
                    }
                ],
                "refusal": None,
            },
            "content_filter_results": {"hate": {"filtered": False}},
        }
    ],
    "usage": {
        "prompt_tokens": 5,
        "completion_tokens": 1,
        "total_tokens": 6,
        "prompt_tokens_details": {"cached_tokens": 3, "odd": 1},
        "completion_tokens_details": {"reasoning_tokens": 1},
        "cost": 0.5,
    },
}

Path = tuple[str | int, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, its root included."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from places(item, (*path, name))


def replaced(path: Path, value: Any) -> Any:
    if not path:
        return value
    whole = copy.deepcopy(WHOLE)
    parent: Any = whole
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return whole


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    10**30,
    -(10**30),
    10**400,
    float("nan"),
    float("inf"),
    "",
    "0",
    "1e999",
    "stop",
    "error",
    "\ud83d",
    "a\0b",
    [],
    [None],
    [[]],
    ["a"],
    [{}, 1],
    {},
    {"": ""},
    {"index": 0},
    {"index": "a", "text": ["b"]},
    {"extra": {"extra": 1}},
    {"error": "e"},
    {"type": "text", "text": "t"},
    {"provider_fields": 1, "role": 2, "content": 3, "id": 4},
]
NAMES = st.sampled_from(sorted({str(step) for path in places(WHOLE) for step in path} | {"extra", "_source", "type"}))
SCALARS = (
    st.sampled_from([value for value in ODD if not isinstance(value, (list, dict))])
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def data(value: Any) -> bytes:
    """A value as one event. Half surrogates are written as escapes, NaN and Infinity as Python writes them."""
    return b"data: " + json.dumps(value).encode("ascii") + b"\n\n"


def survive(body: bytes, dialect: Dialect | None = None) -> tuple[ChatDecoder, list[ChatEvent]]:
    decoder = ChatDecoder(dialect=dialect)
    events: list[ChatEvent] = []
    try:
        events.extend(decoder.feed(body))
        events.extend(decoder.close())
    except SSEStreamError as error:
        assert error.completion == decoder.completion or "nan" in repr(decoder.completion)
        assert str(error)
    assert decoder.ending not in ("open", "closed")
    for event in events:
        assert repr(event)
        msgspec.json.decode(msgspec.json.encode(event))
    completion = decoder.completion
    assert repr(completion)
    json.loads(json.dumps(completion.to_dict()))
    for choice in completion.choices:
        json.loads(json.dumps(choice.message.to_dict()))
    if decoder.ending == "complete":
        assert isinstance(events[-1], StreamDone)
    return decoder, events


def said_by(events: list[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta) and event.choice == 0)


@pytest.mark.parametrize("path", list(places(WHOLE)), ids=str)
def test_odd_values_in_every_place(path: Path) -> None:
    for value in ODD:
        decoder, events = survive(BEFORE + data(replaced(path, value)) + AFTER)
        assert said_by(events).startswith("before ")
        assert decoder.completion.text == said_by(events)
        if decoder.ending == "complete":
            assert said_by(events).endswith("after")


@given(st.sampled_from(list(places(WHOLE))), ANYTHING)
def test_any_json_in_any_place(path: Path, value: Any) -> None:
    decoder, events = survive(BEFORE + data(replaced(path, value)) + AFTER)
    assert said_by(events).startswith("before ")
    assert decoder.completion.text == said_by(events)


@given(st.lists(ANYTHING, max_size=3))
def test_any_json_as_data(values: list[Any]) -> None:
    _, events = survive(BEFORE + b"".join(map(data, values)) + AFTER)
    assert said_by(events).startswith("before ")


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=4))
def test_any_text_as_data(texts: list[str]) -> None:
    _, events = survive(BEFORE + b"".join(b"data: %b\n\n" % text.encode() for text in texts) + AFTER)
    assert said_by(events).startswith("before ")


@given(st.binary(max_size=60))
def test_any_bytes(noise: bytes) -> None:
    _, events = survive(BEFORE + noise + AFTER)
    assert said_by(events).startswith("before ")


@given(st.sampled_from(list(places(WHOLE))), ANYTHING)
def test_a_complete_answer_is_valid_in_openais_own_model(path: Path, value: Any) -> None:
    decoder, _ = survive(BEFORE + data(replaced(path, value)) + AFTER)
    assert_valid(decoder)


@pytest.mark.parametrize("path", list(places(WHOLE)), ids=str)
def test_odd_values_leave_a_complete_answer_valid(path: Path) -> None:
    for value in ODD:
        decoder, _ = survive(BEFORE + data(replaced(path, value)) + AFTER)
        assert_valid(decoder)


def assert_valid(decoder: ChatDecoder) -> None:
    """But for finish reasons that the schema does not know, or that never came."""
    if decoder.ending != "complete":
        return
    try:
        openai.types.chat.ChatCompletion.model_validate(decoder.completion.to_dict())
    except pydantic.ValidationError as error:
        faults = [fault for fault in error.errors() if fault["loc"][-1] != "finish_reason"]
        assert not faults, faults


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize("depth", [MAX_DEPTH - 20, MAX_DEPTH + 1, 600, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize(
    "chunk",
    [
        b'{"choices":[{"index":0,"delta":{"odd":%b}}]}',
        b'{"choices":[{"index":0,"delta":{"content":%b}}]}',
        b'{"choices":[{"index":0,"delta":{"reasoning_details":[%b]}}]}',
        b'{"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"name":"f","arguments":%b}}]}}]}',
        b'{"choices":[],"moderation":%b}',
        b'{"choices":[],"usage":{"odd":%b}}',
        b'{"error":%b}',
        b"%b",
    ],
)
def test_deep_nesting(chunk: bytes, opening: str, closing: str, depth: int) -> None:
    body = BEFORE + b"data: " + chunk % nested(depth, opening, closing).encode() + b"\n\n" + AFTER
    decoder, events = survive(body)
    assert said_by(events).startswith("before ")
    assert (decoder.ending == "invalid") == (depth > MAX_DEPTH or (chunk == b"%b" and opening == "["))


@pytest.mark.parametrize("number", [b"1" * 4000, b"1" * 100_000, b"-" + b"9" * 4000, b"1e400", b"1" * 20 + b".5"])
@pytest.mark.parametrize("name", [b"created", b"model", b"odd", b"service_tier", b"id"])
def test_long_numbers(name: bytes, number: bytes) -> None:
    _, events = survive(BEFORE + b'data: {"choices":[],"%b":%b}\n\n' % (name, number) + AFTER)
    assert said_by(events).startswith("before ")


def fits(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=ChatCompletionChunk)
    except (ValueError, RecursionError):
        return False
    return True


@given(st.sampled_from(list(places(WHOLE))), ANYTHING)
@example(("choices", 0, "logprobs", "content", 0, "logprob"), 3)
@example(("created",), 10**30)
def test_the_strict_and_the_tolerant_path_agree(path: Path, value: Any) -> None:
    """What fits the model is read alike by both, and as a chunk that a program makes."""
    plain = replaced(path, value)
    if not isinstance(plain, dict):
        return
    plain = known(plain)
    text = json.dumps(plain)
    if not fits(text):
        return
    (strict,) = OpenAIChat().decode(ServerSentEvent(text))
    received, _ = loads(text)
    tolerant = read_struct(ChatCompletionChunk, normalized(received, ignore), ignore)
    assert strict == tolerant == ChatCompletionChunk.from_dict(received)
    assert isinstance(strict, ChatCompletionChunk)
    assert strict.raw == received
    assert ChatAccumulator().add(strict) == ChatAccumulator().add(tolerant)


def known(value: dict[str, Any]) -> dict[str, Any]:
    """The chunk without what the strict path leaves to the tolerant one: what its model does not name, and moderation."""
    fields = set(ChatCompletionChunk.__struct_fields__) - {"moderation"}
    kept = {name: item for name, item in value.items() if name in fields}
    choices = kept.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        choice = {
            name: choices[0][name] for name in ("index", "delta", "finish_reason", "logprobs") if name in choices[0]
        }
        if isinstance(delta := choice.get("delta"), dict):
            delta.pop("annotations", None)
            for call in delta.get("tool_calls") or () if isinstance(delta.get("tool_calls"), list) else ():
                if isinstance(call, dict):
                    call.pop("extra_content", None)
                    if isinstance(call.get("function"), dict):
                        call["function"].pop("strict", None)
        kept["choices"] = [choice, *choices[1:]]
    if isinstance(usage := kept.get("usage"), dict):
        usage.pop("cost", None)
        if isinstance(details := usage.get("prompt_tokens_details"), dict):
            details.pop("odd", None)
    return kept


def test_the_whole_chunk_without_its_extras_takes_the_strict_path() -> None:
    """Without which the agreement above would compare nothing."""
    assert fits(json.dumps(known(copy.deepcopy(WHOLE))))
    assert sys.getrecursionlimit() >= 4 * MAX_DEPTH
