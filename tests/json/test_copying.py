"""Copies of JSON values: equal, and without shared parts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream._json._copying import copied, refusal_to_copy

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
OPAQUE = object()


def containers(value: Any) -> Iterator[Any]:
    """Every dict and list in a value."""
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


@given(ANYTHING)
def test_a_copy_is_equal_and_shares_no_container(value: Any) -> None:
    copy = copied(value)
    assert copy == value
    assert repr(copy) == repr(value)  # 1 is not True
    assert {id(one) for one in containers(copy)}.isdisjoint({id(one) for one in containers(value)})


@pytest.mark.parametrize("value", [10**400, "\ud83d", -0.0, math.inf, {"\ud83d": [10**400]}])
def test_what_json_hardly_says_is_copied_too(value: Any) -> None:
    assert repr(copied(value)) == repr(value)


def test_no_number_is_copied_too() -> None:
    assert math.isnan(copied([math.nan])[0])


@pytest.mark.parametrize("opaque", [OPAQUE, lambda: None])
def test_what_has_no_form_in_json_stays_the_same_object(opaque: object) -> None:
    value: dict[str, Any] = {"a": [opaque, {"b": opaque}], "c": {}}
    copy = copied(value)
    assert copy["a"][0] is copy["a"][1]["b"] is opaque
    assert copy == value
    assert {id(one) for one in containers(copy)}.isdisjoint({id(one) for one in containers(value)})


def test_what_must_not_be_copied_is_named() -> None:
    error = refusal_to_copy([])
    assert isinstance(error, TypeError)
    assert str(error).startswith("a list holds the state of a stream and cannot be copied")
