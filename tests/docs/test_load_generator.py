"""The load generator example: its figures cover complete streams only, and are computed correctly."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sse_stream.testing import EndAt, ReplayServer, Reply, Request, Stall

EXAMPLES = Path(__file__).parents[2] / "examples"

WORDS = ("one ", "two ", "three")
# The server says two tokens a chunk.
ANSWER = Reply.text(*WORDS, usage={"prompt_tokens": 1, "completion_tokens": 6, "total_tokens": 7})
PACED = Reply.text(*WORDS, pace=0.02)
# Many gaps, and no end.
CUT_OFF = Reply.text(*WORDS * 5, pace=0.01, complete=False)

VALUES = ("p50", "p90", "p99", "max")


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-load")
    monkeypatch.setenv("OPENAI_MODEL", "a-model")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return runpy.run_path(str(EXAMPLES / "load_generator.py"))


@pytest.fixture
def report(
    example: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    def run(url: str, *options: str) -> str:
        monkeypatch.setattr(sys, "argv", ["load_generator.py", "--url", url, *options])
        example["main"]()
        return capsys.readouterr().out

    return run


def rows(report: str) -> dict[str, list[str]]:
    """What stands behind each name of the report."""
    found = (re.match(r"(\S.*?)  +(\S.*)", line) for line in report.splitlines())
    return {match[1]: match[2].split() for match in found if match is not None}


def milliseconds(cells: list[str]) -> dict[str, float]:
    return {name: float(cell) for name, cell in zip(VALUES, cells[1:], strict=True) if cell != "–"}


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        (range(1, 101), 50, 50),
        (range(1, 101), 90, 90),
        (range(1, 101), 99, 99),
        (range(1, 100), 99, None),  # it would be the maximum
        (range(1, 1001), 99, 990),
        (range(1, 701), 99, 693),
        ([1, 1, 1, 9], 50, 1),
        ([1, 2, 3], 50, 2),
        ([1, 2], 50, 1),
        ([1, 2], 90, None),
        ([1], 50, None),
        ([], 50, None),
    ],
)
def test_percentiles_are_by_nearest_rank(
    values: range | list[int], percent: int, found: int | None, example: dict[str, Any]
) -> None:
    assert example["percentile"](values, percent) == found


def test_streams_that_fail_are_counted_apart_and_are_in_no_figure(report: Callable[..., str]) -> None:
    numbers = count()

    def answer(_: Request) -> Reply:
        match next(numbers) % 5:
            case 0:
                return CUT_OFF
            case 1:
                return Reply.error("overloaded", status=503)
            case 2:
                return Reply.text(*WORDS) + Reply.error("overloaded")
            case 3:
                return Reply.text(*WORDS, fault=Stall(300))
            case _:
                return Reply(b"".join(ANSWER.writes()))

    with ReplayServer(script=answer) as server:
        found = rows(
            report(server.base_url, "--streams=20", "--concurrency=5", "--warmup=5", "--timeout=2", "--extra={}")
        )
        assert len(server.requests) == 25
    for outcome in ("complete", "truncated", "HTTP 503", "error in the stream", "timeout: total"):
        assert found[outcome] == ["4"], outcome
    assert [found[name][0] for name in ("TTFT", "end to end", "TPOT, by tokens of usage")] == ["4"] * 3
    # A complete stream comes in one read, so that whatever gaps there were are those of others.
    assert found["gap between chunks (ITL)"] == ["0", *"––––"]
    assert found["chunks with output"][:3] == ["12", "in", "4"]


def test_the_figures_are_those_of_the_server(report: Callable[..., str]) -> None:
    with ReplayServer(PACED, delay=0.05) as server:
        found = rows(report(server.base_url, "--streams=12", "--concurrency=4"))
    assert found["complete"] == ["12"]
    # Seven writes come 20 ms apart: the role, three words, the finish, the usage and the end mark.
    ttft, gaps, whole = (milliseconds(found[name]) for name in ("TTFT", "gap between chunks (ITL)", "end to end"))
    assert ttft["p50"] >= 68
    assert whole["p50"] >= 165
    # A first chunk that is read late shortens what follows, so these are of the stream that was read best: a pause
    # between two words, and five of them after the first of three tokens.
    assert gaps["max"] >= 18
    assert milliseconds(found["TPOT, by tokens of usage"])["max"] >= 48
    assert int(found["gap between chunks (ITL)"][0]) <= 24
    for cells in (ttft, gaps, whole):
        assert list(cells.values()) == sorted(cells.values())
    assert "p99" not in ttft  # twelve values cannot tell it


def test_a_chunk_is_not_a_token(report: Callable[..., str]) -> None:
    with ReplayServer(ANSWER) as server:
        found = rows(report(server.base_url, "--streams=10", "--concurrency=2"))
    assert found["tokens"][0] == "60"
    assert found["chunks with output"][0] == "30"
    assert found["tokens a chunk"] == ["2.00"]


def test_without_usage_no_tokens_are_made_up(report: Callable[..., str]) -> None:
    with ReplayServer(Reply.text(*WORDS, usage={})) as server:
        found = rows(report(server.base_url, "--streams=4", "--concurrency=2"))
    assert found["complete"] == ["4"]
    assert found["TPOT, by tokens of usage"] == ["0", *"––––"]
    assert found["tokens"][:6] == ["0", "by", "the", "usage", "of", "0"]
    assert "tokens a chunk" not in found


def test_an_answer_that_says_nothing_is_in_no_figure(report: Callable[..., str]) -> None:
    with ReplayServer(Reply.text()) as server:
        found = rows(report(server.base_url, "--streams=4", "--concurrency=2"))
    assert found["complete, and empty"] == ["4"]
    assert found["TTFT"][0] == "0"


def test_warming_up_is_in_no_figure(report: Callable[..., str]) -> None:
    with ReplayServer(script=[*[Reply.text(*WORDS, fault=EndAt(300))] * 6, ANSWER]) as server:
        found = rows(report(server.base_url, "--streams=4", "--concurrency=2", "--warmup=6"))
    assert found["complete"] == ["4"]
    assert "truncated" not in found
    assert found["chunks with output"][0] == "12"


def test_what_it_asks(report: Callable[..., str]) -> None:
    with ReplayServer(ANSWER) as server:
        report(f"{server.base_url}/", "--streams=3", "--concurrency=2", "--prompt=Grüße", '--extra={"max_tokens": 5}')
    assert len(server.requests) == 5
    for request in server.requests:
        assert (request.path, request.headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-load")
        assert request.json() == {
            "model": "a-model",
            "messages": [{"role": "user", "content": "Grüße"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 5,
        }


def test_the_clients_own_cost_is_told(report: Callable[..., str]) -> None:
    with ReplayServer(ANSWER) as server:
        found = rows(report(server.base_url, "--streams=20", "--concurrency=2"))
    cost, share, *words = found["client: CPU, µs per chunk"]
    assert float(cost) > 0
    assert 0 <= int(share.removesuffix("%")) <= 200
    assert words == ["of", "a", "core"]


def test_a_client_that_is_too_busy_says_so(example: dict[str, Any]) -> None:
    options = type("Options", (), {"streams": 1, "concurrency": 1, "warmup": 1})
    found = example["Measurements"](gaps=[0.010] * 9, lateness=[0.0005] * 200)

    def warns(*, seconds: float = 10.0) -> bool:
        return "The client was busy or late" in example["report"](found, options, seconds, 1.0)

    assert not warns()
    assert warns(seconds=1.2)  # of which one second was the client's
    found.lateness[:3] = [0.002] * 3
    assert warns()


@pytest.mark.parametrize("option", ["--streams=0", "--concurrency=-1", "--warmup=a", "--extra=[]", "--extra={"])
def test_what_cannot_be_is_refused(option: str, report: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        report("http://127.0.0.1:9", option)
    assert re.search(r"expected a (number, 1 or more|JSON object), got '", capsys.readouterr().err)
