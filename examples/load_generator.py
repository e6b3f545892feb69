"""Load-test a chat server: time to first token, time per output token, and the gaps between chunks.

    python examples/load_generator.py --streams 300 --concurrency 32

It needs `aiohttp`. By default it runs against a stand-in server in its own process, which truncates, refuses or breaks a
few of the streams. With --url or OPENAI_BASE_URL (OPENAI_API_KEY, OPENAI_MODEL), it runs against that server, which may
bill every stream.

- Warm-up streams open the connections and are not counted.
- Times are those of complete streams only. Failed and truncated streams are counted separately, by what went wrong.
- A gap is the time between two reads that brought text, reasoning or a piece of a tool call. A read may contain several
  chunks, and a chunk several tokens. TPOT therefore uses the token count that the server reports in its usage.
- Percentiles are taken over all values, by nearest rank, so each one is a measured value. A percentile is left out if
  there are too few values to tell it from the maximum.
- The load is closed-loop: a slot sends its next request when its stream has ended, so a server that slows down gets
  fewer requests.
- The client's own CPU time and delays are printed too. A client that is busy or late measures itself.
"""

import argparse
import asyncio
import json
import math
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from time import perf_counter, process_time
from typing import Any

import aiohttp

from provider import Provider, provider_at
from sse_stream import (
    AsyncChatStream,
    AudioDelta,
    IncompleteStreamError,
    ProviderError,
    ReasoningDelta,
    RefusalDelta,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    StreamTimings,
    TextDelta,
    Timeouts,
    ToolCallDelta,
    ToolCallStarted,
    TransportError,
)
from sse_stream.testing import EndAt, ReplayServer, Reply, Request, Reset

GENERATED = (TextDelta, ReasoningDelta, RefusalDelta, AudioDelta, ToolCallStarted, ToolCallDelta)
PERCENTS = (50, 90, 99)
# How often the delay of the event loop is measured, in seconds.
TICK = 0.005


@dataclass
class Measurements:
    """The results so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    complete: list[StreamTimings] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    chunks: int = 0  # of all streams, failed ones too: the CPU time is divided by them
    lateness: list[float] = field(default_factory=list)


def outcome_of(error: SSEStreamError) -> str:
    match error:
        case IncompleteStreamError():
            return "truncated"
        case StatusError():
            return f"HTTP {error.status_code}"
        case StreamTimeoutError():
            return f"timeout: {error.kind}"
        case ProviderError():
            return "error in the stream"
        case TransportError():
            return "connection failed"
        case _:
            return type(error).__name__


async def one_stream(
    session: aiohttp.ClientSession, provider: Provider, payload: dict[str, Any], deadlines: Timeouts, into: Measurements
) -> None:
    arrived = last = 0.0
    gaps: list[float] = []

    def note(_: bytes) -> None:
        nonlocal arrived
        arrived = perf_counter()

    stream = AsyncChatStream(session.post(provider.url, json=payload), timeouts=deadlines, tee=note)
    try:
        async with stream:  # sends the request, and starts the clock
            async for event in stream:
                if arrived != last and isinstance(event, GENERATED):
                    if last:
                        gaps.append(arrived - last)
                    last = arrived
    except SSEStreamError as error:
        into.outcomes[outcome_of(error)] += 1
    else:
        if stream.timings.time_to_first_token is None:
            into.outcomes["complete, and empty"] += 1
        else:
            into.outcomes["complete"] += 1
            into.complete.append(stream.timings)
            into.gaps += gaps
    into.chunks += stream.timings.chunks


async def notice_lateness(into: Measurements) -> None:
    """Measure how late the event loop runs. The time of a chunk may be wrong by as much."""
    while True:
        due = perf_counter() + TICK
        await asyncio.sleep(TICK)
        into.lateness.append(perf_counter() - due)


async def load(
    session: aiohttp.ClientSession, provider: Provider, options: argparse.Namespace, streams: int, *, quiet: bool
) -> Measurements:
    """Run that many streams, `options.concurrency` at a time."""
    payload = {
        "model": provider.model,
        "messages": [{"role": "user", "content": options.prompt}],
        "stream": True,
        "stream_options": {"include_usage": True},
        **options.extra,
    }
    deadlines = Timeouts(total=options.timeout)
    found = Measurements()
    numbers = iter(range(streams))

    async def slot() -> None:
        for _ in numbers:
            await one_stream(session, provider, payload, deadlines, found)
            done = found.outcomes.total()
            if not quiet and done * 10 // streams > (done - 1) * 10 // streams:
                print(f"{done} of {streams} streams, {found.outcomes['complete']} complete", file=sys.stderr)

    ticker = asyncio.create_task(notice_lateness(found))
    await asyncio.gather(*(slot() for _ in range(options.concurrency)))
    ticker.cancel()
    return found


async def run(provider: Provider, options: argparse.Namespace) -> str:
    async with aiohttp.ClientSession(
        headers=provider.headers,
        connector=aiohttp.TCPConnector(limit=0),  # `load` limits them
        timeout=aiohttp.ClientTimeout(total=None),  # the streams have their own deadlines
    ) as session:
        await load(session, provider, options, options.warmup, quiet=True)
        began, worked = perf_counter(), process_time()
        found = await load(session, provider, options, options.streams, quiet=False)
        worked, seconds = process_time() - worked, perf_counter() - began
    return report(found, options, seconds, worked)


# ------------------------------------------------------------------------------------------- the report


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The percentile by nearest rank; `None` if that is the maximum, because there are too few values."""
    rank = math.ceil(percent * len(ordered) / 100)
    return ordered[rank - 1] if 0 < rank < len(ordered) else None


