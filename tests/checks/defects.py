"""Streams with one defect each, and the rule that each violates.

A defect is a clean answer with one change. Any other finding is a note or a warning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sse_stream.testing import Disconnect, Reply

JSONObject = dict[str, object]

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


@dataclass(frozen=True)
class Defect:
    """A reply, and the name of the rule that it breaks.

    Attributes:
        reply: What the server sends.
        rule: The rule's name.
        beside: Rules of level error that the same defect breaks inevitably.
    """

    reply: Reply
    rule: str
    beside: Sequence[str] = ()


def chunk(choices: object, **more: object) -> bytes:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**head, "choices": choices, **more}).encode() + b"\n\n"


def delta(said: object, reason: str | None = None, **more: object) -> bytes:
    return chunk([{"index": 0, "delta": said, "finish_reason": reason}], **more)


def call(piece: JSONObject, reason: str | None = None) -> bytes:
    return delta({"tool_calls": [piece]}, reason)


FIRST = delta({"role": "assistant", "content": "Hi"})
SECOND = delta({"content": " there"})
STOP = delta({}, "stop")
CALLS = delta({}, "tool_calls")
CLEAN = FIRST + SECOND + STOP + chunk([], usage=USAGE) + DONE

_HEAD: JSONObject = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a"'}}
_REST: JSONObject = {"index": 0, "function": {"arguments": ": 1}"}}
_WHOLE: JSONObject = {**_HEAD, "function": {"name": "f", "arguments": '{"a": 1}'}}
_OTHER: JSONObject = {**_WHOLE, "index": 1, "id": "call_2"}


def calling(*pieces: JSONObject, end: bytes = CALLS) -> bytes:
    return delta({"role": "assistant", "content": None}) + b"".join(map(call, pieces)) + end + DONE


CLEAN_CALL = calling(_HEAD, _REST)


def named(*events: JSONObject) -> bytes:
    """Events as Anthropic and Responses frame them."""
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)


def untyped(event: JSONObject) -> bytes:
    """An event whose type is only its name."""
    rest = {name: value for name, value in event.items() if name != "type"}
    return f"event: {event['type']}\ndata: {json.dumps(rest)}\n\n".encode()


MESSAGE_START: JSONObject = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 3, "output_tokens": 1},
    },
}
BLOCK: JSONObject = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
TEXT: JSONObject = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
BLOCK_STOP: JSONObject = {"type": "content_block_stop", "index": 0}
END_TURN: JSONObject = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    "usage": {"output_tokens": 9},
}
MESSAGE_STOP: JSONObject = {"type": "message_stop"}
ANTHROPIC = (MESSAGE_START, BLOCK, TEXT, BLOCK_STOP, END_TURN, MESSAGE_STOP)


def numbered(*events: JSONObject, first: int = 0) -> bytes:
    """Events of Responses, with their sequence numbers."""
    return named(*({**one, "sequence_number": number} for number, one in enumerate(events, first)))


_RESPONSE: JSONObject = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": []}
_MESSAGE: JSONObject = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
_PART: JSONObject = {"type": "output_text", "text": "", "annotations": []}
_WHERE: JSONObject = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
_SAID: JSONObject = {**_MESSAGE, "content": [{**_PART, "text": "Hi"}]}
CREATED: JSONObject = {"type": "response.created", "response": {**_RESPONSE, "status": "in_progress"}}
ITEM: JSONObject = {"type": "response.output_item.added", "output_index": 0, "item": _MESSAGE}
PART: JSONObject = {"type": "response.content_part.added", **_WHERE, "part": _PART}
PIECE: JSONObject = {"type": "response.output_text.delta", **_WHERE, "delta": "Hi"}
TEXT_DONE: JSONObject = {"type": "response.output_text.done", **_WHERE, "text": "Hi"}
PART_DONE: JSONObject = {"type": "response.content_part.done", **_WHERE, "part": {**_PART, "text": "Hi"}}
ITEM_DONE: JSONObject = {"type": "response.output_item.done", "output_index": 0, "item": _SAID}
COMPLETED: JSONObject = {
    "type": "response.completed",
    "response": {
        **_RESPONSE,
        "status": "completed",
        "output": [_SAID],
        "usage": {
            "input_tokens": 3,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 4,
        },
    },
}
RESPONSES = (CREATED, ITEM, PART, PIECE, TEXT_DONE, PART_DONE, ITEM_DONE, COMPLETED)


def replaced(events: Sequence[JSONObject], old: JSONObject, *new: JSONObject) -> list[JSONObject]:
    """The events with others in the place of one."""
    return [one for event in events for one in (new if event is old else (event,))]


def gemini(*responses: JSONObject) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in responses)


def candidate(text: str, **more: object) -> JSONObject:
    return {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **more}]}


def partial(argument: JSONObject, **head: object) -> JSONObject:
    """A piece of a call's arguments, with more to come."""
    call = {**head, "partialArgs": [argument], "willContinue": True}
    return {"candidates": [{"content": {"parts": [{"functionCall": call}], "role": "model"}, "index": 0}]}


