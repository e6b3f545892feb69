"""The catalogue of Gemini's habits: that the dialect reads each as it is meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from sse_stream import ChatDecoder, ProviderError, SSEStreamError
from sse_stream.dialects import GeminiContent
from sse_stream.testing import GEMINI_HABITS, assert_cutting_changes_nothing


def read(pieces: Iterable[bytes]) -> dict[str, Any]:
    """What the decoder makes of a stream, in the catalogue's terms."""
    decoder = ChatDecoder(dialect=GeminiContent())
    error = None
    try:
        for piece in pieces:
            list(decoder.feed(piece))
        list(decoder.close())
    except SSEStreamError as caught:
        error = caught
    completion = decoder.completion
    return {
        "texts": tuple(choice.message.content or "" for choice in completion.choices),
        "finish_reason": completion.finish_reason,
        "ending": decoder.ending,
        "reasoning": completion.message.reasoning,
        "tool_calls": tuple(completion.tool_calls),
        "total_tokens": None if completion.usage is None else completion.usage.total_tokens,
        "error": error.message if isinstance(error, ProviderError) else None,
        "anomalies": frozenset(anomaly.kind for anomaly in decoder.anomalies),
    }


@pytest.mark.parametrize("name", GEMINI_HABITS)
def test_it_is_read_as_it_is_meant_however_it_is_cut(name: str) -> None:
    habit = GEMINI_HABITS[name]
    found = read([habit.body])
    assert found == {field: getattr(habit, field) for field in found}
    assert_cutting_changes_nothing(read, habit.body)


@pytest.mark.parametrize("name", GEMINI_HABITS)
def test_its_name_says_how_it_ends(name: str) -> None:
    endings = {"cut": "truncated", "error": "provider_error"}
    assert GEMINI_HABITS[name].ending == endings.get(name.partition("-")[0], "complete")


def test_each_says_what_it_is_and_is_like_no_other() -> None:
    assert all(habit.about.endswith(".") and len(habit.about) > 10 for habit in GEMINI_HABITS.values())
    assert len({habit.body for habit in GEMINI_HABITS.values()}) == len(GEMINI_HABITS)
