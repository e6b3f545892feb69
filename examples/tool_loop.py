"""Run the tools that the model calls, send the results back, and repeat until it answers.

    python examples/tool_loop.py

Runs against a local server, or against OPENAI_BASE_URL if it is set (with OPENAI_API_KEY, OPENAI_MODEL).
"""

import sys
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from provider import Provider, provider_or
from sse_stream import ChatStream, Message, OutputParseError, SSEStreamError, TextDelta, ToolCall
from sse_stream.testing import ReplayServer, Reply, Request


class Place(msgspec.Struct):
    """The arguments of `temperature`."""

    city: str


def temperature(call: ToolCall) -> str:
    return {"Oslo": "-3", "Nairobi": "24"}.get(call.parse(Place).city, "unknown")


TOOLS: dict[str, Callable[[ToolCall], str]] = {"temperature": temperature}
SCHEMA = {
    "type": "function",
    "function": {
        "name": "temperature",
        "description": "The temperature in a city now, in degrees Celsius.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
MOST_ROUNDS = 5


def run(call: ToolCall) -> str:
    """Return the tool's result, or an error message, so that the model can correct its call."""
    tool = TOOLS.get(call.name)
    if tool is None:
        return f"there is no tool {call.name!r}"
    try:
        return tool(call)
    except OutputParseError as error:
        return str(error)


# The client's read timeout. httpx's default of 5 s is too short for a model that thinks first.
TIMEOUT = httpx.Timeout(10, read=300)


def ask(client: httpx.Client, provider: Provider, messages: list[Any]) -> Message:
    payload = {
        "model": provider.model,
        "messages": messages,
        "tools": [SCHEMA],
        "stream": True,
    }
    with ChatStream(client.stream("POST", provider.url, json=payload)) as stream:
        for event in stream:
            if isinstance(event, TextDelta):
                print(event.text, end="", flush=True)
    return stream.completion.message


def converse(provider: Provider) -> None:
    messages: list[Any] = [{"role": "user", "content": "Is it colder in Oslo or in Nairobi?"}]
    with httpx.Client(headers=provider.headers, timeout=TIMEOUT) as client:
        for _ in range(MOST_ROUNDS):
            try:
                message = ask(client, provider, messages)
            except SSEStreamError as error:  # also raised if there was no response
                sys.exit(f"\n{error}")
            if not message.tool_calls:
                print()
                return
            # Includes the reasoning that led to the calls, which some servers require.
            messages.append(message.to_dict())
            for call in message.tool_calls:
                said = run(call)
                print(f"{call.name}({call.arguments}) = {said}")
                messages.append({"role": "tool", "tool_call_id": call.id, "content": said})
    print(f"no answer after {MOST_ROUNDS} rounds")


CALLS = Reply.tool_call("temperature", {"city": "Oslo"}, id="call_a", pace=0.02) + Reply.tool_call(
    "temperature", {"city": "Nairobi"}, id="call_b"
)


def answer(request: Request) -> Reply:
    """The local server: it calls two tools, then writes a sentence with their results."""
    messages = request.json()["messages"]
    results = [message["content"] for message in messages if message["role"] == "tool"]
    if not results:
        return CALLS
    called = [call["id"] for call in messages[1]["tool_calls"]]
    assert called == [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    return Reply.text(f"In Oslo: {results[0]} °C", f" against {results[1]} °C in Nairobi.")


def main() -> None:
    with provider_or(ReplayServer(script=answer)) as provider:
        converse(provider)


if __name__ == "__main__":
    main()
