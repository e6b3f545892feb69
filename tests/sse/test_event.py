"""`ServerSentEvent`: equality, decoding its data, and encoding it."""

from __future__ import annotations

import pytest

from sse_stream import ChunkDecodeError, SSEDecoder
from sse_stream import ServerSentEvent as Event

A = Event("a")


def test_events_are_values() -> None:
    event = Event("a", "x", "1", 2)
    assert event == Event(data="a", event="x", id="1", retry=2)
    assert event != Event("a", "x", "1")
    assert len({event, Event("a", "x", "1", 2), A}) == 2
    assert (A.data, A.event, A.id, A.retry) == ("a", "message", "", None)
    for name in ("data", "event", "id", "retry"):
        with pytest.raises(AttributeError):
            setattr(event, name, None)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("null", None),
        ("[1, 2.5, true]", [1, 2.5, True]),
        (' {"a": {"b": "\u00e9\\n"}} ', {"a": {"b": "é\n"}}),
        ('"\u2028"', "\u2028"),
    ],
)
def test_json_is_the_value(data: str, value: object) -> None:
    assert Event(data).json() == value


@pytest.mark.parametrize("data", ["", "[DONE]", "{", "{} {}", '{"a": NaN}', "[" * 100_000, '"\ud800"'])
def test_json_that_is_none_says_so(data: str) -> None:
    with pytest.raises(ChunkDecodeError, match=r"^cannot decode the data as JSON: ") as caught:
        Event(data).json()
    assert caught.value.data == data
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("event", "framed"),
    [
        (A, b"data: a\n\n"),
        (Event(""), b"data: \n\n"),
        (Event("a\n\nb\n"), b"data: a\ndata: \ndata: b\ndata: \n\n"),
        (Event(" a"), b"data:  a\n\n"),
        (Event("a", "x", "1", 20), b"event: x\nid: 1\nretry: 20\ndata: a\n\n"),
        (Event("日\u2028\0", " x:", ": 1"), b"event:  x:\nid: : 1\ndata: \xe6\x97\xa5\xe2\x80\xa8\x00\n\n"),
        (Event("\ufeff", "\0"), b"event: \x00\ndata: \xef\xbb\xbf\n\n"),
        (Event("X", "X", "X"), b"event: X\nid: X\ndata: X\n\n"),
        (Event("a", retry=0), b"retry: 0\ndata: a\n\n"),
        (Event("a", retry=10**640 - 1), b"retry: " + b"9" * 640 + b"\ndata: a\n\n"),
    ],
)
def test_encode_is_what_decodes_to_the_event(event: Event, framed: bytes) -> None:
    assert event.encode() == framed
    assert list(SSEDecoder().feed(framed)) == [event]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Event("a\rb"), r"data contains '\\r'"),
        (Event("a\r\nb"), r"data contains '\\r'"),
        (Event("a", ""), "event is empty"),
        (Event("a", "x\ny"), r"event contains '\\n'"),
        (Event("a", "x\ry"), r"event contains '\\r'"),
        (Event("a", id="1\n"), r"id contains '\\n'"),
        (Event("a", id="\r1"), r"id contains '\\r'"),
        (Event("a", id="1\0"), r"id contains '\\x00'"),
        (Event("a", retry=-1), "0 or more"),
        (Event("a", retry=10**640), "number of milliseconds"),
        (Event("\ud800"), "lone surrogate"),
        (Event("a", "\udfff"), "lone surrogate"),
    ],
)
def test_encode_refuses_what_a_line_cannot_carry(event: Event, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        event.encode()
