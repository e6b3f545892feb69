"""Hypothesis strategies for one choice of a chat: its message, and the deltas that send it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._chat._message import Message
from ._chat_styles import Object
from ._tool_call_strategies import CallDeltas, halved

_FINISH_REASONS = ["stop", "length", "tool_calls", "content_filter", "eos", "end_turn"]
FAILED_FINISH_REASONS = ["error", "network_error", "abort"]

Reasoning: TypeAlias = Literal[
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "both",
    "object",
    "details",
    "details and text",
    "blocks",
    "blocks and text",
    "parts",
]
"""The fields in which reasoning is sent."""

_SPELLINGS: list[Reasoning] = [
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "both",
    "object",
    "details",
    "details and text",
    "blocks",
    "blocks and text",
    "parts",
]


@dataclass(frozen=True)
class Answer:
    """One choice.

    Attributes:
        message: The message that it means.
        deltas: The deltas that send it.
        whole: The same as one complete message.
        finish_reason: The finish reason, if any.
        waits: Whether a delta is incomplete without the next: half a surrogate pair, or a placeholder.
    """

    message: Message
    deltas: list[Object]
    whole: Object
    finish_reason: str | None
    waits: bool


@functools.cache
def _pieces() -> SearchStrategy[list[str]]:
    delicate = st.sampled_from('\u2028\x85\n\r"\\ :🙂')
    characters = st.one_of(st.characters(exclude_categories=["Cs"]), delicate)
    return st.lists(st.text(characters, min_size=1, max_size=6), max_size=3)


def _reasoning(spelling: Reasoning, text: str) -> Object:
    """Return the reasoning fields of a delta or a message."""
    details = [{"type": "reasoning.text", "index": 0, "text": text}]
    blocks = [{"type": "thinking", "thinking": text}]
    match spelling:
        case "reasoning_content" | "reasoning" | "reasoning_text":
            return {spelling: text}
        case "both":
            return {"reasoning_content": text, "reasoning": text}
        case "object":
            return {"reasoning_content": {"text": text}}
        case "details":
            return {"reasoning_details": details}
        case "details and text":
            return {"reasoning": text, "reasoning_details": details}
        case "blocks":
            return {"thinking_blocks": blocks}
        case "blocks and text":
            return {"reasoning_content": text, "thinking_blocks": blocks}
        case "parts":
            return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]}


def _kept(spelling: Reasoning, text: str) -> Object:
    """Return the structured reasoning fields, which are kept beside the text."""
    kept = ("reasoning_details", "thinking_blocks", *(["reasoning_content"] if spelling == "object" else []))
    return {name: value for name, value in _reasoning(spelling, text).items() if text and name in kept}


def _answer(
    *,
    greeted: bool,
    reasoning: list[str],
    spelling: Reasoning,
    content: list[str],
    in_parts: bool,
    calls: CallDeltas,
    stated: Object,
    finish_reason: str | None,
    finish_apart: bool,
    halves: bool,
) -> Answer:
    thought, said = "".join(reasoning), "".join(content)
    if halves:
        content = halved(content)
        reasoning = reasoning if spelling == "object" else halved(reasoning)
    deltas: list[Object] = [{"role": "assistant", "content": ""}] if greeted else []
    deltas += [_reasoning(spelling, text) for text in reasoning]
    deltas += [{"content": [{"type": "text", "text": text}] if in_parts else text} for text in content]
    deltas += [{"tool_calls": pieces} for pieces in calls.deltas]
    deltas = [{**delta, **stated} for delta in deltas]
    extra = {**_kept(spelling, thought), **(stated if deltas else {})}
    if finish_apart or not deltas:
        deltas.append({})
    if finish_reason is None and any(call.arguments == "{}" for call in calls.calls):
        finish_reason = "tool_calls"  # without it, the call could be a placeholder
    message = Message(content=said or None, reasoning=thought or None, tool_calls=calls.calls, extra=extra)
    whole = {"role": "assistant", "content": said or None, **(_reasoning(spelling, thought) if thought else {})}
    if spelling == "parts" and thought:
        whole["content"] = [*whole["content"], {"type": "text", "text": said}]
    if calls.whole:
        whole["tool_calls"] = calls.whole
    if deltas != [{}]:
        whole |= stated
    return Answer(message, deltas, whole, finish_reason, halves or calls.waits)


def answers(calls: SearchStrategy[CallDeltas], *, habits: bool, failures: bool) -> SearchStrategy[Answer]:
    """Generate choices.

    Args:
        calls: The tool calls.
        habits: Whether to include the quirks of all providers; otherwise, write as OpenAI does.
        failures: Whether to include finish reasons that report a failure.
    """
    reasons = [*_FINISH_REASONS, None] if habits else _FINISH_REASONS[:4]
    stated: list[Object] = [{}, {"channel": "final"}, {"name": "model"}]
    return st.builds(
        _answer,
        greeted=st.booleans() if habits else st.just(True),
        reasoning=_pieces() if habits else st.just([]),
        spelling=st.sampled_from(_SPELLINGS),
        content=_pieces(),
        in_parts=st.booleans() if habits else st.just(False),
        calls=calls,
        stated=st.sampled_from(stated if habits else stated[:1]),
        finish_reason=st.sampled_from([*reasons, *(FAILED_FINISH_REASONS if failures else [])]),
        finish_apart=st.booleans() if habits else st.just(True),
        halves=st.booleans() if habits else st.just(False),
    )
