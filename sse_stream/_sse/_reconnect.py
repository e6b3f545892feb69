"""Planning reconnections, without IO, clock or random numbers.

The rules are those of https://html.spec.whatwg.org/multipage/server-sent-events.html, sections 9.2.3 ("Processing
model") and 9.2.4 ("The `Last-Event-ID` header"). Where the standard allows to "optionally, wait some more", this adds
backoff, jitter and a maximum. Where the standard fails the connection, this retries if the status may be temporary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Literal, TypeAlias

import msgspec

from .._errors import ReconnectError, SSEStreamError, StatusError, StreamTimeoutError, TransportError

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""The statuses after which the server may accept a later connection."""

LONGEST_WAIT = 3600.0
"""The maximum wait in seconds that a server can request by `retry` or `Retry-After`."""

# Seconds. Prevents a tight loop if a server requests a shorter wait and then refuses connections.
_SHORTEST_BACKOFF = 0.1

_NO_CONTENT = 204

Answer: TypeAlias = Literal["stream", "refused", "stop"]
"""What a response means: a stream to read, not a stream, or a request to stop reconnecting."""


class ReconnectPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait before reconnecting, and how many times to try.

    After the n-th connection in a row without an event, the wait is `delay * factor ** (n - 1)` seconds, plus a random
    share of up to `jitter` of it, and never more than `max_delay`.

    A wait requested by the server takes precedence. A `retry:` field sets the wait, which then grows only while
    connections are refused; `Retry-After` sets the wait after that response. The client never waits less than
    requested: jitter is added on top, and `max_delay` does not apply. Requests of more than an hour count as an hour.

    Attributes:
        delay: Seconds to wait before the first reconnection, unless the server sets a time. The HTML standard suggests
            "a few seconds".
        factor: The factor by which the wait grows each time.
        max_delay: The maximum wait in seconds, unless the server requests more.
        jitter: The maximum random addition, as a share of the wait from 0 to 1, so that clients do not all reconnect at
            the same time after a server restarts.
        attempts: How many connections in a row, including the first, may deliver no event; `None` for no limit.
        reset_after: After this many seconds, a connection counts as successful even without an event.

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
            raise ValueError(f"max_delay ({self.max_delay!r}) is less than delay ({self.delay!r}): set both")


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
    """A connection attempt, passed to `connect`.

    Attributes:
        number: The number of the attempt, starting at 1.
        last_event_id: The id of the last event that was handled, from which to resume; `""` for none.
        headers: The request headers that the standard defines, in a new dict: `Accept`, `Cache-Control`, and
            `Last-Event-ID` if there is an id. HTTP clients send a non-ASCII id as UTF-8, as the standard requires.
        cause: The error that ended the previous connection; `None` for the first attempt, and after a normal end.
    """

    number: int
    last_event_id: str
    headers: dict[str, str]
    cause: SSEStreamError | None = None


class _HeaderValue(str):
    """A header value that is always encoded as UTF-8, whichever encoding the client uses for headers.

    "If the EventSource object's last event ID string is not the empty string, then: let lastEventIDValue be the
    EventSource object's last event ID string, encoded as UTF-8." Without this, clients encode it as ASCII, Latin-1 or
    UTF-8.
    """

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002  # the signature of `str.encode`
        return super().encode("utf-8", errors)


