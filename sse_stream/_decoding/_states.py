"""The states of a stream, and what is missing from one that ends too early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from .._chat._endings import Ending
from .._errors import SSEStreamError

State: TypeAlias = Literal["open", "done", "ended"]
"""`open`: more is expected. `done`: the stream has said that it is, and what else comes is a bonus. `ended`: nothing
changes any more, whatever still runs."""

Step: TypeAlias = Literal["end mark", "stop"]
"""What happens to a stream: its end mark was read; it was read to its end, has failed, or was closed."""

# What is not here changes nothing.
STATES: Mapping[tuple[State, Step], State] = {
    ("open", "end mark"): "done",
    ("open", "stop"): "ended",
    ("done", "stop"): "ended",
}


class Lifecycle:
    """How far a stream has come.

    Attributes:
        state: Which state it is in.
        error: The failure that ended it; `None` if none did.
    """

    def __init__(self) -> None:
        self.state: State = "open"
        self.error: SSEStreamError | None = None
        self._ending: Ending = "open"

    @property
    def ending(self) -> Ending:
        """How it ended; `"complete"` as soon as its end mark was read, `"open"` until something was."""
        return "complete" if self.state == "done" else self._ending

    def mark(self) -> None:
        """Its end mark was read."""
        self._step("end mark")

    def stop(self, ending: Ending, error: SSEStreamError | None = None) -> bool:
        """It ends in this way; whether it had not ended before."""
        if not self._step("stop"):
            return False
        self._ending = ending
        self.error = error
        return True

    def _step(self, step: Step) -> bool:
        after = STATES.get((self.state, step))
        if after is None:
            return False
        self.state = after
        return True


def what_is_missing(end_mark: str, unfinished: Sequence[int], *, cut_off: bool, begun: bool) -> str:
    """Why a stream is not complete, for people.

    Args:
        end_mark: What ends a stream of its format.
        unfinished: The choices that have given no finish reason.
        cut_off: Whether the body ended inside an event.
        begun: Whether any chunk came.
    """
    if not begun and not cut_off:
        return "the stream ended before it began: no chunk came"
    reasons = [f"no {end_mark} came"]
    if cut_off:
        reasons.append("the last event was cut off")
    if unfinished:
        reasons.append(f"no finish reason for choice {', '.join(map(str, unfinished))}")
    return f"the stream ended before it was done: {', '.join(reasons)}"
