"""What a `ReplayServer` is asked, and what it answers."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import random
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeAlias, TypedDict

from ._faults import Comments, Fault, WrongLength

Body: TypeAlias = bytes | os.PathLike[str] | Sequence[bytes]
"""A recording: its bytes, the path of its file, or its pieces, each of which is one write."""

ContentEncoding: TypeAlias = Literal["identity", "gzip", "deflate", "br", "zstd"]
"""How the body is compressed. `br` needs the package `brotli`, `zstd` needs `zstandard`."""

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


@dataclass(frozen=True)
class Reply:
    """One answer, and how it is sent.

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
        _compressor(self.encoding)

    def writes(self) -> list[bytes]:
        """The bytes that are sent as the body, one item a write, before they are framed."""
        content = self._content
        # Of whole bodies, a piece is a server-sent event, as far as bytes tell: so a server flushes.
        pieces = re.findall(rb".*?\r?\n\r?\n|.+", content, re.DOTALL) if isinstance(content, bytes) else list(content)
        if self.encoding != "identity":
            compressor = _compressor(self.encoding)
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


@dataclass(frozen=True)
class _Compressor:
    """One compressed body in the making: pieces that can be decompressed as they come, then the end."""

    piece: Callable[[bytes], bytes]
    end: Callable[[], bytes]


def _compressor(encoding: ContentEncoding) -> _Compressor:
    match encoding:
        case "identity":
            return _Compressor(bytes, bytes)
        case "gzip" | "deflate":
            # The wrapper's size in bits, plus 16 for that of gzip. HTTP's "deflate" is the zlib format.
            zipping = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
            return _Compressor(lambda data: zipping.compress(data) + zipping.flush(zlib.Z_SYNC_FLUSH), zipping.flush)
        case "br":
            brotli = _installed("brotli", encoding).Compressor()
            return _Compressor(
                lambda data: bytes(brotli.process(data) + brotli.flush()), lambda: bytes(brotli.finish())
            )
        case "zstd":
            zstandard = _installed("zstandard", encoding)
            packing = zstandard.ZstdCompressor().compressobj()
            return _Compressor(
                lambda data: bytes(packing.compress(data) + packing.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)),
                lambda: bytes(packing.flush()),
            )
    raise ValueError(f"encoding is identity, gzip, deflate, br or zstd, not {encoding!r}")


def _installed(name: str, encoding: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"encoding={encoding!r} needs the package {name}, which is not installed") from error
