"""A short soak test; `python -m tests.trust.soak` runs a long one."""

from __future__ import annotations

import pytest

from .soak import soak, table
from .soak_plans import plan


@pytest.mark.slow
def test_streams_of_every_kind_come_through_every_client() -> None:
    done = soak(150, seconds=12, each=1)
    assert not done.faults, table(done)
    assert done.tally.done >= 50, table(done)
    assert done.tally.deltas


def test_the_plans_hold_what_a_soak_is_for() -> None:
    plans = [plan(number, 1) for number in range(600)]
    assert {chosen.kind for chosen in plans} == {"stream", "error", "status", "document", "page"}
    assert {chosen.wire_format for chosen in plans} == {"chat", "anthropic", "responses", "gemini"}
    assert {type(chosen.reply.fault).__name__ for chosen in plans} == {
        *("NoneType", "EndAt", "Disconnect", "HalfClose", "Reset", "Stall", "Comments", "WrongLength"),
    }
    assert {chosen.manner for chosen in plans} == {"events", "text", "chunks", "until_done", "leave", "close", "cancel"}
    assert {chosen.reply.encoding for chosen in plans} == {"identity", "gzip", "deflate", "br", "zstd"}
    assert {chosen.reply.framing for chosen in plans} == {"chunked", "length", "close"}
