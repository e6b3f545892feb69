"""Every source × every server and network behaviour, over real sockets."""

from __future__ import annotations

import threading
from contextlib import suppress
from time import monotonic
from typing import Any

import anyio.to_thread
import pytest

from sse_stream import (
    ChatDecoder,
    IncompleteStreamError,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    TransportError,
)
from sse_stream.testing import Disconnect, EndAt, ReplayServer, Reply, Reset, Stall

from ..streams.bodies import DONE, EVENTS, KEEPALIVE, PIECES, STOP, STREAM, TEXT, UNDONE, USAGE, text
from ..streams.server import END, HEAD, Peer, ScriptedServer, chunk
from .ways import WAYS, Way

EACH = pytest.mark.parametrize("way", [way for way in WAYS if way.is_installed], ids=lambda way: way.name)

CALLS = (
    b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"a",'
    b'"type":"function","function":{"name":"look","arguments":""}}]}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"x\\":1}"}}]}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'
)
THOUGHTS = (
    b'data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm"}}]}\n\n' * 3 + EVENTS[2] + STOP + USAGE + DONE
)

RECORDINGS = {
    "text": STREAM,
    "calls": CALLS,
    "thoughts": THOUGHTS,
    "CRLF": (b": OPENROUTER PROCESSING\n\n" + STREAM).replace(b"\n", b"\r\n"),
    "long": KEEPALIVE + text("x" * 200_000) + text("é" * 50_000) + STOP + DONE,
}


def decoded(body: bytes) -> list[Any]:
    decoder = ChatDecoder()
    return [*decoder.feed(body), *decoder.close()]


async def events(stream: Any) -> list[Any]:
    if hasattr(stream, "__aiter__"):
        return [event async for event in stream]
    return list(stream)


async def first(stream: Any) -> Any:
    return await anext(stream) if hasattr(stream, "__anext__") else next(stream)


@EACH
@pytest.mark.parametrize("cut", [None, 7], ids=["whole", "cut"])
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_gives_its_events(way: Way, name: str, cut: int | None) -> None:
    if name == "long" and cut is not None:
        cut = 7_000

    async def body() -> list[Any]:
        async with way.asking() as ask, ask(server.chat_url) as stream:
            return await events(stream)

    with ReplayServer(RECORDINGS[name], cut=cut) as server:
        assert way.run(body) == decoded(RECORDINGS[name])


@EACH
def test_gzip_is_undone_or_told(way: Way) -> None:
    async def body() -> Any:
        async with way.asking() as ask, ask(server.chat_url) as stream:
            return await events(stream)

    with ReplayServer(STREAM, encoding="gzip", cut=7) as server:
        if way.decodes:
            assert way.run(body) == decoded(STREAM)
        else:
            with pytest.raises(SSEStreamError, match="gzip"):
                way.run(body)


@EACH
def test_three_requests_use_a_connection_again(way: Way) -> None:
    async def body() -> None:
        async with way.asking() as ask:
            for _ in range(3):
                async with ask(server.chat_url) as stream:
                    assert (await events(stream))[-1].completion.text == TEXT

    with ReplayServer(STREAM) as server:
        way.run(body)
        assert len(server.requests) == 3
        assert server.connections == way.connections


@EACH
def test_an_event_comes_when_it_is_sent(way: Way) -> None:
    """Measure the delay from a write of the server to the event; the fastest of four is the source's own cost."""
    sent: list[float] = []
    taken: list[float] = []

    def script(peer: Peer) -> None:
        peer.write(HEAD)
        for event in EVENTS:
            sent.append(monotonic())
            peer.write(chunk(event))
            peer.wait_for_acknowledgement()
        peer.write(chunk(STOP + DONE) + END)

    async def body() -> None:
        async with way.asking() as ask, ask(server.chat_url) as stream:
            for piece in PIECES:
                assert (await first(stream)).text == piece
                taken.append(monotonic())
                server.acknowledge()
            await events(stream)

    with ScriptedServer(script) as server:
        way.run(body)
    assert min(after - before for before, after in zip(sent, taken, strict=True)) < 0.05


@EACH
@pytest.mark.parametrize("by", ["break", "exception"])
def test_leaving_early_is_seen_by_the_server(way: Way, by: str) -> None:
    left: list[float] = []
    took: list[float] = []
    seen = threading.Event()

    def script(peer: Peer) -> None:
        peer.write(HEAD + chunk(EVENTS[0]))
        with suppress(OSError):  # a reset is a way of leaving too
            peer.wait_until_closed()
        took.append(monotonic() - left[0])
        seen.set()

    async def body() -> None:
        async with way.asking() as ask:
            with suppress(LookupError):
                async with ask(server.chat_url) as stream:
                    assert (await first(stream)).text == PIECES[0]
                    left.append(monotonic())
                    if by == "exception":
                        raise LookupError
            # Before the client is closed, which closes everything.
            assert await anyio.to_thread.run_sync(seen.wait, 5) if way.runs else seen.wait(5)

    with ScriptedServer(script) as server:
        way.run(body)
    assert took[0] < 0.5


@EACH
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(STREAM, fault=EndAt(len(UNDONE))), IncompleteStreamError),
        (Reply(STREAM, fault=Disconnect(len(UNDONE))), TransportError),
        (Reply(STREAM, fault=Reset(len(UNDONE))), TransportError),
        (Reply(STREAM, fault=Stall(len(UNDONE))), StreamTimeoutError),
    ],
    ids=["ended", "cut", "reset", "stalled"],
)
def test_a_fault_is_an_error_of_its_kind_with_what_had_come(way: Way, reply: Reply, error: Any) -> None:
    async def body() -> SSEStreamError:
        async with way.asking(read_timeout=0.3) as ask, ask(server.chat_url) as stream:
            with pytest.raises(SSEStreamError) as caught:
                await events(stream)
            return caught.value

    with ReplayServer(script=[reply]) as server:
        found = way.run(body)
    assert isinstance(found, error)
    assert found.completion.text == TEXT
    assert not found.retryable


@EACH
def test_a_refusal_says_what_the_server_said(way: Way) -> None:
    async def body() -> Any:
        async with way.asking() as ask, ask(server.chat_url) as stream:
            await events(stream)

    sent = b'{"error":{"message":"slow down","type":"rate_limit_error"}}'
    headers = {"Retry-After": "7"}
    with ReplayServer(sent, status=429, content_type="application/json", headers=headers) as server:
        if way.raises:
            with pytest.raises(Exception, match="slow down") as own:
                way.run(body)
            assert not isinstance(own.value, SSEStreamError)
        else:
            with pytest.raises(StatusError) as caught:
                way.run(body)
            assert str(caught.value) == "HTTP 429: slow down"
            assert (caught.value.status_code, caught.value.retry_after, caught.value.retryable) == (429, 7.0, True)
            assert caught.value.error == {"message": "slow down", "type": "rate_limit_error"}
