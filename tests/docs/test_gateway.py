"""The gateway example over real sockets: no reading ahead, no leaked connection, no truncation taken for an end."""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from sse_stream import ChatStream, iter_sse
from sse_stream.testing import Comments, Disconnect, EndAt, ReplayServer, Reply, Reset, Stall

EXAMPLES = Path(__file__).parents[2] / "examples"

WORDS = ("A gateway ", "passes on ", "what it gets.")
USAGE = {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}
ANSWER = Reply.text(*WORDS, usage=USAGE)
AFTER_A_WORD = len(b"".join(ANSWER.writes()[:2]))
# Several times what the sockets and buffers between the stand-in and a client hold.
TEXT = ["x" * 10_000] * 4_000
LARGE = Reply.text(*TEXT)
SIZE = sum(map(len, LARGE.writes()))

PAYLOAD = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


@dataclass
class Running:
    """A gateway in a thread of its own.

    Attributes:
        base_url: Where clients reach it.
        gateway: The example's own object.
        provider: The stand-in that it relays.
    """

    base_url: str
    gateway: Any
    provider: ReplayServer

    @property
    def url(self) -> str:
        return f"{self.base_url}/chat/completions"

    def read_upstream(self) -> int:
        """The bytes that it has read upstream, once they grow no more."""
        taken = -1
        while taken != (taken := self.gateway.bytes_read):
            time.sleep(0.3)
        return taken


@pytest.fixture(scope="module")
def example() -> Iterator[dict[str, Any]]:
    sys.path.insert(0, str(EXAMPLES))
    try:
        yield runpy.run_path(str(EXAMPLES / "gateway.py"))
    finally:
        sys.path.remove(str(EXAMPLES))


@pytest.fixture
def running(example: dict[str, Any]) -> Callable[..., Any]:
    @contextmanager
    def run(*script: Reply, upstream: str | None = None, **options: float) -> Iterator[Running]:
        with ReplayServer(script=script or [ANSWER]) as provider:
            loop = asyncio.new_event_loop()
            started, done = threading.Event(), asyncio.Event()
            found: list[Running] = []

            async def serve() -> None:
                at = example["provider_at"](upstream or provider.base_url)
                async with example["serving"](at, **options) as (base_url, gateway):
                    found.append(Running(base_url, gateway, provider))
                    started.set()
                    await done.wait()

            def run_loop() -> None:
                with asyncio.Runner(loop_factory=lambda: loop) as runner:
                    runner.run(serve())

            thread = threading.Thread(target=run_loop)
            thread.start()
            try:
                assert started.wait(10)
                yield found[0]
            finally:
                loop.call_soon_threadsafe(done.set)
                thread.join()

    return run


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20) as client:
        yield client


def test_the_official_client_reads_what_the_provider_says(running: Callable[..., Any]) -> None:
    with running() as at, openai.OpenAI(base_url=at.base_url, api_key="none", max_retries=0) as client:
        with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "Hi"}]) as stream:
            completion = stream.get_final_completion()
    assert completion.choices[0].message.content == "".join(WORDS)
    assert completion.usage is not None
    assert completion.usage.total_tokens == 4
    (request,) = at.provider.requests
    assert request.json()["messages"] == [{"role": "user", "content": "Hi"}]


def test_each_event_is_passed_on_while_the_provider_is_silent(
    running: Callable[..., Any], client: httpx.Client
) -> None:
    silent = Reply.text(*WORDS, fault=Stall(AFTER_A_WORD))
    with running(silent) as at, client.stream("POST", at.url, json=PAYLOAD) as response:
        assert response.headers["content-type"] == "text/event-stream"
        assert "content-length" not in response.headers
        assert next(ChatStream(response).iter_text()) == WORDS[0]


@pytest.mark.parametrize(
    ("reply", "text", "said"),
    [
        (Reply.text(*WORDS, fault=EndAt(AFTER_A_WORD + 9)), WORDS[0], "the stream ended early"),
        (Reply.text(*WORDS, complete=False), "".join(WORDS), "the stream ended early"),
        (Reply.text(*WORDS, fault=Disconnect(AFTER_A_WORD)), WORDS[0], "connection broke"),
        (Reply.text(*WORDS, fault=Reset(AFTER_A_WORD)), WORDS[0], "connection broke"),
        (Reply.text(*WORDS) + Reply.error("overloaded", type="overloaded_error"), "".join(WORDS), "overloaded"),
        (Reply([*ANSWER.writes()[:2], b"data: {]\n\n"]), WORDS[0], "JSON"),
        (Reply(b"<html>Sorry</html>"), "", "HTML"),
    ],
)
def test_a_failure_after_the_head_is_an_error_event_and_no_end_mark(
    reply: Reply, text: str, said: str, running: Callable[..., Any], client: httpx.Client
) -> None:
    with running(reply) as at:
        with client.stream("POST", at.url, json=PAYLOAD) as response:
            *events, last = iter_sse(response)  # the HTTP response itself is whole
        with openai.OpenAI(base_url=at.base_url, api_key="none", max_retries=0) as official:
            stream = official.chat.completions.create(model="m", messages=[], stream=True)
            with pytest.raises(openai.APIError, match=said):
                list(stream)
    assert response.status_code == 200
    assert "".join(event.json()["choices"][0]["delta"]["content"] for event in events) == text
    assert said in last.json()["error"]["message"]


