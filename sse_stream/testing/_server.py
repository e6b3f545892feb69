"""A replay server: HTTP/1.1 over loopback, with simulated network faults."""

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
"""The replies to requests: a function of the request, or a sequence of replies, the last of which repeats."""


class ReplayServer:
    r"""Serves a recording like an OpenAI-compatible server, split as you choose and with simulated network faults.

    The server runs inside the `with` block, in its own thread, by default on a free port of 127.0.0.1. Every path that
    ends with a known endpoint gets the reply, whatever the method: `/chat/completions`, `/completions`, `/responses`,
    `/messages`, `:streamGenerateContent`. A path that ends with `/models` gets a list of one model; any other gets a
    404. Connections are kept alive.

    Args:
        recording: The bytes, the path of a file, a list of pieces, each sent in one write, or a `Reply`. Cannot be
            combined with `script`.
        script: A function from `Request` to `Reply`, or a sequence of replies, one per request, the last of which
            repeats. If the function raises, the client gets a 500, and the exception is raised at the end of the
            `with` block.
        host: The address to listen on; `"0.0.0.0"` to accept connections from other machines.
        port: The port; 0 for a free one.
        hold: How many seconds to hold an endless reply open for a client that does not disconnect.
        **options: How to send the recording: options of `Reply`, which override those of a `Reply` passed in.

    Raises:
        ValueError: An option has an invalid value, or both a recording and a script are passed.
        OSError: The recording's file cannot be read; or, on entering, the address and port are not available.

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
            raise ValueError("pass either a recording with its options, or a script, not both")
        if isinstance(script, Sequence) and not script:
            raise ValueError("a script must contain at least one reply")
        if script is None:
            if isinstance(recording, Reply):
                script = [replace(recording, **options)]
            else:
                script = [Reply(b"" if recording is None else recording, **options)]
        self._script: Script = script
        self._host = host
        self._asked_port = port
        self._hold = hold
        self._played = 0  # number of replies sent from the script
        self._ledger = Ledger()
        self._open: set[Connection] = set()
        self._script_error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The server's URL without a path, such as `"http://127.0.0.1:8000"`."""
        if not self._port:
            raise RuntimeError("the server has an address only inside its `with` block")
        # A server that listens on all addresses is reachable at the loopback address.
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104  # a name
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def base_url(self) -> str:
        """The base URL for clients: `url` plus `/v1`."""
        return f"{self.url}/v1"

    @property
    def chat_url(self) -> str:
        """The chat endpoint: `base_url` plus `/chat/completions`."""
        return f"{self.base_url}/chat/completions"

    @property
    def messages_url(self) -> str:
        """The endpoint of Anthropic's Messages API: `base_url` plus `/messages`."""
        return f"{self.base_url}/messages"

    @property
    def requests(self) -> tuple[Request, ...]:
        """The requests received so far, in order."""
        return self._ledger.requests

    @property
    def connections(self) -> int:
        """The number of connections accepted so far."""
        return self._ledger.accepted

    @property
    def open_connections(self) -> int:
        """The number of open connections."""
        return len(self._open)

    @property
    def disconnects(self) -> int:
        """The number of connections closed by the client, during a reply or not."""
        return self._ledger.disconnects

    @property
    def abandoned(self) -> int:
        """The number of replies that were incomplete when the client closed the connection."""
        return self._ledger.abandoned

    def wait_for_disconnect(self, timeout: float = 5.0, *, count: int = 1) -> bool:
        """Wait until clients have closed connections.

        Args:
            timeout: The maximum number of seconds to wait.
            count: The number of connections closed since the start.

        Returns:
            Whether that number was reached in time.
        """
        return self._ledger.wait_for_disconnects(count, timeout)

    def close(self) -> None:
        """Stop the server and close every connection, even during a reply. The end of the `with` block does this too."""
        if self._stop is not None and self._thread is not None:
            self._stop()
            self._stop = None
            self._thread.join()
        self._port = 0

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("a ReplayServer cannot be entered twice: create another one")
        # The socket listens from here on; connections wait in its queue until the thread runs.
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._asked_port), family=family, backlog=4096)
        self._port = listener.getsockname()[1]
        # Use the selector loop on every platform, because the faults need its features.
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
        # Accept connections here, because asyncio's server may lose one that arrives while it closes.
        loop = asyncio.get_running_loop()
        arriving: set[asyncio.Task[object]] = set()

        def connection() -> Connection:
            return Connection(self._open, self._ledger, self._answer, self._hold)

        def accept() -> None:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return  # the client has gone, or no descriptor is free; pending connections trigger another call
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
            message = f"nothing is served at {path}: use a path that ends with {' or '.join(_PATHS)}"
            return _json_reply(404, {"error": {"message": message, "type": "invalid_request_error", "code": None}})
        if not callable(self._script):
            self._played += 1
            return self._script[min(self._played, len(self._script)) - 1]
        try:
            reply = self._script(request)
            if isinstance(reply, Reply):
                return reply
            raise TypeError(f"the script must return a Reply, not {reply!r}")
        except Exception as error:  # noqa: BLE001  # raised again at the end of the `with` block
            self._script_error = self._script_error or error
            return _json_reply(500, {"error": {"message": f"the script raised {error!r}", "type": "server_error"}})


# The endpoints of OpenAI's chat completions, legacy completions and Responses, Anthropic's Messages, and Gemini.
_PATHS = ("/chat/completions", "/completions", "/responses", "/messages", ":streamGenerateContent")
_MODELS = {"object": "list", "data": [{"id": "replay", "object": "model", "created": 0, "owned_by": "sse_stream"}]}


def _json_reply(status: int, value: object) -> Reply:
    return Reply(json.dumps(value).encode(), status=status, content_type="application/json", framing="length")
