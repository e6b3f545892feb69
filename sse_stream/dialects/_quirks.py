"""Normalizing the JSON object of a chunk: one function for each provider quirk.

Objects are copied before they are changed, so the received object stays as it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import ChatCompletionChunk
from .._chat._message import Message
from .._chat._turns import register_content
from .._json._copying import copied
from .._json._depth import JSONValue
from .._json._reading import LEFT_OVER, read_number

Object: TypeAlias = dict[str, JSONValue]

# The fields with reasoning, and the fields with its text if it is structured.
_REASONING = ("reasoning_content", "reasoning", "reasoning_text")
_SAID = ("text", "thinking", "content", "summary")
Note: TypeAlias = Callable[[AnomalyKind, str], object]

CHUNK_FIELDS = frozenset(ChatCompletionChunk.__struct_fields__) - {"extra"}
"""The fields of a chunk. An object without any of them is not a chunk."""


def shaped(value: Object, note: Note) -> tuple[Object, Mapping[int, str]]:
    """Return the object in OpenAI's shape, and the places of reasoning that has no field of its own."""
    return normalized(value, note), dict.fromkeys(_reasoning_in_content(value), "content")


def _reasoning_in_content(value: Object) -> list[int]:
    """Return the indices of the choices whose reasoning is a part of their content (Mistral)."""
    found = []
    choices = value.get("choices")
    for position, choice in enumerate(choices if isinstance(choices, list) else ()):
        deltas = (choice.get("delta"), choice.get("message")) if isinstance(choice, dict) else ()
        contents: list[JSONValue] = [delta.get("content") for delta in deltas if isinstance(delta, dict)]
        parts = [part for content in contents if isinstance(content, list) for part in content]
        if any(isinstance(part, dict) and part.get("type") == "thinking" for part in parts):
            index = read_number(choice.get("index"))
            found.append(position if index is None or index < 0 else int(index))
    return found


def is_chunk(value: Object) -> bool:
    """Whether an object with an error is also a chunk, with more than the identity of the request."""
    said = ("choices", "usage", "model", "created")
    return any(value.get(name) for name in said) or str(value.get("object")).startswith("chat.completion")


def normalized(value: Object, note: Note) -> Object:
    """Return the object in OpenAI's shape, as far as its values allow."""
    value = _with_nested_usage(value)
    choices = value.get("choices")
    if isinstance(choices, dict):
        note("odd_type", f"choices: {choices!r}")
        choices = [choices]
    if not isinstance(choices, list):
        return value
    return {**value, "choices": [_choice(choice, position, note) for position, choice in enumerate(choices)]}


def _with_nested_usage(value: Object) -> Object:
    """Move usage up from `x_groq` (Groq) or a choice (Moonshot), unless the chunk has its own."""
    if value.get("usage") is not None:
        return value
    choices = value.get("choices")
    for place in (value.get("x_groq"), *(choices if isinstance(choices, list) else ())):
        if isinstance(place, dict) and isinstance(place.get("usage"), dict):
            return {**value, "usage": place["usage"]}
    return value


def _choice(choice: JSONValue, position: int, note: Note) -> JSONValue:
    if not isinstance(choice, dict):
        return choice
    choice = dict(choice)
    index = choice.get("index")
    number = read_number(index)
    if number is None or number < 0:
        note("missing_index", f"index: {index!r}")
        choice["index"] = position
        if index is not None:
            choice[LEFT_OVER] = {"index": index}
    delta = choice.get("delta")
    message = choice.get("message")
    if isinstance(message, dict):
        choice["message"] = _delta(message, note)
    elif delta is None and isinstance(choice.get("text"), str):
        delta = {"content": choice.pop("text")}  # the legacy completions endpoint
    if isinstance(delta, str):
        note("odd_type", f"delta: {delta!r}")
        delta = {"content": delta}
    if isinstance(delta, dict):
        choice["delta"] = _delta(delta, note)
    return choice


