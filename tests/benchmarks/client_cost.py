"""Measure the overhead of a benchmark client: CPU time per chunk, and its error in measuring a server's pace.

    python -m tests.benchmarks.client_cost [--write] [--rounds N] [--chunks N]

A server in another process sends a chunk to each of many streams every 20
milliseconds, like a model server that generates for a batch. One process reads
them all, on one event loop: with aiohttp, httpx and httpx2 alone, which only
read the bytes, with sse_stream on top of each, and with the openai SDK on top
of httpx and httpx2. The text of every reader is checked. The requests are part
of each run.

The bars show the CPU time of the reading process per chunk, as a multiple of
aiohttp's in the same round; medians over rounds in which the readers take
turns. The table shows the time between two chunks as each reader measures it,
as a multiple of the server's; the best of the rounds, because other load on the
machine only lengthens it. `--write` puts both into the page.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import importlib.util
import json
import sys
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, TypeAlias

from sse_stream import AsyncChatStream

from .streams import ROOT, allow_many_sockets, events, served, words

PAGE = ROOT / "docs" / "explanation" / "client-cost.md"

PACE = 0.02
STREAMS = (32, 128)
COSTS_AT = 128  # how many streams the bars are of
BASE = "aiohttp alone"
REQUEST: dict[str, Any] = {"model": "example", "messages": [{"role": "user", "content": "Go on."}]}
WIDTH = 48  # of the longest bar


@dataclass(frozen=True)
class Reading:
    """One stream, as a reader saw it.

    Attributes:
        size: Characters or bytes of all pieces.
        seconds: From the first piece to the last. A piece may be several chunks that came in one read.
    """

    size: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """One reader.

    Attributes:
        cpu: CPU seconds per chunk.
        pace: The mean gap between two chunks as a multiple of the server's; the median over all streams.
    """

    cpu: float
    pace: float


Reader: TypeAlias = Callable[[], Awaitable[Reading]]


async def reading(pieces: AsyncIterable[bytes] | AsyncIterable[str]) -> Reading:
    """Read them all, and note when each came."""
    size = 0
    first = last = 0.0
    async for piece in pieces:
        last = perf_counter()
        first = first or last
        size += len(piece)
    return Reading(size, last - first)


async def reading_sdk(chunks: AsyncIterable[Any]) -> Reading:
    """The same for the openai SDK's chunks."""
    size = 0
    first = last = 0.0
    async for chunk in chunks:
        text = chunk.choices[0].delta.content
        if text:
            last = perf_counter()
            first = first or last
            size += len(text)
    return Reading(size, last - first)


@asynccontextmanager
async def readers_of_aiohttp(url: str) -> AsyncIterator[dict[str, Reader]]:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def alone() -> Reading:
            async with session.post(f"{url}/chat/completions", json=REQUEST) as response:
                return await reading(response.content.iter_any())

        async def ours() -> Reading:
            async with AsyncChatStream(session.post(f"{url}/chat/completions", json=REQUEST)) as stream:
                return await reading(stream.iter_text())

        yield {BASE: alone, "aiohttp + sse_stream": ours}


@asynccontextmanager
async def readers_of_httpx(name: str, url: str) -> AsyncIterator[dict[str, Reader]]:
    """The readers with httpx or httpx2."""
    http = importlib.import_module(name)
    limits = http.Limits(max_connections=None, max_keepalive_connections=0)
    async with http.AsyncClient(verify=False, limits=limits, timeout=120) as client:

        async def alone() -> Reading:
            async with client.stream("POST", f"{url}/chat/completions", json=REQUEST) as response:
                return await reading(response.aiter_bytes())

        async def ours() -> Reading:
            async with AsyncChatStream(client.stream("POST", f"{url}/chat/completions", json=REQUEST)) as stream:
                return await reading(stream.iter_text())

        readers: dict[str, Reader] = {f"{name} alone": alone, f"{name} + sse_stream": ours}
        if importlib.util.find_spec("openai") is not None:
            openai = importlib.import_module("openai")
            sdk = openai.AsyncOpenAI(api_key="none", base_url=url, http_client=client, max_retries=0)

            async def create() -> Reading:
                return await reading_sdk(await sdk.chat.completions.create(**REQUEST, stream=True))

            readers[f"{name} + openai"] = create
        yield readers


