"""The byte decoder, rule by rule.

Each row of the table is named after the sentence that it checks: of the HTML standard, section
"Server-sent events", https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pytest

from sse_stream import ServerSentEvent as Event
from sse_stream import SSEDecoder
from sse_stream.testing import bytewise, every_cut


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

CUTS: dict[str, Callable[[bytes], Iterable[list[bytes]]]] = {
    "whole": lambda body: [[body]],
    "byte by byte": lambda body: [bytewise(body)],
    "byte by byte, nothing between": lambda body: [[piece for byte in bytewise(body) for piece in (byte, b"")]],
    "at every place": every_cut,
}


def decoded(decoder: SSEDecoder, pieces: Iterable[bytes], *, dispatch_incomplete: bool = False) -> list[Event]:
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [*events, *decoder.close(dispatch_incomplete=dispatch_incomplete)]


every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
every_way = pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)


def test_rules_are_named_once() -> None:
    assert len({row.rule for row in ROWS}) == len(ROWS)


@every_way
@every_row
def test_standard(row: Row, cuts: Callable[[bytes], Iterable[list[bytes]]]) -> None:
    for pieces in cuts(row.body):
        decoder = SSEDecoder()
        assert decoded(decoder, pieces) == list(row.events), pieces
        assert (decoder.last_event_id, decoder.retry) == (row.last_event_id, row.retry), pieces


@every_way
@every_row
def test_standard_with_trailing_event(row: Row, cuts: Callable[[bytes], Iterable[list[bytes]]]) -> None:
    trailing = Event("trailing", "t", row.id_if_ended)
    for pieces in cuts(row.body + b"\n\nevent: t\ndata: trailing\n\n"):
        decoder = SSEDecoder()
        assert decoded(decoder, pieces) == [*row.events_if_ended, trailing], pieces
        assert (decoder.last_event_id, decoder.retry) == (row.id_if_ended, row.retry), pieces


@every_way
@every_row
def test_incomplete_event_is_dispatched_if_asked_for(row: Row, cuts: Callable[[bytes], Iterable[list[bytes]]]) -> None:
    for pieces in cuts(row.body):
        decoder = SSEDecoder()
        assert decoded(decoder, pieces, dispatch_incomplete=True) == row.events_if_ended, pieces
        assert (decoder.last_event_id, decoder.retry) == (row.id_if_ended, row.retry), pieces
