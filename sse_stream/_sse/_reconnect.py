"""When to connect again, and with what. No connection is made here, no clock is read, no random number is drawn.

The rules are those of https://html.spec.whatwg.org/multipage/server-sent-events.html, sections 9.2.3 ("Processing
model") and 9.2.4 ("The `Last-Event-ID` header"). Where they leave room, "optionally, wait some more", this adds
backoff, jitter and a bound; where they fail a connection, this tries again if the status says that it may help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

from .._errors import ReconnectError, SSEStreamError, StatusError, StreamTimeoutError, TransportError

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""The statuses of a server that may answer later."""

LONGEST_WAIT = 3600.0
"""Seconds: a server that asks for more, by `retry` or `Retry-After`, gets this."""

# Seconds. A server that asks for less and then refuses connections is not asked in a tight loop.
_SHORTEST_BACKOFF = 0.1

_NO_CONTENT = 204

Answer: TypeAlias = Literal["stream", "refused", "stop"]
"""What a response is: a stream to read, one that is none, or the server's wish that the client stop."""


class ReconnectPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait before connecting again, and how often to try.

    The n-th connection in a row that brings no event is followed by a wait of `delay * factor ** (n - 1)` seconds, to
    which up to `jitter` of itself is added at random; it is never above `max_delay`.

    What the server asks for goes first. Its `retry:` field is the wait, and grows only while connections are refused;
    `Retry-After` is the wait of its response. Either is never undercut: jitter is added to it, and `max_delay` does not
    shorten it. More than an hour counts as an hour.

    Attributes:
        delay: Seconds before the first reconnection, where the server has not said. The HTML standard suggests
            "a few seconds".
        factor: What the wait grows by, each time.
        max_delay: Seconds: the longest wait, unless the server asks for more.
        jitter: How much of the wait may be added to it at random, from 0 to 1, so that the clients of a server that
            restarts do not come back all at once.
        attempts: How many connections in a row may bring no event, the first included; `None` for any number.
        reset_after: Seconds: a connection that lived so long counts as one that brought an event.

    Raises:
        ValueError: A value is out of its range.
    """

    delay: float = 3.0
    factor: float = 2.0
    max_delay: float = 30.0
    jitter: float = 0.5
    attempts: int | None = None
    reset_after: float = 60.0

    def __post_init__(self) -> None:
        for name, kind, least, most, said in _RANGES:
            value = getattr(self, name)
            if name == "attempts" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
                raise ValueError(f"ReconnectPolicy({name}=…) takes {said}, not {value!r}")
        if self.delay > self.max_delay:
            raise ValueError(f"max_delay is {self.max_delay!r}, below delay, {self.delay!r}: pass both")


_YEAR = 366 * 24 * LONGEST_WAIT

_RANGES = (
    ("delay", (int, float), 0, _YEAR, "a number of seconds, 0 or more"),
    ("factor", (int, float), 1, 1e6, "a number, 1 or more"),
    ("max_delay", (int, float), 0, _YEAR, "a number of seconds, 0 or more"),
    ("jitter", (int, float), 0, 1, "a share of the wait, from 0 to 1"),
    ("attempts", int, 1, float("inf"), "a number of connections, 1 or more, or None"),
    ("reset_after", (int, float), 0, float("inf"), "a number of seconds, 0 or more"),
)


class Attempt(msgspec.Struct, frozen=True):
    """One connection that is about to be made: what `connect` is given.

    Attributes:
        number: Which connection of this source it is, from 1.
        last_event_id: Where to go on: the id of the last event that was handled, `""` for none.
        headers: The headers of the standard, in a new dict: `Accept`, `Cache-Control`, and `Last-Event-ID` where there
            is one. HTTP clients send an id that is not ASCII as UTF-8, as the standard has it.
        cause: What ended the connection before; `None` for the first, and where its end was in order.
    """

    number: int
    last_event_id: str
    headers: dict[str, str]
    cause: SSEStreamError | None = None


class _HeaderValue(str):
    """Text that is UTF-8 in a header, whatever encoding a client has for headers.

    "If the EventSource object's last event ID string is not the empty string, then: let lastEventIDValue be the
    EventSource object's last event ID string, encoded as UTF-8." Clients encode text as ASCII, Latin-1 or UTF-8.
    """

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002  # as `str` has it
        return super().encode("utf-8", errors)


def request_headers(last_event_id: str) -> dict[str, str]:
    """The headers of a request for an event stream."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
    # A header's value has no space at its ends: RFC 9110, section 5.5. Some clients refuse one.
    value = last_event_id.strip(" \t")
    if value:
        headers["Last-Event-ID"] = value if value.isascii() else _HeaderValue(value)
    return headers


def answer_of(status: int | None, headers: Mapping[str, str]) -> Answer:
    """What a response is.

    "If res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the connection."

    Args:
        status: The HTTP status; `None` where there are only bytes, which are taken at their word.
        headers: The headers, names in lower case.
    """
    if status == _NO_CONTENT:
        # "A client can be told to stop reconnecting using the HTTP 204 No Content response code."
        return "stop"
    if status is None:
        return "stream"
    essence = headers.get("content-type", "").partition(";")[0].strip().lower()
    return "stream" if status == 200 and essence == "text/event-stream" else "refused"


