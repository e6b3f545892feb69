"""The web-platform-tests for EventSource on requests, reconnection, ids, `retry` and status codes, in Python.

Each names its file in https://github.com/web-platform-tests/wpt/tree/master/eventsource. The server is ours, the
clients are real; a browser's events `open` and `error` have no counterpart here, but their effects do.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import monotonic

import pytest

from sse_stream import ContentTypeError, ReconnectPolicy, ServerSentEvent, SSEStreamError, StatusError
from sse_stream.testing import ReplayServer, Reply, Request

from .clients import Each
from .event_clients import EventClient, event_clients, few_event_clients

POLICY = ReconnectPolicy(delay=0.01, jitter=0)


def read(
    client: EventClient, script: Callable[[Request], Reply] | list[Reply], *, most: int = 100
) -> tuple[list[ServerSentEvent], tuple[Request, ...]]:
    """What comes of this script, and what was asked; so many events at most."""
    with ReplayServer(script=script) as server:
        events: list[ServerSentEvent] = []

        async def body() -> None:
            async with client.source(server.chat_url, policy=POLICY) as source:
                async for event in Each[ServerSentEvent](source):
                    events.append(event)
                    if len(events) == most:
                        break

        client.run(body)
        return events, server.requests


STOP = Reply(status=204)


def last_event_id(request: Request) -> Reply:
    """`resources/last-event-id.py`: it repeats what it was told, or says hello with an id."""
    told = request.headers.get("last-event-id", "")
    if told:
        return Reply(b"data: %b\n\n" % told.encode("latin-1"))
    return Reply("id: \u2026\nretry: 20\ndata: hello\n\n".encode())


@event_clients()
def test_format_field_id_2(client: EventClient) -> None:
    events, requests = read(client, last_event_id, most=3)
    assert [(event.data, event.id) for event in events] == [("hello", "…"), ("…", "…"), ("…", "…")]
    sent = [request.headers.get("last-event-id") for request in requests]
    assert sent == [None, *["\u2026".encode().decode("latin-1")] * 2]


@event_clients()
@pytest.mark.parametrize("ident", ["\xe9", "\U0001f600", "a b\t c", "1" * 3000])
def test_an_id_of_any_characters_comes_back(client: EventClient, ident: str) -> None:
    def answer(request: Request) -> Reply:
        told = request.headers.get("last-event-id", "").encode("latin-1").decode()
        return Reply(f"id: {ident}\ndata: {told}\n\n".encode())

    events, _ = read(client, answer, most=2)
    assert [event.data for event in events] == ["", ident]


@few_event_clients
@pytest.mark.parametrize(
    ("reset", "ids"), [(b"id: 2", ["1", "1", "2", "2"]), (b"id:", ["1", "1", "", ""]), (b"id", ["1", "1", "", ""])]
)
def test_format_field_id_3(client: EventClient, reset: bytes, ids: list[str]) -> None:
    body = b"id: 1\ndata: 1\n\ndata: 2\n\n%b\ndata: 3\n\ndata: 4\n\n" % reset
    events, requests = read(client, [Reply(body), STOP])
    assert [(event.data, event.id) for event in events] == list(zip("1234", ids, strict=True))
    assert requests[1].headers.get("last-event-id", "") == ids[-1]


@few_event_clients
@pytest.mark.parametrize("value", [b"\0\0", b"x\0", b"\0x", b"x\0x", b" \0"])
def test_format_field_id_null(client: EventClient, value: bytes) -> None:
    events, requests = read(client, [Reply(b"id: %b\ndata: hello\n\n" % value)] * 2 + [STOP])
    assert [event.id for event in events] == ["", ""]
    assert all("last-event-id" not in request.headers for request in requests)


@event_clients()
def test_request_accept_and_request_cache_control(client: EventClient) -> None:
    _, requests = read(client, [Reply(b"data: a\n\n"), STOP])
    for request in requests:
        assert request.method == "GET"
        assert request.headers["accept"] == "text/event-stream"
        assert request.headers["cache-control"] == "no-cache"


@few_event_clients
@pytest.mark.parametrize("status", [205, 210, 299, 404, 410])
def test_request_status_error(client: EventClient, status: int) -> None:
    with pytest.raises(StatusError, match=f"HTTP {status}") as raised:
        read(client, [Reply(b"data: data\n\n", status=status)])
    assert raised.value.status_code == status


@event_clients()
def test_request_status_error_204_stops(client: EventClient) -> None:
    events, requests = read(client, [Reply(b"data: data\n\n"), STOP])
    assert ([event.data for event in events], len(requests)) == (["data"], 2)


@event_clients()
def test_request_status_error_503_passes(client: EventClient) -> None:
    """Here the browsers give up, and this does not: 503 means that the server may be back soon."""
    away = Reply(b"data: data\n\n", status=503)
    events, requests = read(client, [away, away, Reply(b"data: data\n\n"), STOP])
    assert ([event.data for event in events], len(requests)) == (["data"], 4)


@few_event_clients
@pytest.mark.parametrize(
    ("content_type", "is_fine"),
    [
        ("text/event-stream;", True),
        ("text/event-stream;x bogus", True),
        ("text/event-stream;charset=windows-1251", True),
        ("x bogus", False),
    ],
)
def test_format_mime(client: EventClient, content_type: str, is_fine: bool) -> None:
    script = [Reply("data: ok…\n\n".encode(), content_type=content_type), STOP]
    if is_fine:
        assert [event.data for event in read(client, script)[0]] == ["ok…"]
    else:
        with pytest.raises(ContentTypeError, match="x bogus"):
            read(client, script)


@few_event_clients
def test_eventsource_reconnect(client: EventClient) -> None:
    events, requests = read(client, [Reply(b"data: ok\n\n"), Reply(b"data: data\n\n"), STOP])
    assert ([event.data for event in events], len(requests)) == (["ok", "data"], 3)


@few_event_clients
def test_eventsource_close_test_events(client: EventClient) -> None:
    script = [Reply(b"data: opened\n\n"), Reply(b"data: reconnected\n\n"), Reply(b""), Reply(status=404)]
    with pytest.raises(SSEStreamError):
        read(client, script)


@few_event_clients
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_request_redirect(client: EventClient, status: int) -> None:
    def answer(request: Request) -> Reply:
        if request.path.endswith("?moved") or "last-event-id" in request.headers:
            return Reply(b"id: 1\ndata: ok\n\n")
        return Reply(status=status, headers={"Location": f"{request.path}?moved"})

    events, _ = read(client, answer, most=1)
    assert [event.data for event in events] == ["ok"]


@few_event_clients
@pytest.mark.parametrize("bogus", [b"", b"retry: 1000x\n", b"retry\n", b"retry:\n"])
def test_format_field_retry(client: EventClient, bogus: bytes) -> None:
    """`format-field-retry`, `-bogus` and `-empty`: the next connection comes after that time, and not twice of it."""
    moments = []

    def answer(_: Request) -> Reply:
        moments.append(monotonic())
        return Reply(b"retry: 200\n" + bogus + b"data: x\n\n")

    read(client, answer, most=2)
    waits = [after - before for before, after in pairwise(moments)]
    assert len(waits) == 1
    assert 0.2 <= waits[0] < 0.4
