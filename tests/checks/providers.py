"""The tables of `docs/explanation/providers.md`.

    python -m tests.checks.providers [--write]

Checks the recorded streams beside the project, and prints the tables; `--write` puts them into the page.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from sse_stream.checks import check
from sse_stream.checks._table import table

from ..conftest import CORPUS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "providers.md"
FORMATS = ("chat", "anthropic", "responses", "gemini")


def recorded(name: str) -> str:
    """The table of the recordings of a format; empty where there are none."""
    paths = sorted((CORPUS.parent / name).glob("*.sse"))
    return table((path.stem.partition("-")[0], check(path.read_bytes())) for path in paths) if paths else ""


def written(page: str) -> str:
    """The page with its tables made anew."""
    for name in FORMATS:
        place = re.compile(rf"(?<=<!-- {name} -->\n\n).*?(?=\n<!-- /{name} -->)", re.DOTALL)
        page = place.sub(lambda _, made=recorded(name): made + "\n", page)  # type: ignore[misc]  # mypy cannot infer it
    return page


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.checks.providers", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    if parser.parse_args().write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print("\n\n".join(map(recorded, FORMATS)))


if __name__ == "__main__":
    main()
