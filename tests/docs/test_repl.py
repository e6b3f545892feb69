"""The tutorial can be pasted, block by block, into a Python session, and prints what it shows."""

from __future__ import annotations

import code
import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from .pages import DOCS, Block, blocks
from .test_docs import Session, visible


class Prompt(code.InteractiveConsole):
    """An interactive session that is given lines, as a terminal gives what is pasted into it."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__(names)
        self.errors: list[str] = []

    def write(self, data: str) -> None:
        """Keep what would be written to standard error: tracebacks, and nothing else."""
        self.errors.append(data)

    def paste(self, block: Block) -> str:
        """Enter the lines of a block, and the key that ends the last of them; what they print."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            for line in block.code.splitlines():
                self.push(line)
            assert not self.push(""), f"{block.place} does not end"
        assert not self.errors, f"{block.place}\n{''.join(self.errors)}"
        return printed.getvalue()


def test_the_tutorial_can_be_pasted_into_a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    printed = ""
    pasted = 0
    with Session(tmp_path) as session:
        prompt = Prompt({"__name__": "__console__"})
        for block in blocks(DOCS / "tutorial.md"):
            if "serves" in block.markers:
                session.serve(block)
            elif block.language == "python":
                printed = prompt.paste(block)
                pasted += 1
            elif "output" in block.markers:
                assert visible(printed) == visible(block.code), f"{block.place} shows another output"
    assert pasted > 10


@pytest.mark.parametrize(
    ("pasted", "error"),
    [
        ("for _ in range(1):\n    pass\nprint()\n", "SyntaxError"),
        ("if True:\n    a = 1\n\n    b = 2\n", "IndentationError"),
    ],
)
def test_what_only_a_file_can_hold_is_noticed(pasted: str, error: str) -> None:
    with pytest.raises(AssertionError, match=error):
        Prompt({}).paste(Block("page", 1, "python", pasted))


def test_a_value_that_a_session_echoes_is_part_of_what_it_prints() -> None:
    assert Prompt({}).paste(Block("page", 1, "python", "1 + 1\n")) == "2\n"
