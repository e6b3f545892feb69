"""Find out what is wrong with a server's stream.

- `check` reads a body, or a response of any client, and reports what its server should not have done. What an async
  client receives, `acapture` keeps for it.
- `assert_clean` fails a test with that report.
- `RULES` are all rules: each with an id, a level, what clients make of it, and the document that says what is right.
"""

from ._capture import Capture, Read, acapture
from ._check import assert_clean, check
from ._findings import Finding
from ._report import Report, ReportFormat
from ._rule import Level, Profile, Rule, RuleSet
from ._rules import RULES

__all__ = [
    "RULES",
    "Capture",
    "Finding",
    "Level",
    "Profile",
    "Read",
    "Report",
    "ReportFormat",
    "Rule",
    "RuleSet",
    "acapture",
    "assert_clean",
    "check",
]
