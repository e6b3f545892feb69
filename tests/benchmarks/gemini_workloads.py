"""Streams of Gemini: text with usage in each response, as its servers send it, and without; thoughts.

    python -m tests.benchmarks.gemini_workloads [EVENTS]

CPU microseconds an event, the least of several runs, one event a read: what `ChatDecoder` takes, a bare typed decode of
msgspec's and `json.loads` of the same payloads. No official SDK is in the table: none of its public types takes all that
its server sends.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import msgspec

from sse_stream import ChatDecoder
from sse_stream.dialects import GeminiContent


@dataclass(frozen=True)
class GeminiWorkload:
    """A stream, in memory.

    Attributes:
        name: The format, and what the stream is made of.
        payloads: The data of each event.
        reads: The event stream, one event a read.
        said: Text and reasoning, in their order.
        decode: A bare typed decode of an event's data.
    """

    name: str
    payloads: list[str]
    reads: list[bytes]
    said: str
    decode: Callable[[str], object]


class _Count(msgspec.Struct):
    modality: str
    tokenCount: int


class _Usage(msgspec.Struct):
    promptTokenCount: int | None = None
    candidatesTokenCount: int | None = None
    thoughtsTokenCount: int | None = None
    totalTokenCount: int | None = None
    promptTokensDetails: list[_Count] | None = None
    candidatesTokensDetails: list[_Count] | None = None


class _Part(msgspec.Struct):
    text: str | None = None
    thought: bool = False
    thoughtSignature: str | None = None


class _Content(msgspec.Struct):
    parts: list[_Part]
    role: str | None = None


class _Candidate(msgspec.Struct):
    content: _Content | None = None
    finishReason: str | None = None
    index: int = 0


class _Response(msgspec.Struct):
    candidates: list[_Candidate]
    usageMetadata: _Usage | None = None
    modelVersion: str | None = None
    responseId: str | None = None


_PIECES = ("The quick", " brown fox", " jumps over", " the lazy", " dog.\n")


def workloads(events: int) -> list[GeminiWorkload]:
    """Each of one part, with so many pieces."""
    return [
        _workload("text", events, usage=True),
        _workload("text without usage", events, usage=False),
        _workload("a thought", events, usage=True, thought=True),
    ]


def _workload(name: str, events: int, *, usage: bool, thought: bool = False) -> GeminiWorkload:
    said = [_PIECES[number % len(_PIECES)] for number in range(events)]
    payloads = []
    for number, piece in enumerate(said, 1):
        part = {"text": piece, **({"thought": True} if thought else {})}
        response: dict[str, object] = {"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}]}
        if usage:
            response["usageMetadata"] = {
                "promptTokenCount": 46,
                "candidatesTokenCount": number,
                "totalTokenCount": 113 + number,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 46}],
                "thoughtsTokenCount": 67,
            }
        payloads.append(json.dumps({**response, "modelVersion": "gemini-3-flash-preview", "responseId": "n1P6abvRF"}))
    payloads.append('{"candidates": [{"finishReason": "STOP", "index": 0}]}')
    reads = [f"data: {payload}\r\n\r\n".encode() for payload in payloads]
    decode = msgspec.json.Decoder(_Response).decode
    return GeminiWorkload(f"Gemini: {name}", payloads, reads, "".join(said), decode)


def _read(workload: GeminiWorkload) -> None:
    decoder = ChatDecoder(dialect=GeminiContent())
    for data in workload.reads:
        for _ in decoder.feed(data):
            pass
    for _ in decoder.close():
        pass
    message = decoder.completion.message
    assert (message.reasoning or message.content) == workload.said


def _least(run: Callable[[], object], events: int) -> float:
    """Microseconds an event."""
    times = []
    for _ in range(9):
        gc.collect()
        begin = process_time()
        run()
        times.append(process_time() - begin)
    return min(times) * 1e6 / events


def main(events: int) -> None:
    for workload in workloads(events):
        count = len(workload.payloads)
        ours = _least(lambda workload=workload: _read(workload), count)  # type: ignore[misc]  # bound while it is called
        floor = _least(lambda workload=workload: [*map(workload.decode, workload.payloads)], count)  # type: ignore[misc]
        bare = _least(lambda workload=workload: [*map(json.loads, workload.payloads)], count)  # type: ignore[misc]
        print(f"{workload.name:28} {ours:6.2f} µs, floor {floor:5.2f} ({ours / floor:.1f}×), json.loads {bare:5.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
