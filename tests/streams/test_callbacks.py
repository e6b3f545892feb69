"""`on_end`, `tee` and unknown options."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import anyio
import pytest

from sse_stream import AsyncChatStream, ChatStream, SSEStreamError, Timeouts
from sse_stream.testing import ReplayServer, bytewise

from .bodies import EVENTS, STREAM, TEXT, UNDONE
from .clients import (
    Client,
    Each,
    break_and_close,
    clients,
    closed,
    read_to_the_end,
    run_in_asyncio,
    run_in_trio,
    run_without_loop,
    settled,
)

SHELLS = pytest.mark.parametrize(
    ("shell", "run"),
    [
        pytest.param(ChatStream, run_without_loop, id="sync"),
        pytest.param(AsyncChatStream, run_in_asyncio, id="asyncio"),
        pytest.param(AsyncChatStream, run_in_trio, id="trio"),
    ],
)


class Pieces:
    """An iterable of bytes that knows whether it was closed."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = iter(pieces)
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        self.closed += 1


async def iterate(stream: Any) -> None:
    async for _ in Each(stream):
        pass


async def raise_in_the_block(stream: Any) -> None:
    async for _ in Each(stream):
        await closed(stream)
        raise SSEStreamError("of the block")


@SHELLS
class TestOnEnd:
    @pytest.mark.parametrize(
        ("pieces", "way", "ending"),
        [
            ((STREAM,), read_to_the_end, "complete"),
            ((STREAM,), iterate, "complete"),
            ((UNDONE,), read_to_the_end, "truncated"),
            ((EVENTS[0], OSError("reset")), iterate, "transport_error"),
            ((EVENTS[0], TimeoutError()), iterate, "timeout"),
            ((b"data: {\n\n",), iterate, "invalid"),
            ((b'data: {"error":{"message":"no"}}\n\n',), iterate, "provider_error"),
            ((STREAM,), break_and_close, "closed"),
            ((STREAM,), closed, "closed"),
            ((STREAM,), raise_in_the_block, "closed"),
            ((TypeError("called wrongly"),), iterate, "closed"),
        ],
        ids=lambda value: getattr(value, "__name__", None),
    )
    def test_is_called_once_after_closing_with_the_stream(
        self, shell: Any, run: Any, pieces: Any, way: Callable[[Any], Any], ending: str
    ) -> None:
        calls: list[Any] = []

        async def body() -> None:
            source = Pieces(*pieces)
            stream = shell(source, on_end=lambda given: calls.append((given, given.ending, source.closed)))
            try:
                await way(stream)
            except (SSEStreamError, TypeError):
                pass
            assert calls == [(stream, ending, 1)]
            await closed(stream)
            with nullcontext() if ending == "complete" else pytest.raises(SSEStreamError):
                await iterate(stream)
            assert len(calls) == 1

        run(body)

    def test_may_look_at_all_of_it_and_close_it_again(self, shell: Any, run: Any) -> None:
        seen: list[Any] = []

        def look(stream: Any) -> None:
            if shell is ChatStream:
                stream.close()
            seen.extend((stream.completion.text, stream.timings.bytes, stream.anomalies))

        async def body() -> None:
            await settled(shell([STREAM], on_end=look).until_done())

        run(body)
        assert seen == [TEXT, len(STREAM), ()]

    def test_that_raises_harms_nobody_and_is_reported(
        self, shell: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reported: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: reported.append(unraisable.exc_value))
        failure = LookupError("of the callback")

        def fail(_: Any) -> None:
            raise failure

        async def body() -> None:
            assert (await settled(shell([STREAM], on_end=fail).until_done())).text == TEXT

        run(body)
        assert reported == [failure]

    def test_and_tee_are_functions_that_are_not_awaited(self, shell: Any, run: Any) -> None:
        async def later(_: Any) -> None: ...

        for name in ("on_end", "tee"):
            with pytest.raises(TypeError, match=f"{name} is not awaited: pass a plain function"):
                shell([STREAM], **{name: later})
            with pytest.raises(TypeError, match=f"{name} must be a function, not 7"):
                shell([STREAM], **{name: 7})

    def test_is_not_called_where_no_stream_was_made(self, shell: Any, run: Any) -> None:
        calls: list[Any] = []
        for source, options in ((7, {}), ([STREAM], {"on_truncated": "never"})):
            with pytest.raises((TypeError, ValueError)):
                shell(source, on_end=calls.append, **options)
        gc.collect()
        assert calls == []


