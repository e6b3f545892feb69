"""Work that goes on while nobody waits for it, under asyncio and trio."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from time import monotonic
from typing import Any, Protocol, TypeAlias

from ._concurrency import CLOSING_SECONDS, running_trio


class Task(Protocol):
    """A piece of work that goes on while nobody waits for it."""

    @property
    def done(self) -> bool: ...

    async def wait(self, seconds: float | None) -> None:
        """Wait until it is done, for so long at most. Being cancelled here does not cancel the work."""

    async def cancel(self) -> None:
        """Cancel the work, and wait until it has ended, also when this is being cancelled itself."""

    def abandon(self) -> None:
        """Cancel the work from wherever this is called."""


Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""What is to be done, as a coroutine function."""


def start(work: Work) -> Task:
    """Begin a piece of work."""
    trio = running_trio()
    return _AsyncioTask(work) if trio is None else _TrioTask(trio, work)


class _AsyncioTask:
    def __init__(self, work: Work) -> None:
        self._asyncio = sys.modules["asyncio"]
        self._loop = self._asyncio.get_running_loop()
        self._task = self._loop.create_task(work())

    @property
    def done(self) -> bool:
        return bool(self._task.done())

    async def wait(self, seconds: float | None) -> None:
        await self._asyncio.wait((self._task,), timeout=seconds)

    async def cancel(self) -> None:
        self._task.cancel()
        give_up = monotonic() + CLOSING_SECONDS
        while not self._task.done() and monotonic() < give_up:
            # Whoever is cancelled a second time while he waits here gets the first one raised by the caller.
            with suppress(self._asyncio.CancelledError):
                await self._asyncio.wait((self._task,), timeout=CLOSING_SECONDS)

    def abandon(self) -> None:
        with suppress(RuntimeError):  # the loop is closed, and the task with it
            self._loop.call_soon_threadsafe(self._task.cancel)


class _TrioTask:
    def __init__(self, trio: Any, work: Work) -> None:
        self._trio = trio
        self._token = trio.lowlevel.current_trio_token()
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        # Whose parent is no nursery of the user's, for such a one would have to be open across a yield.
        trio.lowlevel.spawn_system_task(self._run, work, context=copy_context())

    async def _run(self, work: Work) -> None:
        try:
            with self._scope:
                await work()
        finally:
            self._ended.set()

    @property
    def done(self) -> bool:
        return bool(self._ended.is_set())

    async def wait(self, seconds: float | None) -> None:
        with self._trio.move_on_after(float("inf") if seconds is None else seconds):
            await self._ended.wait()

    async def cancel(self) -> None:
        self._scope.cancel()
        give_up = self._trio.current_time() + CLOSING_SECONDS
        with self._trio.CancelScope(shield=True, deadline=give_up):
            await self._ended.wait()

    def abandon(self) -> None:
        with suppress(self._trio.RunFinishedError):
            self._token.run_sync_soon(self._scope.cancel)
