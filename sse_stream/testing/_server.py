"""A server of recordings: HTTP/1.1 over loopback, with every fault that a network has."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeAlias, Unpack

from ._connections import Connection
from ._ledger import Ledger
from ._replies import Body, Reply, ReplyOptions, Request

Script: TypeAlias = Callable[[Request], Reply] | Sequence[Reply]
"""What each request gets: what a function of it returns, or one reply after another, the last for ever."""


class ReplayServer:
    r"""Serves a recording as an OpenAI-compatible server would, in whatever pieces and with whatever faults.

    It listens from `with` on to the end of the block, in a thread of its own, by default on a free port of 127.0.0.1.
    Any path that ends as an endpoint for answers does gets the reply, whatever the method: `/chat/completions`,
    `/completions`, `/responses`, `/messages`, `:streamGenerateContent`. One that ends in `/models` gets a list of one
    model; any other gets a 404. Connections are kept alive.

    Args:
        recording: What is served: bytes, the path of a file, a list of pieces, each of which is one write, or a
            `Reply`, whose options those given here replace. Not together with `script`.
        script: A function from `Request` to `Reply`, or a sequence of replies, one a request, the last of
            them for ever. What the function raises is answered with a 500, and raised at the end of the
            `with` block.
        host: The address to listen at; `"0.0.0.0"` for all of this machine's, so that others reach it.
        port: The port; 0 for a free one.
        hold: For how many seconds a reply without end is held open for a client that does not leave.
        **options: How the recording is served: the options of `Reply`.

    Raises:
        ValueError: An option that no reply can have, or a recording together with a script.
        OSError: The recording's file cannot be read. On entering: the port or the address cannot be had.

    >>> from urllib.request import urlopen
    >>> with ReplayServer(b"data: [DONE]\n\n", cut=1) as server, urlopen(server.chat_url) as response:
    ...     print(response.status, response.read())
    200 b'data: [DONE]\n\n'
    """

    def __init__(
        self,
        recording: Body | Reply | None = None,
        *,
        script: Script | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        hold: float = 30.0,
        **options: Unpack[ReplyOptions],
    ) -> None:
        if script is not None and (recording is not None or options):
            raise ValueError("a server replays a recording with its options, or a script of replies, not both")
        if isinstance(script, Sequence) and not script:
            raise ValueError("a script holds one reply at least")
        if script is None:
            if isinstance(recording, Reply):
                script = [replace(recording, **options)]
            else:
                script = [Reply(b"" if recording is None else recording, **options)]
        self._script: Script = script
        self._host = host
        self._asked_port = port
        self._hold = hold
        self._played = 0  # how many replies of the script were given
        self._ledger = Ledger()
        self._open: set[Connection] = set()
        self._script_error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a path: `"http://127.0.0.1:PORT"`."""
        if not self._port:
            raise RuntimeError("the server has an address within its `with` block only")
        # Who listens at all addresses is reached at that of the loopback interface.
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104  # a name
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def base_url(self) -> str:
        """What clients call the base URL: `url` and `/v1`."""
        return f"{self.url}/v1"

    @property
    def chat_url(self) -> str:
        """The endpoint that replays: `base_url` and `/chat/completions`."""
        return f"{self.base_url}/chat/completions"

    @property
    def messages_url(self) -> str:
        """The same for Anthropic's Messages: `base_url` and `/messages`."""
        return f"{self.base_url}/messages"

    @property
    def requests(self) -> tuple[Request, ...]:
        """The requests received so far, in order."""
        return self._ledger.requests

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._ledger.accepted

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    @property
    def disconnects(self) -> int:
        """How many connections were closed by their client, at whatever moment."""
        return self._ledger.disconnects

    @property
    def abandoned(self) -> int:
        """How many replies were not complete when their client closed the connection."""
        return self._ledger.abandoned

    def wait_for_disconnect(self, timeout: float = 5.0, *, count: int = 1) -> bool:
        """Wait until clients have closed connections.

        Args:
            timeout: For how many seconds to wait at most.
            count: How many connections, counted from the start.

        Returns:
            Whether they have.
        """
        return self._ledger.wait_for_disconnects(count, timeout)

    def close(self) -> None:
        """Stop: every connection is closed, whatever is under way on it. The end of the `with` block does this."""
        if self._stop is not None and self._thread is not None:
            self._stop()
            self._stop = None
            self._thread.join()
        self._port = 0

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("a ReplayServer serves once: make another one")
        # The socket listens from here on: who connects before the thread has begun waits in its queue.
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._asked_port), family=family, backlog=4096)
        self._port = listener.getsockname()[1]
        # The selector loop on every platform: it alone has all that the faults need.
        runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
        loop = runner.get_loop()
        stop = asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)

        def run() -> None:
            with runner:
                runner.run(self._serve(listener, stop))

        self._thread = threading.Thread(target=run, name=f"ReplayServer on port {self._port}", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        if self._script_error is not None and error is None:
            raise self._script_error

    async def _serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        # asyncio's own server may lose a connection that comes while it closes, so this accepts by itself.
        loop = asyncio.get_running_loop()
        arriving: set[asyncio.Task[object]] = set()

        def connection() -> Connection:
            return Connection(self._open, self._ledger, self._answer, self._hold)

        def accept() -> None:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return  # the client is gone again, or no descriptor is free: who still waits is asked for again
            accepted.setblocking(False)
            task: asyncio.Task[object] = loop.create_task(loop.connect_accepted_socket(connection, accepted))
            arriving.add(task)
            task.add_done_callback(arriving.discard)

        listener.setblocking(False)
        loop.add_reader(listener, accept)
        await stop.wait()
        loop.remove_reader(listener)
        listener.close()
        await asyncio.gather(*arriving, return_exceptions=True)
        connections = list(self._open)
        for one in connections:
            one.abort()
        await asyncio.gather(*(one.closed.wait() for one in connections))

    def _answer(self, request: Request) -> Reply:
        path = request.path.partition("?")[0]
        if path.endswith("/models"):
            return _json_reply(200, _MODELS)
        if not path.endswith(_PATHS):
            message = f"there is nothing at {path}: the recording is at any path that ends in {' or '.join(_PATHS)}"
            return _json_reply(404, {"error": {"message": message, "type": "invalid_request_error", "code": None}})
        if not callable(self._script):
            self._played += 1
            return self._script[min(self._played, len(self._script)) - 1]
        try:
            reply = self._script(request)
            if isinstance(reply, Reply):
                return reply
            raise TypeError(f"a script returns a Reply, not {reply!r}")
        except Exception as error:  # noqa: BLE001  # raised again at the end of the `with` block
            self._script_error = self._script_error or error
            return _json_reply(500, {"error": {"message": f"the script raised {error!r}", "type": "server_error"}})


# Of OpenAI's chat completions, its legacy completions and Responses, of Anthropic's Messages and of Gemini.
_PATHS = ("/chat/completions", "/completions", "/responses", "/messages", ":streamGenerateContent")
_MODELS = {"object": "list", "data": [{"id": "replay", "object": "model", "created": 0, "owned_by": "sse_stream"}]}


def _json_reply(status: int, value: object) -> Reply:
    return Reply(json.dumps(value).encode(), status=status, content_type="application/json", framing="length")
