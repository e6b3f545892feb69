"""A chat page: FastAPI relays the model's stream to the browser, and the page renders it live.

    python examples/chat_page/app.py

It requires `httpx`, `fastapi` and `uvicorn`. It runs against a local server, or against OPENAI_BASE_URL if it is set (with
OPENAI_API_KEY, OPENAI_MODEL); the key is never sent to the browser.

- Each event is sent to the browser as one server-sent event with JSON data, so that newlines cannot break its framing.
- Text is merged for up to 50 ms, so that the page is redrawn twenty times a second, not two hundred.
- When the browser disconnects, the request to the model is closed at once, even while the model is silent:
  `StreamingResponse` cancels the generator, and leaving its `async with` closes the connection.
- An error is sent as its own event, after all the text that arrived before it.
"""

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, StreamingResponse

sys.path.append(str(Path(__file__).parents[1]))

from provider import Provider, provider_or
from sse_stream import AsyncChatStream, ServerSentEvent, SSEStreamError, Timeouts, coalesce
from sse_stream.testing import ReplayServer, Reply, Request

PAGE = Path(__file__).with_name("page.html")
DEADLINES = Timeouts(first_token=120, content=60)
# Disable caching, and buffering in proxies (nginx).
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def framed(event: str, value: object) -> bytes:
    return ServerSentEvent(msgspec.json.encode(value).decode(), event=event).encode()


async def relayed(client: httpx.AsyncClient, url: str, payload: dict[str, Any]) -> AsyncIterator[bytes]:
    """Send a request to the model, and yield each event in the page's format."""
    try:
        async with (
            client.stream("POST", url, json=payload) as response,
            AsyncChatStream(response, timeouts=DEADLINES) as stream,
            coalesce(stream, seconds=0.05) as events,
        ):
            async for event in events:
                yield framed(event.type, event)
    except (SSEStreamError, httpx.TransportError) as error:
        yield framed("error", {"message": str(error) or type(error).__name__})


def create_app(provider: Provider) -> FastAPI:
    """Create the application.

    Args:
        provider: The server of the model.
    """
    # The stream has its own timeouts, which are more precise than the client's.
    client = httpx.AsyncClient(headers=provider.headers, timeout=httpx.Timeout(None, connect=10))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(PAGE, media_type="text/html; charset=utf-8")

    @app.post("/chat")
    async def chat(messages: list[dict[str, Any]]) -> StreamingResponse:
        payload = {"model": provider.model, "messages": messages, "stream": True}
        return StreamingResponse(
            relayed(client, provider.url, payload), media_type="text/event-stream", headers=HEADERS
        )

    return app


ANSWER = """\
You said: {prompt}

Here is a haiku – 俳句 – about it:

  Worte tröpfeln ein,
  eins ums andre, nichts verloren.
  Дальше – тишина. 🌾
"""


def answer(request: Request) -> Reply:
    """The local server."""
    text = ANSWER.format(prompt=request.json()["messages"][-1]["content"])
    pieces = (text[begin : begin + 4] for begin in range(0, len(text), 4))
    return Reply.reasoning("A haiku, ", "then. ", "Five, seven, ", "five.", pace=0.05) + Reply.text(*pieces)


def serve(provider: Provider) -> None:
    with socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "8000")))) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
        server = uvicorn.Server(uvicorn.Config(create_app(provider), log_level="warning"))
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def main() -> None:
    with provider_or(ReplayServer(script=answer)) as provider:
        serve(provider)


if __name__ == "__main__":
    main()
