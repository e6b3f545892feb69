"""What the exceptions of HTTP clients mean. None is imported: they are told apart by their names and what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NoReturn, TypeAlias

from .._errors import SSEStreamError, StatusError, StreamTimeoutError, TransportError
from .._sources._attributes import attribute
from .._sources._source import PieceError, UsedResponseError, lower_case_headers
from ._response_errors import status_error

Doing: TypeAlias = Literal["open", "begin", "read", "close"]
"""What a client was doing when it raised: asking for the response, reading before its first byte or after it, leaving
the response."""

_SAID: dict[Doing, str] = {
    "open": "there is no response: the request failed with {}",
    "begin": "the connection broke before any bytes came: {}",
    "read": "the connection broke: {}",
    "close": "closing the response failed with {}",
}

_LATE: dict[Doing, str] = {
    "open": "there is no response: the client's own timeout passed: {}",
    "begin": "the client's read timeout passed before any bytes came: {}",
    "read": "the client's read timeout passed: {}",
    "close": "closing the response took longer than the client's timeout: {}",
}

# What a program raises that is wrong itself. No client raises one because of its connection.
_MISTAKES = (TypeError, AttributeError, LookupError, NameError, ImportError, NotImplementedError, AssertionError)


def broken(cause: Exception, doing: Doing) -> Exception:
    """The error for what a client raised.

    Args:
        cause: What it raised.
        doing: What it was doing.

    Returns:
        A `StatusError` where a client raises for a status, a `StreamTimeoutError` for a timeout of the client's, a
        `TransportError` for all else; what was raised itself, if that is one of ours already, or the mistake of a
        caller, whose source cannot be read or gives no bytes.
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
    """Raise the error for what a client raised, as `broken` says."""
    error = broken(cause, doing)
    if error is cause:
        raise cause
    raise error from cause


def _status_error(cause: Exception) -> StatusError | None:
    """The error for a status that the client has made an exception of, as the SDKs and `raise_for_status` do."""
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
    """The status of the response that a client made an exception of; `None` where it is not about one."""
    if is_malformed(cause):
        return None
    carriers = (attribute(cause, "response"), cause)
    given = [attribute(carrier, name) for carrier in carriers for name in ("status_code", "status", "code")]
    return next((code for code in given if isinstance(code, int) and 300 <= code < 600), None)


def headers_in(cause: Exception) -> dict[str, str]:
    """The headers of that response, names in lower case."""
    headers: Any = attribute(attribute(cause, "response"), "headers") or attribute(cause, "headers")
    return lower_case_headers(headers) if hasattr(headers, "items") else {}


def is_malformed(cause: Exception) -> bool:
    """Whether what came was no HTTP: aiohttp gives its error for that a status, which no server has sent."""
    return any(cls.__name__ == "HttpProcessingError" for cls in type(cause.__cause__).__mro__)


def _chain(cause: BaseException) -> Iterator[BaseException]:
    """An exception, and what it says it came from."""
    seen: list[BaseException] = []
    waiting: list[object] = [cause]
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseException) and error not in seen:
            seen.append(error)
            yield error
            waiting += [error.__cause__, error.__context__, attribute(error, "reason"), *error.args]


def _is_lasting(error: Exception) -> bool:
    """Whether the next request would fail in the same way: a wrong URL, a closed client, a certificate."""
    if isinstance(error, (ValueError, RuntimeError)) or type(error).__name__ in ("InvalidURL", "UnsupportedProtocol"):
        return True
    return any("Certificate" in type(cause).__name__ or "CertVerif" in type(cause).__name__ for cause in _chain(error))


def is_timeout(cause: BaseException) -> bool:
    """Whether a client calls its exception a timeout, by class or by name."""
    if isinstance(cause, TimeoutError):
        return True
    if any("Timeout" in cls.__name__ or "TooSlow" in cls.__name__ for cls in type(cause).__mro__):
        return True
    # requests and niquests wrap the timeout of a read in a ConnectionError.
    return any(isinstance(inner, Exception) and is_timeout(inner) for inner in cause.args)
