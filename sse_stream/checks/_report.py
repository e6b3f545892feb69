"""The report of a check."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from .._chat._endings import Ending
from .._json._depth import JSONValue
from ._findings import Finding
from ._github import github
from ._junit import junit
from ._rule import LEVELS, Level, Profile
from ._text import headline, text

ReportFormat: TypeAlias = Literal["text", "json", "junit", "github"]
"""The format of a report: text for people, JSON, JUnit XML, or GitHub workflow commands."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check.

    Attributes:
        findings: The findings, one per rule, in order of their places.
        profile: The profile.
        dialect: The name of the format; `""` if it is unknown.
        ending: How the stream ended.
        events: The number of events.
        size: The size of the body in bytes.
        name: The file or URL that was checked; `""` if no name was given.
    """

    findings: tuple[Finding, ...]
    profile: Profile
    dialect: str
    ending: Ending
    events: int
    size: int
    name: str = ""

    @property
    def summary(self) -> str:
        """The report in one line.

        >>> from sse_stream.checks import check
        >>> check(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}').summary
        '1 error, 1 warning, 2 notes in 1 event, 56 bytes of openai_chat: truncated'
        """
        return headline(self)

    @property
    def worst(self) -> Level | None:
        """The most severe level of the findings; `None` without findings."""
        found = {finding.level for finding in self.findings}
        return next((level for level in LEVELS if level in found), None)

    def count(self, level: Level) -> int:
        """Return the number of findings with a level.

        Args:
            level: The level.
        """
        return sum(finding.level == level for finding in self.findings)

    def fails(self, at: Level = "error") -> bool:
        """Whether there is a finding at this level or a more severe one.

        Args:
            at: The level.

        Raises:
            ValueError: The level is unknown.
        """
        if at not in LEVELS:
            raise ValueError(f"a level is one of {', '.join(LEVELS)}, not {at!r}")
        return self.worst is not None and LEVELS.index(self.worst) <= LEVELS.index(at)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the report as JSON. `check-report.schema.json` in the reference describes the fields."""
        return {
            "name": self.name,
            "profile": self.profile,
            "dialect": self.dialect,
            "ending": self.ending,
            "events": self.events,
            "bytes": self.size,
            "summary": self.summary,
            "findings": [
                {
                    "rule": finding.rule.id,
                    "name": finding.rule.name,
                    "level": finding.level,
                    "message": finding.message,
                    "count": finding.count,
                    "event": finding.event,
                    "offset": finding.offset,
                    "line": finding.line,
                    "excerpt": finding.excerpt,
                    "consequence": finding.rule.consequence,
                    "reference": finding.rule.reference,
                }
                for finding in self.findings
            ],
        }

    def render(
        self, form: ReportFormat = "text", *, fail_on: Level = "error", width: int = 80, color: bool = False
    ) -> str:
        """Return the report in a format.

        Args:
            form: The format.
            fail_on: For JUnit: findings at this level or a more severe one are failures.
            width: For text: the number of columns.
            color: For text: whether to use terminal colors.

        Returns:
            The lines, without a final newline.

        Raises:
            ValueError: The format is unknown.
        """
        match form:
            case "text":
                return text(self, width=width, color=color)
            case "json":
                return msgspec.json.format(msgspec.json.encode(self.to_dict())).decode()
            case "junit":
                return junit(self, fail_on)
            case "github":
                return github(self)
        raise ValueError(f"a report is written as text, json, junit or github, not {form!r}")
