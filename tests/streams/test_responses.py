"""Responses that are not streams, and streams with the wrong label."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, ClassVar

import pytest

from sse_stream import (
    AsyncChatStream,
    ChatCompletion,
    ChatStream,
    ChunkDecodeError,
    ContentTypeError,
    IncompleteStreamError,
    Limits,
    ProviderError,
    SSEStreamError,
    StatusError,
    TextDelta,
    Timeouts,
)
from sse_stream.testing import Disconnect, ReplayServer, Reply, Reset, Stall, bytewise

from .bodies import COMPLETION, PIECES, STREAM, TEXT, text
from .clients import Client, Each, clients, run_in_asyncio, run_in_trio, run_without_loop, set_clock, settled
from .server import HEAD, Peer, ScriptedServer, chunk

JSON = "application/json"


def refused(client: Client, reply: Reply, **options: Any) -> SSEStreamError:
    """The error that reading the reply ends with; nothing was delivered, and the connection is free again."""

    async def body() -> SSEStreamError:
        async with client.streaming(server.chat_url, **options) as stream:
            with pytest.raises(SSEStreamError) as caught:
                async for event in Each(stream):
                    raise AssertionError(f"{event} was delivered")
            assert stream.ending in ("provider_error", "invalid", "truncated")
            assert stream.completion.choices == []
            assert isinstance(caught.value.completion, ChatCompletion)
            return caught.value

    with ReplayServer(script=[reply]) as server:
        error = client.run(body)
        assert isinstance(error, SSEStreamError)
        return error


@clients()
class TestStatus:
    def test_tells_all_that_the_server_said(self, client: Client) -> None:
        error = {"message": "slow down", "type": "rate_limit", "code": "too_many"}
        sent = json.dumps({"error": error})
        reply = Reply(sent.encode(), status=429, content_type=JSON, headers={"Retry-After": "7", "X-Request-ID": "r1"})
        found = refused(client, reply)
        assert isinstance(found, StatusError)
        assert str(found) == "HTTP 429: slow down"
        assert (found.status_code, found.body, found.error, found.retry_after) == (429, sent, error, 7.0)
        assert found.headers["x-request-id"] == "r1"

    @pytest.mark.parametrize(
        ("status", "sent", "message", "error"),
        [
            (400, b'{"detail":"no such model"}', "no such model", {"detail": "no such model"}),
            (401, b'[{"error":{"message":"no key"}}]', "no key", {"message": "no key"}),
            (404, b'{"error":"nothing here"}', "nothing here", "nothing here"),
            (413, b"Payload\n  too large", "Payload too large", None),
            (500, b"", "with an empty body", None),
            (502, b"<html><body>Bad Gateway</body></html>", "<html><body>Bad Gateway</body></html>", None),
            (503, b"\xff\xfe\x00\x01", "\ufffd\ufffd", None),
            (500, b'"just text"', '"just text"', None),
            (500, b"[]", "[]", None),
            (302, b"", "with an empty body", None),
        ],
    )
    def test_is_an_error_whatever_the_body(
        self, client: Client, status: int, sent: bytes, message: str, error: Any
    ) -> None:
        found = refused(client, Reply(sent, status=status, content_type="text/plain"))
        assert isinstance(found, StatusError)
        assert str(found).startswith(f"HTTP {status}")
        assert message in str(found)
        assert (found.error, found.retry_after) == (error, None)

    def test_keeps_as_much_of_a_huge_body_as_the_limit_says(self, client: Client) -> None:
        reply = Reply(b"x" * 1_000_000, status=500, content_type="text/html")
        found = refused(client, reply)
        assert isinstance(found, StatusError)
        assert found.body == "x" * 64 * 1024
        found = refused(client, reply, limits=Limits(error_body=10))
        assert isinstance(found, StatusError)
        assert found.body == "x" * 10

    @pytest.mark.parametrize("fault", [Disconnect(at=10), Reset(at=10)])
    def test_is_told_though_its_body_breaks_off(self, client: Client, fault: Any) -> None:
        found = refused(client, Reply(b"overloaded, sorry", status=503, headers={"Retry-After": "1"}, fault=fault))
        assert isinstance(found, StatusError)
        assert (found.body, found.retry_after) == ("overloaded", 1.0)
        assert found.__cause__ is not None

    def test_is_told_though_its_body_never_ends(self, client: Client) -> None:
        async def body() -> StatusError:
            async with client.streaming(server.chat_url, read_timeout=0.1) as stream:
                with pytest.raises(StatusError) as caught:
                    await settled(stream.until_done())
                return caught.value

        with ReplayServer(b"overloaded, sorry", status=503, fault=Stall(at=10)) as server:
            assert client.run(body).body == "overloaded"

    def test_is_told_when_a_deadline_passes(self, client: Client) -> None:
        reply = Reply(b"overloaded, sorry", status=503, fault=Stall(at=10, seconds=0.2))
        found = refused(client, reply, timeouts=Timeouts(idle=0.1))
        assert isinstance(found, StatusError)
        assert found.body.startswith("overloaded")


@pytest.mark.parametrize(("shell", "run"), [(ChatStream, run_without_loop), (AsyncChatStream, run_in_asyncio)])
def test_the_body_of_an_error_is_waited_for_a_few_seconds_only(
    monkeypatch: pytest.MonkeyPatch, shell: Any, run: Any
) -> None:
    now = 0.0
    set_clock(monkeypatch, lambda: now)

    class Response:
        status = 500
        headers: ClassVar[dict[str, str]] = {}
        pieces = 0

        def read1(self, _: int) -> bytes:
            nonlocal now
            now += 1.0
            self.pieces += 1
            return b"x"

        def close(self) -> None: ...

    class AsyncResponse(Response):
        @property
        def content(self) -> Any:
            return self

        async def readany(self) -> bytes:
            return self.read1(1)

    async def body() -> None:
        await settled(shell(response).until_done())

    response = Response() if shell is ChatStream else AsyncResponse()
    with pytest.raises(StatusError, match="HTTP 500: xxx"):
        run(body)
    assert response.pieces <= 6


class TestRetryAfter:
    def retry_after(self, value: str) -> float | None:
        class Response:
            status = 429
            headers: ClassVar = {"Retry-After": value}

            def read1(self, _: int) -> bytes:
                return b""

            def close(self) -> None: ...

        with pytest.raises(StatusError) as caught:
            ChatStream(Response()).until_done()
        return caught.value.retry_after

    @pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("120", 120.0), (" 3 ", 3.0), ("1.5", 1.5)])
    def test_in_seconds(self, value: str, seconds: float) -> None:
        assert self.retry_after(value) == seconds

    def test_as_a_date(self) -> None:
        date = datetime.now(UTC) + timedelta(seconds=60)
        seconds = self.retry_after(format_datetime(date, usegmt=True))
        assert seconds is not None
        assert 50 < seconds <= 60

    def test_as_a_date_without_a_zone_is_in_universal_time(self) -> None:
        date = datetime.now(UTC) + timedelta(seconds=60)
        seconds = self.retry_after(date.strftime("%a, %d %b %Y %H:%M:%S -0000"))
        assert seconds is not None
        assert 50 < seconds <= 60

    def test_as_a_date_that_has_passed_is_now(self) -> None:
        assert self.retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0.0

    @pytest.mark.parametrize("value", ["", "soon", "-1", "1_000", "9" * 16, "١", "32 Foo 2026"])
    def test_that_says_nothing_is_none(self, value: str) -> None:
        assert self.retry_after(value) is None


@clients()
class TestGoodStatus:
    def test_with_a_whole_completion_gives_the_events_that_it_means(self, client: Client) -> None:
        async def body() -> tuple[list[Any], Any]:
            async with client.streaming(server.chat_url) as stream:
                return [event async for event in Each(stream)], stream

        with ReplayServer(b"\n\n  " + json.dumps(COMPLETION).encode(), content_type=JSON, cut=10) as server:
            events, stream = client.run(body)
        assert [event.type for event in events] == ["text_delta", "choice_finished", "usage_reported", "stream_done"]
        assert events[0] == TextDelta(TEXT)
        assert (stream.completion.id, stream.completion.usage.total_tokens) == ("c1", 8)
        assert [anomaly.kind for anomaly in stream.anomalies] == ["not_streamed"]

    @pytest.mark.parametrize("sent", [b'{"error":{"message":"no","code":7}}', b'[{"error":{"message":"no","code":7}}]'])
    def test_with_an_error_in_json_is_the_providers_error(self, client: Client, sent: bytes) -> None:
        found = refused(client, Reply(sent, content_type=JSON))
        assert isinstance(found, ProviderError)
        assert (found.message, found.code) == ("no", 7)

    @pytest.mark.parametrize(
        ("sent", "content_type"),
        [
            (b"<!DOCTYPE html><title>Sign in</title>", "text/html; charset=utf-8"),
            (b"<html>", None),
            (b'{"choices":[]}', JSON),
            (b'{"object":"list"}', JSON),
            (b'{"broken', JSON),
            (b"[1, 2]", JSON),
            (b"", JSON),
            (b"", None),
            (b"da", "text/plain"),
            (b"\x89PNG\r\n", "image/png"),
            (b" " * 5000, "text/plain"),
        ],
    )
    def test_with_anything_else_is_an_error(self, client: Client, sent: bytes, content_type: str | None) -> None:
        found = refused(client, Reply(sent, content_type=content_type))
        assert isinstance(found, ContentTypeError)
        assert found.content_type == (content_type or "")
        assert found.body.strip() == sent.decode("utf-8", "replace").strip()
        assert (repr(content_type) if content_type else "no Content-Type") in str(found)

    def test_with_a_page_that_breaks_off_is_still_a_page(self, client: Client) -> None:
        found = refused(client, Reply(b"<html><body>", content_type="text/html", fault=Disconnect()))
        assert isinstance(found, ContentTypeError)
        assert found.body == "<html><body>"

    @pytest.mark.parametrize("content_type", ["text/plain", JSON, "application/octet-stream", None])
    @pytest.mark.parametrize("cut", [None, 1], ids=["whole", "bytewise"])
    def test_with_a_stream_that_is_labelled_otherwise_is_a_stream(
        self, client: Client, content_type: str | None, cut: int | None
    ) -> None:
        async def body() -> list[str]:
            async with client.streaming(server.chat_url) as stream:
                return [piece async for piece in Each[str](stream.iter_text())]

        with ReplayServer(STREAM, content_type=content_type, cut=cut) as server:
            assert client.run(body) == list(PIECES)

    def test_with_an_empty_event_stream_is_no_success(self, client: Client) -> None:
        assert isinstance(refused(client, Reply(b"")), IncompleteStreamError)

    def test_of_204_is_no_success(self, client: Client) -> None:
        assert isinstance(refused(client, Reply(b"", status=204, content_type=None)), ContentTypeError)


@clients()
def test_a_mislabelled_stream_is_not_kept_back(client: Client) -> None:
    def script(peer: Peer) -> None:
        peer.write(HEAD.replace(b"text/event-stream", b"text/plain"))
        peer.write(chunk(text("Hi")))
        peer.wait_for_acknowledgement()

    async def body() -> Any:
        async with client.streaming(server.chat_url) as stream:
            event = await anext(Each(stream))
            server.acknowledge()
            return event

    with ScriptedServer(script) as server:
        assert client.run(body) == TextDelta("Hi")


ROWS = [(ChatStream, run_without_loop), (AsyncChatStream, run_in_asyncio), (AsyncChatStream, run_in_trio)]


class Labelled:
    """A response with this content type, and this body in these pieces."""

    status = 200

    def __init__(self, content_type: str, pieces: list[bytes]) -> None:
        self.headers = {"Content-Type": content_type}
        self._pieces = iter(pieces)

    def read1(self, _: int) -> bytes:
        return next(self._pieces, b"")

    def close(self) -> None: ...


@pytest.mark.parametrize("content_type", ["text/event-stream", "Text/Event-Stream; charset=latin-1", "text/plain"])
@pytest.mark.parametrize("blank", [b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_blank_lines_before_the_stream_are_nothing(content_type: str, blank: bytes) -> None:
    for pieces in ([blank + STREAM], [blank, STREAM], [*[blank[-1:]] * 20, STREAM]):
        if b"\xef" not in blank or len(pieces) < 3:
            assert ChatStream(Labelled(content_type, pieces)).until_done().text == TEXT


def test_blank_lines_are_not_collected() -> None:
    response = Labelled(JSON, [*[b"\n" * 1000] * 1000, json.dumps(COMPLETION).encode()])
    stream = ChatStream(response, limits=Limits(event_size=5000))
    assert stream.until_done().text == TEXT


def test_a_labelled_stream_that_begins_with_a_page_of_spaces_is_a_stream() -> None:
    with ChatStream(Labelled("text/event-stream", [b" " * 5000, b"\n", STREAM])) as stream:
        assert stream.until_done().text == TEXT


def test_a_document_that_outgrows_the_limit_is_not_read_to_its_end() -> None:
    read = 0

    def pieces() -> Any:
        nonlocal read
        yield b'{"choices":["'
        while True:
            read += 1000
            yield b"x" * 1000

    with pytest.raises(ContentTypeError) as caught:
        ChatStream(pieces(), limits=Limits(event_size=10_000)).until_done()
    assert read < 15_000
    assert caught.value.body.startswith('{"choices":["xxx')


@pytest.mark.parametrize("body", [b"{}", b'{"choices":[{"delta":{}}]', b'{"a":' * 100_000])
def test_bytes_that_are_json_and_no_completion_are_an_error(body: bytes) -> None:
    with pytest.raises(ContentTypeError):
        ChatStream([body]).until_done()


def test_a_compressed_error_is_told_without_its_bytes() -> None:
    response = Labelled("text/plain", [b"\x1f\x8b\x08\x00\x01"])
    response.status = 500
    response.headers["Content-Encoding"] = "gzip"
    with pytest.raises(
        StatusError, match=r"HTTP 500, with a body that is still compressed \(Content-Encoding 'gzip'\)"
    ):
        ChatStream(response).until_done()


def test_the_identity_encoding_is_none() -> None:
    response = Labelled("text/event-stream", [b"unknown: field\n", STREAM])
    response.headers["Content-Encoding"] = "identity"
    assert ChatStream(response).until_done().text == TEXT


GZIPPED = gzip.compress(STREAM)
LINES = b'{"a":1}\n{"choices":[{"delta":{"content":"Hi"}}]}\n{"cho'


@pytest.mark.parametrize("cut", [lambda body: [body], bytewise], ids=["whole", "bytewise"])
@pytest.mark.parametrize("content_type", ["text/event-stream", "text/plain", None])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<!DOCTYPE html>\n<title>Sign in</title>", "its body is an HTML page titled 'Sign in'"),
        (b"<html><body>Hello", "its body is an HTML page: <html><body>Hello"),
        (b"upstream connect error", "its body starts with 'upstream connect error'"),
        (b"Hello\nworld\n", "its body starts with 'Hello"),
        (GZIPPED, "its body is compressed (gzip), though no Content-Encoding says so"),
        (LINES, 'its body is newline-delimited JSON (NDJSON) starting with {"a":1}'),
        (bytes(range(128, 256)), "its body starts with '"),
    ],
    ids=["page", "page without a title", "text", "lines of text", "gzip", "NDJSON", "random bytes"],
)
def test_what_has_no_line_of_an_event_stream_is_none_whatever_its_label(
    body: bytes, says: str, content_type: str | None, cut: Any
) -> None:
    source: Any = cut(body) if content_type is None else Labelled(content_type, cut(body))
    with pytest.raises(ContentTypeError) as caught:
        ChatStream(source).until_done()
    assert says in str(caught.value)
    assert str(caught.value).startswith(
        f"the {'body' if content_type is None else 'response'} is not an event stream: "
    )
    assert caught.value.body == body.decode("utf-8", "replace")
    assert not caught.value.retryable


@pytest.mark.parametrize("end", range(len(b"data: {") + 1))
def test_a_labelled_stream_that_is_cut_in_its_first_line_is_truncated(end: int) -> None:
    for source in ([b"data: {"[:end]], Labelled("text/event-stream", [b"data: {"[:end]])):
        with pytest.raises(IncompleteStreamError):
            ChatStream(source).until_done()


def test_what_stands_before_the_first_line_of_a_labelled_stream_is_passed_over() -> None:
    for cut in (lambda body: [body], bytewise):
        response = Labelled("text/event-stream", cut(b"unknown: field\nnonsense\n" + STREAM))
        assert ChatStream(response).until_done().text == TEXT


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream; charset=utf-8"])
def test_a_label_that_is_no_event_stream_is_told(content_type: str) -> None:
    stream = ChatStream(Labelled(content_type, [STREAM]))
    assert stream.until_done().text == TEXT
    assert [(anomaly.kind, anomaly.sample) for anomaly in stream.anomalies] == [("odd_content_type", content_type)]
    with pytest.raises(ChunkDecodeError, match="odd_content_type is not allowed in strict mode: 'text/plain'"):
        ChatStream(Labelled("text/plain", [STREAM]), strict=True).until_done()


@pytest.mark.parametrize("content_type", ["text/event-stream", "Text/Event-Stream;charset=utf-8", ""])
def test_a_label_that_is_right_or_missing_is_not(content_type: str) -> None:
    stream = ChatStream(Labelled(content_type, [STREAM]), strict=True)
    assert stream.until_done().text == TEXT
    assert stream.anomalies == ()


def status_error(status: int, body: bytes, **headers: str) -> StatusError:
    response = Labelled("text/plain", [body])
    response.status = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    with pytest.raises(StatusError) as caught:
        ChatStream(response).until_done()
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (500, b"500 Internal Server Error", "HTTP 500: Internal Server Error"),
        (429, b'{"error":{"message":"429 Too Many Requests"}}', "HTTP 429: Too Many Requests"),
        (429, b'{"error":{"message":"Error code: 429 - slow down"}}', "HTTP 429: slow down"),
        (503, b"HTTP/1.1 503 Service Unavailable", "HTTP 503: Service Unavailable"),
        (
            502,
            b"<html><title>502 Bad Gateway</title>",
            "HTTP 502, with a body that is an HTML page titled 'Bad Gateway'",
        ),
        (500, b"500", "HTTP 500: 500"),
        (404, b"4040 is no port", "HTTP 404: 4040 is no port"),
    ],
)
def test_a_status_is_named_once(status: int, body: bytes, message: str) -> None:
    assert str(status_error(status, body)) == message


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_says_where_to(status: int) -> None:
    error = status_error(status, b"", Location="https://example.com/v1/chat/completions")
    assert str(error) == f"HTTP {status}, a redirect to https://example.com/v1/chat/completions that was not followed"
    assert not error.retryable


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'data: {"error":{"message":"busy"}}\n\ndata: [DONE]\n\n', {"message": "busy"}),
        (b'event: error\ndata: {"message":"busy"}', {"message": "busy"}),
        (b': ping\n\ndata: [DONE]\n\ndata: {"error":{"message":"busy"}}\n\n', {"message": "busy"}),
        (b'[{"error":{"message":"busy"}}]', {"message": "busy"}),
        (b'[{"message":"busy"}]', {"message": "busy"}),
    ],
)
def test_the_error_object_of_a_status_is_found_in_events_and_lists(body: bytes, error: Any) -> None:
    found = status_error(503, body)
    assert (found.error, str(found)) == (error, "HTTP 503: busy")


def test_milliseconds_are_more_exact_than_seconds() -> None:
    assert status_error(429, b"", Retry_After="2", Retry_After_Ms="1234").retry_after == 1.234
    assert status_error(429, b"", Retry_After="2", Retry_After_Ms="soon").retry_after == 2.0
    assert status_error(429, b'{"error":{"details":[{"retryDelay":"7s"}]}}').retry_after == 7.0


def test_json_outside_the_frame_does_not_hide_the_events_after_it() -> None:
    body = b'{\n "note": 1,\n}\n' + STREAM
    for cut in (lambda body: [body], bytewise):
        assert ChatStream(cut(body)).until_done().text == TEXT
