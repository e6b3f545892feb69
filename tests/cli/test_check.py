"""`sse-stream check`, as its users meet it: a file, standard input, a server; in every form."""

from __future__ import annotations

import functools
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from sse_stream.checks import RULES, check
from sse_stream.testing import ReplayServer, Reply, Request, Stall

from ..checks.defects import ANTHROPIC, CLEAN, DONE, FIRST, GEMINI, RESPONSES, SECOND, STOP, gemini, named, numbered
from .running import Cli, Ran

HEADERS = {"cache-control": "no-cache"}
BROKEN = FIRST + b"data: : ping\n\n" + SECOND + STOP + DONE


@pytest.fixture
def cli(cli: Cli) -> Cli:
    """Runs `sse-stream check` in this process."""
    return functools.partial(cli, "check")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.sse"
    path.write_bytes(BROKEN)
    return path


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.sse"
    path.write_bytes(CLEAN)
    return path


# ------------------------------------------------------------------------------------------- recordings


def test_a_recording_with_an_error_fails(cli: Cli, broken: Path) -> None:
    ran = cli(broken)
    assert ran == Ran(1, check(BROKEN, name=str(broken)).render() + "\n", "")


def test_a_clean_recording_passes(cli: Cli, clean: Path) -> None:
    ran = cli(clean)
    assert ran.code == 0
    assert "nothing found in 5 events" in ran.out.replace("\n", " ")


def test_standard_input_is_a_dash(cli: Cli) -> None:
    assert cli("-", stdin=BROKEN) == Ran(1, check(BROKEN).render() + "\n", "")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--fail-on", "warning"], 1),
        (["--fail-on", "note"], 1),
        (["--profile", "strict"], 1),
        (["--fail-on", "warning", "--ignore", "END"], 0),
        (["--fail-on", "warning", "--ignore", "missing_finish_reason"], 0),
        (["--fail-on", "warning", "--select", "SSE,JSON", "--select", "USE"], 0),
        (["--fail-on", "warning", "--select", "SSE,END008"], 1),
    ],
)
def test_what_fails_is_what_was_asked_for(cli: Cli, tmp_path: Path, options: list[str], code: int) -> None:
    path = tmp_path / "unfinished.sse"
    path.write_bytes(FIRST + SECOND + DONE)
    assert cli(path, *options).code == code


def test_closed_standard_input_is_bad_usage(cli: Cli) -> None:
    ran = cli("-", stdin=None)
    assert (ran.code, ran.out) == (2, "")
    assert "standard input is closed" in ran.err


def test_a_terminal_as_standard_input_is_told_what_is_awaited() -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"\x04")
    command = [sys.executable, "-m", "sse_stream", "check", "-"]
    ran = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False, timeout=60)
    os.close(ours)
    os.close(theirs)
    assert ran.stderr == "sse-stream: reading from the terminal: press Ctrl-D to end the input\n"
    assert ran.returncode == 1


