"""Compare how fast decoders read server-sent events, in one run.

    python -m tests.benchmarks.sse [--json FILE] [--rounds N]

Every decoder gets the same reads and returns the data of each event. Every run is checked: a decoder with wrong
events is shown as "wrong". Times are medians over rounds in which the decoders take turns. The first column is this
library, in microseconds per event, or milliseconds for a single one; the others are multiples of it. Compare the
ratios: the absolute figures depend on the machine.
"""

from __future__ import annotations

import argparse
import codecs
import ctypes
import gc
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Protocol, TypeAlias

from sse_stream import SSEDecoder

from .sse_workloads import Workload, linearity, workloads


class Event(Protocol):
    """What every decoder's events have."""

    @property
    def data(self) -> str: ...


# What a decoder calls for each of its reads. Ours is called for each piece; the others, which iterate over
# the pieces themselves, are called once, and their only read is the list of all pieces.
Start: TypeAlias = Callable[[list[bytes]], tuple[Callable[[Any], Iterable[Event]], list[Any]]]

OURS = "sse_stream"
NODE = "eventsource-parser"
# A run that takes longer is not repeated: it is far from the others, and one run says how far.
ENOUGH_SECONDS = 2.0
# Rounds after which Node has compiled what it runs; they are not counted.
WARM_UP = 3


def sse_stream(pieces: list[bytes]) -> tuple[Callable[[bytes], Iterable[Event]], list[bytes]]:
    return SSEDecoder().feed, pieces


def iterating(decode: Callable[[list[bytes]], Iterable[Event]]) -> Start:
    return lambda pieces: (decode, [pieces])


def text_of(pieces: list[bytes]) -> Iterator[str]:
    """What `Response.iter_text` of httpx and httpx2 does, and no more: decode incrementally."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return map(decoder.decode, pieces)


def httpx_sse_decoder() -> Start:
    import httpx
    import httpx_sse

    class Response(httpx.Response):
        """A response whose text comes from the pieces without the three layers in between.

        It is the least that `EventSource` can be given, and spares it a third of the time that the same
        pieces take as the response's stream.
        """

        def __init__(self, pieces: list[bytes]) -> None:
            super().__init__(200, headers={"content-type": "text/event-stream"})
            self.pieces = pieces

        def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
            return text_of(self.pieces)

    return iterating(lambda pieces: httpx_sse.EventSource(Response(pieces)).iter_sse())


def httpx2_decoder() -> Start:
    import httpx2

    class Response(httpx2.Response):
        """The least that `EventSource` can be given, as for httpx-sse."""

        def __init__(self, pieces: list[bytes]) -> None:
            request = httpx2.Request("POST", "http://localhost/")
            super().__init__(200, headers={"content-type": "text/event-stream"}, request=request)
            self.pieces = pieces

        def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
            return text_of(self.pieces)

    # Its own limit is lower than the longest line here.
    return iterating(lambda pieces: httpx2.EventSource(Response(pieces), max_event_size=None))


def sseclient_decoder() -> Start:
    import sseclient

    # A client takes any iterator of bytes, and is a generator over it without further layers.
    return iterating(lambda pieces: sseclient.SSEClient(iter(pieces)).events())


def openai_decoder() -> Start:
    from openai._streaming import SSEDecoder as OpenAIDecoder

    # The decoder under the SDK's streams, alone: no models, no JSON.
    return iterating(lambda pieces: OpenAIDecoder().iter_bytes(iter(pieces)))


PEERS: dict[str, tuple[str, Callable[[], Start]]] = {
    "httpx-sse": ("httpx_sse", httpx_sse_decoder),
    "httpx2": ("httpx2", httpx2_decoder),
    "sseclient-py": ("sseclient", sseclient_decoder),
    "openai": ("openai", openai_decoder),
}


class Node:
    """eventsource-parser, installed into a temporary folder; `missing` says why where it cannot be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = shutil.which("node")
        npm = shutil.which("npm")
        self.missing = ""
        if self.node is None or npm is None:
            self.missing = "no node" if self.node is None else "no npm"
            return
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), "eventsource-parser@3"]
        if subprocess.run(install, cwd=folder, capture_output=True, check=False).returncode:
            self.missing = "npm failed"

    def seconds(self, workload: Workload, rounds: int) -> list[float] | str:
        if self.missing or self.node is None:
            return self.missing
        body, data = self.folder / "body", self.folder / "data.json"
        body.write_bytes(workload.body)
        data.write_text(json.dumps(workload.data), encoding="utf-8")
        script = Path(__file__).with_suffix(".mjs")
        command = [self.node, *map(str, (script, self.folder, body, data, workload.read, WARM_UP + rounds))]
        run = subprocess.run(command, capture_output=True, check=False, text=True)
        if run.returncode:
            return "failed"
        found = json.loads(run.stdout)
        return [float(second) for second in found["seconds"][WARM_UP:]] if found["right"] else "wrong"


