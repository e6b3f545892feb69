"""Closing a stream from elsewhere ends a read in progress at once, with an error that says why."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel
import httpx
import httpx2
import niquests
import pytest
import trio

from sse_stream import AsyncChatStream, ChatStream, SSEStreamError, StreamTimeoutError, Timeouts, aiter_sse
from sse_stream.testing import ReplayServer, Stall

from .bodies import EVENTS, PIECES, STREAM, TEXT, UNDONE
from .clients import Client, clients, run_in_asyncio, run_in_trio
from .http2 import HTTP2Server

LOOPS = pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])

CLOSED = "the stream was closed before it was done"


@pytest.fixture(autouse=True)
def no_end_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends only because nobody waits for it any longer does not end here."""
    for module in ("_reads", "_async_owner", "_sync_owner"):
        monkeypatch.setattr(f"sse_stream._streams.{module}.CLOSING_SECONDS", 60.0)


Reading: TypeAlias = list[Any]
"""What a task or a thread has read, and at last the exception that has ended it."""


async def read(stream: Any, seen: Reading) -> None:
    try:
        async for text in stream.iter_text():
            seen.append(text)
    except SSEStreamError as error:
        seen.append(error)


async def in_the_middle_of_a_read(tasks: Any, stream: Any, seen: Reading, count: int = len(PIECES)) -> None:
    """Start a task that reads until nothing more comes, and wait until it is blocked."""
    tasks.start_soon(read, stream, seen)
    while len(seen) < count:
        await anyio.lowlevel.checkpoint()
    await anyio.wait_all_tasks_blocked()


def assert_closed(stream: Any, seen: Reading) -> None:
    *texts, error = seen
    assert "".join(texts) == TEXT
    assert type(error) is SSEStreamError
    assert str(error) == CLOSED
    assert error.completion is not None
    assert (error.completion.text, stream.ending) == (TEXT, "closed")


async def closed_by_another_task(stream: AsyncChatStream) -> None:
    seen: Reading = []
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            await in_the_middle_of_a_read(tasks, stream, seen)
            await stream.aclose()
            await stream.aclose()
    assert_closed(stream, seen)


@clients(lambda client: client.is_async)
@pytest.mark.parametrize("options", [{}, {"timeouts": Timeouts(idle=60)}], ids=["plain", "with deadlines"])
class TestOverHTTP1:
    def test_aclose_from_another_task(self, client: Client, options: Any) -> None:
        async def body() -> None:
            async with client.streaming(server.chat_url, **options) as stream:
                await closed_by_another_task(stream)

        with ReplayServer(UNDONE, fault=Stall()) as server:
            client.run(body)
            assert server.wait_for_disconnect()

    def test_aclose_from_another_task_where_the_stream_has_opened_the_request(
        self, client: Client, options: Any
    ) -> None:
        async def body() -> None:
            session: Any = client.session(5)
            async with session as post, AsyncChatStream(post(server.chat_url), **options) as stream:
                await closed_by_another_task(stream)

        with ReplayServer(UNDONE, fault=Stall()) as server:
            client.run(body)
            assert server.wait_for_disconnect()


Open: TypeAlias = Callable[[str], AbstractAsyncContextManager[Any]]


def over_httpx(library: Any) -> Callable[[], AbstractAsyncContextManager[Open]]:
    @asynccontextmanager
    async def session() -> AsyncIterator[Open]:
        async with library.AsyncClient(http1=False, http2=True, verify=False) as client:
            yield lambda url: client.stream("POST", url)

    return session


@asynccontextmanager
async def over_niquests() -> AsyncIterator[Open]:
    async with niquests.AsyncSession(disable_http1=True) as client:
        client.trust_env = False

        @asynccontextmanager
        async def post(url: str) -> AsyncIterator[Any]:
            yield await client.post(url, stream=True)

        yield post


HTTP2 = [
    pytest.param(over_httpx(httpx), run_in_asyncio, id="httpx-asyncio"),
    pytest.param(over_httpx(httpx), run_in_trio, id="httpx-trio"),
    pytest.param(over_httpx(httpx2), run_in_asyncio, id="httpx2-asyncio"),
    pytest.param(over_httpx(httpx2), run_in_trio, id="httpx2-trio"),
    pytest.param(over_niquests, run_in_asyncio, id="niquests-asyncio"),
]


