"""Network faults, each a frozen dataclass.

`at` is the number of body bytes, after content encoding, that are sent before the fault. `None`, or a number beyond the
body, means the end of the body, before its terminator.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class EndAt:
    """The reply ends early but regularly: a complete response for HTTP, a truncated stream for its reader.

    Attributes:
        at: The number of body bytes sent before the fault.
    """

    at: int


@dataclass(frozen=True)
class Disconnect:
    """The connection is closed regularly, but without the body's terminator.

    Attributes:
        at: The number of body bytes sent before the fault; `None` for all.
    """

    at: int | None = None


@dataclass(frozen=True)
class HalfClose:
    """Like `Disconnect`, but only the server's side is closed; it keeps reading until the client disconnects.

    Attributes:
        at: The number of body bytes sent before the fault; `None` for all.
    """

    at: int | None = None


@dataclass(frozen=True)
class Reset:
    """The connection is reset: the client reads the bytes before, then gets `ECONNRESET`.

    Attributes:
        at: The number of body bytes sent before the fault; `None` for all.
    """

    at: int | None = None


@dataclass(frozen=True)
class Stall:
    """The server pauses.

    With `seconds`, the body, or at its end the terminator, continues after that time. Without, it never does: the
    connection is held open until the client disconnects.

    Attributes:
        at: The number of body bytes sent before the fault; `None` for all.
        seconds: The length of the pause; `None` for an endless one. Keyword-only.

    Raises:
        TypeError: `at` is a float; pass a time as `seconds`.
    """

    at: int | None = None
    _: KW_ONLY
    seconds: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.at, float):
            raise TypeError(f"at is a number of bytes; for a time, pass Stall(seconds={self.at!r})")


@dataclass(frozen=True)
class Comments:
    """The server sends only comments from then on, until the client disconnects.

    Attributes:
        at: The number of body bytes sent before the fault; `None` for all.
        interval: Seconds between two comments. Keyword-only.
        comment: The comment to send, including its blank line. Keyword-only.
    """

    at: int | None = None
    _: KW_ONLY
    interval: float = 0.05
    comment: bytes = b": keep-alive\n\n"


@dataclass(frozen=True)
class WrongLength:
    """The reply has a wrong `Content-Length`.

    Attributes:
        by: The error in bytes: positive if the length is too large, negative if it is too small.
    """

    by: int


Fault: TypeAlias = EndAt | Disconnect | HalfClose | Reset | Stall | Comments | WrongLength
"""Any fault."""
