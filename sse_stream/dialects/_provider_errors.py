"""The many forms of an error inside a stream that began well."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .._chunks import JSONValue
from .._errors import ProviderError


def is_error(value: Mapping[str, JSONValue]) -> bool:
    """Whether a JSON object is an error payload: has a non-empty `error`, or calls itself one."""
    error = value.get("error")
    if error:
        return True
    if "choices" in value:
        return False
    return error in ("", {}) or "error" in (value.get("object"), value.get("type"))


def provider_error(body: JSONValue) -> ProviderError:
    """The exception for an error payload, whatever its form.

    Args:
        body: The whole JSON value, or the text where it was not JSON.
    """
    error = body.get("error") if isinstance(body, dict) else body
    if not error and error != {}:
        error = body
    fields: Mapping[str, JSONValue] = error if isinstance(error, dict) else {}
    around: Mapping[str, JSONValue] = body if isinstance(body, dict) else {}
    message = _message(error, fields, around)
    kind = fields.get("type", None if fields is around else around.get("type"))
    code = fields.get("code")
    if code is None:
        code = around.get("code")
    return ProviderError(
        message,
        type=kind if isinstance(kind, str) else None,
        code=code if isinstance(code, (str, int)) and not isinstance(code, bool) else None,
        body=body,
    )


def _message(error: JSONValue, fields: Mapping[str, JSONValue], around: Mapping[str, JSONValue]) -> str:
    if isinstance(error, str) and error:
        return error
    for said in (fields.get("message"), fields.get("detail"), around.get("message"), around.get("detail")):
        if isinstance(said, str) and said:
            return said
    return msgspec.json.encode(error).decode()
