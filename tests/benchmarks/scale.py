"""Measure how time and memory grow with the work: many streams at once, long ones, large ones.

    python -m tests.benchmarks.scale [--json FILE] [--rounds N]

Each case runs in a fresh interpreter, with half the work and with all of it.
Time is CPU time from the first byte to the last; memory is the peak resident
set minus the resident set before the first byte. Both are medians over rounds.
Twice the work may cost at most 2.1 times as much.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import process_time

from sse_stream import AsyncChatStream, ChatStream

from .chat_workloads import payload
from .sse_workloads import chunk

# Where `python -m tests.benchmarks…` is understood.
ROOT = Path(__file__).resolve().parents[2]

MB = 1_000_000
CHUNKS_A_STREAM = 50
# A piece of a tool call's arguments, and of a text that comes in larger ones.
PIECE = "abcde"
PARAGRAPH = "word " * 200

END = [f"data: {payload({}, finish_reason='stop')}\n\n".encode(), b"data: [DONE]\n\n"]
WORDS = [f" word{number:02}" for number in range(100)]
EVENTS = [f"data: {chunk(word)}\n\n".encode() for word in WORDS]


def concurrent_streams(count: int) -> int:
    """So many async streams at once, each of whose reads lets the others run; the characters of their texts."""
    length = len("".join(WORDS[:CHUNKS_A_STREAM]))

    async def source() -> AsyncIterator[bytes]:
        for event in [*EVENTS[:CHUNKS_A_STREAM], *END]:
            await asyncio.sleep(0)
            yield event

    async def read() -> None:
        async with AsyncChatStream(source()) as stream:
            async for _ in stream:
                pass
        expect(len(stream.completion.text), length)

    async def read_all() -> None:
        await asyncio.gather(*(read() for _ in range(count)))

    asyncio.run(read_all())
    return count * length


def many_chunks(count: int) -> int:
    """One stream of so many chunks, whose events are only iterated; the characters of its text."""

    def source() -> Iterator[bytes]:
        for number in range(count):
            yield EVENTS[number % len(EVENTS)]
        yield from END

    events = 0
    with ChatStream(source()) as stream:
        for _ in stream:
            events += 1
    expect(events, count + 2)
    return count * len(WORDS[0])


def large_completion(size: int) -> int:
    """One completion of so many characters, in paragraphs."""
    event = f"data: {chunk(PARAGRAPH)}\n\n".encode()

    def source() -> Iterator[bytes]:
        for _ in range(size // len(PARAGRAPH)):
            yield event
        yield from END

    with ChatStream(source()) as stream:
        completion = stream.until_done()
    expect(len(completion.text), size)
    return size


def large_arguments(size: int) -> int:
    """One tool call whose arguments have so many characters, in pieces of five."""
    begun = {"index": 0, "id": "call_0", "type": "function", "function": {"name": "write", "arguments": ""}}
    begin, piece = (
        f"data: {payload({'tool_calls': [call]})}\n\n".encode()
        for call in (begun, {"index": 0, "function": {"arguments": PIECE}})
    )

    def source() -> Iterator[bytes]:
        yield begin
        for _ in range(size // len(PIECE)):
            yield piece
        yield from END

    with ChatStream(source()) as stream:
        completion = stream.until_done()
    expect(len(completion.choices[0].message.tool_calls[0].arguments), size)
    return size


def expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise SystemExit(f"the stream was read wrong: {found}, not {wanted}")


@dataclass(frozen=True)
class Case:
    """What is measured, with all of the work and with half of it.

    Attributes:
        name: In words.
        run: Does so much of it.
        size: How much is all.
        few: How much is enough to have everything imported and made once.
    """

    name: str
    run: Callable[[int], int]
    size: int
    few: int


CASES = [
    Case("1,000 async streams at once", concurrent_streams, 1_000, few=2),
    Case("10,000 async streams at once", concurrent_streams, 10_000, few=2),
    Case("1,000,000 chunks, iterating events", many_chunks, 1_000_000, few=100),
    Case("a completion of 50 MB", large_completion, 50 * MB, few=10 * len(PARAGRAPH)),
    Case("10 MB of arguments, 5 bytes per piece", large_arguments, 10 * MB, few=20 * len(PIECE)),
]


@dataclass(frozen=True)
class Cost:
    """What a case has cost.

    Attributes:
        seconds: CPU time.
        peak: Bytes of memory at the peak, above the start.
        text: Characters that it was about.
    """

    seconds: float
    peak: float
    text: int


def reset_peak() -> int:
    """Forget the peak of the resident set so far; the bytes that are resident now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return resident("VmRSS")
    except OSError:
        return resident("VmHWM")


def resident(name: str) -> int:
    """Bytes of resident memory: now (`VmRSS`) or at the peak (`VmHWM`), which alone is known everywhere."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    (line,) = (line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def cost(case: Case, size: int) -> Cost:
    """Run so much of a case in this process."""
    case.run(case.few)
    gc.collect()
    start = reset_peak()
    begin = process_time()
    text = case.run(size)
    return Cost(process_time() - begin, resident("VmHWM") - start, text)


def measured(case: int, size: int, rounds: int) -> Cost:
    """The medians of a case, each time in a fresh interpreter."""
    command = [sys.executable, "-m", f"{__package__}.scale", "--case", str(case), str(size)]
    costs = []
    for _ in range(rounds):
        run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
        costs.append(Cost(**json.loads(run.stdout)))
    return Cost(median(one.seconds for one in costs), median(one.peak for one in costs), costs[0].text)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each (default: 3)")
    parser.add_argument("--case", nargs=2, type=int, metavar=("CASE", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.case is not None:
        number, size = options.case
        print(json.dumps(asdict(cost(CASES[number], size))))
        return

    from .pipeline import Goal
    from .sse import print_table

    rounds = max(1, options.rounds)
    table = [["", "seconds", "of half", "growth", "peak MB", "of half", "growth", "text MB"]]
    results: dict[str, dict[str, dict[str, float]]] = {}
    goals = []
    for number, case in enumerate(CASES):
        print(f"… {case.name}", file=sys.stderr, flush=True)
        half, whole = (measured(number, size, rounds) for size in (case.size // 2, case.size))
        results[case.name] = {"half": asdict(half), "whole": asdict(whole)}
        time, memory = whole.seconds / half.seconds, whole.peak / max(1, half.peak)
        table.append(
            [
                case.name,
                f"{whole.seconds:.2f}",
                f"{half.seconds:.2f}",
                f"{time:.2f}×",
                f"{whole.peak / MB:.1f}",
                f"{half.peak / MB:.1f}",
                f"{memory:.2f}×",
                f"{whole.text / MB:.1f}",
            ]
        )
        goals.append(Goal(f"{case.name}: time, twice the work", 2.1, time, at_least=False))
        goals.append(Goal(f"{case.name}: memory, twice the work", 2.1, memory, at_least=False))
        if case.run is many_chunks:
            allowed = 2 * whole.text / MB + 20
            goals.append(Goal(f"{case.name}: peak MB", allowed, whole.peak / MB, at_least=False))
    print_table(table)
    print()
    print_table([["goal", "", "measured", ""], *(goal.cells() for goal in goals)])
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
