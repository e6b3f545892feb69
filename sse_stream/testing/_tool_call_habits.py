"""How servers tell tool calls: each of these means two calls, or one where it says so."""

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
        anomalies=frozenset({"missing_call_index"}),
    ),
    "calls-with-null-index": _habit(
        "An index that is null.",
        b'[{"index":null,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":null,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        anomalies=frozenset({"missing_call_index"}),
    ),
    "calls-with-negative-index": _habit(
        "An index of -1.",
        b'[{"index":-1,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":-1,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        anomalies=frozenset({"missing_call_index"}),
    ),
    "calls-in-one-delta-without-index": _habit(
        "Two calls in one delta, without index.",
        b'[{"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}},'
        b'{"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        anomalies=frozenset({"missing_call_index"}),
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
        anomalies=frozenset({"missing_call_id"}),
    ),
    "calls-with-neither-index-nor-id": _habit(
        "Neither index nor id: a name begins a call.",
        b'[{"function":{"name":"add","arguments":"{\\"a\\":1}"}},{"function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        calls=(ToolCall("", "add", '{"a":1}'), ToolCall("", "sub", '{"b":2}')),
        anomalies=frozenset({"missing_call_index", "missing_call_id"}),
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
    "calls-with-a-new-id-in-each-piece": _habit(
        "One call; each of its pieces has another id (Kimi, LM Studio): the first one counts.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":""}}]',
        b'[{"index":0,"id":"call_b","function":{"arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"id":"call_c","function":{"arguments":"1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"call_id_changed"}),
    ),
    "calls-named-with-a-new-id-in-each-piece": _habit(
        "One call; each of its pieces has another id, and the same name.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\""}}]',
        b'[{"index":0,"id":"call_b","function":{"name":"add","arguments":":1"}}]',
        b'[{"index":0,"id":"call_c","function":{"name":"add","arguments":"}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"call_id_changed"}),
    ),
    "calls-with-the-same-index-and-id": _habit(
        "Two calls with another name each, under one index and one id: the first is whole when the second begins.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":0,"id":"call_a","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        calls=(_ADD, ToolCall("call_a", "sub", '{"b":2}')),
    ),
    "calls-with-the-same-index-and-name": _habit(
        "Two calls of one tool, both with index 0 and without id (Ollama).",
        b'[{"index":0,"function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":0,"function":{"name":"add","arguments":"{\\"a\\":2}"}}]',
        calls=(ToolCall("", "add", '{"a":1}'), ToolCall("", "add", '{"a":2}')),
        anomalies=frozenset({"missing_call_id"}),
    ),
    "calls-announced-by-an-id": _habit(
        "An id alone, and the call that it belongs to in the next piece.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":0,"id":"call_b"}]',
        b'[{"index":0,"function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-with-a-late-id": _habit(
        "One call that begins with an empty id; its id comes with a later piece.",
        b'[{"index":0,"id":"","function":{"name":"add","arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"id":"call_a","function":{"arguments":"1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"missing_call_id"}),
    ),
    "calls-with-another-name-later": _habit(
        "One call whose name changes while its arguments are open: the first one counts.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"name":"sub","arguments":"1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"call_name_changed"}),
    ),
    "calls-with-cumulative-arguments": _habit(
        "One call; each piece has all of its arguments so far: only the rest is new.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\""}}]',
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1"}}]',
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"arguments_repeated"}),
    ),
    "calls-sent-again-at-the-end": _habit(
        "One call in pieces, and then again as a whole, in another spelling of the same JSON.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"arguments":"1}"}}]',
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{ \\"a\\": 1 }"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"arguments_repeated"}),
    ),
    "calls-with-a-placeholder": _habit(
        "One call; an empty object stands where its arguments are to come.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{}"}}]',
        b'[{"index":0,"function":{"arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"arguments":"1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"arguments_repeated"}),
    ),
    "calls-with-an-empty-object": _habit(
        "One call whose arguments are an empty object, which is no placeholder.",
        b'[{"index":0,"id":"call_a","function":{"name":"now","arguments":"{}"}}]',
        calls=(ToolCall("call_a", "now", "{}"),),
    ),
    "calls-of-a-custom-tool": _habit(
        "One call of a custom tool, whose input is no JSON: a piece like the input so far repeats nothing.",
        b'[{"index":0,"id":"call_a","type":"custom","custom":{"name":"shell","input":"ls "}}]',
        b'[{"index":0,"id":"call_a","custom":{"name":"shell","input":"ls "}}]',
        calls=(ToolCall("call_a", "shell", "ls ls ", kind="custom"),),
    ),
    "calls-with-half-characters": _habit(
        "One call; the halves of a surrogate pair come in two pieces of its arguments.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":\\"\\ud83d"}}]',
        b'[{"index":0,"function":{"arguments":"\\ude00\\"}"}}]',
        calls=(ToolCall("call_a", "add", '{"a":"\N{GRINNING FACE}"}'),),
        anomalies=frozenset({"split_surrogate"}),
    ),
    "calls-finished-in-each-piece": Habit(
        about="One call, and a finish reason with each piece of it.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","function":'
            b'{"name":"add","arguments":"{\\"a\\":"}}]},"finish_reason":"tool_calls"}]}',
            b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":'
            b'{"arguments":"1}"}}]},"finish_reason":"tool_calls"}]}',
            b"[DONE]",
        ),
        texts=("",),
        finish_reason="tool_calls",
        tool_calls=(_ADD,),
        anomalies=frozenset({"content_after_finish"}),
    ),
    "calls-in-a-message": Habit(
        about="A call in pieces, and then a message that holds it and another.",
        body=framed(
            b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","function":'
            b'{"name":"add","arguments":"{\\"a\\":"}}]}}]}',
            b'{"choices":[{"index":0,"finish_reason":"tool_calls","message":{"tool_calls":['
            b'{"id":"call_a","type":"function","function":{"name":"add","arguments":"{\\"a\\":1}"}},'
            b'{"id":"call_b","type":"function","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]}}]}',
            b"[DONE]",
        ),
        texts=("",),
        finish_reason="tool_calls",
        tool_calls=(_ADD, _SUB),
        anomalies=frozenset({"message_repeated"}),
    ),
}
