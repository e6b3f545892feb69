"""Every code block of the README runs, and its statements about the project are true.

The first block is a whole program. The other Python blocks leave `url`, `headers` and `payload` to the reader. Shell
blocks run in an empty folder, where `sse-stream` is this package's command and the environment names the server. The
two commands that set up the project are not run here, but in a fresh clone before a change is merged.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sse_stream
from sse_stream.testing import Disconnect, EndAt, ReplayServer, Reply, Reset, Stall

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
PYTHON = [block for language, block in BLOCKS if language == "python"]
SHELL = [block for language, block in BLOCKS if language == "bash"]
SET_UP = [block for block in SHELL if block.startswith("python3 -m venv .venv")]

ANSWER = (
    Reply.reasoning("Hm.", pace=0.001)
    + Reply.text("Grüß ", "dich")
    + Reply.tool_call("look", '{"at": "sky"}', usage={"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})
)

FIRST, EVENTS, DECODER = PYTHON

ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(Path(sse_stream.__file__).parents[1]),
    "OPENAI_API_KEY": "sk-1",
    "NO_PROXY": "127.0.0.1",
}


def run(program: str, base_url: str) -> str:
    """What a program prints that is run by itself."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT | {"OPENAI_BASE_URL": base_url, "PYTHONUTF8": "1"},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_first_block_is_a_whole_program_that_reads_what_the_command_line_serves(tmp_path: Path) -> None:
    (tmp_path / "recording.sse").write_bytes(b"".join(ANSWER.writes()))
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "sse_stream", "serve", tmp_path / "recording.sse"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=ENVIRONMENT,
    ) as server:
        try:
            assert server.stdout is not None
            url = next(found[0] for line in server.stdout if (found := re.search(r"http://[\d.]+:\d+/v1(?!/)", line)))
            assert run(FIRST, url) == "Grüß dich\n[complete]\n"
        finally:
            server.kill()


