"""Accumulating chunks into events and a completion: behaviour that needs several chunks, or a chunk built by hand."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

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
    ReasoningPart,
    RefusalDelta,
    StreamDone,
    TextDelta,
    TextPart,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
    TopLogprob,
    Usage,
    UsageReported,
)
from sse_stream._chat._builder import CompletionBuilder
from sse_stream._chat._choice_state import CHOICE_WEIGHT
from sse_stream._chat._copies import chunk_to_keep
from sse_stream._chat._memory import ENTRY, Tally, weight
from sse_stream._chat._text_channel import CHANNEL_WEIGHT, TextChannel


def chunk(*deltas: dict[str, Any], **fields: Any) -> ChatCompletionChunk:
    """A chunk of one choice for each delta."""
    choices = [{"index": index, "delta": delta} for index, delta in enumerate(deltas)]
    return ChatCompletionChunk.from_dict({"choices": choices, **fields})


def finish(reason: str) -> ChatCompletionChunk:
    return ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


def add(*chunks: ChatCompletionChunk) -> tuple[list[ChatEvent], ChatAccumulator]:
    accumulator = ChatAccumulator()
    return [event for chunk in chunks for event in accumulator.add(chunk)], accumulator


def noted(*chunks: ChatCompletionChunk) -> list[tuple[str, str]]:
    """The anomalies of chunks, each with its sample."""
    found: list[tuple[str, str]] = []
    accumulator = ChatAccumulator(on_anomaly=lambda kind, sample: found.append((kind, sample)))
    for each in chunks:
        accumulator.add(each)
    return found


def message_of(accumulator: ChatAccumulator) -> Message:
    (choice,) = accumulator.completion.choices
    return choice.message


def test_nothing_is_known_before_the_first_chunk() -> None:
    accumulator = ChatAccumulator()
    assert accumulator.completion == ChatCompletion()
    assert (
        accumulator._builder.usage,
        accumulator._builder.unfinished,
        accumulator._builder.begun,
        accumulator._builder.tally.pieces,
    ) == (None, [], False, 0)
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


@pytest.mark.parametrize(
    ("chunks", "named"),
    [
        ([{"id": "", "model": "", "created": 0}], (None, None, None)),
        ([{"id": "a", "model": "", "created": 0}], ("a", None, None)),
        ([{"id": "", "model": "m"}], (None, "m", None)),
        ([{"created": 1}, {"created": 2}], (None, None, 1)),
        ([{"id": "a", "model": "m"}, {"id": "b", "model": "n", "created": 1}], ("a", "m", 1)),
        ([{"id": "a", "created": 1}, {"id": "b", "model": "n", "created": 2}], ("a", "n", 1)),
        ([{"model": "m", "created": 1}, {"id": "b", "model": "n", "created": 2}], ("b", "m", 1)),
    ],
)
def test_each_name_is_the_first_that_says_something(chunks: list[dict[str, Any]], named: tuple[object, ...]) -> None:
    _, accumulator = add(*(chunk(**fields) for fields in chunks))
    completion = accumulator.completion
    assert (completion.id, completion.model, completion.created) == named


@pytest.mark.parametrize(
    ("chunks", "notes"),
    [
        ([{"id": "a"}, {"id": "a", "model": "m"}, {"id": "", "model": "n"}], [("model_changed", "'n' after 'm'")]),
        ([{"model": "m"}, {"id": "a", "model": "m"}, {"id": "b", "model": ""}], [("id_changed", "'b' after 'a'")]),
        ([{"model": name} for name in "mnm"], [("model_changed", f"'{b}' after '{a}'") for a, b in ("mn", "nm")]),
        ([{"id": name} for name in "abba"], [("id_changed", f"'{b}' after '{a}'") for a, b in ("ab", "ba")]),
    ],
)
def test_a_name_that_changes_is_an_anomaly(chunks: list[dict[str, Any]], notes: list[tuple[str, str]]) -> None:
    assert noted(*(chunk(**fields) for fields in chunks)) == notes


@pytest.mark.parametrize(
    ("before", "after", "growth"),
    [
        ({"id": "c1"}, {"model": "m"}, weight("m")),
        ({"obfuscation": "ab"}, {"obfuscation": "abc"}, 1),
        ({"service_tier": "auto"}, {"service_tier": "default"}, 3),
    ],
)
def test_what_is_stated_beside_the_choices_counts_once(
    before: dict[str, str], after: dict[str, str], growth: int
) -> None:
    builder = CompletionBuilder(Limits(), None, "openai_chat")
    builder.add(chunk(**before))
    size = builder.tally.size
    builder.add(chunk(**after))
    assert builder.tally.size == size + growth


@pytest.mark.parametrize("name", ["service_tier", "system_fingerprint", "obfuscation"])
def test_what_a_chunk_does_not_state_stays(name: str) -> None:
    _, accumulator = add(chunk(**{name: "a"}), chunk())
    assert accumulator.completion.extra == {name: "a"}


def test_the_first_role_counts() -> None:
    _, accumulator = add(chunk({"role": ""}), chunk({"role": "tool"}), chunk({"role": "assistant"}))
    assert message_of(accumulator).role == "tool"


def test_choices_are_sorted_by_index() -> None:
    _, accumulator = add(
        ChatCompletionChunk.from_dict({"choices": [{"index": 3, "delta": {}}, {"index": 1, "delta": {}}]})
    )
    assert [choice.index for choice in accumulator.completion.choices] == [1, 3] == accumulator._builder.unfinished


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


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({"reasoning_content": "a", "reasoning": "b"}, "reasoning_content"),
        ({"reasoning_content": "a", "reasoning_text": "b"}, "reasoning_content"),
        ({"reasoning_content": "a", "reasoning": "b", "reasoning_text": "c"}, "reasoning_content"),
        ({"reasoning": "a", "reasoning_text": "b"}, "reasoning"),
        ({"reasoning_text": "a"}, "reasoning_text"),
    ],
)
def test_reasoning_in_spellings_that_differ(fields: dict[str, str], first: str) -> None:
    events, accumulator = add(chunk(fields), chunk({"reasoning": "d"}))
    assert events == [ReasoningDelta("a"), ReasoningDelta("d")]
    others = {name: text for name, text in fields.items() if name != first}
    assert message_of(accumulator) == Message(reasoning="ad", extra=others)
    assert message_of(accumulator).reasoning_field == first


def test_what_a_choice_has_besides_is_stated_anew() -> None:
    def piece(**fields: Any) -> ChatCompletionChunk:
        return ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {}, **fields}]})

    _, accumulator = add(piece(odd="a", more={"a": 1}), piece(odd="b", more={"b": 2}), piece(odd=None))
    assert accumulator.completion.choices == [Choice(0, Message(), extra={"odd": "b", "more": {"a": 1, "b": 2}})]


@pytest.mark.parametrize("detail", [{"text": "hm"}, {"text": "h"}, {"data": "x"}])
def test_reasoning_beside_its_details_is_not_doubled(detail: dict[str, str]) -> None:
    events, accumulator = add(chunk({"reasoning": "hm", "reasoning_details": [detail]}))
    assert events == [ReasoningDelta("hm")]
    assert message_of(accumulator) == Message(reasoning="hm", extra={"reasoning_details": [detail]})


def test_reasoning_in_two_kinds_of_details_is_that_of_the_first() -> None:
    events, accumulator = add(chunk({"thinking_blocks": [{"thinking": "b"}], "reasoning_details": [{"text": "a"}]}))
    assert events == [ReasoningDelta("a")]
    assert message_of(accumulator).reasoning_field == ""


def test_annotations_without_a_text_are_kept_beside_the_parts() -> None:
    _, accumulator = add(chunk({"annotations": [{"type": "url_citation"}]}))
    assert accumulator.completion.message == Message(extra={"annotations": [{"type": "url_citation"}]})


def test_audio_is_put_together() -> None:
    events, accumulator = add(
        chunk({"audio": {"id": "a1", "transcript": "H"}}), chunk({"audio": {"transcript": "i", "expires_at": 9}})
    )
    assert events == [AudioDelta(id="a1", transcript="H"), AudioDelta(transcript="i", expires_at=9)]
    assert add(chunk({"audio": {"id": "", "data": "", "transcript": "H"}}))[0] == [AudioDelta(transcript="H")]
    assert add(chunk({"audio": {"data": "QQ==", "transcript": ""}}))[0] == [AudioDelta(data="QQ==")]
    assert message_of(accumulator).audio == Audio("a1", "", "Hi", 9)


def test_a_piece_of_a_call_that_says_nothing_begins_none() -> None:
    events, accumulator = add(chunk({"tool_calls": [{"index": 0}, {"function": {}}]}))
    assert events == []
    assert message_of(accumulator).tool_calls == []


def test_usage_that_counts_nothing_is_no_event() -> None:
    events, accumulator = add(chunk(usage={}))
    assert events == []
    assert accumulator._builder.usage is None


def test_audio_that_says_nothing_is_no_event() -> None:
    events, accumulator = add(
        chunk({"audio": {}}), chunk({"audio": {"id": "a1", "odd": "x"}}), chunk({"audio": {"odd": "y"}})
    )
    assert events == [AudioDelta(id="a1")]
    assert message_of(accumulator).audio == Audio("a1", extra={"odd": "xy"})
    assert accumulator._builder.tally.pieces == 1


def test_log_probabilities_are_appended() -> None:
    def piece(logprobs: object) -> ChatCompletionChunk:
        return ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {}, "logprobs": logprobs}]})

    token = {"token": "a", "odd": 1, "top_logprobs": [{"token": "b"}]}
    _, accumulator = add(
        piece({"content": [token], "tokens": ["a"]}),
        piece({"refusal": [{"token": "c"}]}),
        piece({"content": [token]}),
        piece({"refusal": [{"token": "d"}]}),
    )
    read = TokenLogprob(token="a", top_logprobs=[TopLogprob(token="b")], extra={"odd": 1})
    assert accumulator.completion.choices[0].logprobs == ChoiceLogprobs(
        content=[read, read], refusal=[TokenLogprob(token="c"), TokenLogprob(token="d")], extra={"tokens": ["a"]}
    )


def test_log_probabilities_show_no_extra_where_there_is_none() -> None:
    logprobs = {"content": [{"token": "a"}]}
    _, accumulator = add(ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {}, "logprobs": logprobs}]}))
    (choice,) = accumulator.completion.choices
    assert repr(choice.logprobs) == "ChoiceLogprobs(content=[TokenLogprob(token='a')])"


def test_a_call_is_done_when_the_next_begins_if_it_is_complete() -> None:
    def piece(index: int, arguments: str) -> ChatCompletionChunk:
        return chunk({"tool_calls": [{"index": index, "function": {"name": f"f{index}", "arguments": arguments}}]})

    events, accumulator = add(piece(0, "{"), piece(1, "[]"), piece(2, "{}"), piece(0, "}"), finish("tool_calls"))
    assert [(event.type, getattr(event, "index", None)) for event in events] == [
        ("tool_call_started", 0),
        ("tool_call_delta", 0),
        ("tool_call_started", 1),
        ("tool_call_delta", 1),
        ("tool_call_done", 1),
        # An empty object may be a placeholder: it waits for the end of the call.
        ("tool_call_started", 2),
        ("tool_call_delta", 0),
        ("tool_call_done", 0),
        ("tool_call_delta", 2),
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


@pytest.mark.parametrize("named", [{"id": ""}, {"id": None}])
@pytest.mark.parametrize("name", ["", None])
def test_an_empty_name_or_id_does_not_name_a_call_again(named: dict[str, Any], name: str | None) -> None:
    """Arguments after a name may be all of them again; after none, they are the next piece."""
    pieces = [
        chunk({"tool_calls": [{"index": 0, **named, "function": {"name": name, "arguments": arguments}}]})
        for arguments in ("{", "{}")
    ]
    _, accumulator = add(*pieces)
    assert accumulator.completion.tool_calls == [ToolCall("", "", "{{}")]


@pytest.mark.parametrize(
    ("again", "arguments"),
    [
        ({"id": "c1"}, "{}"),
        ({"function": {"name": "f"}}, "{}"),
        ({"id": "c2"}, "{{}"),
        ({"function": {"name": "g"}}, "{{}"),
    ],
)
def test_only_its_own_id_or_name_says_that_a_call_may_be_repeated(again: dict[str, Any], arguments: str) -> None:
    function = {"arguments": "{}", **again.get("function", {})}
    pieces = [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{"}}, {"index": 0, **again}]
    pieces[1]["function"] = function
    _, accumulator = add(*(chunk({"tool_calls": [piece]}) for piece in pieces))
    assert accumulator.completion.tool_calls == [ToolCall("c1", "f", arguments)]


def test_the_first_name_of_a_call_counts() -> None:
    def piece(**call: Any) -> ChatCompletionChunk:
        return chunk({"tool_calls": [{"index": 0, **call}]})

    _, accumulator = add(piece(id="c1"), piece(function={"name": "f"}), piece(function={"name": "g", "arguments": "{"}))
    assert message_of(accumulator).tool_calls == [ToolCall("c1", "f", "{")]
    assert message_of(add(piece(id="c1"))[1]).tool_calls == [ToolCall("c1", "", "")]


def test_a_legacy_call_keeps_what_it_has_besides() -> None:
    _, accumulator = add(
        chunk({"function_call": {"name": "f", "odd": 1}}), chunk({"function_call": {"arguments": "{}"}})
    )
    assert message_of(accumulator).extra == {"function_call": {"name": "f", "arguments": "{}", "odd": 1}}


def test_anomalies_over_several_chunks() -> None:
    found: list[tuple[AnomalyKind, str]] = []
    accumulator = ChatAccumulator(on_anomaly=lambda kind, sample: found.append((kind, sample)))
    for piece in (finish("stop"), finish("stop"), finish("length"), chunk({}), chunk({"content": "a"})):
        accumulator.add(piece)
    assert found == [
        ("finish_repeated", "'length' after 'stop'"),
        ("content_after_finish", "ChoiceDelta(content='a')"),
    ]


def test_what_one_choice_says_is_no_anomaly_of_another() -> None:
    found: list[object] = []
    accumulator = ChatAccumulator(on_anomaly=lambda *anomaly: found.append(anomaly))
    accumulator.add(finish("stop"))
    accumulator.add(
        ChatCompletionChunk.from_dict(
            {"choices": [{"index": 1, "delta": {"content": "a"}}, {"index": 0, "delta": {"content": ""}}]}
        )
    )
    assert found == []


def test_anomalies_need_no_listener() -> None:
    events, accumulator = add(finish("stop"), finish("length"), chunk({"content": "a"}))
    assert events == [ChoiceFinished("stop"), TextDelta("a")]
    assert accumulator.completion.choices == [Choice(0, Message(content="a"), "length")]


CALLED = {"name": "f", "arguments": "{"}
SIGNED = [{"type": "t", "thinking": "hm", "signature": "s"}]


@pytest.mark.parametrize(
    ("delta", "message", "whole"),
    [
        # Of a text, the rest is new; a text that does not begin with what has come is ignored.
        ({"content": "H"}, {"content": "Hi"}, Message(content="Hi")),
        ({"content": "H"}, {"content": "Yo"}, Message(content="H")),
        ({"refusal": "n"}, {"refusal": "no"}, Message(refusal="no")),
        ({"content": "H"}, {"content": "Hi", "refusal": "no"}, Message(content="Hi", refusal="no")),
        # What has come is not taken again; what has not is.
        ({"audio": {"data": "QQ"}}, {"audio": {"data": "QQ=="}}, Message(audio=Audio(data="QQ"))),
        ({"content": "H"}, {"audio": {"data": "QQ=="}}, Message(content="H", audio=Audio(data="QQ=="))),
        (
            {"content": "H", "function_call": CALLED},
            {"function_call": CALLED},
            Message(content="H", extra={"function_call": CALLED}),
        ),
        ({"content": "H"}, {"function_call": CALLED}, Message(content="H", extra={"function_call": CALLED})),
        ({"content": "H", "odd": "a"}, {"odd": "b", "new": "c"}, Message(content="H", extra={"odd": "a", "new": "c"})),
        # Nor is reasoning, whichever field has it.
        ({"reasoning": "h"}, {"reasoning": "hm"}, Message(reasoning="hm")),
        ({"reasoning_content": "h"}, {"reasoning": "hm"}, Message(reasoning="hm")),
        ({"reasoning": "hm"}, {"thinking_blocks": SIGNED}, Message(reasoning="hm")),
        ({"reasoning": "hm"}, {"reasoning_details": SIGNED}, Message(reasoning="hm")),
        *(
            (
                {"content": "H"},
                {name: SIGNED},
                Message(content="H", reasoning="hm", extra={name: SIGNED}, parts=[TextPart("H"), ReasoningPart("hm")]),
            )
            for name in ("thinking_blocks", "reasoning_details")
        ),
        (
            {"content": "H"},
            {"tool_calls": [{"id": "c0", "function": {"name": "f"}, "extra_content": {"a": 1}}]},
            Message(content="H", tool_calls=[ToolCall("c0", "f", "", {"extra_content": {"a": 1}})]),
        ),
        # What is new may begin as the arguments do.
        (
            {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "["}}]},
            {"tool_calls": [{"function": {"arguments": "[[1]]"}}]},
            Message(tool_calls=[ToolCall("", "f", "[[1]]")]),
        ),
        # Calls are those with the same id, or in the same place.
        (
            {
                "tool_calls": [
                    {"index": 0, "id": "c0", "function": CALLED},
                    {"index": 1, "id": "c1", "function": CALLED},
                ]
            },
            {"tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": '{"b":1}'}}]},
            Message(tool_calls=[ToolCall("c0", "f", "{"), ToolCall("c1", "f", '{"b":1}')]),
        ),
        (
            {
                "tool_calls": [
                    {"index": 0, "function": CALLED},
                    {"index": 0, "function": {"name": "f", "arguments": "}"}},
                ]
            },
            {
                "tool_calls": [
                    {"function": {"name": "f", "arguments": "{}"}},
                    {"function": {"name": "g", "arguments": "[]"}},
                ]
            },
            Message(tool_calls=[ToolCall("", "f", "{}"), ToolCall("", "g", "[]")]),
        ),
    ],
)
def test_of_a_whole_message_only_what_is_new_is_taken(
    delta: dict[str, Any], message: dict[str, Any], whole: Message
) -> None:
    _, accumulator = add(chunk(delta), beside(message=message))
    assert accumulator.completion.message == whole


def said(text: str, **beside: Any) -> dict[str, Any]:
    return {"delta": {}, "message": {"content": text, **beside}}


@pytest.mark.parametrize(
    ("choices", "notes", "extra"),
    [
        # Messages that grow are pieces; one that adds nothing is a repetition.
        ([said("")], [], {}),
        ([said("H"), said("Hi"), said("Hi!"), said("Hi!")], [("message_repeated", "Hi!")], {}),
        ([{"delta": {"content": "H"}}, said("Hi")], [("message_repeated", "Hi")], {}),
        ([{"delta": {"content": "H"}}, {"delta": {}, "message": {"refusal": "no"}}], [("message_repeated", "")], {}),
        # Beside a delta that says something, only the other fields of a message are kept.
        ([{**said("Yo"), "delta": {"content": "H"}}], [("message_beside_delta", "Yo")], {}),
        (
            [{"delta": {"content": "H"}, "message": {"odd": 1}}],
            [("message_beside_delta", "")],
            {"message": {"odd": 1}},
        ),
        # An empty reason is one anomaly of each choice.
        ([{"delta": {}, "finish_reason": ""}] * 2, [("empty_finish_reason", "choice 0")], {}),
    ],
)
def test_anomalies_of_a_choice(
    choices: list[dict[str, Any]], notes: list[tuple[str, str]], extra: dict[str, Any]
) -> None:
    chunks = [ChatCompletionChunk.from_dict({"choices": [{"index": 0, **choice}]}) for choice in choices]
    assert noted(*chunks) == notes
    _, accumulator = add(*chunks)
    assert accumulator.completion.choices[0].extra == extra


def test_a_call_whose_arguments_are_open_is_not_done_at_the_finish() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{"}}
    events, accumulator = add(chunk({"tool_calls": [call]}), finish("tool_calls"))
    assert events[-1] == ChoiceFinished("tool_calls")
    assert not [event for event in events if isinstance(event, ToolCallDone)]
    assert accumulator.close()[0] == ToolCallDone(0, ToolCall("c1", "f", "{"))


def test_audio_is_output_to_which_a_whole_message_adds() -> None:
    found: list[object] = []
    accumulator = ChatAccumulator(on_anomaly=lambda *anomaly: found.append(anomaly))
    audio = {"audio": {"data": "QQ=="}}
    for piece in (chunk(audio), beside(message=audio)):
        accumulator.add(piece)
    assert found == [("message_repeated", "")]
    for text in ("Hi", "Yo"):
        accumulator.add(beside(message={"content": text}))
    assert accumulator.completion.message == Message(content="Hi", audio=Audio(data="QQ=="))


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
    assert accumulator._builder.tally.pieces == 6


def test_limits() -> None:
    def call(index: int) -> ChatCompletionChunk:
        return chunk({"tool_calls": [{"index": index, "id": str(index)}]})

    accumulator = ChatAccumulator(limits=Limits(output_size=3, choices=2, tool_calls=2))
    accumulator.add(chunk({"content": "a"}, {"content": ""}))
    accumulator.add(call(0))
    accumulator.add(call(1))
    for piece, limit in (
        (chunk({"content": "d"}), "3 bytes of output, the limit set by Limits.output_size"),
        (chunk({}, {}, {}), "2 choices, the limit set by Limits.choices"),
        (call(2), "2 tool calls, the limit set by Limits.tool_calls"),
    ):
        with pytest.raises(OutputTooLargeError, match=f"^the stream has more than {limit}$") as error:
            accumulator.add(piece)
        assert error.value.limit == limit.rpartition(".")[2]


CALL = {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "add", "arguments": "{"}}]}
TOKEN = {"token": "abc", "bytes": [97, 98], "top_logprobs": [{"token": "ab"}, {"token": "a", "odd": "b"}]}


def beside(**fields: Any) -> ChatCompletionChunk:
    """A chunk of one choice with an empty delta and these fields."""
    return ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {}, **fields}]})


ODD = {"odd": "abc"}


LIST = [number for number in (1.5,)]  # noqa: C416  # as a list grows that is filled: it has room for more


def entry(name: str, value: Any) -> int:
    """What a field takes that is new."""
    return ENTRY + weight(name, value)


@pytest.mark.parametrize(
    ("piece", "first", "again"),
    [
        (chunk({"content": "abc"}), 3, 3),
        (chunk({"content": "é€😀"}), 9, 9),
        (chunk({"reasoning": "abc"}), 3, 3),
        (
            chunk({"reasoning_content": "abc", "reasoning": "ab"}),
            3 + entry("reasoning", "ab"),
            3 + weight(bytearray(b"abab")) - weight("ab"),
        ),
        (chunk({"refusal": "abc"}), 3, 3),
        (chunk({"role": "tool"}), weight("tool"), 0),
        (chunk({"audio": {"id": "a1", "data": "abc", "transcript": "abcd"}}), weight("a1") + 3 + 4, 3 + 4),
        (chunk({"audio": ODD}), entry("odd", "abc"), 0),
        (chunk({"audio": {"id": "a1", "data": "abc", **ODD}}), weight("a1") + 3 + entry("odd", "abc"), 3),
        (chunk(CALL), 2 + 3 + 1, 0),
        (chunk({"tool_calls": [{"index": 0, **ODD}]}), entry("odd", "abc"), 0),
        (chunk({"tool_calls": [{"index": 0, "function": ODD}]}), entry("function", ODD), 0),
        (chunk(ODD), entry("odd", "abc"), 0),
        (chunk({"odd": [1.5]}), entry("odd", LIST), 0),
        (chunk({"odd": {"a": 1000}}), entry("odd", {"a": 1000}), 0),
        (beside(finish_reason="stop"), weight("stop"), 0),
        (beside(**ODD), entry("odd", "abc"), 0),
        (beside(logprobs={"content": [TOKEN]}), *[720 + 3 + 16 + 2 + 1 + weight({"odd": "b"})] * 2),
        (beside(logprobs={"refusal": [{"token": "a"}] * 2}), 2 * (240 + 1), 2 * (240 + 1)),
        (beside(logprobs=ODD), entry("odd", "abc"), 0),
        (
            beside(logprobs={"content": [{"token": "a"}], "refusal": [{"token": "ab"}], **ODD}),
            240 + 1 + 240 + 2 + entry("odd", "abc"),
            240 + 1 + 240 + 2,
        ),
        (chunk(**ODD), entry("odd", "abc"), 0),
        (chunk(moderation="abc"), entry("moderation", "abc"), 0),
        (chunk(usage=ODD), weight(Usage()) + ENTRY + entry("odd", "abc"), 0),
        (chunk(id="c1", model="m", system_fingerprint="ab"), weight("c1", "m", "ab"), 0),
    ],
)
def test_what_counts_as_output(piece: ChatCompletionChunk, first: int, again: int) -> None:
    """In bytes of memory: text as UTF-8, other values and names by what they weigh."""
    builder = CompletionBuilder(Limits(), None, "openai_chat")
    builder.add(chunk({"content": "x"}))
    assert builder.tally.size == 1
    builder.add(chunk_to_keep(piece))
    assert builder.tally.size == 1 + first
    builder.add(chunk_to_keep(piece))
    assert builder.tally.size == 1 + first + again


@pytest.mark.parametrize(
    ("pieces", "more"),
    [
        ([{"content": "abc"}, {"content": "def"}], {"content": "g"}),
        ([CALL], {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}),
        ([{"audio": {"data": "abc"}}, {"audio": {"transcript": "def"}}], {"audio": {"data": "g"}}),
    ],
)
def test_the_limit_is_what_may_be_kept(pieces: list[dict[str, Any]], more: dict[str, Any]) -> None:
    accumulator = ChatAccumulator(limits=Limits(output_size=6))
    for piece in pieces:
        accumulator.add(chunk(piece))
    with pytest.raises(OutputTooLargeError, match=r"more than 6 bytes of output, the limit set by Limits\.output_size"):
        accumulator.add(chunk(more))


def test_half_a_surrogate_pair_is_kept_where_a_caller_adds_one() -> None:
    accumulator = ChatAccumulator()
    function = {"name": "f\ud83d", "arguments": "a\ud83d"}
    for _ in range(2):
        accumulator.add(
            chunk(
                {
                    "content": "a\ud83d",
                    "refusal": "\udc00",
                    "tool_calls": [{"index": 0, "id": "c\ud83d", "function": function}],
                    "audio": {"transcript": "\ud83d"},
                    "function_call": {"name": "f", "arguments": "\udc00"},
                }
            )
        )
    assert accumulator.completion.message == Message(
        content="a\ud83d" * 2,
        refusal="\udc00" * 2,
        tool_calls=[ToolCall("c\ud83d", "f\ud83d", "a\ud83d")],
        audio=Audio(transcript="\ud83d" * 2),
        extra={"function_call": {"name": "f", "arguments": "\udc00" * 2}},
    )


def test_a_piece_of_text_that_exceeds_the_limit_is_an_error_by_itself() -> None:
    """Repeated text is added without a chunk."""
    channel = TextChannel(TextDelta, 0, Tally(3))
    assert channel.append("abc") == TextDelta("abc")
    channel.tally.check()
    with pytest.raises(OutputTooLargeError):
        channel.append("d")


def test_what_begins_takes_memory_too() -> None:
    """The first few choices and parts are what any stream takes; many are counted."""
    builder = CompletionBuilder(Limits(), None, "openai_chat")
    texts = [{"index": index, "delta": {"content": "x"}} for index in range(5)]
    for text in texts[:4]:
        builder.add(ChatCompletionChunk.from_dict({"choices": [text]}))
    assert builder.tally.size == 4
    builder.add(ChatCompletionChunk.from_dict({"choices": [texts[4]]}))
    assert builder.tally.size == 5 + CHOICE_WEIGHT + CHANNEL_WEIGHT


def test_what_a_caller_adds_stays_the_callers() -> None:
    received = {
        "choices": [
            {
                "index": 0,
                "delta": {"odd": {"a": ["x"]}, "reasoning_details": [{"index": 0, "text": "a"}]},
                "logprobs": {
                    "content": [{"token": "a", "bytes": [97], "top_logprobs": [{"token": "b", "bytes": [98]}]}]
                },
                "beside": {"a": 1},
            }
        ],
        "usage": {"prompt_tokens": 1, "cost": {"a": 1}},
        "around": {"a": {"b": 1}},
    }
    piece = ChatCompletionChunk.from_dict(received)
    untouched = copy.deepcopy(received)
    accumulator = ChatAccumulator()
    events = [event for _ in range(3) for event in accumulator.add(piece)]
    assert piece == ChatCompletionChunk.from_dict(untouched)
    assert received == untouched
    before = copy.deepcopy((accumulator.completion, events))
    for mutable in mutables(piece, *events, accumulator.completion):
        mutable.clear()
    assert accumulator.completion == before[0]
    assert accumulator.completion.usage is not None
    assert accumulator.completion.usage.extra == {"cost": {"a": 1}}


def mutables(*values: object) -> Iterator[Any]:
    """Every dict and list that is in these values, the innermost first."""
    for value in values:
        if isinstance(value, msgspec.Struct):
            yield from mutables(*(getattr(value, name) for name in value.__struct_fields__))
        elif type(value) is dict:
            yield from mutables(*value.values())
            yield value
        elif type(value) is list:
            yield from mutables(*value)
            yield value


REPEATING = [
    ({"content": "ab"}, {}),
    ({"reasoning": "ab"}, {}),
    ({"reasoning_content": "ab", "role": "assistant"}, {"id": "c1", "provider": "x"}),
    ({"refusal": "ab"}, {"service_tier": "auto"}),
]


@pytest.mark.parametrize(("delta", "around"), REPEATING)
def test_a_chunk_that_would_only_append_text_says_where(delta: dict[str, str], around: dict[str, str]) -> None:
    builder = CompletionBuilder(Limits(), None, "openai_chat")
    piece = chunk(delta, **around)
    (first,) = builder.add(piece)
    channel = builder.repeating(piece)
    assert channel is not None
    assert channel.append("cd") == replace(first, text="cd")
    builder.add(piece)
    assert channel.text() == "abcdab"


@pytest.mark.parametrize(
    "piece",
    [
        chunk({}),
        chunk({"content": ""}),
        chunk({"content": "a", "reasoning": "b"}),
        chunk({"content": "a", "odd": 1}),
        chunk({"content": "a", **CALL}),
        chunk({"content": "a", "reasoning_details": [{"data": "b"}]}),
        chunk({"content": "a", "thinking_blocks": [{"data": "b"}]}),
        chunk({"content": "a", "audio": {"id": "a"}}),
        chunk({"content": "a", "function_call": {"name": "f"}}),
        chunk({"content": "a"}, usage={"prompt_tokens": 1}),
        chunk({"content": "a"}, moderation={"a": 1}),
        chunk(),
        ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}),
        ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {}}]}),
        ChatCompletionChunk.from_dict({"choices": [{"index": 0, "delta": {"content": "a"}, "message": {}}]}),
        ChatCompletionChunk.from_dict({"choices": [{"index": index, "delta": {"content": "a"}} for index in (0, 1)]}),
    ],
)
def test_a_chunk_that_does_anything_else_is_not_repeating(piece: ChatCompletionChunk) -> None:
    builder = CompletionBuilder(Limits(), None, "openai_chat")
    builder.add(piece)
    assert builder.repeating(piece) is None
