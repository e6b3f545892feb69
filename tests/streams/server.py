"""A server that sends exactly the bytes that a test writes, and can wait for the test in between."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Peer:
    """One connection, on which a request has been read."""

    def __init__(self, connection: socket.socket, acknowledged: threading.Semaphore) -> None:
        self._connection = connection
        self._acknowledged = acknowledged

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)

    def wait_for_acknowledgement(self) -> None:
        """Until the test has seen what was written. A client that keeps it back finds a cut stream instead."""
        if not self._acknowledged.acquire(timeout=5):
            raise ConnectionError("nobody acknowledged what was written")

    def wait_until_closed(self) -> None:
        """Until the client has closed the connection."""
        while self._connection.recv(4096):
            pass

    def has_another_request(self) -> bool:
        """Read the head of a further request; whether there is one."""
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            data = self._connection.recv(1)  # no byte of what comes after the head
            if not data:
                return False
            received += data
        return True


class ScriptedServer:
    """Listens on 127.0.0.1 within `with`; each request's connection is given to the script, a thread each."""

    def __init__(self, script: Callable[[Peer], None]) -> None:
        self._script = script
        self._acknowledged = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self.connections = 0

    @property
    def chat_url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1/chat/completions"

    def acknowledge(self) -> None:
        """Let the script go on."""
        self._acknowledged.release()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # which ends the waiting for a connection
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was shut down
            while True:
                connection = self._listener.accept()[0]
                self.connections += 1
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections.append(connection)
                self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]  # mypy has no type for a lambda with a default

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client has left, or the test is over
            peer = Peer(connection, self._acknowledged)
            if peer.has_another_request():
                self._script(peer)