@pytest.mark.parametrize(("session", "run"), HTTP2)
class TestOverHTTP2:
    def test_aclose_from_another_task_ends_that_stream_and_no_other(self, session: Any, run: Any) -> None:
        async def body() -> None:
            async with session() as post:
                async with post(server.chat_url) as response:
                    await closed_by_another_task(AsyncChatStream(response))
                async with post(server.chat_url) as response, AsyncChatStream(response, on_truncated="return") as again:
                    assert (await again.until_done()).text == TEXT

        with HTTP2Server(UNDONE) as server:
            run(body)
            assert server.requests == 2
            assert server.connections == 1 or session is over_niquests  # which gives up the connection of a closed one


@pytest.mark.parametrize(("session", "run"), HTTP2)
def test_over_http2_a_stream_that_has_opened_its_request_is_closed_from_another_task(session: Any, run: Any) -> None:
    async def body() -> None:
        async with session() as post:
            async with AsyncChatStream(post(server.chat_url)) as stream:
                await closed_by_another_task(stream)
            async with AsyncChatStream(post(server.chat_url), on_truncated="return") as again:
                assert (await again.until_done()).text == TEXT

    with HTTP2Server(UNDONE) as server:
        run(body)
        assert server.requests == 2


class Waiting:
    """Gives these pieces, then waits for ever, or for what closing it does."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = iter(pieces)
        self.is_read = False
        self.closed_while_read: list[bool] = []

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        self.is_read = True
        try:
            await self.wait()
        finally:
            self.is_read = False
        raise StopAsyncIteration

    async def wait(self) -> None:
        await anyio.sleep_forever()

    async def aclose(self) -> None:
        self.closed_while_read.append(self.is_read)


def trio_shield(run: Any) -> AbstractContextManager[Any]:
    """Under trio, a scope that nobody outside of it can cancel."""
    return trio.CancelScope(shield=True) if run is run_in_trio else nullcontext()


async def generate(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    await anyio.sleep_forever()


@LOOPS
class TestPlainIterables:
    def test_an_iterator_is_closed_once_when_its_read_has_ended(self, run: Any) -> None:
        source = Waiting(UNDONE)
        run(lambda: closed_by_another_task(AsyncChatStream(source)))
        assert source.closed_while_read == [False]

    def test_a_generator(self, run: Any) -> None:
        run(lambda: closed_by_another_task(AsyncChatStream(generate(UNDONE))))

    def test_one_that_will_not_be_cancelled_is_closed_after_a_while(
        self, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sse_stream._streams._reads.CLOSING_SECONDS", 0.01)

        class Stubborn(Waiting):
            async def wait(self) -> None:
                while not woken.is_set():
                    with suppress(asyncio.CancelledError), trio_shield(run):
                        await woken.wait()

            async def aclose(self) -> None:
                await super().aclose()
                woken.set()

        async def body() -> None:
            await closed_by_another_task(AsyncChatStream(source))

        woken = anyio.Event()
        source = Stubborn(UNDONE)
        run(body)
        assert source.closed_while_read == [True]

    def test_one_that_answers_a_cancellation_with_bytes_has_them_dropped(self, run: Any) -> None:
        class Answering(Waiting):
            async def __anext__(self) -> bytes:
                with suppress(BaseException):
                    return await super().__anext__()
                return EVENTS[0]

        run(lambda: closed_by_another_task(AsyncChatStream(Answering(UNDONE))))

    def test_one_that_answers_a_cancellation_with_an_error_is_closed(self, run: Any) -> None:
        class Failing(Waiting):
            async def wait(self) -> None:
                try:
                    await super().wait()
                finally:
                    raise OSError("cancelled")

        run(lambda: closed_by_another_task(AsyncChatStream(Failing(UNDONE))))

    def test_the_task_goes_on_as_if_it_had_never_been_cancelled(self, run: Any) -> None:
        async def body() -> None:
            async def read_and_go_on() -> None:
                with anyio.move_on_after(5) as scope:
                    await read(stream, seen)
                    await anyio.lowlevel.checkpoint()
                    if run is run_in_asyncio:
                        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]  # it is this one
                    went_on.set()
                assert not scope.cancelled_caught

            stream = AsyncChatStream(Waiting(UNDONE))
            went_on = anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read_and_go_on)
                await anyio.wait_all_tasks_blocked()
                await stream.aclose()
                await went_on.wait()
            assert_closed(stream, seen)

        seen: Reading = []
        run(body)

    def test_while_the_rest_is_awaited_after_done_what_was_complete_stays_so(
        self, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sse_stream._streams._clocks.DRAIN_SECONDS", 60.0)

        async def body() -> None:
            stream = AsyncChatStream(Waiting(STREAM))
            seen: Reading = []
            async with anyio.create_task_group() as tasks:
                await in_the_middle_of_a_read(tasks, stream, seen)
                await stream.aclose()
            assert ("".join(seen), stream.ending) == (TEXT, "complete")
            assert (await stream.until_done()).text == TEXT

        run(body)

    def test_while_others_have_their_turn(self, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sse_stream._streams._reads.TURN", -1.0)

        async def body() -> None:
            async def close() -> None:
                await stream.aclose()

            stream = AsyncChatStream(Waiting(UNDONE))
            seen: Reading = []
            async with anyio.create_task_group() as tasks:
                # Both begin in the same turn, so that one closes while the other lets it run.
                tasks.start_soon(read, stream, seen)
                tasks.start_soon(close)
            assert str(seen[-1]).startswith(CLOSED)
            assert stream.ending == "closed"

        run(body)


class TestARealCancellation:
    """It is not swallowed, whichever comes first."""

    @pytest.mark.parametrize("first", ["cancel", "aclose"])
    def test_that_comes_in_the_same_moment_under_asyncio(self, first: str) -> None:
        async def body() -> None:
            stream = AsyncChatStream(Waiting(UNDONE))
            seen: Reading = []
            task = asyncio.create_task(read(stream, seen))
            await anyio.wait_all_tasks_blocked()
            if first == "cancel":
                task.cancel()
            closing = asyncio.create_task(stream.aclose())
            await asyncio.sleep(0)
            if first == "aclose":
                task.cancel()
            await closing
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (task.cancelling(), stream.ending) == (1, "closed")

        asyncio.run(body())

    @LOOPS
    @pytest.mark.parametrize("first", ["cancel", "aclose"])
    def test_of_a_scope(self, run: Any, first: str) -> None:
        async def body() -> None:
            async def read_in_scope() -> None:
                with scope:
                    await read(stream, seen)

            stream = AsyncChatStream(Waiting(UNDONE))
            scope = anyio.CancelScope()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read_in_scope)
                await anyio.wait_all_tasks_blocked()
                if first == "cancel":
                    scope.cancel()
                tasks.start_soon(stream.aclose)
                if first == "aclose":
                    scope.cancel()
            assert scope.cancelled_caught
            assert "".join(seen) == TEXT  # and no error: the cancellation has gone through
            assert stream.ending == "closed"

        seen: Reading = []
        run(body)

    def test_from_before_is_none_of_now(self) -> None:
        """A task that was cancelled, and reads on while it cleans up."""

        async def body() -> None:
            async def read_while_cleaning_up() -> None:
                try:
                    await anyio.sleep_forever()
                finally:
                    await read(stream, seen)

            stream = AsyncChatStream(Waiting(UNDONE))
            task = asyncio.create_task(read_while_cleaning_up())
            await anyio.wait_all_tasks_blocked()
            task.cancel()
            await anyio.wait_all_tasks_blocked()
            await stream.aclose()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert_closed(stream, seen)

        seen: Reading = []
        asyncio.run(body())

    def test_that_comes_with_a_deadline_is_the_one_that_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def body() -> None:
            stream = AsyncChatStream(Waiting(UNDONE), timeouts=Timeouts(idle=60))
            seen: Reading = []
            task = asyncio.create_task(read(stream, seen))
            await anyio.wait_all_tasks_blocked()
            loop = asyncio.get_running_loop()
            loop.call_later(60, task.cancel)
            now = loop.time() + 61  # when the loop looks again, both are due
            monkeypatch.setattr(loop, "time", lambda: now)
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (task.cancelling(), stream.ending) == (1, "closed")

        asyncio.run(body())

    def test_is_none_when_a_deadline_has_passed(self) -> None:
        async def body() -> None:
            stream = AsyncChatStream(Waiting(UNDONE), timeouts=Timeouts(idle=0.001))
            with pytest.raises(StreamTimeoutError):
                await stream.until_done()
            task = asyncio.current_task()
            assert task is not None
            assert (task.cancelling(), stream.ending) == (0, "timeout")

        asyncio.run(body())

    @LOOPS
    def test_of_the_task_that_closes_ends_its_closing_and_leaves_nothing_open(self, run: Any) -> None:
        async def body() -> None:
            stream = AsyncChatStream(source)
            seen: Reading = []
            with anyio.fail_after(5):
                async with anyio.create_task_group() as tasks:
                    await in_the_middle_of_a_read(tasks, stream, seen)
                    with anyio.CancelScope() as scope:
                        scope.cancel()
                        await stream.aclose()
            assert_closed(stream, seen)

        source = Waiting(UNDONE)
        run(body)
        assert source.closed_while_read == [False]

    def test_of_the_task_that_closes_where_there_is_no_anyio(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def body() -> None:
            stream = AsyncChatStream(source)
            seen: Reading = []
            task = asyncio.create_task(read(stream, seen))
            await anyio.wait_all_tasks_blocked()
            assert source.is_read
            monkeypatch.delitem(sys.modules, "anyio")
            closing = asyncio.create_task(stream.aclose())
            await asyncio.sleep(0)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing
            await task
            assert_closed(stream, seen)

        source = Waiting(UNDONE)
        asyncio.run(body())
        assert source.closed_while_read == [False]


@LOOPS
class TestTwoTasks:
    @pytest.mark.parametrize("call", [anext, lambda s: s.until_done(), lambda s: anext(s.iter_chunks())])
    def test_the_second_is_told_at_once_and_nothing_happens_to_the_first(self, run: Any, call: Any) -> None:
        class Held(Waiting):
            async def wait(self) -> None:
                await go_on.wait()

        async def body() -> None:
            stream = AsyncChatStream(source, on_truncated="return")
            seen: Reading = []
            async with anyio.create_task_group() as tasks:
                await in_the_middle_of_a_read(tasks, stream, seen)
                for _ in range(2):
                    with pytest.raises(RuntimeError, match=r"is being read by another task: read it in one task, and"):
                        await call(stream)
                    assert (stream.ending, source.is_read, source.closed_while_read) == ("open", True, [])
                go_on.set()
            assert "".join(seen) == TEXT
            assert (await stream.until_done()).text == TEXT

        go_on = anyio.Event()
        source = Held(UNDONE)
        run(body)

    def test_of_bare_events_likewise(self, run: Any) -> None:
        async def body() -> None:
            async def read_events() -> None:
                async for event in events:
                    seen.append(event)

            events = aiter_sse(source)
            seen: list[Any] = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read_events)
                await anyio.wait_all_tasks_blocked()
                assert len(seen) == len(PIECES)
                with pytest.raises(RuntimeError, match="are being read by another task"):
                    await anext(events)
                assert source.is_read
                tasks.cancel_scope.cancel()

        source = Waiting(UNDONE)
        run(body)

    def test_while_the_connection_is_given_back_the_end_is_still_the_firsts(self, run: Any) -> None:
        class SlowToClose(Waiting):
            async def wait(self) -> None:
                pass  # at its end

            async def aclose(self) -> None:
                closing.set()
                await go_on.wait()

        async def body() -> None:
            stream = AsyncChatStream(SlowToClose(STREAM))
            results: list[Any] = []

            async def until_done() -> None:
                results.append(await stream.until_done())

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(until_done)
                await closing.wait()
                with pytest.raises(RuntimeError, match="by another task"):
                    await anext(stream)
                go_on.set()
            assert [completion.text for completion in results] == [TEXT]

        closing, go_on = anyio.Event(), anyio.Event()
        run(body)


def test_a_stream_that_is_closed_from_another_event_loop_does_not_touch_its_task() -> None:
    async def body() -> None:
        stream = AsyncChatStream(Waiting(UNDONE))
        seen: Reading = []
        task = asyncio.create_task(read(stream, seen))
        await anyio.wait_all_tasks_blocked()
        await asyncio.to_thread(lambda: asyncio.run(stream.aclose()))
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stream.ending == "closed"

    asyncio.run(body())


# ------------------------------------------------------------------------------------------- threads


def read_in_thread(stream: ChatStream, seen: Reading) -> threading.Thread:
    def run() -> None:
        try:
            for text in stream.iter_text():
                seen.append(text)
        except SSEStreamError as error:
            seen.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def wait_until_blocked(thread: threading.Thread, seen: Reading) -> None:
    """Until the thread has read all that there is, and stands still inside the client.

    Were it about to stand still only, the test would hold as well: it would just not test what it is there for.
    """
    still = 0
    place = None
    while still < 20:
        time.sleep(0.001)
        frame = sys._current_frames().get(thread.ident or 0)
        where = None if frame is None or len(seen) < len(PIECES) else (frame, frame.f_lasti)
        still = still + 1 if where is not None and where == place else 0
        place = where


@clients(lambda client: not client.is_async)
@pytest.mark.parametrize("options", [{}, {"timeouts": Timeouts(idle=60)}], ids=["plain", "with deadlines"])
def test_close_from_another_thread_ends_the_read(client: Client, options: Any) -> None:
    async def body() -> None:
        async with client.streaming(server.chat_url, read_timeout=60, **options) as stream:
            seen: Reading = []
            thread = read_in_thread(stream, seen)
            wait_until_blocked(thread, seen)
            stream.close()
            thread.join(5)
            assert not thread.is_alive()
            assert_closed(stream, seen)

    with ReplayServer(UNDONE, fault=Stall()) as server:
        client.run(body)
        assert server.wait_for_disconnect()


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
def test_a_connection_that_others_use_too_is_not_shut_down(library: Any) -> None:
    with HTTP2Server(UNDONE) as server, library.Client(http1=False, http2=True, verify=False, timeout=1) as client:
        with client.stream("POST", server.chat_url) as response:
            stream = ChatStream(response)
            seen: Reading = []
            thread = read_in_thread(stream, seen)
            wait_until_blocked(thread, seen)
            stream.close()
            assert (stream.ending, thread.is_alive()) == ("closed", True)
            with client.stream("POST", server.chat_url) as another:
                assert ChatStream(another, on_truncated="return").until_done().text == TEXT
            assert server.connections == 1
            thread.join(5)  # the client's own timeout
            assert_closed(stream, seen)


class Blocking:
    """Gives these pieces, then blocks until it is told to go on."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = iter(pieces)
        self.is_blocked = threading.Event()
        self.go_on = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        for piece in self._pieces:
            return piece
        self.is_blocked.set()
        assert self.go_on.wait(5)
        raise StopIteration


