"""Closing an event source ends whatever it waits for, and a cancelled task loses no event."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from sse_stream import (
    AsyncEventSource,
    Attempt,
    EventSource,
    ReconnectPolicy,
    ServerSentEvent,
    StatusError,
    StreamTimeoutError,
)
from sse_stream.testing import ReplayServer, Reply, Request, Stall

from .clients import Each, run_in_asyncio, run_in_trio
from .event_clients import EventClient, event_clients

ONE = b"id: 1\ndata: a\n\n"
TWO = b"id: 2\ndata: b\n\n"

FOR_EVER = ReconnectPolicy(delay=3600, max_delay=3600, jitter=0)
AT_ONCE = ReconnectPolicy(delay=0)

LOOPS = pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])


class Reader:
    """Reads an event source in a thread of its own."""

    def __init__(self, source: EventSource) -> None:
        self.events: list[ServerSentEvent] = []
        self.failure: BaseException | None = None
        self._source = source
        self._has_event = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for event in self._source:
                self.events.append(event)
                self._has_event.set()
        except BaseException as error:
            self.failure = error

    def wait_for_event(self) -> None:
        assert self._has_event.wait(5)

    def join(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive()
        assert self.failure is None


class TestFromAnotherThread:
    def test_it_ends_a_wait(self) -> None:
        failed = threading.Event()

        def connect(_: Attempt) -> Any:
            failed.set()
            raise ConnectionRefusedError

        source = EventSource(connect, policy=FOR_EVER)
        reader = Reader(source)
        assert failed.wait(5)
        source.close()
        reader.join()

    @event_clients(lambda client: not client.is_async)
    def test_it_ends_a_read(self, client: EventClient) -> None:
        with ReplayServer(ONE, fault=Stall()) as server:

            async def body() -> None:
                async with client.source(server.chat_url, policy=FOR_EVER, read_timeout=30.0) as source:
                    reader = Reader(source)
                    reader.wait_for_event()
                    source.close()
                    reader.join()
                    assert [event.data for event in reader.events] == ["a"]
                    assert source.last_event_id == "1"

            client.run(body)
            assert server.wait_for_disconnect()

    def test_what_connects_meanwhile_is_closed(self) -> None:
        begun, go_on, closed = threading.Event(), threading.Event(), threading.Event()

        class Body:
            def __iter__(self) -> Iterator[bytes]:
                raise AssertionError("nobody is to read this")

            def close(self) -> None:
                closed.set()

        class Late(Body):
            def __iter__(self) -> Iterator[bytes]:
                return iter(())

        def connect(_: Attempt) -> Any:
            begun.set()
            assert go_on.wait(5)
            return Late()

        source = EventSource(connect, policy=FOR_EVER)
        reader = Reader(source)
        assert begun.wait(5)
        source.close()
        go_on.set()
        reader.join()
        assert closed.is_set()
        assert reader.events == []

    def test_what_is_entered_meanwhile_is_left(self) -> None:
        begun, go_on, left = threading.Event(), threading.Event(), threading.Event()

        class Late:
            def __enter__(self) -> Any:
                begun.set()
                assert go_on.wait(5)
                return [ONE]

            def __exit__(self, *_: object) -> None:
                left.set()

        source = EventSource(lambda _: Late(), policy=FOR_EVER)
        reader = Reader(source)
        assert begun.wait(5)
        source.close()
        assert not left.is_set()
        go_on.set()
        reader.join()
        assert left.is_set()
        assert reader.events == []

    def test_a_connection_that_fails_meanwhile_is_no_failure(self) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def connect(_: Attempt) -> Any:
            begun.set()
            assert go_on.wait(5)
            raise RuntimeError("the client is closed")

        source = EventSource(connect)
        reader = Reader(source)
        assert begun.wait(5)
        source.close()
        go_on.set()
        reader.join()

    def test_a_read_that_nothing_can_end_closes_what_it_reads(self) -> None:
        begun, go_on, closed = threading.Event(), threading.Event(), threading.Event()

        def body() -> Iterator[bytes]:
            try:
                begun.set()
                assert go_on.wait(5)
                yield ONE
            finally:
                closed.set()

        source = EventSource(lambda _: body(), policy=FOR_EVER)
        reader = Reader(source)
        assert begun.wait(5)
        source.close()
        assert not closed.is_set()
        go_on.set()
        reader.join()
        assert closed.is_set()
        assert reader.events == []

    def test_another_thread_must_not_read(self) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def connect(_: Attempt) -> Any:
            begun.set()
            assert go_on.wait(5)
            return [ONE]

        source = EventSource(connect, policy=FOR_EVER)
        reader = Reader(source)
        assert begun.wait(5)
        with pytest.raises(RuntimeError, match="is being read by another thread: pass its events on through a queue"):
            next(source)
        go_on.set()
        reader.wait_for_event()
        source.close()
        reader.join()


class TestInTheSameThread:
    def test_in_the_middle_of_the_loop(self) -> None:
        source = EventSource(lambda _: [ONE + TWO], policy=FOR_EVER)
        for event in source:
            assert event.id == "1"
            source.close()
        assert source.last_event_id == "1"

    def test_while_it_connects(self) -> None:
        sources: list[EventSource] = []

        def connect(_: Attempt) -> Any:
            sources[0].close()
            return [ONE]

        sources.append(EventSource(connect, policy=FOR_EVER))
        assert list(sources[0]) == []

    def test_by_until(self) -> None:
        sources: list[EventSource] = []
        sources.append(EventSource(lambda _: [ONE + TWO], until=lambda _: sources[0].close()))
        assert [event.id for event in sources[0]] == ["1"]

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no such signals here")
    def test_by_a_signal_in_the_middle_of_a_wait(self) -> None:
        def connect(_: Attempt) -> Any:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            raise ConnectionRefusedError

        source = EventSource(connect, policy=FOR_EVER)
        before = signal.signal(signal.SIGALRM, lambda *_: source.close())
        try:
            assert list(source) == []
        finally:
            signal.signal(signal.SIGALRM, before)

    def test_closing_again_does_nothing(self) -> None:
        source = EventSource(lambda _: [ONE])
        with source:
            source.close()
        source.close()
        assert list(source) == []

    def test_an_interrupted_wait_ends_the_source(self) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        def connect(_: Attempt) -> Any:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            raise ConnectionRefusedError

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            with pytest.raises(KeyboardInterrupt), EventSource(connect, policy=FOR_EVER) as source:
                next(source)
        finally:
            signal.signal(signal.SIGALRM, before)


async def never() -> Any:
    await anyio.sleep_forever()


async def silent() -> AsyncIterator[bytes]:
    yield ONE
    await never()


async def first(source: AsyncEventSource) -> None:
    """Read what comes at once."""
    assert (await anext(source)).id == "1"


def refused(_: Attempt) -> Any:
    raise ConnectionRefusedError


# What an event source waits for, and how many of its events come before.
WAITS: dict[str, tuple[Callable[[Attempt], Any], int]] = {
    "connection": (lambda _: never(), 0),
    "time": (refused, 0),
    "bytes": (lambda _: silent(), 1),
}


@LOOPS
class TestFromAnotherTask:
    @pytest.mark.parametrize("waited", WAITS)
    def test_it_ends_whatever_is_waited_for(self, run: Any, waited: str) -> None:
        connect, number = WAITS[waited]
        done: list[list[str]] = []

        async def body() -> None:
            async with AsyncEventSource(connect, policy=FOR_EVER) as source, anyio.create_task_group() as tasks:
                for _ in range(number):
                    await first(source)

                async def read() -> None:
                    done.append([event.id async for event in source])

                tasks.start_soon(read)
                await anyio.wait_all_tasks_blocked()
                await source.aclose()

        run(body)
        assert done == [[]]

    def test_another_task_must_not_read(self, run: Any) -> None:
        async def body() -> None:
            async with AsyncEventSource(lambda _: never()) as source, anyio.create_task_group() as tasks:

                async def read() -> None:
                    async for _ in source:
                        raise AssertionError

                tasks.start_soon(read)
                await anyio.wait_all_tasks_blocked()
                with pytest.raises(
                    RuntimeError, match="is being read by another task: pass its events on through a queue"
                ):
                    await anext(source)
                await source.aclose()

        run(body)

    def test_a_manager_is_left(self, run: Any) -> None:
        log: list[str] = []

        @asynccontextmanager
        async def manager() -> AsyncIterator[Any]:
            log.append("enter")
            try:
                yield silent()
            finally:
                await anyio.lowlevel.checkpoint()
                log.append("exit")

        async def body() -> None:
            async with AsyncEventSource(lambda _: manager()) as source, anyio.create_task_group() as tasks:
                await first(source)

                async def read() -> None:
                    assert [event async for event in source] == []

                tasks.start_soon(read)
                await anyio.wait_all_tasks_blocked()
                await source.aclose()
                assert log == ["enter", "exit"]

        run(body)

    @pytest.mark.parametrize("given", [[b""], refused], ids=["ended", "refused"])
    def test_it_ends_a_source_that_never_waits(self, run: Any, given: Any) -> None:
        """Other tasks have their turn, whatever the server and the policy do."""

        async def body() -> None:
            connect = given if callable(given) else lambda _: given
            async with AsyncEventSource(connect, policy=AT_ONCE) as source, anyio.create_task_group() as tasks:

                async def close() -> None:
                    for _ in range(100):
                        await anyio.lowlevel.checkpoint()
                    await source.aclose()

                tasks.start_soon(close)
                assert [event async for event in source] == []

        run(body)

    def test_two_may_close_at_a_time(self, run: Any) -> None:
        closed: list[bool] = []

        @asynccontextmanager
        async def manager() -> AsyncIterator[Any]:
            yield silent()
            await anyio.lowlevel.checkpoint()
            closed.append(True)

        async def body() -> None:
            async with AsyncEventSource(lambda _: manager()) as source, anyio.create_task_group() as tasks:
                await first(source)
                tasks.start_soon(source.aclose)
                tasks.start_soon(source.aclose)
            assert closed == [True]

        run(body)

    def test_a_source_that_closes_itself(self, run: Any) -> None:
        async def body() -> None:
            async def connect(_: Attempt) -> Any:
                await source.aclose()
                return [ONE]

            source = AsyncEventSource(connect)
            assert [event async for event in source] == []

        run(body)

    def test_closing_again_does_nothing(self, run: Any) -> None:
        async def body() -> None:
            async with AsyncEventSource(lambda _: [ONE]) as source:
                await first(source)
                await source.aclose()
            await source.aclose()
            assert [event async for event in source] == []

        run(body)


@LOOPS
class TestATaskThatIsCancelled:
    @pytest.mark.parametrize("waited", ["connection", "bytes"])
    def test_it_gives_its_connection_up_and_the_source_goes_on(self, run: Any, waited: str) -> None:
        attempts: list[Attempt] = []
        closed: list[int] = []

        @asynccontextmanager
        async def manager(number: int) -> AsyncIterator[Any]:
            try:
                if number > 1:
                    yield [TWO]
                elif waited == "connection":
                    yield await never()
                else:
                    yield silent()
            finally:
                closed.append(number)

        def connect(attempt: Attempt) -> Any:
            attempts.append(attempt)
            return manager(attempt.number)

        async def body() -> None:
            async with AsyncEventSource(connect, policy=AT_ONCE) as source, anyio.create_task_group() as tasks:
                if waited == "bytes":
                    await first(source)

                async def read() -> None:
                    await anext(source)

                tasks.start_soon(read)
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
            assert source.last_event_id == ("1" if waited == "bytes" else "")

        run(body)
        assert closed == [1]

        attempts.clear()
        closed.clear()

        async def goes_on() -> None:
            async with AsyncEventSource(connect, policy=AT_ONCE) as source:
                if waited == "bytes":
                    await first(source)
                with anyio.move_on_after(0.01):
                    await anext(source)
                assert closed == [1]
                assert (await anext(source)).id == "2"

        run(goes_on)
        assert [attempt.last_event_id for attempt in attempts] == ["", "1" if waited == "bytes" else ""]
        assert [attempt.cause for attempt in attempts] == [None, None]

    def test_it_waits_as_long_as_it_would_have(self, run: Any) -> None:
        """Being cancelled in a wait changes nothing about it, also after a read that took too long."""
        attempts: list[Attempt] = []

        def connect(attempt: Attempt) -> Any:
            attempts.append(attempt)
            return silent() if attempt.number == 1 else [TWO]

        async def body() -> None:
            policy = ReconnectPolicy(delay=0.1, jitter=0)
            async with AsyncEventSource(connect, policy=policy, idle=0.01) as source:
                await first(source)
                for _ in range(50):
                    with anyio.move_on_after(0.03):
                        assert (await anext(source)).id == "2"
                        break
            assert isinstance(attempts[1].cause, StreamTimeoutError)

        run(body)

    def test_time_already_spent_waiting_counts(self, run: Any) -> None:
        """Whoever asks again and again, with a timeout each, comes to the next connection all the same."""
        answers: list[Any] = [ConnectionRefusedError(), [ONE]]

        def connect(_: Attempt) -> Any:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def body() -> None:
            policy = ReconnectPolicy(delay=0.1, jitter=0)
            async with AsyncEventSource(connect, policy=policy) as source:
                for _ in range(50):
                    with anyio.move_on_after(0.02):
                        await first(source)
                        return
            raise AssertionError("it never came")

        run(body)


def test_wait_for() -> None:
    async def body() -> None:
        async with AsyncEventSource(lambda _: silent(), policy=AT_ONCE) as source:
            await first(source)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(source), 0.01)
            await first(source)

    run_in_asyncio(body)


@event_clients(lambda client: client.is_async)
def test_idle_ends_a_connection_that_is_established_but_dead(client: EventClient) -> None:
    def answer(request: Request) -> Reply:
        return Reply(TWO) if "last-event-id" in request.headers else Reply(ONE, fault=Stall())

    with ReplayServer(script=answer) as server:

        async def body() -> None:
            async with client.source(server.chat_url, policy=AT_ONCE, idle=0.05, until=lambda e: e.id == "2") as source:
                assert [event.id async for event in source] == ["1", "2"]

        client.run(body)
        assert server.wait_for_disconnect()


@event_clients(lambda client: client.is_async)
def test_the_body_of_an_error_is_not_waited_for_long(client: EventClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_stream._streams._connection._ERROR_BODY_SECONDS", 0.05)
    with ReplayServer(b"no such feed", status=404, fault=Stall()) as server:

        async def body() -> None:
            async with client.source(server.chat_url) as source:
                with pytest.raises(StatusError, match="HTTP 404: no such feed"):
                    await anext(source)

        client.run(body)


@event_clients(lambda client: not client.is_async)
def test_a_read_timeout_of_the_client_is_what_a_sync_one_has(client: EventClient) -> None:
    def answer(request: Request) -> Reply:
        return Reply(TWO) if "last-event-id" in request.headers else Reply(ONE, fault=Stall())

    with ReplayServer(script=answer) as server:

        async def body() -> None:
            options: dict[str, Any] = {"policy": AT_ONCE, "until": lambda event: event.id == "2"}
            async with client.source(server.chat_url, read_timeout=0.1, **options) as source:
                assert [event.id async for event in Each[ServerSentEvent](source)] == ["1", "2"]

        client.run(body)


def test_a_coroutine_that_is_dropped_can_await_nothing_any_more() -> None:
    async def body() -> None:
        source = AsyncEventSource(lambda _: silent())
        await first(source)
        reading = anext(source)
        reading.send(None)
        reading.close()
        await source.aclose()
        assert [event async for event in source] == []

    run_in_asyncio(body)
