"""Dialects. Each reads one wire format, and provider quirks are handled only here.

All dialects except OpenAI's chat completions are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .._chat._message import Message
from .._chat._turns import register_turn
from .._json._depth import JSONValue
from ._base import AnomalyFound, Dialect, DialectFound, Done, Failure, Item, PartEnd, PartPiece, PartStart, Ping
from ._formats import READERS
from ._openai_chat import OpenAIChat

if TYPE_CHECKING:
    from ._anthropic import AnthropicMessages
    from ._gemini import GeminiContent
    from ._responses import OpenAIResponses

__all__ = [
    "AnomalyFound",
    "AnthropicMessages",
    "Dialect",
    "DialectFound",
    "Done",
    "Failure",
    "GeminiContent",
    "Item",
    "OpenAIChat",
    "OpenAIResponses",
    "PartEnd",
    "PartPiece",
    "PartStart",
    "Ping",
]

_MODULES = {reader.dialect: reader.module for reader in READERS.values()}


def _dialect(name: str) -> type[Dialect]:
    """Import a dialect on first use."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    dialect: type[Dialect] = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = dialect
    return dialect


def _register(name: str, dialect: str) -> None:
    """Register the turn of a dialect that is not imported yet, for stored messages that are sent back."""

    def turn(message: Message) -> JSONValue:
        return _dialect(dialect).turn(message)

    register_turn(name, turn)


for _name, _reader in READERS.items():
    if _reader.dialect not in globals():
        _register(_name, _reader.dialect)

if not TYPE_CHECKING:  # for type checkers, only the names above exist
    __getattr__ = _dialect


def __dir__() -> list[str]:
    return __all__
