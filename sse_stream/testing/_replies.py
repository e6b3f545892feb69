"""What a `ReplayServer` is asked, and what it answers."""

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

from ._answers import Answer, Called, Failed, JSONObject, Part, Said, either
from ._compressing import ContentEncoding, compressor_of
from ._faults import Comments, Fault, WrongLength

Body: TypeAlias = bytes | os.PathLike[str] | Sequence[bytes]
"""A recording: its bytes, the path of its file, or its pieces, each of which is one write."""

Framing: TypeAlias = Literal["chunked", "length", "close"]
"""How the body's end is told: a last chunk, a `Content-Length`, or the end of the connection."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True)
class Seed:
    """Cuts at random, the same ones each time, small ones as likely as large ones.

    Attributes:
        value: Which cuts: any number.
        largest: How many bytes one piece has at most.
    """

    value: int
    largest: int = 1024

    def sizes(self) -> Iterator[int]:
        """The sizes, without end."""
        source = random.Random(self.value)  # noqa: S311  # for tests, and meant to be predictable
        while True:
            yield min(self.largest, int(self.largest ** source.random()))


Cut: TypeAlias = int | Sequence[int] | Seed
"""How a body is cut into writes: into pieces of one size, of these sizes over and over, or at random."""


@dataclass(frozen=True)
class Request:
    """A request as it was received.

    Attributes:
        method: The method, as sent.
        path: The path with its query, as sent.
        headers: The headers, names in lower case; values of a repeated name are joined by `", "`.
        body: The body, its transfer coding undone.
        connection: On which connection it came, counted from 1.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:  # a JSON value; what it is, only the caller can know
        """Decode the body as JSON."""
        return json.loads(self.body)


class ReplyOptions(TypedDict, total=False):
    """The options of a `Reply`, which `ReplayServer` takes as well."""

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
    """What `Reply.text` and its like take by keyword: how the answer ends, and the options of a `Reply`."""

    finish_reason: str
    usage: JSONObject
    complete: bool


