"""Workloads of the server-sent events benchmark, each named after the path that it exercises.

A workload is a body and the number of bytes per read, so that Python and Node split it alike.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

MIB = 1024 * 1024
# What a TCP segment carries over Ethernet.
SEGMENT = 1_460


@dataclass(frozen=True)
class Workload:
    """A stream to decode.

    Attributes:
        name: The path that it probes.
        body: The bytes of the whole stream.
        read: How many of them come a read.
        data: The data of each event, in order.
    """

    name: str
    body: bytes = field(repr=False)
    read: int
    data: list[str] = field(repr=False)

    def pieces(self) -> list[bytes]:
        """The body as the network delivers it.

        Equal pieces are one object, so that they are in the processor's cache, as bytes are that have
        just been read from a socket.
        """
        pool: dict[bytes, bytes] = {}
        cuts = range(0, len(self.body), self.read)
        return [pool.setdefault(piece, piece) for start in cuts for piece in (self.body[start : start + self.read],)]


def chunk(text: str) -> str:
    """A `chat.completion.chunk` as servers send thousands of: 290 bytes if the text is one short word."""
    return json.dumps(
        {
            "id": "chatcmpl-CeR4nWq7sXbT2fLk9PzYvHd1mB5gUaK",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": "example-large-2025-01",
            "service_tier": "default",
            "system_fingerprint": "fp_60d2a8c4be",
            "choices": [{"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def one_line(size: int, read: int) -> Workload:
    """One event whose one line has so many bytes."""
    data = "x" * (size - len("data: "))
    name = f"one {size // MIB} MiB line in {read:,}-byte reads"
    return Workload(name, f"data: {data}\n\n".encode(), read, [data])


def workloads(scale: float = 1.0) -> list[Workload]:
    """The workloads that all decoders are given.

    Args:
        scale: How much of each: 1 for the benchmark, a small part of it for a test.
    """

    def times(count: int) -> range:
        return range(max(2, int(count * scale)))

    def framed(events: list[str], prefix: str = "", end: str = "\n") -> bytes:
        return "".join(f"{prefix}data: {event}{end}{end}" for event in events).encode()

    # Every event of a list has the same number of bytes: so many per read are one event per read.
    words = [chunk(f" word{number:02}") for number in range(100)]
    signs = [chunk("天地玄黄宇宙洪荒😀" + sign) for sign in "日月盈昃辰宿列张"]
    ascii_events = [words[number % len(words)] for number in times(10_000)]
    cjk_events = [signs[number % len(signs)] for number in times(10_000)]
    lines = [words[number % len(words)] for number in times(32_000)]
    few = ascii_events[: max(2, int(200 * scale))]

    def one_event_a_read(name: str, events: list[str], body: bytes) -> Workload:
        return Workload(name, body, len(body) // len(events), events)

    return [
        one_event_a_read("one event per read", ascii_events, framed(ascii_events)),
        Workload("64 KiB per read", framed(ascii_events), 64 * 1024, ascii_events),
        Workload("one byte per read", framed(few), 1, few),
        one_line(int(8 * MIB * scale), SEGMENT),
        Workload(
            f"one event of {len(lines):,} data lines",
            "".join(f"data: {line}\n" for line in lines).encode() + b"\n",
            64 * 1024,
            ["\n".join(lines)],
        ),
        one_event_a_read("CRLF", ascii_events, framed(ascii_events, end="\r\n")),
        one_event_a_read("comments between events", ascii_events, framed(ascii_events, prefix=": keep-alive\n\n")),
        one_event_a_read("non-ASCII text", cjk_events, framed(cjk_events)),
    ]


def linearity(scale: float = 1.0) -> list[tuple[Workload, Workload]]:
    """Pairs of which the second has eight times the bytes of the first."""
    small, large = int(MIB * scale), int(8 * MIB * scale)
    return [(one_line(small, read), one_line(large, read)) for read in (SEGMENT, 1)]
