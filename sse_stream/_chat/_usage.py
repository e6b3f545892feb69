"""Accumulating usage reports: the last value of each count is kept."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from ._anomalies import OnAnomaly
from ._memory import ENTRY, weight
from ._merging import LatestFields, value_of
from ._model import NOTHING
from ._reports import CompletionTokensDetails, PromptTokensDetails, Usage

Counts = TypeVar("Counts", Usage, PromptTokensDetails, CompletionTokensDetails)

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")

# The fields of a report that have counts of their own.
_LEVELS = ("prompt_tokens_details", "completion_tokens_details")


class UsageState:
    """Accumulates usage. Counts are never summed or made up: a null count, or one that falls back to zero, leaves the
    one before.

    The cost of a report depends only on its own size.

    Args:
        note: Called with each anomaly.
    """

    __slots__ = ("_counts", "_extras", "_note")

    def __init__(self, note: OnAnomaly) -> None:
        self._note = note
        self._counts: Usage | None = None  # all counts so far, without extra fields
        self._extras: dict[str, LatestFields] = {}  # the extra fields, by level: "" or the name of the details

    def add(self, report: Usage) -> tuple[Usage | None, int]:
        """Add a report.

        Returns:
            A new value with all counts so far and the extra fields of this report, or `None` if the report is empty;
            and the growth in bytes.
        """
        before = self._counts
        if before is not None and not report.total_tokens and _falls_to_zero(before, report):
            self._note("usage_fell", repr(report))
            report = Usage(extra=report.extra)
            if not _says_something(_extras(report)):
                return None, 0
        prompt, completion, total = report.prompt_tokens, report.completion_tokens, report.total_tokens
        if prompt is not None and completion is not None and total is not None and prompt + completion != total:
            self._note("odd_total", f"{prompt} + {completion} is not {total}")
        if before is not None and _stands_for_itself(report, before):
            self._counts = report
            return report, 0
        counts = _bare(report)
        extras = _extras(report)
        if before is None and counts == Usage() and not _says_something(extras):
            return None, 0
        counts, growth = (counts, weight(counts)) if before is None else _merged(before, counts)
        self._counts = counts
        for level, extra in extras.items():
            if level not in self._extras:
                self._extras[level] = LatestFields()
                growth += ENTRY
            growth += self._extras[level].add(extra)
        return _with_extras(counts, {level: value_of(extra) for level, extra in extras.items()}), growth

    def snapshot(self) -> Usage | None:
        """Return the usage so far, which later reports do not change."""
        if self._counts is None:
            return None
        return _with_extras(self._counts, {level: extra.snapshot() for level, extra in self._extras.items()})


def _falls_to_zero(before: Usage, report: Usage) -> bool:
    """Whether all counts that were nonzero before are now zero."""
    counted = [name for name in _COUNTS if getattr(before, name)]
    return bool(counted) and all(getattr(report, name) == 0 for name in counted)


def _stands_for_itself(report: Usage, before: Usage) -> bool:
    """Whether a report has all counts and nothing that can be changed, like most."""
    return not (
        report.extra is not NOTHING
        or report.prompt_tokens is None
        or report.completion_tokens is None
        or report.total_tokens is None
        or before.prompt_tokens_details not in (None, report.prompt_tokens_details)
        or before.completion_tokens_details not in (None, report.completion_tokens_details)
        or ((details := report.prompt_tokens_details) is not None and details.extra is not NOTHING)
        or ((output := report.completion_tokens_details) is not None and output.extra is not NOTHING)
    )


def _extras(report: Usage) -> dict[str, dict[str, object]]:
    """Return the extra fields of a report, by level."""
    levels = {"": report, **{level: getattr(report, level) for level in _LEVELS}}
    return {level: dict(part.extra) for level, part in levels.items() if part is not None and part.extra}


def _says_something(extras: dict[str, dict[str, object]]) -> bool:
    return any(value is not None for extra in extras.values() for value in extra.values())


def _bare(report: Usage) -> Usage:
    """Return a report without its extra fields."""
    ours, theirs = report.prompt_tokens_details, report.completion_tokens_details
    return replace(
        report,
        extra=NOTHING,
        prompt_tokens_details=None if ours is None else replace(ours, extra=NOTHING),
        completion_tokens_details=None if theirs is None else replace(theirs, extra=NOTHING),
    )


def _with_extras(counts: Usage, extras: dict[str, dict[str, object]]) -> Usage:
    if not extras:
        return counts
    details = {
        level: replace(getattr(counts, level), extra=extra) for level, extra in extras.items() if level in _LEVELS
    }
    return replace(counts, extra=extras.get("", NOTHING), **details)


def _merged(before: Counts, report: Counts) -> tuple[Counts, int]:
    """Return the counts of both reports, those of the later one where both have one; and the growth in bytes."""
    fields = {}
    growth = 0
    for name in report.__struct_fields__:
        old, new = getattr(before, name), getattr(report, name)
        if new is None:
            new = old
        elif name in _LEVELS and old is not None:
            new, more = _merged(old, new)
            growth += more
        elif new is not old:
            growth += weight(new) - weight(old)
        fields[name] = new
    return type(report)(**fields), growth
