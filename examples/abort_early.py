"""Stop as soon as enough has arrived: the connection is closed, and the server stops generating.

    python examples/abort_early.py

Runs against a local server that would never stop, or against OPENAI_BASE_URL if it is set (with OPENAI_API_KEY,
OPENAI_MODEL).
"""

import sys

import httpx

from provider import Provider, provider_or
from sse_stream import ChatStream, SSEStreamError
from sse_stream.testing import ReplayServer, Reply, Stall

ENDLESS = Reply.text(
    "First, ", "a sentence. ", "Then ", "another, ", "and ", "so on", complete=False, pace=0.01, fault=Stall()
)


# The client's read timeout. httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


def first_sentence(provider: Provider) -> str:
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": "Tell me a long story."}],
        "stream": True,
    }
    said = ""
    try:
        with ChatStream(
            httpx.stream("POST", provider.url, json=payload, headers=provider.headers, timeout=TIMEOUT)
        ) as stream:
            for text in stream.iter_text():
                said += text
                if "." in said:
                    break
    except SSEStreamError as error:  # also raised if there was no response
        sys.exit(f"\n{error}")
    # Leaving the block has closed the stream and its response.
    print(f"{stream.ending} after {stream.timings.deltas} deltas")
    return said.partition(".")[0] + "."


def main() -> None:
    with provider_or(ReplayServer(ENDLESS)) as provider:
        print(first_sentence(provider))
        if provider.stand_in is not None:
            provider.stand_in.wait_for_disconnect()
            print(f"unfinished answers of the server: {provider.stand_in.abandoned}")


if __name__ == "__main__":
    main()
