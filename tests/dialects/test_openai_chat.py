"""The OpenAI dialect, one event at a time. Whole streams are in `test_quirks.py`."""

from __future__ import annotations

import copy
import functools
import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sse_stream import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkDecodeError,
    Message,
    ProviderError,
    ServerSentEvent,
    Usage,
)
from sse_stream._json._depth import MAX_DEPTH, is_deep
from sse_stream._json._lenient import loads
from sse_stream.dialects import AnomalyFound, Dialect, Done, Failure, Item, OpenAIChat, Ping
from sse_stream.dialects._extras import has_extras

from ..decoding.test_arbitrary_json import ANYTHING, WHOLE, Path, known, places, replaced


def decode(data: str, event: str = "message") -> list[Item]:
    dialect: Dialect = OpenAIChat()
    return list(dialect.decode(ServerSentEvent(data, event)))


def failure(items: list[Item]) -> ProviderError:
    (item,) = items
    assert isinstance(item, Failure)
    assert isinstance(item.error, ProviderError)
    return item.error


def chunk(**value: Any) -> ChatCompletionChunk:
    return ChatCompletionChunk.from_dict(value)


@pytest.mark.parametrize(
    ("data", "event", "expected"),
    [
        ("[DONE]", "message", [Done()]),
        (" [DONE]\t", "done", [Done()]),
        ("", "message", [AnomalyFound("keepalive_as_data", ""), Ping("")]),
        (": ping", "message", [AnomalyFound("keepalive_as_data", ": ping"), Ping("ping")]),
        (":: X", "message", [AnomalyFound("keepalive_as_data", ":: X"), Ping("X")]),
        ("{}", "ping", [AnomalyFound("keepalive_as_data", "{}"), Ping("{}")]),
        ('{"id":"c1"}', "message", [AnomalyFound("missing_choices", '{"id":"c1"}'), chunk(id="c1")]),
        ('{"id":"c1"}', "completion", [AnomalyFound("missing_choices", '{"id":"c1"}'), chunk(id="c1")]),
        ('{"choices":[],"id":"c1"}', "message", [chunk(id="c1")]),
        ('{"a":1}', "message", [AnomalyFound("not_a_chunk", '{"a":1}'), chunk(a=1)]),
        ('{"extra":1}', "message", [AnomalyFound("not_a_chunk", '{"extra":1}'), chunk(extra=1)]),
        ('{"choices":[],"type":"ping"}', "ping", [chunk(choices=[], type="ping")]),
        (
            '{"id":Infinity}',
            "message",
            [
                AnomalyFound("loose_json", '{"id":Infinity}'),
                AnomalyFound("missing_choices", '{"id":Infinity}'),
                AnomalyFound("odd_type", "id: inf"),
                chunk(id=float("inf")),
            ],
        ),
        (
            '{"model":5}',
            "message",
            [
                AnomalyFound("missing_choices", '{"model":5}'),
                AnomalyFound("odd_type", "model: 5"),
                chunk(model="5"),
            ],
        ),
        (
            '{"choices":[{}]}',
            "message",
            [AnomalyFound("missing_index", "index: None"), chunk(choices=[{"index": 0}])],
        ),
    ],
)
def test_what_an_event_means(data: str, event: str, expected: list[Item]) -> None:
    assert decode(data, event) == expected


def test_what_is_well_formed_takes_the_shortest_way() -> None:
    dialect = OpenAIChat()
    plain = dialect.decode_plain('{"choices":[{"index":0,"delta":{"content":"Hi"}}]}')
    assert plain is not None
    assert plain.choices[0].delta.content == "Hi"
    for odd in ("[DONE]", "", "[]", '{"odd":1}', '{"choices":[{"index":-1,"delta":{}}]}', '{"choices":[{"delta":{}}]}'):
        assert dialect.decode_plain(odd) is None
    for form in ('{"choices":[],"id":"c1"}', b'{"choices":[],"id":"c1"}'):
        assert dialect.decode_plain(form) == chunk(choices=[], id="c1")
        assert dialect.decode_plain(form, "completion") is None
    for form in ('{"id":"c1"}', b'{"id":"c1"}'):
        assert dialect.decode_plain(form) is None


def test_a_message_goes_back_as_an_object() -> None:
    message = Message(content="Hi")
    assert OpenAIChat.turn(message) == message.to_dict() == {"role": "assistant", "content": "Hi"}


DEEP = "[" * MAX_DEPTH + "]" * MAX_DEPTH
TOKEN = '{"token":"a","logprob":-0.5,"top_logprobs":[{"token":"a","logprob":-0.5%s}]%s}'


