"""The command line: from files, from pipes, on a terminal and against a server."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sse_stream import ChatStream, __version__
from sse_stream._cli._main import main
from sse_stream._cli._wrapping import columns as display_width
from sse_stream.testing import Disconnect, EndAt, Fault, ReplayServer, Reply, Reset, Seed, Stall

from ..conftest import recordings
from .running import Cli, Ran

# argparse ignores errors while it prints the help; buffered output fails later, when it is flushed.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
MODULE = [sys.executable, "-m", "sse_stream"]

TEXT = "Grüß dich,\n世界"
WRITES = (Reply.reasoning("Let me see.") + Reply.text("Grüß dich,\n", "世界")).writes()
START, THINKS, HELLO, WORLD, STOP, USAGE, DONE = WRITES
WHOLE = b"".join(WRITES)


class Interrupted(io.StringIO):
    """Standard output that raises KeyboardInterrupt after a number of writes; `print` writes text and newline."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self._left = writes

    def write(self, text: str) -> int:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return super().write(text)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A file with a complete stream."""
    path = tmp_path / "whole.sse"
    path.write_bytes(WHOLE)
    return path


def ended(text: str) -> str:
    """The text as printed, with a newline at the end."""
    return text if text.endswith("\n") or not text else text + "\n"


@contextlib.contextmanager
def piped(body: bytes) -> Iterator[io.BufferedReader]:
    """The read end of a pipe into which a thread writes the body, 1021 bytes at a time."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            pipe.writelines(body[begin : begin + 1021] for begin in range(0, len(body), 1021))

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        yield pipe
    thread.join()


