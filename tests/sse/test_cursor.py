"""Events across connections, and which of them have been handled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import EventTooLargeError, ServerSentEvent
from sse_stream._sse._cursor import EventCursor
from sse_stream.testing import bytewise, every_cut


def handled(
    connections: Iterable[Iterable[bytes]], *, last_event_id: str = "", dedupe: int = 0
) -> tuple[list[tuple[str, str]], list[str]]:
    """The events, with their ids; and what the server is told to go on from by each connection, and at the end."""
    cursor = EventCursor(last_event_id, dedupe, None)
    events = []
    places = []
    for pieces in connections:
        places.append(cursor.last_event_id)
        cursor.connect()
        for piece in pieces:
            cursor.take(piece)
            while (event := cursor.next_event()) is not None:
                cursor.hand_out(event)
                events.append((event.data, event.id))
                cursor.acknowledge()
    return events, [*places, cursor.last_event_id]


ONE = b"id: 1\ndata: a\n\n"
TWO = b"id: 2\ndata: b\n\n"
BARE = b"data: c\n\n"

ROWS = [
    pytest.param([ONE + TWO], 0, [("a", "1"), ("b", "2")], ["", "2"], id="it goes on from the last id"),
    pytest.param([ONE + BARE], 0, [("a", "1"), ("c", "1")], ["", "1"], id="which an event without one inherits"),
    pytest.param([ONE, BARE], 0, [("a", "1"), ("c", "1")], ["", "1", "1"], id="over a connection too"),
    pytest.param([ONE, b"id\n\n" + BARE], 0, [("a", "1"), ("c", "")], ["", "1", ""], id="until the server resets it"),
    pytest.param([ONE + b"id:\n\n", BARE], 0, [("a", "1"), ("c", "")], ["", "", ""], id="without data too"),
    pytest.param([ONE + b"id: 9\n\n"], 0, [("a", "1")], ["", "9"], id="or sets it"),
    pytest.param([ONE + b"id: 9\ndata: x\n"], 0, [("a", "1")], ["", "1"], id="half an event sets nothing"),
    pytest.param(
        [ONE + b"id: 9\ndata: x\n", b"\n" + BARE], 0, [("a", "1"), ("c", "1")], ["", "1", "1"], id="nor later"
    ),
    pytest.param([ONE + b"id: 9\0\ndata: x\n\n"], 0, [("a", "1"), ("x", "1")], ["", "1"], id="nor does one with NUL"),
    pytest.param([BARE, BARE], 0, [("c", ""), ("c", "")], ["", "", ""], id="a stream without ids"),
    pytest.param([ONE, ONE], 0, [("a", "1"), ("a", "1")], ["", "1", "1"], id="what is repeated comes again"),
    pytest.param([ONE + TWO, ONE + TWO], 2, [("a", "1"), ("b", "2")], ["", "2", "2"], id="unless its id is remembered"),
    pytest.param(
        [ONE + TWO, ONE], 1, [("a", "1"), ("b", "2"), ("a", "1")], ["", "2", "1"], id="by as many as asked for"
    ),
    pytest.param(
        [BARE + ONE, BARE], 5, [("c", ""), ("a", "1"), ("c", "1")], ["", "1", "1"], id="an event without an id"
    ),
    pytest.param([ONE + BARE + BARE], 5, [("a", "1"), ("c", "1"), ("c", "1")], ["", "1"], id="an inherited id is none"),
    pytest.param([b"id\ndata: x\n\n" * 2], 5, [("x", ""), ("x", "")], ["", ""], id="nor is an empty one"),
    pytest.param(
        [ONE + TWO, ONE + b"data: h"], 5, [("a", "1"), ("b", "2")], ["", "2", "2"], id="repeats lead not back"
    ),
    pytest.param(
        [b"\xef\xbb\xbf" + ONE, b"\xef\xbb\xbf" + TWO], 0, [("a", "1"), ("b", "2")], ["", "1", "2"], id="BOMs"
    ),
]


@pytest.mark.parametrize(("bodies", "dedupe", "events", "places"), ROWS)
def test_what_is_given_out_and_where_it_goes_on(
    bodies: Sequence[bytes], dedupe: int, events: list[tuple[str, str]], places: list[str]
) -> None:
    assert handled(([body] for body in bodies), dedupe=dedupe) == (events, places)
    assert handled((bytewise(body) for body in bodies), dedupe=dedupe) == (events, places)
    for number, body in enumerate(bodies):
        for cut in every_cut(body, 2):
            pieces = [[other] for other in bodies]
            pieces[number] = cut
            assert handled(pieces, dedupe=dedupe) == (events, places)


def test_the_place_moves_when_the_next_event_is_asked_for() -> None:
    cursor = EventCursor("0", 0, None)
    cursor.take(ONE + TWO)
    for before, own in [("0", "1"), ("1", "2")]:
        cursor.acknowledge()
        event = cursor.next_event()
        assert event is not None
        cursor.hand_out(event)
        assert (cursor.last_event_id, event.id) == (before, own)
    cursor.connect()
    assert cursor.last_event_id == "1"
    cursor.acknowledge()
    assert cursor.last_event_id == "2"


def test_an_event_is_acknowledged_once() -> None:
    cursor = EventCursor("", 0, None)
    cursor.take(ONE)
    event = cursor.next_event()
    assert event is not None
    cursor.hand_out(event)
    cursor.acknowledge()
    cursor.take(b"id: 9\n\n")
    assert cursor.next_event() is None
    cursor.acknowledge()
    assert cursor.last_event_id == "9"


def test_the_id_to_resume_from_is_that_of_no_event_yet() -> None:
    cursor = EventCursor("5", 3, None)
    cursor.take(BARE + b"id: 5\ndata: d\n\n")
    assert [(event.data, event.id) for event in iter(cursor.next_event, None)] == [("c", "5"), ("d", "5")]


def test_retry_is_that_of_the_connection() -> None:
    cursor = EventCursor("", 0, None)
    found = [cursor.retry]
    cursor.take(b"retry: 5\ndata")
    assert cursor.next_event() is None
    found.append(cursor.retry)
    cursor.connect()
    assert [*found, cursor.retry] == [None, 5, None]


def test_an_event_is_bounded() -> None:
    cursor = EventCursor("", 0, 100)
    cursor.take(b"data: " + bytes(200))
    with pytest.raises(EventTooLargeError):
        cursor.next_event()


def test_a_window_holds_long_ids_in_little_memory_and_tells_them_apart() -> None:
    long = "x" * 100_000
    cursor = EventCursor("", 3, None)
    given_out = []
    for own in (long + "1", long + "2", long + "1", "s" * 64, "s" * 65, "s" * 64):
        cursor.take(b"id: %b\ndata: d\n\n" % own.encode())
        while (event := cursor.next_event()) is not None:
            given_out.append(event.id)
    assert given_out == [long + "1", long + "2", "s" * 64, "s" * 65]
    assert sum(map(len, cursor._seen)) < 200


numbered = st.lists(st.integers(0, 6), max_size=40)


@given(numbered, st.integers(0, 8), st.data())
def test_the_window_is_a_list_of_the_latest_ids(ids: list[int], size: int, data: st.DataObject) -> None:
    stream = b"".join(b"id: %d\ndata: %d\n\n" % (own, place) for place, own in enumerate(ids))
    window: list[int] = []
    expected = []
    for place, own in enumerate(ids):
        if own in window:
            window.remove(own)
        else:
            expected.append((str(place), str(own)))
        window = [*window, own][-size:] if size else []
    cut = data.draw(st.integers(0, len(stream)))
    assert handled([[stream[:cut], stream[cut:]]], dedupe=size)[0] == expected


fields = st.sampled_from([b"id: 1", b"id: 2", b"id", b"id:", b"data: x", b"data", b"event: e", b"retry: 3", b":", b""])


@given(st.lists(st.lists(fields, max_size=12), max_size=4), st.integers(0, 3), st.data())
def test_however_it_is_cut(connections: list[list[bytes]], dedupe: int, data: st.DataObject) -> None:
    bodies = [b"".join(line + b"\n" for line in lines) for lines in connections]
    pieces = []
    for body in bodies:
        cut = data.draw(st.integers(0, len(body)))
        pieces.append([body[:cut], body[cut:]])
    assert handled(pieces, dedupe=dedupe) == handled(([body] for body in bodies), dedupe=dedupe)


def test_the_event_itself_says_its_own_id() -> None:
    cursor = EventCursor("", 0, None)
    cursor.take(b"event: e\nid: 4\nretry: 7\ndata: a\ndata: b\n\n")
    assert cursor.next_event() == ServerSentEvent("a\nb", "e", "4", 7)
