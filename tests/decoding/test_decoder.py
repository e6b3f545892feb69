"""`ChatDecoder`: what it delivers and when, how a stream ends, what it costs, and its limits."""

from __future__ import annotations

import gc
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, get_args

import msgspec
import pytest

from sse_stream import (
    Anomaly,
    AnomalyKind,
    ChatAccumulator,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    ChoiceFinished,
    ChunkDecodeError,
    EventTooLargeError,
    IncompleteStreamError,
    KeepAlive,
    Limits,
    Message,
    OutputTooLargeError,
    ProviderError,
    ReasoningDelta,
    ServerSentEvent,
    SSEStreamError,
    StreamDone,
    TextDelta,
    TransportError,
    Usage,
    UsageReported,
)
from sse_stream._chat._anomalies import level_of
from sse_stream._chat._chunks import with_source
from sse_stream._decoding._reader import EventReader
from sse_stream._decoding._states import Lifecycle
from sse_stream._json._depth import JSONValue
from sse_stream.dialects import Done, Failure, Item, OpenAIChat, Ping
from sse_stream.testing import bytewise

HI = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


def read_all(decoder: ChatDecoder, *pieces: bytes) -> tuple[list[ChatEvent], SSEStreamError | None]:
    events: list[ChatEvent] = []
    try:
        for piece in pieces:
            events.extend(decoder.feed(piece))
        events.extend(decoder.close())
    except SSEStreamError as error:
        return events, error
    return events, None


def said_by(events: Iterable[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


# Delivery


def test_an_event_is_delivered_by_the_read_that_completes_it() -> None:
    decoder = ChatDecoder()
    assert list(decoder.feed(HI[:-1])) == []
    assert list(decoder.feed(HI[-1:])) == [TextDelta("Hi")]
    assert list(decoder.feed(STOP)) == [ChoiceFinished("stop")]
    endings = [decoder.ending]
    assert list(decoder.feed(DONE)) == []
    assert [*endings, decoder.ending] == ["open", "complete"]
    assert list(decoder.close()) == [StreamDone(decoder.completion)]


def test_what_is_not_read_comes_first_on_the_next_call() -> None:
    decoder = ChatDecoder(keepalives=True)
    first = decoder.feed(b": one\n\n" + HI + b": two\n\n" + HI)
    assert next(first) == KeepAlive("one")
    del first
    assert list(itertools.islice(decoder.feed(STOP), 2)) == [TextDelta("Hi"), KeepAlive("two")]
    last = decoder.close()
    assert next(last) == TextDelta("Hi")
    del last
    assert list(decoder.close()) == [ChoiceFinished("stop"), StreamDone(decoder.completion)]
    assert list(decoder.close()) == []


def test_what_is_not_read_of_a_chunk_comes_first_on_the_next_call() -> None:
    chunk = b'data: {"choices":[{"index":0,"delta":{"reasoning":"hm","content":"Hi"}}]}\n\n'
    next_calls: list[Callable[[ChatDecoder], Iterable[ChatEvent]]] = [
        lambda decoder: decoder.feed(STOP),
        lambda decoder: itertools.chain(decoder.feed(DONE), decoder.close()),
    ]
    for next_call in next_calls:
        decoder = ChatDecoder()
        list(decoder.feed(HI))
        decoder.feed(STOP)
        assert next(decoder.feed(chunk)) == ChoiceFinished("stop")
        assert [event.type for event in next_call(decoder)][:2] == ["reasoning_delta", "text_delta"]


TWO = b'data: {"choices":[{"index":0,"delta":{"reasoning":"hm","content":"Hi"}}]}\n\n'


@pytest.mark.parametrize("data", [b"", b"data: {", b": comment\n", bytearray(b"\n")])
def test_what_is_not_read_of_a_chunk_comes_first_whatever_comes_next(data: bytes) -> None:
    decoder = ChatDecoder()
    list(decoder.feed(b"\n"))
    assert next(decoder.feed(TWO)) == ReasoningDelta("hm")
    assert list(decoder.feed(data)) == [TextDelta("Hi")]


def test_chunks_pass_over_the_events_that_were_not_read() -> None:
    nexts: list[Callable[[ChatDecoder], Iterable[object]]] = [
        lambda decoder: decoder.feed_chunks(b""),
        lambda decoder: decoder.close_chunks(),
    ]
    for following in nexts:
        decoder = ChatDecoder()
        list(decoder.feed(b"\n" + STOP))
        assert next(decoder.feed(TWO + DONE)) == ReasoningDelta("hm")
        assert list(following(decoder)) == []
        # What has begun to be read by its events is left to who reads events.
        assert [event.type for event in decoder.close()] == ["text_delta", "stream_done"]


def test_events_of_chunks_that_were_read_do_not_come_after_them() -> None:
    decoder = ChatDecoder()
    assert len(list(decoder.feed_chunks(HI + STOP))) == 2
    assert list(decoder.feed(b": comment\n\n" + DONE)) == []
    assert [event.type for event in decoder.close()] == ["stream_done"]


def test_what_was_fed_for_its_chunks_comes_before_a_chunk_like_it() -> None:
    decoder = ChatDecoder()
    for text in (b"a", b"b", b"c"):
        assert len(list(decoder.feed(HI.replace(b"Hi", text)))) == 1
    decoder.feed_chunks(HI.replace(b"Hi", b"d"))
    assert list(decoder.feed(HI.replace(b"Hi", b"e"))) == [TextDelta("d"), TextDelta("e")]


def test_an_error_that_was_not_reached_is_raised_by_the_next_call() -> None:
    decoder = ChatDecoder(keepalives=True)
    reading = decoder.feed(b": one\ndata: no JSON\n\n")
    assert next(reading) == KeepAlive("one")
    del reading
    with pytest.raises(ChunkDecodeError):
        list(decoder.feed(b""))


@pytest.mark.parametrize("following", [b"", HI])
def test_an_error_behind_a_chunk_is_raised_by_the_next_call_for_events(following: bytes) -> None:
    decoder = ChatDecoder()
    refused = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"error":{"message":"no"}}]}\n\n'
    assert next(decoder.feed_chunks(refused)).choices[0].delta.content == "a"
    reading = decoder.feed(following)
    with pytest.raises(ProviderError) as error:
        next(reading)
    assert error.value.completion == decoder.completion
    assert decoder.completion.text == "a"


def test_feeding_is_taken_at_once_even_if_nothing_is_read() -> None:
    decoder = ChatDecoder()
    decoder.feed(HI)
    decoder.feed(b"id: 1\n" + HI)
    decoder.feed(b"event: x\n" + STOP + DONE)
    assert [event.type for event in decoder.close()] == ["text_delta", "text_delta", "choice_finished", "stream_done"]
    assert decoder.anomalies == ()


