"""Many streams at once over one client: so many at a time, and one that fails does not harm the others.

    python examples/many_streams.py

Offline it asks a server on this machine, which fails at one of the questions. With OPENAI_BASE_URL set
(OPENAI_API_KEY, OPENAI_MODEL), it asks that server.
"""

import asyncio
import os

import httpx

from sse_stream import AsyncChatStream, SSEStreamError
from sse_stream.testing import ReplayServer, Reply, Request

COUNTRIES = ["Austria", "Brazil", "Chad", "Denmark", "Atlantis", "Egypt", "Finland", "Ghana"]
AT_ONCE = 4


# The client's own timeout between two reads: httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


async def capital(client: httpx.AsyncClient, url: str, country: str, turn: asyncio.Semaphore) -> tuple[str, str]:
    """What the model says, or as much of it as came and why no more did."""
    payload = {
        "model": os.environ.get("OPENAI_MODEL", "gpt-4o-mini"),
        "messages": [{"role": "user", "content": f"The capital of {country}, in one word."}],
        "stream": True,
    }
    async with turn:
        try:
            return country, (await AsyncChatStream(client.stream("POST", url, json=payload)).until_done()).text
        except SSEStreamError as error:  # also where there was no response at all
            so_far = error.completion.text
            return country, f"{so_far}… ({error})"


async def ask_all(url: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', 'none')}"}
    turn = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(headers=headers, timeout=TIMEOUT) as client:
        tasks = [asyncio.create_task(capital(client, url, country, turn)) for country in COUNTRIES]
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
    base_url = os.environ.get("OPENAI_BASE_URL")
    if base_url:
        await ask_all(f"{base_url.rstrip('/')}/chat/completions")
        return
    with ReplayServer(script=answer) as server:
        await ask_all(server.chat_url)


if __name__ == "__main__":
    asyncio.run(main())
