"""A table of reports: the rules that each provider's streams break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ._report import Report
from ._rule import LEVELS, Level

_HEADS: dict[Level, str] = {"error": "errors", "warning": "warnings", "note": "notes"}


def table(reports: Iterable[tuple[str, Report]]) -> str:
    """Return a Markdown table with one row per group of reports.

    Args:
        reports: Each with the name of its group, such as the provider's.

    Returns:
        The lines, without a final newline. After each rule is the number of streams that break it, unless all do.
    """
    groups: dict[str, list[Report]] = {}
    for group, report in reports:
        groups.setdefault(group, []).append(report)
    heads = ["provider", "streams", *(_HEADS[level] for level in LEVELS)]
    rows = [heads, ["---"] * len(heads)]
    for group, found in sorted(groups.items()):
        rows.append([group, str(len(found)), *(_cell(found, level) for level in LEVELS)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(reports: list[Report], level: Level) -> str:
    broken = Counter(
        (finding.rule.id, finding.rule.name)
        for report in reports
        for finding in report.findings
        if finding.level == level
    )
    return ", ".join(
        f"`{name}`" + (f" ({count})" if count < len(reports) else "") for (_, name), count in sorted(broken.items())
    )