def test_a_folder_with_a_file_that_cannot_be_read(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a-1.sse").write_bytes(CLEAN)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    ran = cli("--table", tmp_path)
    assert ran.code == 2
    assert "a-1.sse: Permission denied" in ran.err


def test_a_base_url_may_have_a_query(cli: Cli) -> None:
    with ReplayServer(CLEAN, headers=HEADERS) as server:
        ran = cli(f"{server.base_url}?api-version=1", "--model", "m")
        assert ran.code == 0
        assert server.requests[0].path == "/v1/chat/completions?api-version=1"


def test_a_redirect_says_where_to(cli: Cli) -> None:
    with ReplayServer(Reply(b"", status=307, headers={"location": "/v2"})) as server:
        assert "the status is no success: 307, to /v2" in cli(server.chat_url, "--data", "{}").out


def test_a_stream_that_the_client_gave_up_says_nothing_about_the_connection(cli: Cli) -> None:
    with ReplayServer(Reply(FIRST + STOP + DONE, fault=Stall(len(FIRST)), headers=HEADERS)) as server:
        ran = cli(server.chat_url, "--data", "{}", "--timeout", "0.3")
    assert "connection_broken" in ran.out
    assert "connection_not_reused" not in ran.out


def test_the_framing_alone(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "feed.sse"
    path.write_bytes(b"retry: soon\ndata: 1\n\n")
    assert cli(path).code == 1
    ran = cli(path, "--dialect", "sse")
    assert ran.code == 0
    assert "ignored_retry" in ran.out


def test_reports_in_other_forms(cli: Cli, broken: Path) -> None:
    report = json.loads(cli(broken, "--format", "json").out)
    assert (report["name"], report["findings"][0]["rule"]) == (str(broken), "SSE005")
    assert JUnitXml.fromstring(cli(broken, "--format", "junit").out.encode()).failures == 1
    assert cli(broken, "--format", "github").out.startswith(f"::error file={broken},line=3,title=SSE005 ")
    warned = cli(broken, "--format", "junit", "--fail-on", "note", "--ignore", "SSE005")
    assert (warned.code, JUnitXml.fromstring(warned.out.encode()).failures) == (0, 0)


@pytest.mark.parametrize("selector", ["SSE006", "events_run_together"])
def test_a_rule_is_explained(cli: Cli, selector: str) -> None:
    ran = cli("--explain", selector)
    assert ran.code == 0
    assert ran.out.startswith("SSE006 events_run_together\nLevel: error in the profile compat, error in strict\n")
    assert RULES["SSE006"].reference in ran.out


def test_a_family_is_explained_rule_by_rule(cli: Cli) -> None:
    assert cli("--explain", "USE").out.count("Reference: ") == sum(rule.family == "USE" for rule in RULES)


def test_a_table_over_a_folder(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name, body in {
        "acme-1.sse": CLEAN,
        "acme-2.sse": BROKEN,
        "zeta-1.sse": BROKEN,
        "more/zeta-2.txt": FIRST + SECOND + DONE,
        "notes.md": b"# no recording",
    }.items():
        (tmp_path / name).write_bytes(body)
    ran = cli("--table", tmp_path)
    assert ran == Ran(
        1,
        "| provider | streams | errors | warnings | notes |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| acme | 2 | `keepalive_as_data` (1) |  |  |\n"
        "| zeta | 2 | `keepalive_as_data` (1) | `missing_finish_reason` (1) |  |\n",
        "",
    )
    assert cli("--table", tmp_path, "--ignore", "SSE").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to check"),
        (["no-such.sse"], "cannot read no-such.sse"),
        (["x", "--select", "XYZ"], "unknown rule 'XYZ'"),
        (["--explain", "XYZ"], "unknown rule 'XYZ'"),
        (["--table", "no-such-folder"], "is not a folder"),
        (["x", "--format", "sarif"], "invalid choice"),
        (["x", "--fail-on", "fatal"], "invalid choice"),
        (["x", "--select", ","], "expected ids or names of rules"),
        (["http://127.0.0.1:9/v1"], "no model: pass --model"),
        (["http://127.0.0.1:9/v1", "--data", "{"], "expected JSON, or @ and"),
        (["http://127.0.0.1:9/v1", "--data", "@no-such.json"], "cannot read no-such.json"),
        (["http://", "--model", "m"], "invalid URL"),
    ],
)
def test_bad_usage(
    cli: Cli, arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").write_bytes(CLEAN)
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in " ".join(ran.err.split())


def test_an_empty_folder_has_no_table(cli: Cli, tmp_path: Path) -> None:
    assert "no recordings in" in cli("--table", tmp_path).err


# ----------------------------------------------------------------------------------------------- servers


def test_a_server_is_sent_a_small_prompt(cli: Cli) -> None:
    with ReplayServer(CLEAN, headers=HEADERS, pace=0.001, cut=300) as server:
        ran = cli(server.base_url, "--model", "m", "--api-key", "secret", "--header", "X-Team:red")
    assert ran.code == 0
    asked, probe = server.requests
    assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
    assert asked.json()["stream"] is True
    assert asked.json()["model"] == "m"
    assert asked.headers["authorization"] == "Bearer secret"
    assert asked.headers["x-team"] == "red"
    assert (probe.method, probe.connection) == ("OPTIONS", asked.connection)


APIS = {
    "responses": (numbered(*RESPONSES), "/v1/responses"),
    "anthropic": (named(*ANTHROPIC), "/v1/messages"),
    "gemini": (gemini(*GEMINI), "/v1beta/models/m:streamGenerateContent?alt=sse"),
}


@pytest.mark.parametrize("api", ["chat", *APIS])
@pytest.mark.parametrize("answer", ["chat", *APIS])
def test_an_answer_in_the_format_of_another_api_fails(cli: Cli, api: str, answer: str) -> None:
    body = CLEAN if answer == "chat" else APIS[answer][0]
    with ReplayServer(body, headers=HEADERS) as server:
        ran = cli(server.base_url, "--model", "m", "--api", api, "--ignore", "TIME")
    assert (ran.code == 0) is (api == answer)
    assert ("error" in ran.out) is (api != answer)


@pytest.mark.parametrize("api", APIS)
def test_other_apis_are_asked_in_their_own_words(cli: Cli, api: str) -> None:
    body, path = APIS[api]
    with ReplayServer(body, headers=HEADERS) as server:
        base = server.base_url.removesuffix("/v1") if api == "gemini" else server.base_url
        ran = cli(base, "--model", "m", "--api", api, "--ignore", "TIME")
    assert ran.code == 0
    assert "nothing found" in ran.out
    assert server.requests[0].path == path


def test_a_body_of_ones_own_goes_to_exactly_that_url(cli: Cli, tmp_path: Path) -> None:
    body = {"model": "m", "messages": [], "stream": True, "n": 2}
    path = tmp_path / "request.json"
    path.write_text(json.dumps(body))
    with ReplayServer(CLEAN, headers=HEADERS) as server:
        for data in (json.dumps(body), f"@{path}"):
            assert cli(server.chat_url, "--data", data).code == 0
    assert [request.json() for request in server.requests if request.method == "POST"] == [body, body]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, True),
        ({"stream_options": {"include_usage": True}}, True),
        ({"stream_options": {"include_usage": False}}, False),
        ({"stream_options": None}, False),
        ({"stream": True}, False),
    ],
)
def test_usage_is_missed_where_the_request_asked_for_it(cli: Cli, options: dict[str, object], found: bool) -> None:
    data = ("--data", json.dumps(options)) if options else ("--model", "m")
    with ReplayServer(FIRST + STOP + DONE, headers=HEADERS) as server:
        ran = cli(server.chat_url, *data)
    assert ("CHAT017 usage_ignored" in ran.out) == found
    assert ran.code == 0


