"""Hypothesis strategies for streams of OpenAI's Responses API, with the completions that they mean.

The completion is derived from the parts that a stream is built from, not by parsing its bytes. A stream is a list of
`_Item`s, each with the events that send it, and a `_Style`, the way a server writes events.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._chat._completion import ChatCompletion, Choice
from .._chat._message import Message
from .._chat._parts import Part, ProviderPart, ReasoningPart, RefusalPart, TextPart, ToolCallPart
from .._chat._reports import CompletionTokensDetails, PromptTokensDetails, Usage
from .._chat._tool_call import ToolCall
from ._recordings import ChatRecording

Object: TypeAlias = dict[str, Any]

_URL = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "https://a.example", "title": "A"}
_PROVIDERS: list[Object] = [
    {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "x"}},
    {"type": "code_interpreter_call", "id": "ci_1", "code": "print(1)", "container_id": "cntr_1"},
    {"type": "local_shell_call", "id": "lsh_1", "call_id": "call_9", "action": {"type": "exec", "command": ["ls"]}},
    {"type": "next_years_item", "id": "nyi_1"},
]


@dataclass(frozen=True)
class _Item:
    """An output item: its start, its events without their index, its end, and the parts that it means."""

    begun: Object
    events: list[Object]
    native: Object
    parts: list[Part]


@dataclass(frozen=True)
class _Style:
    """How a server writes events."""

    named: bool  # whether events have names
    numbered: bool
    begins: bool  # whether the start of parts and items is announced
    ends: bool  # whether the end of an item is announced
    output: Literal["whole", "empty", "absent"]  # the output in the last event
    ids_rotate: bool
    padded: bool
    spaced: bool
    line_end: Literal["\n", "\r\n"]
    done: bool  # whether `[DONE]` follows the last event


# Content.


@functools.cache
def _pieces() -> SearchStrategy[list[str]]:
    delicate = st.sampled_from('\u2028\x85\n\r"\\ :🙂')
    characters = st.one_of(st.characters(exclude_categories=["Cs"]), delicate)
    return st.lists(st.text(characters, min_size=1, max_size=6), min_size=1, max_size=4)


Whole: TypeAlias = Literal["never", "again", "only"]
"""Whether a text is sent as a whole: never, after its deltas, or instead of them."""


def _told(stem: str, field: str, pieces: list[str], place: Object, whole: Whole) -> list[Object]:
    """Return the events that send one text."""
    deltas = [{"type": f"response.{stem}.delta", **place, "delta": piece} for piece in pieces]
    end = {"type": f"response.{stem}.done", **place, field: "".join(pieces)}
    return {"never": deltas, "again": [*deltas, end], "only": [end]}[whole]


def _message(texts: list[list[str]], refusal: list[str], whole: Whole, phase: str | None, *, cited: bool) -> _Item:
    events: list[Object] = []
    content: list[Object] = []
    parts: list[Part] = []
    for number, pieces in enumerate(texts):
        place = {"content_index": number}
        annotations = [_URL] if cited else []
        events += _told("output_text", "text", pieces, place, whole)
        if cited:
            events.append({"type": "response.output_text.annotation.added", **place, "annotation": _URL})
        content.append({"type": "output_text", "text": "".join(pieces), "annotations": annotations})
        parts.append(TextPart("".join(pieces), annotations))
    if refusal:
        events += _told("refusal", "refusal", refusal, {"content_index": len(texts)}, whole)
        content.append({"type": "refusal", "refusal": "".join(refusal)})
        parts.append(RefusalPart("".join(refusal)))
    named = {"type": "message", "id": "msg_1", "role": "assistant", **({} if phase is None else {"phase": phase})}
    return _Item({**named, "content": []}, events, {**named, "content": content}, _with_natives(parts, content))


def _reasoning(summaries: list[list[str]], raw: list[str], whole: Whole) -> _Item:
    events: list[Object] = []
    for number, pieces in enumerate(summaries):
        events += _told("reasoning_summary_text", "text", pieces, {"summary_index": number}, whole)
    if raw:
        events += _told("reasoning_text", "text", raw, {"content_index": 0}, whole)
    summary = [{"type": "summary_text", "text": "".join(pieces)} for pieces in summaries]
    content = [{"type": "reasoning_text", "text": "".join(raw)}] if raw else []
    parts: list[Part] = [ReasoningPart(entry["text"], "summary") for entry in summary]
    parts += [ReasoningPart(entry["text"]) for entry in content]
    begun = {"type": "reasoning", "id": "rs_1", "summary": []}
    native = {**begun, "summary": summary, "content": content, "encrypted_content": "gAAA"}
    parts = _with_natives(parts, [*summary, *content]) or [ReasoningPart("", "redacted")]
    return _Item(begun, events, native, parts)


def _call(name: str, pieces: list[str], kind: Literal["function", "custom"], whole: Whole) -> _Item:
    stem, field, item = {
        "function": ("function_call_arguments", "arguments", "function_call"),
        "custom": ("custom_tool_call_input", "input", "custom_tool_call"),
    }[kind]
    begun = {"type": item, "id": "fc_1", "call_id": "call_1", "name": name, field: ""}
    call = ToolCall("call_1", name, "".join(pieces), {}, kind)
    return _Item(begun, _told(stem, field, pieces, {}, whole), {**begun, field: call.arguments}, [ToolCallPart(call)])


def _with_natives(parts: list[Part], entries: list[Object]) -> list[Part]:
    """Add to each part its native form; `_answer` replaces that of the first with the whole item."""
    return [type(part)(**{**_fields(part), "native": entry}) for part, entry in zip(parts, entries, strict=True)]


def _fields(part: Part) -> Object:
    return {name: getattr(part, name) for name in part.__struct_fields__}


@functools.cache
def _items() -> SearchStrategy[_Item]:
    whole = st.sampled_from(["never", "again", "only"])
    some: SearchStrategy[list[str]] = _pieces() | st.just([])
    names = st.text("abc_", min_size=1, max_size=3)
    return st.one_of(
        st.builds(
            _message,
            st.lists(_pieces(), min_size=1, max_size=2),
            some,
            whole,
            st.sampled_from([None, "commentary", "final_answer"]),
            cited=st.booleans(),
        ),
        st.builds(_reasoning, st.lists(_pieces(), max_size=2), some, whole),
        st.builds(_call, names, _pieces(), st.sampled_from(["function", "custom"]), whole),
        st.sampled_from(_PROVIDERS).map(
            lambda item: _Item({"type": item["type"]}, [], item, [ProviderPart(item["type"], None)])
        ),
    )


# Writing.


def _events(items: list[_Item], style: _Style) -> Iterator[Object]:
    yield {"type": "response.created", "response": {"id": "resp_1", "model": "m", "created_at": 1, "output": []}}
    for place, item in enumerate(items):
        if style.begins or not item.events:
            yield {"type": "response.output_item.added", "output_index": place, "item": item.begun}
        yield from ({**event, "output_index": place} for event in item.events)
        if style.ends or style.output != "whole":
            yield {"type": "response.output_item.done", "output_index": place, "item": item.native}
    response: Object = {"id": "resp_1", "status": "completed", "usage": _USAGE}
    if style.output != "absent":
        response["output"] = [item.native for item in items] if style.output == "whole" else []
    yield {"type": "response.completed", "response": response}


_USAGE = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 2},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 12,
}


def _numbered(item: _Item, number: int) -> _Item:
    """Return the item with ids that no other item has, if it is a call: servers do not use an id twice."""
    if "call_id" not in item.begun:
        return item
    ids: Object = {"id": f"fc_{number}", "call_id": f"call_{number}"}
    calls = [part.tool_call for part in item.parts if isinstance(part, ToolCallPart)]
    parts: list[Part] = [ToolCallPart(msgspec.structs.replace(call, id=ids["call_id"])) for call in calls]
    return _Item({**item.begun, **ids}, item.events, {**item.native, **ids}, parts)


def _compose(items: list[_Item], style: _Style) -> ChatRecording:
    """Return the body and the completion that it means."""
    items = [_numbered(item, number) for number, item in enumerate(items, 1)]
    separators = (", ", ": ") if style.spaced else (",", ":")
    blocks = []
    for number, event in enumerate(_events(items, style)):
        beside: Object = {"sequence_number": number} if style.numbered else {}
        if style.ids_rotate and "output_index" in event:
            beside["item_id"] = f"id_{number}"
        if style.padded and event["type"].endswith(".delta"):
            beside["obfuscation"] = "x" * (number % 3 + 1)
        name = f"event: {event['type']}\n" if style.named else ""
        blocks.append(f"{name}data: {json.dumps({**event, **beside}, separators=separators)}\n\n")
    if style.done:
        blocks.append("data: [DONE]\n\n")
    completion = ChatCompletion(
        id="resp_1",
        model="m",
        created=1,
        choices=[Choice(0, _answer(items), "completed")],
        usage=Usage(
            prompt_tokens=7,
            completion_tokens=5,
            total_tokens=12,
            prompt_tokens_details=PromptTokensDetails(cached_tokens=2),
            completion_tokens_details=CompletionTokensDetails(reasoning_tokens=3),
            extra={name: count for name, count in _USAGE.items() if name != "total_tokens"},
        ),
        extra={"status": "completed"},
        dialect="openai_responses",
    )
    return ChatRecording("".join(blocks).replace("\n", style.line_end).encode(), completion)


def _answer(items: list[_Item]) -> Message:
    parts: list[Part] = []
    for item in items:
        first, *others = item.parts
        parts += [type(first)(**{**_fields(first), "native": item.native}), *others]
    return Message(
        content="".join(part.text for part in parts if isinstance(part, TextPart)) or None,
        reasoning="".join(part.text for part in parts if isinstance(part, ReasoningPart)) or None,
        refusal="".join(part.text for part in parts if isinstance(part, RefusalPart)) or None,
        tool_calls=[part.tool_call for part in parts if isinstance(part, ToolCallPart)],
        parts=parts,
        dialect="openai_responses",
    )


def responses_streams(*, max_items: int = 4) -> SearchStrategy[ChatRecording]:
    r"""Generate complete streams of OpenAI's Responses API, with the completions that they mean.

    They contain messages with several texts, refusals, reasoning with summaries and raw text, function and custom tool
    calls, and server-side tools; texts in deltas, as a whole, or both; items with and without start and end events; and
    a final output that is complete, empty or absent. Shrinks towards a response without items.

    Args:
        max_items: The maximum number of items.

    >>> from hypothesis import find
    >>> stream = find(responses_streams(), lambda stream: stream.completion.text != "")
    >>> stream.completion.text
    '0'
    """
    style = st.builds(
        _Style,
        named=st.sampled_from([True, False]),
        numbered=st.booleans(),
        begins=st.booleans(),
        ends=st.booleans(),
        output=st.sampled_from(["whole", "empty", "absent"]),
        ids_rotate=st.booleans(),
        padded=st.booleans(),
        spaced=st.booleans(),
        line_end=st.sampled_from(["\n", "\r\n"]),
        done=st.booleans(),
    )
    return st.builds(_compose, st.lists(_items(), max_size=max_items), style)
