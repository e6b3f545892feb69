"""A chat page: FastAPI relays the model's stream to the browser, and the page renders it live.

    python examples/chat_page/app.py

It needs `fastapi` and `uvicorn`. Offline it asks a server on this machine. With OPENAI_BASE_URL set
(OPENAI_API_KEY, OPENAI_MODEL), it asks that server; the key stays here.

- Each event goes to the browser as one server-sent event whose data is JSON, so that newlines cannot break
  its frame.
- Text is merged for up to 50 ms: the page draws twenty times a second, not two hundred.
- When the browser leaves, the request to the model is closed at once, also while the model is silent.
- Whatever goes wrong becomes an event of its own, after all the text that came before it.
"""

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import httpx
import msgspec
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from sse_stream import AsyncChatStream, ServerSentEvent, SSEStreamError, Timeouts, coalesce
from sse_stream.testing import ReplayServer, Reply, Request

PAGE = Path(__file__).with_name("page.html")
DEADLINES = Timeouts(first_token=120, content=60)

SendFrame = Callable[[bytes], Awaitable[None]]


class EventStream(Response):
    """Sends what a relay makes, for as long as the browser is there.

    FastAPI's own `StreamingResponse` may notice that the browser has left only when it next sends something,
    and a model that thinks can be silent for minutes.
    """

    media_type = "text/event-stream"

    def __init__(self, relay: Callable[[SendFrame], Awaitable[None]]) -> None:
        # Nothing on the way may keep or collect what is sent: no cache, and no proxy's buffer.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._relay = relay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # as ASGI calls it
        async def send_frame(frame: bytes) -> None:
            await send({"type": "http.response.body", "body": frame, "more_body": True})

        async with anyio.create_task_group() as tasks:

            async def stop_when_the_browser_leaves() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(stop_when_the_browser_leaves)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._relay(send_frame)
            await send({"type": "http.response.body", "body": b""})
            tasks.cancel_scope.cancel()


def error_frame(message: str) -> bytes:
    return ServerSentEvent(msgspec.json.encode({"message": message}).decode(), event="error").encode()


async def relay(client: httpx.AsyncClient, url: str, payload: dict[str, Any], send: SendFrame) -> None:
    """Ask the model, and send each event on."""
    try:
        async with (
            client.stream("POST", url, json=payload) as response,
            AsyncChatStream(response, timeouts=DEADLINES) as stream,
            coalesce(stream, seconds=0.05) as events,
        ):
            async for event in events:
                await send(ServerSentEvent(msgspec.json.encode(event).decode(), event=event.type).encode())
    except (SSEStreamError, httpx.TransportError) as error:
        await send(error_frame(str(error) or type(error).__name__))


def create_app(url: str) -> FastAPI:
    """The application.

    Args:
        url: Where the model is asked.
    """
    headers = {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', 'none')}"}
    model = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
    # The stream has deadlines of its own, which are finer than the client's.
    client = httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(None, connect=10))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(PAGE, media_type="text/html; charset=utf-8")

    @app.post("/chat", response_class=EventStream)
    async def chat(messages: list[dict[str, Any]]) -> EventStream:
        payload = {"model": model, "messages": messages, "stream": True}
        return EventStream(lambda send: relay(client, url, payload, send))

    return app


ANSWER = """\
You said: {prompt}

Here is a haiku – 俳句 – about it:

  Worte tröpfeln ein,
  eins ums andre, nichts verloren.
  Дальше – тишина. 🌾
"""


def answer(request: Request) -> Reply:
    """The stand-in for a provider."""
    text = ANSWER.format(prompt=request.json()["messages"][-1]["content"])
    pieces = [text[begin : begin + 4] for begin in range(0, len(text), 4)]
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    body = [ServerSentEvent(msgspec.json.encode(chunk).decode()).encode() for chunk in chunks]
    return Reply([*body, b"data: [DONE]\n\n"], pace=0.02)


def serve(url: str) -> None:
    with socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "8000")))) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
        server = uvicorn.Server(uvicorn.Config(create_app(url), log_level="warning"))
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def main() -> None:
    base_url = os.environ.get("OPENAI_BASE_URL")
    if base_url:
        serve(f"{base_url.rstrip('/')}/chat/completions")
        return
    with ReplayServer(script=answer) as provider:
        serve(provider.chat_url)


if __name__ == "__main__":
    main()
