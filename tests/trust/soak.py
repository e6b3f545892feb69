"""Read thousands of streams from a server with faults, with every client, sync and async, concurrently.

    python -m tests.trust.soak --streams 10000 --seconds 600 [--seed 1]

For each stream: only the library's own errors are raised; the output is a prefix of the expected text; it is complete
only if all of it arrived, and always if nothing failed. For all together: no descriptor, task, thread, stream or
connection is left, and memory does not grow. The exit status is 1 if any check fails.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import trio

from sse_stream import (
    AsyncChatStream,
    ChatCompletion,
    ChatEvent,
    ChatStream,
    SSEStreamError,
    TextDelta,
    Timeouts,
)
from sse_stream.testing import ReplayServer, Reply, Request, WrongLength

from .soak_clients import ASYNC, SECONDS, SYNC, TRIO, AsyncClient, sockets_given_up
from .soak_plans import Plan, plan

# How long a reader waits for a server that has fallen silent.
_PATIENCE = 1.0

# After this part of the streams, caches are full and pools are what they will be. From there on memory may grow
# by so many bytes: what allocators keep differs by more than any stream holds.
_WARM = 0.2
_GROWTH = 40_000_000

# What Python itself has allocated may differ by so many bytes: caches of the clients, mostly.
_TRACED_GROWTH = 256 * 1024


@dataclass
class Tally:
    """What came of the streams, by reader."""

    endings: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    done: int = 0
    bytes: int = 0
    deltas: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def add(self, reader: str, stream: ChatStream | AsyncChatStream) -> None:
        """Count a stream that was read."""
        with self._lock:
            self.done += 1
            self.endings[reader, stream.ending] += 1
            self.bytes += stream.timings.bytes
            self.deltas += stream.timings.deltas

    def complain(self, reader: str, chosen: Plan, what: str) -> None:
        """Note what should not have been."""
        with self._lock:
            self.wrong.append(f"{reader}, plan {chosen.number}: {what}; {_description(chosen)}")

    def refuse(self, reader: str, chosen: Plan, error: Exception) -> None:
        """A request got no response: then the stream before has given back a connection that was not at its end."""
        if not isinstance(chosen.reply.fault, WrongLength):  # which some clients see before they give a response
            self.complain(reader, chosen, f"no response: {error!r}")


def _description(chosen: Plan) -> str:
    reply = chosen.reply
    size = len(reply.body) if isinstance(reply.body, bytes) else 0
    return (
        f"{chosen.kind} of {chosen.wire_format}, {size} bytes cut {reply.cut}, {reply.fault}, {reply.encoding}, {reply.framing}, "
        f"read by {chosen.manner} {chosen.patience}"
    )


class Numbers:
    """Which plan is next; the end, when all are given out or the time is over."""

    def __init__(self, count: int, seconds: float) -> None:
        self._next = iter(range(count))
        self._deadline = time.monotonic() + seconds
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            if time.monotonic() > self._deadline:
                raise StopIteration
            return next(self._next)


@dataclass
class Reading:
    """What a reader noticed."""

    text: str = ""
    to_the_end: bool = False
    error: SSEStreamError | None = None
    foreign: BaseException | None = None

    def take(self, event: ChatEvent) -> None:
        if isinstance(event, TextDelta) and event.choice == 0:
            self.text += event.text


def judge(tally: Tally, reader: str, chosen: Plan, stream: ChatStream | AsyncChatStream, read: Reading) -> None:
    """Compare what a reader got with what the plan says."""
    tally.add(reader, stream)
    completion = stream.completion
    for choice in completion.choices if chosen.kind == "stream" else ():
        whole, message = chosen.said[choice.index], choice.message
        called = message.tool_calls[0].arguments if message.tool_calls else ""
        for name, got, said in (
            ("text", message.content or "", whole.text),
            ("reasoning", message.reasoning or "", whole.reasoning),
            ("arguments", called, whole.arguments),
        ):
            if not said.startswith(got):
                tally.complain(reader, chosen, f"{name} {got!r} is no prefix of {said!r}")
            if stream.ending == "complete" and got != said:
                tally.complain(reader, chosen, f"complete, but {name} is {got!r} of {said!r}")
    if stream.ending == "complete" and chosen.kind == "stream" and len(completion.choices) != len(chosen.said):
        tally.complain(reader, chosen, f"complete with {len(completion.choices)} choices of {len(chosen.said)}")
    if not completion.text.startswith(read.text):
        tally.complain(reader, chosen, f"delivered {read.text!r}, kept {completion.text!r}")
    if read.foreign is not None:
        tally.complain(reader, chosen, f"raised {read.foreign!r}")
    if read.to_the_end and stream.ending not in chosen.endings:
        tally.complain(reader, chosen, f"ended {stream.ending}, not {sorted(chosen.endings)}: {read.error!r}")
    if read.to_the_end and (stream.ending == "complete") != (read.error is None):
        tally.complain(reader, chosen, f"ended {stream.ending} with {read.error!r}")
    if read.error is not None and read.error.completion.text != completion.text:
        tally.complain(reader, chosen, f"{read.error!r} carries {read.error.completion.text!r}")


def options(chosen: Plan) -> dict[str, Any]:
    """Deadlines, where the server falls silent."""
    return {"timeouts": Timeouts(content=_PATIENCE)} if chosen.hangs else {}


def headers(chosen: Plan) -> dict[str, str]:
    return {"X-Plan": str(chosen.number)}


# Sync readers.


def read_sync(chosen: Plan, stream: ChatStream) -> Reading:
    read = Reading()
    try:
        match chosen.manner:
            case "events" | "cancel":
                for event in stream:
                    read.take(event)
            case "text":
                for text in stream.iter_text():
                    read.text += text
            case "chunks":
                for _ in stream.iter_chunks():
                    pass
            case "until_done":
                assert isinstance(stream.until_done(), ChatCompletion)
            case "leave" | "close":
                for _, event in zip(range(chosen.patience), stream, strict=False):
                    read.take(event)
                stream.close()
        read.to_the_end = chosen.manner not in ("leave", "close")
    except SSEStreamError as error:
        read.error = error
        read.to_the_end = True
    except Exception as error:
        read.foreign = error
    return read


def sync_reader(name: str, url: str, seed: int, numbers: Numbers, tally: Tally) -> None:
    client = SYNC[name]()
    for number in numbers:
        chosen = plan(number, seed)
        try:
            response = client.open(url, headers(chosen), _PATIENCE if chosen.hangs else SECONDS)
        except Exception as error:
            tally.refuse(name, chosen, error)
            continue
        stream = ChatStream(response, **options(chosen))
        judge(tally, name, chosen, stream, read_sync(chosen, stream))
        stream.close()
    client.close()


# Async readers.


async def read_async(chosen: Plan, stream: AsyncChatStream) -> Reading:
    read = Reading()
    try:
        match chosen.manner:
            case "events" | "cancel":
                async for event in stream:
                    read.take(event)
            case "text":
                async for text in stream.iter_text():
                    read.text += text
            case "chunks":
                async for _ in stream.iter_chunks():
                    pass
            case "until_done":
                assert isinstance(await stream.until_done(), ChatCompletion)
            case "leave" | "close":
                left = chosen.patience
                while left:
                    left -= 1
                    event_or_end = await anext(stream, None)
                    if event_or_end is None:
                        break
                    read.take(event_or_end)
                await stream.aclose()
        read.to_the_end = chosen.manner not in ("leave", "close")
    except SSEStreamError as error:
        read.error = error
        read.to_the_end = True
    except Exception as error:
        read.foreign = error
    return read


Attempt: TypeAlias = Callable[[Plan, AsyncChatStream], Awaitable[Reading]]
"""Reads a stream as planned; a reading that is cancelled has noticed nothing."""


async def in_asyncio(chosen: Plan, stream: AsyncChatStream) -> Reading:
    task = asyncio.ensure_future(read_async(chosen, stream))
    if chosen.manner == "cancel":
        await asyncio.wait([task], timeout=random.Random(chosen.number).random() * 0.02)
        task.cancel()
    try:
        return await task
    except asyncio.CancelledError:
        return Reading()


async def in_trio(chosen: Plan, stream: AsyncChatStream) -> Reading:
    moment = random.Random(chosen.number).random() * 0.02 if chosen.manner == "cancel" else 10 * SECONDS
    with trio.move_on_after(moment):
        return await read_async(chosen, stream)
    return Reading()


async def async_reader(
    reader: str, client: AsyncClient, attempt: Attempt, url: str, seed: int, numbers: Numbers, tally: Tally
) -> None:
    for number in numbers:
        chosen = plan(number, seed)
        try:
            response = await client.open(url, headers(chosen), SECONDS)
        except Exception as error:
            tally.refuse(reader, chosen, error)
            continue
        async with AsyncChatStream(response, **options(chosen)) as stream:
            judge(tally, reader, chosen, stream, await attempt(chosen, stream))
    await client.close()


async def all_of_asyncio(url: str, seed: int, numbers: Numbers, tally: Tally, each: int) -> None:
    shared = (in_asyncio, url, seed, numbers, tally)
    readers = [(f"{name}, asyncio", make()) for name, make in ASYNC.items() for _ in range(each)]
    await asyncio.gather(*(async_reader(reader, client, *shared) for reader, client in readers))
    # What a client closes, it closes on the next turns of the loop.
    for _ in range(10):
        await asyncio.sleep(0.01)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        tally.wrong.append(f"tasks are left: {others}")


async def all_of_trio(url: str, seed: int, numbers: Numbers, tally: Tally, each: int) -> None:
    async with trio.open_nursery() as nursery:
        for name, make in TRIO.items():
            for _ in range(each):
                nursery.start_soon(async_reader, f"{name}, trio", make(), in_trio, url, seed, numbers, tally)


# The soak.


@dataclass(frozen=True)
class Resources:
    """What the process holds."""

    descriptors: int
    threads: int
    streams: int
    memory: int

    @classmethod
    def held(cls) -> Resources:
        gc.collect()
        return cls(_descriptors(), threading.active_count(), _streams(), _memory())


def _descriptors() -> int:
    """Open descriptors; 0 where the system does not tell."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir()) if Path("/proc/self/fd").exists() else 0


