"""Arrival times of bytes, on a simulated clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from sse_stream.checks import Report, check

from .defects import CLEAN, DONE, FIRST, SECOND, STOP


class Clock:
    """Tells the time that it was told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def at(*reads: tuple[float, bytes], ended: float = 0.0) -> Report:
    """A report on a body of which each piece comes so many seconds after the one before."""
    clock = Clock()

    def pieces() -> Iterator[bytes]:
        for seconds, data in reads:
            clock.now += seconds
            yield data
        clock.now += ended

    return check(pieces(), clock=clock)


def found(report: Report) -> list[tuple[str, str]]:
    return [(finding.rule.name, finding.message.partition(": ")[2]) for finding in report.findings]


PROMPT = ((0.3, FIRST), (0.1, SECOND), (0.1, STOP), (0.1, DONE))


@pytest.mark.parametrize(
    ("reads", "ended", "expected"),
    [
        (PROMPT, 0.1, []),
        (((2.0, CLEAN),), 0.1, [("buffered", "5 events after 2.0 s")]),
        (((0.5, CLEAN),), 0.1, [("buffered", "5 events after 0.5 s")]),
        (((0.49, CLEAN),), 0.1, []),
        (((2.0, FIRST + STOP),), 0.1, [("missing_done", "")]),
        (((0.1, b": connected\n\n"), (2.0, CLEAN)), 0.1, [("buffered", "5 events after 2.1 s")]),
        (((0.1, b": connected\n"), (2.0, CLEAN), (0.1, b": bye\n\n")), 0.1, [("buffered", "5 events after 2.1 s")]),
        (((2.0, FIRST), (0.1, SECOND + STOP + DONE)), 0.1, []),
        (((2.0, FIRST + SECOND + STOP), (0.1, DONE)), 0.1, []),
        ((*PROMPT[:1], (40.0, SECOND), *PROMPT[2:]), 0.1, [("long_silence", "40 s")]),
        (((15.0, FIRST), *PROMPT[1:]), 0.1, []),
        (((15.1, FIRST), *PROMPT[1:]), 0.1, [("long_silence", "15 s")]),
        ((*PROMPT[:1], (14.0, b": ping\n\n"), (14.0, SECOND), *PROMPT[2:]), 0.1, []),
        (PROMPT, 1.0, []),
        (PROMPT, 3.0, [("late_end", "3.0 s")]),
        (PROMPT[:3], 20.0, [("long_silence", "20 s"), ("missing_done", "")]),
        (PROMPT[:3], 3.0, [("missing_done", "")]),
    ],
)
def test_times_are_judged(reads: Sequence[tuple[float, bytes]], ended: float, expected: list[tuple[str, str]]) -> None:
    assert sorted(found(at(*reads, ended=ended))) == sorted(expected)


def test_silence_is_at_the_byte_that_came_late() -> None:
    (finding,) = at(PROMPT[0], (40.0, SECOND), *PROMPT[2:]).findings
    assert finding.offset == len(FIRST)


def test_the_end_mark_counts_from_the_read_that_completes_it() -> None:
    half = len(DONE) - 1
    reads = (*PROMPT[:3], (0.1, DONE[:half]), (5.0, DONE[half:]))
    assert found(at(*reads, ended=0.5)) == []


def test_without_a_clock_time_is_not_judged() -> None:
    assert check([CLEAN]).findings == ()
