"""Many streams at once over one client: so many at a time, and one that fails does not harm the others.

    python examples/many_streams.py

Offline it asks a server on this machine, which fails at one of the questions. With OPENAI_BASE_URL set
(OPENAI_API_KEY, OPENAI_MODEL), it asks that server.
"""

import asyncio

import httpx

from provider import Provider, provider_or
from sse_stream import AsyncChatStream, SSEStreamError
from sse_stream.testing import ReplayServer, Reply, Request

COUNTRIES = ["Austria", "Brazil", "Chad", "Denmark", "Atlantis", "Egypt", "Finland", "Ghana"]
AT_ONCE = 4


# The client's own timeout between two reads: httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


async def capital(
    client: httpx.AsyncClient, provider: Provider, country: str, turn: asyncio.Semaphore
) -> tuple[str, str]:
    """What the model says, or as much of it as came and why no more did."""
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": f"The capital of {country}, in one word."}],
        "stream": True,
    }
    async with turn:
        try:
            return country, (await AsyncChatStream(client.stream("POST", provider.url, json=payload)).until_done()).text
        except SSEStreamError as error:  # also where there was no response at all
            so_far = error.completion.text
            return country, f"{so_far}… ({error})"


async def ask_all(provider: Provider) -> None:
    turn = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(headers=provider.headers, timeout=TIMEOUT) as client:
        tasks = [asyncio.create_task(capital(client, provider, country, turn)) for country in COUNTRIES]
        for finished in asyncio.as_completed(tasks):
            country, answer = await finished
            print(f"{country}: {answer}", flush=True)


CAPITALS = dict(
    zip(COUNTRIES, ["Vienna", "Brasília", "N'Djamena", "Copenhagen", "", "Cairo", "Helsinki", "Accra"], strict=True)
)


def answer(request: Request) -> Reply:
    """The stand-in for a provider."""
    prompt = request.json()["messages"][0]["content"]
    country = prompt.removeprefix("The capital of ").partition(",")[0]
    if not CAPITALS[country]:
        return Reply.error("no such country", code="not_found")
    return Reply.text(*CAPITALS[country], pace=0.01)


async def main() -> None:
    with provider_or(ReplayServer(script=answer)) as provider:
        await ask_all(provider)


if __name__ == "__main__":
    asyncio.run(main())
