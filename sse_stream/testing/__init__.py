"""Tools for testing code that reads streams, with this library or another.

- Ways to split a body into chunks, and an assertion that the split makes no difference.
- `ReplayServer`, which serves an answer or a recording as a provider would, with simulated network faults.
- `Reply`, which writes answers, and `FakeResponse`, a response without a server.
- `HABITS`, a catalogue of what providers send, as named bytes with their meaning; `ANTHROPIC_HABITS` for Anthropic's
  Messages API, `RESPONSES_HABITS` for OpenAI's Responses API, `GEMINI_HABITS` for Gemini's API.
- Hypothesis strategies for bodies, for ways to split them, and for damaged bodies. They require the extra `testing`, and
  import Hypothesis on first use; everything else requires no further package.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ._anthropic_habits import ANTHROPIC_HABITS
from ._cuts import assert_cutting_changes_nothing, bytewise, every_cut
from ._faults import Comments, Disconnect, EndAt, Fault, HalfClose, Reset, Stall, WrongLength
from ._gemini_habits import GEMINI_HABITS
from ._habits import HABITS
from ._recordings import ChatRecording, EventStream, Habit
from ._replies import Reply, Request, Seed
from ._response import FakeResponse
from ._responses_habits import RESPONSES_HABITS
from ._server import ReplayServer

if TYPE_CHECKING:
    from ._anthropic_strategies import anthropic_streams
    from ._chat_strategies import chat_streams
    from ._event_strategies import event_streams, server_sent_events
    from ._gemini_strategies import gemini_streams
    from ._responses_strategies import responses_streams
    from ._strategies import chunkings, mutations

__all__ = [
    "ANTHROPIC_HABITS",
    "GEMINI_HABITS",
    "HABITS",
    "RESPONSES_HABITS",
    "ChatRecording",
    "Comments",
    "Disconnect",
    "EndAt",
    "EventStream",
    "FakeResponse",
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
    "every_cut",
]

if find_spec("hypothesis") is not None:  # otherwise `import *` would fail
    __all__ += [
        "anthropic_streams",
        "chat_streams",
        "chunkings",
        "event_streams",
        "gemini_streams",
        "mutations",
        "responses_streams",
        "server_sent_events",
    ]

# The modules of the names that require Hypothesis.
_STRATEGIES = {
    "anthropic_streams": "_anthropic_strategies",
    "chat_streams": "_chat_strategies",
    "chunkings": "_strategies",
    "event_streams": "_event_strategies",
    "gemini_streams": "_gemini_strategies",
    "mutations": "_strategies",
    "responses_streams": "_responses_strategies",
    "server_sent_events": "_event_strategies",
}


def _strategy(name: str) -> object:
    """Import a strategy on first use."""
    module = _STRATEGIES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        strategy: object = getattr(import_module(f"{__name__}.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(
            f"{__name__}.{name} requires Hypothesis: pip install 'sse-stream[testing]'",
            name="hypothesis",
        ) from error
    globals()[name] = strategy
    return strategy


if not TYPE_CHECKING:  # so that a type checker sees only the names above
    __getattr__ = _strategy


def __dir__() -> list[str]:
    return __all__
