"""Decode a stream without an HTTP client: feed bytes from a socket, get events.

    python examples/sans_io_socket.py

`ChatDecoder` performs no IO, so bytes can come from anywhere: a socket, a subprocess, a queue, a WebSocket, a test. Runs
against a local server, or against OPENAI_BASE_URL if it is set (with OPENAI_API_KEY, OPENAI_MODEL).
"""

import json
import socket
import ssl
from urllib.parse import urlsplit

from provider import Provider, provider_or
from sse_stream import ChatDecoder, IncompleteStreamError, TextDelta
from sse_stream.testing import ReplayServer, Reply

ANSWER = Reply.text("Grüße ", "über einen Socket", cut=3)


def connected(host: str, port: int, *, secure: bool) -> socket.socket:
    plain = socket.create_connection((host, port), timeout=60)
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain


def request(provider: Provider, host: str, path: str) -> bytes:
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": "Say hello over a socket."}],
        "stream": True,
    }
    body = json.dumps(payload).encode()
    # Servers answer HTTP/1.0 requests without chunked encoding: everything after the head is the stream.
    lines = [
        f"POST {path} HTTP/1.0",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in provider.headers.items()),
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def ask(provider: Provider) -> None:
    parts = urlsplit(provider.url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    decoder = ChatDecoder()
    with connected(host, parts.port or (443 if secure else 80), secure=secure) as connection:
        connection.sendall(request(provider, host, parts.path))
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(4096)
            if not data:
                break
            head += data
        head, _, data = head.partition(b"\r\n\r\n")
        if head.split(b" ", 2)[1:2] != [b"200"]:
            raise SystemExit(f"the server answered: {head.decode('latin-1')}\n{data.decode('utf-8', 'replace')}")
        # The events do not depend on how the network splits the bytes, even inside a character or a line.
        while decoder.ending == "open":
            for event in decoder.feed(data):
                if isinstance(event, TextDelta):
                    print(event.text, end="", flush=True)
            data = connection.recv(4096)
            if not data:
                break
    try:
        for event in decoder.close():
            print(f"\n[{event.type}]", end="")
    except IncompleteStreamError as error:
        print(f"\n{error}")
    print(f"\nending: {decoder.ending}")


def main() -> None:
    with provider_or(ReplayServer(ANSWER)) as provider:
        ask(provider)


if __name__ == "__main__":
    main()
