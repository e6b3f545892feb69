"""Rules, their levels, and the collection of rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, TypeAlias, overload

import msgspec

Level: TypeAlias = Literal["error", "warning", "note"]
"""The severity of a finding: `error` if clients break or lose content, `warning` if some do, `note` if it is unwise."""

Profile: TypeAlias = Literal["compat", "strict"]
"""The standard for a stream: `compat`, what clients can handle; `strict`, exactly what the format allows."""

LEVELS: tuple[Level, ...] = ("error", "warning", "note")
"""The levels, most severe first."""

PROFILES: tuple[Profile, ...] = ("compat", "strict")
"""All profiles."""


class Rule(msgspec.Struct, frozen=True):
    """Something that a server should not do.

    Attributes:
        id: The stable id, such as `"SSE003"`: a family in capitals and a number. Ids are never reused.
        name: The name; for an anomaly, its kind. Rules of different families may share a name.
        level: The level in the profile `compat`.
        title: What the server did, as a clause.
        consequence: What clients do.
        reference: The document that defines what is correct.
        is_forbidden: Whether the format forbids it. If so, it is an error in the profile `strict`.
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
        """The letters of the id, such as `"SSE"` or `"CHAT"`."""
        return self.id.rstrip("0123456789")

    def level_in(self, profile: Profile) -> Level:
        """Return the level in a profile.

        Args:
            profile: The profile.
        """
        return "error" if profile == "strict" and self.is_forbidden else self.level

    def is_meant_by(self, selector: str) -> bool:
        """Whether a selector matches this rule.

        Args:
            selector: An id (`"SSE003"`), a prefix of ids (`"SSE"`, `"SSE00"`) or a name. Case is ignored.
        """
        wanted = selector.strip().upper().replace("-", "_")
        return wanted == self.name.upper() or (wanted != "" and self.id.startswith(wanted))


class RuleSet(Sequence[Rule]):
    """An ordered collection of rules. Index it by position or by id.

    Args:
        rules: The rules.

    >>> from sse_stream.checks import RULES
    >>> RULES["SSE001"].name
    'invalid_utf8'
    """

    def __init__(self, rules: Collection[Rule]) -> None:
        self._rules = tuple(rules)
        self._by_id = {rule.id: rule for rule in self._rules}
        self._by_name: dict[str, list[Rule]] = {}
        for rule in self._rules:
            self._by_name.setdefault(rule.name, []).append(rule)

    @overload
    def __getitem__(self, index: int | str) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, index: int | str | slice) -> Rule | tuple[Rule, ...]:
        """Return a rule by id or position, or a slice of rules.

        Raises:
            KeyError: There is no rule with this id.
            IndexError: There is no rule at this position.
        """
        return self._by_id[index] if isinstance(index, str) else self._rules[index]

    def __len__(self) -> int:
        return len(self._rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def __repr__(self) -> str:
        return f"RuleSet({len(self)} rules)"

    def named(self, name: str, families: Sequence[str] = ()) -> Rule:
        """Return the rule with a name. If several families have one, the first family given decides.

        Args:
            name: The name.
            families: The families to search first, in this order.

        Raises:
            KeyError: There is no rule with this name.
        """
        found = self._by_name[name]
        return next((rule for family in families for rule in found if rule.family == family), found[0])

    def selected(self, select: Collection[str], ignore: Collection[str]) -> frozenset[str]:
        """Return the ids of the rules to apply.

        Args:
            select: Selectors of the rules to apply; if empty, all rules.
            ignore: Selectors of the rules to leave out. They take precedence.

        Raises:
            ValueError: A selector matches no rule.
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
