"""Some hundred events from a server that fails in every way; `python -m tests.trust.reconnect` reads thousands."""

from __future__ import annotations

import pytest

from .reconnect import _WAYS, CLIENTS, run, table

EVENTS = 300


@pytest.mark.parametrize("client", CLIENTS)
def test_no_event_is_skipped_whatever_happens(client: str) -> None:
    done = run(EVENTS, 1, [client])
    assert not done.faults, table(done)
    assert set(done.tally.handled.values()) == {EVENTS}
    assert done.answers.total() > 20


def test_the_server_breaks_in_every_way() -> None:
    done = run(EVENTS, 2, ["requests", "aiohttp"])
    assert not done.faults, table(done)
    assert done.answers.keys() - {"204", "stall"} == _WAYS.keys() - {"stall"}