def test_keepalives_are_counted_and_given_when_asked_for() -> None:
    silent = ChatDecoder()
    assert list(silent.feed(b": ping\n\n")) == []
    assert silent._reader.keepalives_seen == 1
    assert silent.anomalies == ()
    asked = ChatDecoder(keepalives=True)
    assert list(asked.feed(b": ping\n\n")) == [KeepAlive("ping")]


def test_counts() -> None:
    decoder = ChatDecoder()
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n'
    odd = b'data: {"choices":[{"index":"0","delta":{}}]}\n\n'
    read_all(decoder, b": ping\n\n" * 2 + HI + HI + odd + odd + STOP + usage + DONE)
    assert (
        decoder._reader.keepalives_seen,
        decoder._reader.chunks_seen,
        decoder._reader.events_seen,
        decoder._reader.tally.pieces,
    ) == (2, 6, 7, 2)
    assert decoder.usage == Usage(prompt_tokens=1)


def test_chunks_instead_of_events() -> None:
    decoder = ChatDecoder(keepalives=True)
    chunks = list(decoder.feed_chunks(b": ping\n\n" + HI + STOP))
    assert [chunk.raw["choices"][0]["delta"] for chunk in chunks] == [{"content": "Hi"}, {}]
    assert list(decoder.close_chunks()) == []
    assert decoder.completion.text == "Hi"
    assert decoder.ending == "complete"


def test_chunks_that_were_not_read() -> None:
    decoder = ChatDecoder()
    decoder.feed_chunks(HI + STOP)
    assert len(list(decoder.close_chunks())) == 2


# Failing


def test_an_error_is_final_and_says_so() -> None:
    decoder = ChatDecoder()
    with pytest.raises(ChunkDecodeError) as first:
        list(decoder.feed(HI + b"data: no JSON\n\n" + HI))
    assert first.value.completion == decoder.completion
    assert decoder.error is first.value
    assert decoder.ending == "invalid"
    with pytest.raises(SSEStreamError, match="has failed: not JSON") as again:
        decoder.feed(HI)
    assert again.value.completion == decoder.completion
    assert list(decoder.close()) == []
    assert decoder.ending == "invalid"


@pytest.mark.parametrize(
    "end",
    [
        lambda decoder: read_all(decoder, STOP),
        lambda decoder: read_all(decoder, b"data: no JSON\n\n"),
        lambda decoder: list(itertools.chain(decoder.feed_chunks(STOP), decoder.close_chunks())),
        lambda decoder: decoder.close(),
        lambda decoder: decoder.close_chunks(),
        lambda decoder: decoder._reader.abandon(),
        lambda decoder: decoder._reader.fail(TransportError("reset"), "transport_error"),
    ],
)
def test_a_decoder_that_has_ended_takes_no_chunk_like_those_before(end: Callable[[ChatDecoder], object]) -> None:
    decoder = ChatDecoder()
    for text in (b"a", b"b", b"c"):
        list(decoder.feed(HI.replace(b"Hi", text)))
    end(decoder)
    for more in (HI, TWO):
        with pytest.raises(SSEStreamError, match="accepts no more bytes"):
            list(decoder.feed(more))
    assert decoder.completion.text == "abc"


def test_an_error_comes_with_the_read_that_makes_it() -> None:
    for decoder, before, error in (
        (ChatDecoder(strict=True), HI + STOP, ChunkDecodeError),
        (ChatDecoder(limits=Limits(output_size=3)), HI, OutputTooLargeError),
    ):
        list(decoder.feed(before))
        with pytest.raises(error):
            list(decoder.feed(HI))


def test_a_closed_decoder_takes_no_more() -> None:
    decoder = ChatDecoder()
    read_all(decoder, HI + STOP)
    with pytest.raises(SSEStreamError, match=r"accepts no more bytes because it was closed"):
        decoder.feed(HI)
    assert decoder.ending == "complete"
    assert decoder.completion.text == "Hi"


@pytest.mark.parametrize(
    "reason",
    [
        *("error", "network_error", "unknown_error", "internal_server_error", "Error", "ERROR"),
        *("abort", "aborted", "failed", "failure", "exception", "Abort", "FAILED"),
    ],
)
def test_a_finish_reason_may_report_a_failure(reason: str) -> None:
    decoder = ChatDecoder()
    events, error = read_all(decoder, HI + STOP.replace(b"stop", reason.encode()) + DONE)
    assert events == [TextDelta("Hi"), ChoiceFinished(reason)]
    assert isinstance(error, ProviderError)
    assert str(error) == f"the stream ended with finish reason '{reason}'"
    assert (decoder.ending, error.completion.finish_reason) == ("provider_error", reason)


@pytest.mark.parametrize("reason", ["stop", "length", "error_free", "abort_requested", "not_failed"])
def test_other_finish_reasons_report_none(reason: str) -> None:
    decoder = ChatDecoder()
    _, error = read_all(decoder, HI + STOP.replace(b"stop", reason.encode()) + DONE)
    assert error is None
    assert decoder.ending == "complete"


def test_a_failure_from_outside() -> None:
    decoder = ChatDecoder()
    decoder.feed(HI + HI)
    assert next(decoder.feed(b"")) == TextDelta("Hi")
    error = decoder._reader.fail(TransportError("reset"), "transport_error")
    assert error.completion is not None
    assert error.completion.text == "Hi"
    assert decoder.ending == "transport_error"
    assert list(decoder.close()) == []


def test_abandoning() -> None:
    decoder = ChatDecoder()
    decoder.feed(HI + STOP)
    decoder._reader.abandon()
    assert decoder.ending == "closed"
    assert list(decoder.close()) == []
    with pytest.raises(SSEStreamError, match="was closed"):
        decoder.feed(HI)


@pytest.mark.parametrize("before", [b"\n", b": comment\n", b"id: 1\n"])
@pytest.mark.parametrize("events", [1, 2])
@pytest.mark.parametrize(
    "stop",
    [
        lambda decoder: decoder._reader.fail(TransportError("reset"), "transport_error"),
        lambda decoder: decoder._reader.abandon(),
    ],
)
def test_nothing_is_given_at_the_end_of_what_was_stopped(
    before: bytes, events: int, stop: Callable[[ChatDecoder], object]
) -> None:
    chunk = b'data: {"choices":[{"index":0,"delta":{"reasoning":"hm","content":"Hi"}}]}\n\n'
    decoder = ChatDecoder(keepalives=True)
    list(decoder.feed(before))
    assert next(decoder.feed(chunk * events)) is not None
    stop(decoder)
    assert list(decoder.close()) == []


