"""Checks the whole answer after the stream has ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection

from .._chat._completion import ChatCompletion, Choice
from .._chat._endings import Ending
from .._chat._schema import openai_finish_reason
from .._chat._tool_call import ToolCall
from ._findings import Findings, Place

_REFUSED = "content_filter"
_CUT = frozenset({"length", "incomplete", _REFUSED})
"""Finish reasons with which arguments may end anywhere, as OpenAI words them."""

_NO_CALLS = frozenset({"stop", "end_turn"})
_CALLS = frozenset({"tool_calls", "tool_use"})
_FAMILIES_WITH_REASONS = frozenset({"CHAT", "ANTH"})


def inspect_answer(completion: ChatCompletion, ending: Ending, findings: Findings, place: Place) -> None:
    """Find contradictions in an answer.

    Args:
        completion: The answer.
        ending: How its stream ended.
        findings: Collects the findings.
        place: The end of the stream.
    """
    for choice in completion.choices:
        calls = choice.message.tool_calls
        reason = openai_finish_reason(choice.finish_reason, calls=bool(calls)) or choice.finish_reason
        for call in calls:
            if call.kind == "function":
                _inspect_call(call, place, findings, is_whole=ending == "complete" and reason not in _CUT)
        for reused, count in Counter(call.id for call in calls if call.id).items():
            if count > 1:
                findings.add("call_id_reused", place, detail=reused)
        if findings.family in _FAMILIES_WITH_REASONS:
            _inspect_reason(choice, calls, findings, place)
        if ending == "complete" and reason != _REFUSED and _is_empty(choice):
            findings.add("empty_answer", place)
    counted = completion.usage.completion_tokens if completion.usage is not None else None
    if ending == "complete" and counted == 0 and not all(map(_is_empty, completion.choices)):
        findings.add("zero_usage", place)


def _inspect_call(call: ToolCall, place: Place, findings: Findings, *, is_whole: bool) -> None:
    if not call.name:
        findings.add("missing_call_name", place, call.arguments)
    if not is_whole:
        return
    if not call.arguments.strip():
        findings.add("empty_arguments", place, detail=call.name)
        return
    if not _is_object(call.arguments):
        findings.add("bad_arguments", place, call.arguments, detail=call.name)


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> None:
    """Raise for NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(constant)


def _inspect_reason(choice: Choice, calls: Collection[ToolCall], findings: Findings, place: Place) -> None:
    reason = choice.finish_reason
    if calls and reason in _NO_CALLS:
        findings.add("finish_contradicts_calls", place, detail=f"{reason!r} after a tool call")
    if not calls and reason in _CALLS:
        findings.add("finish_contradicts_calls", place, detail=f"{reason!r} without a tool call")


def _is_empty(choice: Choice) -> bool:
    message = choice.message
    return not (
        message.content
        or message.reasoning
        or message.refusal
        or message.tool_calls
        or message.parts
        or message.audio
        or message.extra
    )
