"""Many reports in one table: which rules the streams of each provider break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ._report import Report
from ._rule import LEVELS, Level

_HEADS: dict[Level, str] = {"error": "errors", "warning": "warnings", "note": "notes"}


def table(reports: Iterable[tuple[str, Report]]) -> str:
    """A Markdown table with a row for each group of reports.

    Args:
        reports: Each with the name of its group, such as the provider's.

    Returns:
        The lines, the last without its newline. Behind a rule stands in how many streams of the group it is broken,
        if not in all.
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
