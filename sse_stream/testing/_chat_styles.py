"""How a provider writes the chunks of a chat, independent of their content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Object: TypeAlias = dict[str, Any]  # a JSON object

Placement: TypeAlias = Literal[
    "none",
    "alone",
    "with the finish",
    "with the finish again",
    "in every chunk",
    "in the choice",
    "in x_groq",
    "then zeros",
    "after [DONE]",
]
"""Where usage is reported."""

Wholes: TypeAlias = Literal["none", "beside each delta", "at the end", "for the rest", "alone"]
"""Where the whole message is sent: nowhere, beside each delta (as far as written), at the end, instead of the last
delta, or instead of all deltas."""


@dataclass(frozen=True)
class Style:
    """How a provider writes chunks."""

    named: bool  # whether chunks contain id, object, created and model
    renamed: bool  # whether id and model change in mid-stream
    extra: Object  # further fields of each chunk
    azure: bool  # whether the first chunk has no choices
    unfinished: str | None  # the finish reason before the last chunk: null, "", or `"absent"` for none
    empty_delta: Literal["{}", "null", "absent"]
    indexed: bool  # whether choices contain their index; otherwise there is only one
    together: bool  # whether each chunk contains a delta of every choice
    finishes_early: bool  # whether each chunk of a choice contains its finish reason
    wholes: Wholes
    usage: Placement
    ascii_only: bool
    spaced: bool
    prefix: Literal["data: ", "data:"]
    line_end: Literal["\n", "\r\n"]
    filler: str  # a block without content, with LF; "" for none
    fills: list[int]  # blocks preceded by the filler
    end: str  # text after the last chunk, with LF


_FILLERS = [
    "",
    ": OPENROUTER PROCESSING\n\n",
    ": ping - 2030-01-01 00:00:00\n\n",
    "data:\n\n",
    "data: : keepalive\n\n",
    'event: ping\ndata: {"type": "ping"}\n\n',
    'data: {"choices":[]}\n\n',
    'data: {"choices":null}\n\n',
    "id: 1\n\n",
    "event: heartbeat\ndata: 12:30\n\n",
    'event: keepalive\ndata: {"at": 5}\n\n',
    'data: {"type":"keepalive"}\n\n',
    'data: {"object":"chat.completion.chunk"}\n\n',
]
DONE = "data: [DONE]\n\n"
_ENDS = [DONE, "data: [DONE] \n\n", "data:[DONE]\n\n", "data: DONE\n\n", 2 * DONE, "data: [DONE]\n", "data: [DONE]"]
OPEN_ENDS = ["", "data: [DO", 'data: {"choices":[],"us']
"""Ends without an end mark, for streams that are complete without one."""

_EXTRAS: list[Object] = [
    {},
    {"system_fingerprint": "fp"},
    {"provider": "somebody", "obfuscation": "ab"},
    {"citations": ["https://example.com/1"], "x_timing": {"queue": 0.5}},
]


OPENAI_STYLE = Style(
    named=True,
    renamed=False,
    extra={},
    azure=False,
    unfinished=None,
    empty_delta="{}",
    indexed=True,
    together=False,
    finishes_early=False,
    wholes="none",
    usage="none",
    ascii_only=False,
    spaced=False,
    prefix="data: ",
    line_end="\n",
    filler="",
    fills=[],
    end=DONE,
)


def styles(*, habits: bool) -> SearchStrategy[Style]:
    """Generate ways of writing chunks: OpenAI's, or with `habits` those of any provider."""
    if not habits:
        usages: list[Placement] = ["none", "alone"]
        return st.sampled_from(usages).map(lambda usage: replace(OPENAI_STYLE, usage=usage))
    # OpenAI's way comes first in each list, so that examples shrink towards it.
    return st.builds(
        Style,
        named=st.sampled_from([True, False]),
        renamed=st.booleans(),
        extra=st.sampled_from(_EXTRAS),
        azure=st.booleans(),
        unfinished=st.sampled_from([None, "", "absent"]),
        empty_delta=st.sampled_from(["{}", "null", "absent"]),
        indexed=st.sampled_from([True, False]),
        together=st.booleans(),
        finishes_early=st.booleans(),
        wholes=st.sampled_from(["none", "beside each delta", "at the end", "for the rest", "alone"]),
        usage=st.sampled_from(
            [
                "none",
                "alone",
                "with the finish",
                "with the finish again",
                "in every chunk",
                "in the choice",
                "in x_groq",
                "then zeros",
                "after [DONE]",
            ]
        ),
        ascii_only=st.booleans(),
        spaced=st.booleans(),
        prefix=st.sampled_from(["data: ", "data:"]),
        line_end=st.sampled_from(["\n", "\r\n"]),
        filler=st.sampled_from(_FILLERS),
        fills=st.lists(st.integers(0, 20), max_size=3),
        end=st.sampled_from([*_ENDS, *OPEN_ENDS]),
    )