GEMINI_USAGE: JSONObject = {
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
    "modelVersion": "m",
    "responseId": "r1",
}
GEMINI = (
    {**candidate("Hi"), **GEMINI_USAGE},
    {**candidate(" there", finishReason="STOP"), **GEMINI_USAGE},
)

_SENT = {"cache-control": "no-cache"}


def _reply(body: bytes, **headers: str) -> Reply:
    return Reply(body, headers={**_SENT, **{name.replace("_", "-"): value for name, value in headers.items()}})


def _sent(body: bytes, rule: str, *beside: str) -> Defect:
    return Defect(_reply(body), rule, beside)


CLEAN_STREAMS: Mapping[str, bytes] = {
    "chat": CLEAN,
    "tool call": CLEAN_CALL,
    "anthropic": named(*ANTHROPIC),
    "responses": numbered(*RESPONSES),
    "gemini": gemini(*GEMINI),
}
"""Streams of every format in which nothing at all is wrong."""

HTTP_DEFECTS: Mapping[str, Defect] = {
    "text/plain": Defect(Reply(CLEAN, content_type="text/plain", headers=_SENT), "odd_content_type"),
    "no content type": Defect(Reply(CLEAN, content_type=None, headers=_SENT), "missing_content_type"),
    "charset=latin-1": Defect(
        Reply(CLEAN, content_type="text/event-stream; charset=latin-1", headers=_SENT), "odd_charset"
    ),
    "gzip": Defect(Reply(CLEAN, encoding="gzip", headers=_SENT), "compressed"),
    "no Cache-Control": Defect(Reply(CLEAN), "cacheable"),
    "Content-Length": Defect(Reply(CLEAN, framing="length", headers=_SENT), "known_length"),
    "neither chunked nor with a length": Defect(Reply(CLEAN, framing="close", headers=_SENT), "unframed_body"),
    "Connection: close": Defect(_reply(CLEAN, connection="close"), "connection_not_reused"),
    "close among other options": Defect(_reply(CLEAN, connection="TE, Close"), "connection_not_reused"),
    "401": Defect(Reply.error("no such key", type="invalid_request_error", status=401), "bad_status"),
    "an HTML page": Defect(
        Reply(b"<!doctype html><title>Sorry</title>", content_type="text/html", headers=_SENT),
        "not_a_stream",
    ),
    "one JSON document": Defect(
        Reply(
            json.dumps(
                {
                    "id": "c1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": "m",
                    "choices": [
                        {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
                    ],
                }
            ).encode(),
            content_type="application/json",
            headers=_SENT,
        ),
        "not_streamed",
    ),
    "a connection that breaks": Defect(Reply(FIRST + SECOND, fault=Disconnect(), headers=_SENT), "connection_broken"),
    "a connection that breaks after the finish": Defect(
        Reply(FIRST + STOP, fault=Disconnect(), headers=_SENT), "broken_after_finish"
    ),
}

FRAMING_DEFECTS: Mapping[str, Defect] = {
    "invalid UTF-8": _sent(CLEAN.replace(b" there", b" th\xffre"), "invalid_utf8"),
    "a BOM": _sent(b"\xef\xbb\xbf" + CLEAN, "byte_order_mark"),
    "CR line ends": _sent(CLEAN.replace(b"\n", b"\r"), "cr_line_ends"),
    "mixed line ends": _sent(FIRST + (SECOND + STOP + DONE).replace(b"\n", b"\r\n"), "mixed_line_ends"),
    "a keep-alive as data": _sent(FIRST + b"data: : ping\n\n" + SECOND + STOP + DONE, "keepalive_as_data"),
    "a keep-alive as a named event": _sent(
        FIRST + b'event: ping\ndata: {"type":"ping"}\n\n' + SECOND + STOP + DONE, "keepalive_as_data"
    ),
    "events without a blank line": _sent(CLEAN.replace(b"\n\n", b"\n") + b"\n", "events_run_together"),
    "the last event without a blank line": _sent(CLEAN.rstrip(b"\n"), "unterminated_event"),
    "an error inside an event": _sent(
        FIRST + SECOND[:60] + b'\ndata: {"error": {"message": "overloaded"}}\n\n',
        "interrupted_event",
        "provider_error",
    ),
    "an error outside the frame": _sent(
        FIRST + b'{"error": {"message": "overloaded"}}\n\n', "unframed_json", "provider_error"
    ),
    "an error field": _sent(FIRST + b'error: {"code": 500, "message": "overloaded"}\n\n', "error_field"),
    "Data: in capitals": _sent(FIRST + b"Data: 1\n\n" + SECOND + STOP + DONE, "misspelled_field"),
    "an indented field": _sent(FIRST + b" id: 1\n\n" + SECOND + STOP + DONE, "misspelled_field"),
    "a field of its own": _sent(FIRST[:-1] + b"trace: 7\n\n" + SECOND + STOP + DONE, "unknown_field"),
    "an id alone": _sent(FIRST + b"id: 7\n\n" + SECOND + STOP + DONE, "dataless_event"),
    "a NUL in an id": _sent(b"id: a\0b\n" + CLEAN, "ignored_id"),
    "a retry in words": _sent(b"retry: soon\n" + CLEAN, "ignored_retry"),
    "U+2028 in the text": _sent(CLEAN.replace(b" there", "\u2028there".encode()), "line_separator_in_data"),
    "a line of 70 KiB": _sent(CLEAN.replace(b" there", b"x" * 70_000), "long_line"),
    "no space after the colon": _sent(CLEAN.replace(b"data: ", b"data:"), "no_space_after_colon"),
    "NaN": _sent(CLEAN.replace(b'"created": 1', b'"created": NaN'), "loose_json"),
    "text that is no JSON": _sent(FIRST + b"data: hello\n\n" + SECOND + STOP + DONE, "undecodable"),
    "a key twice": _sent(CLEAN.replace(b'"created": 1', b'"created": 1, "created": 1'), "duplicate_key"),
    "halves of a character": _sent(
        FIRST.replace(b'"Hi"', b'"\\ud83d"') + FIRST.replace(b'"Hi"', b'"\\ude00"') + STOP + DONE, "split_surrogate"
    ),
    "half of a character": _sent(CLEAN.replace(b'" there"', b'"\\ud83d"'), "lone_surrogate"),
}

ANSWER_DEFECTS: Mapping[str, Defect] = {
    "truncated": _sent(FIRST + SECOND, "truncated"),
    "cut inside an event": _sent(CLEAN[: len(FIRST) + 40], "truncated"),
    "an error in mid-stream": _sent(FIRST + b'data: {"error": {"message": "overloaded"}}\n\n', "provider_error"),
    "no [DONE]": _sent(FIRST + SECOND + STOP, "missing_done"),
    "DONE without brackets": _sent(CLEAN.replace(b"[DONE]", b"DONE"), "odd_end_mark"),
    "something after [DONE]": _sent(CLEAN + b"data: bye\n\n", "data_after_done"),
    "nothing before [DONE]": _sent(DONE, "empty_stream"),
    "no finish reason": _sent(FIRST + SECOND + DONE, "missing_finish_reason"),
    'finish_reason ""': _sent(
        delta({"role": "assistant", "content": "Hi"}, "") + SECOND + STOP + DONE, "empty_finish_reason"
    ),
    "another finish reason": _sent(FIRST + STOP + delta({}, "length") + DONE, "finish_repeated"),
    "content after the finish": _sent(FIRST + STOP + SECOND + DONE, "content_after_finish"),
    "another API": _sent(b'data: {"response": "Hi"}\n\n' + DONE, "unknown_format", "not_a_chunk"),
    "an empty answer": _sent(delta({"role": "assistant", "content": ""}) + STOP + DONE, "empty_answer"),
    "counts that fall": _sent(
        FIRST + STOP + chunk([], usage=USAGE) + chunk([], usage=dict.fromkeys(USAGE, 0)) + DONE, "usage_fell"
    ),
    "totals that contradict": _sent(CLEAN.replace(b'"total_tokens": 7', b'"total_tokens": 99'), "odd_total"),
    "more cached tokens than tokens": _sent(
        FIRST + STOP + chunk([], usage={**USAGE, "prompt_tokens_details": {"cached_tokens": 6}}) + DONE, "odd_details"
    ),
    "an answer of no tokens": _sent(
        FIRST + STOP + chunk([], usage={"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}) + DONE,
        "zero_usage",
    ),
    "a call without an index": _sent(calling({**_WHOLE, "index": None}), "missing_call_index"),
    "a call without an id": _sent(calling({**_WHOLE, "id": None}), "missing_call_id"),
    "a call that goes on under another id": _sent(calling(_HEAD, {**_REST, "id": "call_2"}), "call_id_changed"),
    "a call that goes on under another name": _sent(
        calling(_HEAD, {**_REST, "id": "call_1", "function": {"name": "g", "arguments": ": 1}"}}), "call_name_changed"
    ),
    "arguments that are cumulative": _sent(calling(_HEAD, _WHOLE), "arguments_repeated"),
    "id and name repeated": _sent(
        calling(_HEAD, {**_HEAD, "function": {"name": "f", "arguments": ": 1}"}}), "call_head_repeated"
    ),
    "arguments that are no JSON": _sent(calling(_HEAD), "bad_arguments"),
    "no arguments": _sent(calling({**_HEAD, "function": {"name": "f", "arguments": ""}}), "empty_arguments"),
    "a call without a name": _sent(calling({**_WHOLE, "function": {"arguments": "{}"}}), "missing_call_name"),
    "an id for two calls": _sent(
        calling(_WHOLE, {**_OTHER, "id": "call_1", "function": {"name": "g", "arguments": "{}"}}), "call_id_reused"
    ),
    "calls that begin with 1": _sent(calling({**_WHOLE, "index": 1}), "call_index_gap"),
    "stop after a call": _sent(calling(_HEAD, _REST, end=STOP), "finish_contradicts_calls"),
    "tool_calls without a call": _sent(FIRST + CALLS + DONE, "finish_contradicts_calls"),
    "arguments that are an object": _sent(
        calling({**_WHOLE, "function": {"name": "f", "arguments": {"a": 1}}}), "arguments_not_text"
    ),
}

CHAT_DEFECTS: Mapping[str, Defect] = {
    "JSON of its own": _sent(FIRST + b'data: {"queue": 3}\n\n' + SECOND + STOP + DONE, "not_a_chunk"),
    "a chunk without choices": _sent(FIRST + STOP + chunk(None, usage=USAGE) + DONE, "missing_choices"),
    "a choice without an index": _sent(
        FIRST + chunk([{"delta": {"content": " there"}}]) + STOP + DONE, "missing_index"
    ),
    "content that is a number": _sent(FIRST + delta({"content": 5}) + STOP + DONE, "odd_type"),
    "the message beside each delta": _sent(
        FIRST
        + chunk([{"index": 0, "delta": {"content": " there"}, "message": {"role": "assistant", "content": "Hi there"}}])
        + STOP
        + DONE,
        "message_beside_delta",
    ),
    "the message again at the end": _sent(
        FIRST
        + SECOND
        + chunk([{"index": 0, "message": {"role": "assistant", "content": "Hi there"}, "finish_reason": "stop"}])
        + DONE,
        "message_repeated",
    ),
    "an id that changes": _sent(FIRST + SECOND.replace(b"c1", b"c2") + STOP + DONE, "id_changed"),
    "a model that changes": _sent(
        FIRST + SECOND.replace(b'"model": "m"', b'"model": "n"') + STOP + DONE, "model_changed"
    ),
    "delta: null": _sent(FIRST + delta(None) + STOP + DONE, "missing_delta"),
    "chunks without a model": _sent(CLEAN.replace(b', "model": "m"', b""), "missing_chunk_field"),
    "another object": _sent(CLEAN.replace(b"chat.completion.chunk", b"chat.completion"), "wrong_object"),
    "no role": _sent(CLEAN.replace(b'"role": "assistant", ', b""), "missing_role"),
    "chunks in named events": _sent(CLEAN.replace(b"data: {", b"event: chunk\ndata: {"), "named_event"),
    "finish_reason eos": _sent(CLEAN.replace(b'"stop"', b'"eos"'), "unknown_finish_reason"),
    "finish_reason left out": _sent(CLEAN.replace(b', "finish_reason": null', b""), "missing_finish_field"),
    "a call in two fields": _sent(
        calling(_HEAD, _REST).replace(
            b'{"tool_calls": [{"index": 0, "id"', b'{"function_call": {"name": "f"}, "tool_calls": [{"index": 0, "id"'
        ),
        "call_twice",
    ),
    "reasoning in two fields": _sent(
        delta({"role": "assistant", "reasoning": "Hm", "reasoning_content": "Hm"}) + SECOND + STOP + DONE,
        "reasoning_twice",
    ),
}

_UNKNOWN: JSONObject = {"type": "content_block_delta", "index": 0, "delta": {"type": "hint_delta", "hint": "x"}}

ANTHROPIC_DEFECTS: Mapping[str, Defect] = {
    "events without names": _sent(
        b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in ANTHROPIC), "missing_event_name"
    ),
    "an event under another name": _sent(
        named(*ANTHROPIC).replace(b"event: content_block_delta", b"event: delta"), "wrong_event_name"
    ),
    "no message_start": _sent(named(*ANTHROPIC[1:]), "missing_message_start"),
    "a block that begins twice": _sent(named(*replaced(ANTHROPIC, BLOCK, BLOCK, BLOCK)), "start_repeated"),
    "a delta without its block": _sent(named(*replaced(ANTHROPIC, BLOCK)), "unannounced_part"),
    "a block that never stops": _sent(named(*replaced(ANTHROPIC, BLOCK_STOP)), "unclosed_part"),
    "blocks that begin with 1": _sent(
        named(*({**one, "index": 1} if "index" in one else one for one in ANTHROPIC)), "index_gap"
    ),
    "a stop without its block": _sent(
        named(*replaced(ANTHROPIC, BLOCK_STOP, BLOCK_STOP, {**BLOCK_STOP, "index": 1})), "unannounced_part"
    ),
    "events without a type": _sent(b"".join(map(untyped, ANTHROPIC)), "missing_type"),
    "a delta without an index": _sent(
        named(*replaced(ANTHROPIC, TEXT, {"type": "content_block_delta", "delta": TEXT["delta"]})), "missing_index"
    ),
    "no usage": _sent(
        named(*replaced(ANTHROPIC, END_TURN, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}})),
        "missing_usage",
    ),
    "an event of a new type": _sent(named(*replaced(ANTHROPIC, TEXT, TEXT, {"type": "hint"})), "unknown_event"),
    "a delta of a new type": _sent(named(*replaced(ANTHROPIC, TEXT, TEXT, _UNKNOWN)), "unknown_delta"),
    "a text that is a number": _sent(
        named(*replaced(ANTHROPIC, TEXT, {**TEXT, "delta": {"type": "text_delta", "text": 5}})), "odd_type"
    ),
    "stop_reason stop": _sent(named(*ANTHROPIC).replace(b'"end_turn"', b'"stop"'), "unknown_finish_reason"),
    "the whole message again": _sent(
        named(
            *replaced(
                ANTHROPIC,
                MESSAGE_STOP,
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "model": "m",
                    "content": [{"type": "text", "text": "Hi"}],
                    "stop_reason": "end_turn",
                },
                MESSAGE_STOP,
            )
        ),
        "message_repeated",
    ),
}

