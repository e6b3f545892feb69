"""Surrogate pairs that are split between deltas: rejoined in their text, and replaced where the other half is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sse_stream import ChatCompletionChunk, ChatDecoder
from sse_stream._decoding._queue import ItemQueue
from sse_stream._decoding._surrogates import Surrogates
from sse_stream.dialects import AnomalyFound, Done, OpenAIChat
from sse_stream.testing import bytewise

HIGH, LOW = "\ud83d", "\ude00"

Delta = dict[str, Any]


def call(index: int, arguments: str, **names: str) -> Delta:
    return {"tool_calls": [{"index": index, "function": {**names, "arguments": arguments}}]}


def custom(index: int, text: str, **names: str) -> Delta:
    return {"tool_calls": [{"index": index, "type": "custom", "custom": {**names, "input": text}}]}


TEXTS: dict[str, Callable[[str], Delta]] = {
    "content": lambda text: {"content": text},
    "refusal": lambda text: {"refusal": text},
    "reasoning_content": lambda text: {"reasoning_content": text},
    "reasoning": lambda text: {"reasoning": text},
    "reasoning_text": lambda text: {"reasoning_text": text},
    "a detail's text": lambda text: {"reasoning_details": [{"type": "reasoning.text", "text": text}]},
    "a detail's summary": lambda text: {"reasoning_details": [{"type": "reasoning.summary", "summary": text}]},
    "a block's thinking": lambda text: {"thinking_blocks": [{"type": "thinking", "thinking": text}]},
    "arguments": lambda text: call(0, text),
    "a custom tool's input": lambda text: custom(0, text),
    "a function call's arguments": lambda text: {"function_call": {"arguments": text}},
    "a transcript": lambda text: {"audio": {"transcript": text}},
}


def chunk(delta: Delta, index: int = 0, **choice: Any) -> ChatCompletionChunk:
    return ChatCompletionChunk.from_dict({"choices": [{"index": index, "delta": delta, **choice}]})


class Mending:
    """What becomes of deltas, and what is noted meanwhile."""

    def __init__(self) -> None:
        self.surrogates = Surrogates()
        self.notes: list[tuple[str, str]] = []

    def __call__(self, delta: Delta, index: int = 0, **choice: Any) -> Delta:
        return self.delta(self.surrogates.mend(chunk(delta, index, **choice), self.note))

    def note(self, kind: str, sample: str) -> None:
        self.notes.append((kind, sample))

    def rest(self) -> list[tuple[int, Delta]]:
        return [
            (choice["index"], choice["delta"])
            for last in self.surrogates.rest(self.note)
            for choice in last.to_dict()["choices"]
        ]

    @staticmethod
    def delta(mended: ChatCompletionChunk) -> Delta:
        (choice,) = mended.to_dict()["choices"]
        delta: Delta = choice["delta"]
        return delta


@pytest.fixture
def mend() -> Mending:
    return Mending()


@pytest.mark.parametrize("name", TEXTS)
class TestInEachText:
    def test_halves_are_rejoined(self, name: str, mend: Mending) -> None:
        text = TEXTS[name]
        assert mend(text("a" + HIGH)) == text("a")
        assert mend({"role": "assistant"}) == {"role": "assistant"}
        assert mend(text("")) == text("")
        assert mend(text(LOW + "b")) == text("😀b")
        assert mend.notes == [("split_surrogate", repr(HIGH + LOW + "b"))]
        assert mend.rest() == []

    def test_a_high_half_alone_is_replaced_when_its_text_goes_on(self, name: str, mend: Mending) -> None:
        text = TEXTS[name]
        assert mend(text(HIGH)) == text("")
        assert mend(text("b")) == text("\ufffdb")
        assert mend.notes == [("lone_surrogate", repr(HIGH))]

    def test_each_half_may_be_alone(self, name: str, mend: Mending) -> None:
        text = TEXTS[name]
        assert mend(text("a" + LOW)) == text("a\ufffd")
        assert mend(text("\ufffd" + HIGH)) == text("\ufffd")
        assert mend(text(HIGH)) == text("\ufffd")
        assert mend(text(LOW + HIGH + "c" + LOW)) == text("😀\ufffdc\ufffd")
        assert [kind for kind, _ in mend.notes] == [
            "lone_surrogate",
            "lone_surrogate",
            "split_surrogate",
            "lone_surrogate",
        ]

    @pytest.mark.parametrize("high", ["\ud800", "\ud83d", "\udbff"])
    @pytest.mark.parametrize("low", ["\udc00", "\ude00", "\udfff"])
    def test_whichever_halves_they_are(self, name: str, high: str, low: str, mend: Mending) -> None:
        text = TEXTS[name]
        assert mend(text(high)) == text("")
        whole = (high + low).encode("utf-16", "surrogatepass").decode("utf-16")
        assert mend(text(low)) == text(whole)
        assert [kind for kind, _ in mend.notes] == ["split_surrogate"]

    @pytest.mark.parametrize("other", ["\ud7ff", "\ue000"])
    def test_what_is_next_to_them_is_none(self, name: str, other: str, mend: Mending) -> None:
        text = TEXTS[name]
        assert mend(text(HIGH)) == text("")
        assert mend(text(other)) == text("\ufffd" + other)
        assert mend.notes == [("lone_surrogate", repr(HIGH))]
        assert mend(text(LOW + other)) == text("\ufffd" + other)

    def test_a_replacement_that_a_low_half_gets_is_noted(self, name: str, mend: Mending) -> None:
        text = TEXTS[name]
        mend(text(HIGH))
        assert mend(text("b" + LOW)) == text("\ufffdb\ufffd")
        assert mend.notes == [("lone_surrogate", repr(HIGH)), ("lone_surrogate", repr(HIGH + "b" + LOW))]
        mend.notes.clear()
        mend(text(HIGH))
        assert mend(text(LOW + "c" + LOW)) == text("😀c\ufffd")
        sample = HIGH + LOW + "c" + LOW
        assert mend.notes == [("split_surrogate", repr(sample)), ("lone_surrogate", repr(sample))]

    def test_choices_are_told_apart(self, name: str, mend: Mending) -> None:
        text = TEXTS[name]
        assert mend(text("a" + HIGH), index=0) == text("a")
        assert mend(text("b" + HIGH), index=1) == text("b")
        assert mend(text(LOW), index=1) == text("😀")
        assert mend(text(LOW), index=0) == text("😀")

    def test_what_has_none_is_given_back(self, name: str, mend: Mending) -> None:
        whole = chunk(TEXTS[name]("a😀\ufffd"))
        assert mend.surrogates.mend(whole, mend.note) is whole
        assert mend.notes == []


ENDS = [
    ({"content": "a" + HIGH}, {"content": "a"}, {"content": "\ufffd"}),
    ({"refusal": HIGH}, {"refusal": ""}, {"refusal": "\ufffd"}),
    (call(2, HIGH), call(2, ""), call(2, "\ufffd")),
    (
        {"function_call": {"arguments": HIGH}},
        {"function_call": {"arguments": ""}},
        {"function_call": {"arguments": "\ufffd"}},
    ),
    ({"audio": {"transcript": "a" + HIGH}}, {"audio": {"transcript": "a"}}, {"audio": {"transcript": "\ufffd"}}),
    (
        {"reasoning_details": [{"type": "reasoning.text", "index": 3, "text": "a" + HIGH}]},
        {"reasoning_details": [{"type": "reasoning.text", "index": 3, "text": "a"}]},
        {"reasoning_details": [{"type": "reasoning.text", "index": 3, "text": "\ufffd"}]},
    ),
    (
        {"reasoning_details": [{"type": 1, "summary": HIGH}]},
        {"reasoning_details": [{"type": 1, "summary": ""}]},
        {"reasoning_details": [{"summary": "\ufffd"}]},
    ),
    (
        {"thinking_blocks": [{"type": "thinking", "thinking": "a" + HIGH}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "a"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "\ufffd"}]},
    ),
]


class TestAtTheEnd:
    @pytest.mark.parametrize(("delta", "before", "after"), ENDS)
    def test_of_a_choice_what_was_held_back_is_replaced(
        self, delta: Delta, before: Delta, after: Delta, mend: Mending
    ) -> None:
        assert mend(delta) == before
        assert mend({}, finish_reason="stop") == after
        assert mend.notes == [("lone_surrogate", repr(HIGH))]
        assert mend.rest() == []

    @pytest.mark.parametrize(("delta", "before", "after"), ENDS)
    def test_of_the_stream_too(self, delta: Delta, before: Delta, after: Delta, mend: Mending) -> None:
        assert mend(delta, index=1) == before
        assert mend(delta, index=0) == before
        assert mend.rest() == [(0, after), (1, after)]
        assert mend.notes == [("lone_surrogate", repr(HIGH))] * 2
        assert mend.rest() == []

    def test_it_comes_after_what_the_last_delta_says(self, mend: Mending) -> None:
        said = {"content": "a" + HIGH, "function_call": {"arguments": "b" + HIGH}, **call(0, "c" + HIGH)}
        said["audio"] = {"id": "x", "transcript": "d" + HIGH}
        said["thinking_blocks"] = [{"type": "thinking", "thinking": "e" + HIGH}]
        assert mend(said, finish_reason="stop") == {
            "content": "a\ufffd",
            "function_call": {"arguments": "b\ufffd"},
            "audio": {"id": "x", "transcript": "d\ufffd"},
            "thinking_blocks": [{"type": "thinking", "thinking": text} for text in ("e", "\ufffd")],
            "tool_calls": [call(0, "c")["tool_calls"][0], call(0, "\ufffd")["tool_calls"][0]],
        }

    def test_all_calls_get_theirs(self, mend: Mending) -> None:
        for index in (0, 1):
            mend(call(index, HIGH))
        pieces = [call(index, "\ufffd")["tool_calls"][0] for index in (0, 1)]
        assert mend({}, finish_reason="tool_calls") == {"tool_calls": pieces}

    def test_of_another_choice_nothing_is_replaced(self, mend: Mending) -> None:
        mend({"content": HIGH}, index=0)
        assert mend({"content": "b"}, index=1, finish_reason="stop") == {"content": "b"}
        assert mend({"content": LOW}, index=0) == {"content": "😀"}

    @pytest.mark.parametrize("numbered", [{}, {"index": 1}], ids=["in order", "numbered"])
    @pytest.mark.parametrize(
        ("field", "kind", "name"),
        [
            ("reasoning_details", "reasoning.text", "text"),
            ("reasoning_details", "reasoning.summary", "summary"),
            ("thinking_blocks", "thinking", "thinking"),
        ],
    )
    def test_it_belongs_to_the_reasoning_that_it_ends(self, field: str, kind: str, name: str, numbered: Delta) -> None:
        block = {"type": kind, **numbered}
        deltas = [{field: [{**block, name: text}]} for text in ("a", "b" + HIGH)]
        chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        decoder = ChatDecoder()
        list(decoder.feed(b"".join(f"data: {json.dumps(said)}\n\n".encode() for said in chunks)))
        list(decoder.feed(b"data: [DONE]\n\n"))
        message = decoder.completion.message
        assert message.reasoning == "ab\ufffd"
        assert message.extra[field] == [{**block, name: "ab\ufffd"}]


class TestItems:
    def test_calls_are_told_apart_by_index(self, mend: Mending) -> None:
        mend(call(0, "a" + HIGH))
        mend(call(1, "b" + HIGH))
        assert mend(call(1, LOW)) == call(1, "😀")
        assert mend(call(0, LOW)) == call(0, "😀")

    @pytest.mark.parametrize("make", [call, custom])
    def test_a_name_begins_another_call(self, make: Callable[..., Delta], mend: Mending) -> None:
        mend(make(0, HIGH, name="f"))
        late, named = call(0, "\ufffd")["tool_calls"][0], make(0, LOW, name="g")["tool_calls"][0]
        cleaned = make(0, "\ufffd", name="g")["tool_calls"][0]
        assert mend({"tool_calls": [named]}) == {"tool_calls": [late, cleaned]}
        assert [kind for kind, _ in mend.notes] == ["lone_surrogate", "lone_surrogate"]

    def test_blocks_are_told_apart_by_index_and_otherwise_by_place(self, mend: Mending) -> None:
        def details(*blocks: Delta) -> Delta:
            return {"reasoning_details": list(blocks)}

        mend(details({"index": 1, "text": HIGH}, {"index": 0, "text": "a"}))
        assert mend(details({"index": 0, "text": "b"}, {"index": 1, "text": LOW})) == details(
            {"index": 0, "text": "b"}, {"index": 1, "text": "😀"}
        )
        mend(details({"text": "a"}, {"index": "x", "text": HIGH}))
        assert mend(details({"text": "b"}, {"text": LOW})) == details({"text": "b"}, {"text": "😀"})

    @pytest.mark.parametrize("field", ["reasoning_details", "thinking_blocks"])
    def test_each_block_gets_its_own_replacement(self, field: str, mend: Mending) -> None:
        def blocks(text: str) -> list[Delta]:
            return [{"index": 0, "text": text}, {"index": 2, "type": "t", "thinking": text}]

        assert mend({field: blocks("a" + HIGH)}) == {field: blocks("a")}
        assert mend.rest() == [(0, {field: blocks("\ufffd")})]
        mend({field: blocks(HIGH)})
        last = {field: [{"index": 4, "text": "b"}]}
        assert mend(last, finish_reason="stop") == {field: [*last[field], *blocks("\ufffd")]}

    def test_what_is_no_block_stays(self, mend: Mending) -> None:
        assert mend({"reasoning_details": ["a", {"text": 1, "n": None}], "content": HIGH}) == {
            "reasoning_details": ["a", {"text": 1, "n": None}],
            "content": "",
        }


class TestBeside:
    def test_other_fields_are_cleaned(self, mend: Mending) -> None:
        given = ChatCompletionChunk.from_dict(
            {"id": "a" + HIGH, "model": LOW, "choices": [{"index": 0, "delta": {"x": [{HIGH: LOW}, 1, None]}}]}
        )
        mended = mend.surrogates.mend(given, mend.note)
        assert (mended.id, mended.model) == ("a\ufffd", "\ufffd")
        assert mended.choices[0].delta.extra == {"x": [{"\ufffd": "\ufffd"}, 1, None]}
        assert mend.surrogates.waiting == {}

    @pytest.mark.parametrize(("text", "kept"), [("a" + HIGH, False), ("a" + LOW, True)])
    def test_a_whole_message_does_not_count_while_some_of_it_is_held_back(
        self, text: str, kept: bool, mend: Mending
    ) -> None:
        given = chunk({"content": text}, message={"role": "assistant", "content": text})
        (choice,) = mend.surrogates.mend(given, mend.note).choices
        assert (choice.message is not None) is kept

    def test_a_whole_message_alone_counts(self, mend: Mending) -> None:
        mend({"content": HIGH})
        given = chunk({}, message={"role": "assistant", "content": "a"})
        (choice,) = mend.surrogates.mend(given, mend.note).choices
        assert choice.message is not None


def test_before_the_end_mark_nothing_is_held_back_any_more() -> None:
    queue = ItemQueue()
    queue.put([chunk({"content": "a" + HIGH}), Done()])
    first, note, last, done = queue.entries
    assert isinstance(first, ChatCompletionChunk)
    assert isinstance(last, ChatCompletionChunk)
    assert (Mending.delta(first), Mending.delta(last)) == ({"content": "a"}, {"content": "\ufffd"})
    assert (note, done) == (AnomalyFound("lone_surrogate", repr(HIGH)), Done())


THOUGHT = [[{"type": "thinking", "thinking": [{"type": "text", "text": text}]}] for text in ("a" + HIGH, LOW + "b")]


@pytest.mark.parametrize(
    ("contents", "think_tags", "field"),
    [(THOUGHT, False, "content"), (["<think>a" + HIGH, LOW + "b</think>"], True, "think_tags")],
)
def test_where_mended_reasoning_came_from_is_known(contents: list[Any], think_tags: bool, field: str) -> None:
    chunks = [{"choices": [{"index": 0, "delta": {"content": content}}]} for content in contents]
    body = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks)
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder(dialect=OpenAIChat(think_tags=think_tags))
        for piece in pieces:
            list(decoder.feed(piece))
        message = decoder.completion.message
        assert (message.reasoning, message.reasoning_field) == ("a😀b", field)
