"""The async event source: it awaits where it connects, waits and reads, and any task may close it."""

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
    """Server-sent events over as many connections as it takes: iterate it with `async for`, under asyncio or trio.

    `EventSource` for async code: `async with AsyncEventSource(…) as source`, then `async for event in source`. A task
    that is cancelled while it reads gives its connection up, and the source goes on from `last_event_id` with the next
    read.

    Args:
        connect: Called for each connection with an `Attempt`. It returns a response of any async HTTP client, opened
            for streaming, or an async context manager or an awaitable of one:
            `lambda attempt: client.stream("GET", url, headers=attempt.headers)`, or an `async def`. What it raises is a
            failure of the connection if it is an exception of a client's for that; anything else is raised to whoever
            reads, and ends the source.
        last_event_id: Where to begin: the id of the last event that was handled before, by another source.
        policy: How long to wait between connections, and how often to try.
        idle: Seconds without any bytes, comments included, after which a connection is dead, and another is made;
            `None` to wait for ever. More than the time between two of the server's keep-alives.
        until: Whether an event is the last: called with each before it is given out.
        dedupe: How many of the last events' own ids are remembered, so that an event which the server repeats is
            dropped; 0 for none.
        max_event_size: How many bytes one event may have; `None` for any number.

    Raises:
        TypeError: `connect` cannot be called: it is a response, for instance.
        ValueError: The value of an option is out of range.
    """

    _is_closing = False  # whether a task is in `aclose`, and gives the connection back

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
        # To it, whatever has to be awaited is a read, so that any of it can be ended from outside.
        self._reads = AsyncReads(AsyncSource(response=None, read=self._work.do_next, close=close_nothing))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerSentEvent:
        """The next event, once it is there. Whoever asks for it has handled the one before.

        Raises:
            StopAsyncIteration: There are no more.
            ReconnectError: The policy allows no further connection.
            StatusError: The server refuses with a status that will not pass.
            ContentTypeError: The response is something else than an event stream.
            EventTooLargeError: An event outgrows `max_event_size`.
            SSEStreamError: The source has failed before.
            RuntimeError: Another task is in the middle of reading.
            Exception: Whatever `connect` or `until` raises.
        """
        if self._reads.busy:
            raise RuntimeError("this event source is being read by another task: hand its events on by a queue")
        state = self._state
        try:
            state.ask()
            while (event := state.next_event()) is None and not state.over:
                await self._advance()
        except GeneratorExit:  # nothing can be awaited any more
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
        """Stop, and give the connection back: the iteration ends. Again, it does nothing.

        From another task this ends at once whatever the reading one waits for: a connection, the time for the next, or
        bytes.
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
                f"{self!r} was dropped open, and its connection with it: use `async with`, or call `aclose`",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    # ---------------------------------------------------------------- what is next

    async def _advance(self) -> None:
        """Do what is next."""
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
        """Something was raised: a failure ends the source, while a task that is cancelled gives its connection up."""
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
        """Give the connection back, while no other task may read."""
        with self._reads.reserved():
            await self._release()

    async def _release(self) -> None:
        """Give the connection back, if there is one."""
        opening, self._work.opening = self._work.opening, None
        if opening is not None:
            with suppress(Exception):  # what cannot be closed is closed
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
    """What an event source waits for, one thing after another.

    Attributes:
        opening: The connection that is there, or that has failed and is to be given back.
        is_under_way: Whether a connection is being made or read, which is lost if it is cancelled.
    """

    def __init__(self, state: ResumingState, connect: Callable[[Attempt], Opened]) -> None:
        self._state = state
        self._connect = connect
        self.opening: AsyncOpening | None = None
        self.is_under_way = False

    async def do_next(self) -> bytes:
        """Wait, connect or read; the bytes, if it was a read."""
        state = self._state
        data = b""
        match state.step():
            case "wait":
                await pause(max(0.0, state.wait()))
            case "connect":
                await let_others_run()  # however fast a server ends its connections, and however short the wait is
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
                self.opening = opening  # not before: whoever closes the source meanwhile leaves it to this task
        except Exception as error:  # noqa: BLE001  # whatever a client raises
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
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            self._state.finish(partial(connection.fail, error))
            return b""
        self._state.finish(connection.end)
        return b""
