"""Callbacks passed to a stream, and errors for unknown options."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import ref

from .._sources._source import is_coroutine_function

T = TypeVar("T")

# Names that options have in other libraries, and what to use instead.
_MEANT = {
    "timeout": "for the stream, use timeouts=Timeouts(first_token=…, idle=…, total=…); pass the client's own timeout "
    "with the request",
    "callback": "use on_end, which is called at the end",
    "on_close": "use on_end, which is called at the end",
    "on_error": "use on_end, which is called at the end and after errors",
    "provider": "use dialect=… for the wire format",
    "format": "use dialect=… for the wire format",
}


def unknown_option(owner: str, name: str) -> TypeError:
    """Return the error for an unknown option of a stream."""
    meant = f": {_MEANT[name]}" if name in _MEANT else ""
    return TypeError(f"{owner}() got an unexpected keyword argument {name!r}{meant}")


def check_callback(name: str, function: object) -> None:
    """Check that a callback is a plain function.

    Raises:
        TypeError: It is not callable, or is a coroutine function.
    """
    if not callable(function):
        raise TypeError(f"{name} must be a function, not {function!r}")
    if is_coroutine_function(function):
        raise TypeError(f"{name} is not awaited: pass a plain function, not an `async def`")


def call_at_end(callbacks: list[Callable[[T], object]], stream: T) -> None:
    """Call the callback unless another thread already has; report its exceptions without raising them."""
    try:
        callback = callbacks.pop()
    except IndexError:
        return
    try:
        callback(stream)
    except Exception as error:  # noqa: BLE001  # callbacks may raise anything
        report_unraisable(error, callback)


def warn_of_dropping(stream: object, way: str) -> None:
    """Warn that a stream was garbage-collected while open, and say how to close it."""
    # Imported lazily to keep start-up fast.
    import warnings

    keyword = "async with" if way == "aclose" else "with"
    warnings.warn(
        f"{stream!r} was not closed, so its connection was dropped: use `{keyword}`, or call `{way}`",
        ResourceWarning,
        source=stream,
        stacklevel=3,
    )


class _Token:
    """An object that can be weakly referenced."""


def report_unraisable(error: Exception, raised_by: Callable[..., object]) -> None:
    """Report an exception through `sys.unraisablehook`, with the function that raised it."""

    @wraps(raised_by)
    def raise_again(_: object) -> None:
        raise error

    # Only the interpreter can create the hook's argument, which it does when a weakref callback raises.
    token = _Token()
    reference = ref(token, raise_again)
    del token, reference
