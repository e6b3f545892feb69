"""Word wrapping for terminals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream._cli._wrapping import WordWrap, columns, terminal_size, wrapped


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("one two three", ["one two", "three"], id="between words"),
        pytest.param("one  two", ["one  two"], id="spaces are kept"),
        pytest.param("exactly8 x", ["exactly8", "x"], id="a word that fills the line"),
        pytest.param("abcdefghijkl m", ["abcdefgh", "ijkl m"], id="a word that is too long"),
        pytest.param("a abcdefghijkl", ["a", "abcdefgh", "ijkl"], id="a long word begins a line"),
        pytest.param("a\n\n  b", ["a", "", "  b"], id="lines of the text, and how they are indented"),
        pytest.param("ab   \ncd", ["ab", "cd"], id="spaces before a line's end"),
        pytest.param("日本語の文", ["日本語の", "文"], id="wide characters take two columns, and break anywhere"),
        pytest.param("ab日本語", ["ab日本語"], id="wide ones beside narrow ones"),
        pytest.param(
            "e\u0301e\u0301e\u0301e\u0301 e\u0301e\u0301e\u0301",
            ["e\u0301" * 4 + " " + "e\u0301" * 3],
            id="accents take none",
        ),
        pytest.param("", [""], id="nothing"),
    ],
)
def test_a_line_is_broken(text: str, lines: list[str]) -> None:
    assert wrapped(text, 8).split("\n") == lines


def test_lines_are_indented_the_first_one_in_a_way_of_its_own() -> None:
    assert wrapped("one two three\nfour", 8, indent="  ") == "  one\n  two\n  three\n  four"
    assert wrapped("one two three", 8, indent="    ", first="n = ") == "n = one\n    two\n    thre\n    e"


TEXTS = st.text(st.sampled_from("ab c\n日é\u0301👋"))


@given(TEXTS, st.integers(4, 12), st.sampled_from(["", "  "]))
def test_no_line_is_wider_and_nothing_but_space_is_lost(text: str, width: int, indent: str) -> None:
    result = wrapped(text, width, indent=indent)
    assert all(columns(line) <= width for line in result.split("\n"))
    assert "".join(result.split()) == "".join(text.split())


@given(st.lists(TEXTS), st.integers(4, 12))
def test_pieces_make_no_difference(pieces: list[str], width: int) -> None:
    wrap = WordWrap(width, indent=" ")
    written = [wrap.add(piece) for piece in pieces]
    assert "".join([*written, wrap.end()]) == wrapped("".join(pieces), width, indent=" ")


def test_a_terminal_that_does_not_tell_its_size_has_80_columns() -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        assert terminal_size(nothing) == (80, 24)
