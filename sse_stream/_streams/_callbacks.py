"""The functions of a caller's that a stream calls, and the options that it does not know."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import ref

from .._sources._source import is_coroutine_function

T = TypeVar("T")

# What others call an option that is called something else here.
_MEANT = {
    "timeout": "the deadlines of a stream are timeouts=Timeouts(first_token=…, idle=…, total=…), and a client's own "
    "timeout goes into its request",
    "callback": "what is called at the end is on_end",
    "on_close": "what is called at the end is on_end",
    "on_error": "what is called at the end, errors included, is on_end",
    "provider": "a wire format is dialect=…",
    "format": "a wire format is dialect=…",
}


def unknown_option(owner: str, name: str) -> TypeError:
    """The error for an option that a stream does not have."""
    meant = f": {_MEANT[name]}" if name in _MEANT else ""
    return TypeError(f"{owner}() got an unexpected keyword argument {name!r}{meant}")


def check_callback(name: str, function: object) -> None:
    """Refuse what cannot be called, or would have to be awaited.

    Raises:
        TypeError: It is one of those.
    """
    if not callable(function):
        raise TypeError(f"{name} is a function, not {function!r}")
    if is_coroutine_function(function):
        raise TypeError(f"{name} is called and not awaited: pass a function that is no `async def`")


def call_at_end(callbacks: list[Callable[[T], object]], stream: T) -> None:
    """Call the one function that is left, if no other thread has been faster; what it raises harms nobody."""
    try:
        callback = callbacks.pop()
    except IndexError:
        return
    try:
        callback(stream)
    except Exception as error:  # noqa: BLE001  # whatever a caller's function raises
        report_unraisable(error, callback)


def warn_of_dropping(stream: object, way: str) -> None:
    """Warn that a stream was dropped open, and say how to close it."""
    # Imported here: few streams are dropped, and start-up stays cheap.
    import warnings

    keyword = "async with" if way == "aclose" else "with"
    warnings.warn(
        f"{stream!r} was dropped open, and its connection with it: use `{keyword}`, or call `{way}`",
        ResourceWarning,
        source=stream,
        stacklevel=3,
    )


class _Token:
    """Something that can be dropped."""


def report_unraisable(error: Exception, raised_by: Callable[..., object]) -> None:
    """Report an exception that cannot be raised by `sys.unraisablehook`, with the function that raised it."""

    @wraps(raised_by)
    def raise_again(_: object) -> None:
        raise error

    # Only Python itself can make what the hook is called with: it does of what such a callback raises.
    token = _Token()
    reference = ref(token, raise_again)
    del token, reference
