"""A response that may have to be opened first: a context manager or an awaitable gives it, and is left after it.

What already is a response is never entered, though requests', aiohttp's and files are context managers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Generic, TypeAlias, TypeVar

from ._attributes import has, has_any
from ._open import open_async_source, open_source
from ._refusals import check_is_source, refuse_async, refuse_sync
from ._source import AsyncSource, Source, SyncSource
from ._sync import is_in_memory
from ._unwrapping import is_response, unwrapped

S = TypeVar("S", bound=Source)

Details: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
"""What `__exit__` is called with."""

# What has one of these can be read as it is.
_READABLE = ("read", "read1", "readany", "iter_bytes", "iter_content", "iter_stream", "__iter__", "__aiter__")


def is_pending(given: Any) -> bool:
    """Whether this is no response, but a context manager or an awaitable that gives one."""
    if isinstance(given, (list, tuple, bytes)):
        return False
    return has(given, "__await__") or (has_any(given, "__enter__", "__aenter__") and not has_any(given, *_READABLE))


class Opening(ABC, Generic[S]):
    """What sync and async openings share.

    Args:
        given: A response, or what gives one.

    Raises:
        TypeError: It is neither, or of the other colour; the message says what to pass instead.
        UsedResponseError: It is a response that has been read or closed already.

    Attributes:
        source: How the response is read; `None` while it is not there.
        given: What there is: the response, once it is there.
    """

    def __init__(self, given: object) -> None:
        self.source: S | None = None
        self._entered: list[Any] = []  # what has to be left, the innermost last
        self.given: Any = given
        if is_in_memory(given) or is_response(given):  # as most are: nothing else is to be asked
            self.source = self._opened(given)
            return
        self._take(given)
        if not is_pending(self.given):
            self.source = self._opened(self.given)

    @property
    def is_entered(self) -> bool:
        """Whether there is something to leave."""
        return bool(self._entered)

    def discard(self) -> None:
        """Nobody will open this: Python would warn of a coroutine that was never awaited."""
        if self.source is None and not self._entered and has(self.given, "send", "throw", "close"):
            self.given.close()

    def _take(self, given: object) -> None:
        """Look at what was given, or at what entering has given."""
        given = unwrapped(given)
        check_is_source(given)
        if is_pending(given):
            self._check_colour(given)
        self.given = given

    def _step(self, entered: Any, inner: object) -> None:
        """Entering this has given that."""
        if inner is entered:
            raise TypeError(
                f"entering this {type(entered).__name__} gives nothing but itself: pass a response, or a context "
                "manager that gives one"
            )
        self._take(inner)

    def _exits(self) -> list[Any]:
        """What is to be left, in this order, and never again."""
        entered, self._entered = self._entered[::-1], []
        return entered

    @abstractmethod
    def _check_colour(self, pending: Any) -> None:
        """Refuse what only code of the other colour can enter."""

    @abstractmethod
    def _opened(self, response: Any) -> S: ...


class SyncOpening(Opening[SyncSource]):
    """A response of a blocking client, or a context manager of one."""

    def open(self) -> SyncSource:
        """Enter what has to be entered. Again, it does nothing.

        Raises:
            Exception: Whatever the client raises; what had been entered is left.
        """
        if self.source is None:
            try:
                while is_pending(manager := self.given):
                    inner = manager.__enter__()
                    self._entered.append(manager)
                    self._step(manager, inner)
                self.source = self._opened(self.given)
            except BaseException as error:
                self.leave(error)
                raise
        return self.source

    def leave(self, error: BaseException | None = None) -> None:
        """Leave what was entered. Again, it does nothing.

        Args:
            error: What the block has raised: what is left here is told of it, and cannot suppress it.

        Raises:
            Exception: What leaving raises, unless the block has raised before.
        """
        failed: list[Exception] = []
        for manager in self._exits():
            try:
                manager.__exit__(*details(error))
            except Exception as failure:  # noqa: BLE001  # what a client raises; all are left
                failed.append(failure)
        if failed and error is None:
            raise failed[0]

    def _check_colour(self, pending: Any) -> None:
        if not has(pending, "__enter__"):
            refuse_async(pending)

    def _opened(self, response: Any) -> SyncSource:
        return open_source(response)


class AsyncOpening(Opening[AsyncSource]):
    """A response of an async client, or a context manager or an awaitable of one.

    It is left by the task that has opened it, for the client may hold what belongs to a task.
    """

    async def open(self) -> AsyncSource:
        """Enter or await what has to be. Again, it does nothing.

        Raises:
            BaseException: Whatever the client raises; what had been entered is left.
        """
        if self.source is None:
            try:
                while is_pending(self.given):
                    await self._enter(self.given)
                self.source = self._opened(self.given)
            except BaseException as error:
                await self.leave(error)
                raise
        return self.source

    async def _enter(self, pending: Any) -> None:
        # aiohttp's requests are both, and leaving them gives their connection back.
        if has(pending, "__aenter__"):
            inner = await pending.__aenter__()
            self._entered.append(pending)
        else:
            inner = await pending
        self._step(pending, inner)

    async def leave(self, error: BaseException | None = None) -> None:
        """Leave what was entered, as with `SyncOpening`."""
        first: Exception | None = None
        for manager in self._exits():
            try:
                await manager.__aexit__(*details(error))
            except Exception as failure:  # noqa: BLE001  # what a client raises; all are left
                first = first or failure
        if first is not None and error is None:
            raise first

    def _check_colour(self, pending: Any) -> None:
        if not has_any(pending, "__aenter__", "__await__"):
            refuse_sync(pending)

    def _opened(self, response: Any) -> AsyncSource:
        return open_async_source(response)


def details(error: BaseException | None) -> Details:
    """What `__exit__` is called with."""
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)
