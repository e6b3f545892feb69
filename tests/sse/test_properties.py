"""The byte decoder against a literal transcription of the standard, however the bytes are split."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st

from sse_stream import EventTooLargeError, SSEDecoder
from sse_stream import ServerSentEvent as Event
from sse_stream._sse._parser import EventParser

from . import standard as sse_standard


@dataclass
class Outcome:
    """What the decoder made of a stream."""

    events: list[Event] = field(default_factory=list)
    last_event_id: str = ""
    retry: int | None = None
    too_large: tuple[str, int, bytes] | None = None
    comments: list[str] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)


def outcome(pieces: list[bytes], max_event_size: int | None = None, *, unread: bool = False) -> Outcome:
    """Decode; `unread` leaves everything that was fed for the end."""
    found = Outcome()
    decoder = SSEDecoder(
        max_event_size=max_event_size,
        on_comment=found.comments.append,
        on_unknown_field=lambda name, value: found.ignored.append((name, value)),
    )
    try:
        for piece in pieces:
            events = decoder.feed(piece)
            if not unread:
                found.events.extend(events)
        for event in decoder.close():
            found.events.append(event)
    except EventTooLargeError as error:
        found.too_large = (str(error), error.limit, error.excerpt)
    found.last_event_id = decoder.last_event_id
    found.retry = decoder.retry
    return found


def agrees(found: Outcome, wanted: sse_standard.Reading) -> bool:
    return (
        found.events == wanted.events
        and (found.last_event_id, found.retry) == (wanted.last_event_id, wanted.retry)
        and (found.too_large is not None) == wanted.too_large
        and (found.comments, found.ignored) == (wanted.comments, wanted.ignored)
    )


# Streams that mean something, near to what is hard: few letters, every line end, malformed text.
names = st.sampled_from(
    [b"data"] * 6 + [b"event", b"id", b"retry", b"", b"error", b"Data", b" data", b"\xef\xbb\xbfdata"]
)
separators = st.sampled_from([b":", b": ", b":  ", b":\t", b"", b" :"])
letters = [b"a", b"0", b"12", b":", b" ", b"-", b"{}", b"data: ", b"\0", b"\x0b", b"\x0c"]
well_formed = [b"\xc2\x85", b"\xe2\x80\xa8", b"\xe6\x97\xa5", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf"]
malformed = [b"\xff", b"\xe6\x97", b"\xe0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
fragments = st.sampled_from([*letters, *well_formed, *malformed])
values = st.lists(fragments, max_size=4).map(b"".join)
line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
fields = st.tuples(names, separators, values).map(b"".join)
lines = st.one_of(fields, fields, st.just(b""), st.just(b"data: a"), values)
ended_lines = st.tuples(lines, line_ends).map(b"".join)
# What is most of all streams, and has a way of its own through the decoder.
plain_events = st.tuples(values, line_ends).map(lambda parts: b"data: " + parts[0] + parts[1] * 2)
boms = st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b"\xef\xbb", b"\xef", b"\xef\xbb\xbf\xef\xbb\xbf"])
streams = st.builds(
    lambda bom, body, tail: bom + b"".join(body) + tail,
    boms,
    st.lists(st.one_of(ended_lines, ended_lines, plain_events), max_size=12),
    st.one_of(st.just(b""), lines),
)


@st.composite
def pieces_of(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> list[bytes]:
    """A stream, cut into any pieces, empty ones among them."""
    body = draw(bodies)
    places = draw(st.lists(st.integers(0, len(body)), max_size=8).map(sorted))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


limits = st.one_of(st.none(), st.integers(1, 40))


@given(pieces_of(streams), limits, st.booleans())
@example([b": ", b"data: a\n\n"], None, False)
@example([b"data: a\r", b"\ndata: b\n\n"], None, False)
@example([b"\xef\xbb", b"\xbfdata: a\n\n"], 1, True)
@example([b"data: a\n\n", b"data: b\n\ndata: c\n\n"], 7, True)
def test_cut_anywhere_it_is_what_the_standard_says(pieces: list[bytes], limit: int | None, unread: bool) -> None:
    body = b"".join(pieces)
    found = outcome(pieces, limit, unread=unread)
    assert agrees(found, sse_standard.read(body, max_event_size=limit))
    assert found == outcome([body], limit)
    assert found == outcome([body[place : place + 1] for place in range(len(body))], limit)


@given(pieces_of(st.binary(max_size=200)), limits)
def test_any_bytes_are_what_the_standard_says(pieces: list[bytes], limit: int | None) -> None:
    assert agrees(outcome(pieces, limit), sse_standard.read(b"".join(pieces), max_event_size=limit))


@given(st.lists(st.one_of(plain_events, ended_lines, st.binary(max_size=20)), max_size=8), limits)
def test_pieces_that_end_with_their_events_are_what_the_standard_says(pieces: list[bytes], limit: int | None) -> None:
    assert agrees(outcome(pieces, limit), sse_standard.read(b"".join(pieces), max_event_size=limit))


@given(pieces_of(streams), st.lists(st.integers(0, 3), max_size=12))
def test_reading_in_any_order_loses_nothing(pieces: list[bytes], turns: list[int]) -> None:
    decoder = SSEDecoder()
    iterators = [decoder.feed(piece) for piece in pieces]
    events = []
    for turn in turns:
        event = next(iterators[turn % len(iterators)], None)
        if event is not None:
            events.append(event)
    assert [*events, *decoder.close()] == sse_standard.read(b"".join(pieces)).events


@given(pieces_of(streams))
def test_dispatching_what_is_incomplete_is_a_blank_line_more(pieces: list[bytes]) -> None:
    decoder = SSEDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    events.extend(decoder.close(dispatch_incomplete=True))
    body = b"".join(pieces)
    end = b"\r\r" if body.endswith(b"\n") else b"\n\n"
    wanted = sse_standard.read(body + end + end)
    assert (events, decoder.last_event_id, decoder.retry) == (wanted.events, wanted.last_event_id, wanted.retry)


@given(pieces_of(streams), limits)
def test_a_plain_event_is_the_event_that_feed_gives(pieces: list[bytes], limit: int | None) -> None:
    decoder, parser = SSEDecoder(max_event_size=limit), EventParser(limit)
    try:
        for piece in pieces:
            parser.take(piece)
            for event in decoder.feed(piece):
                data = parser.next_plain()
                if data is not None:
                    assert event == Event(data.decode("utf-8", "replace"), parser.plain_name, parser.last_event_id)
                    assert not parser.within_event
                else:
                    assert parser.next_event() == event
            assert parser.next_event() is None
    except EventTooLargeError:
        assert limit is not None


texts = st.one_of(st.text(), st.text(alphabet=list("a: \n\r\0\ufeff\u2028日😀\ud800"), max_size=8))
events_of_any_kind = st.builds(
    Event,
    texts,
    st.one_of(st.just("message"), texts),
    st.one_of(st.just(""), texts),
    st.one_of(st.none(), st.integers(-2, 10**6), st.integers(10**638, 10**641)),
)


def encodes(event: Event) -> bool:
    """What `encode` promises to refuse, said once more."""
    everything = event.data + event.event + event.id
    return not (
        "\r" in everything
        or "\n" in event.event + event.id
        or "\0" in event.id
        or event.event == ""
        or (event.retry is not None and not 0 <= event.retry < 10**640)
        or any("\ud800" <= character <= "\udfff" for character in everything)
    )


@given(events_of_any_kind)
def test_what_encode_accepts_decodes_to_the_event_and_nothing_else(event: Event) -> None:
    try:
        framed = event.encode()
    except ValueError:
        assert not encodes(event)
    else:
        assert encodes(event)
        assert sse_standard.read(framed).events == [event]
        for pieces in ([framed], [framed[place : place + 1] for place in range(len(framed))]):
            assert outcome(pieces).events == [event]


@given(st.lists(events_of_any_kind.filter(encodes), max_size=4))
def test_events_after_one_another_keep_all_but_the_id(events: list[Event]) -> None:
    found = outcome([b"".join(event.encode() for event in events)]).events
    assert [(event.data, event.event, event.retry) for event in found] == [
        (event.data, event.event, event.retry) for event in events
    ]
