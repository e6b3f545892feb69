"""What can go wrong with a reply on its way: a closed set of faults, each a frozen value.

Where a fault has an `at`, it is a number of body bytes as they are sent, after content encoding: so many
are sent before it strikes. `None`, or a number beyond the body, is the body's end, before its terminator.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class EndAt:
    """The reply ends early, and correctly so: HTTP sees a whole response, whoever reads the stream a cut one.

    Attributes:
        at: After how many bytes of the body.
    """

    at: int


@dataclass(frozen=True)
class Disconnect:
    """The connection closes in an orderly way, but without the body's terminator.

    Attributes:
        at: After how many bytes of the body; `None` for its end.
    """

    at: int | None = None


@dataclass(frozen=True)
class HalfClose:
    """Like `Disconnect`, but only the server's side closes: it goes on listening until the client leaves.

    Attributes:
        at: After how many bytes of the body; `None` for its end.
    """

    at: int | None = None


@dataclass(frozen=True)
class Reset:
    """The connection is reset: the client reads what came before, then gets `ECONNRESET`.

    Attributes:
        at: After how many bytes of the body; `None` for its end.
    """

    at: int | None = None


@dataclass(frozen=True)
class Stall:
    """The server falls silent, for so many seconds, and then goes on.

    At the end of the body this is a terminator that comes late; with `seconds` left out, one that never
    comes, and before the end a body that never goes on: the connection is held until the client leaves.

    Attributes:
        at: After how many bytes of the body; `None` for its end.
        seconds: For how long; `None` for ever. By keyword only.

    Raises:
        TypeError: `at` is no whole number: seconds were meant.
    """

    at: int | None = None
    _: KW_ONLY
    seconds: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.at, float):
            raise TypeError(f"at is a number of bytes; for a time write Stall(seconds={self.at!r})")


@dataclass(frozen=True)
class Comments:
    """From there on nothing but comments, until the client leaves.

    Attributes:
        at: After how many bytes of the body; `None` for its end.
        interval: Seconds between two comments. By keyword only.
        comment: What is sent each time, with its blank line. By keyword only.
    """

    at: int | None = None
    _: KW_ONLY
    interval: float = 0.05
    comment: bytes = b": keep-alive\n\n"


@dataclass(frozen=True)
class WrongLength:
    """The reply has a `Content-Length`, and it is wrong by so many bytes: above 0 too large, below 0 too small.

    Attributes:
        by: How many bytes the length is off.
    """

    by: int


Fault: TypeAlias = EndAt | Disconnect | HalfClose | Reset | Stall | Comments | WrongLength
"""Any of the faults."""
