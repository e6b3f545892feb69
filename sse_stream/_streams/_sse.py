"""Server-sent events from the same sources as chat streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Self, TypeVar

from .._sources._entering import AsyncOpening, Opening, SyncOpening
from .._sources._protocols import AsyncByteSource, ByteSource
from .._sources._refusals import refusal
from .._sources._source import AsyncSource, Source, SyncSource, checked
from .._sse._decoder import SSEDecoder
from .._sse._event import ServerSentEvent
from .._sse._parser import DEFAULT_MAX_EVENT_SIZE
from ._client_errors import raise_broken
from ._reads import AsyncReads

S = TypeVar("S", bound=Source)


def iter_sse(
    source: ByteSource,
    *,
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    on_comment: Callable[[str], object] | None = None,
) -> Iterator[ServerSentEvent]:
    r"""Iterate over the server-sent events of a sync source. Neither the status nor the content type is checked.

    Args:
        source: A source, as for `ChatStream`, except context managers. The caller remains responsible for closing it.
        max_event_size: The maximum size of one event in bytes; `None` for no limit.
        on_comment: Called with the text of each comment.

    Returns:
        An iterator of the events; each is yielded as soon as its blank line has arrived.

    Raises:
        TypeError: `source` is not a source; the message says what to pass instead.
        EventTooLargeError: An event exceeded `max_event_size`; raised during iteration, like the errors below.
        TransportError: The connection broke.
        StreamTimeoutError: The client's read timeout expired.

    >>> [event.data for event in iter_sse([b"data: Hi\n", b"\n"])]
    ['Hi']
    """
    return _sse_events(_opened(SyncOpening(source)), SSEDecoder(max_event_size=max_event_size, on_comment=on_comment))


def _opened(opening: Opening[S]) -> S:
    """Return the source of a response; reject context managers, because nothing here would exit them."""
    if opening.source is None:
        raise refusal(opening.given)
    return opening.source


def _sse_events(source: SyncSource, decoder: SSEDecoder) -> Iterator[ServerSentEvent]:
    has_begun = False
    while True:
        try:
            data = checked(next(source.pieces))
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001  # clients may raise anything
            raise_broken(error, "read" if has_begun else "begin")
        has_begun = has_begun or bool(data)
        yield from decoder.feed(data)


def aiter_sse(
    source: AsyncByteSource,
    *,
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    on_comment: Callable[[str], object] | None = None,
) -> AsyncIterator[ServerSentEvent]:
    """Iterate over the server-sent events of an async source: `iter_sse` for async code.

    Args:
        source: A source, as for `AsyncChatStream`, except context managers and awaitables. The caller remains responsible
            for closing it.
        max_event_size: The maximum size of one event in bytes; `None` for no limit.
        on_comment: Called with the text of each comment.

    Returns:
        An async iterator of the events; each is yielded as soon as its blank line has arrived.

    Raises:
        TypeError: `source` is not an async source; the message says what to pass instead.
        EventTooLargeError: An event exceeded `max_event_size`; raised during iteration, like the errors below.
        TransportError: The connection broke.
        StreamTimeoutError: The client's read timeout expired.
    """
    return _AsyncSSE(_opened(AsyncOpening(source)), SSEDecoder(max_event_size=max_event_size, on_comment=on_comment))


class _AsyncSSE:
    """The server-sent events of an async source."""

    __slots__ = ("_decoder", "_events", "_has_begun", "_reads")

    def __init__(self, source: AsyncSource, decoder: SSEDecoder) -> None:
        self._decoder = decoder
        self._reads = AsyncReads(source)
        self._events: Iterator[ServerSentEvent] = iter(())
        self._has_begun = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerSentEvent:
        if self._reads.busy:
            raise RuntimeError("these events are being read by another task: read them in one task")
        while True:
            for event in self._events:
                return event
            try:
                data = await self._reads.next()
            except StopAsyncIteration:
                raise
            except Exception as error:  # noqa: BLE001  # clients may raise anything
                raise_broken(error, "read" if self._has_begun else "begin")
            self._has_begun = self._has_begun or bool(data)
            self._events = self._decoder.feed(data)
