"""Safe attribute lookups on clients' objects, whose properties may raise anything."""

from __future__ import annotations

from typing import Any


def attribute(thing: Any, name: str, default: Any = None) -> Any:
    """Return an attribute, or the default if it is missing or its property raises, as for a body not read yet."""
    try:
        return getattr(thing, name, default)
    except Exception:  # noqa: BLE001  # a property may raise anything
        return default


def has(thing: Any, *names: str) -> bool:
    """Whether all these attributes exist and are not `None`."""
    return all(attribute(thing, name) is not None for name in names)


def has_any(thing: Any, *names: str) -> bool:
    """Whether any of these attributes exists and is not `None`."""
    return any(attribute(thing, name) is not None for name in names)


def names(thing: Any, name: str) -> bool:
    """Whether the attribute exists, even as `None`."""
    return attribute(thing, name, _MISSING) is not _MISSING


_MISSING = object()
