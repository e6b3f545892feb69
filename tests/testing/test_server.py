"""The replay server over real sockets, with the standard library's client."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from sse_stream import ChatStream
from sse_stream.testing import (
    ANTHROPIC_HABITS,
    Comments,
    Disconnect,
    EndAt,
    HalfClose,
    ReplayServer,
    Reply,
    Request,
    Reset,
    Seed,
    Stall,
    WrongLength,
)

BODY = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n'
CHAT = "/v1/chat/completions"


@contextmanager
def asked(
    server: ReplayServer, method: str = "POST", path: str = CHAT, **options: Any
) -> Iterator[http.client.HTTPResponse]:
    """A response of the server, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=30)
    with closing(connection):
        connection.request(method, path, **options)
        yield connection.getresponse()


def port_of(server: ReplayServer) -> int:
    return int(server.url.rpartition(":")[2])


def raw(server: ReplayServer, request: bytes = b"POST /v1/chat/completions HTTP/1.1\r\n\r\n") -> socket.socket:
    """A bare connection on which a request has been sent."""
    connection = socket.create_connection(("127.0.0.1", port_of(server)), timeout=30)
    connection.sendall(request)
    return connection


def everything(connection: socket.socket) -> bytes:
    """All bytes until the server closes its side."""
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


def chunks(received: bytes) -> list[bytes]:
    """The chunks of a chunked response, the last one, which is empty, included if it came."""
    rest = received.partition(b"\r\n\r\n")[2]
    found = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        found.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return found


