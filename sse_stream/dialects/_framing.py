"""What is no chunk in an event stream, however servers write it: keep-alives, the end mark; and what is whole."""

from __future__ import annotations

from .._errors import ChunkDecodeError
from .._json._depth import JSONValue
from .._json._lenient import loads

_KEEPALIVES = frozenset({"ping", "pong", "heartbeat", "keepalive", "keep-alive", "keep_alive"})

_END_MARKS = frozenset({"[DONE]", "DONE"})


def is_end_mark(text: str) -> bool:
    """Whether data is `[DONE]`, or a misspelling: without brackets, in small letters, in quotes.

    Args:
        text: The data, without white space around it.
    """
    return len(text) <= len('"[DONE]"') and text.strip("\"'").upper() in _END_MARKS


def is_keepalive(name: str, value: JSONValue) -> bool:
    """Whether an event is a keep-alive: it is called one, or its JSON is, and it holds no choices and no error.

    Args:
        name: The event's name.
        value: Its JSON; `None` where it is none.
    """
    fields = value if isinstance(value, dict) else {}
    if not fields.keys().isdisjoint({"choices", "error"}):
        return False
    words = (name, fields.get("type"), fields.get("event"), fields.get("object"))
    return any(isinstance(word, str) and word.lower() in _KEEPALIVES for word in words)


def is_whole_object(text: str) -> bool:
    """Whether data is one JSON object.

    Args:
        text: The data, without white space around it.
    """
    try:
        return text.startswith("{") and isinstance(loads(text)[0], dict)
    except ChunkDecodeError:
        return False
