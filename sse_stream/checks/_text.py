"""Reports as text, in lines that fit a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ._findings import Finding
from ._rule import LEVELS, Level, Rule

if TYPE_CHECKING:
    from ._report import Report

_COLORS: dict[Level, str] = {"error": "\x1b[1;31m", "warning": "\x1b[33m", "note": "\x1b[36m"}
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_INDENT = "    "


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def headline(report: Report) -> str:
    """Return a report in one line."""
    counts = [counted(report.count(level), level) for level in LEVELS if report.count(level)]
    found = ", ".join(counts) or "nothing found"
    of = f" of {report.dialect}" if report.dialect else ""
    return f"{found} in {counted(report.events, 'event')}, {counted(report.size, 'byte')}{of}: {report.ending}"


def text(report: Report, *, width: int, color: bool) -> str:
    """Return a report in lines of at most `width` columns."""
    blocks = ["\n".join(_lines(finding, width, color=color)) for finding in report.findings]
    last = f"{report.name}: {report.summary}" if report.name else report.summary
    worst = report.worst
    shade = _COLORS[worst] if worst is not None else "\x1b[32m"
    return "\n\n".join([*blocks, "\n".join(_painted(line, shade, color=color) for line in _wrapped(last, width, ""))])


def _lines(finding: Finding, width: int, *, color: bool) -> Iterator[str]:
    level = _painted(f"{finding.level:7}", _COLORS[finding.level], color=color)
    name = _painted(finding.rule.name, _BOLD, color=color)
    yield f"{level} {finding.rule.id} {name}"
    yield from _wrapped(finding.message, width, _INDENT)
    place = place_of(finding)
    if place:
        yield from (_painted(line, _DIM, color=color) for line in _wrapped(place, width, _INDENT))
    if finding.excerpt:
        excerpt = " ".join(finding.excerpt.split())[: max(width - len(_INDENT) - 2, 10)].rstrip()
        yield _painted(f"{_INDENT}| {excerpt}", _DIM, color=color)
    yield from _wrapped(finding.rule.consequence, width, _INDENT)


def place_of(finding: Finding) -> str:
    """Describe the place of a finding; `""` if it is not in the body."""
    parts = []
    if finding.event:
        parts.append(f"event {finding.event:,}")
    if finding.line:
        parts.append(f"line {finding.line:,}")
    if finding.line or finding.offset:
        parts.append(f"byte {finding.offset:,}")
    if finding.count > 1:
        parts.append(f"{finding.count:,} times" if not parts else f"first of {finding.count:,}")
    return ", ".join(parts)


def explanation(rule: Rule, width: int) -> str:
    """Explain a rule, for `--explain`."""
    level = f"{rule.level} in the profile compat, {rule.level_in('strict')} in strict"
    lines = [
        f"{rule.id} {rule.name}",
        f"Level: {level}",
        "",
        *_wrapped(f"{rule.title[0].upper()}{rule.title[1:]}.", width, ""),
    ]
    lines += ["", *_wrapped(rule.consequence, width, ""), "", *_wrapped(f"Reference: {rule.reference}", width, "")]
    return "\n".join(lines)


def _wrapped(paragraph: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(paragraph, max(width, 20), initial_indent=indent, subsequent_indent=indent)


def _painted(line: str, shade: str, *, color: bool) -> str:
    return f"{shade}{line}{_PLAIN}" if color else line
