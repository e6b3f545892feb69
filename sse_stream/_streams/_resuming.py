"""The state shared by both event sources: the connection, its events and its end, and the next step; without IO."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncContextDecorator, ContextDecorator
from time import monotonic
from typing import Any, Literal, NoReturn, SupportsIndex, TypeAlias

from .._errors import SSEStreamError
from .._sources._source import Source
from .._sse._cursor import EventCursor
from .._sse._event import ServerSentEvent
from .._sse._reconnect import Attempt, ReconnectPlan, ReconnectPolicy
from ._connect_errors import connect_error
from ._connection import Connection

Until: TypeAlias = Callable[[ServerSentEvent], object]

Step: TypeAlias = Literal["read", "leave", "wait", "connect", "over"]
"""The next step after all received events have been yielded: read; release a connection that has ended; wait before
reconnecting; connect; or stop."""


class ResumingState:
    """The state of an event source across its connections. The sources do the IO; this class decides.

    Attributes:
        cursor: The received events, and which have been handled.
        connection: The current connection; `None` between two.
        over: Whether to yield no more events, whatever the reason.
    """

    def __init__(  # noqa: PLR0917  # the options of both event sources, in their order
        self,
        last_event_id: str,
        policy: ReconnectPolicy,
        idle: float | None,
        until: Until | None,
        dedupe: int,
        max_event_size: int | None,
    ) -> None:
        _check_id(last_event_id)
        if not isinstance(policy, ReconnectPolicy):
            raise TypeError(f"policy must be a ReconnectPolicy, such as ReconnectPolicy(attempts=5), not {policy!r}")
        if idle is not None and not _is_number(idle, 0):
            raise ValueError(f"idle must be a number of seconds above 0, or None, not {idle!r}")
        if until is not None and not callable(until):
            raise TypeError(
                f"until must be a function of an event, such as lambda event: event.data == '[DONE]', not {until!r}"
            )
        if not _is_number(dedupe, -1) or not isinstance(dedupe, int):
            raise ValueError(f"dedupe must be a whole number of ids, 0 or more, not {dedupe!r}")
        if max_event_size is not None and not _is_number(max_event_size, 0):
            raise ValueError(f"max_event_size must be a number of bytes, 1 or more, or None, not {max_event_size!r}")
        self.cursor: EventCursor = EventCursor(last_event_id, dedupe, max_event_size)
        self.connection: Connection | None = None
        self.over: bool = False
        self._plan = ReconnectPlan(policy, draw)
        self._idle = idle
        self._until = until
        self._failure = ""  # message of the final error; the error itself would keep its frames alive

    # ---------------------------------------------------------------- events

    def ask(self) -> None:
        """Mark the previous event as handled, because the next one is asked for.

        Raises:
            SSEStreamError: The source has already failed.
        """
        self.cursor.acknowledge()
        if self._failure:
            raise SSEStreamError(f"this event source has already failed: {self._failure}")

    def next_event(self) -> ServerSentEvent | None:
        """Return the next event received, if any.

        Raises:
            EventTooLargeError: The event exceeded its limit.
            Exception: Any exception from `until`; the event has not been yielded then.
        """
        event = None if self.over else self.cursor.next_event()
        if event is not None:
            self._plan.dispatched()
            if self._until is not None and self._until(event):
                self.over = True
        return event

    def hand_out(self, event: ServerSentEvent) -> None:
        """Mark the event as yielded."""
        self.cursor.hand_out(event)

    # ---------------------------------------------------------------- what to do next

    def step(self) -> Step:
        """Return the next step after all received events have been yielded."""
        if self.over:
            return "over"
        if self.connection is not None:
            return "leave" if self.connection.has_ended else "read"
        return "wait" if self.wait() > 0 else "connect"

    def wait(self) -> float:
        """Return the number of seconds until the next attempt may start."""
        return self._plan.due - monotonic()

    def attempt(self) -> Attempt:
        """Start the next attempt."""
        self.cursor.connect()
        return self._plan.attempt(self.cursor.last_event_id)

    # ---------------------------------------------------------------- what happens

    def opened(self, source: Source) -> None:
        """Handle a new response."""
        self.connection = connection = Connection(source, self._idle)
        if connection.answer == "stop":
            self.over = True
        elif connection.answer == "stream":
            self._plan.opened(monotonic())

    def not_opened(self, error: Exception) -> None:
        """Handle an exception raised while connecting.

        Raises:
            Exception: It is not a connection error, or the policy allows no further attempt.
        """
        if self.over:  # closed meanwhile, which may have caused the exception
            return
        cause = connect_error(error)
        if cause is None:
            self.fail(error)
            raise error
        if cause is not error:
            cause.__cause__ = error
        self._end(cause)

    def accept(self, connection: Connection, data: bytes) -> None:
        """Decode received bytes.

        Raises:
            SSEStreamError: The response is not a stream, and the policy allows no further attempt.
        """
        try:
            data = connection.accept(data)
        except SSEStreamError as error:
            self._end(error)
        else:
            if data:
                self.cursor.take(data)

    def finish(self, ending: Callable[[], None]) -> None:
        """Handle the end of the connection.

        Args:
            ending: The method of the connection that handles the end, and raises an error unless the end is regular.

        Raises:
            SSEStreamError: The policy allows no further attempt.
            TypeError: As in `Connection.fail`.
        """
        if self.over:
            return
        try:
            ending()
        except SSEStreamError as error:
            self._end(error)
        else:
            self._end(None)

    def interrupted(self) -> None:
        """Handle a cancellation while connecting or reading: the connection is dropped, the source continues."""
        self._note_retry()
        self._plan.interrupted(monotonic())
        if self.connection is not None:
            self.connection.has_ended = True

    def fail(self, error: BaseException) -> None:
        """End the source after an error.

        Raises:
            RuntimeError: The error is a `StopIteration`, which would look like the end of the iteration.
        """
        if not self.over:
            self.over = True
            self._failure = str(error) or type(error).__name__
        if isinstance(error, (StopIteration, StopAsyncIteration)):
            said = f"connect or until raised {type(error).__name__}"
            raise RuntimeError(said) from error  # noqa: TRY004  # as PEP 479 does for generators

    def _end(self, cause: SSEStreamError | None) -> None:
        """Plan the next attempt after the end of a connection.

        Raises:
            SSEStreamError: The policy allows no further attempt.
        """
        if self.connection is not None:
            self.connection.has_ended = True
        self._note_retry()
        reason = self._plan.ended(monotonic(), cause, self.cursor.last_event_id)
        if reason is not None:
            raise reason

    def _note_retry(self) -> None:
        if self.cursor.retry is not None:
            self._plan.retry = self.cursor.retry


def draw() -> float:
    """Return a random number from 0 to 1."""
    # Imported lazily to keep start-up fast.
    from random import random

    return random()  # noqa: S311  # jitter needs no cryptographic randomness


def check_connect(connect: object, name: str) -> None:
    """Check that `connect` is a function, rather than a response.

    Raises:
        TypeError: It is not; the message shows the expected form.
    """
    # Context managers made by `contextlib.contextmanager` are callable too, as decorators.
    if callable(connect) and not isinstance(connect, (ContextDecorator, AsyncContextDecorator)):
        return
    raise TypeError(
        f"{name} reconnects, so it takes a function that connects, not a {type(connect).__name__}: "
        f'{name}(lambda attempt: client.stream("GET", url, headers=attempt.headers))'
    )


def _is_number(value: object, above: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > above


def _check_id(last_event_id: str) -> None:
    """Check a last event id."""
    if not isinstance(last_event_id, str):
        raise TypeError(f"last_event_id must be a str, such as event.id, not {last_event_id!r}")
    if any(character in last_event_id for character in "\0\r\n") or not _is_text(last_event_id):
        raise ValueError(f"last_event_id contains characters that no event id or header can: {last_event_id!r}")


def _is_text(value: str) -> bool:
    """Whether a string can be encoded as UTF-8, which a lone surrogate cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class Resuming:
    """Base class of `EventSource` and `AsyncEventSource`."""

    def __init__(self, connect: object, state: ResumingState) -> None:
        check_connect(connect, type(self).__name__)
        self._state = state

    @property
    def last_event_id(self) -> str:
        """The id of the last event that was handled; it changes when the next event is asked for.

        A source that resumes from a stored id therefore receives an event again if handling it failed.
        """
        return self._state.cursor.last_event_id

    @property
    def response(self) -> Any:  # of whatever client
        """The client's response for the current connection; `None` between two connections."""
        connection = self._state.connection
        return None if connection is None else connection.source.response

    def __repr__(self) -> str:
        state = self._state
        now = "closed" if state.over else "waiting" if state.connection is None else "connected"
        return f"<{type(self).__name__} {now}, last event id {self.last_event_id!r}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"a {name} cannot be copied or pickled, because it owns a connection: keep its last_event_id")
