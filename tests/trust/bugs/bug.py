"""A deliberate bug, and the bugs of one subject with the tests that must notice them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A bug.

    Attributes:
        rule: The rule that it breaks.
        file: Where it is put, from the package's folder.
        edits: What stands there, once, and what stands there instead.
    """

    rule: str
    file: str
    edits: tuple[tuple[str, str], ...]


def bug(rule: str, file: str, *edits: tuple[str, str]) -> Bug:
    return Bug(rule, file, edits)


@dataclass(frozen=True)
class Subject:
    """The bugs of one subject.

    Attributes:
        bugs: The bugs, one for each rule.
        tests: The tests that are asked about a bug, by its file.
    """

    bugs: Sequence[Bug]
    tests: Mapping[str, Sequence[str]]
