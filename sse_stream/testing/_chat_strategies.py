"""Hypothesis strategies for chat streams: what providers send, and the completion that they mean by it.

The completion is said by what the stream was made of, not by reading its bytes. A stream is an `_Answer` a
choice, each told in deltas, and a `Style`: how a provider writes chunks down.
"""

from __future__ import annotations

import functools
import itertools
import json
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._chat._completion import ChatCompletion, Choice
from .._chat._message import Message
from .._chat._reports import Usage
from ._chat_styles import DONE, Object, Style, styles
from ._recordings import ChatRecording
from ._tool_call_strategies import Telling, tellings

_FINISH_REASONS = ["stop", "length", "tool_calls", "content_filter", "eos", "end_turn"]


# What a choice says.


@dataclass(frozen=True)
class _Answer:
    """One choice: what it says, and the deltas that say it."""

    message: Message
    deltas: list[Object]
    finish_reason: str | None


@functools.cache
def _pieces() -> SearchStrategy[list[str]]:
    delicate = st.sampled_from('\u2028\x85\n\r"\\ :🙂')
    characters = st.one_of(st.characters(exclude_categories=["Cs"]), delicate)
    return st.lists(st.text(characters, min_size=1, max_size=6), max_size=3)


Reasoning: TypeAlias = Literal["reasoning_content", "reasoning", "both", "details", "details and text", "parts"]
"""How reasoning is spelled."""


def _reasoning_delta(spelling: Reasoning, text: str) -> Object:
    details = [{"type": "reasoning.text", "index": 0, "text": text}]
    match spelling:
        case "reasoning_content" | "reasoning":
            return {spelling: text}
        case "both":
            return {"reasoning_content": text, "reasoning": text}
        case "details":
            return {"reasoning_details": details}
        case "details and text":
            return {"reasoning": text, "reasoning_details": details}
        case "parts":
            return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]}


def _answer(
    *,
    greeted: bool,
    reasoning: list[str],
    spelling: Reasoning,
    content: list[str],
    in_parts: bool,
    calls: Telling,
    finish_reason: str | None,
    finish_apart: bool,
) -> _Answer:
    deltas: list[Object] = [{"role": "assistant", "content": ""}] if greeted else []
    deltas += [_reasoning_delta(spelling, text) for text in reasoning]
    deltas += [{"content": [{"type": "text", "text": text}] if in_parts else text} for text in content]
    deltas += [{"tool_calls": pieces} for pieces in calls.deltas]
    if finish_apart or not deltas:
        deltas.append({})
    told = "".join(reasoning)
    details = [{"type": "reasoning.text", "index": 0, "text": told}]
    message = Message(
        content="".join(content) or None,
        reasoning=told or None,
        tool_calls=calls.calls,
        extra={"reasoning_details": details} if told and spelling.startswith("details") else {},
    )
    return _Answer(message, deltas, finish_reason)


def _compose(answers: list[_Answer], style: Style, turns: list[int], prompt_tokens: int) -> ChatRecording:
    """The body, and the completion that it means."""
    named = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"} if style.named else {}
    chunks = [{**named, "choices": choices, **style.extra} for choices in _choices(answers, style, turns)]
    extra = dict(style.extra)

    completion_tokens = len(chunks)
    usage = _usage(prompt_tokens, completion_tokens)
    counted = Usage(
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        total_tokens=prompt_tokens + completion_tokens,
    )
    late: list[Object] = []
    match style.usage:
        case "alone":
            chunks = [{**chunk, "usage": None} for chunk in chunks]
            chunks.append({**named, "choices": [], "usage": usage})
        case "with the finish":
            chunks[-1]["usage"] = usage
        case "in every chunk":
            chunks = [{**chunk, "usage": _usage(prompt_tokens, number)} for number, chunk in enumerate(chunks, 1)]
        case "in x_groq":
            chunks[-1]["x_groq"] = extra["x_groq"] = {"usage": usage}
        case "after [DONE]":
            late.append({**named, "choices": [], "usage": usage})
        case "none":
            pass
    if style.azure:
        filtered = {"prompt_filter_results": [{"prompt_index": 0}]}
        chunks.insert(0, {"id": "", "object": "", "created": 0, "model": "", "choices": [], **filtered})
        extra |= filtered

    end = style.end
    if (not end and any(answer.finish_reason is None for answer in answers)) or (late and not end.endswith("\n\n")):
        end = DONE  # without it the stream would not be complete, or the late chunk not apart
    blocks = [*(_block(chunk, style) for chunk in chunks), end, *(_block(chunk, style) for chunk in late)]
    for place in {place % len(blocks) for place in style.fills}:
        blocks[place] = style.filler + blocks[place]
    completion = ChatCompletion(
        id="c1" if style.named else None,
        model="m" if style.named else None,
        created=1 if style.named else None,
        choices=[Choice(index, answer.message, answer.finish_reason) for index, answer in enumerate(answers)],
        usage=None if style.usage == "none" else counted,
        extra=extra,
    )
    return ChatRecording("".join(blocks).replace("\n", style.line_end).encode(), completion)