def test_a_decoder_takes_bytes_until_it_has_ended() -> None:
    ends: list[tuple[bytes, Callable[[ChatDecoder], object]]] = [
        (HI, lambda decoder: decoder.close()),
        (HI, lambda decoder: decoder.close_chunks()),
        (HI, lambda decoder: decoder._reader.abandon()),
        (HI, lambda decoder: decoder._reader.fail(TransportError("reset"), "transport_error")),
    ]
    for body, end in ends:
        decoder = ChatDecoder()
        list(decoder.feed(HI))
        list(decoder.feed(body))
        end(decoder)
        with pytest.raises(SSEStreamError, match="accepts no more bytes") as error:
            decoder.feed(HI)
        assert error.value.completion == decoder.completion
        assert decoder.completion.text == "HiHi"


@pytest.mark.parametrize("ending", ["complete", "truncated", "closed", "transport_error"])
@pytest.mark.parametrize("after", ["fail", "abandon", "end"])
def test_an_end_is_final(ending: str, after: str) -> None:
    reader = EventReader(OpenAIChat(), strict=False, limits=Limits(), keepalives=False)
    reader.take(HI + (STOP if ending == "complete" else b""))
    match ending:
        case "closed":
            reader.abandon()
        case "transport_error":
            reader.fail(TransportError("reset"), "transport_error")
        case _:
            reader.end()
            with suppress(SSEStreamError):
                while reader.next_event() is not None:
                    pass
    before = (reader.ending, reader.error, reader.completion, reader.anomalies)
    assert before[0] == ending
    match after:
        case "fail":
            late = TransportError("late")
            assert reader.fail(late, "transport_error") is late
            assert late.completion == reader.completion
        case "abandon":
            reader.abandon()
        case _:
            reader.end()
    assert (reader.ending, reader.error, reader.completion, reader.anomalies) == before
    assert reader.next_event() is None
    assert reader.next_chunk() is None


@pytest.mark.parametrize(
    ("body", "is_settled"),
    [(b"", False), (HI, False), (STOP, True), (STOP + HI, False), (STOP + DONE, False), (STOP + b"data: {\n\n", False)],
)
def test_an_answer_is_settled_between_its_last_finish_reason_and_the_end(body: bytes, is_settled: bool) -> None:
    reader = ChatDecoder()._reader
    assert not reader.is_settled
    reader.take(body)
    with suppress(SSEStreamError):
        while reader.next_event() is not None:
            pass
    assert reader.is_settled is is_settled


def test_abandoning_what_is_complete_leaves_it_complete() -> None:
    decoder = ChatDecoder()
    list(decoder.feed(HI + STOP + DONE))
    decoder._reader.abandon()
    assert decoder.ending == "complete"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the stream was empty: no chunk came"),
        (b": ping\n\n", "the stream was empty: no chunk came"),
        (b"data: {", "no [DONE] came, the last event was cut off"),
        (HI, "no [DONE] came, no finish reason for choice 0"),
        (HI + STOP + HI + b"data: [", "no [DONE] came, the last event was cut off"),
    ],
)
def test_the_error_says_what_is_missing(body: bytes, message: str) -> None:
    _, error = read_all(ChatDecoder(), body)
    assert isinstance(error, IncompleteStreamError)
    assert str(error).removeprefix("the stream ended early: ") == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'data: {"a":1}\n\ndata: {"b":1}\n\n', "no chunk, only other JSON: '{\"a\":1}'"),
        (b'data: {"a":1}\n\n: \xff\n\n', "no chunk, only other JSON: '{\"a\":1}'"),
        (b": \xff\n\n", "the stream was empty: no chunk came"),
    ],
)
def test_the_error_says_what_came_instead(body: bytes, message: str) -> None:
    for pieces in ([body], bytewise(body)):
        _, error = read_all(ChatDecoder(), *pieces)
        assert message in str(error)


@pytest.mark.parametrize("body", [b"\xef", b"\xef\xbb"])
def test_part_of_a_byte_order_mark_is_a_line_that_was_cut_off(body: bytes) -> None:
    for pieces in ([body], bytewise(body)):
        _, error = read_all(ChatDecoder(), *pieces)
        assert isinstance(error, IncompleteStreamError)
        assert "the last event was cut off" in str(error)


def test_an_event_that_was_cut_off_within_a_character_is_no_malformed_text() -> None:
    body = HI + STOP + b"data: \xc3"
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder()
        _, error = read_all(decoder, *pieces)
        assert error is None
        assert [anomaly.kind for anomaly in decoder.anomalies] == ["broken_after_finish"]


def test_a_failure_after_the_end_mark_is_none() -> None:
    body = HI + DONE + STOP.replace(b"stop", b"error") + DONE
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder()
        events, error = read_all(decoder, *pieces)
        assert error is None
        assert events[-1] == StreamDone(decoder.completion)


def test_a_stream_of_which_nothing_came() -> None:
    _, error = read_all(ChatDecoder(), b"")
    assert str(error) == "the stream was empty: no chunk came"
    decoder = ChatDecoder()
    read_all(decoder, DONE)
    assert decoder.anomalies == (Anomaly("empty_stream", "deviation", 1, "[DONE]"),)


def test_feeding_what_is_not_bytes() -> None:
    with pytest.raises(TypeError, match="not str"):
        ChatDecoder().feed("data: x")  # type: ignore[arg-type]  # what is tested


# A whole completion instead of a stream


def test_a_whole_completion() -> None:
    decoder = ChatDecoder()
    body = b'{"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}'
    assert decoder._reader.take_document(body)
    assert list(decoder.close()) == [TextDelta("Hi"), ChoiceFinished("stop"), StreamDone(decoder.completion)]
    assert decoder.anomalies == (Anomaly("not_streamed", "deviation", 1, body.decode()),)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"error":"no"}', b'{"choices":[]}', b"[DONE]"])
def test_a_document_that_is_no_completion(body: bytes) -> None:
    decoder = ChatDecoder()
    assert decoder._reader.take_document(body) is False
    assert decoder.ending == "open"


def test_a_document_of_malformed_text() -> None:
    decoder = ChatDecoder()
    assert (
        decoder._reader.take_document(b'{"choices":[{"index":0,"message":{"content":"\xff"},"finish_reason":"stop"}]}')
        is True
    )
    assert next(decoder.close()) == TextDelta("\ufffd")


# Truncation

