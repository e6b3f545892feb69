"""The sync event source: it blocks where it connects, waits and reads, and any thread may close it."""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from time import monotonic, sleep
from typing import Self

from .._sources._entering import SyncOpening
from .._sources._protocols import ByteSource
from .._sse._event import ServerSentEvent
from .._sse._parser import DEFAULT_MAX_EVENT_SIZE
from .._sse._reconnect import Attempt, ReconnectPolicy
from ._concurrency import CLOSING_SECONDS
from ._resuming import Resuming, ResumingState

# How long a thread is waited for that is in a read which nothing can end, or that makes a connection.
_GRACE_SECONDS = 0.01


class EventSource(Resuming):
    r"""Server-sent events over as many connections as it takes: iterate it.

    When a connection ends or breaks, the next is made after a wait, and `Last-Event-ID` tells the server where to go
    on, as the HTML standard has it for browsers. The iteration ends when the server answers 204, after an event for
    which `until` is true, and when the source is closed.

    Args:
        connect: Called for each connection with an `Attempt`. It returns a response of any HTTP client, opened for
            streaming, or a context manager of one: `lambda attempt: client.stream("GET", url, headers=attempt.headers)`.
            What it raises is a failure of the connection if it is an exception of a client's for that; anything else is
            raised to whoever reads, and ends the source.
        last_event_id: Where to begin: the id of the last event that was handled before, by another source.
        policy: How long to wait between connections, and how often to try.
        idle: Only `AsyncEventSource` has this. A read that blocks is bounded by the client's own read timeout, as in
            `httpx.Timeout(5, read=45)`; when that passes, the connection is dead, and another is made.
        until: Whether an event is the last: called with each before it is given out.
        dedupe: How many ids are remembered. An event with an `id` line of its own whose id is among them is dropped, as
            servers repeat events when a client comes back. 0 for none.
        max_event_size: Bytes of one event; `None` for no bound.

    Raises:
        TypeError: `connect` is no function, but a response, for instance.
        ValueError: An option has a value that it cannot have.

    >>> bodies = iter([b"id: 1\ndata: Hi\n\n", b"id: 2\ndata: there\n\n"])
    >>> with EventSource(lambda attempt: [next(bodies)], policy=ReconnectPolicy(delay=0)) as source:
    ...     for event in source:
    ...         print(event.data, repr(source.last_event_id))
    ...         if event.id == "2":
    ...             break
    Hi ''
    there '1'
    """

    _opening: SyncOpening | None = None  # of the connection that is there

    def __init__(
        self,
        connect: Callable[[Attempt], ByteSource | AbstractContextManager[ByteSource]],
        *,
        last_event_id: str = "",
        policy: ReconnectPolicy = ReconnectPolicy(),
        idle: None = None,
        until: Callable[[ServerSentEvent], object] | None = None,
        dedupe: int = 0,
        max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    ) -> None:
        if idle is not None:
            raise ValueError(
                "a blocked read cannot be ended from inside: leave idle out, and set the client's own read timeout, as "
                f"in httpx.Timeout(5, read={idle!r}); when it passes, another connection is made"
            )
        super().__init__(connect, ResumingState(last_event_id, policy, None, until, dedupe, max_event_size))
        self._connect = connect
        self._reader: int | None = None  # the thread that is in the middle of reading
        self._awake = allocate_lock()  # released by `close`, which ends a wait
        self._awake.acquire()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ServerSentEvent:
        """The next event, once it is there. Whoever asks for it has handled the one before.

        Raises:
            StopIteration: There are no more.
            ReconnectError: The policy allows no further connection.
            StatusError: The server refuses with a status that will not pass.
            ContentTypeError: The response is something else than an event stream.
            EventTooLargeError: An event outgrows `max_event_size`.
            SSEStreamError: The source has failed before.
            RuntimeError: Another thread is in the middle of reading.
            Exception: Whatever `connect` or `until` raises.
        """
        if self._reader is not None:
            raise RuntimeError("this event source is being read by another thread: hand its events on by a queue")
        self._reader = get_ident()
        state = self._state
        try:
            state.ask()
            while (event := state.next_event()) is None and not state.over:
                self._advance()
        except BaseException as error:
            state.fail(error)
            raise
        finally:
            if state.over:
                self._release()
            self._reader = None
        if event is None:
            raise StopIteration
        state.hand_out(event)
        return event

    def close(self) -> None:
        """Stop, and give the connection back: the iteration ends. Again, it does nothing.

        From another thread this ends a wait at once, and a read that is blocked where the client has a socket to shut
        down: httpx, httpx2, requests, urllib3, niquests and `http.client`, over HTTP/1.1. Any other read goes on until
        something comes, and so does the making of a connection; what comes then is closed.
        """
        self._state.over = True
        with suppress(RuntimeError):  # it was released before
            self._awake.release()
        if self._reader is not None and self._reader != get_ident():
            self._end_read()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._opening is not None:
            self._release()

    # ---------------------------------------------------------------- what is next

    def _advance(self) -> None:
        """Do what is next."""
        state = self._state
        match state.step():
            case "wait":
                self._awake.acquire(timeout=max(0.0, state.wait()))
            case "connect":
                self._open(state.attempt())
            case "read":
                self._read()
            case "leave":
                self._release()
                state.connection = None

    def _open(self, attempt: Attempt) -> None:
        try:
            opening = SyncOpening(self._connect(attempt))
            try:
                source = opening.open()
            finally:
                self._opening = opening  # not before: whoever closes the source meanwhile leaves it to this thread
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            self._release()
            self._state.not_opened(error)
        else:
            self._state.opened(source)

    def _read(self) -> None:
        state = self._state
        connection, opening = state.connection, self._opening
        if connection is None or opening is None or opening.source is None:  # closed meanwhile
            return
        connection.begin_read()
        try:
            data = connection.arrive(next(opening.source.pieces))
        except StopIteration:
            state.finish(connection.end)
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            state.finish(partial(connection.fail, error))
        else:
            state.accept(connection, data)

    def _end_read(self) -> None:
        """End the read that another thread is blocked in, and wait until that thread is out of it."""
        source = None if self._opening is None else self._opening.source
        interrupt = None if source is None else source.interrupt
        if interrupt is not None:
            with suppress(Exception):  # there may be no connection any more
                interrupt()
        give_up = monotonic() + (_GRACE_SECONDS if interrupt is None else CLOSING_SECONDS)
        while self._reader is not None and monotonic() < give_up:
            sleep(0.001)

    def _release(self) -> None:
        """Give the connection back, if there is one."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        try:
            if opening.source is not None:
                opening.source.close()
        except ValueError:  # a generator that is running: whoever reads it closes it
            self._opening = opening
            return
        except Exception:  # noqa: BLE001, S110  # what cannot be closed is closed
            pass
        with suppress(Exception):  # what cannot be left is left
            opening.leave()
