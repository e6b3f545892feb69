"""Hypothesis strategies for server-sent events, and for bodies that contain them.

The expected events come from the standard's rules, applied to the fields that a body is built from, not from parsing
its bytes.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._sse._event import ServerSentEvent
from ._recordings import EventStream

_BOM = b"\xef\xbb\xbf"

# Characters at which some parsers split lines or strip, although the standard does neither.
_DELICATE = "\u2028\u2029\x85\x0b\x0c\x1c \t:\ufeff🙂"


@functools.cache
def _texts(without: str, *, min_size: int = 0) -> SearchStrategy[str]:
    """Generate short texts without these characters and without surrogates."""
    delicate = "".join(character for character in _DELICATE if character not in without)
    characters = st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters=without), st.sampled_from(delicate)
    )
    return st.text(characters, min_size=min_size, max_size=8)


def server_sent_events() -> SearchStrategy[ServerSentEvent]:
    """Generate events with all fields, which `event.encode()` accepts.

    Shrinks towards an event with empty data and no other field.
    """
    return st.builds(
        ServerSentEvent,
        data=_texts("\r"),
        event=st.one_of(st.just("message"), _texts("\r\n", min_size=1)),
        id=st.one_of(st.just(""), _texts("\r\n\0")),
        retry=st.one_of(st.none(), st.integers(0, 10**6)),
    )


@dataclass(frozen=True)
class _Line:
    """One line: a field, or a comment, which has no name."""

    name: bytes
    value: bytes
    separator: bytes = b": "

    def spelled(self) -> bytes:
        return self.name + self.separator + self.value


# Field names that the standard ignores, although they look like its own.
_JUNK = [b"Data", b"DATA", b" data", b"data ", b"dat", b"datas", b"error", b"x", "dåta".encode()]
_NO_NUMBERS = [b"", b"-1", b"+1", b"1_000", b" 10", b"10 ", b"1.5", b"0x10", "１２".encode()]


# Cached, because creating a strategy takes longer than drawing from it.
@functools.cache
def _lines(*, bom: bool, malformed: bool) -> SearchStrategy[_Line]:
    values = _texts("\r\n").map(str.encode)
    if malformed:
        values = st.one_of(values, st.binary(max_size=6).map(lambda value: value.translate(None, b"\r\n")))
    numbers = st.integers(0, 10**6).map(lambda number: b"%d" % number)
    fields = st.one_of(
        st.tuples(st.just(b"data"), values),
        st.tuples(st.just(b""), values),
        st.tuples(st.just(b"event"), values),
        st.tuples(st.just(b"id"), values),
        st.tuples(st.just(b"retry"), st.one_of(numbers, numbers.map(b"00".__add__), st.sampled_from(_NO_NUMBERS))),
        st.tuples(st.sampled_from([*_JUNK, _BOM + b"data"] if bom else _JUNK), values),
    )
    return st.builds(_line, fields, st.sampled_from([b": ", b":", b""]))


def _line(field: tuple[bytes, bytes], separator: bytes) -> _Line:
    """Write a field with the separator, unless that would change its value."""
    name, value = field
    if (not separator and (value or not name)) or (separator == b":" and value.startswith(b" ")):
        separator = b": "
    return _Line(name, value, separator)


def event_streams(
    *,
    line_ends: Sequence[bytes] = (b"\n", b"\r\n", b"\r"),
    bom: bool = True,
    malformed: bool = True,
    tail: bool = True,
) -> SearchStrategy[EventStream]:
    r"""Generate `text/event-stream` bodies, with their events according to the standard.

    They contain everything that the standard allows: any line end, also mixed; comments, ignored fields, blocks without
    data, data in several lines, invalid UTF-8. Shrinks towards few, short lines that end with LF.

    Args:
        line_ends: The line ends to use.
        bom: Whether some bodies start with a byte order mark, or contain one elsewhere, where it has no meaning.
        malformed: Whether some values are not valid UTF-8.
        tail: Whether some bodies end with an incomplete block, which is discarded.

    >>> from hypothesis import find
    >>> stream = find(event_streams(), lambda stream: len(stream.events) > 0)
    >>> stream.body, stream.events[0].data
    (b'data: \n\n', '')
    """
    lines = _lines(bom=bom, malformed=malformed)
    return st.builds(
        _event_stream,
        blocks=st.lists(st.lists(lines, max_size=4), max_size=4),
        tail=st.lists(lines, max_size=2) if tail else st.just([]),
        tail_ended=st.booleans(),
        ends=st.lists(st.sampled_from(list(line_ends)), min_size=1, max_size=4),
        bom=st.booleans() if bom else st.just(False),
    )


def _event_stream(
    blocks: list[list[_Line]], tail: list[_Line], *, tail_ended: bool, ends: list[bytes], bom: bool
) -> EventStream:
    body = bytearray()
    line_ends = itertools.cycle(ends)
    for block in blocks:
        for spelled in (*(line.spelled() for line in block), b""):
            end = next(line_ends)
            if not spelled and end == b"\n" and body.endswith(b"\r"):
                end = b"\r\n"  # a lone LF would combine with the CR before it
            body += spelled + end
    for line in tail:
        body += line.spelled() + next(line_ends)
    if tail and not tail_ended:
        del body[len(body.rstrip(b"\r\n")) :]
    # A BOM at the start of the first line would be dropped, so add another one before it.
    if bom or body.startswith(_BOM):
        body[:0] = _BOM
    return _interpreted(bytes(body), blocks)


def _interpreted(body: bytes, blocks: list[list[_Line]]) -> EventStream:
    """Interpret fields as section 9.2.6 of the standard does."""
    events = []
    last_event_id = ""
    for block in blocks:
        data: list[bytes] = []
        event_type = ""
        retry = None
        for line in block:
            match line.name:
                case b"data":
                    data.append(line.value)
                case b"event":
                    event_type = line.value.decode("utf-8", "replace")
                case b"id" if b"\0" not in line.value:
                    last_event_id = line.value.decode("utf-8", "replace")
                case b"retry" if line.value.isdigit():
                    retry = int(line.value)
                case _:
                    pass
        if data:
            text = b"\n".join(data).decode("utf-8", "replace")
            events.append(ServerSentEvent(text, event_type or "message", last_event_id, retry))
    return EventStream(body, tuple(events), last_event_id)