def row(name: str, seconds: Iterable[float | None]) -> str:
    """One line of the table, in milliseconds."""
    ordered = sorted(value for value in seconds if value is not None)
    values = [*(percentile(ordered, percent) for percent in PERCENTS), ordered[-1] if ordered else None]
    cells = ("–" if value is None else f"{value * 1e3:.2f}" for value in values)
    return f"{name:28}{len(ordered):9,}" + "".join(f"{cell:>10}" for cell in cells)


def report(found: Measurements, options: argparse.Namespace, seconds: float, worked: float) -> str:
    complete = found.complete
    counted = [timings.output_tokens for timings in complete if timings.output_tokens is not None]
    pieces = sum(timings.deltas for timings in complete)
    busy = worked / seconds
    lines = [
        f"{options.streams} streams, {options.concurrency} at a time, after {options.warmup} for warm-up",
        "",
        *(f"{outcome:28}{number:9,}" for outcome, number in found.outcomes.most_common()),
        "",
        f"{'complete streams, ms':28}{'values':>9}"
        + "".join(f"{name:>10}" for name in (*(f"p{percent}" for percent in PERCENTS), "max")),
        row("TTFT", (timings.time_to_first_token for timings in complete)),
        row("TPOT, by tokens of usage", (timings.time_per_output_token for timings in complete)),
        row("gap between chunks (ITL)", found.gaps),
        row("end to end", (timings.duration for timings in complete)),
        "",
        f"{'tokens':28}{sum(counted):9,}  by the usage of {len(counted)} streams, {sum(counted) / seconds:.0f} a second",
        f"{'chunks with output':28}{pieces:9,}  in {len(found.gaps) + len(complete):,} reads",
    ]
    if pieces and len(counted) == len(complete):
        lines.append(f"{'tokens a chunk':28}{sum(counted) / pieces:9.2f}")
    lines += [
        "",
        row("client: loop late by, ms", found.lateness),
        f"{'client: CPU, µs per chunk':28}{worked / max(1, found.chunks) * 1e6:9.1f}  {busy:.0%} of a core",
    ]
    late, gap = (percentile(sorted(values), percent) for values, percent in ((found.lateness, 99), (found.gaps, 50)))
    if busy > 0.7 or (late is not None and gap is not None and late > gap / 10):
        lines.append(
            "The client was busy or late, which lengthens these times. Use more processes with fewer streams each."
        )
    return "\n".join(lines)


# ----------------------------------------------------------------------------------------- the stand-in

WORDS = [f"word{number} " for number in range(30)]


def serve(parent: Connection) -> None:
    """The stand-in server. Of fifty streams, it truncates one, refuses one, and breaks one."""
    numbers = count()
    # Like most servers, it puts more than one token into some chunks.
    usage = {"prompt_tokens": 9, "completion_tokens": 40, "total_tokens": 49}

    def answer(_: Request) -> Reply:
        number = next(numbers)
        delay = 0.03 + 0.01 * (number % 7)
        match number % 50:
            case 7:
                return Reply.text(*WORDS, pace=0.01, delay=delay, fault=EndAt(1000))
            case 23:
                return Reply.error("overloaded", status=503)
            case 41:
                return Reply.text(*WORDS, pace=0.01, delay=delay, fault=Reset(1000))
            case _:
                return Reply.text(*WORDS, usage=usage, pace=0.01, delay=delay)

    with ReplayServer(script=answer) as server:
        parent.send(server.base_url)
        parent.poll(None)  # until the parent closes it


@contextmanager
def stand_in() -> Iterator[str]:
    """A server in its own process, so that its CPU time is not counted as the client's; gives its base URL."""
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe()
    process = context.Process(target=serve, args=(its,))
    process.start()
    its.close()
    try:
        yield mine.recv()
    finally:
        mine.close()
        process.join()


def number(value: str) -> int:
    if not value.isdecimal() or not int(value):
        raise argparse.ArgumentTypeError(f"expected a number, 1 or more, got {value!r}")
    return int(value)


def json_object(value: str) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"expected a JSON object, got {value!r}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Load-test a chat server.")
    parser.add_argument("--url", default=os.environ.get("OPENAI_BASE_URL"), help="base URL (env: OPENAI_BASE_URL)")
    parser.add_argument("--streams", type=number, default=300, help="streams to measure (default: 300)")
    parser.add_argument("--concurrency", type=number, default=32, help="streams at a time (default: 32)")
    parser.add_argument("--warmup", type=number, help="streams for warm-up (default: the concurrency)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds per stream (default: 120)")
    parser.add_argument("--prompt", default="Write a short story about a lighthouse.", help="the prompt")
    parser.add_argument("--extra", type=json_object, default={}, help="further request fields, as a JSON object")
    options = parser.parse_args()
    options.warmup = options.warmup or options.concurrency
    with nullcontext(options.url) if options.url else stand_in() as base_url:
        print(asyncio.run(run(provider_at(base_url), options)))


if __name__ == "__main__":
    main()