class ReconnectPlan:
    """What to do about connections that end: told what happened, it says when to make the next, or why to stop.

    Args:
        policy: How long to wait, and how often to try.
        random: Gives a number from 0 to 1 for each wait.

    Attributes:
        retry: The server's reconnection time in milliseconds, as last sent; `None` if it never was.
        due: When the next connection may be made, on the clock that `ended` is told.
    """

    __slots__ = (
        "_cause",
        "_eventless",
        "_has_event",
        "_number",
        "_opened",
        "_policy",
        "_random",
        "_refused",
        "due",
        "retry",
    )

    def __init__(self, policy: ReconnectPolicy, random: Callable[[], float]) -> None:
        self._policy = policy
        self._random = random
        self.retry: int | None = None
        self.due = float("-inf")
        self._number = 0
        self._cause: SSEStreamError | None = None
        self._opened: float | None = None  # when the connection under way turned out to be a stream
        self._has_event = False  # whether it has brought an event
        self._eventless = 0  # how many connections in a row have brought none
        self._refused = 0  # how many in a row were not even streams

    def attempt(self, last_event_id: str) -> Attempt:
        """The next connection, which begins now."""
        self._number += 1
        self._opened = None
        self._has_event = False
        # Not kept: an exception holds the frames that it came through.
        cause, self._cause = self._cause, None
        return Attempt(self._number, last_event_id, request_headers(last_event_id), cause)

    def opened(self, now: float) -> None:
        """The connection is a stream. This alone is no progress: the server may end it at once."""
        self._opened = now
        self._refused = 0

    def dispatched(self) -> None:
        """The connection has brought an event."""
        self._has_event = True

    def interrupted(self, now: float) -> None:
        """The connection was given up on this side, which says nothing about the server."""
        self._cause = None
        if self._was_good(now):
            self._eventless = 0
        self.due = now + self._wait(None)

    def ended(self, now: float, cause: SSEStreamError | None, last_event_id: str) -> SSEStreamError | None:
        """The connection has ended, or was never made.

        Args:
            now: The time, in seconds on any monotonic clock.
            cause: What ended it; `None` for an end in order.
            last_event_id: For the error.

        Returns:
            What to raise, if there is to be no further connection; `None` if there is one, at `due`.
        """
        if not _may_pass(cause):
            return cause
        self._cause = cause
        if self._was_good(now):
            self._eventless = 0
        else:
            self._eventless += 1
        if self._opened is None:
            self._refused += 1
        attempts = self._policy.attempts
        if attempts is not None and self._eventless >= attempts:
            return _exhausted(self._eventless, cause, last_event_id)
        self.due = now + self._wait(cause)
        return None

    def _was_good(self, now: float) -> bool:
        """Whether the connection that has ended starts the count over."""
        return self._has_event or (self._opened is not None and now - self._opened >= self._policy.reset_after)

    def _wait(self, cause: SSEStreamError | None) -> float:
        """How many seconds the next wait takes."""
        least = self._least(cause)
        return least + least * self._policy.jitter * self._random()

    def _least(self, cause: SSEStreamError | None) -> float:
        """The wait before jitter is added."""
        policy = self._policy
        # What is left for the wait itself, if jitter is not to lead above the maximum, and yet to spread clients there.
        most = policy.max_delay / (1 + policy.jitter)
        after = cause.retry_after if isinstance(cause, StatusError) else None
        asked = 0.0 if self.retry is None else min(self.retry, LONGEST_WAIT * 1000) / 1000
        if after is not None and after >= _SHORTEST_BACKOFF:
            return max(min(after, LONGEST_WAIT), asked)
        if self.retry is None:
            return _grown(policy.delay, policy.factor, self._eventless - 1, most)
        if self._refused > 1:
            return _grown(max(asked, _SHORTEST_BACKOFF), policy.factor, self._refused - 1, max(asked, most))
        return asked


def _grown(first: float, factor: float, times: int, most: float) -> float:
    """The first wait, after it has grown so many times, and no more than the most."""
    try:
        grown = first * float(factor) ** max(times, 0)
    except OverflowError:
        return most
    return min(grown, most)


def _may_pass(cause: SSEStreamError | None) -> bool:
    """Whether another connection may fare better."""
    if isinstance(cause, StatusError):
        return cause.status_code in RETRIED
    return cause is None or isinstance(cause, (TransportError, StreamTimeoutError))


def _exhausted(attempts: int, cause: SSEStreamError | None, last_event_id: str) -> ReconnectError:
    """The error for who has tried often enough."""
    brought = "the connection" if attempts == 1 else f"{attempts} connections in a row"
    last = "" if attempts == 1 else ", the last"
    place = f"the last event id is {last_event_id!r}" if last_event_id else "there is no last event id"
    error = ReconnectError(
        f"{brought} brought no event{last}: {cause or 'it ended in order'}; {place}",
        attempts=attempts,
        last_event_id=last_event_id,
    )
    error.__cause__ = cause
    return error
