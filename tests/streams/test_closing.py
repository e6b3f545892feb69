"""The response is closed exactly once, on every exit, and its connection is reused if possible."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import httpx
import httpx2
import pytest
import trio

from sse_stream import (
    AsyncChatStream,
    ChatStream,
    IncompleteStreamError,
    SSEStreamError,
    StreamTimeoutError,
    Timeouts,
)
from sse_stream._streams import _clocks
from sse_stream.testing import ReplayServer, Reply, Stall

from .bodies import DONE, EVENTS, STOP, STREAM, TEXT, UNDONE, text
from .clients import Client, Each, clients, entered, run_in_asyncio, run_in_trio, run_without_loop, settled
from .server import END, HEAD, Peer, ScriptedServer, chunk


class Source:
    """Gives these pieces, then waits or fails; counts how often it is closed."""

    def __init__(self, pieces: list[bytes], failure: BaseException | None = None) -> None:
        self._pieces = iter(pieces)
        self._failure = failure
        self.closed = 0

    def next(self) -> bytes | None:
        piece = next(self._pieces, None)
        if piece is None and self._failure is not None:
            raise self._failure
        return piece


class SyncSource(Source):
    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self.next()
        if piece is None:
            raise StopIteration
        return piece

    def close(self) -> None:
        self.closed += 1


class AsyncSource(Source):
    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = self.next()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self.closed += 1


class Waiting(AsyncSource):
    """Waits for ever after its pieces."""

    async def __anext__(self) -> bytes:
        piece = self.next()
        if piece is None:
            await anyio.sleep_forever()
        assert piece is not None
        return piece

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()  # which a cancelled task could not do
        self.closed += 1


SHELLS = pytest.mark.parametrize(
    ("shell", "source", "run"),
    [
        pytest.param(ChatStream, SyncSource, run_without_loop, id="sync"),
        pytest.param(AsyncChatStream, AsyncSource, run_in_asyncio, id="asyncio"),
        pytest.param(AsyncChatStream, AsyncSource, run_in_trio, id="trio"),
    ],
)
LOOPS = pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])


@SHELLS
class TestItIsClosedOnce:
    def test_at_the_end(self, shell: Any, source: Any, run: Any) -> None:
        async def body() -> None:
            stream = shell(pieces)
            async for event in Each[Any](stream):
                # Who stops at the last event has given the connection back.
                assert pieces.closed == (event.type == "stream_done")
            await settled(stream.close() if shell is ChatStream else stream.aclose())
            assert stream.ending == "complete"

        pieces = source([STREAM])
        run(body)
        assert pieces.closed == 1

    @pytest.mark.parametrize(
        "make",
        [
            lambda source: source([UNDONE]),
            lambda source: source([b"data: <html>\n\n"]),
            lambda source: source([EVENTS[0]], OSError("broken")),
            lambda source: source([EVENTS[0]], KeyboardInterrupt()),
            lambda source: source(["no bytes"]),
        ],
        ids=["truncated", "invalid", "broken", "interrupted", "no bytes"],
    )
    def test_at_a_failure(self, shell: Any, source: Any, run: Any, make: Any) -> None:
        async def body() -> None:
            stream = shell(pieces)
            with suppress(Exception, KeyboardInterrupt):
                await settled(stream.until_done())
            assert pieces.closed == 1
            await settled(stream.close() if shell is ChatStream else stream.aclose())
            assert stream.ending != "open"

        pieces = make(source)
        run(body)
        assert pieces.closed == 1

    @pytest.mark.parametrize(
        "read", [lambda stream: stream, lambda stream: stream.iter_text(), lambda s: s.iter_chunks()]
    )
    def test_when_the_caller_leaves_the_loop_inside_with(self, shell: Any, source: Any, run: Any, read: Any) -> None:
        async def body() -> None:
            async with entered(shell(pieces)) as stream:
                async for _ in Each(read(stream)):
                    break
                assert pieces.closed == 0
            assert stream.ending == "closed"

        pieces = source([UNDONE, STOP])
        run(body)
        assert pieces.closed == 1

    def test_when_the_caller_fails_inside_with(self, shell: Any, source: Any, run: Any) -> None:
        async def body() -> None:
            async with entered(shell(pieces)) as stream:
                async for _ in Each(stream):
                    raise LookupError

        pieces = source([UNDONE])
        with pytest.raises(LookupError):
            run(body)
        assert pieces.closed == 1

    def test_and_what_cannot_be_closed_is_no_error(self, shell: Any, source: Any, run: Any) -> None:
        class Broken(source):  # type: ignore[misc]  # which of the two, the row says
            def close(self) -> None:
                self.closed += 1
                raise OSError

            async def aclose(self) -> None:
                self.close()

        if shell is ChatStream:
            del Broken.aclose

        async def body() -> None:
            await settled(shell(pieces).until_done())

        pieces = Broken([STREAM])
        run(body)
        assert pieces.closed == 1


class TestWhileReading:
    """A loop whose body closes the stream gets no more of it, although more of the last read could be given."""

    READ = text("a") + text("b") + text("c")

    def test_a_sync_stream(self) -> None:
        source = SyncSource([self.READ, UNDONE])
        stream = ChatStream(source)
        seen = []
        with pytest.raises(SSEStreamError, match="closed before it was done"):
            for said in stream.iter_text():
                seen.append(said)
                stream.close()
        assert (seen, stream.completion.text, stream.ending, source.closed) == (["a"], "a", "closed", 1)

    @LOOPS
    def test_an_async_stream(self, run: Any) -> None:
        async def body() -> None:
            stream = AsyncChatStream(AsyncSource([self.READ, UNDONE]))
            seen = []
            with pytest.raises(SSEStreamError, match="closed before it was done"):
                async for said in stream.iter_text():
                    seen.append(said)
                    await stream.aclose()
            assert (seen, stream.completion.text, stream.ending) == (["a"], "a", "closed")

        run(body)


class TestDropped:
    def test_a_sync_stream_is_closed(self) -> None:
        source = SyncSource([UNDONE])
        for _ in ChatStream(source):
            break
        assert source.closed == 1

    def test_a_sync_stream_is_closed_when_its_iterator_goes(self) -> None:
        source = SyncSource([UNDONE])
        texts = ChatStream(source).iter_text()
        next(texts)
        assert source.closed == 0
        del texts
        assert source.closed == 1

    @LOOPS
    def test_an_async_stream_warns(self, run: Any) -> None:
        async def body() -> None:
            stream = AsyncChatStream(AsyncSource([UNDONE]))
            async for _ in stream:
                break
            with pytest.warns(ResourceWarning, match="<AsyncChatStream open> was not closed.*use `async with`"):
                del stream
                gc.collect()

        run(body)

    def test_an_async_stream_that_was_read_to_its_end_does_not_warn(self) -> None:
        async def body() -> None:
            await AsyncChatStream(AsyncSource([STREAM])).until_done()
            gc.collect()

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run_in_asyncio(body)
        assert caught == []

    def test_a_stream_that_was_never_made_has_nothing_to_close(self) -> None:
        source = AsyncSource([])
        with pytest.raises(ValueError, match="on_truncated"):
            AsyncChatStream(source, on_truncated="no")  # type: ignore[arg-type]  # which is the mistake
        assert source.closed == 0

    def test_a_coroutine_that_is_dropped_in_the_middle_of_a_read_is_left_in_peace(self) -> None:
        class Suspended:
            def __await__(self) -> Generator[None, None, None]:
                yield

        async def pieces() -> AsyncIterator[bytes]:
            yield EVENTS[0]
            await Suspended()

        async def read(stream: AsyncChatStream) -> None:
            async for _ in stream:
                pass

        stream = AsyncChatStream(pieces())
        reading = read(stream)
        reading.send(None)
        reading.close()  # awaiting anything now would be a RuntimeError
        with pytest.warns(ResourceWarning, match="was not closed"):
            del stream, reading
            gc.collect()


class TestCancelled:
    def test_in_the_middle_of_a_read_under_asyncio(self) -> None:
        async def body() -> None:
            source = Waiting([EVENTS[0]])
            stream = AsyncChatStream(source)
            seen = asyncio.Event()

            async def read() -> None:
                async for _ in stream:
                    seen.set()

            task = asyncio.create_task(read())
            await seen.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (source.closed, stream.ending, stream.completion.text) == (1, "closed", "Grüße")

        asyncio.run(body())

    @LOOPS
    def test_in_the_middle_of_a_read_by_a_scope(self, run: Any) -> None:
        async def body() -> None:
            source = Waiting([EVENTS[0]])
            stream = AsyncChatStream(source)
            with anyio.CancelScope() as scope:
                async for _ in stream:
                    scope.cancel()  # which anyio repeats at each await, on asyncio too
            assert scope.cancelled_caught
            assert (source.closed, stream.ending) == (1, "closed")

        run(body)

    @LOOPS
    def test_while_others_have_their_turn_closes_too(self, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sse_stream._streams._reads.TURN", -1.0)

        async def body() -> None:
            source = AsyncSource([EVENTS[0]])
            stream = AsyncChatStream(source)
            with anyio.CancelScope() as scope:
                scope.cancel()
                await anext(stream)
            assert (source.closed, stream.ending) == (1, "closed")

        run(body)

    def test_with_no_anyio_anywhere_under_asyncio(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(__import__("sys").modules, "anyio")
        monkeypatch.delitem(__import__("sys").modules, "trio")

        async def body() -> None:
            source = AsyncSource([STREAM])
            await AsyncChatStream(source).until_done()
            assert source.closed == 1

        asyncio.run(body())

    @LOOPS
    def test_a_source_whose_closing_never_ends_is_left_after_a_while(
        self, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sse_stream._streams._async_owner.CLOSING_SECONDS", 0.01)

        class Stuck(AsyncSource):
            async def aclose(self) -> None:
                self.closed += 1
                await anyio.sleep_forever()

        async def body() -> None:
            source = Stuck([STREAM])
            assert (await AsyncChatStream(source).until_done()).text == TEXT
            assert source.closed == 1

        run(body)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer after `[DONE]`: a machine that does other things too may hold a server up for 30 ms."""
    assert 0.005 < _clocks.DRAIN_SECONDS < 0.05
    monkeypatch.setattr("sse_stream._streams._clocks.DRAIN_SECONDS", 2.0)


