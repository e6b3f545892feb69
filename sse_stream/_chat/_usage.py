"""Usage that is reported more than once: the last value of each count is the one that counts."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from .._json._copying import copied
from ._memory import ENTRY, weight
from ._merging import LatestFields, value_of
from ._model import NOTHING
from ._reports import CompletionTokensDetails, PromptTokensDetails, Usage

Counts = TypeVar("Counts", Usage, PromptTokensDetails, CompletionTokensDetails)

# A report with more fields of the provider's own is merged field by field.
_FEW = 32

# A number that is larger weighs something.
_LARGE = 1 << 60

# The fields of a report that have counts of their own.
_LEVELS = ("prompt_tokens_details", "completion_tokens_details")


class UsageState:
    """What is known of the usage. Never summed and never invented: a count that is null leaves the one before.

    A report costs what it holds, however many came before it.
    """

    __slots__ = ("_counts", "_extras", "_last", "_names", "_weight")

    def __init__(self) -> None:
        self._counts: Usage | None = None  # all counts so far, without what the model does not name
        self._extras: dict[str, LatestFields] = {}  # which is here, by its level: "" or the name of the details
        self._names: set[str] | None = set()  # of the fields beside the counts; `None` once they are many
        self._last: Usage | None = None  # a report that said all anew: it is kept in place of these
        self._weight = 0  # of the fields beside the counts

    def add(self, report: Usage) -> tuple[Usage | None, int]:
        """Take a report.

        Returns:
            The counts as they are known now, with what else this report says, as a value of its own; `None` if it
            says nothing at all. And by how many bytes what is kept has grown.
        """
        if (growth := self._replaced_by(report)) is not None:
            return replace(report, extra=copied(report.extra)), growth
        growth = self._add_last()
        before = self._counts
        if before is not None and _stands_for_itself(report, before):
            self._counts = report
            return report, growth
        counts = _bare(report)
        extras = _extras(report)
        if before is None and counts == Usage() and not _says_something(extras):
            return None, growth
        self._counts = counts = counts if before is None else _merged(before, counts)
        growth += weight(counts) - weight(before)
        if self._names is not None:
            names = self._names.union(report.extra)
            self._names = names if len(names) <= _FEW else None
        for level, extra in extras.items():
            if level not in self._extras:
                self._extras[level] = LatestFields()
                growth += ENTRY
            grown = self._extras[level].add(extra)
            growth += grown
            if not level:
                self._weight += grown
        return _with_extras(counts, {level: value_of(extra) for level, extra in extras.items()}), growth

    def _replaced_by(self, report: Usage) -> int | None:
        """Keep a report that says all anew which had been reported, as Gemini's do that come with each chunk.

        Returns:
            By how many bytes what is kept has grown; `None` of any other report, which is not kept.
        """
        # Measured as "Gemini: text": merging them field by field takes ten times as long.
        last, extra = self._last, report.extra
        before = last or self._counts
        if not extra or before is None or self._names is None or extra.keys() != self._names:
            return None
        if not _says_all(report, before):
            return None
        growth = 0
        for name, value in extra.items():
            if type(value) is int:
                if not -_LARGE < value < _LARGE:
                    return None
            elif value is None or type(value) is dict:
                return None
            elif last is not None and value != (old := last.extra[name]):
                growth += weight(value) - weight(old)
        if last is None:
            growth = weight(dict(extra)) - self._weight
            self._extras[""] = LatestFields()
        self._last = report
        self._weight += growth
        return growth

    def _add_last(self) -> int:
        """Add the report that is kept, if one is; by how many bytes what is kept has grown."""
        last, self._last = self._last, None
        if last is None:
            return 0
        self._counts = _bare(last)
        before, self._weight = self._weight, self._extras[""].add(last.extra)
        return self._weight - before

    def snapshot(self) -> Usage | None:
        """All that has been reported so far; later reports do not change it."""
        if self._counts is None:
            return None
        extras = {level: extra.snapshot() for level, extra in self._extras.items()}
        if self._last is not None:
            return _with_extras(_bare(self._last), {**extras, "": value_of(dict(self._last.extra))})
        return _with_extras(self._counts, extras)


def _stands_for_itself(report: Usage, before: Usage) -> bool:
    """Whether a report has all counts and nothing else, as most do."""
    return not (
        report.extra
        or report.prompt_tokens is None
        or report.completion_tokens is None
        or report.total_tokens is None
        or before.prompt_tokens_details not in (None, report.prompt_tokens_details)
        or before.completion_tokens_details not in (None, report.completion_tokens_details)
        or ((details := report.prompt_tokens_details) is not None and details.extra)
        or ((output := report.completion_tokens_details) is not None and output.extra)
    )


def _says_all(report: Usage, before: Usage) -> bool:
    """Whether a report has each count that there was before, and nothing beside the counts but at its top."""
    if report.prompt_tokens is None or report.completion_tokens is None or report.total_tokens is None:
        return False
    for level in _LEVELS:
        old, new = getattr(before, level), getattr(report, level)
        if new is not None and new.extra:
            return False
        if old is not None and new != old and (new is None or _merged(old, new) != new):
            return False
    return True


def _extras(report: Usage) -> dict[str, dict[str, object]]:
    """What a report says that the model does not name, by its level."""
    levels = {"": report, **{level: getattr(report, level) for level in _LEVELS}}
    return {level: dict(part.extra) for level, part in levels.items() if part is not None and part.extra}


def _says_something(extras: dict[str, dict[str, object]]) -> bool:
    return any(value is not None for extra in extras.values() for value in extra.values())


def _bare(report: Usage) -> Usage:
    """A report without what the model does not name."""
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


def _merged(before: Counts, report: Counts) -> Counts:
    fields = {}
    for name in report.__struct_fields__:
        old, new = getattr(before, name), getattr(report, name)
        if name in _LEVELS and old is not None and new is not None:
            fields[name] = _merged(old, new)
        elif new is None:
            fields[name] = old
        else:
            fields[name] = new
    return type(report)(**fields)
