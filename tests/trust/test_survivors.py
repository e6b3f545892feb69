"""Tests that kill mutants and deliberate bugs which no other test notices."""

from __future__ import annotations

import functools
import inspect
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from sse_stream import (
    ChatAccumulator,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChunkDecodeError,
    EventTooLargeError,
    OutputParseError,
    ServerSentEvent,
    SSEDecoder,
    TextDelta,
    ToolCall,
    ToolCallDone,
)
from sse_stream._chat._chunks import ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from sse_stream._chat._merging import JoinedFields, LatestFields
from sse_stream._chat._slot import Slot
from sse_stream._chat._tool_calls import Slots
from sse_stream._json._depth import MAX_DEPTH, is_deep
from sse_stream._json._lenient import loads
from sse_stream._json._reading import read_number
from sse_stream._sse._parser import DEFAULT_MAX_EVENT_SIZE
from sse_stream.dialects import OpenAIChat
from sse_stream.dialects._extras import decode_with_extras

# Tool calls.


def calls_of(*deltas: list[dict[str, object]]) -> list[ToolCall]:
    """The tool calls that some deltas add up to."""
    accumulator = ChatAccumulator()
    for delta in deltas:
        accumulator.add(ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"tool_calls": delta}}]}))
    return accumulator.completion.choices[0].message.tool_calls


def test_an_index_below_0_names_no_slot() -> None:
    """Calls without arguments are never complete, so only their names tell them apart."""
    calls = calls_of(
        [{"index": -1, "function": {"name": "now"}}],
        [{"index": -1, "function": {"name": "here"}}],
    )
    assert calls == [ToolCall("", "now", ""), ToolCall("", "here", "")]


Piece = tuple[int, str | None, str | None, str | None]
"""Index, id, name, arguments."""


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        # An id that is known says which call is meant, whatever the index.
        ([(0, "a", "f", "{"), (1, None, "g", "{"), (1, "a", None, "}"), (0, "a", None, "}")], [0, 1, 0, 0]),
        # What has no name continues even a call that is complete.
        ([(0, None, "f", "{}"), (0, None, None, "{}")], [0, 0]),
        # A name and an id that come late are those of the call that began without them.
        ([(0, None, None, "{}"), (0, "a", "f", None)], [0, 0]),
        ([(0, None, "f", "{"), (0, "a", "f", "}")], [0, 0]),
    ],
)
def test_the_slot_of_a_piece(pieces: list[Piece], expected: list[int]) -> None:
    slots = Slots(lambda kind, sample: None)
    found = []
    for index, call_id, name, arguments in pieces:
        slots.begin_delta()
        function = ChoiceDeltaFunctionCall(name=name, arguments=arguments)
        slot = slots.find(ChoiceDeltaToolCall(index=index, id=call_id, function=function), function)
        slot.name = slot.name or name or ""
        slot.add_arguments(arguments or "")
        found.append(slot.index)
    assert found == expected


def test_a_quote_that_an_earlier_piece_escapes_ends_no_string() -> None:
    slot = Slot(0)
    slot.add_arguments('{"a": "\\')
    assert not slot.complete
    slot.add_arguments('""}')
    assert slot.complete


def test_a_call_is_done_when_the_next_begins_though_an_earlier_one_is_not() -> None:
    accumulator = ChatAccumulator()
    events: list[ChatEvent] = []
    for index, arguments in ((0, "{"), (1, "[1]"), (2, "")):
        call = {"index": index, "id": str(index), "function": {"name": "f", "arguments": arguments}}
        chunk = ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
        events = accumulator.add(chunk)
    assert [event for event in events if isinstance(event, ToolCallDone)] == [
        ToolCallDone(1, ToolCall("1", "f", "[1]"))
    ]


# Merging.