@pytest.mark.parametrize("run", [run_in_asyncio, run_in_trio], ids=["asyncio", "trio"])
def test_on_end_is_called_when_a_read_is_cancelled(run: Any) -> None:
    calls: list[str] = []

    async def pieces() -> Any:
        yield EVENTS[0]
        await anyio.sleep_forever()

    async def body() -> None:
        with anyio.move_on_after(0.05):
            async with AsyncChatStream(pieces(), on_end=lambda stream: calls.append(stream.ending)) as stream:
                async for _ in stream:
                    pass

    run(body)
    assert calls == ["closed"]


@pytest.mark.parametrize(("shell", "way"), [(ChatStream, "close"), (AsyncChatStream, "aclose")])
def test_on_end_of_a_stream_that_is_dropped_open_is_called_with_a_warning(shell: Any, way: str) -> None:
    calls: list[str] = []
    stream = shell(Pieces(STREAM), on_end=lambda stream: calls.append(stream.ending))
    with pytest.warns(ResourceWarning, match=f"was not closed, so its connection was dropped: use .*call `{way}`"):
        del stream
        gc.collect()
    assert calls == ["closed"]


def test_on_end_is_called_when_what_ended_is_dropped_before_its_end_was_read() -> None:
    calls: list[str] = []
    stream = ChatStream([STREAM], on_end=lambda stream: calls.append(stream.ending))
    while next(stream).type != "stream_done":
        pass
    del stream
    assert calls == ["complete"]


@SHELLS
class TestTee:
    @pytest.mark.parametrize("options", [{}, {"timeouts": Timeouts(total=60)}], ids=["plain", "with deadlines"])
    @pytest.mark.parametrize("body", [STREAM, b'{"error":{"message":"no"}}', b"<html>"], ids=["stream", "JSON", "page"])
    def test_is_given_the_bytes_of_each_read_before_they_are_decoded(
        self, shell: Any, run: Any, body: bytes, options: Any
    ) -> None:
        given: list[bytes] = []

        async def read() -> None:
            stream = shell(bytewise(body), tee=given.append, **options)
            try:
                async for _ in Each(stream):
                    assert len(b"".join(given)) == stream.timings.bytes
            except SSEStreamError:
                pass

        run(read)
        assert given == bytewise(body)

    def test_that_raises_closes_the_stream(self, shell: Any, run: Any) -> None:
        failure = OSError("disk full")

        def fail(_: bytes) -> None:
            raise failure

        async def body() -> None:
            source = Pieces(STREAM)
            stream = shell(source, tee=fail)
            with pytest.raises(OSError, match="disk full") as caught:
                await iterate(stream)
            assert caught.value is failure
            assert (stream.ending, source.closed) == ("closed", 1)

        run(body)


@clients()
def test_tee_records_what_the_client_has_decoded(client: Client) -> None:
    given: list[bytes] = []

    async def body() -> None:
        async with client.streaming(server.chat_url, tee=given.append) as stream:
            await settled(stream.until_done())

    with ReplayServer(STREAM, cut=7) as server:
        client.run(body)
    assert b"".join(given) == STREAM


@pytest.mark.parametrize("shell", [ChatStream, AsyncChatStream])
class TestUnknownOptions:
    def test_name_the_stream(self, shell: Any) -> None:
        with pytest.raises(TypeError, match=rf"^{shell.__name__}\(\) got an unexpected keyword argument 'colour'$"):
            shell([STREAM], colour="red")

    def test_that_mean_another_say_which(self, shell: Any) -> None:
        with pytest.raises(TypeError, match=r"argument 'timeout': for the stream, use timeouts=Timeouts\("):
            shell([STREAM], timeout=30)
