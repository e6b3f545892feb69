"""What was received: the bytes, when they came, and what the response says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from .._sources._entering import AsyncOpening, SyncOpening
from .._sources._protocols import AsyncStreamSource, StreamSource
from .._sources._source import AsyncSource, PieceError, Source, checked

Clock: TypeAlias = Callable[[], float]


class Read(msgspec.Struct, frozen=True):
    """One read.

    Attributes:
        end: How many bytes of the body had come with it.
        time: Seconds since the request was sent.
    """

    end: int
    time: float


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A response, received whole.

    Attributes:
        body: Its bytes.
        status: Its HTTP status; `None` where there are only bytes.
        headers: Its headers, names in lower case.
        http_version: `"HTTP/1.1"` and so on; `""` where the client does not tell.
        broken: What the client said when the connection broke; `""` if the body ended.
        reads: The reads that brought bytes, in order; none where time was not kept.
        ended: When the body ended, in seconds since the request was sent; `None` where time was not kept.
        is_reused: Whether a second request went over the same connection; `None` where none was tried.
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
    """Keeps what arrives.

    Args:
        clock: Tells the time in seconds; `None` to keep no time.
        progress: Called after each read with the number of bytes so far.

    Attributes:
        broken: What the client said when the connection broke; `""` if it did not.
    """

    def __init__(self, clock: Clock | None, progress: Callable[[int], object] | None = None) -> None:
        self._clock = clock
        self._progress = progress
        self._body = bytearray()
        self._reads: list[Read] = []
        self.broken = ""
        self._began = clock() if clock is not None else 0.0

    def arrive(self, piece: object) -> None:
        """A read has brought this.

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
        """All that came.

        Args:
            source: Where it came from.
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
        given: The response, or what gives one.
        clock: Tells the time in seconds; `None` to keep no time.
        progress: Called after each read with the number of bytes so far.

    Raises:
        TypeError: It is no sync source; the message says what to pass instead.
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
    """Receive a response of an async client to its end, and close it; `check` takes what this gives.

    Args:
        source: Anything that `AsyncChatStream` takes.
        clock: Tells the time in seconds, such as `time.monotonic`; `None` to keep no time.

    Returns:
        The bytes, the status, the headers, and when the bytes came.

    Raises:
        TypeError: `source` is none; the message says what to pass instead.
        Exception: What the client raises before a response is there.
    """
    recorder = Recorder(clock)
    opening = AsyncOpening(source)
    opened = await opening.open()
    try:
        # An empty piece is the end of some sources; others have none to give yet.
        while (piece := await _next_piece(opened, recorder)) is not None:
            if not piece and opened.ends_empty:
                break
            recorder.arrive(piece)
    finally:
        await opened.close()
        await opening.leave()
    return recorder.capture(opened)


async def _next_piece(source: AsyncSource, recorder: Recorder) -> object:
    """The next piece; `None` if the body has ended, or the connection broke."""
    try:
        return await source.read()
    except StopAsyncIteration:
        return None
    except Exception as error:  # noqa: BLE001  # whatever a client raises
        recorder.broken = f"{type(error).__name__}: {error}"
        return None
