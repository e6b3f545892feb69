"""Every example runs unchanged: offline, and against a server named in the environment."""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

import sse_stream
from sse_stream import ChatStream, iter_sse
from sse_stream.testing import ANTHROPIC_HABITS, ReplayServer, Reply, Request

EXAMPLES = Path(__file__).parents[2] / "examples"
README = Path(__file__).parents[2] / "README.md"

# What each prints offline.
OFFLINE = {
    "quickstart_sync.py": """\
(Rayleigh.) Air scatters blue light more than red.
finish reason: stop
tokens: 18
""",
    "quickstart_async.py": """\
I ask the station in Kraków.
call get_weather with {'city': 'Kraków'}
finished: tool_calls
tokens: 53
""",
    "many_streams.py": """\
Austria: Vienna
Brazil: Brasília
Chad: N'Djamena
Denmark: Copenhagen
Atlantis: … (no such country)
Egypt: Cairo
Finland: Helsinki
Ghana: Accra
""",
    "usage_and_billing.py": """\
x-replay-charged-usd: 0.000021
x-replay-balance-usd: 4.20
prompt: 9, completion: 2, total: 11
from the cache: 4
cost: 2.1e-05
time to first token: … s
""",
    "tool_loop.py": """\
temperature({"city":"Oslo"}) = -3
temperature({"city":"Nairobi"}) = 24
In Oslo: -3 °C against 24 °C in Nairobi.
""",
    "live_arguments.py": """\
write_file: [hello.py]
import sys

name = sys.argv[1]
print(f"Grüße, {name} 👋")
[executable]

hello.py: 4 lines
""",
    "errors_and_retry.py": """\
[HTTP 429: too many requests; retrying in … s]
[the connection broke before any bytes arrived: RemoteProtocolError: peer closed connection without sending complete message body \
(incomplete chunked read); retrying in … s]
one two three four [complete]
requests: 3
one two three  [truncated; kept 14 characters]
requests: 1
 [HTTP 404: no such model]
requests: 1
""",
    "abort_early.py": """\
closed after 2 deltas
First, a sentence.
unfinished answers of the server: 1
""",
    "plain_text_tokens.py": """\
Roses are röt-
lich,
violets are blue.
5 tokens, last event id 5
""",
    "relay_anthropic.py": """\
A relay speaks both languages. [openai_chat, stop, 18 tokens]
A relay speaks [Overloaded]
""",
    "resumed_events.py": """\
reading 1: 21.0
reading 2: 21.4
[connection 2 resumes after 2: the stream ended]
reading 3: 21.9
[connection 3 resumes after 3: TransportError]
[connection 4 resumes after 3: StatusError]
reading 4: 22.3
reading 5: 22.1
reading 6: 21.8
[connection 5 resumes after 6: the stream ended]
no more events
""",
    "gateway.py": """\
pause: A gateway passes on what it gets.
  with keep-alive comments
end early: A gateway passes on  [the stream ended early: no [DONE] came, the last event was cut off, \
no finish reason for choice 0]
refuse:  [HTTP 429: too many requests]
stay silent: A gateway …
  the client left, upstream requests closed: 1
write a lot: … MB read from upstream while the client reads nothing
""",
    "sans_io_socket.py": """\
Grüße über einen Socket
[stream_done]
ending: complete
""",
}

# What prints times alone, and tells its progress as well.
MEASURING = "load_generator.py"

# What they import from one another.
SHARED = "provider.py"

# In whatever order streams end.
UNORDERED = {"many_streams.py"}

# Those that serve, and those that ask for something else than a chat.
NOT_ASKING = {"gateway.py", "plain_text_tokens.py", "relay_anthropic.py", "resumed_events.py"}