CUTTABLE: dict[str, tuple[list[bytes], int]] = {
    # The events of a stream, and which of them finishes the last choice.
    "text": ([HI, HI, STOP, DONE], 2),
    "text without [DONE]": ([HI, HI, STOP], 2),
    "usage last": ([HI, STOP, b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n', DONE], 1),
    "no finish reason": ([HI, HI, DONE], 2),
    "several bytes a character": (['data: {"choices":[{"index":0,"delta":{"content":"é€😀"}}]}\n\n'.encode(), STOP], 1),
    "a tool call": (
        [
            b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]}}]}\n\n',
            b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}\n\n',
            b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n',
            DONE,
        ],
        2,
    ),
    "two choices": (
        [
            b'data: {"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}\n\n',
            b'data: {"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}\n\n',
            STOP,
            DONE,
        ],
        2,
    ),
}


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_stream_cut_off_is_truncated_unless_all_had_finished(name: str) -> None:
    parts, last = CUTTABLE[name]
    body = b"".join(parts)
    ends = list(itertools.accumulate(map(len, parts)))
    # An event counts as whole with its blank line, with one line end, and with none.
    complete = range(ends[last] - 2, len(body) + 1)
    for end in range(len(body) + 1):
        decoder = ChatDecoder()
        events, error = read_all(decoder, body[:end])
        assert said_by(event for event in events if getattr(event, "choice", 0) == 0) == decoder.completion.text
        if end in complete:
            assert error is None
            assert decoder.ending == "complete"
            assert events[-1] == StreamDone(decoder.completion)
        else:
            assert isinstance(error, IncompleteStreamError)
            assert decoder.ending == "truncated"
            assert error.completion == decoder.completion
            assert not any(isinstance(event, StreamDone) for event in events)


def test_text_that_a_dialect_holds_back_is_given_though_the_last_event_was_cut_off() -> None:
    events, error = read_all(ChatDecoder(dialect=OpenAIChat(think_tags=True)), HI.replace(b"Hi", b"<th") + b"data: {")
    assert said_by(events) == "<th"
    assert isinstance(error, IncompleteStreamError)


def test_half_a_surrogate_pair_that_is_held_back_is_replaced_though_no_event_follows() -> None:
    body = HI.replace(b"Hi", b"a\\ud83d")
    for pieces in ([body], bytewise(body)):
        events, error = read_all(ChatDecoder(), *pieces)
        assert said_by(events) == "a\ufffd"
        assert isinstance(error, IncompleteStreamError)


IN_LINES = b'data: {"choices":\ndata: []}\n\n'


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (HI * 3 + STOP + DONE, 5),
        (IN_LINES * 3 + DONE, 4),
        (b"id: 1\n" + HI + IN_LINES + HI, 3),
        (HI * 2 + STOP[:-1], 3),
        (IN_LINES + STOP[:-2], 2),
        (HI + b"data: {", 1),
    ],
)
def test_each_event_is_counted_once(body: bytes, count: int) -> None:
    for pieces in ([body], bytewise(body)):
        stream = ChatStream(pieces, on_truncated="return")
        stream.until_done()
        assert stream.timings.events == count


def test_events_are_decoded_one_by_one() -> None:
    odd = HI.replace(b'"index":0,', b"")
    stream = ChatStream([odd + IN_LINES + odd + DONE])
    for count, _ in enumerate(stream.iter_chunks(), 1):
        assert stream.timings.events == count
    assert stream.timings.events == 4


def test_an_event_that_means_nothing_keeps_none_back() -> None:
    class Ignoring(OpenAIChat):
        __slots__ = ()

        def decode(self, event: ServerSentEvent) -> Sequence[Item]:
            return () if event.event == "other" else super().decode(event)

    body = b"event: other\ndata: 1\ndata: 2\n\n" + HI
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder(dialect=Ignoring())
        assert [event for piece in pieces for event in decoder.feed(piece)] == [TextDelta("Hi")]


@pytest.mark.parametrize(("broken", "kind"), [(False, "missing_done"), (True, "broken_after_finish")])
def test_a_connection_that_broke_after_the_answer_is_an_anomaly(broken: bool, kind: str) -> None:
    reader = EventReader(None, strict=False, limits=Limits(), keepalives=False)
    reader.take(HI + STOP)
    reader.broken = broken
    reader.end()
    assert list(iter(reader.next_event, None))[-1] == StreamDone(reader.completion)
    assert [anomaly.kind for anomaly in reader.anomalies] == [kind]


def test_a_stream_ends_once() -> None:
    lifecycle = Lifecycle()
    assert lifecycle.stop("truncated", error := SSEStreamError("first")) is True
    assert lifecycle.stop("closed") is False
    lifecycle.mark()
    assert (lifecycle.state, lifecycle.ending, lifecycle.error) == ("ended", "truncated", error)


# Strict mode


def choice(delta: bytes, beside: bytes = b"") -> bytes:
    return b'data: {"choices":[{"index":0,"delta":%b%b}]}\n\n' % (delta, beside)


def call(fields: bytes) -> bytes:
    return choice(b'{"tool_calls":[{%b}]}' % fields)


def usage(prompt: int, completion: int, total: int) -> bytes:
    counts = (prompt, completion, total)
    return b'data: {"choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}\n\n' % counts


BEGUN = call(b'"index":0,"id":"c1","function":{"name":"f","arguments":"{"}')
WHOLE = call(b'"index":0,"id":"c1","function":{"name":"f","arguments":"{\\"a\\":1}"}')
END = STOP + DONE

