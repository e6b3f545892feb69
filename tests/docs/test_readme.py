"""Every code block of the README runs, and what it says about the project is so.

Python blocks run as programs of their own, against a server that replays a stream, with the names that the
README's text leaves to the reader: `url`, `headers` and `payload`. Blocks for the shell run in an empty
folder, where `sse-stream` is this package's command and the environment names the server. The two commands
that set everything up are run by whatever lands a change, in a fresh clone.
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

# What the blocks print, one item a block, in their order; patterns, for times differ.
PRINTED = [
    r"Grüß dich.*total_tokens=7",
    r"Grüß dich\[look \{\"at\": \"sky\"\}\]\n\[tool_calls\]",
    r"^Grüß dich$",
    r"^$",
    r"charged: 0\.01\n3 4 7\n\d\S* \d+\.\d+\n$",
    r"TextDelta\(text='Hi', choice=0\)\nChoiceFinished\(reason='stop', choice=0\)\nStreamDone",
    r"^message \{\"id\":\"chatcmpl-1\".*message \[DONE\]\n$",
    r"^Grüß dich$",
    r"^Hello was all that came\n$",
]


def named(number: int) -> str:
    """A block's place: the heading above it."""
    heading = re.findall(r"^#+ (.+)$", README[: README.index(PYTHON[number])], re.MULTILINE)[-1]
    return f"{number}-{heading}"


@pytest.mark.parametrize("number", range(len(PYTHON)), ids=named)
def test_a_python_block_runs(number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ReplayServer(ANSWER, headers={"X-Charged-USD": "0.01"}) as server:
        reader: dict[str, object] = {
            "__name__": "__main__",
            "url": server.chat_url,
            "headers": {"Authorization": "Bearer sk-1"},
            "payload": {"model": "m", "messages": [{"role": "user", "content": "Hallo"}], "stream": True},
        }
        exec(compile(PYTHON[number], named(number), "exec"), reader)
        if "messages" in reader:
            assert reader["messages"] == [
                {"role": "user", "content": "Hallo"},
                {
                    "role": "assistant",
                    "content": "Grüß dich",
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "look", "arguments": '{"at": "sky"}'},
                        }
                    ],
                    "reasoning_content": "Hm.",
                },
                {"role": "tool", "tool_call_id": "call_1", "content": "look was called with {'at': 'sky'}"},
            ]
    assert re.search(PRINTED[number], capsys.readouterr().out, re.DOTALL)


ERRORS = next(block for block in PYTHON if "except StatusError" in block)

WRITES = ANSWER.writes()
FIRST = next(number for number, write in enumerate(WRITES, 1) if b"Gr" in write)  # with the first piece of text
STALL = Stall(sum(map(len, WRITES[:FIRST])))
REFUSAL = b'{"error":{"message":"%b","type":"t"}}'


@pytest.mark.parametrize(
    ("reply", "printed"),
    [
        pytest.param(
            None,
            r"^no connection, .*no stream at all: there is no response: the request failed with "
            r"ConnectError: .*refused; a repeat may help: True\n$",
            id="refused connection",
        ),
        pytest.param(Reply(REFUSAL % b"no such key", status=401), r"^refused: HTTP 401: no such key\n$", id="401"),
        pytest.param(
            Reply(REFUSAL % b"slow down", status=429, headers={"Retry-After": "2"}),
            r"^refused: HTTP 429: slow down; try again in 2 s\n$",
            id="429",
        ),
        pytest.param(
            Reply(b"<html><title>500 Oops</title>", status=500, content_type="text/html"),
            r"^refused: HTTP 500, with a body that is an HTML page titled 'Oops'\n$",
            id="500 with a page",
        ),
        pytest.param(Reply(WRITES, fault=Stall(0, seconds=5.5)), r"^Grüß dich$", id="silence, beyond httpx's default"),
        pytest.param(
            Reply(WRITES, fault=EndAt(STALL.at or 0)),
            r"^Grüß cut off after 'Grüß ': the stream ended before it was done: no \[DONE\] came, no finish "
            r"reason for choice 0\n$",
            id="ended",
        ),
        pytest.param(
            Reply(WRITES, fault=Disconnect(STALL.at)),
            r"^Grüß no connection, .*: the connection broke: RemoteProtocolError: .*help: False\n$",
            id="cut",
        ),
        pytest.param(
            Reply(WRITES, fault=Reset(STALL.at)),
            r"^Grüß no connection, .*: the connection broke: ReadError: .*help: False\n$",
            id="reset",
        ),
        pytest.param(
            Reply([*WRITES[:FIRST], b'data: {"error":{"message":"overloaded"}}\n\n']),
            r"^Grüß the provider reports in mid-stream: overloaded\n$",
            id="mid-stream error",
        ),
    ],
)
def test_the_block_on_errors_tells_each_failure_once(
    reply: Reply | None, printed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ReplayServer(script=[reply or Reply(b"")]) as server:
        reader: dict[str, object] = {"url": server.chat_url, "headers": {}, "payload": {}}
        if reply is not None:
            exec(compile(ERRORS, "errors", "exec"), reader)
    if reply is None:  # nobody listens there any more
        exec(compile(ERRORS, "errors", "exec"), reader)
    assert re.search(printed, capsys.readouterr().out, re.DOTALL)


def test_what_each_block_prints_is_known() -> None:
    assert len(PRINTED) == len(PYTHON)
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
        environment = os.environ | {
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(sse_stream.__file__).parents[1]),
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_KEY": "sk-1",
            "NO_PROXY": "127.0.0.1",
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
    def test_it_begins_with_what_it_is_in_ten_lines(self) -> None:
        said = README[: README.index("\n## ")]
        assert len([line for line in said.splitlines()[1:] if line]) <= 10

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
