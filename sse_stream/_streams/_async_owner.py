"""Opening and closing the response of an async stream."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from functools import partial
from typing import Self

from .._sources._entering import AsyncOpening
from .._sources._protocols import AsyncStreamSource
from .._sources._source import AsyncSource, close_nothing
from ._callbacks import warn_of_dropping
from ._concurrency import CLOSING_SECONDS, Expired, HeldScope, end_generators, shielded
from ._reads import AsyncReads
from ._stream import Stream


class AsyncOwner(Stream[AsyncStreamSource, AsyncSource]):
    """The part of `AsyncChatStream` that opens and closes its response."""

    _opening: AsyncOpening
    _held: HeldScope | None = None  # the trio scope in which the response was opened
    _is_closing = False  # whether a task is in `aclose`, releasing the connection

    def _open(self, source: AsyncStreamSource) -> AsyncOpening:
        opening = AsyncOpening(source)
        # Opening is treated as a read, so that another task or a timeout can interrupt it in the same way.
        if opening.source is None:
            pending = AsyncSource(response=None, read=partial(_opened, opening), close=close_nothing)
            self._reads = AsyncReads(pending, opens=True)
        else:
            self._reads = AsyncReads(opening.source)
        return opening

    async def aclose(self) -> None:
        """Stop the stream and release its connection. Idempotent.

        Called from another task, this immediately interrupts a read in progress. Reading a closed stream raises an
        `SSEStreamError`, unless the stream was complete.
        """
        self._state.close()
        if not self._released and not self._is_closing:
            self._is_closing = True
            try:
                await self._reads.interrupt()
            finally:
                await self._release()
        self._tell_end()

    async def _release(self) -> None:
        self._released = True
        with suppress(Exception):  # failing to close is not an error
            await shielded(CLOSING_SECONDS, self._close_source)

    async def _close_source(self) -> None:
        source = self._opening.source
        if source is None:
            self._opening.discard()
            return
        await source.close()
        if source.generator is not None:
            await end_generators(source.generator)

    async def __aenter__(self) -> Self:
        if self._is_unopened:
            if self._reads.busy:
                raise read_by_another()
            try:
                await self._enter_source()
            except BaseException as error:
                await self.aclose()
                await self._leave(error)
                raise
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            await self.aclose()
        finally:
            await self._leave(error)

    async def _leave(self, error: BaseException | None) -> None:
        """Exit the context manager that returned the response, as its own `async with` would."""
        try:
            with nullcontext() if self._held is None else self._held.leaving():
                await self._opening.leave(error)
        except Exception as failure:  # noqa: BLE001  # clients may raise anything
            self._state.closing_failed(failure)
        finally:
            self._tell_end()

    async def _enter_source(self) -> None:
        """Enter the context manager, or await the awaitable, that returns the response."""
        state = self._state
        reads = self._reads
        state.begin_request()
        seconds = state.begin_read()
        try:
            wanted = reads.begin()
            if type(wanted) is not bytes:
                try:
                    await reads.wait(wanted, seconds)
                finally:
                    self._held = reads.held
        except Expired:
            state.check_over()
            state.timed_out()
        except Exception as error:  # noqa: BLE001  # clients may raise anything
            state.opening_failed(error)
        if self._opening.source is not None:
            state.opened(self._opening.source)
            self._reads = AsyncReads(self._opening.source)
        state.check_over()  # another task may have closed the stream meanwhile

    def __del__(self) -> None:
        if not self._released:
            warn_of_dropping(self, "aclose")
            self._opening.discard()
        if self._on_end:
            self._state.close()
            self._call_on_end()

    @property
    def _is_unopened(self) -> bool:
        """Whether the source has not been opened, and still can be."""
        return self._opening.source is None and not self._state.over


async def _opened(opening: AsyncOpening) -> bytes:
    """Open a response in the form of a read that returns no bytes."""
    await opening.open()
    return b""


def read_by_another() -> RuntimeError:
    """Return the error for reading a stream while another task reads it."""
    return RuntimeError(
        "this stream is being read by another task: read it in one task, and pass the events on through a queue"
    )
