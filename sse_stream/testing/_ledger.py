"""The record of a `ReplayServer`'s requests and connections."""

from __future__ import annotations

import threading

from ._replies import Request


class Ledger:
    """Requests and connections, written by the server's thread and readable from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self.accepted = 0
        self.disconnects = 0
        self.abandoned = 0

    @property
    def requests(self) -> tuple[Request, ...]:
        """The requests so far."""
        return tuple(self._requests)

    def add_connection(self) -> int:
        """Count a connection, and return its number, from 1."""
        self.accepted += 1
        return self.accepted

    def add_request(self, request: Request) -> None:
        """Record a request."""
        self._requests.append(request)

    def add_disconnect(self, *, abandoned: bool) -> None:
        """Count a connection closed by its client, and whether a reply was incomplete."""
        with self._changed:
            self.disconnects += 1
            self.abandoned += abandoned
            self._changed.notify_all()

    def wait_for_disconnects(self, count: int, timeout: float) -> bool:
        """Wait until clients have closed `count` connections; return whether they did in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.disconnects >= count, timeout)
