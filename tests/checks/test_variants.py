"""Variants of defects and of legal streams: exactly these errors and warnings are found, each at its place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence

import pytest

from sse_stream import Limits
from sse_stream.checks import Capture, Finding, Report, check

from .defects import (
    ANTHROPIC,
    BLOCK,
    BLOCK_STOP,
    CALLS,
    CLEAN,
    COMPLETED,
    CREATED,
    DONE,
    END_TURN,
    FIRST,
    GEMINI,
    GEMINI_USAGE,
    ITEM,
    ITEM_DONE,
    MESSAGE_START,
    MESSAGE_STOP,
    PART,
    PART_DONE,
    PIECE,
    RESPONSES,
    SECOND,
    STOP,
    TEXT,
    TEXT_DONE,
    JSONObject,
    call,
    calling,
    candidate,
    chunk,
    delta,
    gemini,
    named,
    numbered,
    replaced,
    untyped,
)

FUNCTION = {"type": "function_call", "id": "i", "call_id": "a", "name": "f", "arguments": ""}

BOM = b"\xef\xbb\xbf"


def piece(arguments: object, index: int = 0, **head: object) -> JSONObject:
    """A piece of a call of the function `f`, under the id `a` if no other is given."""
    return {"index": index, "id": "a", **head, "function": {"name": "f", "arguments": arguments}}


def tool_use(partial_json: str, stop_reason: str) -> bytes:
    """An answer of Anthropic's that calls a tool with these arguments."""
    return named(
        MESSAGE_START,
        {**BLOCK, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}},
        {**TEXT, "delta": {"type": "input_json_delta", "partial_json": partial_json}},
        BLOCK_STOP,
        {**END_TURN, "delta": {"stop_reason": stop_reason}},
        MESSAGE_STOP,
    )


def at(index: int, event: JSONObject) -> JSONObject:
    return {**event, "index": index}


def with_message(**fields: object) -> JSONObject:
    """A `message_start` whose message has these fields."""
    message = MESSAGE_START["message"]
    assert isinstance(message, dict)
    return {**MESSAGE_START, "message": {**message, **fields}}


def with_response(event: JSONObject, **fields: object) -> JSONObject:
    """An event of Responses whose response has these fields."""
    response = event["response"]
    assert isinstance(response, dict)
    return {**event, "response": {**response, **fields}}


def moved(event: JSONObject, item: int, part: int) -> JSONObject:
    """An event of Responses about another item and part."""
    places = {"output_index": item, "content_index": part, "item_id": f"msg_{item + 1}"}
    return {**event, **{name: place for name, place in places.items() if name in event}}


def quoted(event: JSONObject, name: str) -> JSONObject:
    return {**event, name: str(event[name])} if name in event else event


SEARCH: JSONObject = {
    "type": "response.output_item.added",
    "output_index": 0,
    "item": {"type": "web_search_call", "id": "ws_1", "status": "completed"},
}
EMPTY_PIECES: Sequence[JSONObject] = ({}, {"function": {"arguments": ""}}, {"function": {}}, {"index": None})
TEXTS: Sequence[object] = (5, [], {}, True)
EMPTY: Sequence[object] = (None, [])
WRONG: Sequence[object] = (None, "x", 2, [])
BEGUN = {**MESSAGE_START, "message": {"id": "msg_1", "content": [{"type": "text", "text": "Hi"}], "usage": {}}}

