"""Reports as workflow commands of GitHub Actions, which annotate the checked file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._rule import Level

if TYPE_CHECKING:
    from ._report import Report

_COMMANDS: dict[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}


def github(report: Report) -> str:
    """Return one command per finding: `::error file=…,line=…,title=…::message`."""
    lines = []
    for finding in report.findings:
        properties = {"title": f"{finding.rule.id} {finding.rule.name}"}
        if report.name and "://" not in report.name:
            properties = {"file": report.name, "line": str(max(finding.line, 1)), **properties}
        stated = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        times = f" ({finding.count} times)" if finding.count > 1 else ""
        message = _data(f"{finding.message}{times}. {finding.rule.consequence}")
        lines.append(f"::{_COMMANDS[finding.level]} {stated}::{message}")
    lines.append(_data(report.summary))
    return "\n".join(lines)


def _data(text: str) -> str:
    """What stands behind the second `::`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The value of a property, in which a colon and a comma have a meaning too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
