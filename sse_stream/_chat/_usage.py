"""Usage that is reported more than once: the last value of each count is the one that counts."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ._merging import weight
from ._reports import Usage

S = TypeVar("S", bound=msgspec.Struct)


def merged_usage(before: Usage | None, report: Usage) -> Usage | None:
    """What is known after a further report.

    Never summed and never invented: a count that is null leaves the one before, and a report that counts
    nothing at all is none. Neither argument is changed.
    """
    if before is None:
        return report if _says_something(report) else None
    if _covers(report, before):
        return report
    return _merged(before, report)


def extras_weight(usage: Usage) -> int:
    """About how many characters of memory those values take that the model does not name."""
    total = 0
    for part in (usage, usage.prompt_tokens_details, usage.completion_tokens_details):
        if part is not None and part.extra:
            total += weight(part.extra)
    return total


def _covers(report: Usage, before: Usage) -> bool:
    """Whether a report says all that was said before, as most do: then it stands for itself."""
    return (
        None not in (report.prompt_tokens, report.completion_tokens, report.total_tokens)
        and before.prompt_tokens_details in (None, report.prompt_tokens_details)
        and before.completion_tokens_details in (None, report.completion_tokens_details)
        and (not before.extra or (before.extra.keys() == report.extra.keys() and None not in report.extra.values()))
    )


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