@pytest.mark.parametrize(
    "value",
    [
        {"odd": 1, "choices": []},
        {"odd": {"a": [1]}, "choices": [{"index": 0, "delta": {"content": "Hi"}}]},
        {"choices": [{"index": 0, "odd": 1, "delta": {"odd": [2]}}]},
        {"choices": [], "usage": {"prompt_tokens": 1, "odd": {"a": 1}}},
        {"choices": [], "usage": None, "odd": None},
        {"choices": [], "usage": {"prompt_tokens": 1}, "odd": 1},
        {"choices": [], "extra": 1, "_source": 2},
        {"choices": [], "usage": {"extra": {"a": 1}, "prompt_tokens": 1}},
        {"choices": [{"index": 0, "extra": {}, "delta": {"extra": {"a": 1}}}]},
        {"choices": [{"index": 0, "delta": {"content": "Hi"}, "message": {"content": "Hi"}}]},
        {"choices": [{"index": 0, "delta": {}, "message": {"content": "Hi", "odd": [1]}, "odd": 2}]},
    ],
)
def test_fields_of_the_providers_own_take_a_short_way(value: dict[str, Any]) -> None:
    text = msgspec.json.encode(value).decode()
    plain = OpenAIChat().decode_plain(text)
    assert plain is not None
    (tolerant,) = decode(text)
    assert plain == tolerant == OpenAIChat().decode_plain(text.encode())
    assert plain.raw == value


@pytest.mark.parametrize(
    "data",
    [
        "5",
        '{"odd":1}',
        '{"odd":1,"choices":[5]}',
        '{"odd":1,"choices":[{"index":0}]}',
        '{"odd":1,"choices":[{"index":"0","delta":{}}]}',
        '{"error":"m","choices":[]}',
        '{"type":"ping","choices":[]}',
        '{"choices":[{"index":0,"delta":{},"error":"m"}]}',
        '{"x_groq":{"usage":{}},"choices":[]}',
        '{"choices":[{"index":0,"delta":{},"message":"text"}]}',
        f'{{"odd":1,"choices":[{{"index":0,"delta":{{}},"logprobs":{{"content":[{{"logprob":{10**400}}}]}}}}]}}',
        f'{{"choices":[{{"index":0,"delta":{{"odd":{DEEP}}}}}]}}',
        f'{{"choices":[],"usage":{{"odd":{DEEP}}}}}',
        # What was set aside by whoever wrote the chunk is put back.
        '{"choices":[],"provider_fields":{"model":1}}',
        '{"choices":[{"index":0,"delta":{},"provider_fields":{"index":"a"}}]}',
        '{"choices":[{"index":0,"delta":{"provider_fields":{"content":1}}}]}',
        '{"choices":[{"index":0,"delta":{},"message":{"provider_fields":{"content":1}}}]}',
        '{"choices":[],"usage":{"provider_fields":{"prompt_tokens":"a"}}}',
    ],
)
def test_what_is_odd_or_speaks_for_itself_does_not(data: str) -> None:
    assert OpenAIChat().decode_plain(data) is None
    assert OpenAIChat().decode_plain(data.encode()) is None


@pytest.mark.parametrize("own", ['{"a":1}', "{}", "[]", "null", "5", '{"extra":{"extra":1}}'])
@pytest.mark.parametrize(
    "chunk",
    [
        '{"choices":[],"extra":%s}',
        '{"choices":[{"index":0,"delta":{},"extra":%s}]}',
        '{"choices":[{"index":0,"delta":{"extra":%s}}]}',
        '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"extra":%s}]}}]}',
        '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","extra":%s}}]}}]}',
        '{"choices":[{"index":0,"delta":{"audio":{"extra":%s}}}]}',
        '{"choices":[],"usage":{"extra":%s}}',
        '{"choices":[],"usage":{"\\u0065xtra":%s}}',
        '{"choices":[],"usage":{"prompt_tokens_details":{"extra":%s}}}',
        '{"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens_details":{"extra":%s}}}',
        '{"choices":[],"usage":{"completion_tokens":1,"completion_tokens_details":{"extra":%s}}}',
        '{"choices":[{"index":0,"delta":{},"logprobs":{"extra":%s}}]}',
        '{"choices":[{"index":0,"delta":{},"logprobs":{"content":[' + TOKEN % ("", ',"extra":%s') + "]}}]}",
        '{"choices":[{"index":0,"delta":{},"logprobs":{"refusal":[' + TOKEN % (',"extra":%s', "") + "]}}]}",
    ],
)
@pytest.mark.parametrize("beside", ["", '"odd":1,'])
def test_a_field_of_the_servers_own_that_is_called_extra_is_kept_under_its_name(
    chunk: str, own: str, beside: str
) -> None:
    data = "{" + beside + (chunk % own)[1:]
    wanted = ChatCompletionChunk.from_dict(msgspec.json.decode(data))
    assert str({"extra": msgspec.json.decode(own)})[1:-1] in repr(wanted)
    dialect = OpenAIChat()
    for _ in range(3):  # the second time chunks with fields of the server's own are expected, or not
        (said,) = [dialect.decode_plain(data)] if dialect.decode_plain(data) else decode(data)
        assert said == wanted
        assert isinstance(said, ChatCompletionChunk)
        assert said.raw == msgspec.json.decode(data)


