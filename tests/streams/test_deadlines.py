"""Timeouts: exact if reads can be cancelled, otherwise checked at each arrival."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sse_stream import AsyncChatStream, ChatStream, StreamTimeoutError, Timeouts
from sse_stream.testing import Comments, ReplayServer, Stall

from .bodies import DONE, EVENTS, KEEPALIVE, PIECES, STOP, STREAM, TEXT, UNDONE
from .clients import Client, Each, clients, set_clock, settled

ASYNC = clients(lambda client: client.is_async)
SYNC = clients(lambda client: not client.is_async)

DEADLINE = 0.15


def late(client: Client, url: str, **options: Any) -> tuple[StreamTimeoutError, float, Any]:
    """Read a stream that times out: the error, after how many seconds, the stream."""

    async def body() -> tuple[StreamTimeoutError, float, Any]:
        async with client.posting() as post, post(url) as response:
            began = time.monotonic()
            stream = client.shell(response, **options)
            with pytest.raises(StreamTimeoutError) as caught:
                await settled(stream.until_done())
            return caught.value, time.monotonic() - began, stream

    result: tuple[StreamTimeoutError, float, Any] = client.run(body)
    return result


def assert_on_time(seconds: float) -> None:
    assert DEADLINE <= seconds < DEADLINE + 1


@ASYNC
class TestAsync:
    @pytest.mark.parametrize("kind", ["content", "idle", "total"])
    def test_a_silent_server_is_left_on_time(self, client: Client, kind: Any) -> None:
        with ReplayServer(UNDONE, fault=Stall()) as server:
            error, seconds, stream = late(client, server.chat_url, timeouts=Timeouts(**{kind: DEADLINE}))
            assert server.wait_for_disconnect()
        assert_on_time(seconds)
        assert (error.kind, stream.ending, stream.completion.text) == (kind, "timeout", TEXT)
        assert error.completion == stream.completion
        assert f"{DEADLINE:g} s" in str(error)

    def test_a_server_that_generates_nothing_is_left_on_time(self, client: Client) -> None:
        with ReplayServer(KEEPALIVE, fault=Comments(interval=0.01)) as server:
            error, seconds, stream = late(client, server.chat_url, timeouts=Timeouts(first_token=DEADLINE))
        assert_on_time(seconds)
        assert (error.kind, stream.completion.text) == ("first_token", "")

    @pytest.mark.parametrize("at", [0, len(UNDONE)], ids=["before any content", "after some"])
    def test_keep_alives_for_ever_do_not_hold_content_off(self, client: Client, at: int) -> None:
        with ReplayServer(UNDONE, fault=Comments(at=at, interval=0.01)) as server:
            error, seconds, stream = late(client, server.chat_url, timeouts=Timeouts(content=DEADLINE, idle=5))
        assert_on_time(seconds)
        assert error.kind == "content"
        assert stream.timings.keepalives > 3


@clients()
class TestEveryClient:
    def test_with_idle_alone_a_model_that_thinks_behind_keep_alives_goes_on(self, client: Client) -> None:
        async def body() -> tuple[str, int]:
            async with client.streaming(server.chat_url, timeouts=Timeouts(idle=DEADLINE)) as stream:
                return (await settled(stream.until_done())).text, stream.timings.keepalives

        # Three times as long as the deadline, in all.
        pieces = [KEEPALIVE] * 15 + [STREAM]
        with ReplayServer(pieces, pace=DEADLINE / 5) as server:
            assert client.run(body) == (TEXT, 16)

    def test_a_stream_that_keeps_them_all_is_not_touched(self, client: Client) -> None:
        async def body() -> str:
            timeouts = Timeouts(first_token=5, content=5, idle=5, total=5)
            async with client.streaming(server.chat_url, timeouts=timeouts) as stream:
                return str((await settled(stream.until_done())).text)

        with ReplayServer(STREAM, cut=50) as server:
            assert client.run(body) == TEXT

    def test_the_requests_start_counts(self, client: Client) -> None:
        started = time.monotonic() - 60
        with ReplayServer(STREAM) as server:
            for kind in ("total", "first_token", "content"):
                timeouts = Timeouts(**{kind: 59.0})  # passed while the request was on its way
                error, seconds, _ = late(client, server.chat_url, timeouts=timeouts, request_started=started)
                assert error.kind == kind
                assert seconds < 1


@SYNC
class TestSync:
    def test_a_deadline_is_noticed_when_bytes_come(self, client: Client) -> None:
        with ReplayServer(UNDONE, fault=Comments(interval=0.01)) as server:
            error, seconds, stream = late(client, server.chat_url, timeouts=Timeouts(content=DEADLINE))
            assert server.wait_for_disconnect()
        assert_on_time(seconds)
        assert (error.kind, stream.ending, stream.completion.text) == ("content", "timeout", TEXT)

    def test_what_came_too_late_counts_but_is_not_delivered(self, client: Client) -> None:
        seen: list[str] = []

        async def body() -> Any:
            async with client.streaming(server.chat_url, timeouts=Timeouts(idle=0.05)) as stream:
                with pytest.raises(StreamTimeoutError) as caught:
                    async for piece in Each[str](stream.iter_text()):
                        seen.append(piece)
                return caught.value

        with ReplayServer(EVENTS[0] + EVENTS[1], fault=Stall(at=len(EVENTS[0]), seconds=0.3)) as server:
            error = client.run(body)
        assert seen == [PIECES[0]]
        assert (error.kind, error.completion.text) == ("idle", PIECES[0] + PIECES[1])


class Clock:
    """A clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        set_clock(monkeypatch, lambda: self.now)


