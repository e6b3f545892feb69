"""Plans of a soak test: streams with their content, their faults, and the behaviour of their readers.

A plan depends only on its number and the seed, so the server and the client derive the same one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sse_stream import Ending
from sse_stream.testing import Comments, Disconnect, EndAt, Fault, HalfClose, Reply, Reset, Seed, Stall, WrongLength
from sse_stream.testing._compressing import ContentEncoding
from sse_stream.testing._replies import Framing

from .soak_formats import ERRORS, FORMATS, Said, stream

Kind: TypeAlias = Literal["stream", "error", "status", "document", "page"]
"""What the response is: a chat stream, one with an error inside, a refusal, a whole completion, an HTML page."""

Manner: TypeAlias = Literal["events", "text", "chunks", "until_done", "leave", "close", "cancel"]
"""How it is read: in one of four ways to the end, left by `break` or `close` after some events, or cancelled."""


@dataclass(frozen=True)
class Plan:
    """One stream.

    Attributes:
        number: Which.
        kind: What the response is.
        wire_format: The wire format of the stream.
        reply: What the server sends.
        said: What each choice says in all.
        manner: How it is read.
        patience: How many events are read before it is left.
        endings: How it may end, if it is read to the end.
        hangs: Whether the server falls silent for good, so that somebody has to give up.
    """

    number: int
    kind: Kind
    wire_format: str
    reply: Reply
    manner: Manner
    patience: int
    endings: frozenset[Ending]
    hangs: bool
    said: Sequence[Said] = ()


def plan(number: int, seed: int) -> Plan:
    """The plan of that number."""
    source = random.Random(f"{seed} {number}")
    kind: Kind = source.choices(("stream", "error", "status", "document", "page"), (84, 5, 4, 4, 3))[0]
    manners: tuple[Manner, ...] = ("events", "text", "chunks", "until_done", "leave", "close", "cancel")
    manner = source.choices(manners, (34, 12, 8, 22, 8, 8, 8))[0]
    patience = source.choice((0, 1, 2, 5, 20))
    wire_format = source.choice([*FORMATS])
    if kind != "stream":
        body, ending, options = _other(kind, wire_format)
        reply = Reply(body, **options)
        return Plan(number, kind, wire_format, reply, manner, patience, frozenset({ending}), hangs=False)
    sent = stream(source, FORMATS[wire_format]())
    body = sent.body
    encoding: ContentEncoding = source.choices(("identity", "gzip", "deflate", "br", "zstd"), (80, 8, 4, 4, 4))[0]
    framing: Framing = source.choices(("chunked", "length", "close"), (80, 10, 10))[0]
    # What has come in full length is done: what the server does to the connection then hits the next stream.
    fault = _fault(source, len(body) - (framing == "length"))
    if fault is not None:
        encoding = "identity"  # so that `at` is a place in what was written
        framing = "chunked" if isinstance(fault, (Comments, WrongLength)) else framing
    cut = source.choice((None, None, 1 if len(body) < 3000 else 97, 13, 1460, Seed(number), Seed(number, 40)))
    hangs = isinstance(fault, Comments) or (isinstance(fault, Stall) and fault.seconds is None)
    endings = _endings(fault, sent.finished, len(body), framing)
    reply = Reply(body, cut=cut, fault=fault, encoding=encoding, framing=framing)
    return Plan(number, kind, wire_format, reply, manner, patience, endings, hangs, sent.said)


def _other(kind: Kind, wire_format: str) -> tuple[bytes, Ending, dict[str, Any]]:
    match kind:
        case "error":
            return ERRORS[wire_format], "provider_error", {}
        case "status":
            body = b'{"error":{"message":"slow down"}}'
            return body, "provider_error", {"status": 429, "content_type": "application/json", "framing": "length"}
        case "document":
            body = b'{"object":"chat.completion","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}'
            return body, "complete", {"content_type": "application/json", "framing": "length"}
        case _:
            return b"<html>no stream</html>", "invalid", {"content_type": "text/html", "framing": "length"}


def _fault(source: random.Random, size: int) -> Fault | None:
    at = source.choice((0, source.randrange(size), source.randrange(size), size))
    faults: list[Fault | None] = [
        None,
        EndAt(at),
        Disconnect(at),
        HalfClose(at),
        Reset(at),
        Stall(at, seconds=0.02),
        Stall(at),
        Comments(at, interval=0.02),
        WrongLength(source.choice((-40, 40))),
    ]
    return source.choices(faults, (52, 8, 8, 6, 8, 6, 4, 4, 4))[0]


def _endings(fault: Fault | None, finished: int, size: int, framing: str) -> frozenset[Ending]:
    """How a stream may end whose finish reason has arrived after so many bytes."""
    lost: frozenset[Ending]
    match fault:
        case None:
            return frozenset({"complete"})
        case Stall(seconds=seconds) if seconds is not None:
            return frozenset({"complete"})
        case WrongLength(by):
            at = size + min(by, 0)
            # Clients differ: some tell of a body that ends before its length, some do not.
            lost = frozenset({"truncated", "transport_error"})
            if by > 0:
                return frozenset({"complete", "transport_error"})
        case Stall(at=place) | Comments(at=place):
            at = size if place is None else place
            # A comment inside an event ends it before it is whole.
            lost = frozenset({"timeout"} if isinstance(fault, Stall) else {"timeout", "invalid"})
        case EndAt(at):
            lost = frozenset({"truncated"})
        case Disconnect(at=place) | HalfClose(at=place) | Reset(at=place):
            at = size if place is None else place
            lost = frozenset({"truncated", "transport_error"} if framing == "close" else {"transport_error"})
            if isinstance(fault, (Disconnect, HalfClose)) and framing != "close":
                # Some clients do not tell an orderly end from a whole body.
                lost |= {"truncated"}
    return lost if at < finished else frozenset({"complete", *lost})
