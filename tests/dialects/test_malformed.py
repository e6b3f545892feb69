"""Events that are not quite JSON, or not quite UTF-8, in each format and on each path of the decoder."""

from __future__ import annotations

import json

import pytest

from sse_stream import ChatDecoder
from sse_stream.dialects import AnthropicMessages, Dialect, GeminiContent, OpenAIChat, OpenAIResponses
from sse_stream.testing import bytewise, every_cut

ANTHROPIC = (
    b'data: {"type":"message_start","message":{"id":"m","role":"assistant","content":[]}}\n\n'
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
)
RESPONSES = (
    b'data: {"type":"response.created","response":{"id":"r"}}\n\n'
    b'data: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}}\n\n'
)
# Of each format: its dialect, the beginning of a stream, and a piece of text with room for another field.
FORMATS: dict[str, tuple[type[Dialect], bytes, bytes]] = {
    "chat": (OpenAIChat, b"", b'{"choices":[{"index":0,"delta":{"content":"a"}}]%s}'),
    "Anthropic": (
        AnthropicMessages,
        ANTHROPIC,
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}%s}',
    ),
    "Responses": (
        OpenAIResponses,
        RESPONSES,
        b'{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"%s}',
    ),
    "Gemini": (GeminiContent, b"", b'{"candidates":[{"content":{"parts":[{"text":"a"}]}}]%s}'),
}
# Malformed text where a typed decoder does not look.
FIELDS = {
    "a value": b',"extra":"\xff"',
    "a value within others": b',"extra":{"list":["\xf0\x9f"]}',
    "a key": b',"ext\xffra":1',
    "a key within others": b',"extra":{"\xc3":{}}',
}


def check(make: type[Dialect], events: list[bytes]) -> None:
    """One event is malformed, and each says one letter."""
    body = b"".join(events)
    for pieces in (events, [body], bytewise(body), *every_cut(body)):
        decoder = ChatDecoder(dialect=make())
        for piece in pieces:
            list(decoder.feed(piece))
        assert [anomaly.count for anomaly in decoder.anomalies if anomaly.kind == "invalid_utf8"] == [1], pieces
        assert decoder.completion.message.content == "aaaaa", pieces


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize("field", FIELDS)
def test_it_is_an_anomaly_in_a_field_without_meaning(wire_format: str, field: str) -> None:
    make, begin, piece = FORMATS[wire_format]
    plain, malformed = (b"data: " + piece % more + b"\n\n" for more in (b"", FIELDS[field]))
    check(make, [begin, *[plain] * 3, malformed, plain])


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize("field", FIELDS)
def test_a_chunk_tells_what_was_received_with_it(wire_format: str, field: str) -> None:
    make, begin, piece = FORMATS[wire_format]
    plain, malformed = (b"data: " + piece % more + b"\n\n" for more in (b"", FIELDS[field]))
    body = begin + plain + malformed + plain
    received = json.loads((piece % FIELDS[field]).decode("utf-8", "replace"))
    for pieces in ([body], bytewise(body), [begin, plain, malformed, plain]):
        decoder = ChatDecoder(dialect=make())
        chunks = [chunk for data in pieces for chunk in decoder.feed_chunks(data)]
        said = [chunk.raw for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
        assert said == [json.loads(piece % b""), received, json.loads(piece % b"")]


@pytest.mark.parametrize("wire_format", ["Anthropic", "Responses"])
def test_it_is_an_anomaly_in_the_name_of_an_event(wire_format: str) -> None:
    make, begin, piece = FORMATS[wire_format]
    plain, malformed = (b"event: " + name + b"\ndata: " + piece % b"" + b"\n\n" for name in (b"text", b"te\xffxt"))
    check(make, [begin, *[plain] * 3, malformed, plain])


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize("space", ["\t", "\x0b", "\x1f", "\x85", "\xa0", "\u2028"], ids=repr)
def test_white_space_around_an_event_is_no_part_of_what_was_received(wire_format: str, space: str) -> None:
    make, begin, piece = FORMATS[wire_format]
    plain, spaced = (b"data: " + around + piece % b"" + around + b"\n\n" for around in (b"", space.encode()))
    decoder = ChatDecoder(dialect=make())
    chunks = [*decoder.feed_chunks(begin + plain + spaced + plain)]
    assert [chunk.raw for chunk in chunks[-3:]] == [json.loads(piece % b"")] * 3
    assert all(chunk.encode() for chunk in chunks)
    assert decoder.completion.message.content == "aaa"