def test_a_refusal_keeps_its_status_and_its_body(running: Callable[..., Any], client: httpx.Client) -> None:
    busy = Reply.error("too many requests", code="rate_limited", status=429, headers={"Retry-After": "7"})
    with running(busy) as at:
        response = client.post(at.url, json=PAYLOAD)
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    assert response.headers["content-type"].partition(";")[0] == "application/json"
    assert response.json() == {"error": {"message": "too many requests", "code": "rate_limited"}}


def test_a_provider_that_is_not_there_is_a_bad_gateway(running: Callable[..., Any], client: httpx.Client) -> None:
    with ReplayServer() as gone:
        nobody = gone.base_url
    with running(upstream=nobody) as at:
        response = client.post(at.url, json=PAYLOAD)
    assert response.status_code == 502
    assert response.json()["error"]["type"] == "server_error"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"stream": false}', b"{}"])
def test_what_asks_for_no_stream_is_refused(body: bytes, running: Callable[..., Any], client: httpx.Client) -> None:
    with running() as at:
        response = client.post(at.url, content=body)
        assert (response.status_code, at.provider.requests) == (400, ())
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_silence_is_filled_with_comments(running: Callable[..., Any], client: httpx.Client) -> None:
    silent = Reply.text(*WORDS, fault=Stall(0))
    with running(silent, silence=0.02) as at, client.stream("POST", at.url, json=PAYLOAD) as response:
        received = b""
        for data in response.iter_raw():
            received += data
            if received.count(b"\n\n") >= 3:
                break
    assert set(received.split(b"\n\n")) == {b": keep-alive", b""}


def test_there_is_no_comment_between_events_that_come_quickly(
    running: Callable[..., Any], client: httpx.Client
) -> None:
    with running(ANSWER) as at:
        body = client.post(at.url, json=PAYLOAD).content
    assert b":" not in {line[:1] for line in body.splitlines()}
    assert body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "reply",
    [
        Reply.text(*WORDS, fault=Stall(AFTER_A_WORD)),  # it waits for the provider
        Reply.text(*WORDS, fault=Comments(AFTER_A_WORD, interval=0.01)),  # it waits for a chunk
        LARGE,  # it waits for the client
    ],
    ids=["silent", "comments", "large"],
)
def test_a_client_that_leaves_ends_the_request_upstream(
    reply: Reply, running: Callable[..., Any], client: httpx.Client
) -> None:
    with running(reply) as at:
        with client.stream("POST", at.url, json=PAYLOAD) as response:
            body = response.iter_raw()  # kept, for httpx closes a response whose iterator is dropped
            assert next(body)
            if reply is LARGE:
                at.read_upstream()
            assert at.provider.open_connections == 1
        assert at.provider.wait_for_disconnect()
        assert at.provider.abandoned == 1


def test_no_more_is_read_than_the_client_takes(running: Callable[..., Any], client: httpx.Client) -> None:
    with running(LARGE, ANSWER) as at, client.stream("POST", at.url, json=PAYLOAD) as response:
        ahead = at.read_upstream()
        assert 0 < ahead < SIZE / 2
        # Another client is served meanwhile, and this one gets everything once it reads.
        assert ChatStream(client.stream("POST", at.url, json=PAYLOAD)).until_done().text == "".join(WORDS)
        assert ChatStream(response).until_done().text == "".join(TEXT)
        assert at.gateway.bytes_read >= SIZE


def test_a_client_that_takes_nothing_for_too_long_is_left(running: Callable[..., Any], client: httpx.Client) -> None:
    with running(LARGE, patience=0.2) as at, client.stream("POST", at.url, json=PAYLOAD) as response:
        assert at.provider.wait_for_disconnect()
        assert at.provider.abandoned == 1
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            for _ in response.iter_raw():
                pass


def test_the_request_is_the_clients_and_the_key_the_gateways(
    running: Callable[..., Any], client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-gateway")
    with running() as at:
        client.post(at.url, json={**PAYLOAD, "temperature": 0}, headers={"Authorization": "Bearer sk-client"})
    (request,) = at.provider.requests
    assert request.headers["authorization"] == "Bearer sk-gateway"
    assert json.loads(request.body) == {**PAYLOAD, "temperature": 0}
