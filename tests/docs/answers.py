"""What a chat server answers to the code blocks of the documentation, by the name that their marker gives."""

from __future__ import annotations

import json

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


SERVERS = {
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
