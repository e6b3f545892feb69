"""Print what a request cost, from the response's headers and the usage at the end of the stream.

    python examples/usage_and_billing.py

Runs against a local server, or against OPENAI_BASE_URL if it is set (with OPENAI_API_KEY, OPENAI_MODEL).
"""

import sys

import httpx

from provider import Provider, provider_or
from sse_stream import ChatStream, SSEStreamError
from sse_stream.testing import ReplayServer, Reply

USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 2,
    "total_tokens": 11,
    "prompt_tokens_details": {"cached_tokens": 4},
    "cost": 0.000021,  # a provider-specific field
}
BILLING = {"X-Replay-Charged-USD": "0.000021", "X-Replay-Balance-USD": "4.20"}


# The client's read timeout. httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


def ask(provider: Provider) -> None:
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": "Say hello."}],
        "stream": True,
        "stream_options": {"include_usage": True},  # most servers report usage only on request
    }

    try:
        # Entering the block sends the request and starts the clock.
        with ChatStream(
            httpx.stream("POST", provider.url, json=payload, headers=provider.headers, timeout=TIMEOUT)
        ) as stream:
            # The body has not been read yet.
            for name, value in stream.response.headers.items():
                if name.endswith("-usd"):
                    print(f"{name}: {value}")
            usage = stream.until_done().usage
    except SSEStreamError as error:  # also raised if there was no response
        sys.exit(f"\n{error}")

    if usage is None:
        print("no usage was reported")
        return
    print(f"prompt: {usage.prompt_tokens}, completion: {usage.completion_tokens}, total: {usage.total_tokens}")
    if usage.prompt_tokens_details is not None:
        print(f"from the cache: {usage.prompt_tokens_details.cached_tokens}")
    for name, value in usage.extra.items():  # provider-specific fields
        print(f"{name}: {value}")
    if stream.timings.time_to_first_token is not None:
        print(f"time to first token: {stream.timings.time_to_first_token:.3f} s")


def main() -> None:
    with provider_or(ReplayServer(Reply.text("Hello.", usage=USAGE, headers=BILLING, pace=0.02))) as provider:
        ask(provider)


if __name__ == "__main__":
    main()
