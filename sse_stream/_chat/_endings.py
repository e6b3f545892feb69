"""How a stream can end."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .._errors import IncompleteStreamError, ProviderError, SSEStreamError

Ending: TypeAlias = Literal[
    "open", "complete", "truncated", "provider_error", "invalid", "transport_error", "timeout", "closed"
]
"""How a stream ended:

- `open`: it has not.
- `complete`: `[DONE]` came, or every choice has given its finish reason.
- `truncated`: it ended before either, or inside an event.
- `provider_error`: the provider reported an error.
- `invalid`: a chunk could not be read, or a limit was reached.
- `transport_error`: the connection broke.
- `timeout`: a deadline passed.
- `closed`: the caller stopped.
"""

_OF: dict[type[SSEStreamError], Ending] = {
    ProviderError: "provider_error",
    IncompleteStreamError: "truncated",
}


def ending_of(error: SSEStreamError) -> Ending:
    """What the bytes of a stream ended with, if they ended with this error."""
    return _OF.get(type(error), "invalid")


_FAILURES = frozenset({"abort", "aborted", "failed", "failure", "exception", "unknown_error"})


def says_failure(reason: str) -> bool:
    """Whether a finish reason says that the provider failed: `error`, `network_error`, `abort` and their like.

    Args:
        reason: The finish reason, as it came.
    """
    word = reason.lower()
    return word in _FAILURES or word.endswith("error")