@given(st.sampled_from(list(places(WHOLE))), ANYTHING)
@example(("usage", "extra"), {"a": 1})
def test_whatever_takes_a_short_way_is_read_as_the_long_way_reads_it(path: Path, value: Any) -> None:
    whole = replaced(path, value) if path[-1:] != ("extra",) else {"choices": [], "usage": {"extra": value}}
    for said in (whole, known(copy.deepcopy(whole)) if isinstance(whole, dict) else whole):
        try:
            text = json.dumps(said, allow_nan=False)
            long = decode(text)
        except (ValueError, ChunkDecodeError):
            return
        expecting = OpenAIChat()
        assert expecting.decode_plain('{"odd":1,"choices":[]}') is not None
        for short in (OpenAIChat().decode_plain(text), expecting.decode_plain(text.encode())):
            if short is not None:
                assert [short] == long
                assert repr([short.to_dict()]) == repr([item.to_dict() for item in long if item == short])
                assert short.raw == said


def test_usage_has_an_extra_within_its_extra() -> None:
    for data in ('{"choices":[],"usage":{"extra":{"a":1}}}', b'{"choices":[],"usage":{"extra":{"a":1}}}'):
        said = OpenAIChat().decode_plain(data)
        assert said is not None
        assert said.usage == Usage(extra={"extra": {"a": 1}})


def test_under_webassembly_depth_is_looked_at_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    deep = '{"choices":[{"index":0,"delta":{"reasoning_details":' + "[" * 100_000
    dialect = OpenAIChat()
    for data in (PLAIN, deep, PLAIN.replace("Hi", "[" * 500)):
        for form in (data, data.encode()):
            looked, decoded = traced(functools.partial(dialect.decode_plain, form))
            assert looked >= 1
            assert decoded == (data != deep)
    assert dialect.decode_plain(b'{"choices":[],"id":"\xff"}') is None
    monkeypatch.undo()
    assert traced(functools.partial(OpenAIChat().decode_plain, PLAIN)) == (0, 1)


PLAIN = '{"choices":[{"index":0,"delta":{"content":"Hi"}}]}'


def traced(read: Callable[[], object]) -> tuple[int, int]:
    """How often depth was looked at, and how often msgspec decoded something, meanwhile."""
    calls = {"is_deep": 0, "decode": 0}

    def count(frame: FrameType, event: str, function: Any) -> None:
        name = frame.f_code.co_name if event == "call" else function.__qualname__ if event == "c_call" else ""
        if name == "is_deep":
            calls["is_deep"] += 1
        elif name == "Decoder.decode":
            calls["decode"] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        read()
    finally:
        sys.setprofile(before)
    return calls["is_deep"], calls["decode"]


