"""Show a tool call while the model writes it: the contents of a file, character by character.

    python examples/live_arguments.py

Runs against a local server, or against OPENAI_BASE_URL if it is set (with OPENAI_API_KEY, OPENAI_MODEL).
"""

import json

import httpx
import msgspec

from provider import Provider, provider_or
from sse_stream import (
    ChatStream,
    OutputParseError,
    PartialJSON,
    PartialJSONError,
    StringDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    ValueDone,
)
from sse_stream.testing import ReplayServer


class WriteFile(msgspec.Struct):
    """The arguments of `write_file`."""

    path: str
    content: str
    executable: bool = False


TOOL = {
    "type": "function",
    "function": {"name": "write_file", "description": "Write a file.", "parameters": msgspec.json.schema(WriteFile)},
}


def show(call: PartialJSON, piece: str) -> None:
    """Show the changes that a piece of the arguments makes."""
    try:
        changes = call.feed(piece)
    except PartialJSONError as error:
        changes = [*error.changes]  # the error is reported at the end, when all arguments have arrived
    for change in changes:
        match change:
            case ValueDone(path=("path",), value=path):
                print(f"[{path}]")  # complete before the content starts, so it could be checked here
            case StringDelta(path=("content",), text=text):
                print(text, end="", flush=True)
            case ValueDone(path=("executable",), value=True):
                print("[executable]")


def ask(provider: Provider) -> None:
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": "Write hello.py: it greets whoever is named on the command line."}],
        "tools": [TOOL],
        "stream": True,
    }
    calls: dict[int, PartialJSON] = {}
    with (
        httpx.stream("POST", provider.url, json=payload, headers=provider.headers, timeout=60) as response,
        ChatStream(response) as stream,
    ):
        for event in stream:
            match event:
                case TextDelta(text=text):
                    print(text, end="", flush=True)
                case ToolCallStarted(index=index, name=name):
                    print(f"{name}:", end=" ", flush=True)
                    calls[index] = PartialJSON()
                case ToolCallDelta(index=index, arguments=piece):
                    show(calls[index], piece)
    print()
    for call in stream.completion.tool_calls:
        try:
            file = call.parse(WriteFile)
        except OutputParseError as error:
            print(error)
        else:
            print(f"{file.path}: {len(file.content.splitlines())} lines")


CONTENT = 'import sys\n\nname = sys.argv[1]\nprint(f"Grüße, {name} \N{WAVING HAND SIGN}")\n'
ARGUMENTS = json.dumps({"path": "hello.py", "content": CONTENT, "executable": True})


def answer() -> list[bytes]:
    """The local server: one call, with arguments in pieces of seven characters."""
    call = {"index": 0, "id": "call_a", "type": "function", "function": {"name": "write_file", "arguments": ""}}
    pieces = [ARGUMENTS[at : at + 7] for at in range(0, len(ARGUMENTS), 7)]
    deltas = [{"tool_calls": [call]}, *({"tool_calls": [{"index": 0, "function": {"arguments": p}}]} for p in pieces)]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    return [*(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks), b"data: [DONE]\n\n"]


def main() -> None:
    with provider_or(ReplayServer(answer(), pace=0.02)) as provider:
        ask(provider)


if __name__ == "__main__":
    main()
