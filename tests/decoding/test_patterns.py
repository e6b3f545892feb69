"""Patterns: which chunks are like which, and what of a chunk may never be taken for a value that changes."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import ChatCompletionChunk
from sse_stream._decoding._patterns import Decode, Pattern, find_pattern
from sse_stream.dialects import OpenAIChat


def chunk(delta: dict[str, Any] | None = None, *, beside: dict[str, Any] | None = None, **fields: Any) -> str:
    """The JSON of a chunk with one choice, and a field that the model does not name: such chunks are compared."""
    fields = {"provider": "x", **fields}
    return json.dumps({"choices": [{"index": 0, "delta": delta or {}, **(beside or {})}], **fields}, ensure_ascii=False)


def strict(delta: dict[str, Any], **fields: Any) -> str:
    """The JSON of a chunk that has nothing but what the model names, and so is decoded quickly."""
    return json.dumps({"choices": [{"index": 0, "delta": delta}], **fields}, ensure_ascii=False)


def pattern_of(before: str | bytes, data: str | bytes, *, decode: Decode | None = None) -> Pattern | None:
    first, second = (text.encode() if isinstance(text, str) else text for text in (before, data))
    decode = decode or OpenAIChat().decode_plain
    later = decode(second)
    return None if later is None else find_pattern(first, second, later, decode)


def framed(data: str | bytes) -> bytes:
    return b"data: " + (data.encode() if isinstance(data, str) else data) + b"\n\n"


def decoded(data: str | bytes) -> ChatCompletionChunk:
    read = OpenAIChat().decode_plain(data)
    assert read is not None
    return read


USAGE = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6, "cost": {"total": 0.5}}


def message(said: str) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": said}}


# Two chunks that make a pattern, and one more that has to fit it.
ALIKE = [
    pytest.param([strict({"content": text}, created=1) for text in ("a", "b", "cd")], id="quick: text"),
    pytest.param([strict({"reasoning": text}) for text in ("a", "b", "cd")], id="quick: reasoning"),
    pytest.param([strict({"content": text}, obfuscation=text * 2) for text in ("a", "b", '"')], id="quick: padding"),
    pytest.param([chunk({"content": text}) for text in ("a", "b", "cd")], id="text"),
    pytest.param([chunk({"content": text}) for text in ("a", "日", '\n\t"\\{}[],:\u2028😀\x7f')], id="any text"),
    pytest.param(
        [chunk({"content": "TEXT"}).replace("TEXT", text) for text in ("a", "b", r"\u00e9\ud83d\ude00\"")],
        id="escapes",
    ),
    pytest.param([chunk({"content": text}) for text in ("a", "b", "")], id="no text"),
    pytest.param([chunk({"content": text}) for text in ("a", "b", '"}}]}')], id="text that looks like the end"),
    pytest.param([chunk({"reasoning_content": text, "role": "assistant"}) for text in "abc"], id="reasoning"),
    pytest.param([chunk({"reasoning_content": text, "reasoning": text}) for text in "abc"], id="two spellings"),
    pytest.param([chunk({"refusal": text}) for text in "abc"], id="refusal"),
    pytest.param(
        [chunk({"reasoning": text, "reasoning_details": [{"type": "t", "text": text, "index": 0}]}) for text in "abc"],
        id="details of reasoning",
    ),
    pytest.param(
        [chunk({"tool_calls": [{"index": 1, "function": {"arguments": text}}]}) for text in ("{", "1", '"a"')],
        id="arguments",
    ),
    pytest.param([chunk({"tool_calls": [{"index": n, "id": f"c{n}"}]}) for n in (0, 1, 12)], id="tool calls"),
    pytest.param([chunk({"tool_calls": [{"id": "c"}]}, usage={"total_tokens": n}) for n in (3, 4, 50)], id="a call's usage"),
    pytest.param([chunk({"content": text}, created=n) for text, n in (("a", 1), ("b", 2), ("c", 10))], id="a time"),
    pytest.param([chunk({"content": text}, obfuscation=text * 3) for text in "abc"], id="obfuscation"),
    pytest.param([chunk({"content": text}, id=f"c-{text}", model="m") for text in "abc"], id="ids"),
    pytest.param([chunk({"content": text}, p=text * 2) for text in "abc"], id="a field beside the choices"),
    pytest.param(
        [
            chunk({"content": text, "token_id": n}, beside={"text": text, "seed": None})
            for text, n in (("a", 1), ("b", 2), ("c", 3))
        ],
        id="fields that are not named",
    ),
    pytest.param([chunk(usage={**USAGE, "completion_tokens": n, "total_tokens": n + 5}) for n in (1, 2, 300)], id="usage"),
    pytest.param([chunk({"content": text}, beside=message("a" + text)) for text in "bcd"], id="the whole message"),
    pytest.param(
        [json.dumps({"choices": [{"index": n, "delta": {"content": text}}], "p": ""}) for n, text in ((0, "a"), (1, "b"), (7, "c"))],
        id="choices",
    ),
    pytest.param(
        [
            json.dumps({"choices": [{"index": n, "delta": {"content": text * (n + 1)}} for n in range(3)], "p": ""})
            for text in "abc"
        ],
        id="the text of each of three choices",
    ),
    pytest.param(
        [
            chunk({"content": text, "tool_calls": [{"index": n, "function": {"arguments": text * n}} for n in (1, 2)]})
            for text in "abc"
        ],
        id="the arguments of two calls",
    ),
    pytest.param(
        [f' {{ "choices" : [ {{ "delta" : {{ "content" : "{text}" }} , "index" : 0 }} ] }} ' for text in "abc"], id="spaces"
    ),
]  # fmt: skip


@pytest.mark.parametrize("datas", ALIKE)
def test_a_chunk_like_two_others_is_read(datas: list[str]) -> None:
    pattern = pattern_of(*datas[:2])
    assert pattern is not None
    for data in (datas[2], datas[0], datas[1], datas[2]):
        assert pattern.read(framed(data)) == decoded(data)
        assert repr(pattern.chunk) == repr(decoded(data))  # where 1 is not True


@pytest.mark.parametrize("datas", ALIKE)
def test_what_a_chunk_said_is_not_changed_by_the_next(datas: list[str]) -> None:
    """Whoever reads a chunk may keep what it holds, but for the chunk, its choices, their deltas and calls."""
    pattern = pattern_of(*datas[:2])
    assert pattern is not None
    kept = []
    for data in datas:
        read = pattern.read(framed(data))
        assert read is not None
        choices = [(choice.extra, choice.delta.extra, choice.delta.reasoning_details) for choice in read.choices]
        kept.append((read.extra, read.usage, choices))
    for data, parts in zip(datas, kept, strict=True):
        again = decoded(data)
        choices = [(choice.extra, choice.delta.extra, choice.delta.reasoning_details) for choice in again.choices]
        assert parts == (again.extra, again.usage, choices)


A, B = chunk({"content": "a"}, created=1), chunk({"content": "b"}, created=2)


@pytest.mark.parametrize(
    "event",
    [
        b"",
        b"\n\n",
        framed(A)[:-1],
        framed(A) + b"\n",
        framed(A)[1:],
        framed(chunk({"content": "c"})),
        framed(chunk({"content": "c"}, created=2, odd=1)),
        framed(A).replace(b'"a"', b"null"),
        framed(A).replace(b'"a"', b"1"),
        framed(A).replace(b'"a"', b'"a","content":"b"'),
        framed(A).replace(b'"a"', b'"a"b"'),
        framed(A).replace(b'"a"', b'"a\\"'),
        framed(A).replace(b'"a"', b'"a\n"'),
        framed(A).replace(b'"a"', b'\n"a"'),
        framed(A).replace(b'"a"', b'"\xff"'),
        framed(A).replace(b'"a"', b'"\\ud800"'),
        framed(A).replace(b'"a"', b'"\\x"'),
        framed(A).replace(b'"a"', b'"'),
        framed(A).replace(b'"created": 1', b'"created": "1"'),
        framed(A).replace(b'"created": 1', b'"created": -1'),
        framed(A).replace(b'"created": 1', b'"created": 1.0'),
        framed(A).replace(b'"created": 1', b'"created": 1e3'),
        framed(A).replace(b'"created": 1', b'"created": 01'),
        framed(A).replace(b'"created": 1', b'"created": \n1'),
        framed(A).replace(b'"created": 1', b'"created": '),
        framed(A).replace(b'"created": 1', b'"created": null'),
        framed(A).replace(b'"created": 1', b'"created": ' + b"9" * 16),
        framed(A).replace(b'"created": 1', '"created": ١'.encode()),  # an Arabic digit
    ],
)  # fmt: skip
def test_what_is_not_like_them_is_left_alone(event: bytes) -> None:
    pattern = pattern_of(A, B)
    assert pattern is not None
    assert pattern.read(framed(A)) == decoded(A)
    assert pattern.read(event) is None
    assert pattern.chunk == decoded(A)


def test_the_largest_number_that_is_read() -> None:
    pattern = pattern_of(A, B)
    assert pattern is not None
    large = A.replace('"created": 1', f'"created": {"9" * 15}')
    assert pattern.read(framed(large)) == decoded(large)


@pytest.mark.parametrize(
    ("before", "data"),
    [
        pytest.param(A, A, id="nothing changes"),
        pytest.param(strict({"content": "a"}, created=1), strict({"content": "b"}, created=2), id="quick: two values"),
        pytest.param(strict({"content": "a"}, created=1), strict({"content": "a"}, created=2), id="quick: no text"),
        pytest.param(strict({}, obfuscation="a"), strict({}, obfuscation="b"), id="quick: only padding"),
        pytest.param(
            '{"obfuscation":"a","choices":[{"index":0,"delta":{"content":"a"}}]}',
            '{"obfuscation":"b","choices":[{"index":0,"delta":{"content":"b"}}]}',
            id="quick: padding before the text",
        ),
        pytest.param(
            strict({"content": "a"}, obfuscation="a", id="a"),
            strict({"content": "b"}, obfuscation="b", id="b"),
            id="quick: padding and an id",
        ),
        pytest.param(
            strict({"tool_calls": [{"index": 0, "function": {"arguments": "a"}}]}),
            strict({"tool_calls": [{"index": 0, "function": {"arguments": "b"}}]}),
            id="quick: arguments",
        ),
        pytest.param(A, chunk({"content": "b"}, created=1, id="c"), id="another field"),
        pytest.param(A, A.replace("1", "null"), id="a number, then null"),
        pytest.param(A.replace("1", "1.5"), A.replace("1", "2.5"), id="a number that is not whole"),
        pytest.param(A.replace("1", "-1"), A.replace("1", "-2"), id="a number below zero"),
        pytest.param(A.replace("1", "1e1"), A.replace("1", "1e2"), id="a number with an exponent"),
        pytest.param(chunk(odd={"a": "b"}), chunk(odd={"a": "c"}), id="within a field that is not named"),
        pytest.param(chunk(odd=["b"]), chunk(odd=["c"]), id="within a list that is not named"),
        pytest.param(chunk(usage={"cost": 1}), chunk(usage={"cost": 2}), id="a field of usage that is not named"),
        pytest.param(chunk(a=1), chunk(b=1), id="a name"),
        pytest.param(chunk(beside={"message": {"a": 1}}), chunk(beside={"message": {"b": 1}}), id="a dropped name"),
        pytest.param(
            '{"p":1,"choices":[{"index":0,"delta":{},"message":{"role" \t:"a"}}]}',
            '{"p":1,"choices":[{"index":0,"delta":{},"message":{"name" \t:"a"}}]}',
            id="a dropped name, and space",
        ),
        pytest.param(
            '{"p":1,"choices":[{"index":0,"delta":{},"message":{"content":"a\\"1"}}]}',
            '{"p":1,"choices":[{"index":0,"delta":{},"message":{"content":"a\\"2"}}]}',
            id="a digit within a dropped text",
        ),
        pytest.param(
            '{"p":1,"choices":[{"index":0,"delta":{},"message":{"content":1}}]}',
            '{"p":1,"choices":[{"index":0,"delta":{},"message":{"content":2}}]}',
            id="a dropped number",
        ),
        pytest.param(
            strict({"content": "a"}, usage={"total_tokens": 1}),
            strict({"content": "b"}, usage={"total_tokens": 2}),
            id="quick: usage",
        ),
        pytest.param(chunk({"content": 'a "b" c'}), chunk({"content": 'a "d" c'}), id="within a text"),
        pytest.param(chunk({"content": 'a "1" c'}), chunk({"content": 'a "2" c'}), id="a number within a text"),
        pytest.param(chunk({"content": 'a", "b'}), chunk({"content": 'a",  "b'}), id="between two parts of a text"),
        pytest.param(chunk({"content": '"b"'}), chunk({"content": '"d"'}), id="in quotes within a text"),
        pytest.param(chunk({"content": '"b" "'}), chunk({"content": '"d" "'}), id="beside quotes within a text"),
        pytest.param(chunk({"content": 'a"b'}), chunk({"content": 'a"d'}), id="after a quote within a text"),
        pytest.param(chunk({"content": 'a"'}), chunk({"content": 'b"'}), id="before a quote within a text"),
        pytest.param(chunk({"content": '","'}), chunk({"content": '":"'}), id="a comma in quotes within a text"),
        pytest.param(
            '{"choices":[{"index":0,"delta":{"content":"a\\""}}],"p":"x"}',
            '{"choices":[{"index":0,"delta":{"content":"a\\""}}],"p": "x"}',
            id="between two strings",
        ),
        pytest.param("[1]", "[2]", id="no chunk"),
        pytest.param('{"a":"b', '{"a":"c', id="no JSON"),
        pytest.param(
            chunk({f"x{n}": "a" for n in range(7)}), chunk({f"x{n}": "b" for n in range(7)}), id="seven values"
        ),
        pytest.param(
            '{"choices":[{"index":0,"delta":{"content":"\\ud800"}}]}',
            '{"choices":[{"index":0,"delta":{"content":"\\ud801"}}]}',
            id="half a character",
        ),
    ],
)
def test_what_makes_no_pattern(before: str, data: str) -> None:
    assert pattern_of(before, data) is None


@pytest.mark.parametrize(
    ("fields", "beside", "delta"),
    [({"a": 1}, {}, {}), ({"usage": {"a": 1}}, {}, {}), ({}, {"a": 1}, {}), ({}, {}, {"a": 1})],
)
def test_a_field_that_is_not_named_is_worth_it_at_any_level(fields: Any, beside: Any, delta: Any) -> None:
    datas = [
        json.dumps({"choices": [{"index": 0, "delta": {"content": text, **delta}, **beside}], "id": text, **fields})
        for text in "abc"
    ]
    pattern = pattern_of(*datas[:2])
    assert pattern is not None
    assert pattern.read(framed(datas[2])) == decoded(datas[2])


def test_six_values_make_one() -> None:
    datas = [chunk({f"x{n}": letter for n in range(6)}) for letter in "abc"]
    pattern = pattern_of(*datas[:2])
    assert pattern is not None
    assert pattern.read(framed(datas[2])) == decoded(datas[2])


@pytest.mark.parametrize(
    ("before", "data", "after"),
    [
        pytest.param(
            *(chunk({"content": text}, id="b") for text in ("a", "b", "c")), id="elsewhere what the value was"
        ),
        pytest.param(
            *(chunk({"content": text}, id="b.") for text in ("a", "b", "c")), id="elsewhere what is tried"
        ),
        pytest.param(*(chunk({"content": text, "refusal": "b."}) for text in ("a", "b", "c")), id="beside it"),
        pytest.param(*(chunk(odd=n, created=2, even=3, flag=True) for n in (1, 2, 5)), id="numbers"),
        pytest.param(*(chunk(flag=False, other=True, odd=n) for n in (3, 0, 5)), id="a number that equals no"),
        pytest.param(*(chunk(flag=False, other=True, odd=n) for n in (3, 1, 5)), id="a number that equals yes"),
        pytest.param(*(chunk(other=1.0, odd=n) for n in (3, 1, 5)), id="a number that equals another"),
        pytest.param(*(chunk(beside={"obfuscation": t}) for t in "abc"), id="padding of a choice"),
        pytest.param(
            *(
                f'{{"choices":[{{"index":0,"delta":{{"content":"{text}","content":"same"}}}}],"p":1}}'
                for text in ("a", "b", "c")
            ),
            id="a name twice, the first changes",
        ),
        pytest.param(
            *(
                f'{{"choices":[{{"index":0,"delta":{{"content":"b","content":"{text}"}}}}]}}'
                for text in ("a", "b", "c")
            ),
            id="a name twice, the second changes",
        ),
        pytest.param(
            *(
                f'{{"choices":[{{"index":0,"delta":{{"content":"{text}"}},"delta":{{"content":"b"}}}}],"p":1}}'
                for text in ("a", "b", "c")
            ),
            id="a delta twice",
        ),
    ],
)  # fmt: skip
def test_a_value_goes_where_it_belongs(before: str, data: str, after: str) -> None:
    pattern = pattern_of(before, data)
    assert pattern is not None
    for other in (after, before):
        assert pattern.read(framed(other)) == decoded(other)
        assert repr(pattern.chunk) == repr(decoded(other))  # where 1 is not True


@pytest.mark.parametrize(
    ("datas", "spoken"),
    [
        ([chunk({"content": text}) for text in "ab"], "content"),
        ([chunk({"reasoning": text}) for text in "ab"], "reasoning"),
        ([chunk({"content": text}, created=n) for n, text in enumerate("ab")], ""),
        ([chunk({"content": "a"}, created=n) for n in (1, 2)], ""),
        ([chunk({"content": "a", "role": text}) for text in "ab"], "role"),
        ([chunk({"content": "a", "odd": text}) for text in "ab"], ""),
        ([chunk({"content": text}, obfuscation=text) for text in "ab"], "content"),
        ([chunk({"content": text}, obfuscation=text, p=text) for text in "ab"], ""),
        ([chunk({"content": text, "refusal": text}) for text in "ab"], ""),
        ([chunk(obfuscation=text) for text in "ab"], ""),
    ],
)
def test_which_field_is_all_that_changes(datas: list[str], spoken: str) -> None:
    pattern = pattern_of(*datas)
    assert pattern is not None
    assert pattern.spoken == spoken


@pytest.mark.parametrize(
    "data",
    [
        b'{"p":1,"choices":[],"dropped":{"%s":1}}',
        b'{"p":1,"choices":[],"dropped":{"%s" \t: 1}}',
        b'{"p":1,"choices":[],"dropped":{"%s"\r\n:"a"}}',
    ],
)
def test_a_name_is_no_value_even_where_it_is_dropped(data: bytes) -> None:
    def decode(data: bytes) -> ChatCompletionChunk | None:
        value = msgspec.json.decode(data)
        value.pop("dropped")
        return OpenAIChat().decode_plain(msgspec.json.encode(value))

    assert pattern_of(data % b"a", data % b"b", decode=decode) is None
    text = b'{"p":1,"choices":[],"dropped":{"a":"%s"}}'
    assert pattern_of(text % b"a", text % b"b", decode=decode) is not None


def test_a_decoder_that_reads_nothing_finds_none() -> None:
    assert find_pattern(A.encode(), B.encode(), decoded(B), lambda _: None) is None


CALL = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}
WHOLE: dict[str, Any] = {
    "id": "a",
    "choices": [
        {"index": 0, "delta": {"content": "a", "tool_calls": [CALL, CALL], "reasoning_details": [{"text": "a"}] * 2}},
        {"index": 1, "delta": {"content": "a"}},
    ],
    "usage": {"total_tokens": 3},
    "odd": "a",
}


@pytest.mark.parametrize(
    "other",
    [
        {**WHOLE, "choices": []},
        {**WHOLE, "choices": WHOLE["choices"][:1]},
        {**WHOLE, "usage": None},
        {**WHOLE, "usage": {"total_tokens": 4}},
        {**WHOLE, "odd": None},
        {"choices": WHOLE["choices"]},
        *(
            {**WHOLE, "choices": [{"index": 0, "delta": {**WHOLE["choices"][0]["delta"], **delta}}, *WHOLE["choices"][1:]]}
            for delta in (
                {"tool_calls": None},
                {"tool_calls": [CALL]},
                {"tool_calls": [{"index": 0, "id": "c"}, CALL]},
                {"reasoning_details": None},
                {"reasoning_details": [{"text": "a"}]},
                {"reasoning_details": [{"text": "a"}, {}]},
            )
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_a_decoder_that_makes_something_else_of_a_chunk_like_it_finds_none(other: dict[str, Any], turned: bool) -> None:
    one, two = (ChatCompletionChunk.from_dict(value) for value in ((other, WHOLE) if turned else (WHOLE, other)))
    data = json.dumps(WHOLE).encode()
    assert find_pattern(data.replace(b'"id": "a"', b'"id": "b"'), data, one, lambda _: two) is None


# Near to what is hard: few letters, quotes and backslashes, and what the JSON around them is made of.
texts = st.text(alphabet=list('ab"\\ {}[]:,.1\u2028\u00e9'), max_size=6)
values: st.SearchStrategy[Any] = st.one_of(
    texts, st.integers(0, 12), st.sampled_from([None, True, False, -1, 1.5, 10**20, [], {}])
)
names = st.sampled_from(["id", "created", "model", "obfuscation", "odd", "a", "b", "object", "service_tier"])
deltas = st.dictionaries(st.sampled_from(["content", "reasoning", "role", "odd", "name"]), values, max_size=3)
chunks = st.builds(
    lambda delta, beside, fields, compact: json.dumps(
        {"choices": [{"index": 0, "delta": delta, **beside}], **fields},
        ensure_ascii=bool(compact % 2),
        separators=(",", ":") if compact > 1 else None,
    ).encode(),
    deltas,
    st.dictionaries(st.sampled_from(["odd", "text", "finish_reason", "message"]), values, max_size=2),
    st.dictionaries(names, values, max_size=3),
    st.integers(0, 3),
)


@st.composite
def nearly_alike(draw: st.DrawFn) -> list[bytes]:
    """A chunk's JSON, and others that differ from it in a few pieces: of the bytes, so that it may be no JSON at all."""
    data = draw(chunks)
    pieces = data.split(b'"')
    places = draw(st.lists(st.integers(0, len(pieces) - 1), min_size=1, max_size=3, unique=True))
    made = [data]
    for _ in range(draw(st.integers(2, 4))):
        others = list(pieces)
        for place in places:
            others[place] = draw(
                st.one_of(
                    st.binary(max_size=3),
                    texts.map(str.encode),
                    st.sampled_from([b":1,", b": 12, ", b":01}", b'\\"', b'a\\"b', b"", b"\\", b"\n", b"\\u0041"]),
                )
            )
        made.append(b'"'.join(others))
    return made


@given(nearly_alike())
def test_what_is_read_is_what_decoding_gives(datas: list[bytes]) -> None:
    dialect = OpenAIChat()
    for before, data in itertools.pairwise(datas):
        pattern = pattern_of(before, data, decode=dialect.decode_plain)
        if pattern is None:
            continue
        for other in datas:
            read = pattern.read(framed(other))
            if read is not None:
                assert read == dialect.decode_plain(other)
                assert b"\n" not in other.strip(b" ")
                msgspec.json.decode(other)


def test_a_value_that_a_dialect_puts_in_two_places_is_none_of_a_pattern() -> None:
    def decode(data: bytes) -> ChatCompletionChunk | None:
        read = OpenAIChat().decode_plain(data)
        if read is not None:
            read.model = read.id
        return read

    assert pattern_of(chunk(id="a"), chunk(id="b"), decode=decode) is None
    assert pattern_of(chunk(odd="a"), chunk(odd="b"), decode=decode) is not None
