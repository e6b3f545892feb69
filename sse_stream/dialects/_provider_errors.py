"""The many forms of an error inside a stream that began well."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from .._errors import ProviderError
from .._json._depth import JSONValue


def find_error(value: Mapping[str, JSONValue]) -> JSONValue:
    """The error that a JSON object reports: the object that carries it, `None` where there is none.

    It has a non-empty `error`, calls itself an error, has a `detail` and is no chunk (FastAPI), or one of
    its choices has a non-empty `error` (OpenRouter).
    """
    error = value.get("error")
    if error:
        return value
    choices = value.get("choices")
    if "choices" not in value:
        named = error in ("", {}) or "error" in (value.get("object"), value.get("type"))
        detailed = value.get("detail") and value.keys().isdisjoint({"id", "usage"})
        return value if named or detailed else None
    if isinstance(choices, list):
        for choice in choices:
            if isinstance(choice, dict) and choice.get("error"):
                return choice
    return None


def provider_error(body: JSONValue, carrier: JSONValue = None) -> ProviderError:
    """The exception for an error payload, whatever its form.

    Args:
        body: The whole JSON value, or the text where it was not JSON.
        carrier: The part of it that carries the error, if that is not the whole.
    """
    carrier = body if carrier is None else carrier
    error = carrier.get("error") if isinstance(carrier, dict) else carrier
    if not error:
        error = carrier
    fields: Mapping[str, JSONValue] = error if isinstance(error, dict) else {}
    around: Mapping[str, JSONValue] = carrier if isinstance(carrier, dict) else {}
    message = _message(error, fields, around)
    kind = fields.get("type", around.get("type"))
    code = fields.get("code")
    if code is None:
        code = around.get("code")
    return ProviderError(
        message,
        type=kind if isinstance(kind, str) else None,
        code=code if isinstance(code, (str, int)) and not isinstance(code, bool) else None,
        body=body,
        retry_after=_retry_after(fields),
    )


def _retry_after(fields: Mapping[str, JSONValue]) -> float | None:
    """How many seconds to wait, as `retry_after` says or Google's `RetryInfo` among the details."""
    said = fields.get("retry_after")
    if isinstance(said, (int, float)) and not isinstance(said, bool) and said >= 0:
        return float(said)
    details = fields.get("details")
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (seconds := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]+)?)s", delay)):
            return float(seconds[1])
    return None


def _message(error: JSONValue, fields: Mapping[str, JSONValue], around: Mapping[str, JSONValue]) -> str:
    if isinstance(error, str) and error:
        return error
    for said in (fields.get("message"), fields.get("detail"), around.get("message"), around.get("detail")):
        if isinstance(said, str) and said:
            return said
    return msgspec.json.encode(error).decode()
