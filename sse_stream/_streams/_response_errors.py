"""The errors for responses that are no stream, with all that the server said."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._errors import ContentTypeError, ProviderError, ResponseError, StatusError
from .._json._depth import JSONValue, decode_json
from .._sources._kinds import BLANK, BOM, content_coding, has_event_line, retry_after
from .._sse._decoder import SSEDecoder
from ..dialects._provider_errors import find_error, provider_error

_COMPRESSED = "is still compressed (Content-Encoding {!r}), which this client does not undo"

# How the bytes of a compressed body begin.
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\x78\x9c": "deflate", b"\x78\x01": "deflate"}

_NOTHING = re.compile(r"(?!)")


def status_error(status: int, headers: Mapping[str, str], body: bytes, *, reason: str = "") -> StatusError:
    """The error for a status that is not a success.

    Args:
        status: The status.
        headers: The response's headers, names in lower case.
        body: Its body, or how it begins.
        reason: What to say where the body says nothing.
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
    """What stands behind the status in a message. The status is named once, though the body may repeat it."""
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
    """The error for a body that is neither a stream nor a completion.

    Args:
        headers: The response's headers.
        body: How the body begins.
        label: Its content type; `None` where there is no response, only bytes.
    """
    nature = _nature(headers, body)
    text = body.decode("utf-8", "replace")
    what = f"its body {nature}" if nature else f"it begins {_cut(text)!r}" if text.strip() else "its body is empty"
    said = "" if label is None else f"it has Content-Type {label!r}, and " if label else "it has no Content-Type, and "
    return ContentTypeError(
        f"the {'body' if label is None else 'response'} is no event stream: {said}{what}",
        content_type=label or "",
        body=text,
    )


def document_error(headers: Mapping[str, str], body: bytes, label: str | None) -> ResponseError | ProviderError:
    """The error for a JSON document that is no completion: the provider's own, if it holds one."""
    value = _json_or_none(body)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and (carrier := find_error(value)) is not None:
        return provider_error(value, carrier)
    return foreign_error(headers, body, label)


def _error_value(body: bytes) -> JSONValue:
    """The JSON object that reports an error: the body, the first of a list, or the data of an event."""
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
    """What a body is that is no plain text, after "it"; `""` where that is not known.

    Args:
        headers: The response's headers.
        body: The body.
        dropped: What to leave out of the title of a page.
    """
    if content_coding(headers) and _is_binary(body):
        return f"{_COMPRESSED.format(content_coding(headers))}: ask for none, or install what undoes it"
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
        return f"is lines of JSON (NDJSON), of which the first is {_cut(_text(first))}"
    return ""


def _text(body: bytes) -> str:
    """The body as text, in one line."""
    return " ".join(body.removeprefix(BOM).decode("utf-8", "replace").split())


def _is_binary(body: bytes) -> bool:
    """Whether there are bytes that no text has."""
    return any(byte < 32 and byte not in BLANK for byte in body[:256])


def is_json(body: bytes) -> bool:
    """Whether all of the body is one JSON value."""
    return _json_or_none(body) is not None


def _json_or_none(body: bytes) -> JSONValue:
    try:
        return decode_json(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _cut(text: str) -> str:
    return text if len(text) <= 300 else text[:300] + "…"