@dataclass(frozen=True)
class Reply:
    """One reply, and how it is sent.

    `Reply.text`, `Reply.reasoning`, `Reply.tool_call` and `Reply.error` write the bytes of an answer. Added up, they
    are one answer in that order; finish reason, usage and `[DONE]` come once, at its end. Each takes the options
    below by keyword; in a sum, an option is given once, in whichever part. Further keywords of theirs:

    - `finish_reason`: why the answer ends; `"tool_calls"` by default if it calls any, or else `"stop"`.
    - `usage`: the object that is reported; by default a token a piece, and none with `usage={}`.
    - `complete`: with `False`, the stream stops after its last piece: no finish reason, no usage, no `[DONE]`.

    >>> reply = Reply.reasoning("A greeting.") + Reply.text("Hel", "lo", pace=0.02)
    >>> len(reply.writes()), reply.pace
    (7, 0.02)

    Attributes:
        body: The bytes, a path to them, or a list of pieces, each of which is one write.
        cut: How the bytes that are sent are cut into writes, in place of the pieces: a size, sizes to be
            repeated, or a `Seed`. `cut=1` drips. Each write is one chunk, and leaves at once.
        pace: Seconds between two writes.
        delay: Seconds before the head of the response is sent.
        fault: What goes wrong.
        status: The status code, from 200 to 599.
        headers: Further headers. One that the server sends by itself is replaced.
        content_type: The `Content-Type`, `None` for a response without one.
        encoding: The content encoding; each piece, or where there are none each server-sent event, is
            flushed, so that it can be decompressed as soon as it has arrived.
        framing: How the body's end is told. With `"close"`, by closing the connection.

    Raises:
        ValueError: An option that no reply can have.
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
        object.__setattr__(self, "_content", content)  # the one way to set a field of a frozen dataclass
        sizes = (self.cut,) if isinstance(self.cut, int) else self.cut
        if isinstance(sizes, Sequence) and (not sizes or min(sizes) < 1):
            raise ValueError(f"cut takes sizes of 1 byte or more, not {self.cut!r}")
        if self.pace < 0 or self.delay < 0:
            raise ValueError(f"pace and delay are seconds, 0 or more, not {self.pace!r} and {self.delay!r}")
        if not 200 <= self.status <= 599:
            raise ValueError(f"a reply has a status from 200 to 599, not {self.status!r}")
        for name, value in self.headers.items():
            if not _TOKEN.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
                raise ValueError(f"this cannot be sent as a header: {name!r}: {value!r}")
        if isinstance(self.fault, WrongLength) and self.framing == "close":
            raise ValueError("a response framed by the connection's end has no length that could be wrong")
        if isinstance(self.fault, Comments) and self.framing == "length":
            raise ValueError("comments without end do not go with a Content-Length")
        compressor_of(self.encoding)

    @classmethod
    def text(cls, *pieces: str, **options: Unpack[AnswerOptions]) -> Self:
        """A reply with text.

        Args:
            *pieces: The text, each piece in a chunk of its own.
            **options: How it ends and how it is sent; see `Reply`.
        """
        return cls._answering(Said("content", pieces), options)

    @classmethod
    def reasoning(cls, *pieces: str, **options: Unpack[AnswerOptions]) -> Self:
        """A reply with reasoning, as `reasoning_content`.

        Args:
            *pieces: The reasoning, each piece in a chunk of its own.
            **options: How it ends and how it is sent; see `Reply`.
        """
        return cls._answering(Said("reasoning_content", pieces), options)

    @classmethod
    def tool_call(
        cls,
        name: str,
        arguments: str | Sequence[str] | JSONObject = "{}",
        *,
        id: str | None = None,
        **options: Unpack[AnswerOptions],
    ) -> Self:
        """A reply that calls a tool.

        Args:
            name: The tool's name.
            arguments: An object, or its JSON as text, whole or in pieces, each in a chunk of its own. Text is sent
                as it is, JSON or not.
            id: The call's id; `"call_1"` for the first one by default, and so on.
            **options: How it ends and how it is sent; see `Reply`.
        """
        if isinstance(arguments, Mapping):
            arguments = msgspec.json.encode(arguments).decode()
        pieces = (arguments,) if isinstance(arguments, str) else tuple(arguments)
        return cls._answering(Called(name, pieces, id), options)

    @classmethod
    def error(
        cls,
        message: str,
        *,
        type: str | None = None,
        code: str | int | None = None,
        **options: Unpack[ReplyOptions],
    ) -> Self:
        """A reply with an error: a document with `status=400` or above, or else an event in mid-stream.

        Args:
            message: What it says.
            type: The kind of error, as in OpenAI's error objects; left out if `None`.
            code: Its code, likewise.
            **options: How it is sent; see `Reply`.
        """
        said = {"message": message, "type": type, "code": code}
        error = {name: value for name, value in said.items() if value is not None}
        if options.get("status", 200) < 400:
            return cls._answering(Failed(error), {"complete": False, **options})
        document: ReplyOptions = {"content_type": "application/json", "framing": "length", **options}
        return cls(msgspec.json.encode({"error": error}), **document)

    @classmethod
    def _answering(cls, part: Part, options: Mapping[str, object]) -> Self:
        given: dict[str, Any] = {**options}  # each option has a type of its own
        finish_reason, usage = given.pop("finish_reason", None), given.pop("usage", None)
        answer = Answer((part,), finish_reason, usage, given.pop("complete", True))
        return cls(answer, **given)

    def __add__(self, other: Reply) -> Reply:
        """One answer in one stream: this one, then the other.

        Raises:
            TypeError: One of them is not made by `Reply.text` and its like.
            ValueError: An option is given in both, and differs.
        """
        if not isinstance(other, Reply):
            return NotImplemented
        if not isinstance(self.body, Answer) or not isinstance(other.body, Answer):
            raise TypeError("only replies of Reply.text, .reasoning, .tool_call and .error (in mid-stream) add up")
        mine, its = self._options(), other._options()
        for name in mine.keys() & its.keys():
            either(name, mine[name], its[name])
        return Reply(self.body + other.body, **mine, **{name: its[name] for name in its.keys() - mine.keys()})

    def _options(self) -> dict[str, Any]:  # each option has a type of its own
        """The options that are given, and not as by default."""
        bare = Reply(self.body)
        names = [option.name for option in fields(self) if option.kw_only]
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(bare, name)}

    def writes(self) -> list[bytes]:
        """The bytes that are sent as the body, one item a write, before they are framed."""
        content = self._content
        # Of whole bodies, a piece is a server-sent event, as far as bytes tell: so a server flushes.
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
