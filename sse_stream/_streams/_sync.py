"""The sync shell: it blocks where it reads, and any thread may close it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import repeat
from time import monotonic, sleep
from typing import Any, Self, TypeVar

from .._chat._chunks import ChatCompletionChunk
from .._chat._completion import ChatCompletion
from .._chat._events import ChatEvent, TextDelta
from .._errors import IncompleteStreamError
from .._sources._open import open_source
from .._sources._protocols import ByteSource
from .._sources._source import SyncSource
from ._concurrency import CLOSING_SECONDS
from ._stream import Stream

T = TypeVar("T")

# How long a thread is waited for that may be decoding, where nothing can end its read.
_DECODING_SECONDS = 0.01


class ChatStream(Stream[ByteSource, SyncSource]):
    r"""A chat stream over a sync source: iterate it for typed events.

    The source is a response of httpx, httpx2, requests, niquests, urllib3, `http.client` or
    `urllib.request`, a binary file, or an iterable of bytes. The stream owns it, and closes it once: at the
    end, at an error, at `close`, at the end of `with`, and when the stream is dropped. Deadlines are
    checked whenever bytes arrive; a blocked read is bounded by the client's own read timeout.

    Args:
        source: The response, or where else the bytes come from.
        dialect: The wire format; `None` to find it out from the first event.
        strict: Whether the first anomaly is an error, a `ChunkDecodeError`.
        limits: Bounds on memory.
        timeouts: Deadlines in seconds, checked whenever bytes arrive; `None` for none.
        keepalives: Whether keep-alives give a `KeepAlive` event.
        on_truncated: `"raise"` for an `IncompleteStreamError` where the stream ends before it was done;
            `"return"` to simply stop, without `StreamDone`. Either way `ending` says so.
        request_started: `time.monotonic()` when the request was sent, for timings and deadlines; with
            `None` they count from the making of the stream.

    Raises:
        TypeError: `source` is no source, or an async one; the message says what to pass instead.
        ValueError: An option has a value that it cannot have, or the body was read before.

    >>> body = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    >>> with ChatStream([body]) as stream:
    ...     print("".join(stream.iter_text()), stream.ending)
    Hi complete
    """

    def _open(self, source: ByteSource) -> SyncSource:
        opened = open_source(source)
        self._pieces = opened.pieces
        self._is_reading = False
        return opened

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

    def until_done(self) -> ChatCompletion:
        """Read to the end.

        Returns:
            The completion; with `on_truncated="return"`, what there is of it.
        """
        for _ in self:
            pass
        return self.completion

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
        interrupt = self._source.interrupt
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

        code = ChatStream._next.__code__
        return any(frame.f_code is code and frame.f_locals["self"] is self for frame, _ in walk_stack(None))

    def _close(self) -> None:
        self._state.close()
        if not self._released:
            self._release()

    def _release(self) -> None:
        self._released = True
        try:
            self._source.close()
        except ValueError:  # a generator that is running: whoever is out of it last closes it
            self._released = False
        except Exception:  # noqa: BLE001, S110  # what cannot be closed is closed
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._released:
            self.close()

    # ---------------------------------------------------------------- reading

    def _next(self, next_item: Callable[[bytes], object], choice: int | None = None) -> Any:  # as the views say
        """The next item; with a choice, the next piece of its text. All views are views on this, and hold nothing.

        Raises:
            StopIteration: There are no more.
        """
        if self._is_reading:
            raise RuntimeError(
                "this stream is being read by another thread, or by its own source: let one thread read it, and "
                "hand the events on by a queue"
            )
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
        except IncompleteStreamError:
            self._close()
            if not state.is_truncation_tolerated:
                raise
        except BaseException:
            self._close()
            raise
        finally:
            self._is_reading = False
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
        read_soon = self._source.read_soon
        if seconds and read_soon is not None:
            with suppress(Exception):  # the stream is done: that nothing more came is no error
                state.take(state.arrive(read_soon(seconds)))
                return
        state.exhausted = True
