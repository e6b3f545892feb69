"""Reads of an async source: one at a time, decoded in slices, and interruptible by other tasks."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Generator, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import coroutine
from typing import Any, NoReturn

from .._sources._source import AsyncSource, checked
from ._concurrency import (
    CLOSING_SECONDS,
    Expired,
    HeldScope,
    asyncio_task,
    let_others_run,
    running_trio,
    shielded,
)

SLICE = 16 * 1024
"""Maximum number of bytes decoded at a time."""

TURN = 0.002
"""Seconds of work after which other tasks get to run; decoding a slice takes much less."""

# A read under trio that takes longer than this has waited for the network, so other tasks have run.
_WAITED = 0.0001


class AsyncReads:
    """Reads a source.

    Under asyncio, a read is started by driving its coroutine by hand. Most reads return bytes that are already
    buffered, and need nothing else. Only if a read has to wait are the waiting task and the deadline recorded, so that
    it can be cancelled. Trio does not allow this: its cancel scope must be open before the read starts.

    Attributes:
        held: Under trio, the scope in which a response was opened, if that is what was read.
        pump: Starts the next read by hand: yields its bytes, or the object to yield to the event loop, which is passed
            to `wait`.
        turn_ends: When to let other tasks run.
        kept: Bytes to be decoded in slices.
        busy: Whether a task is reading, so that no other task may.
        idle: Whether the next read may start: no task is reading, and no bytes are kept.
    """

    __slots__ = (
        "_cancellations",
        "_cancelled_before",
        "_ended",
        "_given",
        "_is_ready",
        "_opens",
        "_scope",
        "_source",
        "_trio",
        "_waiting",
        "busy",
        "held",
        "idle",
        "kept",
        "pump",
        "turn_ends",
    )

    pump: Any  # a generator marked by `types.coroutine`, which type checkers misinterpret

    def __init__(self, source: AsyncSource, *, opens: bool = False) -> None:
        self._source = source
        self._opens = opens
        self.held: HeldScope | None = None
        self._is_ready = False
        self._waiting: Any = None  # the task that waits
        self._cancellations = 0  # under asyncio, how often we have cancelled that task
        self._ended: Any = None  # event created by `interrupt`, set when the wait has ended
        self._given = 0
        self.busy = False
        self.idle = True
        self.kept = b""

    def begin(self) -> object:
        """Start a read by hand, for the first time or after a failed one.

        Returns:
            Its bytes, or the object to yield to the event loop, which is passed to `wait`.

        Raises:
            StopAsyncIteration: The source is at its end.
        """
        if not self._is_ready:
            self._trio = running_trio()
            self.turn_ends = monotonic() + TURN
            self.pump = _pumped(self._source) if self._trio is None else _nothing_by_hand()
            self._is_ready = True
        try:
            return next(self.pump)
        except BaseException:
            self._is_ready = False  # the next read needs a new generator
            raise

    def wait(self, wanted: object, seconds: float | None = None) -> Awaitable[bytes]:
        """Wait for the bytes of a read that was started by hand; none if another task interrupts it.

        Args:
            wanted: The object to yield to the event loop.
            seconds: How long it may take; `None` for no limit.

        Raises:
            StopAsyncIteration: The source is at its end.
            Expired: It took longer.
        """
        return self._wait_in_asyncio(wanted, seconds) if self._trio is None else self._wait_in_trio(seconds)

    @coroutine
    def _wait_in_asyncio(self, wanted: object, seconds: float | None) -> Generator[object, object, bytes]:
        """Pass objects between the read and the event loop until the read returns its bytes."""
        pump = self.pump
        self._waiting = task = asyncio_task()
        timer: Any = None
        if task is not None:
            self._cancelled_before = task.cancelling()
            if seconds is not None:
                timer = task.get_loop().call_later(seconds, self._expire)
        self.busy = True
        self.idle = False
        try:
            while type(wanted) is not bytes:
                try:
                    answer = yield wanted
                except BaseException as error:  # noqa: BLE001  # the read gets exceptions too, such as cancellations
                    wanted = pump.throw(error)
                else:
                    wanted = pump.send(answer)
        except BaseException as error:
            self._is_ready = False  # the next read needs a new generator
            if not self._is_ours(error):
                raise
            if self._ended is None:
                raise Expired from None
            return b""
        else:
            return wanted
        finally:
            if timer is not None:
                timer.cancel()
            self._leave()
            self.turn_ends = monotonic() + TURN

    def _expire(self) -> None:
        """Cancel the wait, which has taken too long."""
        self._cancellations += 1
        self._waiting.cancel()

    def _is_ours(self, error: BaseException) -> bool:
        """Whether only we have cancelled the waiting task, and nobody else."""
        if not self._cancellations or not isinstance(error, sys.modules["asyncio"].CancelledError):
            return False
        return bool(self._waiting.cancelling() - self._cancellations <= self._cancelled_before)

    def _leave(self) -> None:
        """Clean up after a wait."""
        while self._cancellations:
            self._cancellations -= 1
            self._waiting.uncancel()
        if self._ended is not None:
            self._ended.set()
        self._waiting = None
        self.busy = False
        self.idle = True

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Block reads by other tasks."""
        self.busy = True
        try:
            yield
        finally:
            self.busy = False

    async def _wait_in_trio(self, seconds: float | None) -> bytes:
        began = monotonic()
        self._waiting = self._trio.lowlevel.current_task()
        self._scope = scope = self._trio.CancelScope()
        if seconds is not None:
            scope.deadline = self._trio.current_time() + seconds
        self.busy = True
        self.idle = False
        data = b""
        if self._opens:
            self.held = HeldScope(scope)
        try:
            with scope if self.held is None else self.held.entering():
                data = checked(await self._source.read())
                if not data and self._source.ends_empty:
                    raise StopAsyncIteration
        finally:
            self._leave()
            now = monotonic()
            if now - began > _WAITED:
                self.turn_ends = now + TURN
        if scope.cancelled_caught and self._ended is None:
            raise Expired
        return data

    async def interrupt(self) -> None:
        """Interrupt the read that another task waits in, if any, and wait until that task has left it."""
        waiting = self._waiting
        if waiting is None:
            return
        if self._trio is not None:
            if waiting is self._trio.lowlevel.current_task():
                return
            self._ended = self._trio.Event()
            self._scope.cancel()
        else:
            # Outside a task, in another event loop, or in the waiting task itself, there is no task to interrupt.
            task = asyncio_task()
            if task is None or task is waiting or task.get_loop() is not waiting.get_loop():
                return
            self._ended = sys.modules["asyncio"].Event()
            self._cancellations += 1
            waiting.cancel()
        with suppress(Expired):
            await shielded(CLOSING_SECONDS, self._ended.wait)

    # ---------------------------------------------------------------- slices

    def fits(self, data: bytes) -> bool:
        """Whether to decode data at once: it fits a slice, and other tasks need not run yet."""
        return len(data) <= SLICE and monotonic() <= self.turn_ends

    def keep(self, data: bytes) -> None:
        """Keep data to be decoded in slices."""
        self.kept = data
        self.idle = False
        self._given = 0

    async def next_slice(self) -> bytes:
        """Return the next slice of kept data; let other tasks run first if it is time."""
        if monotonic() > self.turn_ends:
            self.busy = True
            try:
                await let_others_run()
            finally:
                self.busy = False
            self.turn_ends = monotonic() + TURN
        start, self._given = self._given, self._given + SLICE
        piece = self.kept[start : self._given]
        if self._given >= len(self.kept):
            self.kept = b""
            self.idle = True
        return piece

    async def next(self) -> bytes:
        """Return the next bytes, a slice at most.

        Raises:
            StopAsyncIteration: The source is at its end.
        """
        if self.idle:
            data = self.begin()
            if type(data) is not bytes:
                data = await self.wait(data)
            if self.fits(data):
                return data
            self.keep(data)  # before other tasks run, so that a cancellation loses no data
        return await self.next_slice()


@coroutine
def _pumped(source: AsyncSource) -> Generator[Any, Any, NoReturn]:
    """Read a source repeatedly; yield bytes, and in between the objects to yield to the event loop.

    Those are futures and the like, never bytes, so the two cannot be confused. One generator for all reads saves the
    creation of a coroutine for each.
    """
    read = source.read
    ends_empty = source.ends_empty
    while True:
        piece: object = yield from read()  # type: ignore[func-returns-value]  # mypy misses the coroutine's result
        if type(piece) is not bytes:
            piece = checked(piece)
        if ends_empty and not piece:
            raise StopAsyncIteration
        yield piece


def _nothing_by_hand() -> Generator[None, None, NoReturn]:
    """The pump under trio, where reads are not started by hand."""
    while True:
        yield
