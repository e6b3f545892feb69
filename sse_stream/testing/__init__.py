"""Tools for testing whatever reads a stream, this library or another.

- Ways of cutting a body, and the assertion that they make no difference.
- `ReplayServer`, which serves a recording as a provider would, with the faults that networks have.
- `HABITS`, what providers do, as named bytes with what they mean; `GEMINI_HABITS` are those of Gemini's format.
- Hypothesis strategies for bodies, for their cuts and for damage to them. They need the extra `testing`,
  and import Hypothesis when they are first asked for; everything else needs no package beside this one.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._cuts import assert_cutting_changes_nothing, bytewise, every_cut
from ._faults import Comments, Disconnect, EndAt, Fault, HalfClose, Reset, Stall, WrongLength
from ._gemini_habits import GEMINI_HABITS
from ._habits import HABITS
from ._recordings import ChatRecording, EventStream, Habit
from ._replies import Reply, Request, Seed
from ._server import ReplayServer

if TYPE_CHECKING:
    from ._chat_strategies import chat_streams
    from ._event_strategies import event_streams, server_sent_events
    from ._gemini_strategies import gemini_streams
    from ._strategies import chunkings, mutations

__all__ = [
    "GEMINI_HABITS",
    "HABITS",
    "ChatRecording",
    "Comments",
    "Disconnect",
    "EndAt",
    "EventStream",
    "Fault",
    "Habit",
    "HalfClose",
    "ReplayServer",
    "Reply",
    "Request",
    "Reset",
    "Seed",
    "Stall",
    "WrongLength",
    "assert_cutting_changes_nothing",
    "bytewise",
    "chat_streams",
    "chunkings",
    "event_streams",
    "every_cut",
    "gemini_streams",
    "mutations",
    "server_sent_events",
]

# Where the names are that need Hypothesis.
_STRATEGIES = {
    "chat_streams": "_chat_strategies",
    "chunkings": "_strategies",
    "event_streams": "_event_strategies",
    "gemini_streams": "_gemini_strategies",
    "mutations": "_strategies",
    "server_sent_events": "_event_strategies",
}


def _strategy(name: str) -> object:
    """A strategy, imported when it is asked for."""
    module = _STRATEGIES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        strategy: object = getattr(import_module(f"{__name__}.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(
            f"{__name__}.{name} needs Hypothesis: install the extra, pip install 'sse-stream[testing]'",
            name="hypothesis",
        ) from error
    globals()[name] = strategy
    return strategy


if not TYPE_CHECKING:  # a type checker is to see the names above, and no others
    __getattr__ = _strategy


def __dir__() -> list[str]:
    return __all__
