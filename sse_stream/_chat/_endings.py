"""How a stream can end."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .._errors import IncompleteStreamError, ProviderError, SSEStreamError

Ending: TypeAlias = Literal[
    "open", "complete", "truncated", "provider_error", "invalid", "transport_error", "timeout", "closed"
]
"""How a stream ended:

- `open`: it has not ended.
- `complete`: `[DONE]` came, or every choice has a finish reason.
- `truncated`: it ended before that, or inside an event.
- `provider_error`: the provider reported an error.
- `invalid`: a chunk could not be decoded, or a limit was exceeded.
- `transport_error`: the connection broke.
- `timeout`: a timeout expired.
- `closed`: the caller closed it.
"""

_OF: dict[type[SSEStreamError], Ending] = {
    ProviderError: "provider_error",
    IncompleteStreamError: "truncated",
}


def ending_of(error: SSEStreamError) -> Ending:
    """Return the ending of a stream that failed with this error while decoding."""
    return _OF.get(type(error), "invalid")


_FAILURES = frozenset({"abort", "aborted", "failed", "failure", "exception"})


def says_failure(reason: str) -> bool:
    """Whether a finish reason reports a failure of the provider: `error`, `network_error`, `abort` and similar.

    Args:
        reason: The finish reason, as it was sent.
    """
    word = reason.lower()
    return word in _FAILURES or word.endswith("error")
