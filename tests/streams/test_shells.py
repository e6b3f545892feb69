"""The sync and async streams stay thin, and cost nothing until one is created."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import sse_stream

PACKAGE = Path(sse_stream.__file__).parent
FLOORS = ("_sources", "_streams")


def definitions() -> Iterator[tuple[str, list[str]]]:
    """Each class and each function of the two floors: its name, and its lines, blank ones and indentation aside."""
    for path in (path for floor in FLOORS for path in sorted((PACKAGE / floor).glob("*.py"))):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                source = ast.get_source_segment(text, node) or ""
                yield f"{path.stem}.{node.name}", [line.strip() for line in source.splitlines() if line.strip()]


def runs(lines: list[str]) -> set[tuple[str, ...]]:
    """Every six lines that follow one another."""
    return {tuple(lines[at : at + 6]) for at in range(len(lines) - 5)}


def test_no_two_definitions_share_a_run_of_six_lines() -> None:
    found = {name: runs(lines) for name, lines in definitions()}
    assert {"_sync.ChatStream", "_async.AsyncChatStream", "_sse.iter_sse", "_open.open_source"} <= set(found)
    shared = {(one, other): found[one] & found[other] for one, other in itertools.combinations(found, 2)}
    assert {names: lines for names, lines in shared.items() if lines} == {}


def test_no_file_is_long() -> None:
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for floor in FLOORS
        for path in (PACKAGE / floor).glob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_importing_the_library_imports_no_client_no_event_loop_and_no_threads() -> None:
    code = (
        "import sys, msgspec; before = set(sys.modules); import sse_stream;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    imported = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "sse_stream" in imported
    heavy = {"asyncio", "threading", "inspect", "socket", "ssl", "http", "urllib", "email", "concurrent", "dataclasses"}
    clients = {"httpx", "httpx2", "requests", "urllib3", "aiohttp", "niquests", "trio", "anyio"}
    assert set(imported) & (heavy | clients) == set()