DEVIATIONS: dict[AnomalyKind, tuple[bytes, str]] = {
    # A body with one anomaly, and the text that is delivered before the error: all that came before.
    "invalid_utf8": (HI + choice(b'{"content":"\xff"}') + END, "Hi"),
    "keepalive_as_data": (HI + b"data:\n\n" + HI + END, "Hi"),
    "events_run_together": (HI + STOP[:-1] + DONE, "Hi"),
    "unterminated_event": (HI + STOP + DONE[:-1], "Hi"),
    "interrupted_event": (HI + b'data: {"choices":[{"ind\ndata: {"error":"e"}\n\n', "Hi"),
    "unframed_json": (HI + b'{\n  "error": {"message": "e"}\n}\n', "Hi"),
    "odd_end_mark": (HI + STOP + b"data: DONE\n\n", "Hi"),
    "data_after_done": (HI + END + b"data: bye\n\n", "Hi"),
    "empty_stream": (DONE, ""),
    "loose_json": (HI + b'data: {"choices":[],"odd":NaN}\n\n' + END, "Hi"),
    "lone_surrogate": (HI + choice(b'{"content":"\\ud83d"}') + choice(b'{"content":"!"}') + END, "Hi"),
    "not_a_chunk": (HI + b'data: {"response":"Hi"}\n\n' + END, "Hi"),
    "missing_choices": (HI + b'data: {"id":"c1"}\n\n' + END, "Hi"),
    "missing_index": (HI + b'data: {"choices":[{"delta":{"content":"!"}}]}\n\n' + END, "Hi"),
    "odd_type": (HI + choice(b'{"content":5}') + END, "Hi"),
    "message_repeated": (HI + b'data: {"choices":[{"index":0,"message":{"content":"Hi"}}]}\n\n' + END, "Hi"),
    "empty_finish_reason": (HI + choice(b"{}", b',"finish_reason":""') * 2 + END, "Hi"),
    "finish_repeated": (HI + STOP + choice(b"{}", b',"finish_reason":"length"') + DONE, "Hi"),
    "content_after_finish": (HI + STOP + HI + DONE, "HiHi"),
    "missing_finish_reason": (HI + DONE, "Hi"),
    "missing_call_index": (HI + call(b'"id":"c1","function":{"name":"f","arguments":"{}"}') + END, "Hi"),
    "missing_call_id": (HI + call(b'"index":0,"id":"","function":{"name":"f","arguments":"{}"}') + END, "Hi"),
    "call_id_changed": (HI + BEGUN + call(b'"index":0,"id":"c2","function":{"arguments":"}"}') + END, "Hi"),
    "call_name_changed": (HI + BEGUN + call(b'"index":0,"function":{"name":"g","arguments":"}"}') + END, "Hi"),
    "arguments_repeated": (HI + WHOLE + WHOLE + END, "Hi"),
    "usage_fell": (HI + STOP + usage(1, 2, 3) + usage(0, 0, 0) + DONE, "Hi"),
}
NOTES: dict[AnomalyKind, bytes] = {
    "missing_done": HI + STOP,
    "broken_after_finish": HI + STOP + b"data: [DO",
    "split_surrogate": HI + choice(b'{"content":"\\ud83d"}') + choice(b'{"content":"\\ude00"}') + END,
    "message_beside_delta": HI + b'data: {"choices":[{"index":0,"delta":{"content":"!"},"message":{}}]}\n\n' + END,
    "id_changed": HI + b'data: {"id":"a","choices":[]}\n\ndata: {"id":"b","choices":[]}\n\n' + END,
    "model_changed": HI + b'data: {"model":"a","choices":[]}\n\ndata: {"model":"b","choices":[]}\n\n' + END,
    "odd_total": HI + STOP + usage(1, 2, 4) + DONE,
}
# What only a response, a document or another format can have: the tests of each format show its own.
NOTES_ELSEWHERE: set[AnomalyKind] = {"unknown_event", "unknown_delta", "early_finish"}
ELSEWHERE: set[AnomalyKind] = {
    "not_streamed",
    "odd_content_type",
    "sequence_gap",
    "text_contradicts",
    "start_repeated",
    "unannounced_part",
    "unclosed_part",
    *NOTES_ELSEWHERE,
}


def test_every_kind_of_anomaly_is_in_a_table() -> None:
    assert {*DEVIATIONS, *NOTES, *ELSEWHERE} == set(get_args(AnomalyKind))
    assert {kind for kind in ELSEWHERE if level_of(kind) == "note"} == NOTES_ELSEWHERE


@pytest.mark.parametrize("kind", DEVIATIONS)
def test_strict_mode_makes_an_error_of_a_deviation(kind: AnomalyKind) -> None:
    body, before = DEVIATIONS[kind]
    tolerant = ChatDecoder()
    _, error = read_all(tolerant, body)
    assert error is None or (isinstance(error, ProviderError) and kind in ("interrupted_event", "unframed_json"))
    assert [(anomaly.kind, anomaly.level) for anomaly in tolerant.anomalies] == [(kind, "deviation")]
    assert all(anomaly.count == 1 and len(anomaly.sample) <= 200 for anomaly in tolerant.anomalies)
    for pieces in ([body], bytewise(body), re.split(rb"(?<=\n\n)", body)):
        decoder = ChatDecoder(strict=True)
        events, error = read_all(decoder, *pieces)
        assert isinstance(error, ChunkDecodeError)
        assert str(error).startswith(kind)
        assert decoder.ending == "invalid"
        assert said_by(events) == before == decoder.completion.text
        assert error.completion == decoder.completion
        with pytest.raises(SSEStreamError, match="has failed"):
            decoder.feed(b"")


@pytest.mark.parametrize("kind", NOTES)
def test_strict_mode_has_nothing_against_a_note(kind: AnomalyKind) -> None:
    body = NOTES[kind]
    for pieces in ([body], bytewise(body), re.split(rb"(?<=\n\n)", body)):
        decoder = ChatDecoder(strict=True)
        _, error = read_all(decoder, *pieces)
        assert error is None
        assert decoder.ending == "complete"
        assert [(anomaly.kind, anomaly.level, anomaly.count) for anomaly in decoder.anomalies] == [(kind, "note", 1)]


def test_strict_mode_refuses_a_whole_completion() -> None:
    decoder = ChatDecoder(strict=True)
    assert decoder._reader.take_document(b'{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}')
    with pytest.raises(ChunkDecodeError, match="not_streamed"):
        list(decoder.close())


def test_strict_mode_raises_the_first_of_two_deviations() -> None:
    decoder = ChatDecoder(strict=True)
    with pytest.raises(ChunkDecodeError, match="missing_call_index"):
        list(decoder.feed(choice(b'{"tool_calls":[{"function":{"name":"f"}}]}')))
    assert [anomaly.kind for anomaly in decoder.anomalies] == ["missing_call_index", "missing_call_id"]


def test_strict_mode_raises_what_was_not_reached() -> None:
    decoder = ChatDecoder(strict=True)
    reading = decoder.feed(HI + STOP + HI)
    assert [next(reading).type for _ in range(3)] == ["text_delta", "choice_finished", "text_delta"]
    del reading
    with pytest.raises(ChunkDecodeError, match="content_after_finish"):
        list(decoder.feed(b""))


def test_strict_mode_raises_before_anything_else_is_read() -> None:
    decoder = ChatDecoder(strict=True)
    reading = decoder.feed(
        b"".join(choice(b'{"content":"%b"}' % text, b',"finish_reason":""') for text in (b"a", b"b"))
    )
    assert next(reading) == TextDelta("a")
    with pytest.raises(ChunkDecodeError, match="empty_finish_reason"):
        next(reading)
    assert (decoder.completion.text, decoder._reader.events_seen) == ("a", 1)


def test_strict_mode_raises_before_a_chunk_like_those_before() -> None:
    body = HI * 5 + b'data: {"response":"Hi"}\n\n' + HI
    for pieces in ([body], bytewise(body), re.split(rb"(?<=\n\n)", body)):
        events, error = read_all(ChatDecoder(strict=True), *pieces)
        assert said_by(events) == "Hi" * 5
        assert "not_a_chunk" in str(error)


