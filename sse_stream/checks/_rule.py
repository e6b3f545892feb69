"""What a rule is, and the collection of all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, TypeAlias, overload

import msgspec

Level: TypeAlias = Literal["error", "warning", "note"]
"""How much a finding weighs: `error`, clients break or lose content; `warning`, some do; `note`, allowed but unwise."""

Profile: TypeAlias = Literal["compat", "strict"]
"""What a stream is measured by: `compat`, what clients survive; `strict`, the letter of its format."""

LEVELS: tuple[Level, ...] = ("error", "warning", "note")
"""The levels, the worst first."""

PROFILES: tuple[Profile, ...] = ("compat", "strict")
"""The profiles."""


class Rule(msgspec.Struct, frozen=True):
    """Something that a server should not do.

    Attributes:
        id: Its stable id, such as `"SSE003"`: a family in capitals, and a number. An id is never used again.
        name: Its name; for an anomaly, that of its kind. Several families may have a rule of one name.
        level: How much it weighs in the profile `compat`.
        title: What the server did, in a clause.
        consequence: What clients make of it.
        reference: The document that says what would be right.
        is_forbidden: Whether the format forbids it, which makes it an error in the profile `strict`.
    """

    id: str
    name: str
    level: Level
    title: str
    consequence: str
    reference: str
    is_forbidden: bool = True

    @property
    def family(self) -> str:
        """The letters of its id: `"SSE"`, `"CHAT"`, and so on."""
        return self.id.rstrip("0123456789")

    def level_in(self, profile: Profile) -> Level:
        """How much it weighs in a profile.

        Args:
            profile: The profile.
        """
        return "error" if profile == "strict" and self.is_forbidden else self.level

    def is_meant_by(self, selector: str) -> bool:
        """Whether a selector means this rule.

        Args:
            selector: An id (`"SSE003"`), the beginning of one (`"SSE"`, `"SSE00"`) or a name, in any case.
        """
        wanted = selector.strip().upper().replace("-", "_")
        return wanted == self.name.upper() or (wanted != "" and self.id.startswith(wanted))


class RuleSet(Sequence[Rule]):
    """All rules, in order of their ids within each family.

    Args:
        rules: The rules.

    >>> from sse_stream.checks import RULES
    >>> RULES["SSE001"].name
    'invalid_utf8'
    """

    def __init__(self, rules: Collection[Rule]) -> None:
        self._rules = tuple(rules)
        self._by_id = {rule.id: rule for rule in self._rules}

    @overload
    def __getitem__(self, index: int | str) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, index: int | str | slice) -> Rule | tuple[Rule, ...]:
        """A rule by its id or by its place, or several by their places.

        Raises:
            KeyError: No rule has that id.
            IndexError: No rule has that place.
        """
        return self._by_id[index] if isinstance(index, str) else self._rules[index]

    def __len__(self) -> int:
        return len(self._rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def __repr__(self) -> str:
        return f"RuleSet({len(self)} rules)"

    def named(self, name: str, families: Sequence[str] = ()) -> Rule:
        """The rule of a name, if several families have one of that name the one of the first family given.

        Args:
            name: The name.
            families: The families that are asked first, in this order.

        Raises:
            KeyError: There is no rule of that name.
        """
        found = [rule for rule in self._rules if rule.name == name]
        for family in families:
            for rule in found:
                if rule.family == family:
                    return rule
        if not found:
            raise KeyError(name)
        return found[0]

    def selected(self, select: Collection[str], ignore: Collection[str]) -> frozenset[str]:
        """The ids of the rules that are meant.

        Args:
            select: Selectors of the rules that are applied; all rules if there are none.
            ignore: Selectors of those that are not, which wins.

        Raises:
            ValueError: A selector means no rule.
        """
        for selector in (*select, *ignore):
            if not any(rule.is_meant_by(selector) for rule in self._rules):
                raise ValueError(
                    f"unknown rule {selector!r}: pass an id such as 'SSE001', a prefix of ids such as 'SSE', "
                    "or a name such as 'invalid_utf8'"
                )
        return frozenset(
            rule.id
            for rule in self._rules
            if (not select or any(map(rule.is_meant_by, select))) and not any(map(rule.is_meant_by, ignore))
        )
