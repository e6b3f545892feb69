"""Reads of an async source: one at a time, in slices where one brings much, and ended from outside if need be."""

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
"""One read is decoded in slices of so many bytes."""

TURN = 0.002
"""Other tasks run after so many seconds of work, which a slice is much less than."""

# A read under trio that takes longer than this has waited for the network, and other tasks have run meanwhile.
_WAITED = 0.0001


class AsyncReads:
    """Reads a source.

    Under asyncio a read is begun by hand. Most bring bytes that are there already, and nothing else happens. Only of
    one that has to wait is it noted which task waits, so that it can be cancelled, and when it has to end. Trio has
    no such halfway house: its cancel scope has to be there before a read is begun.

    Attributes:
        held: Under trio, the scope within which a response was opened, where that is what is read.
        pump: Begins the next read by hand: gives its bytes, or what the event loop is to be asked for, which is then
            passed to `wait`.
        turn_ends: When it is time for other tasks to have their turn.
        kept: Bytes that are to be given out in slices.
        busy: Whether a task is in the middle of a read, so that no other may begin one.
        idle: Whether the next read may begin: no task is in the middle of one, and nothing is kept.
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

    pump: Any  # a generator that `coroutine` has marked, of which type checkers make something else

    def __init__(self, source: AsyncSource, *, opens: bool = False) -> None:
        self._source = source
        self._opens = opens
        self.held: HeldScope | None = None
        self._is_ready = False
        self._waiting: Any = None  # the task that waits
        self._cancellations = 0  # under asyncio, those of that task that are our own
        self._ended: Any = None  # set by `interrupt`: the event that says that the wait has ended
        self._given = 0
        self.busy = False
        self.idle = True
        self.kept = b""

    def begin(self) -> object:
        """Begin a read by hand, the first time, or where the one before may have failed.

        Returns:
            Its bytes, or what the event loop is to be asked for, which is then passed to `wait`.

        Raises:
            StopAsyncIteration: There are no more.
        """
        if not self._is_ready:
            self._trio = running_trio()
            self.turn_ends = monotonic() + TURN
            self.pump = _pumped(self._source) if self._trio is None else _nothing_by_hand()
            self._is_ready = True
        try:
            return next(self.pump)
        except BaseException:
            self._is_ready = False  # whoever reads on begins anew
            raise

    def wait(self, wanted: object, seconds: float | None = None) -> Awaitable[bytes]:
        """The bytes of a read that was begun by hand and has to wait; none if another task ends it.

        Args:
            wanted: What the event loop is to be asked for.
            seconds: How long it may take; `None` for as long as it likes.

        Raises:
            StopAsyncIteration: There are no more.
            Expired: They took longer.
        """
        return self._wait_in_asyncio(wanted, seconds) if self._trio is None else self._wait_in_trio(seconds)

    @coroutine
    def _wait_in_asyncio(self, wanted: object, seconds: float | None) -> Generator[object, object, bytes]:
        """Ask the event loop for what the read wants, and the read for what it wants next, until its bytes are there."""
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
                except BaseException as error:  # noqa: BLE001  # an answer too, as when the task is cancelled
                    wanted = pump.throw(error)
                else:
                    wanted = pump.send(answer)
        except BaseException as error:
            self._is_ready = False  # whoever reads on begins anew
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
        """The wait has taken too long."""
        self._cancellations += 1
        self._waiting.cancel()

    def _is_ours(self, error: BaseException) -> bool:
        """Whether a wait has ended by a cancellation of our own, and nobody else wants the task to stop."""
        if not self._cancellations or not isinstance(error, sys.modules["asyncio"].CancelledError):
            return False
        return bool(self._waiting.cancelling() - self._cancellations <= self._cancelled_before)

    def _leave(self) -> None:
        """The wait has ended."""
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
        """While this lasts, no other task may read."""
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
        """End the read in which another task waits, if one does, and wait until that task is out of it."""
        waiting = self._waiting
        if waiting is None:
            return
        if self._trio is not None:
            if waiting is self._trio.lowlevel.current_task():
                return
            self._ended = self._trio.Event()
            self._scope.cancel()
        else:
            # Called from no task of this event loop, or from the one that waits, it has nobody to wait for.
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
        """Whether to decode what has come at once: it is not much, and it is not yet time for others."""
        return len(data) <= SLICE and monotonic() <= self.turn_ends

    def keep(self, data: bytes) -> None:
        """Give these bytes out in slices."""
        self.kept = data
        self.idle = False
        self._given = 0

    async def next_slice(self) -> bytes:
        """The next slice of what was kept, once other tasks have had their turn if it is time for that."""
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
        """The next bytes, in slices where a read brings many.

        Raises:
            StopAsyncIteration: There are no more.
        """
        if self.idle:
            data = self.begin()
            if type(data) is not bytes:
                data = await self.wait(data)
            if self.fits(data):
                return data
            self.keep(data)  # before others have their turn: nothing is lost if this task is cancelled meanwhile
        return await self.next_slice()


@coroutine
def _pumped(source: AsyncSource) -> Generator[Any, Any, NoReturn]:
    """Read a source for ever: bytes as they come, and in between all that the event loop is to be asked for.

    An event loop is asked by futures and the like, never by bytes, which tells the two apart. Being one generator for
    all reads, this saves each of them the making of a coroutine.
    """
    read = source.read
    ends_empty = source.ends_empty
    while True:
        piece: object = yield from read()  # type: ignore[func-returns-value]  # mypy sees no value of a coroutine here
        if type(piece) is not bytes:
            piece = checked(piece)
        if ends_empty and not piece:
            raise StopAsyncIteration
        yield piece


def _nothing_by_hand() -> Generator[None, None, NoReturn]:
    """Under trio no read is begun by hand."""
    while True:
        yield
