"""Opening sources: context managers are entered and awaitables awaited to get the response, and exited afterwards.

A response itself is never entered, although responses of requests and aiohttp, and files, are context managers too.
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
"""The arguments of `__exit__`."""

# An object with one of these attributes can be read directly.
_READABLE = ("read", "read1", "readany", "iter_bytes", "iter_content", "iter_stream", "__iter__", "__aiter__")


def is_pending(given: Any) -> bool:
    """Whether this is a context manager or an awaitable that must be opened to get the response."""
    if isinstance(given, (list, tuple, bytes)):
        return False
    return has(given, "__await__") or (has_any(given, "__enter__", "__aenter__") and not has_any(given, *_READABLE))


class Opening(ABC, Generic[S]):
    """Base class of `SyncOpening` and `AsyncOpening`.

    Args:
        given: A response, or a context manager or an awaitable of one.

    Raises:
        TypeError: It is not a source, or it is async in sync code or sync in async code; the message says what to
            pass instead.
        UsedResponseError: The response has already been read or closed.

    Attributes:
        source: The adapter that reads the response; `None` until the response is available.
        given: The object passed in, then each object that entering or awaiting returned, finally the response.
    """

    def __init__(self, given: object) -> None:
        self.source: S | None = None
        self._entered: list[Any] = []  # managers to exit, the innermost last
        self.given: Any = given
        if is_in_memory(given) or is_response(given):  # the common case needs no further checks
            self.source = self._opened(given)
            return
        self._take(given)
        if not is_pending(self.given):
            self.source = self._opened(self.given)

    @property
    def is_entered(self) -> bool:
        """Whether any context manager has been entered."""
        return bool(self._entered)

    def discard(self) -> None:
        """Close a coroutine that will not be awaited, so that Python does not warn about it."""
        if self.source is None and not self._entered and has(self.given, "send", "throw", "close"):
            self.given.close()

    def _take(self, given: object) -> None:
        """Store the object passed in, or the one that entering returned, if it can be a source."""
        given = unwrapped(given)
        check_is_source(given)
        if is_pending(given):
            self._check_can_open(given)
        self.given = given

    def _step(self, entered: Any, inner: object) -> None:
        """Store what entering a context manager or awaiting an awaitable returned."""
        if inner is entered:
            raise TypeError(
                f"entering this {type(entered).__name__} returns the same object: pass a response, or a context "
                "manager that returns one"
            )
        self._take(inner)

    def _exits(self) -> list[Any]:
        """Return the managers to exit, in order, and forget them."""
        entered, self._entered = self._entered[::-1], []
        return entered

    @abstractmethod
    def _check_can_open(self, pending: Any) -> None:
        """Raise `TypeError` if only async code can open this, or only sync code."""

    @abstractmethod
    def _opened(self, response: Any) -> S: ...


class SyncOpening(Opening[SyncSource]):
    """A response of a blocking client, or a context manager that returns one."""

    def open(self) -> SyncSource:
        """Enter context managers until there is a response. Idempotent.

        Raises:
            Exception: Whatever the client raises; managers entered before are exited first.
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
        """Exit the managers that were entered. Idempotent.

        Args:
            error: The exception raised in the block, which the managers receive but cannot suppress.

        Raises:
            Exception: The first exception raised by an exit, unless the block has raised one.
        """
        failed: list[Exception] = []
        for manager in self._exits():
            try:
                manager.__exit__(*details(error))
            except Exception as failure:  # noqa: BLE001  # clients may raise anything; exit the others too
                failed.append(failure)
        if failed and error is None:
            raise failed[0]

    def _check_can_open(self, pending: Any) -> None:
        if not has(pending, "__enter__"):
            refuse_async(pending)

    def _opened(self, response: Any) -> SyncSource:
        return open_source(response)


class AsyncOpening(Opening[AsyncSource]):
    """A response of an async client, or a context manager or an awaitable that returns one.

    The task that opened it must also leave it, because clients may hold resources bound to a task, such as cancel scopes.
    """

    async def open(self) -> AsyncSource:
        """Enter context managers and await awaitables until there is a response. Idempotent.

        Raises:
            BaseException: Whatever the client raises; managers entered before are exited first.
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
        # aiohttp's requests are awaitable too, but only exiting them releases the connection.
        if has(pending, "__aenter__"):
            inner = await pending.__aenter__()
            self._entered.append(pending)
        else:
            inner = await pending
        self._step(pending, inner)

    async def leave(self, error: BaseException | None = None) -> None:
        """Exit the managers that were entered, as `SyncOpening.leave` does."""
        first: Exception | None = None
        for manager in self._exits():
            try:
                await manager.__aexit__(*details(error))
            except Exception as failure:  # noqa: BLE001  # clients may raise anything; exit the others too
                first = first or failure
        if first is not None and error is None:
            raise first

    def _check_can_open(self, pending: Any) -> None:
        if not has_any(pending, "__aenter__", "__await__"):
            refuse_sync(pending)

    def _opened(self, response: Any) -> AsyncSource:
        return open_async_source(response)


def details(error: BaseException | None) -> Details:
    """Return the arguments of `__exit__` for an exception, or for none."""
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)
