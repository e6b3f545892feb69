"""The sync shell: it blocks where it reads, and any thread may close it."""

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
    r"""A chat stream over a sync source: iterate it for typed events.

    The source is a response of httpx, httpx2, requests, niquests, urllib3, `http.client`, `urllib.request` and others,
    or what the openai and anthropic SDKs wrap around one; a context manager that gives a response, as
    `client.stream(…)` does; a binary file, or an iterable of bytes. The stream owns it, and closes it once: at the
    end, at an error, at `close`, at the end of `with`, and when the stream is dropped. A context manager is entered by
    `with`, or by the first read, and left with it; what is a response already is never entered. Deadlines are checked
    whenever bytes arrive; a blocked read is bounded by the client's own read timeout.

    Args:
        source: The response, or where else the bytes come from.
        dialect: The wire format; `None` to find it out from the first event.
        strict: Whether the first deviation is an error, a `ChunkDecodeError`. Notes are none. Do not use it with a
            provider whose everyday streams deviate: Perplexity's do, and the tool calls of several others.
        limits: Bounds on memory.
        timeouts: Deadlines in seconds, checked whenever bytes arrive; `None` for none.
        keepalives: Whether keep-alives give a `KeepAlive` event.
        on_truncated: `"raise"` for an `IncompleteStreamError` where the stream ends before it was done;
            `"return"` to simply stop, without `StreamDone`. Either way `ending` says so.
        request_started: `time.monotonic()` when the request was sent, for timings and deadlines; with
            `None` they count from the making of the stream, or from when it enters its source.
        keep_gaps: Whether `timings.gaps` lists every gap between arrivals of generated pieces, which takes 8 bytes of
            memory each.
        on_end: Called once with the stream, when it is over and all is given back: read to its end, failed, never
            opened, left early, cancelled; at best effort where it is dropped open. What it raises goes to
            `sys.unraisablehook`.
        tee: Called with the bytes of each read, before they are decoded. What it raises goes through, and closes the
            stream.
        **unknown: Refused: a `TypeError` names what is no option, and which was meant.

    Raises:
        TypeError: `source` is no source, or an async one; the message says what to pass instead.
        ValueError: An option has a value that it cannot have, or the body was read before.

    >>> body = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    >>> with ChatStream([body]) as stream:
    ...     print("".join(stream.iter_text()), stream.ending)
    Hi complete
    """

    def __iter__(self) -> Iterator[ChatEvent]:
        """The events, from where the last reading stopped.

        Any number of iterators may be read in any order: each event goes to whoever asks first.

        Raises:
            SSEStreamError: Any of its subclasses, after everything that came before it.
            RuntimeError: Another thread is in the middle of reading this stream.
        """
        return map(self._next, repeat(self._state.reader.next_event))

    def __next__(self) -> ChatEvent:
        event: ChatEvent = self._next(self._state.reader.next_event)
        return event

    def iter_text(self, choice: int = 0) -> Iterator[str]:
        """The pieces of one choice's text, none of them empty.

        Args:
            choice: The choice's index.
        """
        return map(self._next, repeat(self._state.reader.next_event), repeat(choice))

    def iter_chunks(self) -> Iterator[ChatCompletionChunk]:
        """The chunks, in OpenAI's own field names, from where the last reading stopped."""
        return map(self._next, repeat(self._state.reader.next_chunk))

    def iter_partial(self, *, every: float = 0.0, choice: int = 0, tool_call: int | None = None) -> Iterator[JSONValue]:
        """The JSON of a choice's content so far, or of a tool call's arguments, each time that there is more of it.

        Each value is a snapshot as of `PartialJSON.value`. What is written is parsed once, and whoever reads the
        stream's events meanwhile, nothing of it is missed. The last value always comes. Where nothing is written, none
        does; blank arguments give `{}`, as they do in `ToolCall.parse`.

        Args:
            every: How many seconds there are between two values at least; looked at whenever something arrives. A
                snapshot costs what it holds, so this is how often you can show it.
            choice: The choice's index.
            tool_call: The index of the call, as its `ToolCallStarted` said; `None` for the content.

        Raises:
            PartialJSONError: While it is read, and after the last value: the text is not JSON, or ended too early, as
                it does at a token limit. The stream itself has not failed, and can be read on.
            SSEStreamError: While it is read, and after the last value: as with all views.
            ValueError: `every` or `tool_call` is below 0.
        """
        reading = PartialReading(self._state.reader, every=every, choice=choice, tool_call=tool_call)
        return PartialValues(iter(self), reading)

    def until_done(self) -> ChatCompletion:
        """Read to the end.

        Returns:
            The completion; with `on_truncated="return"`, what there is of it.
        """
        for _ in self:
            pass
        return self.completion

    def _next(self, next_item: Callable[[bytes], object], choice: int | None = None) -> Any:  # as the views say
        """The next item; with a choice, the next piece of its text. All views are views on this, and hold nothing.

        Raises:
            StopIteration: There are no more.
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
                    try:  # measured as "one event a read"
                        piece = next(self._pieces)
                    except Exception as error:  # noqa: BLE001  # whatever a client raises
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
        """Do what is next where more than a read is to be done; whether there can be more after it."""
        state = self._state
        match state.step():
            case "over":
                return False
            case "end":
                # Before the end is told: who stops reading at `StreamDone` has given the connection back.
                if not self._released:
                    self._release()
                state.end()
            case "drain":
                self._drain()
            case "read":
                self._read_in_time()
        return True

    def _read_in_time(self) -> None:
        """Read where a deadline is set, or what the body is has yet to be seen."""
        state = self._state
        if self._opening.source is None:
            self._enter_source()
            return
        state.begin_read()
        try:
            piece = next(self._pieces)
        except Exception as error:  # noqa: BLE001  # whatever a client raises
            state.failed(error)
        else:
            state.take(state.arrive(piece))
            state.check_time()

    def _drain(self) -> None:
        """After the stream is done: read what still comes at once, so that the connection can be used again."""
        state = self._state
        seconds = state.drain_time()
        source = self._opening.source
        read_soon = None if source is None else source.read_soon
        if seconds and read_soon is not None:
            with suppress(Exception):  # the stream is done: that nothing more came is no error
                state.take(state.arrive(read_soon(seconds)))
                return
        state.exhausted = True
