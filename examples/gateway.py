"""A gateway between OpenAI clients and an OpenAI-compatible server, for many streams at once.

    python examples/gateway.py

It needs `aiohttp`. Offline it relays a server on this machine, sends itself five requests, and stops. With
OPENAI_BASE_URL set (OPENAI_API_KEY, PORT), it relays that server until it is interrupted: point your client at the base
URL that it prints.

- Back-pressure: it reads the next chunk once the client's connection has accepted the last one. If the client stops
  reading, the gateway stops too, as soon as the buffers in between are full.
- Keep-alives: while there is nothing to send, the client gets a comment from time to time, so that no proxy on the way
  closes the connection.
- Failures: if the upstream fails or ends early, the client gets an error event, and no `[DONE]`, so it cannot mistake a
  truncated stream for a complete one. If the upstream refuses the request, the client gets the same status and body.
- Disconnects: if the client leaves, or accepts nothing for too long, the upstream request is closed.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from time import monotonic

import aiohttp
from aiohttp import web

from provider import Provider, error_event, provider_at
from sse_stream import AsyncChatStream, SSEStreamError, StatusError, Timeouts
from sse_stream.testing import EndAt, ReplayServer, Reply, Request, Stall

DEADLINES = Timeouts(first_token=120, content=60, idle=60)
SILENCE = 15.0  # seconds without an event after which a client gets a comment
PATIENCE = 60.0  # seconds for which a client may accept nothing

HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Answer(web.StreamResponse):
    """The response to one client.

    Args:
        silence: Seconds without an event after which the client gets a comment.
        patience: Seconds for which the client may accept nothing.
    """

    def __init__(self, silence: float, patience: float) -> None:
        super().__init__(headers=HEADERS)
        self._silence = silence
        self._patience = patience
        self._sent = monotonic()

    async def send(self, event: bytes) -> None:
        """Send an event, and wait until the connection has room for more.

        Raises:
            TimeoutError: The client accepted nothing for too long.
        """
        self._sent = monotonic()
        async with asyncio.timeout(self._patience):
            await self.write(event)

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Send comments while the block has nothing to send."""

        async def comment() -> None:
            with suppress(ConnectionError, TimeoutError):  # the next event fails in the same way
                while True:
                    await asyncio.sleep(self._sent + self._silence - monotonic())
                    if monotonic() >= self._sent + self._silence:
                        await self.send(b": keep-alive\n\n")

        task = asyncio.create_task(comment())
        try:
            yield
        finally:
            task.cancel()