def test_an_odd_chunk_between_others_changes_nothing_for_them() -> None:
    dialect = OpenAIChat()
    datas = ['{"choices":[]}', '{"odd":1,"choices":[]}', '{"odd":1}', '{"choices":[]}', '{"odd":1,"choices":[]}'] * 2
    assert [dialect.decode_plain(data) is not None for data in datas] == [True, True, False, True, True] * 2


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        (
            {"delta": {"content": "Hi"}, "message": {"content": "Hi", "odd": 1}, "index": "0"},
            {"delta": {"content": "Hi"}, "message": {"content": "Hi", "odd": 1}, "index": 0},
        ),
        (
            {"index": 0, "delta": {"function_call": {"name": "f", "arguments": {"a": 1}}}},
            {"index": 0, "delta": {"function_call": {"name": "f", "arguments": '{"a":1}'}}},
        ),
        (
            {"index": 0, "delta": {"tool_calls": [{"id": "c1"}, {"function": {"arguments": []}}]}},
            {"index": 0, "delta": {"tool_calls": [{"id": "c1"}, {"function": {"arguments": "[]"}}]}},
        ),
        (
            {"index": 0, "delta": {"tool_calls": [5, {"id": "c1"}]}},
            {"index": 0, "delta": {"tool_calls": [5, {"id": "c1"}]}},
        ),
        (
            {"index": 0, "delta": {"tool_calls": [{"custom": {"name": "f", "input": {"ä": [1, 2]}}}]}},
            {"index": 0, "delta": {"tool_calls": [{"custom": {"name": "f", "input": '{"ä":[1,2]}'}}]}},
        ),
        (
            {"index": 0, "delta": {"tool_calls": {"function": {"name": "f"}}}},
            {"index": 0, "delta": {"tool_calls": [{"function": {"name": "f"}}]}},
        ),
        ({"index": 0, "text": "Hi"}, {"index": 0, "delta": {"content": "Hi"}}),
        ({"index": 0, "delta": "Hi"}, {"index": 0, "delta": {"content": "Hi"}}),
        ({"index": 0, "text": "Ho", "message": {}}, {"index": 0, "text": "Ho", "message": {}}),
        ({"index": 0, "delta": [1]}, {"index": 0, "delta": [1]}),
        ({"index": 0, "delta": None, "text": 5}, {"index": 0, "text": 5}),
        (
            {"index": 0, "delta": {"content": "Hi"}, "text": "Ho"},
            {"index": 0, "delta": {"content": "Hi"}, "text": "Ho"},
        ),
        (
            {"index": 0, "delta": {}, "message": {"role": "a", "extra": 1}},
            {"index": 0, "message": {"role": "a", "extra": 1}},
        ),
        (5, 5),
    ],
)
def test_a_choice_is_put_into_shape(choice: Any, read: Any) -> None:
    items = decode(msgspec.json.encode({"choices": [choice]}).decode())
    assert items[-1] == chunk(choices=[read])
    assert isinstance(items[-1], ChatCompletionChunk)
    assert items[-1].raw == {"choices": [choice]}
    if isinstance(choice, dict):
        assert (decode(msgspec.json.encode({"choices": choice}).decode())[-1]) == items[-1]


def delta_of(delta: dict[str, Any]) -> ChoiceDelta:
    """The delta that is read from this one, by itself in a chunk."""
    said = decode(msgspec.json.encode({"choices": [{"index": 0, "delta": delta}]}).decode())[-1]
    assert isinstance(said, ChatCompletionChunk)
    return said.choices[0].delta


@pytest.mark.parametrize(
    ("parts", "content", "reasoning", "left"),
    [
        ([5, {"type": "text", "text": "Hi"}, None], "Hi", "", [5, None]),
        ([{"type": "text", "text": 5}], "", "", [{"type": "text", "text": 5}]),
        ([{"type": "thinking", "thinking": [5]}], "", "", [{"type": "thinking", "thinking": [5]}]),
        ([{"type": "thinking", "thinking": 5}], "", "", [{"type": "thinking", "thinking": 5}]),
        ([{"thinking": "hm", "closed": True}], "", "hm", [{"closed": True}]),
        ([{"thinking": "h"}, {"thinking": [{"text": "m"}]}, 5], "", "hm", [5]),
        ([{"thinking": [{"text": 5}]}], "", "", [{"thinking": [{"text": 5}]}]),
        (
            [{"type": "output_text", "text": "Hi"}, {"type": "image", "text": "Ho"}],
            "Hi",
            "",
            [{"type": "image", "text": "Ho"}],
        ),
    ],
)
def test_content_in_parts(parts: list[Any], content: str, reasoning: str, left: list[Any]) -> None:
    delta = delta_of({"content": parts})
    assert (delta.content, delta.reasoning_content, delta.extra) == (content, reasoning, {"content": left})


@pytest.mark.parametrize(
    ("reasoning", "said"),
    [
        (["h", "m"], "hm"),
        (["h", {"text": "m"}, 5, None], "hm"),
        *[({name: "hm"}, "hm") for name in ("text", "thinking", "content", "summary")],
        *[({name: ["h", {"text": "m"}]}, "hm") for name in ("text", "thinking", "content", "summary")],
        ({"content": {"thinking": "hm"}}, "hm"),
        ({"summary": "m", "text": "h"}, "hm"),
        ({"type": "hm", "odd": "hm"}, None),
        ([[["hm"]]], "hm"),
    ],
)
@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "reasoning_text"])
def test_reasoning_may_have_a_structure(reasoning: object, said: str | None, name: str) -> None:
    delta = delta_of({name: reasoning})
    assert (getattr(delta, name), delta.extra) == (said, {name: reasoning})


