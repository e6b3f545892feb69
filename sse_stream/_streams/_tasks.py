"""Background tasks under asyncio and trio."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from time import monotonic
from typing import Any, Protocol, TypeAlias

from ._concurrency import CLOSING_SECONDS, running_trio


class Task(Protocol):
    """A background task."""

    @property
    def done(self) -> bool: ...

    async def wait(self, seconds: float | None) -> None:
        """Wait until the task is done, with a timeout. Cancelling the wait does not cancel the task."""

    async def cancel(self) -> None:
        """Cancel the task and wait until it has ended, even if the caller is cancelled meanwhile."""

    def abandon(self) -> None:
        """Cancel the task without waiting; callable from any thread."""


Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""The work of a task, as a coroutine function."""


def start(work: Work) -> Task:
    """Start a background task."""
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
            # A second cancellation is swallowed here; the caller re-raises the first.
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
        # A system task, because a nursery would have to stay open across a yield.
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
