"""What a model answers, as the server-sent events of an OpenAI-compatible server."""

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
            raise TypeError(f"an answer is written in pieces of text, as in Reply.text('Hel', 'lo'), not {piece!r}")


@dataclass(frozen=True)
class Said:
    """Text or reasoning, each piece in a chunk of its own."""

    field: Literal["content", "reasoning_content"]
    pieces: tuple[str, ...]

    def __post_init__(self) -> None:
        _check(self.pieces)


@dataclass(frozen=True)
class Called:
    """A tool call: a chunk with its id and name, then one for each piece of its arguments."""

    name: str
    pieces: tuple[str, ...]
    id: str | None

    def __post_init__(self) -> None:
        _check((self.name, *self.pieces))


@dataclass(frozen=True)
class Failed:
    """An error in mid-stream, after which nothing more is generated."""

    error: JSONObject


Part: TypeAlias = Said | Called | Failed


@dataclass(frozen=True)
class Answer(Sequence[bytes]):
    """An answer in parts, which is the sequence of its server-sent events.

    Attributes:
        parts: What is in it, in the order in which it is streamed.
        finish_reason: Why it ends; `None` for what its parts suggest.
        usage: What it cost; `None` for a token a piece, an empty object for no report.
        complete: Whether it ends as it should: with finish reason, usage and `[DONE]`.
    """

    parts: tuple[Part, ...]
    finish_reason: str | None = None
    usage: JSONObject | None = None
    complete: bool = True

    def __add__(self, other: Answer) -> Answer:
        """One answer: this one, then the other, and one end.

        Raises:
            ValueError: Both say how they end, and differ.
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
        """The events at these places."""
        return self._events[index]

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._events)

    @cached_property
    def _events(self) -> tuple[bytes, ...]:
        return tuple(self._written())

    def _written(self) -> Iterator[bytes]:
        yield _delta({"role": "assistant", "content": ""})
        calls = 0
        for part in self.parts:
            match part:
                case Said(field, pieces):
                    yield from (_delta({field: piece}) for piece in pieces)
                case Called(name, pieces, id):
                    begun: JSONObject = {
                        "index": calls,
                        "id": id or f"call_{calls + 1}",
                        "type": "function",
                        "function": {"name": name, "arguments": ""},
                    }
                    further = ({"index": calls, "function": {"arguments": piece}} for piece in pieces)
                    yield from (_delta({"tool_calls": [call]}) for call in (begun, *further))
                    calls += 1
                case Failed(error):
                    yield _event({"error": error})
        if self.complete:
            yield _delta({}, self.finish_reason or ("tool_calls" if calls else "stop"))
            usage = self._counted() if self.usage is None else self.usage
            if usage:
                yield _chunk([], usage=usage)
            yield b"data: [DONE]\n\n"

    def _counted(self) -> JSONObject:
        """Usage, where each piece is a token, and so is the prompt."""
        pieces = {"content": 0, "reasoning_content": 0, "arguments": 0}
        for part in self.parts:
            if not isinstance(part, Failed):
                pieces[part.field if isinstance(part, Said) else "arguments"] += len(part.pieces)
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
    """The one that is said; both may say the same.

    Raises:
        ValueError: They say different things.
    """
    if one is not None and other is not None and one != other:
        raise ValueError(f"{name} is given twice, as {one!r} and as {other!r}: give it once")
    return other if one is None else one
