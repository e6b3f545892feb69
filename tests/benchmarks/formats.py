"""Compare how fast streams of each wire format are read, in one run.

    python -m tests.benchmarks.formats [--rounds N] [--events N] [--only TEXT]

Every contender gets one event per read, from memory. Times are CPU times, medians over rounds in which the contenders
take turns. The first column is `ChatStream`, in microseconds per event; the others are multiples of it, except for
the floor, of which `ChatStream` takes the given multiple. A contender with a wrong result is shown as "wrong".
Compare the ratios: the absolute figures depend on the machine.

- `create` is the official SDK's, over a response that its own client made of the reads, as in `pipeline`.
- `json.loads` decodes the payloads one after another and discards them; so does the `floor`, a bare typed decode by
  msgspec.

The workloads of each format are in their own module, with the contenders that read it: `WORKLOADS` lists them.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from time import thread_time

from sse_stream import ChatStream, ReasoningDelta, TextDelta, ToolCallDelta

from . import anthropic_workloads, gemini_workloads, responses_workloads
from .format_workloads import FormatWorkload, Prepare, chat_workloads
from .sse import fresh_memory, print_table

WORKLOADS: tuple[Callable[[int], list[FormatWorkload]], ...] = (
    chat_workloads,
    anthropic_workloads.workloads,
    responses_workloads.workloads,
    gemini_workloads.workloads,
)
"""What makes each format's workloads, of so many events each."""

OURS = "ChatStream"
GOAL = 2.5  # times the floor


def ours(workload: FormatWorkload) -> Callable[[], str]:
    stream = ChatStream(workload.reads)

    def read() -> str:
        said: list[str] = []
        with stream:
            for event in stream:
                if isinstance(event, (TextDelta, ReasoningDelta)):
                    said.append(event.text)
                elif isinstance(event, ToolCallDelta):
                    said.append(event.arguments)
        return "".join(said)

    return read


def bare_json(workload: FormatWorkload) -> Callable[[], str]:
    def read() -> str:
        for payload in workload.payloads:
            json.loads(payload)
        return workload.said

    return read


def floor(workload: FormatWorkload) -> Callable[[], str]:
    decode = workload.decode

    def read() -> str:
        for payload in workload.payloads:
            decode(payload)
        return workload.said

    return read


def contenders(workload: FormatWorkload, stack: ExitStack) -> dict[str, Prepare | None]:
    """Who reads it, `None` for who is not installed."""
    return {OURS: ours, "create": workload.sdk(stack), "json.loads": bare_json, "floor": floor}


def timed(prepare: Prepare, workload: FormatWorkload) -> float | None:
    """The CPU seconds of one run; `None` if it gave anything but what the stream says."""
    read = prepare(workload)
    gc.disable()
    begin = thread_time()
    said = read()
    seconds = thread_time() - begin
    gc.enable()
    return seconds if said == workload.said else None


def measured(workload: FormatWorkload, rounds: int) -> dict[str, float | str]:
    """The median of each contender's times, or why there is none."""
    with ExitStack() as stack:
        among = contenders(workload, stack)
        found: dict[str, list[float | None]] = {name: [] for name in among}
        for _ in range(rounds):
            for name, prepare in among.items():
                if prepare is not None:
                    fresh_memory()
                    found[name].append(timed(prepare, workload))
    return {name: _median(times) for name, times in found.items()}


def _median(times: list[float | None]) -> float | str:
    if not times:
        return "absent"
    known = [seconds for seconds in times if seconds is not None]
    return median(known) if len(known) == len(times) else "wrong"


def line_of(workload: FormatWorkload, found: dict[str, float | str]) -> list[str]:
    """A line of the table."""
    own = found[OURS]
    if isinstance(own, str):
        return [workload.name, own, *("–" for _ in range(len(found) - 1))]
    cells = [f"{own * 1e6 / len(workload.payloads):.2f}"]
    for name in ("create", "json.loads", "floor"):
        other = found[name]
        if isinstance(other, str):
            cells.append(other)
        else:
            cells.append(f"{own / other if name == 'floor' else other / own:.1f}×")
    return [workload.name, *cells]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.formats", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="runs of each (default: 7)")
    parser.add_argument("--events", type=int, default=2000, metavar="N", help="events per stream (default: 2000)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only workloads with TEXT in their name")
    options = parser.parse_args(arguments)
    rows = [["", f"{OURS} µs", "create", "json.loads", f"of the floor (≤ {GOAL})"]]
    for make in WORKLOADS:
        for workload in make(options.events):
            if options.only in workload.name:
                measured(workload, 1)  # to warm up
                rows.append(line_of(workload, measured(workload, max(1, options.rounds))))
    print_table(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
