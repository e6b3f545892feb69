"""Captured responses: the bytes, when they arrived, and the head of the response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from .._sources._entering import AsyncOpening, SyncOpening
from .._sources._protocols import AsyncStreamSource, StreamSource
from .._sources._source import AsyncSource, PieceError, Source, checked

Clock: TypeAlias = Callable[[], float]


class Read(msgspec.Struct, frozen=True):
    """A read of the body.

    Attributes:
        end: The number of bytes received so far, including this read.
        time: Seconds since the request was sent.
    """

    end: int
    time: float


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A complete response.

    Attributes:
        body: The bytes of the body.
        status: The HTTP status; `None` if there are only bytes.
        headers: The headers, with names in lower case.
        http_version: The version, such as `"HTTP/1.1"`; `""` if the client does not tell.
        broken: The client's error if the connection broke; `""` if the body ended.
        reads: The reads that returned bytes, in order; empty without a clock.
        ended: When the body ended, in seconds since the request was sent; `None` without a clock.
        is_reused: Whether a second request used the same connection; `None` if there was none.
        wants_usage: Whether the request asked for usage, as `stream_options.include_usage` does.
    """

    body: bytes
    status: int | None = None
    headers: Mapping[str, str] = {}
    http_version: str = ""
    broken: str = ""
    reads: tuple[Read, ...] = ()
    ended: float | None = None
    is_reused: bool | None = None
    wants_usage: bool = False


class Recorder:
    """Records what arrives.

    Args:
        clock: Returns the time in seconds; `None` to record no times.
        progress: Called after each read with the number of bytes so far.

    Attributes:
        broken: The client's error if the connection broke; `""` otherwise.
    """

    def __init__(self, clock: Clock | None, progress: Callable[[int], object] | None = None) -> None:
        self._clock = clock
        self._progress = progress
        self._body = bytearray()
        self._reads: list[Read] = []
        self.broken = ""
        self._began = clock() if clock is not None else 0.0

    def arrive(self, piece: object) -> None:
        """Record what a read returned.

        Raises:
            TypeError: It is not bytes.
        """
        data = checked(piece)
        self._body += data
        if data and self._clock is not None:
            self._reads.append(Read(len(self._body), self._clock() - self._began))
        if self._progress is not None:
            self._progress(len(self._body))

    def capture(self, source: Source) -> Capture:
        """Return the capture of everything that arrived.

        Args:
            source: The source of the bytes.
        """
        return Capture(
            body=bytes(self._body),
            status=source.status,
            headers=source.headers,
            http_version=source.http_version,
            broken=self.broken,
            reads=tuple(self._reads),
            ended=None if self._clock is None else self._clock() - self._began,
        )


def captured(
    given: StreamSource | bytes, clock: Clock | None = None, progress: Callable[[int], object] | None = None
) -> Capture:
    """Receive a response to its end, and close it.

    Args:
        given: The response, or a context manager of one.
        clock: Returns the time in seconds; `None` to record no times.
        progress: Called after each read with the number of bytes so far.

    Raises:
        TypeError: It is not a sync source; the message says what to pass instead.
    """
    recorder = Recorder(clock, progress)
    opening = SyncOpening(given)
    source = opening.open()
    try:
        for piece in source.pieces:
            recorder.arrive(piece)
    except PieceError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a client raises
        recorder.broken = f"{type(error).__name__}: {error}"
    finally:
        source.close()
        opening.leave()
    return recorder.capture(source)


async def acapture(source: AsyncStreamSource | bytes, *, clock: Clock | None = None) -> Capture:
    """Receive an async client's response to its end, and close it. Pass the result to `check`.

    Args:
        source: Anything that `AsyncChatStream` accepts.
        clock: Returns the time in seconds, such as `time.monotonic`; `None` to record no times.

    Returns:
        The bytes, the status, the headers, and when the bytes arrived.

    Raises:
        TypeError: `source` is not an async source; the message says what to pass instead.
        Exception: Whatever the client raises before there is a response.
    """
    recorder = Recorder(clock)
    opening = AsyncOpening(source)
    opened = await opening.open()
    try:
        # Some sources end with an empty piece; others return one when nothing has arrived yet.
        while (piece := await _next_piece(opened, recorder)) is not None:
            if not piece and opened.ends_empty:
                break
            recorder.arrive(piece)
    finally:
        await opened.close()
        await opening.leave()
    return recorder.capture(opened)


async def _next_piece(source: AsyncSource, recorder: Recorder) -> object:
    """Return the next piece; `None` if the body has ended or the connection broke."""
    try:
        return await source.read()
    except StopAsyncIteration:
        return None
    except Exception as error:  # noqa: BLE001  # whatever a client raises
        recorder.broken = f"{type(error).__name__}: {error}"
        return None