def fresh_memory() -> None:
    """Start every run alike: what the runs before it have freed goes back to the system, where it can.

    Else one run pays for its pages and the next one has them for nothing, as the order will have it.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def timed(start: Start, pieces: list[bytes], data: list[str]) -> float | str:
    """The seconds of one run, or what was wrong with it.

    Each event is compared as it comes and then dropped, as a program drops what it has read: keeping
    them all would time the allocator. Only the last is compared after the clock has stopped: where it is
    one of 8 MiB, to compare it takes longer than to decode it.
    """
    end = len(data) - 1
    count = 0
    last = ""
    fresh_memory()
    gc.disable()
    try:
        begin = perf_counter()
        feed, reads = start(pieces)
        for read in reads:
            for event in feed(read):
                last = event.data
                if count < end and last != data[count]:
                    return "wrong"
                count += 1
        seconds = perf_counter() - begin
    except Exception as error:  # whatever a peer raises, its column says so and the others go on
        return type(error).__name__
    finally:
        gc.enable()
    return seconds if count == len(data) and last == data[end] else "wrong"


def measured(decoders: dict[str, Start], workload: Workload, rounds: int) -> dict[str, float | str]:
    """The median of each decoder's times, or why there is none."""
    pieces = workload.pieces()
    times: dict[str, list[float]] = {name: [] for name in decoders}
    results: dict[str, float | str] = {}
    for _ in range(rounds):
        for name, start in decoders.items():
            if isinstance(results.get(name), str) or (times[name] and times[name][0] > ENOUGH_SECONDS):
                continue
            second = timed(start, pieces, workload.data)
            if isinstance(second, str):
                results[name] = second
            else:
                times[name].append(second)
    return {name: results.get(name) or median(times[name]) for name in decoders}


def row(workload: Workload, results: dict[str, float | str]) -> list[str]:
    """One line of the table: ours in absolute figures, the others as multiples of it."""
    ours = results[OURS]
    if isinstance(ours, str):
        return [workload.name, *map(str, results.values())]
    count = len(workload.data)
    own = f"{ours / count * 1e6:.2f} µs" if count > 1 else f"{ours * 1e3:.1f} ms"
    others = [value for name, value in results.items() if name != OURS]
    return [workload.name, own, *(value if isinstance(value, str) else f"{value / ours:.2f}×" for value in others)]


def growth(small: float | str, large: float | str) -> str:
    if isinstance(small, str) or isinstance(large, str):
        return str(large)
    return f"{large / small:.1f}×"


def print_table(rows: list[list[str]]) -> None:
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    for line in rows:
        first, *others = zip(line, widths, strict=True)
        print(first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others), sep="  ", flush=True)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sse", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the medians to FILE, in seconds")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="runs of each (default: 7)")
    options = parser.parse_args(arguments)
    rounds = max(1, options.rounds)

    decoders: dict[str, Start] = {OURS: sse_stream}
    results: dict[str, dict[str, float | str]] = {}
    columns = [OURS, *PEERS, NODE]
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder))
        for name, (module, starting) in PEERS.items():
            if importlib.util.find_spec(module) is not None:
                decoders[name] = starting()

        def run(workload: Workload, among: dict[str, Start], rounds: int) -> list[str]:
            found: dict[str, float | str] = dict.fromkeys(columns, "–" if len(among) < len(decoders) else "absent")
            found |= measured(among, workload, rounds)
            seconds = node.seconds(workload, rounds)
            found[NODE] = seconds if isinstance(seconds, str) else median(seconds)
            results[workload.name] = found
            return row(workload, found)

        print_table([["", *columns], *(run(workload, decoders, rounds) for workload in workloads())])

        print("\nEight times the bytes take so many times as long; 8 is linear.\n")
        table = [["", *columns]]
        for small, large in linearity():
            # One byte a read is for the two that are fast at it: the others would need minutes.
            among = decoders if small.read > 1 else {OURS: decoders[OURS]}
            for workload in (small, large):
                run(workload, among, rounds if small.read > 1 else min(rounds, 3))
            ratios = [growth(results[small.name][column], results[large.name][column]) for column in columns]
            table.append([f"1 and 8 MiB of one line, {small.read:,}-byte reads", *ratios])
        print_table(table)
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
