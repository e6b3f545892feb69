"""Splitting a body into blocks of lines, with their places."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeGuard

from .._json._depth import JSONValue

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")


class Line(NamedTuple):
    """A line of the body.

    Attributes:
        number: The number of the line, counted from 1.
        offset: The byte at which it begins.
        text: The line without its ending.
        ending: The line ending; empty at the end of the body.
    """

    number: int
    offset: int
    text: bytes
    ending: bytes

    @property
    def field(self) -> tuple[bytes, bytes]:
        """The name and value of the field, without the space after the colon."""
        name, _, value = self.text.partition(b":")
        return name, value.removeprefix(b" ")


class Block(NamedTuple):
    """Lines up to and including a blank line, or the end of the body.

    Attributes:
        lines: The lines, without a byte order mark.
        data: The bytes as received.
        is_closed: Whether a blank line ends it.
    """

    lines: Sequence[Line]
    data: bytes
    is_closed: bool

    @property
    def end(self) -> int:
        """The offset of the next block."""
        last = self.lines[-1]
        return last.offset + len(last.text) + len(last.ending)


class SeenEvent(NamedTuple):
    """An event as the spec defines it.

    Attributes:
        line: The line on which it begins.
        name: The name; `""` if it has none.
        data: The data.
        value: The JSON value of the data; `None` if it is not a JSON object or array.
        duplicate_key: A key that occurs twice in one of its objects; `None` if there is none.
    """

    line: Line
    name: str
    data: str
    value: JSONValue
    duplicate_key: str | None


def blocks(body: bytes) -> Iterator[Block]:
    """Split a body into its blocks."""
    begin = 0
    lines: list[Line] = []
    for number, found in enumerate(_LINE.finditer(body), 1):
        text, ending = found.groups()
        offset = found.start()
        if not text and not ending:  # behind the last line
            continue
        if number == 1 and text.startswith(b"\xef\xbb\xbf"):
            text, offset = text[3:], 3
        lines.append(Line(number, offset, text, ending))
        if not text:
            yield Block(lines, body[begin : found.end()], is_closed=True)
            begin = found.end()
            lines = []
    if lines:
        yield Block(lines, body[begin:], is_closed=False)


def events_of(block: Block) -> Iterator[SeenEvent]:
    """Return the events of a block: one, or one per line of JSON if no blank lines separate them."""
    begins: Line | None = None
    name = b""
    found: list[tuple[Line, bytes, bytes]] = []  # where each line of data's event begins, its name, the data
    for line in block.lines:
        field, value = line.field
        if field == b"event":
            name = value
        if field == b"data":
            found.append((begins or line, name, value))
            begins, name = None, b""
        elif field and begins is None:
            begins = line
    if not found:
        return
    last_name = next(
        (value for field, value in (line.field for line in reversed(block.lines)) if field == b"event"), b""
    )
    whole = _seen(found[0][0], last_name, b"\n".join(value for _, _, value in found))
    parts = [_seen(*part) for part in found] if len(found) > 1 and whole.value is None else []
    if any(isinstance(part.value, dict) for part in parts):
        yield from parts
    else:
        yield whole


def _seen(line: Line, name: bytes, data: bytes) -> SeenEvent:
    text = data.decode("utf-8", "replace")
    value: JSONValue = None
    duplicates: list[str] = []

    def pairs(found: list[tuple[str, JSONValue]]) -> JSONValue:
        values = dict(found)
        if len(values) < len(found):
            counts = Counter(key for key, _ in found)
            duplicates.extend(key for key, count in counts.items() if count > 1)
        return values

    if text.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(text, object_pairs_hook=pairs, strict=False)
        except (ValueError, RecursionError):
            value = None
    return SeenEvent(line, name.decode("utf-8", "replace"), text, value, duplicates[0] if duplicates else None)


def is_count(value: JSONValue) -> TypeGuard[int]:
    """Whether a JSON value is a non-negative integer."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
