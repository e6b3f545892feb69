"""Every ending and every call after it: an ending is final, and all calls agree on it."""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio.lowlevel
import pytest

from sse_stream import AsyncChatStream, ChatStream, Ending, IncompleteStreamError, SSEStreamError, Timeouts

from .bodies import DONE, EVENTS, PIECES, STOP, STREAM, TEXT, UNDONE, USAGE, text
from .clients import Each, run_in_asyncio, run_in_trio, run_without_loop, set_clock, settled

SHELLS = pytest.mark.parametrize(
    ("shell", "run"),
    [
        pytest.param(ChatStream, run_without_loop, id="sync"),
        pytest.param(AsyncChatStream, run_in_asyncio, id="asyncio"),
        pytest.param(AsyncChatStream, run_in_trio, id="trio"),
    ],
)

CLOSED = "the stream was closed before it was done"
FAILED = "this stream has already failed: "


@dataclass(frozen=True)
class Row:
    """A stream that has ended.

    Attributes:
        pieces: What its source gives, an exception being raised.
        read: How many events are read; `None` for as many as there are.
        close: Whether it is closed then.
        options: Those of the stream.
        ending: What `ending` says then.
        text: The text of its completion.
        says: How the error begins that each further call raises; `""` where reading just stops.
    """

    pieces: tuple[bytes | Exception, ...]
    ending: Ending
    text: str
    says: str = ""
    read: int | None = None
    close: bool = False
    options: dict[str, Any] | None = None


ERROR = b'data: {"error":{"message":"overloaded"}}\n\n'
FINISHED = UNDONE + STOP

ROWS: dict[str, Row] = {
    "read to its end": Row((STREAM,), "complete", TEXT),
    "finished without [DONE]": Row((FINISHED,), "complete", TEXT),
    "read to its end, and closed": Row((STREAM,), "complete", TEXT, close=True),
    "[DONE] was read, and it was closed before the rest was": Row(
        (FINISHED + DONE + USAGE,), "complete", TEXT, read=6, close=True
    ),
    "closed before anything was read": Row((STREAM,), "closed", "", CLOSED, read=0, close=True),
    "closed in the middle of a read": Row((STREAM,), "closed", PIECES[0], CLOSED, read=1, close=True),
    "closed between two reads": Row((EVENTS[0], STREAM), "closed", PIECES[0], CLOSED, read=1, close=True),
    "closed when every choice has finished": Row((FINISHED, DONE), "closed", TEXT, CLOSED, read=5, close=True),
    "truncated": Row((UNDONE,), "truncated", TEXT, FAILED + "the stream ended early"),
    "truncated, and closed": Row((UNDONE,), "truncated", TEXT, FAILED, close=True),
    "truncated, as is allowed": Row((UNDONE,), "truncated", TEXT, options={"on_truncated": "return"}),
    "truncated, as is allowed, and closed": Row(
        (UNDONE,), "truncated", TEXT, close=True, options={"on_truncated": "return"}
    ),
    "closed, where truncation is allowed": Row(
        (UNDONE,), "closed", PIECES[0], CLOSED, read=1, close=True, options={"on_truncated": "return"}
    ),
    "the provider reported an error": Row((UNDONE + ERROR + STREAM,), "provider_error", TEXT, FAILED + "overloaded"),
    "the provider reported an error, and it was closed": Row(
        (UNDONE + ERROR,), "provider_error", TEXT, FAILED, close=True
    ),
    "a chunk that is none": Row((UNDONE + b"data: <html>\n\n",), "invalid", TEXT, FAILED),
    "the connection broke": Row((UNDONE, OSError("reset")), "transport_error", TEXT, FAILED + "the connection broke"),
    "the connection broke, and it was closed": Row((UNDONE, OSError()), "transport_error", TEXT, FAILED, close=True),
    "the connection broke, where truncation is allowed": Row(
        (UNDONE, OSError()), "transport_error", TEXT, FAILED, options={"on_truncated": "return"}
    ),
    "the client's timeout": Row((UNDONE, TimeoutError()), "timeout", TEXT, FAILED + "the client's read timeout"),
    "what is no bytes": Row((EVENTS[0], "text"), "closed", PIECES[0], CLOSED),  # type: ignore[arg-type]  # the mistake
    "no stream": Row((b"{}",), "invalid", "", FAILED + "the body is not an event stream"),
    "a source that reads a truncated stream of ours": Row(
        (UNDONE, IncompleteStreamError("below")),
        "transport_error",
        TEXT,
        FAILED + "below",
        options={"on_truncated": "return"},
    ),
}


