"""Tokens as plain text over server-sent events: not chat chunks, but a stream all the same.

    python examples/plain_text_tokens.py [URL]

Many small services send each token as an event of its own, without any JSON. `iter_sse` gives the events
exactly as the standard has them: several `data` lines are one text with newlines in it, and the space
after the colon is dropped once, so that a token may begin with one.

Without a URL it asks a server on this machine.
"""

import sys

import httpx

from sse_stream import iter_sse
from sse_stream.testing import ReplayServer

RECORDING = [
    b": welcome\n\n",
    b"event: token\ndata: Roses\n\n",
    b"event: token\ndata:  are\n\n",
    "event: token\ndata:  röt-\ndata: lich,\n\n".encode(),
    b"event: token\ndata:\ndata: violets\n\n",
    b"event: token\ndata:  are blue.\n\n",
    b'event: done\nid: 5\ndata: {"tokens": 5}\n\n',
]


def tell(url: str) -> None:
    with httpx.stream(
        "GET", url, headers={"Accept": "text/event-stream"}, timeout=httpx.Timeout(10, read=300)
    ) as response:
        response.raise_for_status()  # iter_sse looks at the body and at nothing else
        for event in iter_sse(response):
            if event.event == "token":
                print(event.data, end="", flush=True)
            elif event.event == "done":
                print(f"\n{event.json()['tokens']} tokens, last event id {event.id}")
                return
    print("\nthe stream ended without saying that it was done")


def main() -> None:
    if len(sys.argv) > 1:
        tell(sys.argv[1])
        return
    with ReplayServer(RECORDING, pace=0.02) as server:
        tell(server.chat_url)


if __name__ == "__main__":
    main()
