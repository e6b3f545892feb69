"""What a chat server answers to the code blocks of the documentation, by the name that their marker gives."""

from __future__ import annotations

import json

from sse_stream.testing import Comments, Disconnect, EndAt, ReplayServer, Reply, Request, Stall

HEADERS = {"X-Request-Id": "req-7", "X-Charged-USD": "0.000214"}
DONE = b"data: [DONE]\n\n"
USAGE = {
    "prompt_tokens": 14,
    "completion_tokens": 5,
    "total_tokens": 19,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 0},
}
PIECES = ("Paris", ", of", " course", ".")


def event(choices: list[object], **more: object) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "replay-1",
        "choices": choices,
        **more,
    }
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


def piece(delta: object, finish_reason: str | None = None, index: int = 0) -> bytes:
    return event([{"index": index, "delta": delta, "finish_reason": finish_reason}])


def said(*pieces: str, field: str = "content") -> list[bytes]:
    return [piece({field: text}) for text in pieces]


BEGIN = piece({"role": "assistant", "content": ""})
STOP = piece({}, "stop")
END = [STOP, event([], usage=USAGE), DONE]


def calling(name: str, *arguments: str) -> list[bytes]:
    begun = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}
    further = [{"index": 0, "function": {"arguments": text}} for text in arguments]
    calls = [piece({"tool_calls": [call]}) for call in (begun, *further)]
    return [BEGIN, *calls, piece({}, "tool_calls"), event([], usage=USAGE), DONE]


def error_reply(status: int, message: str, **headers: str) -> Reply:
    body = {"error": {"message": message, "type": "rate_limit_error" if status == 429 else "invalid_request_error"}}
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(body).encode(), status=status, content_type="application/json", headers=shown)


ANSWER = Reply([BEGIN, *said(*PIECES), *END], headers=HEADERS)
HALF = b"".join([BEGIN, *said(*PIECES[:2])])
OVERLOADED = b'data: {"error": {"message": "the model is overloaded", "type": "overloaded_error", "code": 529}}\n\n'
WHOLE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "replay-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris."}, "finish_reason": "stop"}],
}


def with_tool(request: Request) -> Reply:
    """Asks for the weather, and once it is told, says it."""
    if request.json()["messages"][-1]["role"] == "tool":
        return Reply([BEGIN, *said("It is", " 21 °C", " in Paris."), *END])
    return Reply(calling("get_weather", '{"city"', ': "Par', 'is"}'))


def odd() -> bytes:
    """No index, and events that a single newline parts."""
    first = b'data: {"choices": [{"delta": {"content": "Paris"}}]}\n'
    last = b'data: {"choices": [{"delta": {"content": "."}, "finish_reason": "stop"}]}\n'
    return first + last + DONE


def named(*events: dict[str, object]) -> list[bytes]:
    """Events as Anthropic sends them."""
    return [f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events]


def block(index: int, began: dict[str, object], *deltas: dict[str, object]) -> list[bytes]:
    return named(
        {"type": "content_block_start", "index": index, "content_block": began},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    )


def message(*blocks: list[bytes], reason: str = "end_turn") -> list[bytes]:
    """A message of Anthropic's, with these blocks."""
    usage = {"input_tokens": 6, "cache_read_input_tokens": 8, "output_tokens": 1}
    begun = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [], "usage": usage}
    ended: dict[str, object] = {
        "type": "message_delta",
        "delta": {"stop_reason": reason},
        "usage": {"output_tokens": 12},
    }
    return [
        *named({"type": "message_start", "message": begun}),
        *(event for events in blocks for event in events),
        *named(ended, {"type": "message_stop"}),
    ]


THOUGHT = block(
    0,
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "thinking_delta", "thinking": "They ask for France."},
    {"type": "signature_delta", "signature": "EqQBCkYIBxgC"},
)


def text_block(index: int, *pieces: str) -> list[bytes]:
    deltas: list[dict[str, object]] = [{"type": "text_delta", "text": text} for text in pieces]
    return block(index, {"type": "text", "text": ""}, *deltas)


def anthropic_with_tool(request: Request) -> Reply:
    """Thinks and asks for the weather, and once it is told, says it."""
    last = request.json()["messages"][-1]["content"]
    if isinstance(last, list) and last[0]["type"] == "tool_result":
        return Reply(message(text_block(0, "It is", f" {last[0]['content'].split(' in ')[0]}", " in Paris.")))
    asked = block(
        1,
        {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"city": '},
        {"type": "input_json_delta", "partial_json": '"Paris"}'},
    )
    return Reply(message(THOUGHT, asked, reason="tool_use"))


SERVERS = {
    "answer": lambda: ReplayServer(script=[ANSWER]),
    "thinking": lambda: ReplayServer(
        [b": ping\n\n", BEGIN, *said("They", " ask", " for France.", field="reasoning_content"), *said(*PIECES), *END]
    ),
    "tool": lambda: ReplayServer(script=with_tool),
    "anthropic": lambda: ReplayServer(message(THOUGHT, text_block(1, *PIECES))),
    "anthropictool": lambda: ReplayServer(script=anthropic_with_tool),
    "arguments": lambda: ReplayServer(calling("save_city", '{"name": "Paris", ', '"population": "many"}')),
    "json": lambda: ReplayServer([BEGIN, *said('{"city": ', '"Paris", "population": ', "2102650}"), *END]),
    "busy": lambda: ReplayServer(script=[error_reply(429, "slow down", retry_after="0"), ANSWER]),
    "unauthorized": lambda: ReplayServer(script=[error_reply(401, "no such key")]),
    "cut": lambda: ReplayServer(HALF + b"".join(END), fault=EndAt(len(HALF))),
    "overloaded": lambda: ReplayServer(HALF + OVERLOADED),
    "breaking": lambda: ReplayServer(HALF, fault=Disconnect()),
    "stalled": lambda: ReplayServer(HALF, fault=Stall()),
    "pinging": lambda: ReplayServer(HALF, fault=Comments(interval=0.02)),
    "silent": lambda: ReplayServer(ANSWER.body, delay=0.0, fault=Comments(at=0, interval=0.02)),
    "odd": lambda: ReplayServer(odd()),
    "whole": lambda: ReplayServer(json.dumps(WHOLE).encode(), content_type="application/json", framing="length"),
    "page": lambda: ReplayServer(b"<!doctype html><title>Maintenance</title>", content_type="text/html"),
    "two": lambda: ReplayServer(
        [
            piece({"content": "Par"}),
            piece({"content": "Ly"}, index=1),
            piece({"content": "is"}, "stop"),
            piece({"content": "on"}, "stop", 1),
            DONE,
        ]
    ),
    "poem": lambda: ReplayServer(
        [BEGIN, *said(*(f"{word} " for word in ("so much depends upon a " * 8).split())), *END]
    ),
}
"""Each makes a server; the blocks below a marker `server: NAME` talk to the one of that name."""
