"""Workloads of Gemini's API: text with usage in each response, as its servers send it, and without; thoughts.

No official SDK is compared, because none of its public types accepts everything that its server sends.
"""

from __future__ import annotations

import json

import msgspec

from .format_workloads import FormatWorkload


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


def workloads(events: int) -> list[FormatWorkload]:
    """Each of one part, with so many pieces."""
    return [
        _workload("text", events, usage=True),
        _workload("text without usage", events, usage=False),
        _workload("a thought", events, usage=True, thought=True),
    ]


def _workload(name: str, events: int, *, usage: bool, thought: bool = False) -> FormatWorkload:
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
    return FormatWorkload(f"Gemini: {name}", payloads, reads, "".join(said), decode, lambda _: None)