def test_a_report_does_not_repeat_the_key_in_a_url(cli: Cli) -> None:
    with ReplayServer(CLEAN, headers=HEADERS) as server:
        ran = cli(f"{server.chat_url}?key=secret", "--data", "{}", "--format", "json")
        assert json.loads(ran.out)["name"] == server.chat_url
    assert "secret" not in ran.out
    assert server.requests[0].path.endswith("?key=secret")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "http://me:pw@127.0.0.1:9/v1?key=secret", "--model", "m"),
        ("check", "http://me:pw@127.0.0.1:9/v1?key=secret", "--dialect", "sse"),
        ("check", "http://me:pw@[/v1?key=secret", "--model", "m"),
        ("check", "ftp://me:pw@127.0.0.1/v1?key=secret"),
        ("chat", "Hi", "--base-url", "http://me:pw@127.0.0.1:9/v1?key=secret", "--model", "m"),
        ("chat", "Hi", "--base-url", "http://me:pw@[/v1?key=secret", "--model", "m"),
        ("read", "http://me:pw@127.0.0.1:9/v1?key=secret"),
        ("read", "ftp://me:pw@127.0.0.1:9/v1?key=secret", "--follow"),
    ],
)
def test_no_message_repeats_the_password_or_the_key_of_a_url(cli: Cli, arguments: tuple[str, ...]) -> None:
    ran = cli.func(*arguments)  # type: ignore[attr-defined]  # any command
    assert ran.code in (2, 5)
    assert ran.err
    assert "secret" not in ran.err
    assert "pw" not in ran.err


