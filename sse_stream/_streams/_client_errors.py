"""Translation of HTTP clients' exceptions, which are identified by name and attributes; no client is imported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NoReturn, TypeAlias

from .._errors import SSEStreamError, StatusError, StreamTimeoutError, TransportError
from .._sources._attributes import attribute
from .._sources._source import PieceError, UsedResponseError, lower_case_headers
from ._response_errors import status_error

Doing: TypeAlias = Literal["open", "begin", "read", "close"]
"""What a client was doing when it raised: requesting the response, reading its first byte, reading after that, or
closing it."""

_SAID: dict[Doing, str] = {
    "open": "the request failed with {}",
    "begin": "the connection broke before any bytes arrived: {}",
    "read": "the connection broke: {}",
    "close": "closing the response failed with {}",
}

_LATE: dict[Doing, str] = {
    "open": "the client timed out before there was a response: {}",
    "begin": "the client's read timeout expired before any bytes arrived: {}",
    "read": "the client's read timeout expired: {}",
    "close": "the client timed out while closing the response: {}",
}

# Exceptions that indicate a bug in the calling code; no client raises them for a failed connection.
_MISTAKES = (TypeError, AttributeError, LookupError, NameError, ImportError, NotImplementedError, AssertionError)


def broken(cause: Exception, doing: Doing) -> Exception:
    """Return the error to raise for a client's exception.

    Args:
        cause: The client's exception.
        doing: What the client was doing.

    Returns:
        A `StatusError` if the client raised for an error status, a `StreamTimeoutError` for its own timeout, otherwise a
        `TransportError`. The exception itself if it is one of this library's, or due to the caller, such as a source
        that yields no bytes.
    """
    if isinstance(cause, (SSEStreamError, PieceError, UsedResponseError)):
        return cause
    if doing != "read" and isinstance(cause, _MISTAKES):
        return cause
    if doing in ("open", "begin") and (refused := _status_error(cause)) is not None:
        return refused
    said = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    if is_timeout(cause):
        return StreamTimeoutError(_LATE[doing].format(said), kind="read")
    return TransportError(_SAID[doing].format(said), retryable=not _is_lasting(cause))


def raise_broken(cause: Exception, doing: Doing) -> NoReturn:
    """Raise the error that `broken` returns."""
    error = broken(cause, doing)
    if error is cause:
        raise cause
    raise error from cause


def _status_error(cause: Exception) -> StatusError | None:
    """Return a `StatusError` if a client raised for an error status, as the SDKs and `raise_for_status` do."""
    status = status_in(cause)
    if status is None:
        return None
    response = attribute(cause, "response")
    content = attribute(response, "content")
    named = (
        attribute(response, "reason_phrase"),
        attribute(response, "reason"),
        attribute(cause, "message"),
        str(cause),
    )
    return status_error(
        status,
        headers_in(cause),
        content if isinstance(content, bytes) else b"",
        reason=next((name for name in named if isinstance(name, str) and name), ""),
    )


def status_in(cause: Exception) -> int | None:
    """Return the HTTP status that a client raised for; `None` if it did not raise for a status."""
    if is_malformed(cause):
        return None
    carriers = (attribute(cause, "response"), cause)
    given = [attribute(carrier, name) for carrier in carriers for name in ("status_code", "status", "code")]
    return next((code for code in given if isinstance(code, int) and 300 <= code < 600), None)


def headers_in(cause: Exception) -> dict[str, str]:
    """Return the headers of the response that a client raised for, with lower-case names."""
    headers: Any = attribute(attribute(cause, "response"), "headers") or attribute(cause, "headers")
    return lower_case_headers(headers) if hasattr(headers, "items") else {}


def is_malformed(cause: Exception) -> bool:
    """Whether the response was not valid HTTP; aiohttp's error for that has a status that no server sent."""
    return any(cls.__name__ == "HttpProcessingError" for cls in type(cause.__cause__).__mro__)


def _chain(cause: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes."""
    seen: list[BaseException] = []
    waiting: list[object] = [cause]
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseException) and error not in seen:
            seen.append(error)
            yield error
            waiting += [error.__cause__, error.__context__, attribute(error, "reason"), *error.args]


def _is_lasting(error: Exception) -> bool:
    """Whether the next request would fail the same way: an invalid URL, a closed client, an untrusted certificate."""
    if isinstance(error, (ValueError, RuntimeError)) or type(error).__name__ in ("InvalidURL", "UnsupportedProtocol"):
        return True
    return any("Certificate" in type(cause).__name__ or "CertVerif" in type(cause).__name__ for cause in _chain(error))


def is_timeout(cause: BaseException) -> bool:
    """Whether an exception is a timeout, by its class or its name."""
    if isinstance(cause, TimeoutError):
        return True
    if any("Timeout" in cls.__name__ or "TooSlow" in cls.__name__ for cls in type(cause).__mro__):
        return True
    # requests and niquests wrap the timeout of a read in a ConnectionError.
    return any(isinstance(inner, Exception) and is_timeout(inner) for inner in cause.args)
