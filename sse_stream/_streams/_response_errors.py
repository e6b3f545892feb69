"""The errors for responses that are no stream, with all that the server said."""

from __future__ import annotations

from collections.abc import Mapping

from .._errors import ContentTypeError, ProviderError, ResponseError, StatusError
from .._json._depth import JSONValue, decode_json
from .._sources._kinds import BLANK, content_coding, retry_after
from ..dialects._provider_errors import find_error, provider_error


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
        message = f"HTTP {status}, with a body that {_COMPRESSED.format(content_coding(headers))}"
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
    return bool(content_coding(headers)) and any(byte < 32 and byte not in BLANK for byte in body[:256])


def foreign_error(headers: Mapping[str, str], body: bytes) -> ContentTypeError:
    """The error for a body that is neither a stream nor a completion."""
    text = body.decode("utf-8", "replace")
    content_type = headers.get("content-type", "")
    label = f"Content-Type {content_type!r}" if content_type else "no Content-Type"
    holds = f"it begins {_cut(text)!r}" if text.strip() else "its body is empty"
    if _is_compressed(headers, body):
        holds = f"its body {_COMPRESSED.format(content_coding(headers))}: ask for none, or install what undoes it"
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


def _json_or_none(text: str) -> JSONValue:
    try:
        return decode_json(text)
    except (ValueError, RecursionError):
        return None


def _cut(text: str) -> str:
    return text if len(text) <= 300 else text[:300] + "…"