RESPONSES_DEFECTS: Mapping[str, Defect] = {
    "events without names": _sent(
        b"".join(line + b"\n" for line in numbered(*RESPONSES).split(b"\n") if not line.startswith(b"event:")),
        "missing_event_name",
    ),
    "an event under another name": _sent(
        numbered(*RESPONSES).replace(b"event: response.output_text.delta", b"event: delta"), "wrong_event_name"
    ),
    "no response.created": _sent(numbered(*RESPONSES[1:]), "missing_created"),
    "a number left out": _sent(
        numbered(*RESPONSES).replace(b'"sequence_number": 7', b'"sequence_number": 8'), "sequence_gap"
    ),
    "no sequence numbers": _sent(named(*RESPONSES), "missing_sequence_number"),
    "content of no item": _sent(numbered(*replaced(RESPONSES, ITEM)), "unannounced_item"),
    "text of no part": _sent(numbered(*replaced(RESPONSES, PART)), "unannounced_part"),
    "an item that begins twice": _sent(numbered(*replaced(RESPONSES, ITEM, ITEM, ITEM)), "start_repeated"),
    "two items at one index": _sent(
        numbered(*replaced(RESPONSES, ITEM, ITEM, {**ITEM, "item": {**_MESSAGE, "id": "msg_2"}})), "start_repeated"
    ),
    "parts that begin with 1": _sent(
        numbered(*({**one, "content_index": 1} if "content_index" in one else one for one in RESPONSES)), "index_gap"
    ),
    "another text at the end": _sent(
        numbered(*replaced(RESPONSES, TEXT_DONE, {**TEXT_DONE, "text": "Ho"})), "text_contradicts"
    ),
    "output: []": _sent(
        numbered(*replaced(RESPONSES, COMPLETED, {**COMPLETED, "response": {**_RESPONSE, "status": "completed"}})),
        "empty_output",
    ),
    "another id at the end": _sent(
        numbered(*RESPONSES[:-1]) + numbered(*RESPONSES).split(b"\n\n")[-2].replace(b"resp_1", b"resp_2") + b"\n\n",
        "id_changed",
    ),
    "an event of a new type": _sent(
        numbered(*replaced(RESPONSES, PIECE, PIECE, {"type": "response.hint"})), "unknown_event"
    ),
    "a delta of a new type": _sent(
        numbered(*replaced(RESPONSES, PIECE, PIECE, {"type": "response.hint.delta", **_WHERE, "delta": "x"})),
        "unknown_delta",
    ),
    "text without an index": _sent(
        numbered(*replaced(RESPONSES, PIECE, {"type": PIECE["type"], "delta": "Hi"})), "missing_index"
    ),
    "text without the index of its part": _sent(
        numbered(*replaced(RESPONSES, PIECE, {**PIECE, "content_index": None})), "missing_index"
    ),
    "a text that is a number": _sent(numbered(*replaced(RESPONSES, PIECE, {**PIECE, "delta": 5})), "odd_type"),
    "[DONE] at the end": _sent(numbered(*RESPONSES) + DONE, "end_mark_of_chats"),
    "usage without details": _sent(
        numbered(*RESPONSES).replace(b', "output_tokens_details": {"reasoning_tokens": 0}', b""),
        "missing_usage_details",
    ),
}

