"""How a read that blocks is ended from outside: by shutting down the connection that it waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

# What `socket` calls `SHUT_RDWR`; importing that module is not free.
BOTH_WAYS = 2


def shut_down(descriptor: int) -> None:
    """Shut down the connection with this file descriptor, which stays its owner's.

    Raises:
        OSError: It is no connection, or is gone.
    """
    import os
    from socket import socket

    with socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(BOTH_WAYS)


def read_in_thread(pieces: Iterator[object], shut_down: Callable[[], object], seconds: float) -> object:
    """The next bytes, if they come soon. If not, the connection is shut down, which ends the read.

    Raises:
        TimeoutError: They did not come, and none will any more.
        RuntimeError: There are no threads here, as under Pyodide.
    """
    # Imported here: most programs never come to this, and start-up stays cheap.
    from threading import Thread

    outcome: list[object] = []

    def read_once() -> None:
        with suppress(Exception):  # the stream is done: that its connection broke is no news
            outcome.append(next(pieces))

    thread = Thread(target=read_once, name="sse_stream drain", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        with suppress(Exception):  # it may be gone by itself
            shut_down()
        thread.join(seconds)
    if not outcome:
        raise TimeoutError
    return outcome[0]
