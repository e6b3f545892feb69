"""Recognizing the many forms of errors inside a stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from .._errors import ChunkDecodeError, ProviderError
from .._json._depth import JSONValue
from .._json._lenient import loads, without_surrogates
from .._sse._event import ServerSentEvent
from ._base import AnomalyFound, Failure, Item

Object = Mapping[str, JSONValue]

# The fields with the message and the code of an error. The first one that is present counts.
_MESSAGES = ("message", "msg", "detail", "error_message", "error_msg", "errmsg", "status_msg", "description", "reason")
_CODES = ("code", "status_code", "error_code", "errcode", "status")

_ERROR_TEXT = re.compile(r"error\s*:", re.IGNORECASE)


def find_error(value: Object) -> JSONValue:
    """Return the object that carries the error in a JSON object; `None` if there is no error.

    A nonempty `error` is one at the top level, in `x_groq` (Groq) and in a choice (OpenRouter). An object without
    choices is an error as well if it reports a failure and a reason.

    Args:
        value: The object.
    """
    if value.get("error"):
        return value
    groq = value.get("x_groq")
    if isinstance(groq, dict) and groq.get("error"):
        return groq
    choices = value.get("choices")
    if not choices:
        return _flat_error(value)
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and choice.get("error"):
            return choice
    return None


def _flat_error(value: Object) -> JSONValue:
    """Return an object without choices if it reports a failure by a word, a number, or a list of errors."""
    if "choices" not in value and value.get("error") in ("", {}):
        return value
    base = value.get("base_resp")  # MiniMax
    if isinstance(base, dict) and _is_failing(base.get("status_code")):
        return base
    if value.get("errors") or value.get("success") is False or value.get("ok") is False:
        return value
    if "choices" not in value and "error" in (value.get("object"), value.get("type")):
        return value
    if _said(value, ("detail",)) is not None and value.keys().isdisjoint({"id", "usage", "choices"}):
        return value  # FastAPI
    says_why = _said(value, _MESSAGES) is not None
    return value if says_why and any(_is_failing(value.get(name)) for name in _CODES) else None


def _is_failing(code: JSONValue) -> bool:
    """Whether a code reports a failure: a number other than 0 and 2xx, or a word that is not a success."""
    if isinstance(code, bool) or not isinstance(code, (int, str)):
        return False
    text = str(code)
    if text.lstrip("-").isdigit():
        return int(text) != 0 and not 200 <= int(text) < 300
    return text.lower() not in ("", "ok", "success", "succeeded", "completed", "in_progress")


def _said(fields: Object, names: tuple[str, ...]) -> JSONValue:
    """Return the first of these fields that is nonempty."""
    return next((value for name in names if (value := fields.get(name))), None)


def error_field(name: str, value: str) -> Sequence[Item]:
    """Decode an `error` field, a field outside the standard in which llama.cpp reports failures.

    Args:
        name: The field's name. All fields except `error` are ignored.
        value: The error as JSON or text.
    """
    if name != "error":
        return ()
    try:
        return (Failure(provider_error(loads(value)[0])),)
    except ChunkDecodeError:
        return (Failure(provider_error(value)),)


def error_in_text(text: str) -> ProviderError | None:
    """Return the error in data of the form `error: …`, where `…` is text or JSON; `None` for other data.

    Args:
        text: The data of the event.
    """
    match = _ERROR_TEXT.match(text)
    if match is None:
        return None
    body = text[match.end() :].strip()
    try:
        return provider_error(loads(body)[0])
    except ChunkDecodeError:
        return provider_error(body or text)


def broken_error(
    event: ServerSentEvent, text: str, create: Callable[[JSONValue, JSONValue], ProviderError]
) -> Sequence[Item]:
    """Return the items for data that is not JSON, if it is an error or has one; otherwise nothing.

    It is one if the event is named `error`. An error may also have been written into the middle of another event: then
    it is a JSON object, or a list of one, at the end of the last line.

    Args:
        event: The event.
        text: Its data, stripped of whitespace.
        create: Creates the exception from the payload and the part of it that carries the error.
    """
    is_named = event.event == "error"
    last = text.rpartition("\n")[2]
    for candidate in (last, last.rpartition("data:")[2]):
        try:
            value, _ = loads(candidate.strip())
        except ChunkDecodeError:
            continue
        said = value[0] if isinstance(value, list) and value else value
        carrier = find_error(said) if isinstance(said, dict) else None
        if carrier is not None or (is_named and isinstance(said, dict)):
            return AnomalyFound("interrupted_event", event.data), Failure(create(value, carrier))
    return (Failure(create(text, None)),) if is_named else ()


def provider_error(body: JSONValue, carrier: JSONValue = None) -> ProviderError:
    """Create the exception for an error payload of any form.

    Args:
        body: The whole JSON value, or the text if it is not JSON.
        carrier: The part of it that carries the error, if known.
    """
    if carrier is None and isinstance(body, dict):
        carrier = find_error(body)
    around = without_surrogates(body if carrier is None else carrier)
    *_, innermost = _inwards(around)
    levels = [level for level in reversed([*_inwards(around)]) if isinstance(level, dict)]
    code = next((code for level in levels if (code := _code(level)) is not None), None)
    kind = next((kind for level in levels if isinstance(kind := level.get("type"), str)), None)
    return ProviderError(
        _message(innermost, levels),
        type=kind,
        code=code,
        body=without_surrogates(body),
        retry_after=_retry_after(levels),
    )


def _inwards(error: JSONValue) -> Iterator[JSONValue]:
    """Yield an error payload and, recursively, its `error` or the first of its `errors`."""
    yield error
    if isinstance(error, dict) and (inner := error.get("error") or error.get("errors")):
        yield from _inwards(inner)
    elif isinstance(error, list) and len(error) > 0 and isinstance(error[0], dict):
        yield from _inwards(error[0])


def _code(fields: Object) -> str | int | None:
    for name in _CODES:
        code = fields.get(name)
        if isinstance(code, (str, int)) and not isinstance(code, bool) and code not in ("", "error"):
            return code
    return None


def _retry_after(levels: Iterable[Object]) -> float | None:
    """Return the seconds to wait, from `retry_after` or from Google's `RetryInfo` in the details."""
    for fields in levels:
        said = fields.get("retry_after")
        if isinstance(said, (int, float)) and not isinstance(said, bool) and said >= 0:
            return float(said)
        details = fields.get("details")
        for detail in details if isinstance(details, list) else ():
            delay = detail.get("retryDelay") if isinstance(detail, dict) else None
            if isinstance(delay, str) and (seconds := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]+)?)s", delay)):
                return float(seconds[1])
    return None


def _message(error: JSONValue, levels: Iterable[Object]) -> str:
    if isinstance(error, str) and error:
        return error
    for fields in levels:
        for name in _MESSAGES:
            said = fields.get(name)
            if isinstance(said, str) and said:
                return said
    return msgspec.json.encode(error).decode()
