"""`Limits` count the memory that is kept, within a factor of two; `python -m tests.trust.memory` prints a table."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable

import pytest

from .memory import LEAST, MEBIBYTE, MOST, SHAPES, Shape, streams, takes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        platform.python_implementation() != "CPython" or sys.maxsize < 1 << 32, reason="the limits are meant for this"
    ),
]

# Tracing makes each event cost ten times as much: only some shapes come in events that are as small as they can be.
MANY = 300
IN_THE_SMALLEST = ["content, ASCII", "a text of its own, BMP", "arguments, astral", "tool calls"]


def check(given: Iterable[tuple[list[bytes], int]]) -> None:
    for events, kept in given:
        told = f"{kept:,} bytes are kept of {len(events):,} events"
        assert takes(events, int(kept / LEAST)), f"{told}, but more than {1 / LEAST:g} times as many are counted"
        assert not takes(events, int(kept / MOST)), f"{told}, but less than {1 / MOST:g} times as many are counted"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_limits_count_what_is_kept(shape: Shape) -> None:
    check(streams(shape, 1.2 * MEBIBYTE, most=MANY))


@pytest.mark.parametrize("name", IN_THE_SMALLEST)
def test_limits_count_what_is_kept_of_the_smallest_events(name: str) -> None:
    (shape,) = (shape for shape in SHAPES if shape.name == name)
    check(streams(shape, 1.2 * MEBIBYTE))
