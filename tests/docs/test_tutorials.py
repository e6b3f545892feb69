"""Providers' published streaming code works here: loops of the same form, on bytes of the documented shape.

Each provider publishes a loop over chunks, and often a relay and a page that reads it. The loops here use
`chunk.choices[0].delta.content` as theirs do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from sse_stream import (
    AsyncChatStream,
    ChatStream,
    ProviderError,
    ServerSentEvent,
    StatusError,
    TextDelta,
    TransportError,
    coalesce,
    iter_sse,
)
from sse_stream.testing import Disconnect, ReplayServer, Reply, Reset, Stall, bytewise

from ..streams.javascript import Response as JavaScriptResponse

USAGE_OPTION = {"stream": True, "stream_options": {"include_usage": True}}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=5) as client:
        yield client


def plain_loop(stream: ChatStream) -> str:
    """The loop of all five: what it prints."""
    printed = ""
    for chunk in stream.iter_chunks():
        if chunk.choices:  # the chunk with usage has none
            content = chunk.choices[0].delta.content
            if content:
                printed += content
    return printed


async def relayed(app: FastAPI, path: str, **options: Any) -> bytes:
    """What a relay sends."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://relay") as client:
        response = await client.post(path, **options)
        assert response.headers["content-type"].startswith("text/event-stream")
        return response.content


def shown_by_their_page(body: bytes) -> str:
    """What a page shows that reads a relay as the specification has it."""
    shown = ""
    for event in iter_sse(bytewise(body)):
        if event.data == "[DONE]":
            break
        shown += event.data
    return shown


class TestModelDatabase:
    """Billing headers that are there before the body, and a last chunk with usage."""

    BODY = (
        (
            b'data: {"id":"gen-77","object":"chat.completion.chunk","created":1780000000,"model":"openai/gpt-4o",'
            b'"choices":[{"index":0,"delta":{"role":"assistant","content":"SSE is a "},"finish_reason":null}]}\n\n'
        ),
        (
            b'data: {"id":"gen-77","object":"chat.completion.chunk","created":1780000000,"model":"openai/gpt-4o",'
            b'"choices":[{"index":0,"delta":{"content":"one-way street \xe2\x86\x92"},"finish_reason":null}]}\n\n'
        ),
        (
            b'data: {"id":"gen-77","object":"chat.completion.chunk","created":1780000000,"model":"openai/gpt-4o",'
            b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        ),
        (
            b'data: {"id":"gen-77","object":"chat.completion.chunk","created":1780000000,"model":"openai/gpt-4o",'
            b'"choices":[],"usage":{"prompt_tokens":14,"completion_tokens":8,"total_tokens":22}}\n\n'
        ),
        b"data: [DONE]\n\n",
    )
    TEXT = "SSE is a one-way street →"
    HEADERS: ClassVar = {"X-MDB-Charged-USD": "0.000412", "X-MDB-Balance-USD": "12.08"}

    def test_the_charge_is_known_before_the_first_byte_of_the_body(self, client: httpx.Client) -> None:
        with (
            ReplayServer(self.BODY, headers=self.HEADERS, fault=Stall(0, seconds=0.05)) as server,
            client.stream("POST", server.chat_url, json=USAGE_OPTION) as response,
        ):
            stream = ChatStream(response)
            charged = stream.response.headers["x-mdb-charged-usd"], stream.response.headers["X-MDB-Balance-USD"]
            assert (charged, stream.timings.time_to_first_byte) == (("0.000412", "12.08"), None)
            assert plain_loop(stream) == self.TEXT
            usage = stream.completion.usage
        assert usage is not None
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (14, 8, 22)

    def test_the_loop_without_the_usage_option(self, client: httpx.Client) -> None:
        body = [*self.BODY[:3], self.BODY[-1]]
        with ReplayServer(body) as server, client.stream("POST", server.chat_url) as response:
            stream = ChatStream(response)
            printed = "".join(chunk.choices[0].delta.content or "" for chunk in stream.iter_chunks())
        assert (printed, stream.completion.usage, stream.ending) == (self.TEXT, None, "complete")


