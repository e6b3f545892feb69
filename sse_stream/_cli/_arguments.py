"""Parsers for option values; each error message shows the expected form."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from ..testing import Comments, Disconnect, EndAt, Fault, HalfClose, Reset, Stall

FAULTS: Mapping[str, Callable[[int | None], Fault]] = {
    "end": lambda at: EndAt(at or 0),  # `fault` requires BYTES here
    "disconnect": Disconnect,
    "half-close": HalfClose,
    "reset": Reset,
    "stall": Stall,
    "comments": Comments,
}

# RFC 9110, sections 5.6.2 (token) and 5.5 (field value, here without obs-text).
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)")


def seconds(value: str) -> float:
    """Parse a duration in seconds."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ArgumentTypeError(f"expected a number of seconds, 0 or more, got {value!r}")
    return number


def size(value: str) -> int:
    """Parse a positive number of bytes."""
    return _whole(value, "a number of bytes", 1)


def port(value: str) -> int:
    """Parse a port number."""
    return _whole(value, "a port", 0, 65535)


def index(value: str) -> int:
    """Parse the index of a choice."""
    return _whole(value, "the index of a choice", 0)


def _whole(value: str, what: str, least: int, most: int | None = None) -> int:
    number = int(value) if re.fullmatch(r"[0-9]{1,18}", value) else -1
    if number < least or (most is not None and number > most):
        bounds = f"{least} or more" if most is None else f"{least} to {most}"
        raise ArgumentTypeError(f"expected {what}, {bounds}, got {value!r}")
    return number


def fault(value: str) -> Fault:
    """Parse NAME[:BYTES], a fault and how many bytes are sent before it."""
    name, colon, at = value.partition(":")
    if name not in FAULTS:
        raise ArgumentTypeError(f"unknown fault {name!r} (choose from {', '.join(FAULTS)})")
    if name == "end" and not colon:
        raise ArgumentTypeError("end requires a number of bytes, such as end:2000")
    return FAULTS[name](_whole(at, "a number of bytes", 0) if colon else None)


def setting(value: str) -> tuple[str, object]:
    """Parse KEY=VALUE, a request field; the value is JSON, or text if it does not parse."""
    name, equals, text = value.partition("=")
    if not equals or not name:
        raise ArgumentTypeError(f"expected KEY=VALUE, such as temperature=0, got {value!r}")
    try:
        return name, msgspec.json.decode(text)
    except msgspec.DecodeError:
        return name, text


def header(value: str) -> tuple[str, str]:
    """Parse NAME:VALUE, an HTTP header."""
    found = _HEADER.fullmatch(value)
    if found is None:
        raise ArgumentTypeError(f"expected NAME:VALUE in ASCII, such as X-Team:red, got {value!r}")
    return found[1], found[2]


def selectors(value: str) -> list[str]:
    """Parse comma-separated ids or names of rules."""
    found = [one.strip() for one in value.split(",") if one.strip()]
    if not found:
        raise ArgumentTypeError("expected ids or names of rules, such as SSE001,CHAT")
    return found


def body(value: str) -> object:
    """Parse a request body: JSON, or @ and the path of a JSON file."""
    try:
        text = Path(value[1:]).read_bytes() if value.startswith("@") else value
        found: object = msgspec.json.decode(text)
    except OSError as error:
        raise ArgumentTypeError(f"cannot read {value[1:]}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ArgumentTypeError(f"expected JSON, or @ and the path of a JSON file: {error}") from None
    return found
