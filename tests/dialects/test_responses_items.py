"""What the dialect of OpenAI's Responses makes of each event by itself: its parts, pieces, ends and anomalies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sse_stream import (
    ChatCompletionChunk,
    ChatDecoder,
    ChoiceLogprobs,
    ChunkDecodeError,
    KeepAlive,
    ProviderError,
    ServerSentEvent,
    TextPart,
    TokenLogprob,
    Usage,
)
from sse_stream._chat._chunks import (
    ChoiceDelta,
    ChoiceDeltaAudio,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
)
from sse_stream.dialects import AnomalyFound, Failure, Item, OpenAIResponses, PartEnd, PartStart
from sse_stream.testing import bytewise

from .responses_bodies import (
    HI,
    REASONING,
    Object,
    added,
    body,
    call,
    created,
    done,
    ended,
    framed,
    message,
    numbered,
    part,
    piece,
    read,
    said,
    summary,
    summed,
    text,
    whole,
)

SEARCH = {"type": "web_search_call", "status": "completed"}
NOWHERE = AnomalyFound("missing_index", "output_index: None")
URL = {"type": "url_citation", "url": "https://a.example"}
LOGPROB = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}


def nowhere(event: Object, **fields: Any) -> Object:
    """The event without the position of its item."""
    return {**{name: value for name, value in event.items() if name != "output_index"}, **fields}


def annotated(annotation: Any, place: int = 0, content: int = 0) -> Object:
    where = {"output_index": place, "content_index": content, "annotation": annotation}
    return {"type": "response.output_text.annotation.added", **where}


def items_of(*events: Object, first: int = 0) -> list[Item]:
    """What the tolerant path makes of the last of these events."""
    dialect = OpenAIResponses()
    return [list(dialect.decode(ServerSentEvent(json.dumps(event)))) for event in numbered(*events, first=first)][-1]


def told(items: list[Item]) -> list[object]:
    """The items, with the delta of a chunk in its place."""
    return [item.choices[0].delta if isinstance(item, ChatCompletionChunk) and item.choices else item for item in items]


def chunk_of(*events: Object) -> ChatCompletionChunk:
    (chunk,) = (item for item in items_of(*events) if isinstance(item, ChatCompletionChunk))
    return chunk


def start(index: int, kind: str = "text") -> PartStart:
    return PartStart(0, index, kind)


def end(index: int, native: Any) -> PartEnd:
    return PartEnd(0, index, native)


def says(content: str) -> ChoiceDelta:
    return ChoiceDelta(content=content)


def thinks(content: str) -> ChoiceDelta:
    return ChoiceDelta(reasoning_content=content)


def cites(*annotations: Any) -> ChoiceDelta:
    return ChoiceDelta(extra={"annotations": list(annotations)})


def names(index: int = 0, id: str | None = "call_1", name: str | None = "f", **extra: Any) -> ChoiceDelta:
    function = ChoiceDeltaFunctionCall(name=name)
    return ChoiceDelta(
        tool_calls=[ChoiceDeltaToolCall(index=index, id=id, type="function", function=function, extra=extra)]
    )


def argues(arguments: str, index: int = 0) -> ChoiceDelta:
    return ChoiceDelta(
        tool_calls=[ChoiceDeltaToolCall(index=index, function=ChoiceDeltaFunctionCall(arguments=arguments))]
    )


def contradicts(text: str) -> AnomalyFound:
    return AnomalyFound("text_contradicts", text)


LONGEST = "x" * 256
OTHER = {**message(), "id": "msg_2"}
NAMELESS = {"type": "message", "content": []}
REFUSED = message({"type": "refusal", "refusal": "No"})
UNSUMMED = {**REASONING, "content": [{"type": "reasoning_text", "text": "b"}]}
THOUGHT = {**summed("a"), "content": UNSUMMED["content"]}

# Events of an answer that has not said which it is, and what is made of the last one.
STEPS: dict[str, tuple[list[Object], list[object]]] = {
    # ------------------------------------------------------------ which item
    "an item without a position, before any other": (
        [nowhere(added(0, SEARCH)), done(0, SEARCH)],
        [end(0, SEARCH)],
    ),
    "an item without a position comes after the last": (
        [added(1, SEARCH), nowhere(added(0, SEARCH)), done(2, SEARCH)],
        [end(1, SEARCH)],
    ),
    "the end of an item without a position, before any other": (
        [nowhere(done(0, SEARCH)), done(0, SEARCH)],
        [end(0, SEARCH)],
    ),
    "the end of an item without a position is of the last": (
        [added(0, SEARCH), added(1, SEARCH), nowhere(done(0, SEARCH))],
        [NOWHERE, end(1, SEARCH)],
    ),
    "a text without a position, before any other": (
        [nowhere(text("a")), text("b")],
        [says("b")],
    ),
    "a text without a position is of the last item": (
        [text("a"), text("b", 1), nowhere(text("c"))],
        [NOWHERE, says("c")],
    ),
    "an item is found by an id that is not too long": (
        [
            nowhere(added(0, {**SEARCH, "id": LONGEST})),
            added(1, SEARCH),
            nowhere(done(0, {**SEARCH, "id": LONGEST})),
        ],
        [NOWHERE, end(0, {**SEARCH, "id": LONGEST})],
    ),
    "an item is not found by an id that is too long": (
        [
            nowhere(added(0, {**SEARCH, "id": LONGEST + "x"})),
            added(1, SEARCH),
            nowhere(done(0, {**SEARCH, "id": LONGEST + "x"})),
        ],
        [NOWHERE, end(1, {**SEARCH, "id": LONGEST + "x"})],
    ),
    "an item is not found by an id that is no text": (
        [text("a"), nowhere(text("b"), item_id=["msg_1"])],
        [NOWHERE, says("b")],
    ),
    "an item that is done is no longer found by its id": (
        [added(0, message()), text("Hi"), done(0, HI), text("a", 1), nowhere(text("b"), item_id="msg_1")],
        [NOWHERE, says("b")],
    ),
    "an item with the longest id begins once": (
        [added(0, message(id=LONGEST)), added(0, message(id=LONGEST))],
        [AnomalyFound("start_repeated", str(message(id=LONGEST)))],
    ),
    "an item with another id is another": ([added(0, message()), added(0, OTHER)], [start(0)]),
    "an item with another of the longest ids is another": (
        [added(0, message(id=LONGEST)), added(0, message(id=LONGEST[1:] + "y"))],
        [start(0)],
    ),
    "an item with another id that is too long is the same": (
        [added(0, message(id=LONGEST + "x")), added(0, message(id=LONGEST + "y"))],
        [AnomalyFound("start_repeated", str(message(id=LONGEST + "y")))],
    ),
    "an item with another id that is no text is the same": (
        [added(0, message(id=5)), added(0, message(id=6))],
        [AnomalyFound("start_repeated", str(message(id=6)))],
    ),
    "an item that got an id is another": ([added(0, NAMELESS), added(0, {**NAMELESS, "id": "X"})], [start(0)]),
    "an item without an id begins again once it is done": (
        [added(0, NAMELESS), text("Hi"), done(0, HI), added(0, NAMELESS)],
        [],
    ),
    "a piece of that item": (
        [added(0, NAMELESS), text("Hi"), done(0, HI), added(0, NAMELESS), text("a")],
        [start(1), says("a")],
    ),
    # ------------------------------------------------------------ how a part begins
    "an item that has no text begins at once": ([added(0, SEARCH)], [start(0, "web_search_call")]),
    "an item that may have text does not": ([added(0, REASONING)], []),
    "a call begins with its id and name, and what else is known": (
        [added(0, call(namespace="n", status="in_progress"))],
        [start(0, "tool_call"), names(namespace="n")],
    ),
    "a call that is announced late is named": (
        [piece("function_call_arguments", "{"), added(0, call())],
        [names()],
    ),
    "the end of arguments may name a call": (
        [
            added(0, {"type": "function_call", "call_id": "call_1"}),
            whole("function_call_arguments", "{}", field="arguments", name="f", x=1),
        ],
        [names(id=None), argues("{}")],
    ),
    "the second call is the second": (
        [added(0, call()), added(1, call(call_id="call_2"))],
        [start(1, "tool_call"), names(1, "call_2")],
    ),
    "the third call is the third": (
        [added(0, call()), added(1, call(call_id="call_2")), added(2, call(call_id="call_3"))],
        [start(2, "tool_call"), names(2, "call_3")],
    ),
    "a text is begun without a word": ([part("added", said(""))], [start(0)]),
    "a content that is no text is not begun": ([part("added", {"type": "sketch"})], []),
    "an empty piece begins a text": ([text("")], [start(0)]),
    "an item that was announced begins before the next": (
        [added(0, REASONING), text("Hi", 1)],
        [start(0, "redacted_reasoning"), start(1), says("Hi")],
    ),
    # ------------------------------------------------------------ pieces
    "a piece that is no text": (
        [{**text(""), "delta": 5}],
        [start(0), AnomalyFound("odd_type", "delta: 5"), says("5")],
    ),
    "a piece that is null": ([{**text(""), "delta": None}], [start(0)]),
    "a piece of audio that is null": (
        [{"type": "response.audio.delta", "delta": None}],
        [ChoiceDelta(audio=ChoiceDeltaAudio(data=""))],
    ),
    "a piece of audio that is no text": (
        [{"type": "response.audio.delta", "delta": 5}],
        [AnomalyFound("odd_type", "delta: 5"), ChoiceDelta(audio=ChoiceDeltaAudio(data="5"))],
    ),
    "a piece of a transcript that is no text": (
        [{"type": "response.audio.transcript.delta", "delta": 5}],
        [AnomalyFound("odd_type", "delta: 5"), ChoiceDelta(audio=ChoiceDeltaAudio(transcript="5"))],
    ),
    "a piece of the text before is announced": ([text("a"), text("b", 1), text("c")], [start(0), says("c")]),
    "and the next is not": ([text("a"), text("b", 1), text("c"), text("d")], [says("d")]),
    "a refusal takes turns with itself only": (
        [text("a"), piece("refusal", "b", content_index=1), text("c")],
        [says("c")],
    ),
    "a refusal takes turns with another": (
        [piece("refusal", "a", content_index=0), piece("refusal", "b", 1), piece("refusal", "c", content_index=0)],
        [start(0, "refusal"), ChoiceDelta(refusal="c")],
    ),
    "a summary takes turns with reasoning": (
        [summary("a"), piece("reasoning_text", "b", content_index=0), summary("c")],
        [start(0, "reasoning_summary"), thinks("c")],
    ),
    "an annotation": ([text("a"), annotated(URL)], [cites(URL)]),
    "an annotation before its text": ([annotated(URL)], [start(0), cites(URL)]),
    "no annotation": ([text("a"), annotated(None)], []),
    "an annotation of the text before": ([text("a"), text("b", 1), annotated(URL)], [start(0), cites(URL)]),
    "a piece after an annotation of its text": ([text("a"), text("b", 1), annotated(URL), text("c")], [says("c")]),
    "annotations that come with the end of a text, and once": (
        [text("a"), annotated(URL), part("done", said("ab", annotations=[URL, URL]))],
        [says("b"), cites(URL)],
    ),
    "annotations of a text before whose item is done": (
        [text("a"), done(0, message(said("a"))), text("b", 1), part("done", said("a", annotations=[URL]))],
        [],
    ),
    "annotations of a refusal": (
        [part("done", {"type": "refusal", "refusal": "No", "annotations": [URL]})],
        [start(0, "refusal"), ChoiceDelta(refusal="No")],
    ),
    # ------------------------------------------------------------ what is sent whole
    "the rest of a text": ([text("a"), whole("output_text", "ab", content_index=0)], [says("b")]),
    "the rest of a part": ([text("a"), part("done", said("ab"))], [says("b")]),
    "the rest of a summary": (
        [
            summary("a"),
            {
                "type": "response.reasoning_summary_part.done",
                "output_index": 0,
                "summary_index": 0,
                "part": {"type": "summary_text", "text": "ab"},
            },
        ],
        [thinks("b")],
    ),
    "a text that is whole already": ([text("a"), whole("output_text", "a", content_index=0)], []),
    "a whole text without the half of a character that came": (
        [text("a\ud83d"), whole("output_text", "a", content_index=0)],
        [],
    ),
    "a whole text that is null": ([text("a"), part("done", {"type": "output_text", "text": None})], []),
    "a whole text that is a number": (
        [text("a"), {**whole("output_text", "", content_index=0), "text": 5}],
        [AnomalyFound("odd_type", "text: 5"), contradicts("5")],
    ),
    "a text that contradicts": ([text("a"), whole("output_text", "b", content_index=0)], [contradicts("b")]),
    "a text that contradicts again": (
        [text("a"), whole("output_text", "b", content_index=0), part("done", said("b"))],
        [],
    ),
    "an item ends": ([text("Hi"), done(0, HI)], [end(0, HI)]),
    "an item without text ends": ([added(0, message()), done(0, message())], [start(0), end(0, message())]),
    "an item ends whose content is no list": (
        [text("Hi"), done(0, {**HI, "content": "Hi"})],
        [end(0, {**HI, "content": "Hi"})],
    ),
    "an item with several texts ends": (
        [text("a"), text("b", content=1), done(0, message(said("a"), said("bc")))],
        [says("c"), end(0, message(said("a"), said("bc"))), end(1, said("bc"))],
    ),
    "texts that began in another order": (
        [text("b", content=1), text("a"), done(0, message(said("a"), said("b")))],
        [end(0, message(said("a"), said("b"))), end(1, said("a"))],
    ),
    "another kind of text": (
        [text("a"), done(0, REFUSED)],
        [start(1, "refusal"), ChoiceDelta(refusal="No"), end(0, REFUSED), end(1, REFUSED["content"][0])],
    ),
    "a summary and reasoning that are counted on": (
        [summary("a", number=1), piece("reasoning_text", "b", content_index=2), done(0, THOUGHT)],
        [end(0, THOUGHT), end(1, THOUGHT["content"][0])],
    ),
    "reasoning that is counted on, in an item that seemed to have none": (
        [added(0, REASONING), text("Hi", 1), piece("reasoning_text", "b", content_index=1), done(0, UNSUMMED)],
        [end(0, UNSUMMED), end(2, UNSUMMED["content"][0])],
    ),
    "a text after its item": (
        [text("a"), done(0, message(said("a"))), whole("output_text", "ab", content_index=0)],
        [start(1), says("b"), end(1, {"type": "output_text", "text": "ab"})],
    ),
    "a text after that": (
        [
            text("a"),
            done(0, message(said("a"))),
            whole("output_text", "ab", content_index=0),
            part("done", said("abc", x=1)),
        ],
        [start(2), says("c"), end(2, said("abc", x=1))],
    ),
    "a piece of another item after that": (
        [
            text("a"),
            text("b", 1),
            done(0, message(said("a"))),
            whole("output_text", "ab", content_index=0),
            text("c", 1),
        ],
        [start(1), says("c")],
    ),
    "arguments after their call": (
        [added(0, call()), done(0, call("{")), whole("function_call_arguments", "{}", field="arguments")],
        [contradicts("{}")],
    ),
    "a call that takes another id and name": (
        [added(0, call()), done(0, call("", call_id="call_2", name="g"))],
        [
            AnomalyFound("call_id_changed", "'call_2' after 'call_1'"),
            AnomalyFound("call_name_changed", "'g' after 'f'"),
            end(0, call("", call_id="call_2", name="g")),
        ],
    ),
    "a call that got its name after its id, which changes": (
        [
            added(0, call(name="")),
            whole("function_call_arguments", "", field="arguments", name="f"),
            done(0, call(call_id="call_2")),
        ],
        [AnomalyFound("call_id_changed", "'call_2' after 'call_1'"), end(0, call(call_id="call_2"))],
    ),
    "a call that got its id after its name, which changes": (
        [
            added(0, call(call_id="")),
            whole("function_call_arguments", "", field="arguments", call_id="call_1"),
            done(0, call(name="g")),
        ],
        [AnomalyFound("call_name_changed", "'g' after 'f'"), end(0, call(name="g"))],
    ),
    "a call that gives up its id and name": (
        [added(0, call()), done(0, call("", call_id="", name=""))],
        [end(0, call("", call_id="", name=""))],
    ),
    "a call whose id and name are no text": (
        [added(0, call(call_id=5, name=6))],
        [start(0, "tool_call")],
    ),
    "a call that gets its id at its end": (
        [added(0, call(call_id="")), done(0, call("{}"))],
        [names(name=None), argues("{}"), end(0, call("{}"))],
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_what_is_made_of_an_event(name: str) -> None:
    events, expected = STEPS[name]
    assert told(items_of(*events)) == expected


# Events, the final output, and what is made of it: all but the reports at the end.
OUTPUTS: dict[str, tuple[list[Object], list[Object], list[object]]] = {
    "an item that came": ([text("Hi"), done(0, HI)], [HI], [end(0, HI)]),
    "an item before the first that came": (
        [done(1, SEARCH)],
        [HI, SEARCH],
        [start(1), says("Hi"), end(1, HI), end(0, SEARCH)],
    ),
    "an item that was announced at another place": (
        [added(1, message())],
        [HI],
        [start(0), says("Hi"), end(0, HI)],
    ),
    "a text that came at another place": ([text("Hi", 1)], [HI], [end(0, HI)]),
    "a text that is not the one at another place": (
        [text("Hi", 1)],
        [message(said("Ho"))],
        [start(1), says("Ho"), end(1, message(said("Ho"))), end(0, None)],
    ),
    "a summary that is not the one at another place": (
        [summary("a", 1)],
        [summed("b")],
        [start(1, "reasoning_summary"), thinks("b"), end(1, summed("b")), end(0, None)],
    ),
    "a call that is not the one at another place": (
        [added(1, call())],
        [call(call_id="call_2")],
        [start(1, "tool_call"), names(1, "call_2"), end(1, call(call_id="call_2")), end(0, None)],
    ),
    "an item at its place beside one at another": (
        [added(0, SEARCH), added(5, SEARCH)],
        [SEARCH, {**SEARCH, "id": "ws_2"}],
        [end(0, SEARCH), end(1, {**SEARCH, "id": "ws_2"})],
    ),
    "a call that is not whole": ([added(0, call()), piece("function_call_arguments", "{")], [], [end(0, None)]),
    "a call that is whole": (
        [added(0, call()), whole("function_call_arguments", "{}", field="arguments")],
        [],
        [end(0, call("{}"))],
    ),
    "two texts that were not done": ([text("a"), text("b", content=1)], [], [end(0, None), end(1, None)]),
    "an announcement": ([added(0, message())], [], [start(0), end(0, None)]),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_is_made_of_the_final_output(name: str) -> None:
    events, output, expected = OUTPUTS[name]
    *items, finished, finish = told(items_of(created(), *events, ended(output=output)))
    assert items == expected
    assert isinstance(finished, ChoiceDelta)
    assert type(finish).__name__ == "Done"


# Events of a stream that goes on from another, the number of the first, and what is made of the last one.
RESUMED: dict[str, tuple[list[Object], int, list[object]]] = {
    "the end of a text": ([text("lo"), whole("output_text", "Hello", content_index=0)], 4, []),
    "the end of a text, from the second event": (
        [text("lo"), whole("output_text", "Hello", content_index=0)],
        1,
        [],
    ),
    "another text": ([text("la"), whole("output_text", "Hello", content_index=0)], 4, [contradicts("Hello")]),
    "a text from the first event": (
        [text("lo"), whole("output_text", "Hello", content_index=0)],
        0,
        [contradicts("Hello")],
    ),
    "a text after a ping, from the first event": (
        [{"type": "ping"}, text("lo"), whole("output_text", "Hello", content_index=0)],
        0,
        [contradicts("Hello")],
    ),
    "a text after the progress of its response": (
        [
            {"type": "response.in_progress", "response": {"id": "r"}},
            text("lo"),
            whole("output_text", "Hello", content_index=0),
        ],
        1,
        [contradicts("Hello")],
    ),
    "a text whose item began in this stream, though late": (
        [text("lo"), added(0, message()), whole("output_text", "Hello", content_index=0)],
        4,
        [contradicts("Hello")],
    ),
    "a response that got its numbers late": (
        [
            {**created(), "sequence_number": None},
            {**text("lo"), "sequence_number": 5},
            whole("output_text", "Hello", content_index=0),
        ],
        4,
        [contradicts("Hello")],
    ),
    "a number after an event without one": (
        [text("a"), {**text("b"), "sequence_number": None}, {**text("c"), "sequence_number": 9}],
        0,
        [says("c")],
    ),
}


@pytest.mark.parametrize("name", RESUMED)
def test_what_is_made_of_an_event_by_its_number(name: str) -> None:
    events, first, expected = RESUMED[name]
    assert told(items_of(*events, first=first)) == expected


@pytest.mark.parametrize(
    ("places", "output", "delivered"),
    [
        ([1], ["a", "b"], ""),
        ([1], ["a", "b", "c"], "c"),
        ([1, 3], ["a", "b", "c", "d"], "c"),
        ([3, 1], ["a", "b", "c", "d"], "c"),
    ],
    ids=["what came before", "what came after", "what is between", "what is between, in another order"],
)
def test_a_stream_that_goes_on_delivers_what_no_other_did(places: list[int], output: list[str], delivered: str) -> None:
    natives = [message(said(text)) for text in output]
    events = [event for place in places for event in (text(output[place], place), done(place, natives[place]))]
    outcome = read([body(*events, ended(output=natives), first=8)])
    assert outcome.completion.text == "".join(output[place] for place in places) + delivered
    assert outcome.anomalies == ()


def test_a_stream_that_goes_on_delivers_what_is_at_the_place_of_its_first_item() -> None:
    outcome = read([body(done(1, SEARCH), ended(output=[SEARCH, HI]), first=8)])
    assert outcome.completion.text == "Hi"


# ---------------------------------------------------------------- the fast path


# Events, and a piece that seems to continue a text, but needs more than its words.
SEEMING: dict[str, tuple[list[Object], Object]] = {
    "of an item at the same place": ([text("a"), added(0, OTHER)], text("b")),
    "of a text that is no longer the last": ([text("a"), part("added", said(""), content=1)], text("b")),
    "of a text behind an annotation of another": ([text("a"), text("b", 1), annotated(URL)], text("c", 1)),
    "of an item that is done": ([text("Hi"), done(0, HI)], text("!")),
    "of a text that ends in half a character": ([text("\ud83d")], text("b")),
}


@pytest.mark.parametrize("name", SEEMING)
def test_a_piece_that_needs_more_than_its_words_is_not_for_the_fast_path(name: str) -> None:
    before, last = SEEMING[name]
    dialect = OpenAIResponses()
    *events, seeming = numbered(created(), added(0, message()), *before, last)
    for event in events:
        dialect.decode(ServerSentEvent(json.dumps(event)))
    assert dialect.decode_text(json.dumps(seeming)) is None


@pytest.mark.parametrize("halves", ["\ud800\udc00", "\ud83d\ude00", "\udbff\udfff"], ids=ascii)
def test_half_a_character_waits_for_the_other_half(halves: str) -> None:
    character = halves.encode("utf-16", "surrogatepass").decode("utf-16")
    data = body(created(), *map(text, (*halves, "!")), part("done", said(f"{character}!")), ended())
    for pieces in ([data], bytewise(data)):
        outcome = read(pieces)
        assert (outcome.completion.text, outcome.kinds) == (f"{character}!", ["split_surrogate"])


@pytest.mark.parametrize("place", [0, 1], ids=["first", "later"])
def test_json_that_is_too_deep_is_refused_on_every_path(place: int) -> None:
    deep = framed(text("b")).replace(b'"delta"', b'"x": ' + b"[" * 100_000 + b"]" * 100_000 + b', "delta"')
    with pytest.raises(ChunkDecodeError, match="nested deeper than 128 levels"):
        list(ChatDecoder(dialect=OpenAIResponses()).feed(body(created(), *[text("a")] * place) + deep))


# ---------------------------------------------------------------- log probabilities


def test_log_probabilities_are_of_the_text_that_has_them() -> None:
    token = TokenLogprob(token="Hi", logprob=-0.5, bytes=[72, 105], top_logprobs=[])
    for event in (
        text("Hi", logprobs=[LOGPROB]),
        whole("output_text", "Hi", content_index=0, logprobs=[LOGPROB]),
        part("done", said("Hi", logprobs=[LOGPROB])),
    ):
        assert chunk_of(event).choices[0].logprobs == ChoiceLogprobs(content=[token])
    for event in (
        piece("refusal", "Hi", content_index=0, logprobs=[LOGPROB]),
        whole("refusal", "Hi", field="refusal", content_index=0, logprobs=[LOGPROB]),
    ):
        assert chunk_of(event).choices[0].logprobs is None
    assert chunk_of(text("H"), whole("output_text", "Hi", logprobs=[LOGPROB])).choices[0].logprobs is None
    assert items_of(text("Hi", logprobs=[5]))[1] == AnomalyFound("odd_type", "content: 5")


# ---------------------------------------------------------------- the response


def test_the_first_chunk_has_the_role() -> None:
    assert told(items_of(created())) == [ChoiceDelta(role="assistant")]


@pytest.mark.parametrize("value", ["", 5, None, ["x"]], ids=repr)
def test_what_is_no_text_is_not_known(value: Any) -> None:
    chunk = chunk_of(created(id=value, model=value))
    assert (chunk.id, chunk.model) == (None, None)
    (report, _) = items_of(created(), ended(service_tier=value))
    assert isinstance(report, ChatCompletionChunk)
    assert report.service_tier is None


def test_what_a_response_was_at_first_it_is_to_the_end() -> None:
    found, chunk, _ = items_of(created(), ended(id="resp_2", model="n", created_at=18))
    assert found == AnomalyFound("id_changed", "'resp_2' after 'resp_1'")
    assert isinstance(chunk, ChatCompletionChunk)
    assert (chunk.id, chunk.model, chunk.created) == ("resp_1", "m", 17)


REQUESTED = [
    *("background", "frequency_penalty", "include", "input", "instructions", "max_output_tokens", "max_tool_calls"),
    *("metadata", "parallel_tool_calls", "presence_penalty", "previous_response_id", "prompt", "prompt_cache_key"),
    *("prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier", "store", "stream"),
    *("stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user"),
]


@pytest.mark.parametrize("name", REQUESTED)
def test_what_repeats_the_request_is_not_kept(name: str) -> None:
    fields: Object = {name: 1}
    (chunk, _) = items_of(created(), ended(**fields))
    assert isinstance(chunk, ChatCompletionChunk)
    assert chunk.extra == {"status": "completed"}


@pytest.mark.parametrize(
    "fields",
    [{"created_at": 17}, {"error": {"message": "no"}}, {"service_tier": "flex"}, {"moderation": {"flagged": True}}],
    ids=lambda fields: next(iter(fields)),
)
def test_what_a_chunk_says_elsewhere_is_not_kept_beside_it(fields: Object) -> None:
    (chunk, _) = items_of(created(), {**ended(**fields), "obfuscation": "xyz"})
    assert isinstance(chunk, ChatCompletionChunk)
    assert chunk.extra == {"status": "completed"}
    said = chunk.to_dict()
    assert all(said[name] == value for name, value in fields.items() if name in ("service_tier", "moderation"))


@pytest.mark.parametrize("direction", ["input", "output"])
def test_details_of_usage_that_a_chat_does_not_count_are_kept_as_they_are(direction: str) -> None:
    said = {f"{direction}_tokens_details": {"extra": 1}}
    (chunk, _) = items_of(created(), ended(usage=said))
    assert isinstance(chunk, ChatCompletionChunk)
    assert chunk.usage == Usage(extra=said)


@pytest.mark.parametrize("reason", [5, "", None, ["x"]], ids=repr)
def test_a_reason_that_is_no_text_is_none(reason: Any) -> None:
    (chunk, _) = items_of(created(), ended("incomplete", incomplete_details={"reason": reason}))
    assert isinstance(chunk, ChatCompletionChunk)
    assert chunk.choices[0].finish_reason == "incomplete"


def test_a_text_that_has_only_begun_does_not_go_back() -> None:
    outcome = read([body(created(), part("added", said("")), text("Hi", 1))])
    assert outcome.message.parts == [TextPart(""), TextPart("Hi")]
    assert outcome.message.to_native() == [{"type": "message", "role": "assistant", "content": "Hi"}]


FAILED = ended("failed", error={"code": "c", "message": "no"})


@pytest.mark.parametrize(
    ("event", "message", "carried"),
    [
        (FAILED, "no", FAILED),
        (FAILED["response"], "no", FAILED["response"]),
        (ended("failed"), "the response failed", ended("failed")["response"]),
        ({**ended("failed"), "type": "response.completed"}, "the response failed", ended("failed")["response"]),
        ({**ended("cancelled"), "type": "response.done"}, "the response was cancelled", ended("cancelled")["response"]),
    ],
    ids=["with an error", "whole, with an error", "without an error", "called completed", "cancelled"],
)
def test_a_failure_says_what_the_server_said(event: Object, message: str, carried: Object) -> None:
    dialect = OpenAIResponses()
    *_, failure = dialect.decode(ServerSentEvent(json.dumps(event)))
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, ProviderError)
    assert (str(failure.error), failure.error.body) == (message, carried)


@pytest.mark.parametrize(("data", "comment"), [("", ""), (":", ""), (": keep-alive", "keep-alive"), (":: X", "X")])
def test_a_keep_alive_in_data_is_its_text(data: str, comment: str) -> None:
    decoder = ChatDecoder(dialect=OpenAIResponses(), keepalives=True)
    assert list(decoder.feed(f"data: {data}\n\n".encode())) == [KeepAlive(comment)]
    assert [anomaly.kind for anomaly in decoder.anomalies] == ["keepalive_as_data"]