class TestSovereignEG:
    """Events that are printed without blank lines between them."""

    BODY = (
        b'data: {"id":"cc-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Father of "},'
        b'"finish_reason":null}]}\n'
        b'data: {"id":"cc-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"rivers, '
        b'\xd8\xa7\xd9\x84\xd9\x86\xd9\x8a\xd9\x84"},"finish_reason":null}]}\n'
        b'data: {"id":"cc-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},'
        b'"finish_reason":"stop"}]}\n'
        b"data: [DONE]\n"
    )
    TEXT = "Father of rivers, النيل"

    @pytest.mark.parametrize("end", [b"", b"\n"])
    @pytest.mark.parametrize("cut", [1, 7, 10_000])
    def test_the_loop_prints_all_of_it(self, end: bytes, cut: int, client: httpx.Client) -> None:
        with ReplayServer(self.BODY + end, cut=cut) as server, client.stream("POST", server.chat_url) as response:
            stream = ChatStream(response)
            assert plain_loop(stream) == self.TEXT
        assert (stream.ending, stream.completion.choices[0].finish_reason) == ("complete", "stop")
        assert "events_run_together" in {anomaly.kind for anomaly in stream.anomalies}

    def test_the_loop_of_the_page_reads_the_response_of_fetch(self) -> None:
        async def output() -> str:
            text_content = ""
            async with AsyncChatStream(JavaScriptResponse(bytewise(self.BODY))) as stream:
                async for text in stream.iter_text():
                    text_content += text
            return text_content

        assert asyncio.run(output()) == self.TEXT

    def test_the_time_to_first_token_counts_from_the_request(self, client: httpx.Client) -> None:
        with ReplayServer(self.BODY, delay=0.05) as server:
            started = time.monotonic()
            with client.stream("POST", server.chat_url) as response:
                stream = ChatStream(response, request_started=started)
                stream.until_done()
        first_token = stream.timings.time_to_first_token
        assert stream.timings.basis == "request"
        assert first_token is not None
        assert 0.05 <= first_token < 5


class TestGabForge:
    """Chunks without id, object and finish reason, and content that may be null."""

    BODY = (
        b'data: {"choices":[{"delta":{"role":"assistant","content":null},"index":0}]}\n\n'
        b'data: {"choices":[{"delta":{"content":"One"},"index":0}]}\n\n'
        b'data: {"choices":[{"delta":{"content":" lock"},"index":0}]}\n\n'
        b'data: {"choices":[{"delta":{"content":" for all"},"index":0}]}\n\n'
        b'data: {"choices":[{"delta":{"content":null},"index":0}]}\n\n'
        b"data: [DONE]\n\n"
    )

    def test_the_loop_guards_against_none_and_the_stream_is_complete(self, client: httpx.Client) -> None:
        printed = []
        with ReplayServer(self.BODY) as server, client.stream("POST", server.chat_url) as response:
            stream = ChatStream(response)
            for chunk in stream.iter_chunks():
                delta = chunk.choices[0].delta
                if delta.content is not None:
                    printed.append(delta.content)
        assert printed == ["One", " lock", " for all"]
        completion = stream.completion
        assert (stream.ending, completion.text) == ("complete", "One lock for all")
        # Nothing is made up where nothing was sent.
        assert (completion.id, completion.model, completion.usage) == (None, None, None)
        assert completion.choices[0].finish_reason is None


