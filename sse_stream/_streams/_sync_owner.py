"""Opening and closing the response of a sync stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from time import monotonic, sleep
from typing import Self

from .._sources._entering import SyncOpening
from .._sources._protocols import StreamSource
from .._sources._source import SyncSource
from ._callbacks import warn_of_dropping
from ._concurrency import CLOSING_SECONDS
from ._stream import Stream

# How long `close` waits for a thread that may be decoding, if its read cannot be interrupted.
_DECODING_SECONDS = 0.01


class SyncOwner(Stream[StreamSource, SyncSource]):
    """The part of `ChatStream` that opens and closes its response."""

    _opening: SyncOpening
    _is_in_with = False

    def _open(self, source: StreamSource) -> SyncOpening:
        opening = SyncOpening(source)
        self._pieces: Iterator[object] = iter(()) if opening.source is None else opening.source.pieces
        self._is_reading = False
        return opening

    def close(self) -> None:
        """Stop the stream and release its connection. Idempotent.

        Called from another thread, this interrupts a blocked read if the client exposes its socket: httpx, httpx2,
        requests, urllib3, niquests and `http.client`, over HTTP/1.1. Any other read continues until data arrives.
        Reading a closed stream raises an `SSEStreamError`, unless the stream was complete.
        """
        self._state.stop()
        if self._is_reading:
            self._end_read()
        self._close()

    def _end_read(self) -> None:
        """Interrupt the current read, and wait until the reading thread has left it and the decoder."""
        source = self._opening.source
        interrupt = None if source is None else source.interrupt
        if interrupt is not None:
            with suppress(Exception):  # the connection may be closed already
                interrupt()
        if self._is_read_here():
            return
        # Poll, because signalling the end of every read would slow down the reading thread.
        give_up = monotonic() + (_DECODING_SECONDS if interrupt is None else CLOSING_SECONDS)
        while self._is_reading and monotonic() < give_up:
            sleep(0.001)

    def _is_read_here(self) -> bool:
        """Whether this thread itself is reading, and closes the stream from its source or a signal handler."""
        # Imported lazily: few streams are closed during a read.
        from traceback import walk_stack

        here = (frame for frame, _ in walk_stack(None) if frame.f_code.co_name in ("_next", "__enter__"))
        return any(frame.f_locals.get("self") is self for frame in here)

    def _close(self, error: BaseException | None = None) -> None:
        self._state.close()
        if not self._released:
            self._release()
        if self._released and not self._is_in_with:
            with suppress(Exception):  # failing to exit is not an error
                self._opening.leave(error)
        self._tell_end()

    def _release(self) -> None:
        self._released = True
        try:
            if self._opening.source is None:
                self._opening.discard()
            else:
                self._opening.source.close()
        except ValueError:  # a running generator: the last thread to leave it closes it
            self._released = False
        except Exception:  # noqa: BLE001, S110  # failing to close is not an error
            pass

    def __enter__(self) -> Self:
        if self._opening.source is None and not self._state.over:
            if self._is_reading:
                raise read_by_another()
            self._is_reading = True
            try:
                self._enter_source()
                self._state.check_over()
            except BaseException as error:
                self._close(error)
                raise
            finally:
                self._is_reading = False
        self._is_in_with = True
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.close()
        self._is_in_with = False
        try:
            self._opening.leave(error)
        except Exception as failure:  # noqa: BLE001  # clients may raise anything
            self._state.closing_failed(failure)
        finally:
            self._tell_end()

    def __del__(self) -> None:
        if not self._released:
            if self._on_end or self._opening.is_entered:
                warn_of_dropping(self, "close")
            self.close()
        elif self._on_end:
            self._close()

    # ---------------------------------------------------------------- opening

    def _enter_source(self) -> None:
        """Enter the context manager that returns the response."""
        state = self._state
        state.begin_request()
        state.begin_read()
        try:
            source = self._opening.open()
        except Exception as error:  # noqa: BLE001  # clients may raise anything
            state.opening_failed(error)
        self._pieces = source.pieces
        state.opened(source)
        state.check_time()


def read_by_another() -> RuntimeError:
    """Return the error for reading a stream while another thread reads it."""
    return RuntimeError(
        "this stream is being read by another thread, or by its own source: read it in one thread, and "
        "pass the events on through a queue"
    )
