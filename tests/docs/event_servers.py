"""Servers of resumable event streams, for the documentation's code blocks."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from sse_stream.testing import Disconnect, Reply, Request, Stall

ORDER = ("placed", "paid", "packed", "shipped")


def feed(request: Request) -> Reply:
    """What happens to an order: the first connection breaks after two events, the last finds no more."""
    done = int(request.headers.get("last-event-id", "0"))
    events = [b"id: %d\ndata: %b\n\n" % (number, said.encode()) for number, said in enumerate(ORDER, 1)]
    if done >= len(events):
        return Reply(status=204)
    return Reply([b"retry: 10\n\n", *events[done : done + 2]], fault=None if done else Disconnect())


def forgetful(request: Request) -> Reply:
    """Knows no event but the first."""
    if "last-event-id" in request.headers:
        return Reply(b"events are kept for an hour", status=410, content_type="text/plain")
    return Reply(b"retry: 10\nid: 1\ndata: placed\n\n")


def silent(request: Request) -> Reply:
    """Falls silent after the first event."""
    if "last-event-id" in request.headers:
        return Reply(status=204)
    return Reply(b"retry: 10\nid: 1\ndata: placed\n\n", fault=Stall())


DELTAS = ("Air scatters", " blue light", " more than red.")


def _responses_events() -> list[bytes]:
    texts: list[dict[str, object]] = [{"type": "response.output_text.delta", "delta": delta} for delta in DELTAS]
    about = {"id": "resp_1", "status": "in_progress"}
    events: list[dict[str, object]] = [
        {"type": "response.created", "response": about},
        *texts,
        {"type": "response.completed"},
    ]
    return [
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
        for number, event in enumerate(events)
    ]


class _Responses(BaseHTTPRequestHandler):
    """The first two of a response's events for a POST, the others for a GET."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(_responses_events()[:2])

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        self._send(_responses_events()[int(asked["starting_after"][0]) + 1 :])

    def _send(self, events: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"".join([b"retry: 10\n\n", *events]))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class ResponsesServer:
    """Answers like the Responses API, whose streams end early here."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Responses)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
