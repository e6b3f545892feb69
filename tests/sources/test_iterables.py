"""Sources other than responses: bytes, iterables, files and JavaScript streams; and objects that are not sources."""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import anyio
import anyio.lowlevel
import httpx
import niquests
import pytest
import requests
import urllib3

from sse_stream import (
    AsyncChatStream,
    ChatStream,
    ContentTypeError,
    IncompleteStreamError,
    ServerSentEvent,
    StatusError,
    StreamDone,
    TransportError,
    aiter_sse,
    iter_sse,
)
from sse_stream.testing import ReplayServer, bytewise

from ..streams import javascript
from ..streams.bodies import DONE, EVENTS, PIECES, STOP, STREAM, TEXT, text
from ..streams.clients import Each, run_in_asyncio, run_in_trio, run_without_loop


async def generate(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


class Pieces:
    """An iterable that is not an iterator."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


class AsyncPieces:
    """An async iterable that is not an iterator."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return generate(self._pieces)


class Items:
    """An async iterator without other methods."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class Later:
    """An awaitable that is not a coroutine."""

    def __init__(self, piece: bytes | None) -> None:
        self._piece = piece

    def __await__(self) -> Generator[Any, None, bytes]:
        yield from anyio.lowlevel.checkpoint().__await__()
        if self._piece is None:
            raise StopAsyncIteration
        return self._piece


class Awaitables:
    """An async iterator that returns such awaitables."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Later:
        return Later(next(self._pieces, None))


class ClosedAtOnce(Items):
    """An async iterator with a sync `close`."""

    def close(self) -> None: ...


def in_file(pieces: list[bytes], **options: Any) -> Any:
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(b"".join(pieces))
    opened = open(file.name, "rb", **options)  # noqa: PTH123  # the stream closes it
    Path(file.name).unlink()
    return opened


def in_pipe(pieces: list[bytes], **options: Any) -> Any:
    source, sink = os.pipe()
    os.write(sink, b"".join(pieces))
    os.close(sink)
    return os.fdopen(source, "rb", **options)


def in_stream_reader(pieces: list[bytes]) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    return reader


class ReadAny:
    """The body of an aiohttp response, without its response."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)

    async def readany(self) -> bytes:
        return next(self._pieces, b"")


Make = Callable[[list[bytes]], Any]

SYNC: dict[str, Make] = {
    "bytes": b"".join,
    "bytearray": lambda pieces: bytearray(b"".join(pieces)),
    "memoryview": lambda pieces: memoryview(b"".join(pieces)),
    "list": list,
    "list of bytearrays": lambda pieces: [bytearray(piece) for piece in pieces],
    "list of memoryviews": lambda pieces: [memoryview(piece) for piece in pieces],
    "list with empty pieces": lambda pieces: [part for piece in pieces for part in (b"", piece, b"")],
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda pieces: (piece for piece in pieces),
    "iterable": Pieces,
    "BytesIO": lambda pieces: io.BytesIO(b"".join(pieces)),
    "file": in_file,
    "raw file": lambda pieces: in_file(pieces, buffering=0),
    "pipe": in_pipe,
    "raw pipe": lambda pieces: in_pipe(pieces, buffering=0),
    "httpx content": lambda pieces: httpx.Response(200, content=b"".join(pieces)),
    "httpx iterator": lambda pieces: httpx.Response(200, content=iter(pieces)),
}

ASYNC: dict[str, Make] = {
    **{name: SYNC[name] for name in ("bytes", "bytearray", "list", "tuple", "iterator", "generator", "iterable")},
    "list of memoryviews": SYNC["list of memoryviews"],
    "list with empty pieces": SYNC["list with empty pieces"],
    "async generator": generate,
    "async iterable": AsyncPieces,
    "async iterator": Items,
    "async iterator of awaitables": Awaitables,
    "async iterator with a sync close": ClosedAtOnce,
    "httpx content": SYNC["httpx content"],
    "httpx async iterator": lambda pieces: httpx.Response(200, content=generate(pieces)),
    "JavaScript response": javascript.Response,
    "JavaScript response of pyfetch": javascript.FetchResponse,
    "JavaScript body": javascript.Body,
    "JavaScript reader": javascript.Reader,
    "readany": ReadAny,
}

ROWS = [
    *[pytest.param(ChatStream, run_without_loop, make, id=f"sync-{name}") for name, make in SYNC.items()],
    *[pytest.param(AsyncChatStream, run_in_asyncio, make, id=f"asyncio-{name}") for name, make in ASYNC.items()],
    *[pytest.param(AsyncChatStream, run_in_trio, make, id=f"trio-{name}") for name, make in ASYNC.items()],
    pytest.param(AsyncChatStream, run_in_asyncio, in_stream_reader, id="asyncio-StreamReader"),
]


@pytest.mark.parametrize("cut", [lambda body: [body], bytewise], ids=["whole", "bytewise"])
@pytest.mark.parametrize(("shell", "run", "make"), ROWS)
def test_the_same_bytes_give_the_same_events_from_every_source(shell: Any, run: Any, make: Make, cut: Any) -> None:
    async def body() -> list[Any]:
        stream = shell(make(cut(STREAM)))
        return [event async for event in Each(stream)]

    events = run(body)
    assert [event.type for event in events] == [
        *["text_delta"] * len(PIECES),
        "choice_finished",
        "usage_reported",
        "stream_done",
    ]
    assert events[-1].completion.text == TEXT


@pytest.mark.parametrize(("shell", "run", "make"), ROWS)
def test_bare_server_sent_events_come_from_every_source(shell: Any, run: Any, make: Make) -> None:
    comments: list[str] = []

    async def body() -> list[ServerSentEvent]:
        read: Any = iter_sse if shell is ChatStream else aiter_sse
        source = make([STREAM])
        events = [event async for event in Each[ServerSentEvent](read(source, on_comment=comments.append))]
        if isinstance(source, io.IOBase):
            assert not source.closed  # it stays its owner's
            source.close()
        return events

    events = run(body)
    assert len(events) == len(PIECES) + 3
    assert events[-1] == ServerSentEvent("[DONE]")
    assert comments == ["keep-alive"]


def test_a_pipe_gives_a_piece_before_the_next_is_written() -> None:
    source, sink = os.pipe()
    seen = threading.Semaphore(0)

    def write() -> None:
        for event in [*EVENTS, STOP, DONE]:
            os.write(sink, event)
            seen.acquire(timeout=5)
        os.close(sink)

    writer = threading.Thread(target=write)
    writer.start()
    with ChatStream(os.fdopen(source, "rb")) as stream:
        pieces = []
        for event in stream:
            pieces.append(event.type)
            seen.release()
            if event.type == "choice_finished":
                seen.release()  # `[DONE]` gives no event before the end
    writer.join()
    assert pieces == [*["text_delta"] * len(PIECES), "choice_finished", "stream_done"]


def test_a_pipe_that_cannot_be_waited_for_is_a_broken_connection() -> None:
    source, sink = os.pipe()
    os.set_blocking(source, False)
    with os.fdopen(source, "rb", buffering=0) as file, os.fdopen(sink, "wb"):
        with pytest.raises(TransportError, match="non-blocking mode") as caught:
            ChatStream(file).until_done()
        assert isinstance(caught.value.__cause__, BlockingIOError)


def preloaded_urllib3(url: str) -> Any:
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url)


def preloaded_requests(url: str) -> Any:
    return requests.post(url, timeout=5)


def preloaded_httpx(url: str) -> Any:
    return httpx.post(url)


@pytest.mark.parametrize("preloaded", [preloaded_urllib3, preloaded_requests, preloaded_httpx])
def test_a_response_whose_body_was_loaded_is_read_from_memory(preloaded: Any) -> None:
    with ReplayServer(STREAM) as server:
        assert ChatStream(preloaded(server.chat_url)).until_done().text == TEXT


def test_an_async_client_with_a_loaded_body_is_read_from_memory() -> None:
    async def body() -> str:
        async with httpx.AsyncClient(verify=False) as client:
            return (await AsyncChatStream(await client.post(server.chat_url)).until_done()).text

    with ReplayServer(STREAM) as server:
        assert asyncio.run(body()) == TEXT


def test_a_urllib3_body_that_is_not_on_a_connection_is_read() -> None:
    headers = {"Content-Type": "text/event-stream"}
    response = urllib3.HTTPResponse(io.BytesIO(STREAM), headers=headers, status=200, preload_content=False)
    assert ChatStream(response).until_done().text == TEXT


class TestJavaScript:
    def test_a_refusal_is_told_by_the_status(self) -> None:
        response = javascript.Response([b'{"error":{"message":"slow down"}}'], status=429, content_type="text/plain")
        with pytest.raises(StatusError, match="HTTP 429: slow down"):
            asyncio.run(AsyncChatStream(response).until_done())

    def test_a_response_without_a_body_is_empty(self) -> None:
        with pytest.raises(ContentTypeError, match="its body is empty"):
            asyncio.run(AsyncChatStream(javascript.Response(None, status=204, content_type="")).until_done())

    def test_its_reader_is_cancelled_once(self) -> None:
        async def body(response: javascript.Response) -> None:
            async with AsyncChatStream(response) as stream:
                async for _ in stream:
                    break

        response = javascript.Response([STREAM])
        asyncio.run(body(response))
        assert response.body is not None
        assert response.body.reader.cancelled == 1


NOT_READ = "a source that is refused is not read"


class Awaitable:
    """Just enough of an async response to be rejected."""

    async def read(self) -> bytes:
        raise AssertionError(NOT_READ)


class FromArray:
    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError(NOT_READ)


def never_awaited() -> Any:
    async def send() -> None: ...

    return send()


def not_entered() -> Any:
    return httpx.Client(verify=False).stream("POST", "http://localhost")


def not_entered_async() -> Any:
    return httpx.AsyncClient(verify=False).stream("POST", "http://localhost")


ASYNC_ONLY: list[Any] = [
    httpx.Response(200, content=generate([])),
    javascript.Response([]),
    javascript.FetchResponse([]),
    javascript.Body([]),
    javascript.Reader([]),
    ReadAny([]),
    niquests.AsyncResponse(),
    Awaitable(),
    FromArray(),
]
SYNC_ONLY: list[Any] = [
    httpx.Response(200, content=iter([])),
    io.BytesIO(b""),
    urllib3.HTTPResponse(io.BytesIO(b""), preload_content=False),
    requests.Response(),
]


@pytest.mark.parametrize("source", ASYNC_ONLY, ids=lambda source: type(source).__name__)
@pytest.mark.parametrize("read", [ChatStream, iter_sse])
def test_an_async_source_is_referred_to_the_async_stream(read: Any, source: Any) -> None:
    with pytest.raises(TypeError, match=f"this {type(source).__name__} is async: use AsyncChatStream and `async for`"):
        read(source)


@pytest.mark.parametrize("source", SYNC_ONLY, ids=lambda source: type(source).__name__)
@pytest.mark.parametrize("read", [AsyncChatStream, aiter_sse])
def test_a_sync_source_is_referred_to_the_sync_stream(read: Any, source: Any) -> None:
    with pytest.raises(TypeError, match=f"this {type(source).__name__} is sync: use ChatStream and `for`"):
        read(source)


@pytest.mark.parametrize("read", [ChatStream, AsyncChatStream, iter_sse, aiter_sse])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: "data: {}", "a str is not a source: pass the response itself"),
        (lambda: {"choices": []}, "a dict is not a source: .*ChatAccumulator"),
        (lambda: None, "NoneType is not a source: pass a response of httpx"),
        (lambda: 1, "int is not a source"),
        (lambda: 1.5, "float is not a source"),
        (object, "object is not a source"),
        (lambda: Path("recording.sse"), r"PosixPath is a path: pass the open file, open\(path, 'rb'\)"),
        (lambda: httpx.Client(verify=False), r"Client is an HTTP client: .*client\.stream\(…\)"),
        (requests.Session, r"Session is an HTTP client: .*session\.post\(…, stream=True\)"),
        (Future[bytes], r"Future is a future from concurrent.futures: pass its result\(\)"),
    ],
    ids=["str", "dict", "None", "int", "float", "object", "Path", "client", "session", "Future"],
)
def test_what_is_no_source_is_refused_with_what_to_do(read: Any, make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        read(make())


def test_a_process_is_referred_to_its_output() -> None:
    with subprocess.Popen(["true"], stdout=subprocess.PIPE) as process:
        with pytest.raises(TypeError, match="this Popen is a process: pass its stdout"):
            ChatStream(process)  # type: ignore[arg-type]  # which is the mistake
        with pytest.raises(IncompleteStreamError):
            ChatStream(process.stdout).until_done()  # type: ignore[arg-type]  # which may be `None`


@pytest.mark.parametrize(
    ("read", "make", "message"),
    [
        (ChatStream, never_awaited, "this coroutine is async: use AsyncChatStream"),
        (iter_sse, never_awaited, "this coroutine is async: use AsyncChatStream"),
        (aiter_sse, never_awaited, "this coroutine was not awaited: pass its result"),
        (AsyncChatStream, not_entered, "this _GeneratorContextManager is sync: use ChatStream"),
        (aiter_sse, not_entered, "this _GeneratorContextManager is sync: use ChatStream"),
        (iter_sse, not_entered, "that was not entered: pass the response from `with … as response`"),
        (ChatStream, not_entered_async, "this _AsyncGeneratorContextManager is async: use AsyncChatStream"),
        (iter_sse, not_entered_async, "this _AsyncGeneratorContextManager is async: use AsyncChatStream"),
        (aiter_sse, not_entered_async, "that was not entered: pass the response from `async with … as response`"),
    ],
)
def test_what_is_no_response_yet_is_refused_where_nobody_would_leave_it_or_can_enter_it(
    read: Any, make: Callable[[], Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        read(make())


def test_a_file_open_as_text_is_refused() -> None:
    with pytest.raises(TypeError, match="open it with mode 'rb'"):
        ChatStream(io.StringIO("data: {}\n\n"))  # type: ignore[arg-type]  # which is the mistake


def test_a_response_that_was_read_piece_by_piece_is_refused() -> None:
    response = httpx.Response(200, content=iter([STREAM]))
    list(response.iter_bytes())
    with pytest.raises(ValueError, match="has already been read"):
        ChatStream(response)


def test_a_response_that_was_closed_is_refused() -> None:
    response = httpx.Response(200, content=iter([STREAM]))
    response.close()
    with pytest.raises(ValueError, match="has already been closed: wrap it before it is read, inside"):
        ChatStream(response)


class TestIterablesThatGiveNoBytes:
    @pytest.mark.parametrize("piece", ["data: {}", None, 7, ["data"]], ids=repr)
    @pytest.mark.parametrize(("shell", "run"), [(ChatStream, run_without_loop), (AsyncChatStream, run_in_asyncio)])
    @pytest.mark.parametrize("make", [list, iter, lambda pieces: (piece for piece in pieces)])
    def test_are_the_callers_mistake(self, shell: Any, run: Any, make: Any, piece: Any) -> None:
        async def body() -> None:
            stream = shell(make([text("a"), piece]))
            try:
                async for _ in Each(stream):
                    pass
            finally:
                assert (stream.completion.text, stream.ending) == ("a", "closed")

        with pytest.raises(TypeError, match=f"yielded {'None' if piece is None else type(piece).__name__}, not bytes"):
            run(body)

    @pytest.mark.parametrize("piece", ["data: {}", None])
    def test_are_the_callers_mistake_for_bare_events_too(self, piece: Any) -> None:
        async def body() -> None:
            async for _ in aiter_sse(generate([piece])):
                pass

        with pytest.raises(TypeError, match="not bytes"):
            list(iter_sse([piece]))
        with pytest.raises(TypeError, match="not bytes"):
            asyncio.run(body())


class Mistaken:
    """A source whose read raises, at once or after one piece."""

    def __init__(self, mistake: Exception, *pieces: bytes) -> None:
        self._mistake = mistake
        self._pieces = iter(pieces)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise self._mistake


class AsyncMistaken(Mistaken):
    __iter__: Any = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return self.__next__()


@pytest.mark.parametrize("mistake", [TypeError("takes 1 argument"), AttributeError("no attribute 'read'")], ids=repr)
class TestWhatASourceRaisesOfItsOwnMaking:
    @pytest.mark.parametrize(
        ("shell", "source", "run"),
        [
            pytest.param(ChatStream, Mistaken, run_without_loop, id="sync"),
            pytest.param(AsyncChatStream, AsyncMistaken, run_in_asyncio, id="asyncio"),
            pytest.param(AsyncChatStream, AsyncMistaken, run_in_trio, id="trio"),
        ],
    )
    def test_before_its_first_byte_is_the_callers_mistake(
        self, shell: Any, source: Any, run: Any, mistake: Exception
    ) -> None:
        async def body(*pieces: bytes) -> None:
            stream = shell(source(mistake, *pieces))
            try:
                async for _ in Each(stream):
                    pass
            finally:
                assert stream.ending == ("transport_error" if pieces[-1:] == (EVENTS[0],) else "closed")

        for pieces in ((), (b"",)):
            with pytest.raises(type(mistake)) as caught:
                run(lambda pieces=pieces: body(*pieces))
            assert caught.value is mistake
        with pytest.raises(TransportError, match=str(mistake)):
            run(lambda: body(EVENTS[0]))

    def test_of_bare_events_likewise(self, mistake: Exception) -> None:
        async def read(source: Any) -> None:
            async for _ in aiter_sse(source):
                pass

        for pieces, error in (((), type(mistake)), ((b"",), type(mistake)), ((b"data", b""), TransportError)):
            with pytest.raises(error):
                list(iter_sse(Mistaken(mistake, *pieces)))
            with pytest.raises(error):
                asyncio.run(read(AsyncMistaken(mistake, *pieces)))


@pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])
def test_bare_events_are_read_on_after_a_read_was_cancelled(run: Any) -> None:
    class Hesitant(Items):
        """Wait once; a cancellation then loses no data, as with the body of an aiohttp response."""

        has_waited = False

        async def __anext__(self) -> bytes:
            if not self.has_waited:
                self.has_waited = True
                await anyio.sleep_forever()
            return await super().__anext__()

    async def body() -> list[str]:
        events = aiter_sse(Hesitant([b"data: a\n\n", b"data: b\n\n"]))
        with anyio.move_on_after(0) as scope:
            await anext(events)
        assert scope.cancelled_caught
        return [event.data async for event in events]

    assert run(body) == ["a", "b"]


class TestAGeneratorThatFails:
    @pytest.mark.parametrize("failure", [ValueError("no"), http.client.IncompleteRead(b""), OSError()], ids=repr)
    def test_is_a_broken_connection_with_what_had_come(self, failure: Exception) -> None:
        def pieces() -> Iterator[bytes]:
            yield text("a")
            raise failure

        with pytest.raises(TransportError) as caught:
            ChatStream(pieces()).until_done()
        assert caught.value.__cause__ is failure
        assert caught.value.completion is not None
        assert caught.value.completion.text == "a"
        with pytest.raises(TransportError):
            list(iter_sse(pieces()))

    def test_with_an_error_of_a_stream_below_is_that_error(self) -> None:
        def pieces() -> Iterator[bytes]:
            for chunk in ChatStream([text("a")]).iter_chunks():
                yield text(chunk.choices[0].delta.content or "")

        with pytest.raises(IncompleteStreamError, match="ended early") as caught:
            ChatStream(pieces()).until_done()
        assert caught.value.__cause__ is None


def test_a_stream_of_a_stream_ends_with_its_completion() -> None:
    last = list(ChatStream([STREAM]))[-1]
    assert isinstance(last, StreamDone)
