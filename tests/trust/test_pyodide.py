"""The library under Pyodide (Python for browsers), run by Node.

Pyodide comes from npm, and msgspec and Hypothesis from PyPI, as wheels built for it. Pyodide includes its own Python,
so one version of Python outside is enough.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sse_stream
from sse_stream.testing import EndAt, ReplayServer, Reply, Request, Reset, Stall

from .fetched import node, npm_package, wheel

PYODIDE = "314.0.7"
PYTHON = "314"
PLATFORM = "pyemscripten_2026_0_wasm32"

TESTS = Path(__file__).resolve().parents[1]

# Tests of the core, which need no socket, no thread and no package that Pyodide has not.
CORE_TESTS = ["sse/test_decoder.py", "sse/test_event.py", "dialects/test_quirks.py"]

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="Pyodide has a Python of its own: running it once is enough"
)


def in_pyodide(source: str, workspace: Path, **folders: Path) -> str:
    """Run Python under Pyodide; what it prints. It has the package, the tests, and these folders by name."""
    package = npm_package("pyodide", PYODIDE)
    mounted = {
        "/site/sse_stream": Path(sse_stream.__file__).parent,
        "/project/tests": TESTS,
        "/wheels/msgspec": wheel("msgspec", "0.22.0", PYTHON, PLATFORM),
        **{f"/{name}": folder for name, folder in folders.items()},
    }
    plan = workspace / "plan.json"
    plan.write_text(
        json.dumps(
            {
                "folders": {inside: str(outside) for inside, outside in mounted.items()},
                "files": {
                    "/project/pyproject.toml": str(TESTS.parent / "pyproject.toml"),
                    **{f"/site/{path.name}": str(path) for path in single_modules("py", "_hypothesis_globals")},
                },
                "source": "import sys\nsys.dont_write_bytecode = True\n"
                "sys.path[:0] = ['/project', '/site', '/wheels/msgspec', '/wheels/hypothesis']\n" + source,
            }
        )
    )
    runner = Path(__file__).with_name("pyodide.mjs")
    done = subprocess.run(
        [node(), str(runner), str(package), str(plan)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def single_modules(*names: str) -> list[Path]:
    """The files of modules that are no packages, of those that are installed."""
    specs = filter(None, map(importlib.util.find_spec, names))
    return [Path(spec.origin) for spec in specs if spec.origin is not None and not spec.submodule_search_locations]


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


@pytest.mark.slow
def test_the_tests_of_the_core_pass(tmp_path: Path) -> None:
    needed = ["pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "sortedcontainers"]
    folders = {f"site/{name}": package_folder(name) for name in needed}
    folders["wheels/hypothesis"] = wheel("hypothesis", "6.170.15", PYTHON, PLATFORM)
    arguments = ["-q", "--no-header", "-p", "no:randomly", *(f"tests/{name}" for name in CORE_TESTS)]
    source = f"import os, pytest\nos.chdir('/project')\nint(pytest.main({arguments!r}))"
    said = in_pyodide(source, tmp_path, **folders)
    assert " passed" in said


TEXT = 'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'
FIRST = (TEXT % "Gr").encode()
BODY = (
    FIRST
    + (TEXT % "üße \U0001f600").encode()
    + (TEXT % "\u2028!").encode()
    + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
REPLIES = {
    "whole": Reply(BODY),
    "dripped": Reply(BODY, cut=1),
    "gzip": Reply(BODY, encoding="gzip"),
    "cut off": Reply(BODY, fault=EndAt(len(FIRST) + 20)),
    "reset": Reply(BODY, fault=Reset(len(FIRST))),
    "stalled": Reply(BODY, fault=Stall(len(FIRST))),
    "refused": Reply.error("slow down", status=429, headers={"Retry-After": "7"}),
}


def test_what_fetch_gives_is_a_source(tmp_path: Path) -> None:
    def answer(request: Request) -> Reply:
        name = request.headers["x-reply"]
        return REPLIES[name] if name in REPLIES else Reply(str(server.abandoned).encode())

    with ReplayServer(script=answer) as server:
        source = f"""
import json
from tests.trust.pyodide_fetch import SCENARIOS, failures
print(json.dumps([len(SCENARIOS), await failures({server.chat_url!r})]))
0
"""
        count, failed = json.loads(in_pyodide(source, tmp_path).splitlines()[-1])
    assert count == 13
    assert not failed, "\n".join(f"{name}:\n{trace}" for name, trace in failed.items())
