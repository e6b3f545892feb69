"""What the exceptions of HTTP clients mean. None is imported: they are told apart by their names."""

from __future__ import annotations

from typing import NoReturn

from .._errors import SSEStreamError, StreamTimeoutError, TransportError
from .._sources._source import PieceError


def raise_broken(cause: Exception, *, has_begun: bool) -> NoReturn:
    """Raise the error for what a client raised while it read.

    Args:
        cause: What it raised.
        has_begun: Whether any bytes had come before.

    Raises:
        StreamTimeoutError: It was a timeout of the client's.
        TransportError: It was something else.
        SSEStreamError: It was one of these already: the source reads a stream of ours.
        TypeError: It was not the client, but the caller, whose source cannot be read or gives no bytes.
        AttributeError: Likewise.
    """
    if isinstance(cause, (SSEStreamError, PieceError)):
        raise cause
    if not has_begun and isinstance(cause, (TypeError, AttributeError)):
        raise cause
    said = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    if is_timeout(cause):
        raise StreamTimeoutError(f"the client's read timeout passed: {said}", kind="read") from cause
    raise TransportError(f"the connection broke: {said}") from cause


def is_timeout(cause: BaseException) -> bool:
    """Whether a client calls its exception a timeout, by class or by name."""
    if isinstance(cause, TimeoutError):
        return True
    if any("Timeout" in cls.__name__ or "TooSlow" in cls.__name__ for cls in type(cause).__mro__):
        return True
    # requests and niquests wrap the timeout of a read in a ConnectionError.
    return any(isinstance(inner, Exception) and is_timeout(inner) for inner in cause.args)
