"""Structs as JSON objects, which decode to equal structs again, and JSON values as text."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream._json._depth import MAX_DEPTH
from sse_stream._json._reading import read_struct
from sse_stream._json._writing import encode_json, object_of

from .test_copying import ANYTHING, containers


class Inner(msgspec.Struct):
    name: str | None = None
    extra: dict[str, Any] = {}


class Outer(msgspec.Struct):
    place: int = 0
    inner: Inner | None = None
    inners: list[Inner] | None = None
    words: list[str] | None = None
    anything: Any = None
    extra: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("struct", "said"),
    [
        (Outer(), {"place": 0}),
        (Outer(1, Inner("a"), [Inner(), Inner("b", {"odd": 1})], ["x"], [{"a": None}]), None),
        (Outer(extra={"odd": [1], "none": None}), {"place": 0, "odd": [1], "none": None}),
        (Outer(extra={"extra": 1}), {"place": 0, "extra": 1}),
        # What has the name of a field is set aside, whether the field says something or not.
        (Outer(3, extra={"place": "x"}), {"place": 3, "provider_fields": {"place": "x"}}),
        (Outer(extra={"words": None, "odd": 1}), {"place": 0, "odd": 1, "provider_fields": {"words": None}}),
        (Outer(0, Inner(extra={"name": 5})), {"place": 0, "inner": {"provider_fields": {"name": 5}}}),
        # What is called like the place for these fields stays, unless it would be taken for one of ours.
        (Outer(extra={"provider_fields": {"odd": 1}}), {"place": 0, "provider_fields": {"odd": 1}}),
        (Outer(extra={"provider_fields": {}}), {"place": 0, "provider_fields": {}}),
        (Outer(extra={"provider_fields": ["words"]}), {"place": 0, "provider_fields": ["words"]}),
        (
            Outer(extra={"provider_fields": {"words": 1}}),
            {"place": 0, "provider_fields": {"provider_fields": {"words": 1}}},
        ),
        (
            Outer(extra={"words": 1, "provider_fields": {"odd": 1}}),
            {"place": 0, "provider_fields": {"words": 1, "provider_fields": {"odd": 1}}},
        ),
    ],
)
def test_a_struct_as_an_object(struct: Outer, said: dict[str, Any] | None) -> None:
    written = object_of(struct)
    if said is None:
        said = {
            "place": 1,
            "inner": {"name": "a"},
            "inners": [{}, {"name": "b", "odd": 1}],
            "words": ["x"],
            "anything": [{"a": None}],
        }
    assert written == said
    assert list(written) == list(said)
    assert read_struct(Outer, written) == struct


NAMES = st.sampled_from(["place", "inner", "inners", "words", "anything", "name", "extra", "provider_fields", "odd"])
EXTRAS = st.dictionaries(
    NAMES | st.text(max_size=2), ANYTHING | st.dictionaries(NAMES, ANYTHING, min_size=1, max_size=2), max_size=4
)
INNERS = st.builds(Inner, st.none() | st.text(max_size=3), EXTRAS)
OUTERS = st.builds(
    Outer,
    st.integers(),
    st.none() | INNERS,
    st.none() | st.lists(INNERS, max_size=2),
    st.none() | st.lists(st.text(max_size=3), max_size=2),
    ANYTHING,
    EXTRAS,
)


@given(OUTERS)
def test_whatever_is_in_extra_an_object_is_read_as_the_struct_that_wrote_it(struct: Outer) -> None:
    written = object_of(struct)
    assert read_struct(Outer, written) == struct
    shared = {id(one) for one in containers(written)} & {id(one) for one in containers(struct.anything)}
    shared |= {id(one) for one in containers(written)} & {id(one) for one in containers(struct.extra)}
    assert not shared


@given(EXTRAS)
def test_whatever_object_is_read_what_is_written_of_it_is_read_alike(value: dict[str, Any]) -> None:
    struct = read_struct(Outer, value)
    assert read_struct(Outer, object_of(struct)) == struct


@given(ANYTHING)
def test_text_says_the_value(value: Any) -> None:
    if has_no_word(value):
        with pytest.raises(ValueError):  # whatever msgspec says of it
            encode_json(value)
    else:
        text = encode_json(value)
        assert json.loads(text) == value
        assert b"\n" not in text


def has_no_word(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "JSON cannot represent NaN or Infinity"),
        ({"a": [None, {"b": -math.inf}]}, "JSON cannot represent NaN or Infinity"),
        ("\ud83d", "surrogates"),
        ({"a": object()}, "not a JSON value: .*object"),
        ([[]] * 2 + [lambda: None], "not a JSON value"),
    ],
)
def test_what_json_has_no_word_for(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_json(value)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


# Beyond its own limit, which is Python's matter: so are the words.
TOO_DEEP = r"^nested deeper than 128 levels$|^not a JSON value: .*(recursion|[Ss]tack overflow)"


def test_what_is_too_deep_to_be_read_again_is_not_written() -> None:
    assert encode_json(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert encode_json([[]] * 1000) == b"[" + b",".join([b"[]"] * 1000) + b"]"
    assert encode_json("[" * 1000) == b'"' + b"[" * 1000 + b'"'
    for depth in (MAX_DEPTH + 1, 900, 100_000):
        with pytest.raises(ValueError, match=r"^nested deeper than 128 levels$|^not a JSON value: .*recursion"):
            encode_json(nested(depth))


@pytest.mark.parametrize("value", [None, [None], {"a": None}, {"null": 1.5}, "null"])
def test_null_is_no_infinity(value: Any) -> None:
    assert json.loads(encode_json(value)) == value
