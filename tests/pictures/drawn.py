"""All pictures that say the same whenever they are drawn, by the name of their file."""

from __future__ import annotations

from pathlib import Path

from . import charts, diagrams

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def pictures() -> dict[str, str]:
    """The text of each file, by its name."""
    return {
        "pipeline": diagrams.pipeline(),
        "endings": diagrams.endings(),
        "parts": diagrams.parts(),
        "performance-pipeline": charts.pipeline(),
        "performance-events": charts.events(),
        "performance-partial": charts.partial(),
        "performance-loopback": charts.loopback(),
    }