class TestAIPower:
    """A relay and its page, trying again, aborting early, and drawing every 50 ms."""

    WORDS = ("Neural ", "networks\n", "learn, ", "- step\n\n", " by step.")
    BODY = (
        *(
            b'data: {"id":"a1","object":"chat.completion.chunk","model":"deepseek/deepseek-chat","choices":'
            b'[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n' % word.replace("\n", "\\n").encode()
            for word in WORDS
        ),
        (
            b'data: {"id":"a1","object":"chat.completion.chunk","model":"deepseek/deepseek-chat","choices":'
            b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        ),
        b"data: [DONE]\n\n",
    )
    TEXT = "".join(WORDS)

    def test_a_relay_frames_newlines_so_that_its_page_shows_them(self) -> None:
        app = FastAPI()

        @app.post("/api/chat")
        async def chat(messages: list[dict[str, str]]) -> StreamingResponse:
            async def generate() -> AsyncIterator[bytes]:
                async with (
                    httpx.AsyncClient(trust_env=False) as upstream,
                    upstream.stream("POST", server.chat_url, json={"messages": messages, "stream": True}) as response,
                    AsyncChatStream(response) as stream,
                ):
                    async for text in stream.iter_text():
                        yield ServerSentEvent(text).encode()
                yield ServerSentEvent("[DONE]").encode()

            return StreamingResponse(generate(), media_type="text/event-stream")

        question = [{"role": "user", "content": "How do neural networks learn?"}]
        with ReplayServer(self.BODY, cut=11) as server:
            body = asyncio.run(relayed(app, "/api/chat", json=question))
            (request,) = server.requests
        assert request.json()["messages"] == question
        assert shown_by_their_page(body) == self.TEXT
        # What the tutorial's own f"data: {content}\n\n" would make of it: text is lost.
        naive = b"".join(f"data: {word}\n\n".encode() for word in self.WORDS)
        assert shown_by_their_page(naive) != self.TEXT

    def test_trying_again_delivers_nothing_twice(self, client: httpx.Client) -> None:
        def stream_with_retry(url: str, max_retries: int = 3) -> Iterator[str]:
            for attempt in range(max_retries):
                stream = None
                try:
                    with client.stream("POST", url) as response:
                        stream = ChatStream(response)
                        yield from stream.iter_text()
                except (StatusError, ProviderError, TransportError):
                    delivered = stream is not None and stream.timings.deltas
                    if delivered or attempt == max_retries - 1:
                        raise
                else:
                    return

        busy = Reply(b'{"error":{"message":"busy"}}', status=503, content_type="application/json")
        overloaded = Reply(b'data: {"error":{"message":"overloaded"}}\n\n')
        with ReplayServer(script=[busy, overloaded, Reply(self.BODY)]) as server:
            assert "".join(stream_with_retry(server.chat_url)) == self.TEXT
        broken = Reply(self.BODY, fault=Reset(len(self.BODY[0]) + len(self.BODY[1])))
        with ReplayServer(script=[busy, broken, Reply(self.BODY)]) as server:
            delivered: list[str] = []
            with pytest.raises(TransportError):
                delivered.extend(stream_with_retry(server.chat_url))
            assert (delivered, len(server.requests)) == (list(self.WORDS[:2]), 2)

    def test_aborting_early_ends_the_request(self, client: httpx.Client) -> None:
        with ReplayServer(self.BODY, fault=Stall(len(self.BODY[0]))) as server:
            with client.stream("POST", server.chat_url) as response, ChatStream(response) as stream:
                for text in stream.iter_text():
                    assert text == self.WORDS[0]
                    break
            assert stream.ending == "closed"
            assert server.wait_for_disconnect()
            assert server.abandoned == 1

    def test_the_page_is_drawn_every_50_ms_and_not_for_each_token(self) -> None:
        tokens = [f"{number} " for number in range(60)]
        chunk = 'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'
        body = [*((chunk % token).encode() for token in tokens), *self.BODY[-2:]]

        async def updates(url: str) -> list[str]:
            async with (
                httpx.AsyncClient(trust_env=False) as client,
                client.stream("POST", url) as response,
                AsyncChatStream(response) as stream,
                coalesce(stream, seconds=0.05) as events,
            ):
                return [event.text async for event in events if isinstance(event, TextDelta)]

        with ReplayServer(body, pace=0.003) as server:
            began = time.monotonic()
            drawn = asyncio.run(updates(server.chat_url))
            took = time.monotonic() - began
        assert "".join(drawn) == "".join(tokens)
        assert 1 < len(drawn) <= took / 0.05 + 1  # the last one comes with the end


