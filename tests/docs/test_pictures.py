"""The pictures in the repository are up to date with `python -m tests.pictures`, and all are used."""

from __future__ import annotations

import re

import pytest

from ..pictures.drawn import FOLDER, pictures
from ..pictures.svg import Canvas
from ..pictures.terminal import demo, demo_output
from .pages import ROOT, pages

DRAWN = pictures()
COMMAND = "python -m tests.pictures"


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_current(name: str) -> None:
    assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == DRAWN[name], f"run `{COMMAND}`"


def test_the_terminal_shows_what_the_demo_prints() -> None:
    def without_times(picture: str) -> str:
        return re.sub(r"\d+\.\d+", "0.0", picture)

    shown = (FOLDER / "demo.svg").read_text(encoding="utf-8")
    assert without_times(shown) == without_times(demo(demo_output())), f"run `{COMMAND}`"


def test_each_picture_is_shown_with_its_meaning_in_words() -> None:
    if not (ROOT / "README.md").exists():
        pytest.skip("the tests run apart from the repository")
    images = [
        match
        for page in [*pages(), ROOT / "README.md"]
        for match in re.finditer(r"!\[(?P<words>[^\]]*)\]\([./a-z]*pictures/(?P<file>[\w-]+)\.svg\)", page.read_text())
    ]
    assert {match["file"] for match in images} == {path.stem for path in FOLDER.iterdir()} == {*DRAWN, "demo"}
    assert all(match["words"] for match in images)


def test_text_that_reaches_over_the_edge_is_refused() -> None:
    canvas = Canvas(100, "a narrow card")
    canvas.text(50, 20, "narrow", anchor="middle")
    with pytest.raises(ValueError, match="reaches from"):
        canvas.text(50, 20, "wider than the card", anchor="middle")
