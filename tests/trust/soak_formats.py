"""The streams of a soak test, in each wire format, with what they say."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

_TEXTS = ["Hi", " ", "the", "\n", "Grüße", "日本", "😀", "\u2028", '"', "\\", "data: ", "[DONE]", "x" * 300]


@dataclass
class Said:
    """What one choice says in the whole stream."""

    text: str = ""
    reasoning: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Sent:
    """A stream.

    Attributes:
        body: Its bytes.
        said: What each choice says in all.
        finished: Where the JSON of the last finish reason ends.
    """

    body: bytes
    said: Sequence[Said]
    finished: int


class Writer(Protocol):
    """Writes the events of one stream, without their line ends."""

    choices: Sequence[int]
    """How many choices a stream may have."""

    def begin(self, choices: int) -> list[Any]: ...

    def text(self, choice: int, text: str) -> list[Any]: ...

    def reasoning(self, choice: int, text: str) -> list[Any]: ...

    def call(self, choice: int, arguments: str, place: int) -> list[Any]:
        """A tool call whose arguments are cut at this place, if the format cuts them."""
        ...

    def finish(self, choice: int) -> list[Any]: ...

    def end(self) -> list[Any]:
        """What follows the finish reasons; empty if nothing does."""
        ...


class _Chat:
    choices: Sequence[int] = (1, 1, 1, 2)

    def begin(self, choices: int) -> list[Any]:
        return [self._chunk(choice, {"role": "assistant", "content": ""}) for choice in range(choices)]

    def text(self, choice: int, text: str) -> list[Any]:
        return [self._chunk(choice, {"content": text})]

    def reasoning(self, choice: int, text: str) -> list[Any]:
        return [self._chunk(choice, {"reasoning_content": text})]

    def call(self, choice: int, arguments: str, place: int) -> list[Any]:
        first = {"index": 0, "id": "t1", "function": {"name": "f", "arguments": arguments[:place]}}
        second = {"index": 0, "function": {"arguments": arguments[place:]}}
        return [self._chunk(choice, {"tool_calls": [call]}) for call in (first, second)]

    def finish(self, choice: int) -> list[Any]:
        return [self._chunk(choice, {}, "stop")]

    def end(self) -> list[Any]:
        return ["[DONE]"]

    @staticmethod
    def _chunk(choice: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        said = {"index": choice, "delta": delta, "finish_reason": reason}
        return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [said]}


class _Anthropic:
    choices: Sequence[int] = (1,)

    def __init__(self) -> None:
        self._open = ""  # the kind of the block that is open
        self._index = -1

    def begin(self, choices: int) -> list[Any]:
        message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {}}
        return [{"type": "message_start", "message": message}, {"type": "ping"}]

    def text(self, choice: int, text: str) -> list[Any]:
        return [*self._in("text", text=""), self._delta({"type": "text_delta", "text": text})]

    def reasoning(self, choice: int, text: str) -> list[Any]:
        return [*self._in("thinking", thinking=""), self._delta({"type": "thinking_delta", "thinking": text})]

    def call(self, choice: int, arguments: str, place: int) -> list[Any]:
        pieces = (arguments[:place], arguments[place:])
        begun = self._in("tool_use", id="t1", name="f", input={})
        return [*begun, *(self._delta({"type": "input_json_delta", "partial_json": piece}) for piece in pieces)]

    def finish(self, choice: int) -> list[Any]:
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        return [*self._in(""), {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}}]

    def end(self) -> list[Any]:
        return [{"type": "message_stop"}]

    def _in(self, kind: str, **block: Any) -> list[Any]:
        """End the block that is open, and start another, unless it is of this kind."""
        if kind == self._open:
            return []
        events: list[Any] = [{"type": "content_block_stop", "index": self._index}] if self._open else []
        self._open = kind
        if kind:
            self._index += 1
            start = {"type": kind, **block}
            events.append({"type": "content_block_start", "index": self._index, "content_block": start})
        return events

    def _delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": self._index, "delta": delta}


class _Responses:
    choices: Sequence[int] = (1,)

    def __init__(self) -> None:
        self._item: dict[str, Any] | None = None  # the item that is open
        self._index = -1
        self._number = -1

    def begin(self, choices: int) -> list[Any]:
        return [self._event("response.created", response={"id": "r", "status": "in_progress", "output": []})]

    def text(self, choice: int, text: str) -> list[Any]:
        begun = self._in({"type": "message", "id": "m", "role": "assistant", "content": []})
        return [*begun, self._piece("response.output_text.delta", delta=text, content_index=0)]

    def reasoning(self, choice: int, text: str) -> list[Any]:
        begun = self._in({"type": "reasoning", "id": "rs", "summary": []})
        return [*begun, self._piece("response.reasoning_text.delta", delta=text, content_index=0)]

    def call(self, choice: int, arguments: str, place: int) -> list[Any]:
        begun = self._in({"type": "function_call", "id": "fc", "call_id": "t1", "name": "f", "arguments": ""})
        pieces = (arguments[:place], arguments[place:])
        return [*begun, *(self._piece("response.function_call_arguments.delta", delta=piece) for piece in pieces)]

    def finish(self, choice: int) -> list[Any]:
        return [self._event("response.completed", response={"id": "r", "status": "completed", "output": []})]

    def end(self) -> list[Any]:
        return []

    def _in(self, item: dict[str, Any]) -> list[Any]:
        if self._item is not None and item["type"] == self._item["type"]:
            return []
        self._item = item
        self._index += 1
        return [self._piece("response.output_item.added", item=item)]

    def _piece(self, kind: str, **fields: Any) -> dict[str, Any]:
        return self._event(kind, output_index=self._index, **fields)

    def _event(self, kind: str, **fields: Any) -> dict[str, Any]:
        self._number += 1
        return {"type": kind, "sequence_number": self._number, **fields}


class _Gemini:
    choices: Sequence[int] = (1, 1, 2)

    def begin(self, choices: int) -> list[Any]:
        return []

    def text(self, choice: int, text: str) -> list[Any]:
        return [self._response(choice, {"text": text})]

    def reasoning(self, choice: int, text: str) -> list[Any]:
        return [self._response(choice, {"text": text, "thought": True})]

    def call(self, choice: int, arguments: str, place: int) -> list[Any]:  # it is sent as a whole
        return [self._response(choice, {"functionCall": {"id": "t1", "name": "f", "args": json.loads(arguments)}})]

    def finish(self, choice: int) -> list[Any]:
        return [self._response(choice, {"text": ""}, finishReason="STOP")]

    def end(self) -> list[Any]:
        return []

    @staticmethod
    def _response(choice: int, part: dict[str, Any], **fields: Any) -> dict[str, Any]:
        said = {"content": {"parts": [part], "role": "model"}, "index": choice, **fields}
        return {"candidates": [said], "usageMetadata": {"totalTokenCount": 9}, "modelVersion": "m", "responseId": "r"}


FORMATS: Mapping[str, Callable[[], Writer]] = {
    "chat": _Chat,
    "anthropic": _Anthropic,
    "responses": _Responses,
    "gemini": _Gemini,
}
"""What writes the streams of each format."""

ERRORS: Mapping[str, bytes] = {
    "chat": b'data: {"error":{"message":"overloaded","code":503}}\n\ndata: [DONE]\n\n',
    "anthropic": b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}\n\n',
    "responses": b'event: error\ndata: {"type":"error","code":"server_error","message":"overloaded"}\n\n',
    "gemini": b'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\n\n',
}
"""The error that a server of each format sends within a stream."""


def stream(source: random.Random, writer: Writer) -> Sent:
    """A stream of any content."""
    line_end = source.choice(("\n", "\n", "\n", "\r\n"))
    count = source.choice(writer.choices)
    said = [Said() for _ in range(count)]
    events: list[str] = []

    def send(written: Sequence[Any]) -> None:
        for event in written:
            if isinstance(event, str):
                events.append(f"data: {event}")
                continue
            name = f"event: {event['type']}{line_end}" if "type" in event else ""
            events.append(f"{name}data: {json.dumps(event, ensure_ascii=source.random() < 0.5)}")

    send(writer.begin(count))
    for _ in range(source.choice((1, 3, 10, 40, 40, 150))):
        choice = source.randrange(count)
        text = source.choice(_TEXTS)
        what = source.choices(("text", "reasoning", "keep-alive"), (75, 15, 10))[0]
        if what == "text":
            said[choice].text += text
            send(writer.text(choice, text))
        elif what == "reasoning":
            said[choice].reasoning += text
            send(writer.reasoning(choice, text))
        else:
            events.append(": keep-alive")
    for choice in range(count):
        if source.random() < 0.3:
            arguments = json.dumps({"q": source.choice(_TEXTS)}, ensure_ascii=False, separators=(",", ":"))
            said[choice].arguments = arguments
            send(writer.call(choice, arguments, source.randrange(len(arguments))))
        send(writer.finish(choice))
    finished = len((line_end * 2).join(events).encode())
    if source.random() < 0.8:
        send(writer.end())
    return Sent(((line_end * 2).join(events) + line_end * 2).encode(), said, finished)
