"""Call the tools that the model asks for, and ask again, until it answers.

    python examples/tool_loop.py

Offline it asks a server on this machine. With OPENAI_BASE_URL set (OPENAI_API_KEY, OPENAI_MODEL), it asks
that server.
"""

import json
import os
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from sse_stream import ChatStream, Message, OutputParseError, TextDelta, ToolCall
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
    """What the tool says, or what was wrong: the model can do better in the next round."""
    tool = TOOLS.get(call.name)
    if tool is None:
        return f"there is no tool {call.name!r}"
    try:
        return tool(call)
    except OutputParseError as error:
        return str(error)


def ask(client: httpx.Client, url: str, messages: list[Any]) -> Message:
    payload = {
        "model": os.environ.get("OPENAI_MODEL", "gpt-4o-mini"),
        "messages": messages,
        "tools": [SCHEMA],
        "stream": True,
    }
    with client.stream("POST", url, json=payload) as response, ChatStream(response) as stream:
        for event in stream:
            if isinstance(event, TextDelta):
                print(event.text, end="", flush=True)
    return stream.completion.choices[0].message


def converse(url: str) -> None:
    messages: list[Any] = [{"role": "user", "content": "Is it colder in Oslo or in Nairobi?"}]
    headers = {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', 'none')}"}
    with httpx.Client(headers=headers, timeout=60) as client:
        for _ in range(MOST_ROUNDS):
            message = ask(client, url, messages)
            if not message.tool_calls:
                print()
                return
            # With the reasoning that led to the calls, which some servers want to see again.
            messages.append(message.to_dict())
            for call in message.tool_calls:
                said = run(call)
                print(f"{call.name}({call.arguments}) = {said}")
                messages.append({"role": "tool", "tool_call_id": call.id, "content": said})
    print(f"no answer after {MOST_ROUNDS} rounds")


CALLS = [
    (
        b'data: {"id":"c1","choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,'
        b'"id":"call_a","type":"function","function":{"name":"temperature","arguments":""}}]}}]}\n\n'
    ),
    (
        b'data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,'
        b'"function":{"arguments":"{\\"city\\": \\"Oslo\\"}"}}]}}]}\n\n'
    ),
    (
        b'data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_b","type":"function",'
        b'"function":{"name":"temperature","arguments":"{\\"city\\": \\"Nairobi\\"}"}}]}}]}\n\n'
    ),
    b'data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n',
    b"data: [DONE]\n\n",
]


def answer(request: Request) -> Reply:
    """The stand-in for a provider: it wants two tools called, then makes a sentence of what they said."""
    messages = request.json()["messages"]
    results = [message["content"] for message in messages if message["role"] == "tool"]
    if not results:
        return Reply(CALLS, pace=0.02)
    called = [call["id"] for call in messages[1]["tool_calls"]]
    assert called == [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    said = json.dumps(f"In Oslo: {results[0]} °C against {results[1]} °C in Nairobi.").encode()
    return Reply(
        b'data: {"choices":[{"index":0,"delta":{"content":%b},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n' % said
    )


def main() -> None:
    base_url = os.environ.get("OPENAI_BASE_URL")
    if base_url:
        converse(f"{base_url.rstrip('/')}/chat/completions")
        return
    with ReplayServer(script=answer) as server:
        converse(server.chat_url)


if __name__ == "__main__":
    main()