@clients(lambda client: client.keeps_connections)
class TestTheConnection:
    @pytest.mark.parametrize("late", [0, 0.005], ids=["at once", "5 ms late"])
    def test_is_used_for_ten_calls(self, client: Client, late: float, patience: None) -> None:
        def script(peer: Peer) -> None:
            while True:
                peer.write(HEAD + chunk(STREAM))
                time.sleep(late)
                peer.write(END)
                if not peer.has_another_request():
                    break

        async def body() -> None:
            async with client.posting() as post:
                for _ in range(10):
                    async with post(server.chat_url) as response, entered(client.shell(response)) as stream:
                        assert (await settled(stream.until_done())).text == TEXT

        with ScriptedServer(script) as server:
            client.run(body)
            assert server.connections == 1

    def test_is_free_when_the_last_event_has_come(self, client: Client, patience: None) -> None:
        def script(peer: Peer) -> None:
            peer.write(HEAD + chunk(STREAM) + END)
            while peer.has_another_request():
                peer.write(HEAD + chunk(STREAM) + END)

        async def body() -> None:
            async with client.posting() as post:
                for _ in range(3):
                    async with post(server.chat_url) as response:
                        async for event in Each[Any](client.shell(response)):
                            if event.type == "stream_done":
                                break

        with ScriptedServer(script) as server:
            client.run(body)
            assert server.connections == 1

    def test_is_given_up_soon_where_the_body_never_ends(self, client: Client) -> None:
        async def body() -> list[float]:
            delays = []
            async with client.posting() as post:
                for _ in range(5):
                    async with post(server.chat_url) as response, entered(client.shell(response)) as stream:
                        async for event in Each[Any](stream):
                            if event.type == "usage_reported":
                                began = time.perf_counter()
                        delays.append(time.perf_counter() - began)
            return delays

        with ReplayServer(STREAM, fault=Stall()) as server:
            delays = client.run(body)
            assert server.wait_for_disconnect(count=5)
            assert server.connections == 5
        assert min(delays) < 0.05, delays  # the least: other work on this machine is not the stream's

    def test_is_not_waited_for_where_it_would_be_closed_anyway(self, client: Client) -> None:
        async def body() -> float:
            async with client.streaming(server.chat_url) as stream:
                async for event in Each[Any](stream):
                    if event.type == "usage_reported":
                        began = time.perf_counter()
                return time.perf_counter() - began

        with ReplayServer(STREAM, fault=Stall(), headers={"Connection": "close"}) as server:
            assert min(client.run(body) for _ in range(3)) < 0.025

    def test_is_not_read_for_ever_where_the_server_goes_on(self, client: Client) -> None:
        def script(peer: Peer) -> None:
            peer.write(HEAD + chunk(STREAM))
            while True:
                peer.write(chunk(b": more\n\n" * 100))

        async def body() -> Any:
            async with client.streaming(server.chat_url) as stream:
                return (await settled(stream.until_done())).text

        with ScriptedServer(script) as server:
            assert client.run(body) == TEXT

    def test_survives_what_comes_late_after_done(self, client: Client, patience: None) -> None:
        def script(peer: Peer) -> None:
            peer.write(HEAD + chunk(UNDONE + STOP + DONE))
            peer.write(chunk(b'data: {"choices":[],"usage":{"total_tokens":9}}\n\n') + END)
            while peer.has_another_request():
                peer.write(HEAD + chunk(STREAM) + END)

        async def body() -> Any:
            async with client.posting() as post:
                async with post(server.chat_url) as response, entered(client.shell(response)) as stream:
                    first = await settled(stream.until_done())
                async with post(server.chat_url) as response, entered(client.shell(response)) as stream:
                    await settled(stream.until_done())
            return first.usage

        with ScriptedServer(script) as server:
            assert client.run(body).total_tokens == 9
            assert server.connections == 1


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
class TestAPoolOfOneConnection:
    def test_is_free_after_break_in_sync_code_without_with(self, library: Any) -> None:
        limits = library.Limits(max_connections=1)
        timeout = library.Timeout(5, pool=1)
        with ReplayServer(STREAM) as server, library.Client(limits=limits, timeout=timeout, verify=False) as client:
            for _ in range(3):
                request = client.build_request("POST", server.chat_url)
                for _ in ChatStream(client.send(request, stream=True)):
                    break
            assert client.post(server.chat_url).status_code == 200

    @LOOPS
    def test_is_free_after_break_in_async_code_within_with(self, library: Any, run: Any) -> None:
        async def body() -> None:
            limits = library.Limits(max_connections=1)
            async with library.AsyncClient(limits=limits, timeout=library.Timeout(5, pool=1), verify=False) as client:
                for _ in range(3):
                    request = client.build_request("POST", server.chat_url)
                    async with AsyncChatStream(await client.send(request, stream=True)) as stream:
                        async for _ in stream:
                            break
                assert (await client.post(server.chat_url)).status_code == 200

        with ReplayServer(STREAM) as server:
            run(body)


