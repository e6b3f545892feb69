"""Dialects: one wire format each, and the only place where a provider's quirk may be known.

Those of formats beside OpenAI's chat completions are imported when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._base import AnomalyFound, Dialect, Done, Failure, Item, PartEnd, PartStart, Ping
from ._openai_chat import OpenAIChat

if TYPE_CHECKING:
    from ._gemini import GeminiContent

__all__ = [
    "AnomalyFound",
    "Dialect",
    "Done",
    "Failure",
    "GeminiContent",
    "Item",
    "OpenAIChat",
    "PartEnd",
    "PartStart",
    "Ping",
]

_MODULES = {"GeminiContent": "_gemini"}


def _dialect(name: str) -> type[Dialect]:
    """A dialect, imported when it is asked for."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    dialect: type[Dialect] = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = dialect
    return dialect


if not TYPE_CHECKING:  # a type checker is to see the names above, and no others
    __getattr__ = _dialect


def __dir__() -> list[str]:
    return __all__
