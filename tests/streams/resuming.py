"""Event sources over scripted connections, on a clock that advances with the test's waits.

A test body is a coroutine, as in `clients.py`: it runs with the sync source, and with the async one under asyncio and
trio.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import pytest

from sse_stream import AsyncEventSource, Attempt, EventSource, ServerSentEvent

from .clients import Each, entered, run_in_asyncio, run_in_trio, run_without_loop

EVENT_STREAM = {"Content-Type": "text/event-stream"}

Piece = bytes | BaseException


@dataclass
class Response:
    """A response as `http.client` gives it, and as aiohttp does.

    Attributes:
        pieces: What its reads bring, one after another; an exception is raised.
        status: The status.
        headers: The headers.
        silence: How many seconds each read takes.
    """

    pieces: Sequence[Piece] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: EVENT_STREAM)
    silence: float = 0.0

    def begin(self, number: int, world: World) -> None:
        """The response to this connection."""
        self._left = list(self.pieces)
        self._number = number
        self._world = world

    def read1(self, _: int) -> bytes:
        self._world.now += self.silence
        piece = self._left.pop(0) if self._left else b""
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def close(self) -> None:
        self._world.log.append(f"close {self._number}")


class AsyncResponse:
    """The same for async code."""

    def __init__(self, response: Response) -> None:
        self.status, self.headers, self.close = response.status, response.headers, response.close
        self.content = self
        self._response = response

    async def readany(self) -> bytes:
        return self._response.read1(0)


Script = Sequence[bytes | Response | Exception]


class World:
    """A clock, a random number, and what happened.

    Attributes:
        now: The time.
        random: The random number that is drawn next.
        waits: How long each wait took.
        attempts: What each call of `connect` was given.
        log: When connections were opened and closed.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
        self.now = 1_000.0
        self.random = 0.0
        self.waits: list[float] = []
        self.attempts: list[Attempt] = []
        self.log: list[str] = []
        self.shell = shell
        streams = "sse_stream._streams"
        for module in ("_resuming", "_connection"):
            monkeypatch.setattr(f"{streams}.{module}.monotonic", lambda: self.now)
        monkeypatch.setattr(f"{streams}._resuming.draw", lambda: self.random)
        monkeypatch.setattr(f"{streams}._async_event_source.pause", self._pause)
        monkeypatch.setattr(f"{streams}._event_source.allocate_lock", lambda: _Lock(self))

    def wait(self, seconds: float) -> None:
        self.waits.append(round(seconds, 6))
        self.now += seconds

    async def _pause(self, seconds: float) -> None:
        self.wait(seconds)

    def connect(self, script: Script) -> Callable[[Attempt], Any]:
        """What connects to one of these after another, and in the end to what says that there is nothing more."""
        steps = iter([*script, Response(status=204)])

        def connect(attempt: Attempt) -> Any:
            self.attempts.append(attempt)
            self.log.append(f"open {attempt.number}")
            step = next(steps)
            if isinstance(step, Exception):
                raise step
            response = Response([step]) if isinstance(step, bytes) else copy(step)
            response.begin(attempt.number, self)
            return AsyncResponse(response) if self.shell.is_async else response

        return connect

    def source(self, script: Script, **options: Any) -> Any:
        return self.shell.make(self.connect(script), **options)

    def read(self, script: Script, **options: Any) -> list[ServerSentEvent]:
        """All events of these connections."""
        events: list[ServerSentEvent] = []

        async def body() -> None:
            async with entered(self.source(script, **options)) as source:
                async for event in Each[ServerSentEvent](source):
                    events.append(event)

        self.shell.run(body)
        return events


class _Lock:
    """What `close` ends a wait by: on the test's clock, the wait is over at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    def acquire(self, timeout: float = 0) -> bool:
        if timeout:
            self._world.wait(timeout)
        return False

    def release(self) -> None:
        pass


@dataclass(frozen=True)
class Shell:
    name: str
    make: Callable[..., Any]
    run: Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]

    @property
    def is_async(self) -> bool:
        return self.make is AsyncEventSource


SHELLS = [
    Shell("sync", EventSource, run_without_loop),
    Shell("asyncio", AsyncEventSource, run_in_asyncio),
    Shell("trio", AsyncEventSource, run_in_trio),
]


def manager_of(response: Any, world: World, *, is_async: bool) -> Any:
    """A context manager of a response."""

    @contextmanager
    def manager() -> Any:
        world.log.append("enter")
        try:
            yield response
        finally:
            world.log.append("exit")

    @asynccontextmanager
    async def async_manager() -> Any:
        with manager() as given:
            yield given

    return async_manager() if is_async else manager()
