"""What mutants of the core and deliberate bugs in it would get away with, were it not for these tests."""

from __future__ import annotations

import time

from sse_stream import ChatAccumulator, ChatCompletionChunk, SSEDecoder, ToolCall


def calls_of(*deltas: list[dict[str, object]]) -> list[ToolCall]:
    """The tool calls that some deltas add up to."""
    accumulator = ChatAccumulator()
    for delta in deltas:
        accumulator.add(ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"tool_calls": delta}}]}))
    return accumulator.completion.choices[0].message.tool_calls


def test_an_index_below_0_names_no_slot() -> None:
    """Calls without arguments are never complete, so only their names tell them apart."""
    calls = calls_of(
        [{"index": -1, "function": {"name": "now"}}],
        [{"index": -1, "function": {"name": "here"}}],
    )
    assert calls == [ToolCall("", "now", ""), ToolCall("", "here", "")]


def seconds_to_decode(pieces: list[bytes]) -> float:
    decoder = SSEDecoder()
    began = time.process_time()
    for piece in pieces:
        for _ in decoder.feed(piece):
            pass
    return time.process_time() - began


def test_many_events_in_one_read_cost_what_they_cost_in_many() -> None:
    """If what is left were copied for each event, it would be some hundred times as much."""
    few = b"data: Hi\n\nevent: a\ndata: Hi\n\n" * 100
    in_many_reads = min(seconds_to_decode([few] * 300) for _ in range(3))
    in_one_read = min(seconds_to_decode([few * 300]) for _ in range(3))
    assert in_one_read < 10 * in_many_reads
