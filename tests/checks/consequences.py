"""What the official SDKs do with each defect: the facts behind the rules' consequences.

    python -m tests.checks.consequences

Serves each defect over HTTP, reads it with the openai and anthropic SDKs, and prints a table: what the loop over the
events saw, and what the helper that assembles the answer made of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from sse_stream.testing import EndAt, ReplayServer, Reply

from .defects import DEFECTS

MEASURED = {"openai": "3.57.0", "anthropic": "2.14.0"}
"""The versions of which the rules say what they do."""

MESSAGES: Any = [{"role": "user", "content": "Hello"}]


def openai_create(server: ReplayServer) -> Iterator[str]:
    from openai import OpenAI

    with OpenAI(api_key="none", base_url=server.base_url, max_retries=0) as client:
        for chunk in client.chat.completions.create(model="m", messages=MESSAGES, stream=True):
            for choice in chunk.choices:
                yield choice.delta.content or ""


def openai_stream(server: ReplayServer) -> Iterator[str]:
    from openai import OpenAI

    with (
        OpenAI(api_key="none", base_url=server.base_url, max_retries=0) as client,
        client.chat.completions.stream(model="m", messages=MESSAGES) as stream,
    ):
        yield from (event.delta for event in stream if event.type == "content.delta")
        for call in stream.get_final_completion().choices[0].message.tool_calls or ():
            yield f" {call.id} {call.function.name}({call.function.arguments})"


def responses_create(server: ReplayServer) -> Iterator[str]:
    from openai import OpenAI

    with OpenAI(api_key="none", base_url=server.base_url, max_retries=0) as client:
        for event in client.responses.create(model="m", input="Hello", stream=True):
            yield getattr(event, "delta", "") if event.type == "response.output_text.delta" else ""


def responses_stream(server: ReplayServer) -> Iterator[str]:
    from openai import OpenAI

    with (
        OpenAI(api_key="none", base_url=server.base_url, max_retries=0) as client,
        client.responses.stream(model="m", input="Hello") as stream,
    ):
        for _ in stream:
            pass
        yield stream.get_final_response().output_text


def anthropic_create(server: ReplayServer) -> Iterator[str]:
    from anthropic import Anthropic

    with Anthropic(api_key="none", base_url=server.base_url.removesuffix("/v1"), max_retries=0) as client:
        for event in client.messages.create(model="m", max_tokens=9, messages=MESSAGES, stream=True):
            yield getattr(event.delta, "text", "") if event.type == "content_block_delta" else ""


def anthropic_stream(server: ReplayServer) -> Iterator[str]:
    from anthropic import Anthropic

    with (
        Anthropic(api_key="none", base_url=server.base_url.removesuffix("/v1"), max_retries=0) as client,
        client.messages.stream(model="m", max_tokens=9, messages=MESSAGES) as stream,
    ):
        yield from stream.text_stream
        final = stream.get_final_message()
        yield f" ({len(final.content)} blocks, {final.usage.output_tokens} tokens)"


Read = Callable[[ReplayServer], Iterator[str]]

# The loop over events, and what assembles them, by the family of defects.
SDKS: dict[str, tuple[Read, Read]] = {
    "anthropic": (anthropic_create, anthropic_stream),
    "responses": (responses_create, responses_stream),
}
CHATS = (openai_create, openai_stream)
FAMILIES = ("framing", "answer", "chat", "anthropic", "responses")


def outcome(reply: Reply, read: Read) -> str:
    """What a loop over the text saw."""
    said = ""
    with ReplayServer(reply) as server:
        try:
            for text in read(server):
                said += str(text)
        except Exception as error:  # whatever a client raises is its answer
            return f"{said!r}, then {type(error).__name__}"
    return f"{said!r}"


def outcomes(name: str) -> tuple[str, str]:
    """What the two ways of an SDK make of a defect."""
    family = name.partition(":")[0]
    plain, assembled = SDKS.get(family, CHATS)
    reply = DEFECTS[name].reply
    if isinstance(reply.body, bytes):
        reply = Reply(reply.body, headers=reply.headers, content_type=reply.content_type, fault=EndAt(len(reply.body)))
    return outcome(reply, plain), outcome(reply, assembled)


def main() -> None:
    argparse.ArgumentParser(prog="python -m tests.checks.consequences", description=__doc__).parse_args()
    print(f"openai {version('openai')}, anthropic {version('anthropic')}\n")
    for name, defect in DEFECTS.items():
        if name.startswith(FAMILIES):
            plain, assembled = outcomes(name)
            print(f"{name}  ({defect.rule})\n    create    {plain[:110]}\n    stream()  {assembled[:110]}")


if __name__ == "__main__":
    main()
