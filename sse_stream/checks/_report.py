"""What a check has found."""

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
"""How a report is written: for people, as JSON, as JUnit's XML, as GitHub's workflow commands."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check has found.

    Attributes:
        findings: The findings, one a rule, in order of their places.
        profile: What the stream was measured by.
        dialect: The name of its format; `""` where none was found.
        ending: How it ended.
        events: How many events it has.
        size: How many bytes.
        name: What was checked: a file, a URL; `""` where nobody said.
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
        """All of it in a line.

        >>> from sse_stream.checks import check
        >>> check(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}').summary
        '1 error, 1 warning, 2 notes in 1 event, 56 bytes of openai_chat: truncated'
        """
        return headline(self)

    @property
    def worst(self) -> Level | None:
        """The worst level of a finding; `None` if there is none."""
        found = {finding.level for finding in self.findings}
        return next((level for level in LEVELS if level in found), None)

    def count(self, level: Level) -> int:
        """How many findings have a level.

        Args:
            level: The level.
        """
        return sum(finding.level == level for finding in self.findings)

    def fails(self, at: Level = "error") -> bool:
        """Whether there is a finding of a level, or of a worse one.

        Args:
            at: The level.

        Raises:
            ValueError: There is no such level.
        """
        if at not in LEVELS:
            raise ValueError(f"a level is one of {', '.join(LEVELS)}, not {at!r}")
        return self.worst is not None and LEVELS.index(self.worst) <= LEVELS.index(at)

    def to_dict(self) -> dict[str, JSONValue]:
        """The report as JSON; the page of the command line documents its fields."""
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
        """The report, written.

        Args:
            form: How.
            fail_on: The level from which on a finding is a failure, for JUnit.
            width: How many columns a line of text has.
            color: Whether text is coloured, for a terminal.

        Returns:
            Lines, the last without its newline.

        Raises:
            ValueError: There is no such form.
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
