"""Collects findings: one for each rule, at the place where it was first broken."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

import msgspec

from ._rule import Level, Profile, Rule, RuleSet

_EXCERPT = 160
# Also what is not seen, or changes the direction of the text around it.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

GENERAL = ("HTTP", "SSE", "JSON", "END", "CALL", "USE", "TIME")
"""The families of rules that hold for every format."""


class Place(msgspec.Struct, frozen=True):
    """Where in a body something is.

    Attributes:
        event: Which event, from 1; 0 where it is in none.
        offset: Which byte, from 0.
        line: Which line, from 1.
    """

    event: int = 0
    offset: int = 0
    line: int = 0


class Finding(msgspec.Struct, frozen=True):
    """A rule that a stream has broken, at the place where it did so first.

    Attributes:
        rule: The rule.
        level: How much it weighs in the profile that was asked for.
        message: What the server did.
        event: In which event, counted from 1; 0 where it is in no event.
        offset: At which byte of the body, counted from 0.
        line: In which line of the body, counted from 1; 0 where it is in none.
        excerpt: What was received there, at most 160 characters, control characters escaped; `""` where that says
            nothing.
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
        selected: The ids of the rules that are applied.
    """

    def __init__(self, rules: RuleSet, profile: Profile, selected: Collection[str]) -> None:
        self._rules = rules
        self._profile: Profile = profile
        self._selected = selected
        self._found: dict[str, Finding] = {}
        self.family = "CHAT"

    def add(self, name: str, place: Place, excerpt: str = "", *, detail: str = "", count: int = 1) -> None:
        """A rule was broken.

        Args:
            name: Its name.
            place: Where.
            excerpt: What was received there.
            detail: What to add to the rule's title.
            count: How often.
        """
        rule = self._rules.named(name, (self.family, *GENERAL))
        if rule.id not in self._selected:
            return
        before = self._found.get(rule.id)
        if before is not None:
            self._found[rule.id] = msgspec.structs.replace(before, count=before.count + count)
            return
        self._found[rule.id] = Finding(
            rule=rule,
            level=rule.level_in(self._profile),
            message=f"{rule.title}: {detail}" if detail else rule.title,
            event=place.event,
            offset=place.offset,
            line=place.line,
            excerpt=excerpt_of(excerpt),
            count=count,
        )

    def __iter__(self) -> Iterator[Finding]:
        return iter(sorted(self._found.values(), key=lambda found: (found.offset, found.rule.id)))

    def has_any(self, names: Sequence[str]) -> bool:
        """Whether a rule of one of these names was broken."""
        return any(found.rule.name in names for found in self._found.values())


def excerpt_of(text: str) -> str:
    """The beginning of a text, control characters escaped."""
    shown = _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text[:_EXCERPT])
    return shown if len(shown) <= _EXCERPT and len(text) <= _EXCERPT else shown[: _EXCERPT - 1] + "…"
