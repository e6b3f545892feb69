"""Workloads of the pipeline benchmark: chat streams, each named after the path that it exercises.

A workload is a stream as the network delivers it, with its expected text, so that every contender's result can be
checked. The streams are generated here; recordings of real ones are added if available.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sse_stream import SSEDecoder

from .sse_workloads import chunk

RECORDINGS = Path(
    os.environ.get("SSE_STREAM_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus" / "chat"
)

# Chunks of a workload of text; of the richer ones, whose chunks cost more, half as many.
CHUNKS = 4_000


@dataclass(frozen=True)
class ChatWorkload:
    """A chat stream to read.

    Attributes:
        name: The path that it probes.
        reads: The bytes of each network read. Equal ones are one object, so that they are in the
            processor's cache, as bytes are that have just been read from a socket.
        payloads: The JSON of each chunk, in order.
        text: What the first choice says.
        reasoning: What it thought.
        arguments: Those of each of its tool calls.
        tokens: Of how many tokens it has the log probabilities.
        total_tokens: The last total that usage told, `None` where there was no usage.
        complete: Whether it ends well; where it does not, an error at the end is right.
        recorded: Whether a real server sent it.
    """

    name: str
    reads: list[bytes] = field(repr=False)
    payloads: list[str] = field(repr=False)
    text: str = field(default="", repr=False)
    reasoning: str = field(default="", repr=False)
    arguments: tuple[str, ...] = field(default=(), repr=False)
    tokens: int = 0
    total_tokens: int | None = None
    complete: bool = True
    recorded: bool = False


def framed(payloads: Iterable[str]) -> list[bytes]:
    """One event a read, as servers send and networks deliver them; `[DONE]` last."""
    return _shared([f"data: {payload}\n\n".encode() for payload in (*payloads, "[DONE]")])


def cut(reads: Iterable[bytes], size: int) -> list[bytes]:
    """The same bytes in reads of one size."""
    body = b"".join(reads)
    return _shared([body[start : start + size] for start in range(0, len(body), size)])


def _shared(reads: Iterable[bytes]) -> list[bytes]:
    pool: dict[bytes, bytes] = {}
    return [pool.setdefault(read, read) for read in reads]


def payload(delta: dict[str, Any], *, finish_reason: str | None = None, beside: Any = None, **extra: Any) -> str:
    """One chunk's JSON.

    Args:
        delta: What it adds.
        finish_reason: Why the choice ends.
        beside: Further fields of the choice, as a dict.
        **extra: Further fields of the chunk.
    """
    return json.dumps(
        {
            "id": "chatcmpl-CeR4nWq7sXbT2fLk9PzYvHd1mB5gUaK",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": "example-large-2025-01",
            "system_fingerprint": "fp_60d2a8c4be",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason, **(beside or {})}],
            **extra,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _words(count: int) -> list[str]:
    return [f" word{number % 100:02}" for number in range(count)]


def _text(name: str, words: list[str], make: Callable[[int, str], str], finish: str | None = None) -> ChatWorkload:
    """A stream of text: a chunk a word, and one that finishes."""
    payloads = [make(number, word) for number, word in enumerate(words)]
    payloads.append(payload({}, finish_reason="stop") if finish is None else finish)
    return ChatWorkload(name, framed(payloads), payloads, text="".join(words))


def plain_text(count: int = CHUNKS) -> ChatWorkload:
    """Chunks of 290 bytes with one word each, one event per read: what the goals are about."""
    return _text("plain text", _words(count), lambda _, word: chunk(word))


def _padded(count: int) -> ChatWorkload:
    """OpenAI's padding against traffic analysis: two values of each chunk are new, where otherwise one is."""
    return _text(
        "text with padding",
        _words(count),
        lambda number, word: payload({"content": word}, obfuscation=f"{number * 7919 % 100_003:x}" * (1 + number % 3)),
    )


