"""The picture of a terminal that shows what `sse-stream demo` prints."""

from __future__ import annotations

import os
import subprocess
import sys
from html import escape
from pathlib import Path

import sse_stream

from .svg import MONO

COMMAND = "sse-stream demo"
_COLUMNS = 88
_LINE, _LEFT, _TOP, _WIDTH = 19, 20, 62, 728


def demo_output() -> str:
    """What the demo prints, to a reader of both of its outputs."""
    root = str(Path(sse_stream.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "NO_COLOR": "1", "COLUMNS": "78"}
    ran = subprocess.run(
        [sys.executable, "-m", *COMMAND.replace("-", "_").split()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    return ran.stdout.decode()


def demo(output: str) -> str:
    """A terminal with the demo's output; a terminal is dark in either scheme.

    Args:
        output: What the demo printed.
    """
    lines = [
        line[start : start + _COLUMNS]
        for line in output.rstrip().splitlines()
        for start in range(0, max(len(line), 1), _COLUMNS)
    ]
    height = _TOP + _LINE * (len(lines) + 1)
    shown = [f'<tspan class="p">$</tspan> {COMMAND}', *map(escape, lines)]
    texts = (
        f'<text x="{_LEFT}" y="{_TOP + _LINE * number}" xml:space="preserve">{line}</text>'
        for number, line in enumerate(shown)
        if line
    )
    dots = "".join(
        f'<circle cx="{24 + 20 * number}" cy="20" r="6" fill="{color}"/>'
        for number, color in enumerate(("#ff6b60", "#f5bd3d", "#58c04f"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}"'
        f' viewBox="0 0 {_WIDTH} {height}" role="img">\n'
        f"<title>A terminal with the output of {COMMAND}</title>\n"
        f"<style>text{{font:13px/1 {MONO};fill:#d7dce5}}.p{{fill:#58c04f}}</style>\n"
        f'<rect width="{_WIDTH}" height="{height}" rx="10" fill="#171b24"/>\n{dots}\n' + "\n".join(texts) + "\n</svg>\n"
    )