class TestTheConnectionOfHttpClient:
    def test_is_used_for_ten_calls(self, patience: None) -> None:
        with ReplayServer(STREAM) as server:
            with closing(HTTPConnection(urlsplit(server.url).netloc, timeout=5)) as connection:
                for _ in range(10):
                    connection.request("POST", urlsplit(server.chat_url).path)
                    assert ChatStream(connection.getresponse()).until_done().text == TEXT
            assert server.connections == 1

    def test_is_shut_down_where_the_body_never_ends(self) -> None:
        with ReplayServer(STREAM, fault=Stall()) as server:
            with closing(HTTPConnection(urlsplit(server.url).netloc, timeout=5)) as connection:
                connection.request("POST", urlsplit(server.chat_url).path)
                assert ChatStream(connection.getresponse()).until_done().text == TEXT
                assert server.wait_for_disconnect()


def test_under_trio_a_body_without_end_is_left_all_the_same() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield EVENTS[0]

    async def body() -> None:
        response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=pieces())
        async with AsyncChatStream(response) as stream:
            async for _ in stream:
                break
        assert response.is_closed

    with warnings.catch_warnings():
        # Nobody but the collector can end the generators inside httpx's own here.
        warnings.simplefilter("ignore", ResourceWarning)
        trio.run(body)
        gc.collect()


