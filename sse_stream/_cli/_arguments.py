"""What the values of options say; one that is wrong is told by what to write instead."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping

import msgspec

from ..testing import Comments, Disconnect, EndAt, Fault, HalfClose, Reset, Stall

FAULTS: Mapping[str, Callable[[int | None], Fault]] = {
    "end": lambda at: EndAt(at or 0),  # which needs to be told where
    "disconnect": Disconnect,
    "half-close": HalfClose,
    "reset": Reset,
    "stall": Stall,
    "comments": Comments,
}

# RFC 9110, section 5.6.2: a token, and what a field's value may hold.
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)")


def seconds(value: str) -> float:
    """A time."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ArgumentTypeError(f"a number of seconds is needed, 0 or more, not {value!r}")
    return number


def size(value: str) -> int:
    """A number of bytes."""
    return _whole(value, "a number of bytes", 1)


def port(value: str) -> int:
    """A port."""
    return _whole(value, "a port", 0, 65535)


def index(value: str) -> int:
    """The index of a choice."""
    return _whole(value, "the index of a choice", 0)


def _whole(value: str, what: str, least: int, most: int | None = None) -> int:
    number = int(value) if re.fullmatch(r"[0-9]{1,18}", value) else -1
    if number < least or (most is not None and number > most):
        bounds = f"{least} or more" if most is None else f"{least} to {most}"
        raise ArgumentTypeError(f"{what} is needed, {bounds}, not {value!r}")
    return number


def fault(value: str) -> Fault:
    """A fault, and after how many bytes it strikes."""
    name, colon, at = value.partition(":")
    if name not in FAULTS:
        raise ArgumentTypeError(f"{name!r} is none of {', '.join(FAULTS)}")
    if name == "end" and not colon:
        raise ArgumentTypeError("end needs a number of bytes, as in end:2000")
    return FAULTS[name](_whole(at, "a number of bytes", 0) if colon else None)


def setting(value: str) -> tuple[str, object]:
    """A field of the request: its name, and what it is."""
    name, equals, text = value.partition("=")
    if not equals or not name:
        raise ArgumentTypeError(f"KEY=VALUE is needed, as in temperature=0, not {value!r}")
    try:
        return name, msgspec.json.decode(text)
    except msgspec.DecodeError:
        return name, text


def header(value: str) -> tuple[str, str]:
    """A header: its name, and its value."""
    found = _HEADER.fullmatch(value)
    if found is None:
        raise ArgumentTypeError(f"NAME:VALUE is needed, in ASCII, as in X-Team:red, not {value!r}")
    return found[1], found[2]
