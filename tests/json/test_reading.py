"""Reading a JSON object into a struct: values that fit, values that are converted, and values kept as received."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import msgspec
import pytest

from sse_stream._json._reading import LEFT_OVER, ignore, read_number, read_struct
from sse_stream._json._writing import object_of


class Inner(msgspec.Struct):
    name: str = ""
    extra: dict[str, Any] = {}


class Outer(msgspec.Struct):
    place: int
    text: str | None = None
    number: int | None = None
    share: float | None = None
    inner: Inner | None = None
    inners: list[Inner] | None = None
    words: list[str] | None = None
    anything: Any = None
    flat: dict[str, int] | None = None
    never: None = None
    extra: dict[str, Any] = {}


EVERY_FIELD = [name for name in Outer.__struct_fields__ if name != "extra"]


def read(value: dict[Any, Any]) -> tuple[Outer, list[str]]:
    odd: list[str] = []
    return read_struct(Outer, value, lambda name, _: odd.append(name)), odd


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"place": 3}, Outer(3)),
        ({}, Outer(0)),
        ({"place": None, "text": None}, Outer(0)),
        ({"text": "Hi"}, Outer(0, text="Hi")),
        ({"number": -1}, Outer(0, number=-1)),
        ({"share": 0.5}, Outer(0, share=0.5)),
        ({"share": 1}, Outer(0, share=1.0)),
        ({"inner": {"name": "a", "odd": 1}}, Outer(0, inner=Inner("a", {"odd": 1}))),
        ({"inners": [{"name": "a"}, {}]}, Outer(0, inners=[Inner("a"), Inner()])),
        ({"words": []}, Outer(0, words=[])),
        ({"anything": [1, {"a": None}]}, Outer(0, anything=[1, {"a": None}])),
        ({"flat": {"a": ["b"]}, "never": None}, Outer(0, flat=cast("dict[str, int]", {"a": ["b"]}))),
        ({"odd": 1, "extra": 2}, Outer(0, extra={"odd": 1, "extra": 2})),
        ({LEFT_OVER: {"text": 1}, "text": "Hi"}, Outer(0, text="Hi", extra={"text": 1})),
    ],
)
def test_what_fits_is_read(value: dict[Any, Any], expected: Outer) -> None:
    assert read(value) == (expected, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"text": 5}, Outer(0, text="5")),
        ({"text": 0.5}, Outer(0, text="0.5")),
        ({"number": "7"}, Outer(0, number=7)),
        ({"number": 7.9}, Outer(0, number=7)),
        ({"share": "0.5"}, Outer(0, share=0.5)),
        ({"place": "2"}, Outer(2)),
        ({"inners": {"name": "a"}}, Outer(0, inners=[Inner("a")])),
        ({"inner": {"name": 1}}, Outer(0, inner=Inner("1"))),
    ],
)
def test_what_can_be_read_is_read_and_reported(value: dict[Any, Any], expected: Outer) -> None:
    outer, odd = read(value)
    assert outer == expected
    assert len(odd) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", True),
        ("text", ["a"]),
        ("text", {}),
        ("number", "many"),
        ("number", ""),
        ("number", "[1]"),
        ("number", True),
        ("number", float("inf")),
        ("number", "[" * 100_000),
        ("share", "half"),
        ("share", False),
        ("inner", "a"),
        ("inner", []),
        ("inners", "a"),
        ("words", 1),
    ],
)
def test_what_cannot_be_read_is_kept_and_reported(name: str, value: object) -> None:
    assert read({name: value}) == (Outer(0, extra={name: value}), [name])


def test_of_a_list_what_can_be_read_is_read_and_the_rest_is_kept() -> None:
    outer, odd = read({"inners": [{"name": "a"}, None, "b", {"name": "c"}]})
    assert outer == Outer(0, inners=[Inner("a"), Inner("c")], extra={"inners": [None, "b"]})
    assert odd == ["inners", "inners"]


def test_nothing_received_is_changed() -> None:
    value = {"inner": {"name": 1}, "odd": [1]}
    read(value)
    assert value == {"inner": {"name": 1}, "odd": [1]}


def test_reports_may_be_ignored() -> None:
    assert read_struct(Inner, {"name": 1}, ignore) == read_struct(Inner, {"name": 1}) == Inner("1")


def test_numbers_that_are_too_long_are_kept() -> None:
    assert read({"text": 10**5_000})[0].extra["text"] == 10**5_000
    assert read({"share": 10**400}) == (Outer(0, extra={"share": 10**400}), ["share"])


@pytest.mark.parametrize(("value", "number"), [(1, 1), (0.5, 0.5), ("3", 3), ("-0.5", -0.5), (10**30, 10**30)])
def test_numbers(value: object, number: float) -> None:
    assert read_number(value) == number


@pytest.mark.parametrize("value", [None, True, "", "a", "1e999", "NaN", float("nan"), float("-inf"), [], {}])
def test_no_numbers(value: object) -> None:
    assert read_number(value) is None


@pytest.mark.parametrize(
    ("value", "extra"),
    [
        ({"provider_fields": {"text": 1}}, {"text": 1}),
        ({"provider_fields": {"text": None, "inners": "x"}, "odd": 1}, {"text": None, "inners": "x", "odd": 1}),
        ({"provider_fields": {"provider_fields": {"a": 1}}}, {"provider_fields": {"a": 1}}),
        ({"provider_fields": {"text": 1, "provider_fields": 2}}, {"text": 1, "provider_fields": 2}),
        (
            {"provider_fields": dict.fromkeys([*EVERY_FIELD, "provider_fields"], "x")},
            dict.fromkeys([*EVERY_FIELD, "provider_fields"], "x"),
        ),
        # A server's own field of that name holds something else.
        ({"provider_fields": {"odd": 1}}, {"provider_fields": {"odd": 1}}),
        ({"provider_fields": {"text": 1, "odd": 1}}, {"provider_fields": {"text": 1, "odd": 1}}),
        ({"provider_fields": {"extra": 1}}, {"provider_fields": {"extra": 1}}),
        ({"provider_fields": {}}, {"provider_fields": {}}),
        ({"provider_fields": "text"}, {"provider_fields": "text"}),
        ({"provider_fields": None}, {"provider_fields": None}),
        # What is in the way of a field that was set aside is not lost, and neither is that field.
        ({"text": ["a"], "provider_fields": {"text": 1}}, {"text": ["a"], "provider_fields": {"text": 1}}),
    ],
)
def test_fields_that_were_set_aside_are_put_back(value: dict[str, Any], extra: dict[str, Any]) -> None:
    outer, _ = read(value)
    assert outer == Outer(0, extra=extra)


class Reserving(msgspec.Struct):
    text: str | None = None
    extra: dict[str, Any] = {}
    reserved: ClassVar[frozenset[str]] = frozenset({"error"})


@pytest.mark.parametrize(
    ("value", "extra"),
    [
        ({"provider_fields": {"error": 1}}, {"error": 1}),
        ({"provider_fields": {"error": 1, "text": 2}}, {"error": 1, "text": 2}),
        ({"provider_fields": {"reserved": 1}}, {"provider_fields": {"reserved": 1}}),
    ],
)
def test_reserved_names_are_put_back_like_those_of_fields(value: dict[str, Any], extra: dict[str, Any]) -> None:
    assert read_struct(Reserving, value) == Reserving(extra=extra)
    assert object_of(Reserving(extra=extra)) == value
