"""The bar charts, drawn from the tables of measured figures on the page about performance."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from .svg import Canvas

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
WIDTH = 520
_LABELS = 210  # the width of the column of names


class Bar(NamedTuple):
    """A bar: whose it is, how long, what stands at its end, and whether it is ours."""

    label: str
    value: float
    shown: str
    ours: bool = False


def table(section: str, row: str) -> dict[str, str]:
    """A row of the first table of a section of the page, its cells by their column.

    Args:
        section: The heading of the section.
        row: The first cell of the row.
    """
    _, _, below = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")
    found = re.search(r"^\| \| (.+) \|\n\|[-:|]+\|\n((?:\|.*\|\n)+)", below.partition("\n## ")[0], re.MULTILINE)
    if found is None:
        raise LookupError(f"{PAGE.name} has no section {section!r} with a table")
    columns = [cell.strip(" `") for cell in found[1].split("|")]
    for line in found[2].splitlines():
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if name == row:
            return dict(zip(columns, cells, strict=True))
    raise LookupError(f"{PAGE.name}, {section!r}: the table has no row {row!r}")


def number(cell: str) -> float:
    """The figure at the beginning of a cell."""
    found = re.match(r"[\d.,]+", cell)
    if found is None:
        raise ValueError(f"no figure in {cell!r}")
    return float(found[0].replace(",", ""))


def chart(title: str, subtitle: str, bars: list[Bar]) -> str:
    """A chart of horizontal bars, which all begin at zero."""
    canvas = Canvas(WIDTH, f"{title}: " + ", ".join(f"{bar.label} {bar.shown}" for bar in bars) + ".")
    canvas.text(20, 34, title, "t b")
    canvas.text(20, 54, subtitle, "m s")
    room = WIDTH - _LABELS - 84
    longest = max(bar.value for bar in bars)
    y = 72
    for bar in bars:
        length = max(2.0, room * bar.value / longest)
        style = "t b" if bar.ours else "t"
        canvas.text(_LABELS - 10, y + 17, bar.label, style, "end")
        canvas.bar(_LABELS, y + 3, length, 18, ours=bar.ours)
        canvas.text(_LABELS + length + 8, y + 17, bar.shown, style)
        y += 28
    return canvas.drawn(y + 14)


def _multiples(row: dict[str, str], ours: str, unit: str, names: dict[str, str], name: str = "sse_stream") -> list[Bar]:
    """Ours as one, and the others as multiples of it.

    Args:
        row: The row of a table.
        ours: The column that has our figure.
        unit: The unit of our figure.
        names: What each of the others is called in the chart, by its column.
        name: What ours is called.
    """
    bars = [Bar(name, 1.0, f"1 ({number(row[ours]):g} {unit})", ours=True)]
    bars += [Bar(other, number(row[column]), f"{number(row[column]):,g}×") for column, other in names.items()]
    return bars


def pipeline() -> str:
    """A chat stream from bytes to text, side by side with other clients."""
    names = {
        "Node": "eventsource-parser (JS)",
        "json.loads": "json.loads alone",
        "anthropic": "anthropic, by hand",
        "httpx-sse": "httpx-sse, by hand",
        "httpx2": "httpx2, by hand",
        "create": "openai create()",
        ".stream()": "openai .stream()",
    }
    return chart(
        "CPU time per chunk of a chat, plain text",
        "as a multiple of sse_stream; less is better",
        _multiples(table("The whole pipeline", "plain text"), "µs", "µs", names),
    )


def events() -> str:
    """Server-sent events alone, side by side with other decoders."""
    names = {
        "eventsource-parser (Node)": "eventsource-parser (JS)",
        "httpx-sse": "httpx-sse",
        "sseclient-py": "sseclient-py",
        "httpx2": "httpx2",
        "openai": "openai’s decoder",
    }
    return chart(
        "Time per server-sent event, one event per read",
        "as a multiple of sse_stream; less is better",
        _multiples(table("Server-sent events alone", "one event per read"), "sse_stream", "µs", names),
    )


def partial() -> str:
    """JSON that is read while it is generated, side by side with parsers of all that there is so far."""
    names = {"jiter": "jiter, from the start", "partial-json-parser": "partial-json-parser"}
    return chart(
        "CPU time per piece of a JSON text of 100 KB",
        "as a multiple of PartialJSON; less is better",
        _multiples(table("Partial JSON", "records, 100 KB"), "µs per delta", "µs", names, "PartialJSON"),
    )


def loopback() -> str:
    """What a client adds to the HTTP client under it."""
    row = table("Over loopback", "flowing, httpx, sync")
    bare, ours, openai = (number(cell) for cell in row.values())
    return chart(
        "CPU time per chunk over loopback, httpx, sync",
        "microseconds; the second and third come on top of the first",
        [
            Bar("httpx itself", bare, f"{bare:g} µs"),
            Bar("sse_stream adds", ours, f"{ours:g} µs", ours=True),
            Bar("openai create() adds", openai, f"{openai:g} µs"),
        ],
    )