@asynccontextmanager
async def readers_at(url: str) -> AsyncIterator[dict[str, Reader]]:
    """All readers that are installed."""
    async with readers_of_aiohttp(url) as aiohttp, readers_of_httpx("httpx", url) as httpx:
        if importlib.util.find_spec("httpx2") is None:
            yield aiohttp | httpx
            return
        async with readers_of_httpx("httpx2", url) as httpx2:
            yield aiohttp | httpx | httpx2


async def run(name: str, reader: Reader, streams: int, chunks: int, pace: float) -> Result:
    """Read so many streams at once.

    Raises:
        SystemExit: The reader did not get everything.
    """
    # Who only reads bytes sees the chunk with the finish reason too.
    sizes, gaps = (events(chunks), chunks) if name.endswith(" alone") else (words(chunks), chunks - 1)
    wanted = sum(map(len, sizes))
    gc.collect()
    gc.disable()
    try:
        worked = process_time()
        found = await asyncio.gather(*(reader() for _ in range(streams)))
        worked = process_time() - worked
    finally:
        gc.enable()
    if any(each.size != wanted for each in found):
        raise SystemExit(f"{name} did not read everything")
    return Result(worked / streams / chunks, median(each.seconds for each in found) / gaps / pace)


async def measured(streams: int, chunks: int, rounds: int, pace: float = PACE) -> dict[str, Result]:
    """All readers with so many streams at once; a first round is not counted."""
    with served(streams, chunks, pace) as url:
        async with readers_at(url) as readers:
            found: dict[str, list[Result]] = {name: [] for name in readers}
            for number in range(rounds + 1):
                for name, reader in readers.items():
                    result = await run(name, reader, streams, chunks, pace)
                    if number:
                        found[name].append(result)
    return {
        name: Result(
            cpu=median(each.cpu / base.cpu for each, base in zip(results, found[BASE], strict=True)),
            pace=min(each.pace for each in results),
        )
        for name, results in found.items()
    }


def bars(ratios: Mapping[str, float]) -> str:
    """A bar a line, as long as its figure."""
    longest = max(ratios.values())
    width = max(map(len, ratios))
    return "\n".join(
        f"{name:{width}} {ratio:5.1f}  {'█' * max(1, round(ratio / longest * WIDTH))}" for name, ratio in ratios.items()
    )


def tables(results: Mapping[int, Mapping[str, Result]]) -> dict[str, str]:
    """The parts of the page, by the names of their markers."""
    costs = results[COSTS_AT if COSTS_AT in results else max(results)]
    lines = [f"| | {' | '.join(f'{streams} streams' for streams in results)} |", "|---|" + "--:|" * len(results)]
    lines += [f"| {name} | {' | '.join(f'{found[name].pace:.2f}' for found in results.values())} |" for name in costs]
    return {
        "bars": f"<!-- shows: the command prints it -->\n```text\n{bars({name: round(found.cpu, 1) for name, found in costs.items()})}\n```\n",
        "pace": "\n".join(lines) + "\n",
    }


def written(page: str, parts: Mapping[str, str]) -> str:
    """The page with these parts in place of those between the markers."""
    for name, part in parts.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{part}\n{end}{rest.partition(end)[2]}"
    return page


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.client_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each reader (default: 3)")
    parser.add_argument("--chunks", type=int, default=50, metavar="N", help="chunks per stream (default: 50)")
    parser.add_argument("--streams", type=int, nargs="+", default=STREAMS, metavar="N", help="concurrent streams")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    options = parser.parse_args(arguments)
    allow_many_sockets()
    results = {}
    for streams in options.streams:
        print(f"… {streams} streams", file=sys.stderr, flush=True)
        results[streams] = asyncio.run(measured(streams, options.chunks, max(1, options.rounds)))
    parts = tables(results)
    print(*parts.values(), sep="\n")
    if options.json is not None:
        figures = {streams: {name: vars(each) for name, each in found.items()} for streams, found in results.items()}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if options.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