def test_what_is_no_tool_call_is_kept_beside_those_that_are() -> None:
    delta = delta_of({"tool_calls": [5, {"id": "c1"}, None]})
    assert delta.tool_calls is not None
    assert [call.id for call in delta.tool_calls] == ["c1"]
    assert delta.extra == {"tool_calls": [5, None]}


THOUGHT = {"type": "thinking", "thinking": "hm"}


@pytest.mark.parametrize(
    ("beside", "reasoning", "left"),
    [
        ({"reasoning_content": "hm"}, "hm", {}),
        ({"reasoning_content": "so"}, "so", {"content": [THOUGHT]}),
        ({"reasoning_content": ""}, "hm", {}),
        ({"reasoning": "hm"}, None, {}),
        ({"reasoning": "so"}, None, {"content": [THOUGHT]}),
        ({"reasoning": ""}, "hm", {}),
    ],
)
def test_thinking_in_parts_beside_reasoning(
    beside: dict[str, str], reasoning: str | None, left: dict[str, Any]
) -> None:
    delta = delta_of({"content": [THOUGHT], **beside})
    assert (delta.reasoning_content, delta.reasoning, delta.extra) == (reasoning, beside.get("reasoning"), left)


def test_usage_counts_before_that_of_groq() -> None:
    said = decode('{"usage":{"prompt_tokens":1},"x_groq":{"usage":{"prompt_tokens":2}}}')[-1]
    assert said == chunk(usage={"prompt_tokens": 1}, x_groq={"usage": {"prompt_tokens": 2}})


@pytest.mark.parametrize("data", ["no JSON", "[1]", "5", '"text"', "null", "{", '{"a":' + "[" * 1000])
def test_what_is_no_chunk(data: str) -> None:
    with pytest.raises(ChunkDecodeError) as error:
        decode(data)
    assert error.value.data == data
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    ("data", "message", "type", "code"),
    [
        ('{"error":{"message":"m","type":"t","code":5}}', "m", "t", 5),
        ('{"error":{"message":"m","code":"c"},"type":"t","status":500}', "m", "t", "c"),
        ('{"error":{"message":"m"},"code":7}', "m", None, 7),
        ('{"error":{"message":"m","code":true,"type":5}}', "m", None, None),
        ('{"error":{"message":"m","code":[5]},"type":null}', "m", None, None),
        ('{"error":"m","detail":"d"}', "m", None, None),
        ('{"error":true,"message":"m"}', "m", None, None),
        ('{"error":["a"]}', '["a"]', None, None),
        ('{"error":{"detail":"d"}}', "d", None, None),
        ('{"error":{"message":""},"detail":"d"}', "d", None, None),
        ('{"error":""}', '{"error":""}', None, None),
        ('{"object":"error","message":"m","code":40001}', "m", None, 40001),
        ('{"type":"error","message":"m"}', "m", "error", None),
        ('{"detail":"d"}', "d", None, None),
        ('{"detail":[{"loc":["a"]}]}', '{"detail":[{"loc":["a"]}]}', None, None),
    ],
)
def test_an_error_has_many_forms(data: str, message: str, type: str | None, code: object) -> None:
    error = failure(decode(data))
    assert (error.message, error.type, error.code) == (message, type, code)
    assert error.body == msgspec.json.decode(data)


MESSAGES = (
    *("message", "msg", "detail", "error_message", "error_msg", "errmsg", "status_msg", "description", "reason"),
)
CODES = ("code", "status_code", "error_code", "errcode", "status")


@pytest.mark.parametrize("place", range(len(MESSAGES)))
def test_the_first_message_of_an_error_counts(place: int) -> None:
    fields = {name: name for name in reversed(MESSAGES[place:])}
    assert failure(decode(json.dumps({"error": fields}))).message == MESSAGES[place]
    assert failure(decode(json.dumps({"code": 500, MESSAGES[place]: "m"}))).message == "m"


@pytest.mark.parametrize("place", range(len(CODES)))
def test_the_first_code_of_an_error_counts(place: int) -> None:
    fields = {name: name for name in reversed(CODES[place:])}
    assert failure(decode(json.dumps({"error": fields}))).code == CODES[place]
    error = failure(decode(json.dumps({CODES[place]: -1, "message": "m"})))
    assert (error.message, error.code) == ("m", -1)


