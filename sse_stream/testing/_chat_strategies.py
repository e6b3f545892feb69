"""Hypothesis strategies for chat streams, with the completions that they mean.

The completion is derived from the parts that a stream is built from, not by parsing its bytes. A stream has an
`Answer` per choice, sent in deltas, and a `Style`, the way a provider writes chunks.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._chat._completion import ChatCompletion, Choice
from .._chat._endings import Ending
from .._chat._reports import Usage
from ._answer_strategies import FAILED_FINISH_REASONS, Answer, answers
from ._chat_styles import DONE, OPEN_ENDS, Object, Style, styles
from ._failure_strategies import Failure, reports
from ._recordings import ChatRecording
from ._tool_call_strategies import CallDeltas, call_deltas, whole_text


def _compose(
    answers: list[Answer], style: Style, turns: list[int], prompt_tokens: int, failure: Failure | None
) -> ChatRecording:
    """Return the body and the completion that it means."""
    style = _possible(style, answers, failure)
    named = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"} if style.named else {}
    renamed = {"id": "c2", "created": 2, "model": "m-1"} if style.named and style.renamed else {}
    chunks = [{**named, "choices": choices, **style.extra} for choices in _choices(answers, style, turns)]
    chunks[1:] = [{**chunk, **renamed} for chunk in chunks[1:]]
    extra = dict(style.extra)
    beside: dict[int, Object] = {}  # fields of a choice outside its deltas

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
        case "with the finish again":
            last = chunks[-1]["choices"][-1]
            again = {name: last[name] for name in ("index", "finish_reason") if name in last}
            chunks.append({**named, "choices": [{**again, "delta": {"content": ""}}], "usage": usage})
        case "in every chunk":
            chunks = [{**chunk, "usage": _usage(prompt_tokens, number)} for number, chunk in enumerate(chunks, 1)]
        case "in the choice":
            last = chunks[-1]["choices"][-1]
            last["usage"] = usage
            beside[last.get("index", 0)] = {"usage": usage}
        case "in x_groq":
            chunks[-1]["x_groq"] = extra["x_groq"] = {"usage": usage}
        case "then zeros":
            zeros = dict.fromkeys(usage, 0)
            chunks += [{**named, "choices": [], "usage": report} for report in (usage, zeros)]
        case "after [DONE]":
            late.append({**named, "choices": [], "usage": usage})
        case "none":
            pass
    if style.azure:
        filtered = {"prompt_filter_results": [{"prompt_index": 0}]}
        chunks.insert(0, {"id": "", "object": "", "created": 0, "model": "", "choices": [], **filtered})
        extra |= filtered

    end = style.end if failure is None else failure.text
    blocks = [*(_block(chunk, style) for chunk in chunks), end, *(_block(chunk, style) for chunk in late)]
    for place in {place % len(blocks) for place in style.fills}:
        blocks[place] = style.filler + blocks[place]
    completion = ChatCompletion(
        id="c1" if style.named else None,
        model="m" if style.named else None,
        created=1 if style.named else None,
        choices=[
            Choice(index, answer.message, answer.finish_reason, extra=beside.get(index, {}))
            for index, answer in enumerate(answers)
        ],
        usage=None if style.usage == "none" else counted,
        extra=extra,
    )
    error = _error(answers) if failure is None else failure.message
    ending: Ending = "complete" if error is None else "provider_error"
    return ChatRecording("".join(blocks).replace("\n", style.line_end).encode(), completion, ending, error)


def _possible(style: Style, answers: list[Answer], failure: Failure | None) -> Style:
    """Return the style, adjusted where it would make the answers ambiguous."""
    if len(answers) > 1:
        style = replace(style, indexed=True)
    if style.wholes != "none" and any(
        answer.message.tool_calls and "tool_calls" not in answer.whole for answer in answers
    ):
        style = replace(style, wholes="none")
    if style.wholes == "for the rest" and any(answer.waits for answer in answers):
        style = replace(style, wholes="at the end")  # the second half must follow, not the whole message
    if style.finishes_early and any(answer.waits for answer in answers):
        style = replace(style, finishes_early=False)  # nothing may follow a finish reason
    goes_on = style.finishes_early or any(answer.finish_reason is None for answer in answers)
    is_late = style.usage == "after [DONE]"
    if (style.end in OPEN_ENDS and goes_on) or (is_late and not style.end.endswith("\n\n")):
        style = replace(style, end=DONE)  # otherwise the stream is incomplete, or the late chunk not separated
    if is_late and (failure is not None or _error(answers) is not None):
        style = replace(style, usage="none")  # reading stops at an error
    return style


def _error(answers: list[Answer]) -> str | None:
    """Return the error that a finish reason reports, if any."""
    reason = next((answer.finish_reason for answer in answers if answer.finish_reason in FAILED_FINISH_REASONS), None)
    return None if reason is None else f"the stream ended with finish reason {reason!r}"


def _choices(answers: list[Answer], style: Style, turns: list[int]) -> list[list[Object]]:
    """Return the `choices` of each chunk."""
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


def _told(index: int, answer: Answer, style: Style) -> list[Object]:
    """Return the items of `choices` that send one answer."""
    numbered: Object = {"index": index} if style.indexed else {}
    told = [] if style.wholes == "alone" else [{**numbered, **said} for said in _deltas(answer, style)]
    if style.wholes in ("at the end", "for the rest", "alone"):
        if style.wholes == "for the rest" and (answer.message.content or answer.message.tool_calls):
            told[-1:] = []
        empty: Object = {} if style.empty_delta == "absent" else {"delta": {}}
        told.append({**numbered, **empty, "message": answer.whole})
    for number, choice in enumerate(told, 1):
        if answer.finish_reason is not None and (number == len(told) or style.finishes_early):
            choice["finish_reason"] = answer.finish_reason
        elif style.unfinished != "absent":
            choice["finish_reason"] = style.unfinished
    return told


def _deltas(answer: Answer, style: Style) -> list[Object]:
    """Return the deltas of an answer, with the fields beside them."""
    said: list[Object] = []
    texts: list[str] = []
    for delta in answer.deltas:
        choice: Object = {}
        if delta or style.wholes == "beside each delta" or style.empty_delta == "{}":
            choice["delta"] = delta
        elif style.empty_delta == "null":
            choice["delta"] = None
        if style.wholes == "beside each delta":
            text = delta.get("content", "")
            texts += [text] if isinstance(text, str) else [part.get("text", "") for part in text]
            choice["message"] = {"role": "assistant", "content": whole_text(texts)}
        said.append(choice)
    return said


def _usage(prompt: int, completion: int) -> Object:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _block(chunk: Object, style: Style) -> str:
    separators = (", ", ": ") if style.spaced else (",", ":")
    text = json.dumps(chunk, ensure_ascii=style.ascii_only, separators=separators)
    if any("\ud800" <= character <= "\udfff" for character in text):  # half a surrogate pair, which UTF-8 cannot encode
        text = json.dumps(chunk, separators=separators)
    return f"{style.prefix}{text}\n\n"


def chat_streams(
    *, max_choices: int = 3, tool_calls: bool = True, habits: bool = True, failures: bool = False
) -> SearchStrategy[ChatRecording]:
    r"""Generate chat streams, with the completions that they mean.

    They contain text, reasoning in every field that providers use, tool calls in all their variants, one choice or
    several interleaved ones, usage in every place, and other quirks of OpenAI-compatible providers. Shrinks towards one
    empty choice in OpenAI's form.

    Args:
        max_choices: The maximum number of choices, 1 or more.
        tool_calls: Whether some choices call tools.
        habits: Whether to include the quirks of all providers; otherwise, write as OpenAI does.
        failures: Whether some streams end in an error report; otherwise, all are complete.

    >>> from hypothesis import find
    >>> stream = find(chat_streams(), lambda stream: stream.completion.text != "")
    >>> stream.completion.text
    '0'
    """
    calls = call_deltas(well_formed=not habits) if tool_calls else st.just(CallDeltas([], []))
    return st.builds(
        _compose,
        answers=st.lists(answers(calls, habits=habits, failures=failures), min_size=1, max_size=max_choices),
        style=styles(habits=habits),
        turns=st.lists(st.integers(0, max_choices - 1), min_size=1, max_size=6),
        prompt_tokens=st.integers(0, 9),
        failure=st.one_of(st.none(), reports()) if failures else st.none(),
    )
