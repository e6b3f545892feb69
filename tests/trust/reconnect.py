"""Read a long stream of events with event sources over real clients, from a server that fails in every way at random.

    python -m tests.trust.reconnect --events 10000 [--seed 1] [--clients httpx aiohttp …]

Each client reads the stream twice. With `dedupe`, it must get each event exactly once. Without, its handler fails now
and then, another source resumes, and each event must be handled at least once. Both times, events must be in order
and complete. Afterwards, no descriptor, thread, source or connection may be left, and memory must not have grown. The
exit status is 1 if any check fails.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sse_stream import ReconnectPolicy, ServerSentEvent
from sse_stream.testing import (
    Disconnect,
    EndAt,
    Fault,
    HalfClose,
    ReplayServer,
    Reply,
    Request,
    Reset,
    Seed,
    Stall,
    WrongLength,
)

from ..streams.clients import Each
from ..streams.event_clients import EVENT_CLIENTS, EventClient
from .soak import Resources

Manner: TypeAlias = Literal["dedupe", "restart"]

CLIENTS = ("httpx", "requests", "httpx-asyncio", "httpx-trio", "aiohttp")

POLICY = ReconnectPolicy(delay=0.001, max_delay=0.05, attempts=200)

# How many ids are remembered, which is more than the server repeats; and how many it repeats at most.
_WINDOW = 16
_REPEATED = 8

# How long a reader waits for a server that has fallen silent.
_PATIENCE = 0.2

# How often the handler of an event fails.
_FAILURES = 0.01

_GROWTH = 40_000_000
_WARM = 0.2


def event(number: int) -> bytes:
    """An event, which says its number; many are small, some are not."""
    dice = random.Random(number)
    lines = ["\u00e9\u2026\U0001f600 " * dice.choice((0, 1, 1, 2, 40)) for _ in range(dice.choice((1, 1, 1, 3)))]
    text = "\n".join([str(number), *lines])
    said = ServerSentEvent(text, dice.choice(("message", "message", "note")), str(number)).encode()
    return dice.choice((b"", b"", b": keep-alive\n\n", b"retry: 1\n")) + said


class Server:
    """Answers each reader in the way that comes next for it, by its own dice."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._dice: dict[str, random.Random] = {}
        self.answers: Counter[str] = Counter()

    def __call__(self, request: Request) -> Reply:
        reader = request.path.split("/")[1]
        dice = self._dice.setdefault(reader, random.Random(f"{self._seed} {reader}"))
        begin = int(request.headers.get("last-event-id", "0"))
        if begin >= self._count:
            self.answers["204"] += 1
            return Reply(status=204)
        way = dice.choices(list(_WAYS), list(_WAYS.values()))[0]
        self.answers[way] += 1
        if way == "503":
            status = dice.choice((408, 425, 429, 500, 502, 503, 504))
            after = dice.choice(({}, {"Retry-After": "0"}, {"Retry-After": "0.1"}))
            return Reply(b"down", status=status, headers=after, content_type="text/plain")
        if way == "empty":
            return Reply(dice.choice((b"", b": hello\n\n", b"retry: 1\n\n", b"\xef\xbb\xbf")))
        if way == "repeat":
            begin = max(0, begin - dice.randint(1, _REPEATED))
        numbers = range(begin + 1, min(self._count, begin + dice.randint(1, 40)) + 1)
        body = b"".join(map(event, numbers))
        at = dice.randint(0, len(body))
        fault: Fault | None = None
        match way:
            case "end":
                fault = EndAt(at)
            case "disconnect":
                fault = Disconnect(at)
            case "half-close":
                fault = HalfClose(at)
            case "reset":
                fault = Reset(at)
            case "stall":
                fault = Stall(at)
            case "length":
                fault = WrongLength(dice.choice((-7, 7)))
        return Reply(body, fault=fault, cut=dice.choice((None, None, 7, Seed(at))))


# What the server does, and how often.
_WAYS = {
    "whole": 8,
    "repeat": 6,
    "end": 8,
    "disconnect": 8,
    "half-close": 4,
    "reset": 8,
    "length": 4,
    "empty": 3,
    "503": 3,
    "stall": 0.5,
}


@dataclass
class Tally:
    """What came of it, by reader."""

    handled: Counter[str] = field(default_factory=Counter)
    connections: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Handler:
    """Handles events as an application does, and sees whether they are those that were to come."""

    def __init__(self, name: str, manner: Manner, tally: Tally) -> None:
        self._name = name
        self._manner = manner
        self._tally = tally
        self._dice = random.Random(name)
        self.last = 0

    def handle(self, got: ServerSentEvent) -> None:
        """Handle an event.

        Raises:
            ZeroDivisionError: It could not.
        """
        number = int(got.data.partition("\n")[0])
        if got.id != str(number):
            self._tally.wrong.append(f"{self._name}: event {number} has the id {got.id!r}")
        if self._manner == "restart" and self._dice.random() < _FAILURES:
            raise ZeroDivisionError
        if number > self.last + 1:
            self._tally.wrong.append(f"{self._name}: {number} came after {self.last}")
        elif number <= self.last:
            self._tally.repeated[self._name] += 1
            if self._manner == "dedupe":
                self._tally.wrong.append(f"{self._name}: {number} came again after {self.last}")
        self.last = max(self.last, number)
        self._tally.handled[self._name] = self.last


