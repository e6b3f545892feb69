"""A response that may have to be opened first: a context manager or an awaitable gives it.

What already is a response is never entered, though those of requests and aiohttp, and files, are context managers too.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from ._open import open_async_source, open_source
from ._source import AsyncSource, Source, SyncSource

S = TypeVar("S", bound=Source)

# What has one of these can be read as it is.
_READABLE = ("read", "read1", "readany", "iter_bytes", "iter_content", "__iter__", "__aiter__")


class Opening(Generic[S]):
    """What sync and async openings share.

    Args:
        given: A response, or what gives one.

    Attributes:
        source: How the response is read; `None` while it is not there.
    """

    def __init__(self, given: object) -> None:
        self.source: S | None = None
        self._given = given
        self._entered: list[Any] = []  # what has to be left, the outermost first


class SyncOpening(Opening[SyncSource]):
    """A response of a blocking client, or a context manager of one."""

    def open(self) -> SyncSource:
        """Enter what has to be entered. What was entered is to be left, also if this raises.

        Raises:
            TypeError: There is no response that can be read; the message says what to pass instead.
            ValueError: The response has been read or closed already.
            Exception: Whatever the client raises.
        """
        given: Any = self._given
        while _is_manager(given, "__enter__"):
            manager = given
            given = manager.__enter__()
            self._entered.append(manager)
        self.source = open_source(given)
        return self.source

    def leave(self) -> None:
        """Leave what was entered. Again, it does nothing.

        Raises:
            Exception: What leaving raises.
        """
        while self._entered:
            self._entered.pop().__exit__(None, None, None)


class AsyncOpening(Opening[AsyncSource]):
    """A response of an async client, or an async context manager or an awaitable that gives one."""

    async def open(self) -> AsyncSource:
        """Await and enter what has to be: `SyncOpening.open`."""
        given: Any = self._given
        while True:
            # aiohttp's is both: it gives its response back only if it is entered.
            if _is_manager(given, "__aenter__"):
                manager, given = given, await given.__aenter__()
                self._entered.append(manager)
            elif hasattr(given, "__await__"):
                given = await given
            else:
                break
        self.source = open_async_source(given)
        return self.source

    async def leave(self) -> None:
        """Leave what was entered: `SyncOpening.leave`."""
        while self._entered:
            await self._entered.pop().__aexit__(None, None, None)


def _is_manager(given: Any, method: str) -> bool:
    """Whether this is no response, but a context manager that gives one."""
    return hasattr(given, method) and (
        hasattr(given, "__await__") or not any(hasattr(given, name) for name in _READABLE)
    )