def test_strict_mode_raises_to_who_reads_chunks_at_once() -> None:
    decoder = ChatDecoder(strict=True)
    chunks = iter(decoder.feed_chunks(choice(b'{"content":"Hi"}', b',"finish_reason":""')))
    assert next(chunks).choices[0].delta.content == "Hi"
    with pytest.raises(ChunkDecodeError, match="empty_finish_reason"):
        next(chunks)


def test_strict_mode_has_nothing_against_a_good_stream() -> None:
    decoder = ChatDecoder(strict=True)
    _, error = read_all(decoder, b": ping\n\n" + HI + STOP + DONE)
    assert error is None
    assert decoder.ending == "complete"


def test_an_anomaly_may_be_found_outside() -> None:
    decoder = ChatDecoder()
    decoder._reader.note("odd_content_type", "text/plain")
    assert decoder.anomalies == (Anomaly("odd_content_type", "deviation", 1, "text/plain"),)


def test_anomalies_are_counted_and_the_first_is_sampled() -> None:
    decoder = ChatDecoder()
    read_all(decoder, b"data: : a\n\n" + HI + b"data: : b\n\n" + STOP + DONE)
    assert decoder.anomalies == (Anomaly("keepalive_as_data", "deviation", 2, ": a"),)


def test_the_sample_of_an_anomaly_is_how_it_begins() -> None:
    decoder = ChatDecoder()
    read_all(decoder, b"data: : " + b"a" * 199 + b"b\n\n" + HI + STOP + DONE)
    assert [anomaly.sample for anomaly in decoder.anomalies] == [": " + "a" * 198]


# Other dialects


class OneWord:
    """A wire format of one word a line, to show what a dialect has to do."""

    name = "one_word"
    end_mark = "end"

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        match event.data:
            case "end":
                return (Done(),)
            case "fail":
                return (Failure(TransportError("failed")),)
            case "ping":
                return (Ping("ping"),)
        chunk = ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"content": event.data}}]})
        return (chunk, chunk)

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        return None

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        return ()

    def is_whole(self, data: str) -> bool:
        return True

    def end(self) -> Sequence[Item]:
        return ()

    @staticmethod
    def turn(message: Message) -> JSONValue:
        return {"said": message.content}


def test_a_dialect_of_ones_own() -> None:
    decoder = ChatDecoder(dialect=OneWord(), keepalives=True)
    events, error = read_all(decoder, b"data: ping\n\ndata: Hi\n\ndata: end\n\n")
    assert error is None
    assert events == [KeepAlive("ping"), TextDelta("Hi"), TextDelta("Hi"), StreamDone(decoder.completion)]


class Numbering(OneWord):
    """Says something else of the same bytes each time."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        delta = {"content": str(next(self._numbers))}
        return ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": delta}]})


def test_a_dialect_that_does_not_say_otherwise_is_asked_once_for_each_event() -> None:
    decoder = ChatDecoder(dialect=Numbering())
    texts = [said_by(decoder.feed(b'data: "%d"\n\n' % number)) for number in range(8)]
    assert texts == list("01234567")


class Dictated(OneWord):
    """Has a fast path for text: each event is a piece of it, from bytes."""

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        chunks = [chunk for chunk in super().decode(event) if isinstance(chunk, ChatCompletionChunk)]
        return [with_source(chunk, event.data.encode()) for chunk in chunks]

    def decode_text(self, data: bytes | str) -> str | None:
        return data if isinstance(data, str) else data.decode()


def test_what_is_left_of_an_event_comes_before_the_bytes_that_are_added() -> None:
    reader = EventReader(Dictated(), strict=False, limits=Limits(), keepalives=False)
    assert reader.next_event(b"\n") is None
    assert reader.next_event(b"data: a\n\n") == TextDelta("a")
    assert [reader.next_event(b"data: b\n\n"), reader.next_event()] == [TextDelta("a"), TextDelta("b")]


def test_a_failure_of_another_kind_makes_the_stream_invalid() -> None:
    decoder = ChatDecoder(dialect=OneWord())
    _, error = read_all(decoder, b"data: Hi\n\ndata: fail\n\n")
    assert isinstance(error, TransportError)
    assert decoder.ending == "invalid"


# Cost


def calls_of(action: Callable[[], object]) -> int:
    """How many functions are called, Python's and C's: a measure of work that no machine's load changes."""
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    gc.disable()  # who watches the collector would be counted
    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


PIECES: dict[str, dict[str, Any]] = {
    "text": {"delta": {"content": "a"}},
    "reasoning": {"delta": {"reasoning_content": "a", "reasoning": "a"}},
    "reasoning_details": {"delta": {"reasoning_details": [{"type": "reasoning.text", "text": "a", "index": 0}]}},
    "refusal": {"delta": {"refusal": "a"}},
    "audio": {"delta": {"audio": {"id": "a", "data": "QUJD", "transcript": "a"}}},
    "tool arguments": {"delta": {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "a"}}]}},
    "tool arguments, without index": {"delta": {"tool_calls": [{"function": {"name": "f", "arguments": "a"}}]}},
    "legacy function call": {"delta": {"function_call": {"name": "f", "arguments": "a"}}},
    "unknown fields of the delta": {"delta": {"odd": "a", "more": {"even": ["a"], "index": 1}}},
    "unknown fields of the choice": {"delta": {}, "odd": {"a": 1}},
    "content after the finish": {"delta": {"content": "a"}, "finish_reason": "stop"},
}
CHUNKS: dict[str, dict[str, Any]] = {
    **{name: {"choices": [{"index": 0, **choice}]} for name, choice in PIECES.items()},
    "usage": {"choices": [], "usage": {"prompt_tokens": 1, "cost": 0.5, "prompt_tokens_details": {"odd": 1}}},
    "unknown fields": {"id": "c", "odd": {"a": [1, 2]}, "citations": ["a", "b"], "moderation": {"a": 1}},
    "log probabilities": {"choices": [{"index": 0, "delta": {}, "logprobs": {"content": [{"token": "a"}]}}]},
}


