"""Chunks in, events and a completion out: what shows only over several chunks, or on a chunk made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from sse_stream import (
    AnomalyKind,
    Audio,
    AudioDelta,
    ChatAccumulator,
    ChatCompletion,
    ChatCompletionChunk,
    ChatEvent,
    Choice,
    ChoiceFinished,
    ChoiceLogprobs,
    Limits,
    Message,
    OutputTooLargeError,
    ReasoningDelta,
    RefusalDelta,
    StreamDone,
    TextDelta,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
    TopLogprob,
    Usage,
    UsageReported,
)


def chunk(*deltas: dict[str, Any], **fields: Any) -> ChatCompletionChunk:
    """A chunk of one choice for each delta."""
    choices = [{"index": index, "delta": delta} for index, delta in enumerate(deltas)]
    return ChatCompletionChunk.from_dict({"choices": choices, **fields})


def finish(reason: str) -> ChatCompletionChunk:
    return ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


def add(*chunks: ChatCompletionChunk) -> tuple[list[ChatEvent], ChatAccumulator]:
    accumulator = ChatAccumulator()
    return [event for chunk in chunks for event in accumulator.add(chunk)], accumulator


def message_of(accumulator: ChatAccumulator) -> Message:
    (choice,) = accumulator.completion.choices
    return choice.message


def test_nothing_is_known_before_the_first_chunk() -> None:
    accumulator = ChatAccumulator()
    assert accumulator.completion == ChatCompletion()
    assert (accumulator.usage, accumulator.unfinished, accumulator.begun, accumulator.pieces) == (None, [], False, 0)
    assert accumulator.close() == [StreamDone(ChatCompletion())]


def test_one_chunk_says_its_parts_in_order() -> None:
    events, _ = add(
        ChatCompletionChunk.from_dict(
            {
                "choices": [
                    {
                        "index": 0,
                        "delta": {
                            "tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}],
                            "audio": {"data": "QUJD"},
                            "refusal": "no",
                            "content": "Hi",
                            "reasoning": "hm",
                        },
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 1},
            }
        )
    )
    assert events == [
        ReasoningDelta("hm"),
        TextDelta("Hi"),
        RefusalDelta("no"),
        AudioDelta(data="QUJD"),
        ToolCallStarted(0, "c1", "f"),
        ToolCallDelta(0, "{}"),
        ToolCallDone(0, ToolCall("c1", "f", "{}")),
        ChoiceFinished("stop"),
        UsageReported(Usage(prompt_tokens=1)),
    ]


def test_a_completion_is_a_snapshot() -> None:
    accumulator = ChatAccumulator()
    first = {"content": "a", "odd": ["x"], "tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{"}}]}
    accumulator.add(chunk(first, odd={"a": [1]}))
    before, shown = accumulator.completion, repr(accumulator.completion)
    accumulator.add(chunk(first, odd={"b": [2]}))
    assert repr(before) == shown
    assert accumulator.completion != before


def test_the_first_id_and_the_last_statement_count() -> None:
    _, accumulator = add(
        chunk(id="", created=0),
        chunk(id="c1", model="m1", service_tier="auto", system_fingerprint="a", obfuscation="x", moderation={"a": 1}),
        chunk(id="c2", model="m2", created=2),
        chunk(id="c3", model="m3", created=3, service_tier="default", moderation={"b": 2}, odd=1),
    )
    assert accumulator.completion == ChatCompletion(
        "c1",
        "m1",
        2,
        extra={
            "service_tier": "default",
            "system_fingerprint": "a",
            "obfuscation": "x",
            "moderation": {"a": 1, "b": 2},
            "odd": 1,
        },
    )


def test_the_first_role_counts() -> None:
    _, accumulator = add(chunk({"role": ""}), chunk({"role": "tool"}), chunk({"role": "assistant"}))
    assert message_of(accumulator).role == "tool"


def test_choices_are_sorted_by_index() -> None:
    _, accumulator = add(
        ChatCompletionChunk.from_dict({"choices": [{"index": 3, "delta": {}}, {"index": 1, "delta": {}}]})
    )
    assert [choice.index for choice in accumulator.completion.choices] == [1, 3] == accumulator.unfinished


@pytest.mark.parametrize(
    ("details", "text"),
    [
        ([{"text": "a"}, {"summary": "b"}], "ab"),
        ([{"text": "", "summary": "b"}], "b"),
        ([{"data": "x"}], None),
        ([{"text": 5}, "a", None], None),
    ],
)
def test_what_reasoning_details_say(details: list[Any], text: str | None) -> None:
    events, accumulator = add(chunk({"reasoning_details": details}))
    assert events == ([ReasoningDelta(text)] if text else [])
    assert message_of(accumulator).reasoning == text
    assert message_of(accumulator).extra == {"reasoning_details": details}


def test_reasoning_in_two_spellings_that_differ() -> None:
    events, accumulator = add(chunk({"reasoning_content": "a", "reasoning": "b"}), chunk({"reasoning": "c"}))
    assert events == [ReasoningDelta("a"), ReasoningDelta("c")]
    assert message_of(accumulator) == Message(reasoning="ac", extra={"reasoning": "b"})


def test_what_a_choice_has_besides_is_stated_anew() -> None:
    def piece(**fields: Any) -> ChatCompletionChunk:
        return ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {}, **fields}]})

    _, accumulator = add(piece(odd="a", more={"a": 1}), piece(odd="b", more={"b": 2}), piece(odd=None))
    assert accumulator.completion.choices == [Choice(0, Message(), extra={"odd": "b", "more": {"a": 1, "b": 2}})]


def test_reasoning_beside_its_details_is_not_doubled() -> None:
    events, accumulator = add(chunk({"reasoning": "hm", "reasoning_details": [{"text": "hm"}]}))
    assert events == [ReasoningDelta("hm")]
    assert message_of(accumulator) == Message(reasoning="hm", extra={"reasoning_details": [{"text": "hm"}]})


def test_audio_is_put_together() -> None:
    events, accumulator = add(
        chunk({"audio": {"id": "a1", "transcript": "H"}}), chunk({"audio": {"transcript": "i", "expires_at": 9}})
    )
    assert events == [AudioDelta(id="a1", transcript="H"), AudioDelta(transcript="i", expires_at=9)]
    assert message_of(accumulator).audio == Audio("a1", "", "Hi", 9)


def test_a_piece_of_a_call_that_says_nothing_begins_none() -> None:
    events, accumulator = add(chunk({"tool_calls": [{"index": 0}, {"function": {}}]}))
    assert events == []
    assert message_of(accumulator).tool_calls == []


def test_usage_that_counts_nothing_is_no_event() -> None:
    events, accumulator = add(chunk(usage={}))
    assert events == []
    assert accumulator.usage is None


def test_audio_that_says_nothing_is_no_event() -> None:
    events, accumulator = add(
        chunk({"audio": {}}), chunk({"audio": {"id": "a1", "odd": "x"}}), chunk({"audio": {"odd": "y"}})
    )
    assert events == [AudioDelta(id="a1")]
    assert message_of(accumulator).audio == Audio("a1", extra={"odd": "xy"})
    assert accumulator.pieces == 1


def test_log_probabilities_are_appended() -> None:
    def piece(logprobs: object) -> ChatCompletionChunk:
        return ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {}, "logprobs": logprobs}]})

    token = {"token": "a", "odd": 1, "top_logprobs": [{"token": "b"}]}
    _, accumulator = add(
        piece({"content": [token], "tokens": ["a"]}), piece({"refusal": [{"token": "c"}]}), piece({"content": [token]})
    )
    read = TokenLogprob(token="a", top_logprobs=[TopLogprob(token="b")], extra={"odd": 1})
    assert accumulator.completion.choices[0].logprobs == ChoiceLogprobs(
        content=[read, read], refusal=[TokenLogprob(token="c")], extra={"tokens": ["a"]}
    )


def test_a_call_is_done_when_the_next_begins_if_it_is_complete() -> None:
    def piece(index: int, arguments: str) -> ChatCompletionChunk:
        return chunk({"tool_calls": [{"index": index, "function": {"name": f"f{index}", "arguments": arguments}}]})

    events, accumulator = add(piece(0, "{"), piece(1, "{}"), piece(2, "{}"), piece(0, "}"), finish("tool_calls"))
    assert [(event.type, getattr(event, "index", None)) for event in events] == [
        ("tool_call_started", 0),
        ("tool_call_delta", 0),
        ("tool_call_started", 1),
        ("tool_call_delta", 1),
        ("tool_call_done", 1),
        ("tool_call_started", 2),
        ("tool_call_delta", 2),
        ("tool_call_delta", 0),
        ("tool_call_done", 0),
        ("tool_call_done", 2),
        ("choice_finished", None),
    ]
    assert accumulator.close() == [StreamDone(accumulator.completion)]


def test_a_call_after_the_finish_is_done_at_the_end() -> None:
    events, accumulator = add(finish("stop"), chunk({"tool_calls": [{"id": "c1", "function": {"name": "f"}}]}))
    assert events == [ChoiceFinished("stop"), ToolCallStarted(0, "c1", "f")]
    assert accumulator.close() == [ToolCallDone(0, ToolCall("c1", "f", "")), StreamDone(accumulator.completion)]


def test_what_a_call_has_besides_is_put_together() -> None:
    _, accumulator = add(
        chunk({"tool_calls": [{"index": 0, "odd": "x", "function": {"name": "f", "odd": "a"}}]}),
        chunk({"tool_calls": [{"index": 0, "odd": "y", "function": {"odd": "b"}}]}),
    )
    assert message_of(accumulator).tool_calls == [ToolCall("", "f", "", {"odd": "xy", "function": {"odd": "ab"}})]


def test_a_legacy_call_keeps_what_it_has_besides() -> None:
    _, accumulator = add(
        chunk({"function_call": {"name": "f", "odd": 1}}), chunk({"function_call": {"arguments": "{}"}})
    )
    assert message_of(accumulator).extra == {"function_call": {"name": "f", "arguments": "{}", "odd": 1}}


def test_anomalies_over_several_chunks() -> None:
    found: list[tuple[AnomalyKind, str]] = []
    accumulator = ChatAccumulator(on_anomaly=lambda kind, sample: found.append((kind, sample)))
    for piece in (finish("stop"), finish("stop"), chunk({}), chunk({"content": "a"})):
        accumulator.add(piece)
    assert found == [
        ("finish_repeated", "'stop' after 'stop'"),
        ("content_after_finish", "ChoiceDelta(content='a')"),
    ]


def test_anomalies_need_no_listener() -> None:
    events, accumulator = add(finish("stop"), finish("length"), chunk({"content": "a"}))
    assert events == [ChoiceFinished("stop"), TextDelta("a")]
    assert accumulator.completion.choices == [Choice(0, Message(content="a"), "length")]


def test_pieces_are_counted_in_every_channel() -> None:
    _, accumulator = add(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "a"}),
        chunk({"reasoning": "a"}),
        chunk({"refusal": "a"}),
        chunk({"audio": {"data": "a"}}),
        chunk({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}),
        finish("stop"),
    )
    assert accumulator.pieces == 6


def test_limits() -> None:
    accumulator = ChatAccumulator(limits=Limits(output_size=3))
    accumulator.add(chunk({"content": "abc"}))
    with pytest.raises(OutputTooLargeError, match="more than 3 characters of output"):
        accumulator.add(chunk({"content": "d"}))
    with pytest.raises(OutputTooLargeError, match="more than 1 choices"):
        ChatAccumulator(limits=Limits(choices=1)).add(chunk({}, {}))
    with pytest.raises(OutputTooLargeError, match="more than 1 tool calls"):
        ChatAccumulator(limits=Limits(tool_calls=1)).add(chunk({"tool_calls": [{"id": "a"}, {"id": "b"}]}))
