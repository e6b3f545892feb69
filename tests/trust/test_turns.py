"""Interleaved readers see each event once and in order; `python -m tests.trust.turns` tries more ways."""

from __future__ import annotations

import random

import pytest

from sse_stream import ChatDecoder, ChatStream, KeepAlive, ProviderError, StreamDone, TextDelta

from .turns import READERS, Reader, made_short, search, stream

SEEDS = {"ChatDecoder": 150, "ChatStream": 100, "AsyncChatStream": 100}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_each_event_goes_to_whoever_asks_first(reader: Reader) -> None:
    gone, found = search(range(SEEDS[reader.name]), [reader])
    assert gone[reader.name] >= 200
    assert not found, f"{len(found)} of {gone[reader.name]} ways, such as {made_short(found)[0]}"


def test_the_streams_end_in_every_way_that_bytes_can() -> None:
    endings = {stream(random.Random(seed)).units[-1].ending for seed in range(200)}
    assert endings == {"complete", "truncated", "provider_error", "invalid"}


def said(word: str) -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % word.encode()


def test_two_iterators_over_a_stream_share_its_order() -> None:
    pieces = [said("0") + b": c\n\n" + said("1") + said("2"), said("3")]
    stream = ChatStream(pieces, keepalives=True, on_truncated="return")
    a, b = iter(stream), iter(stream)
    read = [next(reader) for reader in (b, a, b, a, b)]
    assert read == [TextDelta("0"), KeepAlive("c"), TextDelta("1"), TextDelta("2"), TextDelta("3")]
    assert [next(reader, None) for reader in (a, b)] == [None, None]
    assert stream.completion.text == "0123"


def test_what_was_fed_later_is_given_to_an_iterator_from_before() -> None:
    decoder = ChatDecoder()
    early = decoder.feed(said("a"))
    late = decoder.feed(said("b") + said("c"))
    assert next(late) == TextDelta("a")
    assert next(early) == TextDelta("b")
    assert list(decoder.feed(b"data: [DONE]\n\n")) == [TextDelta("c")]
    assert [event.type for event in decoder.close()] == ["stream_done"]


def test_what_is_decoded_is_what_was_asked_for() -> None:
    decoder = ChatDecoder()
    view = decoder.feed(said("a") + said("b") + said("c"))
    assert decoder.completion.choices == []
    next(view)
    assert decoder.completion.text == "a"


BOTH = b'data: {"choices":[{"index":0,"delta":{"reasoning":"r","content":"t"}}]}\n\n'


def test_a_view_of_chunks_leaves_what_is_left_of_a_chunk_to_a_view_of_events() -> None:
    decoder = ChatDecoder()
    events, chunks = decoder.feed(BOTH), decoder.feed_chunks(said("a") + said("b"))
    assert next(events).type == "reasoning_delta"
    assert next(chunks).choices[0].delta.content == "a"
    assert list(events) == [TextDelta("t"), TextDelta("b")]
    assert list(chunks) == []


def test_the_events_of_the_end_stay_for_a_view_of_events() -> None:
    decoder = ChatDecoder()
    decoder.feed(said("a") + b"data: [DONE]\n\n")
    assert len(list(decoder.close_chunks())) == 1
    assert list(decoder.close()) == [StreamDone(decoder.completion)]


def test_a_view_of_chunks_passes_over_what_belongs_to_no_chunk() -> None:
    decoder = ChatDecoder(keepalives=True)
    assert len(list(decoder.feed_chunks(b": c\n\n" + said("a") + b": c\n\n"))) == 1
    assert list(decoder.feed(b": d\n\n")) == [KeepAlive("d")]


def test_what_a_chunk_says_comes_before_the_error_beside_it() -> None:
    decoder = ChatDecoder()
    view = decoder.feed(BOTH.replace(b"]}", b'],"error":{"message":"no"}}'))
    assert [next(view).type, next(view).type] == ["reasoning_delta", "text_delta"]
    with pytest.raises(ProviderError):
        next(view)
    assert next(view, None) is None


def test_the_events_of_a_chunk_keep_their_order_whoever_asks() -> None:
    everything = (
        b'data: {"choices":[{"index":0,"delta":{"refusal":"no","content":"t","reasoning":"r","tool_calls":'
        b'[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":1}}\n\n'
    )
    decoder = ChatDecoder()
    views = [decoder.feed(everything), decoder.feed(said("z"))]
    read = [next(views[number % 2]).type for number in range(9)]
    assert read == [
        *("reasoning_delta", "text_delta", "refusal_delta", "tool_call_started", "tool_call_delta", "tool_call_done"),
        *("choice_finished", "usage_reported", "text_delta"),
    ]
