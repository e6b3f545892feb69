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
    # Another item at the same position, whose text the fast path took for that of the first.
    (
        "responses",
        (
            b'data: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"1"}}\n\n'
            b'data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"}\n\n'
            b'data: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"2"}}\n\n'
            b'data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"b"}\n\n'
        ),
    ),
    # The name of an event that no blank line parts from the one before.
    (
        "anthropic",
        (
            b'data: {"type":"message_start","message":{"id":"m"}}\n\n'
            b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
            b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}\n'
            b'event: error\ndata: {"type":"error","error":{"message":"overloaded"}}\n\n'
        ),
    ),
    # An anomaly of the bytes, and one of what they mean: the first comes first on each path.
    (
        "gemini",
        (
            b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\n\n'
            b'data: {"candidates":[{"content":{"parts":[{"text":"b"}]}}],"usageMetadata":'
            b'{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":9,"\x8e":1}}\n\n'
        ),
    ),
    # White space before the JSON that Python takes for such, and JSON does not.
    (
        "chat",
        (
            b'data: {"type":"response.created","response":{"id":"r"}}\n\n'
            b'data: \x1f{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"}\n\n'
        ),
    ),
    # A call that nothing has ended: its arguments come with the end of the body, in a chunk that was not received.
    (
        "chat",
        (
            b'data: {"type":"message_start","message":{"id":"m"}}\n\n'
            b'data: {"type":"content_block_start","index":0,"content_block":'
            b'{"type":"tool_use","id":"t","name":"f","input":{}}}\n\n'
            b'data: {"type":"message_delta","delta":{"stop_reason":"tool_use"}}\n\n'
        ),
    ),
    # A key that came again, without a value: the old value is no longer shown, and no change says so yet.
    ("partial", b'{"a":1,"a"1'),
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
