"""Wrapped and recorded responses of the Anthropic SDK, vcrpy and azure-core; and wrappers that cannot be read."""

from __future__ import annotations

import asyncio
import importlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sse_stream import AsyncChatStream, ChatStream, aiter_sse, iter_sse
from sse_stream.testing import ReplayServer

from ..streams.bodies import EVENTS, PIECES, STREAM, TEXT
from ..streams.server import END, HEAD, Peer, ScriptedServer, chunk
from .ways import MESSAGES


def answer(peer: Peer) -> None:
    """Serve the recording for every path."""
    while True:
        peer.write(HEAD + chunk(STREAM) + END)
        if not peer.has_another_request():
            return


MESSAGE: Any = {"model": "m", "max_tokens": 5, "messages": MESSAGES}


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda messages: messages.create(stream=True, **MESSAGE), id="anthropic"),
        pytest.param(lambda messages: messages.with_raw_response.create(stream=True, **MESSAGE), id="anthropic-raw"),
        pytest.param(
            lambda messages: messages.with_streaming_response.create(stream=True, **MESSAGE), id="anthropic-streaming"
        ),
        pytest.param(lambda messages: messages.stream(**MESSAGE), id="anthropic-stream"),
    ],
)
class TestAnthropic:
    def test_sync(self, use: Callable[[Any], Any]) -> None:
        sdk = pytest.importorskip("anthropic")
        with ScriptedServer(answer) as server:
            url = server.chat_url.removesuffix("/v1/chat/completions")
            with sdk.Anthropic(base_url=url, api_key="k", max_retries=0) as client:
                with ChatStream(use(client.messages)) as stream:
                    assert stream.until_done().text == TEXT
                    assert stream.response.status_code == 200
                with pytest.raises(ValueError, match="this response has already been read"):
                    ChatStream(stream.response)

    def test_async(self, use: Callable[[Any], Any]) -> None:
        sdk = pytest.importorskip("anthropic")

        async def body() -> None:
            async with sdk.AsyncAnthropic(base_url=url, api_key="k", max_retries=0) as client:
                async with AsyncChatStream(use(client.messages)) as stream:
                    assert (await stream.until_done()).text == TEXT

        with ScriptedServer(answer) as server:
            url = server.chat_url.removesuffix("/v1/chat/completions")
            asyncio.run(body())


def test_openai_streams_are_read_as_bare_events_too() -> None:
    sdk = pytest.importorskip("openai")
    with ReplayServer(STREAM) as server, sdk.OpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client:
        stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        assert [event.data for event in iter_sse(stream)][-1] == "[DONE]"
        stream.close()


@pytest.mark.parametrize("library", ["requests", "urllib3"])
def test_vcr_recorded_and_played(library: str, tmp_path: Path) -> None:
    vcr = pytest.importorskip("vcr")
    module: Any = importlib.import_module(library)
    cassette = vcr.VCR(match_on=["method", "path"]).use_cassette(str(tmp_path / "cassette.yaml"))

    def ask(url: str) -> Any:
        if library == "requests":
            return module.post(url, stream=True, timeout=5)
        return module.PoolManager(retries=False).request("POST", url, preload_content=False)

    with ReplayServer(STREAM) as server:
        url = server.chat_url
        with cassette:
            assert ChatStream(ask(url)).until_done().text == TEXT
    with cassette:  # whose server is gone
        assert ChatStream(ask(url)).until_done().text == TEXT


class Blocks:
    """A body whose `read` waits for the requested number of bytes or the end of the body."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)
        self._kept = b""
        self.given: list[bytes] = []  # what has been sent so far
        self.closed = False

    def read(self, size: int) -> bytes:
        while len(self._kept) < size and (piece := next(self._pieces, None)) is not None:
            self.given.append(piece)
            self._kept += piece
        data, self._kept = self._kept[:size], self._kept[size:]
        return data

    def close(self) -> None:
        self.closed = True


class Lines(Blocks):
    def readline(self, size: int) -> bytes:
        line = b""
        while len(line) < size and not line.endswith(b"\n") and (byte := self.read(1)):
            line += byte
        return line


@pytest.mark.parametrize("make", [Blocks, Lines])
def test_a_read_that_fills_its_block_is_never_waited_for(make: Callable[[list[bytes]], Blocks]) -> None:
    source = make([*EVENTS, STREAM[len(STREAM) - 40 :]])
    with ChatStream(source) as stream:  # type: ignore[arg-type]  # a reader without `read1`
        for number, piece in enumerate(PIECES, 1):
            assert next(stream.iter_text()) == piece
            assert len(source.given) == number
    assert source.closed


class HttpResponse:
    """A response of azure-core, whose `content` raises until it is read."""

    def __init__(self, inside: Any) -> None:
        self._internal_response = inside
        self.status_code = 200
        self.headers: dict[str, str] = {}

    @property
    def content(self) -> bytes:
        raise RuntimeError("You have not read in the response's bytes yet. Call response.read() first.")

    def iter_bytes(self) -> Iterator[bytes]:
        raise AssertionError("read by blocks")


def test_a_response_of_azure_core_is_read_by_that_of_its_transport() -> None:
    requests = pytest.importorskip("requests")
    with ReplayServer(STREAM) as server, requests.post(server.chat_url, stream=True, timeout=5) as response:
        assert ChatStream(HttpResponse(response)).until_done().text == TEXT  # type: ignore[arg-type]  # azure's own


class TornadoResponse:
    request_time = effective_url = buffer = body = headers = ""


class TreqResponse:
    def deliverBody(self, protocol: Any) -> None: ...  # Twisted's own name


class Deferred:
    def addCallback(self, callback: Any) -> None: ...
    def addErrback(self, errback: Any) -> None: ...
    def __await__(self) -> Iterator[None]:
        raise AssertionError("awaited")


@pytest.mark.parametrize("read", [ChatStream, AsyncChatStream, iter_sse, aiter_sse])
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (TornadoResponse, r"is a Tornado response, already read to its end: pass its \.body, or feed a ChatDecoder"),
        (
            TreqResponse,
            r"delivers its body through callbacks: feed a ChatDecoder, for example with treq\.collect\(response, …\)",
        ),
        (Deferred, r"is a Twisted Deferred: feed a ChatDecoder from treq\.collect\(response, …\)"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(read: Any, make: Callable[[], Any], says: str) -> None:
    with pytest.raises(TypeError, match=f"this {make.__name__} {says}"):
        read(make())


@pytest.mark.parametrize("package", ["tornado", "treq"])
def test_the_real_ones_have_what_they_are_told_by(package: str) -> None:
    if package == "tornado":
        httpclient = pytest.importorskip("tornado.httpclient")
        request = httpclient.HTTPRequest("http://localhost")
        response: Any = httpclient.HTTPResponse(request, 200, buffer=io.BytesIO(STREAM), request_time=0.1)
    else:
        response = pytest.importorskip("treq.response")._Response
    with pytest.raises(TypeError, match="feed a ChatDecoder"):
        ChatStream(response)
