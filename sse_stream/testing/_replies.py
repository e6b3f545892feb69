"""Requests to a `ReplayServer`, and its replies."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, TypedDict, Unpack

import msgspec

from ._answers import Answer, AnswerCall, AnswerError, AnswerText, JSONObject, Part, either
from ._compressing import ContentEncoding, compressor_of
from ._faults import Comments, Fault, WrongLength

Body: TypeAlias = bytes | os.PathLike[str] | Sequence[bytes]
"""A recording: bytes, the path of a file, or a list of pieces, each sent in one write."""

Framing: TypeAlias = Literal["chunked", "length", "close"]
"""How the end of the body is marked: by a last chunk, a `Content-Length`, or closing the connection."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True)
class Seed:
    """Reproducible random cuts, with small pieces as likely as large ones.

    Attributes:
        value: The seed, any number.
        largest: The maximum size of a piece in bytes.
    """

    value: int
    largest: int = 1024

    def sizes(self) -> Iterator[int]:
        """Generate sizes endlessly."""
        source = random.Random(self.value)  # noqa: S311  # reproducible on purpose
        while True:
            yield min(self.largest, int(self.largest ** source.random()))


Cut: TypeAlias = int | Sequence[int] | Seed
"""How a body is split into writes: into pieces of one size, of repeating sizes, or of random sizes."""


