"""Event sources and every way in which a connection ends, on a simulated clock."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable
from itertools import chain
from typing import Any

import httpx
import pytest

from sse_stream import (
    AsyncEventSource,
    Attempt,
    ContentTypeError,
    EventSource,
    EventTooLargeError,
    ReconnectError,
    ReconnectPolicy,
    ServerSentEvent,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    TransportError,
)
from sse_stream._sources._open import open_source
from sse_stream._streams._connection import Connection

from .clients import Each, entered, settled
from .resuming import EVENT_STREAM, SHELLS, AsyncResponse, Response, Script, World, manager_of

ONE = b"id: 1\ndata: a\n\n"
TWO = b"id: 2\ndata: b\n\n"
THREE = b"id: 3\ndata: c\n\n"


@pytest.fixture(params=SHELLS, ids=lambda shell: shell.name)
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch, request.param)


def datas(events: list[ServerSentEvent]) -> list[str]:
    return [event.data for event in events]


# What the standard says.


STANDARD = [
    pytest.param(
        "A last event ID string. This must initially be the empty string.",
        [ONE],
        ["a"],
        [None, "1"],
        [3],
        id="no id at first",
    ),
    pytest.param(
        "If res is a network error, then reestablish the connection.",
        [ConnectionRefusedError(), ONE],
        ["a"],
        [None, None, "1"],
        [3, 3],
        id="no connection",
    ),
    pytest.param(
        "processEventSourceEndOfBody: if response is not a network error, then reestablish the connection.",
        [ONE, TWO],
        ["a", "b"],
        [None, "1", "2"],
        [3, 3],
        id="an end in order",
    ),
    pytest.param(
        "And if it is one, this too: the connection broke.",
        [Response([ONE, ConnectionResetError()]), TWO],
        ["a", "b"],
        [None, "1", "2"],
        [3, 3],
        id="a broken connection",
    ),
    pytest.param(
        "Wait a delay equal to the reconnection time of the event source.",
        [b"retry: 1500\n\n" + ONE, TWO],
        ["a", "b"],
        [None, "1", "2"],
        [1.5, 1.5],
        id="retry",
    ),
    pytest.param(
        "If the field value consists of only ASCII digits … Otherwise, ignore the field.",
        [b"retry: 1500\nretry: 1000x\nretry:\nretry: -1\n" + ONE, b"retry: 0x1\n\n" + TWO],
        ["a", "b"],
        [None, "1", "2"],
        [1.5, 1.5],
        id="bogus retry",
    ),
    pytest.param(
        "Optionally, wait some more. In particular, if the previous attempt failed.",
        [OSError("no route"), OSError("no route"), OSError("no route"), ONE],
        ["a"],
        [None, None, None, None, "1"],
        [3, 6, 12, 3],
        id="backoff",
    ),
    pytest.param(
        "Set the last event ID string of the event source to the value of the last event ID buffer.",
        [ONE + b"id: 7\n\n"],
        ["a"],
        [None, "7"],
        [3],
        id="an id without data",
    ),
    pytest.param(
        "The buffer does not get reset, so the value of this string remains set to this value.",
        [ONE + b"data: x\n\n", b"data: y\n\n"],
        ["a", "x", "y"],
        [None, "1", "1"],
        [3, 3],
        id="an id stays",
    ),
    pytest.param(
        "If the EventSource object's last event ID string is not the empty string: set Last-Event-ID.",
        [ONE, b"id\ndata: b\n\n"],
        ["a", "b"],
        [None, "1", None],
        [3, 3],
        id="an id is reset",
    ),
    pytest.param(
        "Otherwise no such header is sent: a stream without ids goes on from wherever its server begins.",
        [b"data: x\n\n", b"data: y\n\n"],
        ["x", "y"],
        [None, None, None],
        [3, 3],
        id="no ids at all",
    ),
    pytest.param(
        "Let lastEventIDValue be the last event ID string, encoded as UTF-8.",
        ["id: \u2026\ndata: a\n\n".encode()],
        ["a"],
        [None, "\u2026"],
        [3],
        id="an id that is not ASCII",
    ),
    pytest.param(
        "If the file ends in the middle of an event, before the final empty line, the incomplete event is not dispatched.",
        [ONE + b"id: 9\ndata: b", TWO],
        ["a", "b"],
        [None, "1", "2"],
        [3, 3],
        id="half an event",
    ),
    pytest.param(
        "A client can be told to stop reconnecting using the HTTP 204 No Content response code.",
        [],
        [],
        [None],
        [],
        id="204",
    ),
    pytest.param(
        "One leading U+FEFF BYTE ORDER MARK character must be ignored if any are present: of each stream.",
        [b"\xef\xbb\xbf" + ONE, b"\xef\xbb\xbf" + TWO],
        ["a", "b"],
        [None, "1", "2"],
        [3, 3],
        id="a BOM each",
    ),
]


@pytest.mark.parametrize(("sentence", "script", "events", "ids", "waits"), STANDARD)
def test_the_standard(
    world: World, sentence: str, script: Script, events: list[str], ids: list[str | None], waits: list[float]
) -> None:
    assert sentence
    assert datas(world.read(script)) == events
    assert [attempt.headers.get("Last-Event-ID") for attempt in world.attempts] == ids
    assert world.waits == waits


@pytest.mark.parametrize(
    ("response", "error"),
    [
        pytest.param(Response(status=404), StatusError, id="404"),
        pytest.param(Response(status=410), StatusError, id="410"),
        pytest.param(Response(status=205), StatusError, id="205"),
        pytest.param(Response(status=301), StatusError, id="301"),
        pytest.param(Response(headers={"Content-Type": "text/html"}), ContentTypeError, id="a page"),
        pytest.param(Response(headers={}), ContentTypeError, id="no content type"),
    ],
)
def test_once_it_has_failed_the_connection_it_does_not_attempt_to_reconnect(
    world: World, response: Response, error: type[SSEStreamError]
) -> None:
    """ "If res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the connection." """
    with pytest.raises(error):
        world.read([ONE, response])
    assert [attempt.number for attempt in world.attempts] == [1, 2]
    assert world.log == ["open 1", "close 1", "open 2", "close 2"]


# What goes beyond it.


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_that_is_away_is_asked_again(world: World, status: int) -> None:
    away = Response([b"down"], status, {"Content-Type": "text/plain", "Retry-After": "7"})
    assert datas(world.read([ONE, away, TWO])) == ["a", "b"]
    assert world.waits == [3, 7, 3]
    cause = world.attempts[2].cause
    assert isinstance(cause, StatusError)
    assert (cause.status_code, cause.body, cause.retry_after) == (status, "down", 7)


def test_an_error_says_what_the_server_said(world: World) -> None:
    gone = Response([b'{"error":{"mess', b'age":"too old"}}'], 410, {"Content-Type": "application/json"})
    with pytest.raises(StatusError, match="HTTP 410: too old") as raised:
        world.read([gone])
    assert raised.value.error == {"message": "too old"}


def test_the_body_of_an_error_may_break(world: World) -> None:
    with pytest.raises(StatusError, match="HTTP 404: half"):
        world.read([Response([b"half", ConnectionResetError()], 404)])


def test_the_body_of_an_error_is_not_waited_for_long(world: World) -> None:
    with pytest.raises(StatusError, match="HTTP 404: xxx"):
        world.read([Response([b"x"] * 1000, 404, silence=2.0)])
    assert world.now < 1_010


def test_the_body_of_an_error_is_bounded(world: World) -> None:
    with pytest.raises(StatusError) as raised:
        world.read([Response([b"x" * 10_000] * 1000, 404)])
    assert len(raised.value.body) == 65536


def test_a_body_that_is_still_compressed_is_no_stream(world: World) -> None:
    headers = {**EVENT_STREAM, "Content-Encoding": "gzip"}
    with pytest.raises(ContentTypeError, match="still compressed"):
        world.read([Response([b"\x1f\x8b\x08\x00", bytes(20)], headers=headers)])
    with pytest.raises(ContentTypeError, match="its body starts with 'xx'"):
        world.read([Response([b"x", b"x"], headers=headers)])
    assert datas(world.read([Response([ONE[:3], ONE[3:]], headers=headers)])) == ["a"]
    assert datas(world.read([Response([], headers=headers), ONE])) == ["a"]


def test_attempts_are_bounded(world: World) -> None:
    script: Script = [ONE, b"", ConnectionRefusedError("refused"), Response(status=503)]
    with pytest.raises(ReconnectError, match="3 connections in a row delivered no event, the last: HTTP 503") as raised:
        world.read(script, policy=ReconnectPolicy(attempts=3))
    assert (raised.value.attempts, raised.value.last_event_id) == (3, "1")
    assert isinstance(raised.value.__cause__, StatusError)


def test_a_chain_of_causes_leads_to_the_exception_of_the_client(world: World) -> None:
    refused = ConnectionRefusedError("refused")
    with pytest.raises(ReconnectError) as raised:
        world.read([refused], policy=ReconnectPolicy(attempts=1))
    assert isinstance(raised.value.__cause__, TransportError)
    assert raised.value.__cause__.__cause__ is refused
    assert str(raised.value.__cause__) == "connecting failed: ConnectionRefusedError: refused"


def test_a_timeout_of_the_client_is_a_connection_that_is_dead(world: World) -> None:
    assert datas(world.read([Response([ONE, TimeoutError("read")]), TWO])) == ["a", "b"]
    assert isinstance(world.attempts[1].cause, StreamTimeoutError)


def test_attempts_tell_what_was(world: World) -> None:
    world.read([ONE, Response([ConnectionResetError()]), TWO], last_event_id="0")
    assert [(one.number, one.last_event_id) for one in world.attempts] == [(1, "0"), (2, "1"), (3, "1"), (4, "2")]
    assert [type(one.cause) for one in world.attempts] == [type(None), type(None), TransportError, type(None)]
    for one in world.attempts:
        assert one.headers == {
            "Accept": "text/event-stream",
            "Cache-Control": "no-cache",
            "Last-Event-ID": one.last_event_id,
        }


def test_the_old_connection_is_closed_before_a_new_one_is_opened(world: World) -> None:
    world.read([ONE, Response([TWO, OSError()]), b"", THREE])
    numbers = range(1, 6)
    assert world.log == [said for number in numbers for said in (f"open {number}", f"close {number}")]


def test_time_already_spent_counts(world: World) -> None:
    """Giving the old connection back may take its time: the wait is from the end on."""

    class Slow(Response):
        def close(self) -> None:
            super().close()
            world.now += 2

    world.read([Slow([ONE])])
    assert world.waits == [1]


def test_an_event_is_given_out_by_the_read_that_completes_it(world: World) -> None:
    events: list[str] = []

    async def body() -> None:
        async with entered(world.source([Response([ONE[:-1], b"\n", TWO, AssertionError()])])) as source:
            async for event in Each[ServerSentEvent](source):
                events.append(event.data)
                if event.id == "2":
                    break

    world.shell.run(body)
    assert events == ["a", "b"]


# Where it goes on.


def test_the_place_moves_when_the_next_event_is_asked_for(world: World) -> None:
    places: list[tuple[str, str]] = []

    async def body() -> None:
        async with entered(world.source([ONE + TWO, THREE])) as source:
            async for event in Each[ServerSentEvent](source):
                places.append((source.last_event_id, event.id))
            places.append((source.last_event_id, ""))

    world.shell.run(body)
    assert places == [("", "1"), ("1", "2"), ("2", "3"), ("3", "")]


def test_whoever_starts_again_gets_the_event_that_failed_once_more(world: World) -> None:
    places: list[str] = []

    async def body() -> None:
        async with entered(world.source([ONE + TWO])) as source:
            with pytest.raises(ZeroDivisionError):
                async for event in Each[ServerSentEvent](source):
                    assert event.id == "1" or 1 / 0
        places.append(source.last_event_id)

    world.shell.run(body)
    assert places == ["1"]


def test_until_stops_after_its_event(world: World) -> None:
    events = world.read([ONE + TWO + THREE], until=lambda event: event.data == "b")
    assert datas(events) == ["a", "b"]
    assert world.log == ["open 1", "close 1"]


def test_who_stops_at_the_last_event_has_given_the_connection_back(world: World) -> None:
    async def body() -> None:
        source = world.source([ONE], until=lambda _: True)
        async for event in Each[ServerSentEvent](source):
            assert (event.id, source.last_event_id) == ("1", "")
            break
        assert world.log == ["open 1", "close 1"]

    world.shell.run(body)


def test_what_until_raises_is_raised(world: World) -> None:
    async def body() -> None:
        source = world.source([ONE], until=lambda _: 1 / 0)
        each = Each[ServerSentEvent](source)
        with pytest.raises(ZeroDivisionError):
            await anext(each)
        assert source.last_event_id == ""
        assert world.log == ["open 1", "close 1"]
        with pytest.raises(SSEStreamError, match="this event source has already failed: division by zero"):
            await anext(each)

    world.shell.run(body)


def test_repeated_events_are_dropped_if_that_is_asked_for(world: World) -> None:
    script = [ONE + TWO, ONE + TWO + THREE]
    assert datas(world.read(script)) == ["a", "b", "a", "b", "c"]
    assert datas(world.read(script, dedupe=10)) == ["a", "b", "c"]


def test_a_connection_that_only_repeats_brings_no_event(world: World) -> None:
    with pytest.raises(ReconnectError):
        world.read([ONE, ONE, ONE, ONE], dedupe=5, policy=ReconnectPolicy(attempts=2))
    assert len(world.attempts) == 3


# What goes through.


class Lost(Exception):
    """What an application says of an id that its server has forgotten."""


def _http_error() -> Exception:
    request = httpx.Request("GET", "http://127.0.0.1/")
    return httpx.HTTPStatusError("410 Gone", request=request, response=httpx.Response(410))


def test_an_error_of_the_tree_that_connect_raises_is_the_cause_itself(world: World) -> None:
    gone = TransportError("gone")
    assert datas(world.read([gone, ONE])) == ["a"]
    assert world.attempts[1].cause is gone
    assert gone.__cause__ is None


@pytest.mark.parametrize(
    "failure",
    [
        Lost("too old"),
        FileNotFoundError("no token"),
        ValueError("a bad value"),
        TypeError("not this"),
        RuntimeError("anything"),
        httpx.UnsupportedProtocol("no http://"),
        httpx.InvalidURL("no URL"),
        _http_error(),
        KeyError("url"),
    ],
    ids=repr,
)
def test_what_has_nothing_to_do_with_the_connection_is_raised(world: World, failure: Exception) -> None:
    with pytest.raises(type(failure)) as raised:
        world.read([ONE, failure])
    assert raised.value is failure
    assert len(world.attempts) == 2


@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration])
def test_the_end_of_an_iterator_is_not_taken_for_the_end_of_the_source(world: World, kind: type[Exception]) -> None:
    with pytest.raises(RuntimeError, match=f"connect or until raised {kind.__name__}"):
        world.read([ONE, kind()])


def test_what_comes_is_bounded(world: World) -> None:
    with pytest.raises(EventTooLargeError):
        world.read([b"data: " + bytes(100)], max_event_size=50)
    assert world.log == ["open 1", "close 1"]


def test_after_a_failure_it_says_so_again(world: World) -> None:
    async def body() -> None:
        async with entered(world.source([Response(status=404)])) as source:
            each = Each[ServerSentEvent](source)
            with pytest.raises(StatusError):
                await anext(each)
            for _ in range(2):
                with pytest.raises(SSEStreamError, match="this event source has already failed: HTTP 404"):
                    await anext(each)

    world.shell.run(body)


def test_after_its_end_there_is_nothing_more(world: World) -> None:
    async def body() -> None:
        source = world.source([])
        assert [event async for event in Each[ServerSentEvent](source)] == []
        assert [event async for event in Each[ServerSentEvent](source)] == []
        assert source.response.status == 204

    world.shell.run(body)


# What `connect` may return.


def test_a_context_manager_is_entered_and_left_before_the_next(world: World) -> None:
    open_one = world.connect([ONE, Response([TWO, OSError()])])

    async def body() -> None:
        make: Any = world.shell.make
        source = make(lambda attempt: manager_of(open_one(attempt), world, is_async=world.shell.is_async))
        async with entered(source):
            assert [event.data async for event in Each[ServerSentEvent](source)] == ["a", "b"]

    world.shell.run(body)
    each = [(f"open {number}", "enter", f"close {number}", "exit") for number in (1, 2, 3)]
    assert world.log == list(chain.from_iterable(each))


def test_a_failure_to_enter_is_one_to_connect(world: World) -> None:
    class Refusing:
        def __enter__(self) -> None:
            raise ConnectionRefusedError

        async def __aenter__(self) -> None:
            raise ConnectionRefusedError

        def __exit__(self, *_: object) -> None:
            raise AssertionError

        async def __aexit__(self, *_: object) -> None:
            raise AssertionError

    answers: list[Any] = [Refusing(), [ONE]]

    async def body() -> None:
        source = world.shell.make(lambda _: answers.pop(0))
        async with entered(source):
            async for event in Each[ServerSentEvent](source):
                assert event.data == "a"
                break

    world.shell.run(body)
    assert answers == []


def test_what_was_entered_of_a_connection_that_failed_is_left(world: World) -> None:
    class Refusing:
        async def __aenter__(self) -> None:
            raise ConnectionRefusedError

        def __enter__(self) -> None:
            raise ConnectionRefusedError

        def __exit__(self, *_: object) -> None:
            raise AssertionError

        async def __aexit__(self, *_: object) -> None:
            raise AssertionError

    async def body() -> None:
        policy = ReconnectPolicy(attempts=2)
        source = world.shell.make(lambda _: manager_of(Refusing(), world, is_async=world.shell.is_async), policy=policy)
        async with entered(source):
            with pytest.raises(ReconnectError):
                await anext(Each[ServerSentEvent](source))

    world.shell.run(body)
    assert world.log == ["enter", "exit"] * 2


def test_what_closing_raises_harms_nobody(world: World) -> None:
    class Stubborn(Response):
        def close(self) -> None:
            super().close()
            raise ConnectionResetError

    assert datas(world.read([Stubborn([ONE]), Stubborn([TWO])])) == ["a", "b"]
    assert world.log[:4] == ["open 1", "close 1", "open 2", "close 2"]


def test_a_read_may_bring_many_events(world: World) -> None:
    body = b"".join(b"id: %d\ndata: x\n\n" % number for number in range(10_000))
    events = world.read([Response([body[:50_001], body[50_001:]]), ONE])
    assert [event.id for event in events] == [*map(str, range(10_000)), "1"]


def test_what_leaving_raises_harms_nobody(world: World) -> None:
    class Failing:
        def __init__(self, response: Any) -> None:
            self._response = response

        def __enter__(self) -> Any:
            return self._response

        async def __aenter__(self) -> Any:
            return self._response

        def __exit__(self, *_: object) -> None:
            raise ConnectionResetError

        async def __aexit__(self, *_: object) -> None:
            raise ConnectionResetError

    open_one = world.connect([ONE, TWO])

    async def body() -> None:
        source = world.shell.make(lambda attempt: Failing(open_one(attempt)))
        async with entered(source):
            assert [event.data async for event in Each[ServerSentEvent](source)] == ["a", "b"]

    world.shell.run(body)


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda world, response: response, id="the response"),
        pytest.param(lambda world, response: manager_of(response, world, is_async=True), id="a context manager"),
        pytest.param(lambda world, response: AsyncEventSource, id="an iterable"),
    ],
)
@pytest.mark.parametrize("shell", SHELLS[1:], ids=lambda shell: shell.name)
def test_it_may_be_awaited(monkeypatch: pytest.MonkeyPatch, shell: Any, wrap: Callable[[World, Any], Any]) -> None:
    world = World(monkeypatch, shell)
    open_one = world.connect([ONE])

    async def connect(attempt: Attempt) -> Any:
        response = open_one(attempt)
        wrapped = wrap(world, response)
        return [ONE] if wrapped is AsyncEventSource else wrapped

    async def body() -> None:
        async with AsyncEventSource(connect, until=lambda _: True) as source:
            assert [event.data async for event in source] == ["a"]

    shell.run(body)


def test_bytes_have_no_status_and_are_a_stream(world: World) -> None:
    async def body() -> None:
        source = world.shell.make(lambda _: [ONE[:5], ONE[5:]], until=lambda _: True)
        assert [event.data async for event in Each[ServerSentEvent](source)] == ["a"]

    world.shell.run(body)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("https://example.com", "a str is not a source"),
        (None, "NoneType is not a source"),
    ],
    ids=["a URL", "nothing"],
)
def test_what_connect_must_not_return(world: World, given: Any, message: str) -> None:
    async def body() -> None:
        async with entered(world.shell.make(lambda _: given)) as source:
            with pytest.raises((TypeError, ValueError), match=message):
                await anext(Each[ServerSentEvent](source))

    world.shell.run(body)


def test_a_client_of_the_other_colour_is_told_so(world: World) -> None:
    other = Response() if world.shell.is_async else AsyncResponse(Response())

    async def body() -> None:
        async with entered(world.shell.make(lambda _: other)) as source:
            with pytest.raises(TypeError, match="is sync" if world.shell.is_async else "is async"):
                await anext(Each[ServerSentEvent](source))

    world.shell.run(body)


# Options.


def test_a_response_in_place_of_a_function_shows_the_form(world: World) -> None:
    make = world.shell.make
    client = httpx.AsyncClient() if world.shell.is_async else httpx.Client()
    given = [httpx.Response(200), Response(), "https://example.com", client, client.stream("GET", "http://127.0.0.1/")]
    for one in given:
        with pytest.raises(TypeError, match=rf'{make.__name__}\(lambda attempt: client.stream\("GET", url, headers='):
            make(one)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"last_event_id": 7}, TypeError, "last_event_id must be a str"),
        ({"last_event_id": "a\nb"}, ValueError, "last_event_id contains characters that no event id"),
        ({"last_event_id": "a\rb"}, ValueError, "last_event_id contains characters that no event id"),
        ({"last_event_id": "a\0b"}, ValueError, "last_event_id contains characters that no event id"),
        ({"last_event_id": "\ud800"}, ValueError, "last_event_id contains characters that no event id"),
        ({"policy": {"attempts": 3}}, TypeError, "policy must be a ReconnectPolicy, such as"),
        ({"until": "[DONE]"}, TypeError, "until must be a function of an event"),
        ({"dedupe": -1}, ValueError, "dedupe must be a whole number of ids"),
        ({"dedupe": 1.5}, ValueError, "dedupe must be a whole number of ids"),
        ({"dedupe": True}, ValueError, "dedupe must be a whole number of ids"),
        ({"max_event_size": 0}, ValueError, "max_event_size must be a number of bytes"),
    ],
)
def test_options_are_checked(world: World, options: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        world.source([], **options)


@pytest.mark.parametrize("idle", [0, -1, "5", True])
def test_idle_is_a_number_of_seconds(idle: Any) -> None:
    with pytest.raises(ValueError, match="idle must be a number of seconds above 0"):
        AsyncEventSource(lambda _: [], idle=idle)


def test_the_sync_one_has_no_idle_and_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"set the client's own read timeout, such as httpx.Timeout\(5, read=45\)"):
        EventSource(lambda _: [], idle=45)  # type: ignore[arg-type]  # that is what is tested


def test_a_source_cannot_be_copied(world: World) -> None:
    with pytest.raises(
        TypeError, match="cannot be copied or pickled, because it owns a connection: keep its last_event"
    ):
        pickle.dumps(world.source([]))


def test_it_says_what_it_is(world: World) -> None:
    async def body() -> None:
        said = []
        name = world.shell.make.__name__
        async with entered(world.source([ONE, TWO])) as source:
            said.append(repr(source))
            async for event in Each[ServerSentEvent](source):
                said.append(repr(source))
                assert source.response is not None
                if event.id == "2":
                    break
        said.append(repr(source))
        assert said == [
            f"<{name} waiting, last event id ''>",
            f"<{name} connected, last event id ''>",
            f"<{name} connected, last event id '1'>",
            f"<{name} closed, last event id '1'>",
        ]

    world.shell.run(body)


def test_a_chat_works_as_events(world: World) -> None:
    body = b'data: {"choices":[]}\n\ndata: [DONE]\n\n'
    events = world.read([body], until=lambda event: event.data == "[DONE]")
    assert datas(events) == ['{"choices":[]}', "[DONE]"]
    assert len(world.attempts) == 1


def test_no_event_is_lost_by_one_that_is_dropped(world: World) -> None:
    """Without cycles, so that a source which is dropped gives its connection back at once."""
    if world.shell.is_async:
        pytest.skip("an async one warns")

    async def body() -> None:
        source = world.source([Response([ONE, TWO])])
        await settled(next(source))
        gc.disable()
        try:
            del source
            assert world.log == ["open 1", "close 1"]
        finally:
            gc.enable()

    world.shell.run(body)


@pytest.mark.parametrize("shell", SHELLS[1:], ids=lambda shell: shell.name)
def test_an_async_one_that_is_dropped_open_warns(monkeypatch: pytest.MonkeyPatch, shell: Any) -> None:
    world = World(monkeypatch, shell)

    async def body() -> None:
        source = world.source([Response([ONE, TWO])])
        await anext(source)
        with pytest.warns(ResourceWarning, match="was not closed, so its connection was dropped: use `async with`"):
            del source

    shell.run(body)


def test_a_slow_stream_is_not_an_idle_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, SHELLS[1])
    late = Response([ONE, b":\n", b":\n", b":\n", TWO], silence=4.0)
    assert datas(world.read([late], idle=5)) == ["a", "b"]


def test_silence_counts_over_reads_that_bring_nothing_and_starts_over_with_each_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, SHELLS[1])
    connection = Connection(open_source([]), idle=5)
    left = []
    for data in (b"", b"", ONE, b"", b""):
        left.append(connection.begin_read())
        world.now += 2
        connection.arrive(data)
    assert left == [5, 3, 1, 5, 3]