def _memory() -> int:
    """Resident bytes; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _streams() -> int:
    """Streams, sessions and decoders that are alive."""
    return sum(
        1 for item in gc.get_objects() if type(item).__name__ in ("ChatStream", "AsyncChatStream", "ChatDecoder")
    )


@dataclass(frozen=True)
class Soak:
    """What came of a soak."""

    tally: Tally
    seconds: float
    before: Resources
    warm: Resources | None
    after: Resources
    connections_left: int
    given_up: int

    @property
    def faults(self) -> list[str]:
        """What should not have been; empty if all is well."""
        faults = list(self.tally.wrong)
        if self.after.descriptors > self.before.descriptors:
            faults.append(f"{self.after.descriptors - self.before.descriptors} descriptors are left open")
        if self.after.threads > self.before.threads:
            faults.append(f"threads are left: {threading.enumerate()}")
        if self.after.streams > self.before.streams:
            faults.append(f"{self.after.streams - self.before.streams} streams or decoders are still alive")
        if self.warm is not None and self.after.memory - self.warm.memory > _GROWTH:
            faults.append(f"memory has grown by {(self.after.memory - self.warm.memory) / 1e6:.0f} MB")
        if self.connections_left:
            faults.append(f"{self.connections_left} connections are still open")
        return faults


def soak(count: int, seconds: float, seed: int = 1, *, each: int = 2, progress: bool = False) -> Soak:
    """Read so many streams, for so long at most, with so many readers of each kind at a time."""
    tally = Tally()
    warm: Resources | None = None
    before = Resources.held()
    began = time.monotonic()

    def answer(request: Request) -> Reply:
        reply = plan(int(request.headers["x-plan"]), seed).reply
        accepted = reply.encoding in request.headers.get("accept-encoding", "")
        return reply if accepted else replace(reply, encoding="identity")

    with sockets_given_up() as close_given_up, ReplayServer(script=answer) as server:
        numbers = Numbers(count, seconds)
        shared = (server.chat_url, seed, numbers, tally)
        work: list[tuple[Callable[..., object], tuple[Any, ...]]] = [
            (sync_reader, (name, *shared)) for name in SYNC for _ in range(each)
        ]
        work.append((lambda: asyncio.run(all_of_asyncio(*shared, each)), ()))
        work.append((lambda: trio.run(all_of_trio, *shared, each), ()))
        failed: list[BaseException] = []
        threads = [threading.Thread(target=_guarded, args=(function, given, failed)) for function, given in work]
        for thread in threads:
            thread.start()
        told = began
        while alive := [thread for thread in threads if thread.is_alive()]:
            alive[0].join(0.1)
            if progress and time.monotonic() - told > 5:
                told = time.monotonic()
                print(f"{tally.done:7,} streams, {told - began:6.0f} s, {len(tally.wrong)} wrong", flush=True)
            if warm is None and tally.done >= count * _WARM:
                warm = Resources.held()
        for thread in threads:
            thread.join()
        tally.wrong.extend(f"a reader itself failed: {error!r}" for error in failed)
        deadline = time.monotonic() + 5
        while server.open_connections and time.monotonic() < deadline:
            time.sleep(0.01)
        connections_left = server.open_connections
        given_up = close_given_up()
    took = time.monotonic() - began
    deadline = time.monotonic() + 5
    while threading.active_count() > before.threads and time.monotonic() < deadline:
        time.sleep(0.01)
    return Soak(tally, took, before, warm, Resources.held(), connections_left, given_up)


def _guarded(function: Callable[..., object], given: tuple[Any, ...], failed: list[BaseException]) -> None:
    try:
        function(*given)
    except BaseException as error:
        failed.append(error)


def trace(count: int, seconds: float, seed: int) -> int:
    """Soak twice, and say how much more is allocated after the second time than after the first."""
    tracemalloc.start()
    allocated = []
    for _ in range(2):
        faults = soak(count, seconds, seed).faults
        gc.collect()
        allocated.append(tracemalloc.get_traced_memory()[0])
    growth = allocated[1] - allocated[0]
    print(f"{growth / 1024:.0f} KiB more are allocated after {count:,} streams more; {len(faults)} wrong")
    return 1 if faults or growth > _TRACED_GROWTH else 0


def table(done: Soak) -> str:
    """What came of a soak, as text."""
    endings = sorted({ending for _, ending in done.tally.endings})
    readers = sorted({reader for reader, _ in done.tally.endings})
    lines = ["".join([f"{'reader':20}", *(f"{ending:>17}" for ending in endings)])]
    for reader in readers:
        counts = (f"{done.tally.endings[reader, ending]:17,}" for ending in endings)
        lines.append("".join([f"{reader:20}", *counts]))
    before, after = done.before, done.after
    lines.append(
        f"{done.tally.done:,} streams in {done.seconds:.0f} s, {done.tally.bytes / 1e6:.1f} MB, "
        f"{done.tally.deltas:,} deltas; descriptors {before.descriptors} -> {after.descriptors}, "
        f"threads {before.threads} -> {after.threads}, streams alive {before.streams} -> {after.streams}"
    )
    if done.warm is not None:
        lines.append(f"memory {done.warm.memory / 1e6:.0f} MB when warm, {after.memory / 1e6:.0f} MB at the end")
    if done.given_up:
        lines.append(f"{done.given_up} sockets were left open by their client, niquests, and closed by this program")
    faults = done.faults
    lines.extend([f"{len(faults)} wrong", *faults[:20]])
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument(
        "--seconds", type=float, default=600, help="time after which no further stream starts (default: 600)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--readers", type=int, default=2, help="concurrent readers of each kind (default: 2)")
    parser.add_argument("--trace", action="store_true", help="report what is still allocated afterwards (slow)")
    chosen = parser.parse_args(arguments)
    if chosen.trace:
        return trace(chosen.streams, chosen.seconds, chosen.seed)
    done = soak(chosen.streams, chosen.seconds, chosen.seed, each=chosen.readers, progress=True)
    print(table(done))
    return 1 if done.faults else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
