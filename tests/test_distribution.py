"""What is distributed: the source distribution is the whole repository, and the metadata say what is so."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
METADATA = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


# What runs of the tests leave behind in an unpacked source distribution, where no git tells it apart.
LEFT_BEHIND = re.compile(r"(^|/)(\.venv[^/]*|__pycache__|\.hypothesis|\.\w+_cache|dist|site)/|^PKG-INFO$")


def files_of_the_tree() -> set[str]:
    if not (ROOT / ".git").exists():
        names = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file()}
        return {name for name in names if not LEFT_BEHIND.search(name)}
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


@pytest.mark.skipif(not (ROOT / "sse_stream").exists(), reason="these tests stand beside an installed package")
def test_the_source_distribution_is_the_whole_repository(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        packed = {name.partition("/")[2] for name in opened.getnames()}
    assert packed - {"PKG-INFO"} == files_of_the_tree()
    assert {".ci/run", ".ci/full", "README.md", "LICENSE", "SECURITY.md", "tests/test_distribution.py"} <= packed


def test_each_python_from_the_oldest_that_is_supported_on_is_named() -> None:
    minors = [
        int(minor)
        for minor in re.findall(
            r"^Programming Language :: Python :: 3\.(\d+)$", "\n".join(METADATA["classifiers"]), re.MULTILINE
        )
    ]
    assert METADATA["requires-python"] == f">=3.{minors[0]}"
    assert minors == list(range(minors[0], minors[-1] + 1))


def test_the_license_is_an_expression() -> None:
    assert METADATA["license"] == "MIT"
    assert [(ROOT / name).exists() for name in METADATA["license-files"]] == [True]
    assert not [classifier for classifier in METADATA["classifiers"] if classifier.startswith("License ::")]
