"""OpenAI's Responses API, rule by rule: the meaning of each event, however the bytes are split."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from sse_stream import (
    Anomaly,
    Audio,
    AudioDelta,
    ChatCompletionChunk,
    ChatDecoder,
    ChatEvent,
    ChoiceFinished,
    ChoiceLogprobs,
    ChunkDecodeError,
    IncompleteStreamError,
    KeepAlive,
    PartDone,
    PartStarted,
    ProviderError,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    RefusalPart,
    ServerSentEvent,
    StreamDone,
    TextDelta,
    TextPart,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallPart,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from sse_stream._chat._anomalies import AnomalyKind
from sse_stream._chat._parts import Part
from sse_stream._chat._reports import CompletionTokensDetails, PromptTokensDetails
from sse_stream.dialects import AnomalyFound, Dialect, Failure, OpenAIChat, OpenAIResponses, Ping
from sse_stream.dialects._formats import format_of
from sse_stream.dialects._responses_channels import piece_decoder
from sse_stream.testing import bytewise, every_cut

from .responses_bodies import (
    HI,
    REASONING,
    Object,
    Outcome,
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

SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}


def thought(*texts: str) -> Object:
    return {**REASONING, "content": [{"type": "reasoning_text", "text": said} for said in texts]}


def check(events: list[Object], first: int = 0) -> Outcome:
    """Read the events whole, byte by byte and one at a time, which is the same; deltas add up, and parts too."""
    data = body(*events, first=first)
    outcome = read([data])
    for pieces in (bytewise(data), re.split(rb"(?<=\n\n)", data)):
        assert read(pieces) == outcome
    if outcome.completion.choices:
        parts = outcome.message.parts
        joined = "".join(event.text for event in outcome.events if isinstance(event, TextDelta))
        texts = [one.text for one in parts if isinstance(one, TextPart)]
        assert "".join(texts) == outcome.completion.text
        assert joined == outcome.completion.text or (
            len(texts) > 1 and sorted(joined) == sorted(outcome.completion.text)
        )
        thoughts = "".join(event.text for event in outcome.events if isinstance(event, ReasoningDelta))
        assert thoughts == (outcome.message.reasoning or "")
        assert outcome.message.tool_calls == [one.tool_call for one in parts if isinstance(one, ToolCallPart)]
        started = [event for event in outcome.events if isinstance(event, PartStarted)]
        assert [event.index for event in started] == list(range(len(parts)))
        ends = [event.index for event in outcome.events if isinstance(event, PartDone)]
        assert len(ends) == len(set(ends))
    return outcome


# ---------------------------------------------------------------- a whole stream


def test_an_answer_in_pieces() -> None:
    finished = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    outcome = check(
        [
            created(),
            {"type": "response.in_progress", "response": {"id": "resp_1"}},
            added(0, message(status="in_progress")),
            part("added", said("")),
            text("Good", item_id="msg_1", logprobs=[], obfuscation="xyz"),
            text(" day", item_id="msg_1", logprobs=[], obfuscation="x"),
            whole("output_text", "Good day", content_index=0),
            part("done", said("Good day")),
            done(0, message(said("Good day"))),
            ended(output=[message(said("Good day"), status="completed")], usage=finished, service_tier="default"),
        ]
    )
    native = message(said("Good day"), status="completed")
    usage = Usage(prompt_tokens=3, completion_tokens=2, total_tokens=5, extra={"input_tokens": 3, "output_tokens": 2})
    assert outcome.events == [
        PartStarted(0, "text"),
        TextDelta("Good"),
        TextDelta(" day"),
        PartDone(0, TextPart("Good day", [], message(said("Good day")))),
        ChoiceFinished("completed"),
        UsageReported(usage),
        StreamDone(outcome.completion),
    ]
    completion = outcome.completion
    assert (completion.id, completion.model, completion.created) == ("resp_1", "m", 17)
    assert (completion.dialect, outcome.ending, outcome.anomalies) == ("openai_responses", "complete", ())
    assert completion.extra == {"service_tier": "default", "status": "completed"}
    assert outcome.message.role == "assistant"
    assert outcome.message.to_native() == [native]
    assert completion.to_dict()["choices"][0]["finish_reason"] == "stop"


# ---------------------------------------------------------------- parts

URL = {"type": "url_citation", "start_index": 0, "end_index": 2, "url": "https://a.example", "title": "A"}
FILE = {"type": "file_citation", "index": 2, "file_id": "file_1", "filename": "a.txt"}
CALL = ToolCall("call_1", "f", "{}")
LOGPROB = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}

# Events between the first and the last, the final output, the parts, and the anomalies.
ANSWERS: dict[str, tuple[list[Object], list[Object], list[Part], list[str]]] = {
    "text": ([added(0, message()), text("Hi"), done(0, HI)], [HI], [TextPart("Hi", [], HI)], []),
    "empty text": (
        [added(0, message()), part("added", said("")), part("done", said("")), done(0, message(said("")))],
        [],
        [TextPart("", [], message(said("")))],
        [],
    ),
    "a message without content": ([added(0, message()), done(0, message())], [], [TextPart("", [], message())], []),
    "refusal": (
        [
            added(0, message()),
            part("added", {"type": "refusal", "refusal": ""}),
            piece("refusal", "No", content_index=0),
            piece("refusal", ".", content_index=0),
            whole("refusal", "No.", field="refusal", content_index=0),
            done(0, message({"type": "refusal", "refusal": "No."})),
        ],
        [],
        [RefusalPart("No.", message({"type": "refusal", "refusal": "No."}))],
        [],
    ),
    "text and a refusal in one message": (
        [
            added(0, message()),
            text("Hi"),
            piece("refusal", "No", content_index=1),
            done(0, message(said("Hi"), {"type": "refusal", "refusal": "No"}, phase="commentary")),
        ],
        [],
        [
            TextPart("Hi", [], message(said("Hi"), {"type": "refusal", "refusal": "No"}, phase="commentary")),
            RefusalPart("No", {"type": "refusal", "refusal": "No"}),
        ],
        [],
    ),
    "two texts in one message": (
        [added(0, message()), text("a"), text("b", content=1), done(0, message(said("a"), said("b")))],
        [],
        [TextPart("a", [], message(said("a"), said("b"))), TextPart("b", [], said("b"))],
        [],
    ),
    "raw reasoning": (
        [
            added(0, REASONING),
            {
                "type": "response.reasoning_part.added",
                "output_index": 0,
                "content_index": 0,
                "part": {"type": "reasoning_text"},
            },
            piece("reasoning_text", "Hm", content_index=0),
            piece("reasoning_text", "m", content_index=0),
            whole("reasoning_text", "Hmm", content_index=0),
            {
                "type": "response.reasoning_part.done",
                "output_index": 0,
                "content_index": 0,
                "part": {"type": "reasoning_text", "text": "Hmm"},
            },
            done(0, thought("Hmm")),
        ],
        [],
        [ReasoningPart("Hmm", "full", thought("Hmm"))],
        [],
    ),
    "summaries": (
        [
            added(0, REASONING),
            {
                "type": "response.reasoning_summary_part.added",
                "output_index": 0,
                "summary_index": 0,
                "part": {"type": "summary_text"},
            },
            summary("a"),
            summary("b"),
            whole("reasoning_summary_text", "ab", summary_index=0),
            summary("c", number=1),
            done(0, summed("ab", "c", encrypted_content="gAAA")),
        ],
        [summed("ab", "c", encrypted_content="gBBB")],
        [
            ReasoningPart("ab", "summary", summed("ab", "c", encrypted_content="gBBB")),
            ReasoningPart("c", "summary", {"type": "summary_text", "text": "c"}),
        ],
        [],
    ),
    "two raw reasonings in one item": (
        [
            added(0, REASONING),
            piece("reasoning_text", "a", content_index=0),
            piece("reasoning_text", "b", content_index=1),
            done(0, thought("a", "b")),
        ],
        [],
        [
            ReasoningPart("a", "full", thought("a", "b")),
            ReasoningPart("b", "full", {"type": "reasoning_text", "text": "b"}),
        ],
        [],
    ),
    "two refusals in one message": (
        [
            added(0, message()),
            piece("refusal", "a", content_index=0),
            piece("refusal", "b", content_index=1),
            done(0, message({"type": "refusal", "refusal": "a"}, {"type": "refusal", "refusal": "b"})),
        ],
        [],
        [
            RefusalPart("a", message({"type": "refusal", "refusal": "a"}, {"type": "refusal", "refusal": "b"})),
            RefusalPart("b", {"type": "refusal", "refusal": "b"}),
        ],
        [],
    ),
    "text by its short name": (
        [added(0, message()), done(0, message({"type": "text", "text": "Hi"}))],
        [],
        [TextPart("Hi", [], message({"type": "text", "text": "Hi"}))],
        [],
    ),
    "a summary and raw reasoning": (
        [
            added(0, REASONING),
            summary("a"),
            piece("reasoning_text", "b", content_index=0),
            done(0, {**summed("a"), "content": [{"type": "reasoning_text", "text": "b"}]}),
        ],
        [],
        [
            ReasoningPart("a", "summary", {**summed("a"), "content": [{"type": "reasoning_text", "text": "b"}]}),
            ReasoningPart("b", "full", {"type": "reasoning_text", "text": "b"}),
        ],
        [],
    ),
    "reasoning that cannot be read": (
        [added(0, REASONING), done(0, {**REASONING, "encrypted_content": "gAAA"})],
        [],
        [ReasoningPart("", "redacted", {**REASONING, "encrypted_content": "gAAA"})],
        [],
    ),
    "a function call": (
        [
            added(0, call()),
            piece("function_call_arguments", "{"),
            piece("function_call_arguments", "}"),
            whole("function_call_arguments", "{}", field="arguments"),
            done(0, call("{}")),
        ],
        [call("{}", status="completed")],
        [ToolCallPart(CALL, call("{}", status="completed"))],
        [],
    ),
    "a function call of a namespace": (
        [added(0, call(namespace="n")), piece("function_call_arguments", "{}"), done(0, call("{}", namespace="n"))],
        [],
        [ToolCallPart(ToolCall("call_1", "f", "{}", {"namespace": "n"}), call("{}", namespace="n"))],
        [],
    ),
    "two calls of one tool": (
        [
            added(0, call()),
            piece("function_call_arguments", "{}"),
            done(0, call("{}")),
            added(1, call(call_id="call_2")),
            piece("function_call_arguments", "{}", 1),
            done(1, call("{}", call_id="call_2")),
        ],
        [],
        [
            ToolCallPart(CALL, call("{}")),
            ToolCallPart(ToolCall("call_2", "f", "{}"), call("{}", call_id="call_2")),
        ],
        [],
    ),
    "a custom tool": (
        [
            added(0, {"type": "custom_tool_call", "call_id": "call_1", "name": "sh", "input": ""}),
            piece("custom_tool_call_input", "l"),
            piece("custom_tool_call_input", "s"),
            whole("custom_tool_call_input", "ls", field="input"),
            done(0, {"type": "custom_tool_call", "call_id": "call_1", "name": "sh", "input": "ls"}),
        ],
        [],
        [
            ToolCallPart(
                ToolCall("call_1", "sh", "ls", {}, "custom"),
                {"type": "custom_tool_call", "call_id": "call_1", "name": "sh", "input": "ls"},
            )
        ],
        [],
    ),
    "calls that are not the caller's, and such as have no arguments": (
        [
            added(0, {"type": "web_search_call", "id": "ws_1"}),
            {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"},
            done(0, SEARCH),
            added(1, {"type": "local_shell_call", "id": "lsh_1"}),
            done(1, {"type": "local_shell_call", "id": "lsh_1", "call_id": "call_1", "action": {"command": ["ls"]}}),
            added(2, {"type": "next_years_item"}),
            done(2, {"type": "next_years_item", "a": [1]}),
        ],
        [],
        [
            ProviderPart("web_search_call", SEARCH),
            ProviderPart(
                "local_shell_call",
                {"type": "local_shell_call", "id": "lsh_1", "call_id": "call_1", "action": {"command": ["ls"]}},
            ),
            ProviderPart("next_years_item", {"type": "next_years_item", "a": [1]}),
        ],
        [],
    ),
    "pieces of what only the provider reads": (
        [
            added(0, {"type": "code_interpreter_call", "id": "ci_1"}),
            piece("code_interpreter_call_code", "1+1"),
            whole("code_interpreter_call_code", "1+1", field="code"),
            done(0, {"type": "code_interpreter_call", "id": "ci_1", "code": "1+1"}),
            added(1, {"type": "mcp_call", "id": "mcp_1"}),
            piece("mcp_call_arguments", "{}", 1),
            done(1, {"type": "mcp_call", "id": "mcp_1", "arguments": "{}"}),
            added(2, {"type": "image_generation_call", "id": "ig_1"}),
            {"type": "response.image_generation_call.partial_image", "output_index": 2, "partial_image_b64": "UklG"},
            done(2, {"type": "image_generation_call", "id": "ig_1", "result": "UklG"}),
        ],
        [],
        [
            ProviderPart("code_interpreter_call", {"type": "code_interpreter_call", "id": "ci_1", "code": "1+1"}),
            ProviderPart("mcp_call", {"type": "mcp_call", "id": "mcp_1", "arguments": "{}"}),
            ProviderPart("image_generation_call", {"type": "image_generation_call", "id": "ig_1", "result": "UklG"}),
        ],
        [],
    ),
    "annotations": (
        [
            added(0, message()),
            text("Hi"),
            {"type": "response.output_text.annotation.added", "output_index": 0, "content_index": 0, "annotation": URL},
            text("!"),
            part("done", said("Hi!", annotations=[URL, FILE])),
            done(0, message(said("Hi!", annotations=[URL, FILE, FILE]))),
        ],
        [],
        [TextPart("Hi!", [URL, FILE, FILE], message(said("Hi!", annotations=[URL, FILE, FILE])))],
        [],
    ),
    "annotations of an earlier text": (
        [
            added(0, message()),
            text("a"),
            text("b", content=1),
            {"type": "response.output_text.annotation.added", "output_index": 0, "content_index": 0, "annotation": URL},
            text("c", content=1),
        ],
        [message(said("a", annotations=[URL]), said("bc"))],
        [
            TextPart("a", [URL], message(said("a", annotations=[URL]), said("bc"))),
            TextPart("bc", [], said("bc")),
        ],
        [],
    ),
    # ------------------------------------------------------------ order and nesting
    "an index that counts on from item to item": (
        [
            added(0, REASONING),
            piece("reasoning_text", "Hm", content_index=0),
            done(0, thought("Hm")),
            added(1, message()),
            part("added", said(""), 1, 1),
            text("Hi", 1, 1),
            part("done", said("Hi"), 1, 1),
            done(1, HI),
        ],
        [thought("Hm"), HI],
        [ReasoningPart("Hm", "full", thought("Hm")), TextPart("Hi", [], HI)],
        [],
    ),
    "an index that counts on, and two texts": (
        [added(0, message()), text("a", content=1), text("b", content=2), done(0, message(said("a"), said("b")))],
        [],
        [TextPart("a", [], message(said("a"), said("b"))), TextPart("b", [], said("b"))],
        [],
    ),
    "a text that had no pieces beside one that had": (
        [added(0, message()), text("b", content=1), done(0, message(said("a"), said("b")))],
        [],
        [TextPart("b", [], message(said("a"), said("b"))), TextPart("a", [], said("a"))],
        [],
    ),
    "items in turns": (
        [
            added(0, message()),
            added(1, call()),
            text("a"),
            piece("function_call_arguments", "{", 1),
            added(2, message()),
            text("b", 2),
            text("c"),
            piece("function_call_arguments", "}", 1),
            text("d", 2),
            text("e", 2),
            done(1, call("{}")),
            done(2, message(said("bde"))),
            done(0, message(said("ac"))),
        ],
        [],
        [
            TextPart("ac", [], message(said("ac"))),
            ToolCallPart(CALL, call("{}")),
            TextPart("bde", [], message(said("bde"))),
        ],
        [],
    ),
    "an item that is announced and does not begin before the next": (
        [added(0, REASONING), added(1, message()), text("Hi", 1), done(1, HI), done(0, REASONING)],
        [],
        [ReasoningPart("", "redacted", REASONING), TextPart("Hi", [], HI)],
        [],
    ),
    "an item that was never announced": (
        [text("Hi"), done(0, HI)],
        [],
        [TextPart("Hi", [], HI)],
        [],
    ),
    "an item that was announced too late": (
        [text("H"), added(0, message()), text("i"), done(0, HI)],
        [],
        [TextPart("Hi", [], HI)],
        [],
    ),
    "a call that was never announced": (
        [piece("function_call_arguments", "{}"), done(0, call("{}"))],
        [],
        [ToolCallPart(CALL, call("{}"))],
        [],
    ),
    "a call that is announced too late": (
        [piece("function_call_arguments", "{}"), added(0, call()), done(0, call("{}"))],
        [],
        [ToolCallPart(CALL, call("{}"))],
        [],
    ),
    "a call whose name comes with its arguments": (
        [
            added(0, {"type": "function_call", "call_id": "call_1"}),
            whole("function_call_arguments", "{}", field="arguments", name="f"),
        ],
        [call("{}")],
        [ToolCallPart(CALL, call("{}"))],
        [],
    ),
    "items that are only done": (
        [done(0, HI), done(1, call("{}"))],
        [],
        [TextPart("Hi", [], HI), ToolCallPart(CALL, call("{}"))],
        [],
    ),
    "items that are only in the final output": (
        [],
        [thought("Hm"), HI, call("{}"), SEARCH],
        [
            ReasoningPart("Hm", "full", thought("Hm")),
            TextPart("Hi", [], HI),
            ToolCallPart(CALL, call("{}")),
            ProviderPart("web_search_call", SEARCH),
        ],
        [],
    ),
    "an item that was never done": (
        [added(0, {"type": "mcp_list_tools", "tools": []}), added(1, message()), text("Hi", 1)],
        [{"type": "mcp_list_tools", "tools": [1]}, HI],
        [ProviderPart("mcp_list_tools", {"type": "mcp_list_tools", "tools": [1]}), TextPart("Hi", [], HI)],
        [],
    ),
    "items that were never done, and no final output": (
        [
            added(0, {"type": "mcp_list_tools", "tools": []}),
            added(1, call()),
            piece("function_call_arguments", "{}", 1),
            whole("function_call_arguments", "{}", 1, field="arguments"),
            added(2, message()),
            text("Hi", 2),
        ],
        [],
        [ProviderPart("mcp_list_tools", None), ToolCallPart(CALL, call("{}")), TextPart("Hi")],
        [],
    ),
    "other ids in the final output": (
        [added(0, message()), text("Hi"), done(0, HI)],
        [{**HI, "id": "msg_2"}],
        [TextPart("Hi", [], {**HI, "id": "msg_2"})],
        [],
    ),
    "another type at that place": (
        [added(0, message()), text("Hi"), done(0, HI)],
        [SEARCH, HI],
        [TextPart("Hi", [], HI), ProviderPart("web_search_call", SEARCH)],
        [],
    ),
    "an item without text that is at another place in the final output": (
        [added(1, SEARCH), done(1, SEARCH)],
        [SEARCH],
        [ProviderPart("web_search_call", SEARCH)],
        [],
    ),
    "several items at one place": (
        [
            piece("reasoning_text", "Hm", content_index=0),
            text("Hi"),
            done(0, HI),
            done(0, thought("Hm")),
            text("Ho"),
            done(0, message(said("Ho"))),
            done(0, message(said("He"))),
        ],
        [thought("Hm"), HI, message(said("Ho")), message(said("He"))],
        [
            ReasoningPart("Hm", "full", thought("Hm")),
            TextPart("Hi", [], HI),
            TextPart("Ho", [], message(said("Ho"))),
            TextPart("He", [], message(said("He"))),
        ],
        [],
    ),
    "several calls at one place, none of which is done": (
        [
            added(0, call()),
            piece("function_call_arguments", "{}"),
            added(0, call(call_id="call_2")),
            piece("function_call_arguments", "[]"),
        ],
        [call("{}"), call("[]", call_id="call_2")],
        [
            ToolCallPart(CALL, call("{}")),
            ToolCallPart(ToolCall("call_2", "f", "[]"), call("[]", call_id="call_2")),
        ],
        [],
    ),
    "reasoning inside a message": (
        [
            added(0, message()),
            piece("reasoning_text", "Hm", content_index=0),
            text("Hi", content=1),
            done(0, message({"type": "reasoning_text", "text": "Hm"}, said("Hi"))),
        ],
        [],
        [
            ReasoningPart("Hm", "full", message({"type": "reasoning_text", "text": "Hm"}, said("Hi"))),
            TextPart("Hi", [], said("Hi")),
        ],
        [],
    ),
    "content of a kind that is not known": (
        [
            added(0, message()),
            part("added", {"type": "sketch", "lines": []}),
            part("done", {"type": "sketch", "lines": [1]}),
            done(0, message({"type": "sketch", "lines": [1]})),
        ],
        [],
        [TextPart("", [], message({"type": "sketch", "lines": [1]}))],
        [],
    ),
    # ------------------------------------------------------------ what is said whole
    "arguments that come whole": (
        [added(0, call()), whole("function_call_arguments", "{}", field="arguments"), done(0, call("{}"))],
        [],
        [ToolCallPart(CALL, call("{}"))],
        [],
    ),
    "a summary that comes with its item": (
        [added(0, REASONING), done(0, summed("a", "b"))],
        [],
        [
            ReasoningPart("a", "summary", summed("a", "b")),
            ReasoningPart("b", "summary", {"type": "summary_text", "text": "b"}),
        ],
        [],
    ),
    "a text that is longer each time": (
        [
            added(0, message()),
            text("a"),
            whole("output_text", "ab", content_index=0),
            part("done", said("abc")),
            done(0, message(said("abcd"))),
        ],
        [message(said("abcde"))],
        [TextPart("abcd", [], message(said("abcde"))), TextPart("e", [], said("abcde"))],
        [],
    ),
    "a text that is longer after its item is done": (
        [
            added(0, REASONING),
            done(0, summed("a")),
            added(1, message()),
            text("b", 1),
            done(1, message(said("b"))),
            whole("output_text", "bc", 1, content_index=0),
            whole("reasoning_summary_text", "ab", summary_index=0),
            added(2, message()),
            text("d", 2),
        ],
        [summed("ab"), message(said("bc", annotations=[URL])), message(said("d"))],
        [
            ReasoningPart("a", "summary", summed("ab")),
            TextPart("b", [], message(said("bc", annotations=[URL]))),
            TextPart("c", [], said("bc")),
            ReasoningPart("b", "summary", {"type": "summary_text", "text": "ab"}),
            TextPart("d", [], message(said("d"))),
        ],
        [],
    ),
    "a text that is another": (
        [
            added(0, message()),
            text("a\U0001f600"),
            whole("output_text", "b", content_index=0),
            part("done", said("b")),
            done(0, message(said("b"))),
        ],
        [message(said("b"))],
        [TextPart("a\U0001f600", [], message(said("b")))],
        ["text_contradicts"],
    ),
    "a text that is shorter": (
        [added(0, message()), text("ab"), whole("output_text", "a", content_index=0)],
        [],
        [TextPart("ab")],
        ["text_contradicts"],
    ),
    "a call whose id and name change": (
        [added(0, call()), done(0, call("{}", call_id="call_2", name="g"))],
        [call("{}", call_id="call_2", name="g")],
        [ToolCallPart(CALL, call("{}", call_id="call_2", name="g"))],
        ["call_id_changed", "call_name_changed"],
    ),
    "a call whose id and name come late, or empty in between": (
        [added(0, call(call_id="", name="")), done(0, call("{}"))],
        [call("{}")],
        [ToolCallPart(CALL, call("{}"))],
        [],
    ),
    "arguments that go on after the call is done": (
        [added(0, call()), done(0, call("{}"))],
        [call('{"a":1}')],
        [ToolCallPart(CALL, call('{"a":1}'))],
        ["text_contradicts"],
    ),
    "arguments that are longer after the call is done": (
        [added(0, call()), done(0, call("{"))],
        [call("{}")],
        [ToolCallPart(ToolCall("call_1", "f", "{"), call("{}"))],
        ["text_contradicts"],
    ),
    "a whole text after the item is done": (
        [
            added(0, message()),
            text("Hi"),
            done(0, HI),
            whole("output_text", "Hi", content_index=0),
            part("done", said("Hi")),
        ],
        [],
        [TextPart("Hi", [], HI)],
        [],
    ),
    "an item that is done twice": (
        [added(0, message()), text("Hi"), done(0, HI), done(0, {**HI, "status": "completed"})],
        [],
        [TextPart("Hi", [], {**HI, "status": "completed"})],
        [],
    ),
    "texts that are null": (
        [
            added(0, message()),
            text("Hi"),
            whole("output_text", None, content_index=0),  # type: ignore[arg-type]
            done(0, message(said(None))),  # type: ignore[arg-type]
        ],
        [{**HI, "content": None}],
        [TextPart("Hi", [], {**HI, "content": None})],
        [],
    ),
    # ------------------------------------------------------------ anomalies
    "an item that begins twice": (
        [added(0, call()), piece("function_call_arguments", "{}"), added(0, call()), done(0, call("{}"))],
        [],
        [ToolCallPart(CALL, call("{}"))],
        ["start_repeated"],
    ),
    "no place, but an id": (
        [
            {"type": "response.output_item.added", "item": message()},
            {"type": "response.output_item.added", "item": message(id="msg_2")},
            {"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "a"},
            {"type": "response.output_text.delta", "item_id": "msg_2", "content_index": 0, "delta": "b"},
            {"type": "response.output_item.done", "item": message(said("a"))},
            {"type": "response.output_item.done", "item": message(said("b"), id="msg_2")},
        ],
        [],
        [TextPart("a", [], message(said("a"))), TextPart("b", [], message(said("b"), id="msg_2"))],
        ["missing_index"],
    ),
    "neither place nor id": (
        [
            {"type": "response.output_text.delta", "delta": "Hi"},
            {"type": "response.output_item.done", "item": {"content": [said("Hi")]}},
        ],
        [],
        [TextPart("Hi", [], {"content": [said("Hi")]})],
        ["missing_index"],
    ),
    "an id that is too long to keep": (
        [
            {"type": "response.output_item.added", "item": message(id="m" * 300)},
            {"type": "response.output_item.done", "item": message(said("Hi"), id="m" * 300)},
        ],
        [],
        [TextPart("Hi", [], message(said("Hi"), id="m" * 300))],
        ["missing_index"],
    ),
    "arguments that are an object": (
        [added(0, call()), done(0, {**call(), "arguments": {"a": 1}})],
        [],
        [ToolCallPart(ToolCall("call_1", "f", '{"a":1}'), {**call(), "arguments": {"a": 1}})],
        ["odd_type"],
    ),
    "text that is a number": (
        [added(0, message()), {**text(""), "delta": 5}],
        [],
        [TextPart("5")],
        ["odd_type"],
    ),
    "an event that is not known": (
        [{"type": "response.sketched"}, {"type": "steer.accepted"}, added(0, message()), text("Hi"), done(0, HI)],
        [],
        [TextPart("Hi", [], HI)],
        ["unknown_event"],
    ),
    "a piece that is not known": (
        [{"type": "response.sketch.delta", "delta": "x"}, added(0, message()), text("Hi"), done(0, HI)],
        [],
        [TextPart("Hi", [], HI)],
        ["unknown_delta"],
    ),
    "items that are none": (
        [
            {"type": "response.output_item.added", "output_index": 0, "item": 5},
            text("Hi"),
            {"type": "response.output_item.done", "output_index": 0},
        ],
        [],
        [TextPart("Hi", [], {})],
        [],
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_consists_of(name: str) -> None:
    events, output, parts, anomalies = ANSWERS[name]
    outcome = check([created(), *events, ended(output=output)])
    assert outcome.message.parts == parts
    assert (outcome.kinds, outcome.ending) == (anomalies, "complete")
    assert outcome.completion.finish_reason == "completed"


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_truncated_until_its_last_event_is_whole(name: str) -> None:
    events, output, _, _ = ANSWERS[name]
    all_of_them = numbered(created(), *events, ended(output=output))
    whole = read([body(*all_of_them)])
    for count in range(len(all_of_them)):
        outcome = read([body(*all_of_them[:count])])
        assert (outcome.ending, outcome.completion.finish_reason) == ("truncated", None)
        assert outcome.error is not None
        assert outcome.error.startswith("IncompleteStreamError")
        assert whole.events[: len(outcome.events)] == outcome.events
    last = framed(all_of_them[-1])
    for end in range(len(last) - 4):
        assert read([body(*all_of_them[:-1]) + last[:end]]).ending == "truncated"


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_the_same_under_each_cut(name: str) -> None:
    events, output, _, _ = ANSWERS[name]
    data = body(created(), *events, ended(output=output))
    expected = read([data])
    for pieces in every_cut(data):
        assert read(pieces) == expected


@pytest.mark.parametrize("name", ANSWERS)
def test_chunks_say_the_same_to_a_reader_of_chats(name: str) -> None:
    events, output, _, _ = ANSWERS[name]
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "output_tokens_details": {"reasoning_tokens": 1}}
    data = body(created(), *events, ended(output=output, usage=usage))
    decoder = ChatDecoder(dialect=OpenAIResponses())
    chunks = [*decoder.feed_chunks(data), *decoder.close_chunks()]
    said = decoder.completion
    chat = ChatDecoder(dialect=OpenAIChat())
    list(chat.feed(b"".join(chunk.encode() for chunk in chunks) + b"data: [DONE]\n\n"))
    list(chat.close())
    heard = chat.completion
    assert (heard.id, heard.model, heard.created) == (said.id, said.model, said.created)
    if name == "items in turns":  # of which a chat knows nothing
        assert sorted(heard.text) == sorted(said.text)
    else:
        assert (heard.text, heard.message.reasoning) == (said.text, said.message.reasoning)
    assert (heard.message.refusal, heard.tool_calls) == (said.message.refusal, said.tool_calls)
    assert (heard.finish_reason, heard.usage) == ("completed", said.usage)
    assert all(chunk.id == "resp_1" and chunk.object == "chat.completion.chunk" for chunk in chunks)
    assert chat.ending == "complete"


@pytest.mark.parametrize(
    "kind",
    [
        "apply_patch_call_operation_diff.delta",
        "code_interpreter_call.interpreting",
        "compaction.in_progress",
        "computer_call.in_progress",
        "file_search_call.searching",
        "image_generation_call.generating",
        "local_shell_call.in_progress",
        "mcp_call.in_progress",
        "mcp_list_tools.in_progress",
        "shell_call_command.delta",
        "tool_search_call.in_progress",
        "web_search_call.searching",
    ],
)
def test_progress_adds_nothing(kind: str) -> None:
    outcome = check([created(), {"type": f"response.{kind}", "output_index": 0}, *ANSWER, ended()])
    assert (outcome.completion.text, outcome.anomalies) == ("Hi", ())


# ---------------------------------------------------------------- how a response ends

ANSWER = [added(0, message()), text("Hi"), done(0, HI)]


@pytest.mark.parametrize(
    ("last", "reason", "translated"),
    [
        (ended(), "completed", "stop"),
        (ended("incomplete", incomplete_details={"reason": "max_output_tokens"}), "max_output_tokens", "length"),
        (ended("incomplete", incomplete_details={"reason": "content_filter"}), "content_filter", "content_filter"),
        (ended("incomplete"), "incomplete", "incomplete"),
        (ended("incomplete", incomplete_details={"reason": ""}), "incomplete", "incomplete"),
        ({"type": "response.completed", "response": {}}, "completed", "stop"),
        ({"type": "response.completed"}, "completed", "stop"),
        ({"type": "response.done", "response": {}}, "completed", "stop"),
        ({"type": "response.completed", "response": {"status": "in_progress"}}, "completed", "stop"),
        (
            {
                "type": "response.completed",
                "response": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            },
            "max_output_tokens",
            "length",
        ),
    ],
)
def test_a_response_says_why_it_ended(last: Object, reason: str, translated: str) -> None:
    outcome = check([created(), *ANSWER, last])
    assert (outcome.ending, outcome.completion.finish_reason, outcome.anomalies) == ("complete", reason, ())
    assert outcome.completion.to_dict()["choices"][0]["finish_reason"] == translated
    assert [event.type for event in outcome.events[-2:]] == ["choice_finished", "stream_done"]


def test_calls_end_a_response_as_anything_else_does() -> None:
    outcome = check([created(), added(0, call()), done(0, call("{}")), ended()])
    assert outcome.events == [
        PartStarted(0, "tool_call"),
        ToolCallStarted(0, "call_1", "f"),
        ToolCallDelta(0, "{}"),
        ToolCallDone(0, CALL),
        PartDone(0, ToolCallPart(CALL, call("{}"))),
        ChoiceFinished("completed"),
        StreamDone(outcome.completion),
    ]
    assert outcome.completion.to_dict()["choices"][0]["finish_reason"] == "tool_calls"


def test_an_answer_without_a_word_is_complete() -> None:
    outcome = check([created(), ended("incomplete", incomplete_details={"reason": "max_output_tokens"})])
    assert (outcome.ending, outcome.completion.text, outcome.message.parts) == ("complete", "", [])
    assert outcome.events == [ChoiceFinished("max_output_tokens"), StreamDone(outcome.completion)]


@pytest.mark.parametrize(
    ("events", "error", "message"),
    [
        (
            [{"type": "error", "error": {"type": "invalid", "code": "c", "message": "no", "param": None}}],
            ("invalid", "c"),
            "no",
        ),
        ([{"type": "error", "code": "server_error", "message": "no", "param": None}], (None, "server_error"), "no"),
        ([{"type": "error", "error": {"message": "no"}}], (None, None), "no"),
        ([{"type": "response.error", "error": {"message": "no"}}], (None, None), "no"),
        ([{"error": {"message": "no", "code": 5}}], (None, 5), "no"),
        (
            [ended("failed", error={"code": "server_error", "message": "no"})],
            (None, "server_error"),
            "no",
        ),
        (
            [
                {"type": "error", "error": {"type": "t", "message": "first"}},
                ended("failed", error={"code": "c", "message": "second"}),
            ],
            ("t", None),
            "first",
        ),
        ([ended("failed")], (None, None), "the response failed"),
        ([ended("cancelled")], (None, None), "the response was cancelled"),
        (
            [{"type": "response.completed", "response": {"status": "cancelled"}}],
            (None, None),
            "the response was cancelled",
        ),
    ],
)
def test_errors(events: list[Object], error: tuple[str | None, str | int | None], message: str) -> None:
    first = [created(), *ANSWER]
    outcome = check([*first, *events])
    assert (outcome.ending, outcome.error) == ("provider_error", f"ProviderError: {message}")
    assert outcome.completion.text == "Hi"
    decoder = ChatDecoder(dialect=OpenAIResponses())
    with pytest.raises(ProviderError) as caught:
        list(decoder.feed(body(*first, *events)))
    assert (caught.value.type, caught.value.code) == error
    last = {**events[0], "sequence_number": 4}
    assert caught.value.body in (last, last.get("response"))


def test_a_response_that_failed_still_says_what_it_cost() -> None:
    outcome = check([created(), ended("failed", error={"message": "no"}, usage={"input_tokens": 1})])
    assert outcome.completion.usage == Usage(prompt_tokens=1, extra={"input_tokens": 1})
    assert outcome.completion.finish_reason is None
    assert outcome.completion.choices == read([body(created())]).completion.choices
    chunk, _ = OpenAIResponses().decode(ServerSentEvent(json.dumps(ended("failed"))))[1:]
    assert isinstance(chunk, ChatCompletionChunk)
    assert chunk.choices == []


def test_an_error_field_may_hold_any_text() -> None:
    (failure,) = OpenAIResponses().decode_field("error", "{")
    assert isinstance(failure, Failure)
    assert str(failure.error) == "{"


@pytest.mark.parametrize("line", [b"error: no\n\n", b'error: {"message": "no"}\n\n', b"event: error\ndata: no\n\n"])
def test_errors_outside_the_format(line: bytes) -> None:
    outcome = read([body(created()) + line])
    assert outcome.error == "ProviderError: no"


def test_other_fields_mean_nothing() -> None:
    outcome = read([b"retries: 3\n\n" + body(created(), *ANSWER, ended())])
    assert (outcome.ending, outcome.anomalies) == ("complete", ())


@pytest.mark.parametrize("data", ["no", "5", "[]", '"text"'])
def test_what_is_no_json_object_is_no_event(data: str) -> None:
    with pytest.raises(ChunkDecodeError):
        OpenAIResponses().decode(ServerSentEvent(data))


def test_chunks_of_a_chat_are_no_events() -> None:
    outcome = read([b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n'])
    assert outcome.kinds == ["unknown_event"]
    assert outcome.ending == "truncated"


def test_done_after_the_end_says_nothing_and_instead_of_it_neither() -> None:
    complete = read([body(created(), *ANSWER, ended()) + b"data: [DONE]\n\n"])
    assert (complete.ending, complete.anomalies) == ("complete", ())
    assert read([body(created(), *ANSWER) + b"data: [DONE]\n\n"]).ending == "truncated"


def test_what_comes_after_the_end_is_passed_over() -> None:
    outcome = check([created(), *ANSWER, ended(), {"type": "keepalive"}, text("more", 1)])
    assert (outcome.completion.text, outcome.ending, outcome.kinds) == ("Hi", "complete", ["data_after_done"])
    assert check([created(), ended(), {"type": "error", "message": "no"}]).kinds == ["data_after_done"]


def test_the_last_event_may_lack_its_blank_line() -> None:
    outcome = read([body(created(), *ANSWER, ended()).rstrip(b"\n")])
    assert (outcome.ending, outcome.kinds) == ("complete", ["unterminated_event"])


def test_a_text_that_was_cut_off_goes_back_as_a_message_and_nothing_else_does() -> None:
    outcome = check(
        [
            created(),
            added(0, REASONING),
            summary("Hm"),
            done(0, summed("Hm", encrypted_content="gAAA")),
            added(1, REASONING),
            summary("Hmm", 1),
            added(2, message()),
            text("Hi", 2),
            added(3, call()),
            piece("function_call_arguments", "{", 3),
        ]
    )
    assert outcome.message.to_native() == [
        summed("Hm", encrypted_content="gAAA"),
        {"type": "message", "role": "assistant", "content": "Hi"},
    ]
    assert outcome.error == (
        "IncompleteStreamError: the stream ended early: no response.completed came, no finish reason for choice 0"
    )


def test_an_item_goes_back_once_however_many_texts_it_has() -> None:
    thought = summed("Hm", "Hmm")
    answer = message(said("Hi"), {"type": "refusal", "refusal": "No"})
    outcome = check(
        [
            created(),
            added(0, REASONING),
            summary("Hm"),
            summary("Hmm", number=1),
            done(0, thought),
            added(1, message()),
            text("Hi", 1),
            piece("refusal", "No", 1, content_index=1),
            done(1, answer),
            ended(output=[thought, answer]),
        ]
    )
    assert len(outcome.message.parts) == 4
    assert outcome.message.to_native() == [thought, answer]


def test_what_goes_back_belongs_to_the_caller() -> None:
    outcome = check([created(), *ANSWER, ended()])
    items = outcome.message.to_native()
    items[0]["content"].clear()
    assert outcome.message.to_native() == [HI]


# ---------------------------------------------------------------- the response


def test_usage_by_both_names() -> None:
    said = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2, "odd_tokens": 1},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 15},
        "total_tokens": 30,
        "cost_in_usd_ticks": 7,
    }
    outcome = check([created(), *ANSWER, ended(usage=said)])
    usage = Usage(
        prompt_tokens=10,
        completion_tokens=20,
        total_tokens=30,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=4, cache_write_tokens=2),
        completion_tokens_details=CompletionTokensDetails(reasoning_tokens=15),
        extra={name: value for name, value in said.items() if name != "total_tokens"},
    )
    assert outcome.completion.usage == usage
    assert outcome.events[-2] == UsageReported(usage)
    assert check([created(), ended(usage={"input_tokens": "x", "input_tokens_details": 5})]).kinds == ["odd_type"]
    assert check([created(), ended(usage=5)]).completion.usage is None


def test_what_else_a_response_says_is_kept_and_what_repeats_the_request_is_not() -> None:
    last = ended(
        tools=[{"type": "function"}],
        instructions="be kind",
        tool_usage={"image_gen": {}},
        conversation={"id": "conv_1"},
        completed_at=None,
        moderation={"flagged": False},
        service_tier="flex",
    )
    outcome = check([created(), *ANSWER, {**last, "copilot_usage": {"total": 1}}])
    assert outcome.completion.extra == {
        "copilot_usage": {"total": 1},
        "status": "completed",
        "tool_usage": {"image_gen": {}},
        "conversation": {"id": "conv_1"},
        "moderation": {"flagged": False},
        "service_tier": "flex",
    }


def test_chunks_remember_what_was_received() -> None:
    events = numbered(created(), *ANSWER, text("!", 1), text("?", 1), ended())
    decoder = ChatDecoder(dialect=OpenAIResponses())
    chunks = [*decoder.feed_chunks(body(*events)), *decoder.close_chunks()]
    assert [chunk.raw for chunk in chunks] == [events[number] for number in (0, 2, 4, 5, 6)]


def test_a_server_that_gives_another_id_with_each_event() -> None:
    rotated = [
        created(),
        {"type": "response.in_progress", "response": {"id": "b"}},
        added(0, message(id="c")),
        text("Hi", item_id="d"),
        text("!", item_id="e"),
        done(0, message(said("Hi!"), id="f")),
        {"type": "response.completed", "response": {"id": "g", "output": [message(said("Hi!"), id="h")]}},
    ]
    outcome = check(rotated)
    assert outcome.completion.id == "resp_1"
    assert outcome.message.parts == [TextPart("Hi!", [], message(said("Hi!"), id="h"))]
    assert outcome.anomalies == (Anomaly("id_changed", "note", 2, "'b' after 'resp_1'"),)


def test_a_response_that_begins_again() -> None:
    outcome = check([created(), created(), {"type": "response.queued", "response": {}}, *ANSWER, ended()])
    assert outcome.anomalies == (Anomaly("start_repeated", "deviation", 1, "resp_1"),)


def test_a_response_may_be_queued_first() -> None:
    queued = {"type": "response.queued", "response": {"id": "resp_2", "created_at": 1.5}}
    outcome = check([queued, {"type": "response.in_progress", "response": {"id": "resp_2"}}, *ANSWER])
    assert (outcome.completion.id, outcome.completion.created, outcome.anomalies) == ("resp_2", 1, ())


def test_a_response_may_say_late_which_it_is() -> None:
    first = {"type": "response.created", "response": {"created_at": 0}}
    outcome = check([first, *ANSWER, ended(created_at=5)])
    completion = outcome.completion
    assert (completion.id, completion.model, completion.created) == ("resp_1", "m", 5)
    assert outcome.anomalies == ()


def test_limits_of_the_server_are_kept() -> None:
    event = {"type": "response.rate_limits.updated", "rate_limits": [{"name": "requests"}]}
    assert check([created(), event, *ANSWER, ended()]).completion.extra["rate_limits"] == [{"name": "requests"}]


# ---------------------------------------------------------------- numbers, and the rest of a stream


def test_numbers_are_without_gaps() -> None:
    gap = [{**text("!"), "sequence_number": 9}, {**text("?"), "sequence_number": 10}]
    outcome = check([created(), *ANSWER[:2], *gap])
    assert outcome.completion.text == "Hi!?"
    assert outcome.anomalies == (Anomaly("sequence_gap", "deviation", 1, "9 after 2"),)
    again = check([created(), *ANSWER[:2], {**text("!"), "sequence_number": 2}])
    assert (again.completion.text, again.kinds) == ("Hi!", ["sequence_gap"])


@pytest.mark.parametrize("number", [None, "x", True])
def test_numbers_may_be_missing(number: Any) -> None:
    without = [{**event, "sequence_number": number} for event in (created(), *ANSWER, text("!", 1), text("?", 1))]
    outcome = check([*without, ended()])
    assert (outcome.completion.text, outcome.kinds) == ("Hi!?", [])


def test_a_body_that_begins_in_mid_stream() -> None:
    """After `GET /v1/responses/{id}?stream=true&starting_after=7`."""
    first = message(said("One."))
    second = message(said("Hello world"), id="msg_2")
    last = call("{}", call_id="call_2")
    outcome = check(
        [
            text(" wor", 1),
            text("ld", 1),
            whole("output_text", "Hello world", 1, content_index=0),
            part("done", said("Hello world"), 1),
            done(1, second),
            added(2, call(call_id="call_2")),
            done(2, last),
            ended(output=[first, second, last]),
        ],
        first=8,
    )
    assert outcome.anomalies == ()
    assert outcome.completion.text == " world"
    assert outcome.message.to_native() == [second, last, first]
    assert outcome.message.tool_calls == [ToolCall("call_2", "f", "{}")]


def test_a_body_that_begins_inside_a_call() -> None:
    events = [piece("function_call_arguments", "1}"), done(0, call('{"a":1}')), ended()]
    outcome = check(events, first=4)
    assert outcome.message.tool_calls == [ToolCall("call_1", "f", "1}")]
    assert outcome.anomalies == ()
    whole_call = check(events[1:], first=5)
    assert whole_call.message.tool_calls == [ToolCall("call_1", "f", '{"a":1}')]


def test_a_body_that_begins_behind_a_text() -> None:
    outcome = check([whole("output_text", "Hi", content_index=0), done(0, HI), ended(output=[HI])], first=4)
    assert (outcome.completion.text, outcome.message.to_native()) == ("", [HI])
    other = check([text("Hi"), text("!"), done(0, message(said("Ho")))], first=4)
    assert other.kinds == ["text_contradicts"]


def test_a_body_that_is_only_the_end() -> None:
    outcome = check([ended(output=[HI, call("{}")])], first=9)
    assert (outcome.completion.text, outcome.message.tool_calls) == ("Hi", [CALL])
    assert outcome.message.to_native() == [HI, call("{}")]


# ---------------------------------------------------------------- beside the output


def test_keepalives() -> None:
    data = body(created(), {"type": "keepalive"}, *ANSWER[:2], {"type": "ping"})
    outcome = read([b": OPENROUTER PROCESSING\n\n", data, b"data:\n\n"], keepalives=True)
    assert [event.comment for event in outcome.events if isinstance(event, KeepAlive)] == [
        "OPENROUTER PROCESSING",
        '{"type": "keepalive", "sequence_number": 1}',
        '{"type": "ping", "sequence_number": 4}',
        "",
    ]
    assert outcome.kinds == ["keepalive_as_data"]
    assert OpenAIResponses().decode(ServerSentEvent(": x")) == (AnomalyFound("keepalive_as_data", ": x"), Ping("x"))


def test_sound_belongs_to_no_item() -> None:
    outcome = check(
        [
            created(),
            {"type": "response.audio.delta", "delta": "UklG"},
            {"type": "response.audio.transcript.delta", "delta": "Hi"},
            {"type": "response.audio.transcript.done"},
            {"type": "response.audio.done"},
            ended(),
        ]
    )
    assert outcome.message.audio == Audio(data="UklG", transcript="Hi")
    assert [event for event in outcome.events if isinstance(event, AudioDelta)] == [
        AudioDelta(data="UklG"),
        AudioDelta(transcript="Hi"),
    ]
    assert outcome.anomalies == ()


def test_log_probabilities() -> None:
    token = TokenLogprob(token="Hi", logprob=-0.5, bytes=[72, 105], top_logprobs=[])
    outcome = check(
        [created(), added(0, message()), text("Hi", logprobs=[LOGPROB]), whole("output_text", "Hi", logprobs=[LOGPROB])]
    )
    assert outcome.completion.choices[0].logprobs == ChoiceLogprobs(content=[token])
    late = check([created(), added(0, message()), whole("output_text", "Hi", logprobs=[LOGPROB])])
    assert late.completion.choices[0].logprobs == ChoiceLogprobs(content=[token])
    assert check([created(), text("Hi", logprobs=[5])]).kinds == ["odd_type"]


def test_loose_json_is_read() -> None:
    data = body(created()) + b'data: {"type": "response.output_text.delta", "output_index": 0, "delta": "a\tb"}\n\n'
    outcome = read([data])
    assert (outcome.completion.text, outcome.kinds) == ("a\tb", ["loose_json"])


def test_events_without_a_type_have_that_of_their_name_and_events_without_a_name_that_of_their_data() -> None:
    events = numbered(created(), *ANSWER, ended())
    unnamed = b"".join(framed(event, named=False) for event in events)
    assert read([unnamed]) == read([body(*events)])
    untyped = b"".join(
        f"event: {event['type']}\ndata: {json.dumps({**event, 'type': None})}\n\n".encode() for event in events
    )
    outcome = read([untyped])
    assert (outcome.completion.text, outcome.ending, outcome.anomalies) == ("Hi", "complete", ())


def test_events_that_run_together() -> None:
    events = numbered(created(), *ANSWER, ended())
    data = b"".join(b"data: " + json.dumps(event).encode() + b"\n" for event in events) + b"\n"
    outcome = read([data])
    assert (outcome.completion.text, outcome.ending, outcome.kinds) == ("Hi", "complete", ["events_run_together"])


# ---------------------------------------------------------------- the fast path


STREAMS = {
    "text": ([added(0, message())], lambda said: text(said, logprobs=[])),
    "reasoning": ([added(0, REASONING)], lambda said: piece("reasoning_text", said, content_index=0)),
    "summary": ([added(0, REASONING)], summary),
    "refusal": ([added(0, message())], lambda said: piece("refusal", said, content_index=0)),
    "text without its place": ([added(0, message())], lambda said: piece("output_text", said)),
    "reasoning without its place": ([added(0, REASONING)], lambda said: piece("reasoning_text", said)),
    "summary without its place": ([added(0, REASONING)], lambda said: piece("reasoning_summary_text", said)),
    "refusal without its place": ([added(0, message())], lambda said: piece("refusal", said)),
    "arguments": ([added(0, call())], lambda said: piece("function_call_arguments", said)),
    "input": (
        [added(0, {"type": "custom_tool_call", "call_id": "c", "name": "f"})],
        lambda said: piece("custom_tool_call_input", said),
    ),
}


def test_where_deep_json_crashes_the_fast_path_looks_at_the_depth_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    decode = piece_decoder()
    monkeypatch.undo()
    data = json.dumps(text("Hi"))
    assert decode(data.encode()) == decode(data) == piece_decoder()(data)
    with pytest.raises(ValueError, match="nested deeper than 128 levels"):
        decode(data.replace('"delta": "Hi"', f'"delta": "Hi", "x": {"[" * 200}{"]" * 200}'))


@pytest.mark.parametrize("name", STREAMS)
def test_pieces_are_read_by_the_fast_path_and_say_the_same_by_the_other(name: str) -> None:
    before, make = STREAMS[name]
    events = numbered(created(), *before, *map(make, ("a", "b", "\u00e9\U0001f600", '"')))
    fast: Dialect = OpenAIResponses()
    slow: Dialect = OpenAIResponses()
    for number, event in enumerate(events):
        data = json.dumps(event)
        chunk = fast.decode_plain(data.encode(), event["type"])
        assert (chunk is not None) == (number > 2)
        items = [chunk] if chunk is not None else fast.decode(ServerSentEvent(data))
        assert items == list(slow.decode(ServerSentEvent(data)))


@pytest.mark.parametrize(
    "event",
    [
        text("b", 1),
        text("b", content=1),
        text(""),
        text("b", logprobs=[LOGPROB]),
        {**text("b"), "sequence_number": 7},
        {**text("b"), "sequence_number": None},
        piece("refusal", "b", content_index=0),
        piece("function_call_arguments", "b"),
        {**text("b"), "delta": 5},
        {"type": "response.output_text.delta", "delta": "b"},
        {"type": "keepalive"},
        whole("output_text", "a", content_index=0),
    ],
)
def test_what_is_no_piece_of_the_text_that_streams_is_not_for_the_fast_path(event: Object) -> None:
    dialect = OpenAIResponses()
    for first in numbered(created(), added(0, message()), text("a")):
        dialect.decode(ServerSentEvent(json.dumps(first)))
    data = json.dumps(numbered(event, first=3)[0])
    assert dialect.decode_plain(data.encode()) is None
    assert dialect.decode_plain("{") is None
    fitting = json.dumps({**text("b"), "sequence_number": 3})
    assert dialect.decode_plain(fitting.encode()) is not None
    dialect.decode(ServerSentEvent(json.dumps({**done(0, message(said("ab"))), "sequence_number": 4})))
    assert dialect.decode_plain(json.dumps({**text("b"), "sequence_number": 5})) is None


# ---------------------------------------------------------------- documents, and telling the format


def document(status: str | None = "completed", **fields: Any) -> bytes:
    response = {"id": "resp_1", "object": "response", "model": "m", "created_at": 17, "output": [HI, call("{}")]}
    return json.dumps({**response, **({} if status is None else {"status": status}), **fields}).encode()


def read_document(data: bytes) -> tuple[ChatDecoder, list[ChatEvent]]:
    decoder = ChatDecoder(dialect=OpenAIResponses())
    assert decoder._reader.take_document(data)
    events = list(decoder.feed(b""))
    return decoder, [*events, *decoder.close()]


@pytest.mark.parametrize("status", ["completed", None])
def test_a_whole_response_instead_of_a_stream(status: str | None) -> None:
    decoder, events = read_document(document(status, usage={"input_tokens": 1}))
    completion = decoder.completion
    assert (completion.id, completion.text, completion.tool_calls) == ("resp_1", "Hi", [CALL])
    assert completion.message.to_native() == [HI, call("{}")]
    assert (completion.finish_reason, decoder.ending) == ("completed", "complete")
    assert [anomaly.kind for anomaly in decoder.anomalies] == ["not_streamed"]
    assert events[-1] == StreamDone(completion)


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        ("failed", ProviderError, "the response failed"),
        ("cancelled", ProviderError, "the response was cancelled"),
        ("queued", IncompleteStreamError, "still queued"),
        ("in_progress", IncompleteStreamError, "still in progress"),
    ],
)
def test_a_whole_response_that_is_no_answer(status: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_document(document(status, output=[]))


def test_a_document_of_something_else_is_none() -> None:
    decoder = ChatDecoder(dialect=OpenAIResponses())
    assert not decoder._reader.take_document(b'{"object": "list"}')
    assert not decoder._reader.take_document(b"<html>")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (created(), True),
        ({"type": "response.output_text.delta", "delta": "x"}, True),
        ({"type": "keepalive", "sequence_number": 0}, True),
        ({"type": "error", "error": {}, "sequence_number": 0}, True),
        ({"response": {"object": "response"}}, True),
        (json.loads(document()), True),
        ({"type": "error", "error": {"type": "overloaded_error"}}, False),
        ({"type": "message_start", "message": {}}, False),
        ({"type": "message-start"}, False),
        ({"object": "chat.completion.chunk", "choices": []}, False),
        ({"candidates": []}, False),
        ({"response": {"candidates": []}}, False),
        ({"error": {"message": "no"}}, False),
        ({}, False),
    ],
)
def test_the_first_event_tells_the_format(value: Object, expected: bool) -> None:
    assert (format_of(value) == "openai_responses") is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [('{"type": "keepalive"}', True), (" [DONE]", True), ("{", False), ("[]", False), ("hello", False), ("", False)],
)
def test_what_is_whole_by_itself(data: str, expected: bool) -> None:
    assert OpenAIResponses().is_whole(data) is expected


# ---------------------------------------------------------------- anomalies


ANOMALIES: dict[AnomalyKind, tuple[list[Object], str]] = {
    # Events, and the text that strict mode delivers before the error: all that came before.
    "unknown_event": ([text("Hi"), {"type": "response.sketched"}], ""),
    "unknown_delta": ([text("Hi"), {"type": "response.sketch.delta"}], ""),
    "sequence_gap": ([text("Hi"), {**text("!"), "sequence_number": 5}], "Hi"),
    "text_contradicts": ([text("Hi"), whole("output_text", "Ho", content_index=0), text("!")], "Hi"),
    "start_repeated": ([text("Hi"), created()], "Hi"),
}


@pytest.mark.parametrize("kind", ANOMALIES)
def test_each_kind_of_anomaly(kind: AnomalyKind) -> None:
    events, before = ANOMALIES[kind]
    data = body(created(), *events)
    tolerant = read([data])
    (anomaly,) = tolerant.anomalies
    assert (anomaly.kind, anomaly.count) == (kind, 1)
    assert (anomaly.level == "note") == (not before)
    for pieces in ([data], bytewise(data)):
        strict = read(pieces, strict=True)
        assert strict.ending == ("invalid" if before else "truncated")
        assert strict.completion.text == (before or "Hi")