def _usage_on_each_chunk(count: int) -> ChatWorkload:
    def make(number: int, word: str) -> str:
        usage = {
            "prompt_tokens": 123,
            "completion_tokens": number + 1,
            "total_tokens": number + 124,
            "prompt_tokens_details": {"cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }
        return payload({"content": word}, usage=usage)

    made = _text("usage in each chunk", _words(count), make)
    return ChatWorkload(made.name, made.reads, made.payloads, text=made.text, total_tokens=count + 123)


def _reasoning(count: int) -> ChatWorkload:
    """A thought in two spellings with the same text, as several servers send it, then a short answer."""
    thoughts = _words(count)
    payloads = [payload({"content": None, "reasoning_content": word, "reasoning": word}) for word in thoughts]
    payloads += [payload({"content": "So."}), payload({}, finish_reason="stop")]
    name = "reasoning under two names"
    return ChatWorkload(name, framed(payloads), payloads, text="So.", reasoning="".join(thoughts))


def _tool_calls(count: int, calls: int = 50) -> ChatWorkload:
    """Many calls in one answer, one after the other, each in pieces of a few characters."""
    pieces = max(1, count // calls - 1)
    arguments = json.dumps({"query": "".join(_words(pieces))})
    size = -(-len(arguments) // pieces)
    cuts = [arguments[start : start + size] for start in range(0, len(arguments), size)]
    payloads = []
    for index in range(calls):
        begun = {"name": "search", "arguments": ""}
        payloads.append(
            payload({"tool_calls": [{"index": index, "id": f"call_{index}", "type": "function", "function": begun}]})
        )
        payloads += [payload({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}) for piece in cuts]
    payloads.append(payload({}, finish_reason="tool_calls"))
    return ChatWorkload(f"{calls} tool calls", framed(payloads), payloads, arguments=(arguments,) * calls)


def _logprobs(count: int) -> ChatWorkload:
    def token(word: str, logprob: float) -> dict[str, Any]:
        return {"token": word, "logprob": logprob, "bytes": list(word.encode())}

    def make(_: int, word: str) -> str:
        top = [token(word[: rank + 2], -0.25 - rank) for rank in range(5)]
        content = [{**token(word, -0.25), "top_logprobs": top}]
        return payload({"content": word}, beside={"logprobs": {"content": content, "refusal": None}})

    made = _text("logprobs, five per token", _words(count), make)
    return ChatWorkload(made.name, made.reads, made.payloads, text=made.text, tokens=count)


def _openrouter(count: int) -> ChatWorkload:
    """Fields that the model does not name, at two levels, on each chunk."""
    beside = {"native_finish_reason": None, "logprobs": None}
    end = payload({"content": ""}, finish_reason="stop", beside={"native_finish_reason": "stop"}, provider="Example")
    return _text(
        "OpenRouter's extra fields",
        _words(count),
        lambda _, word: payload({"role": "assistant", "content": word}, beside=beside, provider="Example"),
        end,
    )


def _azure(count: int) -> ChatWorkload:
    """The results of content filters beside each piece."""
    categories = ("hate", "self_harm", "sexual", "violence")
    filtered = {"content_filter_results": {name: {"filtered": False, "severity": "safe"} for name in categories}}
    return _text(
        "Azure's extra fields",
        _words(count),
        lambda _, word: payload({"content": word}, beside=filtered, obfuscation="x7"),
    )


def workloads(scale: float = 1.0) -> list[ChatWorkload]:
    """The workloads that all contenders are given.

    Args:
        scale: How much of each: 1 for the benchmark, a small part of it for a test.
    """
    many = max(60, int(CHUNKS * scale))
    some = max(60, int(CHUNKS / 2 * scale))
    few = plain_text(max(4, int(CHUNKS / 20 * scale)))
    plain = plain_text(many)
    signs = ["天地玄黄宇宙洪荒😀" + sign for sign in "日月盈昃辰宿列张"]

    def cut_text(name: str, made: ChatWorkload, size: int) -> ChatWorkload:
        return ChatWorkload(name, cut(made.reads, size), made.payloads, text=made.text)

    return [
        plain,
        cut_text("plain text, 16 KiB per read", plain, 16 * 1024),
        cut_text("plain text, 1 byte per read", few, 1),
        _text("non-ASCII text", [signs[number % len(signs)] for number in range(many)], lambda _, word: chunk(word)),
        _padded(some),
        _usage_on_each_chunk(some),
        _reasoning(some),
        _tool_calls(some),
        _logprobs(some),
        _openrouter(some),
        _azure(some),
    ]


def recordings() -> list[ChatWorkload]:
    """The recorded streams beside the project, one event per read; none where they are absent."""
    return [_recording(path) for path in sorted(RECORDINGS.glob("*.sse"))]


def _recording(path: Path) -> ChatWorkload:
    """One recording, and what it says according to the file beside it."""
    body = path.read_bytes()
    said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    first = said["choices"].get("0", {"text": "", "reasoning": "", "tool_calls": []})
    usage = said["usage"]
    return ChatWorkload(
        path.stem,
        _events_of(body),
        _payloads_of(body),
        text=first["text"],
        reasoning=first["reasoning"],
        arguments=tuple(call["arguments"] for call in first["tool_calls"]),
        total_tokens=None if usage is None else usage["total_tokens"],
        complete=said["ending"] == "complete",
        recorded=True,
    )


def _events_of(body: bytes) -> list[bytes]:
    """The body, cut after each blank line."""
    reads: list[bytes] = []
    begin = 0
    lines = body.splitlines(keepends=True)
    end = 0
    for line in lines:
        end += len(line)
        if not line.strip(b"\r\n"):
            reads.append(body[begin:end])
            begin = end
    return [*reads, body[begin:]] if begin < len(body) else reads


def _payloads_of(body: bytes) -> list[str]:
    """What is JSON among the data of the events, for those who are only given that."""
    decoder = SSEDecoder()
    events = [*decoder.feed(body), *decoder.close(dispatch_incomplete=True)]
    return [line for event in events for line in event.data.split("\n") if _is_object(line)]


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
