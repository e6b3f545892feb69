"""What asyncio and trio do differently. Neither is imported: what runs is there."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")

# How long giving a connection back may take, and how long a read that was cancelled may take to end.
CLOSING_SECONDS = 1.0

# More pieces than what one read of a client's brings: 64 KiB, in chunks of an event each.
_BUFFERED_PIECES = 1024


class Expired(Exception):  # noqa: N818  # no error: the answer of `within`
    """The time was over before the awaited thing was done."""


def running_trio() -> Any:
    """The module, if this runs under trio; its guest mode may run on top of asyncio, so it is asked first."""
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return None
    return trio


def asyncio_task() -> Any:
    """The task that runs; `None` where none of asyncio's does."""
    asyncio = sys.modules.get("asyncio")
    try:
        return None if asyncio is None else asyncio.current_task()
    except RuntimeError:
        return None


async def within(seconds: float, start: Callable[[], Awaitable[T]]) -> T:
    """Await something under asyncio, for so long at most.

    Raises:
        Expired: It took longer, and was cancelled.
    """
    # A timeout of the awaited thing itself is a TimeoutError too: `expired` tells them apart.
    scope = sys.modules["asyncio"].timeout(seconds)
    try:
        async with scope:
            return await start()
    except TimeoutError:
        if scope.expired():
            raise Expired from None
        raise


class HeldScope:
    """A cancel scope of trio's within which something is entered: it stays open until that is left.

    What is entered may open scopes of its own, which have to be closed before this one is.

    Attributes:
        scope: The scope.
    """

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self._is_open = False

    @contextmanager
    def entering(self) -> Iterator[None]:
        """Enter something within the scope, which no longer cancels anything after that."""
        self.scope.__enter__()
        self._is_open = True
        try:
            yield
        except BaseException as error:
            if not self._closed_with(error):
                raise
        else:
            self.scope.deadline = float("inf")

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Leave it, and close the scope."""
        try:
            yield
        except BaseException as error:
            if not self._closed_with(error):
                raise
        else:
            self._closed_with(None)

    def _closed_with(self, error: BaseException | None) -> bool:
        """Close the scope, if it is open; whether the error was a cancellation of its own."""
        if not self._is_open:
            return False
        self._is_open = False
        return bool(self.scope.__exit__(None if error is None else type(error), error, None))


async def let_others_run() -> None:
    """Give other tasks their turn."""
    trio = running_trio()
    if trio is not None:
        await trio.lowlevel.checkpoint()
    else:
        await sys.modules["asyncio"].sleep(0)


async def pause(seconds: float) -> None:
    """Wait, while other tasks run."""
    await (running_trio() or sys.modules["asyncio"]).sleep(seconds)


async def shielded(seconds: float, start: Callable[[], Awaitable[object]]) -> None:
    """Await a piece of cleaning up, also when this task is being cancelled, for so long at most."""
    trio = running_trio()
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
    if running_trio() is not None:
        with suppress(Exception):  # that it is at its end, or closed
            for _ in range(_BUFFERED_PIECES):
                await anext(outermost)
    await outermost.aclose()
