"""Parts: for chats in order of first appearance, for other formats where the dialect marks their start and end."""

from __future__ import annotations

import gc
import json
import sys
import weakref
from collections.abc import Sequence
from typing import Any

import pytest

from sse_stream import (
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    ChoiceFinished,
    Limits,
    Message,
    OutputTooLargeError,
    ReasoningDelta,
    ServerSentEvent,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
)
from sse_stream._chat._builder import CompletionBuilder
from sse_stream._chat._events import PartDone, PartStarted
from sse_stream._chat._marked_parts import MarkedParts
from sse_stream._chat._memory import ENTRY, POINTER, Tally, weight
from sse_stream._chat._part_state import PartState
from sse_stream._chat._parts import Part, ProviderPart, ReasoningPart, RefusalPart, TextPart, ToolCallPart
from sse_stream._chat._text_channel import TextChannel
from sse_stream._json._depth import JSONValue
from sse_stream.dialects import DialectFound, Done, Item, OpenAIChat, PartEnd, PartPiece, PartStart
from sse_stream.testing import bytewise


def framed(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def delta(choice: int = 0, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": choice, "delta": fields}]}


CALL = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
FULL = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "[1]"}}
CHATS: dict[str, tuple[list[dict[str, Any]], list[object]]] = {
    "text": ([delta(content="a"), delta(content="b")], [TextPart("ab")]),
    "reasoning, then text": (
        [delta(reasoning="a"), delta(content="b"), delta(reasoning="c")],
        [ReasoningPart("ac"), TextPart("b")],
    ),
    "text, then reasoning": ([delta(content="b"), delta(reasoning="a")], [TextPart("b"), ReasoningPart("a")]),
    "a call between two texts": (
        [delta(content="a"), delta(tool_calls=[FULL]), delta(content="b")],
        [TextPart("ab"), ToolCallPart(ToolCall("c1", "f", "[1]"))],
    ),
    "a refusal": ([delta(refusal="no")], [RefusalPart("no")]),
    "nothing": ([delta(role="assistant")], []),
    "citations": (
        [delta(content="a", annotations=[{"type": "url_citation"}])],
        [TextPart("a", [{"type": "url_citation"}])],
    ),
}


@pytest.mark.parametrize("name", CHATS)
def test_a_chat_has_its_parts_in_order_of_first_appearance(name: str) -> None:
    chunks, parts = CHATS[name]
    body = framed(*chunks)
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder()
        for piece in pieces:
            events = list(decoder.feed(piece))
            assert not [event for event in events if isinstance(event, (PartStarted, PartDone))]
        (choice,) = decoder.completion.choices
        message = choice.message
        assert message.parts == parts
        assert message.content == ("".join(part.text for part in parts if isinstance(part, TextPart)) or None)
        assert message.reasoning == ("".join(part.text for part in parts if isinstance(part, ReasoningPart)) or None)
        assert message.refusal == ("".join(part.text for part in parts if isinstance(part, RefusalPart)) or None)
        assert message.tool_calls == [part.tool_call for part in parts if isinstance(part, ToolCallPart)]


def test_a_message_that_is_made_of_its_joins_has_parts() -> None:
    call = ToolCall("c1", "f", "{}")
    message = Message(content="b", reasoning="a", refusal="c", tool_calls=[call])
    assert message.parts == [ReasoningPart("a"), TextPart("b"), RefusalPart("c"), ToolCallPart(call)]


class Marking:
    """A format that says where parts begin and end: one JSON object an event, of one of four kinds."""

    name = "marking"
    end_mark = "the end"
    decodes_alike = True

    def __init__(self) -> None:
        self._chunks = OpenAIChat()

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        value = json.loads(event.data)
        match event.event:
            case "start":
                return (PartStart(**value),)
            case "stop":
                return (PartEnd(**value),)
        return self._chunks.decode(event)

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        return self._chunks.decode_plain(data) if event == "delta" else None

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        return ()

    def is_whole(self, data: str) -> bool:
        return False

    def end(self) -> Sequence[Item]:
        return (ChatCompletionChunk.from_dict({"choices": [{"index": 0, "finish_reason": "stop"}]}), Done())

    @staticmethod
    def turn(message: Message) -> JSONValue:
        return [part.native for part in message.parts]


