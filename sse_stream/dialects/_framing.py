"""Recognizing end marks, keep-alives and complete JSON objects in event data."""

from __future__ import annotations

from .._errors import ChunkDecodeError
from .._json._depth import JSONValue
from .._json._lenient import loads

_KEEPALIVES = frozenset({"ping", "pong", "heartbeat", "keepalive", "keep-alive", "keep_alive"})

_END_MARKS = frozenset({"[DONE]", "DONE"})


def is_end_mark(text: str) -> bool:
    """Whether data is `[DONE]` or a variant of it: without brackets, in lowercase, in quotes.

    Args:
        text: The data, stripped of whitespace.
    """
    return len(text) <= len('"[DONE]"') and text.strip("\"'").upper() in _END_MARKS


def is_keepalive(name: str, value: JSONValue) -> bool:
    """Whether an event is a keep-alive, by its name or a field of its JSON. One with choices or an error is not.

    Args:
        name: The event's name.
        value: The event's JSON; `None` if its data is not JSON.
    """
    fields = value if isinstance(value, dict) else {}
    if not fields.keys().isdisjoint({"choices", "error"}):
        return False
    words = (name, fields.get("type"), fields.get("event"), fields.get("object"))
    return any(isinstance(word, str) and word.lower() in _KEEPALIVES for word in words)


def is_whole_object(text: str) -> bool:
    """Whether data is one complete JSON object.

    Args:
        text: The data, stripped of whitespace.
    """
    try:
        return text.startswith("{") and isinstance(loads(text)[0], dict)
    except ChunkDecodeError:
        return False
