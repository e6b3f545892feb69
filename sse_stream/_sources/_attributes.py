"""What a foreign object has, asked without harm: a property of a client's may raise whatever it likes."""

from __future__ import annotations

from typing import Any


def attribute(thing: Any, name: str, default: Any = None) -> Any:
    """An attribute; the default where there is none, or where asking for it raises, as it does of a body not read."""
    try:
        return getattr(thing, name, default)
    except Exception:  # noqa: BLE001  # a property may raise anything
        return default


def has(thing: Any, *names: str) -> bool:
    """Whether all of these attributes are there, and none of them is `None`."""
    return all(attribute(thing, name) is not None for name in names)


def has_any(thing: Any, *names: str) -> bool:
    """Whether one of these attributes is there, and is not `None`."""
    return any(attribute(thing, name) is not None for name in names)


def names(thing: Any, name: str) -> bool:
    """Whether there is such an attribute, `None` or not."""
    return attribute(thing, name, _MISSING) is not _MISSING


_MISSING = object()
