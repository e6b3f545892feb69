"""The basic loop: print text as it arrives, then the finish reason and usage.

    python examples/quickstart_sync.py "Why is the sky blue?"

Runs against a local server, or against OPENAI_BASE_URL if it is set (with OPENAI_API_KEY, OPENAI_MODEL).
"""

import sys

import httpx

from provider import Provider, provider_or
from sse_stream import ChatStream, ReasoningDelta, SSEStreamError, TextDelta
from sse_stream.testing import ReplayServer, Reply

ANSWER = Reply.reasoning("Rayleigh.") + Reply.text(
    "Air scatters ",
    "blue light ",
    "more than red.",
    usage={"prompt_tokens": 6, "completion_tokens": 12, "total_tokens": 18},
    pace=0.05,
)


# The client's read timeout. httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


def ask(provider: Provider, prompt: str) -> None:
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }

    try:
        with ChatStream(
            httpx.stream("POST", provider.url, json=payload, headers=provider.headers, timeout=TIMEOUT)
        ) as stream:
            for event in stream:
                if isinstance(event, TextDelta):
                    print(event.text, end="", flush=True)
                elif isinstance(event, ReasoningDelta):
                    print(f"({event.text})", end=" ", flush=True)
    except SSEStreamError as error:  # also raised if there was no response
        sys.exit(f"\n{error}")

    completion = stream.completion
    print()
    print("finish reason:", completion.finish_reason)
    if completion.usage is not None:
        print("tokens:", completion.usage.total_tokens)


def main() -> None:
    prompt = " ".join(sys.argv[1:]) or "Why is the sky blue?"
    with provider_or(ReplayServer(ANSWER)) as provider:
        ask(provider, prompt)


if __name__ == "__main__":
    main()
