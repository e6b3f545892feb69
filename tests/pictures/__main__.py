"""Draws the pictures of the documentation: `python -m tests.pictures`.

They are SVG files in `docs/pictures`. Names come from the package, figures from the tables of the pages, and the
terminal shows what `sse-stream demo` prints, so a change to any of them makes a picture stale; `tests/docs/test_pictures.py`
notices.
"""

from __future__ import annotations

from .drawn import FOLDER, pictures
from .terminal import demo, demo_output

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, picture in {**pictures(), "demo": demo(demo_output())}.items():
        (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")
