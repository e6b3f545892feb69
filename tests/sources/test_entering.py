"""Context managers and awaitables as sources: when they are entered, and which exception they exit with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar

import anyio
import httpx
import pytest

from sse_stream import (
    AsyncChatStream,
    ChatStream,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    Timeouts,
    TransportError,
)
from sse_stream.testing import ReplayServer

from ..streams.bodies import EVENTS, STREAM, TEXT, UNDONE
from ..streams.clients import Each, run_in_asyncio, run_in_trio, run_without_loop, settled


class Managed:
    """A context manager that returns a response and records its calls.

    Args:
        given: What entering gives, or what it raises.
        suppresses: Whether leaving says that the block's exception is dealt with.
        leaving: What leaving raises.
    """

    def __init__(self, given: Any, *, suppresses: bool = False, leaving: Exception | None = None) -> None:
        self._given = given
        self._suppresses = suppresses
        self._leaving = leaving
        self.steps: list[Any] = []

    def enter(self) -> Any:
        self.steps.append("entered")
        if isinstance(self._given, BaseException):
            raise self._given
        return self._given() if callable(self._given) else self._given

    def leave(self, error: BaseException | None) -> bool:
        self.steps.append(error)
        if self._leaving is not None:
            raise self._leaving
        return self._suppresses


class Sync(Managed):
    def __enter__(self) -> Any:
        return self.enter()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        return self.leave(error)


class Async(Managed):
    async def __aenter__(self) -> Any:
        await anyio.lowlevel.checkpoint()
        return self.enter()

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> bool:
        await anyio.lowlevel.checkpoint()
        return self.leave(error)


Make = Callable[..., Any]
Run = Callable[[Callable[[], Any]], Any]

EACH = pytest.mark.parametrize(
    ("shell", "managed", "run"),
    [
        pytest.param(ChatStream, Sync, run_without_loop, id="sync"),
        pytest.param(AsyncChatStream, Async, run_in_asyncio, id="asyncio"),
        pytest.param(AsyncChatStream, Async, run_in_trio, id="trio"),
    ],
)


@asynccontextmanager
async def within(stream: Any) -> AsyncIterator[Any]:
    """Enter a sync or async stream."""
    if hasattr(stream, "__aenter__"):
        async with stream:
            yield stream
    else:
        with stream:
            yield stream


@EACH
class TestWith:
    def test_enters_it_and_leaves_it_once(self, shell: Make, managed: Make, run: Run) -> None:
        async def body() -> Any:
            source = managed([STREAM])
            stream = shell(source)
            assert (stream.response, source.steps) == (None, [])
            async with within(stream):
                assert stream.response == [STREAM]
                assert [event.type async for event in Each[Any](stream)][-1] == "stream_done"
                assert source.steps == ["entered"]  # for the block may have more to do
            await settled(stream.aclose() if shell is AsyncChatStream else stream.close())
            assert (stream.completion.text, stream.ending) == (TEXT, "complete")
            return source.steps

        assert run(body) == ["entered", None]

    @pytest.mark.parametrize("suppresses", [False, True])
    def test_leaves_it_with_the_exception_of_the_block(
        self, shell: Make, managed: Make, run: Run, suppresses: bool
    ) -> None:
        failure = LookupError("of the block")

        async def body() -> Any:
            source = managed([STREAM], suppresses=suppresses)
            with pytest.raises(LookupError) as caught:
                async with within(shell(source)):
                    raise failure
            assert caught.value is failure
            return source.steps

        assert run(body) == ["entered", failure]

    def test_leaves_it_with_the_error_of_the_stream(self, shell: Make, managed: Make, run: Run) -> None:
        async def body() -> None:
            source = managed([UNDONE], suppresses=True)
            with pytest.raises(SSEStreamError) as caught:
                async with within(shell(source)) as stream:
                    await settled(stream.until_done())
            assert source.steps == ["entered", caught.value]

        run(body)

    def test_opens_what_is_inside_of_what_is_inside(self, shell: Make, managed: Make, run: Run) -> None:
        async def body() -> None:
            inner = managed([STREAM])
            outer = managed(inner)
            async with within(shell(outer)) as stream:
                assert (await settled(stream.until_done())).text == TEXT
            assert (outer.steps, inner.steps) == (["entered", None], ["entered", None])

        run(body)

    @pytest.mark.parametrize(
        ("failure", "error", "says"),
        [
            (httpx.ConnectError("refused"), TransportError, "^the request failed with Connect"),
            (OSError("unreachable"), TransportError, "the request failed with OSError: unreachable"),
            (
                httpx.ConnectTimeout("slow"),
                StreamTimeoutError,
                "the client timed out before there was a response: Connect",
            ),
            (RuntimeError("the client has been closed"), TransportError, "failed with RuntimeError: the client has"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_of_what_fails_is_an_error_of_ours(
        self, shell: Make, managed: Make, run: Run, failure: Exception, error: Any, says: str
    ) -> None:
        ended: list[Any] = []

        async def body() -> None:
            source = managed(failure)
            stream = shell(source, on_end=lambda stream: ended.append(stream.ending))
            with pytest.raises(error, match=says) as caught:
                async with within(stream):
                    raise AssertionError("the block was run")
            assert caught.value.__cause__ is failure
            assert caught.value.completion.choices == []
            assert caught.value.retryable is not isinstance(failure, RuntimeError)
            assert source.steps == ["entered"]
            assert stream.ending in ("transport_error", "timeout")
            with pytest.raises(SSEStreamError, match="this stream has already failed: the "):
                await settled(stream.until_done())

        run(body)
        assert len(ended) == 1

    @pytest.mark.parametrize("mistake", [TypeError("no such argument"), AttributeError("x"), NameError("y")], ids=repr)
    def test_of_what_is_called_wrongly_is_the_callers_mistake(
        self, shell: Make, managed: Make, run: Run, mistake: Exception
    ) -> None:
        async def body() -> None:
            with pytest.raises(type(mistake)) as caught:
                async with within(shell(managed(mistake))):
                    pass
            assert caught.value is mistake

        run(body)

    @pytest.mark.parametrize("given", [None, "text", 7, {"choices": []}], ids=repr)
    def test_of_what_gives_no_response_is_a_mistake_and_leaves_it(
        self, shell: Make, managed: Make, run: Run, given: Any
    ) -> None:
        async def body() -> None:
            source = managed(given)
            with pytest.raises(TypeError, match="is not a source") as caught:
                async with within(shell(source)):
                    pass
            assert source.steps == ["entered", caught.value]

        run(body)

    def test_of_what_gives_itself_is_a_mistake(self, shell: Make, managed: Make, run: Run) -> None:
        async def body() -> None:
            source: Any = managed(lambda: source)
            with pytest.raises(TypeError, match="returns the same object"):
                async with within(shell(source)):
                    pass

        run(body)

    def test_says_what_leaving_raises(self, shell: Make, managed: Make, run: Run) -> None:
        failure = OSError("gone")

        async def body() -> None:
            stream = shell(managed([STREAM], leaving=failure))
            with pytest.raises(TransportError, match="closing the response failed with OSError: gone") as caught:
                async with within(stream):
                    await settled(stream.until_done())
            assert caught.value.__cause__ is failure
            assert (caught.value.completion.text, stream.ending) == (TEXT, "complete")

        run(body)

    def test_prefers_the_exception_of_the_block_to_that(self, shell: Make, managed: Make, run: Run) -> None:
        async def body() -> None:
            with pytest.raises(LookupError):
                async with within(shell(managed([STREAM], leaving=OSError("gone")))):
                    raise LookupError

        run(body)

    def test_after_closing_says_that_the_stream_was_closed(self, shell: Make, managed: Make, run: Run) -> None:
        async def body() -> None:
            source = managed([STREAM])
            stream = shell(source)
            await settled(stream.aclose() if shell is AsyncChatStream else stream.close())
            async with within(stream):
                with pytest.raises(SSEStreamError, match="closed before it was done"):
                    await settled(stream.until_done())
            assert source.steps == []

        run(body)

    def test_starts_the_clocks(self, shell: Make, managed: Make, run: Run) -> None:
        async def body() -> None:
            stream = shell(managed([STREAM]), timeouts=Timeouts(total=0.05))
            await anyio.sleep(0.06) if shell is AsyncChatStream else None
            async with within(stream):
                await settled(stream.until_done())
            assert stream.timings.basis == "request"
            assert stream.timings.duration < 0.05

        run(body)


@EACH
def test_until_done_enters_and_leaves_it(shell: Make, managed: Make, run: Run) -> None:
    async def body() -> None:
        source = managed([STREAM])
        assert (await settled(shell(source).until_done())).text == TEXT
        assert source.steps == ["entered", None]
        source = managed([UNDONE])
        with pytest.raises(SSEStreamError) as caught:
            await settled(shell(source).until_done())
        assert source.steps == ["entered", caught.value]

    run(body)


class TestSync:
    def test_its_first_read_enters_it_and_its_end_leaves_it(self) -> None:
        source = Sync([STREAM])
        stream = ChatStream(source)
        assert next(stream).type == "text_delta"
        assert source.steps == ["entered"]
        assert [event.type for event in stream][-1] == "stream_done"
        assert source.steps == ["entered", None]

    def test_closing_it_leaves_it(self) -> None:
        source = Sync([STREAM])
        stream = ChatStream(source)
        next(stream)
        stream.close()
        assert source.steps == ["entered", None]

    def test_a_failing_first_read_says_so(self) -> None:
        stream = ChatStream(Sync(OSError("unreachable")))
        with pytest.raises(TransportError, match="unreachable"):
            next(stream)
        with pytest.raises(SSEStreamError, match="already failed"):
            next(stream)

    def test_a_response_that_is_a_context_manager_is_never_entered(self) -> None:
        class Response:
            status = 200
            headers: ClassVar[dict[str, str]] = {}

            def __enter__(self) -> Any:
                raise AssertionError("entered")

            __exit__ = __enter__

            def read1(self, _: int) -> bytes:
                return next(pieces, b"")

            def close(self) -> None: ...

        pieces = iter([STREAM])
        with ChatStream(Response()) as stream:
            assert stream.until_done().text == TEXT


LOOPS = pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])


@LOOPS
class TestAsync:
    def test_without_async_with_it_says_what_to_do_and_can_still_be_entered(self, run: Run) -> None:
        async def body() -> None:
            source = Async([STREAM])
            stream = AsyncChatStream(source)
            for read in (stream, stream.iter_text(), stream.iter_chunks()):
                with pytest.raises(RuntimeError, match="there is no response yet: read this stream inside `async with"):
                    await anext(read)
            async with stream:
                assert (await stream.until_done()).text == TEXT
            assert source.steps == ["entered", None]

        run(body)

    def test_awaitables_and_coroutines_are_awaited(self, run: Run) -> None:
        class Soon:
            def __await__(self) -> Any:
                return give().__await__()

        async def give() -> Any:
            await anyio.lowlevel.checkpoint()
            return [STREAM]

        async def body() -> None:
            for make in (give, Soon):
                async with AsyncChatStream(make()) as stream:
                    assert (await stream.until_done()).text == TEXT
                assert (await AsyncChatStream(make()).until_done()).text == TEXT

        run(body)

    def test_a_coroutine_that_nobody_awaits_leaves_no_warning(self, run: Run) -> None:
        async def give() -> Any:
            raise AssertionError("awaited")

        async def body() -> None:
            await AsyncChatStream(give()).aclose()
            with pytest.raises(ValueError, match="on_truncated"):
                AsyncChatStream(give(), on_truncated="never")  # type: ignore[arg-type]  # which is the mistake

        run(body)

    @pytest.mark.parametrize("timeouts", [None, Timeouts(total=30)], ids=["plain", "with deadlines"])
    def test_closing_from_another_task_ends_the_entering(self, run: Run, timeouts: Timeouts | None) -> None:
        async def body() -> None:
            entering = anyio.Event()

            @asynccontextmanager
            async def never() -> AsyncIterator[Any]:
                entering.set()
                await anyio.sleep_forever()
                yield [STREAM]

            stream = AsyncChatStream(never(), timeouts=timeouts)

            async def close() -> None:
                await entering.wait()
                await stream.aclose()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(close)
                with anyio.fail_after(5), pytest.raises(SSEStreamError, match="closed before it was done"):
                    async with stream:
                        raise AssertionError("entered")
            assert stream.ending == "closed"

        run(body)

    def test_a_deadline_ends_the_entering(self, run: Run) -> None:
        async def body() -> None:
            async def never() -> Any:
                await anyio.sleep_forever()

            with anyio.fail_after(5), pytest.raises(StreamTimeoutError, match="nothing was generated within") as caught:
                async with AsyncChatStream(never(), timeouts=Timeouts(first_token=0.05)):
                    raise AssertionError("entered")
            assert caught.value.retryable

        run(body)

    def test_a_cancellation_ends_the_entering_and_leaves_nothing_open(self, run: Run) -> None:
        steps: list[str] = []

        @asynccontextmanager
        async def never() -> AsyncIterator[Any]:
            try:
                await anyio.sleep_forever()
                yield [STREAM]
            finally:
                steps.append("left")

        async def body() -> None:
            with anyio.move_on_after(0.01) as scope:
                async with AsyncChatStream(never(), on_end=lambda _: steps.append("ended")):
                    raise AssertionError("entered")
            assert scope.cancelled_caught

        run(body)
        assert steps == ["left", "ended"]

    def test_what_belongs_to_a_task_is_left_by_the_task_that_entered_it(self, run: Run) -> None:
        @asynccontextmanager
        async def with_tasks() -> AsyncIterator[Any]:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep, 0)
                yield pieces()

        async def pieces() -> AsyncIterator[bytes]:
            yield EVENTS[0]
            await anyio.sleep_forever()

        async def body() -> None:
            async with AsyncChatStream(with_tasks()) as stream, anyio.create_task_group() as tasks:
                await anext(stream)
                tasks.start_soon(stream.aclose)
                with pytest.raises(SSEStreamError, match="closed"):
                    await anext(stream)

        run(body)

    def test_a_second_task_that_enters_is_told_so(self, run: Run) -> None:
        async def body() -> None:
            entering, go = anyio.Event(), anyio.Event()

            async def give() -> Any:
                entering.set()
                await go.wait()
                return [STREAM]

            stream = AsyncChatStream(give())

            async def read() -> None:
                async with stream:
                    assert (await stream.until_done()).text == TEXT

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                await entering.wait()
                with pytest.raises(RuntimeError, match="by another task"):
                    await stream.__aenter__()
                go.set()

        run(body)


class TestStatusThatAClientRaises:
    """Clients that raise for an error status themselves, by `raise_for_status` or in an SDK."""

    def test_is_a_status_error_with_what_the_server_said(self) -> None:
        @contextmanager
        def strict() -> Iterator[httpx.Response]:
            with httpx.stream("POST", server.chat_url) as response:
                if response.is_error:
                    response.read()
                yield response.raise_for_status()

        reply = b'{"error":{"message":"slow down","code":"too_many"}}'
        with ReplayServer(reply, status=429, content_type="application/json", headers={"Retry-After": "3"}) as server:
            with pytest.raises(StatusError) as caught, ChatStream(strict()):
                pass
        error = caught.value
        assert (str(error), error.status_code, error.retry_after) == ("HTTP 429: slow down", 429, 3.0)
        assert error.error == {"message": "slow down", "code": "too_many"}
        assert error.retryable
        assert isinstance(error.__cause__, httpx.HTTPStatusError)

    def test_says_the_reason_where_the_body_was_not_read(self) -> None:
        @contextmanager
        def strict() -> Iterator[httpx.Response]:
            with httpx.stream("POST", server.chat_url) as response:
                yield response.raise_for_status()

        with ReplayServer(b"unread", status=404) as server:
            with pytest.raises(StatusError) as caught, ChatStream(strict()):
                pass
        assert (str(caught.value), caught.value.body) == ("HTTP 404: Not Found", "")

    def test_by_a_generator_likewise(self) -> None:
        def pieces() -> Iterator[bytes]:
            with httpx.stream("POST", server.chat_url) as response:
                response.raise_for_status()
                yield from response.iter_bytes()

        with ReplayServer(b"nothing here", status=404) as server, pytest.raises(StatusError) as caught:
            ChatStream(pieces()).until_done()
        assert caught.value.status_code == 404
        assert not caught.value.retryable


def test_a_stream_is_no_source_of_another() -> None:
    with pytest.raises(TypeError, match="this ChatStream is already a stream"):
        ChatStream(ChatStream([STREAM]))
    stream = AsyncChatStream([STREAM])
    with pytest.raises(TypeError, match="this AsyncChatStream is already a stream"):
        AsyncChatStream(stream)
    asyncio.run(stream.aclose())


class Refusing:
    """An object that raises for every attribute."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError(f"{name} cannot be had before the body was read")


@pytest.mark.parametrize("shell", [ChatStream, AsyncChatStream])
def test_properties_that_raise_do_not_get_out_of_the_constructor(shell: Make) -> None:
    with pytest.raises(TypeError, match="Refusing is not a source"):
        shell(Refusing())
