"""Hypothesis strategies for streams of Gemini's API, with the completions that they mean.

The completion is derived from the parts that a stream is built from, not by parsing its bytes. A stream has an
`_Answer` per candidate: a list of `_Content`s, each written as one part or several.
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
class _Content:
    """A piece of content: its parts on the wire, and the part that they mean."""

    wire: list[Object]
    part: Part


@dataclass(frozen=True)
class _Answer:
    """One candidate."""

    contents: list[_Content]
    finish_reason: str
    sizes: list[int] = field(default_factory=lambda: [1])  # number of parts in each event


@dataclass(frozen=True)
class _Style:
    """How a server writes responses."""

    named: bool  # whether they contain id and model
    indexed: bool  # whether index 0 is written
    usage: Literal["none", "at the end", "with each"]
    wrapped: bool  # whether Code Assist wraps them
    early: bool  # whether each response has a finish reason
    spaced: bool
    line_end: Literal["\r\n", "\n"]
    unfinished_part: Literal["{}", "absent"]  # content of a response without parts


# Content.


@functools.cache
def _texts() -> SearchStrategy[str]:
    delicate = st.sampled_from('\u2028\x85\n\r"\\ :🙂')
    return st.text(st.one_of(st.characters(exclude_categories=["Cs"]), delicate), min_size=1, max_size=6)


def _text(pieces: list[str], *, thought: bool, signed: bool) -> _Content:
    beside: Object = {**({"thought": True} if thought else {}), **(_SIGNATURE if signed else {})}
    native = {"text": "".join(pieces), **beside}
    wire = [native] if signed else [{"text": piece, **beside} for piece in pieces]
    text = native["text"]
    return _Content(wire, ReasoningPart(text, "full", native) if thought else TextPart(text, [], native))


def _call(name: str, args: Object | None, identifier: str, *, signed: bool) -> _Content:
    call: Object = {"name": name}
    if args is not None:
        call["args"] = args
    if identifier:
        call["id"] = identifier
    native = {"functionCall": call, **(_SIGNATURE if signed else {})}
    return _Content([native], ToolCallPart(ToolCall(identifier, name, _compact(args or {})), native))


def _streamed_call(name: str, args: Object, cut: int, ending: str) -> _Content:
    """Return a call whose arguments are streamed value by value."""
    values = list(_values("$", args, cut))
    wire: list[Object] = [{"functionCall": {"name": name, "willContinue": True}, **_SIGNATURE}]
    wire += [{"functionCall": {"partialArgs": [value], "willContinue": True}} for value in values]
    if ending == "closed":
        wire.append({"functionCall": {}})
    else:
        wire[-1]["functionCall"].pop("willContinue")
    native = {"functionCall": {"name": name, "args": args}, **_SIGNATURE}
    return _Content(wire, ToolCallPart(ToolCall("", name, _compact(args)), native))


def _values(path: str, value: object, cut: int) -> Iterator[Object]:
    """Yield the leaves of a value with their paths; text longer than `cut` in two pieces."""
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
def _contents() -> SearchStrategy[_Content]:
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
        st.just(_Content([{"text": "", **_SIGNATURE}], TextPart("", [], {"text": "", **_SIGNATURE}))),
        st.builds(_call, names, st.none() | objects, st.sampled_from(["", "c1", "c2", "c3"]), signed=st.booleans()),
        st.builds(
            _streamed_call, names, objects, st.integers(0, 3), st.sampled_from(["closed", "with the last value"])
        ),
        st.sampled_from(_PROVIDERS).map(lambda part: _Content([part], ProviderPart(next(iter(part)), part))),
    )


def _identity(content: _Content) -> object:
    """Return the key that must be unique among contents: the id of a call, if it has one."""
    part = content.part
    return part.tool_call.id if isinstance(part, ToolCallPart) and part.tool_call.id else id(content)


# Writing.


def _message(contents: list[_Content]) -> Message:
    """Return the message that the contents mean: consecutive unsigned text of one kind is one part."""
    parts: list[Part] = []
    for part in (one.part for one in contents):
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
    """Yield the candidate of each response."""
    wire = [part for one in answer.contents for part in one.wire]
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
    """Return the body and the completion that it means."""
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
        choices=[
            Choice(index, _message(answer.contents), answer.finish_reason) for index, answer in enumerate(answers)
        ],
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
    r"""Generate complete streams of Gemini's `streamGenerateContent?alt=sse`, with the completions that they mean.

    They contain text, thoughts, signatures, function calls as a whole and value by value, and server-side tools; one
    candidate or several interleaved ones; usage and finish reasons at the end or in each response. Shrinks towards one
    empty candidate.

    Args:
        max_candidates: The maximum number of candidates, 1 or more.

    >>> from hypothesis import find
    >>> stream = find(gemini_streams(), lambda stream: stream.completion.text != "")
    >>> stream.completion.text
    '0'
    """
    answers = st.builds(
        _Answer,
        contents=st.lists(_contents(), max_size=4, unique_by=_identity),
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
