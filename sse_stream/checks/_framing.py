"""Checks the lines of an event stream."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Sequence

from ._blocks import Block, Line, SeenEvent
from ._findings import Findings, Place

_NAMES = frozenset({b"data", b"event", b"id", b"retry"})
_FIELDS = _NAMES | {b""}  # a comment has no name
_SEPARATOR = re.compile(rb"\xe2\x80[\xa8\xa9]|\xc2\x85|[\x0b\x0c\x1c-\x1e]")
_LONG_LINE = 65_536
_BEFORE = 30
_decoder = getincrementaldecoder("utf-8")
_IS_JSON = re.compile(rb"[ \t]*[]{}[\"]")  # the decoder reports unframed JSON
_MISSPELLED = re.compile(rb"(?i)\s*(?:\xef\xbb\xbf)*[ \t]*(?:data|event|id|retry)[ \t]*:")


def is_misspelled_stream(body: bytes) -> bool:
    """Whether a body would be an event stream if the name of its first field were spelled correctly."""
    return _MISSPELLED.match(body) is not None


class FramingInspector:
    """Finds broken rules in the framing, in addition to the decoder's anomalies.

    Args:
        findings: Collects the findings.
        body: The whole body.

    Attributes:
        is_cut_off: Whether `meaning` has found that the body ends inside an event.
    """

    def __init__(self, findings: Findings, body: bytes) -> None:
        self._findings = findings
        self._size = len(body)
        self._endings: set[bytes] = set()
        self.is_cut_off = False
        if body.startswith(b"\xef\xbb\xbf"):
            findings.add("byte_order_mark", Place(event=0, offset=0, line=1))

    def block(self, block: Block, event: int) -> None:
        """Check a block.

        Args:
            block: The block.
            event: The number of its first event.
        """
        fields = set()
        for line in block.lines:
            self._ending(line, event)
            if line.text:
                fields.add(line.field[0])
                self._line(line, event)
        if block.is_closed and fields & {b"event", b"id", b"retry"} and b"data" not in fields:
            first = block.lines[0]
            self._findings.add("dataless_event", _place(first, 0), _text(first))

    def meaning(self, block: Block, seen: Sequence[SeenEvent], place: Place) -> None:
        """Check what the decoder would report, where nothing is decoded.

        Args:
            block: The block.
            seen: Its events.
            place: The place of the first event.
        """
        for line in block.lines:
            try:
                _decoder().decode(line.text, final=bool(line.ending))
            except UnicodeDecodeError:
                self._findings.add("invalid_utf8", _place(line, place.event), _text(line))
            if line.field[0] not in _FIELDS and _IS_JSON.match(line.text):
                self._findings.add("unframed_json", _place(line, place.event), _text(line))
        for number, event in enumerate(seen):
            if event.data.startswith(":"):
                at = Place(event=place.event + number, offset=event.line.offset, line=event.line.number)
                self._findings.add("keepalive_as_data", at, event.data)
        if not block.is_closed and any(line.field[0] in _NAMES for line in block.lines if line.text):
            self.is_cut_off = True
            self._findings.add("unterminated_event", place, _text(block.lines[0]))

    def _ending(self, line: Line, event: int) -> None:
        if not line.ending:
            return
        is_last = line.offset + len(line.text) + len(line.ending) == self._size
        if line.ending == b"\r" and is_last:
            return  # a CRLF may have been cut in half
        if line.ending == b"\r":
            self._findings.add("cr_line_ends", _place(line, event), _text(line))
        if self._endings and line.ending not in self._endings:
            self._findings.add("mixed_line_ends", _place(line, event), _text(line))
        self._endings.add(line.ending)

    def _line(self, line: Line, event: int) -> None:
        name, value = line.field
        broken = None
        if name == b"data":
            if line.text[4:5] == b":" and line.text[5:6] not in (b" ", b""):
                broken = "no_space_after_colon"
        elif name == b"id":
            broken = "ignored_id" if b"\0" in value else None
        elif name == b"retry":
            broken = None if value.isdigit() or not line.ending else "ignored_retry"
        elif name == b"error" and b":" in line.text:
            broken = "error_field"
        elif name not in _FIELDS:
            if _spelled(name) in _NAMES:
                broken = "misspelled_field"
            elif line.ending and not _IS_JSON.match(line.text):
                broken = "unknown_field"
        place = _place(line, event)
        if broken is not None:
            self._findings.add(broken, place, _text(line))
        if name == b"data" and (found := _SEPARATOR.search(value)) is not None:
            around = value[max(found.start() - _BEFORE, 0) :][:400].decode("utf-8", "ignore")
            self._findings.add("line_separator_in_data", place, around, detail=_named(found[0]))
        if len(line.text) > _LONG_LINE:
            self._findings.add("long_line", place, _text(line), detail=f"{len(line.text):,} bytes")


def _spelled(name: bytes) -> bytes:
    """Return the name without spaces, capitals and byte order marks."""
    return name.replace(b"\xef\xbb\xbf", b"").strip().lower()


def _place(line: Line, event: int) -> Place:
    return Place(event=event, offset=line.offset, line=line.number)


def _text(line: Line) -> str:
    return line.text[:400].decode("utf-8", "replace")


def _named(character: bytes) -> str:
    return f"U+{ord(character.decode()):04X}"
