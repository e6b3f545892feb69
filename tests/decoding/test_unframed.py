"""JSON that is sent without `data:`: collected line by line."""

from __future__ import annotations

import tracemalloc

import pytest

from sse_stream._decoding._unframed import UnframedJSON


@pytest.mark.parametrize(
    ("lines", "given"),
    [
        pytest.param(['{"a": 1}'], ['{"a": 1}'], id="a line"),
        pytest.param(["[1]"], ["[1]"], id="an array"),
        pytest.param(["{", ' "a":[', " ]", "}"], ["", "", "", '{\n "a":[\n ]\n}'], id="lines"),
        pytest.param(["text", "}", ' {"a": 1}'], ["", "", ""], id="what begins no object"),
        pytest.param(["{}", "text"], ["{}", ""], id="what comes after an object"),
        pytest.param(["{}", "}", "[]"], ["{}", "", "[]"], id="one after the other"),
        pytest.param(["{", '{"a": 1}'], ["", '{"a": 1}'], id="one that begins within another takes its place"),
        pytest.param(["{", "]", "}"], ["", "{\n]", ""], id="whatever bracket closes it"),
        pytest.param(['{"a": 12345}'], ['{"a": 12345}'], id="as long as the limit"),
        pytest.param(['{"a": 123456}', "}"], ["", ""], id="longer than the limit"),
        pytest.param(["{", "123456", "12345", "}"], ["", "", "", ""], id="in lines, too"),
        pytest.param(['{"a": 123456}', '{"b": 12345}'], ["", '{"b": 12345}'], id="after which another counts anew"),
        pytest.param(["{", "12345", '{"b": 12345}'], ["", "", '{"b": 12345}'], id="as it does in the middle"),
    ],
)
def test_what_each_line_completes(lines: list[str], given: list[str]) -> None:
    collected = UnframedJSON(12)
    assert [collected.add(line) for line in lines] == given


def test_what_is_longer_than_the_limit_is_not_kept() -> None:
    collected = UnframedJSON(12)
    collected.add("{")
    tracemalloc.start()
    for number in range(1000):
        collected.add(f"{number:1000}")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000
