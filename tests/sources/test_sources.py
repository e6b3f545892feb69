"""Reading the bytes of each kind of response."""

from __future__ import annotations

from typing import Any

import pytest

from sse_stream import ContentTypeError, TextDelta
from sse_stream.testing import ReplayServer, Reply, Seed

from ..streams.bodies import DONE, EVENTS, PIECES, STOP, STREAM, TEXT
from ..streams.clients import CLIENTS, Client, Each, Encoding, clients
from ..streams.server import END, HEAD, Peer, ScriptedServer, chunk


@clients()
def test_a_piece_of_text_arrives_before_the_server_sends_the_next(client: Client) -> None:
    def script(peer: Peer) -> None:
        peer.write(HEAD)
        for event in EVENTS:
            peer.write(chunk(event))
            peer.wait_for_acknowledgement()
        peer.write(chunk(STOP + DONE) + END)

    async def body() -> list[str]:
        pieces = []
        async with client.streaming(server.chat_url) as stream:
            async for piece in Each[str](stream.iter_text()):
                pieces.append(piece)
                server.acknowledge()
        return pieces

    with ScriptedServer(script) as server:
        assert client.run(body) == list(PIECES)


@clients()
@pytest.mark.parametrize("cut", [1, 7, Seed(1), Seed(2), 4096], ids=str)
def test_the_same_bytes_give_the_same_events_whatever_the_client_and_the_cut(client: Client, cut: Any) -> None:
    async def body() -> tuple[list[Any], Any]:
        async with client.streaming(server.chat_url, keepalives=True) as stream:
            return [event async for event in Each(stream)], stream.timings.bytes

    with ReplayServer(STREAM, cut=cut) as server:
        events, size = client.run(body)
    assert [event.type for event in events] == [
        "keep_alive",
        *["text_delta"] * len(PIECES),
        "choice_finished",
        "usage_reported",
        "stream_done",
    ]
    assert [event.text for event in events if isinstance(event, TextDelta)] == list(PIECES)
    assert events[-1].completion.text == TEXT
    assert size == len(STREAM)


@clients()
def test_a_stream_is_utf_8_whatever_its_label_says(client: Client) -> None:
    async def body() -> list[str]:
        async with client.streaming(server.chat_url) as stream:
            return [piece async for piece in Each[str](stream.iter_text())]

    with ReplayServer(script=[Reply(STREAM, content_type="text/event-stream; charset=iso-8859-1")]) as server:
        assert client.run(body) == list(PIECES)


ENCODINGS: tuple[Encoding, ...] = ("gzip", "br", "zstd")


def encoded(*, decoded: bool) -> pytest.MarkDecorator:
    """Parametrize by client and content encoding: those that the client decodes, or those that it does not."""
    pairs = [(client, name) for client in CLIENTS for name in ENCODINGS if (name in client.decodes) is decoded]
    # aiohttp refuses the response by itself.
    pairs = [(client, name) for client, name in pairs if decoded or client.name != "aiohttp"]
    ids = [f"{client.name}-{name}" for client, name in pairs]
    return pytest.mark.parametrize(("client", "encoding"), pairs, ids=ids)


@pytest.mark.parametrize("cut", [None, 1], ids=["whole", "bytewise"])
@encoded(decoded=True)
def test_what_the_client_decompresses_is_read_piece_by_piece(client: Client, encoding: Encoding, cut: Any) -> None:
    async def body() -> list[str]:
        async with client.streaming(server.chat_url) as stream:
            return [piece async for piece in Each[str](stream.iter_text())]

    with ReplayServer(STREAM, encoding=encoding, cut=cut) as server:
        assert client.run(body) == list(PIECES)


@encoded(decoded=False)
def test_what_the_client_does_not_decompress_is_an_error_that_says_so(client: Client, encoding: Encoding) -> None:
    async def body() -> None:
        async with client.streaming(server.chat_url) as stream:
            async for _ in Each(stream):
                pass

    with ReplayServer(STREAM, encoding=encoding) as server, pytest.raises(ContentTypeError, match=encoding):
        client.run(body)
