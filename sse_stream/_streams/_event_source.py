"""The sync event source; any thread may close it."""

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

# How long `close` waits for a thread that is connecting, or in a read that cannot be interrupted.
_GRACE_SECONDS = 0.01


class EventSource(Resuming):
    r"""Server-sent events with automatic reconnection; iterate it to get events.

    When a connection ends or breaks, the source waits and reconnects, with `Last-Event-ID` to tell the server where to
    resume, as the HTML standard specifies for browsers. The iteration ends when the server answers 204, after an event
    for which `until` returns true, or when the source is closed.

    Args:
        connect: Called with an `Attempt` for each connection. It returns a response of any HTTP client, opened for
            streaming, or a context manager that returns one:
            `lambda attempt: client.stream("GET", url, headers=attempt.headers)`. If it raises a client's connection
            error, the source reconnects; any other exception ends the source and propagates to the reader.
        last_event_id: The id to resume from: that of the last event handled earlier, by another source.
        policy: How long to wait between connections, and how many attempts to make.
        idle: Supported by `AsyncEventSource` only; must be `None`. Set the client's own read timeout instead, such as
            `httpx.Timeout(5, read=45)`: when it expires, the source reconnects.
        until: Called with each event before it is yielded; a true result makes it the last.
        dedupe: How many event ids to remember. An event whose own `id` line repeats a remembered id is dropped, because
            servers may repeat events after a reconnection. 0 disables this.
        max_event_size: The maximum size of one event in bytes; `None` for no limit.

    Raises:
        TypeError: `connect` is not a function, for example a response.
        ValueError: An option has an invalid value.

    >>> bodies = iter([b"id: 1\ndata: Hi\n\n", b"id: 2\ndata: there\n\n"])
    >>> with EventSource(lambda attempt: [next(bodies)], policy=ReconnectPolicy(delay=0)) as source:
    ...     for event in source:
    ...         print(event.data, repr(source.last_event_id))
    ...         if event.id == "2":
    ...             break
    Hi ''
    there '1'
    """

    _opening: SyncOpening | None = None  # the open connection

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
                "idle is not supported here, because a blocked read cannot be interrupted: set the client's own read "
                f"timeout, such as httpx.Timeout(5, read={idle!r}), to reconnect when it expires"
            )
        super().__init__(connect, ResumingState(last_event_id, policy, None, until, dedupe, max_event_size))
        self._connect = connect
        self._reader: int | None = None  # the thread that is reading
        self._awake = allocate_lock()  # `close` releases it to end a wait
        self._awake.acquire()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ServerSentEvent:
        """Wait for the next event. Asking for it marks the previous event as handled.

        Raises:
            StopIteration: The source has ended.
            ReconnectError: The policy allows no further attempt.
            StatusError: The server answered with a permanent error status.
            ContentTypeError: The response is not an event stream.
            EventTooLargeError: An event exceeded `max_event_size`.
            SSEStreamError: The source has already failed.
            RuntimeError: Another thread is reading.
            Exception: Any exception from `connect` or `until`.
        """
        if self._reader is not None:
            raise RuntimeError("this event source is being read by another thread: pass its events on through a queue")
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
        """Stop the iteration and release the connection. Idempotent.

        Called from another thread, this immediately ends a wait, and a blocked read if the client exposes its socket:
        httpx, httpx2, requests, urllib3, niquests and `http.client`, over HTTP/1.1. Any other read, and the opening of a
        connection, continue until data or a response arrives, and are closed then.
        """
        self._state.over = True
        with suppress(RuntimeError):  # already released
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

    # ---------------------------------------------------------------- steps

    def _advance(self) -> None:
        """Do the next step."""
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
                self._opening = opening  # set only now, so that a concurrent `close` leaves closing to this thread
        except Exception as error:  # noqa: BLE001  # clients may raise anything
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
        except Exception as error:  # noqa: BLE001  # clients may raise anything
            state.finish(partial(connection.fail, error))
        else:
            state.accept(connection, data)

    def _end_read(self) -> None:
        """Interrupt a blocked read in another thread, and wait until that thread has returned from it."""
        source = None if self._opening is None else self._opening.source
        interrupt = None if source is None else source.interrupt
        if interrupt is not None:
            with suppress(Exception):  # the connection may be closed already
                interrupt()
        give_up = monotonic() + (_GRACE_SECONDS if interrupt is None else CLOSING_SECONDS)
        while self._reader is not None and monotonic() < give_up:
            sleep(0.001)

    def _release(self) -> None:
        """Release the connection, if there is one."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        try:
            if opening.source is not None:
                opening.source.close()
        except ValueError:  # a generator running in another thread, which closes it
            self._opening = opening
            return
        except Exception:  # noqa: BLE001, S110  # failing to close is not an error
            pass
        with suppress(Exception):  # nor is failing to exit
            opening.leave()
