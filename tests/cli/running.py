"""A run of the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sse_stream._cli._main import main


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Ran]


def left_with(arguments: tuple[object, ...]) -> int:
    """Run the command line in this process, and return its exit code."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as left:
        return int(left.code or 0)