def request_headers(last_event_id: str) -> dict[str, str]:
    """Return the headers of a request for an event stream."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
    # Header values have no surrounding whitespace (RFC 9110, section 5.5), and some clients reject it.
    value = last_event_id.strip(" \t")
    if value:
        headers["Last-Event-ID"] = value if value.isascii() else _HeaderValue(value)
    return headers


def answer_of(status: int | None, headers: Mapping[str, str]) -> Answer:
    """Classify a response.

    "If res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the connection."

    Args:
        status: The HTTP status; `None` if the source gives only bytes, which are assumed to be a stream.
        headers: The headers, with lowercase names.
    """
    if status == _NO_CONTENT:
        # "A client can be told to stop reconnecting using the HTTP 204 No Content response code."
        return "stop"
    if status is None:
        return "stream"
    essence = headers.get("content-type", "").partition(";")[0].strip().lower()
    return "stream" if status == 200 and essence == "text/event-stream" else "refused"


class ReconnectPlan:
    """Decides, after each connection has ended, when to make the next one, or why to stop.

    Args:
        policy: How long to wait, and how many times to try.
        random: Returns a number from 0 to 1 for each wait.

    Attributes:
        retry: The server's reconnection time in milliseconds, as last sent; `None` if none was.
        due: The earliest time for the next connection, on the same clock as the `now` arguments.
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
        self._opened: float | None = None  # when the current connection turned out to be a stream
        self._has_event = False  # whether it has delivered an event
        self._eventless = 0  # how many connections in a row delivered none
        self._refused = 0  # how many in a row were not even streams

    def attempt(self, last_event_id: str) -> Attempt:
        """Begin the next connection."""
        self._number += 1
        self._opened = None
        self._has_event = False
        # The exception is not kept, because it keeps its stack frames alive.
        cause, self._cause = self._cause, None
        return Attempt(self._number, last_event_id, request_headers(last_event_id), cause)

    def opened(self, now: float) -> None:
        """Record that the connection is a stream. It may still end at once, so this alone is not a success."""
        self._opened = now
        self._refused = 0

    def dispatched(self) -> None:
        """Record that the connection has delivered an event."""
        self._has_event = True

    def interrupted(self, now: float) -> None:
        """Record that the client gave up the connection, which says nothing about the server."""
        if self._was_good(now):
            self._eventless = 0
        self.due = now + self._wait(None)

    def ended(self, now: float, cause: SSEStreamError | None, last_event_id: str) -> SSEStreamError | None:
        """Record that the connection has ended, or could not be made.

        Args:
            now: The time, in seconds on any monotonic clock.
            cause: The error that ended it; `None` for a normal end.
            last_event_id: The last event id, for the error.

        Returns:
            The error to raise if there must be no further connection; `None` if the next is to be made at `due`.
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
        """Whether the connection was successful, which resets the count of failures."""
        return self._has_event or (self._opened is not None and now - self._opened >= self._policy.reset_after)

    def _wait(self, cause: SSEStreamError | None) -> float:
        """Return the seconds to wait, with jitter."""
        least, most = self._bounds(cause)
        return least + min(least * self._policy.jitter, most - least) * self._random()

    def _bounds(self, cause: SSEStreamError | None) -> tuple[float, float]:
        """Return the seconds to wait before jitter, and the maximum with jitter."""
        policy = self._policy
        # Leaves room for jitter below the maximum, so that clients are still spread out once they reach it.
        most = max(policy.delay, policy.max_delay / (1 + policy.jitter))
        after = cause.retry_after if isinstance(cause, StatusError) else None
        asked = 0.0 if self.retry is None else min(self.retry, LONGEST_WAIT * 1000) / 1000
        if after is not None and after >= _SHORTEST_BACKOFF:
            return max(min(after, LONGEST_WAIT), asked), inf
        if self.retry is None:
            return _grown(policy.delay, policy.factor, self._eventless - 1, most), policy.max_delay
        if self._refused > 1:
            return _grown(max(asked, _SHORTEST_BACKOFF), policy.factor, self._refused - 1, max(asked, most)), inf
        return asked, inf


def _grown(first: float, factor: float, times: int, most: float) -> float:
    """Return the wait after it has grown this many times, limited to `most`."""
    try:
        grown = first * float(factor) ** max(times, 0)
    except OverflowError:
        return most
    return min(grown, most)


def _may_pass(cause: SSEStreamError | None) -> bool:
    """Whether the failure may be temporary, so that another connection can succeed."""
    if isinstance(cause, StatusError):
        return cause.status_code in RETRIED
    return cause is None or isinstance(cause, (TransportError, StreamTimeoutError))


def _exhausted(attempts: int, cause: SSEStreamError | None, last_event_id: str) -> ReconnectError:
    """Return the error for running out of attempts."""
    brought = "the connection" if attempts == 1 else f"{attempts} connections in a row"
    last = "" if attempts == 1 else ", the last"
    place = f"the last event id is {last_event_id!r}" if last_event_id else "there is no last event id"
    error = ReconnectError(
        f"{brought} delivered no event{last}: {cause or 'it ended normally'}; {place}",
        attempts=attempts,
        last_event_id=last_event_id,
    )
    error.__cause__ = cause
    return error
