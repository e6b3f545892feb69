"""Check a server's stream.

- `check` reads a body, or a response of any client, and reports the rules that the server broke. For an async client,
  `acapture` receives the response first.
- `assert_clean` fails a test if there are findings.
- `RULES` contains all rules, each with an id, a level, what clients do, and a reference.
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
