"""Which file may know which: the layers of the library, and what importing it brings along."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sse_stream

PACKAGE = Path(sse_stream.__file__).parent

# From the bottom up: the files of a layer, and the layers that they may import besides their own.
LAYERS: dict[str, tuple[set[str], set[str]]] = {
    "errors": ({"_errors"}, set()),
    "version": ({"_version"}, set()),
    "depth": ({"_depth"}, set()),
    "anomalies": ({"_anomalies"}, {"errors"}),
    "limits": ({"_limits"}, set()),
    "sse": ({"_sse", "_server_sent_event"}, {"depth", "errors"}),
    "chunks": ({"_chunks", "_reading"}, {"depth"}),
    "events": ({"_events", "_completion", "_schema"}, {"depth", "errors", "chunks"}),
    "accumulator": (
        {"_accumulator", "_choice_state", "_merging", "_tool_calls", "_usage"},
        {"errors", "anomalies", "limits", "chunks", "events"},
    ),
    "dialects": ({"dialects"}, {"depth", "errors", "anomalies", "sse", "chunks"}),
    "decoder": (
        {"_decoder", "_endings", "_patterns", "_pipeline", "_repeats"},
        {"errors", "anomalies", "limits", "sse", "chunks", "events", "accumulator", "dialects"},
    ),
    "sources": ({"_sources", "_sync_sources", "_async_sources", "_opened"}, {"errors"}),
    "responses": ({"_responses"}, {"depth", "errors", "chunks", "dialects"}),
    "streams": (
        {"_streams", "_sse_streams", "_session", "_timings", "_concurrency", "_coalesce"},
        {"errors", "anomalies", "limits", "sse", "chunks", "events", "dialects", "decoder", "sources", "responses"},
    ),
    "testing": (
        {"testing"},
        {"errors", "anomalies", "limits", "sse", "chunks", "events", "accumulator", "dialects", "decoder", "streams"},
    ),
    "command line": (
        {"_cli", "_cli_commands", "_cli_demo", "_cli_endings", "_cli_output", "__main__"},
        {"version", "errors", "limits", "chunks", "events", "sse", "decoder", "streams", "testing"},
    ),
}
LAYER_OF = {file: layer for layer, (files, _) in LAYERS.items() for file in files}


def unit_of(module: str) -> str:
    """`_decoder` for `sse_stream._decoder`, `dialects` for whatever is in it."""
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
    unit = path.relative_to(PACKAGE).with_suffix("").parts[0]
    assert unit in LAYER_OF, f"{unit} belongs to no layer: say which in LAYERS"
    layer = LAYER_OF[unit]
    allowed = LAYERS[layer][1] | {layer}
    for module in imports(path):
        if module.split(".")[0] == "sse_stream":
            assert LAYER_OF.get(unit_of(module)) in allowed, f"{layer} may not import {module}"


def test_the_layers_have_an_order() -> None:
    """Without which two files could import each other and each be allowed to."""
    names = list(LAYERS)
    for place, (_, below) in enumerate(LAYERS.values()):
        assert below <= set(names[:place])


def test_imports_are_found() -> None:
    """Without which the rows above would check nothing."""
    found = {path.name: set(imports(path)) for path in FILES if path.parent == PACKAGE}
    assert {"sse_stream._errors", "sse_stream.dialects"} <= found["_decoder.py"]
    assert "sse_stream._completion" not in found["_errors.py"]


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
