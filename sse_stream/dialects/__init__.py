"""Dialects: one wire format each, and the only place where a provider's quirk may be known."""

from ._base import Dialect, Done, Failure, Item, Oddity, PartEnd, PartStart, Ping
from ._openai_chat import OpenAIChat

__all__ = ["Dialect", "Done", "Failure", "Item", "Oddity", "OpenAIChat", "PartEnd", "PartStart", "Ping"]