@pytest.mark.parametrize(
    ("before", "piece", "after"),
    [
        ({"index": "a"}, {"index": "a"}, {"index": "a"}),
        ({"id": {"a": "x"}}, {"id": {"b": "y"}}, {"id": {"a": "x", "b": "y"}}),
        ({"a": "x"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": "x"}, {"a": [1]}, {"a": [1]}),
        ({"a": [1]}, {"a": 5}, {"a": 5}),
    ],
)
def test_pieces_of_different_kinds(
    before: dict[str, object], piece: dict[str, object], after: dict[str, object]
) -> None:
    pieces = JoinedFields()
    pieces.add(before)
    pieces.add(piece)
    assert pieces.snapshot() == after


def test_statements_weigh_what_they_add_in_all() -> None:
    def growth(*names: str) -> int:
        fields = LatestFields()
        fields.add({name: {"a": 1} for name in names})
        return fields.add({name: {"b": "12345"} for name in names})

    assert growth("x") > 0
    assert growth("x", "y") == 2 * growth("x")


def test_statements_weigh_less_when_what_they_say_gets_shorter() -> None:
    fields = LatestFields()
    fields.add({"z": "12345", "w": "12345"})
    assert fields.add({"z": "1234", "w": "1234"}) == -2


# JSON.

DEEP = "[" * MAX_DEPTH + "]" * MAX_DEPTH


@pytest.mark.parametrize(
    "read",
    [
        lambda: loads(DEEP.replace("[]", "[NaN]")),
        lambda: ServerSentEvent(DEEP).json(),
        lambda: ToolCall("", "f", DEEP).parse(),
        lambda: read_number(DEEP),
        lambda: decode_with_extras(f'{{"choices":[],"odd":{DEEP[1:-1]}}}'),
    ],
)
def test_what_the_stack_has_no_room_for_cannot_be_read(read: Callable[[], object]) -> None:
    """As far as the decoder uses it: Python 3.11 counts what is written in C, later ones do not."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        with suppress(ChunkDecodeError, OutputParseError):
            read()
    finally:
        sys.setrecursionlimit(before)


# Event streams.

HI = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'


def test_an_event_may_take_32_mebibytes() -> None:
    assert DEFAULT_MAX_EVENT_SIZE == 33_554_432


def test_the_short_way_of_a_first_event_leaves_no_bom_to_come() -> None:
    decoder = ChatDecoder()
    assert list(decoder.feed(HI)) == [TextDelta("Hi")]
    assert list(decoder.feed(b"\xef\xbb\xbf" + HI)) == []


@pytest.mark.parametrize("piece", [b'data: {"choices":\n[]}\n\n', b'data: {"choices":\r[]}\n\n'])
def test_an_event_of_several_lines_is_not_read_as_one(piece: bytes) -> None:
    decoder = ChatDecoder()
    assert list(decoder.feed(HI)) == [TextDelta("Hi")]
    with pytest.raises(ChunkDecodeError):
        list(decoder.feed(piece))


def test_the_beginning_of_a_bom_is_a_field_at_the_end() -> None:
    ignored: list[tuple[str, str]] = []
    decoder = SSEDecoder(on_unknown_field=lambda name, value: ignored.append((name, value)))
    assert list(decoder.feed(b"\xef\xbb")) == []
    assert list(decoder.close(dispatch_incomplete=True)) == []
    assert ignored == [("\ufffd", "")]


def test_a_line_that_parts_from_the_next_may_be_malformed() -> None:
    decoder = SSEDecoder(part_events=lambda data: data == "\ufffd")
    assert list(decoder.feed(b"data: \xff\ndata: b\n\n")) == [ServerSentEvent("\ufffd"), ServerSentEvent("b")]


def test_the_excerpt_of_an_event_that_is_too_large_holds_nothing_of_the_one_before() -> None:
    with pytest.raises(EventTooLargeError) as caught:
        list(SSEDecoder(max_event_size=20).feed(b"id: 1\ndata: before\n\n" + b"y" * 30))
    assert caught.value.excerpt == b"y" * 20


def calls_while(read: Callable[[], object], *names: str) -> Counter[str]:
    """How often functions of these names, of Python or built in, are called meanwhile."""
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, function: Any) -> None:
        name = frame.f_code.co_name if event == "call" else function.__name__ if event == "c_call" else ""
        if name in names:
            calls[name] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        read()
    finally:
        sys.setprofile(before)
    return calls


def lines_read(decoder: SSEDecoder, data: bytes) -> int:
    """How many lines are interpreted one by one."""
    return calls_while(lambda: list(decoder.feed(data)), "_interpret")["_interpret"]


@pytest.mark.parametrize("event", [b"data: a\n\n", b"event: x\ndata: a\n\n"])
def test_a_plain_event_is_not_read_line_by_line(event: bytes) -> None:
    """With its name or without: most streams consist of these."""
    decoder = SSEDecoder(max_event_size=len(event) + 7)
    assert lines_read(decoder, event) == 0
    assert lines_read(decoder, event * 3) == 0
    assert lines_read(decoder, event[:-1] + b"id: 1\n\n") == event.count(b"\n") + 1
    assert lines_read(decoder, event) == 0


PLAIN = '{"choices":[]}'
OWN = '{"choices":[],"provider":"p"}'
ODD = '{"choices":[],"model":5}'


def test_a_chunk_is_read_first_as_the_one_before_was() -> None:
    dialect = OpenAIChat()
    ways = []
    for data in (PLAIN, OWN, OWN, PLAIN, ODD, PLAIN, OWN, OWN):
        ways.append(set(calls_while(functools.partial(dialect.decode_plain, data), "decode", "decode_with_extras")))
    strict, own = {"decode"}, {"decode_with_extras"}
    assert ways == [strict, strict | own, own, own, strict | own, strict, strict | own, own]


def read_all(decoder: ChatDecoder, data: bytes) -> None:
    for _ in decoder.feed(data):
        pass


@pytest.mark.parametrize(
    ("data", "calls"),
    [
        (b'data: {"choices":[{"index":0,"delta":{}}]}\n\n', {"decode_plain": 1}),
        (b'data: {"choices":[{"delta":{}}]}\n\n', {"decode_plain": 1, "normalized": 1}),
        (b'id: 1\ndata: {"choices":[{"index":0,"delta":{}}]}\n\n', {"decode_plain": 1}),
        (b'event: x\ndata: {"choices":[{"index":0,"delta":{}}]}\n\n', {"decode_plain": 1, "normalized": 1}),
    ],
)
def test_an_event_is_tried_once_as_a_plain_chunk(data: bytes, calls: dict[str, int]) -> None:
    decoder = ChatDecoder()
    list(decoder.feed(b"\n"))
    assert calls_while(functools.partial(read_all, decoder, data), "decode_plain", "normalized") == calls


def test_what_has_few_brackets_is_not_searched_for_them() -> None:
    assert not calls_while(lambda: is_deep('{"text":["' + "x" * 500 + '"]}'), "split")
    assert calls_while(lambda: is_deep("[" * 500), "split")


def test_a_line_that_is_no_object_is_not_decoded() -> None:
    assert not calls_while(lambda: OpenAIChat().is_whole("[1]"), "loads")
    assert calls_while(lambda: OpenAIChat().is_whole("{}"), "loads")


def test_the_excerpt_of_an_event_that_is_too_large_is_how_it_begins() -> None:
    with pytest.raises(EventTooLargeError) as caught:
        list(SSEDecoder(max_event_size=2).feed(b"abc"))
    assert caught.value.excerpt == b"ab"
