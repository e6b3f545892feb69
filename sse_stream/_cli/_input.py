"""The input of `read`, and a description of input that is not an event stream."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

# How many bytes are kept to describe the input.
_KEPT = 65_536

_BOM = b"\xef\xbb\xbf"
_STREAM_LINE = re.compile(rb"^(?:data|event|id|retry|error)?:|^data\r?$", re.MULTILINE)
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title", re.IGNORECASE | re.DOTALL)

_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"BZh": "bzip2"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Input:
    """A binary file that is read as data arrives, and whose beginning is kept.

    Attributes:
        beginning: The first bytes read, at most 64 KiB.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        # An unbuffered file has no `read1`; its `read` returns what is available.
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)
        self.beginning = b""

    def read1(self, size: int, /) -> bytes:
        """Read the bytes that are available, at most `size`."""
        data = self._read(size)
        # A file in non-blocking mode returns None while it has no data.
        if data and len(self.beginning) < _KEPT:
            self.beginning += data[: _KEPT - len(self.beginning)]
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def foreign(self) -> str | None:
        """What the input is, if it is not an event stream; otherwise `None`."""
        return _foreign(self.beginning)


def _foreign(data: bytes) -> str | None:
    for mark, name in _COMPRESSED.items():
        if data.startswith(mark):
            return f"{name}-compressed data; decompress it first"
    if data.startswith(_UTF_16):
        return "UTF-16 text; convert it to UTF-8 first"
    stripped = data.removeprefix(_BOM).strip()
    if not stripped:
        return "only blank lines" if data else "empty input"
    if stripped.startswith(b"<"):
        text = stripped.decode("utf-8", "replace")
        title = _TITLE.search(text)
        detail = f"titled {' '.join(title[1].split())!r}" if title else f"that starts with {_excerpt(text)}"
        return f"HTML or XML {detail}"
    if _STREAM_LINE.search(stripped):
        return None
    try:
        text = stripped.decode()
    except UnicodeDecodeError as error:
        if error.start < len(stripped) - 3:  # not just a character cut in half at the end
            return "binary data"
        text = stripped.decode("utf-8", "replace")
    if "\0" in text:
        return "binary data"
    return f"{'JSON' if text[0] in '{[' else 'text'} that starts with {_excerpt(text)}"


def _excerpt(text: str) -> str:
    line = text.splitlines()[0]
    return repr(line if len(line) <= 60 else line[:60] + "…")
