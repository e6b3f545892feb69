"""Usage that is reported more than once: the last value of each count is the one that counts."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ._chunks import Usage

S = TypeVar("S", bound=msgspec.Struct)


def merged_usage(before: Usage | None, report: Usage) -> Usage | None:
    """What is known after a further report.

    Never summed and never invented: a count that is null leaves the one before, and a report that counts
    nothing at all is none. Neither argument is changed.
    """
    if before is None:
        return report if _says_something(report) else None
    return _merged(before, report)


def _merged(before: S, report: S) -> S:
    fields: dict[str, Any] = {}
    for name in report.__struct_fields__:
        old, new = getattr(before, name), getattr(report, name)
        if name == "extra":
            fields[name] = {**old, **{key: value for key, value in new.items() if value is not None or key not in old}}
        elif isinstance(old, msgspec.Struct) and isinstance(new, msgspec.Struct):
            fields[name] = _merged(old, new)
        else:
            fields[name] = old if new is None else new
    return type(report)(**fields)


def _says_something(report: Usage) -> bool:
    said = (getattr(report, name) for name in report.__struct_fields__ if name != "extra")
    return any(value is not None for value in (*said, *report.extra.values()))
