"""Parts: of chats in order of first appearance, of other formats where the dialect says they begin and end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from sse_stream import (
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    ChoiceFinished,
    Message,
    ReasoningDelta,
    ServerSentEvent,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
)
from sse_stream._chat._events import PartDone, PartStarted
from sse_stream._chat._parts import Part, ProviderPart, ReasoningPart, RefusalPart, TextPart, ToolCallPart
from sse_stream._json._depth import JSONValue
from sse_stream.dialects import Done, Item, OpenAIChat, PartEnd, PartStart
from sse_stream.testing import bytewise


def framed(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def delta(choice: int = 0, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": choice, "delta": fields}]}


CALL = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
CHATS: dict[str, tuple[list[dict[str, Any]], list[object]]] = {
    "text": ([delta(content="a"), delta(content="b")], [TextPart("ab")]),
    "reasoning, then text": (
        [delta(reasoning="a"), delta(content="b"), delta(reasoning="c")],
        [ReasoningPart("ac"), TextPart("b")],
    ),
    "text, then reasoning": ([delta(content="b"), delta(reasoning="a")], [TextPart("b"), ReasoningPart("a")]),
    "a call between two texts": (
        [delta(content="a"), delta(tool_calls=[CALL]), delta(content="b")],
        [TextPart("ab"), ToolCallPart(ToolCall("c1", "f", "{}"))],
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
    with pytest.raises(TypeError, match=rf"^Older is no dialect: add .*{missing}.*See sse_stream\.dialects\.Dialect$"):
        ChatDecoder(dialect=type("Older", (), fields)())


def test_a_dialect_whose_fast_path_does_not_see_the_name_is_told_so() -> None:
    class Older(OpenAIChat):
        def decode_plain(self, data: bytes | str) -> ChatCompletionChunk | None:  # type: ignore[override]  # of old
            return super().decode_plain(data)

    with pytest.raises(
        TypeError, match=r"Older\.decode_plain takes no event: write def decode_plain\(self, data, event"
    ):
        ChatDecoder(dialect=Older())  # type: ignore[arg-type]  # which a type checker tells as well
