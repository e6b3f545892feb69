"""Usage that is reported more than once."""

from __future__ import annotations

import pytest

from sse_stream import CompletionTokensDetails, PromptTokensDetails, Usage
from sse_stream._chat._usage import extras_weight, merged_usage

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
    assert merged_usage(before, report) == after


@pytest.mark.parametrize(
    ("before", "report"),
    [
        (FIVE, ALL),
        (ALL, Usage(prompt_tokens=2, completion_tokens=3, total_tokens=5, extra={"a": None})),
        (
            Usage(prompt_tokens_details=CACHED, extra={"a": 1}),
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, prompt_tokens_details=CACHED, extra={"a": 2}),
        ),
    ],
)
def test_a_report_of_all_that_is_known_stands_for_itself(before: Usage, report: Usage) -> None:
    assert merged_usage(before, report) is report


def test_neither_report_is_changed() -> None:
    before, report = Usage(extra={"a": 1}), Usage(prompt_tokens=1, extra={"b": 2})
    merged_usage(before, report)
    assert (before, report) == (Usage(extra={"a": 1}), Usage(prompt_tokens=1, extra={"b": 2}))


def test_what_extras_weigh() -> None:
    assert extras_weight(FIVE) == 0
    details = PromptTokensDetails(extra={"a": "b"})
    assert extras_weight(Usage(extra={"a": "b"}, prompt_tokens_details=details)) == 2 * (8 + 9 + 9)
