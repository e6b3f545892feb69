"""Bare server-sent events over the same sources as the chat streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Self

from .._sources._open import open_async_source, open_source
from .._sources._source import AsyncSource, SyncSource, checked
from .._sse._decoder import DEFAULT_MAX_EVENT_SIZE, SSEDecoder
from .._sse._event import ServerSentEvent
from ._concurrency import Slices
from ._state import raise_broken


def iter_sse(
    source: object,
    *,
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    on_comment: Callable[[str], object] | None = None,
) -> Iterator[ServerSentEvent]:
    r"""The server-sent events of a sync source, nothing else looked at: not the status, not the content type.

    Args:
        source: What `ChatStream` takes. It is not closed here: it stays its owner's.
        max_event_size: Bytes of one event; `None` for no bound.
        on_comment: Called with the text of each comment.

    Returns:
        The events, each as soon as its blank line has come.

    Raises:
        TypeError: `source` is none; the message says what to pass instead.
        EventTooLargeError: While the events are read.
        TransportError: While the events are read: the connection broke.
        StreamTimeoutError: While the events are read: the client's read timeout passed.

    >>> [event.data for event in iter_sse([b"data: Hi\n", b"\n"])]
    ['Hi']
    """
    opened = open_source(source)
    decoder = SSEDecoder(max_event_size=max_event_size, on_comment=on_comment)
    return _sse_events(opened, decoder)


def _sse_events(source: SyncSource, decoder: SSEDecoder) -> Iterator[ServerSentEvent]:
    while True:
        try:
            piece = source.read()
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            raise_broken(error)
        if piece is None:
            return
        yield from decoder.feed(checked(piece))


def aiter_sse(
    source: object,
    *,
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    on_comment: Callable[[str], object] | None = None,
) -> AsyncIterator[ServerSentEvent]:
    """The server-sent events of an async source: `iter_sse` for what `AsyncChatStream` takes.

    Args:
        source: What `AsyncChatStream` takes. It is not closed here: it stays its owner's.
        max_event_size: Bytes of one event; `None` for no bound.
        on_comment: Called with the text of each comment.

    Returns:
        An async iterator of the events, each as soon as its blank line has come.

    Raises:
        TypeError: `source` is none of those; the message says what to pass instead.
        EventTooLargeError: While the events are read.
        TransportError: While the events are read: the connection broke.
        StreamTimeoutError: While the events are read: the client's read timeout passed.
    """
    return _AsyncSSE(open_async_source(source), SSEDecoder(max_event_size=max_event_size, on_comment=on_comment))


class _AsyncSSE:
    """The server-sent events of an async source."""

    __slots__ = ("_decoder", "_events", "_slices", "_source")

    def __init__(self, source: AsyncSource, decoder: SSEDecoder) -> None:
        self._source = source
        self._decoder = decoder
        self._slices = Slices()
        self._events: Iterator[ServerSentEvent] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerSentEvent:
        while True:
            for event in self._events:
                return event
            data = await self._slices.next(self._read)
            if data is None:
                raise StopAsyncIteration
            self._events = self._decoder.feed(data)

    async def _read(self) -> bytes | None:
        try:
            piece = await self._source.read()
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            raise_broken(error)
        return None if piece is None else checked(piece)