class TestRead:
    def test_the_text_goes_to_standard_output_and_nothing_else(self, cli: Cli, whole: Path) -> None:
        assert cli("read", whole) == Ran(0, ended(TEXT), "")
        assert cli("read", stdin=WHOLE) == cli("read", "-", stdin=WHOLE) == Ran(0, ended(TEXT), "")

    def test_text_is_printed_as_it_arrives(self) -> None:
        with subprocess.Popen([*MODULE, "read"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(START + HELLO)
            process.stdin.flush()
            assert process.stdout.readline() == "Grüß dich,\n".encode()  # while standard input is open
            process.stdin.write(WORLD + STOP + DONE)
            process.stdin.close()
            assert process.stdout.read() == "世界\n".encode()
        assert process.returncode == 0

    def test_events_are_json_lines(self, cli: Cli, whole: Path) -> None:
        lines = [json.loads(line) for line in cli("read", whole, "--events").out.splitlines()]
        assert [line["type"] for line in lines] == [
            "reasoning_delta",
            "text_delta",
            "text_delta",
            "choice_finished",
            "usage_reported",
            "stream_done",
        ]
        assert lines[1] == {"type": "text_delta", "text": "Grüß dich,\n", "choice": 0}
        assert lines[-1]["completion"]["usage"]["total_tokens"] == 4

    def test_server_sent_events_are_json_lines(self, cli: Cli) -> None:
        ran = cli("read", "--sse", "--stats", stdin=b": hi\n\nevent: note\nid: 7\ndata: a\ndata: b\n\n" + DONE)
        assert [json.loads(line) for line in ran.out.splitlines()] == [
            {"data": "a\nb", "event": "note", "id": "7", "retry": None},
            {"data": "[DONE]", "event": "message", "id": "7", "retry": None},
        ]
        assert (ran.code, ran.err) == (0, "2 events, 1 comment\n")

    def test_the_completion_is_one_json_object(self, cli: Cli, whole: Path) -> None:
        assert json.loads(cli("read", whole, "--completion").out) == ChatStream(WHOLE).until_done().to_dict()

    def test_a_truncated_completion_is_printed_as_far_as_it_came(self, cli: Cli) -> None:
        ran = cli("read", "--completion", stdin=START + HELLO)
        assert (ran.code, json.loads(ran.out)["choices"][0]["message"]["content"]) == (3, "Grüß dich,\n")

    def test_the_figures_go_to_standard_error(self, cli: Cli) -> None:
        ran = cli("read", "--stats", stdin=WHOLE)
        assert ran.out == ended(TEXT)
        for figure in (
            r"ending +complete",
            r"finish reason +stop",
            r"usage +prompt 1, completion 3, total 4 tokens",
            r"time to first token +\d+\.\d{3} s",
            r"received +\d+ bytes, 7 events, 6 chunks, 3 deltas, 0 keep-alives",
        ):
            assert re.search(figure, ran.err), figure

    def test_anomalies_are_among_the_figures(self, cli: Cli) -> None:
        ran = cli("read", "--stats", stdin=b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n' + DONE)
        assert re.search(r"anomaly +missing_index, 1 time, first: 'index: None' \(deviation\)", ran.err)

    def test_tool_calls_refusals_and_limits_are_told_beside_the_text(self, cli: Cli) -> None:
        body = (
            b'data: {"choices":[{"index":0,"delta":{"refusal":"No.","tool_calls":[{"index":0,"id":"c1",'
            b'"function":{"name":"look","arguments":"{}"}}]},"finish_reason":"length"}]}\n\n' + DONE
        )
        ran = cli("read", stdin=body)
        assert (ran.code, ran.out) == (0, "")
        assert ran.err.splitlines() == [
            "tool call c1: look({})",
            "the model refused: No.",
            "finish reason length: the answer reached the token limit",
        ]

    def test_one_choice_is_printed_and_the_others_are_told_of(self, cli: Cli) -> None:
        body = b'data: {"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}\n\n' + DONE
        assert cli("read", stdin=body) == Ran(0, "a\n", "other choices: 1 (pass --choice N to print one)\n")
        assert cli("read", "--choice", "1", stdin=body).out == "b\n"
        alone = body.replace(b',{"index":0,"delta":{"content":"a"}}', b"")
        assert cli("read", stdin=alone) == Ran(0, "", "other choices: 1 (pass --choice N to print one)\n")


CHUNK_ERROR = b'data: {"error":{"message":"Overloaded","type":"overloaded_error"}}\n\n'


class TestEndings:
    @pytest.mark.parametrize(
        ("body", "code", "said"),
        [
            pytest.param(WHOLE, 0, r"^$", id="complete"),
            pytest.param(
                START + HELLO + WORLD, 3, r"truncated: .*no \[DONE\] came.*repeat the request", id="truncated"
            ),
            pytest.param(START + HELLO + WORLD + CHUNK_ERROR, 4, "provider error: Overloaded", id="error"),
            pytest.param(START + HELLO + WORLD + b"data: {oops\n\n", 6, "oops.*--sse prints", id="unreadable"),
        ],
    )
    def test_each_has_a_code_and_says_what_to_do_and_the_text_stays(
        self, body: bytes, code: int, said: str, cli: Cli
    ) -> None:
        ran = cli("read", stdin=body)
        assert (ran.code, ran.out) == (code, ended(TEXT))
        assert re.search(said, ran.err, re.DOTALL)

    @pytest.mark.parametrize("options", [(), ("--sse",), ("--events",), ("--completion",)])
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            pytest.param(b"", "empty input", id="empty"),
            pytest.param(b"\xef\xbb\xbf\r\n \n", "only blank lines", id="blank"),
            pytest.param(
                b"<!DOCTYPE html>\n<title>\n404 Not\nFound</title>\n<style>\n:root {}\n</style>",
                "HTML or XML titled '404 Not Found'",
                id="html",
            ),
            pytest.param(
                b'<?xml version="1.0"?>\n<a/>', """HTML or XML that starts with '<?xml version="1.0"?>'""", id="xml"
            ),
            pytest.param(gzip.compress(WHOLE), "gzip-compressed data; decompress it first", id="gzip"),
            pytest.param(b"\x28\xb5\x2f\xfd" + bytes(range(256)), "zstd-compressed data; decompress", id="zstd"),
            pytest.param(WHOLE.decode().encode("utf-16"), "UTF-16 text; convert it to UTF-8", id="utf-16"),
            pytest.param(random.Random(5).randbytes(10_000), "binary data", id="random"),
            pytest.param(b"\0" * 100, "binary data", id="zeros"),
            pytest.param("Grüße aus Köln\n".encode() * 9_000, "text that starts with 'Grüße aus Köln'", id="text"),
            pytest.param(b"[1, 2]", "JSON that starts with '[1, 2]'", id="json"),
            pytest.param(b"x" * 100, f"text that starts with '{'x' * 60}…'", id="long"),
        ],
    )
    def test_what_is_no_stream_is_named(self, body: bytes, said: str, options: tuple[str, ...], cli: Cli) -> None:
        ran = cli("read", *options, stdin=body)
        assert (ran.code, ran.out if options != ("--events",) else "") == (6, "")
        assert ran.err.startswith(f"sse-stream: not an event stream: {said}")

    @pytest.mark.parametrize("body", [b": ping\n\n", b"data", b"data: {", b"retry: 5\n\n", b"\n\n: ping", b"data\n\n"])
    def test_the_beginning_of_a_stream_is_a_stream_that_was_truncated(self, body: bytes, cli: Cli) -> None:
        assert cli("read", stdin=body).code == 3

    def test_a_choice_that_is_not_there_is_told(self, cli: Cli) -> None:
        for options in ((), ("--completion",), ("--stats",)):
            ran = cli("read", "--choice", "3", *options, stdin=WHOLE)
            assert (ran.code, TEXT in ran.out) == (2, False)
            assert "the answer has no choice 3; available: 0\n" in ran.err and "other choices" not in ran.err
        assert cli("read", "--choice", "3", stdin=START + HELLO).code == 3

    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("unknown",),
            ("read", "no/such/file"),
            ("read", "."),
            ("read", "--events", "--sse"),
            ("chat", "Hi"),
            ("chat", "Hi", "--model", "m"),
            ("chat", "Hi", "--model", "m", "--base-url", "127.0.0.1/v1"),
            ("chat", "Hi", "--model", "m", "--base-url", "http://127.0.0.1/v1", "--api-key", "schlüssel"),
            ("chat", "Hi", "--base-url", "http://127.0.0.1/v1"),
            ("serve",),
            ("serve", "no/such/file"),
            ("serve", "."),
            ("serve", "README.md", "--host", "256.0.0.1"),
        ],
    )
    def test_bad_usage_is_told_on_standard_error(self, arguments: tuple[str, ...], cli: Cli) -> None:
        ran = cli(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "sse-stream" in ran.err

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("chat", "Hi", "--timeout", "-1"), "--timeout: expected a number of seconds, 0 or more, got '-1'"),
            (("chat", "Hi", "--timeout", "soon"), "--timeout: expected a number of seconds, 0 or more, got 'soon'"),
            (("chat", "Hi", "--timeout", "nan"), "--timeout: expected a number of seconds, 0 or more, got 'nan'"),
            (("chat", "Hi", "--set", "temperature"), "--set: expected KEY=VALUE, such as temperature=0, got 'temp"),
            (("chat", "Hi", "--set", "=1"), "--set: expected KEY=VALUE"),
            (("chat", "Hi", "--header", "X-Team"), "--header: expected NAME:VALUE in ASCII, such as"),
            (("chat", "Hi", "--header", "X-Team: röd"), "--header: expected NAME:VALUE"),
            (("read", "--choice", "one"), "--choice: expected the index of a choice, 0 or more, got 'one'"),
            (("read", "--choice", "-1"), "--choice: expected the index of a choice, 0 or more, got '-1'"),
            (("serve", "f", "--cut", "0"), "--cut: expected a number of bytes, 1 or more, got '0'"),
            (("serve", "f", "--port", "http"), "--port: expected a port, 0 to 65535, got 'http'"),
            (("serve", "f", "--port", "65536"), "--port: expected a port, 0 to 65535, got '65536'"),
            (("serve", "f", "--pace", "fast"), "--pace: expected a number of seconds"),
            (
                ("serve", "f", "--fault", "flood"),
                "--fault: unknown fault 'flood' (choose from end, disconnect, half-close, reset",
            ),
            (("serve", "f", "--fault", "stall:x"), "--fault: expected a number of bytes, 0 or more, got 'x'"),
            (("serve", "f", "--fault", "end"), "--fault: end requires a number of bytes, such as end:2000"),
        ],
    )
    def test_a_value_that_is_wrong_is_told_by_what_is_needed(
        self, arguments: tuple[str, ...], said: str, cli: Cli
    ) -> None:
        ran = cli(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert f"error: argument {said}" in ran.err

    def test_a_port_that_is_taken_is_told(self, whole: Path, cli: Cli) -> None:
        with ReplayServer(WHOLE) as server:
            port = server.url.rpartition(":")[2]
            ran = cli("serve", whole, "--port", port)
        assert (ran.code, ran.out) == (2, "")
        assert f"cannot listen on 127.0.0.1, port {port}: Address already in use. Pass another --port" in ran.err

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
    @pytest.mark.parametrize(
        "arguments",
        [
            ("read",),
            ("read", "--events"),
            ("read", "--sse"),
            ("read", "--completion"),
            ("demo",),
            ("--help",),
            ("--version",),
        ],
    )
    def test_a_full_disk_is_told_without_a_traceback(self, arguments: tuple[str, ...]) -> None:
        with Path("/dev/full").open("wb") as full:
            ran = subprocess.run(
                [*MODULE, *arguments], input=WHOLE, stdout=full, stderr=subprocess.PIPE, env=BUFFERED, check=False
            )
        assert (ran.returncode, ran.stderr) == (7, b"sse-stream: cannot write the output: No space left on device\n")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
    def test_where_nothing_can_be_told_the_exit_code_says_it(self) -> None:
        with Path("/dev/full").open("wb") as full:
            ran = subprocess.run([*MODULE, "read"], input=WHOLE, stdout=full, stderr=full, check=False, timeout=30)
        assert ran.returncode == 7

    def test_a_closed_pipe_is_no_traceback(self, tmp_path: Path) -> None:
        path = tmp_path / "long.sse"
        path.write_bytes(HELLO * 20_000 + STOP + DONE)
        command = [*MODULE, "read", str(path), "--events"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141


class TestHelp:
    @pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in ("read", "chat", "serve"))])
    def test_it_shows_examples_and_exit_codes(self, arguments: list[str], cli: Cli) -> None:
        ran = cli(*arguments)
        assert ran.code == 0
        assert "examples:\n  " in ran.out and "exit codes:\n" in ran.out
        assert bool(re.search(r"3 +the stream was truncated", ran.out)) is (arguments[0] != "serve")
        assert bool(re.search(r"0 +stopped with Ctrl-C", ran.out)) is (arguments[0] == "serve")

    def test_the_version_is_told(self, cli: Cli) -> None:
        assert cli("--version").out == f"sse-stream {__version__}\n"

    def test_it_is_installed_under_its_name(self) -> None:
        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
        assert project["project"]["scripts"] == {"sse-stream": f"{main.__module__}:{main.__name__}"}

    @pytest.mark.parametrize("arguments", [[], ["demo"], ["read"], ["chat"], ["check"], ["serve"]])
    def test_it_fits_80_columns(self, arguments: list[str], cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        assert [line for line in cli(*arguments, "--help").out.splitlines() if len(line) > 80] == []

    def test_defaults_and_variables_are_named(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "200")
        for said in ("(env: OPENAI_BASE_URL, ", "(env: OPENAI_MODEL, ", "(env: OPENAI_API_KEY, ", "(default: 60)"):
            assert said in cli("chat", "--help").out
        assert "(default: 127.0.0.1)" in cli("serve", "--help").out

    def test_without_httpx_chat_says_how_to_get_it_and_the_demonstration_runs(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "httpx", None)
        ran = cli("chat", "Hi", "--model", "m", "--base-url", "http://localhost/v1")
        assert (ran.code, ran.out) == (2, "")
        assert "pip install 'sse-stream[httpx]'" in ran.err
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        ran = cli("demo")
        assert (ran.code, "Bonne soirée" in ran.out, "finish reason        tool_calls\n" in ran.out) == (0, True, True)


class TestRecordings:
    def test_a_file_and_a_pipe_give_the_text(self, recording: Path, cli: Cli) -> None:
        said = json.loads(recording.with_suffix(".json").read_text(encoding="utf-8"))
        codes = {"complete": 0, "truncated": 3, "error": 4}
        expected = ended(said["choices"].get("0", {"text": ""})["text"]), codes[said["ending"]]
        from_file = cli("read", recording)
        assert (from_file.out, from_file.code) == expected
        with piped(recording.read_bytes()) as pipe:
            assert cli("read", stdin=pipe) == from_file

    @pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
    @pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
    def test_curl_from_the_server_gives_what_the_file_gives(self, path: Path, cli: Cli) -> None:
        with ReplayServer(path, cut=Seed(1)) as server:
            command = ["curl", "-sN", "--noproxy", "*", server.chat_url, "-d", "{}"]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
                assert isinstance(curl.stdout, io.BufferedReader)
                piped = cli("read", stdin=curl.stdout)
        assert piped == cli("read", path)

    @pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
    def test_curl_piped_by_a_shell(self) -> None:
        with ReplayServer(WHOLE, cut=5) as server:
            pipeline = f"curl -sN --noproxy '*' {server.chat_url} -d '{{}}' | '{sys.executable}' -m sse_stream read"
            ran = subprocess.run(["sh", "-c", pipeline], capture_output=True, check=True)
        assert (ran.stdout.decode(), ran.stderr) == (ended(TEXT), b"")


class TestChat:
    def test_the_request_is_openais_and_the_key_goes_with_it(self, cli: Cli) -> None:
        with ReplayServer(WHOLE) as server:
            ran = cli("chat", "Hallo?", "--base-url", server.base_url, "--model", "m-1", "--api-key", "sk-1")
            (request,) = server.requests
        assert ran == Ran(0, ended(TEXT), "")
        assert (request.method, request.path) == ("POST", "/v1/chat/completions")
        assert request.headers["authorization"] == "Bearer sk-1"
        assert request.json() == {
            "model": "m-1",
            "messages": [{"role": "user", "content": "Hallo?"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def test_key_and_base_url_come_from_the_environment(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        with ReplayServer(WHOLE) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url + "/")
            monkeypatch.setenv("OPENAI_API_KEY", "sk-2\n")
            assert cli("chat", "Hi", "--model", "m", "--no-usage", "--stats").out == ended(TEXT)
            (request,) = server.requests
        assert (request.path, request.headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-2")
        assert "stream_options" not in request.json()

    def test_the_model_comes_from_the_environment_and_the_option_wins(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_MODEL", "m-2")
        with ReplayServer(WHOLE) as server:
            cli("chat", "Hi", "--base-url", server.base_url)
            cli("chat", "Hi", "--base-url", server.base_url, "--model", "m-3")
        assert [request.json()["model"] for request in server.requests] == ["m-2", "m-3"]

    def test_the_request_is_what_it_is_set_to(self, cli: Cli) -> None:
        options = ["--system", "Be brief.", "--header", "X-Team: red", "--header", "authorization:Basic eA=="]
        for value in ("temperature=0.5", "stop=.", 'response_format={"type": "json_object"}', "user=a=b", "seed=null"):
            options += ["--set", value]
        with ReplayServer(WHOLE) as server:
            ran = cli("chat", "Hi", "--base-url", server.base_url, "--model", "m", "--api-key", "k", *options)
            (request,) = server.requests
        assert ran.code == 0
        assert (request.headers["x-team"], request.headers["authorization"]) == ("red", "Basic eA==")
        assert request.json() == {
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.5,
            "stop": ".",
            "response_format": {"type": "json_object"},
            "user": "a=b",
            "seed": None,
        }

    def test_a_server_that_does_not_know_the_option_for_usage_is_told_of(self, cli: Cli) -> None:
        reply = Reply.error("Unknown parameter: stream_options", status=400)
        with ReplayServer(reply) as server:
            ran = cli("chat", "Hi", "--base-url", server.base_url, "--model", "m")
        assert (ran.code, "try --no-usage" in ran.err) == (4, True)

    @pytest.mark.parametrize("option", ["--sse", "--events", "--completion"])
    def test_a_refusal_is_one_whatever_was_to_be_shown(self, option: str, cli: Cli) -> None:
        with ReplayServer(Reply.error("no such key", status=401)) as server:
            ran = cli("chat", "Hi", "--base-url", server.base_url, "--model", "m", option)
        assert (ran.code, ran.out) == (4, "")
        assert "request failed: HTTP 401: no such key. Check the API key" in ran.err

    @pytest.mark.parametrize("option", ["--sse", "--stats"])
    def test_a_page_is_no_stream(self, option: str, cli: Cli) -> None:
        with ReplayServer(b"<!doctype html><title>Hello</title>", content_type="text/html") as server:
            ran = cli("chat", "Hi", "--base-url", server.base_url, "--model", "m", option)
        assert (ran.code, ran.out) == (6, "")
        assert {"--sse": "not an event stream: no events", "--stats": "the response is not an event stream"}[
            option
        ] in ran.err

    def test_a_server_that_wants_no_key_gets_none(self, cli: Cli) -> None:
        with ReplayServer(WHOLE) as server:
            cli("chat", "Hi", "--base-url", server.chat_url, "--model", "m")
            (request,) = server.requests
        assert "authorization" not in request.headers
        assert request.path == "/v1/chat/completions"

    @pytest.mark.parametrize(
        ("fault", "code", "said"),
        [
            (EndAt(len(START + THINKS + HELLO + WORLD)), 3, "truncated"),
            (Disconnect(len(START + THINKS + HELLO + WORLD)), 5, "the connection broke.*check the network"),
            (Reset(len(START + THINKS + HELLO + WORLD)), 5, "the connection broke"),
            (Stall(len(START + THINKS + HELLO + WORLD)), 5, "timeout expired"),
        ],
    )
    def test_whatever_breaks_the_text_stays(self, fault: Fault, code: int, said: str, cli: Cli) -> None:
        with ReplayServer(WHOLE, fault=fault) as server:
            ran = cli("chat", "Hi", "--base-url", server.base_url, "--model", "m", "--timeout", "0.2")
        assert (ran.code, ran.out) == (code, ended(TEXT))
        assert re.search(said, ran.err)

    @pytest.mark.parametrize(
        ("status", "headers", "advice"),
        [
            (401, {}, "Check the API key: --api-key, or the variable that --help names"),
            (404, {}, "--base-url"),
            (307, {"Location": "/elsewhere"}, "--base-url"),
            (429, {"Retry-After": "7"}, "Try again in 7 s"),
            (503, {}, "Try again later"),
            (400, {}, "the model name"),
        ],
    )
    def test_a_refusal_comes_with_advice(self, status: int, headers: dict[str, str], advice: str, cli: Cli) -> None:
        reply = (
            Reply.error("Nope", status=status, headers=headers)
            if status >= 400
            else Reply(status=status, headers=headers)
        )
        with ReplayServer(script=[reply]) as server:
            ran = cli("chat", "Hi", "--base-url", server.base_url, "--model", "m")
        assert (ran.code, ran.out) == (4, "")
        assert f"HTTP {status}" in ran.err and advice in ran.err
        assert ("Nope" in ran.err) == (status >= 400)

    def test_a_server_that_is_not_there_is_a_transport_error(self, cli: Cli) -> None:
        with ReplayServer() as server:
            gone = server.base_url
        ran = cli("chat", "Hi", "--base-url", gone, "--model", "m")
        assert (ran.code, ran.out) == (5, "")
        assert gone in ran.err and "Check the base URL" in ran.err

    def test_ctrl_c_closes_the_connection_and_says_what_had_arrived(self) -> None:
        with ReplayServer(WHOLE, fault=Stall(len(START + THINKS + HELLO))) as server:
            command = [*MODULE, "chat", "Hi", "--base-url", server.base_url, "--model", "m"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == "Grüß dich,\n".encode()
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=10)
            assert server.wait_for_disconnect()
        assert process.returncode == 130
        assert err.decode() == (
            "sse-stream: interrupted; connection closed. Received 11 characters of text, 0 tool calls, no usage\n"
        )


class Terminal(io.TextIOWrapper):
    """A fake terminal that records what is written to it."""

    def __init__(self) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def written(self) -> str:
        return self.bytes.getvalue().decode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal that supports colours and cursor movement."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


# The status line: save the cursor, write the last line, restore the cursor.
LIVE = re.compile(r"\x1b7\x1b\[24;1H\x1b\[2K(.*?)\x1b8")


class TestTerminal:
    def test_reasoning_is_dim_and_apart(self, whole: Path, terminal: Terminal, cli: Cli) -> None:
        assert cli("read", whole, out=terminal, err=terminal).code == 0
        shown = LIVE.sub("", terminal.written)
        assert f"\x1b[2m  Let me see.\x1b[0m\n\n{TEXT}" in shown

    @pytest.mark.parametrize("value", ["1", "yes"])
    def test_without_colours_nothing_is_dim(
        self, value: str, whole: Path, terminal: Terminal, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", value)
        assert cli("read", whole, out=terminal, err=terminal).code == 0
        assert re.search(r"\x1b\[[\d;]*m", terminal.written) is None
        assert f"  Let me see.\n\n{TEXT}" in LIVE.sub("", terminal.written)
        assert LIVE.search(terminal.written)  # the status line stays: it only moves the cursor

    def test_an_empty_variable_does_not_count(
        self, whole: Path, terminal: Terminal, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "")
        cli("read", whole, out=terminal, err=terminal)
        assert "\x1b[2m  Let me see." in LIVE.sub("", terminal.written)

    def test_reasoning_after_text_is_apart_from_it_too(
        self, terminal: Terminal, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TERM", "dumb")
        body = b"".join((Reply.text("One.") + Reply.reasoning("Hm.", "And?\n") + Reply.text("Two.")).writes())
        assert cli("read", stdin=body, out=terminal, err=terminal).code == 0
        assert terminal.written == "One.\n\n  Hm.And?\nTwo.\n"

    def test_a_live_line_tells_speed_and_time_to_first_token_and_is_erased(
        self, terminal: Terminal, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sse_stream._cli._output.REFRESH", 0.0)
        with ReplayServer([START, HELLO, WORLD, WORLD, STOP, USAGE, DONE], pace=0.01) as server:
            assert (
                cli("chat", "Hi", "--base-url", server.base_url, "--model", "m", out=terminal, err=terminal).code == 0
            )
        lines = [re.sub(r"\x1b\[\dm", "", line) for line in LIVE.findall(terminal.written)]
        assert lines[0].startswith("waiting for the first token")
        assert any(re.fullmatch(r"time to first token \d\.\d\d s, ~\d+\.\d tokens/s", line) for line in lines)
        assert re.fullmatch(r"time to first token \d\.\d\d s, \d+\.\d tokens/s", lines[-1])  # usage has arrived
        assert terminal.written.rstrip("\r\n").endswith("\x1b7\x1b[r\x1b[24;1H\x1b[2K\x1b8")

    def test_without_a_terminal_there_is_no_live_line(self, whole: Path) -> None:
        ran = subprocess.run([*MODULE, "read", str(whole)], capture_output=True, check=True)
        assert (ran.stdout.decode(), ran.stderr) == (ended(TEXT), b"")

    def test_text_into_a_file_leaves_the_live_line_to_standard_error(
        self, whole: Path, terminal: Terminal, cli: Cli
    ) -> None:
        out = io.StringIO()
        assert cli("read", whole, out=out, err=terminal).code == 0
        assert out.getvalue() == ended(TEXT)
        assert terminal.written.startswith("\r\x1b[2K") and terminal.written.endswith("\r\x1b[2K")

    def test_a_dumb_terminal_gets_no_escape_sequences(
        self, whole: Path, terminal: Terminal, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TERM", "dumb")
        assert cli("read", whole, out=terminal, err=terminal).code == 0
        assert terminal.written == f"  Let me see.\n\n{ended(TEXT)}"

    def test_the_model_cannot_steer_the_terminal(
        self, terminal: Terminal, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TERM", "dumb")
        body = b'data: {"choices":[{"index":0,"delta":{"content":"\\u001b[2Jgone\\u009b\\t"}}]}\n\n' + STOP + DONE
        assert cli("read", stdin=body, out=terminal, err=terminal).code == 0
        assert terminal.written == "\\x1b[2Jgone\\x9b\t\n"


class TestPseudoTerminal:
    """What a real terminal shows, and when."""

    pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")

    @contextlib.contextmanager
    def run(self, *arguments: str, columns: int = 80, **environment: str) -> Iterator[Iterator[bytes]]:
        """Run a command on a terminal of 24 lines, and yield its output as it arrives."""
        import fcntl
        import pty
        import struct
        import termios

        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
        variables = inherited | {"TERM": "xterm", "PYTHONUTF8": "1"} | environment
        with subprocess.Popen([*MODULE, *arguments], stdin=slave, stdout=slave, stderr=slave, env=variables) as process:
            os.close(slave)

            def shown() -> Iterator[bytes]:
                with contextlib.suppress(OSError):  # raised at the end of a terminal's output
                    while data := os.read(master, 65536):
                        yield data

            yield shown()
            os.close(master)
        assert process.returncode == 0

    def test_the_demonstration_shows_text_over_time(self) -> None:
        text = b""
        seen: dict[bytes, float] = {}
        with self.run("demo") as shown:
            for data in shown:
                text += data
                # Each mark is written at once: the status line may be redrawn between two writes.
                for mark in (b"This ", "晚上好".encode(), b"accent.", b"time to first byte"):
                    if mark in text:
                        seen.setdefault(mark, time.monotonic())
        first, middle, last, figures = seen.values()
        assert middle - first > 0.3 and last - middle > 0.3 and figures >= last
        assert "tokens/s" in LIVE.findall(text.decode())[-2]
        for figure in (
            r"finish reason +tool_calls",
            r"usage +prompt \d+",
            r"time to first token +0\.\d+ s",
            "tool call",
        ):
            assert re.search(figure, text.decode())

    @pytest.mark.parametrize("columns", [80, 40])
    @pytest.mark.parametrize("colours", [True, False])
    def test_reasoning_figures_and_messages_fit(self, columns: int, colours: bool, tmp_path: Path) -> None:
        thoughts = "The user asks for something, and I think about it at some length. 日本語の推論もここに入ります。"
        answer = Reply.reasoning(*thoughts, "\n") + Reply.text("Hi.\n") + Reply.tool_call("look", {"at": "x " * 60})
        path = tmp_path / "odd.sse"
        path.write_bytes(b"".join(answer.writes()).replace(b'"index":0,', b""))
        with self.run("read", str(path), "--stats", columns=columns, **({} if colours else {"NO_COLOR": "1"})) as shown:
            text = b"".join(shown).decode()
        assert (re.search(r"\x1b\[[\d;]*m", text) is not None) == colours
        live = re.findall(r"\x1b\[24;1H\x1b\[2K(.*?)\x1b8", text)
        plain = re.sub(r"\x1b7.*?\x1b8|\x1b\[[\d;]*[A-Za-z]", "", text, flags=re.DOTALL).replace("\r", "")
        lines = [*plain.split("\n"), *(re.sub(r"\x1b\[\dm", "", line) for line in live)]
        assert [line for line in lines if display_width(line) >= columns] == []
        assert "  The user asks for something" in plain and "anomaly" in plain and "tool call call_1: look" in plain


class TestServe:
    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ((), None),
            (("--pace", "0.001"), None),
            (("--cut", "1", "--fault", "disconnect:90"), httpx.RemoteProtocolError),
        ],
    )
    def test_a_recording_is_served_until_ctrl_c(
        self, options: tuple[str, ...], error: type[Exception] | None, whole: Path
    ) -> None:
        command = [*MODULE, "serve", str(whole), *options]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
            httpx.Client(trust_env=False) as client,
        ):
            assert process.stdout is not None
            found = re.search(rb"http://127\.0\.0\.1:\d+/v1/chat/completions", process.stdout.readline())
            assert found
            if error is None:
                assert client.post(found[0].decode()).content == WHOLE
            else:
                with pytest.raises(error):
                    client.post(found[0].decode())
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=10)
        assert process.returncode == 0
        assert err == b"sse-stream: POST /v1/chat/completions (connection 1)\n"

    def test_the_port_and_the_address_can_be_chosen(self, whole: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        command = [*MODULE, "serve", str(whole), "--port", str(port), "--host", "0.0.0.0"]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
            httpx.Client(trust_env=False) as client,
        ):
            assert process.stdout is not None
            url = f"http://127.0.0.1:{port}/v1/chat/completions"
            assert process.stdout.readline() == f"serving {whole} at {url}\n".encode()
            assert client.post(url).content == WHOLE
            process.send_signal(signal.SIGINT)
        assert process.returncode == 0

    @pytest.mark.parametrize("writes", [0, 1, 2, 3])
    def test_ctrl_c_may_come_while_the_address_is_printed(self, writes: int, whole: Path, cli: Cli) -> None:
        ran = cli("serve", whole, out=Interrupted(writes))
        assert (ran.code, ran.err) == (0, "")
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("ReplayServer")]