def _choices(answers: list[_Answer], style: Style, turns: list[int]) -> list[list[Object]]:
    """The `choices` of each chunk."""
    if not style.indexed and len(answers) > 1:
        style = replace(style, indexed=True)  # without it nobody could tell them apart
    told = [_told(index, answer, style) for index, answer in enumerate(answers)]
    if style.together:
        return [[choice for choice in chunk if choice is not None] for chunk in itertools.zip_longest(*told)]
    whose = itertools.cycle(turns)
    chunks = []
    while told:
        choices = told[next(whose) % len(told)]
        chunks.append([choices.pop(0)])
        told = [choices for choices in told if choices]
    return chunks


def _told(index: int, answer: _Answer, style: Style) -> list[Object]:
    """The items of `choices` that tell one answer."""
    told: list[Object] = []
    text = ""
    for number, delta in enumerate(answer.deltas, 1):
        choice: Object = {"index": index} if style.indexed else {}
        if delta or style.repeats or style.empty_delta == "{}":
            choice["delta"] = delta
        elif style.empty_delta == "null":
            choice["delta"] = None
        if style.repeats:
            said = delta.get("content", "")
            text += said if isinstance(said, str) else "".join(part.get("text", "") for part in said)
            choice["message"] = {"role": "assistant", "content": text}
        reason = answer.finish_reason if number == len(answer.deltas) else None
        if reason is not None:
            choice["finish_reason"] = reason
        elif style.unfinished != "absent":
            choice["finish_reason"] = style.unfinished
        told.append(choice)
    return told


def _usage(prompt: int, completion: int) -> Object:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _block(chunk: Object, style: Style) -> str:
    separators = (", ", ": ") if style.spaced else (",", ":")
    return f"{style.prefix}{json.dumps(chunk, ensure_ascii=style.ascii_only, separators=separators)}\n\n"


def chat_streams(
    *, max_choices: int = 3, tool_calls: bool = True, habits: bool = True
) -> SearchStrategy[ChatRecording]:
    r"""Complete chat streams, with the completion that they mean.

    They hold text, reasoning in each of its spellings, tool calls in each of their variants, one choice or
    several that take turns, usage wherever it is reported, and the habits of the providers that are
    compatible with OpenAI more or less. Shrinks towards one choice that says nothing, in OpenAI's form.

    Args:
        max_choices: How many choices at most, 1 or more.
        tool_calls: Whether some choices call tools.
        habits: Whether to write as all providers do; if not, as OpenAI does.

    >>> from hypothesis import find
    >>> stream = find(chat_streams(), lambda stream: stream.completion.text != "")
    >>> stream.completion.text
    '0'
    """
    calls = tellings(well_formed=not habits) if tool_calls else st.just(Telling([], []))
    return st.builds(
        _compose,
        answers=st.lists(_answers(calls, habits=habits), min_size=1, max_size=max_choices),
        style=styles(habits=habits),
        turns=st.lists(st.integers(0, max_choices - 1), min_size=1, max_size=6),
        prompt_tokens=st.integers(0, 9),
    )


def _answers(calls: SearchStrategy[Telling], *, habits: bool) -> SearchStrategy[_Answer]:
    finish_reasons = st.sampled_from([*_FINISH_REASONS, None] if habits else _FINISH_REASONS[:4])
    return st.builds(
        _answer,
        greeted=st.booleans() if habits else st.just(True),
        reasoning=_pieces() if habits else st.just([]),
        spelling=st.sampled_from(["reasoning_content", "reasoning", "both", "details", "details and text", "parts"]),
        content=_pieces(),
        in_parts=st.booleans() if habits else st.just(False),
        calls=calls,
        finish_reason=finish_reasons,
        finish_apart=st.booleans() if habits else st.just(True),
    )
