"""Exit codes, and messages that say what happened and what to do."""

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
    """Exit codes of the command line."""

    COMPLETE = 0
    FINDINGS = 1  # of check
    BAD_USAGE = 2  # as argparse
    TRUNCATED = 3
    PROVIDER_ERROR = 4
    TRANSPORT_ERROR = 5
    UNREADABLE = 6
    UNWRITABLE = 7
    INTERRUPTED = 130  # as shells report SIGINT: 128 + 2
    CLOSED_PIPE = 141  # as shells report SIGPIPE: 128 + 13


def say(message: str) -> None:
    """Print a message to standard error."""
    for line in fitting([f"sse-stream: {message}"], sys.stderr):
        print(line, file=sys.stderr, flush=True)


def asides(stream: ChatStream, choice: int) -> Iterator[str]:
    """Yield a line for each tool call and refusal, for a length limit, and for other choices of the answer."""
    choices = stream.completion.choices
    for one in choices:
        if one.index != choice:
            continue
        for call in one.message.tool_calls:
            yield f"tool call {call.id or '(no id)'}: {call.name}({call.arguments})"
        if one.message.refusal:
            yield f"the model refused: {one.message.refusal}"
        if one.finish_reason == "length":
            yield "finish reason length: the answer reached the token limit"
    others = [str(one.index) for one in choices if one.index != choice]
    if others:
        yield f"other choices: {', '.join(others)} (pass --choice N to print one)"


def missing_choice(stream: ChatStream, choice: int | None) -> str:
    """Return a message if the answer has choices but not the requested one, otherwise `""`."""
    indexes = [one.index for one in stream.completion.choices]
    if choice is None or not indexes or choice in indexes:
        return ""
    return f"the answer has no choice {choice}; available: {', '.join(map(str, sorted(indexes)))}"


def received(stream: ChatStream) -> str:
    """Describe what an unfinished stream has delivered."""
    completion = stream.completion
    calls = sum(len(choice.message.tool_calls) for choice in completion.choices)
    usage = "usage" if completion.usage is not None else "no usage"
    return f"Received {len(completion.text)} characters of text, {calls} tool calls, {usage}"


def outcome(error: SSEStreamError, foreign: str | None = None) -> tuple[Exit, str]:
    """Return the exit code for an error, and a message that says what happened and what to do.

    Args:
        error: The error.
        foreign: What the input is, if it is known not to be an event stream.
    """
    match error:
        case IncompleteStreamError() | ContentTypeError() if foreign is not None:
            return Exit.UNREADABLE, no_stream(foreign)
        case IncompleteStreamError():
            return (
                Exit.TRUNCATED,
                f"truncated: {error}. Output is incomplete; repeat the request to get the whole answer",
            )
        case StatusError():
            return Exit.PROVIDER_ERROR, f"request failed: {error}. {_advice(error)}"
        case ProviderError():
            return Exit.PROVIDER_ERROR, f"provider error: {error}. Output is incomplete"
        case StreamTimeoutError() | TransportError():
            return Exit.TRANSPORT_ERROR, f"{error}. Output is incomplete; check the network and try again"
        case ContentTypeError():
            return Exit.UNREADABLE, f"{error}. Check --base-url"
        case _:
            return Exit.UNREADABLE, f"{error}. Check that this is a chat stream; --sse prints the raw events"


def no_stream(foreign: str) -> str:
    """Return the message for input that is not an event stream."""
    return f"not an event stream: {foreign}"


def _advice(error: StatusError) -> str:
    if error.status_code in (401, 403):
        return "Check the API key: --api-key, or the variable that --help names for this API"
    if error.status_code in (404, 405) or error.status_code < 400:
        return "Check --base-url, --model and --api"
    if error.retry_after is not None:
        return f"Try again in {error.retry_after:g} s"
    if error.status_code in (408, 409, 429) or error.status_code >= 500:
        return "Try again later"
    if "stream_options" in error.body or "include_usage" in error.body:
        return "The server may not support requesting usage: try --no-usage"
    return "Check the model name and the request"
