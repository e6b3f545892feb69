"""Ending a blocking read from outside, by shutting down its connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

# `socket.SHUT_RDWR`, without the cost of importing `socket`.
BOTH_WAYS = 2


def shut_down(descriptor: int) -> None:
    """Shut down the connection of this file descriptor, without closing the descriptor.

    Raises:
        OSError: The descriptor is not a socket, or the connection is already closed.
    """
    import os
    from socket import socket

    with socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(BOTH_WAYS)


def read_in_thread(pieces: Iterator[object], shut_down: Callable[[], object], seconds: float) -> object:
    """Return the next bytes if they arrive in time; otherwise shut down the connection, which ends the read.

    Args:
        pieces: The body.
        shut_down: Shuts down the connection.
        seconds: How long to wait.

    Raises:
        TimeoutError: No bytes arrived in time; nothing more can be read.
        RuntimeError: Threads are not supported, as under Pyodide.
    """
    # Imported lazily to keep start-up fast: few programs need it.
    from threading import Thread

    outcome: list[object] = []

    def read_once() -> None:
        with suppress(Exception):  # the stream is already complete, so a broken connection does not matter
            outcome.append(next(pieces))

    thread = Thread(target=read_once, name="sse_stream drain", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        with suppress(Exception):  # the connection may have closed by itself
            shut_down()
        thread.join(seconds)
    if not outcome:
        raise TimeoutError
    return outcome[0]