@pytest.mark.parametrize(
    ("code", "failing"),
    [
        *[(code, False) for code in (0, 200, 204, 299, "0", "200", "-0", True, False, None, 500.5, [500], "")],
        *[(code, False) for code in ("ok", "OK", "success", "succeeded", "completed", "in_progress")],
        *[(code, True) for code in (1, -1, 199, 300, 500, "500", "-1", "slow_down", "--")],
    ],
)
def test_a_code_beside_a_message_may_be_that_of_a_success(code: object, failing: bool) -> None:
    value = {"code": code, "message": "m"}
    assert isinstance(decode(json.dumps(value))[-1], Failure if failing else ChatCompletionChunk)
    value = {"base_resp": {"status_code": code, "status_msg": "m"}}
    assert isinstance(decode(json.dumps(value))[-1], Failure if failing else ChatCompletionChunk)


@pytest.mark.parametrize("status", ["error", "fail", "failed", "failure", "FAILED"])
def test_a_status_may_be_that_of_a_failure(status: str) -> None:
    assert failure(decode(json.dumps({"status": status, "message": "m"}))).message == "m"
    assert isinstance(decode(json.dumps({"status": status}))[-1], ChatCompletionChunk)


@pytest.mark.parametrize(
    ("data", "message", "code"),
    [
        ('{"error":{"errors":[{"message":"m","code":5}]}}', "m", 5),
        ('{"error":{"error":{"message":"m"},"code":5}}', "m", 5),
        ('{"errors":[{"message":"m"}]}', "m", None),
        ('{"errors":["m"]}', '["m"]', None),
        ('{"success":false,"message":"m"}', "m", None),
        ('{"object":"error"}', '{"object":"error"}', None),
        ('{"type":"error"}', '{"type":"error"}', None),
        ('{"ok":false,"message":"m"}', "m", None),
        ('{"error":{}}', '{"error":{}}', None),
        ('{"error":{"message":"m","code":""},"status":7}', "m", 7),
        ('{"error":{"message":"m","code":"error"},"status":7}', "m", 7),
        ('{"x_groq":{"error":"m"}}', "m", None),
        ('[{"error":{"message":"m","code":5}}]', "m", 5),
        ('[{"error":{"message":"m"}},{"error":{"message":"n"}}]', "m", None),
        ("error: m", "m", None),
        ("Error :m", "m", None),
        ("ERROR:", "ERROR:", None),
        ('error: {"message":"m","code":5}', "m", 5),
        ('{"choices":[{"in{"error":{"message":"m","code":5}}', None, None),
        ('{"choices":[{"in\n{"error":{"message":"m","code":5}}', "m", 5),
        ('{"choices":[{"in\n {"error":{"message":"m","code":5}}', "m", 5),
        ('{"choices":[{"indata: {"error":{"message":"m","code":5}}', "m", 5),
        ('{"choices":[{"indata:[{"error":{"message":"m","code":5}}]', "m", 5),
        ('{"choices":[{"indata:[5]', None, None),
        ('{"choices":[{"indata:[]', None, None),
        ('{"choices":[{"indata:{"id":"c1"}', None, None),
        ('{"error":{"message":"m"}}\n{"choices":[{"in', None, None),
    ],
)
def test_an_error_by_itself_or_within_something_else(data: str, message: str | None, code: object) -> None:
    if message is None:
        with pytest.raises(ChunkDecodeError):
            decode(data)
    else:
        *before, last = decode(data)
        error = failure([last])
        assert (error.message, error.code) == (message, code)
        assert before == ([AnomalyFound("interrupted_event", data)] if data.startswith('{"choices":[{"in') else [])


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        ({"retry_after": 0}, 0.0),
        ({"retry_after": 2}, 2.0),
        ({"retry_after": 0.5}, 0.5),
        ({"retry_after": -1}, None),
        ({"retry_after": "2"}, None),
        ({"retry_after": True}, None),
        ({"retry_after": True, "details": [{"retryDelay": "3s"}]}, 3.0),
        ({"retry_after": 2, "details": [{"retryDelay": "3s"}]}, 2.0),
        ({"error": {"message": "m"}, "retry_after": 2}, 2.0),
        ({"details": [5, {"retryDelay": 5}, {}, {"retryDelay": "1.25s"}, {"retryDelay": "3s"}]}, 1.25),
        ({"details": [{"retryDelay": "123456789s"}]}, 123456789.0),
        ({"details": [{"retryDelay": "1234567890s"}]}, None),
        ({"details": [{"retryDelay": "3"}]}, None),
        ({"details": [{"retryDelay": "3.s"}]}, None),
        ({"details": {"retryDelay": "3s"}}, None),
    ],
)
def test_how_long_an_error_asks_to_wait(error: dict[str, Any], seconds: float | None) -> None:
    assert failure(decode(json.dumps({"error": error}))).retry_after == seconds


