"""Many concurrent streams over one client, with a limit; one that fails does not affect the others.

    python examples/many_streams.py

Runs against a local server that fails for one of the questions, or against OPENAI_BASE_URL if it is set (with
OPENAI_API_KEY, OPENAI_MODEL).
"""

import asyncio

import httpx

from provider import Provider, provider_or
from sse_stream import AsyncChatStream, SSEStreamError
from sse_stream.testing import ReplayServer, Reply, Request

COUNTRIES = ["Austria", "Brazil", "Chad", "Denmark", "Atlantis", "Egypt", "Finland", "Ghana"]
AT_ONCE = 4


# The client's read timeout. httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


async def capital(
    client: httpx.AsyncClient, provider: Provider, country: str, turn: asyncio.Semaphore
) -> tuple[str, str]:
    """Return the answer, or the partial answer with the error."""
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": f"The capital of {country}, in one word."}],
        "stream": True,
    }
    async with turn:
        try:
            return country, (await AsyncChatStream(client.stream("POST", provider.url, json=payload)).until_done()).text
        except SSEStreamError as error:  # also raised if there was no response
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
    """The local server."""
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
