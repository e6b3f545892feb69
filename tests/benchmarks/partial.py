"""Compare the cost of following JSON while it is written with that of parsing all of it again after each delta.

    python -m tests.benchmarks.partial [--rounds N] [--quick]

The texts are a Python file as a tool call's argument, and records. They arrive
in deltas of five characters, and after each delta every contender must know all
that has arrived. This library is fed every delta; the peers parse the text so
far, which is timed at prefixes spread evenly over the text, because all
prefixes would take minutes. CPU time, medians over rounds in which all take
turns. All results are compared with `json.loads` of the whole text.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, TypeAlias

import msgspec

from sse_stream import PartialJSON

from .pipeline import Goal
from .sse import print_table

DELTA = 5
SIZES = (10_000, 100_000, 400_000)
CODE = Path(__file__).read_text(encoding="utf-8")

Reparse: TypeAlias = Callable[[str], Any]
"""Parses a JSON text that may be cut off."""


@dataclass(frozen=True)
class Text:
    """A JSON text, and how it comes.

    Attributes:
        name: What it is.
        text: All of it.
        deltas: The same, cut.
    """

    name: str
    text: str
    deltas: list[str]


@dataclass(frozen=True)
class Cost:
    """What a text costs, in seconds.

    Attributes:
        delta: One delta, ours.
        peers: One delta, for each peer that there is.
        once: One decode of the whole with msgspec.
        whole: The whole, ours, with one feed for each delta.
    """

    delta: float
    peers: Mapping[str, float]
    once: float
    whole: float


def cut(name: str, text: str) -> Text:
    return Text(name, text, [text[at : at + DELTA] for at in range(0, len(text), DELTA)])


def code(size: int) -> Text:
    """A tool call that writes a file."""
    content = (CODE * (size // len(CODE) + 1))[:size]
    return cut("a file of code", json.dumps({"path": "tests/partial.py", "content": content}))


def records(size: int) -> Text:
    """Rows of a table: short strings, numbers, words, brackets."""
    rows = [
        {
            "id": number,
            "name": f"Item {number}",
            "description": "Sturdy, washable, and made to last",
            "price": number * 1.25,
            "tags": ["new", "sale"],
            "stock": {"here": number % 7, "elsewhere": None},
            "available": number % 2 == 0,
        }
        for number in range(size // 190 + 1)
    ]
    return cut("records", json.dumps({"rows": rows}))


def peers() -> dict[str, Reparse]:
    """Who parses all of it again, of those that are installed."""
    found: dict[str, Reparse] = {}
    if importlib.util.find_spec("jiter"):
        import jiter

        found["jiter"] = lambda text: jiter.from_json(text.encode(), partial_mode="trailing-strings")
    if importlib.util.find_spec("partial_json_parser"):
        import partial_json_parser

        found["partial-json-parser"] = partial_json_parser.loads
    return found


def ours(text: Text) -> float:
    """The seconds of one run."""
    gc.collect()
    gc.disable()
    try:
        parser = PartialJSON()
        feed = parser.feed
        begin = process_time()
        for delta in text.deltas:
            feed(delta)
        seconds = process_time() - begin
    finally:
        gc.enable()
    if not parser.complete or parser.value != json.loads(text.text):
        raise SystemExit(f"{text.name} was read wrong")
    return seconds


def reparsing(parse: Reparse, text: Text, samples: int) -> float:
    """The seconds of one delta, on average: a parse of what there is at so many places."""
    if parse(text.text) != json.loads(text.text):
        raise SystemExit(f"{text.name} was read wrong by a peer")
    prefixes = [text.text[: len(text.text) * (2 * sample + 1) // (2 * samples)] for sample in range(samples)]
    begin = process_time()
    for prefix in prefixes:
        parse(prefix)
    return (process_time() - begin) / samples


def decoding(text: Text) -> float:
    """The seconds of one decode of the whole."""
    data = text.text.encode()
    times = max(1, 400_000 // len(data))
    begin = process_time()
    for _ in range(times):
        msgspec.json.decode(data)
    return (process_time() - begin) / times


def measured(text: Text, among: Mapping[str, Reparse], rounds: int, samples: int = 8) -> Cost:
    """The medians over some rounds."""
    own: list[float] = []
    once: list[float] = []
    others: dict[str, list[float]] = {name: [] for name in among}
    for _ in range(rounds):
        own.append(ours(text))
        once.append(decoding(text))
        for name, parse in among.items():
            others[name].append(reparsing(parse, text, samples))
    whole = median(own)
    return Cost(
        delta=whole / len(text.deltas),
        peers={name: median(times) for name, times in others.items()},
        once=median(once),
        whole=whole,
    )


def goals(costs: Mapping[str, Mapping[int, Cost]]) -> list[Goal]:
    """What the design promises, by text and size, and what this run says about it."""
    found = []
    for name, bound in (("a file of code", 1), ("records", 3)):
        by_size = costs[name]
        worst = max(cost.delta for cost in by_size.values())
        found.append(Goal(f"{name}: µs per delta, the worst size", bound, worst * 1e6, at_least=False))
        small, *_, large = by_size.values()
        found.append(
            Goal(
                f"{name}: a delta at the largest size, over the smallest",
                1.25,
                large.delta / small.delta,
                at_least=False,
            )
        )
        middle = by_size[sorted(by_size)[len(by_size) // 2]]
        jiter = middle.peers.get("jiter")
        found.append(
            Goal(f"{name}: jiter takes so many times as long, middle size", 50, jiter and jiter / middle.delta)
        )
    return found


def growth(make: Callable[[int], Text], size: int, rounds: int) -> float:
    """How much longer twice the text takes."""
    pairs = [(ours(make(size)), ours(make(2 * size))) for _ in range(rounds)]
    return median(large for _, large in pairs) / median(small for small, _ in pairs)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.partial",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="runs of each (default: 5)")
    parser.add_argument("--quick", action="store_true", help="use a tenth of each text")
    options = parser.parse_args(arguments)
    rounds = max(1, options.rounds)
    sizes = [size // 10 for size in SIZES] if options.quick else list(SIZES)
    among = peers()
    names = ["jiter", "partial-json-parser"]
    table = [["", "µs per delta", *names, "all deltas", "msgspec, once"]]
    costs: dict[str, dict[int, Cost]] = {}
    for make in (code, records):
        for size in sizes:
            text = make(size)
            cost = measured(text, among, rounds)
            costs.setdefault(text.name, {})[size] = cost
            others = [f"{cost.peers[name] / cost.delta:,.0f}×" if name in among else "absent" for name in names]
            total = [f"{cost.whole * 1e3:.1f} ms", f"{cost.once * 1e3:.2f} ms"]
            table.append([f"{text.name}, {size / 1000:g} KB", f"{cost.delta * 1e6:.2f}", *others, *total])
    print_table(table)
    print()
    reached = goals(costs)
    for make in (code, records):
        found = growth(make, sizes[1], rounds)
        reached.append(Goal(f"{make(1).name}: time, twice the text", 2.2, found, at_least=False))
    print_table([["goal", "", "measured", ""], *(goal.cells() for goal in reached)])


if __name__ == "__main__":
    main(sys.argv[1:])
