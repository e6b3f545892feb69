"""Errors for responses that are not streams, with the server's own message."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._errors import ContentTypeError, ProviderError, ResponseError, StatusError
from .._json._depth import JSONValue, decode_json
from .._sources._kinds import BLANK, BOM, content_coding, has_event_line, retry_after
from .._sse._decoder import SSEDecoder
from ..dialects._provider_errors import find_error, provider_error

_COMPRESSED = "is still compressed (Content-Encoding {!r}), which the client did not decode"

# The first bytes of compressed data.
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\x78\x9c": "deflate", b"\x78\x01": "deflate"}

_NOTHING = re.compile(r"(?!)")


def status_error(status: int, headers: Mapping[str, str], body: bytes, *, reason: str = "") -> StatusError:
    """Return the error for a status other than success.

    Args:
        status: The HTTP status.
        headers: The response's headers, with lower-case names.
        body: The body, or its beginning.
        reason: The message to use if the body is empty.
    """
    text = body.decode("utf-8", "replace")
    value = _error_value(body)
    said: ProviderError | None = None
    error: JSONValue = None
    if isinstance(value, dict):
        said = provider_error(value)
        error = value.get("error", value)
    waits = retry_after(headers.get("retry-after", ""), headers.get("retry-after-ms", ""))
    return StatusError(
        f"HTTP {status}{_after_status(status, headers, body or reason.encode(), said)}",
        status_code=status,
        headers=headers,
        body=text,
        error=error,
        retry_after=waits if waits is not None or said is None else said.retry_after,
    )


def _after_status(status: int, headers: Mapping[str, str], body: bytes, said: ProviderError | None) -> str:
    """Return the message's text after the status, without a repetition of the status in the body."""
    again = re.compile(rf"^\W*(?:HTTP\S*\s+|Error code:\s*)?{status}\b[\s:.,-]*(?=\S)", re.IGNORECASE)
    nature = "" if said is not None else _nature(headers, body, again)
    text = again.sub("", _text(body) if said is None else said.message)
    location = headers.get("location", "") if 300 <= status < 400 else ""
    if location:
        return f"{f': {_cut(text)}' if text and not nature else ''}, a redirect to {location} that was not followed"
    if nature:
        return f", with a body that {nature}"
    return f": {_cut(text)}" if text else ", with an empty body"


def foreign_error(headers: Mapping[str, str], body: bytes, label: str | None) -> ContentTypeError:
    """Return the error for a body that is neither a stream nor a completion.

    Args:
        headers: The response's headers.
        body: The beginning of the body.
        label: The content type; `None` if the source is only bytes.
    """
    nature = _nature(headers, body)
    text = body.decode("utf-8", "replace")
    what = (
        f"its body {nature}"
        if nature
        else f"its body starts with {_cut(text)!r}"
        if text.strip()
        else "its body is empty"
    )
    said = "" if label is None else f"it has Content-Type {label!r}, and " if label else "it has no Content-Type, and "
    return ContentTypeError(
        f"the {'body' if label is None else 'response'} is not an event stream: {said}{what}",
        content_type=label or "",
        body=text,
    )


def document_error(headers: Mapping[str, str], body: bytes, label: str | None) -> ResponseError | ProviderError:
    """Return the error for a JSON document that is not a completion: the provider's error, if it contains one."""
    value = _json_or_none(body)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and (carrier := find_error(value)) is not None:
        return provider_error(value, carrier)
    return foreign_error(headers, body, label)


def _error_value(body: bytes) -> JSONValue:
    """Find the JSON object of an error: the body itself, the first item of a list, or the data of an event."""
    value = _json_or_none(body)
    # Gemini's compatible endpoint wraps its error object in a list.
    if isinstance(value, list) and value:
        return value[0]
    if value is None and has_event_line(body):
        decoder = SSEDecoder()
        events = [*decoder.feed(body), *decoder.close(dispatch_incomplete=True)]
        objects = (_json_or_none(event.data.encode()) for event in events)
        return next((found for found in objects if isinstance(found, dict)), None)
    return value


def _nature(headers: Mapping[str, str], body: bytes, dropped: re.Pattern[str] = _NOTHING) -> str:
    """Describe a body that is not plain text, as a predicate for "its body"; `""` if it is not recognized.

    Args:
        headers: The response's headers.
        body: The body.
        dropped: What to omit from the title of a page.
    """
    if content_coding(headers) and _is_binary(body):
        return f"{_COMPRESSED.format(content_coding(headers))}: disable compression for the request, or install the package that decodes it"
    for magic, coding in _MAGIC.items():
        if body.startswith(magic):
            return f"is compressed ({coding}), though no Content-Encoding says so"
    text = _text(body)
    if re.match(r"<(?:!doctype html|html|head|body)", text, re.IGNORECASE):
        title = re.search(r"<title[^>]*>\s*(.*?)\s*</title", text, re.IGNORECASE)
        named = "" if title is None else dropped.sub("", title[1])
        return f"is an HTML page titled {_cut(named)!r}" if named else f"is an HTML page: {_cut(text)}"
    first, _, rest = body.removeprefix(BOM).strip().partition(b"\n")
    if rest and isinstance(_json_or_none(first), dict):
        return f"is newline-delimited JSON (NDJSON) starting with {_cut(_text(first))}"
    return ""


def _text(body: bytes) -> str:
    """Return the body as text, on one line."""
    return " ".join(body.removeprefix(BOM).decode("utf-8", "replace").split())


def _is_binary(body: bytes) -> bool:
    """Whether the beginning contains bytes that do not occur in text."""
    return any(byte < 32 and byte not in BLANK for byte in body[:256])


def is_json(body: bytes) -> bool:
    """Whether the whole body is one JSON value."""
    return _json_or_none(body) is not None


def _json_or_none(body: bytes) -> JSONValue:
    try:
        return decode_json(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _cut(text: str) -> str:
    return text if len(text) <= 300 else text[:300] + "…"