BODIES: Sequence[tuple[str, bytes, set[str]]] = [
    # Framing.
    (
        "a BOM at each event",
        BOM + FIRST + BOM + STOP + BOM + DONE,
        {"byte_order_mark", "misspelled_field", "truncated"},
    ),
    ("a BOM in the second line", b"\n" + BOM + CLEAN, {"misspelled_field"}),
    ("Data: throughout", CLEAN.replace(b"data:", b"Data:"), {"misspelled_field", "truncated"}),
    ("a blank before each colon", CLEAN.replace(b"data:", b"data :"), {"misspelled_field", "truncated"}),
    ("a line of text between events", FIRST + b"hello there\n\n" + STOP + DONE, {"unknown_field"}),
    ("a line of text in an event", FIRST[:-1] + b"hello there\n\n" + STOP + DONE, {"unknown_field"}),
    ("[DONE] without data:", FIRST + STOP + b"[DONE]\n\n", {"unframed_json"}),
    ("cut inside the name of a field", FIRST + b"dat", {"truncated"}),
    ("cut inside a reconnection time", FIRST + b"retry:", {"truncated"}),
    ("cut between CR and LF", FIRST.replace(b"\n", b"\r\n")[:-1], {"truncated"}),
    ("the last LF of CRLF removed", CLEAN.replace(b"\n", b"\r\n")[:-1], set()),
    ("Anthropic's events run together", named(*ANTHROPIC).replace(b"\n\n", b"\n") + b"\n", {"events_run_together"}),
    ("events of Responses run together", numbered(*RESPONSES).replace(b"\n\n", b"\n") + b"\n", {"events_run_together"}),
    ("gzip that nobody decoded", gzip.compress(CLEAN), {"not_a_stream"}),
    # Values of other types.
    *(
        (
            f"object: {json.dumps(value)}",
            CLEAN.replace(b'"chat.completion.chunk"', json.dumps(value).encode()),
            {"odd_type"},
        )
        for value in (5, True, 1.5, [], [1], {}, {"a": 1})
    ),
    ("object: null", CLEAN.replace(b'"chat.completion.chunk"', b"null"), set()),
    *(
        (
            f"index: {json.dumps(value)}",
            FIRST + chunk([{"index": value, "delta": {"content": "x"}, "finish_reason": None}]) + STOP + DONE,
            {"missing_index"},
        )
        for value in (None, [], [1], {}, {"a": 1}, True)
    ),
    (
        "a sequence number in quotes",
        b"".join(named({**one, "sequence_number": str(number)}) for number, one in enumerate(RESPONSES)),
        {"odd_type"},
    ),
    # Calls.
    ("arguments encoded twice", calling(piece('"{}"')), {"bad_arguments"}),
    ("arguments that are a list", calling(piece("[1]")), {"bad_arguments"}),
    ("NaN in arguments", calling(piece('{"a": NaN}')), {"bad_arguments"}),
    ("arguments in a fence", calling(piece("```json\n{}\n```")), {"bad_arguments"}),
    ("arguments cut at a limit", calling(piece('{"a'), end=delta({}, "length")), set()),
    ("arguments cut by a filter", calling(piece('{"a'), end=delta({}, "content_filter")), set()),
    ("arguments cut by Anthropic's context window", tool_use('{"a', "model_context_window_exceeded"), set()),
    ("arguments cut by Anthropic's refusal", tool_use('{"a', "refusal"), set()),
    ("arguments of Anthropic's that are broken", tool_use('{"a', "tool_use"), {"bad_arguments"}),
    (
        "the input of a custom tool",
        calling({"index": 0, "id": "a", "type": "custom", "custom": {"name": "f", "input": "l"}}),
        set(),
    ),
    (
        "two calls under one id",
        calling(piece("{}"), {**piece("{}"), "function": {"name": "g", "arguments": "{}"}}),
        {"call_id_reused"},
    ),
    (
        "an id that is late, and repeated",
        calling(piece('{"a"', id=None), piece(":", id="a"), piece("1}", id="a")),
        {"call_head_repeated", "missing_call_id"},
    ),
    (
        "an id in two choices",
        chunk(
            [
                {
                    "index": index,
                    "delta": {"role": "assistant", "tool_calls": [piece("{}")]},
                    "finish_reason": "tool_calls",
                }
                for index in (0, 1)
            ]
        )
        + DONE,
        set(),
    ),
    # Anthropic.
    ("a ping without a name", named(MESSAGE_START) + b'data: {"type": "ping"}\n\n' + named(*ANTHROPIC[1:]), set()),
    (
        "a message that begins again",
        named(*ANTHROPIC[:4], MESSAGE_START, at(1, BLOCK), at(1, TEXT), at(1, BLOCK_STOP), *ANTHROPIC[4:]),
        {"start_repeated"},
    ),
    (
        "a message that begins with a block",
        named(BEGUN, at(1, BLOCK), at(1, TEXT), at(1, BLOCK_STOP), *ANTHROPIC[4:]),
        set(),
    ),
    ("a block whose index is null", named(MESSAGE_START, {**BLOCK, "index": None}, *ANTHROPIC[2:]), {"missing_index"}),
    ("blocks that all have index 0", named(*ANTHROPIC[:4], *ANTHROPIC[1:]), {"index_gap"}),
    (
        "the third block at the index of the first",
        named(*ANTHROPIC[:4], at(1, BLOCK), at(1, TEXT), at(1, BLOCK_STOP), *ANTHROPIC[1:]),
        {"index_gap"},
    ),
    ("a block that begins twice", named(*ANTHROPIC[:2], *ANTHROPIC[1:]), {"start_repeated"}),
    (
        "another message, with blocks of its own",
        named(*ANTHROPIC[:4], with_message(id="msg_2"), *ANTHROPIC[1:]),
        {"provider_error"},
    ),
    (
        "types in names alone, and two more defects",
        untyped(MESSAGE_START)
        + untyped(at(3, BLOCK))
        + untyped(at(3, TEXT))
        + untyped(at(3, BLOCK_STOP))
        + untyped({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": None})
        + untyped(MESSAGE_STOP),
        {"missing_type", "index_gap", "missing_usage"},
    ),
    ("a ping without a type", named(MESSAGE_START) + untyped({"type": "ping"}) + named(*ANTHROPIC[1:]), set()),
    (
        "an error without a type",
        named(MESSAGE_START) + b'event: error\ndata: {"error": {"message": "overloaded"}}\n\n',
        {"provider_error"},
    ),
    (
        "an event with neither a name nor a type",
        named(*ANTHROPIC[:2]) + untyped(TEXT).partition(b"\n")[2] + named(*ANTHROPIC[3:]),
        {"missing_event_name", "missing_type"},
    ),
    (
        "a type that is a number",
        named(*ANTHROPIC[:2]) + untyped(TEXT).replace(b"data: {", b'data: {"type": 5, ') + named(*ANTHROPIC[3:]),
        {"missing_type"},
    ),
    *(
        (f"{name} in Anthropic's events", named(*events), {"odd_type"})
        for name, events in (
            ("content: null", [with_message(content=None), *ANTHROPIC[1:]]),
            ("content: text", [with_message(content="Hi"), *ANTHROPIC[1:]]),
            ("no content", [{**MESSAGE_START, "message": {"id": "m", "usage": {"output_tokens": 1}}}, *ANTHROPIC[1:]]),
            ("a count in quotes", [with_message(usage={"input_tokens": "3"}), *ANTHROPIC[1:]]),
            ("a count with a fraction", [*ANTHROPIC[:4], {**END_TURN, "usage": {"output_tokens": 1.5}}, MESSAGE_STOP]),
            ("a count that is a list", [with_message(usage={"cache_read_input_tokens": []}), *ANTHROPIC[1:]]),
            ("counts of null", [with_message(usage={"input_tokens": None, "output_tokens": None}), *ANTHROPIC[1:]]),
            *(
                (f"{kind}: {said}", [MESSAGE_START, {**BLOCK, "content_block": begun}, *rest, *ANTHROPIC[3:]])
                for kind, field in (("text", "text"), ("thinking", "thinking"))
                for piece in [{**TEXT, "delta": {"type": f"{kind}_delta", field: "Hi"}}]
                for said, begun, rest in (
                    ("null in a block", {"type": kind, field: None}, [piece]),
                    ("missing in a block", {"type": kind}, [piece]),
                    (
                        "null in a delta",
                        {"type": kind, field: ""},
                        [piece, {**TEXT, "delta": {"type": f"{kind}_delta", field: None}}],
                    ),
                    (
                        "missing in a delta",
                        {"type": kind, field: ""},
                        [piece, {**TEXT, "delta": {"type": f"{kind}_delta"}}],
                    ),
                )
            ),
        )
    ),
    (
        "some counts of null",
        named(with_message(usage={"input_tokens": 3, "output_tokens": None}), *ANTHROPIC[1:]),
        set(),
    ),
    # Responses.
    ("numbers that begin with 1", numbered(*RESPONSES, first=1), set()),
    (
        "numbers that begin with 1, and text of no item",
        numbered(CREATED, *RESPONSES[3:], first=1),
        {"unannounced_item", "unannounced_part"},
    ),
    (
        "the first event lost, the next one with the whole response",
        numbered({**CREATED, "type": "response.in_progress"}, *RESPONSES[1:], first=1),
        {"missing_created"},
    ),
    (
        "a call that is done under another id and name",
        numbered(
            CREATED,
            {**ITEM, "item": FUNCTION},
            {**ITEM_DONE, "item": {**FUNCTION, "call_id": "b", "name": "g", "arguments": "{}"}},
            with_response(COMPLETED, output=[{**FUNCTION, "arguments": "{}"}]),
        ),
        {"call_id_changed", "call_name_changed"},
    ),
    ("resumed within a text", numbered(*RESPONSES[3:], first=3), set()),
    (
        "resumed after it was queued",
        numbered({**CREATED, "type": "response.in_progress"}, *RESPONSES[1:], first=2),
        set(),
    ),
    ("an item that begins again when it is done", numbered(*RESPONSES[:-1], *RESPONSES[1:]), {"start_repeated"}),
    ("a search at the index of a message", numbered(*RESPONSES[:-1], SEARCH, RESPONSES[-1]), {"start_repeated"}),
    (
        "an item that comes after its text",
        numbered(CREATED, PIECE, ITEM, PART, *RESPONSES[4:]),
        {"unannounced_item", "unannounced_part"},
    ),
    (
        "an item that the response begins with",
        numbered(with_response(CREATED, output=[RESPONSES[1]["item"]]), *RESPONSES[2:]),
        set(),
    ),
    (
        "parts that count on across items",
        numbered(*RESPONSES[:-1], *(moved(one, 1, 1) for one in RESPONSES[1:-1]), RESPONSES[-1]),
        {"index_gap"},
    ),
    (
        "two parts of one item",
        numbered(*RESPONSES[:6], *(moved(one, 0, 1) for one in RESPONSES[2:6]), *RESPONSES[6:]),
        set(),
    ),
    (
        "output_index in quotes, and text of no part",
        numbered(*(quoted(one, "output_index") for one in replaced(RESPONSES, PART))),
        {"odd_type", "unannounced_part"},
    ),
    (
        "output_index in quotes, and text of no item",
        numbered(*(quoted(one, "output_index") for one in replaced(RESPONSES, ITEM))),
        {"odd_type", "unannounced_item"},
    ),
    ("content_index in quotes", numbered(*(quoted(one, "content_index") for one in RESPONSES)), {"odd_type"}),
    (
        "content_index of no number",
        numbered(*replaced(RESPONSES, PIECE, {**PIECE, "content_index": "x"})),
        {"missing_index"},
    ),
    (
        "a part without an index",
        numbered(*replaced(RESPONSES, PART, PART, {**PART, "content_index": None})),
        {"missing_index"},
    ),
    *(
        (
            f"final output: {json.dumps(output)}",
            numbered(*RESPONSES[:-1], with_response(COMPLETED, output=output)),
            {"empty_output"},
        )
        for output in EMPTY
    ),
    *(
        (
            f"{field}: {json.dumps(wrong)} in {event['type']}",
            numbered(*replaced(RESPONSES, event, event, {**event, field: wrong})),
            {"odd_type"},
        )
        for event, field in ((ITEM, "item"), (ITEM_DONE, "item"), (PART, "part"), (PART_DONE, "part"))
        for wrong in WRONG
    ),
    *(
        (
            f"response: {json.dumps(wrong)}",
            numbered(CREATED, {"type": "response.in_progress", "response": wrong}, *RESPONSES[1:]),
            {"odd_type"},
        )
        for wrong in WRONG
    ),
    *(
        (
            f"{field}: null in {event['type']}",
            numbered(*replaced(RESPONSES, event, event, {**event, field: None})),
            {"odd_type"},
        )
        for event, field in ((PIECE, "delta"), (TEXT_DONE, "text"))
    ),
    (
        "no delta",
        numbered(*replaced(RESPONSES, PIECE, PIECE, {name: PIECE[name] for name in PIECE if name != "delta"})),
        {"odd_type"},
    ),
    # Chats.
    ("a choice that is a number", FIRST + chunk([5]) + STOP + DONE, {"odd_type"}),
    ("a piece of a call that is a number", FIRST + delta({"tool_calls": [5]}) + STOP + DONE, {"odd_type"}),
    (
        "the completions that came before chats",
        chunk([{"index": 0, "text": "Hi", "finish_reason": None}], object="text_completion")
        + chunk([{"index": 0, "text": "", "finish_reason": "stop"}], object="text_completion")
        + DONE,
        set(),
    ),
    *(
        (f"a piece of a call: {json.dumps(empty)}", calling(piece("{}"), empty), {"missing_call_index"})
        for empty in EMPTY_PIECES
    ),
    ("content after [DONE]", CLEAN + SECOND, {"data_after_done", "content_after_finish"}),
    ("usage after [DONE]", FIRST + STOP + DONE + chunk([], usage={"total_tokens": 7}), set()),
    *(
        (
            f"text: {json.dumps(text)}",
            gemini(GEMINI[0], {"candidates": [{"content": {"parts": [{"text": text}]}}]}, GEMINI[1]),
            {"odd_type"},
        )
        for text in TEXTS
    ),
    ("calls at 0 and 2", calling(piece("{}"), piece("{}", 2, id="b")), {"call_index_gap"}),
    ("calls at 0 and 1", calling(piece("{}"), piece("{}", 1, id="b")), set()),
    # Ends.
    ("finish_reason error", FIRST + delta({}, "error") + DONE, {"provider_error"}),
    ("an error before anything else", b'data: {"error": {"message": "overloaded"}}\n\n', {"provider_error"}),
    (
        "Gemini's error before anything else",
        gemini({"error": {"code": 503, "message": "overloaded"}}),
        {"provider_error"},
    ),
    ("Gemini's array", json.dumps(list(GEMINI)).encode(), {"not_streamed"}),
    ("no bytes", b"", {"truncated"}),
    ("comments alone", b": ping\n\n" * 9, {"truncated"}),
    ("blank lines alone", b"\n" * 99, {"truncated"}),
    ("NUL bytes", b"\0" * 999, {"not_a_stream"}),
]


# Notes that come beside what a row is about.
BESIDE = {"missing_role", "unknown_finish_reason"}


def found(report: Report, name: str) -> Finding:
    return next(finding for finding in report.findings if finding.rule.name == name)


@pytest.mark.parametrize(("body", "names"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_these_errors_and_warnings_are_found(body: bytes, names: set[str]) -> None:
    report = check(body)
    assert {finding.rule.name for finding in report.findings} - BESIDE == names


def captured(body: bytes, *, broken: str = "", version: str = "", **headers: str) -> Capture:
    sent = {"content-type": "text/event-stream", "cache-control": "no-store", "transfer-encoding": "chunked", **headers}
    return Capture(body=body, status=200, headers=sent, broken=broken, http_version=version)


@pytest.mark.parametrize(
    ("capture", "names"),
    [
        (captured(CLEAN, **{"content-type": "text/event-stream; v=1; charset=latin-1"}), {"odd_charset"}),
        (captured(CLEAN, version="HTTP/1.0"), {"connection_not_reused"}),
        (captured(CLEAN, version="HTTP/1.0", connection="keep-alive"), set()),
        (captured(CLEAN, broken="reset"), {"broken_after_finish"}),
        (captured(FIRST + b"data: {\n\n", broken="reset"), {"undecodable"}),
    ],
)
def test_these_errors_and_warnings_are_found_of_a_response(capture: Capture, names: set[str]) -> None:
    assert {finding.rule.name for finding in check(capture).findings} == names


def test_the_framing_of_a_connection_that_breaks_is_checked_too() -> None:
    report = check(captured(b"data: hello\n\n", broken="reset"), dialect="sse")
    assert [finding.rule.name for finding in report.findings] == ["connection_broken"]


@pytest.mark.parametrize(
    ("body", "name", "event", "line", "offset"),
    [
        (b": \xff\n\n" + CLEAN, "invalid_utf8", 0, 1, 0),
        (b"event: x\n" + FIRST[:-1] + b": a comment\nevent: y\n" + STOP + DONE, "named_event", 1, 1, 0),
        (FIRST[:-1] + b": a comment\nevent: y\n" + STOP + DONE, "named_event", 2, 3, len(FIRST) - 1 + 12),
        (FIRST + SECOND, "truncated", 2, 4, len(FIRST + SECOND)),
        (FIRST + SECOND[:40], "truncated", 2, 3, len(FIRST) + 40),
    ],
)
def test_a_finding_is_where_its_event_is(body: bytes, name: str, event: int, line: int, offset: int) -> None:
    finding = found(check(body), name)
    assert (finding.event, finding.line, finding.offset) == (event, line, offset)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (FIRST, "the stream ends before the answer is done: no [DONE] came, no finish reason for choice 0"),
        (b"<html>", "the body is not an event stream: its body is an HTML page: <html>"),
    ],
)
def test_a_message_says_everything_once(body: bytes, message: str) -> None:
    assert [finding.message for finding in check(body).findings if finding.level == "error"] == [message]


@pytest.mark.parametrize("limits", [Limits(choices=1), Limits(tool_calls=1), Limits(output_size=10)])
def test_every_limit_is_a_finding(limits: Limits) -> None:
    several = chunk(
        [{"index": index, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None} for index in (0, 1)]
    )
    calls = call(piece("{}")) + call(piece("{}", 1, id="b"))
    finding = found(check(several + calls + CALLS + DONE, limits=limits), "event_too_large")
    assert "the limit set by Limits." in finding.message


def test_the_format_of_a_document_is_told() -> None:
    message = {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": "end_turn",
    }
    assert check(json.dumps(message).encode()).dialect == "anthropic_messages"
    assert check(json.dumps(list(GEMINI)).encode()).dialect == "gemini_content"


@pytest.mark.parametrize(
    "body",
    [
        gemini({"promptFeedback": {"blockReason": "SAFETY"}, **GEMINI_USAGE}),
        gemini({**candidate("", finishReason="SAFETY"), **GEMINI_USAGE}),
        named(MESSAGE_START, {**END_TURN, "delta": {"stop_reason": "refusal"}}, MESSAGE_STOP),
        FIRST.replace(b"Hi", b"") + delta({}, "content_filter") + DONE,
    ],
)
def test_a_refused_answer_may_be_empty(body: bytes) -> None:
    assert check(body).findings == ()


def test_an_excerpt_shows_what_is_not_seen() -> None:
    finding = found(check(CLEAN + BOM + "data: \u202e\u200b\n\n".encode()), "misspelled_field")
    assert finding.excerpt == "\\ufeffdata: \\u202e\\u200b"


def test_a_key_that_comes_often_is_found_in_linear_time() -> None:
    keys = b",".join(b'"k%d": 1' % (number // 2) for number in range(40_000))
    finding = found(check(FIRST + b'data: {"choices": [], "x": {' + keys + b"}}\n\n" + STOP + DONE), "duplicate_key")
    assert finding.message == "a JSON object has the same key twice: k0"


@pytest.mark.parametrize(
    ("delta", "message"),
    [
        ({"type": "hint_delta", "hint": "x"}, "hint_delta"),
        ({"type": "input_json_delta", "partial_json": "{"}, "input_json_delta in a block of type text"),
        ({"type": "thinking_delta", "thinking": "Hm"}, "thinking_delta in a block of type text"),
    ],
)
def test_a_delta_that_its_block_does_not_take_is_named(delta: JSONObject, message: str) -> None:
    finding = found(check(named(*ANTHROPIC[:3], {**TEXT, "delta": delta}, *ANTHROPIC[3:])), "unknown_delta")
    assert finding.message.endswith(f": {message}")
    assert finding.count == 1


def test_each_block_that_does_not_count_on_is_counted() -> None:
    report = check(named(*ANTHROPIC[:4], *ANTHROPIC[1:4], *ANTHROPIC[1:]))
    assert (found(report, "index_gap").count, found(report, "index_gap").event) == (2, 5)


@pytest.mark.parametrize("index", ["0", None, -1])
def test_a_role_is_named_whatever_the_index_of_another_delta(index: object) -> None:
    report = check(FIRST + chunk([{"index": index, "delta": {"content": "x"}, "finish_reason": None}]) + STOP + DONE)
    assert "missing_role" not in {finding.rule.name for finding in report.findings}


def test_two_whole_calls_at_one_index_repeat_no_head() -> None:
    report = check(calling(piece('{"a": 1}', id=None), piece('{"a": 2}', id=None)))
    assert "call_head_repeated" not in {finding.rule.name for finding in report.findings}


def test_the_excerpt_of_content_after_the_finish_is_what_was_received() -> None:
    finding = found(check(FIRST + STOP + SECOND + DONE), "content_after_finish")
    assert finding.excerpt.startswith('{"id": "c1", "object"')
