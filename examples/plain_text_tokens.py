"""Plain-text tokens over server-sent events, without chat chunks.

    python examples/plain_text_tokens.py [URL]

Many small services send each token in its own event, without JSON. `iter_sse` yields events exactly as the standard
defines them: several `data` lines are joined with newlines, and one space after the colon is dropped, so a token may start
with a space.

Without a URL, runs against a local server.
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
        response.raise_for_status()  # iter_sse does not check the status
        for event in iter_sse(response):
            if event.event == "token":
                print(event.data, end="", flush=True)
            elif event.event == "done":
                print(f"\n{event.json()['tokens']} tokens, last event id {event.id}")
                return
    print("\nthe stream ended without a done event")


def main() -> None:
    if len(sys.argv) > 1:
        tell(sys.argv[1])
        return
    with ReplayServer(RECORDING, pace=0.02) as server:
        tell(server.chat_url)


if __name__ == "__main__":
    main()
