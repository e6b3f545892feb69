"""Workloads of Anthropic's Messages API: text, thinking and tool input."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec

from .format_workloads import Answer, FormatWorkload, Prepare, installed, pieces


class _Start(msgspec.Struct, tag="message_start"):
    message: dict[str, Any]


class _BlockStart(msgspec.Struct, tag="content_block_start"):
    index: int
    content_block: dict[str, Any]


class _Text(msgspec.Struct, tag="text_delta"):
    text: str


class _Thinking(msgspec.Struct, tag="thinking_delta"):
    thinking: str


class _Input(msgspec.Struct, tag="input_json_delta"):
    partial_json: str


class _BlockDelta(msgspec.Struct, tag="content_block_delta"):
    index: int
    delta: _Text | _Thinking | _Input


class _BlockStop(msgspec.Struct, tag="content_block_stop"):
    index: int


class _Delta(msgspec.Struct, tag="message_delta"):
    delta: dict[str, Any]
    usage: dict[str, Any]


class _Stop(msgspec.Struct, tag="message_stop"):
    pass


_decode = msgspec.json.Decoder(_Start | _BlockStart | _BlockDelta | _BlockStop | _Delta | _Stop).decode


def workloads(events: int) -> list[FormatWorkload]:
    """Each of one block, with so many pieces."""
    text = pieces(events)
    numbers = [f"{', ' if number else '['}{number}" for number in range(events)]
    return [
        _workload("text", {"type": "text", "text": ""}, "text_delta", "text", text),
        _workload("thinking", {"type": "thinking", "thinking": ""}, "thinking_delta", "thinking", text),
        _workload(
            "a tool's input",
            {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
            "input_json_delta",
            "partial_json",
            [*numbers, "]"],
        ),
    ]


def _workload(name: str, block: dict[str, Any], kind: str, field: str, said: list[str]) -> FormatWorkload:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "usage": {"input_tokens": 3, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": kind, field: piece}} for piece in said),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    payloads = [msgspec.json.encode(event).decode() for event in events]
    reads = [
        f"event: {event['type']}\ndata: {payload}\n\n".encode() for event, payload in zip(events, payloads, strict=True)
    ]
    return FormatWorkload(f"Anthropic: {name}", payloads, reads, "".join(said), _decode, _sdk)


def _sdk(stack: ExitStack) -> Prepare | None:
    if not installed("anthropic"):
        return None
    answer = Answer("anthropic", "Anthropic", stack)

    def prepare(workload: FormatWorkload) -> Callable[[], str]:
        answer.answer_with(workload.reads)
        stream = answer.client.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}], stream=True
        )

        def read() -> str:
            said: list[str] = []
            for event in stream:
                if event.type == "content_block_delta":
                    match event.delta.type:
                        case "text_delta":
                            said.append(event.delta.text)
                        case "thinking_delta":
                            said.append(event.delta.thinking)
                        case "input_json_delta":
                            said.append(event.delta.partial_json)
            return "".join(said)

        return read

    return prepare
