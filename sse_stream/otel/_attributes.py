"""What is known of a stream, as attributes. No content is among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from .._chat._completion import ChatCompletion
from .._chat._reports import Usage
from .._errors import ProviderError, StatusError
from .._streams._async import AsyncChatStream
from .._streams._sync import ChatStream
from ._conventions import DEFAULT, Convention, missing_reason, names

Value: TypeAlias = str | bool | int | float | list[str]
Facts: TypeAlias = Mapping[str, Value | None]
"""Values by the keys of the table of attributes; `None` if unknown."""

# An error code that is a name, not a sentence.
_CODE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def attributes(
    source: ChatStream | AsyncChatStream | ChatCompletion, *, convention: Convention = DEFAULT
) -> dict[str, str | bool | int | float | list[str]]:
    r"""The span attributes of a stream, from what has arrived so far. They contain no content.

    They are the response's id and model, finish reasons and token usage. For a stream, there are also
    `gen_ai.request.stream`, `sse_stream.ending`, `error.type`, and the time to the first chunk if the stream's timings
    start with the request.

    Args:
        source: A stream, at any time, or a completion.
        convention: The version of the GenAI semantic conventions whose names are used.

    Raises:
        ValueError: `convention` is not a known version.

    >>> from sse_stream import ChatStream
    >>> body = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    >>> with ChatStream([body]) as stream:
    ...     _ = stream.until_done()
    >>> attributes(stream, convention="1.27")
    {'gen_ai.response.finish_reasons': ['stop'], 'sse_stream.ending': 'complete'}
    """
    if isinstance(source, ChatCompletion):
        return named(facts_of_completion(source, None), convention)
    return named(facts_of_stream(source, convention), convention)


def named(facts: Facts, convention: Convention) -> dict[str, Value]:
    """What is known, under the names of a version; what it has no name for is left out."""
    known = names(convention)
    return {known[key]: value for key, value in facts.items() if value is not None and key in known}


def facts_of_stream(stream: ChatStream | AsyncChatStream, convention: Convention) -> dict[str, Value | None]:
    """What is known of a stream and its response.

    Args:
        stream: The stream.
        convention: The version that decides how a missing finish reason is reported.
    """
    ending = stream.ending
    timings = stream.timings
    facts = facts_of_completion(stream.completion, None if ending == "open" else missing_reason(convention))
    facts["request_stream"] = True
    facts["time_to_first_chunk"] = timings.time_to_first_token if timings.basis == "request" else None
    facts["error_type"] = error_type(stream)
    facts["ending"] = ending
    return facts


def facts_of_completion(completion: ChatCompletion, missing: str | None) -> dict[str, Value | None]:
    """What is known of a response.

    Args:
        completion: The completion.
        missing: What to report for a choice without a finish reason; `None` for nothing.
    """
    reasons = [choice.finish_reason or missing for choice in completion.choices]
    facts: dict[str, Value | None] = {
        "response_id": completion.id,
        "response_model": completion.model,
        "finish_reasons": [reason for reason in reasons if reason] or None,
    }
    if completion.usage is not None:
        facts.update(counts_of(completion.usage))
    return facts


def counts_of(usage: Usage) -> dict[str, int | None]:
    """The token counts, as the provider reported them."""
    counts = {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens}
    of_input, of_output = usage.prompt_tokens_details, usage.completion_tokens_details
    if of_input is not None:
        counts["cache_read_tokens"] = of_input.cached_tokens
        counts["cache_write_tokens"] = of_input.cache_write_tokens
        counts["input_text_tokens"] = of_input.text_tokens
        counts["input_image_tokens"] = of_input.image_tokens
        counts["input_audio_tokens"] = of_input.audio_tokens
    if of_output is not None:
        counts["reasoning_tokens"] = of_output.reasoning_tokens
        counts["output_text_tokens"] = of_output.text_tokens
        counts["output_audio_tokens"] = of_output.audio_tokens
    return counts


def error_type(stream: ChatStream | AsyncChatStream) -> str | None:
    """How a stream failed: the HTTP status, the provider's error code or type, or else the ending."""
    error = stream.error
    if isinstance(error, StatusError):
        return str(error.status_code)
    if isinstance(error, ProviderError):
        for name in (error.code, error.type):
            if name is not None and _CODE.fullmatch(str(name)):
                return str(name)
    return None if error is None else stream.ending
