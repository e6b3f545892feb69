"""Dialects: one wire format each, and the only place where a provider's quirk may be known."""

from ._base import AnomalyFound, Dialect, Done, Failure, Item, PartEnd, PartStart, Ping
from ._openai_chat import OpenAIChat

__all__ = ["AnomalyFound", "Dialect", "Done", "Failure", "Item", "OpenAIChat", "PartEnd", "PartStart", "Ping"]
