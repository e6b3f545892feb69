"""How a run of the command line ended: its exit code, what happened, and what can be done about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import IntEnum

from .._errors import (
    ContentTypeError,
    IncompleteStreamError,
    ProviderError,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    TransportError,
)
from .._streams._sync import ChatStream
from ._output import fitting


class Exit(IntEnum):
    """The exit codes."""

    COMPLETE = 0
    BAD_USAGE = 2  # argparse's own
    TRUNCATED = 3
    PROVIDER_ERROR = 4
    TRANSPORT_ERROR = 5
    UNREADABLE = 6
    UNWRITABLE = 7
    INTERRUPTED = 130  # what shells say of SIGINT: 128 + 2
    CLOSED_PIPE = 141  # what shells say of SIGPIPE: 128 + 13


def say(message: str) -> None:
    """Tell the user something, beside what was asked for."""
    for line in fitting([f"sse-stream: {message}"], sys.stderr):
        print(line, file=sys.stderr, flush=True)


def asides(stream: ChatStream, choice: int) -> Iterator[str]:
    """What the answer holds beside its text, and why there is no more of it; a line each."""
    choices = stream.completion.choices
    for one in choices:
        if one.index != choice:
            continue
        for call in one.message.tool_calls:
            yield f"tool call {call.id or 'without id'}: {call.name}({call.arguments})"
        if one.message.refusal:
            yield f"the model refused: {one.message.refusal}"
        if one.finish_reason == "length":
            yield "finish reason length: the answer was cut at the limit of tokens"
    others = [str(one.index) for one in choices if one.index != choice]
    if others:
        yield f"there are further choices: {', '.join(others)}; --choice N shows one"


def missing_choice(stream: ChatStream, choice: int | None) -> str:
    """What to say if the answer does not have the choice that was asked for; `""` if it has it, or none at all."""
    indexes = [one.index for one in stream.completion.choices]
    if choice is None or not indexes or choice in indexes:
        return ""
    return f"there is no choice {choice}: of this answer, --choice can be {', '.join(map(str, sorted(indexes)))}"


def what_came(stream: ChatStream) -> str:
    """What had arrived of a stream that did not go on."""
    completion = stream.completion
    calls = sum(len(choice.message.tool_calls) for choice in completion.choices)
    usage = "and usage" if completion.usage is not None else "no usage"
    return f"{len(completion.text)} characters of text had arrived, {calls} tool calls, {usage}"


def outcome(error: SSEStreamError, foreign: str | None = None) -> tuple[Exit, str]:
    """The exit code for a failure, and what to say about it: what happened, and what can be done.

    Args:
        error: The failure.
        foreign: Why what was read is no stream of events, if that is known.
    """
    match error:
        case IncompleteStreamError() | ContentTypeError() if foreign is not None:
            return Exit.UNREADABLE, no_stream(foreign)
        case IncompleteStreamError():
            return Exit.TRUNCATED, f"truncated: {error}. The output is incomplete; ask again for the whole answer"
        case StatusError():
            return Exit.PROVIDER_ERROR, f"refused: {error}. {_advice(error)}"
        case ProviderError():
            return Exit.PROVIDER_ERROR, f"the provider reports an error: {error}. The output is incomplete"
        case StreamTimeoutError() | TransportError():
            return Exit.TRANSPORT_ERROR, f"{error}. The output is incomplete; check the network, and ask again"
        case ContentTypeError():
            return Exit.UNREADABLE, f"{error}. Check --base-url, which usually ends in /v1"
        case _:
            return Exit.UNREADABLE, f"{error}. Check that this is a chat stream; --sse shows the bare events"


def no_stream(foreign: str) -> str:
    """What to say of something that is no stream of events."""
    return f"this is no event stream: {foreign}"


def _advice(error: StatusError) -> str:
    if error.status_code in (401, 403):
        return "Check the key: --api-key or OPENAI_API_KEY"
    if error.status_code in (404, 405) or error.status_code < 400:
        return "Check --base-url, which usually ends in /v1, and --model"
    if error.retry_after is not None:
        return f"Ask again in {error.retry_after:g} s"
    if error.status_code in (408, 409, 429) or error.status_code >= 500:
        return "Ask again in a while"
    if "stream_options" in error.body or "include_usage" in error.body:
        return "This server may not know the option for usage: try --no-usage"
    return "Check the model's name and the request"
