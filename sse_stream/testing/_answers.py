"""A model's answer, as server-sent events of an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar, overload

import msgspec

T = TypeVar("T")

JSONObject: TypeAlias = Mapping[str, object]


def _check(pieces: tuple[object, ...]) -> None:
    for piece in pieces:
        if not isinstance(piece, str):
            raise TypeError(f"the pieces of an answer must be str, as in Reply.text('Hel', 'lo'), not {piece!r}")


@dataclass(frozen=True)
class AnswerText:
    """Text or reasoning, each piece in its own chunk."""

    field: Literal["content", "reasoning_content"]
    pieces: tuple[str, ...]

    def __post_init__(self) -> None:
        _check(self.pieces)


@dataclass(frozen=True)
class AnswerCall:
    """A tool call: a chunk with id and name, then one for each piece of the arguments."""

    name: str
    pieces: tuple[str, ...]
    id: str | None

    def __post_init__(self) -> None:
        _check((self.name, *self.pieces))


@dataclass(frozen=True)
class AnswerError:
    """An error in mid-stream, which ends the answer."""

    error: JSONObject


Part: TypeAlias = AnswerText | AnswerCall | AnswerError


@dataclass(frozen=True)
class Answer(Sequence[bytes]):
    """An answer in parts, which is the sequence of its server-sent events.

    Attributes:
        parts: The parts, in streaming order.
        finish_reason: The finish reason; `None` to derive it from the parts.
        usage: The reported usage; `None` to count each piece as a token, an empty object to report none.
        complete: Whether to end with finish reason, usage and `[DONE]`.
    """

    parts: tuple[Part, ...]
    finish_reason: str | None = None
    usage: JSONObject | None = None
    complete: bool = True

    def __add__(self, other: Answer) -> Answer:
        """Join two answers into one, with a single end.

        Raises:
            ValueError: Both set an option, to different values.
        """
        return Answer(
            self.parts + other.parts,
            either("finish_reason", self.finish_reason, other.finish_reason),
            either("usage", self.usage, other.usage),
            self.complete and other.complete,
        )

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        """Return the event or events at an index or slice."""
        return self._events[index]

    def __len__(self) -> int:
        """The number of events."""
        return len(self._events)

    @cached_property
    def _events(self) -> tuple[bytes, ...]:
        return tuple(self._written())

    def _written(self) -> Iterator[bytes]:
        yield _delta({"role": "assistant", "content": ""})
        calls = 0
        for part in self.parts:
            match part:
                case AnswerText(field, pieces):
                    yield from (_delta({field: piece}) for piece in pieces)
                case AnswerCall(name, pieces, id):
                    begun: JSONObject = {
                        "index": calls,
                        "id": id or f"call_{calls + 1}",
                        "type": "function",
                        "function": {"name": name, "arguments": ""},
                    }
                    further = ({"index": calls, "function": {"arguments": piece}} for piece in pieces)
                    yield from (_delta({"tool_calls": [call]}) for call in (begun, *further))
                    calls += 1
                case AnswerError(error):
                    yield _event({"error": error})
        if self.complete:
            yield _delta({}, self.finish_reason or ("tool_calls" if calls else "stop"))
            usage = self._counted() if self.usage is None else self.usage
            if usage:
                yield _chunk([], usage=usage)
            yield b"data: [DONE]\n\n"

    def _counted(self) -> JSONObject:
        """Return usage that counts each piece, and the prompt, as one token."""
        pieces = {"content": 0, "reasoning_content": 0, "arguments": 0}
        for part in self.parts:
            if not isinstance(part, AnswerError):
                pieces[part.field if isinstance(part, AnswerText) else "arguments"] += len(part.pieces)
        completion = sum(pieces.values())
        usage: dict[str, object] = {
            "prompt_tokens": 1,
            "completion_tokens": completion,
            "total_tokens": completion + 1,
        }
        if pieces["reasoning_content"]:
            usage["completion_tokens_details"] = {"reasoning_tokens": pieces["reasoning_content"]}
        return usage


def _event(value: JSONObject) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def _chunk(choices: Sequence[JSONObject], **more: object) -> bytes:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1767225600, "model": "replay-1"}
    return _event({**head, "choices": choices, **more})


def _delta(delta: JSONObject, finish_reason: str | None = None) -> bytes:
    return _chunk([{"index": 0, "delta": delta, "finish_reason": finish_reason}])


def either(name: str, one: T | None, other: T | None) -> T | None:
    """Return the value that is set; both may be set to the same.

    Raises:
        ValueError: Both are set, to different values.
    """
    if one is not None and other is not None and one != other:
        raise ValueError(f"{name} is set twice, to {one!r} and to {other!r}: set it once")
    return other if one is None else one
