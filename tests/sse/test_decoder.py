"""The byte decoder, rule by rule.

Each row of the table is named after the sentence that it checks in the HTML standard, section "Server-sent events",
https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import gc
import itertools
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Self

import pytest

from sse_stream import EventTooLargeError, SSEDecoder, SSEStreamError
from sse_stream import ServerSentEvent as Event
from sse_stream._sse import _decoder as _sse
from sse_stream._sse import _input, _parser
from sse_stream._sse._parser import EventParser
from sse_stream.testing import bytewise, every_cut

from ..benchmarks.sse_workloads import Workload, linearity, workloads


@dataclass(frozen=True)
class Row:
    """A body, and what is in it.

    Attributes:
        rule: The sentence that the row checks.
        body: The bytes of the whole stream.
        events: The events of the stream, each dispatched before the stream ends.
        last_event_id: The last event ID string at its end.
        retry: The reconnection time at its end.
        cut_off: The event that a blank line after the body would dispatch.
        cut_off_id: The last event ID string after such a blank line, where it is another.
    """

    rule: str
    body: bytes
    events: Sequence[Event] = ()
    last_event_id: str = ""
    retry: int | None = None
    cut_off: Event | None = None
    cut_off_id: str | None = None

    @property
    def events_if_ended(self) -> list[Event]:
        return [*self.events, *([] if self.cut_off is None else [self.cut_off])]

    @property
    def id_if_ended(self) -> str:
        return self.last_event_id if self.cut_off_id is None else self.cut_off_id


A, B = Event("a"), Event("b")

# fmt: off
ROWS = [
    # "Streams must be decoded using the UTF-8 decode algorithm", and that one removes one BOM.
    Row("an empty stream has no events", b""),
    Row("one leading BOM is ignored", b"\xef\xbb\xbfdata: a\n\n", [A]),
    Row("one leading BOM before a comment is ignored", b"\xef\xbb\xbf: a\ndata: a\n\n", [A]),
    Row("a BOM alone is an empty stream", b"\xef\xbb\xbf"),
    Row("no second BOM is ignored", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [B]),
    Row("no later BOM is ignored", b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [A]),
    Row("no BOM after a line end is ignored", b"\n\xef\xbb\xbfdata: a\n\n"),
    Row("a BOM inside a value is text", b"data: \xef\xbb\xbf\n\n", [Event("\ufeff")]),
    Row("one byte of a BOM is no BOM", b"\xefdata: a\n\ndata: b\n\n", [B]),
    Row("two bytes of a BOM are no BOM", b"\xef\xbbdata: a\n\ndata: b\n\n", [B]),
    Row("two bytes of a BOM at the end are no BOM", b"\xef\xbb"),
    Row("other characters that begin like a BOM are none", b"\xef\xbb\xbedata: a\n\ndata: b\n\n", [B]),
    Row("a malformed sequence becomes U+FFFD", b"data: a\xffb\n\n", [Event("a\ufffdb")]),
    Row("a continuation byte alone becomes U+FFFD", b"data: \x80\n\n", [Event("\ufffd")]),
    Row("a sequence cut off by a line end becomes U+FFFD", b"data: \xf0\x9f\x98\ndata: a\n\n", [Event("\ufffd\na")]),
    Row("an overlong form becomes U+FFFD, byte by byte", b"data: \xc0\xaf\n\n", [Event("\ufffd\ufffd")]),
    Row("an encoded surrogate becomes U+FFFD, byte by byte", b"data: \xed\xa0\x80\n\n", [Event("\ufffd" * 3)]),
    Row("beyond U+10FFFF becomes U+FFFD, byte by byte", b"data: \xf4\x90\x80\x80\n\n", [Event("\ufffd" * 4)]),
    Row("a malformed event type and id become U+FFFD", b"event: \xff\nid: \xfe\ndata: a\n\n",
        [Event("a", "\ufffd", "\ufffd")], "\ufffd"),
    Row("a malformed field name is another name", b"data\xff: a\n\n"),
    Row("two bytes a character", b"data: \xc3\xa9\n\n", [Event("é")]),
    Row("three bytes a character", b"data: \xe6\x97\xa5\n\n", [Event("日")]),
    Row("four bytes a character", b"data: \xf0\x9f\x98\x80\n\n", [Event("😀")]),

    # "lines being separated by … a CRLF pair, … a LF character, … or a CR character".
    Row("LF ends a line", b"data: a\n\ndata: b\n\n", [A, B]),
    Row("CRLF ends a line, once", b"data: a\r\n\r\ndata: b\r\n\r\n", [A, B]),
    Row("CR ends a line", b"data: a\r\rdata: b\r\r", [A, B]),
    Row("CRLF between data lines is one line end", b"data: a\r\ndata: b\r\n\r\n", [Event("a\nb")]),
    Row("CR between data lines is one line end", b"data: a\rdata: b\r\r", [Event("a\nb")]),
    Row("CRLF and LF may mix", b"data: a\r\n\ndata: b\n\r\n", [A, B]),
    Row("CRLF and CR may mix", b"data: a\r\n\rdata: b\r\r\n", [A, B]),
    Row("LF and CR may mix", b"data: a\n\rdata: b\n\r", [A, B]),
    Row("LF before CRLF is two line ends", b"data: a\n\r\ndata: b\n\n", [A, B]),
    Row("CR LF LF is two line ends, not three", b"data: a\r\n\nid: 1\n\n", [A], "1"),
    Row("CR CR LF is two line ends", b"data: a\r\r\ndata: b\n\n", [A, B]),
    Row("a CR at the end ends its line", b"data: a\r\r", [A]),
    Row("a CRLF at the end ends its line", b"data: a\r\n\r\n", [A]),
    Row("VT ends no line", b"data: a\x0b\x0bb\n\n", [Event("a\x0b\x0bb")]),
    Row("FF ends no line", b"data: a\x0c\x0cb\n\n", [Event("a\x0c\x0cb")]),
    Row("FS, GS and RS end no line", b"data: \x1c\x1d\x1e\n\n", [Event("\x1c\x1d\x1e")]),
    Row("U+0085 ends no line", b"data: a\xc2\x85\xc2\x85b\n\n", [Event("a\x85\x85b")]),
    Row("U+2028 ends no line", b"data: a\xe2\x80\xa8\xe2\x80\xa8b\n\n", [Event("a\u2028\u2028b")]),
    Row("U+2029 ends no line", b"data: a\xe2\x80\xa9\xe2\x80\xa9b\n\n", [Event("a\u2029\u2029b")]),
    Row("NUL ends no line and is data", b"data: a\x00b\n\n", [Event("a\0b")]),

    # "If the line starts with a U+003A COLON character (:), ignore the line."
    Row("a comment dispatches nothing", b": a\n\n"),
    Row("a colon alone is a comment", b":\n\ndata: a\n\n", [A]),
    Row("a field behind a colon is a comment", b":data: a\n\n"),
    Row("a comment does not part data lines", b"data: a\n: c\n:\ndata: b\n\n", [Event("a\nb")]),
    Row("a comment does not part many data lines", b"data: a\ndata: b\n:data: c\ndata: d\n\n", [Event("a\nb\nd")]),
    Row("a comment does not end an event", b"data: a\n: c\n\n", [A]),
    Row("a comment holds anything", b": \xff\x00: data: \ndata: a\n\n", [A]),

    # "Collect the characters on the line before the first U+003A COLON character (:)".
    Row("the first colon parts name and value", b"data:a:b: c\n\n", [Event("a:b: c")]),
    Row("a second colon is value", b"data::\n\n", [Event(":")]),
    Row("no space after the colon is needed", b"data:a\n\n", [A]),
    Row("one space after the colon is removed", b"data: a\n\n", [A]),
    Row("only one space is removed", b"data:  a\n\n", [Event(" a")]),
    Row("no tab is removed", b"data:\ta\n\n", [Event("\ta")]),
    Row("no tab after the space is removed", b"data: \ta\n\n", [Event("\ta")]),
    Row("no space at the end is removed", b"data: a \n\n", [Event("a ")]),
    Row("no-break space is not removed", b"data:\xc2\xa0a\n\n", [Event("\xa0a")]),
    Row("a space alone is an empty value", b"data: \n\n", [Event("")]),
    Row("two spaces are a value of one", b"data:  \n\n", [Event(" ")]),
    Row("a space before the colon belongs to the name", b"data : a\n\n"),
    Row("a space before the name belongs to the name", b" data: a\n\n"),
    Row("a line of one space is not blank", b"data: a\n \ndata: b\n\n", [Event("a\nb")]),
    Row("a line without colon is a name with an empty value", b"data\n\n", [Event("")]),
    Row("an opening brace is no field", b'{"data": 1}\n\n'),

    # "Field names must be compared literally, with no case folding performed."
    Row("names are compared with case", b"Data: a\nDATA: b\n\nEvent: x\nID: 1\nRetry: 1\ndata: a\n\n", [A]),
    Row("a longer name is another name", b"datas: a\n\n"),
    Row("a shorter name is another name", b"dat: a\n\n"),
    Row("unknown fields are ignored", b"error: x\nfoo\ndata: a\nbar: data: b\n\n", [A]),
    Row("an unknown field alone dispatches nothing", b"error: x\n\n"),

    # "If the field name is "event": Set the event type buffer to field value."
    Row("event sets the type", b"event: x\ndata: a\n\n", [Event("a", "x")]),
    Row("event after data sets the type", b"data: a\nevent: x\n\n", [Event("a", "x")]),
    Row("the last event field wins", b"event: x\nevent: y\ndata: a\n\n", [Event("a", "y")]),
    Row("an empty event field means message", b"event: x\nevent:\ndata: a\n\n", [A]),
    Row("an event field without colon means message", b"event: x\nevent\ndata: a\n\n", [A]),
    Row("the type holds for one event", b"event: x\ndata: a\n\ndata: b\n\n", [Event("a", "x"), B]),
    Row("the type is reset where nothing is dispatched", b"event: x\n\ndata: a\n\n", [A]),
    Row("event alone dispatches nothing", b"event: x\n\n"),
    Row("no space at the end of a type is removed", b"event: x \ndata: a\n\n", [Event("a", "x ")]),

    # "If the field name is "data": Append the field value to the data buffer, then … a single LF".
    Row("data lines are joined by LF", b"data: a\ndata: b\ndata: c\n\n", [Event("a\nb\nc")]),
    Row("one trailing LF is removed from data, no more", b"data: a\ndata:\ndata\n\n", [Event("a\n\n")]),
    Row("empty data lines come first, too", b"data:\ndata\ndata: a\n\n", [Event("\n\na")]),
    Row("one empty data line is an event", b"data:\n\n", [Event("")]),
    Row("two empty data lines are an event of one LF", b"data\ndata\n\n", [Event("\n")]),
    Row("data is reset after dispatch", b"data: a\ndata: b\n\ndata: c\n\n", [Event("a\nb"), Event("c")]),
    Row("other fields do not part data lines", b"data: a\nid: 1\nevent: x\nretry: 2\ndata: b\n\n",
        [Event("a\nb", "x", "1", 2)], "1", 2),

    # "If the field name is "id": If the field value does not contain U+0000 NULL, …"
    Row("id sets the last event ID", b"id: 1\ndata: a\n\n", [Event("a", id="1")], "1"),
    Row("id after data holds for that event", b"data: a\nid: 1\n\n", [Event("a", id="1")], "1"),
    Row("the last id wins", b"id: 1\nid: 2\ndata: a\n\n", [Event("a", id="2")], "2"),
    Row("the id stays until another comes", b"id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n",
        [Event("a", id="1"), Event("b", id="1"), Event("c", id="2")], "2"),
    Row("an id is set even when nothing is dispatched", b"id: 1\n\ndata: a\n\n", [Event("a", id="1")], "1"),
    Row("id alone dispatches nothing", b"id: 1\n\n", [], "1"),
    Row("an empty id resets it", b"id: 1\ndata: a\n\nid:\ndata: b\n\n", [Event("a", id="1"), B]),
    Row("an id without colon resets it", b"id: 1\ndata: a\n\nid\ndata: b\n\n", [Event("a", id="1"), B]),
    Row("an id with NUL is ignored", b"id: 1\nid: 2\x00\ndata: a\n\n", [Event("a", id="1")], "1"),
    Row("an id is any text", b"id:  \xe6\x97\xa5: \ndata: a\n\n", [Event("a", id=" 日: ")], " 日: "),

    # "If the field name is "retry": If the field value consists of only ASCII digits, …"
    Row("retry sets the reconnection time", b"retry: 3000\ndata: a\n\n", [Event("a", retry=3000)], "", 3000),
    Row("retry alone dispatches nothing", b"retry: 3000\n\n", [], "", 3000),
    Row("retry holds at once", b"retry: 3000\n", [], "", 3000),
    Row("the last retry wins", b"retry: 1\nretry: 2\ndata: a\n\n", [Event("a", retry=2)], "", 2),
    Row("retry belongs to its block", b"retry: 1\ndata: a\n\ndata: b\n\n", [Event("a", retry=1), B], "", 1),
    Row("retry belongs to its block, dispatched or not", b"retry: 1\n\ndata: b\n\n", [B], "", 1),
    Row("retry is in base ten, leading zeros or not", b"retry: 0010\n\n", [], "", 10),
    Row("retry may be 0", b"retry: 0\n\n", [], "", 0),
    Row("retry may be 0 with leading zeros", b"retry:000\n\n", [], "", 0),
    Row("retry may have 640 digits", b"retry: 000" + b"9" * 640 + b"\n\n", [], "", 10**640 - 1),
    Row("retry of more digits is ignored", b"retry: 1\nretry: 1" + b"0" * 640 + b"\n\n", [], "", 1),
    *(Row(f"retry of only ASCII digits: {value!r} is ignored", b"retry: 7\nretry:" + value + b"\ndata: a\n\n",
          [Event("a", retry=7)], "", 7)
      for value in (b"", b" ", b"-1", b"+1", b"1_000", b"10 ", b"  10", b"\t10", b"1.5", b"1e3", b"0x10", b"1,0", b"1\x00",
                    "１０".encode(), "٣".encode(), "²".encode(), b"\xb2")),

    # "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string".
    Row("blank lines dispatch nothing by themselves", b"\n\n\r\n\r\rdata: a\n\n\n\n", [A]),
    Row("blank lines before a type do not matter", b"\n\nevent: x\ndata: a\n\n", [Event("a", "x")]),

    # "Once the end of the file is reached, any pending data must be discarded."
    Row("an event without its blank line is discarded", b"data: a\n\ndata: b\n", [A], cut_off=B),
    Row("an event without its line end is discarded", b"data: a\n\ndata: b", [A], cut_off=B),
    Row("an event that ends with a CR is discarded", b"data: b\r", cut_off=B),
    Row("several lines without a blank line are discarded", b"event: x\ndata: a\ndata: b",
        cut_off=Event("a\nb", "x")),
    Row("an id without its blank line is discarded, too", b"id: 1\ndata: a\n\nid: 2\ndata: b\n",
        [Event("a", id="1")], "1", cut_off=Event("b", id="2"), cut_off_id="2"),
    Row("an id alone without its blank line is discarded", b"id: 1", cut_off_id="1"),
    Row("a type without its blank line is discarded", b"data: a\n\nevent: x", [A]),
    Row("a comment at the end is nothing", b"data: a\n\n: c", [A]),
    Row("part of a name at the end is nothing", b"data: a\n\nda", [A]),
    Row("a name at the end is a data line", b"data: a\n\ndata", [A], cut_off=Event("")),
    Row("a character cut off at the end becomes U+FFFD", b"data: \xe6\x97", cut_off=Event("\ufffd")),

    # The examples of section 9.2.6.
    Row("example: three data lines are one event", b"data: YHOO\ndata: +2\ndata: 10\n\n", [Event("YHOO\n+2\n10")]),
    Row("example: a comment, three blocks, one unended",
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
        [Event("first event", id="1"), Event("second event")], "", cut_off=Event(" third event")),
    Row("example: empty events", b"data\n\ndata\ndata\n\ndata:", [Event(""), Event("\n")], cut_off=Event("")),
    Row("example: the space after the colon is ignored", b"data:test\n\ndata: test\n\n", [Event("test")] * 2),
]
# fmt: on


def ways(body: bytes) -> Iterator[list[bytes]]:
    """Whole, byte by byte, the same with nothing in between, and cut in two at every place."""
    yield [body]
    yield bytewise(body)
    yield [piece for byte in bytewise(body) for piece in (byte, b"")]
    yield from every_cut(body)


def decoded(decoder: SSEDecoder, pieces: Iterable[bytes], *, dispatch_incomplete: bool = False) -> list[Event]:
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [*events, *decoder.close(dispatch_incomplete=dispatch_incomplete)]


every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)


def test_rules_are_named_once() -> None:
    assert len({row.rule for row in ROWS}) == len(ROWS)


@every_row
def test_standard(row: Row) -> None:
    for pieces in ways(row.body):
        decoder = SSEDecoder()
        assert decoded(decoder, pieces) == list(row.events), pieces
        assert (decoder.last_event_id, decoder.retry) == (row.last_event_id, row.retry), pieces


@every_row
def test_standard_with_trailing_event(row: Row) -> None:
    trailing = Event("trailing", "t", row.id_if_ended)
    for pieces in ways(row.body + b"\n\nevent: t\ndata: trailing\n\n"):
        decoder = SSEDecoder()
        assert decoded(decoder, pieces) == [*row.events_if_ended, trailing], pieces
        assert (decoder.last_event_id, decoder.retry) == (row.id_if_ended, row.retry), pieces


@every_row
def test_incomplete_event_is_dispatched_if_asked_for(row: Row) -> None:
    for pieces in ways(row.body):
        decoder = SSEDecoder()
        assert decoded(decoder, pieces, dispatch_incomplete=True) == row.events_if_ended, pieces
        assert (decoder.last_event_id, decoder.retry) == (row.id_if_ended, row.retry), pieces


# What `feed` takes, and what it refuses.


def test_feed_takes_every_kind_of_bytes() -> None:
    decoder = SSEDecoder()
    spaced = memoryview(b"\n.\n.")[::2]
    kinds = (b"data: a\n", bytearray(b"data: b\n"), memoryview(b"data: c\n"), spaced)
    assert [event for data in kinds for event in decoder.feed(data)] == [Event("a\nb\nc")]


@pytest.mark.parametrize("kind", [lambda data: data, memoryview], ids=["bytearray", "memoryview"])
@pytest.mark.parametrize("body", [b"data: a\n\n", b"data: a\n\ndata: b\n\n", b"data: a", b"\xef\xbb"])
def test_feed_keeps_no_reference_to_what_can_change(
    body: bytes, kind: Callable[[bytearray], bytearray | memoryview]
) -> None:
    changing = bytearray(body)
    decoder = SSEDecoder()
    events = decoder.feed(kind(changing))
    changing[:] = b"!" * len(body)
    changing.clear()  # would raise BufferError if something still looked into it
    rest = decoder.feed(b"\xbf\n\n")
    assert [*events, *rest] == [*SSEDecoder().feed(body + b"\xbf\n\n")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("data: a", "not str: pass the raw bytes of the response"),
        (None, "not NoneType"),
        (7, "not int"),
        ([100, 97], "not list"),
    ],
)
def test_feed_refuses_what_is_not_bytes(data: Any, message: str) -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n")
    with pytest.raises(TypeError, match=message):
        decoder.feed(data)
    assert list(decoder.feed(b"\n")) == [A]


@pytest.mark.parametrize("size", [0, -1])
def test_max_event_size_is_positive(size: int) -> None:
    with pytest.raises(ValueError, match="1 or more, or None"):
        SSEDecoder(max_event_size=size)


# What is left unread stays queued.


def test_feed_decodes_only_what_is_read() -> None:
    seen: list[str] = []
    decoder = SSEDecoder(on_comment=seen.append)
    events = decoder.feed(b"data: a\n\n: first\ndata: b\n\n: second\n")
    assert seen == []
    assert next(events) == A
    assert seen == []
    assert next(events) == B
    assert seen == ["first"]
    assert list(events) == []
    assert seen == ["first", "second"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_what_nobody_reads_comes_with_the_end(row: Row) -> None:
    for pieces in [*every_cut(row.body), bytewise(row.body), [row.body, b"", b""]]:
        decoder = SSEDecoder()
        for piece in pieces:
            decoder.feed(piece)
        assert list(decoder.close()) == list(row.events), pieces
        assert (decoder.last_event_id, decoder.retry) == (row.last_event_id, row.retry), pieces


@pytest.mark.parametrize("body", [b"data: a\n\n", b"data: a\r\r", b"data: a\r\n\r", b"data: a\n\r", b"data: a\r\n\n"])
def test_an_event_comes_with_the_byte_that_ends_its_blank_line(body: bytes) -> None:
    assert list(SSEDecoder().feed(body)) == [A]
    decoder = SSEDecoder()
    assert [list(decoder.feed(byte)) for byte in bytewise(body)] == [*[[]] * (len(body) - 1), [A]]


def test_an_abandoned_iterator_leaves_the_rest_to_the_next() -> None:
    decoder = SSEDecoder()
    for event in decoder.feed(b"data: a\n\ndata: b\n\ndata: c"):
        assert event == A
        break
    assert list(decoder.feed(b"\n\ndata: d\n\n")) == [B, Event("c"), Event("d")]


def test_an_abandoned_iterator_over_one_event_leaves_the_next_piece() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n\n")
    unread = decoder.feed(b"data: b\n\n")
    assert next(unread) == A
    assert list(decoder.feed(b"")) == [B]


def test_interleaved_iterators_share_one_queue() -> None:
    decoder = SSEDecoder()
    first = decoder.feed(b"data: 0\n\ndata: 1\nevent: x\n\n: c\n\ndata: 2\n\n")
    second = decoder.feed(b"data: 3\n\ndata:4\n\n")
    found = [next(first), next(second), next(first), next(second), next(first)]
    assert found == [Event("0"), Event("1", "x"), Event("2"), Event("3"), Event("4")]
    assert list(first) == list(second) == []
    assert list(decoder.feed(b"data: 5\n\n")) == [Event("5")]


# After the end.


def test_close_delivers_what_was_left_unread_and_no_more() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n\ndata: b")
    assert list(decoder.close()) == [A]
    assert list(decoder.close(dispatch_incomplete=True)) == []


def test_the_first_close_decides() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a")
    decoder.close()
    assert list(decoder.close(dispatch_incomplete=True)) == []
    decoder = SSEDecoder()
    decoder.feed(b"data: a")
    decoder.close(dispatch_incomplete=True)
    assert list(decoder.close()) == [A]


def test_part_of_a_bom_is_told_as_the_unknown_field_that_it_is() -> None:
    fields: list[tuple[str, str]] = []
    decoder = SSEDecoder(on_unknown_field=lambda *field: fields.append(field))
    assert decoded(decoder, [b"\xef", b"\xbb"], dispatch_incomplete=True) == []
    assert fields == [("\ufffd", "")]


def test_close_may_be_read_in_turns() -> None:
    decoder = SSEDecoder(part_events=lambda _: True)
    decoder.feed(b"data: a\n\ndata: b\ndata: c")
    for expected in (A, B, Event("c")):
        assert next(decoder.close(dispatch_incomplete=True)) == expected
    assert list(decoder.close(dispatch_incomplete=True)) == []


def test_a_closed_decoder_takes_no_more() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"id: 1\ndata: a\n\n")
    rest = decoder.close()
    for data in (b"", b"id: 2\ndata: b\n\n"):
        with pytest.raises(SSEStreamError, match="accepts no more bytes because it was closed") as caught:
            decoder.feed(data)
        assert type(caught.value) is SSEStreamError
    assert list(rest) == [Event("a", id="1")]
    assert decoder.last_event_id == "1"


def test_a_failed_decoder_takes_no_more() -> None:
    decoder = SSEDecoder(max_event_size=10)
    events = decoder.feed(b"id: 1\nretry: 5\ndata: a\n\ndata: too long\n\ndata: b\n\n")
    assert next(events) == Event("a", "message", "1", 5)
    abandoned = decoder.feed(b"data: c\n\n")
    with pytest.raises(EventTooLargeError):
        next(events)
    for _ in range(2):
        with pytest.raises(SSEStreamError, match="because it has failed: an event is larger than") as caught:
            decoder.feed(b"data: d\n\n")
        assert type(caught.value) is SSEStreamError
    assert list(abandoned) == list(events) == list(decoder.close(dispatch_incomplete=True)) == []
    assert (decoder.last_event_id, decoder.retry, decoder._parser.within_event) == ("1", 5, False)


@pytest.mark.parametrize(
    ("body", "within"),
    [
        (b"", False),
        (b"data: a\n\n", False),
        (b"data: a\n", True),
        (b"data:", True),
        (b"event: x\n", True),
        (b"event: x\n\n", False),
        (b": comment", False),
        (b": comment\n", False),
        (b"data: a\n: comment", True),
        (b"id: 1\n", False),
        (b"\xef\xbb", True),
        (b"\xef\xbb\xbf", False),
    ],
)
def test_within_event_says_whether_one_has_begun(body: bytes, within: bool) -> None:
    for pieces in ([body], bytewise(body)):
        decoder = SSEDecoder()
        for piece in pieces:
            list(decoder.feed(piece))
        assert decoder._parser.within_event is within
        list(decoder.close())
        assert decoder._parser.within_event is False


@pytest.mark.parametrize(
    ("before", "piece", "plain"),
    [
        (b"", b"data: a\n\n", (b"a", "message")),
        (b"", b"data: \n\n", (b"", "message")),
        (b"id: 1\n\n", b"data: \xff\n\n", (b"\xff", "message")),
        (b"", b"data: a\r\n\r\n", (b"a", "message")),
        (b"", b"data: 789012\n\n", (b"789012", "message")),
        (b"", b"data: 7890123\n\n", None),  # larger than max_event_size
        (b"", b"event: x\ndata: a\n\n", (b"a", "x")),
        (b"", b"event: \ndata: a\n\n", (b"a", "message")),
        (b"", b"event: \xff\ndata: a\n\n", (b"a", "\ufffd")),
        (b"", b"event: 89012\ndata: a\n\n", (b"a", "89012")),
        (b"", b"event: 890123\ndata: a\n\n", None),  # larger than max_event_size
        (b": c", b"data: a\n\n", None),
        (b"id: 1\n", b"data: a\n\n", None),
        (b"", b"data: a\ndata: b\n\n", None),
        (b"", b"data: a\rb\n\n", None),
        (b"", b"data:a\n\n", None),
        (b"", b"data: a\n", None),
        (b"", b"data: a", None),
        (b"", b"event: x\n\n", None),
        (b"", b"event: x\n", None),
        (b"", b"event: x", None),
        (b"", b"event: x\nevent: y\ndata: a\n\n", None),
        (b"", b"data: a\nevent: x\n\n", None),
        (b"", b"", None),
    ],
)
def test_a_plain_event_is_told_apart(before: bytes, piece: bytes, plain: tuple[bytes, str] | None) -> None:
    """One `data` line, and at most a name before it: `next_plain` gives its bytes, or leaves all to `next_event`."""
    for rest in (b"", b"data: z\n\n", b"data: z"):
        parser = EventParser(12)
        parser.take(b"\n" + before)
        assert parser.next_event() is None
        parser.take(piece + (rest if piece.endswith(b"\n\n") else b""))
        data = parser.next_plain()
        assert (None if data is None else (data, parser.plain_name)) == plain
        if plain is not None:
            assert parser.between_events
            other = EventParser(12)
            other.take(piece)
            assert other.next_event() == Event(plain[0].decode("utf-8", "replace"), plain[1])


def test_blocks_that_were_fed_are_passed_over_in_order() -> None:
    parser = EventParser()
    for piece in (b"data: a\n\nid: 1\n\n", b"data: c\n\n", b"data: d"):
        parser.take(piece)
    for block in (b"data: a\n\n", b"id: 1\n\n", b"data: c\n\n"):
        assert parser.next_block() == block
        parser.pass_over(parser.position + len(block))
    assert parser.next_block() == b""
    assert parser.next_event() is None
    parser.take(b"\n\n")
    assert parser.next_block() == b""  # the event has begun before
    assert parser.next_event() == Event("d")
    parser.take(b"data: e\n\n")
    assert parser.next_block() == b"data: e\n\n"


@pytest.mark.parametrize("taken", [b"\xef\xbb", b"data: a", b"data: a\n", b"event: a\n"])
def test_nothing_is_left_of_what_was_stopped(taken: bytes) -> None:
    parser = EventParser()
    parser.take(taken)
    assert parser.next_event() is None
    assert parser.within_event
    parser.stop("")
    assert not parser.within_event


@pytest.mark.parametrize("taken", [b"", b"data: a", b"data: a\n", b"data: a\nid: 1\n"])
def test_a_block_ends_with_a_blank_line(taken: bytes) -> None:
    parser = EventParser()
    parser.take(taken)
    assert parser.next_block() == b""
    block = (taken.rstrip(b"\n") or b"data: a") + b"\n\n"
    parser = EventParser()
    parser.take(block + b"data: b\n\n")
    assert parser.next_block() == block


# What the standard ignores, for those who ask.

ASIDES = b":\n: a\n:b\n:  c \n\nfoo\nerror: x\nbar:  y \ndata: d\n:\xff\n\xfe:\xfe\nid: \x00\nretry: -1\n\n: e"


@pytest.mark.parametrize("pieces", [[ASIDES], bytewise(ASIDES), *every_cut(ASIDES)])
def test_comments_and_unknown_fields_are_told(pieces: list[bytes]) -> None:
    comments: list[str] = []
    fields: list[tuple[str, str]] = []
    decoder = SSEDecoder(on_comment=comments.append, on_unknown_field=lambda *field: fields.append(field))
    assert decoded(decoder, pieces, dispatch_incomplete=True) == [Event("d")]
    assert comments == ["", "a", "b", " c ", "\ufffd", "e"]
    assert fields == [("foo", ""), ("error", "x"), ("bar", " y "), ("\ufffd", "\ufffd")]


def test_a_callback_that_raises_loses_nothing_else() -> None:
    def refuse(comment: str) -> None:
        raise LookupError(comment)

    decoder = SSEDecoder(on_comment=refuse)
    events = decoder.feed(b"data: a\n: no\ndata: b\n\n")
    with pytest.raises(LookupError, match="no"):
        next(events)
    assert list(decoder.feed(b"data: c\n\n")) == [Event("a\nb"), Event("c")]


PARTED = b"event: x\nid: 1\nretry: 2\ndata: [1]\ndata: [2]\ndata: [3\ndata: ]\ndata\ndata: [4]\n\ndata: [5]\ndata:\n\n"


@pytest.mark.parametrize("pieces", [[PARTED], bytewise(PARTED), *every_cut(PARTED)])
def test_events_run_together_are_parted_where_the_first_line_is_whole(pieces: list[bytes]) -> None:
    asked: list[str] = []

    def whole(data: str) -> bool:
        asked.append(data)
        return data.endswith("]")

    assert decoded(SSEDecoder(part_events=whole), pieces) == [
        Event("[1]", "x", "1", 2),
        Event("[2]", "x", "1", 2),
        Event("[3\n]\n\n[4]", "x", "1", 2),
        Event("[5]\n", "message", "1"),
    ]
    assert asked == ["[1]", "[2]", "[3"]


# Without a blank line between them, the fields of the second event stand behind the data of the first.
FIELDS_BETWEEN = b"event: x\nid: 1\nretry: 2\ndata: [1]\nevent: y\nid: 3\nretry: 4\ndata: [2]\n\ndata: [3]\n\n"


@pytest.mark.parametrize("pieces", [[FIELDS_BETWEEN], bytewise(FIELDS_BETWEEN), *every_cut(FIELDS_BETWEEN)])
def test_fields_between_two_events_run_together_belong_to_the_second(pieces: list[bytes]) -> None:
    assert decoded(SSEDecoder(part_events=lambda data: data.endswith("]")), pieces) == [
        Event("[1]", "x", "1", 2),
        Event("[2]", "y", "3", 4),
        Event("[3]", "message", "3"),
    ]


# Limits.

ENDLESS = {
    "line": (b"", b"x"),
    "data line": (b"data: ", b"x"),
    "data lines": (b"", b"data: xyz\n"),
    "empty data lines": (b"", b"data\n"),
    "data lines with CRLF": (b"", b"data: xyz\r\n"),
    "data lines behind others": (b"event: e\nid: i\n", b"data: xyz\n: c\n"),
    "malformed data": (b"data: ", b"\xff"),
    "comment": (b": ", b"x"),
    "comment behind data": (b"data: x\n: ", b"x"),
    "unknown field": (b"unknown: ", b"x"),
    "name": (b"un", b"known"),
    "id": (b"id: ", b"x"),
    "event type": (b"event: ", b"x"),
    "retry": (b"retry: ", b"0"),
    "BOM": (b"\xef\xbb\xbf", b"\xef\xbb\xbf"),
}
every_endless = pytest.mark.parametrize("shape", ENDLESS)


def failed(pieces: Iterable[bytes], limit: int) -> tuple[list[Event], int, str, int, bytes]:
    """The events before the error, how many bytes had been fed when it came, and what it says."""
    decoder = SSEDecoder(max_event_size=limit)
    events: list[Event] = []
    fed = 0
    for piece in pieces:
        fed += len(piece)
        try:
            events.extend(decoder.feed(piece))
        except EventTooLargeError as error:
            return events, fed, str(error), error.limit, error.excerpt
    raise AssertionError("no error came")


@every_endless
@pytest.mark.parametrize("limit", [1, 7, 16, 100])
def test_what_is_too_large_is_the_same_error_at_the_same_place(shape: str, limit: int) -> None:
    begin, repeated = ENDLESS[shape]
    good = b"id: 1\n\n" if limit > 4 else b"\n\n"
    body = good + begin + repeated * (limit + 2) + b"\n\ndata: never\n\n"
    events, place, *error = failed(bytewise(body), limit)
    assert place <= len(good) + len(begin) + len(repeated) * (limit + 2)
    for pieces in ([body], *every_cut(body)):
        found, fed, *same = failed(pieces, limit)
        assert (found, same) == (events, error)
        # It comes with the piece that holds the byte that is too much, not with a later one.
        assert fed == next(end for end in itertools.accumulate(map(len, pieces)) if end >= place)


def test_the_error_says_what_and_how_much() -> None:
    with pytest.raises(EventTooLargeError) as caught:
        list(SSEDecoder(max_event_size=100).feed(b"data: [1]\ndata: " + b"x" * 200))
    error = caught.value
    assert (error.limit, error.excerpt) == (100, b"[1]data: " + b"x" * 71)
    assert str(error) == (
        "an event is larger than 100 bytes, the limit set by max_event_size or Limits.event_size;"
        f" it begins with {error.excerpt!r}"
    )


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b"data: 3456\n\n", 10),
        (b"data:12345\n\n", 10),
        (b"data: 1\ndata: 34567\n\n", 1 + 11),
        (b"data:1\ndata:2\ndata: 456\n\n", 3 + 9),
        (b"data: 1\ndata: 2\ndata: 3\ndata: 56\n\n", 5 + 8),
        (b"data: 12345\n: 3\n\n", 11),
        (b"data: 123\nid: 678\n\n", 3 + 7),
        (b"1234567890\n", 10),
        (b":123456789", 10),
        (b"data: 1\n\ndata:2\n\ndata: 3\n\n", 7),
    ],
)
def test_max_event_size_counts_the_data_before_a_line_and_the_line(body: bytes, size: int) -> None:
    events = decoded(SSEDecoder(), [body])
    for pieces in ([body], bytewise(body), *every_cut(body)):
        assert decoded(SSEDecoder(max_event_size=size), pieces) == events
        assert decoded(SSEDecoder(max_event_size=None), pieces) == events
        failed(pieces, size - 1)


def test_every_event_has_the_whole_size_for_itself() -> None:
    body = b"data: 3456\n\n" * 3 + b"data: 1\ndata:2\n\n" * 3
    assert len(decoded(SSEDecoder(max_event_size=10), [body])) == 6


def test_nothing_is_kept_after_an_error() -> None:
    decoder = SSEDecoder(max_event_size=100_000)
    decoder.feed(b"event: x\nretry: 5\ndata: " + b"a" * 90_000 + b"\ndata: " + b"b" * 90_000)
    gc.collect()
    tracemalloc.start()
    try:
        events = decoder.feed(bytes(90_000))
        for _ in range(100):
            decoder.feed(b"data: c\n\n" + bytes(10_000))
        with pytest.raises(EventTooLargeError) as caught:
            next(events)
        del caught, events
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 30_000
    finally:
        tracemalloc.stop()
    assert not decoder._parser.within_event
    assert list(decoder.close(dispatch_incomplete=True)) == []


def peak_memory(decoder: SSEDecoder, pieces: Iterable[bytes]) -> tuple[int, bool]:
    """The most that the decoder needs at once, in bytes, and whether an event was too large for it."""
    gc.collect()
    tracemalloc.start()
    try:
        for piece in pieces:
            for _ in decoder.feed(piece):
                pass
    except EventTooLargeError:
        return tracemalloc.get_traced_memory()[1], True
    else:
        return tracemalloc.get_traced_memory()[1], False
    finally:
        tracemalloc.stop()


@every_endless
@pytest.mark.parametrize("read", [1, 1_000])
def test_memory_is_bounded_by_max_event_size(shape: str, read: int) -> None:
    begin, repeated = ENDLESS[shape]
    limit = 4_096 if read == 1 else 32_768
    block = repeated * 1_000
    pieces = [block[start : start + read] for start in range(0, len(block), read)]

    def endless() -> Iterator[bytes]:
        yield begin
        for _ in range(8 * limit // 1_000):  # far beyond the limit, however little of a piece counts
            yield from pieces

    peak, too_large = peak_memory(SSEDecoder(max_event_size=limit), endless())
    assert too_large
    # The buffers grow by an eighth more than they need; the rest is the line while it is moved.
    assert peak < 3 * limit + 16_384


@pytest.mark.parametrize(
    "block",
    [
        b": comment\n",
        b": comment\n\n",
        b"unknown: field\n",
        b"id: 1234\n",
        b"id: 1234\n\n",
        b"event: x\n",
        b"retry: 5\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"data: x\n\n",
        b"data: x\ndata: x\n\n",
        b"event: e\r\ndata: x\r\n\r\n",
    ],
)
def test_what_may_go_on_for_ever_needs_no_memory(block: bytes) -> None:
    peak, too_large = peak_memory(SSEDecoder(max_event_size=1_000), (block * 100 for _ in range(60)))
    assert not too_large
    assert peak < 16_384


# Cost, in operations and in bytes moved.

MANY: dict[str, Callable[[int], Iterable[bytes]]] = {
    "one line in many reads": lambda count: [b"data: ", *[b"x" * 1_460] * count, b"\n\n"],
    "one line in many reads behind another": lambda count: [b"\ndata: ", *[b"x" * 1_460] * count, b"\n\n"],
    "one line, one byte per read": lambda count: [b"data: ", *[b"x"] * count, b"\n\n"],
    "one comment in many reads": lambda count: [b": ", *[b"x"] * count, b"\n\n"],
    "data lines in one read": lambda count: [b"data: x\n" * count + b"\n"],
    "data lines in many reads": lambda count: [*[b"data: x\n"] * count, b"\n"],
    "empty data lines": lambda count: [b"data\n" * count + b"\n"],
    "data lines and comments": lambda count: [b"data: x\n: c\n" * count + b"\n"],
    "events in one read": lambda count: [b"data: x\n\n" * count],
    "events of two lines in one read": lambda count: [b"data: x\ndata: y\n\n" * count],
    "one event per read": lambda count: [b"data: x\n\n"] * count,
    "events one byte per read": lambda count: bytewise(b"data: x\n\n" * count),
    "CR": lambda count: [b"data: x\r\r" * count],
    "CRLF": lambda count: [b"data: x\r\n\r\n"] * count,
    "CRLF one byte per read": lambda count: bytewise(b"data: x\r\n\r\n" * count),
    "blank lines": lambda count: [b"\n" * count],
    "fields": lambda count: [b"event: x\nid: 1\nretry: 2\nunknown: y\n" * count + b"\n"],
}


def decode(decoder: SSEDecoder, pieces: Iterable[bytes], *, unread: bool) -> None:
    """Decode the pieces: each at once, or all of them at the end."""
    for piece in pieces:
        events = decoder.feed(piece)
        if not unread:
            for _ in events:
                pass
    for _ in decoder.close():
        pass


def operations(pieces: Iterable[bytes], *, unread: bool) -> int:
    """How many functions are called, in Python and in C, to decode the pieces."""
    count = 0

    def counting(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    decoder = SSEDecoder(part_events=lambda _: False)
    pieces = list(pieces)
    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        decode(decoder, pieces, unread=unread)
    finally:
        sys.setprofile(before)
    return count


either_unread = pytest.mark.parametrize("unread", [False, True], ids=["read at once", "read at the end"])


@either_unread
@pytest.mark.parametrize("stream", MANY.values(), ids=MANY)
def test_operations_are_linear_in_the_bytes(stream: Callable[[int], Iterable[bytes]], unread: bool) -> None:
    once, twice = (operations(stream(count), unread=unread) for count in (500, 1_000))
    assert twice <= 2.1 * once


class CountingBuffer(bytearray):
    """A buffer that counts the bytes that are moved into it and out of it."""

    moved = 0

    def __init__(self, source: bytes | bytearray = b"") -> None:
        super().__init__(source)
        CountingBuffer.moved += len(source)

    def __iadd__(self, other: Any) -> Self:  # type: ignore[misc]  # its `+` is not used, nor counted
        CountingBuffer.moved += len(other)
        super().__iadd__(other)
        return self

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        CountingBuffer.moved += len(found) if isinstance(found, bytearray) else 1
        return found

    def partition(self, separator: Any, /) -> tuple[bytearray, bytearray, bytearray]:
        CountingBuffer.moved += len(self)
        return super().partition(separator)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        CountingBuffer.moved += len(self)
        return super().decode(encoding, errors)


@either_unread
@pytest.mark.parametrize("name", MANY)
def test_bytes_moved_are_linear_in_the_bytes(name: str, unread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = MANY[name]
    waits = name.startswith(("one line", "one comment", "data lines"))
    for module in (_input, _parser):
        monkeypatch.setattr(module, "bytearray", CountingBuffer, raising=False)
    moved = []
    for count in (500, 1_000):
        CountingBuffer.moved = 0
        decode(SSEDecoder(), stream(count), unread=unread)
        moved.append(CountingBuffer.moved)
    assert moved[1] <= 2.1 * moved[0]
    assert moved[1] <= 3 * sum(map(len, stream(1_000)))
    # What waits for more waits in a buffer that can grow: bytes would be copied whole for each addition.
    if waits:
        assert moved[1] >= 1_000


class CountingPiece(bytes):
    """A piece that counts the bytes that are copied out of it, and out of what was."""

    moved = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if isinstance(found, int):
            return found
        CountingPiece.moved += len(found)
        return CountingPiece(found)


@pytest.mark.parametrize("stream", MANY.values(), ids=MANY)
def test_bytes_copied_are_linear_in_the_bytes(
    stream: Callable[[int], Iterable[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sse, "as_bytes", lambda piece: piece)
    # The first bytes may be a BOM, and carriage returns are replaced: what remains is no counting piece.
    pieces = [b"\n", *(CountingPiece(piece.replace(b"\r", b"\n")) for piece in stream(1_000))]
    CountingPiece.moved = 0
    decoded(SSEDecoder(), pieces)
    assert CountingPiece.moved <= 3 * sum(map(len, pieces))


def test_copies_of_a_piece_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sse, "as_bytes", lambda piece: piece)
    CountingPiece.moved = 0
    assert decoded(SSEDecoder(), [b"\n", CountingPiece(b"data: abcd\n\n")]) == [Event("abcd")]
    assert CountingPiece.moved >= len(b"abcd")


def test_bytes_moved_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_input, _parser):
        monkeypatch.setattr(module, "bytearray", CountingBuffer, raising=False)
    CountingBuffer.moved = 0
    assert decoded(SSEDecoder(), bytewise(b"data: abcd\n\n")) == [Event("abcd")]
    assert CountingBuffer.moved >= len(b"data: abcd") + len(b"abcd")


@pytest.mark.parametrize("workload", [*workloads(0.002), *itertools.chain(*linearity(0.002))], ids=lambda row: row.name)
def test_what_the_benchmark_times_is_decoded_right(workload: Workload) -> None:
    pieces = workload.pieces()
    assert b"".join(pieces) == workload.body
    assert [event.data for event in decoded(SSEDecoder(), pieces)] == workload.data
