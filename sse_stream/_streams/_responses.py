"""What a response is, seen from its status, its headers and how its body begins: a stream, or why not.

A server that ignores `"stream": true`, a proxy's error page, a stream with the wrong label: each begins
in a way of its own. A stream is never mistaken for something else, nothing else becomes an empty success.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from .._errors import ContentTypeError, ProviderError, ResponseError, StatusError
from .._json._depth import JSONValue, decode_json
from ..dialects._provider_errors import find_error, provider_error

Kind: TypeAlias = Literal["unknown", "stream", "document", "status", "foreign"]
"""What a body is: not known yet, a stream, one JSON document, an error's body, or something else."""

REFUSED: tuple[Kind, ...] = ("status", "foreign")
"""The kinds of which a beginning is enough."""

# How an event stream begins: a comment, or a field of the standard, or llama.cpp's `error` field.
_FIRST_LINE = re.compile(rb"(?:data|event|id|retry|error)?:|(?:data|event|id|retry)[\r\n]")
_LONGEST_NAME = len(b"event:")
BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n"


def kind_of(status: int | None, headers: Mapping[str, str], beginning: bytes, *, at_end: bool) -> Kind:
    """What the body is.

    Args:
        status: The HTTP status; `None` where there are only bytes.
        headers: The headers, names in lower case.
        beginning: The first bytes, as many as there are.
        at_end: Whether these are all.
    """
    if status is not None and not 200 <= status < 300:
        return "status"
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_labelled = status is None or content_type == "text/event-stream"
    text = beginning.removeprefix(BOM).lstrip(BLANK)
    if text[:1] == b"{" or (text[:1] == b"[" and content_type and not is_labelled):
        return "document"
    # Where a content coding is named, the client may not have undone it: then the label says nothing.
    if is_labelled and not _coding(headers):
        return "stream" if text or at_end else "unknown"
    if _FIRST_LINE.match(text) or (is_labelled and not text and at_end):
        return "stream"
    if not at_end and len(text) < _LONGEST_NAME and b"\n" not in text:
        return "unknown"
    return "foreign"


def _coding(headers: Mapping[str, str]) -> str:
    coding = headers.get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding


def status_error(status: int, headers: Mapping[str, str], body: bytes) -> StatusError:
    """The error for a status that is not a success."""
    text = body.decode("utf-8", "replace")
    value = _json_or_none(text)
    # Gemini's compatible endpoint wraps its error object in a list.
    if isinstance(value, list) and value:
        value = value[0]
    said: ProviderError | None = None
    error: JSONValue = None
    if isinstance(value, dict):
        said = provider_error(value)
        error = value.get("error", value)
    detail = said.message if said is not None else " ".join(text.split())
    message = f"HTTP {status}: {_cut(detail)}" if detail else f"HTTP {status}, with an empty body"
    if said is None and _is_compressed(headers, body):
        message = f"HTTP {status}, with a body that {_COMPRESSED.format(_coding(headers))}"
    return StatusError(
        message,
        status_code=status,
        headers=headers,
        body=text,
        error=error,
        retry_after=retry_after(headers.get("retry-after", "")),
    )


_COMPRESSED = "is still compressed (Content-Encoding {!r}), which this client does not undo"


def _is_compressed(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the client has not undone the content coding: then there are bytes that no text has."""
    return bool(_coding(headers)) and any(byte < 32 and byte not in BLANK for byte in body[:256])


def foreign_error(headers: Mapping[str, str], body: bytes) -> ContentTypeError:
    """The error for a body that is neither a stream nor a completion."""
    text = body.decode("utf-8", "replace")
    content_type = headers.get("content-type", "")
    label = f"Content-Type {content_type!r}" if content_type else "no Content-Type"
    holds = f"it begins {_cut(text)!r}" if text.strip() else "its body is empty"
    if _is_compressed(headers, body):
        holds = f"its body {_COMPRESSED.format(_coding(headers))}: ask for none, or install what undoes it"
    return ContentTypeError(
        f"the response is no event stream: it has {label}, and {holds}", content_type=content_type, body=text
    )


def document_error(headers: Mapping[str, str], body: bytes) -> ResponseError | ProviderError:
    """The error for a JSON document that is no completion: the provider's own, if it holds one."""
    value = _json_or_none(body.decode("utf-8", "replace"))
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and (carrier := find_error(value)) is not None:
        return provider_error(value, carrier)
    return foreign_error(headers, body)


def retry_after(value: str) -> float | None:
    """What `Retry-After` asks for, in seconds from now.

    RFC 9110, section 10.2.3: "Retry-After = HTTP-date / delay-seconds".

    >>> retry_after("2"), retry_after("soon")
    (2.0, None)
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,15}(?:\.[0-9]+)?", value):
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


def _json_or_none(text: str) -> JSONValue:
    try:
        return decode_json(text)
    except (ValueError, RecursionError):
        return None


def _cut(text: str) -> str:
    return text if len(text) <= 300 else text[:300] + "…"
