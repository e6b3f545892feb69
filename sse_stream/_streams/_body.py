"""A body that is not known to be a stream: buffered until it can be classified."""

from __future__ import annotations

from .._chat._limits import Limits
from .._errors import ContentTypeError, ProviderError, ResponseError, StatusError
from .._sources._kinds import BLANK, BOM, REFUSED, has_event_line, kind_of
from .._sources._source import Source
from ._response_errors import document_error, foreign_error, is_json, status_error

# How many bytes suffice to classify a body.
_BEGINNING = 4096


class Body:
    """The beginning of a body.

    Attributes:
        kind: What the body is, as far as is known.
    """

    __slots__ = ("_data", "_limits", "_source", "kind")

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._data = bytearray()
        self.kind = kind_of(source.status, source.headers, b"", at_end=False)

    @property
    def is_refused(self) -> bool:
        """Whether the body is known not to be a stream."""
        return self.kind in REFUSED

    @property
    def wants_more(self) -> bool:
        """Whether to read on, to classify the body or to complete an error."""
        size = len(self._data)
        if self.is_refused:
            return size < self._limits.error_body
        return self.kind == "unknown" or size <= self._limits.event_size

    def add(self, data: bytes, *, at_end: bool = False) -> bytes:
        """Add bytes, or classify the body at its end.

        Args:
            data: The next bytes.
            at_end: Whether the body has ended.

        Returns:
            All bytes so far once the body is known to be a stream, otherwise none.
        """
        self._data += data
        if self.kind == "unknown":
            self._drop_blank_lines()
            beginning = bytes(self._data[:_BEGINNING])
            is_enough = at_end or len(beginning) == _BEGINNING
            self.kind = kind_of(self._source.status, self._source.headers, beginning, at_end=is_enough)
        elif at_end and self.kind == "document" and has_event_line(self._data) and not is_json(bytes(self._data)):
            self.kind = "stream"  # a stream that starts with JSON outside any event
        return bytes(self._data) if self.kind == "stream" else b""

    def _drop_blank_lines(self) -> None:
        """Drop leading blank lines, which some servers send as keep-alives.

        One line is kept: a byte order mark after it is text, whereas at the very beginning it would be ignored.
        """
        end = len(self._data) - len(self._data.removeprefix(BOM).lstrip(BLANK))
        after = max(self._data.rfind(b"\n", 0, end), self._data.rfind(b"\r", 0, end)) + 1
        if after:
            self._data[:after] = b"\n"

    @property
    def document(self) -> bytes | None:
        """The whole body, if it is a JSON document."""
        return bytes(self._data) if self.kind == "document" else None

    def error(self) -> StatusError | ContentTypeError | ResponseError | ProviderError:
        """Return the error to raise, with the body read so far."""
        headers = self._source.headers
        data = bytes(self._data[: self._limits.error_body])
        if self.kind == "status" and self._source.status is not None:
            return status_error(self._source.status, headers, data)
        label = None if self._source.status is None else headers.get("content-type", "")
        return document_error(headers, data, label) if self.kind == "document" else foreign_error(headers, data, label)
