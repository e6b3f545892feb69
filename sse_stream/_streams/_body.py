"""A body of which it is not known yet what it is, or that is no stream."""

from __future__ import annotations

from .._chat._limits import Limits
from .._errors import ContentTypeError, ProviderError, ResponseError, StatusError
from .._sources._kinds import BLANK, BOM, REFUSED, has_event_line, kind_of
from .._sources._source import Source
from ._response_errors import document_error, foreign_error, is_json, status_error

# So much of a body tells what it is.
_BEGINNING = 4096


class Body:
    """What has come of a body.

    Attributes:
        kind: What it is, as far as that is known.
    """

    __slots__ = ("_data", "_limits", "_source", "kind")

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._data = bytearray()
        self.kind = kind_of(source.status, source.headers, b"", at_end=False)

    @property
    def is_refused(self) -> bool:
        """Whether it is known to be no stream, whatever else comes of it."""
        return self.kind in REFUSED

    @property
    def wants_more(self) -> bool:
        """Whether the next bytes are worth waiting for."""
        size = len(self._data)
        if self.is_refused:
            return size < self._limits.error_body
        return self.kind == "unknown" or size <= self._limits.event_size

    def add(self, data: bytes, *, at_end: bool = False) -> bytes:
        """Take the next bytes, or see what the body is now that no more come.

        Returns:
            All that has come, once it is known to be a stream; nothing before, and nothing of anything else.
        """
        self._data += data
        if self.kind == "unknown":
            self._drop_blank_lines()
            beginning = bytes(self._data[:_BEGINNING])
            is_enough = at_end or len(beginning) == _BEGINNING
            self.kind = kind_of(self._source.status, self._source.headers, beginning, at_end=is_enough)
        elif at_end and self.kind == "document" and has_event_line(self._data) and not is_json(bytes(self._data)):
            self.kind = "stream"  # JSON outside the frame, before the events
        return bytes(self._data) if self.kind == "stream" else b""

    def _drop_blank_lines(self) -> None:
        """Blank lines say nothing, before a stream as before a document: some servers send them to be seen alive.

        One stays: what comes after it is not at the beginning, where a byte order mark would be none of the text's.
        """
        end = len(self._data) - len(self._data.removeprefix(BOM).lstrip(BLANK))
        after = max(self._data.rfind(b"\n", 0, end), self._data.rfind(b"\r", 0, end)) + 1
        if after:
            self._data[:after] = b"\n"

    @property
    def document(self) -> bytes | None:
        """All of it, if it is a document."""
        return bytes(self._data) if self.kind == "document" else None

    def error(self) -> StatusError | ContentTypeError | ResponseError | ProviderError:
        """What to raise, with what has come of it."""
        headers = self._source.headers
        data = bytes(self._data[: self._limits.error_body])
        if self.kind == "status" and self._source.status is not None:
            return status_error(self._source.status, headers, data)
        label = None if self._source.status is None else headers.get("content-type", "")
        return document_error(headers, data, label) if self.kind == "document" else foreign_error(headers, data, label)