def test_a_source_that_nothing_can_end_goes_on_until_something_comes() -> None:
    source = Blocking(UNDONE)
    stream = ChatStream(source)
    seen: Reading = []
    thread = read_in_thread(stream, seen)
    assert source.is_blocked.wait(5)
    stream.close()
    assert (stream.ending, thread.is_alive()) == ("closed", True)
    source.go_on.set()
    thread.join(5)
    assert_closed(stream, seen)


@pytest.mark.parametrize("call", [next, lambda s: next(iter(s)), lambda s: next(s.iter_text()), ChatStream.until_done])
def test_a_second_thread_is_told_at_once_and_nothing_happens_to_the_first(call: Any) -> None:
    source = Blocking(UNDONE)
    stream = ChatStream(source, on_truncated="return")
    seen: Reading = []
    thread = read_in_thread(stream, seen)
    assert source.is_blocked.wait(5)
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match="is being read by another thread, or by its own source: read it in one thread"
        ):
            call(stream)
        assert (stream.ending, thread.is_alive()) == ("open", True)
    source.go_on.set()
    thread.join(5)
    assert "".join(seen) == TEXT
    assert stream.until_done().text == TEXT


def test_a_generator_that_another_thread_is_in_is_closed_by_that_one() -> None:
    def pieces() -> Iterator[bytes]:
        try:
            yield UNDONE
            is_blocked.set()
            assert go_on.wait(5)
            yield EVENTS[0]
        finally:
            closed.append(threading.current_thread())

    is_blocked, go_on = threading.Event(), threading.Event()
    closed: list[threading.Thread] = []
    stream = ChatStream(pieces())
    seen: Reading = []
    thread = read_in_thread(stream, seen)
    assert is_blocked.wait(5)
    stream.close()
    assert (stream.ending, closed) == ("closed", [])
    go_on.set()
    thread.join(5)
    assert_closed(stream, seen)
    assert closed == [thread]
