"""Measure the cost of reading a chat stream over loopback, on top of the HTTP client's own.

    python -m tests.benchmarks.loopback [--json FILE] [--rounds N] [--chunks N]

A server in another process sends each event as an HTTP chunk, so that the
client returns one event at a time: as fast as possible ("flowing"), or half a
millisecond or more apart ("paced"), so that the process sleeps before each and
wakes to caches that others have used. The first measures the code, the second a
process that reads a single stream; both are held to the goal.

The figures are CPU time of the reading process, in microseconds per chunk: of
bare `iter_bytes` or `aiter_bytes`, and what this library and the openai SDK
take on top, with the same client. A request is part of each run. Medians over
rounds in which the contenders take turns; a contender with a wrong text is
shown as "wrong".
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, TypeAlias

from sse_stream import AsyncChatStream, ChatStream, TextDelta
from sse_stream.testing import ReplayServer

from .chat_workloads import ChatWorkload, plain_text
from .pipeline import Goal
from .sse import print_table

# Where `python -m tests.benchmarks…` is understood.
ROOT = Path(__file__).resolve().parents[2]

CLIENTS = ("httpx", "httpx2")
REQUEST: dict[str, Any] = {"model": "example", "messages": [{"role": "user", "content": "Go on."}]}
# Seconds between two writes, and which part of the chunks is sent so.
PACES = {"flowing": (0.0, 1.0), "paced": (0.0005, 0.15)}

Run: TypeAlias = Callable[[], str]
"""Makes one request and reads its answer; the text, or the body where nobody looks into it."""


def serve(chunks: int, pace: float) -> None:
    """Answer requests until standard input ends."""
    with ReplayServer(plain_text(chunks).reads, pace=pace) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()


@contextmanager
def server(chunks: int, pace: float) -> Iterator[str]:
    """A server in a process of its own; its base URL."""
    command = [sys.executable, "-m", f"{__package__}.loopback", "--serve", str(chunks), str(pace)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


@contextmanager
def sync_runs(name: str, url: str) -> Iterator[dict[str, Run]]:
    """The three ways of reading, with a sync client of the module `name`."""
    http = importlib.import_module(name)
    chat = f"{url}/chat/completions"

    with http.Client(verify=False) as client:

        def bare() -> str:
            with client.stream("POST", chat, json=REQUEST) as response:
                return b"".join(response.iter_bytes()).decode()

        def ours() -> str:
            with client.stream("POST", chat, json=REQUEST) as response, ChatStream(response) as stream:
                return "".join(event.text for event in stream if isinstance(event, TextDelta))

        runs = {"bare": bare, "sse_stream": ours}
        if importlib.util.find_spec("openai") is not None:
            openai = importlib.import_module("openai").OpenAI(api_key="none", base_url=url, http_client=client)

            def create() -> str:
                stream = openai.chat.completions.create(**REQUEST, stream=True)
                return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

            runs["openai"] = create
        yield runs


@contextmanager
def async_runs(name: str, url: str) -> Iterator[dict[str, Run]]:
    """The three ways of reading, with an async client of the module `name`."""
    http = importlib.import_module(name)
    chat = f"{url}/chat/completions"

    with asyncio.Runner() as runner:
        loop = runner.get_loop()

        def run(read: Callable[[], Awaitable[str]]) -> Run:
            async def awaited() -> str:
                return await read()

            return lambda: loop.run_until_complete(awaited())

        client = http.AsyncClient(verify=False)

        async def bare() -> str:
            async with client.stream("POST", chat, json=REQUEST) as response:
                return b"".join([data async for data in response.aiter_bytes()]).decode()

        async def ours() -> str:
            async with client.stream("POST", chat, json=REQUEST) as response, AsyncChatStream(response) as stream:
                return "".join([event.text async for event in stream if isinstance(event, TextDelta)])

        runs = {"bare": run(bare), "sse_stream": run(ours)}
        if importlib.util.find_spec("openai") is not None:
            openai = importlib.import_module("openai").AsyncOpenAI(api_key="none", base_url=url, http_client=client)

            async def create() -> str:
                stream = await openai.chat.completions.create(**REQUEST, stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            runs["openai"] = run(create)
        try:
            yield runs
        finally:
            runner.run(client.aclose())


def timed(run: Run, expected: str) -> float | str:
    """The CPU seconds of one run, or what was wrong with it."""
    gc.collect()
    gc.disable()
    try:
        begin = process_time()
        text = run()
        seconds = process_time() - begin
    except Exception as error:  # whatever a peer raises, its cell says so and the others go on
        return type(error).__name__
    finally:
        gc.enable()
    return seconds if text == expected else "wrong"


def measured(runs: dict[str, Run], workload: ChatWorkload, rounds: int) -> dict[str, float | str]:
    """CPU microseconds a chunk: all that `bare` takes, and what the others take above it in the same round."""
    body = b"".join(workload.reads).decode()
    found: dict[str, list[float | str]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        taken = {name: timed(run, body if name == "bare" else workload.text) for name, run in runs.items()}
        if not number:
            continue  # connections are made and modules loaded
        base = taken["bare"]
        for name, seconds in taken.items():
            if isinstance(seconds, str) or isinstance(base, str):
                found[name].append(str(seconds))
            else:
                above = seconds if name == "bare" else seconds - base
                found[name].append(above / len(workload.payloads) * 1e6)
    return {name: _median(values) for name, values in found.items()}


def _median(values: list[float | str]) -> float | str:
    reasons = [value for value in values if isinstance(value, str)]
    return reasons[0] if reasons else median(value for value in values if not isinstance(value, str))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.loopback",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="runs of each (default: 7)")
    parser.add_argument("--chunks", type=int, default=4_000, metavar="N", help="chunks per stream (default: 4000)")
    parser.add_argument("--serve", nargs=2, metavar=("N", "PACE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve is not None:
        serve(int(options.serve[0]), float(options.serve[1]))
        return

    results: dict[str, dict[str, float | str]] = {}
    for pacing, (pace, part) in PACES.items():
        workload = plain_text(max(4, int(options.chunks * part)))
        with server(len(workload.payloads) - 1, pace) as url:
            for name, (kind, making) in product(CLIENTS, (("sync", sync_runs), ("async", async_runs))):
                if importlib.util.find_spec(name) is None:
                    continue
                row = f"{pacing}, {name}, {kind}"
                print(f"… {row}", file=sys.stderr, flush=True)
                with making(name, url) as runs:
                    gc.freeze()
                    results[row] = measured(runs, workload, max(1, options.rounds))

    columns = ("bare", "sse_stream", "openai")
    table = [["CPU µs per chunk", "bare client", "ours above it", "openai above it"]]
    for name, result in results.items():
        cells = [result.get(column, "absent") for column in columns]
        table.append([name, *(cell if isinstance(cell, str) else f"{cell:.1f}" for cell in cells)])
    print_table(table)

    goals = []
    for pacing in PACES:
        own = [result["sse_stream"] for row, result in results.items() if row.startswith(pacing)]
        known = [value for value in own if isinstance(value, float)]
        found = max(known) if known and len(known) == len(own) else None
        goals.append(
            Goal(f"{pacing}: above the bare client, µs per chunk, the worst of these", 4, found, at_least=False)
        )
    print()
    print_table([["goal", "", "measured", ""], *(goal.cells() for goal in goals)])
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
