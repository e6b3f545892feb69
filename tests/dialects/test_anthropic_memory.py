"""For streams of Anthropic's format, `Limits` count the memory that is kept, within a factor of two."""

from __future__ import annotations

import json
import platform
import sys
from typing import Any

import pytest

from tests.trust.memory import MEBIBYTE, kept, takes

pytestmark = pytest.mark.skipif(
    platform.python_implementation() != "CPython" or sys.maxsize < 1 << 32, reason="the limits are meant for this"
)

COUNT = 4000


def event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def start(index: int, type: str, **fields: Any) -> bytes:
    return event({"type": "content_block_start", "index": index, "content_block": {"type": type, **fields}})


def delta(type: str, index: int = 0, **fields: Any) -> bytes:
    return event({"type": "content_block_delta", "index": index, "delta": {"type": type, **fields}})


START = event({"type": "message_start", "message": {"id": "m", "role": "assistant", "content": []}})
STOP = event({"type": "content_block_stop", "index": 0})
TEXT = start(0, "text", text="")
SEARCH = start(0, "server_tool_use", id="s", name="f", input={})

SHAPES: dict[str, list[bytes]] = {
    "a text": [TEXT, *[delta("text_delta", text="x" * 300)] * COUNT, STOP],
    "texts that take turns": [
        TEXT,
        start(1, "text", text=""),
        *(delta("text_delta", number % 2, text="x" * 300) for number in range(COUNT)),
    ],
    "a server's input, open": [SEARCH, *[delta("input_json_delta", partial_json="x" * 300)] * COUNT],
    "a server's input": [
        SEARCH,
        delta("input_json_delta", partial_json='"'),
        *[delta("input_json_delta", partial_json="x" * 300)] * COUNT,
        delta("input_json_delta", partial_json='"'),
        STOP,
    ],
    "citations, open": [TEXT, *(delta("citations_delta", citation={"text": f"x{n}"}) for n in range(COUNT))],
    "blocks, open": [start(number, "result") for number in range(COUNT)],
    "blocks": [start(0, "result", content="x" * 200), STOP] * COUNT,
    "texts, open": [start(number, "text", text="") for number in range(COUNT)],
    "calls": [
        piece
        for number in range(COUNT // 2)
        for piece in (start(0, "tool_use", id=f"t{number}", name="f", input={"a": number}), STOP)
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_limits_count_what_is_kept(name: str) -> None:
    events = [START, *SHAPES[name]]
    memory = kept(events)
    assert memory > MEBIBYTE
    assert takes(events, memory * 2)
    assert not takes(events, memory // 2)
