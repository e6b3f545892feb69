"""The rules: complete, stable, and selectable by name."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from sse_stream import AnomalyKind
from sse_stream._chat._anomalies import level_of
from sse_stream.checks import RULES, Rule

KINDS = get_args(AnomalyKind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_anomaly_is_a_rule(kind: AnomalyKind) -> None:
    rules = [rule for rule in RULES if rule.name == kind]
    assert rules
    for rule in rules:
        if rule.family not in ("RESP", "END"):  # where a format forbids less than chats do, or more
            assert rule.is_forbidden == (level_of(kind) == "deviation")


def test_ids_are_a_family_and_a_number_and_count_on_within_each_family() -> None:
    seen: dict[str, int] = {}
    for rule in RULES:
        assert re.fullmatch(r"[A-Z]{3,4}[0-9]{3}", rule.id)
        number = int(rule.id.removeprefix(rule.family))
        assert number == seen.get(rule.family, 0) + 1
        seen[rule.family] = number
    assert len(RULES) == sum(seen.values())


def test_a_name_is_unique_within_its_family() -> None:
    assert len({(rule.family, rule.name) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_happened_what_it_does_and_what_is_right(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", rule.name)
    assert not rule.title.endswith(".")
    assert rule.consequence.endswith(".")
    assert rule.reference
    assert rule.level in ("error", "warning", "note")


def test_the_strict_profile_makes_errors_of_what_is_forbidden_and_of_nothing_else() -> None:
    for rule in RULES:
        assert rule.level_in("compat") == rule.level
        assert rule.level_in("strict") == ("error" if rule.is_forbidden else rule.level)


def test_rules_are_found_by_place_by_slice_and_by_id() -> None:
    assert RULES[0] is RULES["HTTP001"]
    assert RULES[:2] == (RULES["HTTP001"], RULES["HTTP002"])
    assert RULES["SSE001"] in RULES
    assert repr(RULES) == f"RuleSet({len(RULES)} rules)"
    with pytest.raises(KeyError):
        RULES["SSE999"]
    with pytest.raises(KeyError):
        RULES.named("no_such_rule")


@pytest.mark.parametrize(
    ("select", "ignore", "ids"),
    [
        (["SSE001"], [], {"SSE001"}),
        (["sse001", "SSE002"], [], {"SSE001", "SSE002"}),
        (["invalid-utf8"], [], {"SSE001"}),
        (["unknown_event"], [], {"ANTH010", "RESP012"}),
        (["USE"], [], {"USE001", "USE002", "USE003", "USE004"}),
        (["USE"], ["USE002"], {"USE001", "USE003", "USE004"}),
        (["USE", "usage_fell"], ["usage_fell"], {"USE002", "USE003", "USE004"}),
    ],
)
def test_selectors_are_ids_beginnings_of_ids_and_names(select: list[str], ignore: list[str], ids: set[str]) -> None:
    assert RULES.selected(select, ignore) == ids


def test_all_rules_apply_by_default_and_ignoring_takes_away() -> None:
    assert len(RULES.selected([], [])) == len(RULES)
    assert len(RULES.selected([], ["HTTP001"])) == len(RULES) - 1


@pytest.mark.parametrize("selector", ["SSE9", "utf8", "", " "])
def test_a_selector_that_means_no_rule_is_refused(selector: str) -> None:
    with pytest.raises(ValueError, match="unknown rule"):
        RULES.selected([selector], [])
    with pytest.raises(ValueError, match="pass an id such as 'SSE001'"):
        RULES.selected([], [selector])
