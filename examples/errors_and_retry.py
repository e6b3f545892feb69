"""Retry while nothing has been delivered; otherwise, keep the partial text and report the error.

    python examples/errors_and_retry.py

A request that was rejected, or that failed before the first piece of text, can be repeated: no output has been shown or
paid for. Once text has been shown, a second request would show it twice and bill it twice.

Runs against a local server that fails in four ways, or against OPENAI_BASE_URL if it is set (with OPENAI_API_KEY,
OPENAI_MODEL).
"""

import random
import time
from collections.abc import Iterator

import httpx

from provider import Provider, provider_or
from sse_stream import ChatStream, IncompleteStreamError, SSEStreamError, Timeouts
from sse_stream.testing import Disconnect, ReplayServer, Reply

TRIES = 4
# The client's read timeout. httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)
DEADLINES = Timeouts(first_token=60, idle=30)


def pause_before(attempt: int, error: SSEStreamError) -> float:
    """Return how long to wait: as long as the server asks, otherwise exponentially longer, with jitter."""
    if error.retry_after is not None:
        return min(error.retry_after, 60.0)
    return random.uniform(0.05, 0.1) * (1 << attempt)


def text_of(client: httpx.Client, url: str, payload: dict[str, object]) -> Iterator[str]:
    """Yield the text in pieces, each once.

    Raises:
        SSEStreamError: The last attempt failed; the partial result is in its `completion`.
    """
    for attempt in range(TRIES):
        try:
            with ChatStream(client.stream("POST", url, json=payload), timeouts=DEADLINES) as stream:
                yield from stream.iter_text()
        except SSEStreamError as error:
            # The failure may be temporary, and no text, reasoning or tool call has arrived that would be repeated.
            if attempt == TRIES - 1 or not error.retryable:
                raise
            pause = pause_before(attempt, error)
            print(f"[{error}; retrying in {pause:.2f} s]", flush=True)
            time.sleep(pause)
        else:
            return


def ask(provider: Provider) -> None:
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": "Count to four."}],
        "stream": True,
    }
    with httpx.Client(headers=provider.headers, timeout=TIMEOUT) as client:
        try:
            for text in text_of(client, provider.url, payload):
                print(text, end="", flush=True)
            print(" [complete]")
        except IncompleteStreamError as error:
            kept = error.completion.text
            print(f" [truncated; kept {len(kept)} characters]")
        except SSEStreamError as error:
            print(f" [{error}]")


COUNT = ("one ", "two ", "three ", "four")
WHOLE = Reply.text(*COUNT)
BUSY = Reply.error("too many requests", status=429, headers={"Retry-After": "0.1"})
BROKEN_AT_ONCE = Reply.text(*COUNT, fault=Disconnect(0))
CUT_OFF = Reply.text(*COUNT[:3], complete=False)
NO_SUCH_MODEL = Reply.error("no such model", status=404)


def main() -> None:
    for replies in ([BUSY, BROKEN_AT_ONCE, WHOLE], [CUT_OFF, WHOLE], [NO_SUCH_MODEL, WHOLE]):
        with provider_or(ReplayServer(script=replies)) as provider:
            ask(provider)
            if provider.stand_in is None:
                return  # a real provider does not fail on demand
            print(f"requests: {len(provider.stand_in.requests)}")


if __name__ == "__main__":
    main()
