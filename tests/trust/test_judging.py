"""Judging mutants, in a minimal project."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import judging
from .judging import Judge, Result, covering_tests
from .mutants import Mutant, mutants

MODULE = """\
LIMIT = 3

def at_most(value):
    if value > LIMIT:
        return LIMIT
    return value

def _twice(function):
    def twice(value):
        return function(function(value))
    return twice

@_twice
def more(value):
    return value + 1

def unasked():
    return 1

def down(count):
    while count:
        count -= 1
    return count
"""

TESTS = """\
from sse_stream.small import at_most, down, more, unasked

def test_at_most():
    assert [at_most(value) for value in (1, 2, 3, 4)] == [1, 2, 3, 3]

def test_more():
    assert more(1) == 3

def test_unasked():
    unasked()

def test_down():
    assert down(5) == 0
"""

AT_MOST, MORE, DOWN = (f"tests/test_small.py::test_{name}" for name in ("at_most", "more", "down"))

EXPECTED: dict[tuple[int, str], Result] = {
    (1, "4"): ("killed", AT_MOST),
    (1, "2"): ("killed", AT_MOST),
    (4, "(value >= LIMIT)"): ("survived", None),
    (4, "(value <= LIMIT)"): ("killed", AT_MOST),
    (5, "return None"): ("killed", AT_MOST),
    (6, "return None"): ("killed", AT_MOST),
    (10, "return None"): ("killed", MORE),
    (15, "return None"): ("killed", MORE),
    (15, "(value - 1)"): ("killed", MORE),
    (15, "2"): ("killed", MORE),
    (18, "return None"): ("survived", None),
    (18, "2"): ("survived", None),
    (21, "(not (count))"): ("killed", DOWN),
    (22, "pass"): ("timeout", None),
    (23, "return None"): ("killed", DOWN),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(judging, "PATIENCE", 0.5)
    for name, text in {
        "sse_stream/__init__.py": "",
        "sse_stream/small.py": MODULE,
        "tests/__init__.py": "",
        "tests/conftest.py": "import gc\nimport sse_stream.small\n\ndef pytest_collection_finish():\n    gc.freeze()\n",
        "tests/test_small.py": TESTS,
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = ['--import-mode=importlib', '-p', 'no:cacheprovider']\n",
    }.items():
        file = tmp_path / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    frozen = gc.get_freeze_count()
    yield tmp_path / "project"
    if not frozen:
        gc.unfreeze()


def found() -> list[Mutant]:
    """The mutants whose fates are written above."""
    return [mutant for mutant in mutants("small", MODULE) if (mutant.line, mutant.new) in EXPECTED]


@pytest.mark.slow
def test_what_becomes_of_each_mutant(project: Path, tmp_path: Path) -> None:
    judge = Judge(project, tmp_path / "copies", jobs=2)
    results = judge.results(found(), ["tests/test_small.py"])
    assert {(mutant.line, mutant.new): result for mutant, result in zip(found(), results, strict=True)} == EXPECTED


@pytest.mark.slow
def test_only_what_runs_at_import_is_imported_anew(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "_test_anew", lambda copy, measured, budget: ("survived", "imported"))
    results = Judge(project, tmp_path / "copies").results(found(), ["tests/test_small.py"])
    imported = {mutant.line for mutant, (_, test) in zip(found(), results, strict=True) if test == "imported"}
    assert imported == {1, 10}


@pytest.mark.slow
def test_it_is_the_same_where_the_module_is_imported_anew(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "covering_tests", lambda source, found, runs: [None for _ in found])
    judge = Judge(project, tmp_path / "copies")
    results = judge.results(found(), ["tests/test_small.py"])
    assert {(mutant.line, mutant.new): result for mutant, result in zip(found(), results, strict=True)} == EXPECTED


@pytest.mark.parametrize(("budget", "names"), [(math.inf, "abc"), (6, "abc"), (5.9, "ab"), (3, "ab"), (0, "a")])
def test_the_first_tests_are_run_that_the_budget_is_enough_for(tmp_path: Path, budget: float, names: str) -> None:
    seconds = {"a": 1.0, "b": 2.0, "c": 3.0}
    assert judging.Limited(tmp_path, seconds, budget).affordable("abc") == [*names]


@pytest.mark.slow
def test_tests_that_fail_already_say_nothing(project: Path, tmp_path: Path) -> None:
    with (project / "tests" / "test_small.py").open("a") as file:
        file.write("\ndef test_that_fails():\n    assert at_most(5) == 5\n")
    judge = Judge(project, tmp_path / "copies")
    with pytest.raises(RuntimeError, match=r"test_small.py fails before anything is changed: (?s:.*)test_that_fails"):
        judge.results(found(), ["tests/test_small.py"])


@pytest.mark.slow
def test_the_project_stays_as_it_is(project: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in project.rglob("*") if file.is_file()}
    Judge(project, tmp_path / "copies").results(found()[:4], ["tests/test_small.py"])
    assert {file: file.read_bytes() for file in project.rglob("*") if file.is_file()} == before


SOURCE = '''\
class Class:
    value = 1

    def method(
        self,
        value=1,
    ):
        """Text."""
        match value:
            case 1 if self.value > 2:
                return [
                    0,
                    1,
                ]
        if value and (
            self.value
        ):
            value += 1
        return value

def imported():
    return 1
'''


@pytest.mark.parametrize(
    ("line", "tests"),
    [
        (2, None),  # a class runs with the import
        (6, None),  # and so do defaults
        (10, {"a", "b"}),  # a guard belongs to its `match`, and whoever runs that may run it
        (12, {"a"}),  # a statement has many lines, and a line may be of several
        (16, {"b", "c"}),
        (18, {"a", "b", "c"}),  # nobody runs it: whoever runs its function
        (19, {"c"}),
        (22, None),  # the import calls this function
    ],
)
def test_the_tests_of_a_line(line: int, tests: set[str] | None) -> None:
    runs = {1: {""}, 2: {""}, 4: {""}, 9: {"a", "b"}, 11: {"a"}, 15: {"b"}, 16: {"c"}, 19: {"c"}, 22: {""}}
    mutant = Mutant("class", line, "", "", "", "")
    assert list(covering_tests(SOURCE, [mutant], runs)) == [tests]
