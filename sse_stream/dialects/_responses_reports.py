"""Converting the usage, status, errors and other fields of a response."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .._chat._reports import CompletionTokensDetails, PromptTokensDetails, Usage
from .._errors import IncompleteStreamError, ProviderError, SSEStreamError
from .._json._depth import JSONValue
from .._json._reading import read_struct
from ._provider_errors import provider_error

Object = dict[str, JSONValue]

# Fields that are in the chunk model or the output, and fields that repeat the request, such as instructions and tools.
_HANDLED_ELSEWHERE = frozenset(
    {"id", "object", "created_at", "model", "output", "usage", "error", "service_tier", "moderation"}
)
_REQUESTED = frozenset(
    {
        "background",
        "frequency_penalty",
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "parallel_tool_calls",
        "presence_penalty",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    }
)
_FRAME = frozenset({"type", "response", "sequence_number", "obfuscation"})

# The details by their names in chat completions, their names here, and the counts that they have in common.
_DETAILS = (
    ("prompt_tokens_details", "input_tokens_details", frozenset(PromptTokensDetails.__struct_fields__) - {"extra"}),
    (
        "completion_tokens_details",
        "output_tokens_details",
        frozenset(CompletionTokensDetails.__struct_fields__) - {"extra"},
    ),
)


def usage_of(said: Object, report: Callable[[str, object], object]) -> Usage:
    """Convert usage to the names of chat completions. The original fields are kept in `extra`.

    Args:
        said: The `usage` of a response.
        report: Called with each field of an unexpected type.
    """
    counts: Object = dict(said)
    for ours, theirs in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")):
        if said.get(theirs) is not None:
            counts[ours] = said[theirs]
    for ours, theirs, names in _DETAILS:
        details = said.get(theirs)
        if isinstance(details, dict):
            known = {name: count for name, count in details.items() if name in names}
            if known:
                counts[ours] = known
    return read_struct(Usage, counts, report)


def beside_output(event: Mapping[str, JSONValue], response: Mapping[str, JSONValue]) -> Object:
    """Return the extra fields of a response, and of the last event around it."""
    beside = {name: value for name, value in event.items() if name not in _FRAME}
    beside.update(
        (name, value) for name, value in response.items() if name not in _HANDLED_ELSEWHERE and name not in _REQUESTED
    )
    return {name: value for name, value in beside.items() if value is not None}


def reason_of(response: Object, status: str) -> str:
    """Return the finish reason of a response: why it is incomplete, or else its status."""
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return reason if isinstance(reason, str) and reason else status


def error_of(event: Object) -> ProviderError:
    """Create the exception for an `error` event, nested or flat."""
    carrier = {
        name: value for name, value in event.items() if name != "type"
    }  # the type of the event, not of the error
    return provider_error(event, carrier)


def failure_of(event: Object, response: Object, status: str) -> SSEStreamError:
    """Return the error for a response that failed, was cancelled, or is not finished yet."""
    if response.get("error"):
        return provider_error(event, response)
    if status in ("queued", "in_progress"):
        return IncompleteStreamError(f"the response is still {status.replace('_', ' ')}: retrieve it later by its id")
    return ProviderError(
        f"the response was {status}" if status == "cancelled" else "the response failed", body=response
    )
