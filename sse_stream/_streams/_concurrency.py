"""Differences between asyncio and trio. Neither is imported here: the running one has been."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")

# How long releasing a connection, or the end of a cancelled read, may take.
CLOSING_SECONDS = 1.0

# More pieces than one read of a client returns: 64 KiB, in HTTP chunks of one event each.
_BUFFERED_PIECES = 1024


class Expired(Exception):  # noqa: N818  # signals a result, not an error
    """The time ran out first."""


def running_trio() -> Any:
    """Return the trio module if trio runs. Check it before asyncio, which may host trio's guest mode."""
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return None
    return trio


def asyncio_task() -> Any:
    """Return the current asyncio task, if any."""
    asyncio = sys.modules.get("asyncio")
    try:
        return None if asyncio is None else asyncio.current_task()
    except RuntimeError:
        return None


async def within(seconds: float, start: Callable[[], Awaitable[T]]) -> T:
    """Await a coroutine under asyncio, with a timeout.

    Raises:
        Expired: It took longer, and was cancelled.
    """
    # The coroutine may raise a TimeoutError of its own; `expired` tells the two apart.
    scope = sys.modules["asyncio"].timeout(seconds)
    try:
        async with scope:
            return await start()
    except TimeoutError:
        if scope.expired():
            raise Expired from None
        raise


class HeldScope:
    """A trio cancel scope in which a context manager is entered, and which stays open until that is exited.

    The context manager may open scopes of its own, which must be closed before this one.

    Attributes:
        scope: The cancel scope.
    """

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self._is_open = False

    @contextmanager
    def entering(self) -> Iterator[None]:
        """Open the scope to enter the context manager; afterwards the scope's deadline no longer applies."""
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
        """Close the scope after the context manager has been exited."""
        try:
            yield
        except BaseException as error:
            if not self._closed_with(error):
                raise
        else:
            self._closed_with(None)

    def _closed_with(self, error: BaseException | None) -> bool:
        """Close the scope if it is open; return whether the error was the scope's own cancellation."""
        if not self._is_open:
            return False
        self._is_open = False
        return bool(self.scope.__exit__(None if error is None else type(error), error, None))


async def let_others_run() -> None:
    """Let other tasks run."""
    trio = running_trio()
    if trio is not None:
        await trio.lowlevel.checkpoint()
    else:
        await sys.modules["asyncio"].sleep(0)


async def pause(seconds: float) -> None:
    """Sleep."""
    await (running_trio() or sys.modules["asyncio"]).sleep(seconds)


async def shielded(seconds: float, start: Callable[[], Awaitable[object]]) -> None:
    """Await a cleanup with a timeout, even if this task is being cancelled."""
    trio = running_trio()
    anyio = sys.modules.get("anyio")
    if trio is not None:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + seconds):
            await start()
    elif anyio is not None:
        # On asyncio, anyio repeats a cancellation at each await until its scope is left.
        with anyio.move_on_after(seconds, shield=True):
            await start()
    else:
        await within(seconds, start)


async def end_generators(outermost: AsyncGenerator[object, None]) -> None:
    """Close the nested generators of a closed body, because trio warns about each one that is garbage-collected.

    `aclose` closes only the outermost. Reading on closes them all, innermost first, because there is nothing left to
    read; a few buffered pieces may come first.
    """
    if running_trio() is not None:
        with suppress(Exception):  # at the end, or closed
            for _ in range(_BUFFERED_PIECES):
                await anext(outermost)
    await outermost.aclose()
