"""Measure many concurrent streams on one event loop, over loopback: memory per stream, the longest stall, the time.

    python -m tests.benchmarks.streams [--json FILE] [--streams N] [--chunks N] [--rounds N]

A server in another process holds all requests until the last has arrived, then
sends to all of them, a chunk to each in turn. Each contender reads them in a
fresh interpreter, with the same client. Memory is the peak resident set minus
the resident set before the first request, divided by the number of streams; the
longest stall is how long another task of the event loop had to wait. Bare
`aiter_bytes`, which keeps nothing, shows the cost of the client itself. The
content of each stream is checked. Medians over rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

# Where `python -m tests.benchmarks…` is understood.
ROOT = Path(__file__).resolve().parents[2]
OURS, SDK, BARE = "sse_stream", "openai", "aiter_bytes"

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    """One event of about 290 bytes, as they are on average."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    chunk = {
        "id": "chatcmpl-0123456789abcdefghijklmnopqrs",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "a-model-2026-01-01",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [choice],
        "obfuscation": "0123456789abcd",
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def words(chunks: int) -> list[str]:
    return [f" word{number}" for number in range(chunks)]


def events(chunks: int) -> list[bytes]:
    """The body of each stream, an event an item."""
    return [*(event({"content": word}) for word in words(chunks)), event({}, "stop") + b"data: [DONE]\n\n"]


# ------------------------------------------------------------------------------------------ the server


async def serve(streams: int, chunks: int, pace: float = 0.0) -> None:
    """Serve until this process is ended; the first line written is the port.

    Args:
        streams: How many requests are answered together.
        chunks: Chunks of each answer, besides the last.
        pace: Seconds between a chunk and the next one of the same answer.
    """
    frames = [HEAD, *map(framed, events(chunks)), b"0\r\n\r\n"]
    waiting: list[asyncio.StreamWriter] = []

    async def play(writers: list[asyncio.StreamWriter]) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for number, frame in enumerate(frames):
            if pace:  # by the clock, so that what writing takes does not add up
                await asyncio.sleep(begin + number * pace - loop.time())
            for writer in writers:
                writer.write(frame)
            await asyncio.gather(*(writer.drain() for writer in writers), return_exceptions=True)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.partition(b":")[2]))
        waiting.append(writer)
        if len(waiting) == streams:
            writers = waiting.copy()
            waiting.clear()
            await play(writers)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# -------------------------------------------------------------------------------------- the contenders


def client_of(streams: int) -> Any:
    import httpx2

    limits = httpx2.Limits(max_connections=streams, max_keepalive_connections=0)
    return httpx2.AsyncClient(limits=limits, timeout=120, verify=False)


def reading_ours(client: Any, url: str) -> Callable[[], Awaitable[object]]:
    from sse_stream import AsyncChatStream

    async def read() -> str:
        async with client.stream("POST", f"{url}/chat/completions", json={}) as response:
            async with AsyncChatStream(response) as stream:
                return "".join([piece async for piece in stream.iter_text()])

    return read


def reading_sdk(client: Any, url: str) -> Callable[[], Awaitable[object]]:
    import openai

    sdk = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=client)

    async def read() -> str:
        stream = await sdk.chat.completions.create(model="m", messages=[], stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    return read


def reading_bytes(client: Any, url: str) -> Callable[[], Awaitable[object]]:
    async def read() -> int:
        async with client.stream("POST", f"{url}/chat/completions", json={}) as response:
            return sum([len(piece) async for piece in response.aiter_bytes()])

    return read


CONTENDERS: dict[str, Callable[[Any, str], Callable[[], Awaitable[object]]]] = {
    OURS: reading_ours,
    SDK: reading_sdk,
    BARE: reading_bytes,
}


@dataclass(frozen=True)
class Cost:
    """What all streams of one run have cost."""

    memory: float  # KiB a stream
    stall: float  # milliseconds
    seconds: float
    cpu: float  # microseconds a chunk
    wrong: int


async def measure(contender: str, url: str, streams: int, chunks: int) -> Cost:
    wanted: object = len(b"".join(events(chunks))) if contender == BARE else "".join(words(chunks))
    stall = 0.0

    async def tick() -> None:
        nonlocal stall
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            stall = max(stall, now - last)
            last = now

    async with client_of(streams) as client:
        read = CONTENDERS[contender](client, url)
        gc.collect()
        before = resident()
        ticker = asyncio.create_task(tick())
        began, worked = time.perf_counter(), time.process_time()
        found = await asyncio.gather(*(read() for _ in range(streams)))
        worked, seconds = time.process_time() - worked, time.perf_counter() - began
        ticker.cancel()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(
        memory=(peak - before) / streams,
        stall=stall * 1e3,
        seconds=seconds,
        cpu=worked / streams / chunks * 1e6,
        wrong=sum(text != wanted for text in found),
    )


def resident() -> int:
    """KiB that are resident now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


# ------------------------------------------------------------------------------------------- the table


def command(streams: int, chunks: int) -> list[str]:
    """This module, as a program."""
    return [sys.executable, "-m", "tests.benchmarks.streams", "--streams", str(streams), "--chunks", str(chunks)]


@contextmanager
def served(streams: int, chunks: int, pace: float = 0.0) -> Iterator[str]:
    """The server in a process of its own; its base URL."""
    arguments = [*command(streams, chunks), "--serve", "--pace", str(pace)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        finally:
            server.terminate()


def allow_many_sockets() -> None:
    """Each stream is a descriptor, on either side."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(streams: int, chunks: int, rounds: int) -> dict[str, Cost]:
    """The medians of all contenders, who take turns."""
    arguments = command(streams, chunks)
    costs: dict[str, list[Cost]] = {contender: [] for contender in CONTENDERS}
    with served(streams, chunks) as url:
        for _ in range(rounds):
            for contender, found in costs.items():
                out = subprocess.check_output([*arguments, "--read", contender, "--url", url], cwd=ROOT)
                found.append(Cost(**json.loads(out)))
    return {
        contender: Cost(
            memory=median(cost.memory for cost in found),
            stall=median(cost.stall for cost in found),
            seconds=median(cost.seconds for cost in found),
            cpu=median(cost.cpu for cost in found),
            wrong=sum(cost.wrong for cost in found),
        )
        for contender, found in costs.items()
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures to FILE")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--pace", type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument("--read", choices=[*CONTENDERS], help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    allow_many_sockets()
    if options.serve:
        asyncio.run(serve(options.streams, options.chunks, options.pace))
    elif options.read:
        cost = asyncio.run(measure(options.read, options.url, options.streams, options.chunks))
        print(json.dumps(asdict(cost)))
    else:
        costs = run(options.streams, options.chunks, options.rounds)
        print(f"{options.streams} streams at once, {options.chunks} chunks each, over loopback, httpx2 under all")
        print(f"{'':14}{'KiB a stream':>14}{'longest stall':>16}{'seconds':>10}{'CPU µs per chunk':>16}{'wrong':>8}")
        for contender, cost in costs.items():
            print(
                f"{contender:14}{cost.memory:14.0f}{cost.stall:13.0f} ms{cost.seconds:10.1f}{cost.cpu:16.1f}"
                f"{cost.wrong:8}"
            )
        if options.json:
            options.json.write_text(json.dumps({name: asdict(cost) for name, cost in costs.items()}, indent=2))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