class TestWhatIsServed:
    @pytest.mark.parametrize(
        "path", [CHAT, "/chat/completions", "/openai/deployments/x/chat/completions?api-version=1"]
    )
    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_the_recording_is_at_any_path_that_ends_as_the_endpoint_does(self, method: str, path: str) -> None:
        with ReplayServer(BODY) as server, asked(server, method, path) as response:
            assert (response.status, response.headers["content-type"]) == (200, "text/event-stream")
            assert response.read() == BODY

    def test_the_list_of_models_names_one(self) -> None:
        with ReplayServer(BODY) as server, asked(server, "GET", "/v1/models") as response:
            assert [model["id"] for model in json.load(response)["data"]] == ["replay"]

    def test_another_path_is_not_found_and_the_answer_says_what_is(self) -> None:
        with ReplayServer(BODY) as server, asked(server, "GET", "/v1/embeddings") as response:
            assert response.status == 404
            assert "/chat/completions" in json.load(response)["error"]["message"]

    def test_a_recording_may_be_a_file(self, tmp_path: Path) -> None:
        recording = tmp_path / "recording.sse"
        recording.write_bytes(BODY)
        with ReplayServer(recording) as server:
            recording.unlink()  # it was read when the server was made
            with asked(server) as response:
                assert response.read() == BODY

    def test_the_addresses_are_one_another_continued(self) -> None:
        with ReplayServer() as server:
            assert server.url.startswith("http://127.0.0.1:")
            assert server.chat_url == f"{server.base_url}/chat/completions" == f"{server.url}{CHAT}"
        with pytest.raises(RuntimeError, match="inside its `with` block"):
            _ = server.url

    def test_the_port_and_the_address_can_be_chosen(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
            with pytest.raises(OSError, match="in use"), ReplayServer(BODY, port=port):
                pass
        with ReplayServer(BODY, host="localhost", port=port) as server:
            assert server.url == f"http://localhost:{port}"
            assert httpx.post(server.chat_url, trust_env=False).content == BODY

    @pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")])
    def test_an_address_of_whatever_kind_has_a_url_that_leads_to_it(self, host: str, shown: str) -> None:
        if ":" in host and not socket.has_ipv6:
            pytest.skip("there is no IPv6 here")
        with ReplayServer(BODY, host=host) as server:
            assert server.url.startswith(f"http://{shown}:")
            assert httpx.post(server.chat_url, trust_env=False).content == BODY

    def test_a_request_is_recorded_as_it_was_sent(self) -> None:
        with ReplayServer(BODY) as server:
            with asked(server, path=CHAT + "?a=1", body=b'{"stream":true}', headers={"X-One": "two"}) as response:
                response.read()
            (request,) = server.requests
        assert (request.method, request.path, request.connection) == ("POST", CHAT + "?a=1", 1)
        assert request.headers["x-one"] == "two"
        assert request.json() == {"stream": True}

    def test_a_request_may_be_chunked_with_trailers_or_wait_for_leave_to_go_on(self) -> None:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\n"
        body = b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n"
        with ReplayServer(BODY) as server, raw(server, head + body) as connection:
            assert everything(connection).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
            assert server.requests[0].body == b"abcde"

    @pytest.mark.parametrize(
        "request_bytes",
        [b"hello\r\n\r\n", b"GET / SSE/1\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n"],
    )
    def test_what_is_no_request_is_refused(self, request_bytes: bytes) -> None:
        with ReplayServer(BODY) as server, raw(server, request_bytes) as connection:
            assert everything(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")

    def test_a_head_request_gets_a_head(self) -> None:
        head = b"HEAD /v1/chat/completions HTTP/1.1\r\n\r\nGET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n"
        with ReplayServer(BODY) as server, raw(server, head) as connection:
            assert everything(connection).count(b"HTTP/1.1 200 OK") == 2
            assert len(server.requests) == 2


class TestHowItIsSent:
    @pytest.mark.parametrize(
        ("options", "sizes"),
        [
            pytest.param({}, [len(BODY)], id="uncut"),
            pytest.param({"cut": 1}, [1] * len(BODY), id="dripped"),
            pytest.param({"cut": 30}, [30, 30, len(BODY) - 60], id="of one size"),
            pytest.param({"cut": [50, 3]}, [50, 3, len(BODY) - 53], id="of several sizes"),
        ],
    )
    def test_each_write_is_a_chunk(self, options: Any, sizes: list[int]) -> None:
        with ReplayServer(BODY, **options) as server, raw(server, CLOSING) as connection:
            found = chunks(everything(connection))
        assert b"".join(found) == BODY
        assert [len(chunk) for chunk in found] == [*sizes, 0]

    def test_pieces_are_writes(self) -> None:
        with ReplayServer([b"data: a", b"", b"\n\n"]) as server, raw(server, CLOSING) as connection:
            assert chunks(everything(connection)) == [b"data: a", b"\n\n", b""]

    def test_a_seed_gives_the_same_cuts_each_time_and_another_seed_others(self) -> None:
        def cuts(seed: int) -> list[bytes]:
            return Reply(bytes(5_000), cut=Seed(seed)).writes()

        assert cuts(1) == cuts(1) != cuts(2)
        assert b"".join(cuts(1)) == bytes(5_000)
        assert len(cuts(1)) > 5

    def test_a_paced_write_is_a_read(self) -> None:
        with ReplayServer([b"one", b"two"], pace=0.05) as server, asked(server) as response:
            assert response.read1() == b"one"
            assert response.read1() == b"two"

    def test_a_delay_comes_before_the_head(self) -> None:
        with ReplayServer(BODY, delay=0.05) as server:
            began = time.monotonic()
            with asked(server) as response:
                assert time.monotonic() - began >= 0.05
                assert response.read() == BODY

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
    @pytest.mark.parametrize("cut", [None, 1, Seed(3)])
    def test_compressed_bodies_are_what_clients_decompress(self, encoding: Any, cut: Any) -> None:
        with ReplayServer(BODY, encoding=encoding, cut=cut) as server:
            response = httpx.post(server.chat_url)
        assert response.headers["content-encoding"] == encoding
        assert response.content == BODY

    def test_each_piece_of_a_compressed_body_can_be_read_as_soon_as_it_has_come(self) -> None:
        first, second, _ = Reply([b"data: one\n\n", b"data: two\n\n"], encoding="gzip").writes()
        decompressor = zlib.decompressobj(wbits=31)
        assert decompressor.decompress(first) == b"data: one\n\n"
        assert decompressor.decompress(second) == b"data: two\n\n"

    @pytest.mark.parametrize("framing", ["chunked", "length", "close"])
    def test_the_end_is_told_in_each_way(self, framing: Any) -> None:
        with ReplayServer(BODY, framing=framing) as server, asked(server) as response:
            assert response.read() == BODY
            assert (response.headers["transfer-encoding"] == "chunked") == (framing == "chunked")
            assert (response.headers["content-length"] == str(len(BODY))) == (framing == "length")

    def test_who_speaks_http_1_0_gets_no_chunks(self) -> None:
        request = b"GET /chat/completions HTTP/1.0\r\n\r\n"
        with ReplayServer(BODY) as server, raw(server, request) as connection:
            head, _, body = everything(connection).partition(b"\r\n\r\n")
        assert body == BODY
        assert b"chunked" not in head

    def test_status_headers_and_content_type_are_free(self) -> None:
        reply = Reply(
            b'{"error":{"message":"slow down"}}',
            status=429,
            content_type="application/json",
            headers={"Retry-After": "3", "transfer-encoding": "chunked"},
        )
        with ReplayServer(script=[reply]) as server, asked(server) as response:
            assert (response.status, response.reason) == (429, "Too Many Requests")
            assert response.headers["retry-after"] == "3"
            assert response.headers.get_all("transfer-encoding") == ["chunked"]
            assert json.load(response)["error"]["message"] == "slow down"
        with ReplayServer(BODY, content_type=None, status=299) as server, asked(server) as response:
            assert response.headers["content-type"] is None
            assert (response.status, response.reason) == (299, "")

    def test_a_body_may_be_binary_and_huge(self) -> None:
        body = bytes(range(256)) * 40_000
        with ReplayServer(body, status=500, cut=100_000) as server, asked(server) as response:
            assert response.read() == body

    @pytest.mark.parametrize(
        "options",
        [
            {"cut": 0},
            {"cut": []},
            {"cut": [3, 0]},
            {"pace": -1},
            {"delay": -0.1},
            {"status": 101},
            {"headers": {"a b": "c"}},
            {"headers": {"a": "c\r\nd: e"}},
            {"encoding": "lzma"},
            {"framing": "close", "fault": WrongLength(1)},
            {"framing": "length", "fault": Comments()},
        ],
    )
    def test_options_that_no_reply_can_have_are_refused_at_once(self, options: Any) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            ReplayServer(BODY, **options)

    def test_an_encoding_whose_package_is_absent_says_which(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "brotli", None)
        with pytest.raises(ValueError, match="requires the package brotli"):
            Reply(BODY, encoding="br")


CLOSING = b"POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\n\r\n"


class TestFaults:
    @pytest.mark.parametrize("framing", ["chunked", "length", "close"])
    @pytest.mark.parametrize("at", [0, 10, len(BODY) - 1])
    def test_ending_early_is_correct_http(self, at: int, framing: Any) -> None:
        with ReplayServer(BODY, fault=EndAt(at), framing=framing, cut=7) as server, asked(server) as response:
            assert response.read() == BODY[:at]

    @pytest.mark.parametrize("fault", [Disconnect, HalfClose])
    @pytest.mark.parametrize("at", [0, 10, None, 10_000])
    def test_a_disconnect_comes_without_the_terminator(
        self, at: int | None, fault: type[Disconnect | HalfClose]
    ) -> None:
        with ReplayServer(BODY, fault=fault(at)) as server, raw(server) as connection:
            assert b"".join(chunks(everything(connection))) == BODY[:at]
        with ReplayServer(BODY, fault=fault(at)) as server, asked(server) as response:
            with pytest.raises(http.client.IncompleteRead):
                response.read()

    def test_a_server_that_has_half_closed_waits_for_the_client(self) -> None:
        with ReplayServer(BODY, fault=HalfClose()) as server:
            with raw(server) as connection:
                everything(connection)
                assert server.open_connections == 1
                assert server.disconnects == 0
            assert server.wait_for_disconnect()

    @pytest.mark.parametrize("size", [len(BODY), 3_000_000])
    def test_a_reset_comes_after_all_that_was_sent_before(self, size: int) -> None:
        body = (BODY * (size // len(BODY) + 1))[:size]
        with ReplayServer(body, fault=Reset(size - 3)) as server, raw(server) as connection:
            received = b""
            with pytest.raises(ConnectionResetError):
                while data := connection.recv(65536):
                    received += data
        assert b"".join(chunks(received)) == body[:-3]

    def test_a_stall_holds_the_connection_until_the_client_leaves(self) -> None:
        with ReplayServer(BODY, fault=Stall(10)) as server:
            with raw(server) as connection:
                received = b""
                while not received.endswith(BODY[:10] + b"\r\n"):
                    received += connection.recv(65536)
                connection.settimeout(0.05)
                with pytest.raises(TimeoutError):
                    connection.recv(1)
            assert server.wait_for_disconnect()
            assert (server.disconnects, server.abandoned) == (1, 1)

    def test_nothing_is_held_for_ever(self) -> None:
        with ReplayServer(BODY, fault=Stall(), hold=0.05) as server, raw(server) as connection:
            assert chunks(everything(connection)) == [BODY]
            assert server.disconnects == 0

    def test_a_stall_with_an_end_goes_on(self) -> None:
        began = time.monotonic()
        with ReplayServer(BODY, fault=Stall(10, seconds=0.05)) as server, asked(server) as response:
            assert response.read1() == BODY[:10]
            assert response.read() == BODY[10:]
            assert time.monotonic() - began >= 0.05

    def test_the_terminator_may_come_late(self) -> None:
        began = time.monotonic()
        with ReplayServer(BODY, fault=Stall(seconds=0.05)) as server, asked(server) as response:
            assert response.read() == BODY
            assert time.monotonic() - began >= 0.05

    def test_comments_go_on_until_the_client_leaves(self) -> None:
        with ReplayServer(BODY, fault=Comments(7, interval=0.001, comment=b": x\n\n")) as server:
            with asked(server) as response:
                assert response.read(7 + 50) == BODY[:7] + b": x\n\n" * 10
            assert server.wait_for_disconnect()
            assert server.abandoned == 1

    def test_a_length_may_be_too_large_or_too_small(self) -> None:
        with ReplayServer(BODY, fault=WrongLength(5)) as server, asked(server) as response:
            with pytest.raises(http.client.IncompleteRead) as caught:
                response.read()
            assert caught.value.partial == BODY
        with ReplayServer(BODY, fault=WrongLength(-5)) as server, asked(server) as response:
            assert response.read() == BODY[:-5]


class TestManyRequests:
    def test_a_connection_serves_many(self) -> None:
        with ReplayServer(BODY) as server:
            connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=30)
            with closing(connection):
                for _ in range(3):
                    connection.request("POST", CHAT)
                    assert connection.getresponse().read() == BODY
                assert server.disconnects == 0
            assert server.wait_for_disconnect()
            assert (server.connections, len(server.requests), server.abandoned) == (1, 3, 0)
            assert not server.wait_for_disconnect(0.01, count=2)

    def test_a_script_of_replies_is_played_in_order_and_its_last_one_for_ever(self) -> None:
        with ReplayServer(script=[Reply(b"busy", status=503), Reply(BODY)]) as server:
            statuses = []
            for _ in range(3):
                with asked(server) as response:
                    statuses.append((response.status, response.read()))
        assert statuses == [(503, b"busy"), (200, BODY), (200, BODY)]

    def test_a_script_may_be_a_function_of_the_request(self) -> None:
        def script(request: Request) -> Reply:
            return Reply(request.headers.get("x-say", "").encode(), fault=EndAt(request.connection))

        with ReplayServer(script=script) as server:
            for expected in (b"h", b"he"):
                with asked(server, headers={"X-Say": "hello"}) as response:
                    assert response.read() == expected

    def test_what_a_script_raises_is_told_to_both_sides(self) -> None:
        def script(request: Request) -> Reply:
            raise LookupError(request.method)

        with pytest.raises(LookupError, match="POST"), ReplayServer(script=script) as server:
            with asked(server) as response:
                assert response.status == 500
                assert "LookupError" in json.load(response)["error"]["message"]

    def test_a_script_that_returns_no_reply_is_told_so(self) -> None:
        with pytest.raises(TypeError, match="must return a Reply, not b'no'"):
            with ReplayServer(script=lambda _: b"no") as server, asked(server) as response:  # type: ignore[arg-type]  # the mistake that is tested
                assert response.status == 500

    def test_a_script_and_a_recording_exclude_each_other(self) -> None:
        with pytest.raises(ValueError, match="not both"):
            ReplayServer(BODY, script=[Reply()])
        with pytest.raises(ValueError, match="not both"):
            ReplayServer(script=[Reply()], pace=1.0)
        with pytest.raises(ValueError, match="at least one reply"):
            ReplayServer(script=[])

    def test_many_clients_are_served_at_once(self) -> None:
        pieces = [b"data: %d\n\n" % number for number in range(50)]

        async def read(port: int) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(CLOSING)
            received = await reader.read()
            writer.close()
            await writer.wait_closed()
            return b"".join(chunks(received))

        async def read_many(port: int) -> list[bytes]:
            return await asyncio.gather(*(read(port) for _ in range(200)))

        with ReplayServer(pieces) as server:
            received = asyncio.run(read_many(port_of(server)))
            assert server.connections == 200
        assert received == [b"".join(pieces)] * 200


class TestStopping:
    def test_nothing_is_left_behind(self) -> None:
        before = threading.enumerate()
        with ReplayServer(BODY, fault=Stall(5)) as server, raw(server) as held, raw(server, b"POST /half") as half:
            held.recv(1)
            port = port_of(server)
            server.close()
            for connection in (held, half):
                with suppress(ConnectionResetError):  # where it had not been accepted yet
                    everything(connection)
            assert server.open_connections == 0
            assert threading.enumerate() == before
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()

    def test_a_server_serves_once(self) -> None:
        server = ReplayServer(BODY)
        with server, pytest.raises(RuntimeError, match="cannot be entered twice"):
            server.__enter__()

    def test_an_error_in_the_block_is_the_one_that_is_raised(self) -> None:
        def script(request: Request) -> Reply:
            raise LookupError(request.method)

        with pytest.raises(ZeroDivisionError), ReplayServer(script=script) as server:
            with asked(server) as response:
                response.read()
            raise ZeroDivisionError

    def test_importing_the_kit_imports_no_client_and_no_hypothesis(self) -> None:
        program = "import sys, sse_stream.testing; print({'hypothesis', 'httpx', 'brotli'} & sys.modules.keys())"
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert shown.stdout.strip() == "set()"


def test_anthropics_client_reads_what_is_at_messages() -> None:
    anthropic = pytest.importorskip("anthropic")
    with (
        ReplayServer(ANTHROPIC_HABITS["thinking"].body) as server,
        anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0) as client,
    ):
        asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
        with client.messages.stream(**asked) as stream:
            theirs = stream.get_final_message()
        with httpx.stream("POST", server.messages_url, json=asked) as response, ChatStream(response) as ours:
            message = ours.until_done().message
    assert [request.path for request in server.requests] == ["/v1/messages", "/v1/messages"]
    assert message.to_native()["content"] == theirs.to_dict()["content"]
