"""A feed of events that survives its connections: none is lost, and none is handled twice.

    python examples/resumed_events.py [URL]

`EventSource` connects again when a connection ends or breaks, and tells the server where to go on. What it calls for each
connection is yours: any client, any headers. Here the place is kept in a file as well, so that the next start of
the program goes on where this one stopped.

Without a URL it follows a server on this machine, which drops its clients in four ways.
"""

import sys
import tempfile
from pathlib import Path

import httpx

from sse_stream import Attempt, EventSource, ReconnectPolicy
from sse_stream.testing import Disconnect, ReplayServer, Reply, Request

# Waits are short, so that this is soon over. The default, a few seconds that grow to half a minute, is for servers.
POLICY = ReconnectPolicy(delay=0.05, max_delay=0.5)


def follow(client: httpx.Client, url: str, place: Path) -> None:
    def connect(attempt: Attempt):
        if attempt.number > 1:
            why = "the stream ended" if attempt.cause is None else type(attempt.cause).__name__
            print(f"[connection {attempt.number} goes on after {attempt.last_event_id}: {why}]")
        return client.stream("GET", url, headers=attempt.headers)

    begin = place.read_text() if place.exists() else ""
    with EventSource(connect, last_event_id=begin, policy=POLICY, dedupe=100) as source:
        for event in source:
            print(f"{event.event} {event.id}: {event.data}")
            # Stored after the event was handled. Were the program to stop in between, the event would come once more.
            place.write_text(event.id)
    print("the server has no more")


READINGS = (21.0, 21.4, 21.9, 22.3, 22.1, 21.8)


def reading(number: int) -> bytes:
    return b"event: reading\nid: %d\ndata: %.1f\n\n" % (number, READINGS[number - 1])


def feed():
    """What a server script may be: a function from a request to a reply. This one drops its clients."""
    ways = iter(["end", "break", "restart", "repeat"])

    def answer(request: Request) -> Reply:
        done = int(request.headers.get("last-event-id", "0"))
        rest = [reading(number) for number in range(done + 1, len(READINGS) + 1)]
        match next(ways, "stop"):
            case "end":
                return Reply(rest[:2])
            case "break":  # in the middle of the second event
                return Reply(rest, fault=Disconnect(len(rest[0]) + 9))
            case "restart":
                return Reply(b"restarting", status=503, headers={"Retry-After": "0.1"})
            case "repeat":  # one that was asked for already: `dedupe` drops it
                return Reply([reading(done), *rest])
            case _:
                return Reply(status=204)

    return answer


def main() -> None:
    with httpx.Client(timeout=httpx.Timeout(10, read=60)) as client, tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "place"
        if len(sys.argv) > 1:
            follow(client, sys.argv[1], place)
            return
        with ReplayServer(script=feed()) as server:
            follow(client, server.chat_url, place)


if __name__ == "__main__":
    main()
