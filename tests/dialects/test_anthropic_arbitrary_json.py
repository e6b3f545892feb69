"""Arbitrary JSON in Anthropic's events raises only the library's own errors."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import ChatDecoder, SSEStreamError
from sse_stream.dialects import AnthropicMessages
from sse_stream.dialects._formats import format_of
from sse_stream.testing import ChatRecording, anthropic_streams, bytewise, chunkings, mutations
from tests.decoding.test_arbitrary_json import ANYTHING, ODD, Path, data, places, survive
from tests.dialects.recordings import read, same

STREAM: list[Any] = [
    {
        "type": "message_start",
        "message": {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "claude",
            "content": [{"type": "tool_use", "id": "t0", "name": "f", "input": {"a": 1}}],
            "stop_reason": None,
            "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "", "citations": []}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"cited_text": "a"}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    },
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "[1]"}},
    {"type": "content_block_stop", "index": 2},
    {"type": "content_block_start", "index": 3, "content_block": {"type": "compaction", "content": None}},
    {"type": "content_block_delta", "index": 3, "delta": {"type": "compaction_delta", "content": "c"}},
    {"type": "content_block_stop", "index": 3},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None, "container": {"id": "c"}},
        "usage": {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 2}},
        "context_management": {"applied_edits": []},
    },
    {"type": "message_stop"},
]


def replaced(path: Path, value: Any) -> Any:
    if not path:
        return value
    whole = copy.deepcopy(STREAM)
    parent: Any = whole
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return whole


PLACES = [path for path in places(STREAM) if path]


def framed(events: list[Any]) -> bytes:
    return b"".join(map(data, events))


def check(body: bytes) -> ChatDecoder:
    decoder, _ = survive(body, AnthropicMessages())
    native = decoder.completion.message.to_native()
    if decoder.completion.choices:
        assert isinstance(native["content"], list)
        assert all(isinstance(block, dict) for block in native["content"])
    json.dumps(native)
    return decoder


def test_the_stream_itself_is_complete() -> None:
    decoder = check(framed(STREAM))
    assert (decoder.ending, decoder.anomalies) == ("complete", ())


@pytest.mark.parametrize("path", PLACES, ids=str)
def test_odd_values_in_every_place(path: Path) -> None:
    for value in ODD:
        check(framed(replaced(path, value)))


@given(st.sampled_from(PLACES), ANYTHING)
def test_any_json_in_any_place(path: Path, value: Any) -> None:
    body = framed(replaced(path, value))
    check(body)
    whole = read([body], AnthropicMessages())
    if whole.completion == whole.completion:  # which it is not with NaN in it
        assert same(read(bytewise(body), AnthropicMessages()), whole)


@given(st.lists(ANYTHING, max_size=3), st.integers(0, len(STREAM)))
def test_any_json_as_an_event(values: list[Any], place: int) -> None:
    check(framed([*STREAM[:place], *values, *STREAM[place:]]))


@given(st.permutations(STREAM))
def test_any_order(events: list[Any]) -> None:
    check(framed(events))


@given(st.data(), anthropic_streams())
def test_a_damaged_stream(data: st.DataObject, stream: ChatRecording) -> None:
    decoder = ChatDecoder()
    try:
        for piece in data.draw(mutations(stream.body).flatmap(chunkings)):
            list(decoder.feed(piece))
        list(decoder.close())
    except SSEStreamError as error:
        assert error.completion == decoder.completion


@given(ANYTHING, st.text(max_size=12))
def test_any_json_is_of_some_format_or_none(value: Any, event: str) -> None:
    assert format_of(value, event) is None or isinstance(format_of(value, event), str)
    survive(
        b"event: " + event.encode("utf-8", "replace").replace(b"\n", b"").replace(b"\r", b"") + b"\n" + data(value),
        None,
    )
