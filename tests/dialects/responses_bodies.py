"""Bodies of OpenAI's Responses API for tests: events as dicts, numbered and framed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sse_stream import Anomaly, ChatCompletion, ChatDecoder, ChatEvent, Ending, Message, SSEStreamError
from sse_stream.dialects import OpenAIResponses

Object = dict[str, Any]


def framed(event: Object, *, named: bool = True, escaped: bool = True) -> bytes:
    """One event on the wire, with text outside ASCII escaped or as it is."""
    name = f"event: {event['type']}\n" if named and "type" in event else ""
    return f"{name}data: {json.dumps(event, ensure_ascii=escaped)}\n\n".encode()


def numbered(*events: Object, first: int = 0) -> list[Object]:
    """The events with their numbers, where they have none."""
    return [
        event if "sequence_number" in event else {**event, "sequence_number": number}
        for number, event in enumerate(events, first)
    ]


def body(*events: Object, first: int = 0) -> bytes:
    """A body: numbered events, framed."""
    return b"".join(map(framed, numbered(*events, first=first)))


# ---------------------------------------------------------------- events


def created(**fields: Any) -> Object:
    response = {"id": "resp_1", "object": "response", "created_at": 17, "model": "m", "status": "in_progress", **fields}
    return {"type": "response.created", "response": response}


def added(place: int, item: Object) -> Object:
    return {"type": "response.output_item.added", "output_index": place, "item": item}


def done(place: int, item: Object) -> Object:
    return {"type": "response.output_item.done", "output_index": place, "item": item}


def piece(stem: str, text: str, place: int = 0, **fields: Any) -> Object:
    return {"type": f"response.{stem}.delta", "output_index": place, "delta": text, **fields}


def whole(stem: str, text: str, place: int = 0, field: str = "text", **fields: Any) -> Object:
    return {"type": f"response.{stem}.done", "output_index": place, field: text, **fields}


def text(delta: str, place: int = 0, content: int = 0, **fields: Any) -> Object:
    return piece("output_text", delta, place, content_index=content, **fields)


def summary(delta: str, place: int = 0, number: int = 0) -> Object:
    return piece("reasoning_summary_text", delta, place, summary_index=number)


def part(state: str, entry: Object, place: int = 0, content: int = 0) -> Object:
    return {"type": f"response.content_part.{state}", "output_index": place, "content_index": content, "part": entry}


def ended(status: str = "completed", output: list[Object] | None = None, **fields: Any) -> Object:
    response = {"id": "resp_1", "object": "response", "model": "m", "status": status, "output": output or [], **fields}
    return {"type": f"response.{status}", "response": response}


def message(*content: Object, **fields: Any) -> Object:
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": list(content), **fields}


def said(text: str, **fields: Any) -> Object:
    return {"type": "output_text", "text": text, **fields}


HI = message(said("Hi"))
REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}


def summed(*texts: str, **fields: Any) -> Object:
    """An item of reasoning with these summaries."""
    return {**REASONING, "summary": [{"type": "summary_text", "text": said} for said in texts], **fields}


def call(arguments: str = "", **fields: Any) -> Object:
    return {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": arguments, **fields}


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class Outcome:
    """What came of a body."""

    events: list[ChatEvent]
    completion: ChatCompletion
    ending: Ending
    error: str | None
    anomalies: tuple[Anomaly, ...]
    pieces: int

    @property
    def message(self) -> Message:
        return self.completion.message

    @property
    def kinds(self) -> list[str]:
        return [anomaly.kind for anomaly in self.anomalies]


def read(pieces: Iterable[bytes], **options: Any) -> Outcome:
    """Read a body to its end."""
    decoder = ChatDecoder(dialect=OpenAIResponses(), **options)
    events: list[ChatEvent] = []
    error = None
    try:
        for data in pieces:
            events.extend(decoder.feed(data))
        events.extend(decoder.close())
    except SSEStreamError as failure:
        error = f"{type(failure).__name__}: {failure}"
        assert failure.completion == decoder.completion
    pieces_seen = decoder._reader.tally.pieces
    return Outcome(events, decoder.completion, decoder.ending, error, decoder.anomalies, pieces_seen)
