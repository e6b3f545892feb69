"""Workloads of OpenAI's Responses API: text, a reasoning summary, and function arguments."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec

from .format_workloads import Answer, FormatWorkload, Prepare, installed, pieces


class _Event(msgspec.Struct, tag_field="type"):
    sequence_number: int


class _Created(_Event, tag="response.created"):
    response: dict[str, Any]


class _Added(_Event, tag="response.output_item.added"):
    output_index: int
    item: dict[str, Any]


class _Done(_Event, tag="response.output_item.done"):
    output_index: int
    item: dict[str, Any]


class _Text(_Event, tag="response.output_text.delta"):
    item_id: str
    output_index: int
    content_index: int
    delta: str
    logprobs: list[Any]
    obfuscation: str


class _Summary(_Event, tag="response.reasoning_summary_text.delta"):
    item_id: str
    output_index: int
    summary_index: int
    delta: str
    obfuscation: str


class _Arguments(_Event, tag="response.function_call_arguments.delta"):
    item_id: str
    output_index: int
    delta: str
    obfuscation: str


class _Completed(_Event, tag="response.completed"):
    response: dict[str, Any]


_decode = msgspec.json.Decoder(_Created | _Added | _Done | _Text | _Summary | _Arguments | _Completed).decode

_MESSAGE = {"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant", "content": []}
_CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": ""}


def workloads(events: int) -> list[FormatWorkload]:
    """Each of one item, with so many pieces."""
    text = pieces(events)
    numbers = [f"{', ' if number else '['}{number}" for number in range(events)]
    return [
        _workload("text", _MESSAGE, "output_text", {"content_index": 0, "logprobs": []}, text),
        _workload(
            "summary",
            {"type": "reasoning", "id": "rs_1", "summary": []},
            "reasoning_summary_text",
            {"summary_index": 0},
            text,
        ),
        _workload("arguments", _CALL, "function_call_arguments", {}, [*numbers, "]"]),
    ]


def _workload(name: str, item: dict[str, Any], stem: str, place: dict[str, Any], said: list[str]) -> FormatWorkload:
    response = {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt", "status": "in_progress"}
    where = {"item_id": item["id"], "output_index": 0, **place}
    deltas = [
        {"type": f"response.{stem}.delta", **where, "delta": piece, "obfuscation": "x" * (16 - len(piece) % 16)}
        for piece in said
    ]
    usage = {"input_tokens": 3, "output_tokens": 9, "total_tokens": 12}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        *deltas,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**response, "status": "completed", "output": [], "usage": usage}},
    ]
    payloads = [
        msgspec.json.encode({**event, "sequence_number": number}).decode() for number, event in enumerate(events)
    ]
    reads = [
        f"event: {event['type']}\ndata: {payload}\n\n".encode() for event, payload in zip(events, payloads, strict=True)
    ]
    return FormatWorkload(f"Responses: {name}", payloads, reads, "".join(said), _decode, _sdk)


_PIECES = frozenset(
    {
        "response.output_text.delta",
        "response.reasoning_summary_text.delta",
        "response.function_call_arguments.delta",
    }
)


def _sdk(stack: ExitStack) -> Prepare | None:
    if not installed("openai"):
        return None
    answer = Answer("openai", "OpenAI", stack)

    def prepare(workload: FormatWorkload) -> Callable[[], str]:
        answer.answer_with(workload.reads)
        stream = answer.client.responses.create(model="m", input="Hi", stream=True)
        return lambda: "".join(event.delta for event in stream if event.type in _PIECES)

    return prepare