def sync_source(pieces: tuple[bytes | Exception, ...]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def async_source(pieces: tuple[bytes | Exception, ...]) -> AsyncIterator[bytes]:
    for piece in sync_source(pieces):
        yield piece


async def ended(shell: Any, row: Row) -> Any:
    """The stream, as the row leaves it, and a view on it from before."""
    source: Any = sync_source if shell is ChatStream else async_source
    stream = shell(source(row.pieces), **(row.options or {}))
    stream.view = Each[Any](stream)
    left = row.read
    with suppress(Exception):
        while left is None or left > 0:
            await anext(stream.view)
            left = None if left is None else left - 1
    if row.close:
        await closing(stream)
    return stream


async def closing(stream: Any) -> None:
    await settled((stream.close if isinstance(stream, ChatStream) else stream.aclose)())


CALLS: dict[str, Callable[[Any], Any]] = {
    "the view from before": lambda stream: anext(stream.view, "nothing"),
    "another view": lambda stream: anext(Each(stream), "nothing"),
    "text": lambda stream: anext(Each(stream.iter_text()), "nothing"),
    "chunks": lambda stream: anext(Each(stream.iter_chunks()), "nothing"),
    "next": lambda stream: next(stream, "nothing") if isinstance(stream, ChatStream) else anext(stream, "nothing"),
    "until_done": lambda stream: stream.until_done(),
    "close": closing,
}


@SHELLS
@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_an_end_is_final_and_each_call_says_the_same_of_it(shell: Any, run: Any, row: Row) -> None:
    async def body() -> None:
        stream = await ended(shell, row)
        before = (stream.ending, stream.completion, stream.timings, stream.anomalies)
        assert (stream.ending, stream.completion.text) == (row.ending, row.text)
        for _ in range(2):
            for name, call in CALLS.items():
                if row.says and name != "close":
                    with pytest.raises(SSEStreamError) as caught:
                        await settled(call(stream))
                    assert type(caught.value) is SSEStreamError
                    assert str(caught.value).startswith(row.says), name
                    assert caught.value.completion == stream.completion
                else:
                    told = await settled(call(stream))
                    assert told == {"until_done": stream.completion, "close": None}.get(name, "nothing"), name
                assert (stream.ending, stream.completion, stream.timings, stream.anomalies) == before, name

    run(body)


@SHELLS
def test_a_deadline_is_an_end_too(shell: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    set_clock(monkeypatch, lambda: now)

    async def body() -> None:
        nonlocal now
        stream = shell([EVENTS[0], STREAM], timeouts=Timeouts(total=5))
        await anext(Each(stream))
        now += 10
        with pytest.raises(TimeoutError):
            await anext(Each(stream))
        assert stream.ending == "timeout"
        with pytest.raises(SSEStreamError, match=FAILED):
            await settled(stream.until_done())

    run(body)


class ClosesItsStream:
    """A source that closes the stream which reads it, in the middle of that read."""

    def __init__(self, then: Callable[[], bytes]) -> None:
        self.stream: Any = None
        self._then = then
        self._reads = 0
        self.went_on = False  # after it had closed the stream

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._reads += 1
        if self._reads == 1:
            return EVENTS[0]
        self.stream.close()
        self.went_on = True
        return self._then()


class ClosesItsAsyncStream(ClosesItsStream):
    __iter__: Any = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._reads += 1
        if self._reads == 1:
            return EVENTS[0]
        await anyio.lowlevel.checkpoint()  # so that this task is one that waits in a read
        await self.stream.aclose()
        self.went_on = True
        try:
            return self._then()
        except StopIteration:
            raise StopAsyncIteration from None


def breaks() -> bytes:
    raise OSError("reset")


def ends() -> bytes:
    raise StopIteration


@SHELLS
@pytest.mark.parametrize("options", [{}, {"timeouts": Timeouts(total=60)}], ids=["plain", "with deadlines"])
@pytest.mark.parametrize("then", [breaks, ends, lambda: STREAM, lambda: b""], ids=["raises", "ends", "gives", "waits"])
def test_a_source_that_closes_its_stream_closes_it_and_waits_for_nobody(
    shell: Any, run: Any, then: Any, options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("_reads", "_async_owner", "_sync_owner"):
        monkeypatch.setattr(f"sse_stream._streams.{module}.CLOSING_SECONDS", 20.0)

    async def body() -> None:
        began = time.monotonic()
        source = (ClosesItsStream if shell is ChatStream else ClosesItsAsyncStream)(then)
        stream = source.stream = shell(source, **options)
        view = Each[Any](stream)
        assert (await anext(view)).text == PIECES[0]
        for _ in range(2):
            with pytest.raises(SSEStreamError, match=CLOSED):
                await anext(view)
            assert (stream.ending, stream.completion.text) == ("closed", PIECES[0])
        assert source.went_on
        assert time.monotonic() - began < 10

    run(body)


@SHELLS
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_stream_cannot_be_copied(shell: Any, run: Any, duplicate: Any) -> None:
    async def body() -> None:
        stream = shell([text("a"), STOP, DONE])
        with pytest.raises(
            TypeError, match=f"a {shell.__name__} cannot be copied or pickled, because it owns a connection"
        ):
            duplicate(stream)
        assert (await settled(stream.until_done())).text == "a"

    run(body)
