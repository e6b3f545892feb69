"""Reports as JUnit XML: one test case per finding, or one that passes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ._rule import LEVELS, Level
from ._text import place_of

if TYPE_CHECKING:
    from ._report import Report


def junit(report: Report, fail_on: Level) -> str:
    """Return a suite of test cases. Findings below the failing level are in the output of passing cases.

    Args:
        report: The report.
        fail_on: Findings at this level or a more severe one are failures.
    """
    failing = LEVELS[: LEVELS.index(fail_on) + 1]
    failures = sum(finding.level in failing for finding in report.findings)
    counts = {"tests": str(max(len(report.findings), 1)), "failures": str(failures), "errors": "0"}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": _printable(report.name) or "sse-stream check", **counts})
    if not report.findings:
        ET.SubElement(suite, "testcase", {"classname": "sse_stream.checks", "name": "clean"})
    for finding in report.findings:
        name = f"{finding.rule.id} {finding.rule.name}"
        case = ET.SubElement(suite, "testcase", {"classname": "sse_stream.checks", "name": name})
        message = _printable(finding.message)
        lines = [message, place_of(finding), _printable(finding.excerpt), finding.rule.consequence]
        if finding.level in failing:
            failure = ET.SubElement(case, "failure", {"type": finding.level, "message": message})
            failure.text = "\n".join(filter(None, lines))
        else:
            ET.SubElement(case, "system-out").text = "\n".join([finding.level, *filter(None, lines)])
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _printable(text: str) -> str:
    """The text without what XML cannot hold."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
