"""How a run of the command line ended: its exit code, what happened, and what can be done about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import IntEnum

from .._errors import (
    IncompleteStreamError,
    ProviderError,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    TransportError,
)
from .._streams._sync import ChatStream
from ._output import harmless


class Exit(IntEnum):
    """The exit codes."""

    COMPLETE = 0
    BAD_USAGE = 2  # argparse's own
    TRUNCATED = 3
    PROVIDER_ERROR = 4
    TRANSPORT_ERROR = 5
    UNREADABLE = 6
    INTERRUPTED = 130  # what shells say of SIGINT: 128 + 2
    CLOSED_PIPE = 141  # what shells say of SIGPIPE: 128 + 13


def say(message: str) -> None:
    """Tell the user something, beside what was asked for."""
    print(f"sse-stream: {harmless(message)}", file=sys.stderr, flush=True)


def asides(stream: ChatStream, choice: int) -> Iterator[str]:
    """What the answer holds beside its text, and why there is no more of it; a line each."""
    others = []
    for one in stream.completion.choices:
        if one.index != choice:
            others.append(str(one.index))
            continue
        for call in one.message.tool_calls:
            yield f"tool call {call.id or 'without id'}: {harmless(call.name)}({harmless(call.arguments)})"
        if one.message.refusal:
            yield f"the model refused: {harmless(one.message.refusal)}"
        if one.finish_reason == "length":
            yield "finish reason length: the answer was cut at the limit of tokens"
    if others:
        yield f"there are further choices: {', '.join(others)}; --choice N shows one"


def what_came(stream: ChatStream) -> str:
    """What had arrived of a stream that did not go on."""
    completion = stream.completion
    calls = sum(len(choice.message.tool_calls) for choice in completion.choices)
    usage = "and usage" if completion.usage is not None else "no usage"
    return f"{len(completion.text)} characters of text had arrived, {calls} tool calls, {usage}"


def outcome(error: SSEStreamError) -> tuple[Exit, str]:
    """The exit code for a failure, and what to say about it: what happened, and what can be done."""
    match error:
        case IncompleteStreamError():
            return Exit.TRUNCATED, f"truncated: {error}. What was printed is not all; ask again for the whole answer"
        case StatusError():
            return Exit.PROVIDER_ERROR, f"refused: {error}. {_advice(error)}"
        case ProviderError():
            return Exit.PROVIDER_ERROR, f"the provider reports an error: {error}. What was printed came before it"
        case StreamTimeoutError() | TransportError():
            return Exit.TRANSPORT_ERROR, f"{error}. What was printed came before; check the network, and ask again"
        case _:
            return Exit.UNREADABLE, f"{error}. Check that this is a chat stream; --sse shows the bare events"


def _advice(error: StatusError) -> str:
    if error.status_code in (401, 403):
        return "Check the key: --api-key or OPENAI_API_KEY"
    if error.status_code in (404, 405) or error.status_code < 400:
        return "Check --base-url, which usually ends in /v1, and --model"
    if error.retry_after is not None:
        return f"Ask again in {error.retry_after:g} s"
    if error.status_code in (408, 409, 429) or error.status_code >= 500:
        return "Ask again in a while"
    return "Check the model's name and the request"
