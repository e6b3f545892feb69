"""What both event sources share: which connection is under way, its events, its end, what comes next. No IO is here."""

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
"""What an event source does next, when it has given out all that has come: read on; give back a connection that has
ended; wait until the next may be made; make it; or nothing any more."""


class ResumingState:
    """One event source over all of its connections. The shells connect, read and wait; this says what it means.

    Attributes:
        cursor: The events that have come, and how far they have been handled.
        connection: The one that is there; `None` between two.
        over: Whether nothing more is given out, whatever the reason.
    """

    def __init__(  # noqa: PLR0917  # the options of both shells, in the order of their signatures
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
            raise TypeError(f"policy is a ReconnectPolicy, as in ReconnectPolicy(attempts=5), not {policy!r}")
        if idle is not None and not _is_number(idle, 0):
            raise ValueError(f"idle is a number of seconds above 0, or None, not {idle!r}")
        if until is not None and not callable(until):
            raise TypeError(
                f"until is a function of an event, as in lambda event: event.data == '[DONE]', not {until!r}"
            )
        if not _is_number(dedupe, -1) or not isinstance(dedupe, int):
            raise ValueError(f"dedupe is a whole number of ids, 0 for none, not {dedupe!r}")
        if max_event_size is not None and not _is_number(max_event_size, 0):
            raise ValueError(f"max_event_size is a number of bytes, 1 or more, or None: {max_event_size!r}")
        self.cursor: EventCursor = EventCursor(last_event_id, dedupe, max_event_size)
        self.connection: Connection | None = None
        self.over: bool = False
        self._plan = ReconnectPlan(policy, draw)
        self._idle = idle
        self._until = until
        self._failure = ""  # what the error said that has ended all; the error itself would keep the frames it came by

    # ---------------------------------------------------------------- events

    def ask(self) -> None:
        """The next event is asked for, so the one in hand has been handled.

        Raises:
            SSEStreamError: The source has failed before.
        """
        self.cursor.acknowledge()
        if self._failure:
            raise SSEStreamError(f"this event source has failed before: {self._failure}")

    def next_event(self) -> ServerSentEvent | None:
        """The next event of what has come.

        Raises:
            EventTooLargeError: It outgrows its limit.
            Exception: Whatever `until` raises; the event has not been given out then.
        """
        event = None if self.over else self.cursor.next_event()
        if event is not None:
            self._plan.dispatched()
            if self._until is not None and self._until(event):
                self.over = True
        return event

    def hand_out(self, event: ServerSentEvent) -> None:
        """The event is given out now, and cannot be lost any more."""
        self.cursor.hand_out(event)

    # ---------------------------------------------------------------- what to do next

    def step(self) -> Step:
        """What to do next, when all that has come has been given out."""
        if self.over:
            return "over"
        if self.connection is not None:
            return "leave" if self.connection.has_ended else "read"
        return "wait" if self.wait() > 0 else "connect"

    def wait(self) -> float:
        """How many seconds it is until the next connection may be made."""
        return self._plan.due - monotonic()

    def attempt(self) -> Attempt:
        """The next connection begins."""
        self.cursor.connect()
        return self._plan.attempt(self.cursor.last_event_id)

    # ---------------------------------------------------------------- what happens

    def opened(self, source: Source) -> None:
        """There is a response."""
        self.connection = connection = Connection(source, self._idle)
        if connection.answer == "stop":
            self.over = True
        elif connection.answer == "stream":
            self._plan.opened(monotonic())

    def not_opened(self, error: Exception) -> None:
        """There is no response, but this.

        Raises:
            Exception: It has nothing to do with the connection, or there is to be no other.
        """
        if self.over:  # it was closed meanwhile, which may be why
            return
        cause = connect_error(error)
        if cause is None:
            self.fail(error)
            raise error
        if cause is not error:
            cause.__cause__ = error
        self._end(cause)

    def accept(self, connection: Connection, data: bytes) -> None:
        """Make what has come readable.

        Raises:
            SSEStreamError: It is no stream, and there is to be no other connection.
        """
        try:
            data = connection.accept(data)
        except SSEStreamError as error:
            self._end(error)
        else:
            if data:
                self.cursor.take(data)

    def finish(self, ending: Callable[[], None]) -> None:
        """The connection has ended in one of its ways.

        Args:
            ending: Which: a method of the connection that raises what it means, if it is no end in order.

        Raises:
            SSEStreamError: There is to be no other connection.
            TypeError: As `Connection.fail`.
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
        """The caller has given up the connection, while it was made or read; the source goes on."""
        self._note_retry()
        self._plan.interrupted(monotonic())
        if self.connection is not None:
            self.connection.has_ended = True

    def fail(self, error: BaseException) -> None:
        """Something has gone wrong that ends the source.

        Raises:
            RuntimeError: It would be taken for the end of the iteration.
        """
        if not self.over:
            self.over = True
            self._failure = str(error) or type(error).__name__
        if isinstance(error, (StopIteration, StopAsyncIteration)):
            said = f"connect or until raised {type(error).__name__}"
            raise RuntimeError(said) from error  # noqa: TRY004  # as Python has it for generators

    def _end(self, cause: SSEStreamError | None) -> None:
        """The connection has ended.

        Raises:
            SSEStreamError: There is to be no other.
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
    """A random number from 0 to 1."""
    # Imported here: few programs wait, and start-up stays cheap.
    from random import random

    return random()  # noqa: S311  # waits are no secret


def check_connect(connect: object, name: str) -> None:
    """Refuse what is no function that connects: a response, above all.

    Raises:
        TypeError: It is none; the message shows the form.
    """
    # What `contextlib.contextmanager` makes can be called too, as a decorator.
    if callable(connect) and not isinstance(connect, (ContextDecorator, AsyncContextDecorator)):
        return
    raise TypeError(
        f"{name} takes a function that connects, not {type(connect).__name__}, for it connects again and again: "
        f'{name}(lambda attempt: client.stream("GET", url, headers=attempt.headers))'
    )


def _is_number(value: object, above: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > above


def _check_id(last_event_id: str) -> None:
    """Refuse what can be no last event id."""
    if not isinstance(last_event_id, str):
        raise TypeError(f"last_event_id is a str, as event.id has it, not {last_event_id!r}")
    if any(character in last_event_id for character in "\0\r\n") or not _is_text(last_event_id):
        raise ValueError(f"no event can have this id, and no header: {last_event_id!r}")


def _is_text(value: str) -> bool:
    """Whether UTF-8 can say it: a lone surrogate it cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class Resuming:
    """What both shells are."""

    def __init__(self, connect: object, state: ResumingState) -> None:
        check_connect(connect, type(self).__name__)
        self._state = state

    @property
    def last_event_id(self) -> str:
        """The id of the last event that was handled: it moves when the next one is asked for.

        Whoever stores it, and starts again from it, is given an event whose handling failed once more.
        """
        return self._state.cursor.last_event_id

    @property
    def response(self) -> Any:  # of whatever client
        """The response that is being read, as the client made it; `None` between two connections."""
        connection = self._state.connection
        return None if connection is None else connection.source.response

    def __repr__(self) -> str:
        state = self._state
        now = "closed" if state.over else "waiting" if state.connection is None else "connected"
        return f"<{type(self).__name__} {now}, last event id {self.last_event_id!r}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"a {name} cannot be copied or pickled, for it owns a connection: keep its last_event_id")
