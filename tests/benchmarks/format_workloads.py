"""Workloads of a format, and those of chat, with which the others are compared."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from sse_stream import ChatCompletionChunk


@dataclass(frozen=True)
class FormatWorkload:
    """A stream of some format, in memory.

    Attributes:
        name: The format, and what the stream is made of.
        payloads: The data of each event.
        reads: The event stream, one event per read.
        said: Text, reasoning and arguments, in their order.
        decode: A bare typed decode of an event's data.
        sdk: Makes what reads it with the official SDK; `None` where that is not installed.
    """

    name: str
    payloads: list[str]
    reads: list[bytes]
    said: str
    decode: Callable[[str], object]
    sdk: Callable[[ExitStack], Prepare | None]


Prepare: TypeAlias = Callable[[FormatWorkload], Callable[[], str]]
"""All that comes before the first byte is done; what is returned reads it, and gives what it says."""


class Answer:
    """A client of an SDK whose requests are answered with a workload's reads.

    Args:
        sdk: The SDK's package.
        make: Its client's class.
        stack: Closes the client.
    """

    def __init__(self, sdk: str, make: str, stack: ExitStack) -> None:
        package = importlib.import_module(sdk)
        # The SDKs use httpx2 where they know it, and httpx before.
        http = importlib.import_module("httpx2" if importlib.util.find_spec("httpx2") else "httpx")
        reads = self._reads = list[bytes]()

        class Response(http.Response):  # type: ignore[misc, name-defined]  # one class for both clients
            """A response whose bytes come without the layers in between: the least that the SDK can be given."""

            def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
                return iter(reads)

        class Transport(http.BaseTransport):  # type: ignore[misc, name-defined]  # one class for both clients
            def handle_request(self, request: Any) -> Any:
                return Response(200, headers={"content-type": "text/event-stream"}, stream=http.ByteStream(b""))

        self.client = getattr(package, make)(
            api_key="none", base_url="http://localhost", http_client=http.Client(transport=Transport())
        )
        stack.callback(self.client.close)

    def answer_with(self, reads: list[bytes]) -> None:
        self._reads[:] = reads


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


_PIECES = ("The", " quick", " brown", " fox", " jumps", " over", " the", " lazy", " dog", ".\n")


def pieces(count: int) -> list[str]:
    """Pieces of a text, as a model writes them."""
    return [_PIECES[number % len(_PIECES)] for number in range(count)]


def chat_workloads(events: int) -> list[FormatWorkload]:
    """Plain text of OpenAI's chat completions."""

    def chunk(delta: str, reason: str) -> str:
        return (
            '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":'
            f'[{{"index":0,"delta":{delta},"finish_reason":{reason}}}]}}'
        )

    text = pieces(events)
    payloads = [chunk(f'{{"content":{msgspec.json.encode(piece).decode()}}}', "null") for piece in text]
    payloads.append(chunk("{}", '"stop"'))
    reads = [f"data: {payload}\n\n".encode() for payload in payloads]
    reads.append(b"data: [DONE]\n\n")

    def sdk(stack: ExitStack) -> Prepare | None:
        if not installed("openai"):
            return None
        answer = Answer("openai", "OpenAI", stack)

        def prepare(workload: FormatWorkload) -> Callable[[], str]:
            answer.answer_with(workload.reads)
            stream = answer.client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
            return lambda: "".join(
                chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices[0].delta.content
            )

        return prepare

    decode = msgspec.json.Decoder(ChatCompletionChunk).decode
    return [FormatWorkload("chat: text", payloads, reads, "".join(text), decode, sdk)]
