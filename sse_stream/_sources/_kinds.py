"""Classification of a response by its status, its headers and the beginning of its body: a stream, or something else.

Covers servers that ignore `"stream": true`, error pages of proxies, and streams with the wrong `Content-Type`. A stream
is never rejected, and anything else never passes as an empty stream.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["unknown", "stream", "document", "status", "foreign"]
"""The kind of a body: not known yet, a stream, one JSON document, the body of an error status, or anything else."""

REFUSED: tuple[Kind, ...] = ("status", "foreign")
"""The kinds that cannot be read as a stream."""

# A line of an event stream: a comment, a field that the standard defines, or llama.cpp's `error` field.
_LINE = rb"(?:(?:data|event|id|retry|error)?:|(?:data|event|id|retry)[\r\n])"
_FIRST_LINE = re.compile(_LINE)
_ANY_LINE = re.compile(rb"(?:^|[\r\n])" + _LINE)
_NAMES = (b"data:", b"event:", b"id:", b"retry:", b"error:")
_LONGEST_NAME = len(b"event:")
BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n"


def is_success(status: int | None) -> bool:
    """Whether the status is 2xx, or there is none because the source is only bytes."""
    return status is None or 200 <= status < 300


def kind_of(status: int | None, headers: Mapping[str, str], beginning: bytes, *, at_end: bool) -> Kind:
    """Classify a body.

    Args:
        status: The HTTP status; `None` if the source is only bytes.
        headers: The headers, with lower-case names.
        beginning: The first bytes of the body, as far as they have arrived.
        at_end: Whether `beginning` is the whole body.
    """
    if not is_success(status):
        return "status"
    content_type = "" if status is None else headers.get("content-type", "").partition(";")[0].strip().lower()
    is_labelled = status is None or content_type == "text/event-stream"
    text = beginning.removeprefix(BOM).lstrip(BLANK)
    if text[:1] == b"{" or text[:1] == b"[":
        return "document"
    if text[:1] == b"[" and is_labelled:  # Gemini's array of responses
        item = text[1:].lstrip(BLANK)
        if item[:1] == b"{":
            return "document"
        if not item and not at_end:
            return "unknown"
    # The client may not have decoded the content coding; then Content-Type does not describe these bytes.
    if is_labelled and not content_coding(headers):
        return _kind_of_labelled(text, at_end=at_end)
    if _FIRST_LINE.match(text) or (is_labelled and not text and at_end):
        return "stream"
    if not at_end and len(text) < _LONGEST_NAME and b"\n" not in text:
        return "unknown"
    return "foreign"


def _kind_of_labelled(text: bytes, *, at_end: bool) -> Kind:
    """Classify a body labelled as an event stream: it must contain a line of one, or end with the start of one."""
    if _ANY_LINE.search(text):
        return "stream"
    if not at_end:
        return "unknown"
    last = re.split(rb"[\r\n]", text)[-1]
    return "stream" if any(name.startswith(last) for name in _NAMES) and (last or not text) else "foreign"


def has_event_line(body: bytes | bytearray) -> bool:
    """Whether the body contains a line of an event stream."""
    return _ANY_LINE.search(body) is not None


def is_odd_label(status: int | None, headers: Mapping[str, str]) -> bool:
    """Whether an event stream has a `Content-Type` other than `text/event-stream`."""
    if status is None:
        return False
    return headers.get("content-type", "").partition(";")[0].strip().lower() not in ("", "text/event-stream")


def content_coding(headers: Mapping[str, str]) -> str:
    """Return the `Content-Encoding`, whether or not the client has decoded it; `""` for none."""
    coding = headers.get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding


_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]+)?")


def retry_after(value: str, milliseconds: str = "") -> float | None:
    """Return the delay that `Retry-After` asks for, in seconds from now; `None` if it is missing or invalid.

    RFC 9110, section 10.2.3: "Retry-After = HTTP-date / delay-seconds". OpenAI and Azure also send the more precise
    `retry-after-ms`, which takes precedence.

    >>> retry_after("2"), retry_after("soon")
    (2.0, None)
    """
    value = value.strip()
    if _NUMBER.fullmatch(milliseconds.strip()):
        return float(milliseconds) / 1000
    if _NUMBER.fullmatch(value):
        return float(value)
    if not value:
        return None
    # Imported lazily to keep start-up fast: only dates in `Retry-After` need it.
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