class TestWhatCounts:
    def pieces(self, clock: Clock, *waits: float) -> Iterator[bytes]:
        for wait, piece in zip(waits, [*EVENTS, STOP, DONE], strict=False):
            clock.now += wait
            yield piece

    @pytest.mark.parametrize("kind", ["first_token", "content", "idle"])
    def test_the_readers_own_time_does_not(self, monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
        clock = Clock(monkeypatch)
        stream = ChatStream(self.pieces(clock, 4, 4, 4, 4, 4, 0), timeouts=Timeouts(**{kind: 5}))
        clock.now += 100  # before the first read
        for _ in stream:
            clock.now += 100
        assert stream.ending == "complete"

    def test_the_readers_own_time_does_for_total(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock(monkeypatch)
        stream = ChatStream(self.pieces(clock, 1, 1, 1), timeouts=Timeouts(total=5))
        texts = stream.iter_text()
        next(texts)
        clock.now += 4
        with pytest.raises(StreamTimeoutError, match="did not finish within 5 s of the start"):
            next(texts)

    def test_the_deadline_that_passes_first_is_the_one_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock(monkeypatch)
        timeouts = Timeouts(first_token=3, content=4, idle=5, total=6)
        with pytest.raises(StreamTimeoutError, match="nothing was generated within 3 s") as caught:
            ChatStream(self.pieces(clock, 10), timeouts=timeouts).until_done()
        assert caught.value.kind == "first_token"
        with pytest.raises(StreamTimeoutError, match="nothing was generated for 4 s") as caught:
            ChatStream(self.pieces(clock, 1, 10), timeouts=timeouts).until_done()
        assert caught.value.kind == "content"

    def test_empty_pieces_are_no_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock(monkeypatch)

        def pieces() -> Iterator[bytes]:
            while True:
                clock.now += 1
                yield b""

        with pytest.raises(StreamTimeoutError, match="no bytes arrived for 5 s"):
            ChatStream(pieces(), timeouts=Timeouts(idle=5)).until_done()

    def test_an_error_that_comes_too_late_is_too_late(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock(monkeypatch)

        def pieces() -> Iterator[bytes]:
            clock.now += 10
            yield b"data: <html>\n\n"

        with pytest.raises(StreamTimeoutError):
            ChatStream(pieces(), timeouts=Timeouts(idle=5)).until_done()

    def test_a_stream_that_never_waits_is_stopped_all_the_same(self) -> None:
        async def pieces() -> Any:
            while True:
                yield KEEPALIVE * 100

        async def body() -> None:
            async with AsyncChatStream(pieces(), timeouts=Timeouts(total=0.05)) as stream:
                await stream.until_done()

        with pytest.raises(StreamTimeoutError):
            asyncio.run(body())

    def test_a_timeout_of_the_clients_own_is_the_clients(self) -> None:
        async def body() -> None:
            async with httpx.AsyncClient(verify=False, timeout=0.05) as client:
                async with client.stream("POST", server.chat_url) as response:
                    async with AsyncChatStream(response, timeouts=Timeouts(idle=5)) as stream:
                        await stream.until_done()

        with ReplayServer(UNDONE, fault=Stall()) as server, pytest.raises(StreamTimeoutError) as caught:
            asyncio.run(body())
        assert caught.value.kind == "read"

    def test_a_timeout_that_a_source_raises_by_itself_is_no_deadline(self) -> None:
        async def pieces() -> Any:
            yield EVENTS[0]
            raise TimeoutError

        async def body() -> None:
            async with AsyncChatStream(pieces(), timeouts=Timeouts(idle=5)) as stream:
                await stream.until_done()

        with pytest.raises(StreamTimeoutError) as caught:
            asyncio.run(body())
        assert caught.value.kind == "read"


class TestTimeouts:
    @pytest.mark.parametrize("value", [0, -1, "5", float("nan")])
    @pytest.mark.parametrize("name", ["first_token", "content", "idle", "total"])
    def test_are_numbers_of_seconds(self, name: str, value: Any) -> None:
        with pytest.raises(ValueError, match=rf"Timeouts\({name}=…\) must be a number of seconds above 0"):
            Timeouts(**{name: value})

    def test_of_none_are_none(self) -> None:
        stream = ChatStream([STREAM], timeouts=Timeouts())
        assert stream.until_done().text == TEXT