GEMINI_DEFECTS: Mapping[str, Defect] = {
    "JSON of its own": _sent(gemini(GEMINI[0], {"queue": 3}, GEMINI[1]), "not_a_chunk"),
    "a candidate that goes on": _sent(
        gemini({**candidate("Hi", finishReason="STOP"), **GEMINI_USAGE}, GEMINI[1]), "early_finish"
    ),
    "a candidate that is none": _sent(gemini(GEMINI[0], {"candidates": ["x"]}, GEMINI[1]), "odd_type"),
    "arguments that contradict": _sent(
        gemini(
            partial({"jsonPath": "$.a", "stringValue": "x", "willContinue": True}, name="f"),
            partial({"jsonPath": "$.b", "stringValue": "y"}),
            partial({"jsonPath": "$.a", "stringValue": "z"}),
            {**candidate("", finishReason="STOP"), **GEMINI_USAGE},
        ),
        "text_contradicts",
    ),
    "no usage": _sent(gemini(candidate("Hi"), candidate(" there", finishReason="STOP")), "missing_usage"),
    "finishReason FUNCTION_CALL": _sent(
        gemini(*GEMINI).replace(b'"STOP"', b'"FUNCTION_CALL"'), "unknown_finish_reason"
    ),
}

DEFECTS: Mapping[str, Defect] = {
    f"{family}: {name}": defect
    for family, defects in {
        "http": HTTP_DEFECTS,
        "framing": FRAMING_DEFECTS,
        "answer": ANSWER_DEFECTS,
        "chat": CHAT_DEFECTS,
        "anthropic": ANTHROPIC_DEFECTS,
        "responses": RESPONSES_DEFECTS,
        "gemini": GEMINI_DEFECTS,
    }.items()
    for name, defect in defects.items()
}
"""Every defect, by a name that says what it is."""
