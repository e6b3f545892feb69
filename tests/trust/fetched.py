"""Dependencies of the tests under Node that the project does not install: npm packages and wheels for Pyodide.

Each is downloaded once, with its registry's own client, into a folder in the system's temporary directory, and reused
from there. Tests are skipped if a download fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

_MINUTES = 2


def node() -> str:
    """Node's command, 20 or newer; the test is skipped where there is none."""
    command = shutil.which("node")
    if command is None:
        pytest.skip("there is no Node on this machine")
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if not said.startswith("v") or int(said[1:].partition(".")[0]) < 20:
        pytest.skip(f"Node is {said or 'broken'}, and 20 is needed")
    return command


def npm_package(name: str, version: str) -> Path:
    """The folder of an installed package of npm, with those that it needs beside it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm on this machine")

    def install(folder: Path) -> None:
        _run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"{name}@{version}"])

    return _fetched(f"{name}-{version}", install) / "node_modules" / name


def wheel(name: str, version: str, python: str, platform: str) -> Path:
    """The folder that a wheel for another platform unpacks to."""

    def download(folder: Path) -> None:
        target = ["--platform", platform, "--python-version", python, "--implementation", "cp", "--abi", f"cp{python}"]
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *target]
        _run([*pip, "--dest", str(folder), f"{name}=={version}"])
        for archive in folder.glob("*.whl"):
            with zipfile.ZipFile(archive) as unpacked:
                unpacked.extractall(folder)
            archive.unlink()

    return _fetched(f"{name}-{version}-{python}-{platform}", download)


def _fetched(name: str, fetch: Callable[[Path], None]) -> Path:
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    kept = Path(tempfile.gettempdir()) / f"sse-stream-tests-{owner}"
    kept.mkdir(mode=0o700, exist_ok=True)
    folder = kept / name
    if folder.exists():
        return folder
    # Fetched beside its place and moved there whole: another process may be doing the same.
    with tempfile.TemporaryDirectory(dir=kept, ignore_cleanup_errors=True) as parent:
        fresh = Path(parent) / name
        fresh.mkdir()
        fetch(fresh)
        try:
            fresh.rename(folder)
        except OSError:
            assert folder.exists(), f"{folder} could neither be made nor found"
    return folder


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_MINUTES * 60)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{command[0]} took more than {_MINUTES} minutes")
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        pytest.skip(f"{' '.join(command[:4])} … failed: {' '.join(said)}")
