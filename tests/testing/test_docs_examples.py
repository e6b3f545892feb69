"""The page about the testing tools: its code runs, and prints what the page shows.

Examples for other packages show the behaviour of one version, and run only with that version.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.metadata
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sse_stream import SSEDecoder

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"
assert httpx.__version__  # imported before a client is tested that imports it halfway

BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A block of code, and the output that is shown for it."""

    line: int
    code: str
    shown: str

    @property
    def about_openai(self) -> bool:
        return "openai" in self.code


def examples() -> list[Example]:
    text = PAGE.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    return [
        Example(
            text[: block.start()].count("\n") + 1,
            block["code"],
            "" if after is None or after["language"] != "text" else after["code"],
        )
        for block, after in zip(blocks, [*blocks[1:], None], strict=True)
        if block["language"] == "python"
    ]


def run(example: Example, namespace: dict[str, Any]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * example.line + example.code, str(PAGE), "exec", dont_inherit=True), namespace)
    return printed.getvalue()


FOUND = re.compile(r"(?P<body>b'.*') holds (?P<holds>\[.*\]) but gives (?P<gives>\[.*\])")


def check_found(printed: str, parser: Callable[[list[bytes]], Iterable[str]]) -> None:
    """What a search prints is true of each line, and each line is a fault."""
    assert len(printed.splitlines()) == 2
    for line in printed.splitlines():
        found = FOUND.fullmatch(line)
        assert found is not None, line
        body, holds, gives = (ast.literal_eval(found[name]) for name in ("body", "holds", "gives"))
        assert holds == [event.data for event in SSEDecoder().feed(body)]
        assert gives == list(parser([body])) != holds


@pytest.fixture(autouse=True)
def _page() -> None:
    if not PAGE.exists():
        pytest.skip("the tests run apart from the repository")


@pytest.mark.slow
def test_the_examples_print_what_is_shown() -> None:
    namespace: dict[str, Any] = {"__name__": "docs"}
    own = [example for example in examples() if not example.about_openai]
    assert len(own) == 7
    for example in own:
        printed = run(example, namespace)
        if "find(" in example.code:
            check_found(printed, namespace["careful"])
            check_found(example.shown, namespace["careful"])
        else:
            assert printed == example.shown, f"docs/testing.md, line {example.line}, shows another output"


def test_a_widely_used_client_is_found_to_err_as_is_shown() -> None:
    stated = re.search(r"`openai` package, version ([\d.]+\d)", PAGE.read_text(encoding="utf-8"))
    assert stated is not None
    pytest.importorskip("openai")
    installed = importlib.metadata.version("openai")
    if installed != stated[1]:
        pytest.skip(f"the page is about openai {stated[1]}, and {installed} is installed")
    search, reading = (example for example in examples() if example.about_openai)
    namespace: dict[str, Any] = {"__name__": "docs"}
    check_found(run(search, namespace), namespace["of_openai"])
    check_found(search.shown, namespace["of_openai"])
    assert run(reading, namespace) == reading.shown != ""