def read(client: EventClient, manner: Manner, url: str, count: int, tally: Tally) -> None:
    """Read all events with one client."""
    name = f"{client.name}, {manner}"
    handler = Handler(name, manner, tally)
    options: dict[str, Any] = {"policy": POLICY, "dedupe": _WINDOW if manner == "dedupe" else 0}
    if client.is_async:
        options["idle"] = _PATIENCE

    async def body() -> None:
        place = ""
        while handler.last < count:
            async with client.source(url, read_timeout=_PATIENCE, last_event_id=place, **options) as source:
                try:
                    async for got in Each[ServerSentEvent](source):
                        handler.handle(got)
                except ZeroDivisionError:
                    pass
                else:
                    if handler.last != count:
                        tally.wrong.append(f"{name}: it ended after {handler.last} of {count}")
                        return
                place = source.last_event_id

    try:
        client.run(body)
    except BaseException as error:
        tally.wrong.append(f"{name}: {error!r}, after {handler.last} of {count}")


@dataclass(frozen=True)
class Done:
    """What came of a run."""

    tally: Tally
    answers: Counter[str]
    seconds: float
    before: Resources
    warm: Resources | None
    after: Resources
    sources_left: int
    connections_left: int

    @property
    def faults(self) -> list[str]:
        """What should not have been; empty if all is well."""
        faults = list(self.tally.wrong)
        if self.after.descriptors > self.before.descriptors:
            faults.append(f"{self.after.descriptors - self.before.descriptors} descriptors are left open")
        if self.after.threads > self.before.threads:
            faults.append(f"threads are left: {threading.enumerate()}")
        if self.sources_left > 0:
            faults.append(f"{self.sources_left} event sources are still alive")
        if self.connections_left:
            faults.append(f"{self.connections_left} connections are still open")
        if self.warm is not None and self.after.memory - self.warm.memory > _GROWTH:
            faults.append(f"memory has grown by {(self.after.memory - self.warm.memory) / 1e6:.0f} MB")
        return faults


def run(count: int, seed: int, names: Sequence[str] = CLIENTS, *, progress: bool = False) -> Done:
    """Read so many events with each of these clients, in both manners, all at the same time."""
    tally = Tally()
    server_side = Server(count, seed)
    chosen = [client for client in EVENT_CLIENTS if client.name in names]
    manners: tuple[Manner, ...] = ("dedupe", "restart")
    warm: Resources | None = None
    before = Resources.held()
    sources_before = _sources()
    began = told = time.monotonic()
    with ReplayServer(script=server_side) as server:
        threads = [
            threading.Thread(
                target=read,
                args=(client, manner, f"{server.url}/{client.name}-{manner}/chat/completions", count, tally),
                name=f"{client.name}, {manner}",
            )
            for client in chosen
            for manner in manners
        ]
        for thread in threads:
            thread.start()
        while alive := [thread for thread in threads if thread.is_alive()]:
            alive[0].join(0.1)
            if progress and time.monotonic() - told > 5:
                told = time.monotonic()
                print(f"{tally.handled.total():9,} events, {told - began:5.0f} s, {len(tally.wrong)} wrong", flush=True)
            if warm is None and tally.handled.total() >= count * len(threads) * _WARM:
                warm = Resources.held()
        deadline = time.monotonic() + 5
        while server.open_connections and time.monotonic() < deadline:
            time.sleep(0.01)
        connections_left = server.open_connections
    after = Resources.held()
    left = _sources() - sources_before
    return Done(tally, server_side.answers, time.monotonic() - began, before, warm, after, left, connections_left)


def _sources() -> int:
    """Event sources, and what they read by, that are alive."""
    return sum(type(item).__name__ in ("EventSource", "AsyncEventSource", "EventCursor") for item in gc.get_objects())


def table(done: Done) -> str:
    """What came of it, as text."""
    tally = done.tally
    lines = [f"{'reader':28}{'events':>9}{'repeated':>10}"]
    lines += [f"{name:28}{tally.handled[name]:9,}{tally.repeated[name]:10,}" for name in sorted(tally.handled)]
    lines.append("answers: " + ", ".join(f"{way} {number:,}" for way, number in sorted(done.answers.items())))
    lines.append(
        f"{tally.handled.total():,} events in {done.seconds:.0f} s over {done.answers.total():,} requests; "
        f"descriptors {done.before.descriptors} -> {done.after.descriptors}, "
        f"threads {done.before.threads} -> {done.after.threads}"
    )
    if done.warm is not None:
        lines.append(f"memory {done.warm.memory / 1e6:.0f} MB when warm, {done.after.memory / 1e6:.0f} MB at the end")
    faults = done.faults
    lines += [f"{len(faults)} wrong", *faults[:20]]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.reconnect", description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000, help="events for each reader (default: 10000)")
    parser.add_argument("--seed", type=int, default=1)
    every = [client.name for client in EVENT_CLIENTS]
    parser.add_argument("--clients", nargs="+", choices=every, default=CLIENTS, metavar="NAME", help=", ".join(every))
    chosen = parser.parse_args(arguments)
    done = run(chosen.events, chosen.seed, chosen.clients, progress=True)
    print(table(done))
    return 1 if done.faults else 0


if __name__ == "__main__":
    sys.exit(main())
