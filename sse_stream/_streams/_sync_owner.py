"""How a sync stream owns its response: it opens it where that has yet to be done, closes and leaves it."""

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

# How long a thread is waited for that may be decoding, where nothing can end its read.
_DECODING_SECONDS = 0.01


class SyncOwner(Stream[StreamSource, SyncSource]):
    """What of a `ChatStream` opens and closes."""

    _opening: SyncOpening
    _is_in_with = False

    def _open(self, source: StreamSource) -> SyncOpening:
        opening = SyncOpening(source)
        self._pieces: Iterator[object] = iter(()) if opening.source is None else opening.source.pieces
        self._is_reading = False
        return opening

    def close(self) -> None:
        """Stop, and give the connection back. Again, it does nothing.

        From another thread this ends a read that is blocked, where the client has a socket to shut down: httpx,
        httpx2, requests, urllib3, niquests and `http.client`, over HTTP/1.1. Any other read goes on until something
        comes. Whoever reads a closed stream gets an `SSEStreamError`, unless the stream was complete.
        """
        self._state.stop()
        if self._is_reading:
            self._end_read()
        self._close()

    def _end_read(self) -> None:
        """End the read that is under way, and wait until the thread which reads is out of it, and of the decoder."""
        source = self._opening.source
        interrupt = None if source is None else source.interrupt
        if interrupt is not None:
            with suppress(Exception):  # there may be no connection any more
                interrupt()
        if self._is_read_here():
            return
        # Asked again and again, for the thread that reads should not have to tell of each event that it is out.
        give_up = monotonic() + (_DECODING_SECONDS if interrupt is None else CLOSING_SECONDS)
        while self._is_reading and monotonic() < give_up:
            sleep(0.001)

    def _is_read_here(self) -> bool:
        """Whether it is this thread that reads, and closes in the middle of it, as a source or a signal can make it."""
        # Imported here: asked where a stream is closed in the middle of a read, which few are.
        from traceback import walk_stack

        here = (frame for frame, _ in walk_stack(None) if frame.f_code.co_name in ("_next", "__enter__"))
        return any(frame.f_locals.get("self") is self for frame in here)

    def _close(self, error: BaseException | None = None) -> None:
        self._state.close()
        if not self._released:
            self._release()
        if self._released and not self._is_in_with:
            with suppress(Exception):  # what cannot be left is left
                self._opening.leave(error)
        self._tell_end()

    def _release(self) -> None:
        self._released = True
        try:
            if self._opening.source is None:
                self._opening.discard()
            else:
                self._opening.source.close()
        except ValueError:  # a generator that is running: whoever is out of it last closes it
            self._released = False
        except Exception:  # noqa: BLE001, S110  # what cannot be closed is closed
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
        except Exception as failure:  # noqa: BLE001  # whatever a client raises
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
        """Enter what gives the response."""
        state = self._state
        state.begin_request()
        state.begin_read()
        try:
            source = self._opening.open()
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            state.opening_failed(error)
        self._pieces = source.pieces
        state.opened(source)
        state.check_time()


def read_by_another() -> RuntimeError:
    """The error for who reads a stream while another thread is in the middle of it."""
    return RuntimeError(
        "this stream is being read by another thread, or by its own source: let one thread read it, and "
        "hand the events on by a queue"
    )
