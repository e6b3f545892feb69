"""Hypothesis strategies for streams of Gemini: what it sends, and the completion that is meant by it.

The completion is said by what the stream was made of, not by reading its bytes. A stream is an `_Answer` a
candidate, each a list of what the model says, which is written down as one part or several.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._chat._completion import ChatCompletion, Choice
from .._chat._message import Message
from .._chat._parts import Part, ProviderPart, ReasoningPart, TextPart, ToolCallPart
from .._chat._reports import CompletionTokensDetails, Usage
from .._chat._tool_call import ToolCall
from ._recordings import ChatRecording

Object: TypeAlias = dict[str, Any]

_SIGNATURE = {"thoughtSignature": "c2lnbmVk"}
_PROVIDERS: list[Object] = [
    {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
    {"executableCode": {"language": "PYTHON", "code": "print(1)"}, **_SIGNATURE},
    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
    {"inlineData": {"mimeType": "image/png", "data": "aVZCT1I="}},
    {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["x"]}, "id": "t1"}, **_SIGNATURE},
]


@dataclass(frozen=True)
class _Said:
    """Something that the model says: the parts that say it on the wire, and the part that is meant."""

    wire: list[Object]
    part: Part


@dataclass(frozen=True)
class _Answer:
    """One candidate."""

    said: list[_Said]
    finish_reason: str
    sizes: list[int] = field(default_factory=lambda: [1])  # how many parts each event holds


@dataclass(frozen=True)
class _Style:
    """How the responses are written down."""

    named: bool  # whether they carry id and model
    indexed: bool  # whether index 0 is written
    usage: Literal["none", "at the end", "with each"]
    wrapped: bool  # whether Code Assist wraps them
    early: bool  # whether each response has a finish reason
    spaced: bool
    line_end: Literal["\r\n", "\n"]
    unfinished_part: Literal["{}", "absent"]  # what a response without parts has for its content


# What a model says.


@functools.cache
def _texts() -> SearchStrategy[str]:
    delicate = st.sampled_from('\u2028\x85\n\r"\\ :🙂')
    return st.text(st.one_of(st.characters(exclude_categories=["Cs"]), delicate), min_size=1, max_size=6)


def _text(pieces: list[str], *, thought: bool, signed: bool) -> _Said:
    beside: Object = {**({"thought": True} if thought else {}), **(_SIGNATURE if signed else {})}
    native = {"text": "".join(pieces), **beside}
    wire = [native] if signed else [{"text": piece, **beside} for piece in pieces]
    text = native["text"]
    return _Said(wire, ReasoningPart(text, "full", native) if thought else TextPart(text, [], native))


def _call(name: str, args: Object | None, identifier: str, *, signed: bool) -> _Said:
    call: Object = {"name": name}
    if args is not None:
        call["args"] = args
    if identifier:
        call["id"] = identifier
    native = {"functionCall": call, **(_SIGNATURE if signed else {})}
    return _Said([native], ToolCallPart(ToolCall(identifier, name, _compact(args or {})), native))


def _streamed_call(name: str, args: Object, cut: int, ending: str) -> _Said:
    """A call whose arguments come value by value."""
    values = list(_values("$", args, cut))
    wire: list[Object] = [{"functionCall": {"name": name, "willContinue": True}, **_SIGNATURE}]
    wire += [{"functionCall": {"partialArgs": [value], "willContinue": True}} for value in values]
    if ending == "closed":
        wire.append({"functionCall": {}})
    else:
        wire[-1]["functionCall"].pop("willContinue")
    native = {"functionCall": {"name": name, "args": args}, **_SIGNATURE}
    return _Said(wire, ToolCallPart(ToolCall("", name, _compact(args)), native))


def _values(path: str, value: object, cut: int) -> Iterator[Object]:
    """The values within a value, each with its path; text in two pieces, if it is longer than `cut`."""
    match value:
        case dict():
            for name, item in value.items():
                yield from _values(f"{path}.{name}", item, cut)
        case list():
            for place, item in enumerate(value):
                yield from _values(f"{path}[{place}]", item, cut)
        case str() if len(value) > cut:
            yield {"jsonPath": path, "stringValue": value[:cut], "willContinue": True}
            yield {"jsonPath": path, "stringValue": value[cut:]}
        case str():
            yield {"jsonPath": path, "stringValue": value}
        case bool():
            yield {"jsonPath": path, "boolValue": value}
        case None:
            yield {"jsonPath": path, "nullValue": "NULL_VALUE"}
        case _:
            yield {"jsonPath": path, "numberValue": value}


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@functools.cache
def _said() -> SearchStrategy[_Said]:
    leaves = st.one_of(_texts(), st.integers(-99, 99), st.booleans(), st.none(), st.just(0.5))
    names = st.text("abc_", min_size=1, max_size=3)
    objects = st.dictionaries(
        names,
        st.recursive(
            leaves,
            lambda inner: st.one_of(
                st.lists(inner, min_size=1, max_size=3), st.dictionaries(names, inner, min_size=1, max_size=2)
            ),
            max_leaves=4,
        ),
        min_size=1,
        max_size=3,
    )
    return st.one_of(
        st.builds(
            _text,
            st.lists(_texts(), min_size=1, max_size=3),
            thought=st.booleans(),
            signed=st.sampled_from([False, True]),
        ),
        st.just(_Said([{"text": "", **_SIGNATURE}], TextPart("", [], {"text": "", **_SIGNATURE}))),
        st.builds(_call, names, st.none() | objects, st.sampled_from(["", "c1", "c2", "c3"]), signed=st.booleans()),
        st.builds(
            _streamed_call, names, objects, st.integers(0, 3), st.sampled_from(["closed", "with the last value"])
        ),
        st.sampled_from(_PROVIDERS).map(lambda part: _Said([part], ProviderPart(next(iter(part)), part))),
    )


def _identity(said: _Said) -> object:
    """What two things that are said cannot share: the id of a call, if it has one."""
    part = said.part
    return part.tool_call.id if isinstance(part, ToolCallPart) and part.tool_call.id else id(said)


# How it is written down.


def _message(said: list[_Said]) -> Message:
    """What all of it means: neighbouring text of one kind without a signature is one part."""
    parts: list[Part] = []
    for part in (one.part for one in said):
        before = parts[-1] if parts else None
        if (
            isinstance(part, (TextPart, ReasoningPart))
            and isinstance(before, (TextPart, ReasoningPart))
            and part.type == before.type
            and "thoughtSignature" not in {**(part.native or {}), **(before.native or {})}
        ):
            native = {**(part.native or {}), "text": before.text + part.text}
            parts[-1] = type(part)(text=before.text + part.text, native=native)
        else:
            parts.append(part)
    return Message(
        content="".join(part.text for part in parts if isinstance(part, TextPart)) or None,
        reasoning="".join(part.text for part in parts if isinstance(part, ReasoningPart)) or None,
        tool_calls=[part.tool_call for part in parts if isinstance(part, ToolCallPart)],
        parts=parts,
        dialect="gemini_content",
    )


def _candidates(index: int, answer: _Answer, style: _Style) -> Iterator[Object]:
    """What each response says of one candidate."""
    wire = [part for one in answer.said for part in one.wire]
    named: Object = {"index": index} if index or style.indexed else {}
    early: Object = {"finishReason": answer.finish_reason} if style.early else {}
    sizes = itertools.cycle(answer.sizes)
    while wire:
        size = next(sizes)
        parts, wire = wire[:size], wire[size:]
        if parts or style.unfinished_part == "{}":
            yield {"content": {"parts": parts, "role": "model"} if parts else {}, **named, **early}
    yield {"finishReason": answer.finish_reason, **named}


def _compose(answers: list[_Answer], style: _Style, turns: list[int]) -> ChatRecording:
    """The body, and the completion that it means."""
    told = [list(_candidates(index, answer, style)) for index, answer in enumerate(answers)]
    whose = itertools.cycle(turns)
    responses: list[Object] = []
    while told:
        candidates = told[next(whose) % len(told)]
        responses.append({"candidates": [candidates.pop(0)]})
        told = [candidates for candidates in told if candidates]
    report: Object = {}
    for count, response in enumerate(responses, 1):
        if style.usage == "with each" or (style.usage == "at the end" and count == len(responses)):
            report = {
                "promptTokenCount": 7,
                "candidatesTokenCount": count,
                "totalTokenCount": 9 + count,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}],
                "thoughtsTokenCount": 2,
            }
            response["usageMetadata"] = report
        if style.named:
            response |= {"modelVersion": "m", "responseId": "r1"}
    separators = (", ", ": ") if style.spaced else (",", ":")
    blocks = [
        f"data: {json.dumps({'response': response} if style.wrapped else response, separators=separators)}\n\n"
        for response in responses
    ]
    completion = ChatCompletion(
        id="r1" if style.named else None,
        model="m" if style.named else None,
        choices=[Choice(index, _message(answer.said), answer.finish_reason) for index, answer in enumerate(answers)],
        usage=_usage(report) if report else None,
        dialect="gemini_content",
    )
    return ChatRecording("".join(blocks).replace("\n", style.line_end).encode(), completion)


def _usage(report: Object) -> Usage:
    return Usage(
        prompt_tokens=report["promptTokenCount"],
        completion_tokens=report["candidatesTokenCount"] + report["thoughtsTokenCount"],
        total_tokens=report["totalTokenCount"],
        completion_tokens_details=CompletionTokensDetails(reasoning_tokens=report["thoughtsTokenCount"]),
        extra=report,
    )


def gemini_streams(*, max_candidates: int = 2) -> SearchStrategy[ChatRecording]:
    r"""Complete streams of Gemini's `streamGenerateContent?alt=sse`, with the completion that they mean.

    They hold text, thoughts, signatures, function calls whole and value by value, and what the server runs itself;
    one candidate or several that take turns; usage at the end or with each response; finish reasons at the end or with
    each. Shrinks towards one candidate that says nothing.

    Args:
        max_candidates: How many candidates at most, 1 or more.

    >>> from hypothesis import find
    >>> stream = find(gemini_streams(), lambda stream: stream.completion.text != "")
    >>> stream.completion.text
    '0'
    """
    answers = st.builds(
        _Answer,
        said=st.lists(_said(), max_size=4, unique_by=_identity),
        finish_reason=st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", "NOVEL"]),
        sizes=st.lists(st.integers(0, 3), min_size=1, max_size=3).filter(any),
    )
    style = st.builds(
        _Style,
        named=st.sampled_from([True, False]),
        indexed=st.booleans(),
        usage=st.sampled_from(["none", "at the end", "with each"]),
        wrapped=st.booleans(),
        early=st.booleans(),
        spaced=st.booleans(),
        line_end=st.sampled_from(["\r\n", "\n"]),
        unfinished_part=st.sampled_from(["{}", "absent"]),
    )
    turns = st.lists(st.integers(0, max_candidates - 1), min_size=1, max_size=6)
    return st.builds(_compose, st.lists(answers, min_size=1, max_size=max_candidates), style, turns)
