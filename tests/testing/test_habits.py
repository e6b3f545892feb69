"""The catalogue of habits: its consistency, and that the decoder reads each as intended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import AnomalyKind, ChatDecoder, Choice, Message, ProviderError, SSEStreamError
from sse_stream.dialects import AnthropicMessages, Dialect, GeminiContent, OpenAIChat, OpenAIResponses
from sse_stream.testing import (
    ANTHROPIC_HABITS,
    GEMINI_HABITS,
    HABITS,
    RESPONSES_HABITS,
    Habit,
    assert_cutting_changes_nothing,
    bytewise,
    chunkings,
    every_cut,
)

# By name, those of formats beside chat with the format before it.
ALL = {
    **HABITS,
    **{f"anthropic/{name}": habit for name, habit in ANTHROPIC_HABITS.items()},
    **{f"responses/{name}": habit for name, habit in RESPONSES_HABITS.items()},
    **{f"gemini/{name}": habit for name, habit in GEMINI_HABITS.items()},
}


DIALECTS: dict[str, Callable[[], Dialect]] = {
    "anthropic": AnthropicMessages,
    "responses": OpenAIResponses,
    "gemini": GeminiContent,
}


def read(pieces: Sequence[bytes], dialect: Dialect | None = None) -> Habit:
    """What the decoder makes of a stream, in the catalogue's terms."""
    decoder = ChatDecoder(dialect=dialect)
    error = None
    try:
        for piece in pieces:
            list(decoder.feed(piece))
        list(decoder.close())
    except SSEStreamError as caught:
        error = caught
    completion = decoder.completion
    first = completion.choices[0] if completion.choices else Choice(0, Message())
    return Habit(
        about="",
        body=b"".join(pieces),
        texts=tuple(choice.message.content or "" for choice in completion.choices),
        finish_reason=first.finish_reason,
        ending=decoder.ending,
        reasoning=first.message.reasoning,
        tool_calls=tuple(first.message.tool_calls),
        extra={**first.message.extra, **first.extra},
        total_tokens=None if completion.usage is None else completion.usage.total_tokens,
        error=error.message if isinstance(error, ProviderError) else None,
        anomalies=frozenset(anomaly.kind for anomaly in decoder.anomalies),
    )


@pytest.mark.parametrize("name", ALL)
def test_the_decoder_reads_it_as_it_is_meant(name: str) -> None:
    habit = ALL[name]
    found = read([habit.body])
    assert {field: getattr(found, field) for field in vars(found) if field != "about"} == {
        field: getattr(habit, field) for field in vars(habit) if field != "about"
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_it_means_the_same_to_its_own_dialect(name: str) -> None:
    """Where the format is given, not found."""
    make = DIALECTS.get(name.rpartition("/")[0], OpenAIChat)
    body = ALL[name].body
    assert vars(read([body], make())) == vars(read([body]))
    if make is not OpenAIChat:  # which reads what it is given in the same way as what it has found
        assert_cutting_changes_nothing(lambda pieces: vars(read(pieces, make())), body, cuts=every_cut(body))


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_it_means_the_same_however_it_is_cut(name: str) -> None:
    body = ALL[name].body
    cuts = (bytewise(body), *every_cut(body))
    assert_cutting_changes_nothing(lambda pieces: vars(read(pieces)), body, cuts=cuts)


@given(st.data(), st.sampled_from(sorted(ALL)))
def test_it_means_the_same_in_any_number_of_pieces(data: st.DataObject, name: str) -> None:
    habit = ALL[name]
    assert vars(read(data.draw(chunkings(habit.body)))) == vars(read([habit.body]))


def test_their_names_say_how_they_end() -> None:
    for name, habit in ALL.items():
        wire_format, _, own = name.rpartition("/")
        failures = {"provider_error"} if wire_format in ("responses", "gemini") else {"provider_error", "invalid"}
        endings = {"cut": {"truncated"}, "error": failures}
        assert habit.ending in endings.get(own.partition("-")[0], {"complete"}), name
        assert (habit.error is not None) == (habit.ending == "provider_error"), name


def test_each_says_what_it_is_and_is_like_no_other() -> None:
    assert all(habit.about.endswith(".") and len(habit.about) > 10 for habit in ALL.values())
    assert len({habit.body for habit in ALL.values()}) == len(ALL)
    assert HABITS["cut-before-anything"].text == ""
    assert HABITS["choices-interleaved"].text == "Hello"


def test_each_kind_of_anomaly_that_a_stream_can_show_has_a_habit() -> None:
    of_responses = {"odd_content_type", "not_streamed"}  # they take more than a stream of events
    shown: set[str] = set()
    for habit in ALL.values():
        shown |= habit.anomalies
    assert shown == {*get_args(AnomalyKind)} - of_responses


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        HABITS["mine"] = HABITS["plain"]  # type: ignore[index]  # the mistake that is tested
