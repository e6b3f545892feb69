"""Usage that is reported with each chunk, and says all anew: it adds up as any other."""

from __future__ import annotations

import pytest

from sse_stream import ChatAccumulator, ChatCompletionChunk, CompletionTokensDetails, Usage, UsageReported


def report(number: int, **extra: object) -> Usage:
    return Usage(prompt_tokens=1, completion_tokens=number, total_tokens=number + 1, extra=extra)


def added(*reports: Usage) -> tuple[list[Usage], Usage | None]:
    """What each report gives, and what all of them add up to."""
    accumulator = ChatAccumulator()
    given: list[Usage] = []
    for one in reports:
        events = accumulator.add(ChatCompletionChunk(usage=one))
        given.extend(event.usage for event in events if isinstance(event, UsageReported))
    return given, accumulator.completion.usage


@pytest.mark.parametrize(
    "reports",
    [
        [report(1, a=1), report(2, a=2), report(3, a=3)],
        [report(1, a=[1]), report(2, a=[2]), report(3, a=[])],
        [report(1, a=1), report(2, a=2), report(3, b=3), report(4, a=4, b=5)],
        [report(1, a=1, b={"c": 1}), report(2, a=2, b={"d": 2}), report(3, a=3, b={})],
        [report(1, a=1), report(2, a=None), report(3, a=3)],
        [report(1, a=1), report(2, a=2), Usage(completion_tokens=5), report(3, a=3)],
        [report(1, a=1), report(2, a=2), Usage(extra={"a": 7})],
        [report(1, a=1 << 70), report(2, a=2), report(3, a=1 << 70)],
        [report(1, **{f"n{place}": 1 for place in range(40)}), report(2, n1=2), report(3, n1=3)],
        [report(1, n1=1), report(2, n1=2), report(3, **{f"n{place}": 1 for place in range(40)}), report(4, n1=9)],
    ],
)
def test_reports_that_say_all_anew_add_up_as_any_others(reports: list[Usage]) -> None:
    given, usage = added(*reports)
    assert usage is not None
    extra: dict[str, object] = {}
    for one in reports:
        for name, value in one.extra.items():
            before = extra.get(name)
            if isinstance(before, dict) and isinstance(value, dict):
                extra[name] = {**before, **value}
            elif value is not None or name not in extra:
                extra[name] = value
    assert usage.extra == extra
    assert [one.extra for one in given] == [one.extra for one in reports]
    assert usage.completion_tokens == [one.completion_tokens for one in reports if one.completion_tokens][-1]


def test_a_report_that_is_handed_out_is_nobody_elses() -> None:
    given, usage = added(*(report(number, a=[number]) for number in (1, 2, 3)))
    for one in given:
        one.extra["a"].clear()
    assert usage is not None
    assert usage.extra == {"a": [3]}


def test_details_that_a_report_leaves_out_stay() -> None:
    details = CompletionTokensDetails(reasoning_tokens=5)
    first = Usage(
        prompt_tokens=1, completion_tokens=2, total_tokens=3, completion_tokens_details=details, extra={"a": 1}
    )
    _, usage = added(first, report(4, a=2), report(5, a=3))
    assert usage is not None
    assert usage.completion_tokens_details == details
