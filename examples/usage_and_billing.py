"""What a request cost: headers are there before the first event, usage comes after the last.

    python examples/usage_and_billing.py

Offline it asks a server on this machine. With OPENAI_BASE_URL set (OPENAI_API_KEY, OPENAI_MODEL),
it asks that server.
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
    "cost": 0.000021,  # a field of this provider's own
}
BILLING = {"X-Replay-Charged-USD": "0.000021", "X-Replay-Balance-USD": "4.20"}


# The client's own timeout between two reads: httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


def ask(provider: Provider) -> None:
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": "Say hello."}],
        "stream": True,
        "stream_options": {"include_usage": True},  # without it most servers report no usage
    }

    try:
        # The request is sent by `with`, and times count from there.
        with ChatStream(
            httpx.stream("POST", provider.url, json=payload, headers=provider.headers, timeout=TIMEOUT)
        ) as stream:
            # Nothing of the body has been read yet.
            for name, value in stream.response.headers.items():
                if name.endswith("-usd"):
                    print(f"{name}: {value}")
            usage = stream.until_done().usage
    except SSEStreamError as error:  # also where there was no response at all
        sys.exit(f"\n{error}")

    if usage is None:
        print("no usage was reported")  # and none is made up
        return
    print(f"prompt: {usage.prompt_tokens}, completion: {usage.completion_tokens}, total: {usage.total_tokens}")
    if usage.prompt_tokens_details is not None:
        print(f"from the cache: {usage.prompt_tokens_details.cached_tokens}")
    for name, value in usage.extra.items():  # what only this provider reports
        print(f"{name}: {value}")
    if stream.timings.time_to_first_token is not None:
        print(f"time to first token: {stream.timings.time_to_first_token:.3f} s")


def main() -> None:
    with provider_or(ReplayServer(Reply.text("Hello.", usage=USAGE, headers=BILLING, pace=0.02))) as provider:
        ask(provider)


if __name__ == "__main__":
    main()
