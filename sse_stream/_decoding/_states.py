"""The states of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from .._chat._endings import Ending
from .._errors import SSEStreamError

State: TypeAlias = Literal["open", "done", "ended"]
"""`open`: more is expected. `done`: the end mark has come, so anything after it is optional. `ended`: nothing changes
any more."""

Step: TypeAlias = Literal["end mark", "stop"]
"""`end mark`: it was read. `stop`: the stream was read to its end, failed, or was closed."""

# Any other step changes nothing.
STATES: Mapping[tuple[State, Step], State] = {
    ("open", "end mark"): "done",
    ("open", "stop"): "ended",
    ("done", "stop"): "ended",
}


class Lifecycle:
    """The lifecycle of a stream.

    Attributes:
        state: The current state.
        error: The error that ended the stream; `None` if none did.
    """

    def __init__(self) -> None:
        self.state: State = "open"
        self.error: SSEStreamError | None = None
        self._ending: Ending = "open"

    @property
    def ending(self) -> Ending:
        """How the stream ended: `"complete"` once its end mark has been read, `"open"` until the stream ends."""
        return "complete" if self.state == "done" else self._ending

    def mark(self) -> None:
        """Record that the end mark was read."""
        self._step("end mark")

    def stop(self, ending: Ending, error: SSEStreamError | None = None) -> bool:
        """End the stream in this way. Returns `False` if it had ended before."""
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
