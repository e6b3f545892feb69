"""What asyncio and trio do differently, and fairness to other tasks. Neither is imported: what runs is there."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")

# One read is decoded in slices of so many bytes, and other tasks run after so many seconds of work.
_SLICE = 16 * 1024
_TURN = 0.002

# More pieces than what one read of a client's brings: 64 KiB, in chunks of an event each.
_BUFFERED_PIECES = 1024

# A read that takes longer than this has waited for the network, and other tasks have run meanwhile.
_WAITED = 0.0001


class Expired(Exception):  # noqa: N818  # no error: the answer of `within`
    """The time was over before the awaited thing was done."""


def _running_trio() -> Any:
    """The module, if this runs under trio; its guest mode may run on top of asyncio, so it is asked first."""
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return None
    return trio


async def within(seconds: float, start: Callable[[], Awaitable[T]]) -> T:
    """Await something for so long at most.

    Raises:
        Expired: It took longer, and was cancelled.
    """
    trio = _running_trio()
    if trio is not None:
        with trio.move_on_after(seconds):
            return await start()
        raise Expired
    asyncio = sys.modules["asyncio"]
    # A timeout of the awaited thing itself is a TimeoutError too: `expired` tells them apart.
    scope = asyncio.timeout(seconds)
    try:
        async with scope:
            return await start()
    except TimeoutError:
        if scope.expired():
            raise Expired from None
        raise


async def let_others_run() -> None:
    """Give other tasks their turn."""
    trio = _running_trio()
    if trio is not None:
        await trio.lowlevel.checkpoint()
    else:
        await sys.modules["asyncio"].sleep(0)


async def shielded(seconds: float, start: Callable[[], Awaitable[object]]) -> None:
    """Await a piece of cleaning up, also when this task is being cancelled, for so long at most."""
    trio = _running_trio()
    anyio = sys.modules.get("anyio")
    if trio is not None:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + seconds):
            await start()
    elif anyio is not None:
        # What anyio cancels on asyncio, it cancels again at each await, until the scope is left.
        with anyio.move_on_after(seconds, shield=True):
            await start()
    else:
        await within(seconds, start)


async def end_generators(outermost: AsyncGenerator[object, None]) -> None:
    """End the nested generators of a body that is closed: trio warns of each that the garbage collector finds.

    `aclose` ends the outermost and leaves those inside it to the collector. Reading on ends them all, the
    innermost first, for there is nothing left to read from; a few pieces that are in a buffer may come before.
    """
    if _running_trio() is not None:
        with suppress(Exception):  # that it is at its end, or closed
            for _ in range(_BUFFERED_PIECES):
                await anext(outermost)
    await outermost.aclose()


class Slices:
    """Gives out in slices what a read has brought, and lets other tasks run in between.

    A read that has all its bytes at hand does not wait, and so nobody else would run, however many there are.
    """

    __slots__ = ("_data", "_given", "_turned")

    def __init__(self) -> None:
        self._data = b""
        self._given = 0
        self._turned = monotonic()  # when other tasks last had their turn

    async def next(self, read: Callable[[], Awaitable[bytes | None]]) -> bytes | None:
        """The next slice; `None` if `read` gives none."""
        if not self._data:
            began = monotonic()
            data = await read()
            if data is None:
                return None
            now = monotonic()
            if now - began > _WAITED:
                self._turned = now
            if len(data) <= _SLICE and now - self._turned <= _TURN:
                return data  # measured as "one event a read"
            # Kept before others have their turn: nothing is lost if this task is cancelled meanwhile.
            self._data = data
            self._given = 0
        if monotonic() - self._turned > _TURN:
            await let_others_run()
            self._turned = monotonic()
        start, self._given = self._given, self._given + _SLICE
        piece = self._data[start : self._given]
        if self._given >= len(self._data):
            self._data = b""
        return piece
