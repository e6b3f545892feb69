"""What servers are allowed to send is not an error, and every anomaly of the library is also found here."""

from __future__ import annotations

from pathlib import Path

import pytest

from sse_stream.checks import check
from sse_stream.testing import ANTHROPIC_HABITS, GEMINI_HABITS, HABITS, RESPONSES_HABITS, Habit

from ..conftest import CORPUS
from .providers import PAGE, written

FAMILIES = {"CHAT": HABITS, "ANTH": ANTHROPIC_HABITS, "RESP": RESPONSES_HABITS, "GEMI": GEMINI_HABITS}

# Providers whose complete recordings have no error.
RECORDED = {"chat": "openai", "anthropic": "", "responses": "", "gemini": ""}


ALL_HABITS = [
    pytest.param(family, habit, id=f"{family}-{name}")
    for family, catalogue in FAMILIES.items()
    for name, habit in catalogue.items()
]


@pytest.mark.parametrize(("family", "habit"), ALL_HABITS)
def test_each_habit_is_judged_as_its_catalogue_does(family: str, habit: Habit) -> None:
    report = check(habit.body)
    names = {finding.rule.name for finding in report.findings}
    errors = {finding.rule.name for finding in report.findings if finding.level == "error"}
    assert habit.anomalies <= names
    assert report.ending == habit.ending
    if habit.ending == "complete" and not habit.anomalies:
        assert errors == set()
    others = {finding.rule.family for finding in report.findings} & FAMILIES.keys() - {family}
    assert others == set()


@pytest.mark.parametrize(("family", "habit"), ALL_HABITS)
def test_a_named_dialect_finds_what_is_found_without(family: str, habit: Habit) -> None:
    names = {
        "CHAT": "openai_chat",
        "ANTH": "anthropic_messages",
        "RESP": "openai_responses",
        "GEMI": "gemini_content",
    }
    report = check(habit.body, dialect=names[family])
    errors = {finding.rule.name for finding in report.findings if finding.level == "error"}
    if habit.ending == "complete" and not habit.anomalies:
        assert errors == set()
    assert habit.anomalies <= {finding.rule.name for finding in report.findings}


def recordings_of_providers() -> list[Path]:
    return [
        path
        for folder, provider in RECORDED.items()
        for path in sorted((CORPUS.parent / folder).glob(f"{provider}*.sse"))
    ]


@pytest.mark.parametrize("path", recordings_of_providers(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_complete_recordings_of_the_providers_have_no_error(path: Path) -> None:
    report = check(path.read_bytes())
    errors = [finding for finding in report.findings if finding.level == "error"]
    if report.ending == "complete":
        assert errors == []
    else:
        assert {finding.rule.name for finding in errors} <= {"provider_error", "truncated", "unframed_json"}


@pytest.mark.skipif(not recordings_of_providers(), reason="the recorded streams are not here")
def test_the_page_about_providers_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page, "run `python -m tests.checks.providers --write`"