class TestClaude4u:
    """Sync, async, a relay, errors with their status, and usage in the last chunk."""

    BODY = (
        (
            b'data: {"id":"chatcmpl-xyz","object":"chat.completion.chunk","choices":[{"index":0,'
            b'"delta":{"content":"By"},"finish_reason":null}]}\n\n'
        ),
        (
            b'data: {"id":"chatcmpl-xyz","object":"chat.completion.chunk","choices":[{"index":0,'
            b'"delta":{"content":" adjusting\\n\xe6\x9d\x83\xe9\x87\x8d"},"finish_reason":null}]}\n\n'
        ),
        (
            b'data: {"id":"chatcmpl-xyz","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},'
            b'"finish_reason":"stop"}]}\n\n'
        ),
        (
            b'data: {"id":"chatcmpl-xyz","object":"chat.completion.chunk","choices":[],'
            b'"usage":{"prompt_tokens":19,"completion_tokens":5,"total_tokens":24}}\n\n'
        ),
        b"data: [DONE]\n\n",
    )
    TEXT = "By adjusting\n权重"

    def test_the_sync_loop_collects_the_content(self, client: httpx.Client) -> None:
        collected_content = []
        with ReplayServer(self.BODY) as server, client.stream("POST", server.chat_url) as response:
            for chunk in ChatStream(response).iter_chunks():
                if chunk.choices and chunk.choices[0].delta.content:
                    collected_content.append(chunk.choices[0].delta.content)
        assert "".join(collected_content) == self.TEXT

    def test_the_async_loop_yields_the_content(self) -> None:
        async def stream_response(url: str) -> AsyncIterator[str]:
            async with (
                httpx.AsyncClient(trust_env=False) as client,
                client.stream("POST", url) as response,
                AsyncChatStream(response) as stream,
            ):
                async for chunk in stream.iter_chunks():
                    if chunk.choices and chunk.choices[0].delta.content:
                        yield chunk.choices[0].delta.content

        async def main() -> list[str]:
            return [content async for content in stream_response(server.chat_url)]

        with ReplayServer(self.BODY, cut=3) as server:
            assert "".join(asyncio.run(main())) == self.TEXT

    def test_a_sync_relay_sends_it_on(self) -> None:
        app = FastAPI()

        @app.post("/chat")
        def chat(message: str) -> StreamingResponse:
            def generate() -> Iterator[bytes]:
                payload = {"messages": [{"role": "user", "content": message}], "stream": True}
                with (
                    httpx.Client(trust_env=False) as upstream,
                    upstream.stream("POST", server.chat_url, json=payload) as response,
                    ChatStream(response) as stream,
                ):
                    for text in stream.iter_text():
                        yield ServerSentEvent(text).encode()
                yield ServerSentEvent("[DONE]").encode()

            return StreamingResponse(generate(), media_type="text/event-stream")

        with ReplayServer(self.BODY) as server:
            body = asyncio.run(relayed(app, "/chat", params={"message": "Hello"}))
        assert shown_by_their_page(body) == self.TEXT

    def test_an_error_has_its_status_and_its_message(self, client: httpx.Client) -> None:
        refused = Reply(
            b'{"error":{"message":"invalid api key","type":"authentication_error"}}',
            status=401,
            content_type="application/json",
        )
        with ReplayServer(script=[refused]) as server, client.stream("POST", server.chat_url) as response:
            with pytest.raises(StatusError) as caught:
                plain_loop(ChatStream(response))
        assert caught.value.status_code == 401
        assert "invalid api key" in str(caught.value)

    def test_an_interrupted_stream_says_so_after_what_came(self, client: httpx.Client) -> None:
        with (
            ReplayServer(self.BODY, fault=Disconnect(len(self.BODY[0]))) as server,
            client.stream("POST", server.chat_url) as response,
            pytest.raises(TransportError) as caught,
        ):
            plain_loop(ChatStream(response))
        assert caught.value.completion is not None
        assert caught.value.completion.text == "By"

    def test_usage_is_in_the_last_chunk(self, client: httpx.Client) -> None:
        with (
            ReplayServer(self.BODY) as server,
            client.stream("POST", server.chat_url, json=USAGE_OPTION) as response,
        ):
            used = [chunk.usage.total_tokens for chunk in ChatStream(response).iter_chunks() if chunk.usage]
        assert used == [24]