# What a real server would answer, and what each then prints of it.
ANSWER = Reply.text("A real", " answer.", usage={"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4})


@pytest.fixture(autouse=True)
def beside_what_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """An example that a test runs by its path finds its neighbours, as one that is started does."""
    monkeypatch.syspath_prepend(EXAMPLES)


def environment(**more: str) -> dict[str, str]:
    """The environment of a user who has installed the package, and set no more than this."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PYTHON"))}
    package = str(Path(sse_stream.__file__).parents[1])
    return inherited | {"PYTHONPATH": package, "PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1", **more}


def test_every_example_is_here_and_in_the_readme() -> None:
    files = {path.name for path in EXAMPLES.glob("*.py")}
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert files == {*OFFLINE, MEASURING, SHARED}
    assert folders == {"chat_page", "pyodide"}
    linked = set(re.findall(r"\]\(examples/([^)]+?)/?\)", README.read_text(encoding="utf-8")))
    assert linked == files | folders


def offline(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """An example, run as a user runs it."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment(),
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", OFFLINE)
def test_it_runs_offline_as_it_stands(name: str, tmp_path: Path) -> None:
    ran = offline(name, tmp_path)
    said = re.sub(r"\d+\.\d+ (s|MB)\b", r"… \1", ran.stdout)
    expected = OFFLINE[name]
    if name in UNORDERED:
        said, expected = ("".join(sorted(text.splitlines(keepends=True))) for text in (said, expected))
    assert (ran.returncode, ran.stderr, said) == (0, "", expected)


@pytest.mark.slow
def test_the_load_generator_runs_offline_as_it_stands(tmp_path: Path) -> None:
    ran = offline(MEASURING, tmp_path)
    assert ran.returncode == 0
    title, _, *outcomes, header = ran.stdout.splitlines()[:8]
    assert title == "300 streams, 32 at a time, after 32 for warm-up"
    # Of fifty answers of the stand-in, three are none.
    counts = {line.rpartition("  ")[0].strip(): int(line.split()[-1]) for line in outcomes if line}
    assert counts == {"complete": 282, "truncated": 6, "connection failed": 6, "HTTP 503": 6}
    assert header.split() == ["complete", "streams,", "ms", "values", "p50", "p90", "p99", "max"]
    # Each tenth tells the progress; nothing else is said there.
    assert re.findall(r"(\d+) of 300 streams, (\d+) complete\n", ran.stderr)[-1] == ("300", "282")
    assert ran.stderr.count("\n") == 10


@pytest.mark.parametrize("name", sorted(OFFLINE.keys() - NOT_ASKING))
def test_it_asks_the_server_that_the_environment_names(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ReplayServer(ANSWER) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.base_url}/")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_MODEL", "a-model")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(sys, "argv", [name])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    for request in server.requests:
        assert (request.method, request.path) == ("POST", "/v1/chat/completions")
        assert request.headers["authorization"] == "Bearer sk-test"
        assert (request.json()["model"], request.json()["stream"]) == ("a-model", True)
    said = capsys.readouterr().out
    assert server.requests
    assert ("4" if name == "usage_and_billing.py" else "A real answer.") in said


@contextmanager
def relaying(script: Callable[[Request], Reply]) -> Iterator[tuple[openai.OpenAI, ReplayServer]]:
    """The official client, in front of the relay, in front of a stand-in for Anthropic."""
    relay = runpy.run_path(str(EXAMPLES / "relay_anthropic.py"))["Relay"]
    with ReplayServer(script=script) as anthropic, relay(anthropic.messages_url, "sk-ant") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
                yield client, anthropic
        finally:
            server.shutdown()
            thread.join()


QUESTION: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]


