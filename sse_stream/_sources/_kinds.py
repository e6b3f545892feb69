"""What a response is, seen from its status, its headers and how its body begins: a stream, or why not.

A server that ignores `"stream": true`, a proxy's error page, a stream with the wrong label: each begins
in a way of its own. A stream is never mistaken for something else, nothing else becomes an empty success.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["unknown", "stream", "document", "status", "foreign"]
"""What a body is: not known yet, a stream, one JSON document, an error's body, or something else."""

REFUSED: tuple[Kind, ...] = ("status", "foreign")
"""The kinds of which a beginning is enough."""

# A line of an event stream: a comment, or a field of the standard, or llama.cpp's `error` field.
_LINE = rb"(?:(?:data|event|id|retry|error)?:|(?:data|event|id|retry)[\r\n])"
_FIRST_LINE = re.compile(_LINE)
_ANY_LINE = re.compile(rb"(?:^|[\r\n])" + _LINE)
_NAMES = (b"data:", b"event:", b"id:", b"retry:", b"error:")
_LONGEST_NAME = len(b"event:")
BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n"


def is_success(status: int | None) -> bool:
    """Whether a status promises a stream; where there are only bytes, nothing speaks against one."""
    return status is None or 200 <= status < 300


def kind_of(status: int | None, headers: Mapping[str, str], beginning: bytes, *, at_end: bool) -> Kind:
    """What the body is.

    Args:
        status: The HTTP status; `None` where there are only bytes.
        headers: The headers, names in lower case.
        beginning: The first bytes, as many as there are.
        at_end: Whether these are all.
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
    # Where a content coding is named, the client may not have undone it: then the label says nothing.
    if is_labelled and not content_coding(headers):
        return _kind_of_labelled(text, at_end=at_end)
    if _FIRST_LINE.match(text) or (is_labelled and not text and at_end):
        return "stream"
    if not at_end and len(text) < _LONGEST_NAME and b"\n" not in text:
        return "unknown"
    return "foreign"


def _kind_of_labelled(text: bytes, *, at_end: bool) -> Kind:
    """What the body is that is called an event stream: one of its lines has to be of one, or what was cut off of it."""
    if _ANY_LINE.search(text):
        return "stream"
    if not at_end:
        return "unknown"
    last = re.split(rb"[\r\n]", text)[-1]
    return "stream" if any(name.startswith(last) for name in _NAMES) and (last or not text) else "foreign"


def has_event_line(body: bytes | bytearray) -> bool:
    """Whether one of its lines is of an event stream."""
    return _ANY_LINE.search(body) is not None


def is_odd_label(status: int | None, headers: Mapping[str, str]) -> bool:
    """Whether a response is labelled as something else than the event stream that it is."""
    if status is None:
        return False
    return headers.get("content-type", "").partition(";")[0].strip().lower() not in ("", "text/event-stream")


def content_coding(headers: Mapping[str, str]) -> str:
    """The content coding that is named, which the client may have undone or not; `""` for none."""
    coding = headers.get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding


_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]+)?")


def retry_after(value: str, milliseconds: str = "") -> float | None:
    """What `Retry-After` asks for, in seconds from now.

    RFC 9110, section 10.2.3: "Retry-After = HTTP-date / delay-seconds". OpenAI and Azure say it more exactly besides,
    in `retry-after-ms`.

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
    # Imported here: only a refused request needs to know what a date is.
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