def test_the_block_on_events_prints_each(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ReplayServer(ANSWER) as server:
        reader: dict[str, object] = {"url": server.chat_url, "headers": {}, "payload": {"stream": True}}
        exec(compile(EVENTS, "events", "exec"), reader)
    printed = r"\(Hm\.\)Grüß dich\nlook: \{'at': 'sky'\}\n\ntool_calls Usage\(.*total_tokens=7.*\)\n"
    assert re.fullmatch(printed, capsys.readouterr().out)


def test_the_block_without_a_client_prints_events(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(DECODER, "decoder", "exec"), {})
    assert capsys.readouterr().out == "text_delta\nstream_done\n"


WRITES = ANSWER.writes()
BEGUN = next(number for number, write in enumerate(WRITES, 1) if b"Gr" in write)  # with the first piece of text
STALL = Stall(sum(map(len, WRITES[:BEGUN])))
REFUSAL = b'{"error":{"message":"%b","type":"t"}}'


@pytest.mark.parametrize(
    ("reply", "printed"),
    [
        pytest.param(
            None,
            r"\n\[failed\] the request failed with ConnectError: .*refused\n",
            id="refused connection",
        ),
        pytest.param(Reply(REFUSAL % b"no such key", status=401), r"\n\[failed\] HTTP 401: no such key\n", id="401"),
        pytest.param(
            Reply(b"<html><title>500 Oops</title>", status=500, content_type="text/html"),
            r"\n\[failed\] HTTP 500, with a body that is an HTML page titled 'Oops'\n",
            id="500 with a page",
        ),
        pytest.param(
            Reply(WRITES, fault=Stall(0, seconds=5.5)),
            r"Grüß dich\n\[complete\]\n",
            id="silence, beyond httpx's default",
        ),
        pytest.param(
            Reply(WRITES, fault=EndAt(STALL.at or 0)),
            r"Grüß \n\[truncated\] the stream ended early: .*\n",
            id="ended",
        ),
        pytest.param(
            Reply(WRITES, fault=Disconnect(STALL.at)),
            r"Grüß \n\[failed\] the connection broke: RemoteProtocolError: .*\n",
            id="cut",
        ),
        pytest.param(
            Reply(WRITES, fault=Reset(STALL.at)),
            r"Grüß \n\[failed\] the connection broke: ReadError: .*\n",
            id="reset",
        ),
        pytest.param(
            Reply([*WRITES[:BEGUN], b'data: {"error":{"message":"overloaded"}}\n\n']),
            r"Grüß \n\[failed\] .*overloaded\n",
            id="mid-stream error",
        ),
    ],
)
def test_the_first_block_tells_how_each_stream_ended(
    reply: Reply | None, printed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    with ReplayServer(script=[reply or Reply(b"")]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        if reply is not None:
            exec(compile(FIRST, "first", "exec"), {})
    if reply is None:  # nobody listens there any more
        exec(compile(FIRST, "first", "exec"), {})
    assert re.fullmatch(printed, capsys.readouterr().out)


def test_the_languages_of_the_blocks_are_those_that_run() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "bash"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("block", [block for block in SHELL if block not in SET_UP])
def test_a_shell_block_runs(block: str, tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    command = commands / "sse-stream"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sse_stream "$@"\n')
    command.chmod(0o755)
    with ReplayServer(ANSWER) as server:
        environment = ENVIRONMENT | {
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "OPENAI_BASE_URL": server.base_url,
        }
        folder = tmp_path / "empty"
        folder.mkdir()
        ran = subprocess.run(
            ["sh", "-e", "-c", block], capture_output=True, encoding="utf-8", cwd=folder, env=environment, check=False
        )
        assert [request.headers["authorization"] for request in server.requests] == ["Bearer sk-1"] * 2
    assert (ran.returncode, ran.stdout.count("Grüß dich\n")) == (0, 2)
    assert ran.stdout.count('"type":') == 3
    assert "usage                prompt 3, completion 4, total 7 tokens" in ran.stderr


class TestSetUp:
    def test_there_are_two_commands_and_each_is_one_line(self) -> None:
        assert [block.count("\n") for block in SET_UP] == [1, 1]
        runs, tests = SET_UP
        assert runs.rstrip().endswith("-m sse_stream demo")
        assert "-m pytest" in tests

    def test_they_need_no_newer_python_than_the_package(self) -> None:
        metadata = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        least = metadata["requires-python"].removeprefix(">=")
        assert f"With Python {least} or newer" in README

    def test_they_are_what_lands_a_change(self) -> None:
        script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        assert "grep -E '^python3 -m venv \\.venv' README.md" in script
        for number in (0, 1):
            assert f'bash -c "${{commands[{number}]}}"' in script

    def test_whatever_they_install_is_an_extra(self) -> None:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
        assert {extra for block in SET_UP for extra in re.findall(r"\[(\w+)\]", block)} <= set(extras)


class TestWhatItSays:
    def test_it_begins_with_one_sentence_and_a_whole_program_before_line_30(self) -> None:
        lines = README.splitlines()
        assert lines[2].count(". ") == 0
        assert lines[2].endswith(".")
        assert lines[3] == ""
        assert lines[:29].count("```") == 1

    def test_it_has_at_most_seven_bullets_before_the_first_section(self) -> None:
        assert 0 < README[: README.index("\n## ")].count("\n- ") <= 7

    @pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
    def test_a_link_leads_somewhere(self, path: str) -> None:
        assert (ROOT / path).exists()

    @pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m (tests\.[\w.]+)", README))))
    def test_a_command_that_is_named_exists(self, module: str) -> None:
        assert importlib.util.find_spec(module) is not None

    def test_every_ending_is_named(self) -> None:
        from typing import get_args

        for ending in get_args(sse_stream.Ending):
            assert f'`"{ending}"`' in README
