"""Translation of clients' exceptions while connecting, which are identified by name; no client is imported."""

from __future__ import annotations

from .._errors import SSEStreamError, StatusError, StreamTimeoutError, TransportError
from .._sources._kinds import retry_after
from .._sse._reconnect import RETRIED
from ._client_errors import headers_in, is_malformed, is_timeout, status_in

# Names for failed or broken connections in httpx, aiohttp, urllib3, `http.client`, trio and others.
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

# Names for requests that cannot be sent; reconnecting would not help.
_OF_THE_REQUEST = frozenset({"InvalidURL", "LocalProtocolError", "TooManyRedirects", "UnsupportedProtocol"})

# `OSError`s that are not network errors.
_OF_FILES = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


def connect_error(error: Exception) -> SSEStreamError | None:
    """Translate an exception raised while connecting.

    Returns:
        The error; `None` if neither the connection nor the server failed, so the exception is the caller's.
    """
    if isinstance(error, SSEStreamError):
        return error
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if (status := status_in(error)) is not None:
        headers = headers_in(error)
        wait = retry_after(headers.get("retry-after", ""))
        again = StatusError(f"HTTP {status}: {said}", status_code=status, headers=headers, retry_after=wait)
        return again if status in RETRIED else None
    names = {cls.__name__ for cls in type(error).__mro__}
    if isinstance(error, (TypeError, AttributeError)) or names & _OF_THE_REQUEST:
        return None
    if is_timeout(error):
        return StreamTimeoutError(f"the client timed out before there was a response: {said}", kind="read")
    if names & _OF_THE_CONNECTION or is_malformed(error) or isinstance(error, EOFError) or _is_of_the_network(error):
        return TransportError(f"connecting failed: {said}")
    return None


def _is_of_the_network(error: Exception) -> bool:
    """Whether this is a socket's `OSError`. Errors of requests for bad arguments are `OSError`s and `ValueError`s."""
    return isinstance(error, OSError) and not isinstance(error, (*_OF_FILES, ValueError))