@pytest.mark.parametrize("word", ["ping", "pong", "heartbeat", "keepalive", "keep-alive", "keep_alive", "PING"])
def test_a_keepalive_is_told_by_its_name_or_a_field(word: str) -> None:
    for data, event in (
        ("{}", word),
        ("no JSON", word),
        *((json.dumps({name: word}), "message") for name in ("type", "event", "object")),
    ):
        assert decode(data, event) == [AnomalyFound("keepalive_as_data", data), Ping(data)]
    for data in (json.dumps({"choices": [], "type": word}), json.dumps({"error": "m", "type": word})):
        assert not [item for item in decode(data) if isinstance(item, Ping)]
    assert isinstance(decode(json.dumps({"id": word}))[-1], ChatCompletionChunk)


@pytest.mark.parametrize("data", ["DONE", "done", "[done]", '"[DONE]"', "'DONE'", '"done"'])
def test_an_end_mark_may_be_written_in_another_way(data: str) -> None:
    assert decode(data) == [AnomalyFound("odd_end_mark", data), Done()]
    assert OpenAIChat().is_whole(data)


@pytest.mark.parametrize("data", ["DONE!", "DONEX", "[DONE", '""[DONE]"', '""[DONE]""', "END"])
def test_what_is_no_end_mark(data: str) -> None:
    with pytest.raises(ChunkDecodeError):
        decode(data)
    assert not OpenAIChat().is_whole(data)


@pytest.mark.parametrize(
    "data",
    [
        '{"error":null}',
        '{"error":0,"choices":[]}',
        '{"error":"","choices":[]}',
        '{"object":"error","choices":[]}',
        '{"id":"c1","detail":"high"}',
        '{"usage":{},"detail":"high"}',
        '{"choices":[{"index":0,"error":null},5]}',
        '{"choices":"error"}',
    ],
)
def test_what_is_no_error(data: str) -> None:
    assert isinstance(decode(data)[-1], ChatCompletionChunk)


def test_what_comes_beside_an_error_comes_first() -> None:
    for data in (
        '{"error":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}',
        '{"choices":[{"index":0,"delta":{"content":"Hi"},"error":"m"}]}',
        '{"error":"m","usage":{"prompt_tokens":1}}',
        '{"error":"m","id":"c1","model":"m1"}',
        '{"error":"m","created":1}',
        '{"error":"m","object":"chat.completion.chunk"}',
    ):
        *_, said, error = decode(data)
        assert isinstance(said, ChatCompletionChunk)
        assert said.raw == msgspec.json.decode(data)
        assert failure([error]).message == "m"
    for data in ('{"error":"m","id":"c1"}', '{"error":"m","created":0,"model":"","choices":[],"object":"error"}'):
        assert failure(decode(data)).message == "m"


def test_an_event_named_error_is_one_whatever_it_holds() -> None:
    assert failure(decode('{"message":"m"}', "error")).message == "m"
    assert failure(decode('{"x_groq":{"error":"m"}}', "error")).message == "m"
    assert failure(decode('{"base_resp":{"status_code":1002,"status_msg":"m"}}', "error")).code == 1002
    assert failure(decode('{"choices":[{"error":{"message":"m"}}]}', "error")).message == "m"
    assert failure(decode("not JSON", "error")).body == "not JSON"
    assert failure(decode("[1]", "error")).message == "[1]"


def test_a_field_named_error() -> None:
    dialect = OpenAIChat()
    assert failure(list(dialect.decode_field("error", '{"message":"m","code":500}'))).code == 500
    assert failure(list(dialect.decode_field("error", "text"))).message == "text"
    assert failure(list(dialect.decode_field("error", ""))).message == '""'
    assert dialect.decode_field("errors", "text") == ()


@pytest.mark.parametrize("data", ["[DONE]", " [DONE] ", ": ping", "{}", ' {"a":[1]} ', '{"a":NaN}'])
def test_what_is_whole(data: str) -> None:
    assert OpenAIChat().is_whole(data) is True