@pytest.mark.parametrize("name", CHUNKS)
def test_a_piece_costs_the_same_however_many_came_before(name: str) -> None:
    chunk = ChatCompletionChunk.from_dict(CHUNKS[name])
    accumulator = ChatAccumulator(on_anomaly=lambda _kind, _sample: None)

    def add(times: int) -> None:
        for _ in range(times):
            accumulator.add(chunk)

    add(1_000)
    early, early_snapshot = calls_of(lambda: add(100)), calls_of(lambda: accumulator.completion)
    add(10_000)
    late, late_snapshot = calls_of(lambda: add(100)), calls_of(lambda: accumulator.completion)
    assert late == early
    # A list whose items have no index grows, and so does its snapshot; so do tokens, which are copied.
    if "even" not in repr(CHUNKS[name]) and name != "log probabilities":
        assert late_snapshot == early_snapshot


class Searched(bytes):
    """Bytes that count how many of them were searched."""

    looked_at = 0

    def find(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        found = super().find(sub, start, end)
        Searched.looked_at += (len(self) if found < 0 else found) - start
        return found


@pytest.mark.parametrize("line", [b":\n", b": ping - 2026-01-01\n", b"id: 1\n", b"data: x\n", b"event: a\n"])
def test_lines_without_a_blank_line_are_searched_once(line: bytes) -> None:
    decoder = ChatDecoder()
    list(decoder.feed(HI * 9))  # the shortcut is in use
    body = Searched(line * 1_000)
    Searched.looked_at = 0
    decoder._reader.take(body)
    list(decoder.feed(b""))
    assert 0 < Searched.looked_at <= 4 * len(body)


@pytest.mark.parametrize("name", CHUNKS)
def test_an_event_costs_the_same_however_many_came_before(name: str) -> None:
    event = b"data: " + msgspec.json.encode(CHUNKS[name]) + b"\n\n"
    decoder = ChatDecoder()

    def feed(times: int) -> None:
        for _ in range(times):
            for _event in decoder.feed(event):
                pass

    # The decoder tries every so often whether this chunk can be read as the one before it was: within a period
    # of that once, wherever the period begins.
    feed(2_048)
    early = calls_of(lambda: feed(1_024))
    feed(2_048)
    assert calls_of(lambda: feed(1_024)) == early


@pytest.mark.parametrize("texts", [["a", "a.", "a..", "a...", "b", "b."], ["0", "1", "2", "3", "3", "31", "4"]])
def test_a_text_that_stands_in_two_places_is_read_in_both(texts: list[str]) -> None:
    decoder = ChatDecoder()
    said: list[ChatEvent] = []
    for text in texts:
        choice = {"index": 0, "text": text, "delta": {"content": text}}
        said.extend(decoder.feed(b"data: " + msgspec.json.encode({"choices": [choice]}) + b"\n\n"))
    assert said == [TextDelta(text) for text in texts]
    assert decoder.completion.choices[0].extra == {"text": texts[-1]}


BEGINNINGS: dict[str, Callable[[ChatDecoder, bytes], Iterator[object]]] = {
    "feed": lambda decoder, body: decoder.feed(body),
    "feed_chunks": lambda decoder, body: decoder.feed_chunks(body),
    "close": lambda decoder, body: (decoder.feed(body), decoder.close())[1],
    "close_chunks": lambda decoder, body: (decoder.feed_chunks(body), decoder.close_chunks())[1],
}
REST = {
    "chunks": HI * 2 + STOP + DONE,
    "odd chunks": HI.replace(b"0", b'"0"') * 2,
    "comments": b": a\n\n: b\n\n",
    "an error": b'data: {"error":"no"}\n\n',
    "too large": HI.replace(b"Hi", b"H" * 200),
    "no end": HI[:-1],
}


@pytest.mark.parametrize("rest", REST)
@pytest.mark.parametrize("first", [HI, HI * 2], ids=["one", "two"])
@pytest.mark.parametrize("begin", BEGINNINGS)
@pytest.mark.parametrize("fails", [False, True], ids=["abandoned", "failed"])
def test_what_is_still_held_gives_nothing_after_the_end(begin: str, first: bytes, rest: str, fails: bool) -> None:
    decoder = ChatDecoder(strict=rest == "odd chunks", keepalives=True, limits=Limits(event_size=100))
    held = BEGINNINGS[begin](decoder, first + REST[rest])
    next(held)
    if fails:
        decoder._reader.fail(TransportError("gone"), "transport_error")
    else:
        decoder._reader.abandon()
    said = decoder.completion
    assert said.text == "Hi"
    assert list(held) == []
    assert decoder.completion == said
    assert decoder.ending == ("transport_error" if fails else "closed")


@pytest.mark.parametrize("pieces", [[STOP, HI], [STOP + HI]])
def test_a_violation_that_was_not_reached_is_none_after_the_end(pieces: list[bytes]) -> None:
    decoder = ChatDecoder(strict=True)
    held: Iterator[ChatEvent] = iter(())
    for piece in pieces:
        list(held)
        held = decoder.feed(piece)
    assert TextDelta("Hi") in held
    decoder._reader.abandon()
    assert list(held) == []
    assert decoder.ending == "closed"


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "a choice repeated in one chunk": lambda n: choices(
        itertools.chain.from_iterable(
            [b'{"index":%d,"delta":{"content":"a"},"finish_reason":"stop"}' % index] * n for index in (0, 1)
        )
    ),
    "many choices": lambda n: choices(b'{"index":%d,"delta":{"content":"a"}}' % index for index in range(n)) * 2,
    "many calls, and a finish reason on each chunk": lambda n: (
        b"".join(tool_call(index) for index in range(n)) + STOP * n
    ),
    "many calls that nothing completes": lambda n: b"".join(tool_call(index, b'"{"') for index in range(n)),
    "many calls without index": lambda n: tool_call(None) * n,
    "ever new fields beside the choices": lambda n: b"".join(b'data: {"odd%d":1}\n\n' % i for i in range(n)),
    "ever new fields in the delta": lambda n: b"".join(
        choices([b'{"index":0,"delta":{"odd%d":"a"}}' % i]) for i in range(n)
    ),
    "a list that grows": lambda n: choices([b'{"index":0,"delta":{"odd":[1,2,3]}}']) * n,
    "events run together": lambda n: HI[:-1] * n + b"\n",
    "lines that mean nothing": lambda n: b"data: {\n" * n,
    "quotes": lambda n: b'data: {"a":"' + b'\\"[' * n + b"\n\n",
    "brackets": lambda n: b"data: [" + b"[]," * n + b"\n\n",
    "comments": lambda n: b":\n" * n,
    "data after [DONE]": lambda n: DONE + b"data: bye\n\n" * n,
}


def choices(of: Iterable[bytes]) -> bytes:
    return b'data: {"choices":[' + b",".join(of) + b"]}\n\n"


