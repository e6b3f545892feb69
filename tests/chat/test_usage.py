"""Usage that is reported more than once."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from msgspec.structs import replace

from sse_stream import CompletionTokensDetails, PromptTokensDetails, Usage
from sse_stream._chat._memory import ENTRY, weight
from sse_stream._chat._model import NOTHING
from sse_stream._chat._usage import UsageState

from .test_chunks import containers

FIVE = Usage(prompt_tokens=5, total_tokens=6)
ALL = Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3)
CACHED = PromptTokensDetails(cached_tokens=1)


@pytest.mark.parametrize(
    ("before", "report", "after"),
    [
        (None, FIVE, FIVE),
        (None, Usage(), None),
        (None, Usage(extra={"cost": None}), None),
        (None, Usage(extra={"cost": 0}), Usage(extra={"cost": 0})),
        (FIVE, Usage(), FIVE),
        (
            Usage(prompt_tokens_details=PromptTokensDetails(cached_tokens=1)),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3),
            Usage(
                prompt_tokens=1,
                completion_tokens=2,
                total_tokens=3,
                prompt_tokens_details=PromptTokensDetails(cached_tokens=1),
            ),
        ),
        (
            Usage(completion_tokens_details=CompletionTokensDetails(reasoning_tokens=1)),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3),
            Usage(
                prompt_tokens=1,
                completion_tokens=2,
                total_tokens=3,
                completion_tokens_details=CompletionTokensDetails(reasoning_tokens=1),
            ),
        ),
        (
            Usage(prompt_tokens=9, extra={"a": 1}),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, extra={"a": None}),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, extra={"a": 1}),
        ),
        (
            Usage(prompt_tokens=9, extra={"a": 1}),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, extra={"a": 2}),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, extra={"a": 2}),
        ),
        (FIVE, Usage(prompt_tokens=0), Usage(prompt_tokens=0, total_tokens=6)),
        (FIVE, Usage(completion_tokens=2, total_tokens=7), Usage(prompt_tokens=5, completion_tokens=2, total_tokens=7)),
        (ALL, Usage(completion_tokens=5, total_tokens=6), Usage(prompt_tokens=1, completion_tokens=5, total_tokens=6)),
        (ALL, Usage(prompt_tokens=5, total_tokens=7), Usage(prompt_tokens=5, completion_tokens=2, total_tokens=7)),
        (ALL, Usage(prompt_tokens=5, completion_tokens=6), Usage(prompt_tokens=5, completion_tokens=6, total_tokens=3)),
        (
            Usage(extra={"a": 1}),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, extra={"b": 2}),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, extra={"a": 1, "b": 2}),
        ),
        (
            FIVE,
            Usage(prompt_tokens_details=CACHED),
            Usage(prompt_tokens=5, total_tokens=6, prompt_tokens_details=CACHED),
        ),
        (
            Usage(extra={"a": 1, "b": 2}),
            Usage(extra={"b": None, "a": 3, "c": None}),
            Usage(extra={"a": 3, "b": 2, "c": None}),
        ),
        (
            Usage(prompt_tokens_details=PromptTokensDetails(cached_tokens=1, extra={"a": 1})),
            Usage(prompt_tokens_details=PromptTokensDetails(audio_tokens=2)),
            Usage(prompt_tokens_details=PromptTokensDetails(cached_tokens=1, audio_tokens=2, extra={"a": 1})),
        ),
        (
            Usage(completion_tokens_details=CompletionTokensDetails(reasoning_tokens=1)),
            Usage(prompt_tokens=1),
            Usage(prompt_tokens=1, completion_tokens_details=CompletionTokensDetails(reasoning_tokens=1)),
        ),
    ],
)
def test_the_last_value_of_each_count(before: Usage | None, report: Usage, after: Usage | None) -> None:
    state = UsageState(lambda kind, sample: None)
    if before is not None:
        state.add(before)
    told, _ = state.add(report)
    assert state.snapshot() == after
    # What is told of a report has all counts so far, and of what the model does not name what it says itself.
    assert (told is None) == (after is None)
    if told is not None and after is not None:
        assert replace(told, extra=NOTHING, **DETAILS) == replace(after, extra=NOTHING, **DETAILS)
        assert told.extra == report.extra


DETAILS = {"prompt_tokens_details": None, "completion_tokens_details": None}


@pytest.mark.parametrize(
    ("before", "report", "told", "kept"),
    [
        (ALL, Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0), None, ALL),
        (
            ALL,
            Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0, extra={"cost": 1}),
            replace(ALL, extra={"cost": 1}),
            replace(ALL, extra={"cost": 1}),
        ),
        (Usage(prompt_tokens=5), Usage(prompt_tokens=0, completion_tokens=2), None, Usage(prompt_tokens=5)),
        (Usage(prompt_tokens=5, total_tokens=0), Usage(prompt_tokens=0), None, Usage(prompt_tokens=5, total_tokens=0)),
    ],
)
def test_counts_that_fall_to_zero_are_not_taken(before: Usage, report: Usage, told: Usage | None, kept: Usage) -> None:
    found: list[tuple[str, str]] = []
    state = UsageState(lambda kind, sample: found.append((kind, sample)))
    state.add(before)
    event, growth = state.add(report)
    assert event == told
    assert (growth > 0) == (told is not None)
    assert found == [("usage_fell", repr(report))]
    assert state.snapshot() == kept


@pytest.mark.parametrize(
    ("before", "report", "kept"),
    [
        (Usage(prompt_tokens=5), Usage(prompt_tokens=0, total_tokens=9), Usage(prompt_tokens=0, total_tokens=9)),
        (FIVE, Usage(prompt_tokens=0, total_tokens=1), Usage(prompt_tokens=0, total_tokens=1)),
        (FIVE, Usage(prompt_tokens=5, total_tokens=0), Usage(prompt_tokens=5, total_tokens=0)),
        (FIVE, Usage(total_tokens=0), Usage(prompt_tokens=5, total_tokens=0)),
        (Usage(prompt_tokens=0), Usage(prompt_tokens=0), Usage(prompt_tokens=0)),
        (Usage(prompt_tokens=1), Usage(prompt_tokens=1), Usage(prompt_tokens=1)),
    ],
)
def test_counts_have_not_fallen_if_one_is_left_or_none_was_there(before: Usage, report: Usage, kept: Usage) -> None:
    found: list[str] = []
    state = UsageState(lambda kind, sample: found.append(kind))
    state.add(before)
    state.add(report)
    assert found == []
    assert state.snapshot() == kept


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (ALL, None),
        (Usage(prompt_tokens=1, completion_tokens=2, total_tokens=4), "1 + 2 is not 4"),
        (Usage(prompt_tokens=0, completion_tokens=0, total_tokens=1), "0 + 0 is not 1"),
        (Usage(prompt_tokens=1, total_tokens=4), None),
        (Usage(completion_tokens=1, total_tokens=4), None),
        (Usage(prompt_tokens=1, completion_tokens=2), None),
    ],
)
def test_a_total_that_is_no_sum_is_told(report: Usage, told: str | None) -> None:
    found: list[tuple[str, str]] = []
    UsageState(lambda kind, sample: found.append((kind, sample))).add(report)
    assert found == ([] if told is None else [("odd_total", told)])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"prompt_tokens_details": CACHED},
        {"completion_tokens_details": CompletionTokensDetails(reasoning_tokens=1)},
    ],
)
def test_a_report_of_all_that_is_known_stands_for_itself(fields: dict[str, Any]) -> None:
    state = UsageState(lambda kind, sample: None)
    state.add(FIVE)
    report = replace(ALL, **fields)
    told, growth = state.add(report)
    assert told is report
    assert growth == 0
    assert state.snapshot() is report


@pytest.mark.parametrize(
    "fields",
    [
        {"extra": {}},
        {"prompt_tokens_details": PromptTokensDetails(extra={})},
        {"completion_tokens_details": CompletionTokensDetails(extra={})},
    ],
)
def test_a_report_with_an_extra_of_its_own_is_not_kept(fields: dict[str, Any]) -> None:
    state = UsageState(lambda kind, sample: None)
    state.add(FIVE)
    report = replace(ALL, **fields)
    told, _ = state.add(report)
    (own,) = containers(report)
    assert told == state.snapshot() == report
    assert id(own) not in {id(one) for value in (told, state.snapshot()) for one in containers(value)}


def test_what_is_told_and_what_is_kept_share_nothing_that_can_change() -> None:
    report = Usage(prompt_tokens=1, extra={"a": {"b": 1}}, prompt_tokens_details=PromptTokensDetails(extra={"c": [1]}))
    state = UsageState(lambda kind, sample: None)
    told, _ = state.add(report)
    first, second = state.snapshot(), state.snapshot()
    assert told == first == second == report
    for one, other in itertools.combinations((told, first, second), 2):
        assert one is not None
        assert other is not None
        assert one.prompt_tokens_details is not None
        assert other.prompt_tokens_details is not None
        assert one.extra is not other.extra
        assert one.extra["a"] is not other.extra["a"]
        assert one.prompt_tokens_details.extra["c"] is not other.prompt_tokens_details.extra["c"]


def test_by_how_much_reports_grow() -> None:
    state = UsageState(lambda kind, sample: None)
    assert state.add(Usage(prompt_tokens=1000))[1] == weight(Usage(prompt_tokens=1000))
    assert state.add(Usage(extra={"ab": "cd"}))[1] == 2 * ENTRY + weight("ab", "cd")
    assert state.add(Usage(extra={"ab": "cde"}))[1] == 1
    assert state.add(Usage(total_tokens=2000))[1] == weight(2000)
    both = Usage(completion_tokens=3000, prompt_tokens_details=PromptTokensDetails(extra={"ab": "cd"}))
    assert state.add(both)[1] == weight(3000) + weight(PromptTokensDetails()) + 2 * ENTRY + weight("ab", "cd")
    assert state.add(Usage())[1] == 0
    assert UsageState(lambda kind, sample: None).add(Usage()) == (None, 0)


def test_a_report_costs_what_it_holds() -> None:
    """Each names a field that no other does; what is told of it does not hold those of all before it."""
    state = UsageState(lambda kind, sample: None)
    for number in range(1_000):
        told, _ = state.add(Usage(extra={str(number): 1}))
        assert told == Usage(extra={str(number): 1})
    snapshot = state.snapshot()
    assert snapshot is not None
    assert len(snapshot.extra) == 1_000