class TestRelay:
    """Anthropic's answers, as the official client of OpenAI reads them."""

    def test_an_answer(self) -> None:
        body = ANTHROPIC_HABITS["thinking"].body
        with relaying(lambda _: Reply(body)) as (client, anthropic):
            with client.chat.completions.stream(model="claude", messages=QUESTION) as stream:
                deltas = [event.delta for event in stream if event.type == "content.delta"]
                completion = stream.get_final_completion()
        assert "".join(deltas) == completion.choices[0].message.content == "Hello"
        assert (completion.id, completion.model, completion.choices[0].finish_reason) == ("msg_1", "m", "stop")
        assert completion.usage is not None
        assert (completion.usage.prompt_tokens, completion.usage.total_tokens) == (3, 12)
        (request,) = anthropic.requests
        assert (request.path, request.headers["x-api-key"]) == ("/v1/messages", "sk-ant")
        assert request.json()["system"] == "Be brief."
        assert request.json()["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]

    def test_a_tool_call_there_and_back(self) -> None:
        body = ANTHROPIC_HABITS["calls-in-pieces"].body
        tool: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        with relaying(lambda _: Reply(body)) as (client, anthropic):
            messages = list(QUESTION)
            for _ in range(2):
                with client.chat.completions.stream(model="claude", messages=messages, tools=[tool]) as stream:
                    choice = stream.get_final_completion().choices[0]
                messages.append(choice.message.model_dump(exclude_none=True))
                messages.append({"role": "tool", "tool_call_id": "t1", "content": "7"})
        assert choice.finish_reason == "tool_calls"
        assert choice.message.tool_calls is not None
        assert [(call.id, call.function.arguments) for call in choice.message.tool_calls] == [("t1", '{"a": 1}')]
        _, asked, result = anthropic.requests[1].json()["messages"]
        assert asked["content"][1] == {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
        assert result["content"] == [{"type": "tool_result", "tool_use_id": "t1", "content": "7"}]

    def test_an_error_in_the_middle(self) -> None:
        with relaying(lambda _: Reply(ANTHROPIC_HABITS["error-overloaded"].body)) as (client, _):
            stream = client.chat.completions.create(model="claude", messages=QUESTION, stream=True)
            said = ""
            with pytest.raises(openai.APIError, match="Overloaded") as failure:
                for chunk in stream:
                    said += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        assert (said, failure.value.type) == ("Hel", "overloaded_error")

    def test_an_answer_that_is_cut_off_is_an_error(self) -> None:
        with relaying(lambda _: Reply(ANTHROPIC_HABITS["cut-in-a-block"].body)) as (client, _):
            stream = client.chat.completions.create(model="claude", messages=QUESTION, stream=True)
            with pytest.raises(openai.APIError, match="no message_stop came"):
                list(stream)

    def test_a_request_that_is_refused(self) -> None:
        refusal = b'{"type":"error","error":{"type":"authentication_error","message":"no such key"}}'
        with (
            relaying(lambda _: Reply(refusal, status=401, content_type="application/json")) as (client, _),
            pytest.raises(openai.AuthenticationError, match="no such key"),
        ):
            client.chat.completions.create(model="claude", messages=QUESTION, stream=True)


@contextmanager
def started(name: str, **variables: str) -> Iterator[str]:
    """A program that serves until it is interrupted; the address that it prints."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / name)]
    variables["PORT"] = "0"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=environment(**variables)
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")


def test_the_chat_page_runs_as_it_stands() -> None:
    question = [{"role": "user", "content": "Grüße"}]
    with started("chat_page/app.py") as address, httpx.Client(trust_env=False, base_url=address) as client:
        assert "<!doctype html>" in client.get("/").text
        with client.stream("POST", "/chat", json=question) as response:
            completion = [event.json() for event in iter_sse(response)][-1]["completion"]
    text = completion["choices"][0]["message"]["content"]
    assert text.startswith("You said: Grüße\n\nHere is a haiku – 俳句")


def test_the_gateway_relays_the_server_that_the_environment_names() -> None:
    with (
        ReplayServer(ANSWER) as server,
        started("gateway.py", OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="sk-test") as address,
        httpx.Client(trust_env=False) as client,
    ):
        request = client.stream("POST", f"{address}/chat/completions", json={"model": "a-model", "stream": True})
        assert ChatStream(request).until_done().text == "A real answer."
    (asked,) = server.requests
    assert (asked.headers["authorization"], asked.json()["model"]) == ("Bearer sk-test", "a-model")


def test_the_page_for_pyodide_runs_as_it_stands() -> None:
    with started("pyodide/serve.py") as address, httpx.Client(trust_env=False, base_url=address) as client:
        url = client.get("/settings.json").json()["url"]
        with client.stream("POST", url) as response:
            assert ChatStream(response).until_done().text.startswith("Because air scatters")


class TestPyodide:
    def test_what_the_page_needs_is_served(self) -> None:
        serve = runpy.run_path(str(EXAMPLES / "pyodide" / "serve.py"))
        with (
            ReplayServer(script=serve["answer"]) as provider,
            serve["server"]({"url": provider.chat_url, "key": "k", "model": "m"}) as page,
            httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{page.server_port}") as client,
        ):
            thread = threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                index = client.get("/")
                assert index.headers["content-type"] == "text/html; charset=utf-8"
                for name in re.findall(r'fetch\("([^"]+)"\)', index.text):
                    assert client.get(name).status_code == 200, name
                assert client.get("/settings.json").json()["url"] == provider.chat_url
                archive = zipfile.ZipFile(io.BytesIO(client.get("/sse_stream.zip").content))
                assert {"sse_stream/__init__.py", "sse_stream/_sse/_decoder.py"} <= set(archive.namelist())
                assert client.get("/../serve.py").status_code == 404
                asked_first = client.options(provider.chat_url)
                assert (asked_first.status_code, asked_first.headers["access-control-allow-origin"]) == (204, "*")
            finally:
                page.shutdown()
                thread.join()

    @pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="Pyodide has a Python of its own: once is enough")
    def test_it_asks_by_fetch_under_pyodide(self, tmp_path: Path) -> None:
        from ..trust.test_pyodide import in_pyodide

        with ReplayServer(ANSWER, cut=7) as server:
            source = f"""
import json, sys
sys.path.insert(0, "/example")
import chat
shown = []
ending = await chat.ask({server.chat_url!r}, "sk-1", "m-1", "Grüße?", shown.append)
print(json.dumps([ending, "".join(shown)]))
0
"""
            said = in_pyodide(source, tmp_path, example=EXAMPLES / "pyodide").splitlines()[-1]
        assert json.loads(said) == ["complete, 5 chunks, 14 characters", "A real answer."]
        (request,) = server.requests
        assert (request.method, request.headers["authorization"]) == ("POST", "Bearer sk-1")
        assert request.json() == {
            "model": "m-1",
            "messages": [{"role": "user", "content": "Grüße?"}],
            "stream": True,
        }