def tool_call(index: int | None, arguments: bytes = b'"{}"') -> bytes:
    place = b"null" if index is None else b"%d" % index
    return choices(
        [
            b'{"index":0,"delta":{"tool_calls":[{"index":%b,"function":{"name":"f","arguments":%b}}]}}'
            % (place, arguments)
        ]
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_shapes_cost_what_they_are_long(name: str) -> None:
    short, long = HOSTILE[name](250), HOSTILE[name](1_000)
    assert calls_of(lambda: read_all(ChatDecoder(), long)) < 4.5 * calls_of(lambda: read_all(ChatDecoder(), short))


# Limits


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "1", None])
def test_a_limit_is_a_positive_number(value: Any) -> None:
    with pytest.raises(ValueError, match=r"Limits\(choices=…\) takes a whole number"):
        Limits(choices=value)
    assert Limits(choices=1).choices == 1


def test_what_a_stream_may_take_by_default() -> None:
    mebibyte = 1024 * 1024
    expected = Limits(
        event_size=32 * mebibyte, output_size=512 * mebibyte, choices=1024, tool_calls=4096, error_body=64 * 1024
    )
    assert Limits() == expected


@pytest.mark.parametrize(
    ("limits", "body", "kept"),
    [
        (Limits(output_size=10), HI * 6, "HiHiHiHiHiHi"),
        (Limits(output_size=100), HI + b'data: {"odd":"%b"}\n\n' % (b"a" * 100), "Hi"),
        (Limits(output_size=100), HI + choices([b'{"index":0,"delta":{"role":"%b"}}' % (b"a" * 100)]), "Hi"),
        (Limits(output_size=100), HI + choices([b'{"index":0,"delta":{},"finish_reason":"%b"}' % (b"a" * 100)]), "Hi"),
        (Limits(output_size=100), HI + choices([b'{"index":0,"delta":{"audio":{"id":"%b"}}}' % (b"a" * 100)]), "Hi"),
        (Limits(output_size=100), HI + tool_call(0, b'"%b"' % (b"a" * 100)), "Hi"),
        (Limits(output_size=100), HI + choices([b'{"index":0,"delta":{"odd":"%b"}}' % (b"a" * 100)]), "Hi"),
        (Limits(output_size=100), HI + choices([b'{"index":0,"odd":"%b"}' % (b"a" * 100)]), "Hi"),
        (Limits(choices=2), HI + choices(b'{"index":%d,"delta":{}}' % index for index in range(3)), "Hi"),
        (Limits(tool_calls=2), HI + tool_call(0) + tool_call(1) + tool_call(2), "Hi"),
    ],
)
def test_a_limit_is_an_error_that_keeps_what_came(limits: Limits, body: bytes, kept: str) -> None:
    (name,) = (name for name in limits.__struct_fields__ if getattr(limits, name) != getattr(Limits(), name))
    decoder = ChatDecoder(limits=limits)
    _, error = read_all(decoder, body + STOP + DONE)
    assert isinstance(error, OutputTooLargeError)
    assert error.limit == name
    assert f"Limits.{name}" in str(error)
    assert decoder.ending == "invalid"
    assert error.completion == decoder.completion
    assert decoder.completion.text == kept


def test_an_event_that_is_too_large() -> None:
    decoder = ChatDecoder(limits=Limits(event_size=1_000), keepalives=True)
    events, error = read_all(decoder, HI + b": ping\ndata: " + b"a" * 1_000 + b"\n\n" + STOP)
    assert isinstance(error, EventTooLargeError)
    assert events == [TextDelta("Hi"), KeepAlive("ping")]
    assert error.completion == decoder.completion
    assert (decoder.ending, decoder.completion.text) == ("invalid", "Hi")


def test_an_event_that_is_too_large_comes_after_what_is_left_of_a_chunk_that_was_begun() -> None:
    decoder = ChatDecoder(limits=Limits(event_size=100))
    both = choice(b'{"reasoning":"hm","content":"Hi"}')
    assert next(iter(decoder.feed(both + b"data: " + b"a" * 101))) == ReasoningDelta("hm")
    with pytest.raises(EventTooLargeError):
        next(iter(decoder.feed_chunks(b"")))


def test_an_event_that_is_too_large_is_not_passed_over_after_done() -> None:
    decoder = ChatDecoder(limits=Limits(event_size=100))
    _, error = read_all(decoder, HI + STOP + DONE + b"data: " + b"a" * 101 + b"\n\n")
    assert isinstance(error, EventTooLargeError)
    assert decoder.ending == "invalid"


GROWING: dict[str, Callable[[int], bytes]] = {
    "fields beside the choices": lambda i: b'data: {"odd%d":1}\n\n' % i,
    "fields of usage": lambda i: b'data: {"usage":{"odd%d":1}}\n\n' % i,
    "fields of usage details": lambda i: b'data: {"usage":{"prompt_tokens_details":{"odd%d":1}}}\n\n' % i,
    "fields of a choice": lambda i: choices([b'{"index":0,"odd%d":1}' % i]),
    "fields of a delta": lambda i: choices([b'{"index":0,"delta":{"odd%d":1}}' % i]),
    "reasoning details": lambda i: choices([b'{"index":0,"delta":{"reasoning_details":[{"index":%d}]}}' % i]),
    "log probabilities": lambda i: choices([b'{"index":0,"logprobs":{"content":[{"token":"%d"}]}}' % i]),
    "fields of log probabilities": lambda i: choices([b'{"index":0,"logprobs":{"odd%d":1}}' % i]),
    "fields of audio": lambda i: choices([b'{"index":0,"delta":{"audio":{"odd%d":1}}}' % i]),
    "fields of a call": lambda i: choices([b'{"index":0,"delta":{"tool_calls":[{"index":0,"odd%d":1}]}}' % i]),
    "function calls": lambda i: choices([b'{"index":0,"delta":{"function_call":{"odd%d":1}}}' % i]),
}


@pytest.mark.parametrize("name", GROWING)
def test_whatever_grows_is_bounded(name: str) -> None:
    decoder = ChatDecoder(limits=Limits(output_size=10_000))
    with pytest.raises(OutputTooLargeError):
        for count in range(1_500):
            list(decoder.feed(GROWING[name](count)))
    assert decoder.ending == "invalid"


def test_a_choice_below_0_does_not_slip_past_the_strict_model() -> None:
    (first, second) = OpenAIChat().decode(ServerSentEvent('{"choices":[{"index":-1,"delta":{}}]}'))
    assert not isinstance(first, ChatCompletionChunk)
    assert isinstance(second, ChatCompletionChunk)
    assert second.choices[0].index == 0


def test_usage_is_reported_as_often_as_it_comes() -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n'
    events, _ = read_all(ChatDecoder(), HI + usage + usage + STOP)
    assert sum(isinstance(event, UsageReported) for event in events) == 2
