"""The documentation as the tests read it: pages, code blocks, and the markers above them.

A marker is a Markdown comment in the line above a block, invisible to readers; CONTRIBUTING.md explains each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"(?P<indent> *)(?P<fence>```+)(?P<language>\w*)")
_MARKER = re.compile(r"\s*<!-- (?P<name>[a-z]+)(?:: (?P<value>.+))? -->")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: The page, relative to the root of the repository.
        line: The line of its opening fence, from 1.
        language: What the fence calls it, `""` where it says nothing.
        code: What is in it.
        markers: The markers above it, each with its value.
    """

    page: str
    line: int
    language: str
    code: str
    markers: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page of the documentation."""
    return sorted(DOCS.rglob("*.md"))


def name_of(page: Path) -> str:
    """The page's path as it is shown."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return list(_blocks(name_of(page), page.read_text(encoding="utf-8").splitlines()))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    markers: dict[str, str] = {}
    numbered = iter(enumerate(lines, start=1))
    for number, line in numbered:
        marker = _MARKER.fullmatch(line)
        if marker is not None:
            markers[marker["name"]] = marker["value"] or ""
            continue
        fence = _FENCE.fullmatch(line.rstrip())
        if fence is not None:
            code = []
            for _, inner in numbered:
                if inner.strip() == fence["fence"]:
                    break
                code.append(inner.removeprefix(fence["indent"]))
            yield Block(page, number, fence["language"], "\n".join(code) + "\n", markers)
        if line.strip():
            markers = {}


def prose(page: Path) -> str:
    """The page without its blocks and comments."""
    text = re.sub(r"^ *(```+).*?^ *\1$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
