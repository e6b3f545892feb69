"""An HTTP/2 server over loopback, without TLS; clients need prior knowledge of the protocol.

It leaves the first response open until it gets another request, and then ends both.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

import h2.config
import h2.connection
import h2.events

HEADERS = [(":status", "200"), ("content-type", "text/event-stream")]


class HTTP2Server:
    """Answers each request with these bytes; listens on 127.0.0.1 within `with`."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self.requests = 0

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return len(self._connections)

    @property
    def chat_url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1/chat/completions"

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

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]  # any function
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was shut down
            while True:
                connection = self._listener.accept()[0]
                self._connections.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        http.initiate_connection()
        answered: list[int] = []
        with connection, suppress(OSError):  # the client has left, or the test is over
            connection.sendall(http.data_to_send())
            while data := connection.recv(65536):
                for event in http.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived) and event.stream_id is not None:
                        self.requests += 1
                        answered.append(event.stream_id)
                        http.send_headers(event.stream_id, HEADERS)
                        http.send_data(event.stream_id, self._sent)
                        if self.requests > 1:
                            for stream in answered:
                                http.end_stream(stream)
                connection.sendall(http.data_to_send())
