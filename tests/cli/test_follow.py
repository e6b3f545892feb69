"""`sse-stream read URL --follow` against a server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from sse_stream._cli._main import main
from sse_stream.testing import ReplayServer, Reply, Request, Reset, Stall

EVENTS = [b"retry: 1\nid: 1\ndata: a\n\n", "id: 2\nevent: note\ndata: ü\n\n".encode()]


def answer(request: Request) -> Reply:
    """Send one event per connection, break the second connection, and answer 204 when no events are left."""
    number = int(request.headers.get("last-event-id", "0"))
    if number >= len(EVENTS):
        return Reply(status=204)
    return Reply(EVENTS[number], fault=Reset() if number else None)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[Any], list[str]]:
    code = main(["read", *arguments])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err.splitlines()


def test_it_shows_each_event_over_as_many_connections_as_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayServer(script=answer) as server:
        code, events, said = run(capsys, server.chat_url, "--follow", "--stats")
    assert code == 0
    assert [(event["id"], event["event"], event["data"]) for event in events] == [
        ("1", "message", "a"),
        ("2", "note", "ü"),
    ]
    assert len(said) == 2
    assert said[0].startswith("sse-stream: the connection broke: ")
    assert said[0].endswith("; reconnecting")
    assert said[1] == "sse-stream: 2 events over 3 connections"


def test_it_goes_on_from_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayServer(script=answer) as server:
        code, events, _ = run(capsys, server.chat_url, "--follow", "--last-event-id", "1")
    assert (code, [event["id"] for event in events]) == (0, ["2"])


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (Reply(b"no such thing", status=404), 4, "HTTP 404: no such thing. Not reconnecting"),
        (Reply(b"<html>", content_type="text/html"), 6, "the response is not an event stream"),
    ],
)
def test_it_says_why_it_stops(capsys: pytest.CaptureFixture[str], reply: Reply, code: int, message: str) -> None:
    with ReplayServer(script=[reply]) as server:
        left, events, said = run(capsys, server.chat_url, "--follow")
    assert (left, events) == (code, [])
    assert message in said[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recording.sse", "--follow"], "--follow requires a URL that starts with https:// or http://, got "),
        (["--follow"], "--follow requires a URL that starts with https:// or http://, got "),
        (["http://127.0.0.1:1", "--follow", "--events"], "remove --events or --completion"),
        (["http://127.0.0.1:1", "--follow", "--completion"], "remove --events or --completion"),
        (["http://[::1", "--follow"], "cannot read http://[::1: "),
        (
            ["http://127.0.0.1:1", "--follow", "--last-event-id", "a\nb"],
            "last_event_id contains characters that no event id",
        ),
    ],
)
def test_what_cannot_be_followed(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code, events, said = run(capsys, *arguments)
    assert (code, events) == (2, [])
    assert message in said[0]


@pytest.mark.parametrize(
    ("event", "place"),
    [
        (b"id: a b\ndata: x\n\n", "Resume with --last-event-id 'a b'"),
        (b"data: x\n\n", "The events have no id to resume from"),
    ],
)
def test_ctrl_c_says_where_to_go_on(event: bytes, place: str) -> None:
    # The second event has the same id, so the outcome does not depend on how far the client has read.
    with ReplayServer(event + b"data: y\n\n", fault=Stall()) as server:
        command = [sys.executable, "-m", "sse_stream", "read", server.chat_url, "--follow"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert [json.loads(process.stdout.readline())["data"] for _ in range(2)] == ["x", "y"]
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (130, f"sse-stream: interrupted after 2 events. {place}\n")
