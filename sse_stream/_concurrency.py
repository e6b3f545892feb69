"""The three things that asyncio and trio do differently. Neither is imported: what runs is there already."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


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
    if trio is None:
        await within(seconds, start)
        return
    with trio.CancelScope(shield=True, deadline=trio.current_time() + seconds):
        await start()
