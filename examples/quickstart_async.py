"""The async loop: handle each type of event, with exact timeouts.

    python examples/quickstart_async.py "What is the weather in Kraków?"

Runs against a local server, or against OPENAI_BASE_URL if it is set (with OPENAI_API_KEY, OPENAI_MODEL). It also runs
under trio: `trio.run(main)`.
"""

import asyncio
import sys

import httpx

from provider import Provider, provider_or
from sse_stream import AsyncChatStream, ChoiceFinished, SSEStreamError, TextDelta, Timeouts, ToolCallDone, UsageReported
from sse_stream.testing import ReplayServer, Reply

ANSWER = Reply.text("I ask ", "the station in Kraków.", pace=0.05) + Reply.tool_call(
    "get_weather",
    {"city": "Kraków"},
    usage={"prompt_tokens": 31, "completion_tokens": 22, "total_tokens": 53},
)

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


async def ask(provider: Provider, prompt: str) -> None:
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": prompt}],
        "tools": [WEATHER],
        "stream": True,
        "stream_options": {"include_usage": True},
    }

    # Disable httpx's read timeout: 5 s is too short for a model that thinks first, and `timeouts` is more precise.
    async with httpx.AsyncClient(timeout=httpx.Timeout(10, read=None), headers=provider.headers) as client:
        deadlines = Timeouts(first_token=60, content=30, total=300)
        try:
            async with AsyncChatStream(client.stream("POST", provider.url, json=payload), timeouts=deadlines) as stream:
                async for event in stream:
                    match event:
                        case TextDelta(text):
                            print(text, end="", flush=True)
                        case ToolCallDone(tool_call=call):
                            print(f"\ncall {call.name} with {call.parse(dict[str, str])}")
                        case ChoiceFinished(reason):
                            print(f"finished: {reason}")
                        case UsageReported(usage):
                            print(f"tokens: {usage.total_tokens}")
        except SSEStreamError as error:  # also raised if there was no response
            sys.exit(f"\n{error}")


async def main() -> None:
    prompt = " ".join(sys.argv[1:]) or "What is the weather in Kraków?"
    with provider_or(ReplayServer(ANSWER)) as provider:
        await ask(provider, prompt)


if __name__ == "__main__":
    asyncio.run(main())
