"""Answers of a chat server to the documentation's code blocks, by the name in a block's marker."""

from __future__ import annotations

import json
from collections.abc import Callable

from sse_stream.testing import Comments, Disconnect, ReplayServer, Reply, Request, Stall

from .event_servers import ResponsesServer, feed, forgetful, silent

DONE = b"data: [DONE]\n\n"
HEADERS = {"X-Request-Id": "req-7", "X-Charged-USD": "0.000214"}
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


STOP = piece({}, "stop")


def saying(*pieces: str) -> Reply:
    return Reply.text(*pieces, usage=USAGE)


ANSWER = Reply.text(*PIECES, usage=USAGE, headers=HEADERS)
HALF = Reply.text(*PIECES[:2], complete=False)
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
        return saying("It is", " 21 °C", " in Paris.")
    return Reply.tool_call("get_weather", ['{"city"', ': "Par', 'is"}'], usage=USAGE)


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
    {"type": "signature_delta", "signature": "EqQB"},
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


SERVERS: dict[str, Callable[[], ReplayServer | ResponsesServer]] = {
    "answer": lambda: ReplayServer(ANSWER),
    "thinking": lambda: ReplayServer(
        [b": ping\n\n", *(Reply.reasoning("They", " ask", " for France.") + saying(*PIECES)).writes()]
    ),
    "tool": lambda: ReplayServer(script=with_tool),
    "arguments": lambda: ReplayServer(
        Reply.tool_call("save_city", ['{"name": "Paris", ', '"population": "many"}'], usage=USAGE)
    ),
    "json": lambda: ReplayServer(saying('{"city": ', '"Paris", "population": ', "2102650}")),
    "busy": lambda: ReplayServer(
        script=[
            Reply.error("slow down", type="rate_limit_error", status=429, headers={"retry-after": "0"}),
            ANSWER,
        ]
    ),
    "unauthorized": lambda: ReplayServer(Reply.error("no such key", type="invalid_request_error", status=401)),
    "cut": lambda: ReplayServer(HALF),
    "overloaded": lambda: ReplayServer(
        HALF + Reply.error("the model is overloaded", type="overloaded_error", code=529)
    ),
    "form": lambda: ReplayServer(
        Reply.tool_call(
            "send_mail",
            [
                '{"to": "',
                "ada@exam",
                'ple.org", "ur',
                'gent": tr',
                'ue, "body": "Dear',
                " Ada,\\n",
                'hello"}',
            ],
            usage=USAGE,
        )
    ),
    "rows": lambda: ReplayServer(
        saying('{"rows": [{"city": "Os', 'lo", "high": -', '3}, {"city": "Pa', 'ris", "high": 1', "2}", "]}")
    ),
    "prose": lambda: ReplayServer(saying("Sure! Here", " it is: {", "}")),
    "anthropic": lambda: ReplayServer(message(THOUGHT, text_block(1, *PIECES))),
    "anthropictool": lambda: ReplayServer(script=anthropic_with_tool),
    "breaking": lambda: ReplayServer(HALF, fault=Disconnect()),
    "stalled": lambda: ReplayServer(HALF, fault=Stall()),
    "pinging": lambda: ReplayServer(HALF, fault=Comments(interval=0.02)),
    "silent": lambda: ReplayServer(ANSWER.body, fault=Comments(at=0, interval=0.02)),
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
    "poem": lambda: ReplayServer(saying(*(f"{word} " for word in ("so much depends upon a " * 8).split()))),
    "feed": lambda: ReplayServer(script=feed),
    "forgetful": lambda: ReplayServer(script=forgetful),
    "silent-feed": lambda: ReplayServer(script=silent),
    "responses": ResponsesServer,
}
"""Each makes a server; the blocks below a marker `server: NAME` talk to the one of that name."""
