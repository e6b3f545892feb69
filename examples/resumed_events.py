"""Follow an event feed across reconnections: no event is lost or handled twice.

    python examples/resumed_events.py [URL]

`EventSource` reconnects when a connection ends or breaks, and tells the server where to resume. Your function opens each
connection, with any client and any headers. Here the last event id is also stored in a file, so that the next run of the
program resumes where this one stopped.

Without a URL, follows a local server that drops its clients in four ways.
"""

import sys
import tempfile
from pathlib import Path

import httpx

from sse_stream import Attempt, EventSource, ReconnectPolicy
from sse_stream.testing import Disconnect, ReplayServer, Reply, Request

# Short waits for the demonstration. The defaults, from a few seconds up to half a minute, suit real servers.
POLICY = ReconnectPolicy(delay=0.05, max_delay=0.5)


def follow(client: httpx.Client, url: str, place: Path) -> None:
    def connect(attempt: Attempt):
        if attempt.number > 1:
            why = "the stream ended" if attempt.cause is None else type(attempt.cause).__name__
            print(f"[connection {attempt.number} resumes after {attempt.last_event_id}: {why}]")
        return client.stream("GET", url, headers=attempt.headers)

    begin = place.read_text() if place.exists() else ""
    with EventSource(connect, last_event_id=begin, policy=POLICY, dedupe=100) as source:
        for event in source:
            print(f"{event.event} {event.id}: {event.data}")
            # Store the id after handling the event. If the program stops in between, the event is repeated.
            place.write_text(event.id)
    print("no more events")


READINGS = (21.0, 21.4, 21.9, 22.3, 22.1, 21.8)


def reading(number: int) -> bytes:
    return b"event: reading\nid: %d\ndata: %.1f\n\n" % (number, READINGS[number - 1])


def feed():
    """A script for `ReplayServer`, a function from requests to replies, that drops its clients."""
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
            case "repeat":  # repeats an event, which `dedupe` drops
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