@dataclass(frozen=True)
class Request:
    """A received request.

    Attributes:
        method: The method, as sent.
        path: The path with the query, as sent.
        headers: The headers, with lower-case names; values of repeated headers are joined by `", "`.
        body: The body, after transfer decoding.
        connection: The number of its connection, from 1.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:  # any JSON value
        """Decode the body as JSON."""
        return json.loads(self.body)


class ReplyOptions(TypedDict, total=False):
    """The options of a `Reply`, which `ReplayServer` accepts too."""

    cut: Cut | None
    pace: float
    delay: float
    fault: Fault | None
    status: int
    headers: Mapping[str, str]
    content_type: str | None
    encoding: ContentEncoding
    framing: Framing


class AnswerOptions(ReplyOptions, total=False):
    """The keyword arguments of `Reply.text` and similar methods: the end of the answer, and the options of a `Reply`."""

    finish_reason: str
    usage: JSONObject
    complete: bool


@dataclass(frozen=True)
class Reply:
    """One reply, and how it is sent.

    `Reply.text`, `Reply.reasoning`, `Reply.tool_call` and `Reply.error` write the bytes of an answer. Join them with `+`
    into one answer in that order, with a single finish reason, usage and `[DONE]` at its end. All accept the options
    below as keyword arguments; in a sum, set each option in one part only. They also accept:

    - `finish_reason`: the finish reason (default: `"tool_calls"` if the answer calls tools, otherwise `"stop"`).
    - `usage`: the usage object to report (default: one token per piece); `usage={}` reports none.
    - `complete`: `False` to stop the stream after the last piece, without finish reason, usage and `[DONE]`.

    >>> reply = Reply.reasoning("A greeting.") + Reply.text("Hel", "lo", pace=0.02)
    >>> len(reply.writes()), reply.pace
    (7, 0.02)

    Attributes:
        body: The bytes, the path of a file, or a list of pieces, each sent in one write.
        cut: How to split the bytes into writes, instead of by pieces: a size, a sequence of sizes to repeat, or a
            `Seed`. `cut=1` sends single bytes. Each write is one HTTP chunk, and is sent at once.
        pace: Seconds between two writes.
        delay: Seconds before the head of the response is sent.
        fault: The fault to inject.
        status: The status code, from 200 to 599.
        headers: Additional headers, which replace default headers of the same name.
        content_type: The `Content-Type`; `None` for a response without one.
        encoding: The content encoding. Each piece, or each server-sent event of an unsplit body, is flushed, so that it
            can be decompressed as soon as it arrives.
        framing: How the end of the body is marked; `"close"` closes the connection.

    Raises:
        ValueError: An option has an invalid value.
        OSError: The recording's file cannot be read.
    """

    body: Body = b""
    _: KW_ONLY
    cut: Cut | None = None
    pace: float = 0.0
    delay: float = 0.0
    fault: Fault | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = "text/event-stream"
    encoding: ContentEncoding = "identity"
    framing: Framing = "chunked"
    _content: bytes | Sequence[bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        content = Path(self.body).read_bytes() if isinstance(self.body, os.PathLike) else self.body
        object.__setattr__(self, "_content", content)  # the dataclass is frozen
        sizes = (self.cut,) if isinstance(self.cut, int) else self.cut
        if isinstance(sizes, Sequence) and (not sizes or min(sizes) < 1):
            raise ValueError(f"cut must be 1 byte or more, not {self.cut!r}")
        if self.pace < 0 or self.delay < 0:
            raise ValueError(f"pace and delay must be 0 seconds or more, not {self.pace!r} and {self.delay!r}")
        if not 200 <= self.status <= 599:
            raise ValueError(f"status must be from 200 to 599, not {self.status!r}")
        for name, value in self.headers.items():
            if not _TOKEN.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
                raise ValueError(f"invalid header: {name!r}: {value!r}")
        if isinstance(self.fault, WrongLength) and self.framing == "close":
            raise ValueError("WrongLength cannot be combined with framing='close', which sends no Content-Length")
        if isinstance(self.fault, Comments) and self.framing == "length":
            raise ValueError("Comments, which never end, cannot be combined with framing='length'")
        compressor_of(self.encoding)

    @classmethod
    def text(cls, *pieces: str, **options: Unpack[AnswerOptions]) -> Self:
        """Create a reply with text.

        Args:
            *pieces: The text; each piece is sent in its own chunk.
            **options: How the reply ends and how it is sent; see `Reply`.
        """
        return cls._answering(AnswerText("content", pieces), options)

    @classmethod
    def reasoning(cls, *pieces: str, **options: Unpack[AnswerOptions]) -> Self:
        """Create a reply with reasoning, as `reasoning_content`.

        Args:
            *pieces: The reasoning; each piece is sent in its own chunk.
            **options: How the reply ends and how it is sent; see `Reply`.
        """
        return cls._answering(AnswerText("reasoning_content", pieces), options)

    @classmethod
    def tool_call(
        cls,
        name: str,
        arguments: str | Sequence[str] | JSONObject = "{}",
        *,
        id: str | None = None,
        **options: Unpack[AnswerOptions],
    ) -> Self:
        """Create a reply that calls a tool.

        Args:
            name: The tool's name.
            arguments: An object, or its JSON as text or as pieces of text, each sent in its own chunk. Text is sent
                unchanged, even if it is not JSON.
            id: The call's id (default: `"call_1"` for the first call, and so on).
            **options: How the reply ends and how it is sent; see `Reply`.
        """
        if isinstance(arguments, Mapping):
            arguments = msgspec.json.encode(arguments).decode()
        pieces = (arguments,) if isinstance(arguments, str) else tuple(arguments)
        return cls._answering(AnswerCall(name, pieces, id), options)

    @classmethod
    def error(
        cls,
        message: str,
        *,
        type: str | None = None,
        code: str | int | None = None,
        **options: Unpack[ReplyOptions],
    ) -> Self:
        """Create a reply with an error: a JSON document with `status=400` or above, otherwise an event in mid-stream.

        Args:
            message: The error's message.
            type: The error's type, as in OpenAI's error objects; omitted if `None`.
            code: The error's code, likewise.
            **options: How the reply is sent; see `Reply`.
        """
        said = {"message": message, "type": type, "code": code}
        error = {name: value for name, value in said.items() if value is not None}
        if options.get("status", 200) < 400:
            return cls._answering(AnswerError(error), {"complete": False, **options})
        document: ReplyOptions = {"content_type": "application/json", "framing": "length", **options}
        return cls(msgspec.json.encode({"error": error}), **document)

    @classmethod
    def _answering(cls, part: Part, options: Mapping[str, object]) -> Self:
        given: dict[str, Any] = {**options}  # options have different types
        finish_reason, usage = given.pop("finish_reason", None), given.pop("usage", None)
        answer = Answer((part,), finish_reason, usage, given.pop("complete", True))
        return cls(answer, **given)

    def __add__(self, other: Reply) -> Reply:
        """Join two replies into one answer.

        Raises:
            TypeError: A reply was not created by `Reply.text` or a similar method.
            ValueError: Both replies set an option, to different values.
        """
        if not isinstance(other, Reply):
            return NotImplemented
        if not isinstance(self.body, Answer) or not isinstance(other.body, Answer):
            raise TypeError(
                "only replies from Reply.text, .reasoning, .tool_call and .error (in mid-stream) can be added"
            )
        mine, its = self._options(), other._options()
        for name in mine.keys() & its.keys():
            either(name, mine[name], its[name])
        return Reply(self.body + other.body, **mine, **{name: its[name] for name in its.keys() - mine.keys()})

    def _options(self) -> dict[str, Any]:  # options have different types
        """Return the options that differ from their defaults."""
        bare = Reply(self.body)
        names = [option.name for option in fields(self) if option.kw_only]
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(bare, name)}

    def writes(self) -> list[bytes]:
        """Return the bytes of the body, one item per write, before HTTP framing."""
        content = self._content
        # Treat each server-sent event of an unsplit body as a piece, because servers flush after each.
        pieces = re.findall(rb".*?\r?\n\r?\n|.+", content, re.DOTALL) if isinstance(content, bytes) else list(content)
        if self.encoding != "identity":
            compressor = compressor_of(self.encoding)
            pieces = [*map(compressor.piece, pieces), compressor.end()]
        if self.cut is not None:
            pieces = _cut(b"".join(pieces), self.cut)
        elif isinstance(content, bytes):
            pieces = [b"".join(pieces)]
        return [piece for piece in pieces if piece]


def _cut(body: bytes, cut: Cut) -> list[bytes]:
    match cut:
        case int():
            sizes: Iterator[int] = itertools.repeat(cut)
        case Seed():
            sizes = cut.sizes()
        case _:
            sizes = itertools.cycle(cut)
    pieces = []
    position = 0
    while position < len(body):
        size = next(sizes)
        pieces.append(body[position : position + size])
        position += size
    return pieces
