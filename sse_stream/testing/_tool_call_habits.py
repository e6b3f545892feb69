"""Quirks of tool calls. Each stream means two calls, unless its description says one."""

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
    """Create a stream with one delta for each value of `tool_calls`."""
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
        "The interleaved pieces of two calls.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":""}}]',
        b'[{"index":1,"id":"call_b","function":{"name":"sub","arguments":""}}]',
        b'[{"index":1,"function":{"arguments":"{\\"b\\":"}},{"index":0,"function":{"arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"arguments":"1}"}},{"index":1,"function":{"arguments":"2}"}}]',
    ),
    "calls-without-index": _habit(
        "No index: a piece with an id starts a call, one without continues it.",
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
        "An index that starts at 1.",
        b'[{"index":1,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":2,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-counted-with-gaps": _habit(
        "An index with gaps.",
        b'[{"index":2,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":7,"id":"call_b","function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-named-in-each-piece": _habit(
        "Id and name in each piece, which are not concatenated.",
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
        "Neither index nor id: a name starts a call.",
        b'[{"function":{"name":"add","arguments":"{\\"a\\":1}"}},{"function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
        calls=(ToolCall("", "add", '{"a":1}'), ToolCall("", "sub", '{"b":2}')),
        anomalies=frozenset({"missing_call_index", "missing_call_id"}),
    ),
    "calls-with-object-arguments": _habit(
        "Arguments as an object instead of JSON text.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":{"a":1}}}]',
        b'[{"index":1,"id":"call_b","function":{"name":"sub","arguments":{"b":2}}}]',
        anomalies=frozenset({"odd_type"}),
    ),
    "calls-without-arguments": _habit(
        "One call whose arguments are null, and absent in the next piece.",
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
        "One call with a different id in each piece, of which the first counts (Kimi, LM Studio).",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":""}}]',
        b'[{"index":0,"id":"call_b","function":{"arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"id":"call_c","function":{"arguments":"1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"call_id_changed"}),
    ),
    "calls-named-with-a-new-id-in-each-piece": _habit(
        "One call with a different id, and the same name, in each piece.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\""}}]',
        b'[{"index":0,"id":"call_b","function":{"name":"add","arguments":":1"}}]',
        b'[{"index":0,"id":"call_c","function":{"name":"add","arguments":"}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"call_id_changed"}),
    ),
    "calls-with-the-same-index-and-id": _habit(
        "Two calls with different names but the same index and id; the first is complete when the second starts.",
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
        "An id on its own, and its call in the next piece.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        b'[{"index":0,"id":"call_b"}]',
        b'[{"index":0,"function":{"name":"sub","arguments":"{\\"b\\":2}"}}]',
    ),
    "calls-with-a-late-id": _habit(
        "One call that starts with an empty id, with its id in a later piece.",
        b'[{"index":0,"id":"","function":{"name":"add","arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"id":"call_a","function":{"arguments":"1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"missing_call_id"}),
    ),
    "calls-with-another-name-later": _habit(
        "One call whose name changes while its arguments are incomplete; the first name counts.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"name":"sub","arguments":"1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"call_name_changed"}),
    ),
    "calls-with-cumulative-arguments": _habit(
        "One call with all arguments so far in each piece, of which only the rest is added.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\""}}]',
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1"}}]',
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"arguments_repeated"}),
    ),
    "calls-sent-again-at-the-end": _habit(
        "One call in pieces, then repeated as a whole in another serialization of the same JSON.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"arguments":"1}"}}]',
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{ \\"a\\": 1 }"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"arguments_repeated"}),
    ),
    "calls-with-a-placeholder": _habit(
        "One call with an empty object as a placeholder before its arguments.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{}"}}]',
        b'[{"index":0,"function":{"arguments":"{\\"a\\":"}}]',
        b'[{"index":0,"function":{"arguments":"1}"}}]',
        calls=(_ADD,),
        anomalies=frozenset({"arguments_repeated"}),
    ),
    "calls-with-an-empty-object": _habit(
        "One call whose arguments are an empty object, which is not a placeholder.",
        b'[{"index":0,"id":"call_a","function":{"name":"now","arguments":"{}"}}]',
        calls=(ToolCall("call_a", "now", "{}"),),
    ),
    "calls-of-a-custom-tool": _habit(
        "One call of a custom tool, whose input is not JSON; a piece equal to the input so far is not a repetition.",
        b'[{"index":0,"id":"call_a","type":"custom","custom":{"name":"shell","input":"ls "}}]',
        b'[{"index":0,"id":"call_a","custom":{"name":"shell","input":"ls "}}]',
        calls=(ToolCall("call_a", "shell", "ls ls ", kind="custom"),),
    ),
    "calls-with-half-characters": _habit(
        "One call with the halves of a surrogate pair in two pieces of its arguments.",
        b'[{"index":0,"id":"call_a","function":{"name":"add","arguments":"{\\"a\\":\\"\\ud83d"}}]',
        b'[{"index":0,"function":{"arguments":"\\ude00\\"}"}}]',
        calls=(ToolCall("call_a", "add", '{"a":"\N{GRINNING FACE}"}'),),
        anomalies=frozenset({"split_surrogate"}),
    ),
    "calls-finished-in-each-piece": Habit(
        about="One call with a finish reason in each piece.",
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
        about="A call in pieces, then a message that contains it and another one.",
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
