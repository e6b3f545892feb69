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
