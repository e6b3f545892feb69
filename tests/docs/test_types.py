"""The documentation's code type-checks under mypy --strict and pyright; the blocks of a page form one module.

Each block keeps its line numbers, so that a checker's report names the line to change.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import ROOT, Block, blocks, name_of, pages

# A page begins with its title and an empty line, so a module has two lines for what comes before its code. A reader
# who tries one block after another defines `main` again: what it replaces is checked, and so is what replaces it.
PREPARED = """\
# mypy: disable-error-code="no-redef", allow-redefinition
import typing as _t; url = base_url = ""; headers: dict[str, str] = {}; payload: dict[str, _t.Any] = {}"""


def module(found: list[Block]) -> str:
    """The blocks as one module, each on its own lines."""
    lines = PREPARED.splitlines()
    for block in found:
        lines += [""] * (block.line - len(lines))
        lines += block.code.splitlines()
    return "\n".join(lines) + "\n"


def is_checked(block: Block) -> bool:
    return block.language == "python" and not block.markers.keys() & {"fragment", "untyped"}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A file for each page that has code, and one for each block that runs on its own: those of the README do."""
    folder = tmp_path_factory.mktemp("pages")
    found = []
    readme = ROOT / "README.md"
    for page in [*pages(), *([readme] if readme.exists() else [])]:
        checked = [block for block in blocks(page) if is_checked(block)]
        programs = [[block] for block in checked if "serves" in block.markers or page == readme]
        session = [block for block in checked if [block] not in programs]
        for number, part in enumerate([session, *programs]):
            if part:
                name = "".join(letter if letter.isalnum() else "_" for letter in name_of(page)[:-3])
                path = folder / f"{name}{number or ''}.py"
                path.write_text(module(part), encoding="utf-8")
                found.append(path)
    return found


CHECKERS = {
    "mypy": ["mypy", "--config-file", str(ROOT / "pyproject.toml")],
    "pyright": ["pyright", "--level", "error", "--pythonpath", sys.executable],
}


@pytest.mark.skipif(
    not os.environ.get("SSE_STREAM_TYPES"),
    reason="runs with the other type checks, as .ci/run does: SSE_STREAM_TYPES=1",
)
@pytest.mark.parametrize("checker", CHECKERS)
def test_code_type_checks(checker: str, modules: list[Path]) -> None:
    pytest.importorskip(checker)
    ran = subprocess.run(
        [sys.executable, "-m", *CHECKERS[checker], *map(str, modules)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout.replace(f"{modules[0].parent}{os.sep}", "") + ran.stderr