def _delta(delta: Object, note: Note) -> Object:
    content = delta.get("content")
    if isinstance(content, (list, dict)):
        parts = content if isinstance(content, list) else [content]
        delta = _with_parts(delta, parts)
        if delta.get(LEFT_OVER) == {"content": [content]}:
            note("odd_type", f"content: {content!r}")
    for name in _REASONING:
        if isinstance(delta.get(name), (dict, list)):
            delta = _with_reasoning(delta, name)
    calls = delta.get("tool_calls")
    if isinstance(calls, dict):
        note("odd_type", f"tool_calls: {calls!r}")
        calls = [calls]
    if isinstance(calls, list):
        delta = {**delta, "tool_calls": [_tool_call(call, note) for call in calls]}
    if isinstance(delta.get("function_call"), dict):
        delta = {**delta, "function_call": _function(delta["function_call"], note)}
    return delta


def _with_reasoning(delta: Object, name: str) -> Object:
    """Take the text from structured reasoning, and keep the structure to be sent back."""
    structured = delta[name]
    said = "".join(_texts(structured))
    return {**delta, name: said, LEFT_OVER: {**delta.get(LEFT_OVER, {}), name: structured}} if said else delta


def _texts(value: JSONValue) -> Iterator[str]:
    """Yield the texts in a structured value."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from (said for name in _SAID if isinstance(said := value.get(name), str))
        yield from _texts([item for name in _SAID if isinstance(item := value.get(name), (dict, list))])
    elif isinstance(value, str):
        yield value


def _tool_call(call: JSONValue, note: Note) -> JSONValue:
    if not isinstance(call, dict):
        return call
    if isinstance(call.get("function"), dict):
        call = {**call, "function": _function(call["function"], note)}
    if isinstance(call.get("custom"), dict):
        call = {**call, "custom": _function(call["custom"], note, "input")}
    return call


def _function(function: Object, note: Note, name: str = "arguments") -> Object:
    """Encode arguments or input that are an object instead of JSON text."""
    arguments = function.get(name)
    if isinstance(arguments, (dict, list)):
        note("odd_type", f"{name}: {arguments!r}")
        return {**function, name: json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))}
    return function


def _with_parts(delta: Object, parts: list[JSONValue]) -> Object:
    """Convert content in parts (Mistral): join text and thinking, and keep other parts unchanged."""
    text: list[str] = []
    thinking: list[str] = []
    rest: list[JSONValue] = []
    reasoning = delta.get("reasoning_content") or delta.get("reasoning")
    for part in parts:
        if isinstance(part, str):
            text.append(part)
        elif not isinstance(part, dict):
            rest.append(part)
        elif isinstance(part.get("text"), str) and part.get("type") in (None, "text", "output_text"):
            text.append(part["text"])
            _keep_rest(part, "text", rest)
        elif (said := _thought(part.get("thinking"))) is not None and reasoning in (None, "", said):
            thinking.append(said)
            _keep_rest(part, "thinking", rest)
        else:
            rest.append(part)
    delta = {**delta, "content": "".join(text)}
    if not reasoning:
        delta["reasoning_content"] = "".join(thinking)
    if rest:
        delta[LEFT_OVER] = {"content": rest}
    return delta


def _keep_rest(part: Object, said: str, rest: list[JSONValue]) -> None:
    """Keep the other fields of a part, such as a signature, or whether it is closed."""
    if not part.keys() <= {"type", said}:
        rest.append({name: item for name, item in part.items() if name != said})


def _thought(thinking: JSONValue) -> str | None:
    if isinstance(thinking, str):
        return thinking
    if isinstance(thinking, list) and all(
        isinstance(item, dict) and isinstance(item.get("text"), str) for item in thinking
    ):
        return "".join(item["text"] for item in thinking)
    return None


def _content_in_parts(message: Message) -> list[JSONValue]:
    """Make the content that Mistral accepts back: the thinking with its other fields, and the text."""
    thinking: Object = {}
    told = message.extra.get("content")
    for part in told if isinstance(told, list) else ():
        if isinstance(part, dict) and part.get("type") == "thinking":
            thinking.update(copied(part))
    thinking.update({"type": "thinking", "thinking": [{"type": "text", "text": message.reasoning}]})
    return [thinking, {"type": "text", "text": message.content}] if message.content else [thinking]


register_content("content", _content_in_parts)
