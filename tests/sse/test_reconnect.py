"""The reconnection plan, as tables and properties, without clock or connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import (
    ContentTypeError,
    EventTooLargeError,
    ReconnectError,
    ReconnectPolicy,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    TransportError,
)
from sse_stream._sse._reconnect import LONGEST_WAIT, ReconnectPlan, answer_of, request_headers

BROKEN = TransportError("the connection broke")


def status(code: int, after: float | None = None) -> StatusError:
    return StatusError(f"HTTP {code}", status_code=code, retry_after=after)


@dataclass(frozen=True)
class Run:
    """One connection: whether it was a stream, what it brought, for how long it lived, how it ended."""

    cause: SSEStreamError | None = None
    opened: bool = True
    event: bool = False
    retry: int | None = None
    lived: float = 0.0


END = Run()
EVENT = Run(event=True)
REFUSED = Run(BROKEN, opened=False)


def waits(policy: ReconnectPolicy, runs: Sequence[Run], random: float = 0.0) -> list[float]:
    """How long the plan waits after each of these."""
    plan = ReconnectPlan(policy, lambda: random)
    now = 0.0
    found = []
    for run in runs:
        plan.attempt("")
        if run.opened:
            plan.opened(now)
        if run.event:
            plan.dispatched()
        if run.retry is not None:
            plan.retry = run.retry
        now += run.lived
        reason = plan.ended(now, run.cause, "")
        if reason is not None:
            raise reason
        found.append(round(plan.due - now, 6))
        now = plan.due
    return found


PLAIN = ReconnectPolicy(jitter=0)
HOUR = 3600.0


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param([EVENT], [3], id="the first wait is the delay"),
        pytest.param([END, END, END], [3, 6, 12], id="it grows while connections bring no event"),
        pytest.param([REFUSED, REFUSED, REFUSED], [3, 6, 12], id="and while there are none"),
        pytest.param([REFUSED] * 7, [3, 6, 12, 24, 30, 30, 30], id="up to the maximum"),
        pytest.param([END, END, EVENT, END, END], [3, 6, 3, 3, 6], id="an event starts over"),
        pytest.param([REFUSED, END, REFUSED], [3, 6, 12], id="a bare 200 does not"),
        pytest.param([END, END, Run(lived=60), END], [3, 6, 3, 3], id="a connection that lived does"),
        pytest.param([END, END, Run(lived=59.9), END], [3, 6, 12, 24], id="but not one that lived less"),
        pytest.param([Run(BROKEN, opened=False, lived=90)] * 2, [3, 6], id="what took long to be refused did not live"),
        pytest.param([Run(retry=500)], [0.5], id="retry replaces the delay"),
        pytest.param([Run(retry=500), END, END], [0.5] * 3, id="and stays, for a server that answers"),
        pytest.param([Run(retry=500), Run(retry=900)], [0.5, 0.9], id="until the server sends another"),
        pytest.param([Run(retry=100_000), REFUSED], [100, 100], id="the maximum does not shorten it"),
        pytest.param([Run(retry=100_000), *[REFUSED] * 3], [100, 100, 100, 100], id="backoff adds nothing above it"),
        pytest.param([Run(retry=500), *[REFUSED] * 4], [0.5, 0.5, 1, 2, 4], id="where the server is away it grows"),
        pytest.param([Run(retry=0), *[REFUSED] * 4], [0, 0, 0.2, 0.4, 0.8], id="from 0 too"),
        pytest.param([Run(retry=0), END, END], [0, 0, 0], id="a server that answers may be asked at once"),
        pytest.param(
            [Run(retry=500), REFUSED, REFUSED, END, REFUSED], [0.5, 0.5, 1, 0.5, 0.5], id="answers reset that"
        ),
        pytest.param([Run(retry=10**15)], [HOUR], id="retry is an hour at most"),
        pytest.param([Run(retry=10**600)], [HOUR], id="however many digits it has"),
        pytest.param([Run(status(503, 7), opened=False)], [7], id="Retry-After replaces the delay"),
        pytest.param([Run(status(429, 90), opened=False)], [90], id="the maximum does not shorten it either"),
        pytest.param([Run(status(503, 1e9), opened=False)], [HOUR], id="Retry-After is an hour at most"),
        pytest.param([Run(status(503, 0), opened=False)] * 3, [3, 6, 12], id="Retry-After: 0 asks for nothing"),
        pytest.param([Run(status(503, 1), opened=False, retry=5000)], [5], id="Retry-After does not undercut retry"),
        pytest.param([Run(status(503, 0.5), opened=False)], [0.5], id="Retry-After may be a part of a second"),
        pytest.param([Run(status(503, 0.1), opened=False)] * 2, [0.1, 0.1], id="as little as a tenth of it"),
        pytest.param([REFUSED, REFUSED, Run(status(503, 1), opened=False)], [3, 6, 1], id="nor does it grow"),
        pytest.param([Run(status(503), opened=False)] * 2, [3, 6], id="a 503 without it grows"),
    ],
)
def test_how_long_it_waits(runs: list[Run], expected: list[float]) -> None:
    assert waits(PLAIN, runs) == expected


@pytest.mark.parametrize(
    ("random", "runs", "expected"),
    [
        pytest.param(0.0, [EVENT], [3], id="no jitter"),
        pytest.param(1.0, [EVENT], [4.5], id="half of the wait is added at most"),
        pytest.param(1.0, [Run(retry=2000)], [3], id="to retry as well"),
        pytest.param(1.0, [Run(retry=10**9)], [1.5 * HOUR], id="to the longest retry as well"),
        pytest.param(0.5, [Run(status(503, 8), opened=False)], [10], id="to Retry-After as well"),
        pytest.param(0.0, [END] * 5, [3, 6, 12, 20, 20], id="the longest wait leaves room for it"),
        pytest.param(1.0, [END] * 5, [4.5, 9, 18, 30, 30], id="so that it is never above the maximum"),
    ],
)
def test_what_jitter_adds(random: float, runs: list[Run], expected: list[float]) -> None:
    assert waits(ReconnectPolicy(), runs, random) == expected


runs = st.lists(
    st.builds(
        Run,
        cause=st.sampled_from([None, BROKEN, status(503), status(503, 4.0), StreamTimeoutError("late")]),
        opened=st.booleans(),
        event=st.booleans(),
        retry=st.none() | st.integers(0, 10**7),
        lived=st.floats(0, 100),
    ),
    max_size=30,
)
policies = st.builds(
    ReconnectPolicy,
    delay=st.floats(0, 30),
    factor=st.floats(1, 10),
    jitter=st.floats(0, 1),
    reset_after=st.floats(0, 100),
)


@pytest.mark.parametrize(
    ("policy", "least", "most"),
    [
        (ReconnectPolicy(delay=30, max_delay=30), 30, 30),
        (ReconnectPolicy(delay=25, max_delay=30), 25, 30),
        (ReconnectPolicy(delay=10, max_delay=10, jitter=1), 10, 10),
        (ReconnectPolicy(delay=10, max_delay=30), 10, 15),
    ],
)
def test_it_never_waits_less_than_the_delay(policy: ReconnectPolicy, least: float, most: float) -> None:
    assert waits(policy, [EVENT], 0.0) == [least]
    assert waits(policy, [EVENT], 1.0) == [most]


@given(policies, runs, st.floats(0, 1))
def test_no_wait_undercuts_the_server_and_none_exceeds_what_it_may(
    policy: ReconnectPolicy, runs: list[Run], random: float
) -> None:
    retry: int | None = None
    for run, wait in zip(runs, waits(policy, runs, random), strict=True):
        retry = run.retry if run.retry is not None else retry
        asked = 0.0 if retry is None else min(retry / 1000, LONGEST_WAIT)
        after = run.cause.retry_after if isinstance(run.cause, StatusError) else None
        least = max(asked, after or 0.0)
        if retry is None and not after:
            assert wait >= policy.delay - 1e-6
        assert wait >= least - 1e-6
        assert wait <= max(least * (1 + policy.jitter), policy.max_delay) + 1e-6


@given(st.floats(0, 30), st.floats(1, 1e6), st.integers(2, 60))
def test_waits_never_shrink_while_nothing_comes(delay: float, factor: float, number: int) -> None:
    found = waits(ReconnectPolicy(delay=delay, factor=factor, jitter=0), [END] * number)
    assert all(before <= after for before, after in pairwise(found))


def test_an_outage_of_any_length_does_not_overflow() -> None:
    plan = ReconnectPlan(PLAIN, lambda: 0.0)
    for _ in range(5_000):
        plan.attempt("")
        assert plan.ended(0.0, BROKEN, "") is None
    assert plan.due == 30


def test_a_fleet_does_not_come_back_in_one_instant() -> None:
    """200 clients whose server restarts: each second of the window gets its share, in every wave."""
    dice = Random(16)
    due: list[list[float]] = [[] for _ in range(4)]
    for _ in range(200):
        plan = ReconnectPlan(ReconnectPolicy(), dice.random)
        plan.attempt("")
        plan.opened(0.0)
        plan.dispatched()
        plan.ended(0.0, BROKEN, "")
        due[0].append(plan.due)
        for wave in due[1:]:
            plan.attempt("")
            plan.ended(plan.due, BROKEN, "")
            wave.append(plan.due)
    for wave in due:
        width = max(wave) - min(wave)
        tenths = [int((moment - min(wave)) / width * 9.999) for moment in wave]
        assert width >= 1.4
        assert len(set(wave)) == 200
        assert max(tenths.count(tenth) for tenth in range(10)) <= 200 * 0.3
    assert max(due[0]) - min(due[0]) <= 1.5
    # Later waves spread further, as each adds its own.
    assert max(due[3]) - min(due[3]) > 6


# How it ends.


@pytest.mark.parametrize(
    ("attempts", "runs", "tried"),
    [
        pytest.param(1, [END], 1, id="the first counts"),
        pytest.param(3, [END, REFUSED, END], 3, id="an end, a refusal and a bare 200 are alike"),
        pytest.param(2, [END, EVENT, END, EVENT, REFUSED, END], 2, id="an event starts over"),
        pytest.param(1, [EVENT, EVENT, END], 1, id="a connection with an event is none of them"),
        pytest.param(2, [END, Run(lived=60), END, END], 2, id="nor is one that lived"),
    ],
)
def test_attempts_bounds_connections_without_an_event(attempts: int, runs: list[Run], tried: int) -> None:
    policy = ReconnectPolicy(jitter=0, attempts=attempts)
    waits(policy, runs[:-1])
    with pytest.raises(ReconnectError) as raised:
        waits(policy, runs)
    assert raised.value.attempts == tried
    assert raised.value.__cause__ is runs[-1].cause


@pytest.mark.parametrize(
    ("attempts", "cause", "last_event_id", "message"),
    [
        (1, None, "", "the connection delivered no event: it ended normally; there is no last event id"),
        (1, BROKEN, "7", "the connection delivered no event: the connection broke; the last event id is '7'"),
        (
            2,
            status(503),
            "7",
            "2 connections in a row delivered no event, the last: HTTP 503; the last event id is '7'",
        ),
    ],
)
def test_the_error_says_what_happened(
    attempts: int, cause: SSEStreamError | None, last_event_id: str, message: str
) -> None:
    plan = ReconnectPlan(ReconnectPolicy(attempts=attempts), lambda: 0.0)
    for _ in range(attempts):
        plan.attempt(last_event_id)
        reason = plan.ended(0.0, cause, last_event_id)
    assert isinstance(reason, ReconnectError)
    assert (str(reason), reason.last_event_id) == (message, last_event_id)
    assert reason.__cause__ is cause
    assert reason.completion.choices == []


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_that_is_away_is_asked_again(code: int) -> None:
    assert waits(PLAIN, [Run(status(code), opened=False)]) == [3]


@pytest.mark.parametrize(
    "cause",
    [
        *(status(code) for code in (201, 205, 301, 400, 401, 403, 404, 406, 407, 409, 410, 412, 421, 424, 426, 428)),
        *(status(code) for code in (430, 431, 499, 501, 505)),
        ContentTypeError("a page", content_type="text/html"),
        EventTooLargeError("large"),
        SSEStreamError("anything else"),
    ],
    ids=repr,
)
def test_what_will_not_pass_is_raised(cause: SSEStreamError) -> None:
    plan = ReconnectPlan(PLAIN, lambda: 0.0)
    plan.attempt("")
    assert plan.ended(0.0, cause, "") is cause


# Attempts.


def test_attempts_are_numbered_and_know_what_ended_the_one_before() -> None:
    plan = ReconnectPlan(PLAIN, lambda: 0.0)
    assert plan.due == float("-inf")
    assert [(one.number, one.last_event_id, one.cause) for one in (plan.attempt("a"),)] == [(1, "a", None)]
    plan.ended(0.0, BROKEN, "b")
    second = plan.attempt("b")
    assert (second.number, second.last_event_id, second.cause) == (2, "b", BROKEN)
    plan.dispatched()
    plan.ended(0.0, None, "b")
    assert plan.attempt("b").cause is None
    second.headers["Authorization"] = "Bearer secret"
    assert "Authorization" not in plan.attempt("b").headers


def test_giving_a_connection_up_says_nothing_about_the_server() -> None:
    plan = ReconnectPlan(ReconnectPolicy(jitter=0, attempts=2), lambda: 0.0)
    for _ in range(5):
        plan.attempt("")
        plan.interrupted(10.0)
        assert plan.due == 13
    plan.attempt("")
    assert plan.ended(0.0, None, "") is None
    plan.attempt("")
    plan.dispatched()
    plan.interrupted(0.0)
    plan.attempt("")
    assert plan.ended(0.0, None, "") is None
    plan.attempt("")
    plan.opened(0.0)
    plan.interrupted(60.0)
    plan.attempt("")
    assert plan.ended(60.0, None, "") is None


@pytest.mark.parametrize(
    ("last_event_id", "sent"),
    [
        ("", None),
        ("7", b"7"),
        ("two words", b"two words"),
        ("X 8 X", b"X 8 X"),
        (" 7\t", b"7"),
        (" \t", None),
        ("\u00e9", b"\xc3\xa9"),
        ("\u2026", b"\xe2\x80\xa6"),
        ("\U0001f600", b"\xf0\x9f\x98\x80"),
    ],
)
def test_the_headers_are_those_of_the_standard(last_event_id: str, sent: bytes | None) -> None:
    headers = request_headers(last_event_id)
    assert headers["Accept"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-cache"
    if sent is None:
        assert set(headers) == {"Accept", "Cache-Control"}
    else:
        # Whatever encoding a client has for headers, what it sends is UTF-8.
        value = headers["Last-Event-ID"]
        assert {value.encode(), value.encode("ascii"), value.encode("latin-1", "strict")} == {sent}
        assert value == last_event_id.strip(" \t")


@pytest.mark.parametrize(
    ("code", "content_type", "answer"),
    [
        (200, "text/event-stream", "stream"),
        (200, "text/event-stream; charset=utf-8", "stream"),
        (200, "text/event-stream;", "stream"),
        (200, "text/event-stream;x bogus", "stream"),
        (200, "Text/Event-Stream ;charset=latin-1", "stream"),
        (200, "x bogus", "refused"),
        (200, "text/event-stream-x", "refused"),
        (200, "text/html", "refused"),
        (200, "", "refused"),
        (204, "", "stop"),
        (204, "text/event-stream", "stop"),
        (201, "text/event-stream", "refused"),
        (206, "text/event-stream", "refused"),
        (301, "text/event-stream", "refused"),
        (404, "text/event-stream", "refused"),
        (503, "text/event-stream", "refused"),
        (None, "", "stream"),
    ],
)
def test_what_a_response_is(code: int | None, content_type: str, answer: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    assert answer_of(code, headers) == answer


# The policy.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delay": -1}, "delay=…) takes a number of seconds, 0 or more, not -1"),
        ({"delay": "3"}, "delay=…) takes a number of seconds, 0 or more, not '3'"),
        ({"delay": True}, "delay=…) takes a number of seconds, 0 or more, not True"),
        ({"delay": float("nan")}, "delay=…) takes a number of seconds, 0 or more, not nan"),
        ({"delay": float("inf"), "max_delay": float("inf")}, "delay=…) takes a number of seconds, 0 or more, not inf"),
        ({"factor": 0.5}, "factor=…) takes a number, 1 or more, not 0.5"),
        ({"factor": 1e6 + 1}, "factor=…) takes a number, 1 or more, not 1000001.0"),
        ({"max_delay": -1}, "max_delay=…) takes a number of seconds, 0 or more, not -1"),
        ({"max_delay": 366 * 86_400 + 1}, "max_delay=…) takes a number of seconds, 0 or more, not 31622401"),
        ({"jitter": 1.1}, "jitter=…) takes a share of the wait, from 0 to 1, not 1.1"),
        ({"jitter": -0.1}, "jitter=…) takes a share of the wait, from 0 to 1, not -0.1"),
        ({"attempts": 0}, "attempts=…) takes a number of connections, 1 or more, or None, not 0"),
        ({"attempts": 1.5}, "attempts=…) takes a number of connections, 1 or more, or None, not 1.5"),
        ({"attempts": True}, "attempts=…) takes a number of connections, 1 or more, or None, not True"),
        ({"reset_after": -1}, "reset_after=…) takes a number of seconds, 0 or more, not -1"),
        ({"reset_after": None}, "reset_after=…) takes a number of seconds, 0 or more, not None"),
    ],
)
def test_a_policy_refuses_what_makes_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        ReconnectPolicy(**options)
    assert str(caught.value) == f"ReconnectPolicy({message}"


def test_a_policy_has_no_delay_above_its_maximum() -> None:
    with pytest.raises(ValueError, match=r"max_delay \(30.0\) is less than delay \(31\): set both"):
        ReconnectPolicy(delay=31)


def test_a_policy_takes_its_bounds() -> None:
    policy = ReconnectPolicy(delay=0, factor=1, max_delay=0, jitter=1, attempts=1, reset_after=0)
    assert waits(policy, [EVENT, EVENT], 1.0) == [0, 0]
    assert ReconnectPolicy(delay=366 * 86_400, factor=1e6, max_delay=366 * 86_400).max_delay == 31_622_400
    assert ReconnectPolicy(delay=30, max_delay=30, jitter=0, reset_after=float("inf")).attempts is None
    assert ReconnectPolicy() == ReconnectPolicy(delay=3.0, factor=2.0, max_delay=30.0, jitter=0.5, reset_after=60.0)
