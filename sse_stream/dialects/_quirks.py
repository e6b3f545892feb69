"""A chunk's JSON object, put into the shape of the model: what providers do otherwise, one function each.

Objects are copied where they change; what was received stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import ChoiceDelta
from .._json._depth import JSONValue
from .._json._reading import LEFT_OVER, read_number

Object: TypeAlias = dict[str, JSONValue]
Note: TypeAlias = Callable[[AnomalyKind, str], object]

_DELTA_FIELDS = frozenset(ChoiceDelta.__struct_fields__) - {"extra"}


def normalized(value: Object, note: Note) -> Object:
    """The object with OpenAI's shape, as far as its values allow."""
    value = _with_nested_usage(value)
    choices = value.get("choices")
    if isinstance(choices, dict):
        note("odd_type", f"choices: {choices!r}")
        choices = [choices]
    if not isinstance(choices, list):
        return value
    return {**value, "choices": [_choice(choice, position, note) for position, choice in enumerate(choices)]}


def _with_nested_usage(value: Object) -> Object:
    """Groq reports usage in `x_groq`, beside `usage` or instead of it."""
    groq = value.get("x_groq")
    if value.get("usage") is None and isinstance(groq, dict) and isinstance(groq.get("usage"), dict):
        return {**value, "usage": groq["usage"]}
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
    message = choice.get("message")
    delta = choice.get("delta")
    if delta is None and isinstance(message, dict):
        delta = choice.pop("message")
    elif isinstance(message, dict):
        drop_repetition(choice, message)
    elif delta is None and isinstance(choice.get("text"), str):
        delta = {"content": choice.pop("text")}  # the legacy completions endpoint
    if isinstance(delta, str):
        note("odd_type", f"delta: {delta!r}")
        delta = {"content": delta}
    if isinstance(delta, dict):
        choice["delta"] = _delta(delta, note)
    return choice


def drop_repetition(choice: Object, message: Object) -> None:
    """Perplexity repeats the whole message beside each delta: only what the delta's model does not name is news."""
    news = {name: item for name, item in message.items() if name not in _DELTA_FIELDS}
    if news:
        choice["message"] = news
    else:
        del choice["message"]


def _delta(delta: Object, note: Note) -> Object:
    content = delta.get("content")
    if isinstance(content, (list, dict)):
        delta = _with_parts(delta, content if isinstance(content, list) else [content])
    calls = delta.get("tool_calls")
    if isinstance(calls, dict):
        note("odd_type", f"tool_calls: {calls!r}")
        calls = [calls]
    if isinstance(calls, list):
        delta = {**delta, "tool_calls": [_tool_call(call, note) for call in calls]}
    if isinstance(delta.get("function_call"), dict):
        delta = {**delta, "function_call": _function(delta["function_call"], note)}
    return delta


def _tool_call(call: JSONValue, note: Note) -> JSONValue:
    if not isinstance(call, dict):
        return call
    if isinstance(call.get("function"), dict):
        call = {**call, "function": _function(call["function"], note)}
    return call


def _function(function: Object, note: Note) -> Object:
    """Arguments that are an object instead of the JSON text of one."""
    arguments = function.get("arguments")
    if isinstance(arguments, (dict, list)):
        note("odd_type", f"arguments: {arguments!r}")
        return {**function, "arguments": msgspec.json.encode(arguments).decode()}
    return function


def _with_parts(delta: Object, parts: list[JSONValue]) -> Object:
    """Content in parts (Mistral): text is text, thinking is reasoning, the rest stays what it is."""
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
    """What a part carries beside what it says: a signature, whether it is closed."""
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
