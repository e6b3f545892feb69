"""What `read` reads, and a clear word for what is no stream of events."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

# So much is kept to say what it was.
_KEPT = 65_536

_BOM = b"\xef\xbb\xbf"
_STREAM_LINE = re.compile(rb"^(?:data|event|id|retry|error)?:|^data\r?$", re.MULTILINE)
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title", re.IGNORECASE | re.DOTALL)

_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"BZh": "bzip2"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Input:
    """A binary file that is read as it comes, and of which the beginning is kept.

    Attributes:
        beginning: The first bytes that were read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        # What is not buffered gives what there is by `read`.
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)
        self.beginning = b""

    def read1(self, size: int, /) -> bytes:
        """The next bytes, as many as there are."""
        data = self._read(size)
        # A file in non-blocking mode may have none yet, and says so by None.
        if data and len(self.beginning) < _KEPT:
            self.beginning += data[: _KEPT - len(self.beginning)]
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def foreign(self) -> str | None:
        """Why what was read is no stream of events, in a clause; `None` if it may be one."""
        return _foreign(self.beginning)


def _foreign(data: bytes) -> str | None:
    for mark, name in _COMPRESSED.items():
        if data.startswith(mark):
            return f"it is {name}-compressed; decompress it first"
    if data.startswith(_UTF_16):
        return "it is text in UTF-16; convert it to UTF-8 first"
    stripped = data.removeprefix(_BOM).strip()
    if not stripped:
        return "it holds nothing but blank lines" if data else "the input is empty"
    if stripped.startswith(b"<"):
        text = stripped.decode("utf-8", "replace")
        title = _TITLE.search(text)
        titled = f", titled {' '.join(title[1].split())!r}" if title else f" that begins {_excerpt(text)}"
        return f"it is HTML or XML{titled}"
    if _STREAM_LINE.search(stripped):
        return None
    try:
        text = stripped.decode()
    except UnicodeDecodeError as error:
        if error.start < len(stripped) - 3:  # and no character that was cut where no more is kept
            return "it is binary data"
        text = stripped.decode("utf-8", "replace")
    if "\0" in text:
        return "it is binary data"
    return f"it is {'JSON' if text[0] in '{[' else 'text'} that begins {_excerpt(text)}"


def _excerpt(text: str) -> str:
    line = text.splitlines()[0]
    return repr(line if len(line) <= 60 else line[:60] + "…")
