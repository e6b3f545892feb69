"""Findings: one per broken rule, at the place where it was first broken."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence

import msgspec

from .._json._depth import JSONValue
from ._rule import Level, Profile, Rule, RuleSet

_EXCERPT = 160
# Includes lone surrogates, and characters that are invisible or change the direction of the text around them.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    r"\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)

GENERAL = ("HTTP", "SSE", "JSON", "END", "CALL", "USE", "TIME")
"""The families whose rules apply to every format."""


class Place(msgspec.Struct, frozen=True):
    """A place in a body.

    Attributes:
        event: The event, counted from 1; 0 if it is not in an event.
        offset: The byte, counted from 0.
        line: The line, counted from 1; 0 if it is not in a line.
    """

    event: int = 0
    offset: int = 0
    line: int = 0


class Finding(msgspec.Struct, frozen=True):
    """A rule that a stream broke, with the place where it was first broken.

    Attributes:
        rule: The rule.
        level: The level in the chosen profile.
        message: What the server did, with control characters escaped.
        event: The event, counted from 1; 0 if it is not in an event.
        offset: The byte of the body, counted from 0.
        line: The line of the body, counted from 1; 0 if it is not in a line.
        excerpt: What was received there: at most 160 characters, with control characters escaped; `""` if there is
            nothing to show.
        count: How often the rule was broken.
    """

    rule: Rule
    level: Level
    message: str
    event: int = 0
    offset: int = 0
    line: int = 0
    excerpt: str = ""
    count: int = 1


class Findings:
    """Collects findings.

    Args:
        rules: All rules.
        profile: The profile.
        selected: The ids of the rules to apply.
    """

    def __init__(self, rules: RuleSet, profile: Profile, selected: Collection[str]) -> None:
        self._rules = rules
        self._profile: Profile = profile
        self._selected = selected
        self._found: dict[str, Finding] = {}
        self._details: dict[str, str] = {}
        self.family = "CHAT"

    def add(self, name: str, place: Place, excerpt: str = "", *, detail: str = "", count: int = 1) -> None:
        """Record that a rule was broken.

        Args:
            name: The name of the rule.
            place: The place.
            excerpt: What was received there.
            detail: A detail to append to the rule's title.
            count: How often it was broken.
        """
        rule = self._rules.named(name, (self.family, *GENERAL))
        detail = self._details.pop(name, "") or detail
        if rule.id not in self._selected:
            return
        before = self._found.get(rule.id)
        if before is not None:
            self._found[rule.id] = msgspec.structs.replace(before, count=before.count + count)
            return
        self._found[rule.id] = Finding(
            rule=rule,
            level=rule.level_in(self._profile),
            message=f"{rule.title}: {printable(detail)}" if detail else rule.title,
            event=place.event,
            offset=place.offset,
            line=place.line,
            excerpt=excerpt_of(excerpt),
            count=count,
        )

    def odd_type(self, field: str, value: JSONValue, place: Place) -> None:
        """Record that a field has a value of another type than it should."""
        self.add("odd_type", place, f"{field}: {json.dumps(value)}")

    def explain(self, name: str, detail: str) -> None:
        """Give the detail of a rule that the decoder is about to report.

        Args:
            name: The name of the rule.
            detail: A detail to append to the rule's title.
        """
        self._details.setdefault(name, detail)

    def __iter__(self) -> Iterator[Finding]:
        return iter(sorted(self._found.values(), key=lambda found: (found.offset, found.rule.id)))

    def has_any(self, names: Sequence[str]) -> bool:
        """Whether a rule with one of these names was broken."""
        return any(found.rule.name in names for found in self._found.values())


def printable(text: str) -> str:
    """Escape what cannot be encoded in UTF-8 and what would control a terminal. All texts of a report are escaped here."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def excerpt_of(text: str) -> str:
    """Return the beginning of a text, with control characters escaped."""
    shown = printable(text[:_EXCERPT])
    return shown if len(shown) <= _EXCERPT and len(text) <= _EXCERPT else shown[: _EXCERPT - 1] + "…"