def refusal(status: int, kind: str, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": kind}}, status=status)


class Gateway:
    """Relays requests to a provider.

    Args:
        provider: The upstream.
        session: The HTTP client for upstream requests.
        silence: Seconds without an event after which a client gets a comment.
        patience: Seconds for which a client may accept nothing.

    Attributes:
        bytes_read: Bytes read from the upstream so far, over all streams.
    """

    def __init__(self, provider: Provider, session: aiohttp.ClientSession, silence: float, patience: float) -> None:
        self._provider = provider
        self._session = session
        self._silence = silence
        self._patience = patience
        self.bytes_read = 0

    def _count(self, data: bytes) -> None:
        self.bytes_read += len(data)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        try:
            payload = await request.json()
        except ValueError:
            payload = None
        if not isinstance(payload, dict) or payload.get("stream") is not True:
            return refusal(
                400, "invalid_request_error", 'this gateway only streams: send a JSON object with "stream": true'
            )
        upstream = self._session.post(self._provider.url, json=payload, headers=self._provider.headers)
        try:
            # Leaving this block closes the upstream request. aiohttp cancels the handler when the client leaves.
            async with AsyncChatStream(upstream, timeouts=DEADLINES, tee=self._count) as stream:
                if not stream.response.ok:
                    await stream.until_done()  # raises StatusError, which has the body
                return await self._relay(stream, request)
        except StatusError as error:
            kept = {name: error.headers[name] for name in ("content-type", "retry-after") if name in error.headers}
            return web.Response(text=error.body, status=error.status_code, headers=kept)
        except SSEStreamError as error:
            return refusal(502, "server_error", str(error))

    async def _relay(self, stream: AsyncChatStream, request: web.Request) -> web.StreamResponse:
        answer = Answer(self._silence, self._patience)
        await answer.prepare(request)
        try:
            with answer.kept_alive():
                try:
                    async for chunk in stream.iter_chunks():
                        await answer.send(chunk.encode())
                except SSEStreamError as error:
                    await answer.send(error_event(error))
                else:
                    await answer.send(b"data: [DONE]\n\n")
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return answer


@asynccontextmanager
async def serving(
    provider: Provider, *, port: int = 0, silence: float = SILENCE, patience: float = PATIENCE
) -> AsyncIterator[tuple[str, Gateway]]:
    """Run a gateway on this machine; gives its base URL and the gateway."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)  # the streams have their own deadlines
    connector = aiohttp.TCPConnector(limit=0)  # one upstream request per client
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        gateway = Gateway(provider, session, silence, patience)
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", gateway.chat)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1", gateway
        finally:
            await runner.cleanup()


async def serve(base_url: str) -> None:
    """Relay this server until Ctrl-C."""
    async with serving(provider_at(base_url), port=int(os.environ.get("PORT", "0"))) as (address, _):
        print(address, flush=True)
        await asyncio.Event().wait()


# --------------------------------------------------------------------------------------- the demonstration

WORDS = ("A gateway ", "passes on ", "what it gets.")
LONG = Reply.text(*["x" * 10_000] * 4_000)


def answer(request: Request) -> Reply:
    """What the stand-in provider does."""
    match request.json()["messages"][0]["content"]:
        case "pause":
            return Reply.text(*WORDS, fault=Stall(400, seconds=0.5))
        case "end early":
            return Reply.text(*WORDS, fault=EndAt(600))
        case "refuse":
            return Reply.error("too many requests", status=429)
        case "stay silent":
            return Reply.text(*WORDS, fault=Stall(400))
        case _:
            return LONG


async def demonstrate() -> None:
    """Relay the stand-in, and show how each kind of stream ends."""
    with ReplayServer(script=answer) as server:
        async with (
            serving(provider_at(server.base_url), silence=0.05) as (base_url, gateway),
            aiohttp.ClientSession() as session,
        ):

            def asked(prompt: str) -> AsyncChatStream:
                payload = {"model": "m", "messages": [{"role": "user", "content": prompt}], "stream": True}
                return AsyncChatStream(session.post(f"{base_url}/chat/completions", json=payload))

            for prompt in ("pause", "end early", "refuse"):
                stream = asked(prompt)
                try:
                    print(f"{prompt}: {(await stream.until_done()).text}")
                except SSEStreamError as error:
                    print(f"{prompt}: {error.completion.text} [{error}]")
                if stream.timings.keepalives:
                    print("  with keep-alive comments")

            closed = server.disconnects
            async with asked("stay silent") as stream:
                print(f"stay silent: {await anext(stream.iter_text())}…")
            await asyncio.to_thread(server.wait_for_disconnect, count=closed + 1)
            print(f"  the client left, upstream requests closed: {server.abandoned}")

            before = gateway.bytes_read
            async with asked("write a lot") as stream:
                await anext(stream.iter_text())
                taken = -1
                while taken != (taken := gateway.bytes_read - before):  # noqa: ASYNC110  # nothing signals it
                    await asyncio.sleep(0.3)
            print(f"write a lot: {taken / 1e6:.1f} MB read from upstream while the client reads nothing")


def main() -> None:
    base_url = os.environ.get("OPENAI_BASE_URL")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(base_url) if base_url else demonstrate())


if __name__ == "__main__":
    main()
