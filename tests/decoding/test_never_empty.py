"""Arbitrary bytes never pass for a complete, empty answer without an anomaly.

Recordings of chats, and of formats that this dialect does not read, each damaged in many ways.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sse_stream import ChatDecoder, SSEStreamError
from sse_stream.dialects import OpenAIChat
from sse_stream.testing import mutations
from tests.conftest import CORPUS

FORMATS = ("chat", "anthropic", "responses", "gemini")
SHORT = 6_000  # bytes of a recording that are read: its beginning and its end


def bodies(folder: str) -> Iterator[bytes]:
    """The recordings of a format; of a long one the events at its beginning and at its end."""
    for path in sorted((CORPUS.parent / folder).glob("*.sse")):
        body = path.read_bytes()
        if len(body) > SHORT:
            body = body[: SHORT // 2].rpartition(b"\n")[0] + b"\n" + body[-SHORT // 2 :].partition(b"\n")[2]
        yield body


def check(body: bytes, *, is_chat: bool) -> None:
    decoder = ChatDecoder(dialect=OpenAIChat())
    try:
        for _ in decoder.feed(body):
            pass
        for _ in decoder.close():
            pass
    except SSEStreamError as error:
        assert error.completion == decoder.completion
        assert decoder.ending in ("truncated", "provider_error", "invalid")
        return
    assert decoder.ending == "complete"
    choices = decoder.completion.choices
    if not choices:
        assert decoder.anomalies
    if not is_chat:
        # Only what says so in a chat's own words is an answer.
        assert b"choices" in body or not choices


@pytest.mark.parametrize("folder", FORMATS)
def test_no_recording_is_complete_and_empty_in_silence(folder: str) -> None:
    for body in bodies(folder):
        check(body, is_chat=folder == "chat")


@pytest.mark.slow
@pytest.mark.parametrize("folder", FORMATS)
def test_no_damaged_recording_is_complete_and_empty_in_silence(folder: str) -> None:
    recordings = list(bodies(folder))
    if not recordings:
        pytest.skip("no recordings beside the project")

    @settings(max_examples=12 * len(recordings), phases=[Phase.generate], database=None)
    @given(st.sampled_from(recordings).flatmap(mutations))
    def look(body: bytes) -> None:
        check(body, is_chat=folder == "chat")
        check(body + b"\n\ndata: [DONE]\n\n", is_chat=folder == "chat")

    look()
