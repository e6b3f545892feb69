"""Stop as soon as enough has come: the connection is closed, and the server stops generating.

    python examples/abort_early.py

Offline it asks a server on this machine that would never stop. With OPENAI_BASE_URL set (OPENAI_API_KEY,
OPENAI_MODEL), it asks that server.
"""

import os
import sys

import httpx

from sse_stream import ChatStream, SSEStreamError
from sse_stream.testing import ReplayServer, Reply, Stall

ENDLESS = Reply.text(
    "First, ", "a sentence. ", "Then ", "another, ", "and ", "so on", complete=False, pace=0.01, fault=Stall()
)


# The client's own timeout between two reads: httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


def first_sentence(url: str) -> str:
    payload = {
        "model": os.environ.get("OPENAI_MODEL", "gpt-4o-mini"),
        "messages": [{"role": "user", "content": "Tell me a long story."}],
        "stream": True,
    }
    headers = {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', 'none')}"}
    said = ""
    try:
        with ChatStream(httpx.stream("POST", url, json=payload, headers=headers, timeout=TIMEOUT)) as stream:
            for text in stream.iter_text():
                said += text
                if "." in said:
                    break
    except SSEStreamError as error:  # also where there was no response at all
        sys.exit(f"\n{error}")
    # Leaving the block has closed the stream, and the stream its response.
    print(f"{stream.ending}, after {stream.timings.deltas} pieces")
    return said.partition(".")[0] + "."


def main() -> None:
    base_url = os.environ.get("OPENAI_BASE_URL")
    if base_url:
        print(first_sentence(f"{base_url.rstrip('/')}/chat/completions"))
        return
    with ReplayServer(ENDLESS) as server:
        print(first_sentence(server.chat_url))
        server.wait_for_disconnect()
        print(f"answers that the server did not have to finish: {server.abandoned}")


if __name__ == "__main__":
    main()
