"""The sync chat stream; any thread may close it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import repeat
from time import monotonic
from typing import Any, TypeVar

from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._events import ChatEvent, TextDelta
from .._errors import IncompleteStreamError
from .._json._depth import JSONValue
from ._partial import PartialReading, PartialValues
from ._sync_owner import SyncOwner, read_by_another

T = TypeVar("T")


class ChatStream(SyncOwner):
    r"""A chat stream over a sync source; iterate it to get typed events.

    The source is a response of httpx, httpx2, requests, niquests, urllib3, `http.client`, `urllib.request` and others,
    or a wrapper of the openai and anthropic SDKs around one; a context manager that returns a response, such as
    `client.stream(…)`; a binary file; or an iterable of bytes.

    The stream owns its source and closes it exactly once: at the end, on an error, on `close`, at the end of `with`, or
    when the stream is garbage-collected. A context manager is entered by `with` or by the first read, and exited when
    the stream is closed; a response itself is never entered. Timeouts are checked whenever bytes arrive; to limit a
    blocked read, set the client's own read timeout.

    Args:
        source: The response, or another source of bytes.
        dialect: The wire format; `None` to detect it from the first event.
        strict: Whether to raise a `ChunkDecodeError` at the first deviation; notes are not deviations. Do not use it
            with providers whose normal streams deviate, such as Perplexity, or several others with tool calls.
        limits: Bounds on memory.
        timeouts: Timeouts in seconds, checked whenever bytes arrive; `None` for none.
        keepalives: Whether to yield a `KeepAlive` event for each keep-alive.
        on_truncated: `"raise"` to raise an `IncompleteStreamError` if the stream is truncated; `"return"` to stop
            without `StreamDone`. Either way, `ending` is `"truncated"`.
        request_started: When the request was sent, from `time.monotonic()`, for timings and timeouts. If `None`, they
            start when the stream is created, or when it enters its source.
        keep_gaps: Whether to keep every gap between arrivals of generated pieces in `timings.gaps`, at 8 bytes each.
        on_end: Called once with the stream, after it has ended and released its source: read to its end, failed, never
            opened, left early or cancelled; on a best-effort basis if it is garbage-collected while open. An exception
            from it goes to `sys.unraisablehook`.
        tee: Called with the bytes of each read, before they are decoded. An exception from it closes the stream and
            propagates.
        **unknown: Any other keyword raises a `TypeError` that names it, and the option to use instead.

    Raises:
        TypeError: `source` is not a sync source; the message says what to pass instead.
        ValueError: An option has an invalid value, or the body has already been read.

    >>> body = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    >>> with ChatStream([body]) as stream:
    ...     print("".join(stream.iter_text()), stream.ending)
    Hi complete
    """

    def __iter__(self) -> Iterator[ChatEvent]:
        """Iterate over the events, from where the last iteration stopped.

        Several iterators may be read in any order: each event goes to the one that asks first.

        Raises:
            SSEStreamError: The stream failed; raised after all events that arrived before the failure.
            RuntimeError: Another thread is reading this stream.
        """
        return map(self._next, repeat(self._state.reader.next_event))

    def __next__(self) -> ChatEvent:
        event: ChatEvent = self._next(self._state.reader.next_event)
        return event

    def iter_text(self, choice: int = 0) -> Iterator[str]:
        """Iterate over the text deltas of one choice, which are never empty.

        Args:
            choice: The index of the choice.
        """
        return map(self._next, repeat(self._state.reader.next_event), repeat(choice))

    def iter_chunks(self) -> Iterator[ChatCompletionChunk]:
        """Iterate over the chunks, with OpenAI's field names, from where the last iteration stopped."""
        return map(self._next, repeat(self._state.reader.next_chunk))

    def iter_partial(self, *, every: float = 0.0, choice: int = 0, tool_call: int | None = None) -> Iterator[JSONValue]:
        """Iterate over snapshots of a choice's JSON content, or of a tool call's arguments, as they grow.

        Each snapshot is a value as in `PartialJSON.value`. The text is parsed only once, and none is missed even if
        other iterators read the stream's events. The final value is always yielded. If nothing is written, nothing is
        yielded; blank arguments yield `{}`, as in `ToolCall.parse`.

        Args:
            every: The minimum number of seconds between two values, checked whenever data arrives. The cost of a
                snapshot is proportional to its size, so choose how often you can display it.
            choice: The index of the choice.
            tool_call: The index of the tool call, as in `ToolCallStarted`; `None` for the content.

        Raises:
            PartialJSONError: The text is not JSON, or is incomplete, for example at a token limit; raised after the last
                value. The stream itself has not failed, and can be read on.
            SSEStreamError: The stream failed; raised after the last value.
            ValueError: `every` or `tool_call` is negative.
        """
        reading = PartialReading(self._state.reader, every=every, choice=choice, tool_call=tool_call)
        return PartialValues(iter(self), reading)

    def until_done(self) -> ChatCompletion:
        """Read to the end.

        Returns:
            The completion; with `on_truncated="return"` possibly a partial one.
        """
        for _ in self:
            pass
        return self.completion

    def _next(self, next_item: Callable[[bytes], object], choice: int | None = None) -> Any:  # as the views say
        """Return the next item, or the next text delta of a choice. All iterators call this and hold no state.

        Raises:
            StopIteration: The stream has ended.
        """
        if self._is_reading:
            raise read_by_another()
        self._is_reading = True
        state = self._state
        reader = state.reader
        try:
            data = b""
            while True:
                item = next_item(data)
                data = b""
                if item is not None:
                    if choice is None:
                        return item
                    if type(item) is TextDelta and item.choice == choice:
                        return item.text
                elif state.plain and reader.state == "open":
                    try:  # measured as "one event per read"
                        piece = next(self._pieces)
                    except Exception as error:  # noqa: BLE001  # clients may raise anything
                        state.failed(error)
                        continue
                    if type(piece) is bytes and piece and state.plain:
                        state.watch.arrive(monotonic(), len(piece), reader.tally.pieces)
                        data = piece
                    else:
                        state.take(state.arrive(piece))
                elif not self._advance():
                    break
        except IncompleteStreamError as error:
            self._close(error)
            if not state.is_truncation_tolerated:
                raise
        except BaseException as error:
            self._close(error)
            raise
        finally:
            self._is_reading = False
        if self._on_end or self._opening.is_entered:
            self._close()
        raise StopIteration

    def _advance(self) -> bool:
        """Do the next step if it is not just a read; return whether more may follow."""
        state = self._state
        match state.step():
            case "over":
                return False
            case "end":
                # Release first, so that a caller who stops reading at `StreamDone` has released the connection.
                if not self._released:
                    self._release()
                state.end()
            case "drain":
                self._drain()
            case "read":
                self._read_in_time()
        return True

    def _read_in_time(self) -> None:
        """Read with timeouts, or while the body has yet to be classified."""
        state = self._state
        if self._opening.source is None:
            self._enter_source()
            return
        state.begin_read()
        try:
            piece = next(self._pieces)
        except Exception as error:  # noqa: BLE001  # clients may raise anything
            state.failed(error)
        else:
            state.take(state.arrive(piece))
            state.check_time()

    def _drain(self) -> None:
        """Read what arrives right after the end of the stream, so that the connection can be reused."""
        state = self._state
        seconds = state.drain_time()
        source = self._opening.source
        read_soon = None if source is None else source.read_soon
        if seconds and read_soon is not None:
            with suppress(Exception):  # the stream is complete, so a failed read is not an error
                state.take(state.arrive(read_soon(seconds)))
                return
        state.exhausted = True
