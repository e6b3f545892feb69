"""How servers tell tool calls: each of these means two calls, or one where its name says so."""

from __future__ import annotations

from collections.abc import Mapping

from .._chat._anomalies import AnomalyKind
from .._chat._tool_call import ToolCall
from ._recordings import Habit, framed

_FINISH = b'{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}'
_ADD = ToolCall("call_a", "add", '{"a":1}')
_SUB = ToolCall("call_b", "sub", '{"b":2}')


def _habit(
    about: str,
    *tool_calls: bytes,
    calls: tuple[ToolCall, ...] = (_ADD, _SUB),
    anomalies: frozenset[AnomalyKind] = frozenset(),
) -> Habit:
    """A stream of one delta for each value of `tool_calls`."""
    chunks = [b'{"choices":[{"index":0,"delta":{"tool_calls":%b}}]}' % pieces for pieces in tool_calls]
    return Habit(
        about=about,
        body=framed(*chunks, _FINISH, b"[DONE]"),
        texts=("",),
        finish_reason="tool_calls",
        tool_calls=calls,
        anomalies=anomalies,
    )


TOOL_CALLS: Mapping[str, Habit] = {
    "calls-in-pieces": _habit(
        "OpenAI's form: index in each piece, id and name in the first.",
        b'[{"index":0,"id":"call_a","type":"function","function":{"name":"add","arguments":""}}]',
        b'[{"index":0,"function":{"arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"arguments":"1}"}}]',
        b'[{"index":1,"id":"call_b","type":"function","function":{"name":"sub","arguments":""}}]',
        b'[{"index":1,"function":{"arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-in-turns": _habit(
        "The pieces of two calls by turns.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":""}}]',
        b'[{"index":1,"id":"call_b","function":{"name":"sub","arguments":""}}]',
        b'[{"index":1,"function":{"arguments":"{\\"b\\":"}},{"index":0,"function":{"arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"arguments":"1}"}},{"index":1,"function":{"arguments":"2}"}}]',
    ),
    "calls-without-index": _habit(
        "No index: an id begins a call, what has none continues it.",
        b'[{"id":"call_a","function":{"name":"add","arguments":"{\\"a\\""}}]',
        b'[{"function":{"arguments":":1}"}}]',
        b'[{"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\""}}]',
        b'[{"function":{"arguments":":2}"}}]',
    ),
    "calls-with-null-index": _habit(
        "An index that is null.",
        b'[{"index":null,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":null,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-with-negative-index": _habit(
        "An index of -1.",
        b'[{"index":-1,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":-1,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-in-one-delta-without-index": _habit(
        "Two calls in one delta, without index.",
        b'[{"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}},'
        b'{"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-all-with-index-0": _habit(
        "Two calls with different ids, both with index 0.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":0,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":"}}]',
        b'[{"index":0,"function":{"arguments":"2}"}}]',
    ),
    "calls-counted-from-1": _habit(
        "An index that begins at 1.",
        b'[{"index":1,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":2,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-counted-with-gaps": _habit(
        "An index with gaps.",
        b'[{"index":2,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":7,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-named-in-each-piece": _habit(
        "Id and name in each piece: set once, not put together.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"1}"}}]',
        b'[{"index":1,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":"}}]',
        b'[{"index":1,"id":"call_b","function":{"name":"sub","arguments":"2}"}}]',
    ),
    "calls-with-empty-ids": _habit(
        "An id and a name that are empty or null in later pieces.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"id":"","function":{"name":"","arguments":"1}"}}]',
        b'[{"index":1,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":"}}]',
        b'[{"index":1,"id":null,"function":{"name":null,"arguments":"2}"}}]',
    ),
    "calls-without-id": _habit(
        "No ids at all.",
        b'[{"index":0,"function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":1,"function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        calls=(ToolCall("", "add", '{"a":1}'), ToolCall("", "sub", '{"b":2}')),
    ),
    "calls-with-neither-index-nor-id": _habit(
        "Neither index nor id: a name begins a call.",
        b'[{"function":{"name":"add","arguments":"{\\"a\\":1}"}},{"function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        calls=(ToolCall("", "add", '{"a":1}'), ToolCall("", "sub", '{"b":2}')),
    ),
    "calls-with-object-arguments": _habit(
        "Arguments that are an object instead of its text.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":{"a":1}}}]',
        b'[{"index":1,"id":"call_b","function":{"name":"sub","arguments":{"b":2}}}]',
        anomalies=frozenset({"odd_type"}),
    ),
    "calls-without-arguments": _habit(
        "One call; its arguments are null, and absent in the piece after.",
        b'[{"index":0,"id":"call_a","function":{"name":"now","arguments":null}}]',
        b'[{"index":0,"function":{}}]',
        calls=(ToolCall("call_a", "now", ""),),
    ),
    "calls-not-in-a-list": _habit(
        "One call that is not in a list.",
        b'{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}',
        calls=(_ADD,),
        anomalies=frozenset({"odd_type"}),
    ),
}
