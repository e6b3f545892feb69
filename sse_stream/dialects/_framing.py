"""What in a chat's event stream is no chunk, however servers write it: keep-alives and the end mark."""

from __future__ import annotations

from .._json._depth import JSONValue

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
