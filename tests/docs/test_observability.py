"""The page about observability lists the names that are recorded."""

from __future__ import annotations

import re
from typing import get_args

from sse_stream.otel import Convention
from sse_stream.otel._conventions import metrics, names

from .pages import DOCS

PAGE = DOCS / "how-to" / "observability.md"
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)


def told(table: str) -> dict[str, list[set[str]]]:
    """The names in a table of the page, by its row, for each convention: an empty cell says that the last one holds."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n| {table} | ")[2].partition("\n\n")[0]
    head, _, *rows = text.splitlines()
    columns = {name: place for place, name in enumerate(head.strip("| ").split(" | "), start=1)}
    found: dict[str, list[set[str]]] = {}
    for row in (re.split(r" *\| *", line)[1:-1] for line in rows):
        held: set[str] = set()
        found[row[0]] = []
        for convention in CONVENTIONS:
            if convention in columns and row[columns[convention]]:
                held = set(re.findall(r"`([\w.]+)`", row[columns[convention]]))
            found[row[0]].append(held)
    assert len(rows) == len(found) > 1
    return found


def test_the_page_names_what_each_convention_names() -> None:
    elsewhere = {"error.type", "sse_stream.ending", "gen_ai.token.type", "gen_ai.token.modality"}
    for place, convention in enumerate(CONVENTIONS):
        of_spans = {name for row in told("attribute").values() for name in row[place]}
        assert of_spans == set(names(convention).values()) - elsewhere
        of_metrics = {name for row in told("metric").values() for name in row[place]}
        assert of_metrics == {metric.name for metric in metrics(convention).values()}
