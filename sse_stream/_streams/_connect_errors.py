"""What the exceptions mean that a client raises while it connects. None is imported: they are told apart by names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import SSEStreamError, StatusError, StreamTimeoutError, TransportError
from .._sources._kinds import retry_after
from .._sources._source import lower_case_headers
from .._sse._reconnect import RETRIED
from ._client_errors import is_timeout

# What httpx, aiohttp, urllib3, `http.client`, trio and others call a connection that was not made, or broke.
_OF_THE_CONNECTION = frozenset(
    {
        "ClientConnectionError",
        "ClientPayloadError",
        "EndOfStream",
        "HTTPException",
        "JsException",
        "NetworkError",
        "NewConnectionError",
        "ProtocolError",
        "ProxyError",
        "BrokenResourceError",
        "MaxRetryError",
        "RemoteProtocolError",
        "SSLError",
        "URLError",
    }
)

# What they call a request that cannot be sent: another one would fare no better.
_OF_THE_REQUEST = frozenset({"InvalidURL", "LocalProtocolError", "TooManyRedirects", "UnsupportedProtocol"})

# Errors of the operating system that are no network's.
_OF_FILES = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


def connect_error(error: Exception) -> SSEStreamError | None:
    """The error for what was raised instead of a connection.

    Returns:
        It; `None` where neither the connection nor the server has failed, so that what was raised is the caller's.
    """
    if isinstance(error, SSEStreamError):
        return error
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if (status := _status_in(error)) is not None and not _is_malformed(error):
        headers = _headers_in(error)
        wait = retry_after(headers.get("retry-after", ""))
        again = StatusError(f"HTTP {status}: {said}", status_code=status, headers=headers, retry_after=wait)
        return again if status in RETRIED else None
    names = _names_of(error)
    if isinstance(error, (TypeError, AttributeError)) or names & _OF_THE_REQUEST:
        return None
    if is_timeout(error):
        return StreamTimeoutError(f"the client's timeout passed before there was a response: {said}", kind="read")
    if names & _OF_THE_CONNECTION or _is_malformed(error) or isinstance(error, EOFError) or _is_of_the_network(error):
        return TransportError(f"there is no connection: {said}")
    return None


def _names_of(error: BaseException | None) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}


def _is_malformed(error: Exception) -> bool:
    """Whether what came was no HTTP: aiohttp gives its error for that a status, which no server has sent."""
    return "HttpProcessingError" in _names_of(error.__cause__)


def _is_of_the_network(error: Exception) -> bool:
    """Whether this is an `OSError` of a socket; requests makes its errors for bad arguments `ValueError`s as well."""
    return isinstance(error, OSError) and not isinstance(error, (*_OF_FILES, ValueError))


def _status_in(error: Exception) -> int | None:
    """The status of the response that a client made an exception of, as with `raise_for_status`."""
    for carrier in (getattr(error, "response", None), error):
        for name in ("status_code", "status"):
            status = getattr(carrier, name, None)
            if isinstance(status, int) and 100 <= status <= 599:
                return status
    return None


def _headers_in(error: Exception) -> Mapping[str, str]:
    response: Any = getattr(error, "response", None)
    carrier: Any = error if response is None else response  # one of requests is false where its status is an error's
    return lower_case_headers(carrier.headers) if hasattr(getattr(carrier, "headers", None), "items") else {}