def test_a_report_does_not_repeat_the_password_in_a_url(cli: Cli) -> None:
    with ReplayServer(CLEAN, headers=HEADERS) as server:
        ran = cli(server.chat_url.replace("://", "://me:pw@"), "--data", "{}", "--format", "json")
        assert json.loads(ran.out)["name"] == server.chat_url
    assert "authorization" in server.requests[0].headers


def test_a_feed_is_asked_by_get(cli: Cli) -> None:
    with ReplayServer(b"data: 1\n\n", headers=HEADERS) as server:
        assert cli(server.chat_url, "--dialect", "sse").code == 0
    assert server.requests[0].method == "GET"


def test_live_findings_name_the_response_and_its_times(cli: Cli) -> None:
    with ReplayServer(CLEAN, content_type="text/plain", headers={"connection": "close"}) as server:
        ran = cli(server.base_url, "--model", "m", "--format", "json")
    names = {finding["name"] for finding in json.loads(ran.out)["findings"]}
    assert {"odd_content_type", "connection_not_reused", "cacheable"} <= names
    assert "buffered" not in names  # the server answers at once
    assert ran.code == 0


def test_a_refusal_is_a_finding(cli: Cli) -> None:
    with ReplayServer(script=lambda _: Reply.error("no such key", type="auth", status=401)) as server:
        ran = cli(server.base_url, "--model", "m")
    assert ran.code == 1
    assert "HTTP009 bad_status" in ran.out


def test_no_connection(cli: Cli) -> None:
    with ReplayServer(CLEAN) as server:
        url = server.base_url
    ran = cli(url, "--model", "m")
    assert (ran.code, ran.out) == (5, "")
    assert f"no response from {url}" in " ".join(ran.err.split())


def test_a_connection_that_is_closed_after_the_answer_is_told_from_one_that_is_kept(cli: Cli) -> None:
    def closing(request: Request) -> Reply:
        return Reply(CLEAN, framing="close", headers=HEADERS) if request.method == "POST" else Reply(b"")

    with ReplayServer(script=closing) as server:
        ran = cli(server.base_url, "--model", "m", "--select", "HTTP008")
    assert "connection_not_reused" in ran.out


# ---------------------------------------------------------------------------------------------- terminals


def on_terminal(*arguments: str, **environment: str) -> str:
    """What a terminal shows of a run, standard error included."""
    leader, follower = pty.openpty()
    names = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sse_stream", "check", *arguments],
        stdout=follower,
        stderr=follower,
        stdin=follower,
        env={"TERM": "xterm-256color", **names, **environment},
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            data = os.read(leader, 65536)
        except OSError:  # the last process has closed the terminal
            break
        if not data:
            break
        shown += data
    os.close(leader)
    process.wait()
    return shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_terminal_has_colours_and_progress(broken: Path) -> None:
    shown = on_terminal(str(broken))
    assert "\x1b[1;31merror" in shown
    with ReplayServer(BROKEN, headers=HEADERS) as server:
        url = server.chat_url
        live = on_terminal(server.base_url, "--model", "m")
    assert f"waiting for {url}" in live
    assert live.count("\x1b[2K") >= 2


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_they_are_not_wanted(broken: Path, environment: dict[str, Any]) -> None:
    assert "\x1b[" not in on_terminal(str(broken), **environment)
