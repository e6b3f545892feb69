"""Which failures may pass, so that a repeat can help: by status, by the provider's names, by what had arrived."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for the type of an argument; nothing is imported when the program runs
    from ._chat._completion import ChatCompletion

_PASSING_NAMES = re.compile(
    r"overload|rate.?limit|too_many_requests|timeout|timed_out|unavailable|server_error|internal|api_error|capacity|busy"
    r"|resource_exhausted|deadline_exceeded|throttl",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"insufficient|billing|balance|credit|payment|arrear|current_quota|hard_limit", re.IGNORECASE)


def is_passing_status(status: int) -> bool:
    """Whether the next request may get another answer than this HTTP status."""
    return status in (408, 425, 429) or 500 <= status < 600


def lacks_credit(*names: object) -> bool:
    """Whether a provider's names for an error say that nothing is paid for any more, as `insufficient_quota` does."""
    return any(isinstance(name, str) and _NO_CREDIT.search(name) for name in names)


def is_passing_name(name: str | int | None) -> bool:
    """Whether a provider's name or number for an error means the same as a status that passes."""
    if isinstance(name, str) and not name.isdecimal():
        return _PASSING_NAMES.search(name) is not None
    return name is not None and is_passing_status(int(name))


def has_output(completion: ChatCompletion) -> bool:
    """Whether the model has generated anything: text, reasoning, a refusal, a call, audio, a part of its own kind."""
    for message in (choice.message for choice in completion.choices):
        if message.audio is not None or any(message.extra.get(name) for name in ("function_call", "images")):
            return True
        if any(getattr(part, "text", True) for part in message.parts):
            return True
    return False