@pytest.mark.parametrize("data", ["", "[DON", "{", '{"a":', "[]", "5", "text", "{" * 1000])
def test_what_is_not_whole(data: str) -> None:
    assert OpenAIChat().is_whole(data) is False


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NaN-free", None),
        ('{"a":"\\ud83d"}', {"a": "\N{REPLACEMENT CHARACTER}"}),
        ('{"\\ude00":["\\ud83d\\ude00"]}', {"\N{REPLACEMENT CHARACTER}": ["\N{GRINNING FACE}"]}),
        ('"a\nb\x01"', "a\nb\x01"),
        ("[-Infinity, 1e999]", [float("-inf"), float("inf")]),
    ],
)
def test_loose_json(text: str, value: object) -> None:
    if value is None:
        with pytest.raises(ChunkDecodeError, match="not JSON"):
            loads(text)
    else:
        assert loads(text) == (value, True)


@pytest.mark.parametrize(
    ("text", "value", "loose"),
    [
        ('["a"]', ["a"], False),
        ('["\\ud83d"]', ["\ud83d"], False),
        ('["\\ud83d\\ude00"]', ["\N{GRINNING FACE}"], False),
        ('["\\ud83d\n"]', ["\ud83d\n"], True),
        ('["\\ud83d",Infinity]', ["\ud83d", float("inf")], True),
        ("[Infinity]", [float("inf")], True),
    ],
)
def test_half_a_character_may_be_kept_and_is_not_loose(text: str, value: object, loose: bool) -> None:
    assert loads(text, keep_surrogates=True) == (value, loose)


def test_loose_json_may_be_nested_as_deep_as_any() -> None:
    assert loads(DEEP.replace("[]", "[NaN]"))[1] is True
    for text in (f"[{DEEP}]", f"[{DEEP}]".replace("[]", "[NaN]")):
        with pytest.raises(ChunkDecodeError, match=r"^nested deeper than 128 levels: '\[\[") as error:
            loads(text)
        assert error.value.data == text


@pytest.mark.parametrize(("text", "shown"), [("x" * 200, "x" * 200), ("x" * 201, "x" * 200 + "…")])
def test_what_is_no_json_is_shown_as_it_begins(text: str, shown: str) -> None:
    with pytest.raises(ChunkDecodeError) as error:
        loads(text)
    assert str(error.value).endswith(f": {shown!r}")


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, False),
        ("[" * MAX_DEPTH + "[]" + "]" * MAX_DEPTH, True),
        ("[" + "[]," * 500 + "[]]", False),
        ("[" + '{"a":1},' * 500 + "1]", False),
        ("[" * (MAX_DEPTH - 1) + "[],[]" + "]" * (MAX_DEPTH - 1), False),
        ("[" * 100 + "[]," + "[" * (MAX_DEPTH - 99), True),
        ('{"a":' * 200 + "1" + "}" * 200, True),
        ('["' + "[" * 500 + '"]', False),
        ('["\\"' + "[" * 500 + '"]', False),
        ('["X", ' + "[" * 500, True),
        ('["\\\\", ' + "[" * 500, True),
        ('["\\\\\\"' + "[" * 500 + '"]', False),
        ('["\\\\\\\\", ' + "[" * 500, True),
        ('["\\"", ' + "[" * 500, True),
        ('["\\"\\"", ' + "[" * 500, True),
        ('["' + '\\"[' * 500, False),
        ('["' + "[" * 500 + "\\", False),
    ],
)
def test_what_is_nested_too_deep(text: str, deep: bool) -> None:
    assert is_deep(text) is deep


def test_128_levels_may_be_nested() -> None:
    assert MAX_DEPTH == 128


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"choices": [{"index": 0, "delta": {"content": "a"}}], "usage": {"total_tokens": 1}}, False),
        ({"choices": []}, False),
        ({"choices": [], "odd": 1}, True),
        ({"choices": [], "usage": {"odd": 1}}, True),
        ({"choices": [{"index": 0, "delta": {}, "odd": 1}]}, True),
        ({"choices": [{"index": 0, "delta": {"odd": 1}}]}, True),
        ({"choices": [{"index": 0, "delta": {}, "message": {"content": "a"}}]}, False),
        ({"choices": [{"index": 0, "delta": {}, "message": {"odd": 1}}]}, True),
        ({"choices": [{"index": 0, "delta": {}}, {"index": 1, "delta": {"odd": 1}}]}, True),
    ],
)
def test_what_the_model_does_not_name_is_seen_at_each_level(value: dict[str, Any], expected: bool) -> None:
    assert has_extras(chunk(**value)) is expected
