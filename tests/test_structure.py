"""The structure of the code: files of limited length, and no duplicated code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import sse_stream

PACKAGE = Path(sse_stream.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

MOST_LINES = 300
A_SCREEN = 60
RUN = 6

# The floors through which every byte of a stream goes.
HOT = ("_sse", "_decoding", "_chat", "dialects")


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_no_longer_than_what_can_be_read_in_one_go(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES


# Functions.


@dataclass(frozen=True)
class Function:
    """A function, and what it does.

    Attributes:
        name: Its file, its class, its name.
        is_async: Whether it is for async code only: by `async def`, or as one of a class that is.
        lines: Its lines, without its docstring, comments, blank lines and the functions in it; `await` and `async`
            are left out, as they are all in which a copy for the other side must differ.
    """

    name: str
    is_async: bool
    lines: tuple[str, ...]


FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    source = path.read_text(encoding="utf-8")
    yield from _functions(ast.parse(source), source.splitlines(), name_of(path), is_async=False)


def _functions(node: ast.AST, source: list[str], where: str, *, is_async: bool) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            own = is_async or child.name.lstrip("_").startswith("Async")
            yield from _functions(child, source, f"{where}: {child.name}", is_async=own)
        elif isinstance(child, FunctionNode):
            own = is_async or isinstance(child, ast.AsyncFunctionDef)
            yield Function(f"{where}: {child.name}", own, tuple(_lines(child, source)))
            yield from _functions(child, source, f"{where}: {child.name}", is_async=own)
        else:
            yield from _functions(child, source, where, is_async=is_async)


def _lines(function: FunctionNode, source: list[str]) -> Iterator[str]:
    inner = [node for node in ast.walk(function) if isinstance(node, FunctionNode) and node is not function]
    left_out = {line for node in inner for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        left_out.update(range(first.lineno, (first.end_lineno or 0) + 1))
    for number in range(function.lineno, (function.end_lineno or 0) + 1):
        line = source[number - 1].partition("  # ")[0].strip()
        if line and not line.startswith("#") and number not in left_out:
            yield line.replace("await ", "").replace("async ", "")


def runs(function: Function) -> Iterator[tuple[str, ...]]:
    for begin in range(len(function.lines) - RUN + 1):
        yield function.lines[begin : begin + RUN]


def test_nothing_is_written_once_for_sync_and_once_for_async_code() -> None:
    every = [function for path in FILES for function in functions(path)]
    of_sync = {run: function.name for function in every if not function.is_async for run in runs(function)}
    of_async = [(run, function.name) for function in every if function.is_async for run in runs(function)]
    assert len(of_sync) > 1_000
    assert of_async
    twice = [f"{of_sync[run]} and {name}: {run[0]}" for run, name in of_async if run in of_sync]
    assert not twice, "\n".join(twice)


COPIES = '''
def read(self):
    """Read."""
    data = self.take(1)  # a comment
    def inner():
        pass
    return data

class AsyncOne:
    async def read(self):
        # A reason.
        data = await self.take(1)

        return data

    def read_more(self):
        return 1
'''


def test_copies_are_found() -> None:
    """Without which the test before would find nothing."""
    found = list(_functions(ast.parse(COPIES), COPIES.splitlines(), "file", is_async=False))
    assert [(function.name, function.is_async) for function in found] == [
        ("file: read", False),
        ("file: read: inner", False),
        ("file: AsyncOne: read", True),
        ("file: AsyncOne: read_more", True),
    ]
    assert found[0].lines == found[2].lines == ("def read(self):", "data = self.take(1)", "return data")


@pytest.mark.parametrize("path", [path for path in FILES if name_of(path).split("/")[0] in HOT], ids=name_of)
def test_a_function_that_every_byte_goes_through_fits_a_screen(path: Path) -> None:
    assert [function.name for function in functions(path) if len(function.lines) > A_SCREEN] == []


# The bytes of an event stream.


def test_one_file_knows_what_a_data_line_looks_like() -> None:
    knowing = []
    for path in FILES:
        if name_of(path).split("/")[0] in ("testing", "_cli"):
            continue
        constants = (
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
        )
        if any(isinstance(constant.value, bytes) and b"data: " in constant.value for constant in constants):
            knowing.append(name_of(path))
    assert len(knowing) == 1, knowing