def event(name: str, value: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n".encode()


def start(index: int, kind: str) -> bytes:
    return event("start", {"choice": 0, "index": index, "kind": kind})


def stop(index: int, native: JSONValue) -> bytes:
    return event("stop", {"choice": 0, "index": index, "native": native})


MARKED = (
    start(0, "reasoning_summary")
    + event("delta", delta(reasoning="a"))
    + stop(0, {"signed": "a"})
    + start(1, "text")
    + event("delta", delta(content="b"))
    + event("delta", delta(content="c"))
    + stop(1, {"said": "bc"})
    + start(2, "search")
    + stop(2, {"query": ["x"]})
    + start(3, "tool_call")
    + event("delta", delta(tool_calls=[CALL]))
    + stop(3, {"called": "f"})
    + start(4, "text")
    + event("delta", delta(content="d"))
    + stop(4, None)
)
PARTS: list[Part] = [
    ReasoningPart("a", "summary", {"signed": "a"}),
    TextPart("bc", [], {"said": "bc"}),
    ProviderPart("search", {"query": ["x"]}),
    ToolCallPart(ToolCall("c1", "f", "{}"), {"called": "f"}),
    TextPart("d"),
]
EVENTS: list[ChatEvent] = [
    PartStarted(0, "reasoning_summary"),
    ReasoningDelta("a"),
    PartDone(0, PARTS[0]),
    PartStarted(1, "text"),
    TextDelta("b"),
    TextDelta("c"),
    PartDone(1, PARTS[1]),
    PartStarted(2, "search"),
    PartDone(2, PARTS[2]),
    PartStarted(3, "tool_call"),
    ToolCallStarted(0, "c1", "f"),
    ToolCallDelta(0, "{}"),
    ToolCallDone(0, ToolCall("c1", "f", "{}")),
    PartDone(3, PARTS[3]),
    PartStarted(4, "text"),
    TextDelta("d"),
    PartDone(4, PARTS[4]),
]


def test_a_dialect_says_where_parts_begin_and_end_and_what_the_end_means() -> None:
    for pieces in ([MARKED], bytewise(MARKED), [MARKED[:200], MARKED[200:]]):
        decoder = ChatDecoder(dialect=Marking())
        events = [said for piece in pieces for said in decoder.feed(piece)]
        assert events == EVENTS
        *_, finished, done = decoder.close()
        assert (finished, done.type, decoder.ending) == (ChoiceFinished("stop"), "stream_done", "complete")
        completion = decoder.completion
        assert completion.dialect == "marking"
        message = completion.choices[0].message
        assert message.parts == PARTS
        assert (message.content, message.reasoning) == ("bcd", "a")
        assert message.to_native() == [{"signed": "a"}, {"said": "bc"}, {"query": ["x"]}, {"called": "f"}, None]


@pytest.mark.parametrize(
    ("kind", "field", "part"),
    [
        ("text", "content", TextPart("ab", [], {"n": 1})),
        ("refusal", "refusal", RefusalPart("ab", {"n": 1})),
        ("reasoning", "reasoning", ReasoningPart("ab", "full", {"n": 1})),
        ("reasoning_summary", "reasoning", ReasoningPart("ab", "summary", {"n": 1})),
        ("redacted_reasoning", "reasoning", ReasoningPart("ab", "redacted", {"n": 1})),
    ],
)
def test_the_text_of_a_part_goes_to_it_by_its_kind(kind: str, field: str, part: Part) -> None:
    deltas = [{"choices": [{"index": 0, "delta": {field: text}}]} for text in "ab"]
    body = start(0, kind) + b"".join(event("delta", said) for said in deltas) + stop(0, {"n": 1})
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder(dialect=Marking())
        events = [said for piece in pieces for said in decoder.feed(piece)]
        assert (events[0], events[-1]) == (PartStarted(0, kind), PartDone(0, part))
        assert decoder.completion.message.parts == [part]


class Gathering(Marking):
    """Gives a part's object in pieces: how it begins, then what is in it."""

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        value = json.loads(event.data)
        match event.event:
            case "start":
                return (PartStart(**value, native={"began": value["kind"]}),)
            case "piece":
                return (PartPiece(**value),)
            case "stop":
                return (PartEnd(0, value["index"], None, gathered, "notes"),)
        return super().decode(event)


def gathered(began: JSONValue, text: str, pieces: list[JSONValue]) -> JSONValue:
    return {**began, "text": text, "notes": pieces}


def kept(index: int, value: JSONValue) -> bytes:
    return event("piece", {"choice": 0, "index": index, "piece": value})


GATHERED: dict[str, tuple[bytes, Part]] = {
    "a text and its notes": (
        start(0, "text") + event("delta", delta(content="ab")) + kept(0, {"at": 1}) + kept(0, [2]) + stop(0, None),
        TextPart("ab", [{"at": 1}, [2]], {"began": "text", "text": "ab", "notes": [{"at": 1}, [2]]}),
    ),
    "text that only the provider reads": (
        start(0, "search") + kept(0, "é") + kept(0, {"x": 1}) + kept(0, "b") + stop(0, None),
        ProviderPart("search", {"began": "search", "text": "éb", "notes": [{"x": 1}]}),
    ),
    "a call's arguments": (
        start(0, "tool_call") + event("delta", delta(tool_calls=[CALL])) + stop(0, None),
        ToolCallPart(ToolCall("c1", "f", "{}"), {"began": "tool_call", "text": "{}", "notes": []}),
    ),
    "nothing": (
        start(0, "search") + stop(0, None),
        ProviderPart("search", {"began": "search", "text": "", "notes": []}),
    ),
    "what comes too late, and for no part": (
        start(0, "search") + stop(0, None) + kept(0, "late") + kept(7, "lost") + stop(7, None),
        ProviderPart("search", {"began": "search", "text": "", "notes": []}),
    ),
    "a part that is not closed": (start(0, "text") + event("delta", delta(content="a")) + kept(0, {}), TextPart("a")),
}


@pytest.mark.parametrize("name", GATHERED)
def test_a_native_object_is_put_together_of_what_came(name: str) -> None:
    body, part = GATHERED[name]
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder(dialect=Gathering())
        events = [said for piece in pieces for said in decoder.feed(piece)]
        assert decoder.completion.message.parts == [part]
        assert [said.part for said in events if isinstance(said, PartDone)] == ([part] if part.native else [])


def test_pieces_that_no_chunk_carries_are_counted_as_deltas() -> None:
    pieces = [kept(0, "a"), event("delta", delta(content="b")), kept(0, {"x": 1}), kept(0, "c")]
    body = b"".join([start(0, "text"), *pieces, stop(0, None)])
    for reads in ([body], bytewise(body)):
        stream = ChatStream(reads, dialect=Gathering())
        stream.until_done()
        assert stream.timings.deltas == 4


def test_a_part_that_has_not_ended_is_resumed() -> None:
    taking_turns = (
        start(0, "text") + start(1, "text") + start(0, "text") + event("delta", delta(content="a")) + stop(0, {})
    )
    body = taking_turns + start(0, "text") + event("delta", delta(content="b"))
    decoder = ChatDecoder(dialect=Marking())
    assert list(decoder.feed(body)) == [
        PartStarted(0, "text"),
        PartStarted(1, "text"),
        TextDelta("a"),
        PartDone(0, TextPart("a", [], {})),
        PartStarted(0, "text"),  # of the same name, but another
        TextDelta("b"),
    ]
    assert [part.text for part in decoder.completion.message.parts if isinstance(part, TextPart)] == ["a", "", "b"]


class Handing(OpenAIChat):
    """Hands over to another dialect at an event of this name."""

    __slots__ = ()

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        return (DialectFound(Marking()),) if event.event == "other" else super().decode(event)


def test_a_dialect_hands_over_to_another() -> None:
    body = framed(delta(content="a")) + event("other", {}) + MARKED
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder(dialect=Handing())
        events = [said for piece in pieces for said in decoder.feed(piece)]
        assert events == [TextDelta("a"), *EVENTS]
        *_, done = decoder.close()
        assert (done.type, decoder.completion.dialect, decoder.ending) == ("stream_done", "marking", "complete")


def test_what_is_handed_over_to_is_a_dialect() -> None:
    class Wrong(Handing):
        def decode(self, event: ServerSentEvent) -> Sequence[Item]:
            return (DialectFound(object()),)  # type: ignore[arg-type]  # the mistake that is tested

    decoder = ChatDecoder(dialect=Wrong())
    with pytest.raises(TypeError, match="object is not a dialect: add"):
        list(decoder.feed(event("other", {})))


def test_a_stream_says_which_dialect_it_is_read_with() -> None:
    assert ChatStream([MARKED], dialect=Marking()).dialect == "marking"
    assert ChatStream([b""]).dialect == "openai_chat"


def test_native_objects_are_handed_out_as_copies() -> None:
    decoder = ChatDecoder(dialect=Marking())
    done = [said for said in decoder.feed(MARKED) if isinstance(said, PartDone)]
    part = done[2].part
    assert isinstance(part, ProviderPart)
    part.native["query"].clear()
    again = decoder.completion.choices[0].message.parts[2]
    assert again == PARTS[2]


def read(body: bytes) -> tuple[list[ChatEvent], Message]:
    decoder = ChatDecoder(dialect=Marking())
    events = list(decoder.feed(body))
    return events, decoder.completion.choices[0].message


def test_pieces_go_to_the_part_that_was_named_last() -> None:
    said = event("delta", delta(content="a", reasoning="x"))
    events, message = read(
        start(0, "text")
        + start(1, "reasoning")
        + start(2, "text")
        + said
        + start(0, "text")
        + said
        + start(2, "text")
        + said
    )
    assert message.parts == [TextPart("a"), ReasoningPart("xxx"), TextPart("aa")]
    assert [said for said in events if isinstance(said, PartStarted)] == [
        PartStarted(0, "text"),
        PartStarted(1, "reasoning"),
        PartStarted(2, "text"),
    ]


def test_the_object_of_a_part_may_be_said_again() -> None:
    events, message = read(
        start(0, "refusal") + event("delta", delta(refusal="a")) + stop(0, 1) + start(1, "refusal") + stop(0, [2])
    )
    assert message.parts == [RefusalPart("a", [2]), RefusalPart("")]
    assert [said for said in events if isinstance(said, PartDone)] == [PartDone(0, RefusalPart("a", 1))]


def test_a_part_of_the_name_of_one_that_has_ended_is_another() -> None:
    piece = event("delta", delta(refusal="a"))
    _, message = read(start(0, "refusal") + piece + stop(0, 1) + start(0, "refusal") + piece + stop(0, 2))
    assert message.parts == [RefusalPart("a", 1), RefusalPart("a", 2)]


def test_annotations_belong_to_the_part_that_text_goes_to() -> None:
    same = {"type": "file_citation", "index": 3, "file_id": "f"}
    body = (
        start(0, "text")
        + event("delta", delta(content="a", annotations=[same]))
        + start(1, "text")
        + event("delta", delta(annotations=[same, {**same, "file_id": "g"}], other=1))
    )
    _, message = read(body)
    assert message.parts == [TextPart("a", [same]), TextPart("", [same, {**same, "file_id": "g"}])]
    assert message.extra == {"other": 1}
    decoder = ChatDecoder(dialect=Marking())
    list(decoder.feed(body))
    said = decoder.completion.to_dict()["choices"][0]["message"]
    assert said["provider_fields"]["annotations"] == [same, same, {**same, "file_id": "g"}]


class Native(dict[str, JSONValue]):
    """An object to which a weak reference can refer."""


def test_what_is_kept_of_a_part_is_counted_until_its_object_takes_its_place() -> None:
    tally = Tally(10_000)
    parts = MarkedParts(tally)
    part = PartState("web_search")
    began = Native(a=1000)
    parts.begin(0, part, began)
    assert parts.resumed(0, "web_search") is part
    assert parts.resumed(0, "code") is parts.resumed(1, "web_search") is None
    assert tally.size == sys.getsizeof(began)
    parts.add(0, "é")
    parts.add(0, {"ab": 1000})
    parts.add(0, {"ab": 2000})
    pieces = weight({"ab": 1000}) + weight({"ab": 2000}, names={"ab"})
    assert tally.size == sys.getsizeof(began) + 2 + 2 * POINTER + pieces
    reference = weakref.ref(began)
    del began
    parts.end(part, {"c": 0.5}, None, "")
    assert tally.size == weight({"c": 0.5})
    gc.collect()
    assert reference() is None
    assert parts.resumed(0, "web_search") is None
    parts.add(0, "more")
    parts.add(1, "of none")
    assert tally.size == weight({"c": 0.5})
    parts.end(part, {"c": [0.5]}, None, "")
    assert tally.size == weight({"c": [0.5]})


def test_annotations_of_a_text_are_kept_and_counted() -> None:
    part = PartState("text", channel=TextChannel(TextDelta, 0, Tally(10_000)))
    assert part.annotate([1000, 2000]) == 2 * (POINTER + weight(1000))
    assert part.annotate([3000]) == POINTER + weight(3000)
    assert part.snapshot() == TextPart("", [1000, 2000, 3000])
    assert not part.is_complete


@pytest.mark.parametrize(
    ("annotations", "size"),
    [([1000, 2000], 2 * (POINTER + weight(1000))), (None, 0), ("x", ENTRY + weight("annotations", "x"))],
)
def test_only_a_list_of_annotations_belongs_to_a_text(annotations: JSONValue, size: int) -> None:
    builder = CompletionBuilder(Limits(), None, "marking")
    builder.choice(0).start_part(0, "text")
    said = {"content": "abc", **({} if annotations is None else {"annotations": annotations})}
    for each in (delta(**said), delta(other=0.5)):
        builder.add(ChatCompletionChunk.from_dict(each))
    assert builder.tally.size == len("abc") + size + ENTRY + weight("other", 0.5)
    message = builder.snapshot().message
    own = annotations if isinstance(annotations, list) else []
    assert message.parts == [TextPart("abc", own)]
    assert message.extra == {"other": 0.5, **({"annotations": annotations} if annotations == "x" else {})}


@pytest.mark.parametrize(
    ("native", "annotations", "found"),
    [
        ({"citations": [1]}, "citations", [1]),
        ({"citations": [1]}, "", []),
        ({"": [1]}, "", []),
        ({"citations": 1}, "citations", []),
        ({}, "citations", []),
        ([1], "citations", []),
        (None, "citations", []),
    ],
)
def test_the_annotations_in_the_object_of_a_text(native: JSONValue, annotations: str, found: list[JSONValue]) -> None:
    body = start(0, "text") + event("delta", delta(content="a"))
    _, message = read(body + event("stop", {"choice": 0, "index": 0, "native": native, "annotations": annotations}))
    assert message.parts == [TextPart("a", found, native)]


def test_a_piece_of_what_has_not_begun_means_nothing() -> None:
    decoder = ChatDecoder(dialect=Gathering())
    assert [*decoder.feed(kept(0, "a") + start(0, "text"))] == [PartStarted(0, "text")]
    assert decoder.completion.message.parts == [TextPart("")]


def test_the_end_of_what_has_not_begun_means_nothing() -> None:
    events, message = read(stop(0, {}) + start(0, "text") + stop(1, {}))
    assert events == [PartStarted(0, "text")]
    assert message.parts == [TextPart("")]


@pytest.mark.parametrize(("before", "kinds"), [(start(0, "tool_call"), []), (b"", ["missing_call_id"])])
def test_the_id_of_a_call_that_was_announced_is_for_the_dialect_to_check(before: bytes, kinds: list[str]) -> None:
    call = {"index": 0, "function": {"name": "f", "arguments": "{}"}}
    body = before + event("delta", delta(tool_calls=[call]))
    for pieces in ([body], bytewise(body)):
        decoder = ChatDecoder(dialect=Marking())
        for piece in pieces:
            list(decoder.feed(piece))
        assert [anomaly.kind for anomaly in decoder.anomalies] == kinds
        assert decoder.completion.message.parts == [ToolCallPart(ToolCall("", "f", ""))]


@pytest.mark.parametrize("kind", ["text", "search"])
def test_parts_are_counted(kind: str) -> None:
    body = b"".join(start(index, kind) for index in range(1000))
    decoder = ChatDecoder(dialect=Marking(), limits=Limits(output_size=100_000))
    with pytest.raises(OutputTooLargeError):
        list(decoder.feed(body))
    assert len(decoder.completion.choices[0].message.parts) >= 100


def test_the_end_mark_is_named_where_it_is_missing() -> None:
    class Endless(Marking):
        def end(self) -> Sequence[Item]:
            return ()

    decoder = ChatDecoder(dialect=Endless())
    list(decoder.feed(MARKED))
    with pytest.raises(Exception, match="no the end came"):
        list(decoder.close())


@pytest.mark.parametrize(
    "missing", ["name", "end_mark", "decode", "decode_plain", "decode_field", "is_whole", "end", "turn"]
)
def test_a_dialect_that_lacks_something_is_told_what_to_add(missing: str) -> None:
    fields = {name: value for name, value in vars(Marking).items() if name != missing and not name.startswith("__")}
    with pytest.raises(
        TypeError, match=rf"^Older is not a dialect: add .*{missing}.*See sse_stream\.dialects\.Dialect$"
    ):
        ChatDecoder(dialect=type("Older", (), fields)())


def test_a_dialect_whose_fast_path_does_not_see_the_name_is_told_so() -> None:
    class Older(OpenAIChat):
        def decode_plain(self, data: bytes | str) -> ChatCompletionChunk | None:  # type: ignore[override]  # of old
            return super().decode_plain(data)

    with pytest.raises(
        TypeError,
        match=r"Older\.decode_plain has no parameter for the event's name: declare it as def decode_plain\(self, data, event",
    ):
        ChatDecoder(dialect=Older())  # type: ignore[arg-type]  # which a type checker tells as well
