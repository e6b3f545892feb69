"""An OpenAI-compatible endpoint in front of Anthropic's API, so that any OpenAI client can talk to Claude.

    python examples/relay_anthropic.py

By default it relays a local server, sends itself two requests, and stops. With ANTHROPIC_API_KEY set (and
ANTHROPIC_BASE_URL, PORT), it relays Anthropic until interrupted: point your client at the base URL that it prints.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import msgspec

from provider import error_event
from sse_stream import ChatCompletionChunk, ChatStream, ProviderError, ServerSentEvent, SSEStreamError, TextDelta
from sse_stream.testing import ReplayServer, Reply, Request

# OpenAI's names for Anthropic's stop reasons; others are passed on unchanged.
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def relayed(response: httpx.Response) -> Iterator[bytes]:
    """Yield the answer in OpenAI's format: chunks, then [DONE]; if it fails, the chunks so far, then an error."""
    started = int(time.time())
    with ChatStream(response) as stream:
        try:
            for chunk in stream.iter_chunks():
                yield in_openais_words(chunk, started).encode()
        except SSEStreamError as error:
            yield error_event(error)
        else:
            yield b"data: [DONE]\n\n"


def in_openais_words(chunk: ChatCompletionChunk, started: int) -> ChatCompletionChunk:
    """Add the fields that OpenAI's clients expect: a time, a token total, and OpenAI's finish reasons."""
    choices = [
        msgspec.structs.replace(choice, finish_reason=FINISH_REASONS.get(choice.finish_reason, choice.finish_reason))
        if choice.finish_reason
        else choice
        for choice in chunk.choices
    ]
    usage = chunk.usage
    if usage is not None:
        total = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
        usage = msgspec.structs.replace(usage, total_tokens=total)
    return msgspec.structs.replace(chunk, created=started, choices=choices, usage=usage)


def anthropic_request(asked: dict[str, Any]) -> dict[str, Any]:
    """Convert a request from OpenAI's format to Anthropic's."""
    system = [message["content"] for message in asked["messages"] if message["role"] in ("system", "developer")]
    request: dict[str, Any] = {
        "model": asked["model"],
        "max_tokens": asked.get("max_completion_tokens") or asked.get("max_tokens") or 4096,
        "stream": True,
        "messages": [anthropic_message(message) for message in asked["messages"] if message["role"] in _ROLES],
    }
    if system:
        request["system"] = "\n\n".join(system)
    if asked.get("tools"):
        request["tools"] = [
            {
                "name": tool["function"]["name"],
                "description": tool["function"].get("description", ""),
                "input_schema": tool["function"].get("parameters", {"type": "object"}),
            }
            for tool in asked["tools"]
        ]
    return request


_ROLES = ("user", "assistant", "tool")


def anthropic_message(message: dict[str, Any]) -> dict[str, Any]:
    """Convert one message: text, tool calls, or a tool's result."""
    if message["role"] == "tool":
        result = {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}
        return {"role": "user", "content": [result]}
    content: list[dict[str, Any]] = [{"type": "text", "text": message["content"]}] if message.get("content") else []
    for call in message.get("tool_calls") or []:
        function = call["function"]
        given = json.loads(function["arguments"] or "{}")
        content.append({"type": "tool_use", "id": call["id"], "name": function["name"], "input": given})
    return {"role": message["role"], "content": content}


class Relay(ThreadingHTTPServer):
    """Serves `/v1/chat/completions` on this machine.

    Args:
        upstream: The URL of Anthropic's `/v1/messages`.
        key: The API key.
        port: The port; 0 for any free one.
    """

    def __init__(self, upstream: str, key: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.upstream = upstream
        self.client = httpx.Client(
            headers={"x-api-key": key, "anthropic-version": "2023-06-01"}, timeout=httpx.Timeout(10, read=300)
        )

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def server_close(self) -> None:
        super().server_close()
        self.client.close()


class Handler(BaseHTTPRequestHandler):
    """Handles one request of an OpenAI client."""

    server: Relay
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        request = self.server.client.build_request("POST", self.server.upstream, json=anthropic_request(asked))
        response = self.server.client.send(request, stream=True)
        if response.is_error:
            self.answer(response.status_code, "application/json", iter([response.read()]))
        else:
            self.answer(200, "text/event-stream", relayed(response))

    def answer(self, status: int, content_type: str, body: Iterator[bytes]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in body:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Do not log requests."""


def framed(event: dict[str, Any]) -> bytes:
    return ServerSentEvent(json.dumps(event), event=event["type"]).encode()


MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
PIECES = [
    framed({"type": "message_start", "message": {**MESSAGE, "usage": {"input_tokens": 11, "output_tokens": 1}}}),
    framed({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    *(
        framed({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
        for text in ("A relay speaks", " both languages.")
    ),
    framed({"type": "content_block_stop", "index": 0}),
    framed({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}),
    framed({"type": "message_stop"}),
]
OVERLOADED = framed({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})


def answer(request: Request) -> Reply:
    """The local server, which reports an overload if the prompt asks it to fail."""
    text = json.dumps(request.json()["messages"])
    return Reply([*PIECES[:3], OVERLOADED] if "fail" in text else PIECES, pace=0.01)


def ask(base_url: str, question: str) -> None:
    """Send a request to the relay, as any OpenAI client would."""
    payload = {"model": "claude", "messages": [{"role": "user", "content": question}], "stream": True}
    with (
        httpx.stream("POST", f"{base_url}/chat/completions", json=payload) as response,
        ChatStream(response) as stream,
    ):
        try:
            for event in stream:
                if isinstance(event, TextDelta):
                    print(event.text, end="", flush=True)
        except ProviderError as error:
            print(f" [{error}]")
            return
    completion = stream.completion
    total = completion.usage.total_tokens if completion.usage else None
    print(f" [{stream.dialect}, {completion.finish_reason}, {total} tokens]")


def serve() -> None:
    """Relay Anthropic until Ctrl-C."""
    base_url = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com").rstrip("/")
    port = int(os.environ.get("PORT", "0"))
    with Relay(f"{base_url}/v1/messages", os.environ["ANTHROPIC_API_KEY"], port) as relay:
        print(relay.base_url, flush=True)
        with suppress(KeyboardInterrupt):
            relay.serve_forever()


def demonstrate() -> None:
    """Relay the local server, and send two requests."""
    with ReplayServer(script=answer) as anthropic, Relay(anthropic.messages_url, "none") as relay:
        thread = threading.Thread(target=relay.serve_forever)
        thread.start()
        try:
            ask(relay.base_url, "What does a relay do?")
            ask(relay.base_url, "Please fail.")
        finally:
            relay.shutdown()
            thread.join()


if __name__ == "__main__":
    if os.environ.get("ANTHROPIC_API_KEY"):
        serve()
    else:
        demonstrate()
