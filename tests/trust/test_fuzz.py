"""The fuzzer's invariants hold for its initial bodies, and for every failure that it has found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream.testing import mutations

from .invariants import CHECKS
from .seeds import seeds

# What the fuzzer found, reduced: the target, and the bytes on which it failed.
FINDINGS: list[tuple[str, bytes]] = [
    # A key that is not UTF-8, in an event that the shortcut for text read.
    (
        "responses",
        (
            b'data: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}}\n\n'
            b'data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"}\n\n'
            b'data: {"type":"response.output_text.delta","output_index":0,"\x8e":0,"delta":"b"}\n\n'
        ),
    ),
]

SEEDS = [(target, name, body) for target in CHECKS for name, body in seeds(target).items()]


@pytest.mark.parametrize(
    ("target", "body"), [pytest.param(target, body, id=f"{target}-{name}") for target, name, body in SEEDS]
)
def test_the_invariants_hold_for_the_seeds(target: str, body: bytes) -> None:
    CHECKS[target](body)


@pytest.mark.parametrize(("target", "body"), FINDINGS)
def test_what_was_found_is_mended(target: str, body: bytes) -> None:
    CHECKS[target](body)


@given(st.data())
def test_the_invariants_hold_for_damaged_seeds(data: st.DataObject) -> None:
    target, _, body = data.draw(st.sampled_from(SEEDS))
    CHECKS[target](data.draw(mutations(body)))
