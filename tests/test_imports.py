"""The layers of the library: which file may import which, and what `import sse_stream` loads."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sse_stream

PACKAGE = Path(sse_stream.__file__).parent

# From the bottom up: what a folder, or a file beside them, may import besides its own.
FLOORS: dict[str, set[str]] = {
    "_errors": set(),
    "_version": set(),
    "_json": {"_errors"},
    "_sse": {"_errors", "_json"},
    "_chat": {"_errors", "_json", "_sse"},
    "dialects": {"_errors", "_json", "_sse", "_chat"},
    "_decoding": {"_errors", "_json", "_sse", "_chat", "dialects"},
    "_sources": {"_errors"},
    "_streams": {"_errors", "_json", "_sse", "_chat", "dialects", "_decoding", "_sources"},
    "testing": {"_errors", "_json", "_sse", "_chat", "dialects", "_decoding", "_sources", "_streams"},
    "checks": {"_errors", "_json", "_sse", "_chat", "dialects", "_decoding", "_sources", "_streams"},
    "otel": {"_errors", "_version", "_json", "_sse", "_chat", "dialects", "_decoding", "_sources", "_streams"},
    "_cli": {
        "checks",
        "_errors",
        "_version",
        "_json",
        "_sse",
        "_chat",
        "dialects",
        "_decoding",
        "_sources",
        "_streams",
        "testing",
    },
    "__main__": {"_cli"},
}


def floor_of(module: str) -> str:
    """`_chat` for `sse_stream._chat._chunks`, `dialects` for whatever is in it."""
    return [*module.split("."), ""][1]


def imports(path: Path) -> Iterator[str]:
    """The modules of this library that a file imports when it runs, by their full names."""
    inside = path.relative_to(PACKAGE.parent).with_suffix("").parts
    for node in running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = [*inside[: len(inside) - node.level]] if node.level else []
            module = ".".join([*base, *((node.module or "").split(".") if node.module else [])])
            if module == "sse_stream":
                yield from (f"sse_stream.{name.name}" for name in node.names)
            else:
                yield module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING`, which are for types only."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            for other in child.orelse:
                yield from running(other)
        else:
            yield from running(child)


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_what_is_below_it(path: Path) -> None:
    floor = path.relative_to(PACKAGE).with_suffix("").parts[0]
    assert floor in FLOORS, f"{floor} is no floor: say in FLOORS what it may import"
    allowed = FLOORS[floor] | {floor}
    for module in imports(path):
        if module.split(".")[0] == "sse_stream":
            assert floor_of(module) in allowed, f"{floor} may not import {module}"


def test_the_floors_have_an_order() -> None:
    """Without which two folders could import each other and each be allowed to."""
    names = list(FLOORS)
    for place, below in enumerate(FLOORS.values()):
        assert below <= set(names[:place])


def test_no_file_imports_itself_by_way_of_others() -> None:
    files = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in FILES}
    graph = {module: {one for one in imports(path) if one in files} for module, path in files.items()}
    assert tuple(TopologicalSorter(graph).static_order())


def test_imports_are_found() -> None:
    """Without which the rows above would check nothing."""
    found = {str(path.relative_to(PACKAGE)): set(imports(path)) for path in FILES}
    assert {"sse_stream._errors", "sse_stream.dialects"} <= found[str(Path("_decoding", "_decoder.py"))]
    assert "sse_stream._chat._completion" not in found["_errors.py"]


def test_importing_the_library_imports_no_client_and_no_event_loop() -> None:
    unwanted = {
        "aiohttp",
        "anyio",
        "asyncio",
        "http",
        "httpcore",
        "httpx",
        "httpx2",
        "hypothesis",
        "niquests",
        "openai",
        "opentelemetry",
        "pydantic",
        "requests",
        "socket",
        "ssl",
        "trio",
        "urllib3",
    }
    program = "import sys; before = set(sys.modules); import sse_stream; print(*(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    loaded = {module.split(".")[0] for module in done.stdout.split()}
    assert "sse_stream" in loaded
    assert loaded & unwanted == set()


def test_public_names_are_sorted_and_there() -> None:
    assert sse_stream.__all__ == sorted(set(sse_stream.__all__))
    assert all(hasattr(sse_stream, name) for name in sse_stream.__all__)
