"""Ways to split a body, and the assertion that finds parsers which depend on the split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sse_stream import ServerSentEvent, SSEDecoder
from sse_stream.testing import assert_cutting_changes_nothing, bytewise, every_cut


def decoded(pieces: list[bytes]) -> Iterator[ServerSentEvent]:
    decoder = SSEDecoder(max_event_size=20)
    for piece in pieces:
        yield from decoder.feed(piece)
    yield from decoder.close()


def complaint(parse: object, body: bytes, **options: object) -> list[str]:
    """The lines of the failure, which must come."""
    with pytest.raises(AssertionError) as caught:
        assert_cutting_changes_nothing(parse, body, **options)  # type: ignore[arg-type]  # each test has its own types
    return str(caught.value).splitlines()


def test_every_cut_in_two_or_three() -> None:
    assert list(every_cut(b"abcd")) == [[b"a", b"bcd"], [b"ab", b"cd"], [b"abc", b"d"]]
    assert list(every_cut(b"abcd", 3)) == [[b"a", b"b", b"cd"], [b"a", b"bc", b"d"], [b"ab", b"c", b"d"]]
    assert list(every_cut(b"abcd", 1)) == [[b"abcd"]]
    assert list(every_cut(b"a", 2)) == list(every_cut(b"")) == []


def test_no_body_is_cut_into_nothing() -> None:
    with pytest.raises(ValueError, match="pieces must be 1 or more, not 0"):
        list(every_cut(b"abc", 0))


def test_bytewise_is_one_byte_a_piece() -> None:
    assert bytewise("aü".encode()) == [b"a", b"\xc3", b"\xbc"]
    assert bytewise(b"") == []


@pytest.mark.parametrize("body", [b"", b"data: a\r\n\r\ndata: \xf0\x9f\x99\x82\n\n", b"data: " + b"x" * 30 + b"\n\n"])
def test_a_parser_that_minds_no_cut_passes(body: bytes) -> None:
    assert_cutting_changes_nothing(decoded, body)


def test_the_failure_shows_the_cut_the_results_and_the_first_difference() -> None:
    body = b"a" * 50 + b"\n" + b"b" * 50

    def split_each(pieces: list[bytes]) -> list[int]:
        return [len(line) for piece in pieces for line in piece.splitlines()]

    assert complaint(split_each, body, cuts=[[body[:53], body[53:]]]) == [
        "cutting changed the result",
        f"the cut:  …{body[13:53]!r} ✂ {body[53:93]!r}…",
        "whole:    [50, 50]",
        "cut:      [50, 2, 48]",
        "differs:  result[1]: 50 when whole, 2 when cut",
    ]


def test_the_cut_is_reduced_to_what_is_needed_to_fail() -> None:
    """Only three pieces or more are wrong, and of them only those with a cut after the first byte."""

    def minds_two_cuts(pieces: list[bytes]) -> bool:
        return len(pieces) > 2 and pieces[0] == b"a"

    assert "the cut:  b'a' ✂ b'bcdef' ✂ b'g'" in complaint(minds_two_cuts, b"abcdefg")


def test_of_many_cuts_the_first_are_shown_and_of_a_long_piece_its_ends() -> None:
    lines = complaint(lambda pieces: len(pieces) > 5, b"abcdefgh")
    assert lines[1] == "the cut:  b'abc' ✂ b'd' ✂ b'e' ✂ b'f', and 2 more cuts"
    long = b"<" + b"x" * 200 + b">"
    lines = complaint(lambda pieces: long in pieces, b"a" + long + b"b", cuts=[[b"a", long, b"b"]])
    assert lines[1] == f"the cut:  b'a' ✂ {long[:40]!r}…{long[-40:]!r} ✂ b'b'"


@dataclass
class Found:
    name: str


@pytest.mark.parametrize(
    ("when_whole", "when_cut", "difference"),
    [
        ("abc", "abX", "result, from position 2 on: 'c' when whole, 'X' when cut"),
        (b"abc", b"abcd", "result, from position 3 on: b'' when whole, b'd' when cut"),
        ([1, ("a", 2)], [1, ("a", 3)], "result[1][1]: 2 when whole, 3 when cut"),
        ([1, 2], [1], "result: 2 items when whole, 1 when cut"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "result['a']['b']: 1 when whole, 2 when cut"),
        ({"a": 1, "b": 2}, {"a": 1}, "result: the key 'b' is present only when whole"),
        ({"a": 1}, {"a": 1, "b": 2}, "result: the key 'b' is present only when cut"),
        ([Found("a")], [Found("b")], "result[0]: Found(name='a') when whole, Found(name='b') when cut"),
        (1, "1", "result: 1 when whole, '1' when cut"),
    ],
)
def test_the_first_difference_is_named_by_its_path(when_whole: object, when_cut: object, difference: str) -> None:
    lines = complaint(lambda pieces: when_whole if len(pieces) == 1 else when_cut, b"ab")
    assert lines[-1] == f"differs:  {difference}"


def test_long_results_are_shown_around_their_first_difference() -> None:
    whole, cut = "a" * 1000, "a" * 500 + "b" * 500
    lines = complaint(lambda pieces: whole if len(pieces) == 1 else cut, b"ab")
    assert lines[2] == "whole:    …" + "a" * 160 + "…"
    assert lines[3] == "cut:      …" + "a" * 80 + "b" * 80 + "…"


def test_an_exception_is_a_result() -> None:
    def raises(pieces: list[bytes]) -> list[int]:
        return [int(piece) for piece in pieces]

    assert_cutting_changes_nothing(raises, b"x")
    assert_cutting_changes_nothing(lambda pieces: int(b"".join(pieces)), b"1x")
    lines = complaint(raises, b"1x")
    assert lines[2] == "whole:    raises ValueError: invalid literal for int() with base 10: b'1x'"
    assert lines[3] == "cut:      raises ValueError: invalid literal for int() with base 10: b'x'"


def test_an_iterator_is_read_to_its_end_and_what_it_gave_before_an_exception_counts() -> None:
    def gives(pieces: list[bytes]) -> Iterator[int]:
        yield len(pieces)
        raise ValueError("no more")

    lines = complaint(gives, b"ab")
    assert lines[2:4] == [
        "whole:    [1], then raises ValueError: no more",
        "cut:      [2], then raises ValueError: no more",
    ]
    assert_cutting_changes_nothing(lambda pieces: iter(b"".join(pieces)), b"abc")


def test_ways_of_cutting_that_make_another_body_are_refused() -> None:
    with pytest.raises(ValueError, match="do not join"):
        assert_cutting_changes_nothing(len, b"ab", cuts=[[b"a"]])