class TestTheDrainOfHttpx:
    def test_needs_no_threads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def start(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with ReplayServer(STREAM, fault=Stall()) as server, httpx.Client(verify=False) as client:
            with client.stream("POST", server.chat_url) as response:
                monkeypatch.setattr(threading.Thread, "start", start)  # as under Pyodide
                assert ChatStream(response).until_done().text == TEXT
                monkeypatch.undo()
            assert server.wait_for_disconnect()

    def test_leaves_no_thread(self) -> None:
        before = threading.active_count()
        with httpx.Client(verify=False) as client:
            with ReplayServer(STREAM, fault=Stall()) as server:
                for _ in range(5):
                    with client.stream("POST", server.chat_url) as response:
                        ChatStream(response).until_done()
                assert threading.active_count() == before + 1  # the server's
                assert server.connections == 5

    def test_is_no_matter_of_http_2(self) -> None:
        class Endless(httpx.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                yield STREAM
                raise AssertionError("read on")

        response = httpx.Response(
            200, headers={"Content-Type": "text/event-stream"}, stream=Endless(), extensions={"http_version": b"HTTP/2"}
        )
        assert ChatStream(response).until_done().text == TEXT


def test_a_stream_that_a_deadline_ended_gives_the_connection_back() -> None:
    async def body() -> None:
        async with httpx.AsyncClient(verify=False) as client, client.stream("POST", server.chat_url) as response:
            with pytest.raises(StreamTimeoutError):
                await AsyncChatStream(response, timeouts=Timeouts(idle=0.05)).until_done()
            assert server.wait_for_disconnect()

    with ReplayServer(script=[Reply(UNDONE, fault=Stall())]) as server:
        asyncio.run(body())


def test_an_error_in_an_async_generator_is_its_own_end() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield text("a")

    async def body() -> None:
        with pytest.raises(IncompleteStreamError):
            await AsyncChatStream(pieces()).until_done()

    asyncio.run(body())
    trio.run(body)
