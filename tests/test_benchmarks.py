"""The benchmarks read their streams correctly: a small part of each workload, without asserting figures."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest

from sse_stream import ChatStream

from .benchmarks import client_cost, formats, loopback, partial, pipeline, scale, startup
from .benchmarks.chat_workloads import ChatWorkload, cut, framed, payload, plain_text, workloads
from .benchmarks.format_workloads import FormatWorkload

SMALL = workloads(0.01)


@pytest.fixture(params=SMALL, ids=lambda workload: workload.name)
def workload(request: pytest.FixtureRequest) -> ChatWorkload:
    found = request.param
    assert isinstance(found, ChatWorkload)
    return found


@pytest.fixture(scope="module")
def contenders() -> Iterator[dict[str, pipeline.Contender | None]]:
    with ExitStack() as stack:
        yield pipeline.contenders(stack)


def test_workloads_are_told_apart_by_name() -> None:
    assert len({workload.name for workload in SMALL}) == len(SMALL)


def test_the_goals_are_about_workloads_that_there_are() -> None:
    rows = {each.name: pipeline.row(each.name, [each], [{pipeline.OURS: 1.0, "create": 40.0}]) for each in SMALL}
    named = {goal.what: goal.found for goal in pipeline.goals(rows)}
    assert named["plain text: openai create takes so many times as long"] == 40.0
    assert named["extra fields in each chunk: openai create takes so many times as long"] == 40.0


@pytest.mark.parametrize("name", ["ChatStream", "AsyncChatStream"])
def test_ours_read_each_workload_to_the_last_field(
    contenders: dict[str, pipeline.Contender | None], name: str, workload: ChatWorkload
) -> None:
    contender = contenders[name]
    assert contender is not None
    prepared = contender(workload)
    parts: list[str] = []
    prepared.read(parts)
    assert prepared.chunks is not None
    assert prepared.chunks() == len(workload.payloads)
    assert not pipeline.wrong(workload, prepared, parts, len(workload.payloads))


@pytest.mark.parametrize("name", ["create", "json.loads", "floor"])
def test_the_peers_that_the_goals_are_measured_against_read_plain_text(
    contenders: dict[str, pipeline.Contender | None], name: str
) -> None:
    contender = contenders[name]
    if contender is None:
        pytest.skip("not installed")
    assert isinstance(pipeline.timed(contender, plain_text(10)), float)


def test_a_contender_that_says_anything_else_is_wrong() -> None:
    stream = plain_text(3)

    def deaf(_: ChatWorkload) -> pipeline.Prepared:
        return pipeline.Prepared(lambda parts: len(stream.payloads))

    def miscounting(of: ChatWorkload) -> pipeline.Prepared:
        def read(parts: list[str]) -> int:
            parts.append(of.text)
            return 0

        return pipeline.Prepared(read)

    assert pipeline.timed(deaf, stream) == "wrong"
    assert pipeline.timed(miscounting, stream) == "wrong"


def test_a_contender_that_raises_is_shown_with_what_it_raised() -> None:
    def failing(_: ChatWorkload) -> pipeline.Prepared:
        raise KeyError("choices")

    assert pipeline.measured({"failing": failing}, [plain_text(3)], 2) == [{"failing": "KeyError"}]


def test_an_accumulation_that_lacks_a_field_is_wrong() -> None:
    said = next(each for each in SMALL if each.total_tokens is not None)
    silent = next(each for each in SMALL if each.text == said.text and each.total_tokens is None)

    def prepared(read: ChatWorkload) -> pipeline.Prepared:
        with ChatStream(read.reads) as stream:
            completion = stream.until_done()
        return pipeline.Prepared(lambda parts: 0, completion=lambda: completion)

    count = len(said.payloads)
    assert not pipeline.wrong(said, prepared(said), [said.text], count)
    assert pipeline.wrong(said, prepared(silent), [said.text], count)


def test_a_group_is_compared_over_what_both_read_right() -> None:
    one, other = plain_text(4), plain_text(6)
    found = pipeline.row("both", [one, other], [{"ChatStream": 1.0, "peer": 3.0}, {"ChatStream": 2.0, "peer": "wrong"}])
    assert found.ratios == {"ChatStream": 1.0, "peer": 3.0}
    assert found.failed == {"peer": 1}
    assert found.cells(["ChatStream", "peer"])[2] == "3.00× (1 wrong)"


@pytest.mark.parametrize(
    ("bound", "found", "at_least", "met"),
    [(40, 41.0, True, True), (40, 39.9, True, False), (0.6, 0.5, False, True), (0.6, 0.7, False, False)],
)
def test_a_goal_is_met_on_its_own_side_of_the_bound(bound: float, found: float, at_least: bool, met: bool) -> None:
    assert pipeline.Goal("", bound, found, at_least=at_least).met is met
    assert pipeline.Goal("", bound, None, at_least=at_least).met is None


def test_cutting_leaves_the_bytes_alone() -> None:
    reads = framed([payload({"content": "天"}), payload({}, finish_reason="stop")])
    assert b"".join(cut(reads, 1)) == b"".join(reads)
    assert {len(read) for read in cut(reads, 1)} == {1}


@pytest.mark.parametrize("case", scale.CASES, ids=lambda case: case.name)
def test_each_case_of_scale_reads_what_it_should(case: scale.Case) -> None:
    found = scale.cost(case, case.few)
    assert found.text > 0
    assert found.seconds > 0


def test_a_case_that_is_read_wrong_says_so() -> None:
    with pytest.raises(SystemExit, match="1, not 2"):
        scale.expect(1, 2)


def test_over_loopback_all_give_the_same_text() -> None:
    stream = plain_text(20)
    with loopback.server(20, 0.0) as url:
        for making in (loopback.sync_runs, loopback.async_runs):
            with making("httpx", url) as runs:
                found = loopback.measured(runs, stream, 1)
                assert all(isinstance(value, float) for value in found.values()), found


def test_every_client_reads_all_of_every_stream() -> None:
    found = asyncio.run(client_cost.measured(streams=3, chunks=5, rounds=1, pace=0.001))
    assert {*found} >= {f"{name} {how}" for name in ("aiohttp", "httpx") for how in ("alone", "+ sse_stream")}
    assert found[client_cost.BASE].cpu == 1.0
    assert all(each.cpu > 0 and each.pace >= 0 for each in found.values())


def test_a_client_that_misses_something_is_not_measured() -> None:
    async def deaf() -> client_cost.Reading:
        return client_cost.Reading(size=1, seconds=0.02)

    with pytest.raises(SystemExit, match="deaf did not read everything"):
        asyncio.run(client_cost.run("deaf", deaf, 1, 5, 0.02))


def test_time_is_taken_from_the_first_piece_to_the_last() -> None:
    async def pieces() -> AsyncIterator[str]:
        for text in ("a", "bc", "d"):
            yield text
            await asyncio.sleep(0.01)

    found = asyncio.run(client_cost.reading(pieces()))
    assert found.size == 4
    assert found.seconds >= 0.018  # of three pauses, the last is behind the last piece


def test_bars_are_as_long_as_their_figures() -> None:
    lines = client_cost.bars({"aiohttp": 1.0, "much": 10.0, "none": 0.0}).splitlines()
    assert [line.count("█") for line in lines] == [round(client_cost.WIDTH / 10), client_cost.WIDTH, 1]
    assert [line.split()[1] for line in lines] == ["1.0", "10.0", "0.0"]


def test_what_is_written_goes_between_its_markers() -> None:
    page = "Bars:\n<!-- begin bars -->\n\nold\n\n<!-- end bars -->\nand so on"
    assert client_cost.written(page, {"bars": "new\n"}) == page.replace("old", "new")


def test_the_bars_on_the_page_are_as_long_as_their_figures() -> None:
    page = client_cost.PAGE.read_text(encoding="utf-8")
    figures = {
        name.strip(): float(figure) for name, figure in re.findall(r"^(\S.+?) +(\d+\.\d)  █+$", page, re.MULTILINE)
    }
    assert figures[client_cost.BASE] == 1.0
    assert client_cost.bars(figures) in page
    rows = re.findall(r"^\| (\w.+?) \|(?: \d+\.\d\d \|){2}$", page, re.MULTILINE)
    assert rows == [*figures]


@pytest.mark.parametrize("make", [partial.code, partial.records])
def test_json_that_is_being_written_is_read_right_by_all(make: Callable[[int], partial.Text]) -> None:
    text = make(2_000)
    assert "".join(text.deltas) == text.text
    assert 1_500 < len(text.text) < 3_000
    cost = partial.measured(text, partial.peers(), 1)
    assert cost.peers.keys() == partial.peers().keys()
    assert min(cost.delta, cost.once, cost.whole, *cost.peers.values()) > 0
    with pytest.raises(SystemExit, match="wrong by a peer"):
        partial.reparsing(lambda prefix: None, text, 1)


def test_the_goals_for_json_that_is_being_written_are_about_each_text_and_size() -> None:
    cost = partial.Cost(delta=0.9e-6, peers={"jiter": 90e-6}, once=1.0, whole=1.0)
    costs = {make(100).name: dict.fromkeys(partial.SIZES, cost) for make in (partial.code, partial.records)}
    found = [goal.found for goal in partial.goals(costs)]
    assert found == pytest.approx([0.9, 1.0, 100.0] * 2)
    assert all(goal.met for goal in partial.goals(costs))
    alone = partial.Cost(delta=0.9e-6, peers={}, once=1.0, whole=1.0)
    costs = {name: dict.fromkeys(partial.SIZES, alone) for name in costs}
    assert [goal.met for goal in partial.goals(costs)] == [True, True, None] * 2


def test_importing_loads_no_client_and_no_event_loop() -> None:
    assert startup.unwanted_modules() == []


def test_what_importing_costs_is_told_by_package() -> None:
    packages = startup.by_package(startup.imported_modules())
    assert packages["sse_stream"] > 0
    assert list(packages.values()) == sorted(packages.values(), reverse=True)


def test_the_case_of_a_process_of_its_own_prints_its_cost(capsys: pytest.CaptureFixture[str]) -> None:
    scale.main(["--case", "1", "3"])
    assert set(json.loads(capsys.readouterr().out)) == {"seconds", "peak", "text"}


FORMATS = [workload for make in formats.WORKLOADS for workload in make(5)]


@pytest.mark.slow
@pytest.mark.parametrize("workload", FORMATS, ids=lambda workload: workload.name)
def test_each_format_is_read_right_by_all(workload: FormatWorkload) -> None:
    found = formats.measured(workload, 1)
    assert "wrong" not in found.values()
    assert len(formats.line_of(workload, found)) == len(found) + 1


def test_who_reads_a_format_wrong_is_shown() -> None:
    workload = FORMATS[0]
    assert formats.timed(lambda _: lambda: "something else", workload) is None
    assert formats.line_of(workload, {formats.OURS: "wrong", "create": 1.0})[1:] == ["wrong", "–"]
