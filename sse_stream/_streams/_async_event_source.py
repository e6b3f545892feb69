"""The async event source, under asyncio and trio; any task may close it."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Self, TypeAlias

from .._sources._entering import AsyncOpening
from .._sources._protocols import AsyncByteSource
from .._sources._source import AsyncSource, close_nothing
from .._sse._event import ServerSentEvent
from .._sse._parser import DEFAULT_MAX_EVENT_SIZE
from .._sse._reconnect import Attempt, ReconnectPolicy
from ._concurrency import CLOSING_SECONDS, Expired, end_generators, let_others_run, pause, shielded
from ._reads import AsyncReads
from ._resuming import Resuming, ResumingState

Opened: TypeAlias = AsyncByteSource | AbstractAsyncContextManager[AsyncByteSource] | Awaitable[AsyncByteSource]


class AsyncEventSource(Resuming):
    """Server-sent events with automatic reconnection; iterate it with `async for`, under asyncio or trio.

    `EventSource` for async code: `async with AsyncEventSource(…) as source`, then `async for event in source`. If a task
    is cancelled while it reads, the connection is dropped, and the next read resumes from `last_event_id`.

    Args:
        connect: Called with an `Attempt` for each connection. It returns a response of any async HTTP client, opened
            for streaming, or an async context manager or an awaitable that returns one:
            `lambda attempt: client.stream("GET", url, headers=attempt.headers)`, or an `async def`. If it raises a
            client's connection error, the source reconnects; any other exception ends the source and propagates to
            the reader.
        last_event_id: The id to resume from: that of the last event handled earlier, by another source.
        policy: How long to wait between connections, and how many attempts to make.
        idle: Reconnect after this many seconds without any bytes, comments included; `None` for no limit. Choose more
            than the server's keep-alive interval.
        until: Called with each event before it is yielded; a true result makes it the last.
        dedupe: How many event ids to remember. An event that the server repeats with a remembered id is dropped; 0
            disables this.
        max_event_size: The maximum size of one event in bytes; `None` for no limit.

    Raises:
        TypeError: `connect` is not callable, for example a response.
        ValueError: The value of an option is out of range.
    """

    _is_closing = False  # whether a task is in `aclose`, releasing the connection

    def __init__(
        self,
        connect: Callable[
            [Attempt], AsyncByteSource | AbstractAsyncContextManager[AsyncByteSource] | Awaitable[AsyncByteSource]
        ],
        *,
        last_event_id: str = "",
        policy: ReconnectPolicy = ReconnectPolicy(),
        idle: float | None = None,
        until: Callable[[ServerSentEvent], object] | None = None,
        dedupe: int = 0,
        max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    ) -> None:
        super().__init__(connect, ResumingState(last_event_id, policy, idle, until, dedupe, max_event_size))
        self._work = _Work(self._state, connect)
        # Waiting and connecting are treated as reads too, so that another task can interrupt them.
        self._reads = AsyncReads(AsyncSource(response=None, read=self._work.do_next, close=close_nothing))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerSentEvent:
        """Wait for the next event. Asking for it marks the previous event as handled.

        Raises:
            StopAsyncIteration: The source has ended.
            ReconnectError: The policy allows no further attempt.
            StatusError: The server answered with a permanent error status.
            ContentTypeError: The response is not an event stream.
            EventTooLargeError: An event exceeded `max_event_size`.
            SSEStreamError: The source has already failed.
            RuntimeError: Another task is reading.
            Exception: Any exception from `connect` or `until`.
        """
        if self._reads.busy:
            raise RuntimeError("this event source is being read by another task: pass its events on through a queue")
        state = self._state
        try:
            state.ask()
            while (event := state.next_event()) is None and not state.over:
                await self._advance()
        except GeneratorExit:  # nothing can be awaited here
            raise
        except BaseException as error:
            await self._give_up(error)
            raise
        if state.over and not self._is_closing:
            await self._release()
        if event is None:
            raise StopAsyncIteration
        state.hand_out(event)
        return event

    async def aclose(self) -> None:
        """Stop the iteration and release the connection. Idempotent.

        Called from another task, this immediately interrupts the reading task, whether it is connecting, waiting to
        reconnect, or reading.
        """
        self._state.over = True
        if self._is_closing:
            return
        self._is_closing = True
        try:
            await self._reads.interrupt()
        finally:
            await self._release()
            self._is_closing = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if "_work" in self.__dict__ and self._work.opening is not None:
            warnings.warn(
                f"{self!r} was not closed, so its connection was dropped: use `async with`, or call `aclose`",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    # ---------------------------------------------------------------- steps

    async def _advance(self) -> None:
        """Do the next step."""
        state, reads, connection = self._state, self._reads, self._state.connection
        if reads.kept and connection is not None:
            state.accept(connection, await reads.next_slice())
            return
        has_failed = connection is None and self._work.opening is not None
        if has_failed or state.step() == "leave":
            await self._release_alone()
            state.connection = None
            return
        seconds = None if connection is None else connection.begin_read()
        try:
            data = reads.begin()
            if type(data) is not bytes:
                data = await reads.wait(data, seconds)
        except Expired:
            self._work.is_under_way = False
            if connection is not None:
                state.finish(connection.expire)
        else:
            if not reads.fits(data):
                reads.keep(data)
            elif connection is not None:
                state.accept(connection, data)

    async def _give_up(self, error: BaseException) -> None:
        """End the source after an exception; after a cancellation, drop only the connection."""
        if isinstance(error, Exception):
            try:
                self._state.fail(error)
            finally:
                await self._release()
        elif self._work.is_under_way:
            self._work.is_under_way = False
            self._state.interrupted()
            await self._release()

    async def _release_alone(self) -> None:
        """Release the connection; no other task may read meanwhile."""
        with self._reads.reserved():
            await self._release()

    async def _release(self) -> None:
        """Release the connection, if there is one."""
        opening, self._work.opening = self._work.opening, None
        if opening is not None:
            with suppress(Exception):  # failing to close is not an error
                await shielded(CLOSING_SECONDS, partial(_give_back, opening))


async def _give_back(opening: AsyncOpening) -> None:
    try:
        source = opening.source
        if source is not None:
            await source.close()
            if source.generator is not None:
                await end_generators(source.generator)
    finally:
        await opening.leave()


class _Work:
    """The awaited steps of an event source: waiting, connecting and reading.

    Attributes:
        opening: The open connection, or a failed one that has yet to be released.
        is_under_way: Whether a connection is being opened or read; cancelling that loses the connection.
    """

    def __init__(self, state: ResumingState, connect: Callable[[Attempt], Opened]) -> None:
        self._state = state
        self._connect = connect
        self.opening: AsyncOpening | None = None
        self.is_under_way = False

    async def do_next(self) -> bytes:
        """Wait, connect or read; return the bytes of a read, otherwise none."""
        state = self._state
        data = b""
        match state.step():
            case "wait":
                await pause(max(0.0, state.wait()))
            case "connect":
                await let_others_run()  # even if the server ends connections at once and the wait is 0
                if not state.over:
                    self.is_under_way = True
                    await self._open(state.attempt())
            case "read":
                self.is_under_way = True
                data = await self._read()
        self.is_under_way = False
        return data

    async def _open(self, attempt: Attempt) -> None:
        try:
            opening = AsyncOpening(self._connect(attempt))
            try:
                source = await opening.open()
            finally:
                self.opening = opening  # set only now, so that a concurrent `aclose` leaves closing to this task
        except Exception as error:  # noqa: BLE001  # clients may raise anything
            self._state.not_opened(error)
        else:
            self._state.opened(source)

    async def _read(self) -> bytes:
        connection = self._state.connection
        source = None if self.opening is None else self.opening.source
        if connection is None or source is None:  # closed meanwhile
            return b""
        try:
            data = connection.arrive(await source.read())
            if data or not source.ends_empty:
                return data
        except StopAsyncIteration:
            pass
        except Exception as error:  # noqa: BLE001  # clients may raise anything
            self._state.finish(partial(connection.fail, error))
            return b""
        self._state.finish(connection.end)
        return b""
